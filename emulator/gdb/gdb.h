/* gdb: gdb's remote protocol over a character backend: a debugger for what the guest runs.
 *
 * A thread of gdb is a CPU; all of them stop together (all-stop). Whoever is at the other end is
 * not trusted: packets are bounded, and nothing that is sent does more than the protocol can. */
#ifndef VITRINE_EMULATOR_GDB_H
#define VITRINE_EMULATOR_GDB_H

#include "session.h"

/* Serves the protocol there as long as the session lives, to one client after the other. False:
 * there is no such chardev, or somebody else uses it. */
bool emu_gdb_add(EmuSession *session, const char *chardev, GError **error);

#endif
