/* riscv-aplic: the advanced platform-level interrupt controller (RISC-V AIA 1.0, 4): two domains,
 * the root at machine level and its one child at supervisor level. A source is active in one of
 * them at most. A domain either drives a line of each hart (direct delivery), or, where there are
 * IMSICs, forwards each interrupt as a message. */
#include "driver.h"
#include "types/riscv_aplic.h"

#include <string.h>

#define MAX_SOURCES 1024 /* source 0 counts, and does not exist */
#define N_WORDS     (MAX_SOURCES / 32)

enum { /* offsets in a domain's control region (4.5) */
       DOMAINCFG = 0x0,
       MMSIADDRCFG = 0x1bc0, /* then mmsiaddrcfgh, smsiaddrcfg, smsiaddrcfgh */
       SETIP = 0x1c00,
       SETIPNUM = 0x1cdc,
       IN_CLRIP = 0x1d00,
       CLRIPNUM = 0x1ddc,
       SETIE = 0x1e00,
       SETIENUM = 0x1edc,
       CLRIE = 0x1f00,
       CLRIENUM = 0x1fdc,
       SETIPNUM_LE = 0x2000,
       GENMSI = 0x3000,
       IDC = 0x4000,
       ARRAY = N_WORDS * 4, /* bytes of a bit array */
       IDC_STRIDE = 0x20,
       IDC_IDELIVERY = 0x0, /* offsets in an IDC structure (4.8.1) */
       IDC_IFORCE = 0x4,
       IDC_ITHRESHOLD = 0x8,
       IDC_TOPI = 0x18,
       IDC_CLAIMI = 0x1c,
};

enum {
    DOMAINCFG_ONES = 0x80, /* bits 31:24 */
    DOMAINCFG_IE = 1 << 8,
    DOMAINCFG_DM = 1 << 2,
    SOURCE_DELEGATE = 1 << 10,
    TARGET_HART_SHIFT = 18,
    TARGET_HART_MASK = 0x3fff,
    TARGET_EIID = 0x7ff,
};

typedef enum { /* of a source (4.5.2); others are not taken */
               MODE_INACTIVE = 0,
               MODE_DETACHED = 1,
               MODE_EDGE1 = 4,
               MODE_EDGE0 = 5,
               MODE_LEVEL1 = 6,
               MODE_LEVEL0 = 7,
} Mode;

typedef struct Idc {
    bool delivery, force;
    uint32_t threshold;
} Idc;

typedef struct Domain {
    bool is_root, enabled;
    unsigned irq; /* its lines to harts */
    uint32_t config[MAX_SOURCES];
    uint32_t targets[MAX_SOURCES];
    uint32_t pending[N_WORDS], wanted[N_WORDS]; /* wanted: the interrupt-enable bits */
    uint32_t genmsi;
    Idc *idcs;
} Domain;

/* Where messages go: mmsiaddrcfg and what follows it. */
enum { ADDR_M_LOW, ADDR_M_HIGH, ADDR_S_LOW, ADDR_S_HIGH, N_ADDRS };

typedef struct Aplic {
    unsigned n_sources; /* source 0 included */
    unsigned n_harts;
    uint32_t priority_mask;
    bool forwards;   /* as messages */
    bool forwarding; /* at the moment: a message may come back as a write to this device */
    uint32_t levels[N_WORDS];
    uint32_t addrs[N_ADDRS];
    Domain domains[2]; /* by region */
} Aplic;

static bool get(const uint32_t *words, unsigned bit)
{
    return words[bit / 32] >> bit % 32 & 1;
}

static void set(uint32_t *words, unsigned bit, bool on)
{
    uint32_t mask = UINT32_C(1) << bit % 32;
    words[bit / 32] = on ? words[bit / 32] | mask : words[bit / 32] & ~mask;
}

/* ---- sources --------------------------------------------------------------------------------- */

static Mode mode_of(const Domain *domain, unsigned source)
{
    return domain->config[source] & SOURCE_DELEGATE ? MODE_INACTIVE : domain->config[source];
}

static bool is_level(Mode mode)
{
    return mode == MODE_LEVEL1 || mode == MODE_LEVEL0;
}

