/* devices: adds one device to the tree that is built: its properties, the sizes of its regions, the
 * bus it sits on and the buses it provides. */
#include "build.h"

#include "value.h"

#include <string.h>

void mdl_build_find(MdlBuild *build, MdlCheckId check, const MdlDevice *device,
                    const MdlSetting *setting, const char *suggestion, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *what = g_strdup_printf("%s: device %s", build->hardware->machine, device->id);
    MdlPlace place = {.file = setting ? setting->file : device->file,
                      .line = setting ? setting->line : device->line,
                      .what = what};
    mdl_find(build->findings, check, &place, suggestion, "%s", message);
}

const MdlPart *mdl_build_part(const MdlBuild *build, const MdlDevice *device)
{
    return g_hash_table_lookup(build->parts, device);
}

/* ---- buses ----------------------------------------------------------------------------------- */

/* What nobody may take: the type's addresses, and the machine's slots on this bus. */
static void reserve_addresses(MdlBuild *build, MdlBus *bus)
{
    const MdlHardware *hardware = build->hardware;
    GArray *reserved = g_array_new(FALSE, FALSE, sizeof(MdlReserved));
    g_array_append_vals(reserved, bus->type->reserved, (guint)bus->type->n_reserved);
    for (size_t i = 0; i < hardware->n_slots; i++) {
        if (strcmp(hardware->slots[i].bus, bus->id) == 0) {
            MdlReserved slot = {.address = hardware->slots[i].address,
                                .reason = hardware->slots[i].reason};
            g_array_append_val(reserved, slot);
        }
    }
    bus->reserved = mdl_arena_take_array(build->arena, reserved, &bus->n_reserved);
}

/* What a guest could not reach is no address of a strict emulator. */
static void set_fields(MdlBuild *build, MdlBus *bus)
{
    bool strict = build->hardware->placement->strict;
    for (size_t i = 0; i < bus->type->n_fields; i++) {
        const MdlField *field = &bus->type->fields[i];
        MdlSpan span = strict ? (MdlSpan){field->reach_minimum, field->reach_maximum}
                              : (MdlSpan){field->minimum, field->maximum};
        if (field->count && bus->owner) {
            uint64_t n = mdl_build_own_number(build, bus->owner, field->count);
            span.last = MIN(span.last, span.first + MAX(n, 1) - 1);
        }
        bus->fields[i] = span;
    }
}

/* Behind all others, or where the newest comes first: before those that its owner's bus leads to.
 */
static void insert_bus(MdlBuild *build, MdlBus *bus, bool root)
{
    GPtrArray *buses = build->hardware->buses;
    guint at = buses->len;
    if (root) {
        at = MIN(1, buses->len);
    } else if (build->hardware->placement->newest_first && bus->owner && bus->owner->bus &&
               g_ptr_array_find(buses, bus->owner->bus, &at)) {
        at++;
    }
    g_ptr_array_insert(buses, (gint)at, bus);
}

MdlBus *mdl_build_make_bus(MdlBuild *build, const char *id, const MdlBusType *type,
                           MdlDevice *owner)
{
    MdlBus *bus = mdl_arena_new0(build->arena, MdlBus);
    bus->id = id;
    bus->type = type;
    bus->owner = owner;
    bus->hotplug = type->hotplug;
    bus->devices = g_ptr_array_new();
    reserve_addresses(build, bus);
    set_fields(build, bus);
    return bus;
}

MdlBus *mdl_build_add_bus(MdlBuild *build, const char *id, const char *type, MdlDevice *owner)
{
    MdlBus *bus = mdl_build_make_bus(build, id, mdl_bus_type_find(type), owner);
    insert_bus(build, bus, false);
    return bus;
}

/* "pcie" gives "pcie.0", the next one "pcie.1"; "{id}" the id of a device that a person named. */
const char *mdl_build_bus_id(MdlBuild *build, const MdlDevice *owner,
                             const MdlProvidedBus *provided)
{
    if (provided->named && owner->named) {
        g_auto(GStrv) parts = g_strsplit(provided->named, "{id}", -1);
        g_autofree char *id = g_strjoinv(owner->id, parts);
        return mdl_arena_strdup(build->arena, id);
    }
    for (unsigned n = 0;; n++) {
        g_autofree char *id = g_strdup_printf("%s.%u", provided->name, n);
        if (!mdl_hardware_bus(build->hardware, id)) {
            return mdl_arena_strdup(build->arena, id);
        }
    }
}

/* ---- properties ------------------------------------------------------------------------------ */

static bool set_from_expression(MdlBuild *build, MdlDevice *device, const MdlProperty *property,
                                const MdlSetting *setting, MdlValue *value)
{
    MdlScope scope = mdl_resolved_scope(&build->resolved);
    MdlValue result;
    g_autofree char *why = NULL;
    if (!mdl_expr_eval(setting->expr, &scope, &result, &why)) {
        mdl_build_find(build, MDL_CHECK_CONDITION, device, setting, NULL, "\"%s\": %s",
                       setting->key, why);
        return false;
    }
    *value = (MdlValue){.kind = property->kind, .number = result.number};
    return true;
}

