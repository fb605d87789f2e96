/* Values to text in the three styles, and back again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "wire.h"

static json_t *parse(const char *text)
{
    return wire_json_parse(text, strlen(text), &wire_limits_request, NULL);
}

static void assert_prints(const char *text, WireJsonStyle style, const char *expected)
{
    json_auto_t *value = parse(text);
    g_autofree char *printed = wire_json_print(value, style);
    assert_string_equal(printed, expected);
    json_auto_t *again = parse(printed);
    assert_true(json_equal(value, again));
}

static void each_style_has_its_shape(void **state)
{
    (void)state;
    static const char text[] =
        "{\"b\":[1,{\"z\":[],\"y\":{}}],\"B\":\"x\",\"a\":18446744073709551615}";
    assert_prints(
        text, WIRE_JSON_COMPACT,
        "{\"b\": [1, {\"z\": [], \"y\": {}}], \"B\": \"x\", \"a\": 18446744073709551615}");
    assert_prints(text, WIRE_JSON_CANONICAL,
                  "{\"B\":\"x\",\"a\":18446744073709551615,\"b\":[1,{\"y\":{},\"z\":[]}]}");
    assert_prints(text, WIRE_JSON_INDENTED,
                  "{\n  \"b\": [\n    1,\n    {\n      \"z\": [],\n      \"y\": {}\n    }\n  ],\n"
                  "  \"B\": \"x\",\n  \"a\": 18446744073709551615\n}");
}

static void canonical_order_is_by_bytes(void **state)
{
    (void)state;
    assert_prints("{\"é\":1,\"ab\":2,\"a\":3,\"\":4,\"Z\":5,\"a-\":6}", WIRE_JSON_CANONICAL,
                  "{\"\":4,\"Z\":5,\"a\":3,\"a-\":6,\"ab\":2,\"é\":1}");
}

static void strings_are_escaped(void **state)
{
    (void)state;
    assert_prints("\"\\u0001\\u001f \\\"\\\\/\\b\\f\\n\\r\\t\\u007f é😀\"", WIRE_JSON_COMPACT,
                  "\"\\u0001\\u001f \\\"\\\\/\\b\\f\\n\\r\\t\x7f \\u00e9\\ud83d\\ude00\"");
    assert_prints("\"\\u0001 é\\uffff😀\"", WIRE_JSON_CANONICAL, "\"\\u0001 é\uffff😀\"");
    assert_prints("\"\\uffff\\ud800\\udc00\\udbff\\udfff'\"", WIRE_JSON_COMPACT,
                  "\"\\uffff\\ud800\\udc00\\udbff\\udfff'\"");
    assert_prints("{\"a\\nb\":1}", WIRE_JSON_COMPACT, "{\"a\\nb\": 1}");
}

static void reals_are_short_and_exact(void **state)
{
    (void)state;
    static const struct {
        double number;
        const char *text;
    } rows[] = {
        {0.1, "0.1"},
        {1, "1.0"},
        {-0.0, "-0.0"},
        {1e20, "1e+20"},
        {1.0 / 3, "0.3333333333333333"},
        {2.0 / 3, "0.6666666666666666"},
        {0.1 + 0.2, "0.30000000000000004"},
        {5e-324, "4.94065645841247e-324"},
        {1.7976931348623157e308, "1.7976931348623157e+308"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        json_auto_t *value = json_real(rows[i].number);
        g_autofree char *text = wire_json_print(value, WIRE_JSON_COMPACT);
        assert_string_equal(text, rows[i].text);
        json_auto_t *again = parse(text);
        assert_true(json_real_value(again) == rows[i].number);
    }
}

static void a_string_with_nul_stays_a_string(void **state)
{
    (void)state;
    json_auto_t *value = json_stringn_nocheck("\0"
                                              "12",
                                              3);
    g_autofree char *text = wire_json_print(value, WIRE_JSON_COMPACT);
    assert_string_equal(text, "\"\\u000012\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_style_has_its_shape),
        cmocka_unit_test(canonical_order_is_by_bytes),
        cmocka_unit_test(strings_are_escaped),
        cmocka_unit_test(reals_are_short_and_exact),
        cmocka_unit_test(a_string_with_nul_stays_a_string),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
