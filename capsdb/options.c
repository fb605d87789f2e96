/* options: the words of the command line, and which file is the database. */
#include "cli.h"

#include "wire.h"

#include <string.h>

typedef struct Words { /* as GOption leaves them */
    char *database, *emulator, *root, *machine, *accel, *cpu, *smp, *memory;
    char **options, **arguments;
    gboolean json, nodefaults, no_probe, again;
    double deadline;
} Words;

static void usage(GError **error, const char *format, const char *word)
{
    g_set_error(error, CAPS_ERROR, CAPS_ERROR_USAGE, format, word);
}

/* "NAME=VALUE" as a member. JSON values keep their type where typed is set: 4, true, {"a": 1}. */
static bool set_pair(json_t *object, const char *pair, bool typed, GError **error)
{
    const char *equals = strchr(pair, '=');
    json_t *value = NULL;

    if (!equals || equals == pair) {
        usage(error, "\"%s\" is not NAME=VALUE", pair);
        return false;
    }
    g_autofree char *name = g_strndup(pair, (gsize)(equals - pair));
    if (typed) {
        value = wire_json_parse(equals + 1, strlen(equals + 1), &wire_limits_request, NULL);
    }
    if (!value && !(value = json_string(equals + 1))) {
        usage(error, "\"%s\" is not UTF-8", name);
        return false;
    }
    json_object_set_new(object, name, value);
    return true;
}

static bool set_text(json_t *object, const char *name, const char *text, GError **error)
{
    if (text && json_object_set_new(object, name, json_string(text)) < 0) {
        usage(error, "the value of --%s is not UTF-8", name);
        return false;
    }
    return true;
}

/* "4" or "cpus=4,sockets=2" as SmpConfiguration. */
static bool set_topology(json_t *target, const char *text, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    json_t *smp = json_object();

    json_object_set_new(target, "smp", smp);
    for (char **part = parts; *part; part++) {
        char *equals = strchr(*part, '=');
        guint64 number;
        if (!g_ascii_string_to_unsigned(equals ? equals + 1 : *part, 10, 1, G_MAXINT64, &number,
                                        NULL) ||
            equals == *part) {
            usage(error, "\"%s\" is not a number of CPUs, nor cpus=N,sockets=N,…", *part);
            return false;
        }
        if (equals) {
            *equals = '\0';
        }
        json_object_set_new(smp, equals ? *part : "cpus", json_integer((json_int_t)number));
    }
    return true;
}

static bool set_target(CapsCli *cli, const Words *words, GError **error)
{
    json_t *target = cli->target = json_object();
    bool ok = set_text(target, "machine", words->machine, error) &&
              set_text(target, "accel", words->accel, error) &&
              set_text(target, "cpu", words->cpu, error) &&
              set_text(target, "memory", words->memory, error) &&
              (!words->smp || set_topology(target, words->smp, error));

    if (words->options) {
        json_object_set_new(target, "options", json_object());
    }
    for (char **pair = words->options; ok && pair && *pair; pair++) {
        ok = set_pair(json_object_get(target, "options"), *pair, false, error);
    }
    if (words->nodefaults) {
        json_object_set_new(target, "nodefaults", json_true());
    }
    if (!json_object_size(target)) {
        g_clear_pointer(&cli->target, json_decref);
    }
    return ok;
}

static bool set_arguments(CapsCli *cli, char **pairs, GError **error)
{
    bool ok = true;

    if (pairs) {
        cli->arguments = json_object();
    }
    for (; ok && pairs && *pairs; pairs++) {
        ok = set_pair(cli->arguments, *pairs, true, error);
    }
    return ok;
}

