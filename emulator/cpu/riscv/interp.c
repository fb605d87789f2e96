/* interp: runs a hart: from block to block, with interrupts, limits and breakpoints between them.
 */
#include "ops.h"

static bool at_breakpoint(const Hart *hart)
{
    for (unsigned n = 0; n < hart->breakpoint_count; n++) {
        if (hart->breakpoints[n] == hart->pc) {
            return true;
        }
    }
    return false;
}

/* A link may be made only within a page: elsewhere the next page may be another one tomorrow. That
 * is asked of the block itself and not of pc, as a page can be mapped twice. */
static bool linkable(const Block *from, const Block *to, unsigned number)
{
    if (to->address2 != NO_ADDRESS || to->watched) {
        return false;
    }
    int64_t offset = (int64_t)(from->address & PAGE_MASK);
    offset += number ? from->size : from->insns[from->count - 1].imm;
    return offset >= 0 && offset < PAGE_SIZE;
}

/* Makes the ways to this block short for the next time. */
static void connect(Hart *hart, Block *block)
{
    if (hart->link_from) {
        Block *from = hart->block;
        if (linkable(from, block, (unsigned)(hart->link_from - from->link))) {
            *hart->link_from = block;
            return;
        }
    }
    *jump_entry(hart, hart->pc) = (JumpEntry){hart->pc, block};
    hart->jumps_used[hart->jump_mode] = true;
}

static void execute(Hart *hart, Block *block)
{
    const Insn *insn = enter(hart, block);
    do {
        insn = insn->run(hart, insn);
    } while (insn); /* once, where handlers go on to the next themselves */
}

/* The block to run next: a part of one if there is a reason; NULL: the fetch trapped. */
static Block *next_block(Hart *hart)
{
    Block *block = hart->tracing & EMU_RISCV_TRACE_INSN ? emu_riscv_block_single(hart)
                                                        : emu_riscv_block_find(hart);
    if (block && block != hart->single) {
        if (hart->executed + block->count <= hart->run_limit) {
            connect(hart, block);
        } else {
            block = emu_riscv_block_single(hart);
        }
    }
    hart->link_from = NULL;
    if (!block) {
        hart->executed++; /* so that a hart that only traps still uses its budget */
        hart->instret_offset--;
        emu_riscv_trap(hart, hart->pc, hart->fault_cause, hart->fault_value);
    }
    return block;
}

static void trace_insn(Hart *hart, const Block *block)
{
    emu_riscv_trace(hart, &(EmuRiscvEvent){.kind = EMU_RISCV_TRACE_INSN,
                                           .pc = hart->pc,
                                           .code = block->code,
                                           .size = block->size});
}

static EmuRiscvExit run(Hart *hart)
{
    for (;;) {
        if (atomic_load(&hart->limit) != hart->run_limit) {
            atomic_store(&hart->limit, hart->run_limit); /* before looking: nothing gets lost */
            if (atomic_exchange(&hart->stop_wanted, false)) {
                return EMU_RISCV_EXIT_STOP;
            }
            emu_riscv_timer_update(hart);
        }
        if (hart->waiting) {
            emu_riscv_timer_update(hart);
            if (!(emu_riscv_pending(hart) & hart->mie)) {
                return EMU_RISCV_EXIT_WFI;
            }
            hart->waiting = false;
        }
        if (!hart->stepping && emu_riscv_interrupt(hart)) {
            hart->link_from = NULL;
        }
        if (hart->executed >= hart->run_limit) {
            return EMU_RISCV_EXIT_BUDGET;
        }
        if (hart->breakpoint_count && hart->pc != hart->reported_at && at_breakpoint(hart)) {
            hart->reported_at = hart->pc;
            return EMU_RISCV_EXIT_BREAKPOINT;
        }
        hart->reported_at = NO_PC;
        Block *block = next_block(hart);
        if (block) {
            if (hart->tracing & EMU_RISCV_TRACE_INSN) {
                trace_insn(hart, block);
            }
            execute(hart, block);
        }
    }
}

EmuRiscvExit emu_riscv_hart_run(EmuRiscvHart *hart, uint64_t budget)
{
    uint64_t room = UINT64_MAX - hart->executed;
    hart->run_limit = hart->executed + MIN(budget, room);
    atomic_store(&hart->limit, 0);
    hart->link_from = NULL;
    emu_riscv_fp_enter(hart);
    EmuRiscvExit why = run(hart);
    emu_riscv_fp_leave(hart);
    return why;
}

/* External debug 0.13, 4.8.3 (dcsr.stepie = 0) and 4.4: no interrupt, and WFI is a NOP. */
void emu_riscv_hart_step(EmuRiscvHart *hart)
{
    hart->stepping = true;
    hart->waiting = false;
    hart->reported_at = hart->pc;
    EmuRiscvExit why;
    do {
        why = emu_riscv_hart_run(hart, 1);
    } while (why == EMU_RISCV_EXIT_STOP); /* asked for before, and done: nothing ran */
    hart->stepping = false;
    hart->waiting = false;
}

void emu_riscv_hart_kick(EmuRiscvHart *hart)
{
    atomic_store(&hart->limit, 0);
}

void emu_riscv_hart_stop(EmuRiscvHart *hart)
{
    atomic_store(&hart->stop_wanted, true);
    emu_riscv_hart_kick(hart);
}

bool emu_riscv_hart_set_input(EmuRiscvHart *hart, unsigned cause, bool level)
{
    uint64_t bit = IRQ_BIT(cause) & (IRQ_M_BITS | IRQ_BIT(IRQ_SE) | IRQ_BIT(IRQ_SS));
    if (!bit || (cause == IRQ_SS && !level)) { /* SSIP is software's to clear */
        return false;
    }
    uint64_t before =
        level ? atomic_fetch_or(&hart->inputs, bit) : atomic_fetch_and(&hart->inputs, ~bit);
    if (!(before & bit) == !level) {
        return false;
    }
    emu_riscv_hart_kick(hart);
    return true;
}
