/* compare: the differences of two machines, from what query-hardware says of each, so that neither
 * has to be one of ours. */
#include "context.h"

#include <string.h>

typedef struct Comparison {
    ApiMachineComparison *reply;
    const ApiHardware *before, *after;
    bool all; /* also what only the host sees */
} Comparison;

/* ---- one difference -------------------------------------------------------------------------- */

/* A side is NULL where the thing is not there. Takes both. */
static void add(Comparison *comparison, ApiDifferenceSubject subject, const char *device,
                const char *name, json_t *before, json_t *after)
{
    bool same = before && after && json_equal(before, after);
    if (same || (!before && !after)) {
        json_decref(before);
        json_decref(after);
        return;
    }
    ApiMachineDifference *api = api_machine_difference_new();
    api->subject = subject;
    api->device = g_strdup(device);
    api->name = g_strdup(name);
    api->before = before;
    api->after = after;
    g_ptr_array_add(comparison->reply->differences, api);
}

static void add_texts(Comparison *comparison, ApiDifferenceSubject subject, const char *device,
                      const char *name, const char *before, const char *after)
{
    add(comparison, subject, device, name, before ? json_string(before) : NULL,
        after ? json_string(after) : NULL);
}

static void add_numbers(Comparison *comparison, ApiDifferenceSubject subject, const char *name,
                        uint64_t before, uint64_t after)
{
    if (before != after) {
        add(comparison, subject, NULL, name, wire_json_uint(before), wire_json_uint(after));
    }
}

/* ---- parts that are told apart by a key ------------------------------------------------------ */

typedef char *Print(const void *part); /* NULL: this part does not count */

/* A list as a table from key to value. */
static GHashTable *index_parts(const GPtrArray *list, Print *key_of)
{
    GHashTable *table = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (size_t i = 0; i < list->len; i++) {
        g_hash_table_insert(table, key_of(g_ptr_array_index(list, i)), g_ptr_array_index(list, i));
    }
    return table;
}

static void compare_parts(Comparison *comparison, ApiDifferenceSubject subject, const char *device,
                          const GPtrArray *before, const GPtrArray *after, Print *key_of,
                          Print *print)
{
    g_autoptr(GHashTable) there = index_parts(after, key_of);
    for (size_t i = 0; i < before->len; i++) {
        const void *part = g_ptr_array_index(before, i);
        g_autofree char *key = key_of(part), *text = print(part);
        const void *other = g_hash_table_lookup(there, key);
        g_autofree char *other_text = other ? print(other) : NULL;
        add_texts(comparison, subject, device ? device : key, device ? key : NULL, text,
                  other_text);
        g_hash_table_remove(there, key);
    }
    for (size_t i = 0; i < after->len; i++) {
        const void *part = g_ptr_array_index(after, i);
        g_autofree char *key = key_of(part);
        if (g_hash_table_remove(there, key)) {
            g_autofree char *text = print(part);
            add_texts(comparison, subject, device ? device : key, device ? key : NULL, NULL, text);
        }
    }
}

static char *bus_key(const void *part)
{
    return g_strdup(((const ApiHardwareBus *)part)->id);
}

static char *print_bus(const void *part)
{
    return g_strdup(((const ApiHardwareBus *)part)->type);
}

/* The buses that the other machine has too, or that no device provides: the others come and go with
 * their devices. */
static GPtrArray *buses_that_count(const GPtrArray *buses, const GPtrArray *others)
{
    GPtrArray *list = g_ptr_array_new();
    g_autoptr(GHashTable) there = index_parts(others, bus_key);
    for (size_t i = 0; i < buses->len; i++) {
        ApiHardwareBus *bus = g_ptr_array_index(buses, i);
        if (!bus->owner || g_hash_table_contains(there, bus->id)) {
            g_ptr_array_add(list, bus);
        }
    }
    return list;
}

static void compare_buses(Comparison *comparison)
{
    const GPtrArray *before = comparison->before->buses, *after = comparison->after->buses;
    g_autoptr(GPtrArray) here = buses_that_count(before, after);
    g_autoptr(GPtrArray) there = buses_that_count(after, before);
    compare_parts(comparison, API_DIFFERENCE_SUBJECT_BUS, NULL, here, there, bus_key, print_bus);
}

static char *region_key(const void *part)
{
    return g_strdup(((const ApiHardwareRegion *)part)->name);
}

static char *print_region(const void *part)
{
    const ApiHardwareRegion *region = part;
    return g_strdup_printf("0x%" G_GINT64_MODIFIER "x-0x%" G_GINT64_MODIFIER "x", region->base,
                           region->base + region->size - 1);
}

static char *irq_key(const void *part)
{
    const ApiHardwareIrq *irq = part;
    return irq->output ? g_strdup_printf("%s[%" G_GUINT64_FORMAT "]", irq->name, irq->output)
                       : g_strdup(irq->name);
}

