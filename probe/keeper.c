/* keeper: the process between the prober and the emulator.
 *
 * It begins as a fork of a program with threads, so until the emulator is executed it may call only
 * what is async-signal-safe: no malloc, no stdio, no GLib. It confines itself first; what it starts
 * inherits that. Where the system gives namespaces it is PID 1 of its own, and the kernel ends all
 * its descendants with it; where not, it is their subreaper and hunts them down. It must not know
 * what is said on the monitor. */
#include "jail.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static void tell(const PrbKeeperPlan *plan, PrbStage stage, int value)
{
    PrbStatus status = {.stage = (int32_t)stage, .value = value};
    /* Nobody to tell is the prober gone: the control pipe says so too. */
    (void)!write(plan->status, &status, sizeof(status));
}

static bool write_file(const char *path, const char *text)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0) {
        return false;
    }
    bool ok = write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    close(fd);
    return ok;
}

/* Moves the keeper's files to 3 … 7, closes all that it inherited. */
static void take_files(PrbKeeperPlan *plan)
{
    int *ours[] = {&plan->monitor, &plan->console, &plan->control, &plan->status, &plan->null};
    for (size_t i = 0; i < G_N_ELEMENTS(ours); i++) {
        *ours[i] = fcntl(*ours[i], F_DUPFD_CLOEXEC, 16);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(ours); i++) {
        *ours[i] = dup3(*ours[i], 3 + (int)i, O_CLOEXEC);
    }
    for (int fd = 0; fd < 3; fd++) {
        dup2(plan->null, fd);
    }
    close_range(3 + G_N_ELEMENTS(ours), ~0U, 0);
}

static void confine_users(const PrbKeeperPlan *plan)
{
    if (plan->user_namespace && (!write_file("/proc/self/setgroups", "deny") ||
                                 !write_file("/proc/self/uid_map", plan->uid_map) ||
                                 !write_file("/proc/self/gid_map", plan->gid_map))) {
        tell(plan, PRB_STAGE_NAMESPACES, errno);
    }
}

/* Its own /proc, nothing writable but a small folder in memory. */
static void confine_files(const PrbKeeperPlan *plan)
{
    struct mount_attr read_only = {.attr_set = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID};
    bool bounded = plan->user_namespace && getuid() != 0; /* root is exempt from RLIMIT_NPROC */

    if (plan->namespaces) {
        mount("", "/", NULL, MS_REC | MS_PRIVATE, NULL);
        if (mount("proc", "/proc", "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL) < 0) {
            tell(plan, PRB_STAGE_PROC, errno);
        } else if (write_file("/proc/sys/kernel/pid_max", plan->pid_max)) {
            bounded = true; /* of this namespace only, Linux 6.14 and later */
        }
        if (mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, &read_only, sizeof(read_only)) < 0) {
            tell(plan, PRB_STAGE_READ_ONLY, errno);
        }
        if (mount("tmpfs", plan->folder, "tmpfs", MS_NOSUID | MS_NODEV, plan->folder_options) < 0) {
            tell(plan, PRB_STAGE_FOLDER, errno);
        }
    }
    if (chdir(plan->folder) < 0) {
        tell(plan, PRB_STAGE_FOLDER, errno);
    }
    if (!bounded) {
        tell(plan, PRB_STAGE_PROCESSES, EPERM);
    }
}

static void confine_emulator(const PrbKeeperPlan *plan)
{
    for (size_t i = 0; i < plan->n_limits; i++) {
        struct rlimit limit = {plan->limits[i].value, plan->limits[i].value};
        if (setrlimit((__rlimit_resource_t)plan->limits[i].resource, &limit) < 0) {
            tell(plan, PRB_STAGE_LIMITS, errno);
        }
    }
    if (plan->user_namespace) { /* elsewhere it would count all the user's processes */
        struct rlimit limit = {plan->processes, plan->processes};
        setrlimit(RLIMIT_NPROC, &limit);
    }
    for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; capability++) {
        prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
        prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &plan->filter, 0, 0) < 0) {
        tell(plan, PRB_STAGE_SECCOMP, errno);
    }
}

