/* target: from the words of a question to what it is about. */
#include "context.h"

#include <string.h>

/* ---- from JSON ------------------------------------------------------------------------------- */

/* The text of a value as a command line would have it: on, 4, 128M. NULL: it has none. */
static char *text_of(const json_t *value)
{
    uint64_t number;
    if (json_is_boolean(value)) {
        return g_strdup(json_is_true(value) ? "on" : "off");
    }
    if (wire_json_get_uint(value, &number)) {
        return g_strdup_printf("%" G_GUINT64_FORMAT, number);
    }
    return wire_json_is_string(value) ? g_strdup(json_string_value(value)) : NULL;
}

static void take_options(const ApiTarget *api, MdlTarget *target, WireReader *reader)
{
    g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(api->options), (GCompareFunc)strcmp);
    wire_reader_enter(reader, "options");
    for (GList *at = names; at; at = at->next) {
        char *text = text_of(g_hash_table_lookup(api->options, at->data));
        if (text) {
            g_hash_table_insert(target->options, g_strdup(at->data), text);
        } else {
            wire_reader_problem(reader, "WrongType", at->data,
                                "must be a boolean, an integer that is not negative, or text");
        }
    }
    wire_reader_leave(reader);
}

/* Whether the name is that of an address which may be given as one number. */
static bool is_address(const char *name)
{
    for (size_t i = 0; mdl_bus_types[i]; i++) {
        if (g_strcmp0(mdl_bus_types[i]->property, name) == 0) {
            return true;
        }
    }
    return false;
}

static void take_properties(const ApiLooseDevice *api, MdlLooseDevice *device, WireReader *reader)
{
    g_autoptr(GList) names =
        g_list_sort(g_hash_table_get_keys(api->properties), (GCompareFunc)strcmp);
    wire_reader_enter(reader, "properties");
    for (GList *at = names; at; at = at->next) {
        char *text = text_of(g_hash_table_lookup(api->properties, at->data));
        if (text) {
            const json_t *value = g_hash_table_lookup(api->properties, at->data);
            device->numeric_address |= json_is_integer(value) && is_address(at->data);
            g_ptr_array_add(device->properties, g_strdup(at->data));
            g_ptr_array_add(device->properties, text);
        } else {
            wire_reader_problem(reader, "WrongType", at->data,
                                "must be a boolean, an integer that is not negative, or text");
        }
    }
    wire_reader_leave(reader);
}

static void take_devices(const GPtrArray *list, MdlTarget *target, WireReader *reader)
{
    for (size_t i = 0; i < list->len; i++) {
        const ApiLooseDevice *from = g_ptr_array_index(list, i);
        MdlLooseDevice *device = mdl_loose_device_new(from->type);
        g_autofree char *place = g_strdup_printf("devices[%zu]", i);
        device->id = g_strdup(from->id);
        device->bus = g_strdup(from->bus);
        device->address = g_strdup(from->address);
        g_ptr_array_add(target->devices, device);
        wire_reader_enter(reader, place);
        if (from->properties) {
            take_properties(from, device, reader);
        }
        wire_reader_leave(reader);
    }
}

static void take_smp(const ApiSmpConfiguration *smp, MdlTarget *target, WireReader *reader)
{
    target->cpus = smp->cpus;
    target->sockets = smp->sockets;
    target->clusters = smp->clusters;
    target->cores = smp->cores;
    target->threads = smp->threads;
    target->max_cpus = smp->maxcpus;
    const struct {
        const char *name;
        bool given;
        uint64_t value;
    } numbers[] = {{"cpus", smp->has_cpus, smp->cpus},
                   {"sockets", smp->has_sockets, smp->sockets},
                   {"clusters", smp->has_clusters, smp->clusters},
                   {"cores", smp->has_cores, smp->cores},
                   {"threads", smp->has_threads, smp->threads},
                   {"maxcpus", smp->has_maxcpus, smp->maxcpus}};
    wire_reader_enter(reader, "smp");
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        if (numbers[i].given && numbers[i].value == 0) {
            wire_reader_problem(reader, "OutOfRange", numbers[i].name, "must be 1 or more");
        }
    }
    if (smp->has_dies && smp->dies != 1) {
        wire_reader_problem(reader, "OutOfRange", "dies", "must be 1: no machine has dies");
    }
    wire_reader_leave(reader);
}

