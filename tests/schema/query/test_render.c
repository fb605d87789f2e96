/* Replies as people read them, and the layout of text in columns. */
#include "ask.h"

#include "render.h"
#include "text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

static void expect_text(char *got, const char *expected)
{
    assert_string_equal(got, expected);
    g_free(got);
}

/* ---- text ------------------------------------------------------------------------------------ */

static void test_width(void **state)
{
    (void)state;
    assert_int_equal(cmd_text_width(""), 0);
    assert_int_equal(cmd_text_width("abc"), 3);
    assert_int_equal(cmd_text_width("ä├漢"), 4);      /* a wide character takes two */
    assert_int_equal(cmd_text_width("a\xcc\x88"), 1); /* a combining one takes none */
}

static void test_control_characters_are_shown(void **state)
{
    (void)state;
    expect_text(cmd_text_safe("a\x1b[2Jb\nc\td"), "a\\x1b[2Jb\\nc\\td");
    expect_text(cmd_text_safe("\xe2\x80\xae"), "\\x202e"); /* right to left from here */
    expect_text(cmd_text_safe("\xff"), "\xef\xbf\xbd");
}

static void test_wrap(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t width;
        const char *lines;
    } cases[] = {
        {"one two three", 8, "one two|three"},
        {"one two three", 0, "one two three"},
        {"abcdefgh", 3, "abc|def|gh"},
        {"a bcdefgh", 4, "a|bcde|fgh"},
        {"", 5, ""},
        {"漢漢漢", 4, "漢漢|漢"},
        {"漢", 1, "漢"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GPtrArray) lines = cmd_text_wrap(cases[i].text, cases[i].width);
        g_ptr_array_add(lines, NULL);
        expect_text(g_strjoinv("|", (char **)lines->pdata), cases[i].lines);
    }
}

static void test_numbers(void **state)
{
    (void)state;
    expect_text(cmd_text_number(0), "0");
    expect_text(cmd_text_number(65536), "65536");
    expect_text(cmd_text_number(1 << 20), "1M");
    expect_text(cmd_text_number(UINT64_C(3) << 40), "3T");
    expect_text(cmd_text_number((1 << 20) + 1), "1048577");
    expect_text(cmd_text_number(UINT64_MAX), "18446744073709551615");
}

/* ---- replies --------------------------------------------------------------------------------- */

static char *render(const ApiTypeInfo *type, ApiShape shape, const char *text, unsigned width)
{
    json_t *value = ask_json(text);
    char *rendered = cmd_render_value(type, shape, value, width);
    json_decref(value);
    return rendered;
}

static const char two_properties[] =
    "[{'name': 'on', 'type': 'bool', 'side': 'guest', 'required': false, 'default-value': true,"
    "  'description': 'Whether it is there, in a few words'},"
    " {'name': 'size', 'type': 'size', 'side': 'backend', 'required': true, 'minimum': 1048576}]";

static void test_table(void **state)
{
    (void)state;
    expect_text(render(&api_type_object_property_info, API_SHAPE_LIST, two_properties, 100),
                "NAME  TYPE  SIDE     REQUIRED  DEFAULT-VALUE  MINIMUM  DESCRIPTION\n"
                "on    bool  guest    no        on             -        Whether it is there, in a "
                "few words\n"
                "size  size  backend  yes       -              1M       -\n");
    expect_text(render(&api_type_object_property_info, API_SHAPE_LIST, two_properties, 72),
                "NAME  TYPE  SIDE     REQUIRED  DEFAULT-VALUE  MINIMUM  DESCRIPTION\n"
                "on    bool  guest    no        on             -        Whether it is\n"
                "                                                       there, in a few\n"
                "                                                       words\n"
                "size  size  backend  yes       -              1M       -\n");
}

static void test_blocks_where_a_table_does_not_fit(void **state)
{
    (void)state;
    expect_text(render(&api_type_object_property_info, API_SHAPE_LIST, two_properties, 40),
                "name           on\n"
                "type           bool\n"
                "side           guest\n"
                "required       no\n"
                "description    Whether it is there, in a\n"
                "               few words\n"
                "default-value  on\n"
                "\n"
                "name      size\n"
                "type      size\n"
                "side      backend\n"
                "required  yes\n"
                "minimum   1M\n");
}

static void test_struct(void **state)
{
    (void)state;
    expect_text(render(&api_type_version_info, API_SHAPE_ONE,
                       "{'qemu': {'major': 7, 'minor': 2, 'micro': 0}, 'package': 'p',"
                       " 'vitrine': {'major': 0, 'minor': 1, 'micro': 9}}",
                       80),
                "qemu     7.2.0\npackage  p\nvitrine  0.1.9\n");
    expect_text(render(&api_type_machine_info, API_SHAPE_LIST, "[]", 80), "(none)\n");
}

