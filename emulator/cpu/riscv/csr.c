/* csr: control and status registers: which there are, who may use them, what reading and writing
 * does (priv 2 to 4). Fields that are WARL keep a legal value here and nowhere else. */
#include "internal.h"

#include <stdio.h>

typedef uint64_t CsrRead(Hart *hart, unsigned csr);
typedef void CsrWrite(Hart *hart, unsigned csr, uint64_t value);

#define READ(group)  static uint64_t read_##group(Hart *h, G_GNUC_UNUSED unsigned csr)
#define WRITE(group) static void write_##group(Hart *h, G_GNUC_UNUSED unsigned csr, uint64_t value)

/* A register that holds whatever bits of mask are written. */
#define PLAIN(group, field, mask)                                                                  \
    READ(group)                                                                                    \
    {                                                                                              \
        return h->field;                                                                           \
    }                                                                                              \
    WRITE(group)                                                                                   \
    {                                                                                              \
        h->field = (value) & (mask);                                                               \
    }

#define CONSTANT(group, value_)                                                                    \
    READ(group)                                                                                    \
    {                                                                                              \
        return (value_);                                                                           \
    }                                                                                              \
    WRITE(group)                                                                                   \
    {                                                                                              \
        (void)h;                                                                                   \
        (void)value;                                                                               \
    }

/* Addresses of instructions are even, and multiples of 4 without C (priv 3.1.14). */
static uint64_t pc_mask(const Hart *h)
{
    return has(h, EMU_RISCV_EXT_C) ? ~UINT64_C(1) : ~UINT64_C(3);
}

CONSTANT(zero, ((void)h, 0))
CONSTANT(mvendorid, h->isa.mvendorid)
CONSTANT(marchid, h->isa.marchid)
CONSTANT(mimpid, h->isa.mimpid)
CONSTANT(mhartid, h->id)
CONSTANT(misa, h->misa)
CONSTANT(time, emu_riscv_time(h))
PLAIN(mscratch, mscratch, UINT64_MAX)
PLAIN(mepc, mepc, pc_mask(h))
PLAIN(mcause, mcause, UINT64_MAX)
PLAIN(mtval, mtval, UINT64_MAX)
PLAIN(medeleg, medeleg, 0xb3ff) /* ECALL from M cannot be delegated (3.1.8) */
PLAIN(mideleg, mideleg, IRQ_S_BITS)
PLAIN(mie, mie, IRQ_M_BITS | (has(h, EMU_RISCV_EXT_S) ? IRQ_S_BITS : 0))
PLAIN(sscratch, sscratch, UINT64_MAX)
PLAIN(sepc, sepc, pc_mask(h))
PLAIN(scause, scause, UINT64_MAX)
PLAIN(stval, stval, UINT64_MAX)
PLAIN(mcounteren, mcounteren, UINT32_MAX)
PLAIN(scounteren, scounteren, UINT32_MAX)

/* ---- floating point (unpriv 11.2) ------------------------------------------------------------ */

READ(fflags)
{
    return emu_riscv_fp_flags(h);
}

WRITE(fflags)
{
    emu_riscv_fp_touch(h);
    emu_riscv_fp_set_flags(h, value & 31);
}

READ(frm)
{
    return h->frm;
}

WRITE(frm)
{
    emu_riscv_fp_touch(h);
    h->frm = value & 7;
    emu_riscv_fp_update(h);
}

READ(fcsr)
{
    return emu_riscv_fp_flags(h) | (uint64_t)h->frm << 5;
}

WRITE(fcsr)
{
    write_fflags(h, csr, value);
    write_frm(h, csr, value >> 5);
}

/* ---- status (3.1.6, 4.1.1) ------------------------------------------------------------------- */

#define SSTATUS_WRITE                                                                              \
    (MSTATUS_SIE | MSTATUS_SPIE | MSTATUS_SPP | MSTATUS_FS | MSTATUS_SUM | MSTATUS_MXR)
#define MSTATUS_WRITE                                                                              \
    (MSTATUS_MIE | MSTATUS_MPIE | MSTATUS_MPP | MSTATUS_FS | MSTATUS_MPRV | MSTATUS_TW)
#define MSTATUS_WRITE_S (SSTATUS_WRITE | MSTATUS_TVM | MSTATUS_TSR)

static bool mode_exists(const Hart *h, unsigned priv)
{
    return priv == PRIV_M || (priv == PRIV_S && has(h, EMU_RISCV_EXT_S)) ||
           (priv == PRIV_U && has(h, EMU_RISCV_EXT_U));
}

