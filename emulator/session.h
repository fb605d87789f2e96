/* session: one run of the program: what was set, the machine that was built, who is told of events,
 * and the main loop they live in.
 *
 * Everything a command or an option does is done here, so that the command line and QMP cannot
 * differ. Nothing is made before it is needed: a session without a machine has parsed nothing. */
#ifndef VITRINE_EMULATOR_SESSION_H
#define VITRINE_EMULATOR_SESSION_H

#include <stdio.h>

#include <api.h>
#include <query.h>

#include "boot/boot.h"
#include "engine/machine.h"

typedef struct EmuSession EmuSession;

/* What is done when the guest asks for it. */
typedef struct EmuSessionPolicy {
    bool no_reboot;   /* a reset ends the program */
    bool no_shutdown; /* power-off only stops the machine */
    unsigned traced;  /* EmuTrace, as a set; before the machine is built */
    FILE *trace_file; /* where to; NULL: to whoever started the program. Closed with the session */
} EmuSessionPolicy;

/* say: shows a line to whoever started the program; called from any thread. */
EmuSession *emu_session_new(void (*say)(const char *line));
void emu_session_free(EmuSession *session);
/* Runs until something ends it. Returns the exit status of the program. */
int emu_session_run(EmuSession *session);
void emu_session_quit(EmuSession *session, ApiShutdownCause cause);

EmuSessionPolicy *emu_session_policy(EmuSession *session);
EmuBackends *emu_session_backends(EmuSession *session);
/* The model's commands are asked here. */
CmdContext *emu_session_context(EmuSession *session);
/* What the machine starts from; copied. */
bool emu_session_set_boot(EmuSession *session, const EmuBootConfig *config, GError **error);
/* Serial ports of the machine, in tree order, each taking the next chardev added here; NULL leaves
 * one without. */
bool emu_session_add_serial(EmuSession *session, const char *chardev, GError **error);
void emu_session_say(EmuSession *session, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* In front of each line that is said. */
void emu_session_set_name(EmuSession *session, const char *name);
const char *emu_session_name(const EmuSession *session); /* NULL: none */

/* Writes the process id there, and removes the file at the end. */
bool emu_session_set_pidfile(EmuSession *session, const char *path, GError **error);

/* ---- the machine: as the commands of the same names say -------------------------------------- */

/* Makes the machine or VM of a declaration file known. file: what findings call it. */
bool emu_session_add_machine(EmuSession *session, const char *file, const char *text,
                             GError **error);
bool emu_session_set(EmuSession *session, const ApiTarget *target, GError **error);
bool emu_session_build(EmuSession *session, GError **error);
/* Adds a device to the target that was set, or, once there is a machine, to that. Takes it over. */
bool emu_session_add_device(EmuSession *session, MdlLooseDevice *device, GError **error);
bool emu_session_del_device(EmuSession *session, const char *id, GError **error);
EmuMachine *emu_session_machine(EmuSession *session); /* NULL: none was built */
bool emu_session_cont(EmuSession *session, GError **error);
void emu_session_stop(EmuSession *session);
void emu_session_reset(EmuSession *session, ApiShutdownCause cause);

/* ---- events ---------------------------------------------------------------------------------- */

typedef struct EmuListener {
    void (*event)(void *context, const char *name, json_t *data); /* data borrowed, may be NULL */
    void *context;
} EmuListener;
void emu_session_listen(EmuSession *session, const EmuListener *listener);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EmuSession, emu_session_free)

#endif
