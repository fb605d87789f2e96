/* interp_debug: harts as a debugger sees them, while all stand still. */
#include "accel/interp.h"

static char *debug_describe(void *data)
{
    return emu_riscv_hart_describe(((Cpu *)data)->hart);
}

static bool debug_read_register(void *data, unsigned number, uint64_t *ret_value)
{
    return emu_riscv_hart_read(((Cpu *)data)->hart, number, ret_value);
}

static bool debug_write_register(void *data, unsigned number, uint64_t value)
{
    return emu_riscv_hart_write(((Cpu *)data)->hart, number, value);
}

static bool debug_read_memory(void *data, uint64_t address, void *buffer, size_t size)
{
    return emu_riscv_hart_peek(((Cpu *)data)->hart, address, buffer, size);
}

/* What is written may be code, of every hart. */
static bool debug_write_memory(void *data, uint64_t address, const void *buffer, size_t size)
{
    Cpu *cpu = data;
    bool done = emu_riscv_hart_poke(cpu->hart, address, buffer, size);
    for (unsigned i = 0; i < cpu->interp->n_cpus; i++)
        emu_riscv_hart_code_changed(cpu->interp->cpus[i]->hart);
    return done;
}

static bool debug_break_add(void *state, uint64_t address)
{
    Interp *interp = state;
    bool done = true;
    for (unsigned i = 0; i < interp->n_cpus; i++)
        done = emu_riscv_hart_break_add(interp->cpus[i]->hart, address) && done;
    return done;
}

static bool debug_break_remove(void *state, uint64_t address)
{
    Interp *interp = state;
    bool done = true;
    for (unsigned i = 0; i < interp->n_cpus; i++)
        done = emu_riscv_hart_break_remove(interp->cpus[i]->hart, address) && done;
    return done;
}

static void debug_step(void *data)
{
    emu_riscv_hart_step(((Cpu *)data)->hart);
}

static void debug_hold(void *data, bool held)
{
    Cpu *cpu = data;
    g_mutex_lock(&cpu->interp->lock);
    cpu->held = held;
    g_mutex_unlock(&cpu->interp->lock);
}

const EmuAccelDebug emu_interp_debug = {
    .n_general = EMU_RISCV_REG_PC + 1,
    .describe = debug_describe,
    .read_register = debug_read_register,
    .write_register = debug_write_register,
    .read_memory = debug_read_memory,
    .write_memory = debug_write_memory,
    .break_add = debug_break_add,
    .break_remove = debug_break_remove,
    .step = debug_step,
    .hold = debug_hold,
};
