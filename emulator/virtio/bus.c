/* bus: a virtio device behind the transport that owns its bus. */
#include "virtio/bus.h"

static EmuVirtio **virtio_of(EmuDevice *device)
{
    return emu_device_state(device);
}

bool emu_virtio_bus_init(EmuDevice *device, GError **error)
{
    EmuVirtio *virtio = emu_virtio_new(device, emu_device_shared(device), error);
    *virtio_of(device) = virtio;
    emu_device_set_bus_side(device, virtio);
    return virtio;
}

void emu_virtio_bus_reset(EmuDevice *device)
{
    emu_virtio_reset(*virtio_of(device));
}

void emu_virtio_bus_done(EmuDevice *device)
{
    emu_virtio_free(*virtio_of(device));
}
