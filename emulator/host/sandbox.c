/* sandbox: see sandbox.h. Nothing in this program makes any of these calls. */
#include "host/sandbox.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>

#include <wire.h>

static const struct {
    int call;
    EmuSandboxGroup group;
} calls[] = {
#define CALL(name, group) {SCMP_SYS(name), EMU_SANDBOX_##group},
#include "host/sandbox.def"
#undef CALL
};

static int forbid(scmp_filter_ctx filter, int call)
{
    int result = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, call, 0);
    return result == -EDOM ? 0 : result; /* this architecture has no such call */
}

/* Threads are made, processes are not. clone3 hides its flags in memory: the C library does without
 * it when it is not there. */
static int forbid_processes(scmp_filter_ctx filter)
{
    int result = seccomp_rule_add(filter, SCMP_ACT_KILL_PROCESS, SCMP_SYS(clone), 1,
                                  SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, 0));
    return result ? result : seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);
}

static int fill(scmp_filter_ctx filter, unsigned allowed)
{
    for (size_t i = 0; i < G_N_ELEMENTS(calls); i++) {
        bool stays = calls[i].group != EMU_SANDBOX_ALWAYS && (allowed >> calls[i].group & 1);
        int result = stays ? 0 : forbid(filter, calls[i].call);
        if (result)
            return result;
    }
    return allowed >> EMU_SANDBOX_SPAWN & 1 ? 0 : forbid_processes(filter);
}

bool emu_sandbox_enter(unsigned allowed, GError **error)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_ALLOW);
    int result = filter ? seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1) : -ENOMEM;
    if (!result)
        result = fill(filter, allowed);
    if (!result)
        result = seccomp_load(filter);
    if (filter)
        seccomp_release(filter);
    if (result)
        g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED,
                    "the kernel does not take a filter of system calls: %s; leave -sandbox out to "
                    "run without",
                    g_strerror(-result));
    return !result;
}
