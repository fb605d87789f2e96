/* check: the checks of a finished hardware tree, as a table with prerequisites: a check is left out
 * when one that it builds on has fired, so that one fault is told once. */
#include "build.h"

#include "export.h"
#include "value.h"

#include <string.h>

#define MAX_NEEDS 4

typedef struct HardwareCheck {
    MdlCheckId id;
    void (*run)(MdlBuild *build);
    MdlCheckId needs[MAX_NEEDS]; /* ends with 0, which is not a check of hardware */
} HardwareCheck;

static const MdlDevice *device_at(const MdlBuild *build, size_t index)
{
    return g_ptr_array_index(build->hardware->devices, index);
}

static const MdlSetting *setting_of(const MdlBuild *build, const MdlDevice *device, const char *key)
{
    return mdl_part_setting(mdl_build_part(build, device), key);
}

/* The setting of an interrupt output: by its name, or irq where it is the only one. */
static const MdlSetting *setting_of_wire(const MdlBuild *build, const MdlDevice *device,
                                         const MdlWire *wire)
{
    g_autofree char *key = g_strconcat("irq.", wire->irq->name, NULL);
    const MdlSetting *setting = setting_of(build, device, key);
    return setting ? setting : setting_of(build, device, "irq");
}

static const MdlSetting *setting_of_region(const MdlBuild *build, const MdlDevice *device,
                                           const MdlPlacedRegion *region)
{
    g_autofree char *key = g_strconcat("region.", region->region->name, NULL);
    const MdlSetting *setting = setting_of(build, device, key);
    return setting ? setting : setting_of(build, device, "address");
}

static void check_device_id(MdlBuild *build)
{
    g_autoptr(GHashTable) seen = g_hash_table_new(g_str_hash, g_str_equal);
    for (size_t i = 0; i < build->hardware->devices->len; i++) {
        const MdlDevice *device = device_at(build, i);
        if (!g_hash_table_add(seen, (gpointer)device->id)) {
            mdl_build_find(build, MDL_CHECK_DEVICE_ID, device, NULL, NULL,
                           "there is another device \"%s\"", device->id);
        }
    }
}

/* ---- buses ----------------------------------------------------------------------------------- */

/* A slot that is kept free must be an address of its bus, where that is there. */
static void check_slots(MdlBuild *build)
{
    const MdlHardware *hardware = build->hardware;
    for (size_t i = 0; i < hardware->n_slots; i++) {
        const MdlKeptSlot *slot = &hardware->slots[i];
        const MdlBus *bus = mdl_hardware_bus(hardware, slot->bus);
        g_autofree char *why = NULL;
        if (bus && !mdl_address_check(bus->type, slot->address, &why)) {
            g_autofree char *what =
                g_strdup_printf("%s: slot %s", hardware->machine, slot->address);
            MdlPlace place = {.file = slot->file, .line = slot->line, .what = what};
            mdl_find(build->findings, MDL_CHECK_ADDRESS_FORM, &place, NULL,
                     "address \"%s\" on bus %s: %s", slot->address, bus->id, why);
        }
    }
}

/* ---- ranges of bytes ------------------------------------------------------------------------- */

static bool has_ranges(const MdlDevice *device)
{
    return device->bus && device->bus->type->ranges;
}

static void check_region_range(MdlBuild *build)
{
    for (size_t i = 0; i < build->hardware->devices->len; i++) {
        const MdlDevice *device = device_at(build, i);
        for (size_t r = 0; has_ranges(device) && r < device->type->n_regions; r++) {
            const MdlPlacedRegion *region = &device->regions[r];
            uint64_t last;
            if (region->size == 0 ||
                __builtin_add_overflow(region->base, region->size - 1, &last)) {
                mdl_build_find(build, MDL_CHECK_REGION_RANGE, device,
                               setting_of_region(build, device, region), NULL,
                               "region \"%s\" at 0x%" G_GINT64_MODIFIER "x with %" G_GUINT64_FORMAT
                               " bytes does not fit in 64 bits",
                               region->region->name, region->base, region->size);
            }
        }
    }
}

typedef struct Range {
    uint64_t base, last;
    const MdlDevice *device;
    const MdlPlacedRegion *region;
} Range;

static int compare_ranges(gconstpointer a, gconstpointer b)
{
    const Range *left = a, *right = b;
    return (left->base > right->base) - (left->base < right->base);
}

static GArray *ranges_of(const MdlBus *bus)
{
    GArray *ranges = g_array_new(FALSE, FALSE, sizeof(Range));
    for (size_t i = 0; i < bus->devices->len; i++) {
        const MdlDevice *device = g_ptr_array_index(bus->devices, i);
        for (size_t r = 0; r < device->type->n_regions; r++) {
            const MdlPlacedRegion *region = &device->regions[r];
            Range range = {region->base, region->base + region->size - 1, device, region};
            g_array_append_val(ranges, range);
        }
    }
    g_array_sort(ranges, compare_ranges);
    return ranges;
}

static void find_overlap(MdlBuild *build, const Range *low, const Range *high)
{
    mdl_build_find(build, MDL_CHECK_REGION_OVERLAP, high->device,
                   setting_of_region(build, high->device, high->region), NULL,
                   "region \"%s\" at 0x%" G_GINT64_MODIFIER
                   "x overlaps region \"%s\" of device %s, "
                   "0x%" G_GINT64_MODIFIER "x to 0x%" G_GINT64_MODIFIER "x",
                   high->region->region->name, high->base, low->region->region->name,
                   low->device->id, low->base, low->last);
}

