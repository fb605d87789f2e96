/* trap: exceptions and interrupts (priv 3.1.7 to 3.1.9, 4.1.1 to 4.1.3). */
#include "internal.h"

void emu_riscv_set_priv(Hart *hart, unsigned priv)
{
    hart->priv = (uint8_t)priv;
    emu_riscv_views_update(hart);
}

static uint64_t vector(uint64_t tvec, uint64_t cause)
{
    uint64_t base = tvec & ~UINT64_C(3);
    return (tvec & 1) && (cause & CAUSE_INTERRUPT) ? base + 4 * (cause & ~CAUSE_INTERRUPT) : base;
}

static void trap_to_s(Hart *hart, uint64_t at, uint64_t cause, uint64_t value)
{
    hart->sepc = at;
    hart->scause = cause;
    hart->stval = value;
    uint64_t status = hart->mstatus & ~(MSTATUS_SPP | MSTATUS_SPIE | MSTATUS_SIE);
    status |= hart->priv == PRIV_S ? MSTATUS_SPP : 0;
    status |= hart->mstatus & MSTATUS_SIE ? MSTATUS_SPIE : 0;
    hart->mstatus = status;
    hart->pc = vector(hart->stvec, cause);
    emu_riscv_set_priv(hart, PRIV_S);
}

static void trap_to_m(Hart *hart, uint64_t at, uint64_t cause, uint64_t value)
{
    hart->mepc = at;
    hart->mcause = cause;
    hart->mtval = value;
    uint64_t status = hart->mstatus & ~(MSTATUS_MPP | MSTATUS_MPIE | MSTATUS_MIE);
    status |= (uint64_t)hart->priv << MPP_SHIFT;
    status |= hart->mstatus & MSTATUS_MIE ? MSTATUS_MPIE : 0;
    hart->mstatus = status;
    hart->pc = vector(hart->mtvec, cause);
    emu_riscv_set_priv(hart, PRIV_M);
}

void emu_riscv_trap(Hart *hart, uint64_t at, uint64_t cause, uint64_t value)
{
    bool interrupt = cause & CAUSE_INTERRUPT;
    hart->reserved = NULL; /* what runs next is nobody's SC (unpriv 8.2) */
    uint64_t delegated = interrupt ? hart->mideleg : hart->medeleg;
    if (interrupt) {
        hart->stats.interrupts++;
    } else {
        hart->stats.exceptions++;
    }
    if (hart->priv != PRIV_M && (delegated >> (cause & 63) & 1)) {
        trap_to_s(hart, at, cause, value);
    } else {
        trap_to_m(hart, at, cause, value);
    }
    if (hart->tracing & EMU_RISCV_TRACE_TRAP) {
        emu_riscv_trace(hart, &(EmuRiscvEvent){.kind = EMU_RISCV_TRACE_TRAP,
                                               .pc = at,
                                               .cause = cause,
                                               .value = value,
                                               .priv = hart->priv});
    }
}

const Insn *emu_riscv_raise(Hart *hart, const Insn *insn, uint64_t cause, uint64_t value)
{
    uint64_t done = (uint64_t)(insn - hart->block->insns) + 1;
    hart->executed -= hart->block->count - done;
    hart->instret_offset--; /* it was executed, but does not retire (priv 3.3.1) */
    emu_riscv_trap(hart, insn_pc(hart, insn), cause, value);
    return NULL;
}

const Insn *emu_riscv_illegal(Hart *hart, const Insn *insn)
{
    uint32_t word = 0;
    const uint8_t *code = hart->block->code + insn->offset * 2u;
    memcpy(&word, code, 2);
    memcpy(&word, code, insn_length(word));
    return emu_riscv_raise(hart, insn, CAUSE_ILLEGAL, word);
}

const Insn *emu_riscv_fault(Hart *hart, const Insn *insn)
{
    return emu_riscv_raise(hart, insn, hart->fault_cause, hart->fault_value);
}

/* ---- interrupts ------------------------------------------------------------------------------ */

/* Sstc 2: STIP is the comparison where menvcfg.STCE says so, and else a bit of software's. */
void emu_riscv_timer_update(Hart *hart)
{
    hart->timer_pending = (hart->menvcfg & ENVCFG_STCE) && hart->stimecmp != UINT64_MAX &&
                          emu_riscv_time(hart) >= hart->stimecmp;
}

uint64_t emu_riscv_time(Hart *hart)
{
    bool running = emu_riscv_fp_leave(hart);
    uint64_t time = hart->bus->ops.time(hart->bus->ctx);
    if (running) {
        emu_riscv_fp_enter(hart);
    }
    return time;
}

uint64_t emu_riscv_pending(const Hart *hart)
{
    uint64_t timer = hart->menvcfg & ENVCFG_STCE ? (hart->timer_pending ? IRQ_BIT(IRQ_ST) : 0)
                                                 : hart->mip & IRQ_BIT(IRQ_ST);
    return (hart->mip & ~IRQ_BIT(IRQ_ST)) | timer |
           atomic_load_explicit(&hart->inputs, memory_order_acquire);
}

/* priv 3.1.9: the order in which simultaneous ones are taken */
unsigned emu_riscv_first(uint64_t interrupts)
{
    static const uint8_t order[] = {IRQ_ME, IRQ_MS, IRQ_MT, IRQ_SE, IRQ_SS, IRQ_ST};
    for (unsigned n = 0; interrupts && n < G_N_ELEMENTS(order); n++) {
        if (interrupts & IRQ_BIT(order[n])) {
            return order[n];
        }
    }
    return 0;
}

bool emu_riscv_interrupt(Hart *hart)
{
    uint64_t ready = emu_riscv_pending(hart) & hart->mie;
    if (likely(!ready)) {
        return false;
    }
    bool m_on = hart->priv < PRIV_M || (hart->mstatus & MSTATUS_MIE);
    bool s_on = hart->priv < PRIV_S || (hart->priv == PRIV_S && (hart->mstatus & MSTATUS_SIE));
    uint64_t can = m_on ? ready & ~hart->mideleg : 0;
    if (!can) {
        can = s_on ? ready & hart->mideleg : 0;
    }
    unsigned cause = emu_riscv_first(can);
    if (cause) {
        emu_riscv_trap(hart, hart->pc, CAUSE_INTERRUPT | cause, 0);
    }
    return cause != 0;
}
