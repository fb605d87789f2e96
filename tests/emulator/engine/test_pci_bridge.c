/* Functions behind bridges: bus numbers, windows, interrupts, bus mastering, resets, and the slot
 * of a root port. */
#include "bench.h"

extern const EmuDriver emu_driver_gpex_pcihost, emu_driver_pcie_root_port,
    emu_driver_pcie_pci_bridge, emu_driver_virtio_rng_pci;

#define ECAM   UINT64_C(0x30000000)
#define WINDOW UINT64_C(0x40000000)

static uint64_t place(unsigned bus, unsigned slot)
{
    return ECAM + (bus << 20) + (slot << 15);
}

/* Slot 2: a root port with a device; slot 3: a bridge with one in slot 5 and, in slot 6, a bridge
 * with one in slot 7. */
static Bench *tree_new(void)
{
    Bench *bench = bench_new();
    MdlDevice *host = bench_add(bench, &emu_driver_gpex_pcihost, "host", ECAM,
                                (uint64_t[]){0x10000000, 0x10000, 0x10000000}, 3);
    host->regions[1].base = 0x3000000;
    host->regions[2].base = WINDOW;
    for (unsigned i = 0; i < 4; i++)
        bench_wire(host, i, 0, bench->probe, i);
    MdlDevice *port = bench_add_on(bench, host->buses[0], &emu_driver_pcie_root_port, "port");
    MdlDevice *bridge = bench_add_on(bench, host->buses[0], &emu_driver_pcie_pci_bridge, "bridge");
    MdlDevice *inner = bench_add_on(bench, bridge->buses[0], &emu_driver_pcie_pci_bridge, "inner");
    port->address.fields[0] = 2;
    bench_set(port, "slot", 9);
    bridge->address.fields[0] = 3;
    inner->address.fields[0] = 6;
    bench_add_on(bench, port->buses[0], &emu_driver_virtio_rng_pci, "in-slot");
    bench_add_on(bench, bridge->buses[0], &emu_driver_virtio_rng_pci, "behind")->address.fields[0] =
        5;
    bench_add_on(bench, inner->buses[0], &emu_driver_virtio_rng_pci, "far")->address.fields[0] = 7;
    bench_build(bench);
    return bench;
}

/* As firmware does: port 1, bridge 2 to 3, inner 3. */
static void number(Bench *bench)
{
    bench_write(bench, place(0, 2) + 0x18, 4, 0x00010100);
    bench_write(bench, place(0, 3) + 0x18, 4, 0x00030200);
    bench_write(bench, place(2, 6) + 0x18, 4, 0x00030302);
}

#define RNG  0x10441af4
#define NONE 0xffffffff

static void test_numbers(void **state)
{
    (void)state;
    Bench *bench = tree_new();
    assert_int_equal(bench_read(bench, place(0, 2), 4), 0x000c1b36);
    assert_int_equal(bench_read(bench, place(0, 2) + 0x0e, 1), 1);
    assert_int_equal(bench_read(bench, place(1, 0), 4), NONE); /* not numbered yet */
    number(bench);
    assert_int_equal(bench_read(bench, place(1, 0), 4), RNG);
    assert_int_equal(bench_read(bench, place(1, 1), 4), NONE); /* a link has one device */
    assert_int_equal(bench_read(bench, place(2, 5), 4), RNG);
    assert_int_equal(bench_read(bench, place(3, 7), 4), RNG);
    assert_int_equal(bench_read(bench, place(3, 5), 4), NONE);
    assert_int_equal(bench_read(bench, place(4, 0), 4), NONE);
    bench_write(bench, place(2, 6) + 0x18, 4, 0x00030202); /* its own bus behind itself */
    assert_int_equal(bench_read(bench, place(3, 7), 4), NONE);
    bench_write(bench, place(0, 3) + 0x18, 4, 0x00ff0000); /* and the root bus */
    assert_int_equal(bench_read(bench, place(2, 5), 4), NONE);
    assert_int_equal(bench_read(bench, place(0, 2), 4), 0x000c1b36);
    bench_free(bench);
}