/* The rectified input value (4.5.2). */
static bool rectified(const Aplic *aplic, const Domain *domain, unsigned source)
{
    Mode mode = mode_of(domain, source);
    if (mode == MODE_INACTIVE || mode == MODE_DETACHED)
        return false;
    return get(aplic->levels, source) != (mode == MODE_EDGE0 || mode == MODE_LEVEL0);
}

/* Is there such a source, and active in the domain? */
static bool is_active(const Aplic *aplic, const Domain *domain, uint64_t source)
{
    return source > 0 && source < aplic->n_sources && mode_of(domain, source) != MODE_INACTIVE;
}

/* By software (4.7): the pending bit of a level-sensitive source follows its input where that is
 * delivered directly, and else is never set while the input is low. */
static void set_pending(const Aplic *aplic, Domain *domain, unsigned source, bool on)
{
    if (!is_active(aplic, domain, source))
        return;
    bool level = is_level(mode_of(domain, source));
    if (level && (!aplic->forwards || (on && !rectified(aplic, domain, source))))
        return;
    set(domain->pending, source, on);
}

/* ---- delivery -------------------------------------------------------------------------------- */

/* Target address of a message (4.9.1). */
static uint64_t message_address(const Aplic *aplic, const Domain *domain, uint32_t hart)
{
    const uint32_t *addrs = &aplic->addrs[domain->is_root ? ADDR_M_LOW : ADDR_S_LOW];
    uint32_t shape = aplic->addrs[ADDR_M_HIGH];
    unsigned low_width = shape >> 12 & 15, high_width = shape >> 16 & 7;
    unsigned low_shift = addrs[1] >> 20 & 7, high_shift = shape >> 24 & 31;
    uint64_t page = (uint64_t)(addrs[1] & 0xfff) << 32 | addrs[0];
    uint64_t group = hart >> low_width & ((1u << high_width) - 1);
    page |= group << (high_shift + 12);
    page |= (uint64_t)(hart & ((1u << low_width) - 1)) << low_shift;
    return page << 12;
}

static void send(EmuDevice *device, const Domain *domain, uint32_t target)
{
    uint64_t address =
        message_address(emu_device_state(device), domain, target >> TARGET_HART_SHIFT);
    if (!emu_device_write_message(device, address, target & TARGET_EIID))
        emu_device_guest_error(device, "message to 0x%" G_GINT64_MODIFIER "x: nothing takes it",
                               address);
}

static void forward(EmuDevice *device, Domain *domain)
{
    Aplic *aplic = emu_device_state(device);
    if (aplic->forwarding)
        return;
    aplic->forwarding = true;
    for (unsigned word = 0; domain->enabled && word < N_WORDS; word++) {
        uint32_t ready = domain->pending[word] & domain->wanted[word];
        domain->pending[word] &= ~ready;
        for (; ready; ready &= ready - 1)
            send(device, domain, domain->targets[word * 32 + (unsigned)__builtin_ctz(ready)]);
    }
    aplic->forwarding = false;
}

/* The register topi of a hart: identity and priority (4.8.1.4). */
static uint32_t top_of(const Domain *domain, unsigned hart)
{
    uint32_t best = 0, best_priority = UINT32_MAX, threshold = domain->idcs[hart].threshold;
    for (unsigned word = 0; word < N_WORDS; word++) {
        uint32_t ready = domain->pending[word] & domain->wanted[word];
        for (; ready; ready &= ready - 1) {
            unsigned source = word * 32 + (unsigned)__builtin_ctz(ready);
            uint32_t target = domain->targets[source], priority = target & 0xff;
            if (target >> TARGET_HART_SHIFT == hart && priority < best_priority &&
                (!threshold || priority < threshold)) {
                best_priority = priority;
                best = source << 16 | priority;
            }
        }
    }
    return best;
}

static void drive_lines(EmuDevice *device, const Domain *domain)
{
    const Aplic *aplic = emu_device_state(device);
    for (unsigned hart = 0; hart < aplic->n_harts; hart++) {
        const Idc *idc = &domain->idcs[hart];
        emu_device_set_irq(device, domain->irq, hart,
                           domain->enabled && idc->delivery &&
                               (idc->force || top_of(domain, hart)));
    }
}

