/* keyval: see keyval.h. */
#include "cmdline/keyval.h"

#include <string.h>

#include <wire.h>

typedef struct Pair {
    char *key, *value;
    bool taken;
} Pair;

struct EmuKeyval {
    GArray *pairs; /* Pair */
};

static void pair_clear(void *data)
{
    Pair *pair = data;
    g_free(pair->key);
    g_free(pair->value);
}

static Pair *pair_at(EmuKeyval *keyval, guint index)
{
    return &g_array_index(keyval->pairs, Pair, index);
}

/* Cuts the part up to a single comma off, doubled commas made one. */
static char *next_part(const char **text)
{
    GString *part = g_string_new(NULL);
    const char *at = *text;
    while (*at && (*at != ',' || at[1] == ',')) {
        at += *at == ',';
        g_string_append_c(part, *at++);
    }
    *text = *at ? at + 1 : at;
    return g_string_free(part, FALSE);
}

EmuKeyval *emu_keyval_parse(const char *text, const char *first_key, GError **error)
{
    g_autoptr(EmuKeyval) keyval = g_new0(EmuKeyval, 1);
    keyval->pairs = g_array_new(FALSE, TRUE, sizeof(Pair));
    g_array_set_clear_func(keyval->pairs, pair_clear);

    for (bool first = true; *text; first = false) {
        g_autofree char *part = next_part(&text);
        char *equals = strchr(part, '=');
        Pair pair = {0};
        if (equals)
            pair = (Pair){g_strndup(part, (gsize)(equals - part)), g_strdup(equals + 1), false};
        else if (first && first_key)
            pair = (Pair){g_strdup(first_key), g_strdup(part), false};
        else
            pair = (Pair){g_strdup(part), g_strdup("on"), false};
        g_array_append_val(keyval->pairs, pair);
        if (!*pair.key) {
            g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED, "'%s' has no name before its value",
                        part);
            return NULL;
        }
        for (guint i = 0; i + 1 < keyval->pairs->len; i++)
            if (!strcmp(pair_at(keyval, i)->key, pair.key)) {
                g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED, "'%s' is given twice", pair.key);
                return NULL;
            }
    }
    return g_steal_pointer(&keyval);
}

void emu_keyval_free(EmuKeyval *keyval)
{
    if (!keyval)
        return;
    g_array_free(keyval->pairs, TRUE);
    g_free(keyval);
}

const char *emu_keyval_take(EmuKeyval *keyval, const char *key)
{
    for (guint i = 0; i < keyval->pairs->len; i++) {
        Pair *pair = pair_at(keyval, i);
        if (!strcmp(pair->key, key)) {
            pair->taken = true;
            return pair->value;
        }
    }
    return NULL;
}

bool emu_keyval_take_bool(EmuKeyval *keyval, const char *key, bool *ret_value, GError **error)
{
    const char *value = emu_keyval_take(keyval, key);
    if (!value)
        return true;
    static const char *const words[] = {"off", "on", "no", "yes", "false", "true"};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (!strcmp(value, words[i])) {
            *ret_value = i & 1;
            return true;
        }
    g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED, "%s is on or off, not '%s'", key, value);
    return false;
}

bool emu_keyval_take_any(EmuKeyval *keyval, const char **ret_key, const char **ret_value)
{
    for (guint i = 0; i < keyval->pairs->len; i++) {
        Pair *pair = pair_at(keyval, i);
        if (!pair->taken) {
            pair->taken = true;
            *ret_key = pair->key;
            *ret_value = pair->value;
            return true;
        }
    }
    return false;
}

bool emu_keyval_finish(EmuKeyval *keyval, const char *known, GError **error)
{
    const char *key, *value;
    if (!emu_keyval_take_any(keyval, &key, &value))
        return true;
    g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED, "there is no '%s'; known are %s", key, known);
    return false;
}
