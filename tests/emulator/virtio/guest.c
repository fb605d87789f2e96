/* guest: see guest.h. */
#include "guest.h"

#include <string.h>

extern const EmuDriver emu_driver_virtio_mmio, emu_driver_ram;

enum { NEXT = 1, WRITE = 2, INDIRECT = 4, AVAILABLE = 1 << 7, USED = 1 << 15 };

typedef struct Descriptor {
    uint64_t address;
    uint32_t size;
    uint16_t a, b; /* split: flags, next; packed: id, flags */
} Descriptor;

Guest *guest_new(const EmuDriver *driver)
{
    Guest *guest = g_new0(Guest, 1);
    Bench *bench = guest->bench = bench_new();
    MdlDevice *ram =
        bench_add(bench, &emu_driver_ram, "ram", GUEST_RAM, (uint64_t[]){GUEST_SIZE}, 1);
    (void)ram;
    MdlDevice *transport =
        bench_add(bench, &emu_driver_virtio_mmio, "transport", GUEST_MMIO, (uint64_t[]){0x1000}, 1);
    bench_wire(transport, 0, 0, bench->probe, 1);
    guest->model = bench_add_on(bench, transport->buses[0], driver, "dut");
    guest->next_free = GUEST_RAM + 0x1000;
    guest->event_idx = guest->indirect = true;
    return guest;
}

void guest_free(Guest *guest)
{
    bench_free(guest->bench);
    g_free(guest);
}

void guest_build(Guest *guest)
{
    if (!guest->is_built)
        bench_build(guest->bench);
    guest->is_built = true;
}

uint32_t guest_read(Guest *guest, unsigned reg)
{
    return (uint32_t)bench_read(guest->bench, GUEST_MMIO + reg, 4);
}

void guest_write(Guest *guest, unsigned reg, uint32_t value)
{
    bench_write(guest->bench, GUEST_MMIO + reg, 4, value);
}

uint64_t guest_config(Guest *guest, unsigned offset, unsigned size)
{
    return bench_read(guest->bench, GUEST_MMIO + 0x100 + offset, size);
}

uint64_t guest_errors(Guest *guest)
{
    return bench_errors(guest->bench, "dut");
}

uint64_t guest_offered(Guest *guest)
{
    guest_write(guest, 0x14, 1);
    uint64_t high = guest_read(guest, 0x10);
    guest_write(guest, 0x14, 0);
    return high << 32 | guest_read(guest, 0x10);
}

void guest_negotiate(Guest *guest, uint64_t features)
{
    guest_build(guest);
    features |= EMU_VIRTIO_FEATURE(EMU_VIRTIO_VERSION_1);
    features |= guest->packed ? EMU_VIRTIO_FEATURE(EMU_VIRTIO_RING_PACKED) : 0;
    features |= guest->event_idx ? EMU_VIRTIO_FEATURE(EMU_VIRTIO_EVENT_IDX) : 0;
    features |= guest->indirect ? EMU_VIRTIO_FEATURE(EMU_VIRTIO_INDIRECT_DESC) : 0;
    guest_write(guest, 0x70, 0);
    assert_int_equal(guest_read(guest, 0x70), 0);
    guest_write(guest, 0x70, 1);
    guest_write(guest, 0x70, 3);
    features &= guest_offered(guest);
    for (unsigned half = 0; half < 2; half++) {
        guest_write(guest, 0x24, half);
        guest_write(guest, 0x20, (uint32_t)(features >> 32 * half));
    }
    guest_write(guest, 0x70, 11);
    assert_int_equal(guest_read(guest, 0x70), 11);
}

static void set_area(Guest *guest, unsigned reg, uint64_t address)
{
    guest_write(guest, reg, (uint32_t)address);
    guest_write(guest, reg + 4, (uint32_t)(address >> 32));
}

