/* hart: making, resetting and looking into harts, and the bus they share. */
#include "internal.h"

/* ---- bus ------------------------------------------------------------------------------------- */

EmuRiscvBus *emu_riscv_bus_new(const EmuRiscvBusOps *ops, void *ctx)
{
    EmuRiscvBus *bus = g_new0(EmuRiscvBus, 1);
    bus->ops = *ops;
    bus->ctx = ctx;
    return bus;
}

void emu_riscv_bus_free(EmuRiscvBus *bus)
{
    g_free(bus);
}

static bool memory_error(GError **error, uint64_t base, const char *what)
{
    g_set_error(error, EMU_RISCV_ERROR, EMU_RISCV_ERROR_MEMORY, "memory at 0x%" PRIx64 ": %s", base,
                what);
    return false;
}

bool emu_riscv_bus_add_memory(EmuRiscvBus *bus, uint64_t base, uint64_t size, void *host,
                              bool writable, GError **error)
{
    if (bus->memory_count == MAX_MEMORY) {
        return memory_error(error, base, "there are 64 pieces of memory already");
    }
    if (base % PAGE_SIZE || size % PAGE_SIZE || size == 0 || base + size - 1 < base) {
        return memory_error(error, base, "base and size are multiples of 4096, within 64 bits");
    }
    if ((uintptr_t)host % 8) {
        return memory_error(error, base, "the host's address is not a multiple of 8");
    }
    for (unsigned n = 0; n < bus->memory_count; n++) {
        const Memory *other = &bus->memory[n];
        if (base - other->base < other->size || other->base - base < size) {
            return memory_error(error, base, "it overlaps other memory");
        }
    }
    bus->memory[bus->memory_count++] = (Memory){base, size, host, writable};
    return true;
}

/* ---- hart ------------------------------------------------------------------------------------ */

EmuRiscvHart *emu_riscv_hart_new(EmuRiscvBus *bus, const EmuRiscvIsa *isa, unsigned hart_id)
{
    g_assert(emu_riscv_isa_check(isa, NULL));
    Hart *hart = g_new0(Hart, 1);
    hart->bus = bus;
    hart->isa = *isa;
    hart->id = hart_id;
    emu_riscv_decoder_init(&hart->decoder, isa);
    emu_riscv_views_init(hart);
    emu_riscv_blocks_init(hart);
    emu_riscv_fp_init(hart);
    emu_riscv_hart_reset(hart, 0);
    return hart;
}

void emu_riscv_hart_free(EmuRiscvHart *hart)
{
    if (hart) {
        emu_riscv_blocks_done(hart);
        emu_riscv_views_done(hart);
        g_free(hart);
    }
}

void emu_riscv_hart_reset(EmuRiscvHart *hart, uint64_t pc)
{
    memset(hart->x, 0, sizeof hart->x);
    memset(hart->f, 0, sizeof hart->f);
    hart->pc = pc & ~UINT64_C(1);
    hart->misa = emu_riscv_isa_misa(&hart->isa);
    hart->mstatus = has(hart, EMU_RISCV_EXT_U) ? 0 : MSTATUS_MPP;
    hart->medeleg = hart->mideleg = hart->mie = hart->mip = 0;
    hart->mtvec = hart->mscratch = hart->mepc = hart->mcause = hart->mtval = 0;
    hart->stvec = hart->sscratch = hart->sepc = hart->scause = hart->stval = hart->satp = 0;
    hart->menvcfg =
        has(hart, EMU_RISCV_EXT_SVADU) && !has(hart, EMU_RISCV_EXT_SVADE) ? ENVCFG_ADUE : 0;
    hart->senvcfg = 0;
    hart->miselect = hart->siselect = 0;
    hart->stimecmp = UINT64_MAX;
    hart->mcounteren = hart->scounteren = hart->mcountinhibit = 0;
    hart->fflags = hart->frm = 0;
    hart->reserved = NULL;
    hart->waiting = hart->timer_pending = false;
    hart->reported_at = NO_PC;
    memset(hart->pmpcfg, 0, sizeof hart->pmpcfg);
    memset(hart->pmpaddr, 0, sizeof hart->pmpaddr);
    atomic_store(&hart->stop_wanted, false);
    emu_riscv_pmp_update(hart); /* forgets translations too */
    emu_riscv_blocks_check(hart);
    emu_riscv_set_priv(hart, PRIV_M);
    emu_riscv_fp_update(hart);
}

bool emu_riscv_hart_waiting(const EmuRiscvHart *hart)
{
    return hart->waiting && !(emu_riscv_pending(hart) & hart->mie) &&
           hart->bus->ops.time(hart->bus->ctx) < emu_riscv_hart_deadline(hart);
}

uint64_t emu_riscv_hart_deadline(const EmuRiscvHart *hart)
{
    return hart->menvcfg & ENVCFG_STCE ? hart->stimecmp : UINT64_MAX;
}

/* ---- registers ------------------------------------------------------------------------------- */

