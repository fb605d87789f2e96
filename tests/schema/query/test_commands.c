/* Each command on an embedded machine: what its answer must hold. */
#include "ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

static const char with_defaults[] = "[machine]\n"
                                    "name = pinned\n"
                                    "version = 1.0\n"
                                    "extends = virt-1.0\n"
                                    "doc = Pins a default\n"
                                    "[default \"ns16550a\"]\n"
                                    "clock-frequency = 1000 * smp.cpus\n";

static int open_with_defaults(void **state)
{
    asker_open(state);
    Asker *asker = *state;
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    MdlSource source = {"pinned.cfg", with_defaults, strlen(with_defaults)};
    if (!mdl_catalog_add(asker->catalog, &source, 1, findings)) {
        g_autofree char *text = mdl_findings_print(findings);
        print_error("%s", text);
        return -1;
    }
    return 0;
}

static void test_machines(void **state)
{
    json_t *machines = ask(*state, "query-machines", NULL);
    json_t *virt = ask_find(machines, "alias", "virt");
    assert_string_equal(ask_text(virt, "name"), "virt-1.0");
    assert_string_equal(ask_text(virt, "arch"), "riscv64");
    assert_string_equal(ask_text(virt, "nodefaults-layer"), "virt-minimal-1.0");
    assert_string_equal(ask_text(virt, "default-cpu-type"), "rv64");
    assert_int_equal(json_integer_value(json_object_get(virt, "cpu-max")), 512);
    assert_int_equal(json_array_size(json_object_get(virt, "layers")), 2);
    assert_true(json_array_size(json_object_get(virt, "default-devices")) > 10);
    json_decref(machines);

    json_t *one = ask(*state, "query-machines", "{'target': {'machine': 'virt-minimal'}}");
    assert_int_equal(json_array_size(one), 1);
    json_decref(one);
}

static void test_machine_files_are_read(void **state)
{
    json_t *depends_on;
    json_decref(ask_depends(*state, "query-machines", NULL, &depends_on));
    assert_true(ask_has_read(depends_on, "machine.file"));
    json_decref(depends_on);
    json_decref(ask_depends(*state, "query-machine-options", "{'target': {'machine': 'virt'}}",
                            &depends_on));
    assert_false(ask_has_read(depends_on, "machine.file"));
    json_decref(depends_on);
}

static void test_machine_options(void **state)
{
    json_t *options =
        ask(*state, "query-machine-options",
            "{'target': {'machine': 'virt', 'nodefaults': true, 'options': {'aclint': true}}}");
    json_t *aclint = ask_find(options, "name", "aclint");
    assert_string_equal(ask_text(aclint, "type"), "bool");
    assert_true(json_is_false(json_object_get(aclint, "default")));
    assert_string_equal(ask_text(json_object_get(aclint, "allowed"), "answer"), "yes");
    assert_int_equal(json_array_size(json_object_get(aclint, "changes")), 4);
    json_t *transports = ask_find(options, "name", "virtio-transports");
    json_t *allowed = json_object_get(transports, "allowed");
    assert_string_equal(ask_text(allowed, "answer"), "no");
    assert_string_equal(ask_text(allowed, "reason"), "OptionUnavailable");
    assert_int_equal(json_integer_value(json_object_get(transports, "maximum")), 8);
    json_decref(options);
}

static void test_accelerators(void **state)
{
    json_t *all = ask(*state, "query-accelerators", NULL);
    assert_null(json_object_get(ask_find(all, "name", "none"), "usable"));
    json_decref(all);
    json_t *for_machine = ask(*state, "query-accelerators", "{'target': {'machine': 'virt'}}");
    const json_t *usable = json_object_get(ask_find(for_machine, "name", "none"), "usable");
    assert_string_equal(ask_text(usable, "answer"), "yes");
    json_decref(for_machine);
}

static void test_device_types(void **state)
{
    json_t *types = ask(*state, "query-device-types", NULL);
    json_t *uart = ask_find(types, "name", "ns16550a");
    assert_string_equal(ask_text(uart, "bus"), "system");
    ask_find(json_object_get(uart, "regions"), "name", "regs");
    json_decref(types);
}