void guest_queue(Guest *guest, GuestQueue *ret_queue, unsigned index, unsigned size)
{
    GuestQueue *queue = ret_queue;
    *queue = (GuestQueue){.index = index, .size = size};
    queue->available_wrap = queue->used_wrap = true;
    queue->descriptors = guest_alloc(guest, 16 * size);
    queue->driver = guest_alloc(guest, 6 + 2 * size);
    queue->device = guest_alloc(guest, 6 + 8 * size);
    memset(guest_at(guest, queue->descriptors), 0, 16 * size);
    memset(guest_at(guest, queue->driver), 0, 6 + 2 * size);
    memset(guest_at(guest, queue->device), 0, 6 + 8 * size);
    guest_write(guest, 0x30, index);
    assert_true(guest_read(guest, 0x34) >= size);
    guest_write(guest, 0x38, size);
    set_area(guest, 0x80, queue->descriptors);
    set_area(guest, 0x90, queue->driver);
    set_area(guest, 0xa0, queue->device);
    guest_write(guest, 0x44, 1);
    assert_int_equal(guest_read(guest, 0x44), 1);
}

void guest_go(Guest *guest)
{
    guest_write(guest, 0x70, 15);
    assert_int_equal(guest_read(guest, 0x70) & 15, 15);
}

void guest_boot(Guest *guest, uint64_t features, GuestQueue *ret_queue, unsigned size)
{
    guest_negotiate(guest, features);
    guest_queue(guest, ret_queue, 0, size);
    guest_go(guest);
}

uint64_t guest_alloc(Guest *guest, size_t size)
{
    uint64_t address = guest->next_free;
    guest->next_free = (address + size + 15) & ~UINT64_C(15);
    assert_true(guest->next_free <= GUEST_RAM + GUEST_SIZE);
    return address;
}

void *guest_at(Guest *guest, uint64_t address)
{
    void *memory = emu_machine_ram(guest->bench->machine, address, 1);
    assert_non_null(memory);
    return memory;
}

/* ---- rings ----------------------------------------------------------------------------------- */

static Descriptor *descriptor_at(Guest *guest, const GuestQueue *queue, unsigned index)
{
    return (Descriptor *)guest_at(guest, queue->descriptors) + index % queue->size;
}

/* The parts as a table of their own, if indirect descriptors are used. */
static GuestPart make_indirect(Guest *guest, const GuestPart *parts, unsigned n)
{
    uint64_t address = guest_alloc(guest, 16 * n);
    Descriptor *table = guest_at(guest, address);
    for (unsigned i = 0; i < n; i++) {
        uint16_t flags = parts[i].writable ? WRITE : 0;
        uint16_t next = i + 1 < n ? NEXT : 0;
        table[i] = (Descriptor){parts[i].address, parts[i].size, guest->packed ? 0 : flags | next,
                                guest->packed ? flags : (uint16_t)(i + 1)};
    }
    return (GuestPart){address, 16 * n, false};
}

static uint16_t add_split(Guest *guest, GuestQueue *queue, const GuestPart *parts, unsigned n,
                          uint16_t flags)
{
    uint16_t head = (uint16_t)(queue->n_free_at % queue->size);
    for (unsigned i = 0; i < n; i++) {
        uint16_t next = (uint16_t)((head + i + 1) % queue->size);
        *descriptor_at(guest, queue, head + i) =
            (Descriptor){parts[i].address, parts[i].size,
                         flags | (parts[i].writable ? WRITE : 0) | (i + 1 < n ? NEXT : 0), next};
    }
    queue->n_free_at += n;
    uint16_t *available = guest_at(guest, queue->driver);
    available[2 + queue->next_available % queue->size] = head;
    __atomic_store_n(&available[1], ++queue->next_available, __ATOMIC_RELEASE);
    return head;
}

static uint16_t add_packed(Guest *guest, GuestQueue *queue, const GuestPart *parts, unsigned n,
                           uint16_t flags)
{
    uint16_t id = queue->next_available, first_flags = 0;
    Descriptor *first = descriptor_at(guest, queue, queue->next_available);
    queue->slots[id] = (uint16_t)n;
    for (unsigned i = 0; i < n; i++) {
        uint16_t word = flags | (parts[i].writable ? WRITE : 0) | (i + 1 < n ? NEXT : 0) |
                        (queue->available_wrap ? AVAILABLE : USED);
        Descriptor *descriptor = descriptor_at(guest, queue, queue->next_available);
        *descriptor =
            (Descriptor){parts[i].address, parts[i].size, id, i == 0 ? descriptor->b : word};
        if (i == 0)
            first_flags = word;
        if (++queue->next_available == queue->size) {
            queue->next_available = 0;
            queue->available_wrap = !queue->available_wrap;
        }
    }
    __atomic_store_n(&first->b, first_flags, __ATOMIC_RELEASE);
    return id;
}

