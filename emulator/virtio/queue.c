/* queue: what split and packed rings have in common: setting up, collecting a buffer's memory,
 * giving it back (virtio 1.2, 2.6 to 2.8). */
#include "virtio/internal.h"

#include <string.h>

EmuVirtqueue *emu_virtio_add_queue(EmuVirtio *virtio, unsigned size)
{
    g_assert(virtio->n_queues < EMU_VIRTIO_MAX_QUEUES);
    g_assert(size > 0 && size <= EMU_VIRTQUEUE_MAX_SIZE && (size & (size - 1)) == 0);
    EmuVirtqueue *queue = g_new0(EmuVirtqueue, 1);
    queue->virtio = virtio;
    queue->index = virtio->n_queues;
    queue->max_size = queue->size = (uint16_t)size;
    virtio->queues[virtio->n_queues++] = queue;
    return queue;
}

EmuVirtqueue *emu_virtio_queue(EmuVirtio *virtio, unsigned index)
{
    return index < virtio->n_queues ? virtio->queues[index] : NULL;
}

unsigned emu_virtqueue_index(const EmuVirtqueue *queue)
{
    return queue->index;
}

/* ---- setting up ------------------------------------------------------------------------------ */

uint16_t emu_virtqueue_max_size(const EmuVirtqueue *queue)
{
    return queue->max_size;
}

uint16_t emu_virtqueue_size(const EmuVirtqueue *queue)
{
    return queue->size;
}

uint64_t emu_virtqueue_address(const EmuVirtqueue *queue, EmuVirtqueueArea area)
{
    return queue->addresses[area];
}

bool emu_virtqueue_is_enabled(const EmuVirtqueue *queue)
{
    return queue->enabled;
}

static bool may_change(EmuVirtqueue *queue)
{
    if (queue->enabled)
        emu_device_guest_error(queue->virtio->device, "queue %u changed while it is enabled",
                               queue->index);
    return !queue->enabled;
}

void emu_virtqueue_set_size(EmuVirtqueue *queue, uint32_t size)
{
    if (!may_change(queue))
        return;
    if (size == 0 || size > queue->max_size)
        emu_device_guest_error(queue->virtio->device, "queue %u of %u entries; it has 1 to %u",
                               queue->index, size, queue->max_size);
    else
        queue->size = (uint16_t)size;
}

void emu_virtqueue_set_address(EmuVirtqueue *queue, EmuVirtqueueArea area, bool high, uint32_t half)
{
    if (!may_change(queue))
        return;
    uint64_t *address = &queue->addresses[area];
    *address = high ? (*address & UINT32_MAX) | (uint64_t)half << 32
                    : (*address & ~(uint64_t)UINT32_MAX) | half;
}

static bool map_area(EmuVirtqueue *queue, EmuVirtqueueArea area)
{
    uint64_t address = queue->addresses[area];
    if (address % queue->ring->alignment[area] == 0)
        queue->areas[area] =
            emu_device_dma_map(queue->virtio->device, address, queue->ring->area_size(queue, area));
    return queue->areas[area];
}

void emu_virtqueue_enable(EmuVirtqueue *queue)
{
    if (!may_change(queue))
        return;
    EmuVirtio *virtio = queue->virtio;
    bool packed = emu_virtio_has(virtio, EMU_VIRTIO_RING_PACKED);
    queue->ring = packed ? &emu_ring_packed : &emu_ring_split;
    if (!packed && (queue->size & (queue->size - 1)) != 0) { /* 2.7 */
        emu_virtio_fault(virtio, "split queue %u has %u entries, not a power of two", queue->index,
                         queue->size);
        return;
    }
    for (EmuVirtqueueArea area = 0; area < EMU_VIRTQUEUE_N_AREAS; area++) {
        if (!map_area(queue, area)) {
            emu_virtio_fault(
                virtio, "queue %u at 0x%" G_GINT64_MODIFIER "x is not aligned or not in memory",
                queue->index, queue->addresses[area]);
            return;
        }
    }
    queue->next_available = queue->next_used = 0;
    queue->available_wrap = queue->used_wrap = true;
    queue->n_since_interrupt = 0;
    queue->enabled = true;
    if (queue->ring->start)
        queue->ring->start(queue);
}

