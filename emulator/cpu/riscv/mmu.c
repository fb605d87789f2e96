/* mmu: virtual addresses to physical ones by the page tables (priv 4.3 to 4.5, 5 Svnapot, 6 Svpbmt,
 * Svadu). It must not know caches of translations other than its own of page tables. */
#include "internal.h"

static unsigned view_priv(View view)
{
    return view == VIEW_M ? PRIV_M : view == VIEW_U ? PRIV_U : PRIV_S;
}

/* How many levels of tables satp asks for; 0: Bare. */
static unsigned levels(const Hart *hart)
{
    switch (hart->satp >> SATP_MODE_SHIFT) {
    case SATP_SV39:
        return 3;
    case SATP_SV48:
        return 4;
    case SATP_SV57:
        return 5;
    default:
        return 0;
    }
}

static bool page_fault(Hart *hart, uint64_t address, Access access)
{
    static const uint8_t causes[] = {CAUSE_LOAD_PAGE, CAUSE_STORE_PAGE, CAUSE_FETCH_PAGE};
    hart->fault_cause = causes[access];
    hart->fault_value = address;
    return false;
}

static bool access_fault(Hart *hart, uint64_t address, Access access)
{
    static const uint8_t causes[] = {CAUSE_LOAD_ACCESS, CAUSE_STORE_ACCESS, CAUSE_FETCH_ACCESS};
    hart->fault_cause = causes[access];
    hart->fault_value = address;
    return false;
}

/* Bits that only some harts know, and only in leaves (priv 4.4.1). */
static bool reserved_bits(const Hart *hart, uint64_t pte, bool leaf, unsigned level)
{
    uint64_t reserved = PTE_RSVD;
    if (!leaf) {
        return pte & (reserved | PTE_N | PTE_PBMT | PTE_D | PTE_A | PTE_U);
    }
    if (!(hart->menvcfg & ENVCFG_PBMTE)) {
        reserved |= PTE_PBMT;
    } else if ((pte & PTE_PBMT) == PTE_PBMT) {
        return true;
    }
    if (!has(hart, EMU_RISCV_EXT_SVNAPOT)) {
        reserved |= PTE_N;
    } else if ((pte & PTE_N) && (level != 0 || (pte >> 10 & 15) != 8)) {
        return true; /* 64 KiB is the only size there is (5.1, table 5.1) */
    }
    return pte & reserved;
}

/* priv 4.3.2, steps 5 to 7. */
static bool leaf_permits(const Hart *hart, uint64_t pte, Access access, View view)
{
    if (pte & PTE_U ? view == VIEW_S || (view == VIEW_S_SUM && access == ACCESS_FETCH)
                    : view == VIEW_U) {
        return false;
    }
    switch (access) {
    case ACCESS_LOAD:
        return (pte & PTE_R) || ((pte & PTE_X) && (hart->mstatus & MSTATUS_MXR));
    case ACCESS_STORE:
        return pte & PTE_W;
    default:
        return pte & PTE_X;
    }
}

/* Does hardware set A and D? With Svadu as menvcfg says, with Svade alone never, and with neither
 * declared always. */
static bool updates_ad(const Hart *hart)
{
    return has(hart, EMU_RISCV_EXT_SVADU) ? hart->menvcfg & ENVCFG_ADUE
                                          : !has(hart, EMU_RISCV_EXT_SVADE);
}

typedef enum Step { STEP_DONE, STEP_AGAIN, STEP_PAGE, STEP_ACCESS } Step;

/* A leaf was found at *slot: checks it, sets A and D. */
static Step take_leaf(Hart *hart, uint64_t *slot, uint64_t slot_address, uint64_t pte,
                      unsigned level, Access access, View view)
{
    uint64_t span = (UINT64_C(1) << level * 9) - 1;
    if (reserved_bits(hart, pte, true, level) || !leaf_permits(hart, pte, access, view) ||
        (pte >> 10 & span)) {
        return STEP_PAGE;
    }
    uint64_t wanted = pte | PTE_A | (access == ACCESS_STORE ? PTE_D : 0);
    if (wanted == pte) {
        return STEP_DONE;
    }
    if (!updates_ad(hart)) {
        return STEP_PAGE;
    }
    uint64_t left;
    if (!emu_riscv_physical(hart->bus, slot_address, true, &left) ||
        !emu_riscv_pmp_check(hart, slot_address, 8, ACCESS_STORE, PRIV_S, NULL)) {
        return STEP_ACCESS;
    }
    return __atomic_compare_exchange_n(slot, &pte, wanted, false, __ATOMIC_SEQ_CST,
                                       __ATOMIC_SEQ_CST)
               ? STEP_DONE
               : STEP_AGAIN; /* another hart changed it: look again (step 9) */
}

