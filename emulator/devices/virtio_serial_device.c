/* virtio-serial-device: a console device with ports on a virtio-mmio bus. */
#include "virtio/bus.h"
#include "virtio/console.h"

#include "types/virtio_serial_device.h"

const EmuDriver emu_driver_virtio_serial_device = EMU_VIRTIO_BUS_DRIVER(
    virtio_serial_device, emu_virtio_console, .plugged = emu_virtio_console_plugged,
    .unplugged = emu_virtio_console_unplugged);