static void deliver(EmuDevice *device, Domain *domain)
{
    const Aplic *aplic = emu_device_state(device);
    if (aplic->forwards)
        forward(device, domain);
    else
        drive_lines(device, domain);
}

static void aplic_input(EmuDevice *device, unsigned line, bool level)
{
    Aplic *aplic = emu_device_state(device);
    if (line == 0 || line >= aplic->n_sources)
        return;
    set(aplic->levels, line, level);
    for (unsigned i = 0; i < G_N_ELEMENTS(aplic->domains); i++) {
        Domain *domain = &aplic->domains[i];
        bool high = rectified(aplic, domain, line);
        if (high || is_level(mode_of(domain, line))) {
            set(domain->pending, line, high);
            deliver(device, domain);
        }
    }
}

/* ---- configuration --------------------------------------------------------------------------- */

static void set_config(Aplic *aplic, Domain *domain, unsigned source, uint32_t value)
{
    Mode mode = value & 7;
    bool taken = mode == MODE_DETACHED || mode >= MODE_EDGE1;
    domain->config[source] = value & SOURCE_DELEGATE ? SOURCE_DELEGATE : taken ? mode : 0;
    if (mode_of(domain, source) == MODE_INACTIVE) {
        domain->targets[source] = 0;
        set(domain->pending, source, false);
        set(domain->wanted, source, false);
        return;
    }
    if (!aplic->forwards && !(domain->targets[source] & 0xff))
        domain->targets[source] |= 1; /* no priority is zero */
    if (rectified(aplic, domain, source))
        set(domain->pending, source, true);
    else if (is_level(mode))
        set(domain->pending, source, false);
}

/* A child's source that is not delegated to it is read-only zero. */
static void write_config(Aplic *aplic, Domain *domain, unsigned source, uint32_t value)
{
    Domain *root = &aplic->domains[RISCV_APLIC_REGION_MACHINE];
    Domain *child = &aplic->domains[RISCV_APLIC_REGION_SUPERVISOR];
    if (domain == root) {
        set_config(aplic, root, source, value);
        if (!(root->config[source] & SOURCE_DELEGATE))
            set_config(aplic, child, source, 0);
    } else if (root->config[source] & SOURCE_DELEGATE) {
        set_config(aplic, child, source, value & SOURCE_DELEGATE ? 0 : value);
    }
}

static void write_target(const Aplic *aplic, Domain *domain, unsigned source, uint32_t value)
{
    if (!is_active(aplic, domain, source))
        return;
    uint32_t hart = value >> TARGET_HART_SHIFT << TARGET_HART_SHIFT;
    uint32_t priority = value & aplic->priority_mask;
    domain->targets[source] = hart | (aplic->forwards ? value & TARGET_EIID
                                      : priority      ? priority
                                                      : 1);
}

/* L locks them all (4.5.3). */
static void write_address(Aplic *aplic, unsigned index, uint32_t value)
{
    static const uint32_t masks[N_ADDRS] = {UINT32_MAX, 0x9f77ffff, UINT32_MAX, 0x00700fff};
    if (!(aplic->addrs[ADDR_M_HIGH] & UINT32_C(1) << 31))
        aplic->addrs[index] = value & masks[index];
}

/* ---- registers ------------------------------------------------------------------------------- */

static uint32_t rectified_word(const Aplic *aplic, const Domain *domain, unsigned word)
{
    uint32_t bits = 0;
    for (unsigned bit = 0; bit < 32; bit++)
        bits |= (uint32_t)rectified(aplic, domain, word * 32 + bit) << bit;
    return bits;
}

static uint32_t read_idc(EmuDevice *device, Domain *domain, uint64_t offset)
{
    const Aplic *aplic = emu_device_state(device);
    uint64_t hart = offset / IDC_STRIDE;
    if (aplic->forwards || hart >= aplic->n_harts)
        return 0;
    Idc *idc = &domain->idcs[hart];
    uint32_t top = top_of(domain, (unsigned)hart);
    switch (offset % IDC_STRIDE) {
    case IDC_IDELIVERY:
        return idc->delivery;
    case IDC_IFORCE:
        return idc->force;
    case IDC_ITHRESHOLD:
        return idc->threshold;
    case IDC_TOPI:
        return top;
    case IDC_CLAIMI:
        if (!top)
            idc->force = false;
        else if (!is_level(mode_of(domain, top >> 16)))
            set(domain->pending, top >> 16, false);
        drive_lines(device, domain);
        return top;
    default:
        return 0;
    }
}

