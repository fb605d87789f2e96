/* The PCI transport (virtio 1.2, 4.1) on a host bridge: capabilities, BARs, the common structure,
 * INTx and MSI-X, and the window in configuration space. */
#include "guest.h"

#include <string.h>

extern const EmuDriver emu_driver_virtio_rng_pci, emu_driver_gpex_pcihost, emu_driver_ram;

#define ECAM    UINT64_C(0x30000000)
#define WINDOW  UINT64_C(0x40000000)
#define CONFIG  (ECAM + (1 << 15)) /* slot 1 */
#define MSIX    WINDOW
#define COMMON  (WINDOW + 0x10000)
#define ISR     (COMMON + 0x1000)
#define NOTIFY  (COMMON + 0x3000)
#define MESSAGE (GUEST_RAM + 0x800) /* where messages are sent */

static Guest *guest_pci_new(void)
{
    Guest *guest = g_new0(Guest, 1);
    Bench *bench = guest->bench = bench_new();
    bench_add(bench, &emu_driver_ram, "ram", GUEST_RAM, (uint64_t[]){GUEST_SIZE}, 1);
    MdlDevice *host = bench_add(bench, &emu_driver_gpex_pcihost, "host", ECAM,
                                (uint64_t[]){0x10000000, 0x10000, 0x10000000}, 3);
    host->regions[1].base = 0x3000000;
    host->regions[2].base = WINDOW;
    for (unsigned i = 0; i < 4; i++)
        bench_wire(host, i, 0, bench->probe, i);
    guest->model = bench_add_on(bench, host->buses[0], &emu_driver_virtio_rng_pci, "dut");
    guest->model->address.fields[0] = 1;
    guest->next_free = GUEST_RAM + 0x1000;
    guest->event_idx = guest->indirect = true;
    bench_build(bench);
    return guest;
}

static uint64_t get(Guest *guest, uint64_t address, unsigned size)
{
    return bench_read(guest->bench, address, size);
}

static void put(Guest *guest, uint64_t address, unsigned size, uint64_t value)
{
    bench_write(guest->bench, address, size, value);
}

static void enable(Guest *guest)
{
    put(guest, CONFIG + 0x14, 4, MSIX);
    put(guest, CONFIG + 0x20, 4, COMMON);
    put(guest, CONFIG + 0x24, 4, 0);
    put(guest, CONFIG + 0x04, 2, 6);
}

static unsigned find_capability(Guest *guest, unsigned id, unsigned type)
{
    for (unsigned at = (unsigned)get(guest, CONFIG + 0x34, 1); at;
         at = (unsigned)get(guest, CONFIG + at + 1, 1))
        if (get(guest, CONFIG + at, 1) == id && (id != 9 || get(guest, CONFIG + at + 3, 1) == type))
            return at;
    fail_msg("no capability %u, %u", id, type);
    return 0;
}

static void boot(Guest *guest, GuestQueue *queue)
{
    put(guest, COMMON + 20, 1, 0);
    put(guest, COMMON + 20, 1, 3);
    for (unsigned half = 0; half < 2; half++) {
        put(guest, COMMON + 0, 4, half);
        uint64_t offered = get(guest, COMMON + 4, 4);
        put(guest, COMMON + 8, 4, half);
        put(guest, COMMON + 12, 4, offered);
        assert_int_equal(get(guest, COMMON + 12, 4), offered);
    }
    put(guest, COMMON + 20, 1, 11);
    assert_int_equal(get(guest, COMMON + 20, 1), 11);
    *queue = (GuestQueue){.size = 8, .available_wrap = true, .used_wrap = true};
    queue->descriptors = guest_alloc(guest, 128);
    queue->driver = guest_alloc(guest, 32);
    queue->device = guest_alloc(guest, 128);
    put(guest, COMMON + 22, 2, 0);
    assert_int_equal(get(guest, COMMON + 24, 2), 8);
    put(guest, COMMON + 32, 4, queue->descriptors);
    put(guest, COMMON + 36, 4, 0);
    put(guest, COMMON + 40, 8, queue->driver); /* both halves at once */
    put(guest, COMMON + 48, 4, queue->device);
    assert_int_equal(get(guest, COMMON + 32, 8), queue->descriptors);
    assert_int_equal(get(guest, COMMON + 40, 4), queue->driver);
    put(guest, COMMON + 28, 2, 1);
    assert_int_equal(get(guest, COMMON + 28, 2), 1);
    put(guest, COMMON + 20, 1, 15);
}

static void request(Guest *guest, GuestQueue *queue)
{
    uint16_t id;
    uint32_t size;
    guest_add(guest, queue, &(GuestPart){guest_alloc(guest, 16), 16, true}, 1);
    put(guest, NOTIFY + 4 * get(guest, COMMON + 30, 2), 2, 0);
    assert_true(guest_used(guest, queue, &id, &size));
    assert_int_equal(size, 16);
}

