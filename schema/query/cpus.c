/* cpus: places for CPUs and memory. */
#include "context.h"
#include "slots.h"

#include <string.h>

static bool is_cpu(const MdlDevice *device)
{
    return mdl_device_type_has_trait(device->type, "cpu");
}

/* One CPU of the machine, which all others are like; NULL: it has none. */
static const MdlDevice *first_cpu(const MdlHardware *hardware)
{
    for (size_t i = 0; i < hardware->devices->len; i++) {
        const MdlDevice *device = g_ptr_array_index(hardware->devices, i);
        if (is_cpu(device)) {
            return device;
        }
    }
    return NULL;
}

/* A CPU can be plugged when its bus and its type both allow it. */
static ApiVerdict *cpu_hot_plug(const MdlHardware *hardware, const MdlDevice *like)
{
    if (like && like->bus->hotplug && like->type->hotplug) {
        return cmd_verdict_yes();
    }
    return cmd_verdict_no("NotHotpluggable", "the CPUs of machine %s are fixed at its start",
                          hardware->machine);
}

static const MdlDevice *device_at(const MdlBus *bus, const MdlAddress *address)
{
    for (size_t i = 0; i < bus->devices->len; i++) {
        const MdlDevice *device = g_ptr_array_index(bus->devices, i);
        if (memcmp(device->address.fields, address->fields,
                   bus->type->n_fields * sizeof(address->fields[0])) == 0) {
            return device;
        }
    }
    return NULL;
}

/* Address number i: the last field counts fastest. */
static MdlAddress nth_address(const MdlHardware *hardware, const MdlBus *bus, uint64_t index)
{
    MdlAddress address = {{0}};
    for (size_t f = bus->type->n_fields; f-- > 0;) {
        MdlSpan span = mdl_bus_field_span(hardware, bus, f);
        uint64_t count = span.last - span.first + 1;
        address.fields[f] = span.first + index % count;
        index /= count;
    }
    return address;
}

static ApiCpuInstanceProperties *describe_place(const MdlBusType *type, const MdlAddress *address)
{
    ApiCpuInstanceProperties *api = api_cpu_instance_properties_new();
    const struct {
        const char *name;
        bool *has;
        int64_t *value;
    } levels[] = {{"socket", &api->has_socket_id, &api->socket_id},
                  {"die", &api->has_die_id, &api->die_id},
                  {"cluster", &api->has_cluster_id, &api->cluster_id},
                  {"core", &api->has_core_id, &api->core_id},
                  {"thread", &api->has_thread_id, &api->thread_id}};
    for (size_t f = 0; f < type->n_fields; f++) {
        for (size_t l = 0; l < G_N_ELEMENTS(levels); l++) {
            if (strcmp(type->fields[f].name, levels[l].name) == 0) {
                *levels[l].has = true;
                *levels[l].value = (int64_t)address->fields[f];
            }
        }
    }
    return api;
}

/* A QEMU lists its places from the last to the first, and those with a path have a CPU. */
static ApiCpuSlot *learned_slot(const json_t *place, GError **error)
{
    const char *type = json_string_value(json_object_get(place, "type"));
    const char *path = json_string_value(json_object_get(place, "qom-path"));
    json_t *props = json_object_get(place, "props");
    g_autoptr(ApiCpuSlot) api = api_cpu_slot_new();
    api_cpu_instance_properties_free(api->place);
    api->place = api_cpu_instance_properties_read(props, WIRE_LENIENT, error);
    if (!api->place) {
        return NULL;
    }
    api->type = g_strdup(type ? type : "");
    api->state = path ? API_SLOT_STATE_TAKEN : API_SLOT_STATE_FREE;
    api->hot_plug = path ? cmd_verdict_no("SlotTaken", "a CPU is there") : cmd_verdict_yes();
    api->by = g_strdup(path);
    return g_steal_pointer(&api);
}

static bool learned_slots(const CmdLearned *learned, GPtrArray **ret_reply, GError **error)
{
    if (!learned->cpus) {
        g_propagate_error(error, wire_error_new(WIRE_ERROR_FAILED, "NotTold", NULL, NULL,
                                                "the emulator does not tell the places of CPUs of "
                                                "machine %s, which are fixed at its start",
                                                learned->hardware->machine));
        return false;
    }
    g_autoptr(GPtrArray) list = api_list_new(&api_type_cpu_slot);
    for (size_t i = json_array_size(learned->cpus); i-- > 0;) {
        ApiCpuSlot *api = learned_slot(json_array_get(learned->cpus, i), error);
        if (!api) {
            return false;
        }
        api->index = list->len;
        g_ptr_array_add(list, api);
    }
    *ret_reply = g_steal_pointer(&list);
    return true;
}