uint16_t guest_add(Guest *guest, GuestQueue *queue, const GuestPart *parts, unsigned n)
{
    GuestPart table;
    uint16_t flags = 0;
    if (guest->indirect && n > 1) {
        table = make_indirect(guest, parts, n);
        parts = &table;
        n = 1;
        flags = INDIRECT;
    }
    return guest->packed ? add_packed(guest, queue, parts, n, flags)
                         : add_split(guest, queue, parts, n, flags);
}

void guest_notify(Guest *guest, const GuestQueue *queue)
{
    guest_write(guest, 0x50, queue->index);
}

static bool used_split(Guest *guest, GuestQueue *queue, uint16_t *ret_id, uint32_t *ret_size)
{
    uint16_t *used = guest_at(guest, queue->device);
    if (__atomic_load_n(&used[1], __ATOMIC_ACQUIRE) == queue->next_used)
        return false;
    uint32_t *entry = (uint32_t *)(used + 2) + 2 * (queue->next_used++ % queue->size);
    *ret_id = (uint16_t)entry[0];
    *ret_size = entry[1];
    if (guest->event_idx) { /* tell of the next one */
        uint16_t *available = guest_at(guest, queue->driver);
        available[2 + queue->size] = queue->next_used;
    }
    return true;
}

static bool used_packed(Guest *guest, GuestQueue *queue, uint16_t *ret_id, uint32_t *ret_size)
{
    Descriptor *descriptor = descriptor_at(guest, queue, queue->next_used);
    uint16_t flags = __atomic_load_n(&descriptor->b, __ATOMIC_ACQUIRE);
    bool available = flags & AVAILABLE, used = flags & USED;
    if (available != used || used != queue->used_wrap)
        return false;
    *ret_id = descriptor->a;
    *ret_size = descriptor->size;
    queue->next_used = (uint16_t)(queue->next_used + queue->slots[descriptor->a]);
    if (queue->next_used >= queue->size) {
        queue->next_used = (uint16_t)(queue->next_used - queue->size);
        queue->used_wrap = !queue->used_wrap;
    }
    if (guest->event_idx) {
        uint16_t *driver = guest_at(guest, queue->driver);
        driver[0] = queue->next_used | (queue->used_wrap ? 1u << 15 : 0);
        driver[1] = 2;
    }
    return true;
}

bool guest_used(Guest *guest, GuestQueue *queue, uint16_t *ret_id, uint32_t *ret_size)
{
    return guest->packed ? used_packed(guest, queue, ret_id, ret_size)
                         : used_split(guest, queue, ret_id, ret_size);
}

void guest_settle(Guest *guest)
{
    EmuDevice *device = bench_device(guest->bench, "dut");
    emu_device_lock(device);
    emu_device_wait_jobs(device);
    emu_device_unlock(device);
}

uint32_t guest_do(Guest *guest, GuestQueue *queue, const GuestPart *parts, unsigned n)
{
    uint16_t id = guest_add(guest, queue, parts, n), used_id;
    uint32_t size;
    guest_notify(guest, queue);
    guest_settle(guest);
    assert_true(guest_used(guest, queue, &used_id, &size));
    assert_int_equal(used_id, id);
    return size;
}

bool guest_needs_reset(Guest *guest)
{
    return guest_read(guest, 0x70) & EMU_VIRTIO_NEEDS_RESET;
}

bool guest_interrupted(Guest *guest)
{
    bool level = bench_level(guest->bench, 1);
    guest_write(guest, 0x64, guest_read(guest, 0x60));
    assert_false(bench_level(guest->bench, 1));
    return level;
}
