/* verbs: ask, add, list, show. */
#include "cli.h"

#include "render.h"
#include "wire.h"

#include <string.h>
#include <unistd.h>

void caps_cli_print(const CapsCli *cli, json_t *value)
{
    g_autofree char *text =
        wire_json_print(value, cli->json ? WIRE_JSON_COMPACT : WIRE_JSON_INDENTED);
    caps_cli_say("%s\n", text);
}

void caps_cli_print_reply(const CapsCli *cli, const char *command, json_t *value)
{
    const ApiCommandInfo *known = api_command_find(command);

    if (cli->json || !known || !known->returns) {
        caps_cli_print(cli, value);
    } else {
        g_autofree char *text = cmd_render(known, value, caps_cli_width());
        caps_cli_say("%s", text);
    }
}

/* ---- ask ------------------------------------------------------------------------------------- */

static int print_refusal(const CapsCli *cli, const CapsAnswer *answer)
{
    if (cli->json) {
        json_t *value =
            json_pack("{s:{s:s, s:s}}", "error", "reason", answer->reason, "desc", answer->message);
        caps_cli_print(cli, value);
        json_decref(value);
    } else {
        caps_cli_tell("capsdb: %s\n", answer->message);
    }
    return (int)caps_answer_code(answer);
}

/* COMMAND and --emulator, or the error. */
static bool read_question(const CapsCli *cli, CapsQuestion *ret_question, GError **error)
{
    if (!cli->rest[0] || cli->rest[1] || !cli->emulator) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_USAGE, "wanted: COMMAND --emulator PATH");
        return false;
    }
    *ret_question = (CapsQuestion){cli->rest[0], cli->arguments, cli->target};
    return true;
}

int caps_cli_ask(const CapsCli *cli, GError **error)
{
    CapsQuestion question;
    g_auto(CapsAnswer) answer = {0};
    CAPS_CLI_LAYERS layers = NULL;

    if (!read_question(cli, &question, error) ||
        !(layers = caps_cli_open(cli, CAPS_STORE_WRITE, error)) ||
        !caps_ask(layers, cli->emulator, &question, &cli->policy, &answer, error)) {
        return -1;
    }
    if (answer.unsaved) {
        caps_cli_tell("capsdb: not stored: %s\n", answer.unsaved);
    }
    if (!answer.value) {
        return print_refusal(cli, &answer);
    }
    caps_cli_print_reply(cli, question.command, answer.value);
    return CAPS_YES;
}

/* ---- why ------------------------------------------------------------------------------------- */

static char *print_time(int64_t seconds)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);
    return time ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ") : g_strdup("?");
}

static json_t *evidence(const CapsIdentity *identity, const CapsQuestion *question,
                        const CapsAnswer *answer)
{
    g_autofree char *asked = print_time(answer->asked);
    json_t *parts = caps_identity_parts(identity);
    json_t *value =
        json_pack("{s:s, s:s, s:s, s:o, s:o}", "command", question->command, "emulator",
                  identity->path, "identity", identity->hash, "stale-when-changed", parts, "inputs",
                  answer->inputs ? json_incref(answer->inputs) : json_object());

    json_object_set_new(value, "asked", json_string(asked));
    json_object_set_new(value, "stored", json_boolean(answer->stored));
    if (answer->layer) {
        json_object_set_new(value, "layer", json_string(answer->layer));
    }
    if (answer->reason) {
        json_object_set_new(value, "reason", json_string(answer->reason));
        json_object_set_new(value, "message", json_string(answer->message));
    }
    if (answer->expires) {
        g_autofree char *expires = print_time(answer->expires);
        json_object_set_new(value, "expires", json_string(expires));
    }
    return value;
}

int caps_cli_why(const CapsCli *cli, GError **error)
{
    CapsQuestion question;
    g_auto(CapsAnswer) answer = {0};
    CAPS_CLI_LAYERS layers = NULL;
    g_autoptr(CapsIdentity) identity = NULL;

    if (!read_question(cli, &question, error) ||
        !(layers = caps_cli_open(cli, CAPS_STORE_WRITE, error)) ||
        !(identity = caps_layers_identify(layers, cli->emulator, error)) ||
        !caps_ask(layers, cli->emulator, &question, &cli->policy, &answer, error)) {
        return -1;
    }
    json_t *value = evidence(identity, &question, &answer);
    caps_cli_print(cli, value);
    json_decref(value);
    return answer.value ? CAPS_YES : CAPS_UNKNOWN;
}

