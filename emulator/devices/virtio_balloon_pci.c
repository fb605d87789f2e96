/* virtio-balloon-pci: a memory balloon as a PCI function. */
#include "virtio/balloon.h"
#include "virtio/pci.h"

#include "types/virtio_balloon_pci.h"

const EmuDriver emu_driver_virtio_balloon_pci =
    EMU_VIRTIO_PCI_DRIVER(virtio_balloon_pci, emu_virtio_balloon);
