/* Places and wires: first fit, what is kept free, what collides, and where interrupts lead. */
#include "build.h"

#include "export.h"
#include "slots.h"
#include "testing.h"

#define VM   "[vm]\nname = t\nmachine = virt-1.0\n"
#define CARD "type = gpex-root\n"

static MdlHardware *build_vm(const char *text, MdlCatalog **ret_catalog)
{
    *ret_catalog = catalog_with(text);
    g_autoptr(MdlTarget) target = target_of("t");
    return build_hardware(*ret_catalog, target, NULL);
}

static void expect_vm_refused(const char *text, const char *expected)
{
    g_autoptr(MdlCatalog) catalog = catalog_with(text);
    g_autoptr(MdlTarget) target = target_of("t");
    expect_refused(catalog, target, expected);
}

static void expect_place(const MdlHardware *hardware, const char *id, const char *bus,
                         const char *address)
{
    const MdlDevice *device = mdl_hardware_device(hardware, id);
    assert_non_null(device);
    g_autofree char *text = mdl_address_print(device->bus->type, &device->address);
    assert_string_equal(device->bus->id, bus);
    assert_string_equal(text, address);
}

/* The lowest slot whose function 0 is free, in the order of the devices; 00.0 is the host's. */
static void test_first_fit(void **state)
{
    (void)state;
    g_autoptr(MdlCatalog) catalog = NULL;
    g_autoptr(MdlHardware) hardware =
        build_vm(VM "[slot \"03.0\"]\nbus = pcie.0\nreason = kept\n"
                    "[slot \"05.*\"]\nbus = pcie.0\nreason = kept\n"
                    "[device \"given\"]\n" CARD "address = 2\nmultifunction = on\n"
                    "[device \"other\"]\n" CARD "address = 01.1\n"
                    "[device \"cards\"]\n" CARD "count = 3\nmultifunction = on\n"
                    "[device \"high\"]\n" CARD "address = 1f\n"
                    "[device \"beside\"]\n" CARD "address = 02.1\n",
                 &catalog);
    expect_place(hardware, "pcihost-root", "pcie.0", "00.0");
    expect_place(hardware, "given", "pcie.0", "02.0");
    expect_place(hardware, "other", "pcie.0", "01.1");
    expect_place(hardware, "cards.0", "pcie.0", "01.0");
    expect_place(hardware, "cards.1", "pcie.0", "04.0");
    expect_place(hardware, "cards.2", "pcie.0", "06.0");
    expect_place(hardware, "high", "pcie.0", "1f.0");
    expect_place(hardware, "beside", "pcie.0", "02.1");
}

/* What is kept free is part of the hardware, and of its export. */
static void test_kept_free_in_the_export(void **state)
{
    (void)state;
    g_autoptr(MdlCatalog) catalog = NULL;
    g_autoptr(MdlHardware) hardware =
        build_vm(VM "[slot \"05.*\"]\nbus = pcie.0\nreason = kept\n", &catalog);
    g_autofree char *text = mdl_hardware_to_cfg(hardware);
    assert_non_null(strstr(text, "\n[slot \"05.*\"]\nbus = pcie.0\nreason = kept\n"));
    MdlSource source = source_of("export.cfg", text);
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    assert_true(mdl_catalog_add(catalog, &source, 1, findings));
    g_autoptr(MdlTarget) target = target_of("t-hardware");
    g_autoptr(MdlHardware) again = build_hardware(catalog, target, NULL);
    const MdlBus *bus = mdl_hardware_bus(again, "pcie.0");
    assert_int_equal(bus->n_reserved, 1);
    assert_string_equal(bus->reserved[0].reason, "kept");
}

static void test_collisions(void **state)
{
    (void)state;
    expect_vm_refused(VM "[device \"a\"]\n" CARD "[device \"b\"]\n" CARD "address = 1\n"
                         "[device \"c\"]\n" CARD "address = 01.0\n",
                      "test.cfg:8: t: device b: address 01.0 on bus pcie.0 is taken by device a "
                      "(address-taken); the next free address is 02.0\n"
                      "test.cfg:11: t: device c: address 01.0 on bus pcie.0 is taken by device a "
                      "(address-taken); the next free address is 02.0\n");
    expect_vm_refused(
        VM "[device \"a\"]\n" CARD "count = 30\n[device \"b\"]\n" CARD "[device \"c\"]\n" CARD,
        "test.cfg:9: t: device c: bus pcie.0 has no free place (no-free-address); add a "
        "pcie-root-port\n");
    expect_vm_refused(
        VM "[remove \"pcihost-root\"]\nreason = r\n[slot \"*.0\"]\nbus = pcie.0\nreason = "
           "full\n[device \"a\"]\n" CARD,
        "test.cfg:9: t: device a: bus pcie.0 has no free place (no-free-address); add a "
        "pcie-root-port\n");
}