MdlTarget *cmd_target_from_api(const ApiTarget *api, GError **error)
{
    g_autoptr(MdlTarget) target = mdl_target_new();
    WireReader *reader = wire_reader_new(WIRE_STRICT, "target");
    target->machine = g_strdup(api->machine);
    target->accel = g_strdup(api->accel);
    target->cpu = g_strdup(api->cpu);
    target->nodefaults = api->nodefaults;
    target->nodefaults_given = api->has_nodefaults;
    if (api->options) {
        take_options(api, target, reader);
    }
    if (api->smp) {
        take_smp(api->smp, target, reader);
    }
    if (api->devices) {
        take_devices(api->devices, target, reader);
    }
    if (api->memory) {
        target->memory = json_is_boolean(api->memory) ? NULL : text_of(api->memory);
        if (!target->memory) {
            wire_reader_problem(reader, "WrongType", "memory",
                                "must be a number of bytes, or text as 512M");
        }
    }
    return wire_reader_finish(reader, error) ? g_steal_pointer(&target) : NULL;
}

bool cmd_target_add_devices(MdlTarget *target, const GPtrArray *devices, GError **error)
{
    WireReader *reader = wire_reader_new(WIRE_STRICT, NULL);
    take_devices(devices, target, reader);
    return wire_reader_finish(reader, error);
}

/* ---- what is wrong with it ------------------------------------------------------------------- */

/* Where in the arguments: findings name members of the target, or parts of a machine. NULL: the
 * latter. */
static char *path_of(const MdlFinding *finding)
{
    size_t length = strcspn(finding->place, ".");
    for (size_t i = 0; i < api_type_target.n_members; i++) {
        const char *name = api_type_target.members[i].name;
        if (strlen(name) == length && strncmp(name, finding->place, length) == 0) {
            return g_strconcat("target.", finding->place, NULL);
        }
    }
    return NULL;
}

GError *cmd_error_from_findings(const MdlFindings *findings)
{
    const MdlFinding *first = mdl_findings_at(findings, 0);
    size_t count = mdl_findings_count(findings);
    g_autoptr(GPtrArray) list = cmd_findings(findings);
    json_t *json = json_array();
    GString *message = g_string_new(NULL);
    if (count > 1) {
        g_string_append_printf(message, "%zu findings: ", count);
    }
    for (size_t i = 0; i < count; i++) {
        const MdlFinding *finding = mdl_findings_at(findings, i);
        json_array_append_new(json, api_finding_write(g_ptr_array_index(list, i)));
        g_string_append_printf(message, "%s%s: %s", i ? "; " : "", finding->place,
                               finding->message);
    }
    g_autofree char *path = path_of(first);
    GError *error =
        wire_error_new(WIRE_ERROR_FAILED, first->class_name, path, json, "%s", message->str);
    g_string_free(message, TRUE);
    json_decref(json);
    return error;
}

static bool missing_machine(const MdlCatalog *catalog, GError **error)
{
    g_autofree char *known = g_strjoinv(", ", (char **)mdl_catalog_names(catalog));
    g_propagate_error(error,
                      wire_error_new(WIRE_ERROR_FAILED, "MissingMachine", "target.machine", NULL,
                                     "the question is about a machine, and none is named; "
                                     "known: %s",
                                     known));
    return false;
}

/* ---- the subject ----------------------------------------------------------------------------- */

static bool names_more_than_accel(const MdlTarget *target)
{
    return g_hash_table_size(target->options) || target->cpu || target->memory || target->cpus ||
           target->sockets || target->clusters || target->cores || target->threads ||
           target->max_cpus || target->nodefaults_given || target->devices->len;
}

static bool check_lone_accel(const MdlTarget *target, MdlTrace *trace, GError **error)
{
    if (!target->accel) {
        return true;
    }
    if (mdl_accelerator_find(target->accel)) {
        mdl_trace_accept(trace, "accel", target->accel, target->accel);
        return true;
    }
    g_propagate_error(error, wire_error_new(WIRE_ERROR_FAILED, "UnknownAccelerator", "target.accel",
                                            NULL, "there is no accelerator \"%s\"", target->accel));
    return false;
}

/* The machine of this session that was built. */
static void open_running(CmdContext *context, CmdSubject *subject)
{
    subject->hardware = context->hardware;
    subject->target = context->target ? mdl_target_copy(context->target) : mdl_target_new();
    g_free(subject->target->machine);
    subject->target->machine = g_strdup(context->hardware->machine);
    mdl_trace_read(context->trace, "machine.running", NULL, context->hardware->machine);
}

