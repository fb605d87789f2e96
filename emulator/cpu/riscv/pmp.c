/* pmp: physical memory protection (priv 3.7). Grain is 4 bytes. */
#include "internal.h"

/* Entry n as a range; first > last for one that is off or empty. */
static PmpRange range_of(const Hart *hart, unsigned n)
{
    uint64_t address = hart->pmpaddr[n];
    PmpRange range = {1, 0, hart->pmpcfg[n]};
    switch (hart->pmpcfg[n] & PMP_A) {
    case PMP_TOR: { /* 3.7.1: an empty range if it ends before it begins */
        uint64_t from = n ? hart->pmpaddr[n - 1] : 0;
        if (from < address) {
            range.first = from << 2;
            range.last = (address << 2) - 1;
        }
        break;
    }
    case PMP_NA4:
        range.first = address << 2;
        range.last = range.first + 3;
        break;
    case PMP_NAPOT: { /* the trailing ones of the address, and the zero above them, are the size */
        uint64_t span = address ^ (address + 1);
        range.first = (address & ~span) << 2;
        range.last = (address | span) << 2 | 3;
        break;
    }
    default:
        break;
    }
    return range;
}

void emu_riscv_pmp_update(Hart *hart)
{
    hart->pmp_count = 0;
    for (unsigned n = 0; n < hart->isa.pmp_entries; n++) {
        PmpRange range = range_of(hart, n);
        if (range.first <= range.last) {
            hart->pmp[hart->pmp_count++] = range;
        }
    }
    emu_riscv_tlb_flush(hart);
}

bool emu_riscv_pmp_check(const Hart *hart, uint64_t address, unsigned size, Access access,
                         unsigned priv, bool *ret_page)
{
    static const uint8_t bits[] = {PMP_R, PMP_W, PMP_X};
    uint64_t last = address + size - 1;
    uint64_t page = address & ~PAGE_MASK, page_last = page | PAGE_MASK;
    bool whole = true, permitted = priv == PRIV_M || hart->isa.pmp_entries == 0;
    for (unsigned n = 0; n < hart->pmp_count; n++) {
        const PmpRange *range = &hart->pmp[n];
        if (page_last < range->first || page > range->last) {
            continue;
        }
        if (page < range->first || page_last > range->last) {
            whole = false;
        }
        if (last < range->first || address > range->last) {
            continue;
        }
        /* 3.7.1: the lowest entry that matches any byte decides, and must match all of them. */
        permitted =
            address >= range->first && last <= range->last &&
            ((range->config & bits[access]) || (priv == PRIV_M && !(range->config & PMP_L)));
        break;
    }
    if (ret_page) {
        *ret_page = whole;
    }
    return permitted;
}