static void status_write(Hart *h, uint64_t value, uint64_t mask)
{
    if (!mode_exists(h, value >> MPP_SHIFT & 3)) {
        mask &= ~MSTATUS_MPP;
    }
    if (!has(h, EMU_RISCV_EXT_U)) {
        mask &= ~(MSTATUS_MPRV | MSTATUS_TW);
    }
    if (!has(h, EMU_RISCV_EXT_F)) {
        mask &= ~MSTATUS_FS;
    }
    uint64_t old = h->mstatus;
    h->mstatus = (old & ~mask) | (value & mask);
    if ((old ^ h->mstatus) & MSTATUS_MXR) {
        emu_riscv_tlb_flush(h);
    }
    emu_riscv_views_update(h);
    emu_riscv_fp_update(h);
}

static uint64_t status_read(const Hart *h)
{
    uint64_t status = h->mstatus;
    status |= has(h, EMU_RISCV_EXT_U) ? MSTATUS_UXL : 0;
    status |= has(h, EMU_RISCV_EXT_S) ? MSTATUS_SXL : 0;
    return (status & MSTATUS_FS) == MSTATUS_FS ? status | MSTATUS_SD : status;
}

READ(mstatus)
{
    return status_read(h);
}

WRITE(mstatus)
{
    status_write(h, value, MSTATUS_WRITE | (has(h, EMU_RISCV_EXT_S) ? MSTATUS_WRITE_S : 0));
}

READ(sstatus)
{
    return status_read(h) & (SSTATUS_WRITE | MSTATUS_UXL | MSTATUS_SD);
}

WRITE(sstatus)
{
    status_write(h, value, SSTATUS_WRITE);
}

/* ---- interrupts (3.1.9, 4.1.3) --------------------------------------------------------------- */

/* Bits of mip that software may write: STIP not where Sstc makes it. */
static uint64_t mip_writable(const Hart *h)
{
    uint64_t bits = has(h, EMU_RISCV_EXT_S) ? IRQ_S_BITS : 0;
    return h->menvcfg & ENVCFG_STCE ? bits & ~IRQ_BIT(IRQ_ST) : bits;
}

static void mip_write(Hart *h, uint64_t value, uint64_t mask)
{
    h->mip = (h->mip & ~mask) | (value & mask);
    if (mask & ~value & IRQ_BIT(IRQ_SS)) {
        atomic_fetch_and(&h->inputs, ~IRQ_BIT(IRQ_SS));
    }
}

READ(mip)
{
    emu_riscv_timer_update(h);
    return emu_riscv_pending(h);
}

WRITE(mip)
{
    mip_write(h, value, mip_writable(h));
}

READ(sip)
{
    return read_mip(h, csr) & h->mideleg;
}

WRITE(sip)
{
    mip_write(h, value, h->mideleg & IRQ_BIT(IRQ_SS));
}

READ(sie)
{
    return h->mie & h->mideleg;
}

WRITE(sie)
{
    h->mie = (h->mie & ~h->mideleg) | (value & h->mideleg);
}

/* Of the virtual interrupts only those that are bits of mip (AIA 5.3: mvien is zero). */
READ(mvip)
{
    uint64_t inputs = atomic_load(&h->inputs) & IRQ_BIT(IRQ_SS);
    return (h->mip | inputs) & mip_writable(h);
}

WRITE(mvip)
{
    mip_write(h, value, mip_writable(h));
}

/* Identity and priority of the next interrupt (AIA 5.2.2, 5.4.2). Priorities cannot be set, so that
 * this one stands for all. */
static uint64_t top_interrupt(Hart *h, bool delegated)
{
    emu_riscv_timer_update(h);
    unsigned cause =
        emu_riscv_first(emu_riscv_pending(h) & h->mie & (delegated ? h->mideleg : ~h->mideleg));
    return cause ? (uint64_t)cause << 16 | 1 : 0;
}

READ(mtopi)
{
    return top_interrupt(h, false);
}

READ(stopi)
{
    return top_interrupt(h, true);
}

#define write_mtopi write_zero
#define write_stopi write_zero

/* The window onto other registers (AIA 2.1); its instructions go to aia.c, a debugger comes here.
 */
PLAIN(miselect, miselect, 0x1ff)
PLAIN(siselect, siselect, 0x1ff)

READ(window)
{
    uint64_t value = 0;
    emu_riscv_window_access(h, csr, NULL, &value);
    return value;
}

WRITE(window)
{
    uint64_t old;
    emu_riscv_window_access(h, csr, &(EmuRiscvChange){UINT64_MAX, value}, &old);
}

/* Direct and vectored; other modes are not taken (3.1.7). */
READ(mtvec)
{
    return h->mtvec;
}

WRITE(mtvec)
{
    h->mtvec = value & 2 ? h->mtvec : value;
}

READ(stvec)
{
    return h->stvec;
}

WRITE(stvec)
{
    h->stvec = value & 2 ? h->stvec : value;
}