/* Each region is held against the one below it that reaches furthest. */
static void check_region_overlap(MdlBuild *build)
{
    for (size_t b = 0; b < build->hardware->buses->len; b++) {
        const MdlBus *bus = g_ptr_array_index(build->hardware->buses, b);
        if (!bus->type->ranges) {
            continue;
        }
        g_autoptr(GArray) ranges = ranges_of(bus);
        for (size_t i = 1, furthest = 0; i < ranges->len; i++) {
            const Range *low = &g_array_index(ranges, Range, furthest);
            const Range *high = &g_array_index(ranges, Range, i);
            if (high->base <= low->last) {
                find_overlap(build, low, high);
            }
            furthest = high->last > low->last ? i : furthest;
        }
    }
}

/* ---- interrupts ------------------------------------------------------------------------------ */

static void check_irq_target(MdlBuild *build)
{
    for (size_t i = 0; i < build->hardware->devices->len; i++) {
        const MdlDevice *device = device_at(build, i);
        for (size_t w = 0; w < device->wires->len; w++) {
            const MdlWire *wire = &g_array_index(device->wires, MdlWire, w);
            if (!wire->to->type->irq_inputs) {
                mdl_build_find(build, MDL_CHECK_IRQ_TARGET, device,
                               setting_of_wire(build, device, wire), NULL,
                               "interrupt \"%s\" leads to device %s, which takes none",
                               wire->irq->name, wire->to->id);
            }
        }
    }
}

static void check_irq_line(MdlBuild *build)
{
    for (size_t i = 0; i < build->hardware->devices->len; i++) {
        const MdlDevice *device = device_at(build, i);
        for (size_t w = 0; w < device->wires->len; w++) {
            const MdlWire *wire = &g_array_index(device->wires, MdlWire, w);
            if (wire->to->type->irq_inputs && wire->line >= wire->to->n_inputs) {
                mdl_build_find(build, MDL_CHECK_IRQ_LINE, device,
                               setting_of_wire(build, device, wire), NULL,
                               "interrupt \"%s\" leads to line %u of device %s, which has lines 0 "
                               "to %" G_GUINT64_FORMAT,
                               wire->irq->name, wire->line, wire->to->id, wire->to->n_inputs - 1);
            }
        }
    }
}

typedef struct LineUser {
    const MdlDevice *device;
    const MdlWire *wire;
} LineUser;

static void check_irq_shared(MdlBuild *build)
{
    g_autoptr(GHashTable) users = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
    for (size_t i = 0; i < build->hardware->devices->len; i++) {
        const MdlDevice *device = device_at(build, i);
        for (size_t w = 0; w < device->wires->len; w++) {
            const MdlWire *wire = &g_array_index(device->wires, MdlWire, w);
            g_autofree char *line = g_strdup_printf("%s:%u", wire->to->id, wire->line);
            const LineUser *first = g_hash_table_lookup(users, line);
            if (!first) {
                LineUser user = {device, wire};
                g_hash_table_insert(users, g_steal_pointer(&line), g_memdup2(&user, sizeof(user)));
            } else if (!first->wire->irq->shared || !wire->irq->shared) {
                mdl_build_find(build, MDL_CHECK_IRQ_SHARED, device,
                               setting_of_wire(build, device, wire), NULL,
                               "interrupt line %s is that of \"%s\" of device %s already, and not "
                               "declared shared by both",
                               line, first->wire->irq->name, first->device->id);
            }
        }
    }
}

/* ---- the device tree ------------------------------------------------------------------------- */

static void check_node_value(MdlBuild *build)
{
    if (build->whole) {
        mdl_tree_free(mdl_hardware_guest_tree(build->hardware, build->findings));
    }
}

/* ---- the table ------------------------------------------------------------------------------- */

static const HardwareCheck hardware_checks[] = {
    {MDL_CHECK_DEVICE_ID, check_device_id, {0}},
    {MDL_CHECK_ADDRESS_FORM, check_slots, {0}},
    {MDL_CHECK_REGION_RANGE,
     check_region_range,
     {MDL_CHECK_REGION_ADDRESS, MDL_CHECK_CONDITION, MDL_CHECK_REQUIRED_PROPERTY,
      MDL_CHECK_PROPERTY_VALUE}},
    {MDL_CHECK_REGION_OVERLAP,
     check_region_overlap,
     {MDL_CHECK_REGION_ADDRESS, MDL_CHECK_REGION_RANGE, MDL_CHECK_CONDITION}},
    {MDL_CHECK_IRQ_TARGET, check_irq_target, {0}},
    {MDL_CHECK_IRQ_LINE, check_irq_line, {MDL_CHECK_IRQ_TARGET}},
    {MDL_CHECK_IRQ_SHARED, check_irq_shared, {MDL_CHECK_IRQ_TARGET, MDL_CHECK_IRQ_LINE}},
    {MDL_CHECK_NODE_VALUE,
     check_node_value,
     {MDL_CHECK_BUS_UNKNOWN, MDL_CHECK_BUS_TYPE, MDL_CHECK_BUS_ACCEPTS}},
};

static bool has_fired(const MdlBuild *build, MdlCheckId id)
{
    g_autofree char *name = mdl_check_name(id);
    for (size_t i = build->before; i < mdl_findings_count(build->findings); i++) {
        if (strcmp(mdl_findings_at(build->findings, i)->rule, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool may_run(const MdlBuild *build, const HardwareCheck *check)
{
    for (size_t i = 0; i < MAX_NEEDS && check->needs[i]; i++) {
        if (has_fired(build, check->needs[i])) {
            return false;
        }
    }
    return true;
}

void mdl_check_hardware(MdlBuild *build)
{
    for (size_t i = 0; i < G_N_ELEMENTS(hardware_checks); i++) {
        if (may_run(build, &hardware_checks[i])) {
            hardware_checks[i].run(build);
        }
    }
}
