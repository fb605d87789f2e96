/* rng: the entropy device (virtio 1.2, 5.4): fills buffers with random bytes of the host. */
#include "virtio/rng.h"

#include <sys/random.h>

#define CHUNK 256 /* getrandom() gives as many at once, without fail */

static bool init(EmuVirtio *virtio, GError **error)
{
    (void)error;
    emu_virtio_add_queue(virtio, 8);
    return true;
}

/* At most what one chunk holds: a driver that wants more asks again (5.4.6.2: at least a byte). */
static void notified(EmuVirtio *virtio, EmuVirtqueue *queue)
{
    (void)virtio;
    EmuVirtioBuffer *buffer;
    while ((buffer = emu_virtqueue_pop(queue))) {
        uint8_t bytes[CHUNK];
        ssize_t n = getrandom(bytes, MIN(sizeof(bytes), buffer->writable_size), 0);
        size_t written = n > 0 ? emu_virtio_buffer_write(buffer, 0, bytes, (size_t)n) : 0;
        emu_virtqueue_push(queue, buffer, written);
    }
    emu_virtqueue_flush(queue);
}

const EmuVirtioClass emu_virtio_rng = {
    .id = 4,
    .pci_class = 0x00ff00,
    .init = init,
    .notified = notified,
};
