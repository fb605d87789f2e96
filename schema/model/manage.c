/* manage: what a manager makes of a list of devices before it is placed: devices that can be
 * plugged go where they can come and go, and what they need for that is put before them. */
#include "build.h"

#include "slots.h"

#include <string.h>

#define MAX_ADDED 256

typedef struct Manager {
    const MdlHardware *base;
    GPtrArray *list;     /* MdlLooseDevice, what comes out */
    MdlHardware *so_far; /* the base with the list on it; NULL: it is refused, and left as it is */
    unsigned n_added;
} Manager;

static bool takes(const MdlBus *bus, const MdlDeviceType *type, bool hotplug)
{
    return strcmp(bus->type->family, type->bus) == 0 && (!hotplug || bus->hotplug) &&
           mdl_bus_accepts(bus, type) && mdl_bus_reaches(bus, type);
}

uint64_t mdl_bus_room(const MdlHardware *hardware, const MdlBus *bus, const MdlDeviceType *type,
                      uint64_t most)
{
    g_autoptr(GPtrArray) sets = mdl_bus_slots(hardware, bus);
    uint64_t room = 0;
    MdlAddress address;
    if (bus->type->ranges || !mdl_place_free(bus, type, NULL, &address)) {
        return 0;
    }
    if (bus->type->max_devices) {
        most = MIN(most, bus->type->max_devices - bus->devices->len);
    }
    for (size_t i = 0; i < sets->len; i++) {
        const MdlSlotSet *set = g_ptr_array_index(sets, i);
        if (set->state == MDL_SLOT_FREE) {
            room = MIN(most, room + mdl_slot_set_firsts(bus, set));
        }
    }
    return room;
}

/* The type that brings a bus for devices of a type; better one that takes them while it runs. */
const char *mdl_hardware_provider(const MdlHardware *hardware, const MdlDeviceType *type,
                                  bool hotplug)
{
    const MdlDeviceType *owner;
    const char *const *adds = hardware->placement->adds;
    for (size_t i = 0; adds[i]; i++) {
        owner = mdl_hardware_type(hardware, adds[i]);
        for (size_t b = 0; owner && b < owner->n_buses; b++) {
            const MdlBusType *kind = mdl_bus_type_find(owner->buses[b].type);
            const MdlBus bus = {.type = kind, .hotplug = kind->hotplug};
            if (takes(&bus, type, hotplug)) {
                return owner->name;
            }
        }
    }
    return NULL;
}

/* A bus of the tree where a device can come and go, or NULL. */
static const MdlBus *find_room(const MdlHardware *hardware, const MdlDeviceType *type)
{
    for (size_t i = 0; hardware && i < hardware->buses->len; i++) {
        const MdlBus *bus = g_ptr_array_index(hardware->buses, i);
        MdlAddress address;
        if (takes(bus, type, true) && mdl_bus_room(hardware, bus, type, 1) &&
            mdl_place_free(bus, type, NULL, &address)) {
            return bus;
        }
    }
    return NULL;
}

static void add(Manager *manager, MdlLooseDevice *device)
{
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    g_ptr_array_add(manager->list, device);
    mdl_hardware_free(manager->so_far);
    manager->so_far =
        mdl_hardware_place(manager->base, manager->list, MDL_PLACE_COLD, findings, NULL);
}

static bool is_used(const MdlHardware *hardware, const char *property, uint64_t number)
{
    for (size_t i = 0; i < hardware->devices->len; i++) {
        const MdlDevice *device = g_ptr_array_index(hardware->devices, i);
        for (size_t p = 0; p < device->type->n_properties; p++) {
            if (strcmp(device->type->properties[p].name, property) == 0 &&
                device->properties[p].kind != MDL_STR && device->properties[p].number == number) {
                return true;
            }
        }
    }
    return false;
}