/* The entry of a table for this address; NULL: tables must be memory that S may read. */
static uint64_t *table_slot(Hart *hart, uint64_t table, uint64_t address, unsigned level,
                            uint64_t *ret_address)
{
    uint64_t left, slot = table + (address >> (PAGE_BITS + level * 9) & 511) * 8;
    uint8_t *host = emu_riscv_physical(hart->bus, slot, false, &left);
    if (!host || left < 8 || !emu_riscv_pmp_check(hart, slot, 8, ACCESS_LOAD, PRIV_S, NULL)) {
        return NULL;
    }
    *ret_address = slot;
    return (uint64_t *)host;
}

static void remember_table(Hart *hart, uint64_t address, uint64_t table)
{
    bool uniform = false;
    uint64_t left;
    uint8_t *host = emu_riscv_physical(hart->bus, table, false, &left);
    if (host && emu_riscv_pmp_check(hart, table, 8, ACCESS_LOAD, PRIV_S, &uniform) && uniform) {
        hart->tables[address >> 21 & (TABLE_ENTRIES - 1)] =
            (TableEntry){address >> 21, table, (uint64_t *)host};
    }
}

static uint64_t leaf_target(uint64_t pte, uint64_t address, unsigned level)
{
    uint64_t span = (UINT64_C(1) << (PAGE_BITS + level * 9)) - 1;
    uint64_t base = (pte & PTE_PPN) << 2;
    if (pte & PTE_N) {
        span = 0xffff;
    }
    return (base & ~span) | (address & span);
}

/* priv 4.3.2. ret_level: of the leaf. */
static Step walk(Hart *hart, uint64_t address, Access access, View view, uint64_t *ret_physical,
                 unsigned *ret_level)
{
    unsigned count = levels(hart), level = count - 1;
    uint64_t table = (hart->satp & SATP_PPN) << PAGE_BITS;
    const TableEntry *known = &hart->tables[address >> 21 & (TABLE_ENTRIES - 1)];
    if (known->region == address >> 21) {
        table = known->table;
        level = 0;
    }
    for (;;) {
        uint64_t slot_address = 0, *slot;
        if (level == 0 && known->region == address >> 21) {
            slot = &known->host[address >> PAGE_BITS & 511];
            slot_address = table + (address >> PAGE_BITS & 511) * 8;
        } else {
            slot = table_slot(hart, table, address, level, &slot_address);
        }
        if (!slot) {
            return STEP_ACCESS;
        }
        uint64_t pte = __atomic_load_n(slot, __ATOMIC_ACQUIRE);
        if (!(pte & PTE_V) || (pte & (PTE_R | PTE_W)) == PTE_W) {
            return STEP_PAGE;
        }
        if (pte & (PTE_R | PTE_X)) {
            Step step = take_leaf(hart, slot, slot_address, pte, level, access, view);
            if (step == STEP_DONE) {
                *ret_physical = leaf_target(pte, address, level);
                *ret_level = pte & PTE_N ? 1 : level;
            }
            return step;
        }
        if (level == 0 || reserved_bits(hart, pte, false, level)) {
            return STEP_PAGE;
        }
        table = (pte & PTE_PPN) << 2;
        if (--level == 0) {
            remember_table(hart, address, table);
        }
    }
}

/* Pages larger than 4 KiB are cached as many of 4 KiB: an SFENCE.VMA of one must find the others.
 */
static void note_large(Hart *hart, uint64_t address, unsigned level)
{
    uint64_t span = (UINT64_C(1) << (PAGE_BITS + level * 9)) - 1;
    LargePages *large = &hart->large[address >> 63];
    large->first = MIN(large->first, address & ~span);
    large->last = MAX(large->last, address | span);
}

