/* Values: each kind to text and back, and what is refused. */
#include "value.h"

#include "testing.h"

#include "wire.h"

static const char *const words[] = {"none", "aplic", "aplic-imsic", NULL};

static MdlProperty property_of(MdlKind kind)
{
    return (MdlProperty){.name = "p", .kind = kind, .maximum = UINT64_MAX, .values = words};
}

static void test_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t number;
    } good[] = {
        {"0", 0},
        {"007", 7},
        {"0x0", 0},
        {"0xFf", 255},
        {"18446744073709551615", UINT64_MAX},
        {"0xffffffffffffffff", UINT64_MAX},
        {"1K", 1024},
        {"3m", 3ULL << 20},
        {"0T", 0},
        {"16777215T", 16777215ULL << 40},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(good); i++) {
        uint64_t number = 99;
        assert_true(mdl_number_parse(good[i].text, &number));
        assert_int_equal(number, good[i].number);
    }
    const char *const bad[] = {"",
                               " 1",
                               "1 ",
                               "-1",
                               "+1",
                               "K",
                               "1KB",
                               "1P",
                               "1.5K",
                               "0x",
                               "0xg",
                               "0x1K",
                               "1e3",
                               "1_0",
                               "ten",
                               "1,",
                               "16777216T",
                               "18446744073709551616",
                               "0x10000000000000000"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        uint64_t number = 99;
        assert_false(mdl_number_parse(bad[i], &number));
        assert_int_equal(number, 99);
    }
}

static void test_switches(void **state)
{
    (void)state;
    const char *const yes[] = {"on", "yes", "true"}, *const no[] = {"off", "no", "false"};
    for (size_t i = 0; i < G_N_ELEMENTS(yes); i++) {
        bool value = false;
        assert_true(mdl_bool_parse(yes[i], &value));
        assert_true(value);
        assert_true(mdl_bool_parse(no[i], &value));
        assert_false(value);
    }
    const char *const bad[] = {"", "On", "1", "0", "y", "on "};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        bool value;
        assert_false(mdl_bool_parse(bad[i], &value));
    }
}

static void expect_read(const MdlProperty *property, const char *text, const char *printed)
{
    MdlValue value;
    g_autofree char *why = NULL;
    assert_true(mdl_value_parse(property, text, &value, &why));
    assert_int_equal(value.kind, property->kind);
    g_autofree char *got = mdl_value_print(&value);
    assert_string_equal(got, printed);
    MdlValue again; /* what is printed is read as the same */
    assert_true(mdl_value_parse(property, got, &again, &why));
    assert_int_equal(again.number, value.number);
    assert_true(g_strcmp0(again.text, value.text) == 0);
}

static void expect_refusal(const MdlProperty *property, const char *text, const char *expected)
{
    MdlValue value = {.number = 99};
    g_autofree char *why = NULL;
    assert_false(mdl_value_parse(property, text, &value, &why));
    assert_string_equal(why, expected);
    assert_int_equal(value.number, 99);
}

static void test_each_kind(void **state)
{
    (void)state;
    MdlProperty boolean = property_of(MDL_BOOL), number = property_of(MDL_UINT);
    MdlProperty size = property_of(MDL_SIZE), word = property_of(MDL_ENUM);
    MdlProperty text = property_of(MDL_STR);
    expect_read(&boolean, "yes", "on");
    expect_read(&boolean, "false", "off");
    expect_read(&number, "0x10", "16");
    expect_read(&number, "4K", "4096");
    expect_read(&size, "4096", "4K");
    expect_read(&size, "1536M", "1536M");
    expect_read(&size, "1024G", "1T");
    expect_read(&size, "1025", "1025");
    expect_read(&size, "0", "0");
    expect_read(&size, "18446744073709551615", "18446744073709551615");
    expect_read(&word, "aplic", "aplic");
    expect_read(&text, "any text, even = this", "any text, even = this");
    expect_read(&text, "", "");

    expect_refusal(&boolean, "maybe", "is \"maybe\", must be on or off");
    expect_refusal(&number, "many", "is \"many\", must be a number");
    expect_refusal(&size, "1Q", "is \"1Q\", must be a number");
    expect_refusal(&text, "a\nirq = plic:1", "must be UTF-8 text without control characters");
    expect_refusal(&text, "\xff", "must be UTF-8 text without control characters");
    expect_refusal(&word, "apli", "is \"apli\", must be one of none, aplic, aplic-imsic");
}

static void test_ranges(void **state)
{
    (void)state;
    MdlProperty number = property_of(MDL_UINT), size = property_of(MDL_SIZE);
    number.minimum = 1;
    number.maximum = 8;
    size.minimum = 1 << 20;
    size.maximum = 1ULL << 40;
    expect_read(&number, "1", "1");
    expect_read(&number, "8", "8");
    expect_refusal(&number, "0", "must be from 1 to 8");
    expect_refusal(&number, "9", "must be from 1 to 8");
    expect_read(&size, "1024K", "1M");
    expect_refusal(&size, "1023K", "must be from 1M to 1T");
}

static void test_as_json(void **state)
{
    (void)state;
    static const struct {
        MdlValue value;
        const char *json;
    } cases[] = {
        {{MDL_BOOL, 1, NULL}, "true"},    {{MDL_UINT, UINT64_MAX, NULL}, "18446744073709551615"},
        {{MDL_SIZE, 4096, NULL}, "4096"}, {{MDL_ENUM, 0, "aplic"}, "\"aplic\""},
        {{MDL_STR, 0, NULL}, "null"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        json_t *json = mdl_value_json(&cases[i].value);
        g_autofree char *text = wire_json_print(json, WIRE_JSON_COMPACT);
        assert_string_equal(text, cases[i].json);
        json_decref(json);
    }
}

static void test_kinds(void **state)
{
    (void)state;
    for (MdlKind kind = MDL_BOOL; kind <= MDL_STR; kind++) {
        MdlKind again;
        assert_true(mdl_kind_parse(mdl_kind_name(kind), &again));
        assert_int_equal(again, kind);
    }
    MdlKind kind;
    assert_false(mdl_kind_parse("int", &kind));
    assert_false(mdl_kind_parse("", &kind));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),   cmocka_unit_test(test_switches),
        cmocka_unit_test(test_each_kind), cmocka_unit_test(test_ranges),
        cmocka_unit_test(test_as_json),   cmocka_unit_test(test_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
