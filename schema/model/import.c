/* import: trees and device types that come from another emulator, and looking up the types that may
 * be added to a tree, wherever they are from. */
#include "build.h"

#include "value.h"

#include <string.h>

struct MdlTypes {
    MdlArena *arena;
    GPtrArray *all; /* const MdlDeviceType * */
    GHashTable *by_name;
};

MdlTypes *mdl_types_new(void)
{
    MdlTypes *types = g_new0(MdlTypes, 1);
    types->arena = mdl_arena_new();
    types->all = g_ptr_array_new();
    types->by_name = g_hash_table_new(g_str_hash, g_str_equal);
    return types;
}

void mdl_types_free(MdlTypes *types)
{
    if (!types) {
        return;
    }
    g_hash_table_unref(types->by_name);
    g_ptr_array_unref(types->all);
    mdl_arena_free(types->arena);
    g_free(types);
}

void mdl_types_add(MdlTypes *types, const MdlDeviceType *type)
{
    if (!g_hash_table_contains(types->by_name, type->name)) {
        MdlDeviceType *copy = mdl_arena_new0(types->arena, MdlDeviceType);
        *copy = *type;
        g_ptr_array_add(types->all, copy);
        g_hash_table_insert(types->by_name, (gpointer)copy->name, copy);
    }
}

char *mdl_types_strdup(MdlTypes *types, const char *text)
{
    return mdl_arena_strdup(types->arena, text);
}

void *mdl_types_alloc(MdlTypes *types, size_t size)
{
    return mdl_arena_alloc(types->arena, size);
}

const MdlDeviceType *mdl_types_find(const MdlTypes *types, const char *name)
{
    return g_hash_table_lookup(types->by_name, name);
}

size_t mdl_types_count(const MdlTypes *types)
{
    return types->all->len;
}

const MdlDeviceType *mdl_types_at(const MdlTypes *types, size_t index)
{
    return g_ptr_array_index(types->all, index);
}

const MdlDeviceType *mdl_hardware_type(const MdlHardware *hardware, const char *name)
{
    return hardware->types ? mdl_types_find(hardware->types, name) : mdl_device_type_find(name);
}

const MdlDeviceType *mdl_hardware_type_at(const MdlHardware *hardware, size_t index)
{
    if (!hardware->types) {
        return mdl_device_types[index];
    }
    return index < mdl_types_count(hardware->types) ? mdl_types_at(hardware->types, index) : NULL;
}

/* ---- trees ----------------------------------------------------------------------------------- */

MdlHardware *mdl_hardware_import(const char *machine, const char *arch,
                                 const MdlPlacement *placement, const MdlTypes *types)
{
    MdlArena *arena;
    MdlHardware *hardware = mdl_hardware_new(&arena);
    hardware->machine = mdl_arena_strdup(arena, machine);
    hardware->arch = mdl_arena_strdup(arena, arch);
    hardware->placement = placement;
    hardware->types = types;
    return hardware;
}

/* A build in which devices are added to the tree: without a machine, and with no finding. */
static MdlBuild build_of(MdlHardware *hardware, MdlFindings *unused)
{
    return (MdlBuild){
        .arena = mdl_hardware_arena(hardware), .hardware = hardware, .findings = unused};
}

void mdl_import_boards(MdlHardware *hardware, const MdlBoard *const *boards)
{
    hardware->boards = boards;
}

MdlBus *mdl_import_bus(MdlHardware *hardware, const char *id, const MdlBusType *type,
                       MdlDevice *owner)
{
    g_autoptr(MdlFindings) unused = mdl_findings_new();
    MdlBuild build = build_of(hardware, unused);
    MdlBus *bus = mdl_build_make_bus(&build, mdl_arena_strdup(build.arena, id), type, owner);
    g_ptr_array_add(hardware->buses, bus);
    if (!owner) {
        g_ptr_array_add(hardware->root_buses, bus);
    }
    return bus;
}

MdlDevice *mdl_import_device(MdlHardware *hardware, const char *id, const MdlDeviceType *type,
                             MdlBus *bus, const MdlAddress *address)
{
    MdlArena *arena = mdl_hardware_arena(hardware);
    MdlDevice *device = mdl_arena_new0(arena, MdlDevice);
    device->id = mdl_arena_strdup(arena, id);
    device->type = type;
    device->bus = bus;
    device->properties = mdl_arena_alloc(arena, type->n_properties * sizeof(MdlValue));
    for (size_t i = 0; i < type->n_properties; i++) {
        device->properties[i] = type->properties[i].default_value;
        device->properties[i].kind = type->properties[i].kind;
    }
    if (address) {
        device->address = *address;
    }
    device->wires = g_array_new(FALSE, TRUE, sizeof(MdlWire));
    g_ptr_array_add(hardware->devices, device);
    if (!g_hash_table_contains(hardware->by_id, device->id)) {
        g_hash_table_insert(hardware->by_id, (gpointer)device->id, device);
    }
    if (bus) {
        g_ptr_array_add(bus->devices, device);
    }
    return device;
}

void mdl_import_property(MdlHardware *hardware, MdlDevice *device, const char *name,
                         const char *text)
{
    MdlArena *arena = mdl_hardware_arena(hardware);
    for (size_t i = 0; i < device->type->n_properties; i++) {
        const MdlProperty *property = &device->type->properties[i];
        g_autofree char *why = NULL;
        MdlValue value;
        if (strcmp(property->name, name) == 0 &&
            mdl_value_parse(property, mdl_arena_strdup(arena, text), &value, &why)) {
            device->properties[i] = value;
        }
    }
}
