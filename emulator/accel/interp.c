/* interp: the accelerator that interprets RISC-V harts (cpu/riscv), each in a thread of its own, or
 * all in one.
 *
 * A hart's thread runs it, waits where the guest waits (WFI), and stands still while the machine
 * does. Memory is touched directly; all other addresses go through the machine's lock.
 *
 * With one thread the harts take turns of so many instructions, and these are what time is made of:
 * what the guest does follows from the guest alone, as long as nothing comes from outside. */
#include "accel/interp.h"
#include "accel/interp_trace.h"
#include "engine/machine.h"

#include <string.h>
#include <wire.h>

#include "types/rv64.h"

/* ---- what harts ask of the machine ----------------------------------------------------------- */

static bool bus_load(void *context, uint64_t address, unsigned size, uint64_t *ret_value)
{
    Interp *interp = context;
    return emu_machine_read(interp->machine, address, size, ret_value);
}

static bool bus_store(void *context, uint64_t address, unsigned size, uint64_t value)
{
    Interp *interp = context;
    return emu_machine_write(interp->machine, address, size, value);
}

static uint64_t bus_time(void *context)
{
    Interp *interp = context;
    unsigned __int128 now = (unsigned __int128)emu_machine_now(interp->machine);
    return (uint64_t)(now * interp->frequency / NS_PER_S) + interp->offset;
}

/* The moment at which `time` reaches a value; rounded up, so that it is never too early. */
static int64_t moment_of(Interp *interp, uint64_t time)
{
    unsigned __int128 ticks = time - interp->offset;
    unsigned __int128 ns = (ticks * NS_PER_S + interp->frequency - 1) / interp->frequency;
    return ns > INT64_MAX ? INT64_MAX : (int64_t)ns;
}

static void bus_deadline(void *context, unsigned hart_id, uint64_t deadline)
{
    Interp *interp = context;
    Cpu *cpu = interp->cpus[hart_id];
    emu_machine_lock(interp->machine);
    if (deadline == UINT64_MAX)
        emu_timer_unset(cpu->timer);
    else
        emu_timer_set(cpu->timer, moment_of(interp, deadline));
    emu_machine_unlock(interp->machine);
}

static bool bus_file(void *context, unsigned hart_id, bool machine_level, unsigned reg,
                     const EmuRiscvChange *change, uint64_t *ret_value)
{
    Interp *interp = context;
    EmuDevice *files = interp->files[machine_level];
    if (!files)
        return false;
    EmuFileChange same = {change ? change->clear : 0, change ? change->set : 0};
    uint64_t value = emu_device_access_file(
        files, hart_id, reg == EMU_RISCV_FILE_TOP ? EMU_FILE_TOP : reg, change ? &same : NULL);
    *ret_value = value;
    return true;
}

static void bus_trace(void *context, unsigned hart_id, const EmuRiscvEvent *event)
{
    Interp *interp = context;
    emu_interp_trace(interp->machine, &interp->cpus[hart_id]->isa, hart_id, event);
}

static const EmuRiscvBusOps bus_ops = {
    .load = bus_load,
    .store = bus_store,
    .time = bus_time,
    .deadline = bus_deadline,
    .trace = bus_trace,
    .file = bus_file,
};

/* ---- a hart's thread ------------------------------------------------------------------------- */

static void wake(const Cpu *cpu)
{
    Runner *runner = cpu->runner;
    g_mutex_lock(&runner->lock);
    g_cond_signal(&runner->wake);
    g_mutex_unlock(&runner->lock);
}

bool emu_interp_may_run(const Cpu *cpu)
{
    Interp *interp = cpu->interp;
    g_mutex_lock(&interp->lock);
    bool may = interp->running && !cpu->held && !interp->ending;
    g_mutex_unlock(&interp->lock);
    return may;
}

bool emu_interp_runner_may_run(const Runner *runner)
{
    bool may = false;
    for (unsigned i = runner->first; i <= runner->last; i++)
        may = may || emu_interp_may_run(runner->interp->cpus[i]);
    return may;
}

/* Until something wakes the hart, or it has to stand still. */
static void wait_for_interrupt(Cpu *cpu)
{
    Runner *runner = cpu->runner;
    g_mutex_lock(&runner->lock);
    while (emu_riscv_hart_waiting(cpu->hart) && emu_interp_may_run(cpu))
        g_cond_wait(&runner->wake, &runner->lock);
    g_mutex_unlock(&runner->lock);
}

static void interp_kick(void *state);

void emu_interp_break(Cpu *cpu)
{
    interp_kick(cpu->interp);
    if (!emu_machine_break(cpu->interp->machine, cpu->device))
        emu_riscv_hart_break_again(cpu->hart);
}

static bool all_held(const Runner *runner)
{
    bool all = true;
    for (unsigned i = runner->first; i <= runner->last; i++)
        all = all && runner->interp->cpus[i]->held;
    return all;
}

