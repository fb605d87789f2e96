/* plan: where devices would go. */
#include "context.h"
#include "slots.h"

#include <string.h>

#define MAX_ROOM    4096
#define MAX_RESERVE 256

/* ---- the devices and the machine that they are for ------------------------------------------- */

typedef struct Question {
    MdlTarget *target;       /* owned; its devices are the list */
    const MdlHardware *base; /* without them */
    MdlHardware *built;      /* the same, owned, unless it is there anyway */
    MdlPlaceWhen when;
} Question;

static void question_done(Question *question)
{
    mdl_target_free(question->target);
    mdl_hardware_free(question->built);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Question, question_done)

static bool build_base(CmdContext *context, Question *question, MdlFindings *findings)
{
    g_autoptr(MdlTarget) bare = mdl_target_copy(question->target);
    g_ptr_array_set_size(bare->devices, 0);
    question->built = mdl_hardware_build(context->catalog, bare, context->trace, findings);
    question->base = question->built;
    return question->base != NULL;
}

static bool open_base(CmdContext *context, const ApiPlanDevicesArgs *args, Question *question,
                      MdlFindings *findings, GError **error)
{
    const MdlTarget *target = question->target;
    question->when = args->has_hot && args->hot ? MDL_PLACE_HOT : MDL_PLACE_COLD;
    if (context->learned) {
        g_auto(CmdSubject) subject = {0};
        ApiTarget named = {.machine = target->machine, .devices = NULL};
        question->base = context->learned->hardware;
        return cmd_subject_places(context, &named, MDL_NEED_TREE, &subject, error);
    }
    if (!args->target && context->hardware) {
        question->base = context->hardware;
        question->when = args->has_hot && !args->hot ? MDL_PLACE_COLD : MDL_PLACE_HOT;
        mdl_trace_read(context->trace, "machine.running", NULL, context->hardware->machine);
        return true;
    }
    if (!target->machine) {
        g_auto(CmdSubject) subject = {0};
        return cmd_subject_require(context, args->target, MDL_NEED_NOTHING, &subject, error);
    }
    if (!build_base(context, question, findings)) {
        g_propagate_error(error, cmd_error_from_findings(findings));
    }
    return question->base != NULL;
}

static bool open_question(CmdContext *context, const ApiPlanDevicesArgs *args, Question *question,
                          MdlFindings *findings, GError **error)
{
    bool running = !args->target && context->hardware && !context->learned;
    question->target = args->target                  ? cmd_target_from_api(args->target, error)
                       : context->target && !running ? mdl_target_copy(context->target)
                                                     : mdl_target_new();
    if (!question->target ||
        (args->devices && !cmd_target_add_devices(question->target, args->devices, error))) {
        return false;
    }
    mdl_target_read_devices(question->target, context->trace);
    return open_base(context, args, question, findings, error);
}

/* ---- the answer ------------------------------------------------------------------------------ */

static GPtrArray *provided_by(const MdlHardware *hardware, const MdlDevice *device)
{
    GPtrArray *list = api_list_new(&api_type_str);
    for (size_t i = 0; i < hardware->buses->len; i++) {
        const MdlBus *bus = g_ptr_array_index(hardware->buses, i);
        if (bus->owner == device) {
            g_ptr_array_add(list, g_strdup(bus->id));
        }
    }
    return list;
}

static ApiPlannedDevice *describe(const MdlHardware *hardware, const MdlDevice *device)
{
    ApiPlannedDevice *api = api_planned_device_new();
    api->id = g_strdup(device->id);
    api->type = g_strdup(device->type->name);
    api->bus = g_strdup(device->bus->id);
    api->address = mdl_address_print(device->bus->type, &device->address);
    api->added = device->added;
    g_ptr_array_unref(api->provides);
    api->provides = provided_by(hardware, device);
    return api;
}

/* Properties that a planner set: the numbers by which ports are told apart. */
static void add_settings(ApiPlannedDevice *api, const MdlLooseDevice *loose)
{
    for (size_t i = 0; i + 1 < loose->properties->len; i += 2) {
        if (!api->properties) {
            api->properties =
                g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)json_decref);
        }
        g_hash_table_insert(api->properties, g_strdup(g_ptr_array_index(loose->properties, i)),
                            json_string(g_ptr_array_index(loose->properties, i + 1)));
    }
}

