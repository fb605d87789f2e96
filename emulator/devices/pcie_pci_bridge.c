/* pcie-pci-bridge: a bridge from PCI Express to a conventional PCI bus (PCI-to-PCI bridge 1.2). */
#include "driver.h"
#include "types/pcie_pci_bridge.h"

static bool init(EmuDevice *device, GError **error)
{
    (void)error;
    emu_pci_init(device, &(EmuPciIdentity){
                             .vendor = 0x1b36, .device = 0x000e, .class_code = 0x060400, .pin = 1});
    return true;
}

static const EmuPciDriver pci = {.is_bridge = true};

const EmuDriver emu_driver_pcie_pci_bridge = {
    .type = &mdl_type_pcie_pci_bridge,
    .init = init,
    .pci = &pci,
};
