/* virtio-rng-pci: a source of entropy as a PCI function. */
#include "virtio/rng.h"
#include "virtio/pci.h"

#include "types/virtio_rng_pci.h"

const EmuDriver emu_driver_virtio_rng_pci = EMU_VIRTIO_PCI_DRIVER(virtio_rng_pci, emu_virtio_rng);
