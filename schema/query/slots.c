/* slots: what can go where, and the rules that say so. */
#include "context.h"
#include "slots.h"

#include <string.h>

#define MAX_EXACT (UINT64_C(1) << 53) /* integers that every client's JSON keeps */

/* ---- buses ----------------------------------------------------------------------------------- */

static bool unknown_bus(const char *name, GPtrArray *known, GError **error)
{
    g_ptr_array_add(known, NULL);
    g_autofree char *names = g_strjoinv(", ", (char **)known->pdata);
    g_propagate_error(error, wire_error_new(WIRE_ERROR_FAILED, "UnknownBus", "bus", NULL,
                                            "there is no bus \"%s\"; known: %s", name, names));
    return false;
}

static bool find_bus(const MdlHardware *hardware, const char *id, GError **error)
{
    if (!id || mdl_hardware_bus(hardware, id)) {
        return true;
    }
    g_autoptr(GPtrArray) known = g_ptr_array_new();
    for (size_t i = 0; i < hardware->buses->len; i++) {
        const MdlBus *bus = g_ptr_array_index(hardware->buses, i);
        g_ptr_array_add(known, (char *)bus->id);
    }
    return unknown_bus(id, known, error);
}

static ApiVerdict *hot_plug(const MdlBusType *type, bool hotplug)
{
    return hotplug
               ? cmd_verdict_yes()
               : cmd_verdict_no("NotHotpluggable",
                                "devices on a bus of type %s are there from the start to the end",
                                type->name);
}

/* ---- query-device-slots ---------------------------------------------------------------------- */

/* "{slot}.{function}" */
static char *address_form(const MdlBusType *type)
{
    GString *text = g_string_new(type->n_fields ? type->prefix : "");
    for (size_t i = 0; i < type->n_fields; i++) {
        g_string_append_printf(text, "%s{%s}", i ? type->separator : "", type->fields[i].name);
    }
    return g_string_free(text, FALSE);
}

static json_t *number_json(const MdlField *field, uint64_t number)
{
    if (field->maximum <= MAX_EXACT) {
        return json_integer((json_int_t)number);
    }
    g_autofree char *text = g_strdup_printf("0x%" G_GINT64_MODIFIER "x", number);
    return json_string(text);
}

static json_t *span_json(const MdlField *field, const MdlSpan *span)
{
    json_t *first = number_json(field, span->first);
    if (span->first == span->last) {
        return first;
    }
    json_t *pair = json_array();
    json_array_append_new(pair, first);
    json_array_append_new(pair, number_json(field, span->last));
    return pair;
}

static void add_fields(ApiSlotSet *api, const MdlBusType *type, const MdlSlotSet *set)
{
    for (size_t f = 0; f < set->n_fields; f++) {
        ApiSlotField *field = api_slot_field_new();
        field->name = g_strdup(type->fields[f].name);
        for (size_t i = 0; i < set->fields[f]->len; i++) {
            const MdlSpan *span = &g_array_index(set->fields[f], MdlSpan, i);
            g_ptr_array_add(field->values, span_json(&type->fields[f], span));
        }
        g_ptr_array_add(api->fields, field);
    }
}

/* The types that a person can add to the bus. */
static GPtrArray *types_for(const MdlHardware *hardware, const MdlBus *bus)
{
    GPtrArray *list = api_list_new(&api_type_str);
    const MdlDeviceType *type;
    for (size_t i = 0; (type = mdl_hardware_type_at(hardware, i)); i++) {
        if (type->user_creatable && strcmp(type->bus, bus->type->family) == 0 &&
            mdl_bus_accepts(bus, type)) {
            g_ptr_array_add(list, g_strdup(type->name));
        }
    }
    return list;
}

static void judge_set(ApiSlotSet *api, const MdlHardware *hardware, const MdlBus *bus,
                      const MdlSlotSet *set)
{
    switch (set->state) {
    case MDL_SLOT_FREE:
        api->state = API_SLOT_STATE_FREE;
        api->cold_plug = cmd_verdict_yes();
        api->hot_plug = hot_plug(bus->type, bus->hotplug);
        api->device_types = types_for(hardware, bus);
        break;
    case MDL_SLOT_TAKEN:
        api->state = API_SLOT_STATE_TAKEN;
        api->by = g_strdup(set->device->id);
        api->region = set->region ? g_strdup(set->region->name) : NULL;
        api->cold_plug = cmd_verdict_no("SlotTaken", "device %s is there", set->device->id);
        api->hot_plug = cmd_verdict_no("SlotTaken", "device %s is there", set->device->id);
        break;
    case MDL_SLOT_RESERVED:
        api->state = API_SLOT_STATE_RESERVED;
        api->reason = g_strdup(set->reason);
        api->cold_plug = cmd_verdict_no("SlotReserved", "the place is kept free: %s", set->reason);
        api->hot_plug = cmd_verdict_no("SlotReserved", "the place is kept free: %s", set->reason);
        break;
    }
}

