/* packed: packed virtqueues (virtio 1.2, 2.8): one ring that both sides write, where wrap counters
 * tell new entries from old. */
#include "virtio/internal.h"

#include <string.h>

typedef struct Descriptor {
    uint64_t address;
    uint32_t size;
    uint16_t id, flags;
} Descriptor;

G_STATIC_ASSERT(sizeof(Descriptor) == EMU_DESCRIPTOR_SIZE);

#define AVAILABLE (1u << 7)
#define USED      (1u << 15)

/* Event suppression (2.8.10): where in the ring, bit 15 the wrap counter, and how. */
typedef struct Suppression {
    uint16_t place, flags;
} Suppression;

enum { EVENTS_ENABLE, EVENTS_DISABLE, EVENTS_AT_PLACE, EVENTS_MASK };

#define PLACE_WRAP (1u << 15)

static uint64_t area_size(const EmuVirtqueue *queue, EmuVirtqueueArea area)
{
    return area == EMU_VIRTQUEUE_DESCRIPTORS ? EMU_DESCRIPTOR_SIZE * (uint64_t)queue->size
                                             : sizeof(Suppression);
}

static Descriptor *slot(const EmuVirtqueue *queue, uint32_t index)
{
    return (Descriptor *)queue->areas[EMU_VIRTQUEUE_DESCRIPTORS] + index % queue->size;
}

static void start(EmuVirtqueue *queue)
{
    memset(queue->areas[EMU_VIRTQUEUE_DEVICE], 0, sizeof(Suppression));
}

static bool is_empty(EmuVirtqueue *queue)
{
    uint16_t flags = __atomic_load_n(&slot(queue, queue->next_available)->flags, __ATOMIC_ACQUIRE);
    bool available = flags & AVAILABLE, used = flags & USED;
    return available != queue->available_wrap || used == queue->available_wrap;
}

/* Moves a place in the ring on (or back, n negative), and its wrap counter with it. */
static void advance(const EmuVirtqueue *queue, uint16_t *place, bool *wrap, int n)
{
    int next = *place + n;
    if (next >= queue->size || next < 0) {
        next += next < 0 ? queue->size : -queue->size;
        *wrap = !*wrap;
    }
    *place = (uint16_t)next;
}

/* 2.8.7: all of the table, in its order; only WRITE counts in its flags. */
static bool take_indirect(EmuVirtqueue *queue, EmuGather *gather, const Descriptor *outer)
{
    uint32_t n;
    const uint8_t *table = emu_indirect_table(queue, outer->address, outer->size, outer->flags, &n);
    for (uint32_t i = 0; table && i < n; i++) {
        Descriptor descriptor;
        memcpy(&descriptor, table + i * EMU_DESCRIPTOR_SIZE, sizeof(descriptor));
        if (!emu_gather_add(queue, gather, descriptor.address, descriptor.size,
                            descriptor.flags & EMU_DESCRIPTOR_WRITE))
            return false;
    }
    return table;
}

static bool take(EmuVirtqueue *queue, EmuGather *gather)
{
    for (uint32_t n = 0; n < queue->size; n++) {
        Descriptor descriptor;
        memcpy(&descriptor, slot(queue, queue->next_available + n), sizeof(descriptor));
        bool indirect = descriptor.flags & EMU_DESCRIPTOR_INDIRECT;
        if (indirect && n > 0) {
            emu_virtio_fault(queue->virtio, "queue %u: an indirect descriptor in a chain",
                             queue->index);
            return false;
        }
        if (!(indirect ? take_indirect(queue, gather, &descriptor)
                       : emu_gather_add(queue, gather, descriptor.address, descriptor.size,
                                        descriptor.flags & EMU_DESCRIPTOR_WRITE)))
            return false;
        if (!(descriptor.flags & EMU_DESCRIPTOR_NEXT)) {
            gather->id = descriptor.id;
            gather->n_slots = (uint16_t)(n + 1);
            advance(queue, &queue->next_available, &queue->available_wrap, gather->n_slots);
            return true;
        }
    }
    emu_virtio_fault(queue->virtio, "queue %u: a chain longer than the ring of %u", queue->index,
                     queue->size);
    return false;
}

static void untake(EmuVirtqueue *queue, const EmuVirtioBuffer *buffer)
{
    advance(queue, &queue->next_available, &queue->available_wrap, -buffer->n_slots);
}

static void give(EmuVirtqueue *queue, const EmuVirtioBuffer *buffer, uint32_t written)
{
    Descriptor *descriptor = slot(queue, queue->next_used);
    uint16_t flags =
        (queue->used_wrap ? AVAILABLE | USED : 0) | (buffer->n_writable ? EMU_DESCRIPTOR_WRITE : 0);
    descriptor->id = buffer->id;
    descriptor->size = written;
    __atomic_store_n(&descriptor->flags, flags, __ATOMIC_RELEASE);
    advance(queue, &queue->next_used, &queue->used_wrap, buffer->n_slots);
    queue->n_since_interrupt += buffer->n_slots;
}

static void arm(EmuVirtqueue *queue)
{
    if (!emu_virtio_has(queue->virtio, EMU_VIRTIO_EVENT_IDX))
        return; /* enabled since the start */
    Suppression *device = queue->areas[EMU_VIRTQUEUE_DEVICE];
    uint16_t place = queue->next_available | (queue->available_wrap ? PLACE_WRAP : 0);
    __atomic_store_n(&device->place, place, __ATOMIC_RELAXED);
    __atomic_store_n(&device->flags, EVENTS_AT_PLACE, __ATOMIC_RELEASE);
}

/* A place and its wrap counter as one number, 0 to 2 x size - 1. */
static uint32_t position(const EmuVirtqueue *queue, uint16_t place, bool wrap)
{
    return wrap ? place : (uint32_t)place + queue->size;
}

static bool wants_interrupt(EmuVirtqueue *queue)
{
    const Suppression *driver = queue->areas[EMU_VIRTQUEUE_DRIVER];
    uint16_t how = __atomic_load_n(&driver->flags, __ATOMIC_ACQUIRE) & EVENTS_MASK;
    uint16_t place = __atomic_load_n(&driver->place, __ATOMIC_RELAXED);
    if (how == EVENTS_DISABLE)
        return false;
    if (how != EVENTS_AT_PLACE || !emu_virtio_has(queue->virtio, EMU_VIRTIO_EVENT_IDX) ||
        (place & ~PLACE_WRAP) >= queue->size)
        return true;
    uint32_t round = 2u * queue->size, n = MIN(queue->n_since_interrupt, round);
    uint32_t now = position(queue, queue->next_used, queue->used_wrap);
    uint32_t event = position(queue, place & (uint16_t)~PLACE_WRAP, place & PLACE_WRAP);
    uint32_t first = (now + round - n) % round;
    return (event + round - first) % round < n;
}

const EmuRing emu_ring_packed = {
    .alignment = {16, 4, 4},
    .area_size = area_size,
    .start = start,
    .is_empty = is_empty,
    .take = take,
    .untake = untake,
    .give = give,
    .arm = arm,
    .wants_interrupt = wants_interrupt,
};
