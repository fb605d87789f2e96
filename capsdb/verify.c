/* verify: what is stored beside what the emulator says now, fact by fact. */
#include "cli.h"

#include "launch.h"
#include "wire.h"

#include <string.h>

typedef struct Stored { /* one answer, and the target that has its inputs */
    char *command;
    json_t *arguments, *target, *value;
} Stored;

typedef struct Verdict {
    size_t same, different, untold;
} Verdict;

static void free_stored(gpointer data)
{
    Stored *stored = data;
    g_free(stored->command);
    json_decref(stored->arguments);
    json_decref(stored->target);
    json_decref(stored->value);
    g_free(stored);
}

/* ---- what is stored -------------------------------------------------------------------------- */

static json_t *parse_topology(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    json_t *smp = json_object();

    for (char **part = parts; *part; part++) {
        char *equals = strchr(*part, '=');
        if (equals) {
            *equals = '\0';
            json_object_set_new(smp, *part, json_integer(g_ascii_strtoll(equals + 1, NULL, 10)));
        }
    }
    return smp;
}

/* Effective values are words too: a target made of them reads the same inputs. */
static json_t *target_of(json_t *inputs)
{
    json_t *target = json_object();
    const char *name;
    json_t *value;

    json_object_foreach(inputs, name, value)
    {
        const char *text = json_string_value(value);
        if (g_str_equal(name, CAPS_INPUT_TARGET)) {
            json_decref(target);
            return wire_json_parse(text, strlen(text), &wire_limits_request, NULL);
        }
        if (g_str_equal(name, "smp")) {
            json_object_set_new(target, name, parse_topology(text));
        } else if (g_str_equal(name, "nodefaults")) {
            json_object_set_new(target, name, json_boolean(g_str_equal(text, "on")));
        } else if (g_str_has_prefix(name, "options.")) {
            if (!json_object_get(target, "options")) {
                json_object_set_new(target, "options", json_object());
            }
            json_object_set(json_object_get(target, "options"), strchr(name, '.') + 1, value);
        } else if (!g_str_equal(name, CAPS_INPUT_HOST) && *text) {
            json_object_set(target, name, value);
        }
    }
    return target;
}

static Stored *read_stored(CapsStore *store, sqlite3_stmt *row, GError **error)
{
    const char *arguments = (const char *)sqlite3_column_text(row, 1);
    const char *inputs = (const char *)sqlite3_column_text(row, 2);
    json_t *value = caps_reply_load(store, sqlite3_column_int64(row, 3), error);
    json_t *read = wire_json_parse(inputs, strlen(inputs), &wire_limits_request, error);
    Stored *stored = g_new0(Stored, 1);

    stored->command = g_strdup((const char *)sqlite3_column_text(row, 0));
    stored->arguments = wire_json_parse(arguments, strlen(arguments), &wire_limits_request, error);
    stored->value = value;
    stored->target = read ? target_of(read) : NULL;
    json_decref(read);
    if (!stored->value || !stored->target || !stored->arguments) {
        free_stored(stored);
        return NULL;
    }
    return stored;
}

static bool load_layer(GPtrArray *all, CapsStore *store, const CapsIdentity *identity,
                       GError **error)
{
    sqlite3_stmt *row = caps_store_prepare(
        store,
        "SELECT name, arguments, inputs, reply FROM answer "
        "JOIN question ON question.id = question JOIN command ON command.id = command "
        "JOIN identity ON identity.id = identity "
        "WHERE identity.hash = ? AND reason ISNULL ORDER BY inputs, question.id",
        error, "h", identity->hash);
    int found = -1;

    while (row && (found = caps_store_step(store, row, error)) == 1) {
        Stored *stored = read_stored(store, row, error);
        if (!stored) {
            found = -1;
            sqlite3_reset(row);
            break;
        }
        g_ptr_array_add(all, stored);
    }
    return found == 0;
}

static GPtrArray *load_stored(CapsLayers *layers, const CapsIdentity *identity)
{
    GPtrArray *all = g_ptr_array_new_with_free_func(free_stored);

    for (size_t i = 0; i < caps_layers_count(layers); i++) {
        g_autoptr(GError) problem = NULL;
        CapsStore *store = caps_layers_store(layers, i);
        if (store && !load_layer(all, store, identity, &problem)) {
            caps_layers_blame(layers, store, &problem);
        }
    }
    return all;
}

/* ---- asking again ---------------------------------------------------------------------------- */

typedef struct Session { /* one launch, kept while the target stays the same */
    const CapsCli *cli;
    const CapsIdentity *identity;
    PrbConversation *conversation;
    json_t *target; /* of a QEMU's launch, borrowed */
} Session;

