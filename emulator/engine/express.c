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
    CAP_SLOT = 20,
    CAP_SLOT_CONTROL = 24,
    CAP_SLOT_STATUS = 26,
    CAP_ROOT_CONTROL = 28,

    VERSION = 2,
    TYPE_ENDPOINT = 0x0,
    TYPE_ROOT_PORT = 0x4,
    TYPE_INTEGRATED_ENDPOINT = 0x9, /* of the root complex */

    ROLE_BASED_ERRORS = 1 << 15,
    DEVICE_CONTROL_WRITABLE = 0x78ff,
    LINK_1X_2_5GT = 0x11,

    FLAG_SLOT = 1 << 8,
    LINK_REPORTS_ACTIVE = 1 << 20, /* of the link's capabilities */
    LINK_ACTIVE = 1 << 13,         /* of its status */

    SLOT_BUTTON = 1 << 0, /* of the slot's capabilities; enabled in control, shown in status */
    SLOT_POWER_CONTROLLER = 1 << 1,
    SLOT_ATTENTION_INDICATOR = 1 << 3,
    SLOT_POWER_INDICATOR = 1 << 4,
    SLOT_SURPRISE = 1 << 5,
    SLOT_HOTPLUG = 1 << 6,
    SLOT_NO_COMMAND_COMPLETED = 1 << 18,
    SLOT_NUMBER_SHIFT = 19,
    SLOT_CONTROL_WRITABLE = 0x17ff,
    SLOT_CONTROL_INTERRUPT = 1 << 5,
    SLOT_CONTROL_OFF = 1 << 10,
    SLOT_PRESENCE_CHANGED = 1 << 3, /* enabled in control, shown in status; so the next */
    SLOT_LINK_CHANGED = 1 << 8,
    SLOT_LINK_CHANGED_ENABLE = 1 << 12,
    SLOT_PRESENT = 1 << 6,
    ROOT_CONTROL_WRITABLE = 0x1f,
    SLOT_CLEARED_BY_1 = 0x011f,
};

static void put(uint8_t *bytes, uint32_t value, unsigned size)
{
    memcpy(bytes, &value, size);
}

void emu_pci_add_express_endpoint(EmuDevice *device)
{
    const MdlBus *bus = device->model->bus;
    bool on_root = !bus->type->link;
    if (!bus->type->express)
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

/* ---- root ports ------------------------------------------------------------------------------ */

static unsigned get(const uint8_t *bytes)
{
    uint16_t value;
    memcpy(&value, bytes, sizeof(value));
    return value;
}

void emu_pci_add_express_root_port(EmuDevice *device, uint8_t port, uint16_t slot)
{
    unsigned offset = device->express = emu_pci_add_capability(device, CAP_ID, CAP_SIZE);
    uint8_t *config = emu_pci_config(device) + offset;
    uint8_t *mask = emu_pci_write_mask(device) + offset;
    put(config + CAP_FLAGS, VERSION | TYPE_ROOT_PORT << 4 | FLAG_SLOT, 2);
    put(config + CAP_DEVICE, ROLE_BASED_ERRORS, 4);
    put(mask + CAP_DEVICE_CONTROL, DEVICE_CONTROL_WRITABLE, 2);
    put(config + CAP_LINK, LINK_1X_2_5GT | LINK_REPORTS_ACTIVE | (uint32_t)port << 24, 4);
    put(config + CAP_LINK_STATUS, LINK_1X_2_5GT, 2);
    put(config + CAP_SLOT,
        SLOT_BUTTON | SLOT_POWER_CONTROLLER | SLOT_ATTENTION_INDICATOR | SLOT_POWER_INDICATOR |
            SLOT_SURPRISE | SLOT_HOTPLUG | SLOT_NO_COMMAND_COMPLETED |
            (uint32_t)slot << SLOT_NUMBER_SHIFT,
        4);
    put(mask + CAP_SLOT_CONTROL, SLOT_CONTROL_WRITABLE, 2);
    put(emu_pci_clear_mask(device) + offset + CAP_SLOT_STATUS, SLOT_CLEARED_BY_1, 2);
    put(mask + CAP_ROOT_CONTROL, ROOT_CONTROL_WRITABLE, 2);
}

/* 6.7.3.4: the port's interrupt while an enabled event is shown. */
static void update_interrupt(EmuDevice *device)
{
    const uint8_t *config = emu_pci_config(device) + device->express;
    unsigned control = get(config + CAP_SLOT_CONTROL), status = get(config + CAP_SLOT_STATUS);
    bool event = (status & control & (SLOT_PRESENCE_CHANGED | SLOT_BUTTON)) ||
                 ((status & SLOT_LINK_CHANGED) && (control & SLOT_LINK_CHANGED_ENABLE));
    emu_pci_set_intx(device, event && (control & SLOT_CONTROL_INTERRUPT));
}

void emu_pci_root_port_set_present(EmuDevice *device, bool present)
{
    uint8_t *config = emu_pci_config(device) + device->express;
    unsigned status = get(config + CAP_SLOT_STATUS), link = get(config + CAP_LINK_STATUS);
    if (present == !!(status & SLOT_PRESENT))
        return;
    status = (status ^ SLOT_PRESENT) | SLOT_PRESENCE_CHANGED | SLOT_LINK_CHANGED;
    put(config + CAP_SLOT_STATUS, status, 2);
    put(config + CAP_LINK_STATUS, link ^ LINK_ACTIVE, 2);
    update_interrupt(device);
}

bool emu_pci_root_port_press(EmuDevice *device)
{
    const uint8_t *config = emu_pci_config(device) + device->express;
    unsigned control = get(config + CAP_SLOT_CONTROL);
    if (!(control & SLOT_BUTTON) || !(control & SLOT_CONTROL_INTERRUPT))
        return false;
    put(emu_pci_config(device) + device->express + CAP_SLOT_STATUS,
        get(config + CAP_SLOT_STATUS) | SLOT_BUTTON, 2);
    update_interrupt(device);
    return true;
}

bool emu_pci_root_port_is_off(EmuDevice *device)
{
    return get(emu_pci_config(device) + device->express + CAP_SLOT_CONTROL) & SLOT_CONTROL_OFF;
}

void emu_pci_root_port_written(EmuDevice *device, unsigned offset, unsigned size)
{
    unsigned first = device->express + CAP_SLOT_CONTROL;
    if (offset < first + 4 && offset + size > first)
        update_interrupt(device);
}
