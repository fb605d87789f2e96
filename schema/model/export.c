/* export: the hardware tree as a machine file and as a flattened tree of its own. See export.h. */
#include "export.h"

#include "cfg.h"

#include <string.h>

/* ---- as a machine file ----------------------------------------------------------------------- */

/* A value that ends in a backslash is kept from going on in the next line by a space. */
static void put_key(GString *out, const char *key, const char *value)
{
    bool bare = mdl_cfg_is_bare(key);
    g_string_append_printf(out, bare ? "%s" : "\"%s\"", key);
    if (value) {
        g_string_append_printf(out, " = %s%s", value, g_str_has_suffix(value, "\\") ? " " : "");
    }
    g_string_append_c(out, '\n');
}

static void put_number(GString *out, const char *key, uint64_t value)
{
    g_string_append_printf(out, "%s = %" G_GUINT64_FORMAT "\n", key, value);
}

static void put_hex(GString *out, const char *key, uint64_t value)
{
    g_string_append_printf(out, "%s = 0x%" G_GINT64_MODIFIER "x\n", key, value);
}

static void put_properties(GString *out, const MdlDevice *device)
{
    for (size_t i = 0; i < device->type->n_properties; i++) {
        const MdlValue *value = &device->properties[i];
        bool absent = (value->kind == MDL_STR || value->kind == MDL_ENUM) && !value->text;
        if (!absent) {
            g_autofree char *text = mdl_value_print(value);
            put_key(out, device->type->properties[i].name, text);
        }
    }
}

static void put_wires(GString *out, const MdlDevice *device)
{
    for (size_t i = 0; i < device->wires->len; i++) {
        const MdlWire *wire = &g_array_index(device->wires, MdlWire, i);
        if (wire->irq->many && wire->output > 0) {
            continue;
        }
        g_autofree char *to = g_strdup(wire->to->id);
        if (wire->irq->many) {
            *strrchr(to, '.') = '\0';
        }
        g_string_append_printf(out, "irq.%s = %s%s:%u\n", wire->irq->name, to,
                               wire->irq->many ? ".*" : "", wire->line);
    }
}

static void put_device(GString *out, const MdlDevice *device)
{
    g_string_append_printf(out, "\n[device \"%s\"]\ntype = %s\nbus = %s\n", device->id,
                           device->type->name, device->bus->id);
    if (!device->bus->type->ranges && device->bus->type->n_fields) {
        g_autofree char *address = mdl_address_print(device->bus->type, &device->address);
        put_key(out, "address", address);
    }
    for (size_t i = 0; i < device->type->n_regions; i++) {
        g_autofree char *key = g_strconcat("region.", device->regions[i].region->name, NULL);
        put_hex(out, key, device->regions[i].base);
    }
    put_properties(out, device);
    put_wires(out, device);
}

static void put_cpus(GString *out, const MdlHardware *hardware, const MdlDevice *cpu)
{
    g_string_append_printf(out, "\n[cpus]\nbus = %s\ntypes = %s\n", cpu->bus->id, cpu->type->name);
    put_number(out, "default", hardware->cpus);
    put_number(out, "max", hardware->max_cpus);
    put_number(out, "sockets", hardware->sockets);
    put_number(out, "clusters", hardware->clusters);
    put_number(out, "cores", hardware->cores);
    put_number(out, "threads", hardware->threads);
    if (cpu->type->n_properties) {
        g_string_append_printf(out, "\n[default \"%s\"]\n", cpu->type->name);
        put_properties(out, cpu);
    }
}

static void put_memory(GString *out, const MdlHardware *hardware, const MdlDevice *ram)
{
    g_string_append_printf(out, "\n[memory]\ntype = %s\n", ram->type->name);
    put_hex(out, "base", ram->regions[0].base);
    put_number(out, "default", hardware->memory);
    g_string_append_printf(out, "range = %" G_GUINT64_FORMAT "..%" G_GUINT64_FORMAT "\n",
                           hardware->memory, hardware->memory);
}

static void put_nodes(GString *out, const MdlHardware *hardware)
{
    for (size_t i = 0; i < hardware->n_nodes; i++) {
        const MdlNode *node = &hardware->nodes[i];
        g_string_append_printf(out, "\n[node \"%s\"]\n", node->path);
        for (size_t p = 0; p < node->n_properties; p++) {
            put_key(out, node->properties[p].name, node->properties[p].value);
        }
    }
}

/* The places that the machine keeps free, beside those of the bus's type. */
static void put_slots(GString *out, const MdlHardware *hardware)
{
    for (size_t i = 0; i < hardware->buses->len; i++) {
        const MdlBus *bus = g_ptr_array_index(hardware->buses, i);
        for (size_t r = bus->type->n_reserved; r < bus->n_reserved; r++) {
            g_string_append_printf(out, "\n[slot \"%s\"]\n", bus->reserved[r].address);
            put_key(out, "bus", bus->id);
            put_key(out, "reason", bus->reserved[r].reason);
        }
    }
}