bool emu_interp_park(const Runner *runner)
{
    Interp *interp = runner->interp;
    g_mutex_lock(&interp->lock);
    interp->n_running--;
    g_cond_broadcast(&interp->changed);
    while ((!interp->running || all_held(runner)) && !interp->ending)
        g_cond_wait(&interp->changed, &interp->lock);
    bool go_on = !interp->ending;
    interp->n_running += go_on;
    g_mutex_unlock(&interp->lock);
    return go_on;
}

static void *run_hart(void *data)
{
    Runner *runner = data;
    Cpu *cpu = runner->interp->cpus[runner->first];
    do {
        while (emu_interp_may_run(cpu)) {
            EmuRiscvExit why = emu_riscv_hart_run(cpu->hart, UINT64_MAX);
            if (why == EMU_RISCV_EXIT_WFI)
                wait_for_interrupt(cpu);
            else if (why == EMU_RISCV_EXIT_BREAKPOINT)
                emu_interp_break(cpu);
        }
    } while (emu_interp_park(runner));
    return NULL;
}

/* ---- all harts ------------------------------------------------------------------------------- */

static void interp_kick(void *state)
{
    Interp *interp = state;
    g_mutex_lock(&interp->lock);
    interp->running = false;
    g_mutex_unlock(&interp->lock);
    for (unsigned i = 0; i < interp->n_cpus; i++) {
        emu_riscv_hart_stop(interp->cpus[i]->hart);
        wake(interp->cpus[i]);
    }
}

static void interp_stop(void *state)
{
    Interp *interp = state;
    interp_kick(interp);
    g_mutex_lock(&interp->lock);
    while (interp->n_running)
        g_cond_wait(&interp->changed, &interp->lock);
    g_mutex_unlock(&interp->lock);
}

static void interp_start(void *state)
{
    Interp *interp = state;
    g_mutex_lock(&interp->lock);
    interp->running = true;
    for (unsigned i = 0; i < (interp->single ? MIN(1, interp->n_cpus) : interp->n_cpus); i++) {
        Runner *runner = &interp->runners[i];
        if (runner->thread)
            continue;
        g_autofree char *name = g_strdup_printf("hart %u", i);
        runner->first = i;
        runner->last = interp->single ? interp->n_cpus - 1 : i;
        interp->n_running++;
        runner->thread = g_thread_new(name, interp->single ? emu_interp_run_all : run_hart, runner);
    }
    g_cond_broadcast(&interp->changed);
    g_mutex_unlock(&interp->lock);
}

/* ---- making one ------------------------------------------------------------------------------ */

/* The extensions are the properties that are on. */
static EmuRiscvIsa isa_of(const MdlDevice *model)
{
    struct rv64_props props;
    rv64_props_read(model, &props);
    EmuRiscvIsa isa = emu_riscv_isa_base();
    isa.va_bits = (unsigned)g_ascii_strtoull(props.mmu + strlen("sv"), NULL, 10);
    for (size_t i = 0; i < model->type->n_properties; i++) {
        if (model->type->properties[i].kind == MDL_BOOL && model->properties[i].number) {
            EmuRiscvExt ext = emu_riscv_ext_find(model->type->properties[i].name);
            g_assert(ext != EMU_RISCV_EXT_COUNT);
            isa.extensions |= UINT64_C(1) << ext;
        }
    }
    return isa;
}

/* All memory has its place before the first CPU is made. */
static bool make_bus(Interp *interp, GError **error)
{
    if (interp->bus)
        return true;
    interp->bus = emu_riscv_bus_new(&bus_ops, interp);
    const EmuSpace *space = emu_machine_space(interp->machine);
    for (size_t i = 0; i < emu_space_count(space); i++) {
        const EmuRange *range = emu_space_at(space, i);
        if (range->ram && !emu_riscv_bus_add_memory(interp->bus, range->base, range->size,
                                                    range->ram, true, error))
            return false;
    }
    return true;
}

static void timer_expired(EmuDevice *device, unsigned hart_id)
{
    (void)hart_id;
    Cpu *cpu = emu_device_cpu(device);
    emu_riscv_hart_kick(cpu->hart);
    wake(cpu);
}

static bool interp_cpu_init(void *state, EmuDevice *device, void **ret_cpu, GError **error)
{
    Interp *interp = state;
    EmuRiscvIsa isa = isa_of(emu_device_model(device));
    if (interp->n_cpus == G_N_ELEMENTS(interp->cpus)) {
        g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED, "interp runs at most %zu CPUs",
                    G_N_ELEMENTS(interp->cpus));
        return false;
    }
    if (!emu_riscv_isa_check(&isa, error) || !make_bus(interp, error))
        return false;
    Cpu *cpu = g_new0(Cpu, 1);
    cpu->interp = interp;
    cpu->runner = &interp->runners[interp->single ? 0 : interp->n_cpus];
    cpu->device = device;
    cpu->isa = isa;
    cpu->hart = emu_riscv_hart_new(interp->bus, &isa, interp->n_cpus);
    emu_riscv_hart_set_trace(cpu->hart, emu_interp_trace_kinds(interp->machine));
    cpu->timer = emu_device_timer_new(device, timer_expired, interp->n_cpus);
    interp->cpus[interp->n_cpus++] = cpu;
    *ret_cpu = cpu;
    return true;
}