static char *print_irq(const void *part)
{
    const ApiHardwareIrq *irq = part;
    return g_strdup_printf("%s:%" G_GUINT64_FORMAT, irq->to, irq->line);
}

/* ---- devices --------------------------------------------------------------------------------- */

static const ApiHardwareProperty *find_property(const GPtrArray *list, const char *name)
{
    for (size_t i = 0; i < list->len; i++) {
        const ApiHardwareProperty *property = g_ptr_array_index(list, i);
        if (strcmp(property->name, name) == 0) {
            return property;
        }
    }
    return NULL;
}

static void compare_property(Comparison *comparison, const char *device,
                             const ApiHardwareProperty *before, const ApiHardwareProperty *after)
{
    const ApiHardwareProperty *either = before ? before : after;
    if (comparison->all || either->side == API_PROPERTY_SIDE_GUEST) {
        add(comparison, API_DIFFERENCE_SUBJECT_PROPERTY, device, either->name,
            before ? json_incref(before->value) : NULL, after ? json_incref(after->value) : NULL);
    }
}

static void compare_properties(Comparison *comparison, const char *device, const GPtrArray *before,
                               const GPtrArray *after)
{
    for (size_t i = 0; i < before->len; i++) {
        const ApiHardwareProperty *property = g_ptr_array_index(before, i);
        compare_property(comparison, device, property, find_property(after, property->name));
    }
    for (size_t i = 0; i < after->len; i++) {
        const ApiHardwareProperty *property = g_ptr_array_index(after, i);
        if (!find_property(before, property->name)) {
            compare_property(comparison, device, NULL, property);
        }
    }
}

static char *print_device(const ApiHardwareDevice *device)
{
    return *device->address
               ? g_strdup_printf("%s at %s on %s", device->type, device->address, device->bus)
               : g_strdup_printf("%s on %s", device->type, device->bus);
}

static void compare_devices(Comparison *comparison, const ApiHardwareDevice *before,
                            const ApiHardwareDevice *after)
{
    g_autofree char *here = before ? print_device(before) : NULL;
    g_autofree char *there = after ? print_device(after) : NULL;
    const char *id = before ? before->id : after->id;
    add_texts(comparison, API_DIFFERENCE_SUBJECT_DEVICE, id, NULL, here, there);
    if (!before || !after) {
        return;
    }
    compare_properties(comparison, id, before->properties, after->properties);
    compare_parts(comparison, API_DIFFERENCE_SUBJECT_REGION, id, before->regions, after->regions,
                  region_key, print_region);
    compare_parts(comparison, API_DIFFERENCE_SUBJECT_INTERRUPT, id, before->irqs, after->irqs,
                  irq_key, print_irq);
}

static char *id_key(const ApiHardwareDevice *device)
{
    return g_strconcat(device->type, " ", device->id, NULL);
}

/* Which device of the other machine is the same one: of the same type, with the same id, or else
 * in the same place. */
static GHashTable *pair(const ApiHardware *before, const ApiHardware *after)
{
    GHashTable *pairs = g_hash_table_new(NULL, NULL);
    for (unsigned by_place = 0; by_place < 2; by_place++) {
        char *(*key_of)(const ApiHardwareDevice *) = by_place ? print_device : id_key;
        g_autoptr(GHashTable) there = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
        for (size_t i = 0; i < after->devices->len; i++) {
            ApiHardwareDevice *device = g_ptr_array_index(after->devices, i);
            if (!g_hash_table_contains(pairs, device)) {
                g_hash_table_insert(there, key_of(device), device);
            }
        }
        for (size_t i = 0; i < before->devices->len; i++) {
            ApiHardwareDevice *device = g_ptr_array_index(before->devices, i);
            g_autofree char *key = key_of(device);
            ApiHardwareDevice *other = g_hash_table_lookup(there, key);
            if (other && !g_hash_table_contains(pairs, device)) {
                g_hash_table_insert(pairs, device, other);
                g_hash_table_insert(pairs, other, device);
                g_hash_table_remove(there, key);
            }
        }
    }
    return pairs;
}

static void compare_all_devices(Comparison *comparison)
{
    const GPtrArray *before = comparison->before->devices, *after = comparison->after->devices;
    g_autoptr(GHashTable) pairs = pair(comparison->before, comparison->after);
    for (size_t i = 0; i < before->len; i++) {
        const ApiHardwareDevice *device = g_ptr_array_index(before, i);
        compare_devices(comparison, device, g_hash_table_lookup(pairs, device));
    }
    for (size_t i = 0; i < after->len; i++) {
        const ApiHardwareDevice *device = g_ptr_array_index(after, i);
        if (!g_hash_table_contains(pairs, device)) {
            compare_devices(comparison, NULL, device);
        }
    }
}

