/* jail: the prober's side of an emulator that is shut in.
 *
 * One thread for each jail forks the keeper and waits for its end, so that the signal a child gets
 * when its parent thread dies means what it says. All talk with the emulator goes through one poll
 * loop that also drains its console and hears how it ended. It must not know QMP. */
#include "jail.h"

#include <errno.h>
#include <fcntl.h>

#include <glib/gstdio.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define CONSOLE_KEPT 8192 /* bytes of evidence */
#define END_WAIT_US  (200 * 1000)

struct PrbJail {
    int monitor, console, control, status;
    int64_t probe_deadline;
    uint64_t console_left;
    GString *tail;      /* of the console */
    GPtrArray *missing; /* static text, NULL at the end */
    bool started, ended, failed;
    PrbStatus end; /* when ended or failed */
    char *folder;
    GThread *thread;
    PrbKeeperPlan plan;
};

static const char *const missing_text[PRB_N_MISSING] = {
    [PRB_STAGE_NAMESPACES] =
        ("no namespaces: the network can be reached through what is open to all, "
         "and an emulator that kills its keeper may leave processes behind"),
    [PRB_STAGE_PROC] = "no /proc of its own: it sees the processes of this system",
    [PRB_STAGE_READ_ONLY] = "the file system is not read-only to it",
    [PRB_STAGE_FOLDER] = "its working folder is on disk",
    [PRB_STAGE_PROCESSES] = "the number of its processes is not bounded",
    [PRB_STAGE_SECCOMP] = "no system call filter",
    [PRB_STAGE_LIMITS] = "a resource limit was refused",
};

/* ---- the keeper as a child ------------------------------------------------------------------- */

static pid_t clone_keeper(PrbKeeperPlan *plan, unsigned long flags)
{
    plan->user_namespace = (flags & CLONE_NEWUSER) != 0;
    plan->namespaces = flags != 0;
#if defined(__s390__)
    pid_t pid = (pid_t)syscall(SYS_clone, 0, flags | SIGCHLD, 0, 0, 0);
#else
    pid_t pid = (pid_t)syscall(SYS_clone, flags | SIGCHLD, 0, 0, 0, 0);
#endif
    if (pid == 0) {
        prb_keeper_run(plan);
    }
    return pid;
}

static pid_t start_keeper(PrbKeeperPlan *plan, bool without_namespaces)
{
    const unsigned long spaces = CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWNS | CLONE_NEWIPC;
    const unsigned long attempts[] = {spaces | CLONE_NEWUSER, spaces, 0};
    pid_t pid = -1;

    for (size_t i = without_namespaces ? 2 : 0; i < G_N_ELEMENTS(attempts) && pid < 0; i++) {
        pid = clone_keeper(plan, attempts[i]);
    }
    return pid;
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        close(*fd);
        *fd = -1;
    }
}

static void close_keeper_ends(PrbKeeperPlan *plan)
{
    close_fd(&plan->monitor);
    close_fd(&plan->console);
    close_fd(&plan->control);
    close_fd(&plan->status);
    close_fd(&plan->null);
}

typedef struct Start {
    PrbJail *jail;
    bool without_namespaces;
} Start;

static gpointer keeper_thread(gpointer data)
{
    g_autofree Start *start = data;
    PrbKeeperPlan *plan = &start->jail->plan;
    pid_t pid = start_keeper(plan, start->without_namespaces);

    if (pid < 0) {
        PrbStatus status = {.stage = PRB_STAGE_FORK, .value = errno};
        (void)!write(plan->status, &status, sizeof(status));
    } else if (!plan->namespaces) {
        PrbStatus status = {.stage = PRB_STAGE_NAMESPACES, .value = EPERM};
        (void)!write(plan->status, &status, sizeof(status));
    }
    close_keeper_ends(plan);
    while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR) {
    }
    return NULL;
}

/* ---- making one ------------------------------------------------------------------------------ */

/* The cheap answers, in words; execve() has the last one. */
static bool look_at_file(const char *path, GError **error)
{
    struct stat found;

    if (stat(path, &found) < 0) {
        bool absent = errno == ENOENT || errno == ENOTDIR;
        g_set_error(error, PRB_ERROR, absent ? PRB_ERROR_NOT_FOUND : PRB_ERROR_NOT_EXECUTABLE,
                    "%s: %s", path, g_strerror(errno));
        return false;
    }
    if (!S_ISREG(found.st_mode)) {
        g_set_error(error, PRB_ERROR, PRB_ERROR_NOT_EXECUTABLE, "%s: %s, not a program", path,
                    S_ISDIR(found.st_mode) ? "a folder" : "a special file");
        return false;
    }
    return true;
}

static void add_limit(PrbKeeperPlan *plan, int resource, uint64_t value)
{
    g_assert(plan->n_limits < G_N_ELEMENTS(plan->limits));
    plan->limits[plan->n_limits++] = (PrbLimitSetting){resource, (rlim_t)value};
}