static ApiSlotSet *describe_set(const MdlHardware *hardware, const MdlBus *bus,
                                const MdlSlotSet *set)
{
    ApiSlotSet *api = api_slot_set_new();
    api->bus = g_strdup(bus->id);
    api->bus_type = g_strdup(bus->type->name);
    api->address = address_form(bus->type);
    api->places = mdl_slot_set_print(bus->type, set);
    add_fields(api, bus->type, set);
    api->count = mdl_slot_set_count(set);
    g_ptr_array_unref(api->accepts);
    api->accepts = cmd_words(bus->type->accepts);
    judge_set(api, hardware, bus, set);
    return api;
}

static void describe_slots(const MdlHardware *hardware, const MdlBus *bus, GPtrArray *list)
{
    g_autoptr(GPtrArray) sets = mdl_bus_slots(hardware, bus);
    for (size_t i = 0; i < sets->len; i++) {
        g_ptr_array_add(list, describe_set(hardware, bus, g_ptr_array_index(sets, i)));
    }
}

bool cmd_query_device_slots(CmdContext *context, const ApiQueryDeviceSlotsArgs *args,
                            GPtrArray **ret_reply, GError **error)
{
    g_auto(CmdSubject) subject = {0};
    if (!cmd_subject_places(context, args->target, MDL_NEED_TREE, &subject, error) ||
        !find_bus(subject.hardware, args->bus, error)) {
        return false;
    }
    const MdlHardware *hardware = subject.hardware;
    GPtrArray *list = api_list_new(&api_type_slot_set);
    for (size_t i = 0; i < hardware->buses->len; i++) {
        const MdlBus *bus = g_ptr_array_index(hardware->buses, i);
        if (!args->bus || strcmp(bus->id, args->bus) == 0) {
            describe_slots(hardware, bus, list);
        }
    }
    *ret_reply = list;
    return true;
}

/* ---- query-address-rules --------------------------------------------------------------------- */

static ApiAddressField *describe_field(const MdlField *field, MdlSpan span)
{
    ApiAddressField *api = api_address_field_new();
    api->name = g_strdup(field->name);
    api->doc = g_strdup(field->doc);
    api->radix = field->radix;
    api->digits = MAX(field->digits, 1);
    api->minimum = span.first;
    api->maximum = span.last;
    api->first = MAX(field->first, span.first);
    api->after_devices = field->after_devices;
    api->reach_minimum = MAX(field->reach_minimum, span.first);
    api->reach_maximum = MIN(field->reach_maximum, span.last);
    api->bits = field->bits;
    api->property = g_strdup(field->property);
    api->needs = g_strdup(field->needs);
    api->count = g_strdup(field->count);
    return api;
}

static void set_words(GPtrArray **list, const char *const *words)
{
    g_ptr_array_unref(*list);
    *list = cmd_words(words);
}

static void add_owner_rules(ApiAddressRules *api, const MdlBusType *type)
{
    for (size_t i = 0; i < type->n_owner_rules; i++) {
        ApiAddressOwnerRule *rule = api_address_owner_rule_new();
        rule->property = g_strdup(type->owner_rules[i].property);
        rule->minimum = type->owner_rules[i].minimum;
        rule->maximum = type->owner_rules[i].maximum;
        rule->reason = g_strdup(type->owner_rules[i].reason);
        g_ptr_array_add(api->owner_rules, rule);
    }
    for (size_t i = 0; i < type->n_hubs; i++) {
        ApiAddressHub *hub = api_address_hub_new();
        hub->trait = g_strdup(type->hubs[i].trait);
        hub->places = type->hubs[i].places;
        hub->adds = g_strdup(type->hubs[i].adds);
        g_ptr_array_add(api->hubs, hub);
    }
}

static void add_refusals(ApiAddressPlacement *api, const MdlBoard *const *boards)
{
    for (size_t i = 0; boards && boards[i]; i++) {
        ApiAddressRefusal *refusal = api_address_refusal_new();
        set_words(&refusal->traits, boards[i]->refuses);
        set_words(&refusal->off, boards[i]->off);
        refusal->reason = g_strdup(boards[i]->reason);
        g_ptr_array_add(api->refusals, refusal);
    }
}

static ApiAddressPlacement *describe_placement(const MdlPlacement *placement)
{
    ApiAddressPlacement *api = api_address_placement_new();
    api->name = g_strdup(placement->name);
    api->newest_first = placement->newest_first;
    api->fitting = placement->fitting;
    api->strict = placement->strict;
    for (size_t i = 0; i < placement->n_limits; i++) {
        ApiAddressLimit *limit = api_address_limit_new();
        limit->trait = g_strdup(placement->limits[i].trait);
        limit->most = placement->limits[i].most;
        g_ptr_array_add(api->limits, limit);
    }
    return api;
}