/* A BAR of the far device, seen through both windows. */
static void test_windows(void **state)
{
    (void)state;
    Bench *bench = tree_new();
    number(bench);
    uint64_t common = WINDOW + 0x300000;
    bench_write(bench, place(3, 7) + 0x20, 4, common);
    bench_write(bench, place(3, 7) + 0x24, 4, 0);
    bench_write(bench, place(3, 7) + 0x04, 2, 6);
    assert_int_equal(bench_read(bench, common + 18, 2), 0xffff); /* no window yet */
    bench_write(bench, place(2, 6) + 0x20, 4, 0x40304030);       /* the memory window: 1 MiB */
    bench_write(bench, place(2, 6) + 0x04, 2, 6);
    assert_int_equal(bench_read(bench, common + 18, 2), 0xffff);
    bench_write(bench, place(0, 3) + 0x24, 4, 0x40404020); /* prefetchable: 0x40200000 on */
    bench_write(bench, place(0, 3) + 0x04, 2, 6);
    assert_int_equal(bench_read(bench, common + 18, 2), 1);
    bench_write(bench, place(0, 3) + 0x28, 4, 1); /* above the limit: closed */
    assert_int_equal(bench_read(bench, common + 18, 2), 0xffff);
    bench_write(bench, place(0, 3) + 0x28, 4, 0);
    bench_write(bench, place(0, 3) + 0x04, 2, 4); /* memory off */
    assert_int_equal(bench_read(bench, common + 18, 2), 0xffff);
    bench_write(bench, place(0, 3) + 0x04, 2, 6);
    bench_write(bench, place(0, 3) + 0x20, 4, 0x0000fff0); /* base above limit */
    assert_int_equal(bench_read(bench, common + 18, 2), 1);

    bench_write(bench, common + 20, 1, 1);
    assert_int_equal(bench_read(bench, common + 20, 1), 1);
    bench_write(bench, place(0, 3) + 0x3e, 2, 1 << 6); /* secondary bus reset: down to the last */
    bench_write(bench, place(0, 3) + 0x3e, 2, 0);
    assert_int_equal(bench_read(bench, place(3, 7), 4), NONE); /* inner lost its numbers */
    bench_write(bench, place(2, 6) + 0x18, 4, 0x00030302);
    assert_int_equal(bench_read(bench, place(3, 7) + 0x20, 4), 0xc);
    bench_free(bench);
}

static void test_interrupts(void **state)
{
    (void)state;
    Bench *bench = tree_new();
    static const struct {
        const char *id;
        unsigned line; /* each bridge adds its slot (PCI-to-PCI bridge 1.2, 9.1) */
    } cases[] = {{"in-slot", 2}, {"behind", (5 + 3) % 4}, {"far", (7 + 6 + 3) % 4}};
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        EmuDevice *device = bench_device(bench, cases[i].id);
        emu_pci_set_intx(device, true);
        for (unsigned line = 0; line < 4; line++)
            assert_int_equal(bench_level(bench, line), line == cases[i].line);
        emu_pci_set_intx(device, false);
        assert_false(bench_level(bench, cases[i].line));
    }
    bench_free(bench);
}

static void test_bus_mastering(void **state)
{
    (void)state;
    Bench *bench = tree_new();
    number(bench);
    EmuDevice *far = bench_device(bench, "far");
    assert_false(emu_pci_is_bus_master(far));
    bench_write(bench, place(3, 7) + 4, 2, 4);
    bench_write(bench, place(2, 6) + 4, 2, 4);
    assert_false(emu_pci_is_bus_master(far)); /* the outer bridge does not pass it on */
    bench_write(bench, place(0, 3) + 4, 2, 4);
    assert_true(emu_pci_is_bus_master(far));
    bench_free(bench);
}

static void test_slot(void **state)
{
    (void)state;
    Bench *bench = tree_new();
    EmuDevice *port = bench_device(bench, "port");
    uint64_t config = place(0, 2), cap = config + bench_read(bench, config + 0x34, 1);
    assert_int_equal(bench_read(bench, cap, 1), 0x10);
    assert_int_equal(bench_read(bench, cap + 2, 2), 0x142); /* a root port with a slot */
    assert_int_equal(bench_read(bench, cap + 20, 4), 9u << 19 | 1u << 18 | 0x7b);
    assert_int_equal(bench_read(bench, cap + 26, 2) & 0x40, 0x40); /* present from the start */
    assert_int_equal(bench_read(bench, cap + 18, 2), 0x2011);      /* and the link is up */
    bench_write(bench, cap + 26, 2, 0x108);
    assert_int_equal(bench_read(bench, cap + 26, 2), 0x40);
    bench_write(bench, cap + 24, 2, 0x1028); /* tell of presence and link */
    assert_false(bench_level(bench, 2));

    emu_pci_root_port_set_present(port, false);
    assert_int_equal(bench_read(bench, cap + 26, 2), 0x108);
    assert_int_equal(bench_read(bench, cap + 18, 2), 0x0011);
    assert_true(bench_level(bench, 2));
    bench_write(bench, cap + 26, 2, 0x008);
    assert_true(bench_level(bench, 2)); /* the link's change is still shown */
    bench_write(bench, cap + 26, 2, 0x100);
    assert_false(bench_level(bench, 2));
    emu_pci_root_port_set_present(port, true);
    emu_pci_root_port_set_present(port, true);
    assert_true(bench_level(bench, 2));
    bench_write(bench, cap + 24, 2, 0);
    assert_false(bench_level(bench, 2));
    emu_machine_reset(bench->machine);
    assert_int_equal(bench_read(bench, cap + 26, 2) & 0x40, 0x40);
    bench_free(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),    cmocka_unit_test(test_windows),
        cmocka_unit_test(test_interrupts), cmocka_unit_test(test_bus_mastering),
        cmocka_unit_test(test_slot),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
