/* answer: rows of questions and answers, and finding them again (answer.h). */
#include "answer.h"

#include "inputs.h"
#include "probe.h"
#include "wire.h"

#include <string.h>

#define NO_INPUTS "[]" /* the names of an answer that read none */

/* ---- rows of identity and question ----------------------------------------------------------- */

static int64_t find_row(CapsStore *store, sqlite3_stmt *statement, GError **error)
{
    int64_t id = 0;
    if (statement && caps_store_step(store, statement, error) == 1) {
        id = sqlite3_column_int64(statement, 0);
        sqlite3_reset(statement);
    }
    return id;
}

int64_t caps_identity_row(CapsStore *store, const CapsIdentity *identity, bool make, GError **error)
{
    g_autoptr(GError) problem = NULL;
    int64_t id = find_row(store,
                          caps_store_prepare(store, "SELECT id FROM identity WHERE hash = ?",
                                             &problem, "h", identity->hash),
                          &problem);
    if (id || problem || !make) {
        caps_pass_error(&problem, error);
        return id;
    }
    json_t *parts = caps_identity_parts(identity);
    int64_t kept = caps_reply_save(store, "identity", parts, NULL, error);
    json_decref(parts);
    if (!kept ||
        !caps_store_run(store,
                        "INSERT INTO identity (hash, path, parts, first_seen) VALUES (?, ?, ?, ?)",
                        error, "htii", identity->hash, identity->path, kept,
                        g_get_real_time() / G_USEC_PER_SEC)) {
        return 0;
    }
    return sqlite3_last_insert_rowid(caps_store_sqlite(store));
}

static char *print_arguments(const CapsQuestion *question)
{
    return question->arguments ? wire_json_print(question->arguments, WIRE_JSON_CANONICAL)
                               : g_strdup("{}");
}

int64_t caps_question_row(CapsStore *store, const CapsQuestion *question, bool make, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autofree char *arguments = print_arguments(question);
    int64_t id =
        find_row(store,
                 caps_store_prepare(store,
                                    "SELECT question.id FROM command JOIN question "
                                    "ON command = command.id WHERE name = ? AND arguments = ?",
                                    &problem, "tt", question->command, arguments),
                 &problem);
    if (id || problem || !make) {
        caps_pass_error(&problem, error);
        return id;
    }
    if (!caps_store_run(store, "INSERT OR IGNORE INTO command (name) VALUES (?)", error, "t",
                        question->command) ||
        !caps_store_run(store,
                        "INSERT INTO question (command, arguments) "
                        "SELECT id, ?2 FROM command WHERE name = ?1",
                        error, "tt", question->command, arguments)) {
        return 0;
    }
    return sqlite3_last_insert_rowid(caps_store_sqlite(store));
}

/* ---- finding --------------------------------------------------------------------------------- */

/* The columns of an answer, NULL where there is none; all of it is sealed. */
typedef struct Row {
    const char *inputs, *reason, *message;
    char *reply;
    char asked[24], expires[24], attempts[24];
} Row;

static void seal_row(const CapsIdentity *identity, const CapsQuestion *question, const Row *row,
                     uint8_t ret_seal[CAPS_SEAL_SIZE])
{
    g_autofree char *arguments = print_arguments(question);
    caps_seal(ret_seal, identity->hash, question->command, arguments, row->inputs, row->reply,
              row->reason, row->message, row->asked, row->expires, row->attempts, CAPS_SEAL_END);
}

static char *column_hex(sqlite3_stmt *statement, int column)
{
    const uint8_t *bytes = sqlite3_column_blob(statement, column);
    int length = sqlite3_column_bytes(statement, column);
    char *text = bytes ? g_malloc0((gsize)length * 2 + 1) : NULL;

    for (int i = 0; bytes && i < length; i++) {
        text[2 * i] = "0123456789abcdef"[bytes[i] >> 4];
        text[2 * i + 1] = "0123456789abcdef"[bytes[i] & 15];
    }
    return text;
}

static void print_number(char *buffer, int64_t number)
{
    g_snprintf(buffer, 24, "%" G_GINT64_FORMAT, number);
}

