/* target_args: see target_args.h. Knows how values are typed, not which are right: that is for the
 * command to say. */
#include "target_args.h"

#include "suggest.h"

#include <string.h>

struct CmdArgs {
    const ApiCommandInfo *command;
    json_t *arguments;
    json_t *target;     /* NULL: nothing of it was given */
    GPtrArray *options; /* "--machine", …; NULL-terminated */
};

typedef bool Take(CmdArgs *args, const char *option, const char *value, GError **error);

static GError *usage_error(const char *reason, const char *format, ...) G_GNUC_PRINTF(2, 3);

static GError *usage_error(const char *reason, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return wire_error_new(WIRE_ERROR_FAILED, reason, NULL, NULL, "%s", message);
}

/* ---- values ---------------------------------------------------------------------------------- */

static json_t *parse_bool(const char *text)
{
    static const char *const yes[] = {"on", "yes", "true", NULL};
    static const char *const no[] = {"off", "no", "false", NULL};
    return g_strv_contains(yes, text)  ? json_true()
           : g_strv_contains(no, text) ? json_false()
                                       : NULL;
}

static json_t *parse_json(const char *text)
{
    return wire_json_parse(text, strlen(text), &wire_limits_request, NULL);
}

/* "a=1,b=text" as an object. NULL: it is not that. */
static json_t *parse_pairs(const char *text)
{
    json_t *object = json_object();
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    for (size_t i = 0; parts[i]; i++) {
        const char *equals = strchr(parts[i], '=');
        if (!equals) {
            json_decref(object);
            return NULL;
        }
        g_autofree char *name = g_strndup(parts[i], (size_t)(equals - parts[i]));
        json_t *value = parse_json(equals + 1);
        json_object_set_new(object, name, value ? value : json_string(equals + 1));
    }
    return object;
}

json_t *cmd_args_value(const ApiMemberInfo *member, const char *text)
{
    json_t *value = NULL;
    bool is_text = member->type->kind == API_KIND_STR || member->type->kind == API_KIND_ENUM ||
                   member->type->kind == API_KIND_HEX;
    if (member->shape == API_SHAPE_ONE && member->type->kind == API_KIND_STRUCT && *text != '{') {
        value = member->type == &api_type_target && !strchr(text, '=')
                    ? json_pack("{s:s}", "machine", text)
                    : parse_pairs(text);
    } else if (member->shape != API_SHAPE_ONE || !is_text) {
        value = member->type->kind == API_KIND_BOOL ? parse_bool(text) : parse_json(text);
    }
    return value ? value : json_string(text);
}

/* Sets a member that was not set before. Takes the value. */
static bool set_once(json_t *object, const char *name, json_t *value, const char *option,
                     GError **error)
{
    if (json_object_get(object, name)) {
        json_decref(value);
        g_propagate_error(
            error, usage_error("DuplicateKey", "%s gives \"%s\" a second time", option, name));
        return false;
    }
    json_object_set_new(object, name, value);
    return true;
}

/* "NAME=VALUE" in two; NULL: there is no =. */
static char *split_pair(const char *text, const char **ret_value)
{
    const char *equals = strchr(text, '=');
    if (!equals || equals == text) {
        return NULL;
    }
    *ret_value = equals + 1;
    return g_strndup(text, (size_t)(equals - text));
}

/* ---- the target ------------------------------------------------------------------------------ */

static json_t *target_of(CmdArgs *args)
{
    if (!args->target) {
        args->target = json_object();
    }
    return args->target;
}

/* --machine, --accel, --cpu, --memory: the member of that name, as text. */
static bool take_text(CmdArgs *args, const char *option, const char *value, GError **error)
{
    return set_once(target_of(args), option + 2, json_string(value), option, error);
}

static bool take_nodefaults(CmdArgs *args, const char *option, const char *value, GError **error)
{
    (void)value;
    return set_once(target_of(args), "nodefaults", json_true(), option, error);
}

static bool take_option(CmdArgs *args, const char *option, const char *value, GError **error)
{
    const char *text;
    g_autofree char *name = split_pair(value, &text);
    if (!name) {
        g_propagate_error(
            error, usage_error("WrongForm", "%s wants NAME=VALUE, not \"%s\"", option, value));
        return false;
    }
    json_t *options = json_object_get(target_of(args), "options");
    if (!options) {
        options = json_object();
        json_object_set_new(args->target, "options", options);
    }
    return set_once(options, name, json_string(text), option, error);
}

