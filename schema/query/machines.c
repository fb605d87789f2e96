/* machines: which machines, options, accelerators and CPU types there are. */
#include "context.h"

#include <string.h>

static bool runs_arch(const MdlAccelerator *accel, const char *arch)
{
    return !accel->archs[0] || g_strv_contains(accel->archs, arch);
}

static ApiVerdict *usable_with(const MdlAccelerator *accel, const char *arch)
{
    return runs_arch(accel, arch)
               ? cmd_verdict_yes()
               : cmd_verdict_no("RequiresAccelerator", "accelerator %s does not run %s",
                                accel->name, arch);
}

/* ---- query-machines -------------------------------------------------------------------------- */

static GPtrArray *machine_accelerators(const char *arch)
{
    GPtrArray *list = api_list_new(&api_type_machine_accelerator);
    for (size_t i = 0; mdl_accelerators[i]; i++) {
        ApiMachineAccelerator *api = api_machine_accelerator_new();
        api->name = g_strdup(mdl_accelerators[i]->name);
        api->usable = usable_with(mdl_accelerators[i], arch);
        g_ptr_array_add(list, api);
    }
    return list;
}

static bool is_cpu_pluggable(const MdlDevice *device)
{
    return mdl_device_type_has_trait(device->type, "cpu") && device->type->hotplug &&
           device->bus->hotplug;
}

/* What only the machine's own hardware tells: built with every default, so that it depends on
 * nothing but the machine. */
static void fill_from_hardware(const MdlCatalog *catalog, ApiMachineInfo *api)
{
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    g_autoptr(MdlTarget) target = mdl_target_new();
    target->machine = g_strdup(api->name);
    g_autoptr(MdlHardware) hardware = mdl_hardware_build(catalog, target, NULL, findings);
    for (size_t i = 0; hardware && i < hardware->devices->len; i++) {
        const MdlDevice *device = g_ptr_array_index(hardware->devices, i);
        g_ptr_array_add(api->default_devices, g_strdup(device->id));
        api->hotpluggable_cpus = api->hotpluggable_cpus || is_cpu_pluggable(device);
        if (device->made == MDL_MADE_MEMORY) {
            api->default_ram_id = g_strdup(device->id);
        }
    }
}

static ApiMachineInfo *describe_machine(const MdlCatalog *catalog, const MdlMachine *machine)
{
    MdlMachineInfo info = mdl_machine_info(catalog, machine);
    ApiMachineInfo *api = api_machine_info_new();
    api->name = g_strdup(info.full_name);
    api->cpu_max = (int64_t)info.max_cpus;
    api->deprecated = info.deprecated != NULL;
    api->deprecated_because = g_strdup(info.deprecated);
    api->arch = g_strdup(info.arch);
    api->version = g_strdup(info.version ? info.version : "");
    api->doc = g_strdup(info.doc ? info.doc : "");
    g_ptr_array_unref(api->layers);
    api->layers = cmd_words(info.layers);
    api->cpu_min = info.cpu_types && info.cpu_types[0] ? 1 : 0;
    api->memory_min = info.min_memory;
    api->memory_max = info.max_memory;
    api->memory_default = info.default_memory;
    g_ptr_array_unref(api->accelerators);
    api->accelerators = machine_accelerators(info.arch);
    api->alias = info.alias ? g_strdup(info.name) : NULL;
    api->default_cpu_type = g_strdup(info.cpu_types ? info.cpu_types[0] : NULL);
    api->nodefaults_layer = g_strdup(info.minimal_layer);
    fill_from_hardware(catalog, api);
    return api;
}

bool cmd_query_machines(CmdContext *context, const ApiQueryMachinesArgs *args,
                        GPtrArray **ret_reply, GError **error)
{
    g_auto(CmdSubject) subject = {0};
    /* the machine of the session does not narrow the answer: QEMU's clients want them all */
    if (args->target &&
        !cmd_subject_open(context, args->target, MDL_NEED_NOTHING, &subject, error)) {
        return false;
    }
    GPtrArray *list = api_list_new(&api_type_machine_info);
    if (subject.machine) {
        g_ptr_array_add(list, describe_machine(context->catalog, subject.machine));
    } else {
        const char *const *names = mdl_catalog_names(context->catalog);
        cmd_read_machine_files(context);
        for (size_t i = 0; names[i]; i++) {
            const MdlMachine *machine = mdl_catalog_find(context->catalog, names[i]);
            g_ptr_array_add(list, describe_machine(context->catalog, machine));
        }
    }
    *ret_reply = list;
    return true;
}

/* ---- query-machine-options ------------------------------------------------------------------- */

