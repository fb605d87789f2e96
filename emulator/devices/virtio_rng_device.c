/* virtio-rng-device: an entropy device on a virtio-mmio bus. */
#include "virtio/bus.h"
#include "virtio/rng.h"

#include "types/virtio_rng_device.h"

const EmuDriver emu_driver_virtio_rng_device =
    EMU_VIRTIO_BUS_DRIVER(virtio_rng_device, emu_virtio_rng);