void emu_riscv_deadline_update(Hart *h)
{
    emu_riscv_timer_update(h);
    if (h->bus->ops.deadline) {
        bool running = emu_riscv_fp_leave(h);
        h->bus->ops.deadline(h->bus->ctx, h->id, emu_riscv_hart_deadline(h));
        if (running) {
            emu_riscv_fp_enter(h);
        }
    }
}

READ(stimecmp)
{
    return h->stimecmp;
}

WRITE(stimecmp)
{
    h->stimecmp = value;
    emu_riscv_deadline_update(h);
}

/* ---- configuration (3.1.18, 4.1.10) ---------------------------------------------------------- */

/* Fields that both envcfg registers have. CBIE of 2 is reserved: what was there stays. */
static uint64_t envcfg_common(const Hart *h, uint64_t old, uint64_t value)
{
    uint64_t mask = ENVCFG_FIOM;
    mask |= has(h, EMU_RISCV_EXT_ZICBOM) ? ENVCFG_CBCFE | ENVCFG_CBIE : 0;
    mask |= has(h, EMU_RISCV_EXT_ZICBOZ) ? ENVCFG_CBZE : 0;
    if ((value & ENVCFG_CBIE) == UINT64_C(2) << 4) {
        return (value & mask & ~ENVCFG_CBIE) | (old & ENVCFG_CBIE);
    }
    return value & mask;
}

READ(menvcfg)
{
    return h->menvcfg;
}

WRITE(menvcfg)
{
    uint64_t mask = has(h, EMU_RISCV_EXT_SVADU) ? ENVCFG_ADUE : 0;
    mask |= has(h, EMU_RISCV_EXT_SVPBMT) ? ENVCFG_PBMTE : 0;
    mask |= has(h, EMU_RISCV_EXT_SSTC) ? ENVCFG_STCE : 0;
    uint64_t old = h->menvcfg;
    h->menvcfg = envcfg_common(h, old, value) | (value & mask);
    if ((old ^ h->menvcfg) & (ENVCFG_PBMTE | ENVCFG_ADUE)) {
        emu_riscv_tlb_flush(h);
    }
    if ((old ^ h->menvcfg) & ENVCFG_STCE) {
        emu_riscv_deadline_update(h);
    }
}

READ(senvcfg)
{
    return h->senvcfg;
}

WRITE(senvcfg)
{
    h->senvcfg = envcfg_common(h, h->senvcfg, value);
}

/* ---- translation and protection (4.1.11, 3.7.1) ---------------------------------------------- */

READ(satp)
{
    return h->satp;
}

/* A mode that is not there makes the whole write void. */
WRITE(satp)
{
    unsigned mode = (unsigned)(value >> SATP_MODE_SHIFT);
    unsigned bits = mode == SATP_BARE ? 0 : 39 + 9 * (mode - SATP_SV39);
    if ((mode != SATP_BARE && (mode < SATP_SV39 || mode > SATP_SV57)) || bits > h->isa.va_bits) {
        return;
    }
    if (value != h->satp) {
        h->satp = value;
        emu_riscv_tlb_flush(h);
    }
}

READ(pmpcfg)
{
    uint64_t value = 0;
    for (unsigned n = 0; n < 8; n++) {
        unsigned entry = (csr - 0x3a0) * 4 + n;
        value |= (uint64_t)(entry < MAX_PMP ? h->pmpcfg[entry] : 0) << n * 8;
    }
    return value;
}

WRITE(pmpcfg)
{
    for (unsigned n = 0; n < 8; n++) {
        unsigned entry = (csr - 0x3a0) * 4 + n;
        uint8_t config = value >> n * 8 & (PMP_L | PMP_A | PMP_X | PMP_W | PMP_R);
        if ((config & (PMP_W | PMP_R)) == PMP_W) {
            config &= (uint8_t)~PMP_W; /* reserved */
        }
        if (entry < h->isa.pmp_entries && !(h->pmpcfg[entry] & PMP_L)) {
            h->pmpcfg[entry] = config;
        }
    }
    emu_riscv_pmp_update(h);
}

READ(pmpaddr)
{
    return h->pmpaddr[csr - 0x3b0];
}

WRITE(pmpaddr)
{
    unsigned entry = csr - 0x3b0;
    bool locked = h->pmpcfg[entry] & PMP_L;
    if (entry + 1 < MAX_PMP && (h->pmpcfg[entry + 1] & (PMP_L | PMP_A)) == (PMP_L | PMP_TOR)) {
        locked = true; /* it is the start of a locked range */
    }
    if (entry < h->isa.pmp_entries && !locked) {
        h->pmpaddr[entry] = value & ((UINT64_C(1) << 54) - 1);
        emu_riscv_pmp_update(h);
    }
}

/* ---- counters (3.1.10 to 3.1.12) ------------------------------------------------------------- */

enum { INHIBIT_CY = 1, INHIBIT_IR = 4 };