bool emu_riscv_translate(Hart *hart, uint64_t address, Access access, View view,
                         uint64_t *ret_physical)
{
    unsigned count = levels(hart);
    if (view == VIEW_M || count == 0) {
        *ret_physical = address;
        return true;
    }
    /* The upper bits are copies of the highest that is translated (4.3.1, 4.4.1, 4.5.1). */
    unsigned unused = 64 - (PAGE_BITS + count * 9);
    if ((uint64_t)((int64_t)(address << unused) >> unused) != address) {
        return page_fault(hart, address, access);
    }
    hart->stats.walks++;
    Step step;
    unsigned level = 0;
    do {
        step = walk(hart, address, access, view, ret_physical, &level);
    } while (step == STEP_AGAIN);
    if (step == STEP_DONE && level > 0) {
        note_large(hart, address, level);
    }
    bool found = step == STEP_DONE || (step == STEP_PAGE ? page_fault(hart, address, access)
                                                         : access_fault(hart, address, access));
    if (hart->tracing & EMU_RISCV_TRACE_WALK) {
        emu_riscv_trace(hart, &(EmuRiscvEvent){.kind = EMU_RISCV_TRACE_WALK,
                                               .pc = hart->pc,
                                               .cause = found ? 0 : hart->fault_cause,
                                               .address = address,
                                               .access = "rwx"[access],
                                               .found = found,
                                               .physical = found ? *ret_physical : 0});
    }
    return found;
}

void *emu_riscv_probe(const Hart *hart, uint64_t address)
{
    uint64_t physical = address, left;
    unsigned count = levels(hart);
    if (hart->view != VIEW_M && count) {
        unsigned level = count - 1;
        uint64_t table = (hart->satp & SATP_PPN) << PAGE_BITS, pte;
        for (;; level--) {
            uint64_t slot = table + (address >> (PAGE_BITS + level * 9) & 511) * 8;
            uint64_t *host = (uint64_t *)emu_riscv_physical(hart->bus, slot, false, &left);
            if (!host) {
                return NULL;
            }
            pte = *host;
            if (!(pte & PTE_V) || (!(pte & (PTE_R | PTE_X)) && level == 0)) {
                return NULL;
            }
            if (pte & (PTE_R | PTE_X)) {
                break;
            }
            table = (pte & PTE_PPN) << 2;
        }
        physical = leaf_target(pte, address, level);
    }
    return emu_riscv_physical(hart->bus, physical, false, &left);
}

/* ---- accesses -------------------------------------------------------------------------------- */

uint8_t *emu_riscv_physical(const EmuRiscvBus *bus, uint64_t address, bool write,
                            uint64_t *ret_left)
{
    for (unsigned n = 0; n < bus->memory_count; n++) {
        const Memory *memory = &bus->memory[n];
        uint64_t offset = address - memory->base;
        if (offset < memory->size) {
            *ret_left = memory->size - offset;
            return write && !memory->writable ? NULL : memory->host + offset;
        }
    }
    return NULL;
}

static void tlb_fill(TlbEntry *tlb, uint64_t address, uint8_t *host)
{
    TlbEntry *entry = &tlb[(address >> PAGE_BITS & (TLB_SETS - 1)) * TLB_WAYS];
    uint64_t page = address & ~PAGE_MASK;
    if (entry[0].page != page) {
        entry[1] = entry[0]; /* the newest first: the older one goes next */
    }
    entry[0] = (TlbEntry){page, (uintptr_t)host - (uintptr_t)address};
}

/* Translates, checks PMP and finds memory; *ret_host is NULL for a device. */
static bool locate(Hart *hart, uint64_t address, unsigned size, Access access,
                   uint64_t *ret_physical, uint8_t **ret_host)
{
    uint64_t physical, left;
    bool uniform = false;
    if (access == ACCESS_LOAD) {
        hart->stats.load_misses++;
    } else {
        hart->stats.store_misses++;
    }
    if (!emu_riscv_translate(hart, address, access, hart->view, &physical)) {
        return false;
    }
    if (!emu_riscv_pmp_check(hart, physical, size, access, view_priv(hart->view), &uniform)) {
        return access_fault(hart, address, access);
    }
    uint8_t *host = emu_riscv_physical(hart->bus, physical, access == ACCESS_STORE, &left);
    if (host && uniform) {
        tlb_fill(access == ACCESS_STORE ? hart->store : hart->load, address, host);
        hart->views[hart->view].used = true;
    }
    *ret_physical = physical;
    *ret_host = host;
    return true;
}

static bool device_load(Hart *hart, uint64_t address, uint64_t physical, unsigned size,
                        uint64_t *ret_value)
{
    uint64_t value = 0;
    hart->stats.device_loads++;
    emu_riscv_fp_leave(hart);
    bool ok = physical % size == 0 && hart->bus->ops.load(hart->bus->ctx, physical, size, &value);
    emu_riscv_fp_enter(hart);
    if (!ok) {
        return access_fault(hart, address, ACCESS_LOAD);
    }
    *ret_value = size == 8 ? value : value & ((UINT64_C(1) << size * 8) - 1);
    return true;
}

