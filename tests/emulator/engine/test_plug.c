/* Devices that come and go: on machine virt with a root port, as the model places them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "engine/machine.h"

extern const EmuDriver *const emu_drivers[];

#define ECAM UINT64_C(0x30000000)
#define PORT (ECAM + (1 << 15))
#define SLOT (ECAM + (1 << 20))
#define RNG  0x10441af4

typedef struct Plug {
    MdlCatalog *catalog;
    GPtrArray *trees; /* MdlHardware *: all outlive the machine */
    EmuMachine *machine;
} Plug;

/* Machine virt with a root port, and a device of that type if one is named. */
static const MdlHardware *tree_of(Plug *plug, const char *type, const char *bus)
{
    g_autoptr(MdlTarget) target = mdl_target_new();
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    target->machine = g_strdup("virt");
    target->accel = g_strdup("none");
    MdlLooseDevice *port = mdl_loose_device_new("pcie-root-port");
    port->id = g_strdup("port");
    g_ptr_array_add(target->devices, port);
    if (type) {
        MdlLooseDevice *device = mdl_loose_device_new(type);
        device->id = g_strdup("new");
        device->bus = g_strdup(bus);
        g_ptr_array_add(target->devices, device);
    }
    MdlHardware *hardware = mdl_hardware_build(plug->catalog, target, NULL, findings);
    if (!hardware)
        fail_msg("%s", mdl_findings_print(findings));
    g_ptr_array_add(plug->trees, hardware);
    return hardware;
}

static int setup(void **state)
{
    Plug *plug = g_new0(Plug, 1);
    GError *error = NULL;
    plug->catalog = mdl_catalog_new();
    plug->trees = g_ptr_array_new_with_free_func((GDestroyNotify)mdl_hardware_free);
    EmuMachineConfig config = {.drivers = emu_drivers, .accel = &emu_accel_none};
    if (!emu_machine_build(tree_of(plug, NULL, NULL), &config, &plug->machine, &error))
        fail_msg("%s", error->message);
    *state = plug;
    return 0;
}

static int teardown(void **state)
{
    Plug *plug = *state;
    emu_machine_free(plug->machine);
    g_ptr_array_free(plug->trees, TRUE);
    mdl_catalog_free(plug->catalog);
    g_free(plug);
    return 0;
}

static uint64_t get(Plug *plug, uint64_t address, unsigned size)
{
    uint64_t value = 0;
    assert_true(emu_machine_read(plug->machine, address, size, &value));
    return value;
}

static void put(Plug *plug, uint64_t address, unsigned size, uint64_t value)
{
    assert_true(emu_machine_write(plug->machine, address, size, value));
}

static void test_come_and_go(void **state)
{
    Plug *plug = *state;
    uint64_t cap = PORT + get(plug, PORT + 0x34, 1);
    put(plug, PORT + 0x18, 4, 0x00010100);
    put(plug, cap + 24, 2, 0x1028); /* interrupts of the slot */
    for (unsigned round = 0; round < 5; round++) {
        size_t before = emu_machine_n_devices(plug->machine);
        assert_int_equal(get(plug, SLOT, 4), 0xffffffff);
        assert_int_equal(get(plug, cap + 26, 2) & 0x40, 0);
        const MdlHardware *with = tree_of(plug, "virtio-rng-pci", "port");
        assert_true(emu_machine_plug(plug->machine, with, "new", NULL));
        assert_ptr_equal(emu_machine_hardware(plug->machine), with);
        assert_int_equal(emu_machine_n_devices(plug->machine), before + 1);
        assert_int_equal(get(plug, SLOT, 4), RNG);
        assert_int_equal(get(plug, cap + 26, 2), 0x148); /* present, both changed */
        assert_int_equal(get(plug, PORT + 6, 2) & 8, 8); /* an interrupt */
        put(plug, cap + 26, 2, 0x108);

        emu_machine_reset(plug->machine); /* it stays */
        put(plug, PORT + 0x18, 4, 0x00010100);
        put(plug, cap + 24, 2, 0x1028);
        assert_int_equal(get(plug, SLOT, 4), RNG);
        put(plug, cap + 26, 2, 0x108);

        emu_pci_set_intx(emu_machine_device(plug->machine, "new"), true);
        assert_true(emu_machine_unplug(plug->machine, tree_of(plug, NULL, NULL), "new", NULL));
        assert_null(emu_machine_device(plug->machine, "new"));
        assert_int_equal(get(plug, cap + 26, 2), 0x108);
        put(plug, cap + 26, 2, 0x108);
        assert_int_equal(get(plug, PORT + 6, 2) & 8, 0);
    }
}