static json_int_t uart_clock(Asker *asker, const char *arguments)
{
    json_t *properties = ask(asker, "device-list-properties", arguments);
    json_t *clock = ask_find(properties, "name", "clock-frequency");
    json_int_t value = json_integer_value(json_object_get(clock, "default-value"));
    json_decref(properties);
    return value;
}

static void test_defaults_as_the_machine_has_them(void **state)
{
    assert_int_equal(uart_clock(*state, "{'typename': 'ns16550a'}"), 3686400);
    assert_int_equal(uart_clock(*state, "{'typename': 'ns16550a', 'target': {'machine': 'virt'}}"),
                     3686400);
    assert_int_equal(uart_clock(*state, "{'typename': 'ns16550a', 'target': {'machine': 'pinned',"
                                        " 'smp': {'cpus': 3}}}"),
                     3000);
    ask_expect_error(*state, "device-list-properties", "{'typename': 'nosuch'}",
                     "UnknownDeviceType", "typename");
    ask_expect_error(*state, "device-list-properties", "{}", "MissingMember", "typename");
    ask_expect_error(*state, "device-list-properties", "{'typename': 7}", "WrongType", "typename");
}

static void test_properties(void **state)
{
    json_t *properties = ask(*state, "device-list-properties", "{'typename': 'rv64'}");
    json_t *mmu = ask_find(properties, "name", "mmu");
    assert_string_equal(ask_text(mmu, "type"), "enum");
    assert_string_equal(ask_text(mmu, "default-value"), "sv48");
    assert_int_equal(json_array_size(json_object_get(mmu, "values")), 3);
    json_decref(properties);
    properties = ask(*state, "device-list-properties", "{'typename': 'ram'}");
    json_t *size = ask_find(properties, "name", "size");
    assert_true(json_is_true(json_object_get(size, "required")));
    assert_null(json_object_get(size, "default-value"));
    json_decref(properties);
}

static void test_hardware(void **state)
{
    json_t *reply = ask(*state, "query-hardware",
                        "{'target': {'machine': 'virt', 'smp': {'cpus': 2}, 'memory': 536870912,"
                        " 'options': {'virtio-transports': 1}}}");
    const json_t *hardware = json_object_get(reply, "hardware");
    assert_string_equal(ask_text(reply, "format"), "json");
    assert_int_equal(json_integer_value(json_object_get(hardware, "memory")), 512 << 20);
    json_t *serial = ask_find(json_object_get(hardware, "devices"), "id", "serial0");
    assert_string_equal(ask_text(serial, "address"), "0x10000000");
    json_t *irq = json_array_get(json_object_get(serial, "irqs"), 0);
    assert_string_equal(ask_text(irq, "to"), "plic");
    assert_int_equal(json_integer_value(json_object_get(irq, "line")), 10);
    json_t *root = ask_find(json_object_get(hardware, "buses"), "id", "pcie.0");
    assert_string_equal(ask_text(root, "owner"), "pcihost");
    json_decref(reply);
}

static void test_hardware_forms(void **state)
{
    json_t *cfg = ask(*state, "query-hardware", "{'target': {'machine': 'virt'}, 'format': 'cfg'}");
    assert_non_null(strstr(ask_text(cfg, "text"), "[device \"serial0\"]"));
    assert_null(json_object_get(cfg, "hardware"));
    json_decref(cfg);
    static const char *const forms[] = {"fdt", "guest-fdt"};
    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        g_autofree char *arguments =
            g_strdup_printf("{'target': {'machine': 'virt'}, 'format': '%s'}", forms[i]);
        json_t *fdt = ask(*state, "query-hardware", arguments);
        gsize size;
        g_autofree guchar *blob = g_base64_decode(ask_text(fdt, "base64"), &size);
        assert_true(size > 40);
        assert_memory_equal(blob, "\xd0\x0d\xfe\xed", 4);
        json_decref(fdt);
    }
    ask_expect_error(*state, "query-hardware", "{'target': {'machine': 'virt'}, 'format': 'xml'}",
                     "UnknownValue", "format");
    ask_expect_error(*state, "query-hardware", NULL, "MissingMachine", "target.machine");
}