static bool launch_for(Session *session, json_t *target, GError **error)
{
    PrbConversation *conversation = session->conversation;
    bool ours = conversation && prb_conversation_kind(conversation) == PRB_VITRINE;

    if (conversation && (ours || json_equal(target, session->target))) {
        return true;
    }
    g_auto(CapsLaunch) launch = caps_launch_new(target);
    prb_conversation_close(conversation);
    session->target = target;
    session->conversation = prb_conversation_open(session->identity->path, launch.machine,
                                                  (const char *const *)launch.more,
                                                  &session->cli->policy.limits, error);
    return session->conversation != NULL;
}

static json_t *ask_again(Session *session, const Stored *stored, GError **error)
{
    json_t *value = NULL;
    bool first = session->conversation == NULL;

    /* One of ours takes no target on its command line, and which it is the first launch tells. */
    if (first &&
        !launch_for(session, json_object_size(stored->target) ? NULL : stored->target, error)) {
        return NULL;
    }
    if (!launch_for(session, stored->target, error)) {
        return NULL;
    }
    json_t *arguments = json_copy(stored->arguments);
    if (prb_conversation_kind(session->conversation) == PRB_VITRINE &&
        json_object_size(stored->target)) {
        json_object_set(arguments, "target", stored->target);
    }
    prb_ask(session->conversation, stored->command, arguments, &value, NULL, error);
    json_decref(arguments);
    return value;
}

static void compare(Session *session, const Stored *stored, Verdict *verdict)
{
    g_autoptr(GError) error = NULL;
    json_t *now = ask_again(session, stored, &error);
    g_autofree char *arguments = wire_json_print(stored->arguments, WIRE_JSON_COMPACT);
    g_autofree char *target = wire_json_print(stored->target, WIRE_JSON_COMPACT);

    if (!now) {
        verdict->untold++;
        caps_cli_tell("capsdb: %s %s %s: %s\n", stored->command, arguments, target, error->message);
        if (prb_error_is_end(error)) {
            g_clear_pointer(&session->conversation, prb_conversation_close);
        }
    } else if (json_equal(now, stored->value)) {
        verdict->same++;
    } else {
        verdict->different++;
        caps_cli_say("differs: %s %s %s %s\n", session->identity->path, stored->command, arguments,
                     target);
    }
    json_decref(now);
}

static bool verify_one(const CapsCli *cli, CapsLayers *layers, const char *path, Verdict *verdict,
                       GError **error)
{
    g_autoptr(CapsIdentity) identity = caps_layers_identify(layers, path, error);
    g_autoptr(GPtrArray) all = identity ? load_stored(layers, identity) : NULL;
    Session session = {cli, identity, NULL, NULL};
    Verdict before = *verdict;

    if (!all) {
        return false;
    }
    for (guint i = 0; i < all->len; i++) {
        compare(&session, g_ptr_array_index(all, i), verdict);
    }
    prb_conversation_close(session.conversation);
    if (!cli->json) {
        caps_cli_say("%s: %zu the same, %zu different, %zu not told\n", path,
                     verdict->same - before.same, verdict->different - before.different,
                     verdict->untold - before.untold);
    }
    return true;
}

static gint compare_paths(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The paths where an identity was first seen, for all that is stored. */
static char **list_paths(CapsLayers *layers)
{
    GPtrArray *paths = g_ptr_array_new();
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (size_t i = 0; i < caps_layers_count(layers); i++) {
        CapsStore *store = caps_layers_store(layers, i);
        sqlite3_stmt *row =
            store ? caps_store_prepare(store, "SELECT path FROM identity", NULL, "") : NULL;
        while (row && caps_store_step(store, row, NULL) == 1) {
            const char *path = (const char *)sqlite3_column_text(row, 0);
            if (g_hash_table_add(seen, g_strdup(path))) {
                g_ptr_array_add(paths, g_strdup(path));
            }
        }
    }
    g_ptr_array_sort(paths, compare_paths);
    g_ptr_array_add(paths, NULL);
    return (char **)g_ptr_array_free(paths, FALSE);
}

int caps_cli_verify(const CapsCli *cli, GError **error)
{
    CAPS_CLI_LAYERS layers = caps_cli_open(cli, CAPS_STORE_READ, error);
    Verdict verdict = {0};
    int code = CAPS_YES;

    if (!layers) {
        return -1;
    }
    g_auto(GStrv) paths = cli->rest[0] ? g_strdupv(cli->rest) : list_paths(layers);
    for (char **path = paths; *path; path++) {
        g_autoptr(GError) problem = NULL;
        if (!verify_one(cli, layers, *path, &verdict, &problem)) {
            caps_cli_tell("capsdb: %s\n", problem->message);
            code = MAX(code, (int)caps_error_code(problem));
        }
    }
    if (cli->json) {
        json_t *value =
            json_pack("{s:I, s:I, s:I}", "same", (json_int_t)verdict.same, "different",
                      (json_int_t)verdict.different, "untold", (json_int_t)verdict.untold);
        caps_cli_print(cli, value);
        json_decref(value);
    }
    return verdict.different ? CAPS_NO : verdict.untold ? MAX(code, CAPS_UNKNOWN) : code;
}
