/* guest_tree: the device tree of a hardware tree, as the nodes of its machine and its device types
 * say. What follows from the tree itself (reg, interrupts, the place of a node) is not repeated in
 * declarations but made here. */
#include "export.h"

#include "machine.h"

#include <string.h>

typedef struct Guest {
    const MdlHardware *hardware;
    MdlFindings *findings;
    MdlArena *arena;
    MdlTreeNode *root;
    GHashTable *own;         /* MdlDevice * -> its first node */
    GHashTable *controllers; /* MdlDevice * -> the node that takes its interrupts */
    uint32_t last_phandle;
    const MdlDevice *device; /* the one that names mean at the moment; NULL: the machine */
} Guest;

static uint32_t phandle_of(Guest *guest, MdlTreeNode *node)
{
    if (node && !node->phandle) {
        node->phandle = ++guest->last_phandle;
    }
    return node ? node->phandle : 0;
}

/* ---- names and references in values ---------------------------------------------------------- */

static bool describe(void *context, const char *name, MdlNameInfo *ret_info)
{
    const Guest *guest = context;
    if (guest->device && strcmp(name, "index") == 0) {
        *ret_info = (MdlNameInfo){MDL_UINT, NULL};
        return true;
    }
    for (size_t i = 0; guest->device && i < guest->device->type->n_properties; i++) {
        const MdlProperty *property = &guest->device->type->properties[i];
        if (strcmp(property->name, name) == 0) {
            *ret_info = (MdlNameInfo){property->kind, property->values};
            return true;
        }
    }
    return false;
}

static bool read_name(void *context, const char *name, MdlValue *ret_value, char **ret_why)
{
    const Guest *guest = context;
    (void)ret_why;
    if (strcmp(name, "index") == 0) {
        *ret_value = (MdlValue){.kind = MDL_UINT, .number = guest->device->index};
    } else {
        *ret_value = *mdl_device_property(guest->device, name);
    }
    return true;
}

/* The value of a text property, "" for none; NULL: there is no such property. */
static const char *text_property(const MdlDevice *device, const char *name)
{
    for (size_t i = 0; device && i < device->type->n_properties; i++) {
        if (device->type->properties[i].kind == MDL_STR &&
            strcmp(device->type->properties[i].name, name) == 0) {
            return device->properties[i].text ? device->properties[i].text : "";
        }
    }
    return NULL;
}

/* A text property of the device may hold the id of the one that is meant. */
static const MdlDevice *find_referred(const Guest *guest, const char *reference)
{
    if (strcmp(reference, "self") == 0) {
        return guest->device;
    }
    const char *own = text_property(guest->device, reference);
    return mdl_hardware_device(guest->hardware, own ? own : reference);
}

static uint32_t find_phandle(void *context, const char *reference)
{
    Guest *guest = context;
    const MdlDevice *device = find_referred(guest, reference);
    return device ? phandle_of(guest, g_hash_table_lookup(guest->own, device)) : 0;
}

/* The path of a node below another, with a "/" before each name; NULL: it is not there. */
static char *path_below(const MdlTreeNode *from, const MdlTreeNode *node)
{
    for (size_t i = 0; i < from->children->len; i++) {
        const MdlTreeNode *child = g_ptr_array_index(from->children, i);
        g_autofree char *rest = child == node ? g_strdup("") : path_below(child, node);
        if (rest) {
            return g_strconcat("/", child->name, rest, NULL);
        }
    }
    return NULL;
}

static char *find_path(void *context, const char *reference)
{
    const Guest *guest = context;
    const MdlDevice *device = find_referred(guest, reference);
    const MdlTreeNode *node = device ? g_hash_table_lookup(guest->own, device) : NULL;
    return node ? path_below(guest->root, node) : NULL;
}

static const char *name_on(void *context, size_t index)
{
    const Guest *guest = context;
    const MdlDeviceType *type = guest->device ? guest->device->type : NULL;
    for (size_t i = 0; type && i < type->n_properties; i++) {
        if (type->properties[i].kind == MDL_BOOL && guest->device->properties[i].number &&
            index-- == 0) {
            return type->properties[i].name;
        }
    }
    return NULL;
}

static MdlTreeScope scope_of(Guest *guest)
{
    return (MdlTreeScope){
        .names = {.describe = describe, .read = read_name, .context = guest},
        .arena = guest->arena,
        .phandle = find_phandle,
        .path = find_path,
        .name_on = name_on,
        .context = guest,
    };
}

