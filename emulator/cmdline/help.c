/* help: what an option takes, where its argument is the word `help`: replies of the commands that
 * list it, for a person. */
#include "cmdline/options_internal.h"

#include <string.h>

#include "monitor/monitor.h"

typedef struct Subject {
    const char *option;
    const char *command;     /* lists what it takes; or NULL, and it takes */
    const ApiTypeInfo *type; /* a value of this enum; or NULL, and it is a trace */
} Subject;

static const Subject subjects[] = {
    {"machine", "query-machines", NULL},
    {"M", "query-machines", NULL},
    {"accel", "query-accelerators", NULL},
    {"cpu", "query-cpu-definitions", NULL},
    {"device", "query-device-types", NULL},
    {"chardev", NULL, &api_type_chardev_backend_kind},
    {"blockdev", NULL, &api_type_blockdev_driver},
    {"netdev", NULL, &api_type_net_client_driver},
    {"d", NULL, NULL},
};

static bool is_help(const char *word)
{
    return !strcmp(word, "help") || !strcmp(word, "?");
}

static void put_line(GString *text, const char *name, const char *doc)
{
    g_string_append_printf(text, doc ? "  %-24s %s\n" : "  %s\n", name, doc);
}

static const char *text_of(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

/* A property is told with its type, as it is to be written. */
static void put_entry(GString *text, const json_t *entry)
{
    const char *type = text_of(entry, "type"), *doc = text_of(entry, "doc");
    if (json_is_false(json_object_get(entry, "user-creatable")))
        return;
    g_autofree char *name = type ? g_strdup_printf("%s=<%s>", text_of(entry, "name"), type)
                                 : g_strdup(text_of(entry, "name"));
    put_line(text, name, doc ? doc : text_of(entry, "description"));
}

static char *list(EmuSession *session, const char *command, json_t *arguments, GError **error)
{
    WireReply reply = {0};
    if (!emu_monitor_execute(session, command, arguments, &reply, error))
        return NULL;
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < json_array_size(reply.value); i++)
        put_entry(text, json_array_get(reply.value, i));
    json_decref(reply.value);
    json_decref(reply.depends_on);
    return g_string_free(text, FALSE);
}

static char *list_values(const ApiTypeInfo *type)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < type->n_values; i++)
        put_line(text, type->values[i].name, type->values[i].doc);
    return g_string_free(text, FALSE);
}

static char *list_properties(EmuSession *session, const char *type, GError **error)
{
    json_t *arguments = json_pack("{s:s}", "typename", type);
    char *text = list(session, "device-list-properties", arguments, error);
    json_decref(arguments);
    g_prefix_error(error, "-device: ");
    return text;
}

static char *answer(EmuSession *session, const Subject *subject, GError **error)
{
    if (subject->command)
        return list(session, subject->command, NULL, error);
    return subject->type ? list_values(subject->type) : emu_trace_help();
}

/* TYPE,help: the type; NULL: it is something else. g_free. */
static char *type_of(const char *text)
{
    const char *comma = strchr(text, ',');
    return comma && is_help(comma + 1) ? g_strndup(text, (size_t)(comma - text)) : NULL;
}

bool emu_options_list(EmuSession *session, int argc, char **argv, char **ret_text, GError **error)
{
    *ret_text = NULL;
    for (int i = 1; i + 1 < argc; i++) {
        const char *name = argv[i] + (g_str_has_prefix(argv[i], "--") ? 2 : 1);
        for (size_t j = 0; *argv[i] == '-' && j < G_N_ELEMENTS(subjects); j++) {
            if (strcmp(subjects[j].option, name) != 0)
                continue;
            g_autofree char *type = strcmp(name, "device") ? NULL : type_of(argv[i + 1]);
            if (!type && !is_help(argv[i + 1]))
                continue;
            *ret_text =
                type ? list_properties(session, type, error) : answer(session, &subjects[j], error);
            return *ret_text != NULL;
        }
    }
    return true;
}
