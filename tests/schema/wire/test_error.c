/* The error that travels: its parts, its copies, and bytes that could not be sent. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "wire.h"

static void keeps_its_parts(void **state)
{
    (void)state;
    json_auto_t *findings = json_pack("[{s:s}]", "class", "SlotTaken");
    g_autoptr(GError) error = wire_error_new(WIRE_ERROR_TOO_BIG, "TooBig", "target.memory",
                                             findings, "%d is more than %d", 9, 8);
    assert_true(g_error_matches(error, WIRE_ERROR, WIRE_ERROR_TOO_BIG));
    assert_string_equal(error->message, "9 is more than 8");
    assert_string_equal(wire_error_reason(error), "TooBig");
    assert_string_equal(wire_error_path(error), "target.memory");
    assert_ptr_equal(wire_error_findings(error), findings);
}

static void takes_its_own_reference(void **state)
{
    (void)state;
    json_t *findings = json_pack("[s]", "still here");
    g_autoptr(GError) error =
        wire_error_new(WIRE_ERROR_FAILED, "UnknownValue", NULL, findings, "x");
    json_decref(findings);
    assert_string_equal(json_string_value(json_array_get(wire_error_findings(error), 0)),
                        "still here");
}

static void a_copy_outlives_the_original(void **state)
{
    (void)state;
    json_t *findings = json_array();
    GError *error = wire_error_new(WIRE_ERROR_FAILED, "WrongType", "a.b", findings, "message");
    json_decref(findings);
    g_autoptr(GError) copy = g_error_copy(error);
    g_error_free(error);
    assert_string_equal(copy->message, "message");
    assert_string_equal(wire_error_reason(copy), "WrongType");
    assert_string_equal(wire_error_path(copy), "a.b");
    assert_true(json_is_array(wire_error_findings(copy)));
}

static void absent_parts_are_null(void **state)
{
    (void)state;
    g_autoptr(GError) bare = wire_error_new(WIRE_ERROR_FAILED, NULL, NULL, NULL, "message");
    g_autoptr(GError) foreign = g_error_new(G_FILE_ERROR, G_FILE_ERROR_NOENT, "no such file");
    const GError *errors[] = {bare, foreign};
    for (size_t i = 0; i < G_N_ELEMENTS(errors); i++) {
        assert_null(wire_error_reason(errors[i]));
        assert_null(wire_error_path(errors[i]));
        assert_null(wire_error_findings(errors[i]));
    }
}

static void a_prefix_keeps_the_parts(void **state)
{
    (void)state;
    GError *error = wire_error_new(WIRE_ERROR_FAILED, "OutOfRange", "smp.cpus", NULL, "too many");
    g_prefix_error(&error, "virt-1.0: ");
    assert_string_equal(error->message, "virt-1.0: too many");
    assert_string_equal(wire_error_reason(error), "OutOfRange");
    g_error_free(error);
}

static void bytes_that_are_not_text_are_replaced(void **state)
{
    (void)state;
    g_autoptr(GError) error = wire_error_new(WIRE_ERROR_FAILED, "UnknownValue", "a\xff", NULL,
                                             "no machine '%s'", "\xed\xa0\x80");
    assert_true(g_utf8_validate(error->message, -1, NULL));
    assert_true(g_utf8_validate(wire_error_path(error), -1, NULL));
    assert_true(g_str_has_prefix(error->message, "no machine '"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_its_parts),
        cmocka_unit_test(takes_its_own_reference),
        cmocka_unit_test(a_copy_outlives_the_original),
        cmocka_unit_test(absent_parts_are_null),
        cmocka_unit_test(a_prefix_keeps_the_parts),
        cmocka_unit_test(bytes_that_are_not_text_are_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
