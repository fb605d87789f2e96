/* interp_trace: see interp_trace.h. Each line says the hart, and where it was. */
#include "accel/interp_trace.h"

#include <string.h>

static const char *const modes[] = {"U", "S", "?", "M"};

unsigned emu_interp_trace_kinds(const EmuMachine *machine)
{
    static const struct {
        EmuTrace trace;
        EmuRiscvTrace kind;
    } rows[] = {
        {EMU_TRACE_EXEC, EMU_RISCV_TRACE_INSN},
        {EMU_TRACE_IN_ASM, EMU_RISCV_TRACE_BLOCK},
        {EMU_TRACE_INT, EMU_RISCV_TRACE_TRAP},
        {EMU_TRACE_MMU, EMU_RISCV_TRACE_WALK},
    };
    unsigned kinds = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (emu_machine_traces(machine, rows[i].trace))
            kinds |= rows[i].kind;
    return kinds;
}

static void trace_code(const EmuMachine *machine, const EmuRiscvIsa *isa, unsigned hart_id,
                       const char *what, const EmuRiscvEvent *event)
{
    for (unsigned at = 0; at < event->size;) {
        char text[80];
        uint32_t instruction = 0;
        memcpy(&instruction, event->code + at, MIN(4, event->size - at));
        uint64_t pc = event->pc + at;
        at += emu_riscv_disassemble(isa, pc, instruction, text, sizeof text);
        emu_machine_trace(machine, "%s: hart %u: %016" PRIx64 "  %s", what, hart_id, pc, text);
    }
}

static void trace_walk(const EmuMachine *machine, unsigned hart_id, const EmuRiscvEvent *event)
{
    g_autofree char *result = event->found ? g_strdup_printf("%016" PRIx64, event->physical)
                                           : g_strdup_printf("fault %" PRIu64, event->cause);
    emu_machine_trace(machine, "mmu: hart %u: %c %016" PRIx64 " -> %s", hart_id, event->access,
                      event->address, result);
}

static void trace_trap(const EmuMachine *machine, unsigned hart_id, const EmuRiscvEvent *event)
{
    bool interrupt = event->cause >> 63;
    emu_machine_trace(machine,
                      "int: hart %u: %s %" PRIu64 " at %016" PRIx64 ", value %016" PRIx64
                      ", taken in %s",
                      hart_id, interrupt ? "interrupt" : "exception", event->cause << 1 >> 1,
                      event->pc, event->value, modes[event->priv & 3]);
}

void emu_interp_trace(const EmuMachine *machine, const EmuRiscvIsa *isa, unsigned hart_id,
                      const EmuRiscvEvent *event)
{
    switch (event->kind) {
    case EMU_RISCV_TRACE_INSN:
        trace_code(machine, isa, hart_id, "exec", event);
        break;
    case EMU_RISCV_TRACE_BLOCK:
        trace_code(machine, isa, hart_id, "in_asm", event);
        break;
    case EMU_RISCV_TRACE_TRAP:
        trace_trap(machine, hart_id, event);
        break;
    case EMU_RISCV_TRACE_WALK:
        trace_walk(machine, hart_id, event);
        break;
    }
}
