/* types: device types and their properties. */
#include "context.h"

static GPtrArray *type_regions(const MdlDeviceType *type)
{
    GPtrArray *list = api_list_new(&api_type_device_type_region);
    for (size_t i = 0; i < type->n_regions; i++) {
        ApiDeviceTypeRegion *api = api_device_type_region_new();
        api->name = g_strdup(type->regions[i].name);
        api->kind = cmd_region_kind(type->regions[i].kind);
        api->size = g_strdup(type->regions[i].size);
        api->doc = g_strdup(type->regions[i].doc);
        g_ptr_array_add(list, api);
    }
    return list;
}

static GPtrArray *type_irqs(const MdlDeviceType *type)
{
    GPtrArray *list = api_list_new(&api_type_device_type_irq);
    for (size_t i = 0; i < type->n_irqs; i++) {
        ApiDeviceTypeIrq *api = api_device_type_irq_new();
        api->name = g_strdup(type->irqs[i].name);
        api->many = type->irqs[i].many;
        api->doc = g_strdup(type->irqs[i].doc);
        g_ptr_array_add(list, api);
    }
    return list;
}

static GPtrArray *type_buses(const MdlDeviceType *type)
{
    GPtrArray *list = api_list_new(&api_type_device_type_bus);
    for (size_t i = 0; i < type->n_buses; i++) {
        ApiDeviceTypeBus *api = api_device_type_bus_new();
        api->name = g_strdup(type->buses[i].name);
        api->type = g_strdup(type->buses[i].type);
        api->doc = g_strdup(type->buses[i].doc);
        api->named = g_strdup(type->buses[i].named);
        api->root = type->buses[i].root;
        g_ptr_array_add(list, api);
    }
    return list;
}

static ApiDeviceTypeInfo *describe_type(const MdlDeviceType *type)
{
    ApiDeviceTypeInfo *api = g_new0(ApiDeviceTypeInfo, 1);
    api->name = g_strdup(type->name);
    api->doc = g_strdup(type->doc);
    api->bus = g_strdup(type->bus);
    api->traits = cmd_words(type->traits);
    api->user_creatable = type->user_creatable;
    api->hotplug = type->hotplug;
    api->regions = type_regions(type);
    api->irqs = type_irqs(type);
    api->buses = type_buses(type);
    return api;
}

bool cmd_query_device_types(CmdContext *context, const ApiQueryDeviceTypesArgs *args,
                            GPtrArray **ret_reply, GError **error)
{
    g_auto(CmdSubject) subject = {0};
    const MdlHardware *learned = context->learned ? context->learned->hardware : NULL;
    const MdlDeviceType *type;
    if (learned ? !cmd_subject_places(context, args->target, MDL_NEED_TREE, &subject, error)
                : !cmd_subject_ignore(context, args->target, error)) {
        return false;
    }
    GPtrArray *list = api_list_new(&api_type_device_type_info);
    for (size_t i = 0; (type = learned ? mdl_hardware_type_at(learned, i) : mdl_device_types[i]);
         i++) {
        g_ptr_array_add(list, describe_type(type));
    }
    *ret_reply = list;
    return true;
}

/* ---- device-list-properties ------------------------------------------------------------------ */

static ApiObjectPropertyInfo *describe_property(const MdlProperty *property, const MdlValue *value,
                                                bool set)
{
    ApiObjectPropertyInfo *api = api_object_property_info_new();
    api->name = g_strdup(property->name);
    api->type = g_strdup(mdl_kind_name(property->kind));
    api->side = cmd_side(property->side);
    api->required = property->required && !set;
    api->description = g_strdup(property->doc);
    api->default_value = set ? cmd_value(value) : NULL;
    api->values = property->kind == MDL_ENUM ? cmd_words(property->values) : NULL;
    api->has_minimum = api->has_maximum = property->kind == MDL_UINT || property->kind == MDL_SIZE;
    api->minimum = property->minimum;
    api->maximum = property->maximum;
    return api;
}

static GPtrArray *describe_properties(const MdlDeviceType *type, const MdlDefault *defaults)
{
    GPtrArray *list = api_list_new(&api_type_object_property_info);
    for (size_t i = 0; i < type->n_properties; i++) {
        const MdlProperty *property = &type->properties[i];
        const MdlValue *value = defaults ? &defaults[i].value : &property->default_value;
        bool set = defaults ? defaults[i].set : property->has_default;
        g_ptr_array_add(list, describe_property(property, value, set));
    }
    return list;
}

bool cmd_device_list_properties(CmdContext *context, const ApiDeviceListPropertiesArgs *args,
                                GPtrArray **ret_reply, GError **error)
{
    const MdlDeviceType *type = mdl_device_type_find(args->typename);
    g_auto(CmdSubject) subject = {0};
    if (!type) {
        g_propagate_error(error,
                          wire_error_new(WIRE_ERROR_FAILED, "UnknownDeviceType", "typename", NULL,
                                         "there is no device type \"%s\"", args->typename));
        return false;
    }
    if (!cmd_subject_open(context, args->target, MDL_NEED_NOTHING, &subject, error)) {
        return false;
    }
    g_autofree MdlDefault *defaults = NULL;
    if (subject.machine) {
        g_autoptr(MdlFindings) findings = mdl_findings_new();
        defaults =
            mdl_machine_defaults(context->catalog, subject.target, type, context->trace, findings);
        if (!defaults) {
            g_propagate_error(error, cmd_error_from_findings(findings));
            return false;
        }
    }
    *ret_reply = describe_properties(type, defaults);
    return true;
}
