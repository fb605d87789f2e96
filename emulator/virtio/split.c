/* split: split virtqueues (virtio 1.2, 2.7): a descriptor table, an available ring that the driver
 * fills, and a used ring that the device fills. */
#include "virtio/internal.h"

#include <string.h>

typedef struct Descriptor {
    uint64_t address;
    uint32_t size;
    uint16_t flags, next;
} Descriptor;

G_STATIC_ASSERT(sizeof(Descriptor) == EMU_DESCRIPTOR_SIZE);

#define NO_INTERRUPT 1u /* flag of the available ring (2.7.6) */

/* Words of 16 bits of a ring: flags, idx, then entries, then the other side's event. */
enum { RING_FLAGS, RING_INDEX, RING_ENTRIES };

typedef struct UsedEntry {
    uint32_t id, size;
} UsedEntry;

static uint64_t area_size(const EmuVirtqueue *queue, EmuVirtqueueArea area)
{
    switch (area) {
    case EMU_VIRTQUEUE_DESCRIPTORS:
        return EMU_DESCRIPTOR_SIZE * (uint64_t)queue->size;
    case EMU_VIRTQUEUE_DRIVER:
        return 6 + 2 * (uint64_t)queue->size;
    default:
        return 6 + sizeof(UsedEntry) * (uint64_t)queue->size;
    }
}

static uint16_t load(const EmuVirtqueue *queue, unsigned word)
{
    const uint16_t *available = queue->areas[EMU_VIRTQUEUE_DRIVER];
    return __atomic_load_n(&available[word], __ATOMIC_ACQUIRE);
}

static UsedEntry *used_entry(const EmuVirtqueue *queue, uint16_t index)
{
    uint8_t *used = queue->areas[EMU_VIRTQUEUE_DEVICE];
    return (UsedEntry *)(used + 4) + (index & (queue->size - 1));
}

static bool is_empty(EmuVirtqueue *queue)
{
    uint16_t n = (uint16_t)(load(queue, RING_INDEX) - queue->next_available);
    if (n <= queue->size)
        return n == 0;
    emu_virtio_fault(queue->virtio, "queue %u: %u buffers in a ring of %u", queue->index, n,
                     queue->size);
    return true;
}

/* A chain within a table of n descriptors, from the one at index on. */
static bool take_chain(EmuVirtqueue *queue, EmuGather *gather, const uint8_t *table, uint32_t n,
                       uint32_t index, bool is_indirect)
{
    for (uint32_t seen = 0;; seen++) {
        if (index >= n || seen >= n) {
            emu_virtio_fault(queue->virtio,
                             "queue %u: a chain that leaves its table of %u or loops", queue->index,
                             n);
            return false;
        }
        Descriptor descriptor;
        memcpy(&descriptor, table + index * EMU_DESCRIPTOR_SIZE, sizeof(descriptor));
        if (descriptor.flags & EMU_DESCRIPTOR_INDIRECT) {
            uint32_t n_inner = 0;
            const uint8_t *inner =
                is_indirect ? NULL
                            : emu_indirect_table(queue, descriptor.address, descriptor.size,
                                                 descriptor.flags, &n_inner);
            if (is_indirect)
                emu_virtio_fault(queue->virtio, "queue %u: an indirect table in another",
                                 queue->index);
            return inner && take_chain(queue, gather, inner, n_inner, 0, true);
        }
        if (!emu_gather_add(queue, gather, descriptor.address, descriptor.size,
                            descriptor.flags & EMU_DESCRIPTOR_WRITE))
            return false;
        if (!(descriptor.flags & EMU_DESCRIPTOR_NEXT))
            return true;
        index = descriptor.next;
    }
}

static bool take(EmuVirtqueue *queue, EmuGather *gather)
{
    uint16_t head = load(queue, RING_ENTRIES + (queue->next_available & (queue->size - 1u)));
    gather->id = head;
    gather->n_slots = 1;
    if (!take_chain(queue, gather, queue->areas[EMU_VIRTQUEUE_DESCRIPTORS], queue->size, head,
                    false))
        return false;
    queue->next_available++;
    return true;
}

static void untake(EmuVirtqueue *queue, const EmuVirtioBuffer *buffer)
{
    (void)buffer;
    queue->next_available--;
}

static void give(EmuVirtqueue *queue, const EmuVirtioBuffer *buffer, uint32_t written)
{
    uint16_t *used = queue->areas[EMU_VIRTQUEUE_DEVICE];
    *used_entry(queue, queue->next_used) = (UsedEntry){buffer->id, written};
    queue->next_used++;
    queue->n_since_interrupt++;
    __atomic_store_n(&used[RING_INDEX], queue->next_used, __ATOMIC_RELEASE);
}

/* 2.7.10: the event index of the available ring stands after the used entries. */
static void arm(EmuVirtqueue *queue)
{
    if (emu_virtio_has(queue->virtio, EMU_VIRTIO_EVENT_IDX)) {
        uint8_t *used = queue->areas[EMU_VIRTQUEUE_DEVICE];
        uint16_t *event = (uint16_t *)(used + 4 + sizeof(UsedEntry) * queue->size);
        __atomic_store_n(event, queue->next_available, __ATOMIC_RELAXED);
    }
}

static bool wants_interrupt(EmuVirtqueue *queue)
{
    if (!emu_virtio_has(queue->virtio, EMU_VIRTIO_EVENT_IDX))
        return !(load(queue, RING_FLAGS) & NO_INTERRUPT);
    uint16_t event = load(queue, RING_ENTRIES + queue->size);
    uint16_t first = (uint16_t)(queue->next_used - queue->n_since_interrupt);
    return queue->n_since_interrupt > UINT16_MAX ||
           (uint16_t)(event - first) < queue->n_since_interrupt;
}

const EmuRing emu_ring_split = {
    .alignment = {16, 2, 4},
    .area_size = area_size,
    .is_empty = is_empty,
    .take = take,
    .untake = untake,
    .give = give,
    .arm = arm,
    .wants_interrupt = wants_interrupt,
};