/* The word of a bit array at an offset; false: the offset is in none. */
static bool in_array(uint64_t offset, unsigned array, unsigned *ret_word)
{
    *ret_word = (unsigned)(offset - array) / 4;
    return offset >= array && offset < array + ARRAY;
}

static uint64_t aplic_read(EmuDevice *device, unsigned region, uint64_t offset, unsigned size)
{
    (void)size;
    Aplic *aplic = emu_device_state(device);
    Domain *domain = &aplic->domains[region];
    uint64_t index = offset % 0x1000 / 4;
    unsigned word;
    if (offset == DOMAINCFG)
        return (uint32_t)DOMAINCFG_ONES << 24 | (domain->enabled ? DOMAINCFG_IE : 0) |
               (aplic->forwards ? DOMAINCFG_DM : 0);
    if (offset < 0x1000)
        return domain->config[index];
    if (offset >= MMSIADDRCFG && offset < MMSIADDRCFG + 4 * N_ADDRS)
        return domain->is_root && aplic->forwards ? aplic->addrs[(offset - MMSIADDRCFG) / 4] : 0;
    if (in_array(offset, SETIP, &word))
        return domain->pending[word];
    if (in_array(offset, IN_CLRIP, &word))
        return rectified_word(aplic, domain, word);
    if (in_array(offset, SETIE, &word))
        return domain->wanted[word];
    if (offset == GENMSI)
        return domain->genmsi;
    if (offset > GENMSI && offset < IDC)
        return domain->targets[index];
    return offset >= IDC ? read_idc(device, domain, offset - IDC) : 0;
}

static void write_idc(const Aplic *aplic, Domain *domain, uint64_t offset, uint32_t value)
{
    uint64_t hart = offset / IDC_STRIDE;
    if (aplic->forwards || hart >= aplic->n_harts)
        return;
    Idc *idc = &domain->idcs[hart];
    switch (offset % IDC_STRIDE) {
    case IDC_IDELIVERY:
        idc->delivery = value & 1;
        break;
    case IDC_IFORCE:
        idc->force = value & 1;
        break;
    case IDC_ITHRESHOLD:
        idc->threshold = value & aplic->priority_mask;
        break;
    default:
        break;
    }
}

/* Sets or clears the bits of one word of a bit array. */
static void write_array(const Aplic *aplic, Domain *domain, uint64_t array, unsigned word,
                        uint32_t bits)
{
    for (; bits; bits &= bits - 1) {
        unsigned source = word * 32 + (unsigned)__builtin_ctz(bits);
        if (array == SETIP || array == IN_CLRIP)
            set_pending(aplic, domain, source, array == SETIP);
        else if (is_active(aplic, domain, source))
            set(domain->wanted, source, array == SETIE);
    }
}

/* The registers that say a bit by its number. */
static bool write_number(const Aplic *aplic, Domain *domain, uint64_t offset, uint32_t number)
{
    static const struct {
        unsigned offset, array;
    } registers[] = {{SETIPNUM, SETIP},
                     {SETIPNUM_LE, SETIP},
                     {CLRIPNUM, IN_CLRIP},
                     {SETIENUM, SETIE},
                     {CLRIENUM, CLRIE}};
    for (size_t i = 0; i < G_N_ELEMENTS(registers); i++) {
        if (registers[i].offset != offset)
            continue;
        if (number < aplic->n_sources)
            write_array(aplic, domain, registers[i].array, number / 32, 1u << number % 32);
        return true;
    }
    return false;
}

static bool write_bits(const Aplic *aplic, Domain *domain, uint64_t offset, uint32_t value)
{
    static const unsigned arrays[] = {SETIP, IN_CLRIP, SETIE, CLRIE};
    unsigned word;
    for (size_t i = 0; i < G_N_ELEMENTS(arrays); i++) {
        if (in_array(offset, arrays[i], &word)) {
            write_array(aplic, domain, arrays[i], word, value);
            return true;
        }
    }
    return write_number(aplic, domain, offset, value);
}

