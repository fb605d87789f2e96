/* The words of a command line as arguments, and the word that was probably meant. */
#include "ask.h"

#include "suggest.h"
#include "target_args.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

/* The arguments of a command from words separated by spaces; NULL with error. */
static json_t *take_all(const char *command, const char *text, GError **error)
{
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    g_autoptr(CmdArgs) args = cmd_args_new(api_command_find(command));
    size_t index = 0;
    while (words[index]) {
        bool taken;
        if (!cmd_args_take(args, (const char *const *)words, &index, &taken, error)) {
            return NULL;
        }
        if (!taken) {
            g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED, "not taken: %s", words[index]);
            return NULL;
        }
    }
    return cmd_args_json(args);
}

static void expect(const char *command, const char *words, const char *expected)
{
    g_autoptr(GError) error = NULL;
    json_t *got = take_all(command, words, &error), *wanted = ask_json(expected);
    if (!got) {
        fail_msg("%s: %s", words, error->message);
    }
    if (!json_equal(got, wanted)) {
        g_autofree char *text = wire_json_print(got, WIRE_JSON_COMPACT);
        fail_msg("%s\nexpected %s\ngot      %s", words, expected, text);
    }
    json_decref(got);
    json_decref(wanted);
}

static void test_target(void **state)
{
    (void)state;
    expect("query-machines", "", "{}");
    expect("query-machines", "--machine virt --accel=none --cpu rv64,mmu=sv39 --memory 1G",
           "{'target': {'machine': 'virt', 'accel': 'none', 'cpu': 'rv64,mmu=sv39',"
           " 'memory': '1G'}}");
    expect("query-machines", "--option a=on --option=b=c=d --nodefaults",
           "{'target': {'options': {'a': 'on', 'b': 'c=d'}, 'nodefaults': true}}");
    expect("query-machines", "--smp 4", "{'target': {'smp': {'cpus': 4}}}");
    expect("query-machines", "--smp 4,sockets=2,maxcpus=8",
           "{'target': {'smp': {'cpus': 4, 'sockets': 2, 'maxcpus': 8}}}");
    expect("query-machines", "--smp x", "{'target': {'smp': {'cpus': 'x'}}}");
}

static void test_own_arguments(void **state)
{
    (void)state;
    expect("query-device-slots", "--bus pcie.0", "{'bus': 'pcie.0'}");
    expect("query-device-slots", "--arg bus=7", "{'bus': '7'}");
    expect("register-read", "--offset 0x10 --size 4 --arg device=d",
           "{'offset': '0x10', 'size': 4, 'device': 'd'}");
    expect("query-device-slots", "--arg target={\"machine\":\"virt\"}",
           "{'target': {'machine': 'virt'}}");
    expect("register-read", "--size four", "{'size': 'four'}"); /* the reader refuses it by name */
}

static void test_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *command, *words, *message;
    } cases[] = {
        {"query-machines", "--machine", "wants a value"},
        {"query-machines", "--machine a --machine b", "a second time"},
        {"query-machines", "--option a=1 --option a=2", "a second time"},
        {"query-machines", "--option a", "wants NAME=VALUE"},
        {"query-machines", "--option =a", "wants NAME=VALUE"},
        {"query-machines", "--smp cpus=1,cpus=2", "a second time"},
        {"query-machines", "--smp dice=1", "it has cpus"},
        {"query-machines", "--nodefaults=on", "takes no value"},
        {"query-machines", "--machine \xff", "UTF-8"},
        {"query-machines", "--arg bus=1", "no argument \"bus\""},
        {"query-machines", "--bus x", "not taken"},
        {"cont", "--machine virt", "not taken"}, /* it has no target */
        {"query-device-slots", "--bus a --arg bus=b", "a second time"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(GError) error = NULL;
        json_t *got = take_all(cases[i].command, cases[i].words, &error);
        if (got || !strstr(error->message, cases[i].message)) {
            fail_msg("%s: expected \"%s\", got %s", cases[i].words, cases[i].message,
                     got ? "arguments" : error->message);
        }
    }
}

static void test_suggestions(void **state)
{
    (void)state;
    static const char *const known[] = {"query-machines", "query-machine-options", "check", NULL};
    assert_string_equal(cmd_suggest("query-machine", known), "query-machines");
    assert_string_equal(cmd_suggest("qurey-machines", known), "query-machines");
    assert_string_equal(cmd_suggest("chek", known), "check");
    assert_null(cmd_suggest("frobnicate", known));
    assert_null(cmd_suggest("", known));
    g_autofree char *huge = g_strnfill(100000, 'x');
    assert_null(cmd_suggest(huge, known));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_target),
        cmocka_unit_test(test_own_arguments),
        cmocka_unit_test(test_what_is_wrong),
        cmocka_unit_test(test_suggestions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
