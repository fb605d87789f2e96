/* virtio-balloon-device: a memory balloon on a virtio-mmio bus. */
#include "virtio/balloon.h"
#include "virtio/bus.h"

#include "types/virtio_balloon_device.h"

const EmuDriver emu_driver_virtio_balloon_device =
    EMU_VIRTIO_BUS_DRIVER(virtio_balloon_device, emu_virtio_balloon);
