/* From JSON to the model's target, and everything that can be wrong with one. */
#include "ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

static MdlTarget *convert(const char *text, GError **error)
{
    json_t *json = ask_json(text);
    g_autoptr(ApiTarget) api = api_target_read(json, WIRE_STRICT, error);
    json_decref(json);
    assert_non_null(api);
    return cmd_target_from_api(api, error);
}

static void test_every_member(void **state)
{
    (void)state;
    g_autoptr(MdlTarget) target = convert(
        "{'machine': 'virt', 'accel': 'none', 'cpu': 'rv64,mmu=sv39', 'memory': '512M',"
        " 'options': {'pcie': false, 'aclint': true, 'virtio-transports': 4, 'text': '128M'},"
        " 'smp': {'cpus': 2, 'sockets': 3, 'dies': 1, 'clusters': 4, 'cores': 5, 'threads': 6,"
        " 'maxcpus': 360}, 'nodefaults': true}",
        NULL);
    assert_string_equal(target->machine, "virt");
    assert_string_equal(target->accel, "none");
    assert_string_equal(target->cpu, "rv64,mmu=sv39");
    assert_string_equal(target->memory, "512M");
    assert_string_equal(g_hash_table_lookup(target->options, "pcie"), "off");
    assert_string_equal(g_hash_table_lookup(target->options, "aclint"), "on");
    assert_string_equal(g_hash_table_lookup(target->options, "virtio-transports"), "4");
    assert_string_equal(g_hash_table_lookup(target->options, "text"), "128M");
    assert_int_equal(target->cpus, 2);
    assert_int_equal(target->sockets, 3);
    assert_int_equal(target->clusters, 4);
    assert_int_equal(target->cores, 5);
    assert_int_equal(target->threads, 6);
    assert_int_equal(target->max_cpus, 360);
    assert_true(target->nodefaults_given && target->nodefaults);
}

static void test_absent_members(void **state)
{
    (void)state;
    g_autoptr(MdlTarget) target = convert("{}", NULL);
    assert_null(target->machine);
    assert_null(target->memory);
    assert_int_equal(target->cpus, 0);
    assert_false(target->nodefaults_given);
    assert_int_equal(g_hash_table_size(target->options), 0);
}

static void test_memory_as_integer(void **state)
{
    (void)state;
    g_autoptr(MdlTarget) target = convert("{'memory': 18446744073709551615}", NULL);
    assert_string_equal(target->memory, "18446744073709551615");
}

static void test_wrong_values_are_all_told(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    assert_null(convert("{'options': {'a': null, 'b': [1], 'c': -1, 'd': 1.5}, 'memory': true,"
                        " 'smp': {'cpus': 0, 'dies': 2}}",
                        &error));
    assert_string_equal(wire_error_reason(error), "WrongType");
    assert_string_equal(wire_error_path(error), "target.options.a");
    assert_int_equal(json_array_size(wire_error_findings(error)), 7);
}

/* One wrong thing each, and where the error must point. */
static const struct {
    const char *target, *reason, *path;
} wrong[] = {
    {"{'machine': 'nosuch'}", "UnknownMachine", "target.machine"},
    {"{'machine': ''}", "UnknownMachine", "target.machine"},
    {"{'machine': 7}", "WrongType", "target.machine"},
    {"{'machine': 'virt', 'colour': 'red'}", "UnknownMember", "target"},
    {"{'machine': 'virt', 'accel': 'nosuch'}", "UnknownAccelerator", "target.accel"},
    {"{'machine': 'virt', 'options': {'nosuch': 1}}", "UnknownOption", "target.options.nosuch"},
    {"{'machine': 'virt', 'options': {'aclint': 'maybe'}}", "PropertyInvalid",
     "target.options.aclint"},
    {"{'machine': 'virt', 'options': {'virtio-transports': 9}}", "PropertyInvalid",
     "target.options.virtio-transports"},
    {"{'machine': 'virt', 'options': {'aclint': null}}", "WrongType", "target.options.aclint"},
    {"{'machine': 'virt', 'options': {'virtio-transports': 1}, 'nodefaults': true}",
     "OptionUnavailable", "target.options.virtio-transports"},
    {"{'machine': 'virt', 'cpu': 'nosuch'}", "UnknownCpu", "target.cpu"},
    {"{'machine': 'virt', 'cpu': 'rv64,nosuch=1'}", "PropertyInvalid", "target.cpu"},
    {"{'machine': 'virt', 'cpu': 'rv64,mmu=sv1'}", "PropertyInvalid", "target.cpu"},
    {"{'machine': 'virt', 'smp': {'cpus': 513}}", "OutOfRange", "target.smp"},
    {"{'machine': 'virt', 'smp': {'cpus': 0}}", "OutOfRange", "target.smp.cpus"},
    {"{'machine': 'virt', 'smp': {'cpus': -1}}", "OutOfRange", "target.smp.cpus"},
    {"{'machine': 'virt', 'smp': {'cpus': 4, 'sockets': 3}}", "TopologyInvalid", "target.smp"},
    {"{'machine': 'virt', 'smp': {'cpus': 18446744073709551615}}", "OutOfRange", "target.smp"},
    {"{'machine': 'virt', 'memory': '12 apples'}", "OutOfRange", "target.memory"},
    {"{'machine': 'virt', 'memory': 1}", "OutOfRange", "target.memory"},
    {"{'machine': 'virt', 'memory': '16E'}", "OutOfRange", "target.memory"},
    {"{'memory': '1G'}", "MissingMachine", "target.machine"},
    {"{'options': {'aclint': true}}", "MissingMachine", "target.machine"},
    {"{'accel': 'nosuch'}", "UnknownAccelerator", "target.accel"},
};