static void test_cpu_slots(void **state)
{
    json_t *slots = ask(*state, "query-cpu-slots",
                        "{'target': {'machine': 'virt', 'smp': {'cpus': 3, 'maxcpus': 8,"
                        " 'sockets': 2, 'threads': 2}}}");
    assert_int_equal(json_array_size(slots), 8);
    for (size_t i = 0; i < 8; i++) {
        const json_t *slot = json_array_get(slots, i);
        const json_t *place = json_object_get(slot, "place");
        assert_int_equal(json_integer_value(json_object_get(slot, "index")), i);
        assert_int_equal(json_integer_value(json_object_get(place, "thread-id")), i % 2);
        assert_int_equal(json_integer_value(json_object_get(place, "core-id")), i / 2 % 2);
        assert_int_equal(json_integer_value(json_object_get(place, "socket-id")), i / 4);
        assert_string_equal(ask_text(slot, "state"), i < 3 ? "taken" : "free");
    }
    assert_string_equal(ask_text(json_array_get(slots, 2), "by"), "cpu.2");
    json_decref(slots);
}

/* No machine takes CPUs while it runs yet: one is made of types that would. */
static void test_hotpluggable_cpus(void **state)
{
    Asker *asker = *state;
    ask_expect_error(asker, "query-hotpluggable-cpus", "{'target': {'machine': 'virt'}}",
                     "NotHotpluggable", NULL);
    g_autoptr(MdlTarget) target = mdl_target_new();
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    target->machine = g_strdup("virt");
    target->cpus = 2;
    target->max_cpus = 4;
    g_autoptr(MdlHardware) hardware = mdl_hardware_build(asker->catalog, target, NULL, findings);
    MdlBus *bus = (MdlBus *)mdl_hardware_bus(hardware, "cpus");
    bus->hotplug = true;
    MdlDeviceType cpu_type = *mdl_device_type_find("rv64");
    cpu_type.hotplug = true;
    for (size_t i = 0; i < bus->devices->len; i++) {
        ((MdlDevice *)g_ptr_array_index(bus->devices, i))->type = &cpu_type;
    }
    cmd_context_set_hardware(asker->context, hardware);
    json_t *cpus = ask(asker, "query-hotpluggable-cpus", NULL);
    cmd_context_set_hardware(asker->context, NULL);
    assert_int_equal(json_array_size(cpus), 4);
    assert_string_equal(ask_text(json_array_get(cpus, 1), "qom-path"), "cpu.1");
    assert_null(json_object_get(json_array_get(cpus, 2), "qom-path"));
    assert_int_equal(json_integer_value(json_object_get(json_array_get(cpus, 3), "vcpus-count")),
                     1);
    json_decref(cpus);
}

static void test_memory_slots(void **state)
{
    json_t *slots =
        ask(*state, "query-memory-slots", "{'target': {'machine': 'virt', 'memory': '20G'}}");
    assert_int_equal(json_array_size(slots), 1);
    const json_t *slot = json_array_get(slots, 0);
    assert_string_equal(ask_text(slot, "base"), "0x80000000");
    assert_int_equal(json_integer_value(json_object_get(slot, "size")), INT64_C(20) << 30);
    assert_int_equal(json_integer_value(json_object_get(slot, "alignment")), 2 << 20);
    json_decref(slots);
}

static void test_cpu_definitions(void **state)
{
    static const char *const arguments[] = {NULL, "{'target': {'machine': 'virt'}}"};
    for (size_t i = 0; i < G_N_ELEMENTS(arguments); i++) {
        json_t *types = ask(*state, "query-cpu-definitions", arguments[i]);
        assert_string_equal(ask_text(ask_find(types, "name", "rv64"), "typename"), "rv64");
        json_decref(types);
    }
}