bool emu_riscv_hart_read(EmuRiscvHart *hart, unsigned reg, uint64_t *ret_value)
{
    if (reg < EMU_RISCV_REG_PC) {
        *ret_value = hart->x[reg];
    } else if (reg == EMU_RISCV_REG_PC) {
        *ret_value = hart->pc;
    } else if (reg < EMU_RISCV_REG_CSR0) {
        *ret_value = hart->f[reg - EMU_RISCV_REG_F0];
    } else if (reg < EMU_RISCV_REG_PRIV && emu_riscv_csr_known(hart, reg - EMU_RISCV_REG_CSR0)) {
        *ret_value = emu_riscv_csr_read(hart, reg - EMU_RISCV_REG_CSR0);
    } else if (reg == EMU_RISCV_REG_PRIV) {
        *ret_value = hart->priv;
    } else {
        return false;
    }
    return true;
}

bool emu_riscv_hart_write(EmuRiscvHart *hart, unsigned reg, uint64_t value)
{
    unsigned csr = reg - EMU_RISCV_REG_CSR0;
    if (reg < EMU_RISCV_REG_PC) {
        hart->x[reg] = reg ? value : 0;
    } else if (reg == EMU_RISCV_REG_PC) {
        hart->pc = value & ~UINT64_C(1);
        hart->waiting = false;
        hart->reported_at = NO_PC;
    } else if (reg < EMU_RISCV_REG_CSR0) {
        hart->f[reg - EMU_RISCV_REG_F0] = value;
    } else if (reg < EMU_RISCV_REG_PRIV && csr >> 10 != 3 && emu_riscv_csr_known(hart, csr)) {
        emu_riscv_csr_write(hart, csr, value);
    } else if (reg == EMU_RISCV_REG_PRIV &&
               (value == PRIV_M || (value == PRIV_S && has(hart, EMU_RISCV_EXT_S)) ||
                (value == PRIV_U && has(hart, EMU_RISCV_EXT_U)))) {
        emu_riscv_set_priv(hart, (unsigned)value);
    } else {
        return false;
    }
    return true;
}

/* ---- memory ---------------------------------------------------------------------------------- */

/* Calls for each piece of a range that lies in one page; all of it must be memory. */
static bool copy(EmuRiscvHart *hart, uint64_t address, uint8_t *buffer, size_t size, bool write)
{
    for (unsigned pass = 0; pass < 2; pass++) { /* look first, then copy */
        for (size_t done = 0; done < size;) {
            size_t room = PAGE_SIZE - ((address + done) & PAGE_MASK);
            size_t piece = MIN(room, size - done);
            uint8_t *host = emu_riscv_probe(hart, address + done);
            if (!host) {
                return false;
            }
            if (pass == 1) {
                memcpy(write ? host : buffer + done, write ? buffer + done : host, piece);
            }
            done += piece;
        }
    }
    return true;
}

bool emu_riscv_hart_peek(EmuRiscvHart *hart, uint64_t address, void *buffer, size_t size)
{
    return copy(hart, address, buffer, size, false);
}

bool emu_riscv_hart_poke(EmuRiscvHart *hart, uint64_t address, const void *buffer, size_t size)
{
    bool done = copy(hart, address, (uint8_t *)buffer, size, true);
    emu_riscv_blocks_check(hart);
    return done;
}

void emu_riscv_hart_code_changed(EmuRiscvHart *hart)
{
    emu_riscv_blocks_check(hart);
}

/* ---- debugging ------------------------------------------------------------------------------- */

bool emu_riscv_hart_break_add(EmuRiscvHart *hart, uint64_t pc)
{
    if (hart->breakpoint_count == MAX_BREAKPOINTS) {
        return false;
    }
    hart->breakpoints[hart->breakpoint_count++] = pc;
    emu_riscv_blocks_flush(hart); /* blocks end before a breakpoint */
    return true;
}

bool emu_riscv_hart_break_remove(EmuRiscvHart *hart, uint64_t pc)
{
    for (unsigned n = 0; n < hart->breakpoint_count; n++) {
        if (hart->breakpoints[n] == pc) {
            hart->breakpoints[n] = hart->breakpoints[--hart->breakpoint_count];
            emu_riscv_blocks_flush(hart);
            return true;
        }
    }
    return false;
}

void emu_riscv_hart_break_again(EmuRiscvHart *hart)
{
    hart->reported_at = NO_PC;
}

void emu_riscv_hart_set_trace(EmuRiscvHart *hart, unsigned kinds)
{
    hart->tracing = hart->bus->ops.trace ? kinds : 0;
    emu_riscv_blocks_flush(hart); /* those that are there will be decoded again */
}

/* The bus is never called with the guest's rounding mode. */
void emu_riscv_trace(Hart *hart, const EmuRiscvEvent *event)
{
    bool entered = emu_riscv_fp_leave(hart);
    hart->bus->ops.trace(hart->bus->ctx, hart->id, event);
    if (entered) {
        emu_riscv_fp_enter(hart);
    }
}

uint64_t emu_riscv_hart_executed(const EmuRiscvHart *hart)
{
    return hart->executed;
}

EmuRiscvStats emu_riscv_hart_stats(const EmuRiscvHart *hart)
{
    EmuRiscvStats stats = hart->stats;
    stats.instructions = hart->executed;
    return stats;
}
