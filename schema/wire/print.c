/* wire: JSON values to text. The counterpart of json.c and, like it, blind to what a value means.
 * jansson's printer would show a big integer as the string that holds it. */
#include "wire.h"

#include <string.h>

typedef struct Printer {
    GString *text;
    WireJsonStyle style;
    unsigned depth;
} Printer;

static void print_value(Printer *printer, const json_t *value);

static void print_characters(GString *text, const char *from, size_t length)
{
    static const char hex[] = "0123456789abcdef";
    const char *end = from + length;
    g_string_append_c(text, '"');
    for (const char *at = from;; at++) {
        if (at < end && *at != '"' && *at != '\\' && (unsigned char)*at >= 0x20) {
            continue;
        }
        g_string_append_len(text, from, at - from);
        if (at == end) {
            break;
        }
        from = at + 1;
        const char *letter = *at ? strchr("\"\"\\\\\nn\rr\tt\bb\ff", *at) : NULL;
        g_string_append_c(text, '\\');
        if (letter) {
            g_string_append_c(text, letter[1]);
        } else {
            g_string_append(text, "u00");
            g_string_append_c(text, hex[(unsigned char)*at >> 4]);
            g_string_append_c(text, hex[*at & 15]);
        }
    }
    g_string_append_c(text, '"');
}

static void print_real(GString *text, double number)
{
    static const char *const formats[] = {"%.15g", "%.16g", "%.17g"};
    char buffer[G_ASCII_DTOSTR_BUF_SIZE];
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        g_ascii_formatd(buffer, sizeof buffer, formats[i], number);
        if (g_ascii_strtod(buffer, NULL) == number) {
            break;
        }
    }
    g_string_append(text, buffer);
    if (!strpbrk(buffer, ".e")) {
        g_string_append(text, ".0"); /* else it would come back as an integer */
    }
}

static void new_line(Printer *printer)
{
    if (printer->style == WIRE_JSON_INDENTED) {
        g_string_append_printf(printer->text, "\n%*s", (int)(2 * printer->depth), "");
    }
}

static void separate(Printer *printer, bool first)
{
    if (!first) {
        g_string_append(printer->text, printer->style == WIRE_JSON_COMPACT ? ", " : ",");
    }
    new_line(printer);
}

static void print_array(Printer *printer, const json_t *array)
{
    g_string_append_c(printer->text, '[');
    printer->depth++;
    for (size_t i = 0; i < json_array_size(array); i++) {
        separate(printer, i == 0);
        print_value(printer, json_array_get(array, i));
    }
    printer->depth--;
    if (json_array_size(array) > 0) {
        new_line(printer);
    }
    g_string_append_c(printer->text, ']');
}

typedef struct Member {
    const char *key;
    size_t length;
    json_t *value;
} Member;

static int compare_members(const void *a, const void *b)
{
    const Member *one = a, *other = b;
    int order = memcmp(one->key, other->key, MIN(one->length, other->length));
    return order ? order : (one->length > other->length) - (one->length < other->length);
}

static void print_members(Printer *printer, json_t *object)
{
    size_t count = json_object_size(object), i = 0;
    g_autofree Member *members = g_new(Member, count);
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        members[i++] = (Member){json_object_iter_key(at), json_object_iter_key_len(at),
                                json_object_iter_value(at)};
    }
    if (printer->style == WIRE_JSON_CANONICAL && count > 1) {
        qsort(members, count, sizeof *members, compare_members);
    }
    for (i = 0; i < count; i++) {
        separate(printer, i == 0);
        print_characters(printer->text, members[i].key, members[i].length);
        g_string_append(printer->text, printer->style == WIRE_JSON_CANONICAL ? ":" : ": ");
        print_value(printer, members[i].value);
    }
}

static void print_object(Printer *printer, const json_t *object)
{
    g_string_append_c(printer->text, '{');
    printer->depth++;
    print_members(printer, (json_t *)object); /* jansson's iterator takes no const */
    printer->depth--;
    if (json_object_size(object) > 0) {
        new_line(printer);
    }
    g_string_append_c(printer->text, '}');
}

static void print_value(Printer *printer, const json_t *value)
{
    uint64_t big;
    switch (json_typeof(value)) {
    case JSON_OBJECT:
        print_object(printer, value);
        break;
    case JSON_ARRAY:
        print_array(printer, value);
        break;
    case JSON_STRING:
        if (wire_json_get_uint(value, &big)) {
            g_string_append_printf(printer->text, "%" G_GUINT64_FORMAT, big);
        } else {
            print_characters(printer->text, json_string_value(value), json_string_length(value));
        }
        break;
    case JSON_INTEGER:
        g_string_append_printf(printer->text, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        break;
    case JSON_REAL:
        print_real(printer->text, json_real_value(value));
        break;
    case JSON_TRUE:
        g_string_append(printer->text, "true");
        break;
    case JSON_FALSE:
        g_string_append(printer->text, "false");
        break;
    case JSON_NULL:
        g_string_append(printer->text, "null");
        break;
    }
}

char *wire_json_print(const json_t *value, WireJsonStyle style)
{
    Printer printer = {.text = g_string_new(NULL), .style = style};
    print_value(&printer, value);
    return g_string_free(printer.text, FALSE);
}
