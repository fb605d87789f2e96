/* Addresses: text to fields and back as the bus type says, and patterns of reserved ones. */
#include "testing.h"

static const char *const none[] = {NULL};
static const MdlField pci_fields[] = {
    {.name = "slot", .radix = MDL_RADIX_HEX, .digits = 2, .maximum = 31},
    {.name = "function", .radix = MDL_RADIX_HEX, .digits = 1, .minimum = 0, .maximum = 7},
};
static const MdlBusType pci = {.name = "pci",
                               .separator = ".",
                               .prefix = "",
                               .fields = pci_fields,
                               .n_fields = 2,
                               .accepts = none,
                               .reaches = none};
static const MdlField wide_fields[] = {
    {.name = "base", .radix = MDL_RADIX_HEX, .digits = 1, .maximum = UINT64_MAX},
    {.name = "unit", .radix = MDL_RADIX_DECIMAL, .digits = 1, .minimum = 1, .maximum = UINT64_MAX},
};
static const MdlBusType wide = {
    .name = "wide", .separator = "::", .prefix = "0x", .fields = wide_fields, .n_fields = 2};
static const MdlBusType single = {.name = "single", .separator = "", .prefix = ""};

static void expect_address(const MdlBusType *type, const char *text, uint64_t first,
                           uint64_t second, const char *printed)
{
    MdlAddress address;
    g_autofree char *why = NULL;
    assert_true(mdl_address_parse(type, text, &address, &why));
    assert_int_equal(address.fields[0], first);
    assert_int_equal(address.fields[1], second);
    g_autofree char *got = mdl_address_print(type, &address);
    assert_string_equal(got, printed);
}

static void expect_refusal(const MdlBusType *type, const char *text, const char *expected)
{
    MdlAddress address;
    g_autofree char *why = NULL;
    assert_false(mdl_address_parse(type, text, &address, &why));
    assert_string_equal(why, expected);
}

static void test_forms(void **state)
{
    (void)state;
    expect_address(&pci, "1f.2", 31, 2, "1f.2");
    expect_address(&pci, "1F.2", 31, 2, "1f.2");
    expect_address(&pci, "2", 2, 0, "02.0");
    expect_address(&pci, "0x1.0x2", 1, 2, "01.2");
    expect_address(&pci, "002.0", 2, 0, "02.0");
    expect_address(&pci, "20.8", 32, 8, "20.8"); /* ranges are the caller's */
    expect_address(&wide, "0xffffffffffffffff::18446744073709551615", UINT64_MAX, UINT64_MAX,
                   "0xffffffffffffffff::18446744073709551615");
    expect_address(&wide, "10::3", 16, 3, "0x10::3");
    expect_address(&wide, "10", 16, 1, "0x10::1"); /* what is left out is the smallest */
    expect_address(&single, "", 0, 0, "");
}

static void test_refusals(void **state)
{
    (void)state;
    expect_refusal(&pci, "", "slot must be written in hexadecimal digits");
    expect_refusal(&pci, "g.0", "slot must be written in hexadecimal digits");
    expect_refusal(&pci, "-1.0", "slot must be written in hexadecimal digits");
    expect_refusal(&pci, " 1.0", "slot must be written in hexadecimal digits");
    expect_refusal(&pci, "1:0", "\".\" must stand before function");
    expect_refusal(&pci, "1.", "function must be written in hexadecimal digits");
    expect_refusal(&pci, "1.0.0", "\".0\" is left over at the end");
    expect_refusal(&pci, "1.0 ", "\" \" is left over at the end");
    expect_refusal(&pci, "*.0", "slot must be written in hexadecimal digits");
    expect_refusal(&pci, "10000000000000001.0", "slot does not fit in 64 bits");
    expect_refusal(&wide, "0x1::a", "unit must be written in decimal digits");
    expect_refusal(&wide, "1::18446744073709551616", "unit does not fit in 64 bits");
    expect_refusal(&single, "0", "\"0\" is left over at the end");
}

static void test_patterns(void **state)
{
    (void)state;
    static const struct {
        const char *pattern;
        bool matches; /* 1f.2 */
    } cases[] = {
        {"1f.2", true}, {"1F.2", true}, {"1f.*", true}, {"*.2", true},  {"*.*", true},
        {"1f", false},  {"*", false},   {"*.3", false}, {"f.2", false},
    };
    const MdlAddress address = {{31, 2}};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *why = NULL;
        assert_true(mdl_address_check(&pci, cases[i].pattern, &why));
        assert_int_equal(mdl_address_matches(&pci, cases[i].pattern, &address), cases[i].matches);
    }
    const char *const bad[] = {"", "1*.0", "1f.?", "1f.**", "1f-*"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        g_autofree char *why = NULL;
        assert_false(mdl_address_check(&pci, bad[i], &why));
        assert_non_null(why);
        assert_false(mdl_address_matches(&pci, bad[i], &address));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_forms),
        cmocka_unit_test(test_refusals),
        cmocka_unit_test(test_patterns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
