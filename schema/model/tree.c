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
    tree->hardware.by_id = g_hash_table_new(g_str_hash, g_str_equal);
    *ret_arena = tree->arena;
    return &tree->hardware;
}

MdlArena *mdl_hardware_arena(MdlHardware *hardware)
{
    return ((Tree *)hardware)->arena;
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
    g_hash_table_unref(hardware->by_id);
    mdl_arena_free(tree->arena);
    g_free(tree);
}

/* ---- copying --------------------------------------------------------------------------------- */

typedef struct Copy {
    MdlArena *arena;
    MdlHardware *to;
    GHashTable *same; /* device or bus of the one tree -> that of the other */
    const MdlDevice *without;
    const GPtrArray *instead; /* of MdlLooseDevice, for which default devices make way */
} Copy;

/* Whether a device that the machine has by default makes way for one that is added. */
static bool makes_way(const MdlHardware *hardware, const MdlDevice *device,
                      const GPtrArray *instead)
{
    const MdlPlacement *placement = hardware->placement;
    for (size_t i = 0; i < placement->n_replaces; i++) {
        for (size_t d = 0;
             strcmp(placement->replaces[i].kind, device->type->name) == 0 && d < instead->len;
             d++) {
            const MdlLooseDevice *loose = g_ptr_array_index(instead, d);
            if (g_strv_contains(placement->replaces[i].words, loose->type)) {
                return true;
            }
        }
    }
    return false;
}

static bool is_left_out(const Copy *copy, const MdlDevice *device)
{
    return device == copy->without || (copy->instead && device->made != MDL_MADE_LOOSE &&
                                       makes_way(copy->to, device, copy->instead));
}

static MdlBus *copy_bus(Copy *copy, const MdlBus *from)
{
    MdlBus *bus = mdl_arena_new0(copy->arena, MdlBus);
    *bus = *from;
    bus->id = mdl_arena_strdup(copy->arena, from->id);
    bus->node = mdl_arena_strdup(copy->arena, from->node);
    bus->devices = g_ptr_array_new();
    MdlReserved *reserved = mdl_arena_alloc(copy->arena, from->n_reserved * sizeof(*reserved));
    for (size_t i = 0; i < from->n_reserved; i++) {
        reserved[i] = from->reserved[i];
        reserved[i].address = mdl_arena_strdup(copy->arena, from->reserved[i].address);
        reserved[i].reason = mdl_arena_strdup(copy->arena, from->reserved[i].reason);
    }
    bus->reserved = reserved;
    g_hash_table_insert(copy->same, (gpointer)from, bus);
    return bus;
}

static void copy_buses(Copy *copy, const MdlHardware *from)
{
    for (size_t i = 0; i < from->buses->len; i++) {
        const MdlBus *bus = g_ptr_array_index(from->buses, i);
        if (!bus->owner || !is_left_out(copy, bus->owner)) {
            g_ptr_array_add(copy->to->buses, copy_bus(copy, bus));
        }
    }
    for (size_t i = 0; i < from->root_buses->len; i++) {
        g_ptr_array_add(copy->to->root_buses,
                        g_hash_table_lookup(copy->same, g_ptr_array_index(from->root_buses, i)));
    }
}

static void copy_device(Copy *copy, const MdlDevice *from)
{
    MdlDevice *device = mdl_arena_new0(copy->arena, MdlDevice);
    const MdlDeviceType *type = from->type;
    *device = *from;
    device->id = mdl_arena_strdup(copy->arena, from->id);
    device->properties = mdl_arena_alloc(copy->arena, type->n_properties * sizeof(MdlValue));
    for (size_t i = 0; i < type->n_properties; i++) {
        device->properties[i] = from->properties[i];
        device->properties[i].text = mdl_arena_strdup(copy->arena, from->properties[i].text);
    }
    device->regions = mdl_arena_alloc(copy->arena, type->n_regions * sizeof(MdlPlacedRegion));
    for (size_t i = 0; from->regions && i < type->n_regions; i++) {
        device->regions[i] = from->regions[i];
    }
    device->wires = g_array_new(FALSE, TRUE, sizeof(MdlWire));
    device->bus = from->bus ? g_hash_table_lookup(copy->same, from->bus) : NULL;
    if (from->buses) { /* an imported device has them only by their owner */
        device->buses = mdl_arena_alloc(copy->arena, type->n_buses * sizeof(MdlBus *));
    }
    for (size_t i = 0; from->buses && i < type->n_buses; i++) {
        device->buses[i] = g_hash_table_lookup(copy->same, from->buses[i]);
    }
    g_hash_table_insert(copy->same, (gpointer)from, device);
    g_ptr_array_add(copy->to->devices, device);
    if (!g_hash_table_contains(copy->to->by_id, device->id)) {
        g_hash_table_insert(copy->to->by_id, (gpointer)device->id, device);
    }
}

