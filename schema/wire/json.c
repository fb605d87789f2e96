/* wire: JSON text to values (RFC 8259), and integers up to 2^64-1.
 *
 * The values are jansson's, the parser is ours: jansson's own refuses 18446744073709551615, which
 * QEMU sends, fixes its nesting limit when it is compiled, and says less about what is wrong. One
 * pass; every limit is checked before what it limits is built. It must not know what a document
 * means. */
#include "wire.h"

#include <math.h>
#include <string.h>

const WireLimits wire_limits_request = {1u << 20, 64, 1u << 16};
const WireLimits wire_limits_reply = {64u << 20, 128, 1u << 20};

/* ---- integers -------------------------------------------------------------------------------- */

json_t *wire_json_uint(uint64_t value)
{
    if (value <= INT64_MAX) {
        return json_integer((json_int_t)value);
    }
    char text[24] = "";
    int digits = g_snprintf(text + 1, sizeof text - 1, "%" G_GUINT64_FORMAT, value);
    return json_stringn_nocheck(text, 1 + (size_t)digits);
}

/* The inside form of a big integer. Exact, so that a string which only begins with NUL is none. */
static bool big_get(const json_t *value, uint64_t *ret_value)
{
    if (!json_is_string(value)) {
        return false;
    }
    const char *text = json_string_value(value);
    size_t length = json_string_length(value);
    if (length < 2 || text[0] != '\0' || text[1] < '1' || text[1] > '9') {
        return false;
    }
    uint64_t number = 0;
    for (size_t i = 1; i < length; i++) {
        unsigned digit = (unsigned)text[i] - '0';
        if (digit > 9 || __builtin_mul_overflow(number, 10, &number) ||
            __builtin_add_overflow(number, digit, &number)) {
            return false;
        }
    }
    if (number <= INT64_MAX) {
        return false;
    }
    *ret_value = number;
    return true;
}

bool wire_json_get_uint(const json_t *value, uint64_t *ret_value)
{
    if (json_is_integer(value) && json_integer_value(value) >= 0) {
        *ret_value = (uint64_t)json_integer_value(value);
        return true;
    }
    return big_get(value, ret_value);
}

bool wire_json_get_int(const json_t *value, int64_t *ret_value)
{
    if (!json_is_integer(value)) {
        return false;
    }
    *ret_value = json_integer_value(value);
    return true;
}

bool wire_json_is_string(const json_t *value)
{
    uint64_t number;
    return json_is_string(value) && !big_get(value, &number);
}

/* ---- the parser ------------------------------------------------------------------------------ */

typedef struct Parser {
    const char *text, *at, *end;
    const WireLimits *limits;
    unsigned depth;
    size_t values;
    GError **error;
} Parser;

/* The characters of a string: a part of the text, or owned where escapes had to be resolved. */
typedef struct Characters {
    const char *text;
    size_t length;
    GString *owned;
} Characters;

static json_t *parse_value(Parser *parser);

/* Always false, with the message after "line L column C: ". */
G_GNUC_PRINTF(5, 6)
static bool fail(Parser *parser, const char *at, WireErrorCode code, const char *reason,
                 const char *format, ...)
{
    size_t line = 1;
    const char *line_start = parser->text;
    for (const char *newline = parser->text;
         (newline = memchr(newline, '\n', (size_t)(at - newline))) != NULL;) {
        line_start = ++newline;
        line++;
    }
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_propagate_error(parser->error,
                      wire_error_new(code, reason, NULL, NULL,
                                     "line %" G_GSIZE_FORMAT " column %ld: %s", line,
                                     1 + g_utf8_strlen(line_start, at - line_start), message));
    return false;
}

/* Always false: what stands here is not what the grammar wants. */
static bool fail_expected(Parser *parser, const char *wanted)
{
    if (parser->at == parser->end) {
        return fail(parser, parser->at, WIRE_ERROR_MALFORMED, "Malformed",
                    "expected %s, found the end of the text", wanted);
    }
    gunichar found = g_utf8_get_char(parser->at);
    g_autofree char *shown =
        g_unichar_isprint(found)
            ? g_strdup_printf("'%.*s'", (int)(g_utf8_next_char(parser->at) - parser->at),
                              parser->at)
            : g_strdup_printf("U+%04X", found);
    return fail(parser, parser->at, WIRE_ERROR_MALFORMED, "Malformed", "expected %s, found %s",
                wanted, shown);
}

