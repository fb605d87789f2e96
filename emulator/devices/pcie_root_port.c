/* pcie-root-port: a PCI Express root port with a slot for one device, which can come and go while
 * the machine runs (PCI Express 4.0, 6.7). */
#include "driver.h"
#include "types/pcie_root_port.h"

typedef struct Port {
    unsigned n_present;
    bool is_off; /* the guest has cut the power */
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
    port->is_off = false;
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

static bool ask_to_let_go(EmuDevice *device, unsigned bus, EmuDevice *child)
{
    (void)bus, (void)child;
    return emu_pci_root_port_press(device);
}

static void config_written(EmuDevice *device, unsigned offset, unsigned size)
{
    Port *port = emu_device_state(device);
    emu_pci_root_port_written(device, offset, size);
    bool was_off = port->is_off;
    port->is_off = emu_pci_root_port_is_off(device);
    if (port->is_off && !was_off && port->n_present)
        emu_device_let_go(device, 0);
}

static const EmuPciDriver pci = {.is_bridge = true, .config_written = config_written};

const EmuDriver emu_driver_pcie_root_port = {
    .type = &mdl_type_pcie_root_port,
    .state_size = sizeof(Port),
    .init = init,
    .reset = reset,
    .plugged = plugged,
    .unplugged = unplugged,
    .ask_to_let_go = ask_to_let_go,
    .pci = &pci,
};
