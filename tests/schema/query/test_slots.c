/* Places as sets: each set is as large as its product, sets do not overlap, and together they are
 * the whole bus, as query-address-rules describes it. */
#include "ask.h"

#include "slots.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

/* A machine with devices and reserved places in awkward positions on one bus. */
static const char crowded[] = "[machine]\n"
                              "name = crowded\n"
                              "version = 1.0\n"
                              "extends = virt-1.0\n"
                              "doc = Many places are not free\n"
                              "[slot \"1f.*\"]\n"
                              "bus = pcie.0\n"
                              "reason = Kept for a controller\n"
                              "[slot \"*.7\"]\n"
                              "bus = pcie.0\n"
                              "reason = No seventh functions\n"
                              "[device \"first\"]\n"
                              "type = gpex-root\n"
                              "bus = pcie.0\n"
                              "address = 03.0\n"
                              "multifunction = on\n"
                              "[device \"second\"]\n"
                              "type = gpex-root\n"
                              "bus = pcie.0\n"
                              "address = 03.2\n"
                              "[device \"fifth\"]\n"
                              "type = gpex-root\n"
                              "bus = pcie.0\n"
                              "address = 05.0\n"
                              "multifunction = on\n"
                              "[device \"third\"]\n"
                              "type = gpex-root\n"
                              "bus = pcie.0\n"
                              "address = 05.2\n";

static int open_crowded(void **state)
{
    asker_open(state);
    Asker *asker = *state;
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    MdlSource source = {"crowded.cfg", crowded, strlen(crowded)};
    if (!mdl_catalog_add(asker->catalog, &source, 1, findings)) {
        g_autofree char *text = mdl_findings_print(findings);
        print_error("%s", text);
        return -1;
    }
    return 0;
}

/* How many numbers a field has in a set. Numbers beyond 2^53 are text. */
static uint64_t number_of(const json_t *value)
{
    uint64_t number = 0;
    if (json_is_string(value)) {
        return g_ascii_strtoull(json_string_value(value), NULL, 16);
    }
    assert_true(wire_json_get_uint(value, &number));
    return number;
}

static uint64_t first_of(const json_t *value)
{
    return number_of(json_is_array(value) ? json_array_get(value, 0) : value);
}

static uint64_t last_of(const json_t *value)
{
    return number_of(json_is_array(value) ? json_array_get(value, 1) : value);
}

static uint64_t product_of(const json_t *set)
{
    const json_t *fields = json_object_get(set, "fields");
    uint64_t product = 1;
    for (size_t f = 0; f < json_array_size(fields); f++) {
        const json_t *values = json_object_get(json_array_get(fields, f), "values");
        uint64_t count = 0, next = 0;
        for (size_t i = 0; i < json_array_size(values); i++) {
            const json_t *value = json_array_get(values, i);
            assert_true(first_of(value) <= last_of(value));
            assert_true(i == 0 || first_of(value) > next); /* ascending, with a gap */
            count += last_of(value) - first_of(value) + 1;
            next = last_of(value) + 1;
        }
        product *= count;
    }
    return product;
}

static uint64_t count_of(const json_t *set)
{
    uint64_t count = 0;
    assert_true(wire_json_get_uint(json_object_get(set, "count"), &count));
    return count;
}

/* The number of addresses that the rules give a bus; 2^64 is 0. */
static uint64_t size_of_bus(const json_t *rules)
{
    const json_t *fields = json_object_get(rules, "fields");
    uint64_t size = 1;
    for (size_t f = 0; f < json_array_size(fields); f++) {
        const json_t *field = json_array_get(fields, f);
        uint64_t minimum = 0, maximum = 0;
        assert_true(wire_json_get_uint(json_object_get(field, "minimum"), &minimum));
        assert_true(wire_json_get_uint(json_object_get(field, "maximum"), &maximum));
        size *= maximum - minimum + 1;
    }
    return size;
}

static bool holds(const json_t *set, const uint64_t *address, size_t n)
{
    const json_t *fields = json_object_get(set, "fields");
    for (size_t f = 0; f < n; f++) {
        const json_t *values = json_object_get(json_array_get(fields, f), "values");
        bool found = false;
        for (size_t i = 0; !found && i < json_array_size(values); i++) {
            const json_t *value = json_array_get(values, i);
            found = address[f] >= first_of(value) && address[f] <= last_of(value);
        }
        if (!found) {
            return false;
        }
    }
    return true;
}

