/* sifive-plic: the platform-level interrupt controller (RISC-V PLIC specification 1.0.0).
 *
 * Sources are level-triggered. Context 2h is hart h's machine mode, 2h + 1 its supervisor mode. */
#include "driver.h"
#include "types/sifive_plic.h"

#define MAX_SOURCES 1024 /* source 0 counts, and does not exist */
#define N_WORDS     (MAX_SOURCES / 32)

enum { /* offsets (PLIC 1.0.0, 3) */
       PRIORITY = 0x0,
       PENDING = 0x1000,
       ENABLE = 0x2000, /* 0x80 for each context */
       ENABLE_STRIDE = 0x80,
       CONTEXT = 0x200000, /* 0x1000 for each context: threshold, claim */
       CONTEXT_STRIDE = 0x1000,
};

typedef struct Context {
    uint32_t threshold;
    uint32_t enabled[N_WORDS];
} Context;

typedef struct Plic {
    unsigned n_sources; /* source 0 included */
    unsigned n_contexts;
    uint32_t priority_mask;
    uint32_t priorities[MAX_SOURCES];
    uint32_t levels[N_WORDS];
    uint32_t pending[N_WORDS];
    uint32_t claimed[N_WORDS]; /* between claim and completion the gateway is closed */
    Context *contexts;
} Plic;

static bool get(const uint32_t *words, unsigned bit)
{
    return words[bit / 32] >> bit % 32 & 1;
}

static void set(uint32_t *words, unsigned bit, bool on)
{
    uint32_t mask = UINT32_C(1) << bit % 32;
    words[bit / 32] = on ? words[bit / 32] | mask : words[bit / 32] & ~mask;
}

/* ---- notification and claim ------------------------------------------------------------------ */

/* The pending, enabled source of the highest priority above a floor; of equals the lowest. 0: none.
 */
static unsigned best_source(const Plic *plic, const Context *context, uint32_t floor)
{
    unsigned best = 0;
    for (unsigned word = 0; word < N_WORDS; word++) {
        uint32_t bits = plic->pending[word] & context->enabled[word];
        for (; bits; bits &= bits - 1) {
            unsigned source = word * 32 + (unsigned)__builtin_ctz(bits);
            if (plic->priorities[source] > floor) {
                floor = plic->priorities[source];
                best = source;
            }
        }
    }
    return best;
}

static void update_irqs(EmuDevice *device)
{
    const Plic *plic = emu_device_state(device);
    for (unsigned i = 0; i < plic->n_contexts; i++) {
        const Context *context = &plic->contexts[i];
        unsigned irq = i % 2 ? SIFIVE_PLIC_IRQ_SUPERVISOR : SIFIVE_PLIC_IRQ_MACHINE;
        emu_device_set_irq(device, irq, i / 2, best_source(plic, context, context->threshold));
    }
}

/* A gateway lets a high line through once, until it is completed (PLIC 1.0.0, 8). */
static void open_gateway(Plic *plic, unsigned source)
{
    if (get(plic->levels, source) && !get(plic->claimed, source))
        set(plic->pending, source, true);
}

static void plic_input(EmuDevice *device, unsigned line, bool level)
{
    Plic *plic = emu_device_state(device);
    if (line == 0 || line >= plic->n_sources)
        return;
    set(plic->levels, line, level);
    open_gateway(plic, line);
    update_irqs(device);
}

/* The threshold does not hold back a claim (PLIC 1.0.0, 7). */
static uint32_t claim(EmuDevice *device, const Context *context)
{
    Plic *plic = emu_device_state(device);
    unsigned source = best_source(plic, context, 0);
    if (source) {
        set(plic->pending, source, false);
        set(plic->claimed, source, true);
        update_irqs(device);
    }
    return source;
}

static void complete(EmuDevice *device, const Context *context, uint32_t source)
{
    Plic *plic = emu_device_state(device);
    if (source == 0 || source >= plic->n_sources || !get(context->enabled, source))
        return;
    set(plic->claimed, source, false);
    open_gateway(plic, source);
    update_irqs(device);
}

/* ---- registers ------------------------------------------------------------------------------- */

/* The bits of a word that stand for sources. */
static uint32_t source_mask(const Plic *plic, unsigned word)
{
    uint32_t mask = word ? UINT32_MAX : ~UINT32_C(1);
    unsigned first = word * 32;
    if (first >= plic->n_sources)
        return 0;
    if (plic->n_sources - first < 32)
        mask &= (UINT32_C(1) << (plic->n_sources - first)) - 1;
    return mask;
}