/* ---- the machine as a whole ------------------------------------------------------------------ */

static void compare_smp(Comparison *comparison, const ApiSmpConfiguration *before,
                        const ApiSmpConfiguration *after)
{
    const struct {
        const char *name;
        uint64_t before, after;
    } numbers[] = {{"cpus", before->cpus, after->cpus},
                   {"sockets", before->sockets, after->sockets},
                   {"dies", before->dies, after->dies},
                   {"clusters", before->clusters, after->clusters},
                   {"cores", before->cores, after->cores},
                   {"threads", before->threads, after->threads},
                   {"maxcpus", before->maxcpus, after->maxcpus}};
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        add_numbers(comparison, API_DIFFERENCE_SUBJECT_SMP, numbers[i].name, numbers[i].before,
                    numbers[i].after);
    }
}

static ApiMachineComparison *compare(const ApiHardware *before, const ApiHardware *after, bool all)
{
    ApiMachineComparison *reply = api_machine_comparison_new();
    Comparison comparison = {reply, before, after, all};
    reply->before = g_strdup(before->machine);
    reply->after = g_strdup(after->machine);
    add_texts(&comparison, API_DIFFERENCE_SUBJECT_ARCH, NULL, NULL, before->arch, after->arch);
    if (all) {
        add_texts(&comparison, API_DIFFERENCE_SUBJECT_ACCEL, NULL, NULL, before->accel,
                  after->accel);
    }
    add_texts(&comparison, API_DIFFERENCE_SUBJECT_CPU, NULL, NULL, before->cpu, after->cpu);
    compare_smp(&comparison, before->smp, after->smp);
    add_numbers(&comparison, API_DIFFERENCE_SUBJECT_MEMORY, NULL, before->memory, after->memory);
    compare_buses(&comparison);
    compare_all_devices(&comparison);
    return reply;
}

/* ---- compare-machines ------------------------------------------------------------------------ */

/* The same error, of the member with instead of target. */
static void move_error(GError **error)
{
    if (!error) {
        return;
    }
    GError *old = *error;
    json_t *findings = json_deep_copy(wire_error_findings(old));
    const char *path = wire_error_path(old);
    g_autofree char *moved =
        path && g_str_has_prefix(path, "target") ? g_strconcat("with", path + 6, NULL) : NULL;
    size_t i;
    json_t *finding;
    json_array_foreach(findings, i, finding)
    {
        const char *place = json_string_value(json_object_get(finding, "place"));
        g_autofree char *text = g_strconcat("with.", place ? place : "", NULL);
        json_object_set_new(finding, "place", json_string(text));
    }
    *error = wire_error_new(old->code, wire_error_reason(old), moved, findings, "with: %s",
                            old->message);
    json_decref(findings);
    g_error_free(old);
}

/* The other target's words are arguments, which an answer is for; what the host adds to them is
 * read. */
static ApiHardware *build_other(CmdContext *context, ApiTarget *with, const char *machine,
                                GError **error)
{
    g_auto(CmdSubject) subject = {0};
    g_autoptr(MdlTrace) trace = mdl_trace_new();
    CmdContext other = {.catalog = context->catalog, .trace = trace};
    if (!with->machine) {
        with->machine = g_strdup(machine);
    }
    if (!cmd_subject_require(&other, with, MDL_NEED_ALL, &subject, error)) {
        move_error(error);
        return NULL;
    }
    for (size_t i = 0; i < mdl_trace_count(trace); i++) {
        const MdlInput *input = mdl_trace_at(trace, i);
        if (strcmp(input->name, "machine.file") == 0) {
            mdl_trace_read(context->trace, "with.machine.file", NULL, input->value);
        }
    }
    return cmd_describe_hardware(subject.hardware);
}

bool cmd_compare_machines(CmdContext *context, const ApiCompareMachinesArgs *args,
                          ApiMachineComparison **ret_reply, GError **error)
{
    g_auto(CmdSubject) subject = {0};
    if (!cmd_subject_places(context, args->target, MDL_NEED_ALL, &subject, error)) {
        return false;
    }
    if (!args->with == !args->hardware) {
        g_propagate_error(
            error,
            wire_error_new(WIRE_ERROR_FAILED, args->with ? "AmbiguousMember" : "MissingMember",
                           "with", NULL, "either with or hardware says what to compare with"));
        return false;
    }
    g_autoptr(ApiHardware) before = cmd_describe_hardware(subject.hardware);
    g_autoptr(ApiHardware) built =
        args->with ? build_other(context, args->with, before->machine, error) : NULL;
    if (args->with && !built) {
        return false;
    }
    *ret_reply = compare(before, built ? built : args->hardware, args->has_all && args->all);
    return true;
}
