/* disk: a disk under SQLite that fails when told to, and remembers what a power loss would leave.
 *
 * A SQLite VFS in front of the system's own, and memory methods in front of malloc: every call of
 * SQLite to the outside is counted, and one of them, or all from one on, fails. Nothing is synced
 * really, so it is quick. The log is all that was written and synced, in order; from it the files
 * are made as they may be found after the power went at any point. Of one thread. */
#ifndef VITRINE_TESTS_CAPSDB_DISK_H
#define VITRINE_TESTS_CAPSDB_DISK_H

#include <glib.h>
#include <stdbool.h>

typedef enum {
    DISK_FINE,
    DISK_FULL,          /* ENOSPC: writing */
    DISK_IO_ERROR,      /* EIO: reading, writing, syncing, asking for a size */
    DISK_TOO_MANY_OPEN, /* EMFILE: opening, a lock, shared memory */
    DISK_NO_MEMORY,     /* ENOMEM: any allocation of SQLite */
    DISK_N_FAULTS
} DiskFault;

extern const char *const disk_fault_names[DISK_N_FAULTS];

/* Before anything else of SQLite. From then on it is the default VFS. */
void disk_install(void);
/* The call that can fail so and comes at-th from now (1: the next one) fails; with stays, all that
 * come after it too. */
void disk_fail(DiskFault fault, unsigned at, bool stays);
/* No more failing. True: at least one call did. */
bool disk_repair(void);

/* How long each sync takes from now on; 0 at first. */
void disk_slow_down(unsigned us);

/* Begins a log, or ends it and forgets. */
void disk_log_begin(void);
void disk_log_end(void);
/* For a control: syncing is not noted. */
void disk_log_ignore_syncs(bool ignored);
/* How much is in it so far. */
guint disk_log_length(void);
/* Writes the files of the log into folder, as they may be after a power loss when it had that
 * length: what was synced is there; of what was not, some of it, in parts of a sector, in any
 * order.
 */
void disk_log_replay(guint length, const char *folder, GRand *chance);

#endif
