/* place: where a device goes: the bus it sits on, and its regions on the system bus or its address
 * on another. One piece of code for the devices of machines and for those that a person adds, for
 * our own machines and for what was learned of others: what differs is in the types of buses and in
 * the placement of the tree. */
#include "build.h"

#include "value.h"

#include <string.h>

/* ---- ranges of bytes ------------------------------------------------------------------------- */

static bool read_number(MdlBuild *build, MdlDevice *device, const MdlSetting *setting,
                        uint64_t *ret_number)
{
    MdlScope scope = mdl_resolved_scope(&build->resolved);
    MdlValue value;
    g_autofree char *why = NULL;
    if (!mdl_expr_eval(setting->expr, &scope, &value, &why)) {
        mdl_build_find(build, MDL_CHECK_CONDITION, device, setting, NULL, "\"%s\": %s",
                       setting->key, why);
        return false;
    }
    *ret_number = value.number;
    return true;
}

static void place_regions(MdlBuild *build, MdlDevice *device, const MdlPart *part)
{
    for (size_t i = 0; i < device->type->n_regions; i++) {
        MdlPlacedRegion *placed = &device->regions[i];
        g_autofree char *key = g_strconcat("region.", placed->region->name, NULL);
        const MdlSetting *setting = mdl_part_setting(part, key);
        if (!setting && i == 0) {
            setting = mdl_part_setting(part, "address");
        }
        if (setting && setting->expr) {
            read_number(build, device, setting, &placed->base);
        } else {
            mdl_build_find(build, MDL_CHECK_REGION_ADDRESS, device, NULL, NULL,
                           "region \"%s\" has no address; write %s%s", placed->region->name,
                           i == 0 ? "address = or " : "", key);
        }
    }
    if (device->type->n_regions) {
        device->address.fields[0] = device->regions[0].base;
    }
}

/* ---- what is on a bus ------------------------------------------------------------------------ */

/* The device at an address, or NULL; `but`: a field that does not count, or n_fields. */
static MdlDevice *device_at(const MdlBus *bus, const MdlAddress *address)
{
    for (size_t i = 0; i < bus->devices->len; i++) {
        MdlDevice *device = g_ptr_array_index(bus->devices, i);
        if (memcmp(device->address.fields, address->fields,
                   bus->type->n_fields * sizeof(address->fields[0])) == 0) {
            return device;
        }
    }
    return NULL;
}

/* Whether two addresses agree in the fields up to, or in all but one. */
static bool agree(const MdlAddress *a, const MdlAddress *b, size_t n_fields, size_t but)
{
    for (size_t i = 0; i < n_fields; i++) {
        if (i != but && a->fields[i] != b->fields[i]) {
            return false;
        }
    }
    return true;
}

static bool has_trait_of(const MdlDeviceType *type, const char *const *traits)
{
    for (size_t i = 0; traits && traits[i]; i++) {
        if (mdl_device_type_has_trait(type, traits[i])) {
            return true;
        }
    }
    return false;
}

/* seen: only what is passed over when a place is looked for. */
static const char *reserved_at(const MdlBus *bus, const MdlDeviceType *type,
                               const MdlAddress *address, bool seen)
{
    for (size_t i = 0; i < bus->n_reserved; i++) {
        const MdlReserved *reserved = &bus->reserved[i];
        bool off = reserved->when && bus->owner && mdl_device_lacks(bus->owner, reserved->when);
        if (mdl_address_matches(bus->type, reserved->address, address) && !off &&
            !(seen && reserved->blind) && !(type && has_trait_of(type, reserved->except))) {
            return reserved->reason;
        }
    }
    return NULL;
}

const char *mdl_place_reserved(const MdlBus *bus, const MdlDeviceType *type,
                               const MdlAddress *address)
{
    return reserved_at(bus, type, address, false);
}

bool mdl_bus_is_full(const MdlBus *bus)
{
    return bus->type->max_devices && bus->devices->len >= bus->type->max_devices;
}

/* ---- a free address -------------------------------------------------------------------------- */

