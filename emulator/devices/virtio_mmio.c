/* virtio-mmio: a memory-mapped virtio transport (virtio 1.2, 4.2.2) for the one device on its bus.
 * While nothing is plugged in, device id 0 tells the guest so, and everything but identification
 * reads as zero. */
#include "virtio/transport.h"

#include "types/virtio_mmio.h"

enum {
    REG_MAGIC = 0x000,
    REG_VERSION = 0x004,
    REG_DEVICE_ID = 0x008,
    REG_VENDOR_ID = 0x00c,
    REG_OFFERED = 0x010,
    REG_OFFERED_SELECT = 0x014,
    REG_ACCEPTED = 0x020,
    REG_ACCEPTED_SELECT = 0x024,
    REG_QUEUE_SELECT = 0x030,
    REG_QUEUE_MAX_SIZE = 0x034,
    REG_QUEUE_SIZE = 0x038,
    REG_QUEUE_READY = 0x044,
    REG_NOTIFY = 0x050,
    REG_INTERRUPT_STATUS = 0x060,
    REG_INTERRUPT_ACK = 0x064,
    REG_STATUS = 0x070,
    REG_QUEUE_DESCRIPTORS = 0x080, /* low half, then high half; so the next two */
    REG_QUEUE_DRIVER = 0x090,
    REG_QUEUE_DEVICE = 0x0a0,
    REG_SHM_LENGTH = 0x0b0, /* two halves, then two of the base */
    REG_SHM_END = 0x0c0,
    REG_QUEUE_RESET = 0x0c0,
    REG_CONFIG_GENERATION = 0x0fc,
    REG_CONFIG = 0x100, /* the device's own: any size; all before: 4 bytes */

    MAGIC = 0x74726976, /* "virt" */
    VERSION = 2,
    VENDOR = 0x554d4551,

    INTERRUPT_USED = 1,
    INTERRUPT_CONFIG = 2,
};

typedef struct Transport {
    EmuVirtio *virtio; /* NULL: nothing is plugged in */
    uint32_t offered_select, accepted_select, queue_select;
    uint32_t interrupts;
} Transport;

/* ---- interrupts ------------------------------------------------------------------------------ */

static void set_interrupts(EmuDevice *device, uint32_t interrupts)
{
    Transport *transport = emu_device_state(device);
    transport->interrupts = interrupts;
    emu_device_set_irq(device, VIRTIO_MMIO_IRQ_IRQ, 0, interrupts != 0);
}

static void queue_used(void *context, unsigned queue)
{
    (void)queue;
    Transport *transport = emu_device_state(context);
    set_interrupts(context, transport->interrupts | INTERRUPT_USED);
}

static void config_changed(void *context)
{
    Transport *transport = emu_device_state(context);
    set_interrupts(context, transport->interrupts | INTERRUPT_CONFIG);
}

static const EmuVirtioTransport operations = {
    .queue_used = queue_used,
    .config_changed = config_changed,
};

/* ---- registers ------------------------------------------------------------------------------- */

static bool is_register(EmuDevice *device, const char *what, uint64_t offset, unsigned size)
{
    if (offset >= REG_CONFIG || size == 4)
        return true;
    emu_device_guest_error(device, "%s of %u bytes at register 0x%" G_GINT64_MODIFIER "x", what,
                           size, offset);
    return false;
}

static EmuVirtqueue *selected(Transport *transport)
{
    return emu_virtio_queue(transport->virtio, transport->queue_select);
}

static uint32_t read_common(Transport *transport, uint64_t offset)
{
    EmuVirtio *virtio = transport->virtio;
    EmuVirtqueue *queue = selected(transport);
    switch (offset) {
    case REG_DEVICE_ID:
        return emu_virtio_id(virtio);
    case REG_OFFERED:
        return emu_virtio_offered(virtio, transport->offered_select);
    case REG_QUEUE_MAX_SIZE:
        return queue ? emu_virtqueue_max_size(queue) : 0;
    case REG_QUEUE_READY:
        return queue && emu_virtqueue_is_enabled(queue);
    case REG_INTERRUPT_STATUS:
        return transport->interrupts;
    case REG_STATUS:
        return emu_virtio_status(virtio);
    case REG_CONFIG_GENERATION:
        return emu_virtio_config_generation(virtio);
    }
    /* no shared memory: its length reads as all ones (4.2.2) */
    return offset >= REG_SHM_LENGTH && offset < REG_SHM_END ? UINT32_MAX : 0;
}