static void test_identity(void **state)
{
    (void)state;
    Guest *guest = guest_pci_new();
    assert_int_equal(get(guest, CONFIG, 4), 0x10441af4);
    assert_int_equal(get(guest, CONFIG + 8, 4), 0x00ff0001);
    put(guest, CONFIG + 0x14, 4, UINT32_MAX); /* sizes */
    put(guest, CONFIG + 0x20, 4, UINT32_MAX);
    put(guest, CONFIG + 0x24, 4, UINT32_MAX);
    assert_int_equal(get(guest, CONFIG + 0x14, 4), 0xfffff000);
    assert_int_equal(get(guest, CONFIG + 0x20, 8), 0xffffffffffffc00c);
    for (unsigned type = 1; type <= 5; type++) {
        unsigned at = find_capability(guest, 9, type);
        static const unsigned offsets[] = {0, 0, 0x3000, 0x1000, 0x2000, 0};
        assert_int_equal(get(guest, CONFIG + at + 8, 4), offsets[type]);
        assert_int_equal(get(guest, CONFIG + at + 2, 1), type == 2 || type == 5 ? 20 : 16);
    }
    assert_int_equal(get(guest, CONFIG + find_capability(guest, 9, 2) + 16, 4), 4);
    unsigned express = find_capability(guest, 0x10, 0);
    assert_int_equal(get(guest, CONFIG + express + 2, 2), 0x0092); /* in the root complex */
    guest_free(guest);
}

static void test_intx(void **state)
{
    (void)state;
    Guest *guest = guest_pci_new();
    GuestQueue queue;
    enable(guest);
    boot(guest, &queue);
    for (unsigned i = 0; i < 20; i++) {
        request(guest, &queue);
        assert_true(bench_level(guest->bench, 1)); /* INTA of slot 1 */
        assert_int_equal(get(guest, ISR, 1), 1);
        assert_false(bench_level(guest->bench, 1));
        assert_int_equal(get(guest, ISR, 1), 0);
    }
    put(guest, CONFIG + 4, 2, 6 | 1 << 10); /* interrupts disabled */
    request(guest, &queue);
    assert_false(bench_level(guest->bench, 1));
    assert_int_equal(get(guest, ISR, 1), 1);
    assert_int_equal(guest_errors(guest), 0);
    guest_free(guest);
}

static void set_vector(Guest *guest, unsigned vector, uint64_t address, uint32_t data, bool masked)
{
    put(guest, MSIX + 16 * vector, 8, address);
    put(guest, MSIX + 16 * vector + 8, 4, data);
    put(guest, MSIX + 16 * vector + 12, 4, masked);
}

static void test_msix(void **state)
{
    (void)state;
    Guest *guest = guest_pci_new();
    GuestQueue queue;
    uint32_t *message = guest_at(guest, MESSAGE);
    enable(guest);
    boot(guest, &queue);
    unsigned at = find_capability(guest, 0x11, 0);
    assert_int_equal(get(guest, CONFIG + at + 2, 2), 1); /* two vectors */
    assert_int_equal(get(guest, MSIX + 12, 4), 1);       /* masked after a reset */
    put(guest, CONFIG + at + 2, 2, 0x8000);
    assert_int_equal(get(guest, COMMON + 26, 2), 0xffff);
    put(guest, COMMON + 26, 2, 7); /* no such vector */
    assert_int_equal(get(guest, COMMON + 26, 2), 0xffff);
    put(guest, COMMON + 26, 2, 1);
    assert_int_equal(get(guest, COMMON + 26, 2), 1);

    set_vector(guest, 1, MESSAGE, 0x1234, false);
    request(guest, &queue);
    assert_int_equal(*message, 0x1234);
    assert_false(bench_level(guest->bench, 1));
    assert_int_equal(get(guest, ISR, 1), 0);

    *message = 0;
    set_vector(guest, 1, MESSAGE, 0x55, true); /* masked: it waits */
    request(guest, &queue);
    assert_int_equal(*message, 0);
    assert_int_equal(get(guest, MSIX + 0x800, 8), 2);
    put(guest, MSIX + 0x800, 8, 0); /* the device's own bits */
    assert_int_equal(get(guest, MSIX + 0x800, 8), 2);
    put(guest, MSIX + 16 + 12, 4, 0);
    assert_int_equal(*message, 0x55);
    assert_int_equal(get(guest, MSIX + 0x800, 8), 0);

    *message = 0;
    put(guest, CONFIG + at + 2, 2, 0xc000); /* all masked */
    request(guest, &queue);
    assert_int_equal(*message, 0);
    put(guest, CONFIG + at + 2, 2, 0x8000);
    assert_int_equal(*message, 0x55);
    assert_int_equal(guest_errors(guest), 0);

    set_vector(guest, 1, 0x1000, 1, false); /* nothing there */
    request(guest, &queue);
    assert_int_equal(guest_errors(guest), 1);
    get(guest, MSIX + 2, 2);
    put(guest, MSIX + 1, 1, 0);
    assert_int_equal(guest_errors(guest), 3);
    get(guest, MSIX + 0x100, 8); /* between table and pending bits */
    put(guest, MSIX + 0xff8, 8, UINT64_MAX);
    assert_int_equal(guest_errors(guest), 3);
    guest_free(guest);
}

