/* The collector: every problem with its path, and an error that can be read and sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "wire.h"

static void assert_finding(const GError *error, size_t index, const char *expected)
{
    g_autofree char *text =
        wire_json_print(json_array_get(wire_error_findings(error), index), WIRE_JSON_COMPACT);
    assert_string_equal(text, expected);
}

static void nothing_recorded_is_fine(void **state)
{
    (void)state;
    WireReader *reader = wire_reader_new(WIRE_LENIENT, NULL);
    assert_int_equal(wire_reader_strictness(reader), WIRE_LENIENT);
    wire_reader_enter(reader, "target");
    wire_reader_leave(reader);
    g_autoptr(GError) error = NULL;
    assert_true(wire_reader_finish(reader, &error));
    assert_null(error);
}

static void one_problem_is_the_message(void **state)
{
    (void)state;
    WireReader *reader = wire_reader_new(WIRE_STRICT, NULL);
    assert_int_equal(wire_reader_strictness(reader), WIRE_STRICT);
    wire_reader_enter(reader, "target");
    wire_reader_enter(reader, "options");
    wire_reader_problem(reader, "UnknownValue", "aclint", "'%s' is not on or off", "maybe");
    g_autoptr(GError) error = NULL;
    assert_false(wire_reader_finish(reader, &error));
    assert_true(g_error_matches(error, WIRE_ERROR, WIRE_ERROR_FAILED));
    assert_string_equal(error->message, "target.options.aclint: 'maybe' is not on or off");
    assert_string_equal(wire_error_reason(error), "UnknownValue");
    assert_string_equal(wire_error_path(error), "target.options.aclint");
    assert_int_equal(json_array_size(wire_error_findings(error)), 1);
    assert_finding(error, 0,
                   "{\"class\": \"UnknownValue\", \"place\": \"target.options.aclint\", "
                   "\"rule\": \"unknown-value\", \"message\": \"'maybe' is not on or off\"}");
}

static void a_problem_of_the_root_has_no_path(void **state)
{
    (void)state;
    WireReader *reader = wire_reader_new(WIRE_STRICT, NULL);
    wire_reader_problem(reader, "WrongType", NULL, "must be an object");
    g_autoptr(GError) error = NULL;
    assert_false(wire_reader_finish(reader, &error));
    assert_string_equal(error->message, "must be an object");
    assert_null(wire_error_path(error));
}

static void all_problems_are_kept_in_order(void **state)
{
    (void)state;
    WireReader *reader = wire_reader_new(WIRE_STRICT, "arguments");
    wire_reader_problem(reader, "MissingMember", "id", "missing");
    wire_reader_enter(reader, "devices");
    wire_reader_enter_index(reader, 2);
    wire_reader_problem(reader, "OutOfRange", NULL, "must be at most %d", 31);
    wire_reader_enter_index(reader, 0);
    wire_reader_problem(reader, "WrongType", "bus", "must be a string");
    wire_reader_leave(reader);
    wire_reader_leave(reader);
    wire_reader_leave(reader);
    wire_reader_problem(reader, "UnknownMember", "foo", "no such argument");
    g_autoptr(GError) error = NULL;
    assert_false(wire_reader_finish(reader, &error));
    assert_string_equal(
        error->message,
        "4 problems: arguments.id: missing; arguments.devices[2]: must be at most 31; "
        "arguments.devices[2][0].bus: must be a string; "
        "arguments.foo: no such argument");
    assert_string_equal(wire_error_reason(error), "MissingMember");
    assert_string_equal(wire_error_path(error), "arguments.id");
    assert_int_equal(json_array_size(wire_error_findings(error)), 4);
    assert_finding(error, 3,
                   "{\"class\": \"UnknownMember\", \"place\": \"arguments.foo\", "
                   "\"rule\": \"unknown-member\", \"message\": \"no such argument\"}");
}

/* What a client can make us keep and send is bounded: in number, in names, in messages. */
static void a_flood_is_counted_not_kept(void **state)
{
    (void)state;
    g_autofree char *name = g_strnfill(100000, 'n');
    WireReader *reader = wire_reader_new(WIRE_STRICT, NULL);
    for (int i = 0; i < 1000; i++) {
        wire_reader_problem(reader, "UnknownMember", name, "'%s' is unknown", name);
    }
    g_autoptr(GError) error = NULL;
    assert_false(wire_reader_finish(reader, &error));
    assert_true(g_str_has_prefix(error->message, "1000 problems: nnn"));
    assert_true(g_str_has_suffix(error->message, "; and 995 more"));
    assert_int_equal(json_array_size(wire_error_findings(error)), 256);
    g_autofree char *text = wire_json_print(wire_error_findings(error), WIRE_JSON_COMPACT);
    assert_true(strlen(text) < 256 * 700);
}

static void names_are_cut_between_characters(void **state)
{
    (void)state;
    for (size_t pad = 0; pad < 4; pad++) {
        GString *name = g_string_new(NULL);
        for (size_t i = 0; i < pad; i++) {
            g_string_append_c(name, 'x');
        }
        for (int i = 0; i < 40; i++) {
            g_string_append(name, "😀");
        }
        WireReader *reader = wire_reader_new(WIRE_STRICT, NULL);
        wire_reader_problem(reader, "UnknownMember", name->str, "unknown");
        g_autoptr(GError) error = NULL;
        assert_false(wire_reader_finish(reader, &error));
        assert_true(g_str_has_suffix(wire_error_path(error), "😀…"));
        assert_true(strlen(wire_error_path(error)) <= 80 + strlen("…"));
        g_string_free(name, TRUE);
    }
}

static void bytes_that_are_not_text_are_replaced(void **state)
{
    (void)state;
    WireReader *reader = wire_reader_new(WIRE_STRICT, NULL);
    wire_reader_problem(reader, "UnknownValue", "a\xff", "'\xc3' is unknown");
    g_autoptr(GError) error = NULL;
    assert_false(wire_reader_finish(reader, &error));
    assert_int_equal(json_array_size(wire_error_findings(error)), 1);
    assert_true(g_utf8_validate(error->message, -1, NULL));
}

static void an_unfinished_reader_can_be_freed(void **state)
{
    (void)state;
    WireReader *reader = wire_reader_new(WIRE_STRICT, "a");
    wire_reader_enter(reader, "b");
    wire_reader_problem(reader, "WrongType", NULL, "must be a number");
    wire_reader_free(reader);
    wire_reader_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_recorded_is_fine),
        cmocka_unit_test(one_problem_is_the_message),
        cmocka_unit_test(a_problem_of_the_root_has_no_path),
        cmocka_unit_test(all_problems_are_kept_in_order),
        cmocka_unit_test(a_flood_is_counted_not_kept),
        cmocka_unit_test(names_are_cut_between_characters),
        cmocka_unit_test(bytes_that_are_not_text_are_replaced),
        cmocka_unit_test(an_unfinished_reader_can_be_freed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
