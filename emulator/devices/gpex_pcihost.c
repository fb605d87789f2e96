/* gpex-pcihost: a generic PCI Express host bridge: configuration space through ECAM (PCI Express
 * 4.0, 7.2.2), a window to the bus's I/O space, and two to its memory space at the same addresses.
 */
#include "driver.h"
#include "types/gpex_pcihost.h"

static uint16_t bdf_of(uint64_t offset)
{
    return (uint16_t)(offset >> 12);
}

static EmuPciSpace space_of(EmuDevice *device, unsigned region, uint64_t *offset)
{
    if (region == GPEX_PCIHOST_REGION_PIO)
        return EMU_PCI_SPACE_IO;
    *offset += emu_device_region_base(device, region);
    return EMU_PCI_SPACE_MEMORY;
}

static uint64_t host_read(EmuDevice *device, unsigned region, uint64_t offset, unsigned size)
{
    if (region == GPEX_PCIHOST_REGION_ECAM)
        return emu_pci_config_read(device, GPEX_PCIHOST_BUS_PCIE, bdf_of(offset), offset & 0xfff,
                                   size);
    EmuPciSpace space = space_of(device, region, &offset);
    return emu_pci_space_read(device, GPEX_PCIHOST_BUS_PCIE, space, offset, size);
}

static void host_write(EmuDevice *device, unsigned region, uint64_t offset, unsigned size,
                       uint64_t value)
{
    if (region == GPEX_PCIHOST_REGION_ECAM) {
        emu_pci_config_write(device, GPEX_PCIHOST_BUS_PCIE, bdf_of(offset), offset & 0xfff, size,
                             value);
        return;
    }
    EmuPciSpace space = space_of(device, region, &offset);
    emu_pci_space_write(device, GPEX_PCIHOST_BUS_PCIE, space, offset, size, value);
}

static void host_intx(EmuDevice *device, unsigned line, bool level)
{
    static const unsigned irqs[EMU_PCI_N_INTX] = {GPEX_PCIHOST_IRQ_INTA, GPEX_PCIHOST_IRQ_INTB,
                                                  GPEX_PCIHOST_IRQ_INTC, GPEX_PCIHOST_IRQ_INTD};
    emu_device_set_irq(device, irqs[line], 0, level);
}

static const EmuPciDriver pci = {.intx = host_intx};

const EmuDriver emu_driver_gpex_pcihost = {
    .type = &mdl_type_gpex_pcihost,
    .access_sizes = EMU_ACCESS_ANY,
    .read = host_read,
    .write = host_write,
    .pci = &pci,
};
