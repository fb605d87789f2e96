/* JSON text to values: what is taken, what is refused and in which words, and the big integers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "wire.h"

static const WireLimits small = {.max_bytes = 1000, .max_depth = 4, .max_values = 20};

static json_t *parse(const char *text)
{
    GError *error = NULL;
    json_t *value = wire_json_parse(text, strlen(text), &wire_limits_request, &error);
    if (!value) {
        fail_msg("%s: %s", text, error->message);
    }
    return value;
}

static void documents_are_taken(void **state)
{
    (void)state;
    static const struct {
        const char *text, *canonical;
    } rows[] = {
        {"{}", "{}"},
        {" [ ] ", "[]"},
        {"\t\r\n null\n", "null"},
        {"true", "true"},
        {"false", "false"},
        {"\"\"", "\"\""},
        {"{'a': 'b\"c', \"d\": \"e'f\"}", "{\"a\":\"b\\\"c\",\"d\":\"e'f\"}"},
        {"['', '\\'\\\"', \"\\'\\\"\"]", "[\"\",\"'\\\"\",\"'\\\"\"]"},
        {"{\"b\": 1, \"a\": [1, {\"x\": null}]}", "{\"a\":[1,{\"x\":null}],\"b\":1}"},
        {"{\"\": 1}", "{\"\":1}"},
        {"\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\\"\\\\/\\b\\f\\n\\r\\t\""},
        {"\"a\\u0041b\"", "\"aAb\""},
        {"\"\\u00e9\\u20AC\\ud83d\\ude00\"", "\"é€😀\""},
        {"{\"\\u0061\": 1, \"é\": 2}", "{\"a\":1,\"é\":2}"},
        {"\"\\u0001\x7f\"", "\"\\u0001\x7f\""},
        {"\"{[,:]}\"", "\"{[,:]}\""},
        {"0", "0"},
        {"-0", "0"},
        {"1.5", "1.5"},
        {"0.1", "0.1"},
        {"1e5", "100000.0"},
        {"1E+2", "100.0"},
        {"-1.25e-3", "-0.00125"},
        {"1e308", "1e+308"},
        {"1e-400", "0.0"},
        {"[9223372036854775807,9223372036854775808]", "[9223372036854775807,9223372036854775808]"},
        {"-9223372036854775808", "-9223372036854775808"},
        {"18446744073709551615", "18446744073709551615"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        json_auto_t *value = parse(rows[i].text);
        g_autofree char *printed = wire_json_print(value, WIRE_JSON_CANONICAL);
        assert_string_equal(printed, rows[i].canonical);
    }
}

typedef struct Refusal {
    const char *text, *reason, *message;
} Refusal;

static void assert_refused(const Refusal *row, size_t length, const WireLimits *limits)
{
    g_autoptr(GError) error = NULL;
    json_t *value = wire_json_parse(row->text, length, limits, &error);
    if (value) {
        fail_msg("taken: %s", row->text);
    }
    assert_non_null(error);
    assert_string_equal(error->message, row->message);
    assert_string_equal(wire_error_reason(error), row->reason);
    bool too_big = g_str_equal(row->reason, "TooBig");
    assert_int_equal(error->code, too_big ? WIRE_ERROR_TOO_BIG : WIRE_ERROR_MALFORMED);
}

static void text_that_is_not_json_is_refused(void **state)
{
    (void)state;
    static const Refusal rows[] = {
        {"", "Malformed", "line 1 column 1: expected a value, found the end of the text"},
        {" \n ", "Malformed", "line 2 column 2: expected a value, found the end of the text"},
        {"{", "Malformed", "line 1 column 2: expected a key in quotes, found the end of the text"},
        {"[1", "Malformed", "line 1 column 3: expected ',' or ']', found the end of the text"},
        {"[1,]", "Malformed", "line 1 column 4: expected a value, found ']'"},
        {"{\"a\":1,}", "Malformed", "line 1 column 8: expected a key in quotes, found '}'"},
        {"{\"a\" 1}", "Malformed", "line 1 column 6: expected ':' after a key, found '1'"},
        {"{\"a\":1]", "Malformed", "line 1 column 7: expected ',' or '}', found ']'"},
        {"{a:1}", "Malformed", "line 1 column 2: expected a key in quotes, found 'a'"},
        {"{1:1}", "Malformed", "line 1 column 2: expected a key in quotes, found '1'"},
        {"{18446744073709551615:1}", "Malformed",
         "line 1 column 2: expected a key in quotes, found '1'"},
        {"'a\"", "Malformed",
         "line 1 column 4: expected a quote at the end of a string, found the end of the text"},
        {"tru", "Malformed", "line 1 column 1: expected a value, found 't'"},
        {"truex", "Malformed", "line 1 column 5: expected nothing after the document, found 'x'"},
        {"NaN", "Malformed", "line 1 column 1: expected a value, found 'N'"},
        {"{} {}", "Malformed", "line 1 column 4: expected nothing after the document, found '{'"},
        {"[\n \"é\", é]", "Malformed", "line 2 column 7: expected a value, found 'é'"},
        {"\x01", "Malformed", "line 1 column 1: expected a value, found U+0001"},
        {"\xef\xbb\xbf{}", "Malformed", "line 1 column 1: expected a value, found U+FEFF"},
        {"-", "Malformed", "line 1 column 2: expected a digit, found the end of the text"},
        {"+1", "Malformed", "line 1 column 1: expected a value, found '+'"},
        {"01", "Malformed", "line 1 column 1: a number with a leading zero"},
        {"-012", "Malformed", "line 1 column 1: a number with a leading zero"},
        {"1.", "Malformed", "line 1 column 3: expected a digit, found the end of the text"},
        {".5", "Malformed", "line 1 column 1: expected a value, found '.'"},
        {"1e", "Malformed", "line 1 column 3: expected a digit, found the end of the text"},
        {"1e+x", "Malformed", "line 1 column 4: expected a digit, found 'x'"},
        {"\"abc", "Malformed",
         "line 1 column 5: expected a quote at the end of a string, found the end of the text"},
        {"\"\\", "Malformed",
         "line 1 column 3: expected one of \"'\\/bfnrtu after a backslash, found the end of the "
         "text"},
        {"\"\\x\"", "Malformed",
         "line 1 column 3: expected one of \"'\\/bfnrtu after a backslash, found 'x'"},
        {"\"a\nb\"", "Malformed",
         "line 1 column 3: control character U+000A in a string, write it as an escape"},
        {"\"\\u12\"", "Malformed", "line 1 column 4: \\u needs four hexadecimal digits"},
        {"\"\\u", "Malformed", "line 1 column 4: \\u needs four hexadecimal digits"},
        {"\"\\u0000\"", "Malformed", "line 1 column 4: \\u0000 is not allowed in a string"},
        {"{\"\\u0000\":1}", "Malformed", "line 1 column 5: \\u0000 is not allowed in a string"},
        {"\"\\ud800\"", "Malformed", "line 1 column 4: a surrogate without its other half"},
        {"\"\\udc00\"", "Malformed", "line 1 column 4: a surrogate without its other half"},
        {"\"\\ud800\\u0041\"", "Malformed", "line 1 column 4: a surrogate without its other half"},
        {"\"\\ud800\\ud800\"", "Malformed", "line 1 column 4: a surrogate without its other half"},
        {"\"\\ud800\\uzzzz\"", "Malformed", "line 1 column 10: \\u needs four hexadecimal digits"},
        {"\"\xff\"", "Malformed", "line 1 column 2: byte 0xff is not UTF-8 text"},
        {"\"\xc3", "Malformed", "line 1 column 2: byte 0xc3 is not UTF-8 text"},
        {"\"\xed\xa0\x80\"", "Malformed", "line 1 column 2: byte 0xed is not UTF-8 text"},
        {"\"\xc0\x80\"", "Malformed", "line 1 column 2: byte 0xc0 is not UTF-8 text"},
        {"{\"a\":1,\n\"a\":1}", "DuplicateKey",
         "line 2 column 1: the object has the key 'a' already"},
        {"{\"a\":1,\"\\u0061\":1}", "DuplicateKey",
         "line 1 column 8: the object has the key 'a' already"},
        {"[{\"execute\":{\"x\":1,\"y\":2,\"x\":3}}]", "DuplicateKey",
         "line 1 column 26: the object has the key 'x' already"},
        {"18446744073709551616", "OutOfRange",
         "line 1 column 1: an integer outside -2^63 to 2^64-1"},
        {"[1, -9223372036854775809]", "OutOfRange",
         "line 1 column 5: an integer outside -2^63 to 2^64-1"},
        {"-18446744073709551615", "OutOfRange",
         "line 1 column 1: an integer outside -2^63 to 2^64-1"},
        {"99999999999999999999999999999999999999999", "OutOfRange",
         "line 1 column 1: an integer outside -2^63 to 2^64-1"},
        {"1e400", "OutOfRange", "line 1 column 1: a number beyond the range of a double"},
        {"-1e400", "OutOfRange", "line 1 column 1: a number beyond the range of a double"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        assert_refused(&rows[i], strlen(rows[i].text), &wire_limits_request);
    }
}

/* What follows the given length is no part of the document. */
static void the_text_ends_at_its_length(void **state)
{
    (void)state;
    static const char text[] = "[12]34";
    json_auto_t *value = wire_json_parse(text, 4, &wire_limits_request, NULL);
    assert_int_equal(json_integer_value(json_array_get(value, 0)), 12);
    json_auto_t *number = wire_json_parse(text + 4, 1, &wire_limits_request, NULL);
    assert_int_equal(json_integer_value(number), 3);
    const Refusal with_nul = {"[1,\0 2]", "Malformed",
                              "line 1 column 4: byte 0x00 is not UTF-8 text"};
    assert_refused(&with_nul, 7, &wire_limits_request);
    const Refusal cut = {"\"\xc3\xa9\"", "Malformed",
                         "line 1 column 2: byte 0xc3 is not UTF-8 text"};
    assert_refused(&cut, 2, &wire_limits_request);
}