static bool has_property(const MdlDeviceType *type, const char *name)
{
    for (size_t i = 0; i < type->n_properties; i++) {
        if (strcmp(type->properties[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* A number that no other device has, for what tells such providers apart or must be set. */
static void set_number(Manager *manager, MdlLooseDevice *device, const MdlDeviceType *type,
                       const char *property)
{
    uint64_t number = 1;
    while (has_property(type, property) && is_used(manager->so_far, property, number)) {
        number++;
    }
    if (has_property(type, property)) {
        g_ptr_array_add(device->properties, g_strdup(property));
        g_ptr_array_add(device->properties, g_strdup_printf("%" G_GUINT64_FORMAT, number));
    }
}

/* Puts a provider before the device. NULL: none is known, or it finds no place itself. */
static const MdlBus *add_provider(Manager *manager, const MdlDeviceType *type, bool hotplug)
{
    const char *name = mdl_hardware_provider(manager->base, type, hotplug);
    if (!name || !manager->so_far || manager->n_added >= MAX_ADDED) {
        return NULL;
    }
    const MdlDeviceType *owner = mdl_hardware_type(manager->base, name);
    MdlLooseDevice *device = mdl_loose_device_new(name);
    do {
        g_free(device->id);
        device->id = g_strdup_printf("added%u", manager->n_added++);
    } while (mdl_hardware_device(manager->so_far, device->id));
    device->added = true;
    const MdlBusType *kind = mdl_bus_type_find(owner->buses[0].type);
    if (kind->unique[0]) {
        set_number(manager, device, owner, kind->unique[0]);
    }
    for (size_t i = 0; i < kind->n_owner_rules; i++) {
        set_number(manager, device, owner, kind->owner_rules[i].property);
    }
    add(manager, device);
    if (!manager->so_far) { /* no place for it either: as if it had not been tried */
        g_ptr_array_set_size(manager->list, (gint)manager->list->len - 1);
        g_autoptr(MdlFindings) findings = mdl_findings_new();
        manager->so_far =
            mdl_hardware_place(manager->base, manager->list, MDL_PLACE_COLD, findings, NULL);
        return NULL;
    }
    return find_room(manager->so_far, type);
}

static bool has_bus(const MdlHardware *hardware, const MdlDeviceType *type)
{
    for (size_t i = 0; hardware && i < hardware->buses->len; i++) {
        const MdlBus *bus = g_ptr_array_index(hardware->buses, i);
        MdlAddress address;
        if (takes(bus, type, false) && mdl_place_free(bus, type, NULL, &address)) {
            return true;
        }
    }
    return false;
}

/* A device that is to have a place of its own where it can come and go. */
static bool is_movable(const MdlDeviceType *type)
{
    return type && type->hotplug && type->n_buses == 0;
}

static void manage_one(Manager *manager, const MdlLooseDevice *given)
{
    MdlLooseDevice *device = mdl_loose_device_copy(given);
    const MdlDeviceType *type = mdl_hardware_type(manager->base, given->type);
    if (manager->so_far && type && !given->bus && !given->address) {
        const MdlBus *bus = is_movable(type) ? find_room(manager->so_far, type) : NULL;
        if (!bus && (is_movable(type) || !has_bus(manager->so_far, type))) {
            bus = add_provider(manager, type, is_movable(type));
            bus = bus                              ? bus
                  : has_bus(manager->so_far, type) ? NULL
                                                   : add_provider(manager, type, false);
        }
        device->bus = bus ? g_strdup(bus->id) : NULL;
    }
    add(manager, device);
}

static uint64_t count_room(const MdlHardware *hardware, const MdlDeviceType *type)
{
    uint64_t room = 0;
    for (size_t i = 0; hardware && i < hardware->buses->len; i++) {
        const MdlBus *bus = g_ptr_array_index(hardware->buses, i);
        room += takes(bus, type, true) ? mdl_bus_room(hardware, bus, type, MAX_ADDED) : 0;
    }
    return room;
}

GPtrArray *mdl_devices_manage(const MdlHardware *base, const GPtrArray *devices, uint64_t reserve,
                              const MdlDeviceType *like)
{
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    Manager manager = {.base = base,
                       .list =
                           g_ptr_array_new_with_free_func((GDestroyNotify)mdl_loose_device_free),
                       .so_far = mdl_hardware_place(base, none, MDL_PLACE_COLD, findings, NULL)};
    for (size_t i = 0; i < devices->len; i++) {
        const MdlLooseDevice *device = g_ptr_array_index(devices, i);
        const MdlDeviceType *type = mdl_hardware_type(base, device->type);
        like = like || !is_movable(type) ? like : type;
        manage_one(&manager, device);
    }
    while (like && manager.so_far && count_room(manager.so_far, like) < reserve &&
           add_provider(&manager, like, true)) {
        continue;
    }
    mdl_hardware_free(manager.so_far);
    return manager.list;
}