/* At a property's own line, or at the device whose type declares it. property: NULL for a name. */
static void find(Guest *guest, const char *node, const MdlNodeProperty *property, const char *why)
{
    g_autofree char *what =
        g_strdup_printf("%s: node %s", guest->hardware->machine, *node ? node : "/");
    MdlPlace place = {.what = what};
    if (property && property->file) {
        place.file = property->file;
        place.line = property->line;
    } else if (guest->device) {
        place.file = guest->device->file;
        place.line = guest->device->line;
    }
    mdl_find(guest->findings, MDL_CHECK_NODE_VALUE, &place, NULL, "\"%s\": %s",
             property ? property->name : "name", why);
}

/* ---- generators: values that follow from the tree -------------------------------------------- */

/* PCI Bus Binding to Open Firmware 2.2.1.1: phys.hi of a range. */
enum { PCI_SPACE_IO = 0x01000000, PCI_SPACE_MEM32 = 0x02000000, PCI_SPACE_MEM64 = 0x03000000 };

static bool declares(const MdlNode *node, const char *property);

/* Interrupt line of a controller whose specifiers have two cells: the second is the trigger, and
 * all lines here are active while they are high (Devicetree binding interrupt-controller). */
enum { TRIGGER_LEVEL_HIGH = 4 };

static bool wants_trigger(const MdlDeviceType *controller)
{
    for (size_t i = 0; i < controller->n_nodes; i++) {
        const MdlNode *node = &controller->nodes[i];
        for (size_t p = 0; declares(node, "interrupt-controller") && p < node->n_properties; p++) {
            if (strcmp(node->properties[p].name, "#interrupt-cells") == 0) {
                return strcmp(node->properties[p].value, "<2>") == 0;
            }
        }
    }
    return false;
}

static void put_specifier(GByteArray *data, const MdlWire *wire)
{
    mdl_tree_put_cell(data, wire->line);
    if (wants_trigger(wire->to->type)) {
        mdl_tree_put_cell(data, TRIGGER_LEVEL_HIGH);
    }
}

/* One range for each window of the device: the first is I/O ports, then memory by where it lies. */
static void put_pci_ranges(Guest *guest, GByteArray *data)
{
    const MdlDevice *device = guest->device;
    bool io = true;
    for (size_t i = 0; i < device->type->n_regions; i++) {
        const MdlPlacedRegion *region = &device->regions[i];
        if (region->region->kind != MDL_REGION_WINDOW) {
            continue;
        }
        bool low = region->base + region->size - 1 <= UINT32_MAX;
        mdl_tree_put_cell(data, io ? PCI_SPACE_IO : low ? PCI_SPACE_MEM32 : PCI_SPACE_MEM64);
        mdl_tree_put_cell64(data, io ? 0 : region->base);
        mdl_tree_put_cell64(data, region->base);
        mdl_tree_put_cell64(data, region->size);
        io = false;
    }
}

/* INTx of slot s, pin p leads to interrupt (s + p) mod 4 of the host bridge (PCI-to-PCI Bridge
 * Architecture 9.1); the mask of four slots in the map is the declaration's. */
static void put_pci_interrupt_map(Guest *guest, GByteArray *data)
{
    const GArray *wires = guest->device->wires;
    for (uint32_t slot = 0; wires->len && slot < 4; slot++) {
        for (uint32_t pin = 0; pin < 4; pin++) {
            const MdlWire *wire = &g_array_index(wires, MdlWire, (slot + pin) % wires->len);
            mdl_tree_put_cell(data, slot << 11);
            mdl_tree_put_cell64(data, 0);
            mdl_tree_put_cell(data, pin + 1);
            mdl_tree_put_cell(data,
                              phandle_of(guest, g_hash_table_lookup(guest->controllers, wire->to)));
            put_specifier(data, wire);
        }
    }
}

static const struct {
    const char *name;
    void (*put)(Guest *guest, GByteArray *data);
} generators[] = {
    {"@pci-ranges", put_pci_ranges},
    {"@pci-interrupt-map", put_pci_interrupt_map},
};

static void put_property(Guest *guest, MdlTreeNode *node, const MdlNodeProperty *property)
{
    GByteArray *data = mdl_tree_property(node, property->name);
    for (size_t i = 0; guest->device && i < G_N_ELEMENTS(generators); i++) {
        if (property->value && strcmp(property->value, generators[i].name) == 0) {
            generators[i].put(guest, data);
            return;
        }
    }
    MdlTreeScope scope = scope_of(guest);
    g_autofree char *why = NULL;
    if (property->value && !mdl_tree_put_value(data, property->value, &scope, &why)) {
        find(guest, node->name, property, why);
    }
}