/* When all devices are there, since a wire may lead to a later one, and in the order of each bus.
 */
static void connect(Copy *copy, const MdlHardware *from)
{
    for (size_t i = 0; i < from->devices->len; i++) {
        const MdlDevice *old = g_ptr_array_index(from->devices, i);
        MdlDevice *device = g_hash_table_lookup(copy->same, old);
        for (size_t w = 0; device && w < old->wires->len; w++) {
            MdlWire wire = g_array_index(old->wires, MdlWire, w);
            wire.to = g_hash_table_lookup(copy->same, wire.to);
            g_array_append_val(device->wires, wire);
        }
    }
    for (size_t i = 0; i < from->buses->len; i++) {
        const MdlBus *old = g_ptr_array_index(from->buses, i);
        MdlBus *bus = g_hash_table_lookup(copy->same, old);
        if (bus && old->owner) {
            bus->owner = g_hash_table_lookup(copy->same, old->owner);
        }
        for (size_t d = 0; bus && d < old->devices->len; d++) {
            gpointer device = g_hash_table_lookup(copy->same, g_ptr_array_index(old->devices, d));
            if (device) {
                g_ptr_array_add(bus->devices, device);
            }
        }
    }
}

MdlHardware *mdl_hardware_copy(const MdlHardware *base, const MdlDevice *without,
                               const GPtrArray *instead, MdlArena **ret_arena)
{
    MdlHardware *to = mdl_hardware_new(ret_arena);
    MdlHardware own = *to;
    *to = *base;
    to->machine = mdl_arena_strdup(*ret_arena, base->machine);
    to->arch = mdl_arena_strdup(*ret_arena, base->arch);
    to->root_buses = own.root_buses;
    to->devices = own.devices;
    to->buses = own.buses;
    to->by_id = own.by_id;
    g_autoptr(GHashTable) same = g_hash_table_new(NULL, NULL);
    Copy copy = {*ret_arena, to, same, without, instead};
    MdlTypeDefault *defaults =
        mdl_arena_alloc(*ret_arena, base->n_defaults * sizeof(MdlTypeDefault));
    for (size_t i = 0; i < base->n_defaults; i++) {
        defaults[i] = base->defaults[i];
        defaults[i].value = mdl_arena_strdup(*ret_arena, base->defaults[i].value);
    }
    to->defaults = defaults;
    MdlKeptSlot *slots = mdl_arena_alloc(*ret_arena, base->n_slots * sizeof(MdlKeptSlot));
    for (size_t i = 0; i < base->n_slots; i++) {
        slots[i] = base->slots[i];
    }
    to->slots = slots;
    copy_buses(&copy, base);
    for (size_t i = 0; i < base->devices->len; i++) {
        const MdlDevice *device = g_ptr_array_index(base->devices, i);
        if (!is_left_out(&copy, device)) {
            copy_device(&copy, device);
        }
    }
    connect(&copy, base);
    return to;
}

const char *mdl_hardware_accel_option(const MdlHardware *hardware, const char *name)
{
    const MdlAccelerator *accel = hardware->accel;
    for (size_t i = 0; accel && i < accel->n_options; i++) {
        if (strcmp(accel->options[i].name, name) == 0) {
            return hardware->accel_options[i].text;
        }
    }
    return NULL;
}

const MdlDevice *mdl_hardware_device(const MdlHardware *hardware, const char *id)
{
    return g_hash_table_lookup(hardware->by_id, id);
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

bool mdl_device_has(const MdlDevice *device, const char *name)
{
    for (size_t i = 0; i < device->type->n_properties; i++) {
        const MdlProperty *property = &device->type->properties[i];
        if (property->kind == MDL_BOOL && strcmp(property->name, name) == 0) {
            return device->properties[i].number;
        }
    }
    return false;
}

bool mdl_device_lacks(const MdlDevice *device, const char *name)
{
    for (size_t i = 0; i < device->type->n_properties; i++) {
        const MdlProperty *property = &device->type->properties[i];
        if (property->kind == MDL_BOOL && strcmp(property->name, name) == 0) {
            return !device->properties[i].number;
        }
    }
    return false;
}

static bool has_one_of(const MdlDeviceType *type, const char *const *traits)
{
    for (size_t i = 0; traits && traits[i]; i++) {
        if (mdl_device_type_has_trait(type, traits[i])) {
            return true;
        }
    }
    return false;
}

bool mdl_bus_accepts(const MdlBus *bus, const MdlDeviceType *type)
{
    const MdlBusType *kind = bus->type;
    return (!kind->accepts[0] || has_one_of(type, kind->accepts)) &&
           !has_one_of(type, kind->refuses);
}

bool mdl_bus_reaches(const MdlBus *bus, const MdlDeviceType *type)
{
    const MdlBusType *kind = bus->type;
    return (!kind->reaches[0] || has_one_of(type, kind->reaches)) && !has_one_of(type, kind->hides);
}