static void test_check_target(void **state)
{
    json_t *good = ask(*state, "check-target", "{'target': {'machine': 'virt'}}");
    assert_true(json_is_true(json_object_get(good, "ok")));
    json_decref(good);
    json_t *depends_on;
    json_t *bad = ask_depends(*state, "check-target",
                              "{'target': {'machine': 'virt', 'smp': {'cpus': 1000},"
                              " 'options': {'nosuch': 1}}}",
                              &depends_on);
    assert_true(json_is_false(json_object_get(bad, "ok")));
    const json_t *findings = json_object_get(bad, "findings");
    assert_int_equal(json_array_size(findings), 2);
    assert_string_equal(ask_text(ask_find(findings, "place", "smp"), "class"), "OutOfRange");
    ask_find(findings, "rule", "unknown-option");
    assert_true(ask_has_read(depends_on, "options.nosuch"));
    assert_true(ask_has_read(depends_on, "smp"));
    json_decref(bad);
    json_decref(depends_on);
    ask_expect_error(*state, "check-target", NULL, "MissingMachine", "target.machine");
    ask_expect_error(*state, "check-target", "{'target': {'options': {'a': null}}}", "WrongType",
                     "target.options.a");
}

static void test_itself(void **state)
{
    json_t *schema = ask(*state, "query-schema", NULL);
    ask_find(json_object_get(schema, "commands"), "name", "query-schema");
    json_decref(schema);
    json_t *qmp = ask(*state, "query-qmp-schema", NULL);
    assert_string_equal(ask_text(ask_find(qmp, "name", "query-version"), "meta-type"), "command");
    json_decref(qmp);
    json_t *commands = ask(*state, "query-commands", NULL);
    assert_string_equal(ask_text(ask_find(commands, "name", "cont"), "phase"), "machine");
    json_decref(commands);
    json_t *version = ask(*state, "query-version", NULL), *greeting = cmd_version();
    assert_true(json_equal(version, greeting));
    json_decref(version);
    json_decref(greeting);
    json_t *build = ask(*state, "query-build", NULL);
    assert_int_equal(strlen(ask_text(build, "declarations")), 64);
    assert_int_equal(json_integer_value(json_object_get(build, "machine-count")), 2);
    json_decref(build);
}

static void test_host(void **state)
{
    json_t *depends_on;
    json_t *host = ask_depends(*state, "query-host", NULL, &depends_on);
    assert_true(json_integer_value(json_object_get(host, "cpus")) > 0);
    assert_true(g_str_has_prefix(ask_text(host, "kernel"), "Linux "));
    const json_t *kvm = json_object_get(host, "kvm");
    bool yes = strcmp(ask_text(kvm, "answer"), "yes") == 0;
    assert_true(yes == !json_object_get(kvm, "reason")); /* no and unknown have a reason */
    assert_true(ask_has_read(depends_on, "host.kvm"));
    assert_true(ask_has_read(depends_on, "host.kernel"));
    json_decref(host);
    json_decref(depends_on);
}

static void test_unknown_command_and_arguments(void **state)
{
    ask_expect_error(*state, "nosuch", "{}", "CommandNotFound", NULL);
    ask_expect_error(*state, "cont", "{}", "CommandNotFound", NULL);
    for (const CmdCommand *command = cmd_model_commands; command->name; command++) {
        g_autoptr(GError) error = ask_refused(*state, command->name, "{'nosuch': 1}");
        json_t *findings = wire_error_findings(error);
        ask_find(findings, "class", "UnknownMember");
        g_autoptr(GError) wrong = ask_refused(*state, command->name, "{'target': 7}");
        ask_find(wire_error_findings(wrong), "class", "WrongType");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_machines),
        cmocka_unit_test(test_machine_files_are_read),
        cmocka_unit_test(test_machine_options),
        cmocka_unit_test(test_accelerators),
        cmocka_unit_test(test_device_types),
        cmocka_unit_test(test_defaults_as_the_machine_has_them),
        cmocka_unit_test(test_properties),
        cmocka_unit_test(test_hardware),
        cmocka_unit_test(test_hardware_forms),
        cmocka_unit_test(test_cpu_slots),
        cmocka_unit_test(test_hotpluggable_cpus),
        cmocka_unit_test(test_memory_slots),
        cmocka_unit_test(test_cpu_definitions),
        cmocka_unit_test(test_check_target),
        cmocka_unit_test(test_itself),
        cmocka_unit_test(test_host),
        cmocka_unit_test(test_unknown_command_and_arguments),
    };
    return cmocka_run_group_tests(tests, open_with_defaults, asker_close);
}