void emu_virtqueue_reset(EmuVirtqueue *queue)
{
    if (queue->enabled)
        emu_device_wait_jobs(queue->virtio->device); /* buffers of theirs come back */
    queue->enabled = false;
    queue->size = queue->max_size;
    memset(queue->addresses, 0, sizeof(queue->addresses));
    memset(queue->areas, 0, sizeof(queue->areas));
}

/* ---- collecting a buffer --------------------------------------------------------------------- */

bool emu_gather_add(EmuVirtqueue *queue, EmuGather *gather, uint64_t address, uint32_t size,
                    bool writable)
{
    EmuVirtio *virtio = queue->virtio;
    if (gather->n == EMU_VIRTIO_MAX_DESCRIPTORS) {
        emu_virtio_fault(virtio, "queue %u: a buffer of more than %u descriptors", queue->index,
                         EMU_VIRTIO_MAX_DESCRIPTORS);
        return false;
    }
    if (!writable && gather->n > gather->n_readable) { /* 2.7.4.2 */
        emu_virtio_fault(virtio, "queue %u: a readable descriptor after a writable one",
                         queue->index);
        return false;
    }
    size_t *total = writable ? &gather->writable_size : &gather->readable_size;
    void *memory = emu_device_dma_map(virtio->device, address, size);
    if (!memory || *total > UINT32_MAX - size) {
        emu_virtio_fault(virtio, "queue %u: %u bytes at 0x%" G_GINT64_MODIFIER "x are %s",
                         queue->index, size, address, memory ? "too many" : "not in memory");
        return false;
    }
    *total += size;
    gather->parts[gather->n++] = (struct iovec){memory, size};
    gather->n_readable += !writable;
    return true;
}

const uint8_t *emu_indirect_table(EmuVirtqueue *queue, uint64_t address, uint32_t size,
                                  uint16_t flags, uint32_t *ret_n)
{
    EmuVirtio *virtio = queue->virtio;
    if (!emu_virtio_has(virtio, EMU_VIRTIO_INDIRECT_DESC) || (flags & EMU_DESCRIPTOR_NEXT)) {
        emu_virtio_fault(virtio, "queue %u: an indirect descriptor that is not allowed",
                         queue->index);
        return NULL;
    }
    const uint8_t *table = emu_device_dma_map(virtio->device, address, size);
    if (!table || size % EMU_DESCRIPTOR_SIZE != 0) {
        emu_virtio_fault(virtio,
                         "queue %u: an indirect table of %u bytes at 0x%" G_GINT64_MODIFIER "x",
                         queue->index, size, address);
        return NULL;
    }
    *ret_n = size / EMU_DESCRIPTOR_SIZE;
    return table;
}

static EmuVirtioBuffer *buffer_new(EmuVirtqueue *queue, const EmuGather *gather)
{
    EmuVirtioBuffer *buffer = g_malloc(sizeof(EmuVirtioBuffer) + gather->n * sizeof(struct iovec));
    *buffer = (EmuVirtioBuffer){
        .queue = queue,
        .readable_size = gather->readable_size,
        .writable_size = gather->writable_size,
        .n_readable = gather->n_readable,
        .n_writable = gather->n - gather->n_readable,
        .readable = buffer->parts,
        .writable = buffer->parts + gather->n_readable,
        .id = gather->id,
        .n_slots = gather->n_slots,
    };
    memcpy(buffer->parts, gather->parts, gather->n * sizeof(struct iovec));
    return buffer;
}

/* ---- for devices ----------------------------------------------------------------------------- */