static bool open_target(CmdContext *context, unsigned needs, CmdSubject *subject, GError **error)
{
    const MdlTarget *target = subject->target;
    if (!target->machine) {
        return names_more_than_accel(target) ? missing_machine(context->catalog, error)
                                             : check_lone_accel(target, context->trace, error);
    }
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    subject->built =
        mdl_hardware_build_part(context->catalog, target, needs, context->trace, findings);
    subject->hardware = subject->built;
    if (!subject->built) {
        g_propagate_error(error, cmd_error_from_findings(findings));
    }
    return subject->built != NULL;
}

bool cmd_subject_open(CmdContext *context, const ApiTarget *target, unsigned needs,
                      CmdSubject *ret_subject, GError **error)
{
    g_auto(CmdSubject) subject = {0};
    if (!target && context->hardware) {
        open_running(context, &subject);
    } else {
        subject.target = target            ? cmd_target_from_api(target, error)
                         : context->target ? mdl_target_copy(context->target)
                                           : mdl_target_new();
        if (!subject.target || !open_target(context, needs, &subject, error)) {
            return false;
        }
    }
    if (subject.hardware) {
        subject.machine = mdl_catalog_find(context->catalog, subject.hardware->machine);
    }
    *ret_subject = subject;
    subject = (CmdSubject){0};
    return true;
}

bool cmd_subject_require(CmdContext *context, const ApiTarget *target, unsigned needs,
                         CmdSubject *ret_subject, GError **error)
{
    g_auto(CmdSubject) subject = {0};
    if (!cmd_subject_open(context, target, needs, &subject, error)) {
        return false;
    }
    if (!subject.machine) {
        return missing_machine(context->catalog, error);
    }
    *ret_subject = subject;
    subject = (CmdSubject){0};
    return true;
}

/* A learned machine is one, under its name, with the devices of the target added. */
static bool open_learned(CmdContext *context, CmdSubject *subject, GError **error)
{
    const MdlTarget *target = subject->target;
    const MdlHardware *learned = context->learned->hardware;
    if (target->machine && strcmp(target->machine, learned->machine) != 0) {
        g_propagate_error(error,
                          wire_error_new(WIRE_ERROR_FAILED, "UnknownMachine", "target.machine",
                                         NULL, "the facts are those of machine %s, not of \"%s\"",
                                         learned->machine, target->machine));
        return false;
    }
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    mdl_trace_read(context->trace, "machine", target->machine, learned->machine);
    mdl_target_read_devices(target, context->trace);
    subject->built = mdl_hardware_place(learned, target->devices, MDL_PLACE_COLD, findings, NULL);
    subject->hardware = subject->built;
    if (!subject->built) {
        g_propagate_error(error, cmd_error_from_findings(findings));
    }
    return subject->built != NULL;
}

bool cmd_subject_places(CmdContext *context, const ApiTarget *target, unsigned needs,
                        CmdSubject *ret_subject, GError **error)
{
    if (!context->learned) {
        return cmd_subject_require(context, target, needs, ret_subject, error);
    }
    g_auto(CmdSubject) subject = {0};
    subject.target = target ? cmd_target_from_api(target, error) : mdl_target_new();
    if (!subject.target || !open_learned(context, &subject, error)) {
        return false;
    }
    *ret_subject = subject;
    subject = (CmdSubject){0};
    return true;
}

bool cmd_subject_ignore(CmdContext *context, const ApiTarget *target, GError **error)
{
    g_auto(CmdSubject) subject = {0};
    return !target || cmd_subject_open(context, target, MDL_NEED_NOTHING, &subject, error);
}

void cmd_subject_done(CmdSubject *subject)
{
    mdl_target_free(subject->target);
    mdl_hardware_free(subject->built);
}

static int compare_texts(gconstpointer a, gconstpointer b)
{
    const char *const *left = a, *const *right = b;
    return strcmp(*left, *right);
}

void cmd_read_machine_files(CmdContext *context)
{
    g_autoptr(GPtrArray) hashes = g_ptr_array_new();
    const char *const *names = mdl_catalog_names(context->catalog);
    for (size_t i = 0; names[i]; i++) {
        MdlMachineInfo info =
            mdl_machine_info(context->catalog, mdl_catalog_find(context->catalog, names[i]));
        if (info.hash) {
            g_ptr_array_add(hashes, (char *)info.hash);
        }
    }
    if (hashes->len) {
        g_ptr_array_sort(hashes, compare_texts);
        g_ptr_array_add(hashes, NULL);
        g_autofree char *all = g_strjoinv(",", (char **)hashes->pdata);
        mdl_trace_read(context->trace, "machine.file", NULL, all);
    }
}
