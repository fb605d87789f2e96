/* place: where a device goes: its regions on the system bus, or its address on another. First fit
 * in the order that the bus type declares. */
#include "build.h"

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
        if (setting) {
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

/* ---- addresses of fields --------------------------------------------------------------------- */

static bool same_address(const MdlBusType *type, const MdlAddress *a, const MdlAddress *b)
{
    return memcmp(a->fields, b->fields, type->n_fields * sizeof(a->fields[0])) == 0;
}

static bool is_taken(const MdlBus *bus, const MdlAddress *address)
{
    for (size_t i = 0; i < bus->devices->len; i++) {
        const MdlDevice *device = g_ptr_array_index(bus->devices, i);
        if (same_address(bus->type, &device->address, address)) {
            return true;
        }
    }
    return false;
}

const char *mdl_place_reserved(const MdlBus *bus, const MdlAddress *address)
{
    for (size_t i = 0; i < bus->n_reserved; i++) {
        if (mdl_address_matches(bus->type, bus->reserved[i].address, address)) {
            return bus->reserved[i].reason;
        }
    }
    return NULL;
}

static const MdlField *order_field(const MdlBusType *type, size_t *ret_index)
{
    for (size_t i = 0; type->order && i < type->n_fields; i++) {
        if (strcmp(type->fields[i].name, type->order) == 0) {
            *ret_index = i;
            return &type->fields[i];
        }
    }
    return NULL;
}

bool mdl_place_free(const MdlBus *bus, MdlAddress *ret_address)
{
    MdlAddress address = {{0}};
    if (bus->type->max_devices && bus->devices->len >= bus->type->max_devices) {
        return false;
    }
    for (size_t i = 0; i < bus->type->n_fields; i++) {
        address.fields[i] = bus->type->fields[i].minimum;
    }
    if (bus->type->n_fields == 0) { /* a single place */
        *ret_address = address;
        return bus->devices->len == 0;
    }
    size_t at;
    const MdlField *field = order_field(bus->type, &at);
    for (uint64_t n = 0; field && n <= field->maximum - field->minimum; n++) {
        address.fields[at] = field->minimum + n;
        if (!is_taken(bus, &address) && !mdl_place_reserved(bus, &address)) {
            *ret_address = address;
            return true;
        }
    }
    return false;
}

static void place_given(MdlBuild *build, MdlDevice *device, const MdlSetting *setting)
{
    const MdlBusType *type = device->bus->type;
    g_autofree char *why = NULL;
    if (type->max_devices && device->bus->devices->len > type->max_devices) {
        mdl_build_find(build, MDL_CHECK_NO_FREE_ADDRESS, device, setting, NULL,
                       "bus %s takes at most %" G_GUINT64_FORMAT " devices", device->bus->id,
                       type->max_devices);
        return;
    }
    if (!mdl_address_parse(type, setting->value, &device->address, &why)) {
        mdl_build_find(build, MDL_CHECK_ADDRESS_FORM, device, setting, NULL,
                       "address \"%s\" on bus %s: %s", setting->value, device->bus->id, why);
        return;
    }
    for (size_t i = 0; i < type->n_fields; i++) {
        const MdlField *field = &type->fields[i];
        uint64_t value = device->address.fields[i];
        if (value < field->minimum || value > field->maximum) {
            mdl_build_find(
                build, MDL_CHECK_ADDRESS_RANGE, device, setting, NULL,
                "address \"%s\": %s on bus %s is from %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
                setting->value, field->name, device->bus->id, field->minimum, field->maximum);
        }
    }
}

static void place_automatically(MdlBuild *build, MdlDevice *device)
{
    /* the device stands on the bus already: look as if it did not */
    g_ptr_array_remove(device->bus->devices, device);
    if (!mdl_place_free(device->bus, &device->address)) {
        mdl_build_find(
            build, MDL_CHECK_NO_FREE_ADDRESS, device, NULL,
            device->bus->type->order || !device->bus->type->n_fields ? NULL : "give it an address",
            "bus %s has no free place", device->bus->id);
    }
    g_ptr_array_add(device->bus->devices, device);
}

void mdl_place_device(MdlBuild *build, MdlDevice *device, const MdlPart *part)
{
    const MdlSetting *address = mdl_part_setting(part, "address");
    if (device->bus->type->ranges) {
        place_regions(build, device, part);
    } else if (address) {
        place_given(build, device, address);
    } else {
        place_automatically(build, device);
    }
}
