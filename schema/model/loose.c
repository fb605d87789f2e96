/* loose: the devices that a person adds to a machine: type and properties, the place if the person
 * cares. They are placed in the order given; one that is refused is told of and left out. */
#include "build.h"

#include "value.h"

#include <string.h>

#define MAX_DEVICES 4096

/* One device on its way into the tree. */
typedef struct Loose {
    MdlBuild *build;
    const MdlLooseDevice *given;
    const MdlDeviceType *type;
    MdlPlace place;
    MdlWish wish;
    MdlPart *part; /* its properties, without those that are an address */
} Loose;

/* "virtio-net-pci.0": a type's name and the first number that is free. */
static const char *make_id(MdlBuild *build, const MdlLooseDevice *loose)
{
    for (unsigned n = 0;; n++) {
        g_autofree char *id = g_strdup_printf("%s.%u", loose->type, n);
        if (!mdl_hardware_device(build->hardware, id)) {
            return mdl_arena_strdup(build->arena, id);
        }
    }
}

static const MdlDeviceType *find_type(const Loose *loose)
{
    const MdlDeviceType *type = mdl_hardware_type(loose->build->hardware, loose->given->type);
    if (!type) {
        mdl_find(loose->build->findings, MDL_CHECK_LOOSE_TYPE, &loose->place, NULL,
                 "there is no device type \"%s\"", loose->given->type);
    }
    return type;
}

/* ---- an address in properties ---------------------------------------------------------------- */

/* The name by which the family's buses take an address, whole or one field of it. */
static bool is_address_property(const MdlDeviceType *type, const char *name)
{
    for (size_t b = 0; mdl_bus_types[b]; b++) {
        const MdlBusType *bus = mdl_bus_types[b];
        if (strcmp(bus->family, type->bus) != 0) {
            continue;
        }
        if (g_strcmp0(bus->property, name) == 0) {
            return true;
        }
        for (size_t i = 0; i < bus->n_fields; i++) {
            if (g_strcmp0(bus->fields[i].property, name) == 0) {
                return true;
            }
        }
    }
    return false;
}

static const char *given_property(const MdlLooseDevice *given, const char *name)
{
    for (size_t i = 0; name && i + 1 < given->properties->len; i += 2) {
        if (strcmp(g_ptr_array_index(given->properties, i), name) == 0) {
            return g_ptr_array_index(given->properties, i + 1);
        }
    }
    return NULL;
}

/* An address as one number: each field has its bits, the last one the lowest. */
static bool unpack(const MdlBusType *type, uint64_t number, MdlAddress *ret_address)
{
    MdlAddress address = {{0}};
    for (size_t i = type->n_fields; i-- > 0;) {
        const MdlField *field = &type->fields[i];
        if (field->bits == 0 || field->bits > 63) {
            return false;
        }
        address.fields[i] = number & ((UINT64_C(1) << field->bits) - 1);
        number >>= field->bits;
    }
    *ret_address = address;
    return number == 0;
}

static bool wish_whole(Loose *loose, const MdlDevice *device, const MdlSetting *setting)
{
    const MdlBusType *type = device->bus->type;
    uint64_t number;
    if (!loose->given->numeric_address || setting->value == loose->given->address) {
        return mdl_place_parse(loose->build, device, setting, &loose->wish);
    }
    if (!mdl_number_parse(setting->value, &number) || !unpack(type, number, &loose->wish.address)) {
        mdl_build_find(loose->build, MDL_CHECK_ADDRESS_FORM, device, setting, NULL,
                       "address %s on bus %s: not a number that its fields make", setting->value,
                       device->bus->id);
        return false;
    }
    loose->wish.any = true;
    loose->wish.text = setting->value;
    for (size_t i = 0; i < type->n_fields; i++) {
        loose->wish.given[i] = true;
    }
    return true;
}

static bool wish_field(Loose *loose, const MdlDevice *device, size_t at, const char *text)
{
    const MdlField *field = &device->bus->type->fields[at];
    if (!mdl_number_parse(text, &loose->wish.address.fields[at])) {
        mdl_build_find(loose->build, MDL_CHECK_ADDRESS_FORM, device, NULL, NULL,
                       "\"%s\" must be a number, not \"%s\"", field->property, text);
        return false;
    }
    loose->wish.any = true;
    loose->wish.given[at] = true;
    loose->wish.text = text;
    return true;
}

