/* express: the PCI Express capability (PCI Express Base 4.0, 7.5.3). */
#include "engine/internal.h"

#include <string.h>

enum {
    CAP_ID = 0x10,
    CAP_SIZE = 60,
    CAP_FLAGS = 2, /* offsets in the capability */
    CAP_DEVICE = 4,
    CAP_DEVICE_CONTROL = 8,
    CAP_LINK = 12,
    CAP_LINK_STATUS = 18,

    VERSION = 2,
    TYPE_ENDPOINT = 0x0,
    TYPE_INTEGRATED_ENDPOINT = 0x9, /* of the root complex */

    ROLE_BASED_ERRORS = 1 << 15,
    DEVICE_CONTROL_WRITABLE = 0x78ff,
    LINK_1X_2_5GT = 0x11,
};

static void put(uint8_t *bytes, uint32_t value, unsigned size)
{
    memcpy(bytes, &value, size);
}

void emu_pci_add_express_endpoint(EmuDevice *device)
{
    const MdlBus *bus = device->model->bus;
    bool on_root = !strcmp(bus->type->name, "pcie-root");
    if (!on_root && strcmp(bus->type->name, "pcie-port"))
        return; /* a conventional bus */
    unsigned offset = emu_pci_add_capability(device, CAP_ID, CAP_SIZE);
    uint8_t *config = emu_pci_config(device) + offset;
    unsigned type = on_root ? TYPE_INTEGRATED_ENDPOINT : TYPE_ENDPOINT;
    put(config + CAP_FLAGS, VERSION | type << 4, 2);
    put(config + CAP_DEVICE, ROLE_BASED_ERRORS, 4);
    put(emu_pci_write_mask(device) + offset + CAP_DEVICE_CONTROL, DEVICE_CONTROL_WRITABLE, 2);
    if (!on_root) {
        put(config + CAP_LINK, LINK_1X_2_5GT, 4);
        put(config + CAP_LINK_STATUS, LINK_1X_2_5GT, 2);
    }
}