static void describe_devices(ApiPlan *plan, const MdlHardware *base, const MdlHardware *hardware,
                             const GPtrArray *managed)
{
    for (size_t i = base->devices->len; i < hardware->devices->len; i++) {
        const MdlDevice *device = g_ptr_array_index(hardware->devices, i);
        ApiPlannedDevice *api = describe(hardware, device);
        for (size_t m = 0; managed && m < managed->len; m++) {
            const MdlLooseDevice *loose = g_ptr_array_index(managed, m);
            if (loose->added && g_strcmp0(loose->id, device->id) == 0) {
                add_settings(api, loose);
            }
        }
        g_ptr_array_add(plan->devices, api);
    }
}

/* How many devices of a type fit on a bus while the machine runs. */
static uint64_t room_on(const MdlHardware *hardware, const MdlBus *bus, const MdlDeviceType *type)
{
    if (!type->hotplug || !bus->hotplug || strcmp(bus->type->family, type->bus) != 0 ||
        !mdl_bus_accepts(bus, type) || !mdl_bus_reaches(bus, type)) {
        return 0;
    }
    return mdl_bus_room(hardware, bus, type, MAX_ROOM);
}

static bool add_room(ApiPlan *plan, const MdlHardware *hardware, const char *name, GError **error)
{
    const MdlDeviceType *type = mdl_hardware_type(hardware, name);
    if (!type) {
        g_propagate_error(error, wire_error_new(WIRE_ERROR_FAILED, "UnknownDeviceType", "plug",
                                                NULL, "there is no device type \"%s\"", name));
        return false;
    }
    plan->room = api_plan_room_new();
    plan->room->type = g_strdup(name);
    plan->room->add = g_strdup(mdl_hardware_provider(hardware, type, true));
    for (size_t i = 0; i < hardware->buses->len; i++) {
        const MdlBus *bus = g_ptr_array_index(hardware->buses, i);
        uint64_t count = MIN(room_on(hardware, bus, type), MAX_ROOM - plan->room->count);
        if (count) {
            ApiPlanRoomBus *api = api_plan_room_bus_new();
            api->bus = g_strdup(bus->id);
            api->count = count;
            plan->room->count += count;
            g_ptr_array_add(plan->room->buses, api);
        }
    }
    return true;
}

static bool check_reserve(const ApiPlanDevicesArgs *args, GError **error)
{
    if (args->reserve && args->reserve->hotplug > MAX_RESERVE) {
        g_propagate_error(error,
                          wire_error_new(WIRE_ERROR_FAILED, "OutOfRange", "reserve.hotplug", NULL,
                                         "at most %d places can be reserved", MAX_RESERVE));
        return false;
    }
    return true;
}

static void take_findings(GPtrArray **list, const MdlFindings *findings)
{
    g_ptr_array_unref(*list);
    *list = cmd_findings(findings);
}

bool cmd_plan_devices(CmdContext *context, const ApiPlanDevicesArgs *args, ApiPlan **ret_reply,
                      GError **error)
{
    g_auto(Question) question = {0};
    g_autoptr(MdlFindings) findings = mdl_findings_new(), unusable = mdl_findings_new();
    g_autoptr(GPtrArray) managed = NULL;
    g_autoptr(MdlHardware) hardware = NULL;
    if (!check_reserve(args, error) || !open_question(context, args, &question, findings, error)) {
        return false;
    }
    g_autoptr(ApiPlan) plan = api_plan_new();
    uint64_t reserve = args->reserve ? args->reserve->hotplug : 0;
    bool manage = args->has_policy && args->policy == API_PLAN_POLICY_MANAGED;
    const MdlDeviceType *plug = args->plug ? mdl_hardware_type(question.base, args->plug) : NULL;
    managed =
        manage ? mdl_devices_manage(question.base, question.target->devices, reserve, plug) : NULL;
    hardware = mdl_hardware_place(question.base, managed ? managed : question.target->devices,
                                  question.when, findings, unusable);
    if (hardware) {
        describe_devices(plan, question.base, hardware, managed);
        if (args->plug && !add_room(plan, hardware, args->plug, error)) {
            return false;
        }
    }
    take_findings(&plan->findings, findings);
    take_findings(&plan->unusable, unusable);
    plan->verdict = !hardware                          ? API_PLAN_VERDICT_REFUSED
                    : mdl_findings_count(unusable) > 0 ? API_PLAN_VERDICT_UNUSABLE
                                                       : API_PLAN_VERDICT_USABLE;
    *ret_reply = g_steal_pointer(&plan);
    return true;
}
