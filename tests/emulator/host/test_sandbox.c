/* The sandbox, entered by children of the test: what is forbidden ends them, what is needed works.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/sandbox.h"

#define DID_IT    0
#define NO_FILTER 77

/* What becomes of a child that enters the sandbox and then does it: a status of waitpid(). */
static int status_of(unsigned allowed, void (*act)(void))
{
    pid_t child = fork();
    if (child == 0) {
        struct rlimit none = {0, 0};
        setrlimit(RLIMIT_CORE, &none);
        if (!emu_sandbox_enter(allowed, NULL))
            _exit(NO_FILTER);
        act();
        _exit(DID_IT);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

static void assert_dies(unsigned allowed, void (*act)(void))
{
    int status = status_of(allowed, act);
    assert_true(WIFSIGNALED(status));
    assert_int_equal(WTERMSIG(status), SIGSYS);
}

static void assert_lives(unsigned allowed, void (*act)(void))
{
    int status = status_of(allowed, act);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), DID_IT);
}

static void act_trace(void)
{
    ptrace(PTRACE_TRACEME, 0, NULL, NULL);
}

static void act_unshare(void)
{
    unshare(CLONE_NEWUSER);
}

static void act_fork(void)
{
    if (fork() == 0)
        _exit(0);
}

static void act_exec(void)
{
    execl("/bin/true", "true", NULL);
}

static void act_change_user(void)
{
    if (setuid(getuid()) != 0)
        _exit(1);
}

static void act_change_priority(void)
{
    setpriority(PRIO_PROCESS, 0, 5);
}

static void act_sysfs(void)
{
#ifdef SYS_sysfs
    syscall(SYS_sysfs, 3);
#else
    raise(SIGSYS);
#endif
}

static gpointer thread(gpointer data)
{
    return data;
}

static void act_normally(void)
{
    GThread *one = g_thread_new("one", thread, "x");
    int fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    int ends[2];
    bool good = g_thread_join(one) && write(fd, "x", 1) == 1 &&
                socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0 && send(ends[0], "x", 1, 0) == 1;
    if (!good)
        _exit(1);
}

/* The kernel's answer on a system that cannot is an error, so this test says so and fails there. */
static void test_forbidden(void **state)
{
    (void)state;
    assert_lives(0, act_normally);
    assert_dies(0, act_trace);
    assert_dies(0, act_unshare);
    assert_dies(UINT_MAX, act_unshare); /* always */
}

static void test_groups(void **state)
{
    (void)state;
    static const struct {
        EmuSandboxGroup group;
        void (*act)(void);
    } rows[] = {
        {EMU_SANDBOX_OBSOLETE, act_sysfs},
        {EMU_SANDBOX_ELEVATEPRIVILEGES, act_change_user},
        {EMU_SANDBOX_SPAWN, act_fork},
        {EMU_SANDBOX_SPAWN, act_exec},
        {EMU_SANDBOX_RESOURCECONTROL, act_change_priority},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        assert_dies(~(1u << rows[i].group), rows[i].act);
        if (rows[i].act != act_sysfs)
            assert_lives(1u << rows[i].group, rows[i].act);
    }
}

static gpointer trace_later(gpointer go)
{
    while (!g_atomic_int_get((int *)go))
        g_usleep(1000);
    act_trace();
    return NULL;
}

/* A thread that was there before. */
static void test_all_threads(void **state)
{
    (void)state;
    pid_t child = fork();
    if (child == 0) {
        int go = 0;
        GThread *other = g_thread_new("other", trace_later, &go);
        bool entered = emu_sandbox_enter(0, NULL);
        g_atomic_int_set(&go, 1);
        g_thread_join(other);
        _exit(entered ? DID_IT : NO_FILTER);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forbidden),
        cmocka_unit_test(test_groups),
        cmocka_unit_test(test_all_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
