/* virtio-serial-pci: a console device with ports as a PCI function. */
#include "virtio/console.h"
#include "virtio/pci.h"

#include "types/virtio_serial_pci.h"

const EmuDriver emu_driver_virtio_serial_pci = EMU_VIRTIO_PCI_DRIVER(
    virtio_serial_pci, emu_virtio_console, .plugged = emu_virtio_console_plugged,
    .unplugged = emu_virtio_console_unplugged);
