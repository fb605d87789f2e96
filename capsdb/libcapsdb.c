/* libcapsdb: the C interface that other programs link (include/vitrine/capsdb.h).
 *
 * A thin translation: paths and JSON texts in, opaque objects out. No GLib type crosses it. */
#include "vitrine/capsdb.h"

#include "errors.h"
#include "items.h"
#include "wire.h"

#include <string.h>

struct capsdb {
    GMutex mutex;       /* SQLite's handle and its statements are for one thread at a time */
    CapsLayers *layers; /* for questions; what comes as items has files of its own open */
    CapsPlace place;
    GPtrArray *notes; /* of those that were open */
    char *printed;    /* all notes */
    PrbLimits limits;
};

struct capsdb_answer {
    char *json, *inputs, *unsaved;
    gboolean stored;
    int64_t asked;
};

struct capsdb_error {
    capsdb_code code;
    const char *reason; /* static */
    char *message;
};

/* ---- errors ---------------------------------------------------------------------------------- */

static int fail(capsdb_error **ret_error, int code, const char *reason, const char *message)
{
    if (ret_error) {
        capsdb_error *error = g_new(capsdb_error, 1);
        *error = (capsdb_error){(capsdb_code)code, reason, g_utf8_make_valid(message, -1)};
        *ret_error = error;
    }
    return -1;
}

static int fail_with(capsdb_error **ret_error, const GError *error)
{
    return fail(ret_error, caps_error_code(error), caps_error_reason(error), error->message);
}

capsdb_code capsdb_error_code(const capsdb_error *error)
{
    return error->code;
}

const char *capsdb_error_reason(const capsdb_error *error)
{
    return error->reason;
}

const char *capsdb_error_message(const capsdb_error *error)
{
    return error->message;
}

void capsdb_error_free(capsdb_error *error)
{
    if (error) {
        g_free(error->message);
        g_free(error);
    }
}

capsdb_code capsdb_reason_code(const char *reason)
{
    return caps_reason_code(reason);
}

/* ---- the database ---------------------------------------------------------------------------- */

int capsdb_open(const char *file, const char *root, unsigned flags, capsdb **ret_db,
                capsdb_error **ret_error)
{
    g_autoptr(GError) error = NULL;
    CapsPlace place = {.mode = flags & CAPSDB_READ_ONLY ? CAPS_STORE_READ : CAPS_STORE_WRITE,
                       .file = file,
                       .root = root,
                       .system = flags & CAPSDB_SYSTEM};
    CapsLayers *layers = caps_layers_open(&place, &error);

    if (!layers) {
        return fail_with(ret_error, error);
    }
    place.file = g_strdup(file);
    place.root = g_strdup(root);
    capsdb *db = g_new0(capsdb, 1);
    *db = (capsdb){.layers = layers,
                   .place = place,
                   .notes = g_ptr_array_new_with_free_func(g_free),
                   .limits = prb_limits_default};
    g_mutex_init(&db->mutex);
    *ret_db = db;
    return 0;
}

/* Takes the lines that are new. Call it with the mutex. */
static void keep_notes(capsdb *db, CapsLayers *layers)
{
    const char *text = caps_layers_notes(layers);
    g_auto(GStrv) lines = g_strsplit(text ? text : "", "\n", -1);

    for (char **line = lines; *line; line++) {
        if (!g_ptr_array_find_with_equal_func(db->notes, *line, g_str_equal, NULL)) {
            g_ptr_array_add(db->notes, g_strdup(*line));
        }
    }
}

const char *capsdb_note(capsdb *db)
{
    g_autoptr(GString) text = g_string_new(NULL);

    g_mutex_lock(&db->mutex);
    keep_notes(db, db->layers);
    for (guint i = 0; i < db->notes->len; i++) {
        g_string_append_printf(text, "%s%s", i ? "\n" : "",
                               (const char *)g_ptr_array_index(db->notes, i));
    }
    g_free(db->printed);
    db->printed = text->len ? g_strdup(text->str) : NULL;
    g_mutex_unlock(&db->mutex);
    return db->printed;
}