/* The words of a refusal; NULL with error. */
static char *load_message(CapsStore *store, int64_t reply, GError **error)
{
    json_t *value = caps_reply_load(store, reply, error);
    char *message = g_strdup(json_string_value(value));

    if (value && !message) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_DAMAGED, "%s: the words of a refusal are none",
                    caps_store_path(store));
    }
    json_decref(value);
    return message;
}

/* The row at hand, its seal checked. */
static int read_row(CapsStore *store, const CapsIdentity *identity, const CapsQuestion *question,
                    sqlite3_stmt *found, const char *inputs, CapsAnswer *ret_answer, GError **error)
{
    uint8_t seal[CAPS_SEAL_SIZE];
    g_auto(CapsAnswer) answer = {.reason = g_strdup((const char *)sqlite3_column_text(found, 2)),
                                 .asked = sqlite3_column_int64(found, 3),
                                 .expires = sqlite3_column_int64(found, 4),
                                 .attempts = sqlite3_column_int64(found, 5),
                                 .stored = true};
    int64_t reply = sqlite3_column_int64(found, 0);
    g_autofree char *hash = column_hex(found, 1);

    if (answer.reason && !(answer.message = load_message(store, reply, error))) {
        return -1;
    }
    Row row = {.inputs = inputs,
               .reason = answer.reason,
               .message = answer.message,
               .reply = answer.reason ? NULL : hash};
    print_number(row.asked, answer.asked);
    print_number(row.expires, answer.expires);
    print_number(row.attempts, answer.attempts);
    seal_row(identity, question, &row, seal);
    if (!caps_seal_check(store, found, 6, seal, "an answer", error)) {
        return -1;
    }
    if (answer.expires && answer.expires <= g_get_real_time() / G_USEC_PER_SEC) {
        return 0;
    }
    if (!answer.reason && !(answer.value = caps_reply_load(store, reply, error))) {
        return -1;
    }
    answer.inputs = wire_json_parse(inputs, strlen(inputs), &wire_limits_request, NULL);
    *ret_answer = answer;
    answer = (CapsAnswer){0};
    return 1;
}

static int find_under(CapsStore *store, const CapsIdentity *identity, int64_t identity_row,
                      const CapsQuestion *question, int64_t question_row, const char *inputs,
                      CapsAnswer *ret_answer, GError **error)
{
    sqlite3_stmt *found = caps_store_prepare(
        store,
        "SELECT reply, hash, reason, asked, expires, attempts, seal FROM answer "
        "LEFT JOIN reply ON id = reply WHERE question = ? AND identity = ? AND inputs = ?",
        error, "iit", question_row, identity_row, inputs);
    int result = found ? caps_store_step(store, found, error) : -1;

    if (result == 1) {
        result = read_row(store, identity, question, found, inputs, ret_answer, error);
        sqlite3_reset(found);
    }
    return result;
}

/* The values of these inputs as the caller's words have them: the text an answer is kept under. 1:
 * all are known, 0: not, -1: error. */
static int evaluate(const CapsWords *words, const char *names, char **ret_inputs, GError **error)
{
    json_t *list = wire_json_parse(names, strlen(names), &wire_limits_request, NULL);
    json_t *inputs = json_object();
    json_t *name;
    size_t i;
    int result = list ? 1 : 0;
    bool all_words = false;

    json_array_foreach(list, i, name)
    {
        g_autofree char *value = NULL;
        if (result == 1) {
            result = caps_words_value(words, json_string_value(name), &value, error);
        }
        if (result == 1) {
            json_object_set_new(inputs, json_string_value(name), json_string(value));
        }
        all_words = all_words || g_strcmp0(json_string_value(name), CAPS_INPUT_TARGET) == 0;
    }
    if (result == 1 && !all_words) {
        result = caps_words_accepted(words, error);
    }
    if (result == 1) {
        *ret_inputs = wire_json_print(inputs, WIRE_JSON_CANONICAL);
    }
    json_decref(inputs);
    json_decref(list);
    return result;
}