/* "4", or "cpus=4,sockets=2". */
static bool take_smp_part(json_t *smp, const char *option, const char *part, GError **error)
{
    const char *text = part;
    g_autofree char *named = split_pair(part, &text);
    const char *name = named ? named : "cpus";
    const ApiMemberInfo *member = api_member_find(&api_type_smp_configuration, name);
    if (!member) {
        g_propagate_error(error, usage_error("UnknownMember",
                                             "%s has no \"%s\"; it has cpus, "
                                             "sockets, dies, clusters, cores, threads, maxcpus",
                                             option, name));
        return false;
    }
    return set_once(smp, name, cmd_args_value(member, text), option, error);
}

static bool take_smp(CmdArgs *args, const char *option, const char *value, GError **error)
{
    json_t *smp = json_object();
    g_auto(GStrv) parts = g_strsplit(value, ",", -1);
    for (size_t i = 0; parts[i]; i++) {
        if (!take_smp_part(smp, option, parts[i], error)) {
            json_decref(smp);
            return false;
        }
    }
    return set_once(target_of(args), "smp", smp, option, error);
}

/* "TYPE,id=d0,bus=rp0,addr=1,name=value": as QEMU's -device; a comma of a value is written twice.
 */
static json_t *parse_device(const char *text)
{
    static const char *const own[] = {"id", "bus", "address", NULL};
    json_t *device = json_object(), *properties = json_object();
    g_autoptr(GString) piece = g_string_new(NULL);
    for (const char *at = text;; at++) {
        if (*at == ',' && at[1] == ',') {
            g_string_append_c(piece, *at++);
            continue;
        }
        if (*at && *at != ',') {
            g_string_append_c(piece, *at);
            continue;
        }
        const char *value = strchr(piece->str, '=');
        g_autofree char *name = g_strndup(piece->str, value ? (size_t)(value - piece->str) : 0);
        if (!json_object_get(device, "type")) {
            bool named = value && strcmp(name, "driver") == 0;
            json_object_set_new(device, "type", json_string(named ? value + 1 : piece->str));
        } else if (value && *name) {
            json_object_set_new(g_strv_contains(own, name) ? device : properties, name,
                                json_string(value + 1));
        } else if (piece->len) {
            json_object_set_new(properties, piece->str, json_string("on"));
        }
        g_string_truncate(piece, 0);
        if (!*at) {
            break;
        }
    }
    if (json_object_size(properties)) {
        json_object_set(device, "properties", properties);
    }
    json_decref(properties);
    return device;
}

/* QEMU's JSON form: driver, id, bus, and properties beside them. A LooseDevice is taken as it is.
 */
static json_t *device_of_json(json_t *object)
{
    const char *name;
    json_t *value;
    if (!json_object_get(object, "driver")) {
        return json_incref(object);
    }
    json_t *device = json_object(), *properties = json_object();
    json_object_foreach(object, name, value)
    {
        bool own = strcmp(name, "id") == 0 || strcmp(name, "bus") == 0;
        if (strcmp(name, "driver") == 0) {
            json_object_set(device, "type", value);
        } else {
            json_object_set(own ? device : properties, name, value);
        }
    }
    json_object_set_new(device, "properties", properties);
    return device;
}

static bool take_device(CmdArgs *args, const char *option, const char *value, GError **error)
{
    (void)option;
    (void)error;
    json_t *devices = json_object_get(target_of(args), "devices");
    if (!devices) {
        devices = json_array();
        json_object_set_new(args->target, "devices", devices);
    }
    json_t *object = *value == '{' ? parse_json(value) : NULL;
    json_array_append_new(devices, object ? device_of_json(object) : parse_device(value));
    json_decref(object);
    return true;
}

/* ---- the command's own arguments ------------------------------------------------------------- */

static bool set_argument(CmdArgs *args, const char *name, const char *option, const char *text,
                         GError **error)
{
    const ApiMemberInfo *member = api_member_find(args->command->arguments, name);
    if (!member) {
        g_autoptr(GPtrArray) names = g_ptr_array_new();
        for (size_t i = 0; i < args->command->arguments->n_members; i++) {
            g_ptr_array_add(names, (char *)args->command->arguments->members[i].name);
        }
        g_ptr_array_add(names, NULL);
        g_autofree char *all = g_strjoinv(", ", (char **)names->pdata);
        g_propagate_error(error,
                          usage_error("UnknownMember", "%s has no argument \"%s\"; it has %s",
                                      args->command->name, name, *all ? all : "none"));
        return false;
    }
    return set_once(args->arguments, name, cmd_args_value(member, text), option, error);
}