/* What was said of the place, in the words of the bus that the device is for. */
static bool read_wish(Loose *loose, const MdlDevice *device)
{
    const MdlBusType *type = device->bus->type;
    const char *whole = loose->given->address;
    whole = whole ? whole : given_property(loose->given, type->property);
    if (whole) {
        MdlSetting *setting = mdl_arena_new0(loose->build->arena, MdlSetting);
        setting->key = "address";
        setting->value =
            whole == loose->given->address ? whole : mdl_arena_strdup(loose->build->arena, whole);
        return wish_whole(loose, device, setting);
    }
    for (size_t i = 0; i < type->n_fields; i++) {
        const char *text = given_property(loose->given, type->fields[i].property);
        if (text && !wish_field(loose, device, i, text)) {
            return false;
        }
    }
    return true;
}

static MdlPart *make_part(const Loose *loose)
{
    g_autoptr(GPtrArray) pairs = g_ptr_array_new();
    const GPtrArray *given = loose->given->properties;
    for (size_t i = 0; i + 1 < given->len; i += 2) {
        if (!is_address_property(loose->type, g_ptr_array_index(given, i))) {
            g_ptr_array_add(pairs, g_ptr_array_index(given, i));
            g_ptr_array_add(pairs, g_ptr_array_index(given, i + 1));
        }
    }
    g_ptr_array_add(pairs, NULL);
    return mdl_build_make_part(loose->build, (const char *const *)pairs->pdata);
}

/* ---- what a bus type wants of its provider --------------------------------------------------- */

static const MdlValue *property_of(const MdlDevice *device, const char *name)
{
    for (size_t i = 0; i < device->type->n_properties; i++) {
        if (strcmp(device->type->properties[i].name, name) == 0) {
            return &device->properties[i];
        }
    }
    return NULL;
}

static void check_owner_rules(const Loose *loose, const MdlDevice *device, const MdlBusType *type)
{
    for (size_t i = 0; i < type->n_owner_rules; i++) {
        const MdlOwnerRule *rule = &type->owner_rules[i];
        const MdlValue *value = property_of(device, rule->property);
        if (value && (value->number < rule->minimum || value->number > rule->maximum)) {
            mdl_find(loose->build->findings, MDL_CHECK_LOOSE_OWNER, &loose->place, NULL,
                     "\"%s\" of device %s must be from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT
                     ": %s",
                     rule->property, device->id, rule->minimum, rule->maximum, rule->reason);
        }
    }
}

/* The properties that tell providers apart, as one text. NULL: the device has not all of them. */
static char *print_unique(const MdlDevice *device, const MdlBusType *type)
{
    g_autoptr(GString) text = g_string_new(NULL);
    for (size_t i = 0; type->unique[i]; i++) {
        const MdlValue *value = property_of(device, type->unique[i]);
        if (!value) {
            return NULL;
        }
        g_autofree char *printed = mdl_value_print(value);
        g_string_append_printf(text, "%s%s=%s", i ? ", " : "", type->unique[i], printed);
    }
    return text->len ? g_string_free(g_steal_pointer(&text), FALSE) : NULL;
}

static void check_unique(const Loose *loose, const MdlDevice *device, const MdlBusType *type)
{
    g_autofree char *own = print_unique(device, type);
    const GPtrArray *buses = loose->build->hardware->buses;
    for (size_t i = 0; own && i < buses->len; i++) {
        const MdlBus *bus = g_ptr_array_index(buses, i);
        g_autofree char *other = bus->owner && bus->owner != device && bus->type->unique[0] &&
                                         g_strv_equal(bus->type->unique, type->unique)
                                     ? print_unique(bus->owner, bus->type)
                                     : NULL;
        if (g_strcmp0(own, other) == 0) {
            mdl_find(loose->build->findings, MDL_CHECK_LOOSE_UNIQUE, &loose->place,
                     "give it numbers of its own", "%s is that of device %s already", own,
                     bus->owner->id);
            return;
        }
    }
}

/* That no other device on buses of this type has the same value of such a property. */
static void check_unique_device(const Loose *loose, const MdlDevice *device)
{
    const char *const *names = device->bus ? device->bus->type->unique_devices : NULL;
    const GPtrArray *devices = loose->build->hardware->devices;
    for (size_t n = 0; names && names[n]; n++) {
        const MdlValue *own = property_of(device, names[n]);
        for (size_t i = 0; own && own->text && *own->text && i < devices->len; i++) {
            const MdlDevice *other = g_ptr_array_index(devices, i);
            const MdlValue *value = other->bus && other->bus->type == device->bus->type
                                        ? property_of(other, names[n])
                                        : NULL;
            if (value && g_strcmp0(value->text, own->text) == 0) {
                mdl_find(loose->build->findings, MDL_CHECK_LOOSE_UNIQUE, &loose->place,
                         "choose another one", "%s=%s is that of device %s already", names[n],
                         own->text, other->id);
                return;
            }
        }
    }
}

