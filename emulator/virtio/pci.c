/* pci: the PCI transport of virtio devices, without its legacy interface (virtio 1.2, 4.1): four
 * structures in one BAR that capabilities point to, MSI-X in another, and INTx without it. */
#include "virtio/pci.h"

#include "virtio/transport.h"

#include <string.h>

enum {
    VENDOR = 0x1af4,
    DEVICE_BASE = 0x1040, /* 4.1.2 */
    SUBSYSTEM = 0x1100,
    REVISION = 1,

    BAR_MSIX = 1,
    BAR_VIRTIO = 4,
    BAR_SIZE = 0x4000,

    CAP_VENDOR = 0x09,
    CAP_SIZE = 16,
    NO_VECTOR = 0xffff,

    ISR_USED = 1,
    ISR_CONFIG = 2,
};

/* The structures in the BAR, a page each (4.1.4). */
typedef enum { COMMON = 0, ISR = 1, DEVICE = 2, NOTIFY = 3 } Page;
#define PAGE_SIZE         0x1000u
#define NOTIFY_MULTIPLIER 4

enum { CAP_COMMON = 1, CAP_NOTIFY = 2, CAP_ISR = 3, CAP_DEVICE = 4, CAP_PCI = 5 };

typedef struct Capability { /* 4.1.4, after the id and next pointer */
    uint8_t size, type, bar, id, padding[2];
    uint32_t offset, length;
    uint32_t extra; /* notify: the multiplier; configuration access: the data */
} __attribute__((packed)) Capability;

G_STATIC_ASSERT(sizeof(Capability) == CAP_SIZE - 2 + 4);

/* Registers of the common structure (4.1.4.3). */
enum {
    REG_OFFERED_SELECT = 0,
    REG_OFFERED = 4,
    REG_ACCEPTED_SELECT = 8,
    REG_ACCEPTED = 12,
    REG_CONFIG_VECTOR = 16,
    REG_N_QUEUES = 18,
    REG_STATUS = 20,
    REG_GENERATION = 21,
    REG_QUEUE_SELECT = 22,
    REG_QUEUE_SIZE = 24,
    REG_QUEUE_VECTOR = 26,
    REG_QUEUE_ENABLE = 28,
    REG_QUEUE_NOTIFY_OFFSET = 30,
    REG_QUEUE_DESCRIPTORS = 32, /* low half, then high half; so the next two */
    REG_QUEUE_DEVICE_HIGH = 52,
    REG_QUEUE_NOTIFY_DATA = 56,
    REG_QUEUE_RESET = 58,
    REG_END = 60,
};

static EmuVirtioPci *state_of(EmuDevice *device)
{
    return emu_device_state(device);
}

/* ---- interrupts ------------------------------------------------------------------------------ */

static void set_isr(EmuDevice *device, uint8_t isr)
{
    state_of(device)->isr = isr;
    emu_pci_set_intx(device, isr && !emu_pci_msix_is_enabled(device));
}

static void interrupt(EmuDevice *device, uint16_t vector, uint8_t isr)
{
    if (emu_pci_msix_is_enabled(device))
        emu_pci_msix_notify(device, vector);
    else
        set_isr(device, state_of(device)->isr | isr);
}

static void queue_used(void *context, unsigned queue)
{
    interrupt(context, state_of(context)->queue_vectors[queue], ISR_USED);
}

static void config_changed(void *context)
{
    interrupt(context, state_of(context)->config_vector, ISR_CONFIG);
}

static const EmuVirtioTransport operations = {
    .queue_used = queue_used,
    .config_changed = config_changed,
};

static void forget_vectors(EmuDevice *device)
{
    EmuVirtioPci *pci = state_of(device);
    pci->config_vector = NO_VECTOR;
    for (unsigned i = 0; i < EMU_VIRTIO_MAX_QUEUES; i++)
        pci->queue_vectors[i] = NO_VECTOR;
}

/* ---- the common structure (4.1.4.3) ---------------------------------------------------------- */

static unsigned register_size(uint64_t offset)
{
    if (offset < REG_CONFIG_VECTOR ||
        (offset >= REG_QUEUE_DESCRIPTORS && offset < REG_QUEUE_NOTIFY_DATA))
        return offset % 4 ? 0 : 4;
    if (offset == REG_STATUS || offset == REG_GENERATION)
        return 1;
    return offset % 2 || offset >= REG_END ? 0 : 2;
}

