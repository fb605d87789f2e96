/* Targets and the record of what was read. */
#include "testing.h"

static void test_copy_is_deep(void **state)
{
    (void)state;
    g_autoptr(MdlTarget) target = target_of("virt");
    set_option(target, "aclint", "on");
    target->cpu = g_strdup("rv64");
    target->memory = g_strdup("1G");
    target->cpus = 4;
    g_ptr_array_add(target->devices, mdl_loose_device_new("x"));
    g_autoptr(MdlTarget) copy = mdl_target_copy(target);
    set_option(target, "aclint", "off");
    *target->machine = 'V';
    assert_string_equal(copy->machine, "virt");
    assert_string_equal(g_hash_table_lookup(copy->options, "aclint"), "on");
    assert_string_equal(copy->cpu, "rv64");
    assert_string_equal(copy->memory, "1G");
    assert_null(copy->accel);
    assert_int_equal(copy->cpus, 4);
    assert_int_equal(copy->devices->len, 1);
    const MdlLooseDevice *device = g_ptr_array_index(copy->devices, 0);
    assert_ptr_not_equal(device, g_ptr_array_index(target->devices, 0));
    assert_string_equal(device->type, "x");
}

static void test_trace_is_sorted_and_once(void **state)
{
    (void)state;
    g_autoptr(MdlTrace) trace = mdl_trace_new();
    mdl_trace_read(trace, "options.b", NULL, "1");
    mdl_trace_accept(trace, "machine", "virt", "virt-1.0");
    mdl_trace_read(trace, "accel", NULL, "none");
    mdl_trace_read(trace, "options.b", NULL, "1");
    assert_int_equal(mdl_trace_count(trace), 3);
    assert_string_equal(mdl_trace_at(trace, 0)->name, "accel");
    assert_string_equal(mdl_trace_at(trace, 1)->name, "machine");
    assert_string_equal(mdl_trace_at(trace, 1)->given, "virt");
    assert_string_equal(mdl_trace_at(trace, 1)->value, "virt-1.0");
    assert_false(mdl_trace_at(trace, 1)->read);
    assert_string_equal(mdl_trace_at(trace, 2)->name, "options.b");
    assert_null(mdl_trace_at(trace, 2)->given);
}

static void test_a_read_overrules_an_acceptance(void **state)
{
    (void)state;
    g_autoptr(MdlTrace) trace = mdl_trace_new();
    mdl_trace_accept(trace, "smp", "cpus=2", "cpus=2");
    assert_false(mdl_trace_at(trace, 0)->read);
    mdl_trace_read(trace, "smp", "cpus=2", "cpus=2");
    assert_true(mdl_trace_at(trace, 0)->read);
    mdl_trace_accept(trace, "smp", "cpus=2", "cpus=2");
    assert_true(mdl_trace_at(trace, 0)->read);
    assert_int_equal(mdl_trace_count(trace), 1);
}

static void test_nothing_to_record_in(void **state)
{
    (void)state;
    mdl_trace_read(NULL, "machine", NULL, "virt-1.0");
    mdl_trace_accept(NULL, "machine", NULL, "virt-1.0");
    mdl_trace_free(NULL);
    mdl_target_free(NULL);
}

/* The record of one build as text: names with =value when read, with ~value when only accepted. */
static char *inputs_of(const MdlCatalog *catalog, const MdlTarget *target)
{
    g_autoptr(MdlTrace) trace = mdl_trace_new();
    mdl_hardware_free(build_hardware(catalog, target, trace));
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < mdl_trace_count(trace); i++) {
        const MdlInput *input = mdl_trace_at(trace, i);
        g_string_append_printf(text, "%s%c%s\n", input->name, input->read ? '=' : '~',
                               input->value);
    }
    return g_string_free(text, FALSE);
}

static void expect_input(const char *inputs, const char *line, bool there)
{
    g_autofree char *all = g_strconcat("\n", inputs, NULL);
    g_autofree char *wanted = g_strconcat("\n", line, NULL);
    if ((strstr(all, wanted) != NULL) != there) {
        fail_msg("%s is %s:\n%s", line, there ? "missing" : "there", inputs);
    }
}

static const char conditions[] = "[machine]\n"
                                 "name = t\n"
                                 "version = 1.0\n"
                                 "arch = riscv64\n"
                                 "doc = What is read\n"
                                 "[option \"a\"]\n"
                                 "type = bool\n"
                                 "default = off\n"
                                 "doc = Looked at first\n"
                                 "[option \"b\"]\n"
                                 "type = uint\n"
                                 "range = 1..4\n"
                                 "default = 2\n"
                                 "doc = Looked at where a is on\n"
                                 "[option \"c\"]\n"
                                 "type = bool\n"
                                 "default = on\n"
                                 "doc = Nobody looks at it\n"
                                 "[memory]\n"
                                 "type = ram\n"
                                 "base = 0x80000000\n"
                                 "default = 64M\n"
                                 "[bus \"system\"]\n"
                                 "type = system\n"
                                 "[device \"x\"]\n"
                                 "type = sifive-test\n"
                                 "when = a && b > 1\n"
                                 "address = 0x1000\n"
                                 "[device \"y\"]\n"
                                 "type = sifive-test\n"
                                 "when = device.x && memory.size >= 64M\n"
                                 "address = 0x2000\n";

/* Only what decided is read; what was given, valid and not looked at is accepted. */
static void test_what_an_answer_depends_on(void **state)
{
    (void)state;
    g_autoptr(MdlCatalog) catalog = catalog_with(conditions);
    g_autoptr(MdlTarget) target = target_of("t");
    g_autofree char *plain = inputs_of(catalog, target);
    expect_input(plain, "machine=t-1.0\n", true);
    expect_input(plain, "machine.file=", true);
    expect_input(plain, "memory=64M\n", true);
    expect_input(plain, "options.a=off\n", true);
    expect_input(plain, "options.b", false);
    expect_input(plain, "options.c", false);
    expect_input(plain, "accel", false);
    expect_input(plain, "cpu", false);
    expect_input(plain, "smp", false);

    set_option(target, "b", "3");
    set_option(target, "c", "yes");
    g_autofree char *given = inputs_of(catalog, target);
    expect_input(given, "options.b~3\n", true);
    expect_input(given, "options.c~on\n", true);

    set_option(target, "a", "on");
    target->accel = g_strdup("none");
    g_autofree char *on = inputs_of(catalog, target);
    expect_input(on, "options.a=on\n", true);
    expect_input(on, "options.b=3\n", true);
    expect_input(on, "options.c~on\n", true);
    expect_input(on, "accel~none\n", true);
}

/* What is recorded as unread really changes nothing, for each option of the conditions. */
static void test_unread_inputs_change_nothing(void **state)
{
    (void)state;
    g_autoptr(MdlCatalog) catalog = catalog_with(conditions);
    for (int bits = 0; bits < 4; bits++) {
        g_autoptr(MdlTarget) target = target_of("t");
        set_option(target, "c", bits & 1 ? "on" : "off");
        set_option(target, "b", bits & 2 ? "1" : "4");
        g_autoptr(MdlHardware) hardware = build_hardware(catalog, target, NULL);
        assert_int_equal(hardware->devices->len, 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_copy_is_deep),
        cmocka_unit_test(test_trace_is_sorted_and_once),
        cmocka_unit_test(test_a_read_overrules_an_acceptance),
        cmocka_unit_test(test_nothing_to_record_in),
        cmocka_unit_test(test_what_an_answer_depends_on),
        cmocka_unit_test(test_unread_inputs_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