static bool take_arg(CmdArgs *args, const char *option, const char *value, GError **error)
{
    const char *text;
    g_autofree char *name = split_pair(value, &text);
    if (!name) {
        g_propagate_error(
            error, usage_error("WrongForm", "%s wants NAME=VALUE, not \"%s\"", option, value));
        return false;
    }
    return set_argument(args, name, option, text, error);
}

static bool take_own(CmdArgs *args, const char *option, const char *value, GError **error)
{
    return set_argument(args, option + 2, option, value, error);
}

/* ---- all options ----------------------------------------------------------------------------- */

typedef struct Option {
    CmdOption about;
    Take *take;
} Option;

static const Option target_options[] = {
    {{"--machine", "M", "name of a machine; without its version, the newest"}, take_text},
    {{"--accel", "A", "accelerator"}, take_text},
    {{"--option", "NAME=VALUE", "option of the machine; may be repeated"}, take_option},
    {{"--cpu", "C", "CPU type, as rv64 or rv64,sstc=off"}, take_text},
    {{"--smp", "N", "number of CPUs, or cpus=N,sockets=N,clusters=N,cores=N,threads=N,maxcpus=N"},
     take_smp},
    {{"--memory", "SIZE", "as 512M or 4G"}, take_text},
    {{"--device", "TYPE,NAME=VALUE,...",
      "device to be added, with id, bus and address, or as JSON; may be repeated"},
     take_device},
    {{"--nodefaults", NULL, "only what the platform cannot do without"}, take_nodefaults},
};

const CmdOption *cmd_target_option(size_t i)
{
    return i < G_N_ELEMENTS(target_options) ? &target_options[i].about : NULL;
}

static const Option arg_option = {
    {"--arg", "NAME=VALUE", "argument of the command; may be repeated"}, take_arg};

static const Option *find_option(const CmdArgs *args, const char *name)
{
    static const Option own = {{NULL, "VALUE", NULL}, take_own};
    if (!g_strv_contains(cmd_args_options(args), name)) {
        return NULL;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(target_options); i++) {
        if (strcmp(target_options[i].about.name, name) == 0) {
            return &target_options[i];
        }
    }
    return strcmp(name, arg_option.about.name) == 0 ? &arg_option : &own;
}

CmdArgs *cmd_args_new(const ApiCommandInfo *command)
{
    const ApiTypeInfo *type = command->arguments;
    CmdArgs *args = g_new0(CmdArgs, 1);
    args->command = command;
    args->arguments = json_object();
    args->options = g_ptr_array_new_with_free_func(g_free);
    if (api_member_find(type, "target")) {
        for (size_t i = 0; i < G_N_ELEMENTS(target_options); i++) {
            g_ptr_array_add(args->options, g_strdup(target_options[i].about.name));
        }
    }
    for (size_t i = 0; i < type->n_members; i++) {
        if (strcmp(type->members[i].name, "target") != 0) {
            g_ptr_array_add(args->options, g_strconcat("--", type->members[i].name, NULL));
        }
    }
    g_ptr_array_add(args->options, g_strdup(arg_option.about.name));
    g_ptr_array_add(args->options, NULL);
    return args;
}

void cmd_args_free(CmdArgs *args)
{
    if (!args) {
        return;
    }
    json_decref(args->arguments);
    json_decref(args->target);
    g_ptr_array_unref(args->options);
    g_free(args);
}

const char *const *cmd_args_options(const CmdArgs *args)
{
    return (const char *const *)args->options->pdata;
}

bool cmd_args_take(CmdArgs *args, const char *const *words, size_t *index, bool *ret_taken,
                   GError **error)
{
    const char *word = words[*index];
    const char *equals = strchr(word, '=');
    g_autofree char *name = equals ? g_strndup(word, (size_t)(equals - word)) : g_strdup(word);
    const Option *option = find_option(args, name);
    *ret_taken = option != NULL;
    if (!option) {
        return true;
    }
    const char *value = equals ? equals + 1 : NULL;
    bool flag = !option->about.value;
    size_t next = *index + 1;
    if (flag && value) {
        g_propagate_error(error, usage_error("WrongForm", "%s takes no value", name));
        return false;
    }
    if (!flag && !value) {
        value = words[next++];
    }
    if (!flag && (!value || !g_utf8_validate(value, -1, NULL))) {
        g_propagate_error(
            error, usage_error("WrongForm", "%s wants a value%s", name, value ? " in UTF-8" : ""));
        return false;
    }
    *index = next;
    return option->take(args, name, value, error);
}

json_t *cmd_args_json(const CmdArgs *args)
{
    json_t *arguments = json_copy(args->arguments);
    if (args->target) {
        json_object_set(arguments, "target", args->target);
    }
    return arguments;
}