/* A bus may take fewer devices than it has addresses. */
static void test_most_devices(void **state)
{
    (void)state;
    static const char *const order[] = {"unit", NULL};
    static const MdlField field = {.name = "unit", .radix = MDL_RADIX_DECIMAL, .maximum = 7};
    static const MdlBusType type = {.name = "b",
                                    .separator = "",
                                    .prefix = "",
                                    .fields = &field,
                                    .n_fields = 1,
                                    .order = order,
                                    .max_devices = 2};
    MdlDevice first = {.address = {{0}}}, second = {.address = {{5}}};
    g_autoptr(GPtrArray) devices = g_ptr_array_new();
    const MdlBus bus = {.id = "b.0", .type = &type, .fields = {{0, 7}}, .devices = devices};
    MdlAddress address;
    g_ptr_array_add(devices, &first);
    assert_true(mdl_place_free(&bus, NULL, NULL, &address));
    assert_int_equal(address.fields[0], 1);
    g_ptr_array_add(devices, &second);
    assert_false(mdl_place_free(&bus, NULL, NULL, &address));
}

/* A device without a bus goes to the first one of its family that has a free place. */
static void test_next_bus(void **state)
{
    (void)state;
    static const char second[] =
        VM "[device \"two\"]\ntype = gpex-pcihost\naddress = 0x1000000000000\n"
           "region.pio = 0x1000010000000\nregion.mmio32 = 0x1000040000000\n"
           "region.mmio64 = 0x1010000000000\n"
           "[device \"a\"]\n" CARD "count = 31\n[device \"b\"]\n" CARD;
    g_autoptr(MdlCatalog) catalog = NULL;
    g_autoptr(MdlHardware) hardware = build_vm(second, &catalog);
    expect_place(hardware, "a.30", "pcie.0", "1f.0");
    expect_place(hardware, "b", "pcie.1", "00.0");
}

/* Devices of a person take transports in tree order, one each. */
static void test_loose_devices(void **state)
{
    (void)state;
    g_autoptr(MdlCatalog) catalog = mdl_catalog_new();
    g_autoptr(MdlTarget) target = target_of("virt");
    set_option(target, "virtio-transports", "2");
    for (int i = 0; i < 2; i++) {
        g_ptr_array_add(target->devices, mdl_loose_device_new("virtio-rng-device"));
    }
    g_autoptr(MdlHardware) hardware = build_hardware(catalog, target, NULL);
    const MdlDevice *second = mdl_hardware_device(hardware, "virtio-rng-device.1");
    assert_int_equal(second->made, MDL_MADE_LOOSE);
    assert_string_equal(second->bus->owner->id, "virtio-mmio.1");
    g_ptr_array_add(target->devices, mdl_loose_device_new("virtio-rng-device"));
    expect_refused(catalog, target,
                   "virt-1.0: device virtio-rng-device.2: bus virtio-mmio-bus.0 has no free place "
                   "(no-free-address)\n");
}

static char *record_of_devices(const char *id, const char *bus)
{
    g_autoptr(MdlCatalog) catalog = mdl_catalog_new();
    g_autoptr(MdlTarget) target = target_of("virt");
    g_autoptr(MdlTrace) trace = mdl_trace_new();
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    MdlLooseDevice *device = mdl_loose_device_new("virtio-rng-device");
    device->id = g_strdup(id);
    device->bus = g_strdup(bus);
    g_ptr_array_add(target->devices, device);
    mdl_hardware_free(mdl_hardware_build(catalog, target, trace, findings));
    for (size_t i = 0; i < mdl_trace_count(trace); i++) {
        if (strcmp(mdl_trace_at(trace, i)->name, "devices") == 0) {
            return g_strdup(mdl_trace_at(trace, i)->value);
        }
    }
    fail_msg("the devices were not read");
    return NULL;
}

