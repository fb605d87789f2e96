/* compare-machines: what is the same, each subject that can differ, and what cannot be compared. */
#include "ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

/* The differences; the array keeps the reply alive. */
static json_t *differences(Asker *asker, const char *arguments)
{
    json_t *reply = ask(asker, "compare-machines", arguments);
    json_t *list = json_incref(json_object_get(reply, "differences"));
    json_decref(reply);
    return list;
}

static void expect_count(Asker *asker, const char *arguments, size_t count)
{
    json_t *list = differences(asker, arguments);
    assert_int_equal(json_array_size(list), count);
    json_decref(list);
}

static void test_same(void **state)
{
    expect_count(*state, "{'target': {'machine': 'virt'}, 'with': {}}", 0);
    expect_count(*state, "{'target': {'machine': 'virt'}, 'with': {'machine': 'virt-1.0'}}", 0);
    /* the accelerator, the host's side of a device, and an id are nothing to the guest */
    expect_count(
        *state, "{'target': {'machine': 'virt', 'accel': 'none'}, 'with': {'accel': 'interp'}}", 0);
    expect_count(
        *state,
        "{'target': {'machine': 'virt', 'devices': [{'type': 'virtio-rng-pci', 'id': 'a'}]},"
        " 'with': {'devices': [{'type': 'virtio-rng-pci', 'id': 'b'}]}}",
        0);
}

static void test_all(void **state)
{
    json_t *list = differences(*state, "{'target': {'machine': 'virt', 'accel': 'none'}, 'with': "
                                       "{'accel': 'interp'}, 'all': true}");
    json_t *accel = ask_find(list, "subject", "accel");
    assert_string_equal(ask_text(accel, "before"), "none");
    assert_string_equal(ask_text(accel, "after"), "interp");
    json_decref(list);
}

static void test_subjects(void **state)
{
    json_t *list = differences(*state, "{'target': {'machine': 'virt'}, 'with': {'memory': '512M',"
                                       " 'smp': {'cpus': 2}, 'cpu': 'rv64,mmu=sv39',"
                                       " 'options': {'pcie': false}}}");
    json_t *memory = ask_find(list, "subject", "memory");
    assert_int_equal(json_integer_value(json_object_get(memory, "after")), 512 << 20);
    json_t *region = ask_find(list, "subject", "region");
    assert_non_null(strstr(ask_text(region, "after"), "0x80000000-0x9fffffff"));
    json_t *smp = ask_find(list, "name", "cpus");
    assert_int_equal(json_integer_value(json_object_get(smp, "before")), 1);
    json_t *mmu = ask_find(list, "name", "mmu");
    assert_string_equal(ask_text(mmu, "after"), "sv39");
    json_t *gone = ask_find(list, "device", "pcihost");
    assert_non_null(json_object_get(gone, "before"));
    assert_null(json_object_get(gone, "after"));
    json_t *came = ask_find(list, "device", "cpu.1");
    assert_null(json_object_get(came, "before"));
    size_t i;
    json_t *difference;
    json_array_foreach(list, i, difference)
    { /* its buses went with it, and its parts are not told of */
        assert_string_not_equal(ask_text(difference, "subject"), "bus");
        if (difference != gone && json_object_get(difference, "device")) {
            assert_string_not_equal(ask_text(difference, "device"), "pcihost");
        }
    }
    json_decref(list);
}

/* What one machine has more the other has less: asked the other way round, the same list. */
static void test_both_ways(void **state)
{
    json_t *there =
        differences(*state, "{'target': {'machine': 'virt'}, 'with': {'machine': 'virt-minimal'}}");
    json_t *back =
        differences(*state, "{'target': {'machine': 'virt-minimal'}, 'with': {'machine': 'virt'}}");
    assert_true(json_array_size(there) > 0);
    assert_int_equal(json_array_size(there), json_array_size(back));
    size_t i;
    json_t *difference;
    json_array_foreach(there, i, difference)
    {
        json_t *other = ask_find(back, "device", ask_text(difference, "device"));
        assert_true(
            json_equal(json_object_get(other, "after"), json_object_get(difference, "before")));
    }
    json_decref(there);
    json_decref(back);
}

/* Hardware that was exported, by whomever, is compared as it was written. */
static void test_exported(void **state)
{
    json_t *reply =
        ask(*state, "query-hardware", "{'target': {'machine': 'virt', 'memory': '1G'}}");
    json_t *hardware = json_object_get(reply, "hardware");
    json_t *arguments = ask_json("{'target': {'machine': 'virt', 'memory': '1G'}}");
    json_object_set(arguments, "hardware", hardware);
    g_autofree char *same = wire_json_print(arguments, WIRE_JSON_COMPACT);
    expect_count(*state, same, 0);
    json_object_set_new(hardware, "memory", json_integer(5));
    g_autofree char *changed = wire_json_print(arguments, WIRE_JSON_COMPACT);
    json_t *list = differences(*state, changed);
    assert_int_equal(json_array_size(list), 1);
    assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 0), "after")), 5);
    json_decref(list);
    json_decref(arguments);
    json_decref(reply);
}

static void test_refused(void **state)
{
    static const struct {
        const char *arguments, *reason, *path;
    } wrong[] = {
        {"{'target': {'machine': 'virt'}}", "MissingMember", "with"},
        {"{'target': {'machine': 'virt'}, 'with': {'machine': 'nosuch'}}", "UnknownMachine",
         "with.machine"},
        {"{'target': {'machine': 'virt'}, 'with': {'memory': '1'}}", "OutOfRange", "with.memory"},
        {"{'target': {'machine': 'virt'}, 'with': {'memory': true}}", "WrongType", "with.memory"},
        {"{'target': {'machine': 'nosuch'}, 'with': {}}", "UnknownMachine", "target.machine"},
        {"{'target': {'machine': 'virt'}, 'hardware': {}}", "MissingMember", "hardware.machine"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(wrong); i++) {
        ask_expect_error(*state, "compare-machines", wrong[i].arguments, wrong[i].reason,
                         wrong[i].path);
    }
    json_t *reply = ask(*state, "query-hardware", "{'target': {'machine': 'virt'}}");
    json_t *arguments = ask_json("{'target': {'machine': 'virt'}, 'with': {}}");
    json_object_set(arguments, "hardware", json_object_get(reply, "hardware"));
    g_autofree char *both = wire_json_print(arguments, WIRE_JSON_COMPACT);
    ask_expect_error(*state, "compare-machines", both, "AmbiguousMember", "with");
    json_decref(arguments);
    json_decref(reply);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, asker_open, asker_close)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_same),     TEST(test_all),
                                       TEST(test_subjects), TEST(test_both_ways),
                                       TEST(test_exported), TEST(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