static uint32_t read_queue(EmuVirtioPci *pci, uint64_t offset)
{
    EmuVirtqueue *queue = emu_virtio_queue(pci->virtio, pci->queue_select);
    if (!queue)
        return offset == REG_QUEUE_VECTOR ? NO_VECTOR : 0;
    switch (offset) {
    case REG_QUEUE_SIZE:
        return emu_virtqueue_size(queue);
    case REG_QUEUE_VECTOR:
        return pci->queue_vectors[pci->queue_select];
    case REG_QUEUE_ENABLE:
        return emu_virtqueue_is_enabled(queue);
    case REG_QUEUE_NOTIFY_OFFSET:
        return pci->queue_select;
    }
    if (offset < REG_QUEUE_DESCRIPTORS || offset > REG_QUEUE_DEVICE_HIGH)
        return 0;
    EmuVirtqueueArea area = (EmuVirtqueueArea)((offset - REG_QUEUE_DESCRIPTORS) >> 3);
    return (uint32_t)(emu_virtqueue_address(queue, area) >> (offset & 4 ? 32 : 0));
}

static uint32_t read_common(EmuVirtioPci *pci, uint64_t offset)
{
    EmuVirtio *virtio = pci->virtio;
    switch (offset) {
    case REG_OFFERED_SELECT:
        return pci->offered_select;
    case REG_OFFERED:
        return emu_virtio_offered(virtio, pci->offered_select);
    case REG_ACCEPTED_SELECT:
        return pci->accepted_select;
    case REG_ACCEPTED:
        return emu_virtio_accepted(virtio, pci->accepted_select);
    case REG_CONFIG_VECTOR:
        return pci->config_vector;
    case REG_N_QUEUES:
        return emu_virtio_n_queues(virtio);
    case REG_STATUS:
        return emu_virtio_status(virtio);
    case REG_GENERATION:
        return emu_virtio_config_generation(virtio) & 0xff;
    case REG_QUEUE_SELECT:
        return pci->queue_select;
    }
    return read_queue(pci, offset);
}

/* 4.1.5.1.2.1: a vector that is not there reads back as none. */
static uint16_t vector_of(const EmuVirtioPci *pci, uint32_t value)
{
    return value < pci->n_vectors ? (uint16_t)value : NO_VECTOR;
}

static bool write_queue(EmuVirtioPci *pci, EmuVirtqueue *queue, uint64_t offset, uint32_t value)
{
    switch (offset) {
    case REG_QUEUE_SIZE:
        emu_virtqueue_set_size(queue, value);
        return true;
    case REG_QUEUE_VECTOR:
        pci->queue_vectors[pci->queue_select] = vector_of(pci, value);
        return true;
    case REG_QUEUE_ENABLE: /* 0 is not written (4.1.4.3.2) */
        if (value == 1)
            emu_virtqueue_enable(queue);
        return value == 1;
    case REG_QUEUE_RESET:
        if (value == 1)
            emu_virtqueue_reset(queue);
        return value == 1;
    }
    if (offset < REG_QUEUE_DESCRIPTORS || offset > REG_QUEUE_DEVICE_HIGH)
        return false;
    emu_virtqueue_set_address(queue, (EmuVirtqueueArea)((offset - REG_QUEUE_DESCRIPTORS) >> 3),
                              offset & 4, value);
    return true;
}

static bool write_common(EmuDevice *device, uint64_t offset, uint32_t value)
{
    EmuVirtioPci *pci = state_of(device);
    switch (offset) {
    case REG_OFFERED_SELECT:
        pci->offered_select = value;
        return true;
    case REG_ACCEPTED_SELECT:
        pci->accepted_select = value;
        return true;
    case REG_ACCEPTED:
        emu_virtio_accept(pci->virtio, pci->accepted_select, value);
        return true;
    case REG_CONFIG_VECTOR:
        pci->config_vector = vector_of(pci, value);
        return true;
    case REG_STATUS:
        emu_virtio_set_status(pci->virtio, (uint8_t)value);
        if (value == 0) {
            forget_vectors(device);
            set_isr(device, 0);
        }
        return true;
    case REG_QUEUE_SELECT:
        pci->queue_select = (uint16_t)value;
        return true;
    }
    EmuVirtqueue *queue = emu_virtio_queue(pci->virtio, pci->queue_select);
    return queue && write_queue(pci, queue, offset, value);
}

