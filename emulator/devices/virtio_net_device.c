/* virtio-net-device: a network interface on a virtio-mmio bus. */
#include "virtio/net.h"
#include "virtio/bus.h"

#include "types/virtio_net_device.h"

const EmuDriver emu_driver_virtio_net_device =
    EMU_VIRTIO_BUS_DRIVER(virtio_net_device, emu_virtio_net);