static bool take_words(CapsCli *cli, const Words *words, GError **error)
{
    cli->database = words->database ? g_strdup(words->database) : caps_store_default_path();
    cli->emulator = g_strdup(words->emulator);
    cli->root = g_strdup(words->root);
    cli->json = words->json;
    cli->policy = caps_policy_default();
    cli->policy.may_probe = !words->no_probe;
    cli->policy.again = words->again;
    if (words->deadline < 0 || words->deadline > 3600) {
        usage(error, "%s", "--deadline takes seconds, at most 3600");
        return false;
    }
    if (words->deadline > 0) {
        cli->policy.limits.probe_ms = (unsigned)(words->deadline * 1000);
        cli->policy.limits.command_ms =
            MIN(cli->policy.limits.command_ms, cli->policy.limits.probe_ms);
    }
    return set_target(cli, words, error) && set_arguments(cli, words->arguments, error);
}

bool caps_cli_parse(CapsCli *ret_cli, int argc, char **argv, GError **error)
{
    Words words = {0};
    CapsCli cli = {0};
    const GOptionEntry entries[] = {
        {"db", 0, 0, G_OPTION_ARG_FILENAME, &words.database, "the database file", "FILE"},
        {"json", 0, 0, G_OPTION_ARG_NONE, &words.json, "JSON, one value a line", NULL},
        {"emulator", 0, 0, G_OPTION_ARG_FILENAME, &words.emulator, "the emulator asked", "PATH"},
        {"root", 0, 0, G_OPTION_ARG_FILENAME, &words.root, "where the system is", "DIR"},
        {"machine", 0, 0, G_OPTION_ARG_STRING, &words.machine, "target: machine", "NAME"},
        {"accel", 0, 0, G_OPTION_ARG_STRING, &words.accel, "target: accelerator", "NAME"},
        {"option", 0, 0, G_OPTION_ARG_STRING_ARRAY, &words.options, "target: machine option",
         "K=V"},
        {"cpu", 0, 0, G_OPTION_ARG_STRING, &words.cpu, "target: CPU type", "TYPE"},
        {"smp", 0, 0, G_OPTION_ARG_STRING, &words.smp, "target: CPUs", "N|cpus=N,…"},
        {"memory", 0, 0, G_OPTION_ARG_STRING, &words.memory, "target: memory", "SIZE"},
        {"nodefaults", 0, 0, G_OPTION_ARG_NONE, &words.nodefaults, "target: minimal layer", NULL},
        {"arg", 0, 0, G_OPTION_ARG_STRING_ARRAY, &words.arguments, "argument of the command",
         "NAME=VALUE"},
        {"no-probe", 0, 0, G_OPTION_ARG_NONE, &words.no_probe, "launch nothing", NULL},
        {"again", 0, 0, G_OPTION_ARG_NONE, &words.again, "ask even what is stored", NULL},
        {"deadline", 0, 0, G_OPTION_ARG_DOUBLE, &words.deadline, "of a probe", "SECONDS"},
        {G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &cli.rest, NULL, NULL},
        {NULL, 0, 0, 0, NULL, NULL, NULL},
    };
    GOptionContext *context = g_option_context_new(NULL);
    g_autoptr(GError) problem = NULL;

    g_option_context_set_help_enabled(context, FALSE);
    g_option_context_add_main_entries(context, entries, NULL);
    bool ok = g_option_context_parse(context, &argc, &argv, &problem);
    if (!ok) {
        usage(error, "%s", problem->message);
    }
    ok = ok && take_words(&cli, &words, error);
    g_option_context_free(context);
    char *texts[] = {words.database, words.emulator, words.root, words.machine,
                     words.accel,    words.cpu,      words.smp,  words.memory};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_free(texts[i]);
    }
    g_strfreev(words.options);
    g_strfreev(words.arguments);
    if (!ok) {
        caps_cli_done(&cli);
        return false;
    }
    *ret_cli = cli;
    return true;
}

void caps_cli_done(CapsCli *cli)
{
    g_free(cli->database);
    g_free(cli->emulator);
    g_free(cli->root);
    g_strfreev(cli->rest);
    json_decref(cli->target);
    json_decref(cli->arguments);
}

CapsStore *caps_cli_open(const CapsCli *cli, CapsStoreMode mode, GError **error)
{
    CapsStore *store = caps_store_open(cli->database, mode, error);

    if (store && caps_store_note(store)) {
        caps_cli_tell("capsdb: %s\n", caps_store_note(store));
    }
    return store;
}
