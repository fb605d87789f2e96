/* virtio-blk-device: a disk on a virtio-mmio bus. */
#include "virtio/blk.h"
#include "virtio/bus.h"

#include "types/virtio_blk_device.h"

const EmuDriver emu_driver_virtio_blk_device =
    EMU_VIRTIO_BUS_DRIVER(virtio_blk_device, emu_virtio_blk);
