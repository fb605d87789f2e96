/* tree: the hardware tree as a thing: made empty, looked through, freed. */
#include "build.h"

#include <string.h>

typedef struct Tree { /* what mdl_hardware_free gets back */
    MdlHardware hardware;
    MdlArena *arena;
} Tree;

static void device_free(gpointer data)
{
    MdlDevice *device = data;
    g_array_unref(device->wires);
}

static void bus_free(gpointer data)
{
    MdlBus *bus = data;
    g_ptr_array_unref(bus->devices);
}

MdlHardware *mdl_hardware_new(MdlArena **ret_arena)
{
    Tree *tree = g_new0(Tree, 1);
    tree->arena = mdl_arena_new();
    tree->hardware.root_buses = g_ptr_array_new();
    tree->hardware.devices = g_ptr_array_new_with_free_func(device_free);
    tree->hardware.buses = g_ptr_array_new_with_free_func(bus_free);
    *ret_arena = tree->arena;
    return &tree->hardware;
}

void mdl_hardware_free(MdlHardware *hardware)
{
    if (!hardware) {
        return;
    }
    Tree *tree = (Tree *)hardware;
    g_ptr_array_unref(hardware->root_buses);
    g_ptr_array_unref(hardware->devices);
    g_ptr_array_unref(hardware->buses);
    mdl_arena_free(tree->arena);
    g_free(tree);
}

const MdlDevice *mdl_hardware_device(const MdlHardware *hardware, const char *id)
{
    for (size_t i = 0; i < hardware->devices->len; i++) {
        const MdlDevice *device = g_ptr_array_index(hardware->devices, i);
        if (strcmp(device->id, id) == 0) {
            return device;
        }
    }
    return NULL;
}

const MdlBus *mdl_hardware_bus(const MdlHardware *hardware, const char *id)
{
    for (size_t i = 0; i < hardware->buses->len; i++) {
        const MdlBus *bus = g_ptr_array_index(hardware->buses, i);
        if (strcmp(bus->id, id) == 0) {
            return bus;
        }
    }
    return NULL;
}

const MdlValue *mdl_device_property(const MdlDevice *device, const char *name)
{
    for (size_t i = 0; i < device->type->n_properties; i++) {
        if (strcmp(device->type->properties[i].name, name) == 0) {
            return &device->properties[i];
        }
    }
    g_assert_not_reached();
}

bool mdl_bus_accepts(const MdlBus *bus, const MdlDeviceType *type)
{
    const char *const *traits = bus->type->accepts;
    for (size_t i = 0; traits[i]; i++) {
        if (mdl_device_type_has_trait(type, traits[i])) {
            return true;
        }
    }
    return !traits[0];
}
