/* tlb: the caches of translations of a hart: which one is in use, and forgetting. */
#include "internal.h"

static void view_clear(Views *views)
{
    for (unsigned access = 0; access < 2; access++) {
        for (unsigned n = 0; n < TLB_SETS * TLB_WAYS; n++) {
            views->tlb[access][n].page = TLB_EMPTY;
        }
    }
    for (unsigned n = 0; n < FETCH_ENTRIES; n++) {
        views->fetch[n].page = TLB_EMPTY;
    }
    views->used = views->code_used = false;
}

static void large_clear(Hart *hart)
{
    hart->large[0] = hart->large[1] = (LargePages){UINT64_MAX, 0};
}

static void tables_clear(Hart *hart)
{
    for (unsigned n = 0; n < TABLE_ENTRIES; n++) {
        hart->tables[n].region = NO_ADDRESS;
    }
}

void emu_riscv_views_init(Hart *hart)
{
    hart->views = g_new0(Views, VIEW_COUNT);
    hart->jumps = g_new0(JumpEntry, JUMP_MODES * JUMP_ENTRIES);
    for (unsigned view = 0; view < VIEW_COUNT; view++) {
        view_clear(&hart->views[view]);
    }
    large_clear(hart);
    tables_clear(hart);
    memset(hart->jumps_used, true, sizeof hart->jumps_used);
    emu_riscv_jumps_flush(hart);
}

void emu_riscv_views_done(Hart *hart)
{
    g_free(hart->views);
    g_free(hart->jumps);
}

void emu_riscv_tlb_flush(Hart *hart)
{
    for (unsigned view = 0; view < VIEW_COUNT; view++) {
        if (hart->views[view].used) {
            view_clear(&hart->views[view]);
        }
    }
    large_clear(hart);
    tables_clear(hart);
    emu_riscv_jumps_flush(hart);
}

void emu_riscv_tlb_flush_page(Hart *hart, uint64_t address)
{
    const LargePages *large = &hart->large[address >> 63];
    if (address >= large->first && address <= large->last) {
        emu_riscv_tlb_flush(hart);
        return;
    }
    uint64_t page = address & ~PAGE_MASK;
    for (unsigned view = 0; view < VIEW_COUNT; view++) {
        Views *views = &hart->views[view];
        for (unsigned access = 0; access < 2; access++) {
            TlbEntry *entry =
                &views->tlb[access][(address >> PAGE_BITS & (TLB_SETS - 1)) * TLB_WAYS];
            for (unsigned way = 0; way < TLB_WAYS; way++) {
                if (entry[way].page == page) {
                    entry[way].page = TLB_EMPTY;
                }
            }
        }
        FetchEntry *fetch = &views->fetch[address >> PAGE_BITS & (FETCH_ENTRIES - 1)];
        if (fetch->page == page) {
            fetch->page = TLB_EMPTY;
        }
    }
    TableEntry *table = &hart->tables[address >> 21 & (TABLE_ENTRIES - 1)];
    if (table->region == address >> 21) {
        table->region = NO_ADDRESS;
    }
    emu_riscv_jumps_flush(hart);
}

void emu_riscv_jumps_flush(Hart *hart)
{
    for (unsigned mode = 0; mode < JUMP_MODES; mode++) {
        if (hart->jumps_used[mode]) {
            for (unsigned n = 0; n < JUMP_ENTRIES; n++) {
                hart->jumps[mode * JUMP_ENTRIES + n].pc = NO_PC;
            }
            hart->jumps_used[mode] = false;
        }
    }
}

static View view_of(const Hart *hart, unsigned priv)
{
    switch (priv) {
    case PRIV_U:
        return VIEW_U;
    case PRIV_S:
        return hart->mstatus & MSTATUS_SUM ? VIEW_S_SUM : VIEW_S;
    default:
        return VIEW_M;
    }
}

void emu_riscv_views_update(Hart *hart)
{
    unsigned data = hart->mstatus & MSTATUS_MPRV ? hart->mstatus >> MPP_SHIFT & 3 : hart->priv;
    hart->view = view_of(hart, data);
    hart->fetch_view = hart->priv == PRIV_S ? VIEW_S : view_of(hart, hart->priv);
    hart->load = hart->views[hart->view].tlb[ACCESS_LOAD];
    hart->store = hart->views[hart->view].tlb[ACCESS_STORE];
    hart->jump_mode = hart->priv == PRIV_M ? 2 : hart->priv;
    hart->jump = &hart->jumps[hart->jump_mode * JUMP_ENTRIES];
}