static void test_bus_mastering(void **state)
{
    (void)state;
    Guest *guest = guest_pci_new();
    GuestQueue queue;
    uint16_t id;
    uint32_t size;
    enable(guest);
    boot(guest, &queue);
    put(guest, CONFIG + 4, 2, 2);
    guest_add(guest, &queue, &(GuestPart){guest_alloc(guest, 16), 16, true}, 1);
    put(guest, NOTIFY, 2, 0);
    assert_false(guest_used(guest, &queue, &id, &size));
    put(guest, CONFIG + 4, 2, 6);
    put(guest, NOTIFY, 2, 0);
    assert_true(guest_used(guest, &queue, &id, &size));
    guest_free(guest);
}

static void test_window(void **state)
{
    (void)state;
    Guest *guest = guest_pci_new();
    unsigned at = find_capability(guest, 9, 5);
    enable(guest);
    put(guest, CONFIG + at + 4, 1, 4);  /* BAR */
    put(guest, CONFIG + at + 8, 4, 18); /* number of queues */
    put(guest, CONFIG + at + 12, 4, 2); /* length */
    assert_int_equal(get(guest, CONFIG + at + 16, 2), 1);
    put(guest, CONFIG + at + 8, 4, 20); /* status */
    put(guest, CONFIG + at + 12, 4, 1);
    put(guest, CONFIG + at + 16, 1, 3);
    assert_int_equal(get(guest, COMMON + 20, 1), 3);
    assert_int_equal(get(guest, CONFIG + at + 16, 1), 3);
    put(guest, CONFIG + at + 8, 4, 0x3fff); /* misaligned, beyond, of no size, of no BAR */
    put(guest, CONFIG + at + 12, 4, 4);
    put(guest, CONFIG + at + 16, 4, 0);
    put(guest, CONFIG + at + 8, 4, 0x4000);
    put(guest, CONFIG + at + 16, 4, 0);
    put(guest, CONFIG + at + 12, 4, 0);
    put(guest, CONFIG + at + 16, 4, 0);
    put(guest, CONFIG + at + 4, 1, 1);
    put(guest, CONFIG + at + 16, 4, 0);
    assert_int_equal(get(guest, COMMON + 20, 1), 3);
    guest_free(guest);
}

static void test_wrong_accesses(void **state)
{
    (void)state;
    Guest *guest = guest_pci_new();
    enable(guest);
    static const struct {
        uint64_t address;
        unsigned size;
    } writes[] = {
        {COMMON + 20, 4},    {COMMON + 0, 1},      {COMMON + 2, 2}, {COMMON + 60, 4},
        {COMMON + 24, 4},    {COMMON + 18, 2},     {ISR, 1},        {NOTIFY, 2},
        {NOTIFY + 0xff0, 4}, {COMMON + 0x2000, 4},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(writes); i++) {
        put(guest, writes[i].address, writes[i].size, 0);
        assert_int_equal(guest_errors(guest), i + 1);
    }
    put(guest, COMMON + 22, 2, 9); /* no such queue */
    assert_int_equal(get(guest, COMMON + 24, 2), 0);
    assert_int_equal(get(guest, COMMON + 26, 2), 0xffff);
    put(guest, COMMON + 28, 2, 1);
    assert_int_equal(guest_errors(guest), G_N_ELEMENTS(writes) + 1);
    guest_free(guest);
}

static void test_reset(void **state)
{
    (void)state;
    Guest *guest = guest_pci_new();
    GuestQueue queue;
    enable(guest);
    boot(guest, &queue);
    request(guest, &queue);
    assert_true(bench_level(guest->bench, 1));
    put(guest, COMMON + 26, 2, 1);
    put(guest, COMMON + 20, 1, 0);
    assert_false(bench_level(guest->bench, 1));
    assert_int_equal(get(guest, COMMON + 26, 2), 0xffff);
    boot(guest, &queue);
    request(guest, &queue);
    emu_machine_reset(guest->bench->machine);
    assert_false(bench_level(guest->bench, 1));
    assert_int_equal(get(guest, CONFIG + 4, 2), 0);
    enable(guest);
    assert_int_equal(get(guest, COMMON + 20, 1), 0);
    boot(guest, &queue);
    request(guest, &queue);
    guest_free(guest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_identity), cmocka_unit_test(test_intx),
        cmocka_unit_test(test_msix),     cmocka_unit_test(test_bus_mastering),
        cmocka_unit_test(test_window),   cmocka_unit_test(test_wrong_accesses),
        cmocka_unit_test(test_reset),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