static void test_verdicts(void **state)
{
    (void)state;
    static const char hosts[] =
        "[{'name': 'a', 'usable': {'answer': 'yes'}},"
        " {'name': 'b', 'usable': {'answer': 'unknown', 'reason': 'Why', 'message': 'in words'}}]";
    expect_text(render(&api_type_host_accelerator, API_SHAPE_LIST, hosts, 80),
                "NAME  USABLE\na     yes\nb     unknown: Why\n");
    expect_text(render(&api_type_host_accelerator, API_SHAPE_ONE,
                       "{'name': 'b', 'usable': {'answer': 'no', 'reason': 'Why',"
                       " 'message': 'in words'}}",
                       80),
                "name    b\nusable  no: in words\n");
}

static void test_slots_are_grouped_by_bus(void **state)
{
    (void)state;
    expect_text(render(&api_type_slot_set, API_SHAPE_LIST,
                       "[{'bus': 'a', 'places': '0', 'count': 1, 'state': 'free'},"
                       " {'bus': 'a', 'places': '1-7', 'count': 7, 'state': 'taken', 'by': 'x'},"
                       " {'bus': 'b', 'places': '', 'count': 1, 'state': 'free'}]",
                       80),
                "  PLACES  COUNT  STATE  BY\n"
                "bus a\n"
                "  0       1      free   -\n"
                "  1-7     7      taken  x\n"
                "bus b\n"
                "  -       1      free   -\n");
}

static void test_hardware(void **state)
{
    (void)state;
    expect_text(
        render(&api_type_hardware_export, API_SHAPE_ONE,
               "{'format': 'json', 'hardware': {'machine': 'm-1', 'arch': 'z80', 'accel': 'none',"
               " 'cpu': 'c', 'smp': {'cpus': 2}, 'memory': 1048576, 'devices': ["
               "  {'id': 'host', 'type': 't', 'bus': 'sys', 'address': '0x10', 'properties': ["
               "    {'name': 'p', 'value': 1048576}, {'name': 'q', 'value': null}],"
               "   'regions': [{'name': 'r', 'base': '0x10', 'size': '0x10'}],"
               "   'irqs': [{'name': 'i', 'to': 'pic', 'line': 3}], 'buses': ['pci.0']},"
               "  {'id': 'nic', 'type': 'net', 'bus': 'pci.0', 'address': '01.0'},"
               "  {'id': 'last', 'type': 't', 'bus': 'sys', 'address': '0x20'}],"
               " 'buses': [{'id': 'sys', 'type': 'system'},"
               "  {'id': 'pci.0', 'type': 'pci', 'owner': 'host'}]}}",
               80),
        "m-1, z80, accelerator none, 2 x c, memory 1M\n"
        "bus sys (system)\n"
        "├─ host  t    0x10-0x1f, irq pic:3, p=1M\n"
        "│  └─ bus pci.0 (pci)\n"
        "│     └─ nic   net  01.0\n"
        "└─ last  t    0x20\n");
}

/* A reply of another program may have any form: nothing of it may end ours. */
static void test_replies_of_the_wrong_form(void **state)
{
    (void)state;
    static const char *const replies[] = {
        "null",
        "7",
        "'text'",
        "[]",
        "{}",
        "[1, [2], null]",
        "{'hardware': {}}",
        "{'hardware': {'devices': 7, 'buses': [{'id': 'a'}, {'id': 'b', 'owner': 1}]}}",
        ("{'hardware': {'devices': [{'id': 'a', 'bus': 'x', 'buses': ['x', 3]}],"
         " 'buses': [{'id': 'x'}]}}"),
        "[{'name': {'a': 1}, 'layers': 7, 'usable': [], 'fields': [[1, 2]]}]",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(replies); i++) {
        json_t *value = ask_json(replies[i]);
        for (const ApiTypeInfo *const *type = api_types; *type; type++) {
            g_free(cmd_render_value(*type, API_SHAPE_ONE, value, 80));
            g_free(cmd_render_value(*type, API_SHAPE_LIST, value, 10));
            g_free(cmd_render_value(*type, API_SHAPE_MAP, value, 0));
        }
        json_decref(value);
    }
}

static void test_errors(void **state)
{
    g_autoptr(GError) one = ask_refused(*state, "query-hardware", NULL);
    g_autofree char *text = cmd_render_error(one);
    assert_true(g_str_has_suffix(text, " [MissingMachine]\n"));
    g_autoptr(GError) two =
        ask_refused(*state, "query-hardware",
                    "{'target': {'machine': 'virt', 'memory': '3', 'options': {'nosuch': 1}}}");
    g_autofree char *lines = cmd_render_error(two);
    assert_non_null(strstr(lines, "options.nosuch: machine virt-1.0 has no option \"nosuch\" "
                                  "[UnknownOption, unknown-option]; known: "));
    assert_non_null(strstr(lines, "\nmemory: "));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_width),
        cmocka_unit_test(test_control_characters_are_shown),
        cmocka_unit_test(test_wrap),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_blocks_where_a_table_does_not_fit),
        cmocka_unit_test(test_struct),
        cmocka_unit_test(test_verdicts),
        cmocka_unit_test(test_slots_are_grouped_by_bus),
        cmocka_unit_test(test_hardware),
        cmocka_unit_test(test_replies_of_the_wrong_form),
        cmocka_unit_test(test_errors),
    };
    return cmocka_run_group_tests(tests, asker_open, asker_close);
}
