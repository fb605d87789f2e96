/* bus: virtio devices as drivers of the types that sit on a virtio-mmio bus. */
#ifndef VITRINE_EMULATOR_VIRTIO_BUS_H
#define VITRINE_EMULATOR_VIRTIO_BUS_H

#include "virtio/virtio.h"

bool emu_virtio_bus_init(EmuDevice *device, GError **error);
void emu_virtio_bus_reset(EmuDevice *device);
void emu_virtio_bus_done(EmuDevice *device);

/* The driver of a type whose name ends in "-device"; more of its members may follow. */
#define EMU_VIRTIO_BUS_DRIVER(type_name, virtio_class, ...)                                        \
    {                                                                                              \
        .type = &mdl_type_##type_name, .shared = &(virtio_class),                                  \
        .state_size = sizeof(EmuVirtio *), .init = emu_virtio_bus_init,                            \
        .reset = emu_virtio_bus_reset, .done = emu_virtio_bus_done, __VA_ARGS__                    \
    }

#endif
