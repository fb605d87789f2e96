/* pcie-root-port: a PCI Express root port with a slot for one device, which can come and go while
 * the machine runs (PCI Express 4.0, 6.7). */
#include "driver.h"
#include "types/pcie_root_port.h"

typedef struct Port {
    unsigned n_present;
} Port;

static bool init(EmuDevice *device, GError **error)
{
    (void)error;
    struct pcie_root_port_props props;
    pcie_root_port_props_read(emu_device_model(device), &props);
    emu_pci_init(device, &(EmuPciIdentity){
                             .vendor = 0x1b36, .device = 0x000c, .class_code = 0x060400, .pin = 1});
    emu_pci_add_express_root_port(device, (uint8_t)props.port, (uint16_t)props.slot);
    return true;
}

/* What is in the slot stays there; its events are over. */
static void reset(EmuDevice *device)
{
    Port *port = emu_device_state(device);
    if (port->n_present)
        emu_pci_root_port_set_present(device, true);
}

static void plugged(EmuDevice *device, unsigned bus, EmuDevice *child)
{
    (void)bus, (void)child;
    Port *port = emu_device_state(device);
    port->n_present++;
    emu_pci_root_port_set_present(device, true);
}

static void unplugged(EmuDevice *device, unsigned bus, EmuDevice *child)
{
    (void)bus, (void)child;
    Port *port = emu_device_state(device);
    if (--port->n_present == 0)
        emu_pci_root_port_set_present(device, false);
}

static const EmuPciDriver pci = {.is_bridge = true, .config_written = emu_pci_root_port_written};

const EmuDriver emu_driver_pcie_root_port = {
    .type = &mdl_type_pcie_root_port,
    .state_size = sizeof(Port),
    .init = init,
    .reset = reset,
    .plugged = plugged,
    .unplugged = unplugged,
    .pci = &pci,
};
