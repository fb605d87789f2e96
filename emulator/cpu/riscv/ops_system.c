/* ops_system: CSR accesses, environment calls, returns from traps, fences of translations and code.
 *
 * Each of these ends its block, so pc, counters and interrupts are looked at anew after it. */
#include "ops.h"

static const Insn *leave(Hart *h)
{
    h->pc += h->block->size;
    return NULL;
}

/* ---- CSRs (unpriv 9.1) ----------------------------------------------------------------------- */

typedef enum { CSR_SWAP, CSR_SET, CSR_CLEAR } CsrChange;

static const Insn *csr_access(Hart *h, const Insn *i, CsrChange change, uint64_t operand)
{
    unsigned csr = (unsigned)i->imm;
    bool reads = change != CSR_SWAP || i->rd != SINK;
    bool writes = change == CSR_SWAP || i->rs1 != 0;
    if (!emu_riscv_csr_permitted(h, csr, (reads ? CSR_READ : 0) | (writes ? CSR_WRITE : 0))) {
        return emu_riscv_illegal(h, i);
    }
    uint64_t old = 0;
    if (emu_riscv_csr_is_window(csr)) { /* read and written at once: messages may come in between */
        EmuRiscvChange wanted = {
            .clear = change == CSR_SWAP    ? UINT64_MAX
                     : change == CSR_CLEAR ? operand
                                           : 0,
            .set = change == CSR_CLEAR ? 0 : operand,
        };
        if (!emu_riscv_window_access(h, csr, writes ? &wanted : NULL, &old)) {
            return emu_riscv_illegal(h, i);
        }
        RD = old;
        return leave(h);
    }
    old = reads ? emu_riscv_csr_read(h, csr) : 0;
    if (writes) {
        uint64_t own = change == CSR_SWAP ? 0 : emu_riscv_csr_read_own(h, csr);
        emu_riscv_csr_write(h, csr,
                            change == CSR_SWAP  ? operand
                            : change == CSR_SET ? own | operand
                                                : own & ~operand);
    }
    RD = old;
    return leave(h);
}

OP(csrrw)
{
    return csr_access(h, i, CSR_SWAP, RS1);
}

OP(csrrs)
{
    return csr_access(h, i, CSR_SET, RS1);
}

OP(csrrc)
{
    return csr_access(h, i, CSR_CLEAR, RS1);
}

OP(csrrwi)
{
    return csr_access(h, i, CSR_SWAP, i->rs1);
}

OP(csrrsi)
{
    return csr_access(h, i, CSR_SET, i->rs1);
}

OP(csrrci)
{
    return csr_access(h, i, CSR_CLEAR, i->rs1);
}

/* ---- calls and returns (priv 3.3) ------------------------------------------------------------ */

OP(ecall)
{
    return emu_riscv_raise(h, i, CAUSE_ECALL_U + h->priv, 0);
}

OP(ebreak)
{
    return emu_riscv_raise(h, i, CAUSE_BREAKPOINT, insn_pc(h, i));
}

OP(mret)
{
    if (h->priv != PRIV_M) {
        return emu_riscv_illegal(h, i);
    }
    unsigned to = h->mstatus >> MPP_SHIFT & 3;
    uint64_t status = h->mstatus & ~(MSTATUS_MIE | MSTATUS_MPP);
    status |= h->mstatus & MSTATUS_MPIE ? MSTATUS_MIE : 0;
    status |= MSTATUS_MPIE | (has(h, EMU_RISCV_EXT_U) ? 0 : MSTATUS_MPP);
    h->mstatus = to == PRIV_M ? status : status & ~MSTATUS_MPRV;
    emu_riscv_set_priv(h, to);
    h->pc = h->mepc;
    return NULL;
}

OP(sret)
{
    if (h->priv == PRIV_U || (h->priv == PRIV_S && (h->mstatus & MSTATUS_TSR))) {
        return emu_riscv_illegal(h, i);
    }
    unsigned to = h->mstatus & MSTATUS_SPP ? PRIV_S : PRIV_U;
    uint64_t status = h->mstatus & ~(MSTATUS_SIE | MSTATUS_SPP | MSTATUS_MPRV);
    status |= h->mstatus & MSTATUS_SPIE ? MSTATUS_SIE : 0;
    h->mstatus = status | MSTATUS_SPIE;
    emu_riscv_set_priv(h, to);
    h->pc = h->sepc;
    return NULL;
}

/* With TW a wait below M times out at once; so does one of U where there is S (priv 3.1.6.5). */
OP(wfi)
{
    if (h->priv != PRIV_M &&
        ((h->mstatus & MSTATUS_TW) || (h->priv == PRIV_U && has(h, EMU_RISCV_EXT_S)))) {
        return emu_riscv_illegal(h, i);
    }
    h->waiting = true;
    return leave(h);
}

OP(pause)
{
    (void)i;
    return leave(h);
}

/* ---- fences ---------------------------------------------------------------------------------- */

OP(fence_i)
{
    (void)i;
    atomic_thread_fence(memory_order_seq_cst);
    emu_riscv_blocks_check(h);
    return leave(h);
}

static bool fence_permitted(const Hart *h)
{
    return h->priv == PRIV_M || (h->priv == PRIV_S && !(h->mstatus & MSTATUS_TVM));
}

/* priv 4.2.1; the ASID in rs2 is not looked at: a flush of all address spaces is always correct. */
static const Insn *fence_translations(Hart *h, const Insn *i)
{
    if (!fence_permitted(h)) {
        return emu_riscv_illegal(h, i);
    }
    atomic_thread_fence(memory_order_seq_cst);
    if (i->rs1) {
        emu_riscv_tlb_flush_page(h, RS1);
    } else {
        emu_riscv_tlb_flush(h);
    }
    return leave(h);
}

OP(sfence_vma)
{
    return fence_translations(h, i);
}

OP(sinval_vma)
{
    return fence_translations(h, i);
}

/* SFENCE.W.INVAL and SFENCE.INVAL.IR (priv 7): SINVAL.VMA has done all already. TVM does not trap
 * them; they are illegal in U. */
OP(sfence_inval)
{
    return h->priv == PRIV_U ? emu_riscv_illegal(h, i) : leave(h);
}

/* The word is no instruction of this hart. */
OP(undefined)
{
    return emu_riscv_illegal(h, i);
}
