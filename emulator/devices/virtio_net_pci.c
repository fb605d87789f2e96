/* virtio-net-pci: a network interface as a PCI function. */
#include "virtio/net.h"
#include "virtio/pci.h"

#include "types/virtio_net_pci.h"

const EmuDriver emu_driver_virtio_net_pci = EMU_VIRTIO_PCI_DRIVER(virtio_net_pci, emu_virtio_net);