static void set_property(MdlBuild *build, MdlDevice *device, size_t index,
                         const MdlSetting *setting)
{
    const MdlProperty *property = &device->type->properties[index];
    MdlValue *value = &device->properties[index];
    g_autofree char *why = NULL;
    if (setting->expr) {
        if (!set_from_expression(build, device, property, setting, value)) {
            return;
        }
        g_autofree char *text = mdl_number_print(MDL_UINT, value->number);
        if (property->kind == MDL_BOOL || mdl_value_parse(property, text, value, &why)) {
            return;
        }
    } else {
        const char *text = mdl_arena_strdup(build->arena, setting->value);
        if (mdl_value_parse(property, text, value, &why)) {
            return;
        }
    }
    mdl_build_find(build, MDL_CHECK_PROPERTY_VALUE, device, setting, NULL, "\"%s\" %s",
                   setting->key, why);
}

/* The value that the machine pins for the type. */
static bool set_pinned(MdlBuild *build, MdlDevice *device, size_t index)
{
    const MdlHardware *hardware = build->hardware;
    const MdlProperty *property = &device->type->properties[index];
    for (size_t i = 0; i < hardware->n_defaults; i++) {
        const MdlTypeDefault *pinned = &hardware->defaults[i];
        if (strcmp(pinned->type, device->type->name) == 0 &&
            strcmp(pinned->property, property->name) == 0) {
            MdlSetting setting = {property->name, pinned->value, NULL, pinned->file, pinned->line};
            set_property(build, device, index, &setting);
            return true;
        }
    }
    return false;
}

static void set_properties(MdlBuild *build, MdlDevice *device, const MdlPart *part)
{
    const MdlDeviceType *type = device->type;
    const MdlPart *defaults = build->resolved.machine
                                  ? mdl_machine_part(build->resolved.machine, "default", type->name)
                                  : NULL;
    device->properties = mdl_arena_alloc(build->arena, type->n_properties * sizeof(MdlValue));
    for (size_t i = 0; i < type->n_properties; i++) {
        const MdlProperty *property = &type->properties[i];
        const MdlSetting *setting = mdl_part_setting(part, property->name);
        setting = setting ? setting : mdl_part_setting(defaults, property->name);
        device->properties[i] = (MdlValue){.kind = property->kind};
        if (setting) {
            set_property(build, device, i, setting);
        } else if (set_pinned(build, device, i)) {
            continue;
        } else if (property->has_default) {
            device->properties[i] = property->default_value;
        } else if (property->required) {
            mdl_build_find(build, MDL_CHECK_REQUIRED_PROPERTY, device, NULL, NULL,
                           "property \"%s\" must be set", property->name);
        }
    }
}

/* ---- numbers over a device's own properties -------------------------------------------------- */

static bool describe_own(void *context, const char *name, MdlNameInfo *ret_info)
{
    const MdlDevice *device = context;
    for (size_t i = 0; i < device->type->n_properties; i++) {
        const MdlProperty *property = &device->type->properties[i];
        if (strcmp(property->name, name) == 0) {
            *ret_info = (MdlNameInfo){property->kind, property->values};
            return true;
        }
    }
    return false;
}

static bool read_own(void *context, const char *name, MdlValue *ret_value, char **ret_why)
{
    (void)ret_why;
    *ret_value = *mdl_device_property(context, name);
    return true;
}

/* The value of an expression of the type, which the build has checked. Overflow is a finding. */
static uint64_t own_number(MdlBuild *build, MdlDevice *device, MdlCheckId check, const char *text)
{
    MdlScope scope = {.describe = describe_own, .read = read_own, .context = device};
    g_autofree char *why = NULL;
    const MdlExpr *expr = mdl_expr_parse(build->arena, text, &why);
    MdlValue value;
    if (!expr || !mdl_expr_eval(expr, &scope, &value, &why)) {
        mdl_build_find(build, check, device, NULL, NULL, "%s", why);
        return 0;
    }
    return value.number;
}

uint64_t mdl_build_own_number(MdlBuild *build, MdlDevice *device, const char *text)
{
    return own_number(build, device, MDL_CHECK_LOOSE_OWNER, text);
}

static void set_regions(MdlBuild *build, MdlDevice *device)
{
    const MdlDeviceType *type = device->type;
    device->regions = mdl_arena_alloc(build->arena, type->n_regions * sizeof(MdlPlacedRegion));
    for (size_t i = 0; i < type->n_regions; i++) {
        device->regions[i].region = &type->regions[i];
        device->regions[i].size =
            own_number(build, device, MDL_CHECK_REGION_RANGE, type->regions[i].size);
    }
}

