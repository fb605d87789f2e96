/* value: the five kinds of value a property or an option can have, to text and back. */
#include "model.h"
#include "value.h"

#include <string.h>

static const char *const kinds[] = {
    [MDL_BOOL] = "bool", [MDL_UINT] = "uint", [MDL_SIZE] = "size",
    [MDL_ENUM] = "enum", [MDL_STR] = "str",
};

const char *mdl_kind_name(MdlKind kind)
{
    g_assert(kind < G_N_ELEMENTS(kinds));
    return kinds[kind];
}

bool mdl_kind_parse(const char *name, MdlKind *ret_kind)
{
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (strcmp(kinds[i], name) == 0) {
            *ret_kind = i;
            return true;
        }
    }
    return false;
}

static bool suffix_shift(char c, unsigned *ret_shift)
{
    static const char suffixes[] = "KMGT";
    const char *at = c ? strchr(suffixes, g_ascii_toupper(c)) : NULL;
    if (!at) {
        return false;
    }
    *ret_shift = 10 * (unsigned)(at - suffixes + 1);
    return true;
}

bool mdl_number_parse(const char *text, uint64_t *ret_number)
{
    const char *at = text;
    int base = 10;
    if (at[0] == '0' && (at[1] == 'x' || at[1] == 'X')) {
        base = 16;
        at += 2;
    }
    uint64_t number = 0;
    const char *first = at;
    for (int digit; (digit = g_ascii_xdigit_value(*at)) >= 0 && digit < base; at++) {
        if (__builtin_mul_overflow(number, (uint64_t)base, &number) ||
            __builtin_add_overflow(number, (uint64_t)digit, &number)) {
            return false;
        }
    }
    if (at == first) {
        return false;
    }
    unsigned shift;
    if (base == 10 && suffix_shift(*at, &shift)) {
        if (number > UINT64_MAX >> shift) {
            return false;
        }
        number <<= shift;
        at++;
    }
    if (*at) {
        return false;
    }
    *ret_number = number;
    return true;
}

bool mdl_bool_parse(const char *text, bool *ret_value)
{
    static const char *const yes[] = {"on", "yes", "true", NULL};
    static const char *const no[] = {"off", "no", "false", NULL};
    if (g_strv_contains(yes, text)) {
        *ret_value = true;
        return true;
    }
    if (g_strv_contains(no, text)) {
        *ret_value = false;
        return true;
    }
    return false;
}

static bool number_in_range(const MdlProperty *property, uint64_t number, char **ret_why)
{
    if (number >= property->minimum && number <= property->maximum) {
        return true;
    }
    g_autofree char *low = mdl_number_print(property->kind, property->minimum);
    g_autofree char *high = mdl_number_print(property->kind, property->maximum);
    *ret_why = g_strdup_printf("must be from %s to %s", low, high);
    return false;
}

/* What a declaration file can hold; text of a client can be anything. */
static bool is_line(const char *text)
{
    bool line = g_utf8_validate(text, -1, NULL);
    for (const char *at = text; line && *at; at = g_utf8_next_char(at)) {
        line = *at == '\t' || !g_unichar_iscntrl(g_utf8_get_char(at));
    }
    return line;
}

bool mdl_value_parse(const MdlProperty *property, const char *text, MdlValue *ret_value,
                     char **ret_why)
{
    MdlValue value = {.kind = property->kind};
    bool on;
    switch (property->kind) {
    case MDL_BOOL:
        if (!mdl_bool_parse(text, &on)) {
            *ret_why = g_strdup_printf("is \"%s\", must be on or off", text);
            return false;
        }
        value.number = on;
        break;
    case MDL_UINT:
    case MDL_SIZE:
        if (!mdl_number_parse(text, &value.number)) {
            *ret_why = g_strdup_printf("is \"%s\", must be a number", text);
            return false;
        }
        if (!number_in_range(property, value.number, ret_why)) {
            return false;
        }
        break;
    case MDL_ENUM:
        for (size_t i = 0; property->values[i]; i++) {
            if (strcmp(property->values[i], text) == 0) {
                value.text = property->values[i];
            }
        }
        if (!value.text) {
            g_autofree char *words = g_strjoinv(", ", (char **)property->values);
            *ret_why = g_strdup_printf("is \"%s\", must be one of %s", text, words);
            return false;
        }
        break;
    case MDL_STR:
        if (!is_line(text)) {
            *ret_why = g_strdup("must be UTF-8 text without control characters");
            return false;
        }
        value.text = text;
        break;
    }
    *ret_value = value;
    return true;
}

char *mdl_number_print(MdlKind kind, uint64_t number)
{
    static const char suffixes[] = {'T', 'G', 'M', 'K'};
    if (kind == MDL_SIZE && number) {
        for (unsigned i = 0; i < G_N_ELEMENTS(suffixes); i++) {
            unsigned shift = 40 - 10 * i;
            if (number % (1ULL << shift) == 0) {
                return g_strdup_printf("%" G_GUINT64_FORMAT "%c", number >> shift, suffixes[i]);
            }
        }
    }
    return g_strdup_printf("%" G_GUINT64_FORMAT, number);
}

char *mdl_value_print(const MdlValue *value)
{
    switch (value->kind) {
    case MDL_BOOL:
        return g_strdup(value->number ? "on" : "off");
    case MDL_UINT:
    case MDL_SIZE:
        return mdl_number_print(value->kind, value->number);
    case MDL_ENUM:
    case MDL_STR:
        break;
    }
    return g_strdup(value->text ? value->text : "");
}