/* ---- add ------------------------------------------------------------------------------------- */

static void show_progress(void *context, size_t asked, size_t known)
{
    const char *path = context;
    caps_cli_tell("\r%s: %zu of %zu questions\033[K", path, asked, known);
}

static void print_added(const CapsCli *cli, const char *path, const CapsAdded *added)
{
    if (cli->json) {
        json_t *value = json_pack("{s:s, s:b, s:i, s:i, s:i}", "emulator", path, "known",
                                  added->known, "facts", (int)added->facts, "quarantined",
                                  (int)added->quarantined, "launches", (int)added->survey.launches);
        caps_cli_print(cli, value);
        json_decref(value);
    } else if (added->known) {
        caps_cli_say("%s: known\n", path);
    } else {
        caps_cli_say("%s: %zu facts, %zu quarantined, %u launches\n", path, added->facts,
                     added->quarantined, added->survey.launches);
        for (char **lack = added->survey.missing; lack && *lack; lack++) {
            caps_cli_say("  not in the jail: %s\n", *lack);
        }
    }
}

static bool add_one(const CapsCli *cli, CapsLayers *layers, const char *path, GError **error)
{
    bool shown = isatty(STDERR_FILENO) && !cli->json;
    CapsPolicy policy = cli->policy;
    g_auto(CapsAdded) added = {0};

    if (shown) {
        policy.progress = show_progress;
        policy.context = (void *)path;
    }
    bool ok = caps_add(layers, path, &policy, &added, error);
    if (shown) {
        caps_cli_tell("\r\033[K");
    }
    if (ok || added.facts) {
        print_added(cli, path, &added);
    }
    return ok;
}

int caps_cli_add(const CapsCli *cli, GError **error)
{
    CAPS_CLI_LAYERS layers = NULL;
    int code = CAPS_YES;

    if (!cli->rest[0]) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_USAGE, "wanted: PATH…");
        return -1;
    }
    if (!(layers = caps_cli_open(cli, CAPS_STORE_WRITE, error))) {
        return -1;
    }
    for (char **path = cli->rest; *path; path++) {
        g_autoptr(GError) problem = NULL;
        if (!add_one(cli, layers, *path, &problem)) {
            caps_cli_tell("capsdb: %s\n", problem->message);
            code = MAX(code, (int)caps_error_code(problem));
        }
    }
    return code;
}

/* Records into FILE what add asks of PATH. The database learns it too. */
int caps_cli_record(const CapsCli *cli, GError **error)
{
    g_autoptr(GString) text = g_string_new(NULL);
    CAPS_CLI_LAYERS layers = NULL;
    g_auto(CapsAdded) added = {0};
    CapsPolicy policy = cli->policy;

    if (g_strv_length(cli->rest) != 2 || !g_str_has_suffix(cli->rest[1], ".replies")) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_USAGE, "wanted: PATH FILE.replies");
        return -1;
    }
    policy.again = true;
    policy.record = text;
    if (!(layers = caps_cli_open(cli, CAPS_STORE_WRITE, error)) ||
        !caps_add(layers, cli->rest[0], &policy, &added, error) ||
        !g_file_set_contents(cli->rest[1], text->str, (gssize)text->len, error)) {
        return -1;
    }
    print_added(cli, cli->rest[0], &added);
    return CAPS_YES;
}

/* ---- list and show --------------------------------------------------------------------------- */

static json_t *row_as_object(sqlite3_stmt *row)
{
    json_t *object = json_object();

    for (int i = 0; i < sqlite3_column_count(row); i++) {
        json_t *value = sqlite3_column_type(row, i) == SQLITE_INTEGER
                            ? json_integer(sqlite3_column_int64(row, i))
                            : json_string((const char *)sqlite3_column_text(row, i));
        json_object_set_new(object, sqlite3_column_name(row, i), value ? value : json_null());
    }
    return object;
}

static bool append_rows(json_t *rows, const char *layer, CapsStore *store, const char *sql,
                        const char *hash, GError **error)
{
    sqlite3_stmt *row = caps_store_prepare(store, sql, error, hash ? "h" : "", hash);
    int found = -1;

    while (row && (found = caps_store_step(store, row, error)) == 1) {
        json_t *object = row_as_object(row);
        json_object_set_new(object, "layer", json_string(layer));
        json_array_append_new(rows, object);
    }
    return found == 0;
}

