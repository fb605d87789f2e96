/* options: the words of the command line, and which file is the database.
 *
 * The options of a target are those of every program here (query's target_args.h); the arguments of
 * a command are not checked against ours, since the emulator asked may know others. */
#include "cli.h"

#include "target_args.h"
#include "wire.h"

#include <string.h>

static bool usage(GError **error, const char *format, const char *word)
{
    g_set_error(error, CAPS_ERROR, CAPS_ERROR_USAGE, format, word);
    return false;
}

/* ---- our own options ------------------------------------------------------------------------- */

typedef bool Take(CapsCli *cli, const char *value, GError **error);

static bool take_db(CapsCli *cli, const char *value, GError **error)
{
    (void)error;
    g_free((char *)cli->place.file);
    cli->place.file = g_strdup(value);
    return true;
}

static bool take_emulator(CapsCli *cli, const char *value, GError **error)
{
    (void)error;
    g_free(cli->emulator);
    cli->emulator = g_strdup(value);
    return true;
}

static bool take_root(CapsCli *cli, const char *value, GError **error)
{
    (void)error;
    g_free((char *)cli->place.root);
    cli->place.root = g_strdup(value);
    return true;
}

static bool take_system(CapsCli *cli, const char *value, GError **error)
{
    (void)value, (void)error;
    cli->place.system = true;
    return true;
}

static bool take_json(CapsCli *cli, const char *value, GError **error)
{
    (void)value, (void)error;
    cli->json = true;
    return true;
}

static bool take_no_probe(CapsCli *cli, const char *value, GError **error)
{
    (void)value, (void)error;
    cli->policy.may_probe = false;
    return true;
}

static bool take_again(CapsCli *cli, const char *value, GError **error)
{
    (void)value, (void)error;
    cli->policy.again = true;
    return true;
}

static bool take_deadline(CapsCli *cli, const char *value, GError **error)
{
    PrbLimits *limits = &cli->policy.limits;
    char *end;
    double seconds = g_ascii_strtod(value, &end);

    if (*end || end == value || !(seconds >= 0.001 && seconds <= 3600)) {
        return usage(error, "--deadline wants seconds, at most 3600, not \"%s\"", value);
    }
    limits->probe_ms = (unsigned)(seconds * 1000);
    limits->command_ms = MIN(limits->command_ms, limits->probe_ms);
    return true;
}

/* NAME=VALUE; a value that is JSON keeps its type: 4, true, {"a": 1}. */
static bool take_arg(CapsCli *cli, const char *value, GError **error)
{
    const char *equals = strchr(value, '=');
    if (!equals || equals == value || !g_utf8_validate(value, -1, NULL)) {
        return usage(error, "--arg wants NAME=VALUE, not \"%s\"", value);
    }
    g_autofree char *name = g_strndup(value, (gsize)(equals - value));
    json_t *typed = wire_json_parse(equals + 1, strlen(equals + 1), &wire_limits_request, NULL);
    if (!cli->arguments) {
        cli->arguments = json_object();
    }
    json_object_set_new(cli->arguments, name, typed ? typed : json_string(equals + 1));
    return true;
}

static const struct {
    const char *name;
    bool flag; /* without a value */
    Take *take;
} options[] = {
    {"--db", false, take_db},
    {"--emulator", false, take_emulator},
    {"--root", false, take_root},
    {"--arg", false, take_arg},
    {"--deadline", false, take_deadline},
    {"--json", true, take_json},
    {"--system", true, take_system},
    {"--no-probe", true, take_no_probe},
    {"--again", true, take_again},
};

/* Takes words[*index], and its value from the next word where it wants one. */
static bool take_own(CapsCli *cli, const char *const *words, size_t *index, bool *ret_taken,
                     GError **error)
{
    const char *word = words[*index];
    size_t length = strcspn(word, "=");

    *ret_taken = false;
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
        if (strlen(options[i].name) != length || strncmp(options[i].name, word, length) != 0) {
            continue;
        }
        const char *value = word[length] ? word + length + 1 : NULL;
        if (options[i].flag == (value != NULL) && options[i].flag) {
            return usage(error, "%s takes no value", options[i].name);
        }
        if (!options[i].flag && !value && !(value = words[++*index])) {
            return usage(error, "%s wants a value", options[i].name);
        }
        *ret_taken = true;
        ++*index;
        return options[i].take(cli, value, error);
    }
    return true;
}

/* ---- all words ------------------------------------------------------------------------------- */

static bool take_word(CapsCli *cli, CmdArgs *target, const char *const *words, size_t *index,
                      GPtrArray *rest, GError **error)
{
    g_autoptr(GError) problem = NULL;
    bool taken;

    if (words[*index][0] != '-') {
        g_ptr_array_add(rest, g_strdup(words[(*index)++]));
        return true;
    }
    if (!take_own(cli, words, index, &taken, error)) {
        return false;
    }
    if (!taken && !cmd_args_take(target, words, index, &taken, &problem)) {
        return usage(error, "%s", problem->message);
    }
    return taken || usage(error, "there is no option %s; capsdb --help lists them", words[*index]);
}

bool caps_cli_parse(CapsCli *ret_cli, const char *const *words, GError **error)
{
    /* A command that takes a target and nothing else. */
    g_autoptr(CmdArgs) target = cmd_args_new(api_command_find("query-machines"));
    GPtrArray *rest = g_ptr_array_new();
    CapsCli cli = {.policy = caps_policy_default()};
    bool ok = true;

    for (size_t i = 0; words[i] && ok;) {
        ok = take_word(&cli, target, words, &i, rest, error);
    }
    json_t *arguments = cmd_args_json(target);
    cli.target = json_incref(json_object_get(arguments, "target"));
    json_decref(arguments);
    g_ptr_array_add(rest, NULL);
    cli.rest = (char **)g_ptr_array_free(rest, FALSE);
    if (!ok) {
        caps_cli_done(&cli);
        return false;
    }
    *ret_cli = cli;
    return true;
}

void caps_cli_done(CapsCli *cli)
{
    g_free((char *)cli->place.file);
    g_free((char *)cli->place.root);
    g_free(cli->emulator);
    g_strfreev(cli->rest);
    json_decref(cli->target);
    json_decref(cli->arguments);
}

CapsLayers *caps_cli_open(const CapsCli *cli, CapsStoreMode mode, GError **error)
{
    CapsPlace place = cli->place;

    place.mode = mode;
    return caps_layers_open(&place, error);
}

void caps_cli_close(CapsLayers **layers)
{
    const char *notes = *layers ? caps_layers_notes(*layers) : NULL;
    g_auto(GStrv) lines = g_strsplit(notes ? notes : "", "\n", -1);

    for (char **line = lines; *line; line++) {
        caps_cli_tell("capsdb: %s\n", *line);
    }
    caps_layers_close(*layers);
}