static const MdlHub *hub_of(const MdlBus *bus, const MdlDeviceType *type)
{
    for (size_t i = 0; i < bus->type->n_hubs; i++) {
        if (mdl_device_type_has_trait(type, bus->type->hubs[i].trait)) {
            return &bus->type->hubs[i];
        }
    }
    return NULL;
}

/* The field that a device at the address leaves at its smallest value: how deep it is. */
static size_t depth_of(const MdlBus *bus, const MdlAddress *address)
{
    size_t depth = 1;
    while (depth < bus->type->n_fields && address->fields[depth]) {
        depth++;
    }
    return depth;
}

/* On a bus with hubs: the free places in the order in which they came to be. ret_free: how many
 * there are in all. */
static bool find_below_hubs(const MdlBus *bus, MdlAddress *ret_address, uint64_t *ret_free)
{
    uint64_t n = 0;
    MdlAddress address = {{0}}, first = {{0}};
    for (uint64_t v = bus->fields[0].first; v <= bus->fields[0].last; v++) {
        address.fields[0] = v;
        if (!device_at(bus, &address) && n++ == 0) {
            first = address;
        }
    }
    for (size_t i = 0; i < bus->devices->len; i++) {
        const MdlDevice *device = g_ptr_array_index(bus->devices, i);
        const MdlHub *hub = hub_of(bus, device->type);
        size_t depth = depth_of(bus, &device->address);
        for (uint64_t v = 1; hub && depth < bus->type->n_fields && v <= hub->places; v++) {
            address = device->address;
            address.fields[depth] = v;
            if (!device_at(bus, &address) && n++ == 0) {
                first = address;
            }
        }
    }
    *ret_address = first;
    *ret_free = n;
    return n > 0;
}

/* Whether there is such a place at all: at the bus itself, or below a hub. */
static bool exists_below_hubs(const MdlBus *bus, const MdlAddress *address)
{
    size_t depth = depth_of(bus, address);
    if (depth == 1) {
        return true;
    }
    MdlAddress above = *address;
    above.fields[depth - 1] = 0;
    const MdlDevice *device = device_at(bus, &above);
    const MdlHub *hub = device ? hub_of(bus, device->type) : NULL;
    return hub && address->fields[depth - 1] <= hub->places;
}

/* The field that is counted for a device: the first in order that is not given. */
static bool counted_field(const MdlBusType *type, const bool *given, size_t *ret_index)
{
    for (size_t o = 0; type->order[o]; o++) {
        for (size_t i = 0; i < type->n_fields; i++) {
            if (strcmp(type->fields[i].name, type->order[o]) == 0 && !given[i]) {
                *ret_index = i;
                return true;
            }
        }
    }
    return false;
}

/* Counts one field up over what is taken and reserved. */
static bool count_up(const MdlBus *bus, const MdlDeviceType *type, size_t at, MdlAddress *address)
{
    const MdlField *field = &bus->type->fields[at];
    MdlSpan span = bus->fields[at];
    g_autoptr(GHashTable) taken = g_hash_table_new(g_int64_hash, g_int64_equal);
    uint64_t before = 0;
    for (size_t i = 0; i < bus->devices->len; i++) {
        MdlDevice *device = g_ptr_array_index(bus->devices, i);
        if (agree(&device->address, address, bus->type->n_fields, at)) {
            g_hash_table_add(taken, &device->address.fields[at]);
        }
        before += agree(&device->address, address, at, at);
    }
    uint64_t start = MAX(span.first, field->first) + (field->after_devices ? before : 0);
    for (uint64_t n = start; n >= start && n <= span.last; n++) {
        address->fields[at] = n;
        if (!g_hash_table_contains(taken, &n) && !reserved_at(bus, type, address, true)) {
            return true;
        }
        if (n == UINT64_MAX) {
            break;
        }
    }
    return false;
}