/* Nothing says where it begins yet; what it begins with is told by interp_cpu_enter. */
static void interp_cpu_reset(void *data)
{
    Cpu *cpu = data;
    emu_riscv_hart_reset(cpu->hart, 0);
}

static void interp_cpu_enter(void *data, const EmuCpuEntry *entry)
{
    Cpu *cpu = data;
    emu_riscv_hart_reset(cpu->hart, entry->pc);
    emu_riscv_hart_code_changed(cpu->hart);
    for (unsigned i = 0; i < G_N_ELEMENTS(entry->arguments); i++)
        emu_riscv_hart_write(cpu->hart, EMU_RISCV_REG_X0 + 10 + i, entry->arguments[i]);
}

static void interp_cpu_input(void *data, unsigned line, bool level)
{
    Cpu *cpu = data;
    if (emu_riscv_hart_set_input(cpu->hart, line, level))
        wake(cpu);
}

static void interp_cpu_stats(void *data, EmuStats *stats)
{
    const Cpu *cpu = data;
    EmuRiscvStats hart = emu_riscv_hart_stats(cpu->hart);
    stats->counts[EMU_STAT_CPU_INSTRUCTIONS] = hart.instructions;
    stats->counts[EMU_STAT_CPU_EXCEPTIONS] = hart.exceptions;
    stats->counts[EMU_STAT_CPU_INTERRUPTS] = hart.interrupts;
    stats->counts[EMU_STAT_CPU_MMIO_READS] = hart.device_loads;
    stats->counts[EMU_STAT_CPU_MMIO_WRITES] = hart.device_stores;
    stats->counts[EMU_STAT_CPU_TRANSLATION_MISSES] =
        hart.load_misses + hart.store_misses + hart.fetch_misses;
    stats->counts[EMU_STAT_CPU_PAGE_WALKS] = hart.walks;
    stats->counts[EMU_STAT_CPU_DECODED_BLOCKS] = hart.blocks;
}

static void interp_timebase(void *state, uint64_t frequency, uint64_t offset)
{
    Interp *interp = state;
    interp->frequency = frequency;
    interp->offset = offset;
    for (unsigned i = 0; i < interp->n_cpus; i++) {
        emu_riscv_hart_kick(interp->cpus[i]->hart);
        wake(interp->cpus[i]);
    }
}

static void interp_interrupt_files(void *state, EmuDevice *device, bool machine_level)
{
    Interp *interp = state;
    interp->files[machine_level] = device;
}

static bool interp_init(EmuMachine *machine, void **ret_state, GError **error)
{
    (void)error;
    Interp *interp = g_new0(Interp, 1);
    interp->machine = machine;
    interp->frequency = NS_PER_S; /* until the device with mtime says otherwise */
    const char *threads = mdl_hardware_accel_option(emu_machine_hardware(machine), "threads");
    interp->single = g_strcmp0(threads, "single") == 0;
    interp->time = emu_interp_single_time(interp);
    for (unsigned i = 0; i < MAX_CPUS; i++) {
        interp->runners[i].interp = interp;
        g_mutex_init(&interp->runners[i].lock);
        g_cond_init(&interp->runners[i].wake);
    }
    g_mutex_init(&interp->lock);
    g_cond_init(&interp->changed);
    *ret_state = interp;
    return true;
}

static const EmuTimeSource *interp_time(void *state)
{
    Interp *interp = state;
    return interp->single ? &interp->time : NULL;
}

static void cpu_free(Cpu *cpu)
{
    emu_riscv_hart_free(cpu->hart);
    g_free(cpu);
}

static void interp_done(void *state)
{
    Interp *interp = state;
    g_mutex_lock(&interp->lock);
    interp->ending = true;
    g_cond_broadcast(&interp->changed);
    g_mutex_unlock(&interp->lock);
    for (unsigned i = 0; i < MAX_CPUS; i++) {
        Runner *runner = &interp->runners[i];
        if (runner->thread)
            g_thread_join(runner->thread);
        g_mutex_clear(&runner->lock);
        g_cond_clear(&runner->wake);
    }
    for (unsigned i = 0; i < interp->n_cpus; i++)
        cpu_free(interp->cpus[i]);
    emu_riscv_bus_free(interp->bus);
    g_mutex_clear(&interp->lock);
    g_cond_clear(&interp->changed);
    g_free(interp);
}

const EmuAccel emu_accel_interp = {
    .name = "interp",
    .init = interp_init,
    .time = interp_time,
    .done = interp_done,
    .cpu_init = interp_cpu_init,
    .cpu_reset = interp_cpu_reset,
    .cpu_enter = interp_cpu_enter,
    .cpu_input = interp_cpu_input,
    .cpu_stats = interp_cpu_stats,
    .timebase = interp_timebase,
    .interrupt_files = interp_interrupt_files,
    .start = interp_start,
    .stop = interp_stop,
    .kick = interp_kick,
    .debug = &emu_interp_debug,
};