bool cmd_query_cpu_slots(CmdContext *context, const ApiQueryCpuSlotsArgs *args,
                         GPtrArray **ret_reply, GError **error)
{
    g_auto(CmdSubject) subject = {0};
    if (!cmd_subject_places(context, args->target, MDL_NEED_CPUS, &subject, error)) {
        return false;
    }
    if (context->learned) {
        return learned_slots(context->learned, ret_reply, error);
    }
    const MdlHardware *hardware = subject.hardware;
    const MdlDevice *like = first_cpu(hardware);
    const MdlBus *bus = like ? like->bus : NULL;
    GPtrArray *list = api_list_new(&api_type_cpu_slot);
    for (uint64_t i = 0; bus && i < hardware->max_cpus; i++) {
        MdlAddress address = nth_address(hardware, bus, i);
        const MdlDevice *cpu = device_at(bus, &address);
        ApiCpuSlot *api = api_cpu_slot_new();
        api->index = i;
        api->type = g_strdup(hardware->cpu_type);
        api->place = describe_place(bus->type, &address);
        api->state = cpu ? API_SLOT_STATE_TAKEN : API_SLOT_STATE_FREE;
        api->hot_plug = cpu ? cmd_verdict_no("SlotTaken", "device %s is there", cpu->id)
                            : cpu_hot_plug(hardware, like);
        api->by = cpu ? g_strdup(cpu->id) : NULL;
        g_ptr_array_add(list, api);
    }
    *ret_reply = list;
    return true;
}

bool cmd_query_hotpluggable_cpus(CmdContext *context, const ApiQueryHotpluggableCpusArgs *args,
                                 GPtrArray **ret_reply, GError **error)
{
    g_auto(CmdSubject) subject = {0};
    if (!cmd_subject_require(context, args->target, MDL_NEED_CPUS, &subject, error)) {
        return false;
    }
    const MdlHardware *hardware = subject.hardware;
    const MdlDevice *like = first_cpu(hardware);
    const MdlBus *bus = like ? like->bus : NULL;
    g_autoptr(ApiVerdict) verdict = cpu_hot_plug(hardware, like);
    if (verdict->answer != API_ANSWER_YES) {
        g_propagate_error(error, wire_error_new(WIRE_ERROR_FAILED, "NotHotpluggable", NULL, NULL,
                                                "%s", verdict->message));
        return false;
    }
    GPtrArray *list = api_list_new(&api_type_hotpluggable_cpu);
    for (uint64_t i = 0; i < hardware->max_cpus; i++) {
        MdlAddress address = nth_address(hardware, bus, i);
        const MdlDevice *cpu = device_at(bus, &address);
        ApiHotpluggableCPU *api = api_hotpluggable_cpu_new();
        api->type = g_strdup(hardware->cpu_type);
        api->vcpus_count = 1;
        api->props = describe_place(bus->type, &address);
        api->qom_path = cpu ? g_strdup(cpu->id) : NULL;
        g_ptr_array_add(list, api);
    }
    *ret_reply = list;
    return true;
}

/* ---- memory ---------------------------------------------------------------------------------- */

static ApiMemorySlot *describe_memory(const MdlDevice *device, const MdlPlacedRegion *placed,
                                      uint64_t alignment)
{
    ApiMemorySlot *api = api_memory_slot_new();
    api->doc = g_strdup(device->type->doc);
    api->base = placed->base;
    api->size = placed->size;
    api->alignment = alignment;
    api->state = API_SLOT_STATE_TAKEN;
    api->hot_plug = cmd_verdict_no("SlotTaken", "device %s is there", device->id);
    api->by = g_strdup(device->id);
    return api;
}

bool cmd_query_memory_slots(CmdContext *context, const ApiQueryMemorySlotsArgs *args,
                            GPtrArray **ret_reply, GError **error)
{
    g_auto(CmdSubject) subject = {0};
    if (!cmd_subject_require(context, args->target, MDL_NEED_MEMORY, &subject, error)) {
        return false;
    }
    const MdlHardware *hardware = subject.hardware;
    uint64_t alignment = mdl_machine_info(context->catalog, subject.machine).memory_align;
    GPtrArray *list = api_list_new(&api_type_memory_slot);
    for (size_t i = 0; i < hardware->devices->len; i++) {
        const MdlDevice *device = g_ptr_array_index(hardware->devices, i);
        if (device->made == MDL_MADE_MEMORY) {
            ApiMemorySlot *api = describe_memory(device, &device->regions[0], alignment);
            api->index = list->len;
            g_ptr_array_add(list, api);
        }
    }
    *ret_reply = list;
    return true;
}