/* The few sets of inputs that answers to this question have read; first the empty one. */
static GPtrArray *list_sets(CapsStore *store, int64_t question, int64_t identity, GError **error)
{
    sqlite3_stmt *row =
        caps_store_prepare(store, "SELECT names FROM input_set WHERE question = ? AND identity = ?",
                           error, "ii", question, identity);
    GPtrArray *sets = g_ptr_array_new_with_free_func(g_free);
    int found = -1;

    g_ptr_array_add(sets, g_strdup(NO_INPUTS));
    while (row && (found = caps_store_step(store, row, error)) == 1) {
        g_ptr_array_add(sets, g_strdup((const char *)sqlite3_column_text(row, 0)));
    }
    if (found < 0) {
        g_clear_pointer(&sets, g_ptr_array_unref);
    }
    return sets;
}

/* An answer kept under one of the sets of inputs, as the caller's words have their values. */
static int find_by_sets(CapsStore *store, const CapsIdentity *identity, int64_t id,
                        const CapsQuestion *question, int64_t row, const char *host,
                        CapsAnswer *ret_answer, GError **error)
{
    g_autoptr(GPtrArray) sets = list_sets(store, row, id, error);
    CapsWords words = {0};
    int result = sets ? 0 : -1;

    if (sets && caps_words_init(&words, store, identity, id, question->target, host, error) < 0) {
        result = -1;
    }
    for (guint i = 0; sets && i < sets->len && result == 0; i++) {
        g_autofree char *inputs = NULL;
        result = evaluate(&words, g_ptr_array_index(sets, i), &inputs, error);
        if (result == 1) {
            result = find_under(store, identity, id, question, row, inputs, ret_answer, error);
        }
    }
    caps_words_done(&words);
    return result;
}

int caps_answer_find(CapsStore *store, const CapsIdentity *identity, const CapsQuestion *question,
                     const char *host, CapsAnswer *ret_answer, GError **error)
{
    g_autoptr(GError) problem = NULL;
    int64_t id = caps_identity_row(store, identity, false, &problem);
    int64_t row = id ? caps_question_row(store, question, false, &problem) : 0;
    int result = problem ? -1 : 0;

    /* Without a target there are no words to look up, and most answers have read nothing. */
    if (row && !question->target) {
        result = find_under(store, identity, id, question, row, "{}", ret_answer, &problem);
    }
    if (row && result == 0) {
        result = find_by_sets(store, identity, id, question, row, host, ret_answer, &problem);
    }
    caps_pass_error(&problem, error);
    return result;
}

/* ---- storing --------------------------------------------------------------------------------- */

/* The inputs of an answer as an object; NULL: one of them cannot be compared later. */
static json_t *read_inputs(const CapsWords *words, json_t *depends_on, const char *const *declared)
{
    json_t *inputs = json_object();
    json_t *input;
    size_t i;

    for (; !depends_on && *declared; declared++) {
        g_autofree char *value = NULL;
        caps_words_value(words, *declared, &value, NULL); /* of the words alone: no row is read */
        json_object_set_new(inputs, *declared, json_string(value));
    }
    json_array_foreach(depends_on, i, input)
    {
        const char *name = json_string_value(json_object_get(input, "name"));
        json_t *value = json_object_get(input, "value");
        if (!name || !caps_words_can_say(name) || !json_is_string(value)) {
            json_decref(inputs);
            return NULL;
        }
        json_object_set(inputs, name, value);
    }
    return inputs;
}

static int compare_keys(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static char *print_names(json_t *inputs)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    json_t *list = json_array();
    const char *name;
    json_t *value;

    json_object_foreach(inputs, name, value)
    {
        g_ptr_array_add(names, (gpointer)name);
    }
    g_ptr_array_sort(names, compare_keys);
    for (guint i = 0; i < names->len; i++) {
        json_array_append_new(list, json_string(g_ptr_array_index(names, i)));
    }
    char *text = wire_json_print(list, WIRE_JSON_CANONICAL);
    json_decref(list);
    return text;
}

typedef struct Key { /* of an answer */
    int64_t question, identity;
    const char *inputs;
} Key;

/* A failure that may pass is believed for a minute, then two, four, … up to a day. */
static bool set_expiry(CapsStore *store, const Key *key, CapsAnswer *answer, GError **error)
{
    sqlite3_stmt *last =
        caps_store_prepare(store,
                           "SELECT attempts FROM answer WHERE question = ? AND identity = ? AND "
                           "inputs = ? AND expires NOTNULL",
                           error, "iit", key->question, key->identity, key->inputs);
    int found = last ? caps_store_step(store, last, error) : -1;

    if (found == 1) {
        answer->attempts = CLAMP(sqlite3_column_int64(last, 0), 0, 20) + 1;
        sqlite3_reset(last);
    } else {
        answer->attempts = 1;
    }
    answer->expires = answer->asked + MIN(INT64_C(60) << (answer->attempts - 1), 24 * 60 * 60);
    return found >= 0;
}

