/* jail: one process of an emulator, shut in. Internal to the probe.
 *
 *   prober --- control, status pipes ---> keeper (PID 1 of its own namespace)
 *     |                                     '--- emulator (and whatever that starts)
 *     '------- monitor socket, console ----------'
 *
 * The keeper is our code: it confines itself, starts the emulator, reports how that ended, and
 * takes everything down with it when it ends or when the prober does. It must not know QMP. */
#ifndef VITRINE_PROBE_JAIL_H
#define VITRINE_PROBE_JAIL_H

#include "probe.h"

#include <linux/filter.h>
#include <sys/resource.h>

/* ---- the prober's side (jail.c) -------------------------------------------------------------- */

typedef struct PrbJail PrbJail;

typedef enum {
    PRB_JAIL_BYTES,    /* some were read */
    PRB_JAIL_ENDED,    /* the emulator hung up or ended */
    PRB_JAIL_DEADLINE, /* the time given was up */
    PRB_JAIL_FLOODED,  /* too much on the console */
} PrbJailNews;

/* Starts argv[0] (an absolute path). Fails with NOT_FOUND, NOT_EXECUTABLE or SYSTEM; all else is
 * seen when reading. */
PrbJail *prb_jail_start(char *const *argv, const PrbLimits *limits, GError **error);
/* Kills everything in it and waits for that. */
void prb_jail_free(PrbJail *jail);
/* Until deadline (of g_get_monotonic_time). ret_length is set with BYTES only. */
PrbJailNews prb_jail_read(PrbJail *jail, int64_t deadline, char *buffer, size_t size,
                          size_t *ret_length);
/* Sends all of text; BYTES when done. */
PrbJailNews prb_jail_write(PrbJail *jail, int64_t deadline, const char *text, size_t length);
/* How it ended, as one phrase: "exited with status 1", "was killed by signal 6 (Aborted)", "hung
 * up". ret_signalled: true for a signal. Waits a moment for the news. Free with g_free. */
char *prb_jail_end(PrbJail *jail, bool *ret_signalled);
/* True: the system would not execute it, and why. */
bool prb_jail_cannot_run(const PrbJail *jail, int *ret_errno);
char *prb_jail_console(const PrbJail *jail);
const char *const *prb_jail_missing(const PrbJail *jail);

/* ---- the keeper's side (keeper.c) ------------------------------------------------------------ */

#define PRB_MONITOR_FD 3 /* of the emulator */

/* What the keeper could not do, or how the emulator fared. */
typedef enum {
    PRB_STAGE_NAMESPACES, /* none of user, PID, network, mount */
    PRB_STAGE_PROC,
    PRB_STAGE_READ_ONLY,
    PRB_STAGE_FOLDER,
    PRB_STAGE_PROCESSES,
    PRB_STAGE_SECCOMP,
    PRB_STAGE_LIMITS,
    PRB_N_MISSING,
    PRB_STAGE_FORK = PRB_N_MISSING, /* value is errno; nothing runs */
    PRB_STAGE_EXEC,                 /* value is errno; nothing runs */
    PRB_STAGE_ENDED,                /* value is the status of waitpid() */
} PrbStage;

typedef struct PrbStatus { /* one write to the status pipe: atomic */
    int32_t stage;
    int32_t value;
} PrbStatus;

typedef struct PrbLimitSetting {
    int resource;
    rlim_t value;
} PrbLimitSetting;

/* Everything the keeper needs, made before the fork: after it there is no malloc. */
typedef struct PrbKeeperPlan {
    char *const *argv;
    const char *folder;            /* the working folder */
    char folder_options[64];       /* of its tmpfs */
    char uid_map[64], gid_map[64]; /* each user to itself */
    char pid_max[16];
    PrbLimitSetting limits[8];
    size_t n_limits;
    rlim_t processes;
    struct sock_fprog filter;
    bool user_namespace, namespaces; /* what the keeper was started with */
    pid_t prober;
    int monitor, console, control, status, null; /* the keeper's ends */
} PrbKeeperPlan;

/* Runs as the child of a fork; never returns, calls nothing that is not async-signal-safe. */
_Noreturn void prb_keeper_run(PrbKeeperPlan *plan);

/* ---- system calls the emulator may not make (seccomp.c) -------------------------------------- */

/* The filter as a program for prctl(); its instructions to be freed with g_free. False: error. */
bool prb_seccomp_filter(struct sock_fprog *ret_filter, GError **error);

#endif