static void limits_hold(void **state)
{
    (void)state;
    static const Refusal rows[] = {
        {"[[[[[1]]]]]", "TooBig", "line 1 column 5: nested deeper than 4 levels"},
        {"{\"a\":[{\"a\":[{", "TooBig", "line 1 column 13: nested deeper than 4 levels"},
        {"[1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20]", "TooBig",
         "line 1 column 50: more than 20 values"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        assert_refused(&rows[i], strlen(rows[i].text), &small);
    }
    json_auto_t *deepest = wire_json_parse("[[[[1]],[[1]]]]", 15, &small, NULL);
    assert_non_null(deepest);

    g_autofree char *blanks = g_strnfill(1001, ' ');
    blanks[0] = '1';
    json_auto_t *longest = wire_json_parse(blanks, 1000, &small, NULL);
    assert_non_null(longest);
    const Refusal too_long = {blanks, "TooBig", "more than 1000 bytes of JSON"};
    assert_refused(&too_long, 1001, &small);
}

/* A hundred thousand brackets cost an error, not the stack. */
static void a_nesting_bomb_is_an_error(void **state)
{
    (void)state;
    for (const char *bracket = "[{"; *bracket; bracket++) {
        g_autofree char *bomb = g_strnfill(100000, *bracket);
        g_autoptr(GError) error = NULL;
        assert_null(wire_json_parse(bomb, 100000, &wire_limits_reply, &error));
        assert_non_null(error);
    }
}

/* An error does not show a megabyte of what it is about, nor half a character. */
static void a_long_key_is_cut_in_the_message(void **state)
{
    (void)state;
    g_autofree char *key = g_strnfill(5000, 'k');
    g_autofree char *text = g_strdup_printf("{\"%s\":1,\"%s\":2}", key, key);
    g_autoptr(GError) error = NULL;
    assert_null(wire_json_parse(text, strlen(text), &wire_limits_request, &error));
    assert_true(strlen(error->message) < 200);
}

static void unsigned_integers_go_through(void **state)
{
    (void)state;
    static const uint64_t numbers[] = {
        0, 1, INT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX - 1, UINT64_MAX};
    for (size_t i = 0; i < G_N_ELEMENTS(numbers); i++) {
        json_auto_t *value = wire_json_uint(numbers[i]);
        uint64_t number = 7;
        int64_t whole;
        assert_true(wire_json_get_uint(value, &number));
        assert_true(number == numbers[i]);
        assert_int_equal(wire_json_get_int(value, &whole), numbers[i] <= INT64_MAX);
        assert_false(wire_json_is_string(value));

        g_autofree char *text = wire_json_print(value, WIRE_JSON_COMPACT);
        g_autofree char *decimal = g_strdup_printf("%" G_GUINT64_FORMAT, numbers[i]);
        assert_string_equal(text, decimal);
        json_auto_t *again = parse(text);
        json_auto_t *copy = json_deep_copy(value);
        assert_true(json_equal(again, value));
        assert_true(json_equal(copy, value));
    }
}

static void other_values_are_no_unsigned_integers(void **state)
{
    (void)state;
    static const char *const texts[] = {"-1",   "1.0", "1e3", "\"1\"", "null",
                                        "true", "[]",  "{}",  "\"\""};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        json_auto_t *value = parse(texts[i]);
        uint64_t number = 7;
        assert_false(wire_json_get_uint(value, &number));
        assert_int_equal(number, 7);
    }
    int64_t whole;
    json_auto_t *least = parse("-9223372036854775808");
    assert_true(wire_json_get_int(least, &whole));
    assert_true(whole == INT64_MIN);
    json_auto_t *real = parse("1.0");
    assert_false(wire_json_get_int(real, &whole));
    assert_false(wire_json_get_int(NULL, &whole));
    uint64_t number;
    assert_false(wire_json_get_uint(NULL, &number));
    assert_false(wire_json_is_string(NULL));
}

