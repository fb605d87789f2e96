/* hardware: the precise hardware of a target, and whether it can be built. */
#include "context.h"
#include "export.h"

#include <string.h>

/* ---- query-hardware: JSON -------------------------------------------------------------------- */

static GPtrArray *describe_properties(const MdlDevice *device)
{
    GPtrArray *list = api_list_new(&api_type_hardware_property);
    for (size_t i = 0; i < device->type->n_properties; i++) {
        const MdlProperty *property = &device->type->properties[i];
        ApiHardwareProperty *api = api_hardware_property_new();
        api->name = g_strdup(property->name);
        api->value = mdl_value_json(&device->properties[i]);
        api->side = cmd_side(property->side);
        g_ptr_array_add(list, api);
    }
    return list;
}

static GPtrArray *describe_regions(const MdlDevice *device)
{
    GPtrArray *list = api_list_new(&api_type_hardware_region);
    for (size_t i = 0; i < device->type->n_regions; i++) {
        const MdlPlacedRegion *placed = &device->regions[i];
        ApiHardwareRegion *api = api_hardware_region_new();
        api->name = g_strdup(placed->region->name);
        api->kind = cmd_region_kind(placed->region->kind);
        api->base = placed->base;
        api->size = placed->size;
        g_ptr_array_add(list, api);
    }
    return list;
}

static GPtrArray *describe_wires(const MdlDevice *device)
{
    GPtrArray *list = api_list_new(&api_type_hardware_irq);
    for (size_t i = 0; i < device->wires->len; i++) {
        const MdlWire *wire = &g_array_index(device->wires, MdlWire, i);
        ApiHardwareIrq *api = api_hardware_irq_new();
        api->name = g_strdup(wire->irq->name);
        api->output = wire->output;
        api->to = g_strdup(wire->to->id);
        api->line = wire->line;
        g_ptr_array_add(list, api);
    }
    return list;
}

static ApiHardwareDevice *describe_device(const MdlHardware *hardware, const MdlDevice *device)
{
    ApiHardwareDevice *api = g_new0(ApiHardwareDevice, 1);
    api->id = g_strdup(device->id);
    api->type = g_strdup(device->type->name);
    api->bus = g_strdup(device->bus->id);
    api->address = mdl_address_print(device->bus->type, &device->address);
    api->properties = describe_properties(device);
    api->regions = describe_regions(device);
    api->irqs = describe_wires(device);
    api->buses = api_list_new(&api_type_str);
    for (size_t i = 0; i < hardware->buses->len; i++) {
        const MdlBus *bus = g_ptr_array_index(hardware->buses, i);
        if (bus->owner == device) {
            g_ptr_array_add(api->buses, g_strdup(bus->id));
        }
    }
    api->layer = g_strdup(device->layer ? device->layer : hardware->machine);
    return api;
}

static ApiHardwareBus *describe_bus(const MdlBus *bus)
{
    ApiHardwareBus *api = api_hardware_bus_new();
    api->id = g_strdup(bus->id);
    api->type = g_strdup(bus->type->name);
    api->owner = bus->owner ? g_strdup(bus->owner->id) : NULL;
    return api;
}

static ApiSmpConfiguration *describe_topology(const MdlHardware *hardware)
{
    ApiSmpConfiguration *api = api_smp_configuration_new();
    api->has_cpus = api->has_sockets = api->has_clusters = true;
    api->has_cores = api->has_threads = api->has_maxcpus = true;
    api->cpus = hardware->cpus;
    api->sockets = hardware->sockets;
    api->clusters = hardware->clusters;
    api->cores = hardware->cores;
    api->threads = hardware->threads;
    api->maxcpus = hardware->max_cpus;
    return api;
}

ApiHardware *cmd_describe_hardware(const MdlHardware *hardware)
{
    ApiHardware *api = api_hardware_new();
    api->machine = g_strdup(hardware->machine);
    api->arch = g_strdup(hardware->arch);
    api->accel = g_strdup(hardware->accel ? hardware->accel->name : "");
    api->cpu = g_strdup(hardware->cpu_type ? hardware->cpu_type : "");
    api->smp = describe_topology(hardware);
    api->memory = hardware->memory;
    for (size_t i = 0; i < hardware->devices->len; i++) {
        g_ptr_array_add(api->devices,
                        describe_device(hardware, g_ptr_array_index(hardware->devices, i)));
    }
    for (size_t i = 0; i < hardware->buses->len; i++) {
        g_ptr_array_add(api->buses, describe_bus(g_ptr_array_index(hardware->buses, i)));
    }
    return api;
}