/* Of some devices a machine takes only so many. */
static void check_limits(const Loose *loose, const MdlDevice *device)
{
    const MdlHardware *hardware = loose->build->hardware;
    for (size_t l = 0; l < hardware->placement->n_limits; l++) {
        const MdlLimit *limit = &hardware->placement->limits[l];
        uint64_t count = 0;
        if (!mdl_device_type_has_trait(device->type, limit->trait)) {
            continue;
        }
        for (size_t i = 0; i < hardware->devices->len; i++) {
            const MdlDevice *other = g_ptr_array_index(hardware->devices, i);
            count += other != device && mdl_device_type_has_trait(other->type, limit->trait);
        }
        if (count >= limit->most) {
            mdl_find(loose->build->findings, MDL_CHECK_LOOSE_BOARD, &loose->place, NULL,
                     "a machine takes no more than %" G_GUINT64_FORMAT " such %s", limit->most,
                     device->type->name);
        }
    }
}

/* What this machine refuses wherever it would go. */
static void check_boards(const Loose *loose, const MdlDevice *device)
{
    const MdlBoard *const *boards = loose->build->hardware->boards;
    for (size_t b = 0; boards && boards[b]; b++) {
        bool refused = false;
        for (size_t i = 0; boards[b]->refuses[i]; i++) {
            refused |= mdl_device_type_has_trait(device->type, boards[b]->refuses[i]);
        }
        for (size_t i = 0; boards[b]->off[i]; i++) {
            refused |= mdl_device_has(device, boards[b]->off[i]);
        }
        if (refused) {
            mdl_find(loose->build->findings, MDL_CHECK_LOOSE_BOARD, &loose->place, NULL,
                     "the machine does not take such a %s: %s", device->type->name,
                     boards[b]->reason);
        }
    }
}

/* A name that means two buses; an emulator that is not strict takes the first it finds. */
static void check_bus_id(const Loose *loose, const MdlDevice *device, size_t index)
{
    MdlBuild *build = loose->build;
    const char *id = mdl_build_bus_id(build, device, &device->type->buses[index]);
    if (build->hardware->placement->strict && mdl_hardware_bus(build->hardware, id)) {
        mdl_find(build->findings, MDL_CHECK_LOOSE_ID, &loose->place, "choose another id",
                 "the bus of device \"%s\" would be \"%s\", and there is one already", device->id,
                 id);
    }
}

static void check_provider(const Loose *loose, const MdlDevice *device)
{
    for (size_t i = 0; i < device->type->n_buses; i++) {
        check_bus_id(loose, device, i);
        const MdlBusType *type = mdl_bus_type_find(device->type->buses[i].type);
        check_owner_rules(loose, device, type);
        check_unique(loose, device, type);
    }
}

/* ---- one device ------------------------------------------------------------------------------ */

static void check_hotplug(const Loose *loose, const MdlDevice *device)
{
    if (loose->build->when != MDL_PLACE_HOT) {
        return;
    }
    if (!device->type->hotplug) {
        mdl_find(loose->build->findings, MDL_CHECK_LOOSE_HOTPLUG, &loose->place,
                 "add it before the start", "a %s cannot be plugged while the machine runs",
                 device->type->name);
    }
    if (device->bus && !device->bus->hotplug) {
        mdl_find(loose->build->findings, MDL_CHECK_LOOSE_HOTPLUG, &loose->place,
                 "name a bus that takes devices then", "bus %s takes devices only before the start",
                 device->bus->id);
    }
}

static void place_one(Loose *loose, size_t before)
{
    MdlBuild *build = loose->build;
    const MdlLooseDevice *given = loose->given;
    MdlOrigin origin = {.part = loose->part,
                        .type = loose->type,
                        .bus = given->bus,
                        .id = given->id ? mdl_arena_strdup(build->arena, given->id)
                                        : make_id(build, given),
                        .made = MDL_MADE_LOOSE};
    MdlDevice *device = mdl_build_make(build, &origin);
    device->named = given->id != NULL;
    device->added = given->added;
    MdlWish any = {.any =
                       given->address || given->properties->len != loose->part->settings->len * 2};
    device->bus = mdl_place_bus(build, device, NULL, given->bus, &any);
    if (device->bus && device->bus->type->ranges) {
        mdl_place_device(build, device, loose->part);
    } else if (device->bus && read_wish(loose, device)) {
        mdl_place_address(build, device, &loose->wish);
    }
    check_hotplug(loose, device);
    check_provider(loose, device);
    check_boards(loose, device);
    check_limits(loose, device);
    check_unique_device(loose, device);
    if (mdl_findings_count(build->findings) == before) {
        mdl_build_adopt(build, device);
    }
}