/* Whatever is asked: a target that is wrong is refused, even where the answer would not need it. */
static void test_wrong_targets(void **state)
{
    for (const CmdCommand *command = cmd_model_commands; command->name; command++) {
        if (g_str_equal(command->name, "check-target")) {
            continue; /* for which it is an answer */
        }
        const char *extra =
            g_str_equal(command->name, "device-list-properties") ? "'typename': 'ram', " : "";
        for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
            g_autofree char *arguments =
                g_strdup_printf("{%s'target': %s}", extra, wrong[i].target);
            ask_expect_error(*state, command->name, arguments, wrong[i].reason, wrong[i].path);
        }
    }
}

static void test_all_findings(void **state)
{
    g_autoptr(GError) error = ask_refused(
        *state, "query-hardware",
        "{'target': {'machine': 'virt', 'accel': 'x', 'options': {'a': 1, 'b': 2}, 'memory': 3}}");
    json_t *findings = wire_error_findings(error);
    assert_int_equal(json_array_size(findings), 4);
    assert_string_equal(ask_text(json_array_get(findings, 0), "class"), "UnknownAccelerator");
    assert_string_equal(ask_text(json_array_get(findings, 3), "place"), "memory");
}

static void test_default_target(void **state)
{
    Asker *asker = *state;
    g_autoptr(MdlTarget) target = mdl_target_new();
    target->machine = g_strdup("virt-minimal");
    cmd_context_set_target(asker->context, target);
    json_t *reply = ask(asker, "query-hardware", NULL);
    assert_string_equal(ask_text(json_object_get(reply, "hardware"), "machine"),
                        "virt-minimal-1.0");
    json_decref(reply);
    /* a target of its own goes before it, whole */
    reply = ask(asker, "query-hardware", "{'target': {'machine': 'virt'}}");
    assert_string_equal(ask_text(json_object_get(reply, "hardware"), "machine"), "virt-1.0");
    json_decref(reply);
    ask_expect_error(asker, "query-hardware", "{'target': {}}", "MissingMachine", "target.machine");
}

static void test_built_machine(void **state)
{
    Asker *asker = *state;
    g_autoptr(MdlTarget) target = mdl_target_new();
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    target->machine = g_strdup("virt");
    target->cpus = 3;
    g_autoptr(MdlHardware) hardware = mdl_hardware_build(asker->catalog, target, NULL, findings);
    cmd_context_set_target(asker->context, target);
    json_t *asked = ask(asker, "query-device-slots", NULL);
    cmd_context_set_hardware(asker->context, hardware);
    json_t *depends_on;
    json_t *running = ask_depends(asker, "query-device-slots", NULL, &depends_on);
    assert_true(json_equal(asked, running));
    assert_true(ask_has_read(depends_on, "machine.running"));
    json_decref(depends_on);
    json_decref(asked);
    json_decref(running);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_member),
        cmocka_unit_test(test_absent_members),
        cmocka_unit_test(test_memory_as_integer),
        cmocka_unit_test(test_wrong_values_are_all_told),
        cmocka_unit_test_setup_teardown(test_wrong_targets, asker_open, asker_close),
        cmocka_unit_test_setup_teardown(test_all_findings, asker_open, asker_close),
        cmocka_unit_test_setup_teardown(test_default_target, asker_open, asker_close),
        cmocka_unit_test_setup_teardown(test_built_machine, asker_open, asker_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