/* ---- accesses to the BAR --------------------------------------------------------------------- */

static void wrong_access(EmuDevice *device, const char *what, uint64_t offset, unsigned size)
{
    emu_device_guest_error(device, "%s of %u bytes at offset 0x%" G_GINT64_MODIFIER "x", what, size,
                           offset);
}

/* A 64-bit access is one to each half (4.1.3.1 has drivers use 32 bits). */
static uint64_t read_registers(EmuDevice *device, uint64_t offset, unsigned size)
{
    EmuVirtioPci *pci = state_of(device);
    unsigned wanted = register_size(offset);
    if (size == 8 && wanted == 4 && register_size(offset + 4) == 4)
        return read_common(pci, offset) | (uint64_t)read_common(pci, offset + 4) << 32;
    if (size == wanted)
        return read_common(pci, offset);
    wrong_access(device, "read", offset, size);
    return 0;
}

static void write_registers(EmuDevice *device, uint64_t offset, unsigned size, uint64_t value)
{
    unsigned wanted = register_size(offset);
    bool taken = false;
    if (size == 8 && wanted == 4 && register_size(offset + 4) == 4)
        taken = write_common(device, offset, (uint32_t)value) &&
                write_common(device, offset + 4, (uint32_t)(value >> 32));
    else if (size == wanted)
        taken = write_common(device, offset, (uint32_t)value);
    if (!taken)
        wrong_access(device, "write", offset, size);
}

static uint8_t take_isr(EmuDevice *device)
{
    uint8_t isr = state_of(device)->isr;
    set_isr(device, 0);
    return isr;
}

uint64_t emu_virtio_pci_read(EmuDevice *device, unsigned bar, uint64_t offset, unsigned size)
{
    (void)bar;
    uint64_t in_page = offset % PAGE_SIZE;
    switch ((Page)(offset / PAGE_SIZE)) {
    case COMMON:
        return read_registers(device, in_page, size);
    case ISR:
        return in_page == 0 ? take_isr(device) : 0;
    case DEVICE:
        return emu_virtio_config_read(state_of(device)->virtio, in_page, size);
    case NOTIFY:
        break;
    }
    return 0;
}

void emu_virtio_pci_write(EmuDevice *device, unsigned bar, uint64_t offset, unsigned size,
                          uint64_t value)
{
    (void)bar;
    uint64_t in_page = offset % PAGE_SIZE;
    switch ((Page)(offset / PAGE_SIZE)) {
    case COMMON:
        write_registers(device, in_page, size, value);
        break;
    case ISR:
        wrong_access(device, "write", offset, size);
        break;
    case DEVICE:
        emu_virtio_config_write(state_of(device)->virtio, in_page, size, value);
        break;
    case NOTIFY:
        emu_virtio_notify(state_of(device)->virtio, (uint32_t)(in_page / NOTIFY_MULTIPLIER));
        break;
    }
}

/* ---- configuration space --------------------------------------------------------------------- */

/* The window of the configuration access capability (4.1.4.9): false unless the guest has set it
 * up to a place in the BAR. */
static bool window_at(EmuDevice *device, unsigned offset, unsigned size, Capability *ret_window)
{
    unsigned data = state_of(device)->window + CAP_SIZE;
    memcpy(ret_window, emu_pci_config(device) + state_of(device)->window + 2, sizeof(Capability));
    uint32_t length = ret_window->length;
    return offset < data + 4 && offset + size > data && ret_window->bar == BAR_VIRTIO &&
           (length == 1 || length == 2 || length == 4) && ret_window->offset % length == 0 &&
           ret_window->offset < BAR_SIZE;
}