static void reset_signals(void)
{
    sigset_t none;
    for (int number = 1; number < NSIG; number++) {
        signal(number, SIG_DFL);
    }
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

static _Noreturn void become_emulator(const PrbKeeperPlan *plan)
{
    char *const environment[] = {NULL};

    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    setsid();
    reset_signals();
    dup2(plan->console, 1);
    dup2(plan->console, 2);
    dup2(plan->monitor, PRB_MONITOR_FD); /* the same number: only dup3() would drop CLOEXEC */
    fcntl(PRB_MONITOR_FD, F_SETFD, 0);
    confine_emulator(plan);
    execve(plan->argv[0], plan->argv, environment);
    tell(plan, PRB_STAGE_EXEC, errno);
    _exit(127);
}

/* A fork without the C library's handlers, which may wait for a thread that is not here. */
static pid_t bare_fork(void)
{
#if defined(__s390__)
    return (pid_t)syscall(SYS_clone, 0, (unsigned long)SIGCHLD, 0, 0, 0);
#else
    return (pid_t)syscall(SYS_clone, (unsigned long)SIGCHLD, 0, 0, 0, 0);
#endif
}

/* Without a PID namespace: kills the children the kernel lists; theirs then become ours. */
static void hunt_descendants(void)
{
    char list[4096];

    for (;;) {
        int fd = open("/proc/thread-self/children", O_RDONLY | O_CLOEXEC);
        ssize_t length = fd < 0 ? -1 : read(fd, list, sizeof(list) - 1);
        if (fd >= 0) {
            close(fd);
        }
        if (length <= 0) {
            return;
        }
        pid_t pid = 0;
        for (ssize_t i = 0; i < length; i++) {
            if (list[i] >= '0' && list[i] <= '9') {
                pid = pid * 10 + (list[i] - '0');
            } else {
                kill(pid, SIGKILL);
                pid = 0;
            }
        }
        while (waitpid(-1, NULL, WNOHANG) > 0) {
        }
    }
}

/* Reaps until the emulator itself has ended. True: it has. */
static bool reap(const PrbKeeperPlan *plan, pid_t emulator)
{
    int status;
    pid_t pid;

    while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
        if (pid == emulator) {
            tell(plan, PRB_STAGE_ENDED, status);
            return true;
        }
    }
    return false;
}

static void watch(const PrbKeeperPlan *plan, pid_t emulator, int signals)
{
    struct pollfd polled[] = {{.fd = plan->control, .events = POLLIN},
                              {.fd = signals, .events = POLLIN}};
    struct signalfd_siginfo information;

    for (;;) {
        if (reap(plan, emulator)) {
            return;
        }
        poll(polled, G_N_ELEMENTS(polled), -1);
        if (polled[0].revents) { /* the prober closed it, or is gone */
            return;
        }
        if (polled[1].revents) {
            (void)!read(signals, &information, sizeof(information));
        }
    }
}

_Noreturn void prb_keeper_run(PrbKeeperPlan *plan)
{
    sigset_t all;

    prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
    take_files(plan);
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, NULL);
    int signals = signalfd(-1, &all, SFD_CLOEXEC | SFD_NONBLOCK);

    confine_users(plan);
    confine_files(plan);
    prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0);
    pid_t emulator = bare_fork();
    if (emulator == 0) {
        become_emulator(plan);
    }
    if (emulator < 0) {
        tell(plan, PRB_STAGE_FORK, errno);
        _exit(1);
    }
    close(plan->monitor);
    close(plan->console);
    watch(plan, emulator, signals);
    if (!plan->namespaces) {
        hunt_descendants();
    }
    _exit(0);
}
