/* address: the text form of a place on a bus, both ways, as the bus type declares it. */
#include "model.h"

#include <stdio.h>

#include <string.h>

char *mdl_field_print(const MdlField *field, uint64_t value)
{
    const char *format =
        field->radix == MDL_RADIX_HEX ? "%0*" G_GINT64_MODIFIER "x" : "%0*" G_GUINT64_FORMAT;
    char digits[32];
    snprintf(digits, sizeof(digits), format, (int)field->digits, value);
    return g_strdup(digits);
}

char *mdl_address_print(const MdlBusType *type, const MdlAddress *address)
{
    GString *text = g_string_new(type->n_fields ? type->prefix : "");
    for (size_t i = 0; i < type->n_fields; i++) {
        const MdlField *field = &type->fields[i];
        if (i && type->n_hubs && address->fields[i] == 0) {
            break; /* not so deep */
        }
        if (i) {
            g_string_append(text, type->separator);
        }
        g_autofree char *digits = mdl_field_print(field, address->fields[i]);
        g_string_append(text, digits);
    }
    return g_string_free(text, FALSE);
}

/* One field's digits at *at. */
static bool parse_field(const MdlField *field, const char **at, uint64_t *ret_value, char **ret_why)
{
    unsigned base = field->radix;
    uint64_t value = 0;
    if (base == 16 && (g_str_has_prefix(*at, "0x") || g_str_has_prefix(*at, "0X"))) {
        *at += 2;
    }
    const char *first = *at;
    for (int digit; (digit = g_ascii_xdigit_value(**at)) >= 0 && (unsigned)digit < base; ++*at) {
        if (__builtin_mul_overflow(value, (uint64_t)base, &value) ||
            __builtin_add_overflow(value, (uint64_t)digit, &value)) {
            *ret_why = g_strdup_printf("%s does not fit in 64 bits", field->name);
            return false;
        }
    }
    if (*at == first) {
        *ret_why = g_strdup_printf("%s must be written in %s digits", field->name,
                                   base == 16 ? "hexadecimal" : "decimal");
        return false;
    }
    if (field->exact && (size_t)(*at - first) != field->digits) {
        *ret_why = g_strdup_printf("%s must be written with %u digits", field->name, field->digits);
        return false;
    }
    *ret_value = value;
    return true;
}

/* any: which fields are *, in a pattern; NULL: none may be. */
static bool parse(const MdlBusType *type, const char *text, MdlAddress *ret_address, bool *any,
                  char **ret_why)
{
    const char *at = text;
    if (*type->prefix && g_str_has_prefix(at, type->prefix)) {
        at += strlen(type->prefix);
    }
    for (size_t i = 0; i < type->n_fields; i++) {
        const MdlField *field = &type->fields[i];
        if (i) {
            if (*at == '\0') { /* what is left out at the end is the smallest value */
                ret_address->fields[i] = field->minimum;
                continue;
            }
            if (!g_str_has_prefix(at, type->separator)) {
                *ret_why =
                    g_strdup_printf("\"%s\" must stand before %s", type->separator, field->name);
                return false;
            }
            at += strlen(type->separator);
        }
        if (any && *at == '*') {
            any[i] = true;
            at++;
        } else if (!parse_field(field, &at, &ret_address->fields[i], ret_why)) {
            return false;
        }
    }
    if (*at) {
        *ret_why = g_strdup_printf("\"%s\" is left over at the end", at);
        return false;
    }
    return true;
}

bool mdl_address_parse(const MdlBusType *type, const char *text, MdlAddress *ret_address,
                       char **ret_why)
{
    MdlAddress address = {{0}};
    if (!parse(type, text, &address, NULL, ret_why)) {
        return false;
    }
    *ret_address = address;
    return true;
}

bool mdl_address_check(const MdlBusType *type, const char *pattern, char **ret_why)
{
    MdlAddress address = {{0}};
    bool any[MDL_MAX_FIELDS] = {false};
    return parse(type, pattern, &address, any, ret_why);
}

bool mdl_address_pattern(const MdlBusType *type, const char *pattern, MdlAddress *ret_address,
                         bool *ret_any)
{
    MdlAddress address = {{0}};
    bool any[MDL_MAX_FIELDS] = {false};
    g_autofree char *why = NULL;
    if (!parse(type, pattern, &address, any, &why)) {
        return false;
    }
    *ret_address = address;
    memcpy(ret_any, any, sizeof(any));
    return true;
}

bool mdl_address_matches(const MdlBusType *type, const char *pattern, const MdlAddress *address)
{
    MdlAddress wanted;
    bool any[MDL_MAX_FIELDS];
    if (!mdl_address_pattern(type, pattern, &wanted, any)) {
        return false;
    }
    for (size_t i = 0; i < type->n_fields; i++) {
        if (!any[i] && wanted.fields[i] != address->fields[i]) {
            return false;
        }
    }
    return true;
}
