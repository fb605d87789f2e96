/* balloon: the traditional memory balloon (virtio 1.2, 5.5): the guest is told how many pages the
 * host would like back, and says which it no longer uses; these are given back to the host. */
#include "virtio/balloon.h"

#include "types/virtio_balloon.h"

enum { DEFLATE_ON_OOM = 2 }; /* feature bit (5.5.3) */

enum { QUEUE_INFLATE = 0, QUEUE_SIZE = 128 };

enum { PAGE_SHIFT = 12 }; /* of page numbers, whatever the host's are */

typedef struct Config { /* 5.5.4 */
    uint32_t num_pages, actual;
} Config;

static Config *config_of(EmuVirtio *virtio)
{
    return (Config *)emu_virtio_config(virtio);
}

static void set_target(void *data, uint64_t bytes)
{
    EmuVirtio *virtio = data;
    config_of(virtio)->num_pages = (uint32_t)MIN(bytes >> PAGE_SHIFT, UINT32_MAX);
    emu_virtio_config_changed(virtio);
}

static bool init(EmuVirtio *virtio, GError **error)
{
    struct virtio_balloon_props props;
    virtio_balloon_props_read(emu_device_model(emu_virtio_device(virtio)), &props);
    for (unsigned i = 0; i < 2; i++) /* inflate, deflate (5.5.2) */
        emu_virtio_add_queue(virtio, QUEUE_SIZE);
    if (props.deflate_on_oom)
        emu_virtio_offer(virtio, EMU_VIRTIO_FEATURE(DEFLATE_ON_OOM));
    return emu_device_offer_balloon(emu_virtio_device(virtio), set_target, virtio, error);
}

/* All pages are the guest's again; what the host would like stays. */
static void reset(EmuVirtio *virtio)
{
    config_of(virtio)->actual = 0;
    emu_device_set_balloon(emu_virtio_device(virtio), 0);
}

/* Gives back runs of pages at once: guests say them one by one, upwards or downwards. */
static void give_back(EmuVirtio *virtio, const EmuVirtioBuffer *buffer)
{
    EmuDevice *device = emu_virtio_device(virtio);
    uint64_t first = 0, n = 0;
    uint32_t page;
    for (size_t at = 0; emu_virtio_buffer_read(buffer, at, &page, 4) == 4; at += 4) {
        if (n && page == first + n) {
            n++;
        } else if (n && first && page == first - 1) {
            first--;
            n++;
        } else {
            if (n)
                emu_device_discard_memory(device, first << PAGE_SHIFT, n << PAGE_SHIFT);
            first = page;
            n = 1;
        }
    }
    if (n)
        emu_device_discard_memory(device, first << PAGE_SHIFT, n << PAGE_SHIFT);
}

/* A page that is taken back needs nothing: it comes when it is touched (5.5.6). */
static void notified(EmuVirtio *virtio, EmuVirtqueue *queue)
{
    EmuVirtioBuffer *buffer;
    while ((buffer = emu_virtqueue_pop(queue))) {
        if (emu_virtqueue_index(queue) == QUEUE_INFLATE)
            give_back(virtio, buffer);
        emu_virtqueue_push(queue, buffer, 0);
    }
    emu_virtqueue_flush(queue);
}

static void config_written(EmuVirtio *virtio, unsigned offset, unsigned size, uint64_t value)
{
    if (offset != offsetof(Config, actual) || size != sizeof(uint32_t)) {
        emu_device_guest_error(emu_virtio_device(virtio),
                               "write of %u bytes at offset %u of the configuration", size, offset);
        return;
    }
    config_of(virtio)->actual = (uint32_t)value;
    emu_device_set_balloon(emu_virtio_device(virtio), (uint64_t)(uint32_t)value << PAGE_SHIFT);
}

const EmuVirtioClass emu_virtio_balloon = {
    .id = 5,
    .pci_class = 0x00ff00,
    .config_size = sizeof(Config),
    .init = init,
    .reset = reset,
    .notified = notified,
    .config_written = config_written,
};