/* ---- devices --------------------------------------------------------------------------------- */

/* "TYPE.3", as devices are called that nobody named: it means the same when it is read again from
 * hardware that was exported. */
static bool is_made_up(const MdlOrigin *origin)
{
    const char *type = origin->type->name;
    size_t length = strlen(type);
    if (strncmp(origin->id, type, length) != 0 || origin->id[length] != '.') {
        return false;
    }
    const char *number = origin->id + length + 1;
    return *number && number[strspn(number, "0123456789")] == '\0';
}

MdlDevice *mdl_build_make(MdlBuild *build, const MdlOrigin *origin)
{
    MdlDevice *device = mdl_arena_new0(build->arena, MdlDevice);
    device->id = origin->id;
    device->type = origin->type;
    device->index = origin->index;
    device->made = origin->made;
    device->named = origin->made == MDL_MADE_DEVICE && !is_made_up(origin);
    device->file = origin->part->file;
    device->line = origin->part->line;
    device->layer = origin->part->layer;
    build->resolved.index = origin->index;
    set_properties(build, device, origin->part);
    set_regions(build, device);
    if (device->type->irq_inputs) {
        device->n_inputs = own_number(build, device, MDL_CHECK_IRQ_LINE, device->type->irq_inputs);
    }
    return device;
}

void mdl_build_adopt(MdlBuild *build, MdlDevice *device)
{
    MdlHardware *hardware = build->hardware;
    device->wires = g_array_new(FALSE, TRUE, sizeof(MdlWire));
    g_ptr_array_add(hardware->devices, device);
    if (!g_hash_table_contains(hardware->by_id, device->id)) {
        g_hash_table_insert(hardware->by_id, (gpointer)device->id, device);
    }
    if (device->bus) {
        g_ptr_array_add(device->bus->devices, device);
    }
    device->buses = mdl_arena_alloc(build->arena, device->type->n_buses * sizeof(MdlBus *));
    for (size_t i = 0; i < device->type->n_buses; i++) {
        const MdlProvidedBus *provided = &device->type->buses[i];
        device->buses[i] = mdl_build_make_bus(build, mdl_build_bus_id(build, device, provided),
                                              mdl_bus_type_find(provided->type), device);
        insert_bus(build, device->buses[i], provided->root);
    }
}

MdlDevice *mdl_build_add(MdlBuild *build, const MdlOrigin *origin)
{
    static const MdlWish anywhere = {0};
    MdlDevice *device = mdl_build_make(build, origin);
    device->bus =
        mdl_place_bus(build, device, mdl_part_setting(origin->part, "bus"), origin->bus, &anywhere);
    if (origin->made == MDL_MADE_DEVICE) {
        g_hash_table_insert(build->parts, device, (gpointer)origin->part);
        if (device->bus) {
            mdl_place_device(build, device, origin->part);
        }
    }
    mdl_build_adopt(build, device);
    return device;
}

MdlPart *mdl_build_make_part(MdlBuild *build, const char *const *pairs)
{
    MdlPart *part = mdl_arena_new0(build->arena, MdlPart);
    part->kind = "device";
    part->layer = build->hardware->machine;
    part->minimal = true;
    part->settings = g_ptr_array_new();
    g_ptr_array_add(build->made_parts, part->settings);
    for (size_t i = 0; pairs[i] && pairs[i + 1]; i += 2) {
        MdlSetting *setting = mdl_arena_new0(build->arena, MdlSetting);
        setting->key = mdl_arena_strdup(build->arena, pairs[i]);
        setting->value = mdl_arena_strdup(build->arena, pairs[i + 1]);
        g_ptr_array_add(part->settings, setting);
    }
    return part;
}

static const MdlProperty *find_property(const MdlDeviceType *type, const char *name)
{
    for (size_t i = 0; i < type->n_properties; i++) {
        if (strcmp(type->properties[i].name, name) == 0) {
            return &type->properties[i];
        }
    }
    return NULL;
}

bool mdl_build_check_given(MdlBuild *build, const char *what, MdlCheckId check,
                           const MdlDeviceType *type, const MdlPart *part)
{
    size_t before = mdl_findings_count(build->findings);
    MdlPlace place = {.what = what, .file = part->file, .line = part->line};
    for (size_t i = 0; i < part->settings->len; i++) {
        const MdlSetting *setting = g_ptr_array_index(part->settings, i);
        const MdlProperty *property = find_property(type, setting->key);
        g_autofree char *why = NULL;
        MdlValue value;
        if (!property) {
            mdl_find(build->findings, check, &place, NULL, "%s has no property \"%s\"", type->name,
                     setting->key);
        } else if (!mdl_value_parse(property, setting->value, &value, &why)) {
            mdl_find(build->findings, check, &place, NULL, "\"%s\" %s", setting->key, why);
        }
    }
    return mdl_findings_count(build->findings) == before;
}
