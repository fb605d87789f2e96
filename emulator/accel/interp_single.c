/* interp_single: all harts in one thread. They take turns of so many instructions, and these are
 * what time is made of: what the guest does follows from the guest alone, as long as nothing comes
 * from outside. While all wait, time goes on to the next timer at once. */
#include "accel/interp.h"

enum {
    TURN = 4000, /* instructions */
    NS_PER_INSTRUCTION = 10,
    LOOK_AGAIN_US = 10000,
};
/* 2024-01-01: the time of day at which the machine starts. */
#define FIRST_DAY (INT64_C(1704067200) * NS_PER_S)

static int64_t single_now(void *context)
{
    Interp *interp = context;
    const Cpu *cpu = interp->turn;
    uint64_t done = cpu ? emu_riscv_hart_executed(cpu->hart) - interp->turn_start : 0;
    return atomic_load(&interp->now) + (int64_t)done * NS_PER_INSTRUCTION;
}

static int64_t single_wall(void *context)
{
    return FIRST_DAY + single_now(context);
}

/* The turn of a hart, up to the next timer; time goes on with it. False: it has nothing to do. */
static bool take_turn(Cpu *cpu)
{
    Interp *interp = cpu->interp;
    if (!emu_interp_may_run(cpu) || emu_riscv_hart_waiting(cpu->hart))
        return false;
    int64_t wait = emu_machine_run_timers(interp->machine);
    uint64_t most = wait < 0 ? TURN : (uint64_t)wait / NS_PER_INSTRUCTION + 1;
    interp->turn_start = emu_riscv_hart_executed(cpu->hart);
    interp->turn = cpu;
    EmuRiscvExit why = emu_riscv_hart_run(cpu->hart, MIN(most, TURN));
    uint64_t done = emu_riscv_hart_executed(cpu->hart) - interp->turn_start;
    interp->turn = NULL;
    interp->now += (int64_t)done * NS_PER_INSTRUCTION;
    if (why == EMU_RISCV_EXIT_BREAKPOINT)
        emu_interp_break(cpu);
    return done > 0;
}

static bool all_wait(const Runner *runner)
{
    bool all = true;
    for (unsigned i = runner->first; i <= runner->last; i++) {
        const Cpu *cpu = runner->interp->cpus[i];
        all = all && (!emu_interp_may_run(cpu) || emu_riscv_hart_waiting(cpu->hart));
    }
    return all;
}

/* No hart has anything to do before the next timer, or before something comes from outside. Time
 * goes on at once, unless the host is at work for a device. */
static void pass_time(Runner *runner)
{
    Interp *interp = runner->interp;
    int64_t wait = emu_machine_run_timers(interp->machine);
    bool at_work = emu_machine_is_at_work(interp->machine);
    if (wait > 0 && !at_work) {
        interp->now += wait;
        wait = emu_machine_run_timers(interp->machine);
    }
    g_mutex_lock(&runner->lock);
    if ((wait < 0 || at_work) && all_wait(runner) && emu_interp_runner_may_run(runner))
        g_cond_wait_until(&runner->wake, &runner->lock, g_get_monotonic_time() + LOOK_AGAIN_US);
    g_mutex_unlock(&runner->lock);
}

static void run_round(Runner *runner)
{
    bool any = false;
    for (unsigned i = runner->first; i <= runner->last; i++)
        any = take_turn(runner->interp->cpus[i]) || any;
    if (!any)
        pass_time(runner);
}

void *emu_interp_run_all(void *data)
{
    Runner *runner = data;
    do {
        while (emu_interp_runner_may_run(runner))
            run_round(runner);
    } while (emu_interp_park(runner));
    return NULL;
}

EmuTimeSource emu_interp_single_time(Interp *interp)
{
    return (EmuTimeSource){single_now, single_wall, interp};
}