bool mdl_place_free(const MdlBus *bus, const MdlDeviceType *type, const MdlWish *wish,
                    MdlAddress *ret_address)
{
    static const MdlWish anywhere = {0};
    wish = wish ? wish : &anywhere;
    MdlAddress address = {{0}};
    size_t at;
    uint64_t n;
    if (mdl_bus_is_full(bus)) {
        return false;
    }
    if (bus->type->n_fields == 0) {
        *ret_address = address;
        return true;
    }
    if (bus->type->n_hubs) {
        return find_below_hubs(bus, ret_address, &n);
    }
    for (size_t i = 0; i < bus->type->n_fields; i++) {
        address.fields[i] = wish->given[i] ? wish->address.fields[i] : bus->fields[i].first;
    }
    bool counted = counted_field(bus->type, wish->given, &at);
    bool enough = *bus->type->order && wish->any; /* what is not given is not counted */
    if (!counted && !enough) {
        return false;
    }
    if (counted && !count_up(bus, type, at, &address)) {
        return false;
    }
    *ret_address = address;
    return true;
}

/* ---- the bus --------------------------------------------------------------------------------- */

static bool takes(const MdlBuild *build, const MdlBus *bus, const MdlDeviceType *type)
{
    return mdl_bus_accepts(bus, type) &&
           (!build->hardware->placement->strict || mdl_bus_reaches(bus, type));
}

/* The bus for a device that names none, in the order of the tree; where none fits, the first of the
 * right family, so that the finding says what is wrong with it. */
static MdlBus *choose_bus(MdlBuild *build, const MdlDeviceType *type, const MdlWish *wish)
{
    bool fitting = build->hardware->placement->fitting;
    MdlBus *fallback = NULL, *taking = NULL;
    for (size_t i = 0; i < build->hardware->buses->len; i++) {
        MdlBus *bus = g_ptr_array_index(build->hardware->buses, i);
        MdlAddress address;
        if (strcmp(bus->type->family, type->bus) != 0) {
            continue;
        }
        bool fits = fitting ? takes(build, bus, type) && (bus->type->ranges || wish->any ||
                                                          mdl_place_free(bus, type, wish, &address))
                            : !mdl_bus_is_full(bus);
        if (fits) {
            return bus;
        }
        fallback = fallback ? fallback : bus;
        taking = taking || !takes(build, bus, type) ? taking : bus;
    }
    return taking && fitting ? taking : fallback;
}

static char *list_buses(const MdlBuild *build, const char *family)
{
    g_autoptr(GPtrArray) ids = g_ptr_array_new();
    for (size_t i = 0; i < build->hardware->buses->len && ids->len < 8; i++) {
        const MdlBus *bus = g_ptr_array_index(build->hardware->buses, i);
        if (strcmp(bus->type->family, family) == 0) {
            g_ptr_array_add(ids, (char *)bus->id);
        }
    }
    g_ptr_array_add(ids, NULL);
    return ids->len > 1 ? g_strjoinv(", ", (char **)ids->pdata) : NULL;
}

static MdlBus *refuse_bus(MdlBuild *build, const MdlDevice *device, const MdlSetting *setting,
                          const char *name)
{
    const char *family = device->type->bus;
    g_autofree char *named =
        name ? g_strdup_printf("bus \"%s\"", name) : g_strdup_printf("%s bus", family);
    g_autofree char *known = list_buses(build, family);
    g_autofree char *fix = name && known ? g_strdup_printf("%s buses: %s", family, known)
                                         : mdl_build_suggest_owner(build, device->type);
    mdl_build_find(build, MDL_CHECK_BUS_UNKNOWN, device, setting,
                   fix ? fix : "put the device that provides it first", "there is no %s", named);
    return NULL;
}

static MdlBus *check_bus(MdlBuild *build, const MdlDevice *device, MdlBus *bus,
                         const MdlSetting *setting)
{
    const MdlDeviceType *type = device->type;
    const MdlBusType *kind = bus->type;
    if (strcmp(kind->family, type->bus) != 0) {
        mdl_build_find(build, MDL_CHECK_BUS_TYPE, device, setting, NULL,
                       "bus %s is of type %s; a %s sits on %s", bus->id, kind->name, type->name,
                       type->bus);
        return NULL;
    }
    if (takes(build, bus, type)) {
        return bus;
    }
    bool refused = has_trait_of(type, kind->refuses) || has_trait_of(type, kind->hides);
    const char *const *traits = mdl_bus_accepts(bus, type) ? kind->reaches : kind->accepts;
    g_autofree char *words = g_strjoinv(", ", (char **)traits);
    if (refused) {
        mdl_build_find(build, MDL_CHECK_BUS_ACCEPTS, device, setting, NULL,
                       "bus %s, of type %s, takes no %s", bus->id, kind->name, type->name);
    } else {
        mdl_build_find(build, MDL_CHECK_BUS_ACCEPTS, device, setting, NULL,
                       "bus %s takes only devices that are %s", bus->id, words);
    }
    return NULL;
}

