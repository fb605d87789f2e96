/* plug: devices that come and go while the machine is there. The hardware tree is replaced by the
 * one that holds, or no longer holds, the device; each device finds itself in it by its id. */
#include "engine/internal.h"

#include <string.h>

#include <wire.h>

static bool refuse(GError **error, const char *reason, const char *id, const char *why)
{
    g_propagate_error(
        error, wire_error_new(WIRE_ERROR_FAILED, reason, NULL, NULL, "device %s: %s", id, why));
    return false;
}

static bool may_move(const MdlDevice *model, GError **error)
{
    const MdlDeviceType *type = model->type;
    if (!type->hotplug)
        return refuse(error, "NotHotpluggable", model->id,
                      "its type cannot come or go while the machine is there");
    if (!model->bus->hotplug)
        return refuse(error, "NotHotpluggable", model->id,
                      "its bus takes devices only before the machine is built; a pcie-root-port "
                      "has a slot for one");
    /* CPUs look addresses up without the lock, and lines lead from device to device. */
    if (type->n_regions || model->wires->len)
        return refuse(error, "NotHotpluggable", model->id,
                      "it has a place on the system bus or an interrupt line");
    return true;
}

/* From now on the machine is that of another tree. */
static void adopt(EmuMachine *machine, const MdlHardware *hardware)
{
    g_hash_table_remove_all(machine->by_model);
    for (size_t i = 0; i < machine->n_devices; i++) {
        EmuDevice *device = machine->devices[i];
        const MdlDevice *model = mdl_hardware_device(hardware, device->model->id);
        g_assert(model && model->type == device->model->type);
        device->model = model;
        g_hash_table_insert(machine->by_model, (gpointer)model, device);
    }
    machine->hardware = hardware;
}

static bool add(EmuMachine *machine, const MdlDevice *model, GError **error)
{
    size_t before = machine->n_devices;
    machine->devices = g_renew(EmuDevice *, machine->devices, before + 1);
    if (emu_machine_add_device(machine, model, error))
        return true;
    if (machine->n_devices > before)
        emu_machine_remove_last(machine);
    return false;
}

bool emu_machine_plug(EmuMachine *machine, const MdlHardware *hardware, const char *id,
                      GError **error)
{
    const MdlDevice *model = mdl_hardware_device(hardware, id);
    const MdlHardware *old = machine->hardware;
    g_assert(model && !emu_machine_device(machine, id));
    if (!may_move(model, error))
        return false;
    emu_machine_lock(machine);
    adopt(machine, hardware);
    bool done = add(machine, model, error);
    if (!done)
        adopt(machine, old);
    emu_machine_unlock(machine);
    return done;
}

static bool is_free(const EmuDevice *device)
{
    for (size_t i = 0; i < device->model->type->n_buses; i++)
        if (device->model->buses[i]->devices->len)
            return false;
    return true;
}

bool emu_machine_may_unplug(EmuMachine *machine, const char *id, GError **error)
{
    const EmuDevice *device = emu_machine_device(machine, id);
    if (!may_move(device->model, error))
        return false;
    return is_free(device) ||
           refuse(error, "InUse", id, "others are on a bus it provides; take them away first");
}

/* ---- asking the guest ------------------------------------------------------------------------ */

static bool ask(EmuDevice *device)
{
    EmuDevice *owner = emu_device_bus_owner(device);
    for (unsigned i = 0; owner && owner->driver->ask_to_let_go && i < owner->model->type->n_buses;
         i++)
        if (owner->model->buses[i] == device->model->bus)
            return owner->driver->ask_to_let_go(owner, i, device);
    return false;
}

bool emu_machine_ask_to_let_go(EmuMachine *machine, const char *id)
{
    EmuDevice *device = emu_machine_device(machine, id);
    emu_machine_lock(machine);
    device->is_asked = ask(device);
    emu_machine_unlock(machine);
    return device->is_asked;
}

bool emu_machine_was_asked(EmuMachine *machine, const char *id)
{
    return emu_machine_device(machine, id)->is_asked;
}

void emu_device_let_go(EmuDevice *device, unsigned bus)
{
    EmuMachine *machine = device->machine;
    const GPtrArray *children = device->model->buses[bus]->devices;
    for (guint i = 0; i < children->len; i++) {
        EmuDevice *child = g_hash_table_lookup(machine->by_model, g_ptr_array_index(children, i));
        child->is_let_go = child->is_asked;
    }
    if (machine->config.attention)
        machine->config.attention(machine->config.context);
}

const char *emu_machine_next_let_go(EmuMachine *machine)
{
    const char *id = NULL;
    emu_machine_lock(machine);
    for (size_t i = 0; !id && i < machine->n_devices; i++)
        if (machine->devices[i]->is_let_go)
            id = machine->devices[i]->model->id;
    emu_machine_unlock(machine);
    return id;
}

bool emu_machine_unplug(EmuMachine *machine, const MdlHardware *hardware, const char *id,
                        GError **error)
{
    EmuDevice *device = emu_machine_device(machine, id);
    g_assert(device && !mdl_hardware_device(hardware, id));
    if (!emu_machine_may_unplug(machine, id, error))
        return false;
    emu_machine_lock(machine);
    size_t at = 0;
    while (machine->devices[at] != device)
        at++;
    memmove(machine->devices + at, machine->devices + at + 1,
            (machine->n_devices - at - 1) * sizeof(EmuDevice *));
    machine->devices[machine->n_devices - 1] = device;
    emu_machine_remove_last(machine);
    adopt(machine, hardware);
    emu_machine_unlock(machine);
    return true;
}