/* Every address of a small bus is in exactly one set. */
static void check_each_address(const json_t *sets, const json_t *rules)
{
    const json_t *fields = json_object_get(rules, "fields");
    size_t n = json_array_size(fields);
    uint64_t address[MDL_MAX_FIELDS] = {0};
    for (uint64_t i = 0; i < size_of_bus(rules); i++) {
        uint64_t rest = i;
        for (size_t f = 0; f < n; f++) {
            const json_t *field = json_array_get(fields, f);
            uint64_t minimum = number_of(json_object_get(field, "minimum"));
            uint64_t count = number_of(json_object_get(field, "maximum")) - minimum + 1;
            address[f] = minimum + rest % count;
            rest /= count;
        }
        size_t found = 0;
        for (size_t s = 0; s < json_array_size(sets); s++) {
            found += holds(json_array_get(sets, s), address, n);
        }
        assert_int_equal(found, 1);
    }
}

static void check_bus(Asker *asker, const char *machine, const json_t *rules)
{
    const char *bus = ask_text(rules, "bus");
    g_autofree char *arguments = g_strdup_printf(
        "{'target': {'machine': '%s', 'smp': {'cpus': 3, 'maxcpus': 8, 'sockets': 2}}, 'bus': "
        "'%s'}",
        machine, bus);
    json_t *sets = ask(asker, "query-device-slots", arguments);
    uint64_t total = 0;
    for (size_t i = 0; i < json_array_size(sets); i++) {
        const json_t *set = json_array_get(sets, i);
        assert_string_equal(ask_text(set, "bus"), bus);
        if (product_of(set) != count_of(set)) {
            fail_msg("%s: the product is not the count", ask_text(set, "places"));
        }
        total += count_of(set);
    }
    if (total != size_of_bus(rules)) {
        fail_msg("%s %s: the sets are not the bus", machine, bus);
    }
    if (size_of_bus(rules) && size_of_bus(rules) < 100000) {
        check_each_address(sets, rules);
    }
    json_decref(sets);
}

static void test_sets_are_the_bus(void **state)
{
    Asker *asker = *state;
    const char *const *names = mdl_catalog_names(asker->catalog);
    for (size_t m = 0; names[m]; m++) {
        g_autofree char *arguments = g_strdup_printf(
            "{'target': {'machine': '%s', 'smp': {'cpus': 3, 'maxcpus': 8, 'sockets': 2}}}",
            names[m]);
        json_t *rules = ask(asker, "query-address-rules", arguments);
        assert_true(json_array_size(rules) > 1);
        for (size_t i = 0; i < json_array_size(rules); i++) {
            check_bus(asker, names[m], json_array_get(rules, i));
        }
        json_decref(rules);
    }
}

static void test_few_sets(void **state)
{
    json_t *sets =
        ask(*state, "query-device-slots", "{'target': {'machine': 'crowded'}, 'bus': 'pcie.0'}");
    static const struct {
        const char *places, *state, *why;
    } expected[] = {
        {"00.0", "taken", "pcihost-root"},
        {"00.1-6", "reserved", "Device pcihost-root is alone there: it has not multifunction on"},
        {"00-1e.7", "reserved", "No seventh functions"},
        {"01-02,04,06-1e.0-6", "free", NULL},
        {"03.0", "taken", "first"},
        {"03,05.1,3-6", "free", NULL},
        {"03.2", "taken", "second"},
        {"05.0", "taken", "fifth"},
        {"05.2", "taken", "third"},
        {"1f.0-7", "reserved", "Kept for a controller"},
    };
    assert_int_equal(json_array_size(sets), G_N_ELEMENTS(expected));
    for (size_t i = 0; i < G_N_ELEMENTS(expected); i++) {
        const json_t *set = ask_find(sets, "places", expected[i].places);
        assert_string_equal(ask_text(set, "state"), expected[i].state);
        if (expected[i].why) {
            const char *member = strcmp(expected[i].state, "taken") == 0 ? "by" : "reason";
            assert_string_equal(ask_text(set, member), expected[i].why);
        }
        const json_t *verdict = json_object_get(set, "cold-plug");
        assert_string_equal(ask_text(verdict, "answer"), expected[i].why ? "no" : "yes");
    }
    json_decref(sets);
}

static void test_ranges(void **state)
{
    json_t *sets = ask(*state, "query-device-slots",
                       "{'target': {'machine': 'virt', 'memory': '1G'}, 'bus': 'system'}");
    const json_t *ram = ask_find(sets, "by", "ram");
    assert_string_equal(ask_text(ram, "places"), "0x80000000-0xbfffffff");
    assert_string_equal(ask_text(ram, "region"), "ram");
    assert_int_equal(count_of(ram), 1 << 30);
    json_decref(sets);
}

