/* address: the text form of a place on a bus, both ways, as the bus type declares it. */
#include "model.h"

#include <stdio.h>

#include <string.h>

char *mdl_address_print(const MdlBusType *type, const MdlAddress *address)
{
    GString *text = g_string_new(type->n_fields ? type->prefix : "");
    for (size_t i = 0; i < type->n_fields; i++) {
        const MdlField *field = &type->fields[i];
        if (i) {
            g_string_append(text, type->separator);
        }
        const char *format =
            field->radix == MDL_RADIX_HEX ? "%0*" G_GINT64_MODIFIER "x" : "%0*" G_GUINT64_FORMAT;
        char digits[32];
        snprintf(digits, sizeof(digits), format, (int)field->digits, address->fields[i]);
        g_string_append(text, digits);
    }
    return g_string_free(text, FALSE);
}

/* One field's digits at *at. */
static bool parse_field(const MdlField *field, const char **at, uint64_t *ret_value, char **ret_why)
{
    char *end;
    int base = field->radix;
    int first = g_ascii_xdigit_value(**at);
    if (first < 0 || first >= base) {
        *ret_why = g_strdup_printf("%s must be written in %s digits", field->name,
                                   base == 16 ? "hexadecimal" : "decimal");
        return false;
    }
    uint64_t value = g_ascii_strtoull(*at, &end, (guint)base);
    *at = end;
    *ret_value = value;
    return true;
}

bool mdl_address_parse(const MdlBusType *type, const char *text, MdlAddress *ret_address,
                       char **ret_why)
{
    MdlAddress address = {{0}};
    const char *at = text;
    if (*type->prefix && g_str_has_prefix(at, type->prefix)) {
        at += strlen(type->prefix);
    }
    for (size_t i = 0; i < type->n_fields; i++) {
        if (i) {
            size_t n = strlen(type->separator);
            if (*at == '\0') { /* what is left out at the end is the smallest value */
                address.fields[i] = type->fields[i].minimum;
                continue;
            }
            if (strncmp(at, type->separator, n) != 0) {
                *ret_why = g_strdup_printf("\"%s\" must stand before %s", type->separator,
                                           type->fields[i].name);
                return false;
            }
            at += n;
        }
        if (!parse_field(&type->fields[i], &at, &address.fields[i], ret_why)) {
            return false;
        }
    }
    if (*at) {
        *ret_why = g_strdup_printf("\"%s\" is left over at the end", at);
        return false;
    }
    *ret_address = address;
    return true;
}
