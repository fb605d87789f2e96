/* stats: the commands about what is counted. */
#include "monitor/internal.h"

#include <string.h>

#include "commands_emulator.gen.h"

static const struct {
    ApiStatsTarget api;
    EmuStatsTarget target;
} targets[] = {
    {API_STATS_TARGET_VM, EMU_STATS_VM},
    {API_STATS_TARGET_VCPU, EMU_STATS_CPU},
    {API_STATS_TARGET_DEVICE, EMU_STATS_DEVICE},
};

/* ---- what there is --------------------------------------------------------------------------- */

static ApiStatsSchemaValue *describe(const EmuStatInfo *info)
{
    ApiStatsSchemaValue *value = api_stats_schema_value_new();
    value->name = g_strdup(info->name);
    value->type = API_STATS_TYPE_CUMULATIVE;
    value->has_unit = info->is_bytes;
    value->unit = API_STATS_UNIT_BYTES;
    return value;
}

bool emu_cmd_query_stats_schemas(EmuMonitor *monitor, const ApiQueryStatsSchemasArgs *args,
                                 GPtrArray **ret_reply, GError **error)
{
    (void)monitor, (void)error;
    GPtrArray *list = api_list_new(&api_type_stats_schema);
    bool wanted = !args->has_provider || args->provider == API_STATS_PROVIDER_VITRINE;
    for (size_t i = 0; wanted && i < G_N_ELEMENTS(targets); i++) {
        ApiStatsSchema *schema = api_stats_schema_new();
        schema->provider = API_STATS_PROVIDER_VITRINE;
        schema->target = targets[i].api;
        schema->stats = api_list_new(&api_type_stats_schema_value);
        for (size_t j = 0; j < EMU_STAT_COUNT; j++)
            if (emu_stat_infos[j].target == targets[i].target)
                g_ptr_array_add(schema->stats, describe(&emu_stat_infos[j]));
        g_ptr_array_add(list, schema);
    }
    *ret_reply = list;
    return true;
}

/* ---- what was counted ------------------------------------------------------------------------ */

/* No list is all of them. */
static bool is_listed(const GPtrArray *list, const char *name)
{
    for (guint i = 0; list && i < list->len; i++)
        if (!strcmp(g_ptr_array_index(list, i), name))
            return true;
    return !list;
}

static bool is_wanted(const ApiStatsFilter *filter, const char *name)
{
    for (guint i = 0; filter->providers && i < filter->providers->len; i++) {
        const ApiStatsRequest *request = g_ptr_array_index(filter->providers, i);
        if (request->provider == API_STATS_PROVIDER_VITRINE && is_listed(request->names, name))
            return true;
    }
    return !filter->providers;
}

/* Adds what the filter lets through; id: of the CPU or device, NULL: of the machine. */
static void report(GPtrArray *list, const ApiStatsFilter *filter, const char *id,
                   EmuStatsTarget target, const EmuStats *stats)
{
    g_autoptr(GPtrArray) found = api_list_new(&api_type_stats);
    for (size_t i = 0; i < EMU_STAT_COUNT; i++) {
        if (emu_stat_infos[i].target != target || !is_wanted(filter, emu_stat_infos[i].name))
            continue;
        ApiStats *one = api_stats_new();
        one->name = g_strdup(emu_stat_infos[i].name);
        one->value = wire_json_uint(stats->counts[i]);
        g_ptr_array_add(found, one);
    }
    if (!found->len)
        return;
    ApiStatsResult *result = api_stats_result_new();
    result->provider = API_STATS_PROVIDER_VITRINE;
    result->qom_path = g_strdup(id);
    result->stats = g_steal_pointer(&found);
    g_ptr_array_add(list, result);
}

static void report_devices(GPtrArray *list, const ApiStatsFilter *filter, EmuMachine *machine)
{
    for (size_t i = 0; i < emu_machine_n_devices(machine); i++) {
        EmuDevice *device = emu_machine_device_at(machine, i);
        const char *id = emu_device_model(device)->id;
        EmuStats stats;
        if (emu_device_cpu(device) || !is_listed(filter->devices, id))
            continue;
        emu_device_stats(device, &stats);
        report(list, filter, id, EMU_STATS_DEVICE, &stats);
    }
}

static void report_cpus(GPtrArray *list, const ApiStatsFilter *filter, EmuMachine *machine)
{
    for (size_t i = 0; i < emu_machine_n_devices(machine); i++) {
        EmuDevice *device = emu_machine_device_at(machine, i);
        const char *id = emu_device_model(device)->id;
        EmuStats stats;
        if (is_listed(filter->vcpus, id) && emu_device_cpu_stats(device, &stats))
            report(list, filter, id, EMU_STATS_CPU, &stats);
    }
}

bool emu_cmd_query_stats(EmuMonitor *monitor, const ApiStatsFilter *args, GPtrArray **ret_reply,
                         GError **error)
{
    (void)error;
    EmuMachine *machine = emu_session_machine(monitor->session);
    GPtrArray *list = api_list_new(&api_type_stats_result);
    EmuStats stats;
    switch (args->target) {
    case API_STATS_TARGET_VM:
        emu_machine_stats(machine, &stats);
        report(list, args, NULL, EMU_STATS_VM, &stats);
        break;
    case API_STATS_TARGET_VCPU:
        report_cpus(list, args, machine);
        break;
    case API_STATS_TARGET_DEVICE:
        report_devices(list, args, machine);
        break;
    }
    *ret_reply = list;
    return true;
}