/* The value, or the words of the refusal. */
static int64_t save_reply(CapsStore *store, const CapsQuestion *question, const CapsAnswer *answer,
                          char **ret_hash, GError **error)
{
    if (answer->value) {
        return caps_reply_save(store, question->command, answer->value, ret_hash, error);
    }
    json_t *words = json_string(answer->message);
    int64_t id = caps_reply_save(store, "error", words, NULL, error);
    json_decref(words);
    return id;
}

static bool insert(CapsStore *store, const CapsIdentity *identity, const CapsQuestion *question,
                   const Key *key, CapsAnswer *answer, GError **error)
{
    uint8_t seal[CAPS_SEAL_SIZE];
    g_autofree char *hash = NULL;
    int64_t reply = save_reply(store, question, answer, &hash, error);

    if (!reply || (answer->transient && !set_expiry(store, key, answer, error))) {
        return false;
    }
    Row row = {
        .inputs = key->inputs, .reason = answer->reason, .message = answer->message, .reply = hash};
    print_number(row.asked, answer->asked);
    print_number(row.expires, answer->expires);
    print_number(row.attempts, answer->attempts);
    seal_row(identity, question, &row, seal);
    return caps_store_run(
        store,
        "INSERT OR REPLACE INTO answer (question, identity, inputs, reply, reason,"
        " asked, expires, attempts, seal) "
        "VALUES (?, ?, ?, ?, ?, ?, NULLIF(?, 0), ?, ?)",
        error, "iititiiib", key->question, key->identity, key->inputs, reply, row.reason,
        answer->asked, answer->expires, answer->attempts, (const void *)seal,
        (size_t)CAPS_SEAL_SIZE);
}

/* That answers to this question have read these inputs; the empty set needs no row. */
static bool save_set(CapsStore *store, const Key *key, json_t *inputs, GError **error)
{
    g_autofree char *names = print_names(inputs);
    return g_str_equal(names, NO_INPUTS) ||
           caps_store_run(store, "INSERT OR IGNORE INTO input_set VALUES (?, ?, ?)", error, "iit",
                          key->question, key->identity, names);
}

bool caps_answer_save(CapsStore *store, const CapsIdentity *identity, const CapsQuestion *question,
                      json_t *depends_on, const char *const *declared, const char *host,
                      CapsAnswer *answer, GError **error)
{
    int64_t id = caps_identity_row(store, identity, true, error);
    CapsWords words = {0};
    bool ok =
        id && caps_words_init(&words, store, identity, id, question->target, host, error) >= 0;
    json_t *inputs = ok ? read_inputs(&words, depends_on, declared) : NULL;

    if (ok && inputs) {
        g_autofree char *text = wire_json_print(inputs, WIRE_JSON_CANONICAL);
        int64_t row = caps_question_row(store, question, true, error);
        const Key key = {row, id, text};
        ok = row != 0 && save_set(store, &key, inputs, error) &&
             insert(store, identity, question, &key, answer, error) &&
             (!depends_on || caps_words_learn(&words, depends_on, error));
    }
    if (ok) {
        answer->inputs = inputs;
    } else {
        json_decref(inputs);
    }
    caps_words_done(&words);
    return ok;
}

/* ---- copying --------------------------------------------------------------------------------- */

/* A question as a row has it: command, arguments. The arguments are to be freed. */
static CapsQuestion question_of(sqlite3_stmt *row)
{
    const char *arguments = (const char *)sqlite3_column_text(row, 1);
    json_t *parsed = wire_json_parse(arguments, strlen(arguments), &wire_limits_request, NULL);
    return (CapsQuestion){.command = (const char *)sqlite3_column_text(row, 0),
                          .arguments = parsed};
}

typedef struct Copy {
    CapsStore *from, *to;
    const CapsIdentity *identity;
    int64_t id; /* of the identity, where it goes */
    int64_t asked;
} Copy;

