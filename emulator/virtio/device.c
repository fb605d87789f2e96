/* device: status, feature negotiation and configuration of a virtio device (virtio 1.2, 2.1 to 2.5,
 * 3.1). */
#include "virtio/internal.h"

#include "types/virtio.h"

#include <string.h>

#define FEATURE EMU_VIRTIO_FEATURE

/* ---- life ------------------------------------------------------------------------------------ */

static uint64_t ring_features(const struct virtio_props *props)
{
    return FEATURE(EMU_VIRTIO_VERSION_1) |
           (props->indirect_desc ? FEATURE(EMU_VIRTIO_INDIRECT_DESC) : 0) |
           (props->event_idx ? FEATURE(EMU_VIRTIO_EVENT_IDX) : 0) |
           (props->packed ? FEATURE(EMU_VIRTIO_RING_PACKED) : 0) |
           (props->queue_reset ? FEATURE(EMU_VIRTIO_RING_RESET) : 0);
}

static void release(EmuVirtio *virtio)
{
    for (unsigned i = 0; i < virtio->n_queues; i++)
        g_free(virtio->queues[i]);
    g_free(virtio->state);
    g_free(virtio->config);
    g_free(virtio);
}

EmuVirtio *emu_virtio_new(EmuDevice *device, const EmuVirtioClass *class, GError **error)
{
    struct virtio_props props;
    virtio_props_read(emu_device_model(device), &props);

    EmuVirtio *virtio = g_new0(EmuVirtio, 1);
    virtio->device = device;
    virtio->class = class;
    virtio->state = g_malloc0(class->state_size);
    virtio->config = g_malloc0(class->config_size);
    virtio->offered = ring_features(&props);
    virtio->dma_allowed = true;
    if (!class->init(virtio, error)) {
        release(virtio);
        return NULL;
    }
    return virtio;
}

void emu_virtio_free(EmuVirtio *virtio)
{
    if (!virtio)
        return;
    if (virtio->class->done)
        virtio->class->done(virtio);
    release(virtio);
}

void emu_virtio_reset(EmuVirtio *virtio)
{
    if (virtio->class->reset)
        virtio->class->reset(virtio);
    for (unsigned i = 0; i < virtio->n_queues; i++)
        emu_virtqueue_reset(virtio->queues[i]);
    virtio->status = 0;
    virtio->accepted = 0;
}

void emu_virtio_connect(EmuVirtio *virtio, const EmuVirtioTransport *transport, void *context)
{
    virtio->transport = transport;
    virtio->transport_context = context;
}

void *emu_virtio_state(EmuVirtio *virtio)
{
    return virtio->state;
}

EmuDevice *emu_virtio_device(EmuVirtio *virtio)
{
    return virtio->device;
}

uint16_t emu_virtio_id(const EmuVirtio *virtio)
{
    return virtio->class->id;
}

unsigned emu_virtio_n_queues(const EmuVirtio *virtio)
{
    return virtio->n_queues;
}

/* ---- status (2.1) ---------------------------------------------------------------------------- */

uint8_t emu_virtio_status(const EmuVirtio *virtio)
{
    return virtio->status;
}

bool emu_virtio_is_running(const EmuVirtio *virtio)
{
    return (virtio->status & (EMU_VIRTIO_DRIVER_OK | EMU_VIRTIO_NEEDS_RESET)) ==
               EMU_VIRTIO_DRIVER_OK &&
           virtio->dma_allowed;
}

void emu_virtio_set_dma(EmuVirtio *virtio, bool allowed)
{
    virtio->dma_allowed = allowed;
}

static void tell_config_changed(EmuVirtio *virtio)
{
    if ((virtio->status & EMU_VIRTIO_DRIVER_OK) && virtio->transport)
        virtio->transport->config_changed(virtio->transport_context);
}

void emu_virtio_fault(EmuVirtio *virtio, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    emu_device_guest_error(virtio->device, "%s; the device needs a reset", text);
    if (!(virtio->status & EMU_VIRTIO_NEEDS_RESET)) {
        virtio->status |= EMU_VIRTIO_NEEDS_RESET;
        tell_config_changed(virtio);
    }
}

/* 3.1.1, steps 5 and 6: the device refuses by leaving FEATURES_OK clear. */
static bool agrees_to_features(EmuVirtio *virtio)
{
    if (virtio->accepted & ~virtio->offered) {
        emu_device_guest_error(virtio->device, "driver accepted features that were not offered");
        return false;
    }
    if (!(virtio->accepted & FEATURE(EMU_VIRTIO_VERSION_1))) {
        emu_device_guest_error(virtio->device, "driver did not accept VIRTIO_F_VERSION_1");
        return false;
    }
    return true;
}