static void add_reserved(ApiAddressRules *api, const MdlReserved *reserved, size_t n_reserved)
{
    for (size_t i = 0; i < n_reserved; i++) {
        ApiReservedAddress *address = api_reserved_address_new();
        address->address = g_strdup(reserved[i].address);
        address->reason = g_strdup(reserved[i].reason);
        address->blind = reserved[i].blind;
        address->when = g_strdup(reserved[i].when);
        if (reserved[i].except) {
            set_words(&address->except, reserved[i].except);
        }
        g_ptr_array_add(api->reserved, address);
    }
}

static ApiAddressRules *describe_type(const MdlBusType *type, const MdlPlacement *placement)
{
    ApiAddressRules *api = api_address_rules_new();
    api->bus_type = g_strdup(type->name);
    api->doc = g_strdup(type->doc);
    api->prefix = g_strdup(type->prefix);
    api->separator = g_strdup(type->separator);
    set_words(&api->accepts, type->accepts);
    set_words(&api->refuses, type->refuses);
    set_words(&api->reaches, type->reaches);
    set_words(&api->hides, type->hides);
    set_words(&api->order, type->order);
    set_words(&api->unique, type->unique);
    set_words(&api->unique_devices, type->unique_devices);
    add_owner_rules(api, type);
    api->placement = describe_placement(placement);
    api->family = g_strdup(type->family);
    api->property = g_strdup(type->property);
    api->hot_plug = hot_plug(type, type->hotplug);
    api->ranges = type->ranges;
    api->has_max_devices = type->max_devices != 0;
    api->max_devices = type->max_devices;
    return api;
}

static ApiAddressRules *describe_bus(const MdlHardware *hardware, const MdlBus *bus)
{
    const MdlBusType *type = bus->type;
    ApiAddressRules *api = describe_type(type, hardware->placement);
    add_refusals(api->placement, hardware->boards);
    api_verdict_free(api->hot_plug);
    api->hot_plug = hot_plug(type, bus->hotplug);
    api->bus = g_strdup(bus->id);
    add_reserved(api, bus->reserved, bus->n_reserved);
    for (size_t i = 0; i < type->n_fields; i++) {
        MdlSpan span = mdl_bus_field_span(hardware, bus, i);
        g_ptr_array_add(api->fields, describe_field(&type->fields[i], span));
    }
    for (size_t i = 0; i < bus->devices->len; i++) {
        const MdlDevice *device = g_ptr_array_index(bus->devices, i);
        ApiTakenAddress *taken = api_taken_address_new();
        taken->address = mdl_address_print(type, &device->address);
        taken->by = g_strdup(device->id);
        g_ptr_array_add(api->taken, taken);
    }
    return api;
}

static GPtrArray *rules_of_types(const char *name, GError **error)
{
    g_autoptr(GPtrArray) list = api_list_new(&api_type_address_rules);
    g_autoptr(GPtrArray) known = g_ptr_array_new();
    for (size_t t = 0; mdl_bus_types[t]; t++) {
        const MdlBusType *type = mdl_bus_types[t];
        g_ptr_array_add(known, (char *)type->name);
        if (name && strcmp(type->name, name) != 0) {
            continue;
        }
        ApiAddressRules *api = describe_type(type, mdl_placement_find("vitrine"));
        add_reserved(api, type->reserved, type->n_reserved);
        for (size_t i = 0; i < type->n_fields; i++) {
            const MdlField *field = &type->fields[i];
            g_ptr_array_add(api->fields,
                            describe_field(field, (MdlSpan){field->minimum, field->maximum}));
        }
        g_ptr_array_add(list, api);
    }
    return list->len || unknown_bus(name, known, error) ? g_steal_pointer(&list) : NULL;
}

static GPtrArray *rules_of_machine(const MdlHardware *hardware, const char *id, GError **error)
{
    if (!find_bus(hardware, id, error)) {
        return NULL;
    }
    GPtrArray *list = api_list_new(&api_type_address_rules);
    for (size_t i = 0; i < hardware->buses->len; i++) {
        const MdlBus *bus = g_ptr_array_index(hardware->buses, i);
        if (!id || strcmp(bus->id, id) == 0) {
            g_ptr_array_add(list, describe_bus(hardware, bus));
        }
    }
    return list;
}

bool cmd_query_address_rules(CmdContext *context, const ApiQueryAddressRulesArgs *args,
                             GPtrArray **ret_reply, GError **error)
{
    g_auto(CmdSubject) subject = {0};
    bool open = context->learned
                    ? cmd_subject_places(context, args->target, MDL_NEED_TREE, &subject, error)
                    : cmd_subject_open(context, args->target, MDL_NEED_TREE, &subject, error);
    if (!open) {
        return false;
    }
    *ret_reply = subject.hardware ? rules_of_machine(subject.hardware, args->bus, error)
                                  : rules_of_types(args->bus, error);
    return *ret_reply != NULL;
}