static void test_a_range_bus_without_devices(void **state)
{
    static const MdlField base = {.name = "base", .radix = MDL_RADIX_HEX, .maximum = UINT64_MAX};
    const char *const all[] = {NULL};
    MdlBusType type = {.name = "empty", .prefix = "0x", .separator = "", .ranges = true};
    type.accepts = all;
    type.fields = &base;
    type.n_fields = 1;
    (void)state;
    g_autoptr(GPtrArray) none = g_ptr_array_new();
    MdlBus bus = {.id = "empty", .type = &type, .fields = {{0, UINT64_MAX}}, .devices = none};
    MdlHardware hardware = {0};
    g_autoptr(GPtrArray) sets = mdl_bus_slots(&hardware, &bus);
    assert_int_equal(sets->len, 2); /* 2^64 places are more than a count can say */
    uint64_t total = 0;
    for (size_t i = 0; i < sets->len; i++) {
        total += mdl_slot_set_count(g_ptr_array_index(sets, i));
    }
    assert_true(total == 0);
}

static void test_a_full_bus(void **state)
{
    static const MdlField slot = {.name = "slot", .radix = MDL_RADIX_DECIMAL, .maximum = 9};
    const char *const all[] = {NULL};
    MdlBusType type = {.name = "small", .prefix = "", .separator = "", .max_devices = 1};
    type.accepts = all;
    type.fields = &slot;
    type.n_fields = 1;
    (void)state;
    MdlDevice device = {.id = "only", .address = {{4}}};
    g_autoptr(GPtrArray) devices = g_ptr_array_new();
    MdlBus bus = {.id = "small", .type = &type, .fields = {{0, 9}}, .devices = devices};
    MdlHardware hardware = {0};
    for (size_t n = 0; n <= 1; n++) {
        g_autoptr(GPtrArray) sets = mdl_bus_slots(&hardware, &bus);
        const MdlSlotSet *first = g_ptr_array_index(sets, 0);
        assert_int_equal(sets->len, n + 1);
        assert_int_equal(first->state, n ? MDL_SLOT_RESERVED : MDL_SLOT_FREE);
        assert_int_equal(mdl_slot_set_count(first), 10 - n);
        g_ptr_array_add(devices, &device);
    }
}

static void test_rules_of_a_machine(void **state)
{
    json_t *rules =
        ask(*state, "query-address-rules", "{'target': {'machine': 'crowded'}, 'bus': 'pcie.0'}");
    const json_t *bus = json_array_get(rules, 0);
    assert_int_equal(json_array_size(rules), 1);
    assert_string_equal(json_string_value(json_array_get(json_object_get(bus, "order"), 0)),
                        "slot");
    assert_int_equal(json_array_size(json_object_get(bus, "reserved")), 2);
    ask_find(json_object_get(bus, "reserved"), "address", "1f.*");
    assert_string_equal(ask_text(ask_find(json_object_get(bus, "taken"), "by", "third"), "address"),
                        "05.2");
    json_decref(rules);
}

static void test_rules_of_types(void **state)
{
    json_t *rules = ask(*state, "query-address-rules", NULL);
    const json_t *cpu = ask_find(rules, "bus-type", "cpu");
    assert_null(json_object_get(cpu, "bus"));
    assert_int_equal(json_array_size(json_object_get(cpu, "taken")), 0);
    for (size_t i = 0; mdl_bus_types[i]; i++) {
        ask_find(rules, "bus-type", mdl_bus_types[i]->name);
    }
    json_decref(rules);
}

static void test_unknown_bus(void **state)
{
    ask_expect_error(*state, "query-device-slots", "{'target': {'machine': 'virt'}, 'bus': 'x'}",
                     "UnknownBus", "bus");
    ask_expect_error(*state, "query-address-rules", "{'target': {'machine': 'virt'}, 'bus': 'x'}",
                     "UnknownBus", "bus");
    ask_expect_error(*state, "query-address-rules", "{'bus': 'pcie.0'}", "UnknownBus", "bus");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sets_are_the_bus), cmocka_unit_test(test_few_sets),
        cmocka_unit_test(test_ranges),           cmocka_unit_test(test_a_range_bus_without_devices),
        cmocka_unit_test(test_a_full_bus),       cmocka_unit_test(test_rules_of_a_machine),
        cmocka_unit_test(test_rules_of_types),   cmocka_unit_test(test_unknown_bus),
    };
    return cmocka_run_group_tests(tests, open_crowded, asker_close);
}