static void start(EmuVirtio *virtio)
{
    if (virtio->class->started)
        virtio->class->started(virtio);
    for (unsigned i = 0; i < virtio->n_queues; i++) /* of what was there before DRIVER_OK */
        if (virtio->queues[i]->enabled && virtio->class->notified)
            virtio->class->notified(virtio, virtio->queues[i]);
}

void emu_virtio_set_status(EmuVirtio *virtio, uint8_t status)
{
    if (status == 0) {
        emu_virtio_reset(virtio);
        return;
    }
    uint8_t old = virtio->status;
    if (old & ~status & ~EMU_VIRTIO_NEEDS_RESET)
        emu_device_guest_error(virtio->device, "status bits 0x%x cleared without a reset",
                               old & ~status);
    uint8_t set = status & ~old & ~EMU_VIRTIO_NEEDS_RESET;
    if ((set & EMU_VIRTIO_FEATURES_OK) && !agrees_to_features(virtio))
        set &= (uint8_t)~EMU_VIRTIO_FEATURES_OK;
    if ((set & EMU_VIRTIO_DRIVER_OK) && !((old | set) & EMU_VIRTIO_FEATURES_OK)) {
        emu_device_guest_error(virtio->device, "DRIVER_OK before FEATURES_OK");
        set &= (uint8_t)~EMU_VIRTIO_DRIVER_OK;
    }
    virtio->status |= set;
    if (set & EMU_VIRTIO_DRIVER_OK)
        start(virtio);
}

/* ---- features (2.2) -------------------------------------------------------------------------- */

void emu_virtio_offer(EmuVirtio *virtio, uint64_t features)
{
    virtio->offered |= features;
}

bool emu_virtio_has(const EmuVirtio *virtio, unsigned feature)
{
    return virtio->accepted & FEATURE(feature);
}

static uint32_t half_of(uint64_t features, uint32_t select)
{
    return select > 1 ? 0 : (uint32_t)(features >> 32 * select);
}

uint32_t emu_virtio_offered(const EmuVirtio *virtio, uint32_t select)
{
    return half_of(virtio->offered, select);
}

uint32_t emu_virtio_accepted(const EmuVirtio *virtio, uint32_t select)
{
    return half_of(virtio->accepted, select);
}

void emu_virtio_accept(EmuVirtio *virtio, uint32_t select, uint32_t features)
{
    if (virtio->status & EMU_VIRTIO_FEATURES_OK) {
        emu_device_guest_error(virtio->device, "features written after FEATURES_OK");
        return;
    }
    if (select > 1) {
        if (features)
            emu_device_guest_error(virtio->device, "features 0x%x of set %u, which is empty",
                                   features, select);
        return;
    }
    unsigned shift = 32 * select;
    virtio->accepted &= ~(UINT64_C(0xffffffff) << shift);
    virtio->accepted |= (uint64_t)features << shift;
}

/* ---- configuration (2.5) --------------------------------------------------------------------- */

uint8_t *emu_virtio_config(EmuVirtio *virtio)
{
    return virtio->config;
}

void emu_virtio_config_changed(EmuVirtio *virtio)
{
    virtio->generation++;
    tell_config_changed(virtio);
}

uint32_t emu_virtio_config_generation(const EmuVirtio *virtio)
{
    return virtio->generation;
}

static bool is_in_config(const EmuVirtio *virtio, uint64_t offset, unsigned size)
{
    size_t whole = virtio->class->config_size;
    return size <= whole && offset <= whole - size;
}

uint64_t emu_virtio_config_read(EmuVirtio *virtio, uint64_t offset, unsigned size)
{
    uint64_t value = 0;
    if (is_in_config(virtio, offset, size))
        memcpy(&value, virtio->config + offset, size);
    return value;
}

void emu_virtio_config_write(EmuVirtio *virtio, uint64_t offset, unsigned size, uint64_t value)
{
    if (virtio->class->config_written && is_in_config(virtio, offset, size))
        virtio->class->config_written(virtio, (unsigned)offset, size, value);
    else
        emu_device_guest_error(
            virtio->device, "configuration at 0x%" G_GINT64_MODIFIER "x cannot be written", offset);
}

/* ---- notifications --------------------------------------------------------------------------- */

void emu_virtio_notify(EmuVirtio *virtio, uint32_t index)
{
    EmuVirtqueue *queue = emu_virtio_queue(virtio, index);
    if (!queue || !queue->enabled || !(virtio->status & EMU_VIRTIO_DRIVER_OK)) {
        emu_device_guest_error(virtio->device, "notification of queue %u, which does not run",
                               index);
        return;
    }
    if (virtio->class->notified && emu_virtio_is_running(virtio))
        virtio->class->notified(virtio, queue);
}