static ApiVerdict *option_allowed(CmdContext *context, const CmdSubject *subject,
                                  const MdlOptionInfo *info)
{
    if (info->minimal ||
        !mdl_target_nodefaults(subject->machine, subject->target, context->trace)) {
        return cmd_verdict_yes();
    }
    return cmd_verdict_no("OptionUnavailable",
                          "the option belongs to layer %s, which nodefaults leaves out",
                          info->layer);
}

/* allowed: taken. */
static ApiMachineOption *describe_value(const MdlProperty *property, ApiVerdict *allowed)
{
    ApiMachineOption *api = api_machine_option_new();
    api->name = g_strdup(property->name);
    api_property_type_parse(mdl_kind_name(property->kind), &api->type);
    api->doc = g_strdup(property->doc);
    api->allowed = allowed;
    api->default_ = property->has_default ? cmd_value(&property->default_value) : NULL;
    api->values = property->kind == MDL_ENUM ? cmd_words(property->values) : NULL;
    api->has_minimum = api->has_maximum = property->kind == MDL_UINT || property->kind == MDL_SIZE;
    api->minimum = property->minimum;
    api->maximum = property->maximum;
    return api;
}

static ApiMachineOption *describe_option(CmdContext *context, const CmdSubject *subject,
                                         const MdlOptionInfo *info)
{
    ApiMachineOption *api = describe_value(info->property, option_allowed(context, subject, info));
    api->changes = cmd_words(info->changes);
    return api;
}

bool cmd_query_machine_options(CmdContext *context, const ApiQueryMachineOptionsArgs *args,
                               GPtrArray **ret_reply, GError **error)
{
    g_auto(CmdSubject) subject = {0};
    if (!cmd_subject_require(context, args->target, MDL_NEED_NOTHING, &subject, error)) {
        return false;
    }
    GPtrArray *list = api_list_new(&api_type_machine_option);
    for (size_t i = 0; i < mdl_machine_n_options(subject.machine); i++) {
        MdlOptionInfo info = mdl_machine_option_at(subject.machine, i);
        g_ptr_array_add(list, describe_option(context, &subject, &info));
    }
    *ret_reply = list;
    return true;
}

/* ---- query-accelerators ---------------------------------------------------------------------- */

bool cmd_query_accelerators(CmdContext *context, const ApiQueryAcceleratorsArgs *args,
                            GPtrArray **ret_reply, GError **error)
{
    g_auto(CmdSubject) subject = {0};
    if (!cmd_subject_open(context, args->target, MDL_NEED_NOTHING, &subject, error)) {
        return false;
    }
    const char *arch =
        subject.machine ? mdl_machine_info(context->catalog, subject.machine).arch : NULL;
    GPtrArray *list = api_list_new(&api_type_accelerator_info);
    for (size_t i = 0; mdl_accelerators[i]; i++) {
        const MdlAccelerator *accel = mdl_accelerators[i];
        ApiAcceleratorInfo *api = api_accelerator_info_new();
        api->name = g_strdup(accel->name);
        api->doc = g_strdup(accel->doc);
        api->runs = accel->runs;
        g_ptr_array_unref(api->archs);
        api->archs = cmd_words(accel->archs);
        api->max_cpus = accel->max_cpus;
        for (size_t n = 0; n < accel->n_options; n++) {
            g_ptr_array_add(api->options, describe_value(&accel->options[n], cmd_verdict_yes()));
        }
        api->usable = arch ? usable_with(accel, arch) : NULL;
        g_ptr_array_add(list, api);
    }
    *ret_reply = list;
    return true;
}

/* ---- query-cpu-definitions ------------------------------------------------------------------- */

static void add_cpu_definition(GPtrArray *list, const char *name)
{
    ApiCpuDefinitionInfo *api = api_cpu_definition_info_new();
    api->name = g_strdup(name);
    api->typename = g_strdup(name);
    g_ptr_array_add(list, api);
}

bool cmd_query_cpu_definitions(CmdContext *context, const ApiQueryCpuDefinitionsArgs *args,
                               GPtrArray **ret_reply, GError **error)
{
    g_auto(CmdSubject) subject = {0};
    if (!cmd_subject_open(context, args->target, MDL_NEED_NOTHING, &subject, error)) {
        return false;
    }
    GPtrArray *list = api_list_new(&api_type_cpu_definition_info);
    if (subject.machine) {
        MdlMachineInfo info = mdl_machine_info(context->catalog, subject.machine);
        for (size_t i = 0; info.cpu_types && info.cpu_types[i]; i++) {
            add_cpu_definition(list, info.cpu_types[i]);
        }
    } else {
        for (size_t i = 0; mdl_device_types[i]; i++) {
            if (mdl_device_type_has_trait(mdl_device_types[i], "cpu")) {
                add_cpu_definition(list, mdl_device_types[i]->name);
            }
        }
    }
    *ret_reply = list;
    return true;
}
