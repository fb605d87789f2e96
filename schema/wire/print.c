/* wire: JSON values to text. The counterpart of json.c and, like it, blind to what a value means.
 * jansson's printer would show a big integer as the string that holds it. Strings are UTF-8: the
 * parser and jansson's constructors have checked them. */
#include "wire.h"

#include <string.h>

typedef struct Printer {
    GString *text;
    WireJsonStyle style;
    unsigned depth;
} Printer;

static void print_value(Printer *printer, const json_t *value);

/* One character as an escape; beyond U+FFFF as a surrogate pair (RFC 8259 section 7). */
static void print_escape(GString *text, gunichar character)
{
    static const char letters[128] = {['"'] = '"',  ['\\'] = '\\', ['\n'] = 'n', ['\r'] = 'r',
                                      ['\t'] = 't', ['\b'] = 'b',  ['\f'] = 'f'};
    if (character < 128 && letters[character]) {
        g_string_append_c(text, '\\');
        g_string_append_c(text, letters[character]);
    } else if (character > 0xffff) {
        character -= 0x10000;
        g_string_append_printf(text, "\\u%04x\\u%04x", 0xd800 | character >> 10,
                               0xdc00 | (character & 0x3ff));
    } else {
        g_string_append_printf(text, "\\u%04x", character);
    }
}

static bool is_plain(char byte, bool ascii)
{
    return byte != '"' && byte != '\\' && (unsigned char)byte >= 0x20 && !(ascii && byte & 0x80);
}

static void print_characters(Printer *printer, const char *at, size_t length)
{
    GString *text = printer->text;
    bool ascii = printer->style == WIRE_JSON_COMPACT;
    const char *end = at + length;
    g_string_append_c(text, '"');
    while (at < end) {
        const char *from = at;
        while (at < end && is_plain(*at, ascii)) {
            at++;
        }
        g_string_append_len(text, from, at - from);
        if (at < end) {
            print_escape(text, g_utf8_get_char(at));
            at = g_utf8_next_char(at);
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
        g_string_append_c(printer->text, '\n');
        for (unsigned i = 0; i < printer->depth; i++) {
            g_string_append_len(printer->text, "  ", 2);
        }
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
        print_characters(printer, members[i].key, members[i].length);
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
            print_characters(printer, json_string_value(value), json_string_length(value));
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