/* ---- the nodes of a device ------------------------------------------------------------------- */

static MdlTreeNode *parent_of(Guest *guest, const MdlDevice *device, const char *path)
{
    if (*path == '/') {
        return guest->root;
    }
    if (device->bus->owner) {
        return g_hash_table_lookup(guest->own, device->bus->owner);
    }
    return device->bus->node ? mdl_tree_path(guest->root, device->bus->node) : guest->root;
}

static const char *without_slash(const char *path)
{
    return *path == '/' ? path + 1 : path;
}

/* The device's own node, named after its first region where it has one. */
static MdlTreeNode *add_own_node(Guest *guest, const MdlDevice *device, const MdlNode *declared)
{
    MdlTreeScope scope = scope_of(guest);
    g_autofree char *why = NULL;
    g_autofree char *name = mdl_tree_expand_name(without_slash(declared->path), &scope, &why);
    MdlTreeNode *parent = parent_of(guest, device, declared->path);
    if (!name || !parent) {
        find(guest, declared->path, NULL, why ? why : "the bus has no node");
        return NULL;
    }
    if (device->type->n_regions && !strchr(name, '@')) {
        g_autofree char *with_unit =
            g_strdup_printf("%s@%" G_GINT64_MODIFIER "x", name, device->regions[0].base);
        return mdl_tree_child(parent, with_unit);
    }
    return mdl_tree_child(parent, name);
}

static bool declares(const MdlNode *node, const char *property)
{
    for (size_t i = 0; i < node->n_properties; i++) {
        if (strcmp(node->properties[i].name, property) == 0) {
            return true;
        }
    }
    return false;
}

/* The region that a node is about: NAME@REGION, any but the first node. */
static const MdlPlacedRegion *region_of_node(const MdlDevice *device, const MdlNode *declared)
{
    const char *at = strchr(declared->path, '@');
    for (size_t i = 0; at && declared != device->type->nodes && i < device->type->n_regions; i++) {
        if (strcmp(device->regions[i].region->name, at + 1) == 0) {
            return &device->regions[i];
        }
    }
    return NULL;
}

static MdlTreeNode *node_of(Guest *guest, const MdlDevice *device, const MdlNode *declared)
{
    MdlTreeNode *own = g_hash_table_lookup(guest->own, device);
    if (declared == device->type->nodes) {
        return own;
    }
    if (*declared->path == '/') {
        return mdl_tree_path(guest->root, declared->path);
    }
    const MdlPlacedRegion *region = region_of_node(device, declared);
    if (!region) {
        return mdl_tree_child(own, declared->path);
    }
    g_autofree char *name =
        g_strdup_printf("%.*s@%" G_GINT64_MODIFIER "x", (int)strcspn(declared->path, "@"),
                        declared->path, region->base);
    return mdl_tree_child(parent_of(guest, device, declared->path), name);
}

/* Makes the nodes of a device, still empty, so that others can refer to them. */
static void add_nodes(Guest *guest, const MdlDevice *device)
{
    const MdlDeviceType *type = device->type;
    guest->device = device;
    MdlTreeNode *own = type->n_nodes ? add_own_node(guest, device, &type->nodes[0]) : NULL;
    if (!own) {
        return;
    }
    g_hash_table_insert(guest->own, (gpointer)device, own);
    for (size_t i = 0; i < type->n_nodes; i++) {
        MdlTreeNode *node = node_of(guest, device, &type->nodes[i]);
        if (declares(&type->nodes[i], "interrupt-controller") &&
            !g_hash_table_contains(guest->controllers, device)) {
            g_hash_table_insert(guest->controllers, (gpointer)device, node);
        }
    }
}

/* What a node is about: one region and the interrupts of the same name, or all that no other node
 * of the device is about. */
typedef struct Share {
    const MdlDevice *device;
    const MdlPlacedRegion *region; /* NULL: the device's own node */
} Share;

static bool has_own_node(const MdlDevice *device, const char *region)
{
    for (size_t i = 0; i < device->type->n_nodes; i++) {
        const MdlPlacedRegion *placed = region_of_node(device, &device->type->nodes[i]);
        if (placed && strcmp(placed->region->name, region) == 0) {
            return true;
        }
    }
    return false;
}