static void plan_limits(PrbKeeperPlan *plan, const PrbLimits *limits)
{
    add_limit(plan, RLIMIT_CORE, 0);
    add_limit(plan, RLIMIT_NOFILE, limits->files);
    add_limit(plan, RLIMIT_FSIZE, limits->file_bytes);
    add_limit(plan, RLIMIT_CPU, limits->probe_ms / 1000 + 2); /* should all else fail */
    if (limits->address_space) {
        add_limit(plan, RLIMIT_AS, limits->address_space);
    }
    plan->processes = limits->processes;
    g_snprintf(plan->uid_map, sizeof(plan->uid_map), "%u %u 1", getuid(), getuid());
    g_snprintf(plan->gid_map, sizeof(plan->gid_map), "%u %u 1", getgid(), getgid());
    g_snprintf(plan->folder_options, sizeof(plan->folder_options),
               "size=%" G_GUINT64_FORMAT ",mode=0700", limits->file_bytes);
    /* 301 is the least the kernel takes. */
    g_snprintf(plan->pid_max, sizeof(plan->pid_max), "%u", MAX(limits->processes, 301));
}

static bool open_channels(PrbJail *jail, GError **error)
{
    PrbKeeperPlan *plan = &jail->plan;
    int monitor[2], console[2], control[2], status[2];

    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, monitor) == 0) {
        jail->monitor = monitor[0];
        plan->monitor = monitor[1];
    }
    if (pipe2(console, O_CLOEXEC) == 0) {
        jail->console = console[0];
        plan->console = console[1];
    }
    if (pipe2(control, O_CLOEXEC) == 0) {
        plan->control = control[0];
        jail->control = control[1];
    }
    if (pipe2(status, O_CLOEXEC) == 0) {
        jail->status = status[0];
        plan->status = status[1];
    }
    plan->null = open("/dev/null", O_RDWR | O_CLOEXEC);
    jail->folder = g_dir_make_tmp("vitrine-probe-XXXXXX", NULL);
    if (jail->monitor < 0 || jail->console < 0 || jail->control < 0 || jail->status < 0 ||
        plan->null < 0 || !jail->folder) {
        g_set_error(error, PRB_ERROR, PRB_ERROR_SYSTEM, "cannot prepare a launch: %s",
                    g_strerror(errno));
        return false;
    }
    plan->folder = jail->folder;
    int ours[] = {jail->monitor, jail->console, jail->status};
    for (size_t i = 0; i < G_N_ELEMENTS(ours); i++) {
        fcntl(ours[i], F_SETFL, fcntl(ours[i], F_GETFL) | O_NONBLOCK);
    }
    return true;
}

PrbJail *prb_jail_start(char *const *argv, const PrbLimits *limits, GError **error)
{
    if (!look_at_file(argv[0], error)) {
        return NULL;
    }
    PrbJail *jail = g_new0(PrbJail, 1);
    jail->monitor = jail->console = jail->control = jail->status = -1;
    jail->plan.monitor = jail->plan.console = jail->plan.control = jail->plan.status = -1;
    jail->plan.null = -1;
    jail->plan.argv = argv;
    jail->tail = g_string_new(NULL);
    jail->missing = g_ptr_array_new();
    g_ptr_array_add(jail->missing, NULL);
    jail->console_left = limits->console_bytes;
    plan_limits(&jail->plan, limits);
    if (!open_channels(jail, error) || !prb_seccomp_filter(&jail->plan.filter, error)) {
        prb_jail_free(jail);
        return NULL;
    }
    Start *start = g_new(Start, 1);
    *start = (Start){jail, limits->without_namespaces};
    jail->thread = g_thread_new("prober", keeper_thread, start);
    return jail;
}

/* Where there was no file system of its own the emulator may have filled the folder: one level is
 * all that is removed, deeper ones are left to be seen. */
static void remove_folder(const char *folder)
{
    g_autoptr(GDir) listing = g_dir_open(folder, 0, NULL);
    const char *name;

    while (listing && (name = g_dir_read_name(listing))) {
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_remove(path);
    }
    g_rmdir(folder);
}

void prb_jail_free(PrbJail *jail)
{
    if (!jail) {
        return;
    }
    close_fd(&jail->control); /* the keeper ends everything and itself */
    if (jail->thread) {
        g_thread_join(jail->thread);
    }
    close_keeper_ends(&jail->plan);
    close_fd(&jail->monitor);
    close_fd(&jail->console);
    close_fd(&jail->status);
    if (jail->folder) {
        remove_folder(jail->folder);
    }
    g_free(jail->folder);
    g_free(jail->plan.filter.filter);
    g_string_free(jail->tail, TRUE);
    g_ptr_array_unref(jail->missing);
    g_free(jail);
}

/* ---- hearing it ------------------------------------------------------------------------------ */

static void take_status(PrbJail *jail)
{
    PrbStatus status;

    while (read(jail->status, &status, sizeof(status)) == (ssize_t)sizeof(status)) {
        if (status.stage >= 0 && status.stage < PRB_N_MISSING) {
            const char *text = missing_text[status.stage];
            if (!g_ptr_array_find(jail->missing, text, NULL)) {
                g_ptr_array_insert(jail->missing, (int)jail->missing->len - 1, (gpointer)text);
            }
        } else if (!jail->ended && !jail->failed) {
            jail->end = status;
            jail->ended = status.stage == PRB_STAGE_ENDED;
            jail->failed = !jail->ended;
        }
    }
}