char *mdl_hardware_to_cfg(const MdlHardware *hardware)
{
    GString *out = g_string_new(NULL);
    g_string_append_printf(out,
                           "# The hardware of %s, every choice made.\n\n[machine]\n"
                           "name = %s-hardware\nversion = 1\narch = %s\n"
                           "doc = The hardware of %s, every choice made\naccel = %s\n",
                           hardware->machine, hardware->machine, hardware->arch, hardware->machine,
                           hardware->accel->name);
    for (size_t i = 0; i < hardware->root_buses->len; i++) {
        const MdlBus *bus = g_ptr_array_index(hardware->root_buses, i);
        g_string_append_printf(out, "\n[bus \"%s\"]\ntype = %s\n", bus->id, bus->type->name);
        if (bus->node) {
            put_key(out, "node", bus->node);
        }
    }
    put_nodes(out, hardware);
    bool cpus = false;
    for (size_t i = 0; i < hardware->devices->len; i++) {
        const MdlDevice *device = g_ptr_array_index(hardware->devices, i);
        if (device->made == MDL_MADE_CPU) {
            if (!cpus) {
                put_cpus(out, hardware, device);
            }
            cpus = true;
        } else if (device->made == MDL_MADE_MEMORY) {
            put_memory(out, hardware, device);
        } else {
            put_device(out, device);
        }
    }
    put_slots(out, hardware);
    return g_string_free(out, FALSE);
}

/* ---- as a flattened tree of its own ---------------------------------------------------------- */

static void put_string(MdlTreeNode *node, const char *name, const char *text)
{
    if (text) {
        mdl_tree_put_string(mdl_tree_property(node, name), text);
    }
}

static void put_uint(MdlTreeNode *node, const char *name, uint64_t value)
{
    mdl_tree_put_cell64(mdl_tree_property(node, name), value);
}

static void put_tree_properties(MdlTreeNode *node, const MdlDevice *device)
{
    for (size_t i = 0; i < device->type->n_properties; i++) {
        const MdlProperty *property = &device->type->properties[i];
        const MdlValue *value = &device->properties[i];
        MdlTreeNode *side =
            mdl_tree_child(node, property->side == MDL_SIDE_GUEST ? "guest" : "backend");
        if (value->kind == MDL_STR || value->kind == MDL_ENUM) {
            put_string(side, property->name, value->text);
        } else {
            put_uint(side, property->name, value->number);
        }
    }
}

static void put_tree_device(MdlTreeNode *devices, const MdlDevice *device)
{
    MdlTreeNode *node = mdl_tree_child(devices, device->id);
    put_string(node, "type", device->type->name);
    put_string(node, "bus", device->bus->id);
    g_autofree char *address = mdl_address_print(device->bus->type, &device->address);
    put_string(node, "address", address);
    put_uint(node, "index", device->index);
    put_tree_properties(node, device);
    for (size_t i = 0; i < device->type->n_regions; i++) {
        const MdlPlacedRegion *region = &device->regions[i];
        GByteArray *data = mdl_tree_property(mdl_tree_child(node, "regions"), region->region->name);
        mdl_tree_put_cell64(data, region->base);
        mdl_tree_put_cell64(data, region->size);
    }
    for (size_t i = 0; i < device->wires->len; i++) {
        const MdlWire *wire = &g_array_index(device->wires, MdlWire, i);
        g_autofree char *to = g_strdup_printf("%s:%u", wire->to->id, wire->line);
        mdl_tree_put_string(mdl_tree_property(mdl_tree_child(node, "irqs"), wire->irq->name), to);
    }
    for (size_t i = 0; i < device->type->n_buses; i++) {
        mdl_tree_put_string(mdl_tree_property(node, "provides"), device->buses[i]->id);
    }
}

GBytes *mdl_hardware_to_fdt(const MdlHardware *hardware)
{
    g_autoptr(MdlTreeNode) root = mdl_tree_new();
    put_string(root, "compatible", "vitrine,hardware");
    put_string(root, "machine", hardware->machine);
    put_string(root, "arch", hardware->arch);
    put_string(root, "accel", hardware->accel->name);
    put_uint(root, "cpus", hardware->cpus);
    put_uint(root, "max-cpus", hardware->max_cpus);
    put_uint(root, "memory", hardware->memory);
    MdlTreeNode *buses = mdl_tree_child(root, "buses");
    for (size_t i = 0; i < hardware->buses->len; i++) {
        const MdlBus *bus = g_ptr_array_index(hardware->buses, i);
        MdlTreeNode *node = mdl_tree_child(buses, bus->id);
        put_string(node, "type", bus->type->name);
        put_string(node, "owner", bus->owner ? bus->owner->id : NULL);
    }
    MdlTreeNode *devices = mdl_tree_child(root, "devices");
    for (size_t i = 0; i < hardware->devices->len; i++) {
        put_tree_device(devices, g_ptr_array_index(hardware->devices, i));
    }
    return mdl_tree_flatten(root);
}