void capsdb_close(capsdb *db)
{
    if (db) {
        caps_layers_close(db->layers);
        g_mutex_clear(&db->mutex);
        g_ptr_array_unref(db->notes);
        g_free((char *)db->place.file);
        g_free((char *)db->place.root);
        g_free(db->printed);
        g_free(db);
    }
}

int capsdb_set_deadline(capsdb *db, unsigned milliseconds, capsdb_error **ret_error)
{
    if (milliseconds == 0 || milliseconds > 3600 * 1000) {
        return fail(ret_error, CAPSDB_USAGE, "Usage", "a deadline is 1 ms to an hour");
    }
    g_mutex_lock(&db->mutex);
    db->limits.probe_ms = milliseconds;
    db->limits.command_ms = MIN(prb_limits_default.command_ms, milliseconds);
    g_mutex_unlock(&db->mutex);
    return 0;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static CapsPolicy policy_of(capsdb *db, unsigned flags)
{
    CapsPolicy policy = caps_policy_default();

    g_mutex_lock(&db->mutex);
    policy.limits = db->limits;
    g_mutex_unlock(&db->mutex);
    policy.may_probe = !(flags & CAPSDB_NO_PROBE);
    policy.again = flags & CAPSDB_AGAIN;
    policy.machines = flags & CAPSDB_MACHINES;
    return policy;
}

/* An object, or NULL for none; false: it is no object. */
static bool parse_object(const char *text, json_t **ret_object)
{
    *ret_object = NULL;
    if (text) {
        *ret_object = wire_json_parse(text, strlen(text), &wire_limits_request, NULL);
    }
    return !text || json_is_object(*ret_object);
}

static void free_question(CapsQuestion *question)
{
    json_decref(question->arguments);
    json_decref(question->target);
}

static bool read_question(const char *command, const char *arguments, const char *target,
                          CapsQuestion *ret_question, capsdb_error **ret_error)
{
    CapsQuestion question = {.command = command};
    const char *wrong = NULL;

    if (!g_utf8_validate(command, -1, NULL)) {
        wrong = "the name of a command is UTF-8";
    } else if (!parse_object(arguments, &question.arguments) ||
               !parse_object(target, &question.target)) {
        wrong = "arguments and target are JSON objects";
    }
    if (wrong) {
        free_question(&question);
        fail(ret_error, CAPSDB_USAGE, "Usage", wrong);
        return false;
    }
    *ret_question = question;
    return true;
}

static capsdb_answer *make_answer(const CapsAnswer *answer)
{
    capsdb_answer *made = g_new0(capsdb_answer, 1);

    made->json = wire_json_print(answer->value, WIRE_JSON_CANONICAL);
    made->inputs =
        answer->inputs ? wire_json_print(answer->inputs, WIRE_JSON_CANONICAL) : g_strdup("{}");
    made->unsaved = g_strdup(answer->unsaved);
    made->stored = answer->stored;
    made->asked = answer->asked;
    return made;
}

int capsdb_ask(capsdb *db, const char *emulator, const char *command, const char *arguments,
               const char *target, unsigned flags, capsdb_answer **ret_answer,
               capsdb_error **ret_error)
{
    CapsPolicy policy = policy_of(db, flags);
    CapsQuestion question;
    g_autoptr(GError) error = NULL;
    g_auto(CapsAnswer) answer = {0};

    if (!read_question(command, arguments, target, &question, ret_error)) {
        return -1;
    }
    g_mutex_lock(&db->mutex);
    bool ok = caps_ask(db->layers, emulator, &question, &policy, &answer, &error);
    if (ok && !answer.stored) {
        ok = caps_layers_publish(db->layers, &error);
    }
    g_mutex_unlock(&db->mutex);
    free_question(&question);
    if (!ok) {
        return fail_with(ret_error, error);
    }
    if (!answer.value) {
        return fail(ret_error, caps_reason_code(answer.reason), caps_reason_word(answer.reason),
                    answer.message);
    }
    *ret_answer = make_answer(&answer);
    return 0;
}

const char *capsdb_answer_json(const capsdb_answer *answer)
{
    return answer->json;
}

const char *capsdb_answer_inputs(const capsdb_answer *answer)
{
    return answer->inputs;
}

int capsdb_answer_stored(const capsdb_answer *answer)
{
    return answer->stored;
}

long long capsdb_answer_asked(const capsdb_answer *answer)
{
    return answer->asked;
}

const char *capsdb_answer_unsaved(const capsdb_answer *answer)
{
    return answer->unsaved;
}

void capsdb_answer_free(capsdb_answer *answer)
{
    if (answer) {
        g_free(answer->json);
        g_free(answer->inputs);
        g_free(answer->unsaved);
        g_free(answer);
    }
}

/* ---- what comes as items --------------------------------------------------------------------- */

/* The caller's functions, and layers that are open for them, so that they may use the handle. */
typedef struct Giving {
    capsdb_item *item;
    capsdb_progress *progress;
    void *context;
    CapsLayers *layers;
    CapsItems items;
} Giving;

static bool give_item(void *context, json_t *item)
{
    const Giving *giving = context;
    g_autofree char *text = wire_json_print(item, WIRE_JSON_COMPACT);
    return giving->item(giving->context, text) == 0;
}

static void give_progress(void *context, const char *what, size_t done, size_t all)
{
    const Giving *giving = context;
    giving->progress(giving->context, what, done, all);
}

static void init_giving(Giving *giving, capsdb *db, capsdb_item *item, capsdb_progress *progress,
                        void *context, GError **error)
{
    *giving = (Giving){item, progress, context, NULL, {0}};
    giving->items = (CapsItems){give_item, progress ? give_progress : NULL, giving};
    giving->layers = caps_layers_open(&db->place, error);
}

static int end_giving(Giving *giving, capsdb *db, bool ok, const GError *error,
                      capsdb_error **ret_error)
{
    g_autoptr(GError) trouble = NULL;

    if (giving->layers && !caps_layers_publish(giving->layers, &trouble) && ok) {
        ok = false;
        error = trouble;
    }
    if (giving->layers) {
        g_mutex_lock(&db->mutex);
        keep_notes(db, giving->layers);
        g_mutex_unlock(&db->mutex);
    }
    caps_layers_close(giving->layers);
    return ok ? 0 : fail_with(ret_error, error);
}

int capsdb_why(capsdb *db, const char *emulator, const char *command, const char *arguments,
               const char *target, unsigned flags, capsdb_item *item, void *context,
               capsdb_error **ret_error)
{
    CapsPolicy policy = policy_of(db, flags);
    CapsQuestion question;
    g_autoptr(GError) error = NULL;
    Giving giving;

    if (!read_question(command, arguments, target, &question, ret_error)) {
        return -1;
    }
    init_giving(&giving, db, item, NULL, context, &error);
    bool ok = giving.layers && caps_give_evidence(giving.layers, emulator, &question, &policy,
                                                  &giving.items, &error);
    free_question(&question);
    return end_giving(&giving, db, ok, error, ret_error);
}

int capsdb_add(capsdb *db, const char *emulator, unsigned flags, capsdb_item *item,
               capsdb_progress *progress, void *context, capsdb_error **ret_error)
{
    CapsPolicy policy = policy_of(db, flags);
    g_autoptr(GError) error = NULL;
    Giving giving;

    init_giving(&giving, db, item, progress, context, &error);
    bool ok =
        giving.layers && caps_give_added(giving.layers, emulator, &policy, &giving.items, &error);
    return end_giving(&giving, db, ok, error, ret_error);
}

int capsdb_record(capsdb *db, const char *emulator, const char *file, capsdb_item *item,
                  capsdb_progress *progress, void *context, capsdb_error **ret_error)
{
    CapsPolicy policy = policy_of(db, CAPSDB_AGAIN);
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(GError) error = NULL;
    Giving giving;

    if (!g_str_has_suffix(file, ".replies")) {
        return fail(ret_error, CAPSDB_USAGE, "Usage", "a recording is a file NAME.replies");
    }
    policy.record = text;
    init_giving(&giving, db, item, progress, context, &error);
    bool ok = giving.layers &&
              caps_give_added(giving.layers, emulator, &policy, &giving.items, &error) &&
              g_file_set_contents(file, text->str, (gssize)text->len, &error);
    return end_giving(&giving, db, ok, error, ret_error);
}

int capsdb_update(capsdb *db, unsigned flags, capsdb_item *item, capsdb_progress *progress,
                  void *context, capsdb_error **ret_error)
{
    CapsPolicy policy = policy_of(db, flags);
    g_autoptr(GError) error = NULL;
    Giving giving;

    init_giving(&giving, db, item, progress, context, &error);
    bool ok = giving.layers && caps_give_update(&db->place, &policy, &giving.items, &error);
    return end_giving(&giving, db, ok, error, ret_error);
}

int capsdb_ship(capsdb *db, const char *file, const char *destdir, const char *const *emulators,
                long long time, capsdb_item *item, capsdb_progress *progress, void *context,
                capsdb_error **ret_error)
{
    CapsPolicy policy = policy_of(db, 0);
    g_autofree char *usual = caps_place_static(&db->place, destdir);
    const CapsShipment shipment = {file ? file : usual, emulators, time};
    g_autoptr(GError) error = NULL;
    Giving giving = {item, progress, context, NULL, {0}};

    giving.items = (CapsItems){give_item, progress ? give_progress : NULL, &giving};
    bool ok = caps_give_shipment(db->place.root, &shipment, &policy, &giving.items, &error);
    return end_giving(&giving, db, ok, error, ret_error);
}

int capsdb_list(capsdb *db, capsdb_item *item, void *context, capsdb_error **ret_error)
{
    g_autoptr(GError) error = NULL;
    Giving giving;

    init_giving(&giving, db, item, NULL, context, &error);
    bool ok = giving.layers != NULL;
    if (ok) {
        caps_give_list(giving.layers, &giving.items);
    }
    return end_giving(&giving, db, ok, error, ret_error);
}

int capsdb_gc(capsdb *db, capsdb_item *item, void *context, capsdb_error **ret_error)
{
    g_autoptr(GError) error = NULL;
    Giving giving;

    init_giving(&giving, db, item, NULL, context, &error);
    bool ok = giving.layers && caps_give_garbage(giving.layers, &giving.items, &error);
    return end_giving(&giving, db, ok, error, ret_error);
}

int capsdb_show(capsdb *db, const char *emulator, capsdb_item *item, void *context,
                capsdb_error **ret_error)
{
    g_autoptr(GError) error = NULL;
    Giving giving;

    init_giving(&giving, db, item, NULL, context, &error);
    bool ok = giving.layers && caps_give_details(giving.layers, emulator, &giving.items, &error);
    return end_giving(&giving, db, ok, error, ret_error);
}

int capsdb_verify(capsdb *db, const char *emulator, capsdb_item *item, capsdb_progress *progress,
                  void *context, capsdb_error **ret_error)
{
    CapsPolicy policy = policy_of(db, 0);
    g_autoptr(GError) error = NULL;
    Giving giving;

    init_giving(&giving, db, item, progress, context, &error);
    bool ok = giving.layers &&
              caps_give_comparison(giving.layers, emulator, &policy, &giving.items, &error);
    return end_giving(&giving, db, ok, error, ret_error);
}

int capsdb_sql(capsdb *db, const char *statement, unsigned long max_rows, capsdb_item *item,
               void *context, capsdb_error **ret_error)
{
    CapsSqlLimits limits = {policy_of(db, 0).limits.probe_ms, max_rows};
    g_autoptr(GError) error = NULL;
    Giving giving;

    init_giving(&giving, db, item, NULL, context, &error);
    bool ok =
        giving.layers && caps_give_sql(giving.layers, statement, &limits, &giving.items, &error);
    return end_giving(&giving, db, ok, error, ret_error);
}

const char *capsdb_version(void)
{
    return VITRINE_VERSION;
}
