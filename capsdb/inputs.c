/* inputs: the words of a target, and what they meant to an emulator (answer.h says why).
 *
 * A row of input_alias is (identity, context, name, words) -> value. words: the JSON of what the
 * caller gave for that input, or null. value: the JSON string of the effective value; SQL NULL:
 * accepted, and never read; false: the same words were seen to mean two things, so they prove
 * nothing. */
#include "inputs.h"

#include "answer.h"
#include "query.h"
#include "wire.h"

#include <string.h>

#define OPTION     "options."
#define AMBIGUOUS  "false"
#define ANY_TARGET "{}" /* the context of the machine's own name */

static const char *const members[] = {"machine", "accel",      "cpu",    "smp",
                                      "memory",  "nodefaults", "devices"};

static char *print_words(json_t *given)
{
    return given ? wire_json_print(given, WIRE_JSON_CANONICAL) : g_strdup("null");
}

static json_t *given_for(json_t *target, const char *name)
{
    return g_str_has_prefix(name, OPTION)
               ? json_object_get(json_object_get(target, "options"), name + strlen(OPTION))
               : json_object_get(target, name);
}

void caps_words_done(CapsWords *words)
{
    g_clear_pointer(&words->context, g_free);
}

bool caps_words_can_say(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
        if (g_str_equal(name, members[i])) {
            return true;
        }
    }
    return g_str_has_prefix(name, OPTION);
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* Where the meaning of the words for this input is kept. */
static const char *context_of(const CapsWords *words, const char *name)
{
    return g_str_equal(name, "machine") ? ANY_TARGET : words->context;
}

static json_t *parse_value(const char *text)
{
    return wire_json_parse(text, strlen(text), &wire_limits_request, NULL);
}

static void seal_alias(const CapsWords *words, const char *name, const char *given,
                       const char *value, uint8_t ret_seal[CAPS_SEAL_SIZE])
{
    caps_seal(ret_seal, words->identity->hash, context_of(words, name), name, given, value,
              CAPS_SEAL_END);
}

/* 1: a row; *ret_value is its value, NULL for "accepted". 0: none. -1: error. */
static int find_alias(const CapsWords *words, const char *name, const char *given, char **ret_value,
                      GError **error)
{
    uint8_t seal[CAPS_SEAL_SIZE];
    sqlite3_stmt *row =
        caps_store_prepare(words->store,
                           "SELECT value, seal FROM input_alias WHERE identity = ? AND context = ? "
                           "AND name = ? AND given = ?",
                           error, "ittt", words->row, context_of(words, name), name, given);
    int found = row ? caps_store_step(words->store, row, error) : -1;

    if (found == 1) {
        const char *value = (const char *)sqlite3_column_text(row, 0);
        seal_alias(words, name, given, value, seal);
        if (caps_seal_check(words->store, row, 1, seal, "an input", error)) {
            *ret_value = g_strdup(value);
        } else {
            found = -1;
        }
        sqlite3_reset(row);
    }
    return found;
}

static bool save_alias(const CapsWords *words, const char *name, const char *given,
                       const char *value, GError **error)
{
    uint8_t seal[CAPS_SEAL_SIZE];
    g_autofree char *known = NULL;
    int found = find_alias(words, name, given, &known, error);

    if (found < 0) {
        return false;
    }
    if (found && (!value || g_strcmp0(known, value) == 0)) {
        return true; /* nothing new */
    }
    if (known && value) {
        value = AMBIGUOUS;
    }
    seal_alias(words, name, given, value, seal);
    return caps_store_run(words->store,
                          "INSERT OR REPLACE INTO input_alias VALUES (?, ?, ?, ?, ?, ?)", error,
                          "itttt"
                          "b",
                          words->row, context_of(words, name), name, given, value,
                          (const void *)seal, (size_t)CAPS_SEAL_SIZE);
}

/* ---- the context ----------------------------------------------------------------------------- */

/* What a word means, and whether it means anything, may hang on the machine and on nodefaults; on
 * the rest an emulator that tells its inputs must not let it hang, or tell that it read it. */
static char *print_context(const CapsWords *words, json_t *machine)
{
    json_t *context = json_object();
    json_t *nodefaults = json_object_get(words->target, "nodefaults");

    json_object_set_new(context, "machine", machine ? machine : json_null());
    if (nodefaults) {
        json_object_set(context, "nodefaults", nodefaults);
    }
    char *text = wire_json_print(context, WIRE_JSON_CANONICAL);
    json_decref(context);
    return text;
}

