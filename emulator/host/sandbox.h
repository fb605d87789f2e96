/* sandbox: system calls that the process cannot make any more, whoever finds a way to make it try.
 *
 * A filter of the kernel (seccomp(2)) on all threads, which cannot be taken back. A call that it
 * forbids ends the process with SIGSYS. */
#ifndef VITRINE_EMULATOR_SANDBOX_H
#define VITRINE_EMULATOR_SANDBOX_H

#include <glib.h>
#include <stdbool.h>

typedef enum EmuSandboxGroup {                     /* as QEMU names them */
                               EMU_SANDBOX_ALWAYS, /* what changes the whole host, or looks into
                                                      other processes */
                               EMU_SANDBOX_OBSOLETE,
                               EMU_SANDBOX_ELEVATEPRIVILEGES, /* changing user, group or session */
                               EMU_SANDBOX_SPAWN,             /* other processes and programs */
                               EMU_SANDBOX_RESOURCECONTROL,   /* priorities and scheduling */
                               EMU_SANDBOX_COUNT,
} EmuSandboxGroup;

/* allowed: groups that are not forbidden, as a set of 1 << group; the first one always is. False:
 * the kernel cannot, and nothing is forbidden. */
bool emu_sandbox_enter(unsigned allowed, GError **error);

#endif
