/* libcapsdb: the C interface that other programs link (include/vitrine/capsdb.h).
 *
 * A thin translation: paths and JSON texts in, opaque objects out. No GLib type crosses it. */
#include "vitrine/capsdb.h"

#include "collect.h"
#include "errors.h"
#include "wire.h"

#include <string.h>

struct capsdb {
    GMutex mutex; /* SQLite's handle and its statements are for one thread at a time */
    CapsLayers *layers;
    PrbLimits limits;
};

struct capsdb_answer {
    char *json, *inputs;
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

/* ---- the database ---------------------------------------------------------------------------- */

int capsdb_open(const char *file, capsdb **ret_db, capsdb_error **ret_error)
{
    g_autoptr(GError) error = NULL;
    const CapsPlace place = {.mode = CAPS_STORE_WRITE, .file = file};
    CapsLayers *layers = caps_layers_open(&place, &error);

    if (!layers) {
        return fail_with(ret_error, error);
    }
    capsdb *db = g_new0(capsdb, 1);
    db->layers = layers;
    db->limits = prb_limits_default;
    g_mutex_init(&db->mutex);
    *ret_db = db;
    return 0;
}

const char *capsdb_note(const capsdb *db)
{
    return caps_layers_notes(db->layers);
}

void capsdb_close(capsdb *db)
{
    if (db) {
        caps_layers_close(db->layers);
        g_mutex_clear(&db->mutex);
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

static CapsPolicy policy_of(const capsdb *db, unsigned flags)
{
    CapsPolicy policy = caps_policy_default();
    policy.limits = db->limits;
    policy.may_probe = !(flags & CAPSDB_NO_PROBE);
    policy.again = flags & CAPSDB_AGAIN;
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

static capsdb_answer *make_answer(const CapsAnswer *answer)
{
    capsdb_answer *made = g_new0(capsdb_answer, 1);

    made->json = wire_json_print(answer->value, WIRE_JSON_CANONICAL);
    made->inputs =
        answer->inputs ? wire_json_print(answer->inputs, WIRE_JSON_CANONICAL) : g_strdup("{}");
    made->stored = answer->stored;
    made->asked = answer->asked;
    return made;
}

static int ask(capsdb *db, const char *emulator, const CapsQuestion *question, unsigned flags,
               capsdb_answer **ret_answer, capsdb_error **ret_error)
{
    g_autoptr(GError) error = NULL;
    g_auto(CapsAnswer) answer = {0};

    g_mutex_lock(&db->mutex);
    CapsPolicy policy = policy_of(db, flags);
    bool ok = caps_ask(db->layers, emulator, question, &policy, &answer, &error);
    g_mutex_unlock(&db->mutex);
    if (!ok) {
        return fail_with(ret_error, error);
    }
    if (!answer.value) {
        return fail(ret_error, caps_answer_code(&answer), caps_answer_reason(&answer),
                    answer.message);
    }
    *ret_answer = make_answer(&answer);
    return 0;
}

int capsdb_ask(capsdb *db, const char *emulator, const char *command, const char *arguments,
               const char *target, unsigned flags, capsdb_answer **ret_answer,
               capsdb_error **ret_error)
{
    CapsQuestion question = {.command = command};
    int result = -1;

    if (!parse_object(arguments, &question.arguments) || !parse_object(target, &question.target)) {
        fail(ret_error, CAPSDB_USAGE, "Usage", "arguments and target are JSON objects");
    } else {
        result = ask(db, emulator, &question, flags, ret_answer, ret_error);
    }
    json_decref(question.arguments);
    json_decref(question.target);
    return result;
}

int capsdb_add(capsdb *db, const char *emulator, unsigned flags, capsdb_error **ret_error)
{
    g_autoptr(GError) error = NULL;
    g_auto(CapsAdded) added = {0};

    g_mutex_lock(&db->mutex);
    CapsPolicy policy = policy_of(db, flags);
    bool ok = caps_add(db->layers, emulator, &policy, &added, &error);
    g_mutex_unlock(&db->mutex);
    return ok ? 0 : fail_with(ret_error, error);
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

void capsdb_answer_free(capsdb_answer *answer)
{
    if (answer) {
        g_free(answer->json);
        g_free(answer->inputs);
        g_free(answer);
    }
}

const char *capsdb_version(void)
{
    return VITRINE_VERSION;
}