static bool share_has(const Share *share, const char *name)
{
    return share->region ? strcmp(share->region->region->name, name) == 0
                         : !has_own_node(share->device, name);
}

static void put_reg(MdlTreeNode *node, const Share *share)
{
    for (size_t i = 0; i < share->device->type->n_regions; i++) {
        const MdlPlacedRegion *region = &share->device->regions[i];
        if (region->region->kind != MDL_REGION_WINDOW && share_has(share, region->region->name)) {
            GByteArray *reg = mdl_tree_property(node, "reg");
            mdl_tree_put_cell64(reg, region->base);
            mdl_tree_put_cell64(reg, region->size);
        }
    }
}

static uint32_t controller_phandle(Guest *guest, const MdlWire *wire)
{
    return phandle_of(guest, g_hash_table_lookup(guest->controllers, wire->to));
}

/* Outputs that come in many, hart by hart: <&hart0 line &hart0 line &hart1 …>. */
static void put_interrupts_extended(Guest *guest, MdlTreeNode *node, const GArray *wires)
{
    GByteArray *data = mdl_tree_property(node, "interrupts-extended");
    unsigned outputs = 0;
    for (size_t i = 0; i < wires->len; i++) {
        outputs = MAX(outputs, g_array_index(wires, MdlWire, i).output + 1);
    }
    for (unsigned output = 0; output < outputs; output++) {
        for (size_t i = 0; i < wires->len; i++) {
            const MdlWire *wire = &g_array_index(wires, MdlWire, i);
            if (wire->output == output) {
                mdl_tree_put_cell(data, controller_phandle(guest, wire));
                put_specifier(data, wire);
            }
        }
    }
}

static void put_interrupts(Guest *guest, MdlTreeNode *node, const Share *share)
{
    g_autoptr(GArray) wires = g_array_new(FALSE, FALSE, sizeof(MdlWire));
    for (size_t i = 0; i < share->device->wires->len; i++) {
        const MdlWire *wire = &g_array_index(share->device->wires, MdlWire, i);
        if (share_has(share, wire->irq->name)) {
            g_array_append_vals(wires, wire, 1);
        }
    }
    if (!wires->len) {
        return;
    }
    const MdlWire *first = &g_array_index(wires, MdlWire, 0);
    bool one_parent = !first->irq->many;
    for (size_t i = 0; i < wires->len; i++) {
        one_parent = one_parent && g_array_index(wires, MdlWire, i).to == first->to;
    }
    if (!one_parent) {
        put_interrupts_extended(guest, node, wires);
        return;
    }
    GByteArray *lines = mdl_tree_property(node, "interrupts");
    for (size_t i = 0; i < wires->len; i++) {
        put_specifier(lines, &g_array_index(wires, MdlWire, i));
    }
    mdl_tree_put_cell(mdl_tree_property(node, "interrupt-parent"),
                      controller_phandle(guest, first));
}

/* Does the property refer to a device by a text property, with nothing there by that id? */
static bool refers_to_nothing(const Guest *guest, const MdlNodeProperty *property)
{
    const char *at = property->value ? strchr(property->value, '&') : NULL;
    for (; at; at = strchr(at + 1, '&')) {
        g_autofree char *reference = g_strndup(at + 1, strcspn(at + 1, " \t,>"));
        if (text_property(guest->device, reference) && !find_referred(guest, reference)) {
            return true;
        }
    }
    return false;
}

static void fill_nodes(Guest *guest, const MdlDevice *device)
{
    if (!g_hash_table_contains(guest->own, device)) {
        return;
    }
    guest->device = device;
    for (size_t i = 0; i < device->type->n_nodes; i++) {
        const MdlNode *declared = &device->type->nodes[i];
        MdlTreeNode *node = node_of(guest, device, declared);
        Share share = {device, region_of_node(device, declared)};
        if ((i == 0 || share.region) && !declares(declared, "reg")) {
            put_reg(node, &share);
        }
        if ((i == 0 || share.region) && !declares(declared, "interrupt-map")) {
            put_interrupts(guest, node, &share);
        }
        for (size_t p = 0; p < declared->n_properties; p++) {
            if (!refers_to_nothing(guest, &declared->properties[p])) {
                put_property(guest, node, &declared->properties[p]);
            }
        }
    }
}

/* ---- the machine's own nodes ----------------------------------------------------------------- */

