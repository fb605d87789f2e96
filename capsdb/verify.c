/* verify: what is stored beside what the emulator says now, fact by fact. */
#include "items.h"

#include "asking.h"
#include "errors.h"
#include "launch.h"
#include "wire.h"

#include <string.h>

typedef struct Stored { /* one answer, and the target that has its inputs */
    char *command;
    json_t *arguments, *target, *value;
} Stored;

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
        "WHERE identity.hash = ? AND reason ISNULL AND inputs ->> '" CAPS_INPUT_ENGINE "' ISNULL "
        "ORDER BY inputs, question.id",
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
    const CapsIdentity *identity;
    const CapsPolicy *policy;
    const CapsItems *items;
    PrbConversation *conversation;
    json_t *target;     /* of a QEMU's launch, borrowed */
    const char *sample; /* the same; or NULL */
} Session;

/* Without a target: which kind of emulator it is, any launch tells. */
static const CapsQuestion bare = {"query-version", NULL, NULL};

/* Of a recording, or the emulator launched for a target. */
static PrbConversation *open_for(const Session *session, const CapsQuestion *question,
                                 GError **error)
{
    return session->identity->recording
               ? caps_recording_open(session->identity, error)
               : caps_launch(session->identity->file, question, &session->policy->limits, error);
}

static bool is_same_target(json_t *one, json_t *other)
{
    return json_equal(one, other) || (json_object_size(one) == 0 && json_object_size(other) == 0);
}

/* Any but a QEMU on its own is asked about all targets in one conversation. */
static bool launch_for(Session *session, const CapsQuestion *question, GError **error)
{
    const char *sample = caps_launch_sample(question);
    PrbConversation *conversation = session->conversation;
    bool any = session->identity->recording ||
               (conversation && prb_conversation_kind(conversation) == PRB_VITRINE);

    if (conversation && (any || (is_same_target(question->target, session->target) &&
                                 g_strcmp0(sample, session->sample) == 0))) {
        return true;
    }
    prb_conversation_close(conversation);
    session->target = question->target;
    session->sample = sample;
    session->conversation = open_for(session, question, error);
    return session->conversation != NULL;
}

static json_t *ask_again(Session *session, const Stored *stored, GError **error)
{
    CapsQuestion question = {stored->command, stored->arguments, stored->target};
    json_t *value = NULL;

    /* One of ours takes no target on its command line, and which it is the first launch tells. */
    if (!session->conversation && !launch_for(session, &bare, error)) {
        return NULL;
    }
    if (!launch_for(session, &question, error)) {
        return NULL;
    }
    json_t *arguments = json_copy(stored->arguments);
    if (prb_conversation_kind(session->conversation) == PRB_VITRINE &&
        json_object_size(stored->target)) {
        json_object_set(arguments, "target", stored->target);
    }
    prb_ask_any(session->conversation, stored->command, arguments, &value, NULL, error);
    json_decref(arguments);
    return value;
}

static json_t *fact_item(const Session *session, const Stored *stored, const char *verdict)
{
    return json_pack("{s:o, s:s, s:O, s:O, s:s}", "emulator",
                     caps_items_text(session->identity->path), "command", stored->command,
                     "arguments", stored->arguments, "target", stored->target, "verdict", verdict);
}

/* False: no more is wanted. */
static bool compare(Session *session, const Stored *stored)
{
    g_autoptr(GError) error = NULL;
    json_t *now = ask_again(session, stored, &error);
    bool same = now && json_equal(now, stored->value);
    json_t *item = fact_item(session, stored, same ? "same" : now ? "different" : "untold");

    if (!now) {
        json_object_set_new(item, "reason", json_string(caps_error_reason(error)));
        json_object_set_new(item, "message", caps_items_text(error->message));
        if (prb_error_is_end(error)) {
            g_clear_pointer(&session->conversation, prb_conversation_close);
        }
    } else if (!same) {
        json_object_set(item, "stored", stored->value);
        json_object_set(item, "fresh", now);
    }
    json_decref(now);
    return caps_items_give(session->items, item);
}

static bool verify_one(CapsLayers *layers, const char *path, const CapsPolicy *policy,
                       const CapsItems *items, GError **error)
{
    g_autoptr(CapsIdentity) identity = caps_layers_identify(layers, path, error);
    g_autoptr(GPtrArray) all = identity ? load_stored(layers, identity) : NULL;
    Session session = {.identity = identity, .policy = policy, .items = items};
    bool can_be_asked = all && (all->len == 0 || launch_for(&session, &bare, error));
    bool wanted = can_be_asked;

    for (guint i = 0; wanted && i < all->len; i++) {
        wanted = compare(&session, g_ptr_array_index(all, i));
        if (items->progress) {
            items->progress(items->context, path, i + 1, all->len);
        }
    }
    prb_conversation_close(session.conversation);
    return can_be_asked;
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

/* An emulator that cannot be asked at all: one item in place of its facts. */
static bool give_failure(const char *path, const GError *problem, const CapsItems *items)
{
    return caps_items_give(items,
                           json_pack("{s:o, s:s, s:s, s:o}", "emulator", caps_items_text(path),
                                     "verdict", "untold", "reason", caps_error_reason(problem),
                                     "message", caps_items_text(problem->message)));
}

bool caps_give_comparison(CapsLayers *layers, const char *path, const CapsPolicy *policy,
                          const CapsItems *items, GError **error)
{
    bool wanted = true;

    if (path) {
        return verify_one(layers, path, policy, items, error);
    }
    g_auto(GStrv) paths = list_paths(layers);
    for (char **one = paths; *one && wanted; one++) {
        g_autoptr(GError) problem = NULL;
        if (!verify_one(layers, *one, policy, items, &problem)) {
            wanted = give_failure(*one, problem, items);
        }
    }
    return true;
}
