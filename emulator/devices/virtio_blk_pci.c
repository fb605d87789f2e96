/* virtio-blk-pci: a disk as a PCI function. */
#include "virtio/blk.h"
#include "virtio/pci.h"

#include "types/virtio_blk_pci.h"

const EmuDriver emu_driver_virtio_blk_pci = EMU_VIRTIO_PCI_DRIVER(virtio_blk_pci, emu_virtio_blk);