static uint64_t read_register(EmuDevice *device, unsigned region, uint64_t offset, unsigned size)
{
    (void)region;
    Transport *transport = emu_device_state(device);
    if (!is_register(device, "read", offset, size))
        return 0;
    switch (offset) {
    case REG_MAGIC:
        return MAGIC;
    case REG_VERSION:
        return VERSION;
    case REG_VENDOR_ID:
        return VENDOR;
    }
    if (!transport->virtio)
        return 0; /* REG_DEVICE_ID among them */
    return offset >= REG_CONFIG
               ? emu_virtio_config_read(transport->virtio, offset - REG_CONFIG, size)
               : read_common(transport, offset);
}

static bool write_queue(EmuDevice *device, uint64_t offset, uint32_t value)
{
    Transport *transport = emu_device_state(device);
    EmuVirtqueue *queue = selected(transport);
    EmuVirtqueueArea area;
    switch (offset) {
    case REG_QUEUE_SIZE:
    case REG_QUEUE_READY:
    case REG_QUEUE_RESET:
        break;
    case REG_QUEUE_DESCRIPTORS:
    case REG_QUEUE_DESCRIPTORS + 4:
    case REG_QUEUE_DRIVER:
    case REG_QUEUE_DRIVER + 4:
    case REG_QUEUE_DEVICE:
    case REG_QUEUE_DEVICE + 4:
        area = (EmuVirtqueueArea)((offset - REG_QUEUE_DESCRIPTORS) >> 4);
        if (queue)
            emu_virtqueue_set_address(queue, area, offset & 4, value);
        break;
    default:
        return false;
    }
    if (!queue)
        emu_device_guest_error(device, "queue %u does not exist", transport->queue_select);
    else if (offset == REG_QUEUE_SIZE)
        emu_virtqueue_set_size(queue, value);
    else if (offset == REG_QUEUE_READY && value == 1)
        emu_virtqueue_enable(queue);
    else if ((offset == REG_QUEUE_READY && value == 0) || (offset == REG_QUEUE_RESET && value == 1))
        emu_virtqueue_reset(queue);
    return true;
}

static bool write_common(EmuDevice *device, uint64_t offset, uint32_t value)
{
    Transport *transport = emu_device_state(device);
    EmuVirtio *virtio = transport->virtio;
    switch (offset) {
    case REG_OFFERED_SELECT:
        transport->offered_select = value;
        return true;
    case REG_ACCEPTED_SELECT:
        transport->accepted_select = value;
        return true;
    case REG_ACCEPTED:
        emu_virtio_accept(virtio, transport->accepted_select, value);
        return true;
    case REG_QUEUE_SELECT:
        transport->queue_select = value;
        return true;
    case REG_NOTIFY:
        emu_virtio_notify(virtio, value);
        return true;
    case REG_INTERRUPT_ACK:
        set_interrupts(device, transport->interrupts & ~value);
        return true;
    case REG_STATUS:
        emu_virtio_set_status(virtio, (uint8_t)value);
        if ((uint8_t)value == 0)
            set_interrupts(device, 0);
        return true;
    }
    return offset >= REG_SHM_LENGTH - 4 &&
           offset < REG_SHM_END; /* SHMSel: there is none to select */
}

static void write_register(EmuDevice *device, unsigned region, uint64_t offset, unsigned size,
                           uint64_t value)
{
    (void)region;
    Transport *transport = emu_device_state(device);
    if (!is_register(device, "write", offset, size))
        return;
    if (!transport->virtio)
        emu_device_guest_error(device, "write to 0x%" G_GINT64_MODIFIER "x of an empty transport",
                               offset);
    else if (offset >= REG_CONFIG)
        emu_virtio_config_write(transport->virtio, offset - REG_CONFIG, size, value);
    else if (!write_common(device, offset, (uint32_t)value) &&
             !write_queue(device, offset, (uint32_t)value))
        emu_device_guest_error(device, "write to register 0x%" G_GINT64_MODIFIER "x", offset);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void plugged(EmuDevice *device, unsigned bus, EmuDevice *child)
{
    (void)bus;
    Transport *transport = emu_device_state(device);
    transport->virtio = emu_device_bus_side(child);
    emu_virtio_connect(transport->virtio, &operations, device);
}

static void unplugged(EmuDevice *device, unsigned bus, EmuDevice *child)
{
    (void)bus, (void)child;
    Transport *transport = emu_device_state(device);
    transport->virtio = NULL;
}

static void reset(EmuDevice *device)
{
    Transport *transport = emu_device_state(device);
    *transport = (Transport){.virtio = transport->virtio};
    set_interrupts(device, 0);
}

const EmuDriver emu_driver_virtio_mmio = {
    .type = &mdl_type_virtio_mmio,
    .state_size = sizeof(Transport),
    .reset = reset,
    .access_sizes = EMU_ACCESS_ANY,
    .read = read_register,
    .write = write_register,
    .plugged = plugged,
    .unplugged = unplugged,
};