/* The access itself is the last instruction of its block, and counted already. */
static uint64_t counter_read(const Hart *h, uint64_t offset, unsigned inhibit)
{
    return h->mcountinhibit & inhibit ? offset : offset + h->executed - 1;
}

static uint64_t counter_offset(const Hart *h, uint64_t value, unsigned inhibit)
{
    return h->mcountinhibit & inhibit ? value : value - h->executed;
}

READ(mcycle)
{
    return counter_read(h, h->cycle_offset, INHIBIT_CY);
}

WRITE(mcycle)
{
    h->cycle_offset = counter_offset(h, value, INHIBIT_CY);
}

READ(minstret)
{
    return counter_read(h, h->instret_offset, INHIBIT_IR);
}

WRITE(minstret)
{
    h->instret_offset = counter_offset(h, value, INHIBIT_IR);
}

READ(mcountinhibit)
{
    return h->mcountinhibit;
}

WRITE(mcountinhibit)
{
    uint64_t cycle = read_mcycle(h, csr), instret = read_minstret(h, csr);
    h->mcountinhibit = value & (INHIBIT_CY | INHIBIT_IR);
    write_mcycle(h, csr, cycle);
    write_minstret(h, csr, instret);
}

/* ---- the table ------------------------------------------------------------------------------- */

typedef struct Csr {
    unsigned number, count;
    const char *name;
    uint64_t extensions;
    CsrRead *read;
    CsrWrite *write;
} Csr;

#define X(id) EMU_RISCV_EXT_BIT(id)
static const Csr csrs[] = {
#define C(number, count, name, extensions, group)                                                  \
    {number, count, name, extensions, read_##group, write_##group},
#include "csrs.def"
#undef C
};

static const Csr *find(unsigned csr)
{
    size_t low = 0, high = G_N_ELEMENTS(csrs);
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (csrs[middle].number + csrs[middle].count <= csr) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < G_N_ELEMENTS(csrs) && csrs[low].number <= csr ? &csrs[low] : NULL;
}

bool emu_riscv_csr_name(unsigned csr, char *buffer, size_t size)
{
    const Csr *row = find(csr);
    if (!row) {
        return false;
    }
    if (row->count == 1) {
        g_strlcpy(buffer, row->name, size);
    } else {
        size_t length = strcspn(row->name, "0123456789");
        unsigned first = (unsigned)(row->name[length] - '0');
        snprintf(buffer, size, "%.*s%u", (int)length, row->name, first + csr - row->number);
    }
    return true;
}

bool emu_riscv_csr_known(const Hart *hart, unsigned csr)
{
    const Csr *row = find(csr);
    if (!row || (row->extensions & ~hart->isa.extensions)) {
        return false;
    }
    return row->read != read_pmpcfg || !(csr & 1); /* the odd ones are RV32's (3.7.1) */
}

/* Below M a counter is there if mcounteren says so, and in U with S if scounteren does (3.1.11). */
static bool counter_permitted(const Hart *hart, unsigned csr)
{
    uint32_t bit = UINT32_C(1) << (csr & 31);
    return hart->priv == PRIV_M ||
           ((hart->mcounteren & bit) &&
            (hart->priv == PRIV_S || !has(hart, EMU_RISCV_EXT_S) || (hart->scounteren & bit)));
}

bool emu_riscv_csr_permitted(const Hart *hart, unsigned csr, CsrUse use)
{
    if (!emu_riscv_csr_known(hart, csr) || hart->priv < (csr >> 8 & 3) ||
        ((use & CSR_WRITE) && csr >> 10 == 3)) {
        return false;
    }
    if (csr < 0x100) { /* fflags, frm, fcsr */
        return hart->mstatus & MSTATUS_FS;
    }
    if (csr >> 8 == 0xc) {
        return counter_permitted(hart, csr);
    }
    if (csr == CSR_SATP) {
        return hart->priv == PRIV_M || !(hart->mstatus & MSTATUS_TVM);
    }
    if (csr == CSR_STIMECMP) { /* Sstc 2.2 */
        return hart->priv == PRIV_M ||
               ((hart->menvcfg & ENVCFG_STCE) && (hart->mcounteren & 1 << (CSR_TIME & 31)));
    }
    return true;
}

uint64_t emu_riscv_csr_read(Hart *hart, unsigned csr)
{
    return find(csr)->read(hart, csr);
}

uint64_t emu_riscv_csr_read_own(Hart *hart, unsigned csr)
{
    uint64_t own = hart->mip | (atomic_load(&hart->inputs) & IRQ_BIT(IRQ_SS));
    return csr == CSR_MIP   ? own
           : csr == CSR_SIP ? own & hart->mideleg
                            : emu_riscv_csr_read(hart, csr);
}

void emu_riscv_csr_write(Hart *hart, unsigned csr, uint64_t value)
{
    find(csr)->write(hart, csr, value);
}
