/* session_internal: what the session's own files know of it. */
#ifndef VITRINE_EMULATOR_SESSION_INTERNAL_H
#define VITRINE_EMULATOR_SESSION_INTERNAL_H

#include "session.h"

#include <stdatomic.h>

struct EmuSession {
    void (*say)(const char *line);
    GMainLoop *loop;
    GSource *machine_source; /* dispatched when the machine wants attention */
    atomic_bool is_wanted;   /* since the last time it was given */
    int exit_status;
    bool is_ending;
    ApiShutdownCause end_cause;
    EmuSessionPolicy policy;
    char *name;
    char *pidfile; /* NULL: none was written */

    MdlCatalog *catalog; /* NULL until needed, like context */
    CmdContext *context;
    EmuBackends *backends;
    GPtrArray *serials; /* char *, may be NULL */
    GArray *bindings;   /* EmuBinding, of the machine that was built */
    GArray *listeners;  /* EmuListener */

    MdlTarget *target;     /* NULL: no machine was set */
    MdlHardware *hardware; /* of the machine as it is now */
    GPtrArray *past;       /* MdlHardware *: as it was before; its devices still look there */
    EmuBootConfig boot_config;
    char *boot_texts[5]; /* what boot_config points to */
    EmuBootPlan *boot;   /* NULL: nothing to start from */
    EmuMachine *machine;
};

/* session.c. The hardware of a target; NULL: error has all findings. */
MdlHardware *emu_session_hardware_of(EmuSession *session, const MdlTarget *target, GError **error);
/* Takes the reference to data, which may be NULL. */
void emu_session_emit(EmuSession *session, const char *name, json_t *data);

/* session_devices.c. Takes away what the guest has let go of since it was asked. */
void emu_session_take_let_go(EmuSession *session);

#endif