static bool is_live(const EmuVirtqueue *queue)
{
    return queue->enabled && emu_virtio_is_running(queue->virtio);
}

bool emu_virtqueue_is_empty(EmuVirtqueue *queue)
{
    if (!is_live(queue))
        return true;
    if (!queue->ring->is_empty(queue))
        return false;
    if (!is_live(queue)) /* it was found faulty */
        return true;
    /* The driver may have added one before it saw that it is to notify: look again. */
    queue->ring->arm(queue);
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    return queue->ring->is_empty(queue);
}

EmuVirtioBuffer *emu_virtqueue_pop(EmuVirtqueue *queue)
{
    EmuGather gather;
    if (emu_virtqueue_is_empty(queue) || !is_live(queue))
        return NULL;
    gather.n = gather.n_readable = 0;
    gather.readable_size = gather.writable_size = 0;
    return queue->ring->take(queue, &gather) ? buffer_new(queue, &gather) : NULL;
}

void emu_virtqueue_push(EmuVirtqueue *queue, EmuVirtioBuffer *buffer, size_t written)
{
    if (is_live(queue)) {
        emu_device_count_request(queue->virtio->device, buffer->readable_size, written);
        queue->ring->give(queue, buffer, (uint32_t)written);
    }
    g_free(buffer);
}

void emu_virtqueue_unpop(EmuVirtqueue *queue, EmuVirtioBuffer *buffer)
{
    if (is_live(queue))
        queue->ring->untake(queue, buffer);
    g_free(buffer);
}

void emu_virtio_buffer_discard(EmuVirtioBuffer *buffer)
{
    g_free(buffer);
}

void emu_virtqueue_flush(EmuVirtqueue *queue)
{
    if (!is_live(queue) || queue->n_since_interrupt == 0)
        return;
    __atomic_thread_fence(__ATOMIC_SEQ_CST); /* used entries are seen before the wish is read */
    bool wanted = queue->ring->wants_interrupt(queue);
    queue->n_since_interrupt = 0;
    EmuVirtio *virtio = queue->virtio;
    if (wanted && virtio->transport)
        virtio->transport->queue_used(virtio->transport_context, queue->index);
}

/* ---- a buffer's memory ----------------------------------------------------------------------- */

unsigned emu_iovec_slice(const struct iovec *from, unsigned n, size_t offset, size_t size,
                         struct iovec *ret_slice)
{
    unsigned count = 0;
    for (unsigned i = 0; i < n && size > 0; i++) {
        if (offset >= from[i].iov_len) {
            offset -= from[i].iov_len;
            continue;
        }
        size_t length = MIN(size, from[i].iov_len - offset);
        ret_slice[count++] = (struct iovec){(uint8_t *)from[i].iov_base + offset, length};
        size -= length;
        offset = 0;
    }
    return count;
}

static size_t copy(const struct iovec *parts, unsigned n, size_t offset, uint8_t *bytes,
                   size_t size, bool to_guest)
{
    size_t done = 0;
    for (unsigned i = 0; i < n && done < size; i++) {
        if (offset >= parts[i].iov_len) {
            offset -= parts[i].iov_len;
            continue;
        }
        size_t length = MIN(size - done, parts[i].iov_len - offset);
        uint8_t *guest = (uint8_t *)parts[i].iov_base + offset;
        memcpy(to_guest ? guest : bytes + done, to_guest ? bytes + done : guest, length);
        done += length;
        offset = 0;
    }
    return done;
}

size_t emu_virtio_buffer_read(const EmuVirtioBuffer *buffer, size_t offset, void *bytes,
                              size_t size)
{
    return copy(buffer->readable, buffer->n_readable, offset, bytes, size, false);
}

size_t emu_virtio_buffer_write(const EmuVirtioBuffer *buffer, size_t offset, const void *bytes,
                               size_t size)
{
    return copy(buffer->writable, buffer->n_writable, offset, (uint8_t *)bytes, size, true);
}