MdlBus *mdl_place_bus(MdlBuild *build, const MdlDevice *device, const MdlSetting *setting,
                      const char *name, const MdlWish *wish)
{
    MdlBus *bus = name ? (MdlBus *)mdl_hardware_bus(build->hardware, name)
                       : choose_bus(build, device->type, wish);
    return bus ? check_bus(build, device, bus, setting) : refuse_bus(build, device, setting, name);
}

/* ---- addresses ------------------------------------------------------------------------------- */

static char *suggest_free(const MdlBus *bus, const MdlDeviceType *type)
{
    MdlAddress address;
    if (!mdl_place_free(bus, type, NULL, &address)) {
        return NULL;
    }
    g_autofree char *text = mdl_address_print(bus->type, &address);
    return g_strdup_printf("the next free address is %s", text);
}

static bool is_within(MdlBuild *build, const MdlDevice *device, const MdlWish *wish)
{
    const MdlBus *bus = device->bus;
    bool ok = true;
    for (size_t i = 0; i < bus->type->n_fields; i++) {
        uint64_t value = wish->address.fields[i];
        MdlSpan span = bus->fields[i];
        if (wish->given[i] && (value < span.first || value > span.last)) {
            mdl_build_find(build, MDL_CHECK_ADDRESS_RANGE, device, wish->setting, NULL,
                           "address \"%s\": %s on bus %s is from %" G_GUINT64_FORMAT
                           " to %" G_GUINT64_FORMAT,
                           wish->text, bus->type->fields[i].name, bus->id, span.first, span.last);
            ok = false;
        }
    }
    return ok;
}

/* That the device at the smallest value of a field says that there are others beside it. */
static bool check_siblings(MdlBuild *build, const MdlDevice *device, const MdlSetting *setting)
{
    const MdlBus *bus = device->bus;
    for (size_t f = 0; f < bus->type->n_fields; f++) {
        const MdlField *field = &bus->type->fields[f];
        bool first = device->address.fields[f] == field->minimum;
        if (!field->needs || (first && mdl_device_has(device, field->needs))) {
            continue;
        }
        for (size_t i = 0; i < bus->devices->len; i++) {
            const MdlDevice *other = g_ptr_array_index(bus->devices, i);
            bool other_first = other->address.fields[f] == field->minimum;
            if (agree(&other->address, &device->address, bus->type->n_fields, f) &&
                (first || (other_first && !mdl_device_has(other, field->needs)))) {
                g_autofree char *text = mdl_address_print(bus->type, &device->address);
                g_autofree char *fix = g_strdup_printf("set %s=on of device %s", field->needs,
                                                       first ? device->id : other->id);
                mdl_build_find(build, MDL_CHECK_ADDRESS_SHARED, device, setting, fix,
                               "address %s on bus %s is beside device %s, and %s has not %s on",
                               text, bus->id, other->id, first ? "the device" : "that one",
                               field->needs);
                return false;
            }
        }
    }
    return true;
}

