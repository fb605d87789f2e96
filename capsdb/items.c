/* items: what is stored of emulators and answers, object by object (items.h). */
#include "items.h"

#include "errors.h"
#include "gc.h"
#include "host.h"
#include "wire.h"

#include <string.h>

bool caps_items_give(const CapsItems *items, json_t *item)
{
    bool more = items->take(items->context, item);
    json_decref(item);
    return more;
}

json_t *caps_items_text(const char *text)
{
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    return json_string(valid);
}

json_t *caps_items_time(int64_t seconds)
{
    g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);
    g_autofree char *text = time ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ") : NULL;
    return text ? json_string(text) : json_null();
}

/* ---- rows ------------------------------------------------------------------------------------ */

static json_t *column_value(sqlite3_stmt *row, int column)
{
    const char *text;

    switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
        return json_integer(sqlite3_column_int64(row, column));
    case SQLITE_FLOAT:
        return json_real(sqlite3_column_double(row, column));
    case SQLITE_NULL:
        return json_null();
    default:
        text = (const char *)sqlite3_column_text(row, column);
        return text ? json_string(text) : NULL;
    }
}

/* Two columns of one name are NAME and NAME:1. */
static void set_column(json_t *object, const char *name, json_t *value)
{
    g_autofree char *free_name = g_strdup(name);

    for (unsigned i = 1; json_object_get(object, free_name); i++) {
        g_free(free_name);
        free_name = g_strdup_printf("%s:%u", name, i);
    }
    json_object_set_new(object, free_name, value ? value : json_null());
}

json_t *caps_items_row(sqlite3_stmt *row)
{
    json_t *object = json_object();

    for (int i = 0; i < sqlite3_column_count(row); i++) {
        set_column(object, sqlite3_column_name(row, i), column_value(row, i));
    }
    return object;
}

/* The rows of one layer, each with its name. 1: no more rows; 0: no more are wanted; -1: error.
 * hash: of the identity they are about, or NULL. */
static int give_layer(CapsStore *store, const char *layer, const char *sql, const char *hash,
                      const CapsItems *items, GError **error)
{
    sqlite3_stmt *row = caps_store_prepare(store, sql, error, hash ? "h" : "", hash);
    int found = -1;

    while (row && (found = caps_store_step(store, row, error)) == 1) {
        json_t *item = caps_items_row(row);
        json_object_set_new(item, "layer", json_string(layer));
        if (!caps_items_give(items, item)) {
            sqlite3_reset(row);
            return 0;
        }
    }
    return found == 0 ? 1 : -1;
}

static void give_layers(CapsLayers *layers, const char *sql, const char *hash,
                        const CapsItems *items)
{
    int more = 1;

    for (size_t i = 0; i < caps_layers_count(layers) && more; i++) {
        g_autoptr(GError) problem = NULL;
        CapsStore *store = caps_layers_store(layers, i);
        more =
            store ? give_layer(store, caps_layers_name(layers, i), sql, hash, items, &problem) : 1;
        if (more < 0) {
            caps_layers_blame(layers, store, &problem);
        }
    }
}

/* ---- emulators ------------------------------------------------------------------------------- */

void caps_give_list(CapsLayers *layers, const CapsItems *items)
{
    give_layers(layers,
                "SELECT path AS emulator, lower(hex(hash)) AS identity, kind, version, "
                "COALESCE(answers, 0) AS answers FROM identity LEFT JOIN "
                "(SELECT identity, count(*) AS answers FROM answer GROUP BY identity) "
                "ON identity = id ORDER BY path, id",
                NULL, items);
}

static bool append_item(void *array, json_t *item)
{
    return json_array_append(array, item) == 0;
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
    json_t *all = json_pack("{s:o, s:s, s:o}", "path", caps_items_text(identity->path), "identity",
                            identity->hash, "parts", caps_identity_parts(identity));

    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        json_t *rows = json_array();
        CapsItems items = {.take = append_item, .context = rows};
        give_layers(layers, parts[i].sql, identity->hash, &items);
        json_object_set_new(all, parts[i].member, rows);
    }
    return all;
}

bool caps_give_details(CapsLayers *layers, const char *path, const CapsItems *items, GError **error)
{
    g_autoptr(CapsIdentity) identity = caps_layers_identify(layers, path, error);
    json_t *all = identity ? describe(layers, identity) : NULL;

    if (all && !json_array_size(json_object_get(all, "emulator"))) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_UNKNOWN, "%s: nothing is stored of it", path);
        g_clear_pointer(&all, json_decref);
    }
    if (all) {
        caps_items_give(items, all);
    }
    return all != NULL;
}