static bool device_store(Hart *hart, uint64_t address, uint64_t physical, unsigned size,
                         uint64_t value)
{
    hart->stats.device_stores++;
    emu_riscv_fp_leave(hart);
    bool ok = physical % size == 0 && hart->bus->ops.store(hart->bus->ctx, physical, size, value);
    emu_riscv_fp_enter(hart);
    return ok || access_fault(hart, address, ACCESS_STORE);
}

/* One host access for an aligned one of the guest. */
static uint64_t get(const uint8_t *host, unsigned size)
{
    uint64_t value = 0;
    switch (size) {
    case 1:
        return *host;
    case 2:
        memcpy(&value, host, 2);
        return value;
    case 4:
        memcpy(&value, host, 4);
        return value;
    default:
        memcpy(&value, host, 8);
        return value;
    }
}

static void put(uint8_t *host, unsigned size, uint64_t value)
{
    switch (size) {
    case 1:
        *host = (uint8_t)value;
        break;
    case 2:
        memcpy(host, &value, 2);
        break;
    case 4:
        memcpy(host, &value, 4);
        break;
    default:
        memcpy(host, &value, 8);
        break;
    }
}

/* Bytes of an access that lie in its first page. */
static unsigned in_first_page(uint64_t address, unsigned size)
{
    uint64_t room = PAGE_SIZE - (address & PAGE_MASK);
    return room < size ? (unsigned)room : size;
}

bool emu_riscv_load(Hart *hart, uint64_t address, unsigned size, uint64_t *ret_value)
{
    unsigned first = in_first_page(address, size);
    uint64_t physical, value = 0;
    uint8_t *host;
    if (!locate(hart, address, first, ACCESS_LOAD, &physical, &host)) {
        return false;
    }
    if (first < size) { /* two pages: devices are not there for such */
        uint8_t *second;
        if (!locate(hart, address + first, size - first, ACCESS_LOAD, &physical, &second)) {
            return false;
        }
        if (!host || !second) {
            return access_fault(hart, host ? address + first : address, ACCESS_LOAD);
        }
        memcpy(&value, host, first);
        memcpy((uint8_t *)&value + first, second, size - first);
    } else if (host) {
        value = get(host, size);
    } else {
        return device_load(hart, address, physical, size, ret_value);
    }
    *ret_value = value;
    return true;
}

bool emu_riscv_store(Hart *hart, uint64_t address, unsigned size, uint64_t value)
{
    unsigned first = in_first_page(address, size);
    uint64_t physical;
    uint8_t *host;
    if (!locate(hart, address, first, ACCESS_STORE, &physical, &host)) {
        return false;
    }
    if (first < size) {
        uint8_t *second;
        if (!locate(hart, address + first, size - first, ACCESS_STORE, &physical, &second)) {
            return false;
        }
        if (!host || !second) {
            return access_fault(hart, host ? address + first : address, ACCESS_STORE);
        }
        memcpy(host, &value, first);
        memcpy(second, (uint8_t *)&value + first, size - first);
    } else if (host) {
        put(host, size, value);
    } else {
        return device_store(hart, address, physical, size, value);
    }
    return true;
}

void *emu_riscv_memory(Hart *hart, uint64_t address, unsigned size, Access access)
{
    uint64_t physical;
    uint8_t *host;
    if (!locate(hart, address, size, access, &physical, &host)) {
        return NULL;
    }
    if (!host) { /* atomics are for memory (priv 3.6.3) */
        access_fault(hart, address, access);
    }
    return host;
}

const FetchEntry *emu_riscv_fetch(Hart *hart, uint64_t address)
{
    Views *views = &hart->views[hart->fetch_view];
    FetchEntry *entry = &views->fetch[address >> PAGE_BITS & (FETCH_ENTRIES - 1)];
    if (likely(entry->page == (address & ~PAGE_MASK))) {
        return entry;
    }
    uint64_t physical, left;
    bool uniform = false;
    hart->stats.fetch_misses++;
    if (!emu_riscv_translate(hart, address, ACCESS_FETCH, hart->fetch_view, &physical)) {
        return NULL;
    }
    uint8_t *host = emu_riscv_physical(hart->bus, physical, false, &left);
    if (!host || !emu_riscv_pmp_check(hart, physical, 2, ACCESS_FETCH, hart->priv, &uniform)) {
        access_fault(hart, address, ACCESS_FETCH);
        return NULL;
    }
    *entry = (FetchEntry){uniform ? address & ~PAGE_MASK : TLB_EMPTY, physical & ~PAGE_MASK,
                          host - (physical & PAGE_MASK)};
    views->used = views->code_used = true;
    return entry;
}