static void expect_refusal(Plug *plug, const char *type, const char *bus, const char *why)
{
    GError *error = NULL;
    const MdlHardware *before = emu_machine_hardware(plug->machine);
    size_t n = emu_machine_n_devices(plug->machine);
    assert_false(emu_machine_plug(plug->machine, tree_of(plug, type, bus), "new", &error));
    if (!strstr(error->message, why))
        fail_msg("\"%s\" is not in \"%s\"", why, error->message);
    g_error_free(error);
    assert_ptr_equal(emu_machine_hardware(plug->machine), before);
    assert_int_equal(emu_machine_n_devices(plug->machine), n);
    assert_null(emu_machine_device(plug->machine, "new"));
    emu_machine_reset(plug->machine); /* all that is left works */
    assert_int_equal(get(plug, PORT, 4), 0x000c1b36);
}

static void test_refused(void **state)
{
    Plug *plug = *state;
    expect_refusal(plug, "virtio-rng-pci", "pcie.0", "pcie-root-port has a slot");
    expect_refusal(plug, "virtio-rng-device", NULL, "its type");
    expect_refusal(plug, "pcie-root-port", "pcie.0", "its type");
    expect_refusal(plug, "virtio-blk-pci", "port", "drive must name");
    const MdlHardware *with = tree_of(plug, "virtio-serial-pci", "port");
    assert_true(emu_machine_plug(plug->machine, with, "new", NULL)); /* the place is still free */
}

/* PCI Express 4.0, 6.7.1: the button, the interrupt, and the power that the guest cuts. */
static void test_a_guest_that_is_asked(void **state)
{
    Plug *plug = *state;
    uint64_t cap = PORT + get(plug, PORT + 0x34, 1);
    assert_int_equal(get(plug, cap + 20, 1) & 0x7b, 0x7b); /* button, power, indicators, hot-plug */
    put(plug, PORT + 0x18, 4, 0x00010100);
    for (unsigned round = 0; round < 3; round++) {
        const MdlHardware *with = tree_of(plug, "virtio-rng-pci", "port");
        assert_true(emu_machine_plug(plug->machine, with, "new", NULL));
        put(plug, cap + 26, 2, 0x108);
        assert_false(emu_machine_ask_to_let_go(plug->machine, "new")); /* nobody listens */
        put(plug, cap + 24, 2, 0x1029);
        put(plug, cap + 24, 2, 0x1429); /* it has not been asked */
        put(plug, cap + 24, 2, 0x1029);
        assert_null(emu_machine_next_let_go(plug->machine));

        assert_true(emu_machine_ask_to_let_go(plug->machine, "new"));
        assert_true(emu_machine_was_asked(plug->machine, "new"));
        assert_int_equal(get(plug, cap + 26, 2), 0x41); /* pressed, and present */
        assert_int_equal(get(plug, PORT + 6, 2) & 8, 8);
        put(plug, cap + 26, 2, 1);
        assert_int_equal(get(plug, PORT + 6, 2) & 8, 0);
        put(plug, cap + 24, 2, 0x1329); /* indicators change: nothing else does */
        assert_null(emu_machine_next_let_go(plug->machine));
        if (round == 1) {
            emu_machine_reset(plug->machine); /* nobody is left to answer */
            put(plug, PORT + 0x18, 4, 0x00010100);
        } else {
            put(plug, cap + 24, 2, 0x1729);
        }
        assert_string_equal(emu_machine_next_let_go(plug->machine), "new");
        assert_true(emu_machine_unplug(plug->machine, tree_of(plug, NULL, NULL), "new", NULL));
        assert_null(emu_machine_next_let_go(plug->machine));
        assert_int_equal(get(plug, cap + 26, 2) & 0x40, 0);
        put(plug, cap + 24, 2, 0x1028);
        put(plug, cap + 26, 2, 0x108);
    }
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {TEST(test_come_and_go), TEST(test_a_guest_that_is_asked),
                                       TEST(test_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