static void aplic_write(EmuDevice *device, unsigned region, uint64_t offset, unsigned size,
                        uint64_t wide)
{
    (void)size;
    Aplic *aplic = emu_device_state(device);
    Domain *domain = &aplic->domains[region];
    uint32_t value = (uint32_t)wide;
    unsigned index = offset % 0x1000 / 4;
    bool is_source = index && index < aplic->n_sources;
    if (offset == DOMAINCFG) {
        domain->enabled = value & DOMAINCFG_IE;
    } else if (offset < 0x1000) {
        if (is_source)
            write_config(aplic, domain, index, value);
    } else if (offset >= MMSIADDRCFG && offset < MMSIADDRCFG + 4 * N_ADDRS) {
        if (domain->is_root && aplic->forwards)
            write_address(aplic, (unsigned)(offset - MMSIADDRCFG) / 4, value);
    } else if (offset == GENMSI) {
        domain->genmsi =
            aplic->forwards ? value & ~(uint32_t)(0x3f000 | 0x800) : 0; /* never busy */
        if (aplic->forwards)
            send(device, domain, domain->genmsi);
    } else if (offset > GENMSI && offset < IDC) {
        if (is_source)
            write_target(aplic, domain, index, value);
    } else if (offset >= IDC) {
        write_idc(aplic, domain, offset - IDC, value);
    } else if (!write_bits(aplic, domain, offset, value)) {
        emu_device_guest_error(device, "write to reserved offset 0x%" G_GINT64_MODIFIER "x",
                               offset);
    }
    for (unsigned i = 0; i < G_N_ELEMENTS(aplic->domains); i++)
        deliver(device, &aplic->domains[i]);
}

/* ---- life ------------------------------------------------------------------------------------ */

static bool aplic_init(EmuDevice *device, GError **error)
{
    (void)error;
    Aplic *aplic = emu_device_state(device);
    struct riscv_aplic_props props;
    riscv_aplic_props_read(emu_device_model(device), &props);
    aplic->n_sources = (unsigned)props.sources + 1;
    aplic->priority_mask = (UINT32_C(1) << props.priority_bits) - 1;
    aplic->forwards = props.machine_msi && *props.machine_msi;
    aplic->n_harts = MAX(emu_device_n_outputs(device, RISCV_APLIC_IRQ_MACHINE),
                         emu_device_n_outputs(device, RISCV_APLIC_IRQ_SUPERVISOR));
    for (unsigned region = 0; region < G_N_ELEMENTS(aplic->domains); region++) {
        Domain *domain = &aplic->domains[region];
        domain->is_root = region == RISCV_APLIC_REGION_MACHINE;
        domain->irq = domain->is_root ? RISCV_APLIC_IRQ_MACHINE : RISCV_APLIC_IRQ_SUPERVISOR;
        domain->idcs = g_new0(Idc, aplic->n_harts);
    }
    return true;
}

static void aplic_reset(EmuDevice *device)
{
    Aplic *aplic = emu_device_state(device);
    memset(aplic->addrs, 0, sizeof(aplic->addrs));
    for (unsigned i = 0; i < G_N_ELEMENTS(aplic->domains); i++) {
        Domain *domain = &aplic->domains[i];
        Idc *idcs = domain->idcs;
        if (idcs) /* none where messages are sent */
            memset(idcs, 0, aplic->n_harts * sizeof(Idc));
        *domain = (Domain){.is_root = domain->is_root, .irq = domain->irq, .idcs = idcs};
        deliver(device, domain);
    }
}

static void aplic_done(EmuDevice *device)
{
    Aplic *aplic = emu_device_state(device);
    for (unsigned i = 0; i < G_N_ELEMENTS(aplic->domains); i++)
        g_free(aplic->domains[i].idcs);
}

const EmuDriver emu_driver_riscv_aplic = {
    .type = &mdl_type_riscv_aplic,
    .state_size = sizeof(Aplic),
    .init = aplic_init,
    .reset = aplic_reset,
    .done = aplic_done,
    .access_sizes = EMU_ACCESS_4,
    .read = aplic_read,
    .write = aplic_write,
    .input = aplic_input,
};
