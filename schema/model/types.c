/* types: looking up the constant tables, and values as JSON. */
#include "model.h"

#include "wire.h"

#include <string.h>

const MdlDeviceType *mdl_device_type_find(const char *name)
{
    for (size_t i = 0; mdl_device_types[i]; i++) {
        if (strcmp(mdl_device_types[i]->name, name) == 0) {
            return mdl_device_types[i];
        }
    }
    return NULL;
}

const MdlBusType *mdl_bus_type_find(const char *name)
{
    for (size_t i = 0; mdl_bus_types[i]; i++) {
        if (strcmp(mdl_bus_types[i]->name, name) == 0) {
            return mdl_bus_types[i];
        }
    }
    return NULL;
}

const MdlAccelerator *mdl_accelerator_find(const char *name)
{
    for (size_t i = 0; mdl_accelerators[i]; i++) {
        if (strcmp(mdl_accelerators[i]->name, name) == 0) {
            return mdl_accelerators[i];
        }
    }
    return NULL;
}

const MdlPlacement *mdl_placement_find(const char *name)
{
    for (size_t i = 0; mdl_placements[i]; i++) {
        if (strcmp(mdl_placements[i]->name, name) == 0) {
            return mdl_placements[i];
        }
    }
    return NULL;
}

bool mdl_device_type_has_trait(const MdlDeviceType *type, const char *trait)
{
    return g_strv_contains(type->traits, trait);
}

json_t *mdl_value_json(const MdlValue *value)
{
    switch (value->kind) {
    case MDL_BOOL:
        return json_boolean(value->number);
    case MDL_UINT:
    case MDL_SIZE:
        return wire_json_uint(value->number);
    case MDL_ENUM:
    case MDL_STR:
        break;
    }
    return value->text ? json_string(value->text) : json_null();
}