/* Words of a person cannot make two lists look alike in what an answer depends on. */
static void test_the_record_of_devices(void **state)
{
    (void)state;
    g_autofree char *plain = record_of_devices("x", NULL);
    g_autofree char *one = record_of_devices("x bus=b", NULL);
    g_autofree char *two = record_of_devices("x", "b");
    g_autofree char *other = record_of_devices("x bus=1:b", NULL);
    assert_string_not_equal(plain, two);
    assert_string_not_equal(one, two);
    assert_string_not_equal(other, two);
}

static void test_regions(void **state)
{
    (void)state;
    expect_vm_refused(
        VM "[device \"a\"]\ntype = goldfish-rtc\naddress = 0xfffffffffffff000\n"
           "[device \"b\"]\ntype = goldfish-rtc\naddress = 0xffffffffffffffff\n"
           "[device \"c\"]\ntype = goldfish-rtc\naddress = 0 - 1\n",
        "test.cfg:12: t: device c: \"address\": 0 - 1 does not fit in 64 bits (condition)\n");
    expect_vm_refused(VM "[device \"b\"]\ntype = goldfish-rtc\naddress = 0xffffffffffffffff\n",
                      "test.cfg:6: t: device b: region \"regs\" at 0xffffffffffffffff with 4096 "
                      "bytes does not fit in 64 bits (region-range)\n");
    g_autoptr(MdlCatalog) catalog = NULL; /* the last bytes there are, and neighbours that touch */
    g_autoptr(MdlHardware) hardware =
        build_vm(VM "[device \"a\"]\ntype = goldfish-rtc\naddress = 0xfffffffffffff000\n"
                    "[device \"b\"]\ntype = goldfish-rtc\naddress = 0xffffffffffffe000\n",
                 &catalog);
    expect_place(hardware, "a", "system", "0xfffffffffffff000");
}

/* A device that is nowhere is not held against those that are. */
static void test_one_fault_is_told_once(void **state)
{
    (void)state;
    expect_vm_refused(VM "[device \"a\"]\ntype = goldfish-rtc\nbus = systm\naddress = 0x100000\n"
                         "[device \"b\"]\ntype = goldfish-rtc\nbus = systm\naddress = 0x100000\n",
                      "test.cfg:6: t: device a: there is no bus \"systm\" (bus-unknown); system "
                      "buses: system\n"
                      "test.cfg:10: t: device b: there is no bus \"systm\" (bus-unknown); system "
                      "buses: system\n");
}

static void test_too_many_devices(void **state)
{
    (void)state;
    expect_vm_refused(VM "[device \"a\"]\n" CARD "count = 18446744073709551615\n",
                      "test.cfg:4: a: a machine has at most 4096 devices (too-many)\n");
    expect_vm_refused(VM "[device \"a\"]\n" CARD "bus = cpus\ncount = 4090\n",
                      "test.cfg:4: a: a machine has at most 4096 devices (too-many)\n");
}

/* Every bus can be counted, also the CPUs' of a machine that has none. */
static void test_places_are_counted(void **state)
{
    (void)state;
    g_autoptr(MdlCatalog) catalog =
        catalog_with("[machine]\nname = t\nversion = 1\narch = riscv64\ndoc = T\n"
                     "[bus \"cpus\"]\ntype = cpu\n[bus \"pci\"]\ntype = pcie-root\n");
    g_autoptr(MdlTarget) target = target_of("t");
    g_autoptr(MdlHardware) hardware = build_hardware(catalog, target, NULL);
    const uint64_t expected[] = {0, 256};
    for (size_t i = 0; i < hardware->buses->len; i++) {
        const MdlBus *bus = g_ptr_array_index(hardware->buses, i);
        g_autoptr(GPtrArray) sets = mdl_bus_slots(hardware, bus);
        uint64_t places = 0;
        for (size_t k = 0; k < sets->len; k++) {
            places += mdl_slot_set_count(g_ptr_array_index(sets, k));
        }
        assert_int_equal(places, expected[i]);
    }
}

/* ---- wires ----------------------------------------------------------------------------------- */

static void expect_wire(const MdlHardware *hardware, const char *id, size_t index,
                        const char *expected)
{
    const MdlDevice *device = mdl_hardware_device(hardware, id);
    assert_true(index < device->wires->len);
    const MdlWire *wire = &g_array_index(device->wires, MdlWire, index);
    g_autofree char *text =
        g_strdup_printf("%s[%u] -> %s:%u", wire->irq->name, wire->output, wire->to->id, wire->line);
    assert_string_equal(text, expected);
}

