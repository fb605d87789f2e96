/* The PCI Express host: ECAM, empty slots, a function's configuration space, its BARs behind the
 * three windows, and where its interrupts come out. */
#include "bench.h"

#include "types/gpex_pcihost.h"
#include "types/gpex_root.h"

extern const EmuDriver emu_driver_gpex_pcihost, emu_driver_gpex_root;

#define ECAM                     UINT64_C(0x30000000)
#define PIO                      UINT64_C(0x3000000)
#define MMIO32                   UINT64_C(0x40000000)
#define MMIO64                   UINT64_C(0x400000000)
#define RAM                      UINT64_C(0x80000000)
#define CONFIG(slot, fn, offset) (ECAM + ((slot) << 15) + ((fn) << 12) + (offset))

/* A function with one BAR of each kind, which remembers what was written last. */
static const MdlDeviceType toy_type = {.name = "toy-pci"};

typedef struct Toy {
    unsigned bar, size;
    uint64_t offset, value;
    unsigned config_offset;
} Toy;

static bool toy_init(EmuDevice *device, GError **error)
{
    (void)error;
    emu_pci_init(device, &(EmuPciIdentity){.vendor = 0x1234,
                                           .device = 0x5678,
                                           .subsystem_vendor = 0x9abc,
                                           .subsystem = 0xdef0,
                                           .class_code = 0xff0102,
                                           .revision = 3,
                                           .pin = 1});
    emu_pci_add_bar(device, 0, EMU_PCI_BAR_IO, false, 0x20);
    emu_pci_add_bar(device, 1, EMU_PCI_BAR_MEM32, false, 0x1000);
    emu_pci_add_bar(device, 4, EMU_PCI_BAR_MEM64, true, 0x200000000);
    assert_int_equal(emu_pci_add_capability(device, 0x09, 6), 0x40);
    assert_int_equal(emu_pci_add_capability(device, 0x05, 14), 0x48);
    return true;
}

static uint64_t toy_read(EmuDevice *device, unsigned bar, uint64_t offset, unsigned size)
{
    (void)device;
    return (uint64_t)bar << 56 | offset << 8 | size;
}

static void toy_write(EmuDevice *device, unsigned bar, uint64_t offset, unsigned size,
                      uint64_t value)
{
    Toy *toy = emu_device_state(device);
    *toy = (Toy){bar, size, offset, value, toy->config_offset};
}

static void toy_config_written(EmuDevice *device, unsigned offset, unsigned size)
{
    (void)size;
    Toy *toy = emu_device_state(device);
    toy->config_offset = offset;
}

static const EmuPciDriver toy_pci = {.config_written = toy_config_written};
static const EmuDriver toy_driver = {.type = &toy_type,
                                     .state_size = sizeof(Toy),
                                     .init = toy_init,
                                     .access_sizes = EMU_ACCESS_ANY,
                                     .read = toy_read,
                                     .write = toy_write,
                                     .pci = &toy_pci};

static const MdlRegion memory_regions[] = {{.name = "ram", .kind = MDL_REGION_RAM}};
static const MdlDeviceType memory_type = {
    .name = "memory", .regions = memory_regions, .n_regions = 1};
static const EmuDriver memory_driver = {.type = &memory_type};

static void add_toy(Bench *bench, MdlBus *bus, const char *id, uint64_t slot, uint64_t function)
{
    MdlDevice *toy = bench_add_on(bench, bus, &toy_driver, id);
    toy->address.fields[0] = slot;
    toy->address.fields[1] = function;
}

static int setup(void **state)
{
    Bench *bench = bench_new();
    const uint64_t sizes[] = {0x10000000, 0x10000, 0x40000000, 0x400000000};
    MdlDevice *host = bench_add(bench, &emu_driver_gpex_pcihost, "pcihost", 0, sizes, 4);
    host->regions[GPEX_PCIHOST_REGION_ECAM].base = ECAM;
    host->regions[GPEX_PCIHOST_REGION_PIO].base = PIO;
    host->regions[GPEX_PCIHOST_REGION_MMIO32].base = MMIO32;
    host->regions[GPEX_PCIHOST_REGION_MMIO64].base = MMIO64;
    for (unsigned line = 0; line < 4; line++)
        bench_wire(host, line, 0, bench->probe, line);
    bench_add_on(bench, host->buses[0], &emu_driver_gpex_root, "root");
    add_toy(bench, host->buses[0], "toy1", 1, 0);
    add_toy(bench, host->buses[0], "toy1.1", 1, 1);
    add_toy(bench, host->buses[0], "toy6", 6, 0);
    bench_add(bench, &memory_driver, "memory", RAM, (uint64_t[]){0x1000}, 1);
    bench_build(bench);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    bench_free(*state);
    return 0;
}