/* Nothing that can be written in JSON becomes the inside form of a big integer. */
static void the_inside_form_cannot_be_forged(void **state)
{
    (void)state;
    static const char *const strings[] = {
        "\"18446744073709551615\"",
        "\"\\\\u000018446744073709551615\"",
        "\"\\\\0\\u003018446744073709551615\"",
        "\"\\u000118446744073709551615\"",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(strings); i++) {
        json_auto_t *value = parse(strings[i]);
        uint64_t number;
        assert_true(wire_json_is_string(value));
        assert_false(wire_json_get_uint(value, &number));
        g_autofree char *text = wire_json_print(value, WIRE_JSON_COMPACT);
        json_auto_t *again = parse(text);
        assert_true(json_equal(value, again));
    }
    static const Refusal forged[] = {
        {"\"\\u000018446744073709551615\"", "Malformed",
         "line 1 column 4: \\u0000 is not allowed in a string"},
        {"\"\xc0\x80"
         "18446744073709551615\"",
         "Malformed", "line 1 column 2: byte 0xc0 is not UTF-8 text"},
        {"{\"\\u000018446744073709551615\":1}", "Malformed",
         "line 1 column 5: \\u0000 is not allowed in a string"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(forged); i++) {
        assert_refused(&forged[i], strlen(forged[i].text), &wire_limits_request);
    }
    /* Nor does a program's own string with a NUL in front, unless it is the exact form. */
    static const struct {
        const char *bytes;
        size_t length;
    } near[] = {{"\0", 1},
                {"\0"
                 "1",
                 2},
                {"\0"
                 "9223372036854775807",
                 20},
                {"\0"
                 "018446744073709551615",
                 22},
                {"\0"
                 "18446744073709551616",
                 21},
                {"\0"
                 "1844674407370955161x",
                 21},
                {"\0"
                 "-9223372036854775808",
                 21},
                {"\0"
                 "18446744073709551615\0",
                 22}};
    for (size_t i = 0; i < G_N_ELEMENTS(near); i++) {
        json_auto_t *value = json_stringn_nocheck(near[i].bytes, near[i].length);
        uint64_t number;
        assert_false(wire_json_get_uint(value, &number));
        assert_true(wire_json_is_string(value));
    }
}

/* A reply of the size and kind that QEMU sends, with its largest default. */
static void a_large_reply_goes_through(void **state)
{
    (void)state;
    GString *text = g_string_new("{\"return\": [");
    for (int i = 0; i < 20000; i++) {
        g_string_append_printf(
            text, "%s{\"name\": \"property-%d\", \"default-value\": 18446744073709551615}",
            i ? ", " : "", i);
    }
    g_string_append(text, "]}");
    g_autoptr(GError) error = NULL;
    json_auto_t *value = wire_json_parse(text->str, text->len, &wire_limits_reply, &error);
    assert_null(error);
    g_autofree char *printed = wire_json_print(value, WIRE_JSON_COMPACT);
    assert_string_equal(printed, text->str);
    g_string_free(text, TRUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(documents_are_taken),
        cmocka_unit_test(text_that_is_not_json_is_refused),
        cmocka_unit_test(the_text_ends_at_its_length),
        cmocka_unit_test(limits_hold),
        cmocka_unit_test(a_nesting_bomb_is_an_error),
        cmocka_unit_test(a_long_key_is_cut_in_the_message),
        cmocka_unit_test(unsigned_integers_go_through),
        cmocka_unit_test(other_values_are_no_unsigned_integers),
        cmocka_unit_test(the_inside_form_cannot_be_forged),
        cmocka_unit_test(a_large_reply_goes_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
