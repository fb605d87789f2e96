/* pci: virtio devices as PCI functions (virtio 1.2, 4.1), and the drivers of their types. */
#ifndef VITRINE_EMULATOR_VIRTIO_PCI_H
#define VITRINE_EMULATOR_VIRTIO_PCI_H

#include "virtio/virtio.h"

/* The state of such a driver; the device stands first. */
typedef struct EmuVirtioPci {
    EmuVirtio *virtio;
    uint32_t offered_select, accepted_select;
    uint16_t queue_select;
    uint16_t config_vector;
    uint16_t queue_vectors[EMU_VIRTIO_MAX_QUEUES];
    unsigned n_vectors;
    unsigned window; /* offset of the configuration access capability */
    uint8_t isr;
} EmuVirtioPci;

extern const EmuPciDriver emu_virtio_pci_functions;

bool emu_virtio_pci_init(EmuDevice *device, GError **error);
void emu_virtio_pci_reset(EmuDevice *device);
void emu_virtio_pci_done(EmuDevice *device);
uint64_t emu_virtio_pci_read(EmuDevice *device, unsigned bar, uint64_t offset, unsigned size);
void emu_virtio_pci_write(EmuDevice *device, unsigned bar, uint64_t offset, unsigned size,
                          uint64_t value);

/* The driver of a type whose name ends in "-pci"; more of its members may follow. */
#define EMU_VIRTIO_PCI_DRIVER(type_name, virtio_class, ...)                                        \
    {                                                                                              \
        .type = &mdl_type_##type_name, .shared = &(virtio_class),                                  \
        .state_size = sizeof(EmuVirtioPci), .init = emu_virtio_pci_init,                           \
        .reset = emu_virtio_pci_reset, .done = emu_virtio_pci_done,                                \
        .access_sizes = EMU_ACCESS_ANY, .read = emu_virtio_pci_read,                               \
        .write = emu_virtio_pci_write, .pci = &emu_virtio_pci_functions, __VA_ARGS__               \
    }

#endif