static void test_host_bridge(void **state)
{
    Bench *bench = *state;
    assert_int_equal(bench_read(bench, CONFIG(0, 0, 0), 4), 0x00081b36);
    assert_int_equal(bench_read(bench, CONFIG(0, 0, 8), 4), 0x06000000);
    assert_int_equal(bench_read(bench, CONFIG(0, 0, 0x0e), 1), 0); /* type 0 */
    assert_int_equal(bench_read(bench, CONFIG(0, 0, 0x3d), 1), 0); /* no interrupt */
    bench_write(bench, CONFIG(0, 0, 0), 4, 0);
    assert_int_equal(bench_read(bench, CONFIG(0, 0, 0), 4), 0x00081b36);
    for (unsigned bar = 0x10; bar < 0x28; bar += 4) {
        bench_write(bench, CONFIG(0, 0, bar), 4, 0xffffffff);
        assert_int_equal(bench_read(bench, CONFIG(0, 0, bar), 4), 0);
    }
}

static void test_empty_slots(void **state)
{
    Bench *bench = *state;
    assert_int_equal(bench_read(bench, CONFIG(2, 0, 0), 4), 0xffffffff);
    assert_int_equal(bench_read(bench, CONFIG(2, 0, 0), 2), 0xffff);
    assert_int_equal(bench_read(bench, CONFIG(31, 7, 0xfff), 1), 0xff);
    assert_int_equal(bench_read(bench, ECAM + 0x100000, 4), 0xffffffff);  /* bus 1 */
    assert_int_equal(bench_read(bench, ECAM + 0xffffffc, 4), 0xffffffff); /* bus 255 */
    bench_write(bench, CONFIG(2, 0, 4), 4, 7);
    assert_int_equal(bench_read(bench, CONFIG(2, 0, 4), 4), 0xffffffff);
    assert_int_equal(bench_errors(bench, "pcihost"), 0); /* looking is allowed */
}

static void test_configuration(void **state)
{
    Bench *bench = *state;
    assert_int_equal(bench_read(bench, CONFIG(1, 0, 0), 4), 0x56781234);
    assert_int_equal(bench_read(bench, CONFIG(1, 0, 2), 2), 0x5678);
    assert_int_equal(bench_read(bench, CONFIG(1, 0, 1), 1), 0x12);
    assert_int_equal(bench_read(bench, CONFIG(1, 0, 8), 4), 0xff010203);
    assert_int_equal(bench_read(bench, CONFIG(1, 0, 0x2c), 4), 0xdef09abc);
    assert_int_equal(bench_read(bench, CONFIG(1, 0, 0x3c), 4), 0x0100);

    bench_write(bench, CONFIG(1, 0, 4), 2, 0xffff);
    assert_int_equal(bench_read(bench, CONFIG(1, 0, 4), 2), 0x0547);
    assert_int_equal(((Toy *)emu_device_state(bench_device(bench, "toy1")))->config_offset, 4);
    bench_write(bench, CONFIG(1, 0, 0x3c), 1, 0x21);
    assert_int_equal(bench_read(bench, CONFIG(1, 0, 0x3c), 1), 0x21);

    assert_int_equal(bench_read(bench, CONFIG(1, 0, 6), 2) & 0x10, 0x10); /* capabilities */
    assert_int_equal(bench_read(bench, CONFIG(1, 0, 0x34), 1), 0x40);
    assert_int_equal(bench_read(bench, CONFIG(1, 0, 0x40), 2), 0x4809);
    assert_int_equal(bench_read(bench, CONFIG(1, 0, 0x48), 2), 0x0005);

    bench_write(bench, CONFIG(1, 0, 0x800), 4, 0xffffffff); /* nothing there to write */
    assert_int_equal(bench_read(bench, CONFIG(1, 0, 0x800), 4), 0);
    emu_machine_reset(bench->machine);
    assert_int_equal(bench_read(bench, CONFIG(1, 0, 4), 2), 0);
    assert_int_equal(bench_read(bench, CONFIG(1, 0, 0x34), 1), 0x40);
}

static void test_bar_sizes(void **state)
{
    Bench *bench = *state;
    static const uint32_t masks[6] = {0xffffffe1, 0xfffff000, 0, 0, 0x0000000c, 0xfffffffe};
    for (unsigned bar = 0; bar < 6; bar++) {
        bench_write(bench, CONFIG(1, 0, 0x10 + 4 * bar), 4, 0xffffffff);
        assert_int_equal(bench_read(bench, CONFIG(1, 0, 0x10 + 4 * bar), 4), masks[bar]);
    }
}