static void put_cells_default(MdlTreeNode *node)
{
    static const char *const names[] = {"#address-cells", "#size-cells"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (!mdl_tree_has(node, names[i])) {
            mdl_tree_put_cell(mdl_tree_property(node, names[i]), 2);
        }
    }
}

static void add_machine_nodes(Guest *guest)
{
    for (size_t i = 0; i < guest->hardware->n_nodes; i++) {
        mdl_tree_path(guest->root, guest->hardware->nodes[i].path);
    }
}

static void fill_machine_nodes(Guest *guest)
{
    guest->device = NULL;
    for (size_t i = 0; i < guest->hardware->n_nodes; i++) {
        const MdlNode *declared = &guest->hardware->nodes[i];
        MdlTreeNode *node = mdl_tree_path(guest->root, declared->path);
        for (size_t p = 0; p < declared->n_properties; p++) {
            put_property(guest, node, &declared->properties[p]);
        }
    }
    put_cells_default(guest->root);
    for (size_t i = 0; i < guest->hardware->root_buses->len; i++) {
        const MdlBus *bus = g_ptr_array_index(guest->hardware->root_buses, i);
        if (bus->node && bus->type->ranges) {
            put_cells_default(mdl_tree_path(guest->root, bus->node));
        }
    }
}

/* /cpus/cpu-map (Devicetree binding cpu-topology): the places of the CPUs as nested nodes. A level
 * that has one element only is left out, except cluster and core, which the binding wants. */
static void add_cpu_map(Guest *guest, const MdlBus *bus)
{
    const MdlHardware *hardware = guest->hardware;
    g_autofree char *path = g_strconcat(bus->node, "/cpu-map", NULL);
    MdlTreeNode *map = mdl_tree_path(guest->root, path);
    for (size_t i = 0; i < bus->devices->len; i++) {
        const MdlDevice *cpu = g_ptr_array_index(bus->devices, i);
        MdlTreeNode *node = map;
        for (size_t f = 0; f < bus->type->n_fields; f++) {
            const char *level = bus->type->fields[f].name;
            if ((strcmp(level, "socket") == 0 && hardware->sockets == 1) ||
                (strcmp(level, "thread") == 0 && hardware->threads == 1)) {
                continue;
            }
            g_autofree char *name =
                g_strdup_printf("%s%" G_GUINT64_FORMAT, level, cpu->address.fields[f]);
            node = mdl_tree_child(node, name);
        }
        mdl_tree_put_cell(mdl_tree_property(node, "cpu"),
                          phandle_of(guest, g_hash_table_lookup(guest->own, cpu)));
    }
}

static void add_cpu_maps(Guest *guest)
{
    for (size_t i = 0; i < guest->hardware->root_buses->len; i++) {
        const MdlBus *bus = g_ptr_array_index(guest->hardware->root_buses, i);
        const MdlDevice *first = bus->devices->len ? g_ptr_array_index(bus->devices, 0) : NULL;
        if (bus->node && first && mdl_device_type_has_trait(first->type, "cpu")) {
            add_cpu_map(guest, bus);
        }
    }
}

MdlTreeNode *mdl_hardware_guest_tree(const MdlHardware *hardware, MdlFindings *findings)
{
    size_t before = mdl_findings_count(findings);
    g_autoptr(MdlArena) arena = mdl_arena_new();
    g_autoptr(GHashTable) own = g_hash_table_new(NULL, NULL);
    g_autoptr(GHashTable) controllers = g_hash_table_new(NULL, NULL);
    g_autoptr(MdlTreeNode) root = mdl_tree_new();
    Guest guest = {.hardware = hardware,
                   .findings = findings,
                   .arena = arena,
                   .root = root,
                   .own = own,
                   .controllers = controllers};
    add_machine_nodes(&guest);
    for (size_t i = 0; i < hardware->devices->len; i++) {
        add_nodes(&guest, g_ptr_array_index(hardware->devices, i));
    }
    fill_machine_nodes(&guest);
    for (size_t i = 0; i < hardware->devices->len; i++) {
        fill_nodes(&guest, g_ptr_array_index(hardware->devices, i));
    }
    add_cpu_maps(&guest);
    return mdl_findings_count(findings) == before ? g_steal_pointer(&root) : NULL;
}

GBytes *mdl_hardware_to_guest_fdt(const MdlHardware *hardware)
{
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    g_autoptr(MdlTreeNode) root = mdl_hardware_guest_tree(hardware, findings);
    g_assert(root); /* the check of node values has run when the tree was built */
    return mdl_tree_flatten(root);
}