static void skip_space(Parser *parser)
{
    while (parser->at < parser->end && (*parser->at == ' ' || *parser->at == '\n' ||
                                        *parser->at == '\t' || *parser->at == '\r')) {
        parser->at++;
    }
}

static bool accept(Parser *parser, char wanted)
{
    skip_space(parser);
    if (parser->at == parser->end || *parser->at != wanted) {
        return false;
    }
    parser->at++;
    return true;
}

static bool parse_hex4(Parser *parser, gunichar *ret_unit)
{
    const char *start = parser->at;
    gunichar unit = 0;
    for (int i = 0; i < 4; i++, parser->at++) {
        if (parser->at == parser->end || !g_ascii_isxdigit(*parser->at)) {
            return fail(parser, start, WIRE_ERROR_MALFORMED, "Malformed",
                        "\\u needs four hexadecimal digits");
        }
        unit = unit << 4 | (gunichar)g_ascii_xdigit_value(*parser->at);
    }
    *ret_unit = unit;
    return true;
}

/* RFC 8259 section 7: characters beyond U+FFFF are escaped as a surrogate pair. */
static bool parse_unicode_escape(Parser *parser, GString *into)
{
    const char *start = parser->at;
    gunichar unit, low;
    if (!parse_hex4(parser, &unit)) {
        return false;
    }
    if (unit == 0) {
        return fail(parser, start, WIRE_ERROR_MALFORMED, "Malformed",
                    "\\u0000 is not allowed in a string");
    }
    if ((unit & 0xfc00) == 0xd800 && parser->end - parser->at >= 2 && parser->at[0] == '\\' &&
        parser->at[1] == 'u') {
        parser->at += 2;
        if (!parse_hex4(parser, &low)) {
            return false;
        }
        if ((low & 0xfc00) == 0xdc00) {
            unit = 0x10000 + ((unit & 0x3ff) << 10) + (low & 0x3ff);
        }
    }
    if ((unit & 0xfffff800) == 0xd800) {
        return fail(parser, start, WIRE_ERROR_MALFORMED, "Malformed",
                    "a surrogate without its other half");
    }
    g_string_append_unichar(into, unit);
    return true;
}

static bool parse_escape(Parser *parser, GString *into)
{
    static const char letters[] = "\"'\\/bfnrt", characters[] = "\"'\\/\b\f\n\r\t";
    parser->at++; /* the backslash */
    if (parser->at < parser->end && *parser->at == 'u') {
        parser->at++;
        return parse_unicode_escape(parser, into);
    }
    const char *letter =
        parser->at < parser->end && *parser->at ? strchr(letters, *parser->at) : NULL;
    if (!letter) {
        return fail_expected(parser, "one of \"'\\/bfnrtu after a backslash");
    }
    g_string_append_c(into, characters[letter - letters]);
    parser->at++;
    return true;
}

static const char *plain_end(const char *at, const char *end, char quote)
{
    while (at < end && *at != quote && *at != '\\' && (unsigned char)*at >= 0x20) {
        at++;
    }
    return at;
}

static void characters_clear(Characters *characters)
{
    if (characters->owned) {
        g_string_free(characters->owned, TRUE);
    }
}
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(Characters, characters_clear)

/* Reads a string from its opening quote; the text is known to be UTF-8. QMP's one extension of
 * JSON: a client may use single quotes, and write \' in both kinds of string. */