static void test_windows(void **state)
{
    Bench *bench = *state;
    Toy *toy = emu_device_state(bench_device(bench, "toy1"));
    bench_write(bench, CONFIG(1, 0, 0x10), 4, 0x1000);
    bench_write(bench, CONFIG(1, 0, 0x14), 4, MMIO32 + 0x10000);
    bench_write(bench, CONFIG(1, 0, 0x20), 4, 0);
    bench_write(bench, CONFIG(1, 0, 0x24), 4, 6);                     /* 0x600000000 */
    assert_int_equal(bench_read(bench, PIO + 0x1000, 4), 0xffffffff); /* not enabled yet */
    assert_int_equal(bench_read(bench, MMIO32 + 0x10000, 1), 0xff);

    bench_write(bench, CONFIG(1, 0, 4), 2, 3);
    assert_int_equal(bench_read(bench, PIO + 0x1004, 4), 0x0404);
    assert_int_equal(bench_read(bench, MMIO32 + 0x10ff8, 8), UINT64_C(1) << 56 | 0xff808);
    assert_int_equal(bench_read(bench, 0x600000010, 2), 0x1002);
    assert_int_equal(bench_read(bench, 0x7fffffff8, 8), UINT64_C(4) << 56 | 0x1fffffff808);
    bench_write(bench, MMIO32 + 0x10010, 2, 0xabcd);
    assert_int_equal(toy->bar, 1);
    assert_int_equal(toy->offset, 0x10);
    assert_int_equal(toy->size, 2);
    assert_int_equal(toy->value, 0xabcd);

    assert_int_equal(bench_read(bench, PIO + 0x1020, 1), 0xff); /* just past each of them */
    assert_int_equal(bench_read(bench, MMIO32 + 0x11000, 4), 0xffffffff);
    bench_write(bench, MMIO32 + 0x11000, 4, 0);
    assert_int_equal(toy->value, 0xabcd);
    assert_int_equal(bench_read(bench, 0x5fffffff8, 8), UINT64_MAX);
    bench_write(bench, CONFIG(1, 0, 4), 2, 1); /* memory off again */
    assert_int_equal(bench_read(bench, MMIO32 + 0x10000, 1), 0xff);
    assert_int_equal(bench_read(bench, PIO + 0x1004, 4), 0x0404);
}

static void test_interrupts(void **state)
{
    Bench *bench = *state;
    EmuDevice *first = bench_device(bench, "toy1"), *same = bench_device(bench, "toy1.1");
    emu_pci_set_intx(first, true);
    assert_true(bench_level(bench, 1)); /* slot 1, INTA: line 1 */
    assert_int_equal(bench_read(bench, CONFIG(1, 0, 6), 1) & 8, 8);
    emu_pci_set_intx(same, true);
    emu_pci_set_intx(first, false);
    assert_true(bench_level(bench, 1)); /* function 1 still drives it */
    bench_write(bench, CONFIG(1, 1, 4), 2, 0x400);
    assert_false(bench_level(bench, 1)); /* disabled, but its status says so */
    assert_int_equal(bench_read(bench, CONFIG(1, 1, 6), 1) & 8, 8);
    bench_write(bench, CONFIG(1, 1, 4), 2, 0);
    assert_true(bench_level(bench, 1));
    emu_pci_set_intx(bench_device(bench, "toy6"), true);
    assert_true(bench_level(bench, 2)); /* slot 6: 6 mod 4 */
    emu_machine_reset(bench->machine);
    assert_false(bench_level(bench, 1));
    assert_false(bench_level(bench, 2));
}

static void test_bus_master(void **state)
{
    Bench *bench = *state;
    EmuDevice *toy = bench_device(bench, "toy1");
    uint32_t value = 1;
    assert_false(emu_device_dma_write(toy, RAM, &value, 4));
    bench_write(bench, CONFIG(1, 0, 4), 2, 4);
    assert_true(emu_device_dma_write(toy, RAM, &value, 4));
    assert_int_equal(bench_read(bench, RAM, 4), 1);
    assert_false(emu_device_dma_write(toy, ECAM, &value, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_host_bridge, setup, teardown),
        cmocka_unit_test_setup_teardown(test_empty_slots, setup, teardown),
        cmocka_unit_test_setup_teardown(test_configuration, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bar_sizes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_windows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_interrupts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bus_master, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