static uint64_t plic_read(EmuDevice *device, unsigned region, uint64_t offset, unsigned size)
{
    (void)region, (void)size;
    Plic *plic = emu_device_state(device);
    if (offset < PENDING && offset / 4 < plic->n_sources)
        return plic->priorities[offset / 4];
    if (offset >= PENDING && offset < PENDING + N_WORDS * 4)
        return plic->pending[(offset - PENDING) / 4];
    if (offset >= ENABLE && offset < CONTEXT) {
        uint64_t index = (offset - ENABLE) / ENABLE_STRIDE;
        if (index < plic->n_contexts)
            return plic->contexts[index].enabled[(offset - ENABLE) % ENABLE_STRIDE / 4];
    } else if (offset >= CONTEXT) {
        uint64_t index = (offset - CONTEXT) / CONTEXT_STRIDE;
        uint64_t reg = (offset - CONTEXT) % CONTEXT_STRIDE;
        if (index < plic->n_contexts && reg <= 4)
            return reg ? claim(device, &plic->contexts[index]) : plic->contexts[index].threshold;
    }
    emu_device_guest_error(device, "read of reserved offset 0x%" G_GINT64_MODIFIER "x", offset);
    return 0;
}

static bool write_register(EmuDevice *device, uint64_t offset, uint32_t value)
{
    Plic *plic = emu_device_state(device);
    if (offset < PENDING && offset > 0 && offset / 4 < plic->n_sources) {
        plic->priorities[offset / 4] = value & plic->priority_mask;
        return true;
    }
    if (offset >= ENABLE && offset < CONTEXT) {
        uint64_t index = (offset - ENABLE) / ENABLE_STRIDE;
        unsigned word = (offset - ENABLE) % ENABLE_STRIDE / 4;
        if (index < plic->n_contexts)
            plic->contexts[index].enabled[word] = value & source_mask(plic, word);
        return index < plic->n_contexts;
    }
    uint64_t index = (offset - CONTEXT) / CONTEXT_STRIDE;
    uint64_t reg = (offset - CONTEXT) % CONTEXT_STRIDE;
    if (offset < CONTEXT || index >= plic->n_contexts || reg > 4)
        return false;
    if (reg)
        complete(device, &plic->contexts[index], value);
    else
        plic->contexts[index].threshold = value & plic->priority_mask;
    return true;
}

static void plic_write(EmuDevice *device, unsigned region, uint64_t offset, unsigned size,
                       uint64_t value)
{
    (void)region, (void)size;
    if (write_register(device, offset, (uint32_t)value))
        update_irqs(device);
    else
        emu_device_guest_error(device, "write to reserved offset 0x%" G_GINT64_MODIFIER "x",
                               offset);
}

/* ---- life ------------------------------------------------------------------------------------ */

static bool plic_init(EmuDevice *device, GError **error)
{
    (void)error;
    Plic *plic = emu_device_state(device);
    struct sifive_plic_props props;
    sifive_plic_props_read(emu_device_model(device), &props);
    plic->n_sources = (unsigned)props.sources + 1;
    plic->priority_mask = (uint32_t)((UINT64_C(1) << props.priority_bits) - 1);
    unsigned n_harts = MAX(emu_device_n_outputs(device, SIFIVE_PLIC_IRQ_MACHINE),
                           emu_device_n_outputs(device, SIFIVE_PLIC_IRQ_SUPERVISOR));
    plic->n_contexts = 2 * n_harts;
    plic->contexts = g_new0(Context, plic->n_contexts);
    return true;
}

static void plic_reset(EmuDevice *device)
{
    Plic *plic = emu_device_state(device);
    memset(plic->priorities, 0, sizeof(plic->priorities));
    memset(plic->pending, 0, sizeof(plic->pending));
    memset(plic->claimed, 0, sizeof(plic->claimed));
    memset(plic->contexts, 0, plic->n_contexts * sizeof(Context));
    /* Lines that are high stay so; what drives them is reset by itself. */
    for (unsigned source = 1; source < plic->n_sources; source++)
        open_gateway(plic, source);
    update_irqs(device);
}

static void plic_done(EmuDevice *device)
{
    Plic *plic = emu_device_state(device);
    g_free(plic->contexts);
}

const EmuDriver emu_driver_sifive_plic = {
    .type = &mdl_type_sifive_plic,
    .state_size = sizeof(Plic),
    .init = plic_init,
    .reset = plic_reset,
    .done = plic_done,
    .access_sizes = EMU_ACCESS_4,
    .read = plic_read,
    .write = plic_write,
    .input = plic_input,
};