static bool parse_characters(Parser *parser, Characters *ret_characters)
{
    char quote = *parser->at++;
    const char *start = parser->at;
    parser->at = plain_end(start, parser->end, quote);
    if (parser->at < parser->end && *parser->at == quote) {
        *ret_characters = (Characters){.text = start, .length = (size_t)(parser->at++ - start)};
        return true;
    }
    g_auto(Characters) result = {.owned = g_string_new_len(start, parser->at - start)};
    while (parser->at < parser->end && *parser->at != quote) {
        if (*parser->at == '\\') {
            if (!parse_escape(parser, result.owned)) {
                return false;
            }
            continue;
        }
        if ((unsigned char)*parser->at < 0x20) {
            return fail(parser, parser->at, WIRE_ERROR_MALFORMED, "Malformed",
                        "control character U+%04X in a string, write it as an escape",
                        (unsigned char)*parser->at);
        }
        start = parser->at;
        parser->at = plain_end(start, parser->end, quote);
        g_string_append_len(result.owned, start, parser->at - start);
    }
    if (parser->at == parser->end) {
        return fail_expected(parser, "a quote at the end of a string");
    }
    parser->at++;
    result.text = result.owned->str;
    result.length = result.owned->len;
    *ret_characters = result;
    result.owned = NULL;
    return true;
}

static json_t *parse_string(Parser *parser)
{
    g_auto(Characters) characters = {0};
    if (!parse_characters(parser, &characters)) {
        return NULL;
    }
    return json_stringn_nocheck(characters.text, characters.length);
}

static bool skip_digits(Parser *parser)
{
    if (parser->at == parser->end || !g_ascii_isdigit(*parser->at)) {
        return fail_expected(parser, "a digit");
    }
    while (parser->at < parser->end && g_ascii_isdigit(*parser->at)) {
        parser->at++;
    }
    return true;
}

static json_t *parse_real(Parser *parser, const char *start)
{
    if (*parser->at == '.') {
        parser->at++;
        if (!skip_digits(parser)) {
            return NULL;
        }
    }
    if (parser->at < parser->end && (*parser->at | 0x20) == 'e') {
        parser->at++;
        if (parser->at < parser->end && (*parser->at == '+' || *parser->at == '-')) {
            parser->at++;
        }
        if (!skip_digits(parser)) {
            return NULL;
        }
    }
    g_autofree char *text = g_strndup(start, (gsize)(parser->at - start));
    double number = g_ascii_strtod(text, NULL);
    if (!isfinite(number)) {
        fail(parser, start, WIRE_ERROR_MALFORMED, "OutOfRange",
             "a number beyond the range of a double");
        return NULL;
    }
    return json_real(number);
}

static json_t *parse_number(Parser *parser)
{
    const char *start = parser->at;
    bool negative = *start == '-';
    parser->at += negative;
    const char *digits = parser->at;
    if (!skip_digits(parser)) {
        return NULL;
    }
    if (*digits == '0' && parser->at - digits > 1) {
        fail(parser, start, WIRE_ERROR_MALFORMED, "Malformed", "a number with a leading zero");
        return NULL;
    }
    if (parser->at < parser->end && (*parser->at == '.' || (*parser->at | 0x20) == 'e')) {
        return parse_real(parser, start);
    }
    uint64_t number = 0;
    bool beyond = false;
    for (const char *at = digits; at < parser->at; at++) {
        beyond = beyond || __builtin_mul_overflow(number, 10, &number) ||
                 __builtin_add_overflow(number, (unsigned)(*at - '0'), &number);
    }
    if (beyond || (negative && number > (uint64_t)INT64_MAX + 1)) {
        fail(parser, start, WIRE_ERROR_MALFORMED, "OutOfRange",
             "an integer outside -2^63 to 2^64-1");
        return NULL;
    }
    return negative ? json_integer((json_int_t)(0 - number)) : wire_json_uint(number);
}

/* One "key": value, into object. */
static bool parse_member(Parser *parser, json_t *object)
{
    skip_space(parser);
    if (parser->at == parser->end || (*parser->at != '"' && *parser->at != '\'')) {
        return fail_expected(parser, "a key in quotes");
    }
    const char *start = parser->at;
    g_auto(Characters) key = {0};
    if (!parse_characters(parser, &key)) {
        return false;
    }
    if (!accept(parser, ':')) {
        return fail_expected(parser, "':' after a key");
    }
    json_t *value = parse_value(parser);
    if (!value) {
        return false;
    }
    size_t members = json_object_size(object);
    json_object_setn_new_nocheck(object, key.text, key.length, value);
    if (json_object_size(object) == members) {
        return fail(parser, start, WIRE_ERROR_MALFORMED, "DuplicateKey",
                    "the object has the key '%.*s' already", (int)MIN(key.length, 64), key.text);
    }
    return true;
}