/* False: it said more than it may. */
static bool drain_console(PrbJail *jail)
{
    char buffer[4096];
    ssize_t length;

    while ((length = read(jail->console, buffer, sizeof(buffer))) > 0) {
        g_string_append_len(jail->tail, buffer, length);
        if (jail->tail->len > CONSOLE_KEPT) {
            g_string_erase(jail->tail, 0, (gssize)(jail->tail->len - CONSOLE_KEPT));
        }
        if ((uint64_t)length > jail->console_left) {
            return false;
        }
        jail->console_left -= (uint64_t)length;
    }
    return true;
}

/* Waits for something on the monitor (events) while keeping up with console and status. */
static PrbJailNews await(PrbJail *jail, int64_t deadline, short events)
{
    struct pollfd polled[] = {{.fd = jail->monitor, .events = events},
                              {.fd = jail->console, .events = POLLIN},
                              {.fd = jail->status, .events = POLLIN}};
    for (;;) {
        int64_t left = deadline - g_get_monotonic_time();
        if (left <= 0) {
            return PRB_JAIL_DEADLINE;
        }
        poll(polled, G_N_ELEMENTS(polled), (int)(left / 1000) + 1);
        if (polled[1].revents & POLLIN && !drain_console(jail)) {
            return PRB_JAIL_FLOODED;
        }
        if (polled[1].revents & POLLHUP) {
            polled[1].fd = -1; /* it closed its console: nothing more to hear there */
        }
        if (polled[2].revents) {
            take_status(jail);
        }
        if (polled[0].revents) {
            return PRB_JAIL_BYTES;
        }
        if (jail->ended || jail->failed) { /* and nothing left to read */
            return PRB_JAIL_ENDED;
        }
        if (polled[2].revents & POLLHUP) {
            return PRB_JAIL_ENDED; /* the keeper is gone */
        }
    }
}

PrbJailNews prb_jail_read(PrbJail *jail, int64_t deadline, char *buffer, size_t size,
                          size_t *ret_length)
{
    for (;;) {
        PrbJailNews news = await(jail, deadline, POLLIN);
        if (news != PRB_JAIL_BYTES) {
            return news;
        }
        ssize_t length = read(jail->monitor, buffer, size);
        if (length > 0) {
            *ret_length = (size_t)length;
            return PRB_JAIL_BYTES;
        }
        if (length == 0 || (errno != EAGAIN && errno != EINTR)) {
            return PRB_JAIL_ENDED;
        }
    }
}

PrbJailNews prb_jail_write(PrbJail *jail, int64_t deadline, const char *text, size_t length)
{
    while (length) {
        PrbJailNews news = await(jail, deadline, POLLOUT);
        if (news != PRB_JAIL_BYTES) {
            return news;
        }
        ssize_t sent = send(jail->monitor, text, length, MSG_NOSIGNAL);
        if (sent > 0) {
            text += sent;
            length -= (size_t)sent;
        } else if (errno != EAGAIN && errno != EINTR) {
            return PRB_JAIL_ENDED;
        }
    }
    return PRB_JAIL_BYTES;
}

static char *end_text(const PrbJail *jail, bool *ret_signalled)
{
    int status = jail->end.value;

    *ret_signalled = jail->ended && WIFSIGNALED(status);
    if (jail->failed) {
        return g_strdup_printf("could not be %s: %s",
                               jail->end.stage == PRB_STAGE_EXEC ? "executed" : "launched",
                               g_strerror(status));
    }
    if (!jail->ended) {
        return g_strdup("hung up");
    }
    if (WIFSIGNALED(status)) {
        return g_strdup_printf("was killed by signal %d (%s)", WTERMSIG(status),
                               strsignal(WTERMSIG(status)));
    }
    return g_strdup_printf("exited with status %d", WEXITSTATUS(status));
}

char *prb_jail_end(PrbJail *jail, bool *ret_signalled)
{
    int64_t deadline = g_get_monotonic_time() + END_WAIT_US;
    struct pollfd polled = {.fd = jail->status, .events = POLLIN};

    while (!jail->ended && !jail->failed) {
        int64_t left = deadline - g_get_monotonic_time();
        if (left <= 0 || poll(&polled, 1, (int)(left / 1000) + 1) < 0) {
            break;
        }
        take_status(jail);
        if (polled.revents & POLLHUP) {
            break;
        }
    }
    drain_console(jail);
    return end_text(jail, ret_signalled);
}

char *prb_jail_console(const PrbJail *jail)
{
    return g_utf8_make_valid(jail->tail->str, (gssize)jail->tail->len);
}

const char *const *prb_jail_missing(const PrbJail *jail)
{
    return (const char *const *)jail->missing->pdata;
}

bool prb_jail_cannot_run(const PrbJail *jail, int *ret_errno)
{
    if (jail->failed && jail->end.stage == PRB_STAGE_EXEC) {
        *ret_errno = jail->end.value;
        return true;
    }
    return false;
}