int caps_words_init(CapsWords *ret_words, CapsStore *store, const CapsIdentity *identity,
                    int64_t row, json_t *target, const char *host, GError **error)
{
    CapsWords words = {store, identity, row, target, host, NULL};
    json_t *given = json_object_get(target, "machine");
    g_autofree char *said = print_words(given);
    g_autofree char *value = NULL;
    int found = find_alias(&words, "machine", said, &value, error);

    if (found >= 0) {
        bool known = value && !g_str_equal(value, AMBIGUOUS);
        words.context = print_context(&words, known ? parse_value(value) : json_incref(given));
        *ret_words = words;
    }
    return found;
}

/* ---- looking up ------------------------------------------------------------------------------ */

int caps_words_value(const CapsWords *words, const char *name, char **ret_value, GError **error)
{
    if (g_str_equal(name, CAPS_INPUT_TARGET)) {
        *ret_value =
            words->target ? wire_json_print(words->target, WIRE_JSON_CANONICAL) : g_strdup("{}");
        return 1;
    }
    if (g_str_equal(name, CAPS_INPUT_HOST)) {
        *ret_value = g_strdup(words->host);
        return 1;
    }
    if (g_str_equal(name, CAPS_INPUT_ENGINE)) {
        *ret_value = g_strdup(cmd_engine());
        return 1;
    }
    g_autofree char *given = print_words(given_for(words->target, name));
    g_autofree char *value = NULL;
    int found = find_alias(words, name, given, &value, error);
    if (found != 1 || !value || g_str_equal(value, AMBIGUOUS)) {
        return MIN(found, 0);
    }
    json_t *text = parse_value(value);
    *ret_value = g_strdup(json_string_value(text));
    json_decref(text);
    return *ret_value ? 1 : 0;
}

/* Calls for each thing the caller said: name of the input and its words. Stops when it says so. */
static bool each_word(const CapsWords *words, bool (*take)(void *, const char *, const char *),
                      void *context)
{
    const char *member;
    json_t *given;

    json_object_foreach(words->target, member, given)
    {
        if (g_str_equal(member, "options")) {
            const char *option;
            json_t *value;
            json_object_foreach(given, option, value)
            {
                g_autofree char *name = g_strconcat(OPTION, option, NULL);
                g_autofree char *text = print_words(value);
                if (!take(context, name, text)) {
                    return false;
                }
            }
        } else {
            g_autofree char *text = print_words(given);
            if (!take(context, member, text)) {
                return false;
            }
        }
    }
    return true;
}

typedef struct Acceptance {
    const CapsWords *words;
    json_t *depends_on;
    GError **error;
    int result;
} Acceptance;

static bool was_accepted(void *context, const char *name, const char *given)
{
    Acceptance *acceptance = context;
    g_autofree char *value = NULL;

    acceptance->result = find_alias(acceptance->words, name, given, &value, acceptance->error);
    return acceptance->result == 1;
}

int caps_words_accepted(const CapsWords *words, GError **error)
{
    Acceptance acceptance = {words, NULL, error, 1};
    each_word(words, was_accepted, &acceptance);
    return acceptance.result;
}

/* ---- learning -------------------------------------------------------------------------------- */

static bool accept(void *context, const char *name, const char *given)
{
    Acceptance *acceptance = context;
    return save_alias(acceptance->words, name, given, NULL, acceptance->error);
}

/* The machine it was, told by name: what the other words meant, they meant to that one. */
static void settle_context(CapsWords *words, json_t *depends_on)
{
    json_t *input;
    size_t i;

    json_array_foreach(depends_on, i, input)
    {
        if (g_strcmp0(json_string_value(json_object_get(input, "name")), "machine") == 0) {
            g_free(words->context);
            words->context = print_context(words, json_incref(json_object_get(input, "value")));
        }
    }
}

bool caps_words_learn(CapsWords *words, json_t *depends_on, GError **error)
{
    settle_context(words, depends_on);
    Acceptance acceptance = {words, depends_on, error, 1};
    json_t *input;
    size_t i;

    json_array_foreach(depends_on, i, input)
    {
        const char *name = json_string_value(json_object_get(input, "name"));
        g_autofree char *given = print_words(given_for(words->target, name));
        g_autofree char *value = print_words(json_object_get(input, "value"));
        if (!save_alias(words, name, given, value, error)) {
            return false;
        }
    }
    return each_word(words, accept, &acceptance);
}