static bool check_address(MdlBuild *build, const MdlDevice *device, const MdlSetting *setting)
{
    const MdlBus *bus = device->bus;
    const char *reason = mdl_place_reserved(bus, device->type, &device->address);
    const MdlDevice *there = device_at(bus, &device->address);
    g_autofree char *text = mdl_address_print(bus->type, &device->address);
    if (reason) {
        mdl_build_find(build, MDL_CHECK_ADDRESS_RESERVED, device, setting, NULL,
                       "address %s on bus %s is kept free: %s", text, bus->id, reason);
    }
    if (there && bus->type->n_fields) {
        g_autofree char *fix = suggest_free(bus, device->type);
        mdl_build_find(build, MDL_CHECK_ADDRESS_TAKEN, device, setting, fix,
                       "address %s on bus %s is taken by device %s", text, bus->id, there->id);
    }
    if (bus->type->n_hubs && !exists_below_hubs(bus, &device->address)) {
        mdl_build_find(build, MDL_CHECK_ADDRESS_RANGE, device, setting, NULL,
                       "address %s on bus %s is not below a hub", text, bus->id);
        return false;
    }
    return !reason && !there && check_siblings(build, device, setting);
}

static bool hub_fits(const MdlBuild *build, const MdlBus *bus, const MdlHub *hub)
{
    const MdlDeviceType *type = mdl_hardware_type(build->hardware, hub->adds);
    return type && mdl_bus_accepts(bus, type);
}

/* The device that takes the last free place of the bus before this one can. */
static void add_hub(MdlBuild *build, MdlBus *bus, const MdlDeviceType *type)
{
    const MdlHub *hub = bus->type->n_hubs ? bus->type->hubs : NULL;
    MdlAddress address;
    uint64_t n;
    if (hub && hub->adds && !hub_of(bus, type) && hub_fits(build, bus, hub) &&
        find_below_hubs(bus, &address, &n) && n == 1) {
        mdl_build_add_type(build, hub->adds, bus->id);
    }
}

static bool is_complete(const MdlBusType *type, const MdlWish *wish)
{
    size_t n = 0;
    for (size_t i = 0; i < type->n_fields; i++) {
        n += wish->given[i];
    }
    return n > 0 && n == type->n_fields;
}

bool mdl_place_address(MdlBuild *build, MdlDevice *device, const MdlWish *wish)
{
    MdlBus *bus = device->bus;
    bool complete = is_complete(bus->type, wish);
    if (!is_within(build, device, wish)) {
        return false;
    }
    if (mdl_bus_is_full(bus) && bus->type->n_fields) {
        mdl_build_find(build, MDL_CHECK_NO_FREE_ADDRESS, device, wish->setting, NULL,
                       "bus %s takes at most %" G_GUINT64_FORMAT " devices", bus->id,
                       bus->type->max_devices);
        return false;
    }
    if (!complete) {
        add_hub(build, bus, device->type);
    }
    device->address = wish->address;
    if (!complete && !mdl_place_free(bus, device->type, wish, &device->address)) {
        g_autofree char *fix = *bus->type->order || !bus->type->n_fields || bus->type->n_hubs
                                   ? mdl_build_suggest_owner(build, device->type)
                                   : g_strdup("give it an address");
        mdl_build_find(build, MDL_CHECK_NO_FREE_ADDRESS, device, NULL, fix,
                       "bus %s has no free place", bus->id);
        return false;
    }
    return check_address(build, device, wish->setting);
}

bool mdl_place_parse(MdlBuild *build, const MdlDevice *device, const MdlSetting *setting,
                     MdlWish *ret_wish)
{
    g_autofree char *why = NULL;
    const MdlBus *bus = device->bus;
    if (!mdl_address_parse(bus->type, setting->value, &ret_wish->address, &why)) {
        mdl_build_find(build, MDL_CHECK_ADDRESS_FORM, device, setting, NULL,
                       "address \"%s\" on bus %s: %s", setting->value, bus->id, why);
        return false;
    }
    ret_wish->any = true;
    ret_wish->setting = setting;
    ret_wish->text = setting->value;
    for (size_t i = 0; i < bus->type->n_fields; i++) {
        ret_wish->given[i] = true;
    }
    return true;
}

void mdl_place_device(MdlBuild *build, MdlDevice *device, const MdlPart *part)
{
    const MdlSetting *address = mdl_part_setting(part, "address");
    MdlWish wish = {0};
    if (device->bus->type->ranges) {
        place_regions(build, device, part);
    } else if (!address || mdl_place_parse(build, device, address, &wish)) {
        mdl_place_address(build, device, &wish);
    }
}