static void test_wires(void **state)
{
    (void)state;
    g_autoptr(MdlCatalog) catalog = mdl_catalog_new();
    g_autoptr(MdlTarget) target = target_of("virt");
    target->cpus = 2;
    g_autoptr(MdlHardware) hardware = build_hardware(catalog, target, NULL);
    expect_wire(hardware, "serial0", 0, "irq[0] -> plic:10");
    expect_wire(hardware, "virtio-mmio.7", 0, "irq[0] -> plic:8");
    expect_wire(hardware, "plic", 0, "machine[0] -> cpu.0:11");
    expect_wire(hardware, "plic", 1, "machine[1] -> cpu.1:11");
    expect_wire(hardware, "plic", 2, "supervisor[0] -> cpu.0:9");
    expect_wire(hardware, "plic", 3, "supervisor[1] -> cpu.1:9");
    expect_wire(hardware, "pcihost", 3, "intd[0] -> plic:35");
    assert_int_equal(mdl_hardware_device(hardware, "test")->wires->len, 0);
}

static void test_lines(void **state)
{
    (void)state;
    g_autoptr(MdlCatalog) catalog = NULL;
    g_autoptr(MdlHardware) hardware =
        build_vm(VM "[device \"rtc\"]\nirq = plic : 40 + smp.cpus * 2\n"
                    /* both ends are declared shared */
                    "[device \"pcihost\"]\nirq.intb = plic:32\nirq.intc = plic:32\n",
                 &catalog);
    expect_wire(hardware, "rtc", 0, "irq[0] -> plic:42");
    expect_wire(hardware, "pcihost", 2, "intc[0] -> plic:32");
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {VM "[device \"rtc\"]\nirq = plic:x\n",
         "test.cfg:5: t: device rtc: line \"x\": \"x\" names nothing (irq-form)\n"},
        {VM "[device \"rtc\"]\nirq = plic:accel.name\n",
         "test.cfg:5: t: device rtc: line \"accel.name\" must be a number (irq-form)\n"},
        {VM "[device \"rtc\"]\nirq = plic:1 / 0\n",
         "test.cfg:5: t: device rtc: line \"1 / 0\": division by zero (irq-form)\n"},
        {VM "[device \"rtc\"]\nirq = plic:18446744073709551615\n",
         "test.cfg:5: t: device rtc: interrupt \"irq\" leads to line 4294967295 of device plic, "
         "which has lines 0 to 96 (irq-line)\n"},
        {VM "[device \"plic\"]\nirq.machine = cpu.0:11\n",
         "test.cfg:5: t: device plic: interrupt \"machine\" has many outputs: write DEVICE.*:LINE "
         "(irq-form)\n"},
        {VM "[device \"plic\"]\nirq = cpu.*:11\n",
         "test.cfg:5: t: device plic: device type sifive-plic has 2 interrupts: write irq.NAME "
         "(irq-form)\n"},
        {VM "[device \"test\"]\nirq = plic:3\n",
         "test.cfg:5: t: device test: device type sifive-test has 0 interrupts: write irq.NAME "
         "(irq-form)\n"},
        {VM "[device \"plic\"]\nirq.machine = cpu.*:16\n",
         "test.cfg:5: t: device plic: interrupt \"machine\" leads to line 16 of device cpu.0, "
         "which has lines 0 to 15 (irq-line)\n"},
        /* one end is shared, the other is not */
        {VM "[device \"pcihost\"]\nirq.inta = plic:10\n",
         "test.cfg:5: t: device pcihost: interrupt line plic:10 is that of \"irq\" of device "
         "serial0 already, and not declared shared by both (irq-shared)\n"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        expect_vm_refused(cases[i].text, cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_fit),
        cmocka_unit_test(test_kept_free_in_the_export),
        cmocka_unit_test(test_collisions),
        cmocka_unit_test(test_most_devices),
        cmocka_unit_test(test_next_bus),
        cmocka_unit_test(test_loose_devices),
        cmocka_unit_test(test_the_record_of_devices),
        cmocka_unit_test(test_regions),
        cmocka_unit_test(test_one_fault_is_told_once),
        cmocka_unit_test(test_too_many_devices),
        cmocka_unit_test(test_places_are_counted),
        cmocka_unit_test(test_wires),
        cmocka_unit_test(test_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