/* ---- query-hardware: its forms --------------------------------------------------------------- */

static char *to_base64(GBytes *bytes)
{
    size_t size;
    const guchar *data = g_bytes_get_data(bytes, &size);
    char *text = g_base64_encode(data, size);
    g_bytes_unref(bytes);
    return text;
}

bool cmd_query_hardware(CmdContext *context, const ApiQueryHardwareArgs *args,
                        ApiHardwareExport **ret_reply, GError **error)
{
    g_auto(CmdSubject) subject = {0};
    bool for_guest = args->format == API_HARDWARE_FORMAT_GUEST_FDT;
    if (!cmd_subject_places(context, args->target, for_guest ? MDL_NEED_TREE : MDL_NEED_ALL,
                            &subject, error)) {
        return false;
    }
    const MdlHardware *hardware = subject.hardware;
    if (context->learned && args->format != API_HARDWARE_FORMAT_JSON) {
        g_propagate_error(error, wire_error_new(WIRE_ERROR_FAILED, "NotExpressible", "format", NULL,
                                                "of another emulator's machine there is only the "
                                                "format json"));
        return false;
    }
    ApiHardwareExport *api = api_hardware_export_new();
    api->format = args->format;
    switch (args->format) {
    case API_HARDWARE_FORMAT_JSON:
        api->hardware = cmd_describe_hardware(hardware);
        break;
    case API_HARDWARE_FORMAT_CFG:
        api->text = mdl_hardware_to_cfg(hardware);
        break;
    case API_HARDWARE_FORMAT_FDT:
        api->base64 = to_base64(mdl_hardware_to_fdt(hardware));
        break;
    case API_HARDWARE_FORMAT_GUEST_FDT:
        api->base64 = to_base64(mdl_hardware_to_guest_fdt(hardware));
        break;
    }
    *ret_reply = api;
    return true;
}

/* ---- check-target ---------------------------------------------------------------------------- */

/* A check looks at every word of the target, so that all of them are read. What has a name in the
 * trace already has its canonical value there, and the same words. */
static void read_words(MdlTrace *trace, const MdlTarget *target)
{
    const struct {
        const char *name;
        const char *words;
    } members[] = {{"machine", target->machine},
                   {"accel", target->accel},
                   {"cpu", target->cpu},
                   {"memory", target->memory}};
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
        if (members[i].words) {
            mdl_trace_read(trace, members[i].name, members[i].words, members[i].words);
        }
    }
    GHashTableIter iter;
    gpointer name, words;
    g_hash_table_iter_init(&iter, target->options);
    while (g_hash_table_iter_next(&iter, &name, &words)) {
        g_autofree char *full = g_strconcat("options.", name, NULL);
        mdl_trace_read(trace, full, words, words);
    }
    g_autofree char *smp = mdl_target_smp(target);
    if (smp) {
        mdl_trace_read(trace, "smp", smp, smp);
    }
    if (target->nodefaults_given) {
        const char *value = target->nodefaults ? "on" : "off";
        mdl_trace_read(trace, "nodefaults", value, value);
    }
}

/* The target to be checked, the question's or the session's. */
static MdlTarget *target_to_check(const CmdContext *context, const ApiTarget *target,
                                  GError **error)
{
    return target            ? cmd_target_from_api(target, error)
           : context->target ? mdl_target_copy(context->target)
                             : mdl_target_new();
}

bool cmd_check_target(CmdContext *context, const ApiCheckTargetArgs *args,
                      ApiCheckResult **ret_reply, GError **error)
{
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    g_autoptr(MdlTarget) target = target_to_check(context, args->target, error);
    if (!target) {
        return false;
    }
    bool runs = !args->target && context->hardware;
    if (runs || !target->machine) { /* what runs can be built, and no machine is no target */
        g_auto(CmdSubject) subject = {0};
        if (!cmd_subject_require(context, args->target, MDL_NEED_NOTHING, &subject, error)) {
            return false;
        }
    } else {
        mdl_hardware_free(mdl_hardware_build_part(context->catalog, target, MDL_NEED_ALL,
                                                  context->trace, findings));
        read_words(context->trace, target);
    }
    ApiCheckResult *api = g_new0(ApiCheckResult, 1);
    api->ok = mdl_findings_count(findings) == 0;
    api->findings = cmd_findings(findings);
    *ret_reply = api;
    return true;
}
