/* monitor: QMP over a character backend, from the first moment of the program.
 *
 * Whoever is at the other end is not trusted: one client at a time, a bounded queue for what it
 * does not read, and nothing it sends ends the program except the command that does. */
#ifndef VITRINE_EMULATOR_MONITOR_H
#define VITRINE_EMULATOR_MONITOR_H

#include "session.h"

typedef struct EmuMonitor EmuMonitor;

/* Serves QMP, or lines for a person, on the backend as long as the session lives. False: somebody
 * else uses it. */
bool emu_monitor_add(EmuSession *session, const char *chardev, bool human, GError **error);

/* Runs a command of any phase as a client would. arguments: an object, borrowed. The command line
 * is carried out through this. */
bool emu_monitor_execute(EmuSession *session, const char *command, json_t *arguments,
                         WireReply *ret_reply, GError **error);

#endif