/* The rows of all layers as an array of objects, each with its layer. */
static json_t *select_rows(CapsLayers *layers, const char *sql, const char *hash)
{
    json_t *rows = json_array();

    for (size_t i = 0; i < caps_layers_count(layers); i++) {
        g_autoptr(GError) problem = NULL;
        CapsStore *store = caps_layers_store(layers, i);
        if (store && !append_rows(rows, caps_layers_name(layers, i), store, sql, hash, &problem)) {
            caps_layers_blame(layers, store, &problem);
        }
    }
    return rows;
}

static const char *text_of(json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text ? text : "-";
}

int caps_cli_list(const CapsCli *cli, GError **error)
{
    CAPS_CLI_LAYERS layers = caps_cli_open(cli, CAPS_STORE_READ, error);
    json_t *rows = layers ? select_rows(layers,
                                        "SELECT lower(hex(hash)) AS identity, path, kind, version, "
                                        "COALESCE(answers, 0) AS answers FROM identity LEFT JOIN "
                                        "(SELECT identity, count(*) AS answers FROM answer GROUP "
                                        "BY identity) ON identity = id ORDER BY path, id",
                                        NULL)
                          : NULL;
    json_t *row;
    size_t i;

    if (!rows) {
        return -1;
    }
    if (cli->json) {
        caps_cli_print(cli, rows);
    } else {
        caps_cli_say("%-12s  %-6s  %-7s  %7s  %-40s  %s\n", "identity", "layer", "kind", "answers",
                     "path", "version");
        json_array_foreach(rows, i, row)
        {
            caps_cli_say("%-12.12s  %-6s  %-7s  %7" G_GINT64_FORMAT "  %-40s  %s\n",
                         text_of(row, "identity"), text_of(row, "layer"), text_of(row, "kind"),
                         (gint64)json_integer_value(json_object_get(row, "answers")),
                         text_of(row, "path"), text_of(row, "version"));
        }
    }
    json_decref(rows);
    return CAPS_YES;
}

static json_t *describe(CapsLayers *layers, const CapsIdentity *identity)
{
    static const struct {
        const char *member, *sql;
    } parts[] = {
        {"emulator",
         "SELECT kind, version, path AS first_path, "
         "datetime(first_seen, 'unixepoch') AS first_seen FROM identity WHERE hash = ?"},
        {"probes", "SELECT datetime(began, 'unixepoch') AS began, took_ms, launches, facts, "
                   "complete, missing, reason, message FROM probe JOIN identity ON identity.id = "
                   "identity WHERE hash = ? ORDER BY probe.id"},
        {"answers",
         "SELECT name AS command, count(*) AS answers, sum(reason NOTNULL) AS refused FROM answer "
         "JOIN question ON question.id = question JOIN command ON command.id = command "
         "JOIN identity ON identity.id = identity WHERE hash = ? GROUP BY name ORDER BY name"},
        {"quarantine",
         "SELECT command, arguments, reason, evidence FROM quarantined JOIN emulators "
         "USING (identity) WHERE hash = lower(hex(?)) ORDER BY command, arguments"},
    };
    json_t *all = json_pack("{s:s, s:s, s:o}", "path", identity->path, "identity", identity->hash,
                            "parts", caps_identity_parts(identity));

    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        json_object_set_new(all, parts[i].member,
                            select_rows(layers, parts[i].sql, identity->hash));
    }
    return all;
}

int caps_cli_show(const CapsCli *cli, GError **error)
{
    CAPS_CLI_LAYERS layers = NULL;
    int code = CAPS_YES;

    if (!cli->rest[0]) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_USAGE, "wanted: PATH…");
        return -1;
    }
    if (!(layers = caps_cli_open(cli, CAPS_STORE_READ, error))) {
        return -1;
    }
    for (char **path = cli->rest; *path && code >= 0; path++) {
        g_autoptr(CapsIdentity) identity = caps_layers_identify(layers, *path, error);
        json_t *all = identity ? describe(layers, identity) : NULL;
        if (!all) {
            return -1;
        }
        caps_cli_print(cli, all);
        if (!json_array_size(json_object_get(all, "emulator"))) {
            code = CAPS_UNKNOWN; /* an emulator that was never asked */
        }
        json_decref(all);
    }
    return code;
}