static bool copy_answer(const Copy *copy, sqlite3_stmt *row, GError **error)
{
    const char *inputs = (const char *)sqlite3_column_text(row, 2);
    CapsQuestion question = question_of(row);
    g_auto(CapsAnswer) answer = {0};
    int found = find_under(copy->from, copy->identity, sqlite3_column_int64(row, 4), &question,
                           sqlite3_column_int64(row, 3), inputs, &answer, error);
    bool ok = found >= 0;

    if (found == 1) {
        int64_t id = caps_question_row(copy->to, &question, true, error);
        const Key key = {id, copy->id, inputs};
        answer.asked = copy->asked;
        answer.attempts = 0;
        ok = id != 0 && save_set(copy->to, &key, answer.inputs, error) &&
             insert(copy->to, copy->identity, &question, &key, &answer, error);
    }
    json_decref(question.arguments);
    return ok;
}

/* Its seal says nothing of when. */
static bool copy_alias(const Copy *copy, sqlite3_stmt *row, GError **error)
{
    return caps_store_run(
        copy->to, "INSERT INTO input_alias VALUES (?, ?, ?, ?, ?, ?)", error, "ittttb", copy->id,
        (const char *)sqlite3_column_text(row, 0), (const char *)sqlite3_column_text(row, 1),
        (const char *)sqlite3_column_text(row, 2), (const char *)sqlite3_column_text(row, 3),
        sqlite3_column_blob(row, 4), (size_t)sqlite3_column_bytes(row, 4));
}

static bool copy_quarantine(const Copy *copy, sqlite3_stmt *row, GError **error)
{
    CapsQuestion question = question_of(row);
    int64_t id = caps_question_row(copy->to, &question, true, error);

    json_decref(question.arguments);
    return id && caps_store_run(copy->to, "INSERT INTO quarantine VALUES (?, ?, ?, ?, ?)", error,
                                "iitti", id, copy->id, (const char *)sqlite3_column_text(row, 2),
                                (const char *)sqlite3_column_text(row, 3), copy->asked);
}

/* Which accelerator is taken where none is named may hang on the host. */
#define OF_IDENTITY " JOIN identity ON identity.id = identity WHERE identity.hash = ? "
#define OF_QUESTION                                                                                \
    " JOIN question ON question.id = question JOIN command ON command.id = command" OF_IDENTITY
static const struct {
    const char *sql;
    bool (*copy)(const Copy *copy, sqlite3_stmt *row, GError **error);
} copied[] = {
    {"SELECT name, arguments, inputs, question, identity FROM answer" OF_QUESTION
     "AND expires IS NULL AND json_type(inputs, '$.host') IS NULL AND "
     "json_type(inputs, '$.accel') IS NULL ORDER BY name, arguments, inputs",
     copy_answer},
    {"SELECT context, name, given, value, seal FROM input_alias" OF_IDENTITY
     "AND name <> 'accel' ORDER BY context, name, given",
     copy_alias},
    {"SELECT name, arguments, reason, evidence FROM quarantine" OF_QUESTION
     "ORDER BY name, arguments",
     copy_quarantine},
};

bool caps_answers_copy(CapsStore *from, CapsStore *to, const char *hash, int64_t asked,
                       GError **error)
{
    const CapsIdentity identity = {.hash = (char *)hash};
    const Copy copy = {from, to, &identity, caps_identity_row(to, &identity, false, error), asked};
    bool ok = copy.id != 0;

    for (size_t i = 0; i < G_N_ELEMENTS(copied) && ok; i++) {
        sqlite3_stmt *row = caps_store_prepare(from, copied[i].sql, error, "h", hash);
        int found = -1;
        while (ok && row && (found = caps_store_step(from, row, error)) == 1) {
            ok = copied[i].copy(&copy, row, error);
        }
        ok = ok && found == 0;
        if (row) {
            sqlite3_reset(row);
        }
    }
    return ok;
}

void caps_answer_done(CapsAnswer *answer)
{
    g_clear_pointer(&answer->value, json_decref);
    g_clear_pointer(&answer->inputs, json_decref);
    g_clear_pointer(&answer->reason, g_free);
    g_clear_pointer(&answer->message, g_free);
    g_clear_pointer(&answer->file, g_free);
    g_clear_pointer(&answer->unsaved, g_free);
}