static void config_read(EmuDevice *device, unsigned offset, unsigned size)
{
    Capability window;
    if (!window_at(device, offset, size, &window))
        return;
    uint32_t value =
        (uint32_t)emu_virtio_pci_read(device, BAR_VIRTIO, window.offset, window.length);
    memcpy(emu_pci_config(device) + state_of(device)->window + CAP_SIZE, &value, 4);
}

static void config_written(EmuDevice *device, unsigned offset, unsigned size)
{
    Capability window;
    emu_virtio_set_dma(state_of(device)->virtio, emu_pci_is_bus_master(device));
    if (!window_at(device, offset, size, &window))
        return;
    uint64_t mask = (UINT64_C(1) << window.length * 8) - 1;
    emu_virtio_pci_write(device, BAR_VIRTIO, window.offset, window.length, window.extra & mask);
}

const EmuPciDriver emu_virtio_pci_functions = {
    .config_read = config_read,
    .config_written = config_written,
};

static unsigned add_structure(EmuDevice *device, uint8_t type, Page page, uint32_t length,
                              unsigned extra_size, uint32_t extra)
{
    Capability capability = {.size = (uint8_t)(CAP_SIZE + extra_size),
                             .type = type,
                             .bar = type == CAP_PCI ? 0 : BAR_VIRTIO,
                             .offset = page * PAGE_SIZE,
                             .length = length,
                             .extra = extra};
    unsigned offset = emu_pci_add_capability(device, CAP_VENDOR, CAP_SIZE + extra_size);
    memcpy(emu_pci_config(device) + offset + 2, &capability, CAP_SIZE - 2 + extra_size);
    return offset;
}

static void add_structures(EmuDevice *device)
{
    EmuVirtioPci *pci = state_of(device);
    add_structure(device, CAP_COMMON, COMMON, PAGE_SIZE, 0, 0);
    add_structure(device, CAP_NOTIFY, NOTIFY, PAGE_SIZE, 4, NOTIFY_MULTIPLIER);
    add_structure(device, CAP_ISR, ISR, PAGE_SIZE, 0, 0);
    add_structure(device, CAP_DEVICE, DEVICE, PAGE_SIZE, 0, 0);
    pci->window = add_structure(device, CAP_PCI, COMMON, 0, 4, 0);
    uint8_t *mask = emu_pci_write_mask(device) + pci->window;
    mask[offsetof(Capability, bar) + 2] = 0xff;
    memset(mask + offsetof(Capability, offset) + 2, 0xff, 12); /* offset, length, data */
}

/* ---- life ------------------------------------------------------------------------------------ */

static void make_function(EmuDevice *device, const EmuVirtioClass *class)
{
    emu_pci_init(device, &(EmuPciIdentity){
                             .vendor = VENDOR,
                             .device = (uint16_t)(DEVICE_BASE + class->id),
                             .subsystem_vendor = VENDOR,
                             .subsystem = SUBSYSTEM,
                             .class_code = class->pci_class,
                             .revision = REVISION,
                             .pin = 1,
                         });
    emu_pci_add_bar(device, BAR_VIRTIO, EMU_PCI_BAR_MEM64, true, BAR_SIZE);
    add_structures(device);
}

bool emu_virtio_pci_init(EmuDevice *device, GError **error)
{
    EmuVirtioPci *pci = state_of(device);
    const EmuVirtioClass *class = emu_device_shared(device);
    pci->virtio = emu_virtio_new(device, class, error);
    if (!pci->virtio)
        return false;
    make_function(device, class);
    pci->n_vectors = emu_virtio_n_queues(pci->virtio) + 1; /* and the configuration's */
    emu_pci_add_msix(device, BAR_MSIX, pci->n_vectors);
    emu_pci_add_express_endpoint(device);
    emu_virtio_connect(pci->virtio, &operations, device);
    return true;
}

void emu_virtio_pci_reset(EmuDevice *device)
{
    EmuVirtioPci *pci = state_of(device);
    emu_virtio_reset(pci->virtio);
    emu_virtio_set_dma(pci->virtio, emu_pci_is_bus_master(device));
    pci->offered_select = pci->accepted_select = 0;
    pci->queue_select = 0;
    forget_vectors(device);
    set_isr(device, 0);
}

void emu_virtio_pci_done(EmuDevice *device)
{
    emu_virtio_free(state_of(device)->virtio);
}
