/* The notation of device-tree values, and the flattened form. */
#include "node.h"

#include "testing.h"

#include <libfdt.h>

static bool describe(void *context, const char *name, MdlNameInfo *ret_info)
{
    (void)context;
    bool text = strcmp(name, "isa") == 0;
    *ret_info = (MdlNameInfo){text ? MDL_STR : MDL_UINT, NULL};
    return text || strcmp(name, "index") == 0;
}

static bool read_name(void *context, const char *name, MdlValue *ret_value, char **ret_why)
{
    (void)context;
    (void)ret_why;
    bool text = strcmp(name, "isa") == 0;
    *ret_value = (MdlValue){
        .kind = text ? MDL_STR : MDL_UINT, .number = text ? 0 : 10, .text = text ? "rv64" : NULL};
    return true;
}

static uint32_t find_phandle(void *context, const char *reference)
{
    (void)context;
    return strcmp(reference, "plic") == 0 ? 7 : 0;
}

static char *find_path(void *context, const char *reference)
{
    (void)context;
    return strcmp(reference, "plic") == 0 ? g_strdup("/p") : NULL;
}

/* The bytes of a value in hexadecimal, or what is wrong with it. */
static char *bytes_of(const char *text)
{
    g_autoptr(MdlArena) arena = mdl_arena_new();
    MdlTreeScope scope = {.names = {.describe = describe, .read = read_name},
                          .arena = arena,
                          .phandle = find_phandle,
                          .path = find_path};
    g_autoptr(GByteArray) data = g_byte_array_new();
    char *why = NULL;
    if (!mdl_tree_put_value(data, text, &scope, &why)) {
        return why;
    }
    GString *hex = g_string_new(NULL);
    for (size_t i = 0; i < data->len; i++) {
        g_string_append_printf(hex, "%02x", data->data[i]);
    }
    return g_string_free(hex, FALSE);
}

static void test_values(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"", ""},
        {"  ", ""},
        {"\"ab\"", "616200"},
        {"\"\"", "00"},
        {"\"a\", \"b\"", "61006200"},
        {"\"a,b\"", "612c6200"},
        {"<>", ""},
        {"<1>", "00000001"},
        {"< 0x10\t2 >", "0000001000000002"},
        {"<0xffffffff>", "ffffffff"},
        {"<index (index * 2 + 1)>", "0000000a00000015"},
        {"<&plic 3>", "0000000700000003"},
        {"<1>, <2>", "0000000100000002"},
        {"&plic", "2f7000"},
        {"&plic, &plic", "2f70002f7000"},
        {"[]", ""},
        {"[00ff]", "00ff"},
        {"[ 0 ]", "expected two hexadecimal digits at \"0 ]\""},
        {"[ 1f A0 ]", "1fa0"},
        {"@string isa", "7276363400"},
        {"@string \"x-\" isa \"-\" index", "782d727636342d313000"},
        {"@string", "00"},
        {"@string isa, <1>", "727636340000000001"},
        {"\"a\", [01], <2>", "61000100000002"},

        {"abc", "expected \"text\", <cells>, [bytes], &ID, @string or @on at \"abc\""},
        {"\"a", "expected a closing \" at \"\"a\""},
        {"\"a\" \"b\"", "expected \",\" at \"\"b\"\""},
        {"\"a\",", "expected \"text\", <cells>, [bytes], &ID, @string or @on at \"\""},
        {",", "expected \"text\", <cells>, [bytes], &ID, @string or @on at \",\""},
        {"<1", "expected \">\" at \"\""},
        {"<(1>", "expected \">\" at \"(1>\""},
        {"<0x100000000>", "\"0x100000000\" is not a number of 32 bits"},
        {"<isa>", "\"isa\" is not a number of 32 bits"},
        {"<nothing>", "\"nothing\" names nothing"},
        {"<(1 - 2)>", "1 - 2 does not fit in 64 bits"},
        {"<&clint>", "\"&clint\" refers to nothing"},
        {"<&>", "\"&\" refers to nothing"},
        {"&clint", "\"&clint\" refers to nothing"},
        {"&", "\"&\" refers to nothing"},
        {"[0g]", "expected two hexadecimal digits at \"0g]\""},
        {"[00", "expected two hexadecimal digits at \"\""},
        {"@string nothing", "\"nothing\" names nothing"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *got = bytes_of(cases[i].text);
        if (strcmp(got, cases[i].expected) != 0) {
            fail_msg("%s: expected %s, got %s", cases[i].text, cases[i].expected, got);
        }
    }
}

static void test_names_with_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *name, *expected;
    } cases[] = {
        {"serial", "serial"},
        {"cpu@{index}", "cpu@a"},
        {"x{index + 1}y", "xby"},
        {"open{", "open{"},
        {"x{isa}", "\"isa\" is not a number"},
        {"x{no}", "\"no\" names nothing"},
    };
    g_autoptr(MdlArena) arena = mdl_arena_new();
    MdlTreeScope scope = {.names = {.describe = describe, .read = read_name}, .arena = arena};
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autofree char *why = NULL;
        g_autofree char *got = mdl_tree_expand_name(cases[i].name, &scope, &why);
        assert_string_equal(got ? got : why, cases[i].expected);
    }
}

static void test_flattened(void **state)
{
    (void)state;
    g_autoptr(MdlTreeNode) root = mdl_tree_new();
    mdl_tree_put_string(mdl_tree_property(root, "model"), "m");
    MdlTreeNode *deep = mdl_tree_path(root, "/a/b");
    assert_ptr_equal(mdl_tree_path(root, "a//b/"), deep);
    mdl_tree_put_cell64(mdl_tree_property(deep, "reg"), 0x100000002);
    mdl_tree_property(deep, "flag");
    deep->phandle = 5;
    assert_true(mdl_tree_has(deep, "flag"));
    assert_false(mdl_tree_has(root, "flag"));
    /* larger than the first attempt */
    g_byte_array_set_size(mdl_tree_property(root, "large"), 100000);
    memset(mdl_tree_property(root, "large")->data, 0, 100000);

    g_autoptr(GBytes) blob = mdl_tree_flatten(root);
    const void *fdt = g_bytes_get_data(blob, NULL);
    assert_int_equal(fdt_check_header(fdt), 0);
    assert_int_equal(fdt_totalsize(fdt), g_bytes_get_size(blob));
    int node = fdt_path_offset(fdt, "/a/b"), length = -1;
    assert_true(node > 0);
    assert_int_equal(fdt_get_phandle(fdt, node), 5);
    assert_memory_equal(fdt_getprop(fdt, node, "reg", &length), "\0\0\0\1\0\0\0\2", 8);
    assert_int_equal(length, 8);
    assert_non_null(fdt_getprop(fdt, node, "flag", &length));
    assert_int_equal(length, 0);
    assert_string_equal(fdt_getprop(fdt, 0, "model", NULL), "m");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_names_with_numbers),
        cmocka_unit_test(test_flattened),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