/* ---- adding ---------------------------------------------------------------------------------- */

typedef struct Watched {
    const CapsItems *items;
    const char *path;
} Watched;

static void pass_progress(void *context, size_t asked, size_t known)
{
    const Watched *watched = context;
    watched->items->progress(watched->items->context, watched->path, asked, known);
}

json_t *caps_items_added(const char *path, const CapsAdded *added, const GError *problem)
{
    static const CapsAdded nothing = {0};
    added = added ? added : &nothing;

    const char *outcome = problem ? "failed" : added->known ? "known" : "added";
    json_t *missing = json_array();
    json_t *item = json_pack("{s:o, s:s, s:I, s:I, s:I, s:o}", "emulator", caps_items_text(path),
                             "outcome", outcome, "facts", (json_int_t)added->facts, "quarantined",
                             (json_int_t)added->quarantined, "launches",
                             (json_int_t)added->survey.launches, "not-in-the-jail", missing);

    for (char **lack = added->survey.missing; lack && *lack; lack++) {
        json_array_append_new(missing, json_string(*lack));
    }
    if (problem) {
        json_object_set_new(item, "reason", json_string(caps_error_reason(problem)));
        json_object_set_new(item, "message", caps_items_text(problem->message));
    }
    return item;
}

bool caps_give_added(CapsLayers *layers, const char *path, const CapsPolicy *policy,
                     const CapsItems *items, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_auto(CapsAdded) added = {0};
    CapsPolicy watched_policy = *policy;
    Watched watched = {items, path};

    if (items->progress) {
        watched_policy.progress = pass_progress;
        watched_policy.context = &watched;
    }
    bool ok = caps_add(layers, path, &watched_policy, &added, &problem);
    caps_items_give(items, caps_items_added(path, &added, problem));
    caps_pass_error(&problem, error);
    return ok;
}

/* ---- evidence -------------------------------------------------------------------------------- */

static json_t *object_or_empty(json_t *object)
{
    return object ? json_incref(object) : json_object();
}

static json_t *evidence(const CapsIdentity *identity, const CapsQuestion *question,
                        const CapsAnswer *answer)
{
    json_t *item =
        json_pack("{s:s, s:o, s:o, s:o, s:o, s:b}", "command", question->command, "arguments",
                  object_or_empty(question->arguments), "target", object_or_empty(question->target),
                  "emulator", caps_items_text(identity->path), "asked",
                  caps_items_time(answer->asked), "stored", answer->stored);

    if (answer->layer) {
        json_object_set_new(item, "layer", json_string(answer->layer));
        json_object_set_new(item, "file", caps_items_text(answer->file));
    }
    if (answer->reason) {
        json_object_set_new(item, "reason", json_string(answer->reason));
        json_object_set_new(item, "message", caps_items_text(answer->message));
    }
    if (answer->expires) {
        json_object_set_new(item, "expires", caps_items_time(answer->expires));
    }
    if (answer->unsaved) {
        json_object_set_new(item, "not-kept", caps_items_text(answer->unsaved));
    }
    json_object_set_new(item, "inputs", object_or_empty(answer->inputs));
    if (json_object_get(answer->inputs, CAPS_INPUT_HOST)) {
        json_object_set_new(item, "host", caps_host_facts(NULL)); /* it is of these, or stale */
    }
    json_object_set_new(item, "identity", json_string(identity->hash));
    json_object_set_new(item, "stale-when-changed", caps_identity_parts(identity));
    return item;
}

bool caps_give_evidence(CapsLayers *layers, const char *path, const CapsQuestion *question,
                        const CapsPolicy *policy, const CapsItems *items, GError **error)
{
    g_auto(CapsAnswer) answer = {0};
    g_autoptr(CapsIdentity) identity = caps_layers_identify(layers, path, error);

    if (!identity || !caps_ask(layers, path, question, policy, &answer, error)) {
        return false;
    }
    caps_items_give(items, evidence(identity, question, &answer));
    return true;
}

/* ---- garbage --------------------------------------------------------------------------------- */

bool caps_give_garbage(CapsLayers *layers, const CapsItems *items, GError **error)
{
    CapsGarbage garbage;

    if (!caps_gc(layers, &garbage, error)) {
        return false;
    }
    caps_items_give(
        items,
        json_pack("{s:I, s:I, s:I, s:I, s:I}", "emulators", (json_int_t)garbage.identities,
                  "answers", (json_int_t)garbage.answers, "replies", (json_int_t)garbage.replies,
                  "damaged-files", (json_int_t)garbage.files, "bytes", (json_int_t)garbage.bytes));
    return true;
}