static json_t *parse_object(Parser *parser)
{
    json_auto_t *object = json_object();
    parser->at++;
    if (accept(parser, '}')) {
        return g_steal_pointer(&object);
    }
    do {
        if (!parse_member(parser, object)) {
            return NULL;
        }
    } while (accept(parser, ','));
    if (!accept(parser, '}')) {
        fail_expected(parser, "',' or '}'");
        return NULL;
    }
    return g_steal_pointer(&object);
}

static json_t *parse_array(Parser *parser)
{
    json_auto_t *array = json_array();
    parser->at++;
    if (accept(parser, ']')) {
        return g_steal_pointer(&array);
    }
    do {
        json_t *element = parse_value(parser);
        if (!element) {
            return NULL;
        }
        json_array_append_new(array, element);
    } while (accept(parser, ','));
    if (!accept(parser, ']')) {
        fail_expected(parser, "',' or ']'");
        return NULL;
    }
    return g_steal_pointer(&array);
}

static json_t *parse_nested(Parser *parser, json_t *(*parse)(Parser *))
{
    if (parser->depth == parser->limits->max_depth) {
        fail(parser, parser->at, WIRE_ERROR_TOO_BIG, "TooBig", "nested deeper than %u levels",
             parser->limits->max_depth);
        return NULL;
    }
    parser->depth++;
    json_t *value = parse(parser);
    parser->depth--;
    return value;
}

static bool accept_word(Parser *parser, const char *word)
{
    size_t length = strlen(word);
    if ((size_t)(parser->end - parser->at) < length || memcmp(parser->at, word, length) != 0) {
        return false;
    }
    parser->at += length;
    return true;
}

static json_t *parse_value(Parser *parser)
{
    skip_space(parser);
    if (parser->limits->max_values && ++parser->values > parser->limits->max_values) {
        fail(parser, parser->at, WIRE_ERROR_TOO_BIG, "TooBig",
             "more than %" G_GSIZE_FORMAT " values", parser->limits->max_values);
        return NULL;
    }
    char first = parser->at < parser->end ? *parser->at : '\0';
    if (first == '{') {
        return parse_nested(parser, parse_object);
    }
    if (first == '[') {
        return parse_nested(parser, parse_array);
    }
    if (first == '"' || first == '\'') {
        return parse_string(parser);
    }
    if (first == '-' || g_ascii_isdigit(first)) {
        return parse_number(parser);
    }
    if (accept_word(parser, "true")) {
        return json_true();
    }
    if (accept_word(parser, "false")) {
        return json_false();
    }
    if (accept_word(parser, "null")) {
        return json_null();
    }
    fail_expected(parser, "a value");
    return NULL;
}

json_t *wire_json_parse(const char *text, size_t length, const WireLimits *limits, GError **error)
{
    if (length > limits->max_bytes) {
        g_propagate_error(error, wire_error_new(WIRE_ERROR_TOO_BIG, "TooBig", NULL, NULL,
                                                "more than %" G_GSIZE_FORMAT " bytes of JSON",
                                                limits->max_bytes));
        return NULL;
    }
    Parser parser = {
        .text = text, .at = text, .end = text + length, .limits = limits, .error = error};
    const char *valid_end;
    if (!g_utf8_validate_len(text, length, &valid_end)) {
        fail(&parser, valid_end, WIRE_ERROR_MALFORMED, "Malformed", "byte 0x%02x is not UTF-8 text",
             (unsigned char)*valid_end);
        return NULL;
    }
    json_auto_t *value = parse_value(&parser);
    if (!value) {
        return NULL;
    }
    skip_space(&parser);
    if (parser.at < parser.end) {
        fail_expected(&parser, "nothing after the document");
        return NULL;
    }
    return g_steal_pointer(&value);
}