static bool is_name(const char *id)
{
    return g_ascii_isalpha(*id) && !id[strspn(id, "abcdefghijklmnopqrstuvwxyz"
                                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._")];
}

static void add_one(MdlBuild *build, const MdlLooseDevice *given, size_t index)
{
    g_autofree char *what = g_strdup_printf("devices[%zu]", index);
    Loose loose = {.build = build, .given = given, .place = {.what = what}};
    size_t before = mdl_findings_count(build->findings);
    if (given->id && !is_name(given->id)) {
        mdl_find(build->findings, MDL_CHECK_LOOSE_NAME, &loose.place, NULL,
                 "\"%s\" is no id: a letter, then letters, digits, -, . and _", given->id);
        return;
    }
    if (given->id && mdl_hardware_device(build->hardware, given->id)) {
        mdl_find(build->findings, MDL_CHECK_LOOSE_ID, &loose.place, "choose another id",
                 "there is a device \"%s\" already", given->id);
    }
    loose.type = find_type(&loose);
    if (!loose.type) {
        return;
    }
    loose.part = make_part(&loose);
    mdl_build_check_given(build, what, MDL_CHECK_LOOSE_PROPERTY, loose.type, loose.part);
    if (!loose.type->user_creatable) {
        mdl_find(build->findings, MDL_CHECK_LOOSE_CREATABLE, &loose.place, NULL,
                 "a %s is part of machines and cannot be added", loose.type->name);
    }
    if (mdl_findings_count(build->findings) == before) {
        place_one(&loose, before);
    }
}

void mdl_build_add_type(MdlBuild *build, const char *type, const char *bus)
{
    MdlLooseDevice *device = mdl_loose_device_new(type);
    device->bus = g_strdup(bus);
    device->added = true;
    add_one(build, device, build->hardware->devices->len);
    mdl_loose_device_free(device);
}

void mdl_build_place_loose(MdlBuild *build, const GPtrArray *devices)
{
    if (devices->len + build->hardware->devices->len > MAX_DEVICES) {
        MdlPlace place = {.what = "devices"};
        mdl_find(build->findings, MDL_CHECK_TOO_MANY, &place, NULL,
                 "a machine has at most %d devices", MAX_DEVICES);
        return;
    }
    for (size_t i = 0; i < devices->len; i++) {
        add_one(build, g_ptr_array_index(devices, i), i);
    }
}

static bool would_take(const MdlProvidedBus *provided, const MdlDeviceType *type)
{
    const MdlBusType *kind = mdl_bus_type_find(provided->type);
    const MdlBus bus = {.type = kind};
    return strcmp(kind->family, type->bus) == 0 && mdl_bus_accepts(&bus, type) &&
           mdl_bus_reaches(&bus, type);
}

char *mdl_build_suggest_owner(const MdlBuild *build, const MdlDeviceType *type)
{
    const MdlDeviceType *found = NULL, *owner;
    bool hotplug = false; /* better one that takes devices later too */
    for (size_t i = 0; (owner = mdl_hardware_type_at(build->hardware, i)); i++) {
        for (size_t b = 0; owner->user_creatable && b < owner->n_buses; b++) {
            bool better = !found || (!hotplug && mdl_bus_type_find(owner->buses[b].type)->hotplug);
            if (better && would_take(&owner->buses[b], type)) {
                found = owner;
                hotplug = mdl_bus_type_find(owner->buses[b].type)->hotplug;
            }
        }
    }
    return found ? g_strdup_printf("add a %s", found->name) : NULL;
}

/* ---- the list of a target -------------------------------------------------------------------- */

static void put_piece(GString *text, const char *before, const char *piece)
{
    if (piece) {
        g_string_append_printf(text, "%s%zu:%s", before, strlen(piece), piece);
    }
}

/* The list as one text, so that it is one input. Lists that differ give texts that differ: a piece
 * that a person chose is preceded by its length. */
static char *print_devices(const GPtrArray *devices)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < devices->len; i++) {
        const MdlLooseDevice *loose = g_ptr_array_index(devices, i);
        put_piece(text, i ? "; " : "", loose->type);
        put_piece(text, " id=", loose->id);
        put_piece(text, " bus=", loose->bus);
        put_piece(text, " address=", loose->address);
        for (size_t p = 0; p + 1 < loose->properties->len; p += 2) {
            put_piece(text, " ", g_ptr_array_index(loose->properties, p));
            put_piece(text, "=", g_ptr_array_index(loose->properties, p + 1));
        }
    }
    return g_string_free(text, FALSE);
}

void mdl_target_read_devices(const MdlTarget *target, MdlTrace *trace)
{
    g_autofree char *text = print_devices(target->devices);
    mdl_trace_read(trace, "devices", *text ? text : NULL, text);
}

void mdl_build_add_loose(MdlBuild *build)
{
    const GPtrArray *devices = build->resolved.target->devices;
    mdl_target_read_devices(build->resolved.target, build->resolved.trace);
    mdl_build_place_loose(build, devices);
}
