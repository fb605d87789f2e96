/* The engine: building and undoing, lines that several outputs drive, time, power, two machines. */
#include "bench.h"

/* A device with one register that remembers, one output, a timer, and everything it was told. */
static const MdlRegion toy_regions[] = {
    {.name = "regs", .kind = MDL_REGION_MMIO},
    {.name = "ram", .kind = MDL_REGION_RAM},
};
static const MdlIrq toy_irqs[] = {{.name = "irq"}, {.name = "each", .many = true}};
static const MdlProperty toy_properties[] = {{.name = "refuse", .kind = MDL_BOOL}};
static const MdlDeviceType toy_type = {.name = "toy",
                                       .properties = toy_properties,
                                       .n_properties = G_N_ELEMENTS(toy_properties),
                                       .regions = toy_regions,
                                       .n_regions = G_N_ELEMENTS(toy_regions),
                                       .irqs = toy_irqs,
                                       .n_irqs = G_N_ELEMENTS(toy_irqs)};

typedef struct Toy {
    uint64_t value;
    unsigned n_resets;
    unsigned n_expired;
    EmuTimer *timer;
} Toy;

static unsigned n_alive;

static void toy_expired(EmuDevice *device, unsigned index)
{
    Toy *toy = emu_device_state(device);
    toy->n_expired += index;
}

static bool toy_init(EmuDevice *device, GError **error)
{
    Toy *toy = emu_device_state(device);
    if (emu_device_model(device)->properties[0].number) {
        g_set_error_literal(error, g_quark_from_static_string("toy"), 0, "does not want to");
        return false;
    }
    toy->timer = emu_device_timer_new(device, toy_expired, 5);
    n_alive++;
    return true;
}

static void toy_reset(EmuDevice *device)
{
    Toy *toy = emu_device_state(device);
    toy->value = 0;
    toy->n_resets++;
}

static void toy_done(EmuDevice *device)
{
    (void)device;
    n_alive--;
}

static uint64_t toy_read(EmuDevice *device, unsigned region, uint64_t offset, unsigned size)
{
    (void)region, (void)size;
    Toy *toy = emu_device_state(device);
    return offset ? UINT64_MAX : toy->value;
}

static void toy_write(EmuDevice *device, unsigned region, uint64_t offset, unsigned size,
                      uint64_t value)
{
    (void)region, (void)size;
    Toy *toy = emu_device_state(device);
    if (offset == 0)
        toy->value = value;
    else
        emu_device_request_power(device, (EmuPower)value, 7);
}

static const EmuDriver toy_driver = {
    .type = &toy_type,
    .state_size = sizeof(Toy),
    .init = toy_init,
    .reset = toy_reset,
    .done = toy_done,
    .access_sizes = EMU_ACCESS_2 | EMU_ACCESS_4,
    .read = toy_read,
    .write = toy_write,
};

static const uint64_t sizes[] = {0x100, 0x1000};

static Toy *toy_of(Bench *bench, const char *id)
{
    return emu_device_state(bench_device(bench, id));
}

static void test_access(void **state)
{
    (void)state;
    Bench *bench = bench_new();
    bench_add(bench, &toy_driver, "toy0", 0x1000, sizes, 2);
    bench_build(bench);

    bench_write(bench, 0x1000, 4, 0xffffffff12345678);
    assert_int_equal(bench_read(bench, 0x1000, 4), 0x12345678);
    assert_int_equal(bench_read(bench, 0x1000, 2), 0x5678); /* cut to the size */
    assert_int_equal(bench_read(bench, 0x1004, 4), 0xffffffff);
    assert_int_equal(bench_errors(bench, "toy0"), 0);

    assert_int_equal(bench_read(bench, 0x1000, 8), 0); /* a size it does not take */
    assert_int_equal(bench_read(bench, 0x1002, 4), 0); /* not aligned */
    bench_write(bench, 0x1000, 1, 9);
    assert_int_equal(bench_errors(bench, "toy0"), 3);
    assert_int_equal(bench_read(bench, 0x1000, 4), 0x12345678);

    uint64_t value;
    assert_false(emu_machine_read(bench->machine, 0xfff, 1, &value));
    assert_false(emu_machine_write(bench->machine, 0x2100, 1, 0));

    bench_write(bench, 0x1103, 8, 0x1122334455667788); /* memory takes any alignment */
    assert_int_equal(bench_read(bench, 0x1103, 8), 0x1122334455667788);
    assert_int_equal(bench_read(bench, 0x1104, 1), 0x77);
    bench_free(bench);
}

static void test_dma(void **state)
{
    (void)state;
    Bench *bench = bench_new();
    bench_add(bench, &toy_driver, "toy0", 0x1000, sizes, 2);
    bench_build(bench);
    EmuDevice *device = bench_device(bench, "toy0");
    uint32_t in = 0xcafe, out = 0;
    assert_true(emu_device_dma_write(device, 0x20fc, &in, 4));
    assert_true(emu_device_dma_read(device, 0x20fc, &out, 4));
    assert_int_equal(out, 0xcafe);
    assert_false(emu_device_dma_write(device, 0x20fd, &in, 4)); /* beyond the end */
    assert_false(emu_device_dma_read(device, 0x1000, &out, 4)); /* registers are not memory */
    assert_null(emu_device_dma_map(device, 0x1100, 0));
    assert_null(emu_device_dma_map(device, 0x1100, UINT64_MAX));
    bench_free(bench);
}

static void test_log_is_limited(void **state)
{
    (void)state;
    Bench *bench = bench_new();
    bench_add(bench, &toy_driver, "toy0", 0x1000, sizes, 2);
    bench_build(bench);
    for (unsigned i = 0; i < 1000; i++)
        bench_read(bench, 0x1000, 1);
    assert_int_equal(bench_errors(bench, "toy0"), 1000);
    assert_int_equal(bench->logged->len, 4 + 7); /* 8, 16 … 512 */
    assert_string_equal(bench->logged->pdata[0],
                        "toy0: guest error: read of 1 bytes at offset 0x0");
    bench_free(bench);
}

static void test_shared_line(void **state)
{
    (void)state;
    Bench *bench = bench_new();
    MdlDevice *a = bench_add(bench, &toy_driver, "a", 0x1000, sizes, 1);
    MdlDevice *b = bench_add(bench, &toy_driver, "b", 0x2000, sizes, 1);
    bench_wire(a, 0, 0, bench->probe, 3);
    bench_wire(b, 0, 0, bench->probe, 3);
    bench_wire(b, 1, 2, bench->probe, 4);
    bench_build(bench);
    EmuDevice *first = bench_device(bench, "a"), *second = bench_device(bench, "b");

    emu_device_set_irq(first, 0, 0, true);
    emu_device_set_irq(second, 0, 0, true);
    emu_device_set_irq(second, 0, 0, true);
    assert_true(bench_level(bench, 3));
    emu_device_set_irq(second, 0, 0, false);
    assert_true(bench_level(bench, 3));
    emu_device_set_irq(first, 0, 0, false);
    assert_false(bench_level(bench, 3));

    assert_int_equal(emu_device_n_outputs(first, 1), 0);
    assert_int_equal(emu_device_n_outputs(second, 1), 3);
    emu_device_set_irq(second, 1, 2, true);
    emu_device_set_irq(second, 1, 0, true);  /* not wired */
    emu_device_set_irq(second, 1, 99, true); /* there is no such output */
    assert_true(bench_level(bench, 4));
    assert_true(emu_device_irq_level(second, 1, 0));
    assert_false(emu_device_irq_level(second, 1, 99));

    EmuStats stats; /* each time that an output went high */
    emu_device_stats(first, &stats);
    assert_int_equal(stats.counts[EMU_STAT_DEVICE_INTERRUPTS], 1);
    emu_device_stats(second, &stats);
    assert_int_equal(stats.counts[EMU_STAT_DEVICE_INTERRUPTS], 3);
    bench_free(bench);
}

static void test_time(void **state)
{
    (void)state;
    Bench *bench = bench_new();
    bench_add(bench, &toy_driver, "toy0", 0x1000, sizes, 1);
    bench->now = 1000000;
    bench_build(bench);
    Toy *toy = toy_of(bench, "toy0");

    emu_timer_set(toy->timer, 100);
    bench_advance(bench, 500); /* a machine that has not started has no time */
    assert_int_equal(emu_machine_now(bench->machine), 0);
    assert_int_equal(toy->n_expired, 0);

    emu_machine_start(bench->machine);
    assert_int_equal(bench->n_attention, 1);
    bench_advance(bench, 99);
    assert_int_equal(toy->n_expired, 0);
    emu_machine_stop(bench->machine);
    bench_advance(bench, 1000);
    assert_int_equal(emu_machine_now(bench->machine), 99);
    emu_machine_start(bench->machine);
    bench_advance(bench, 1);
    assert_int_equal(toy->n_expired, 5);
    assert_false(emu_timer_is_set(toy->timer));
    bench_free(bench);
}

static void test_power(void **state)
{
    (void)state;
    Bench *bench = bench_new();
    bench_add(bench, &toy_driver, "toy0", 0x1000, sizes, 1);
    bench_build(bench);
    Toy *toy = toy_of(bench, "toy0");
    assert_int_equal(toy->n_resets, 1);
    assert_string_equal(emu_machine_state_name(emu_machine_state(bench->machine)), "prelaunch");
    emu_machine_start(bench->machine);
    assert_false(bench_advance(bench, 1).pending);

    bench_write(bench, 0x1004, 4, EMU_POWER_FAIL);
    bench_write(bench, 0x1004, 4, EMU_POWER_OFF); /* the first one counts */
    EmuPowerRequest request = bench_advance(bench, 1);
    assert_true(request.pending);
    assert_int_equal(request.power, EMU_POWER_FAIL);
    assert_int_equal(request.code, 7);
    assert_string_equal(request.device, "toy0");
    assert_false(bench_advance(bench, 1).pending);

    bench_write(bench, 0x1000, 4, 5);
    emu_machine_reset(bench->machine);
    assert_int_equal(bench_read(bench, 0x1000, 4), 0);
    assert_int_equal(emu_machine_state(bench->machine), EMU_MACHINE_RUNNING);

    emu_machine_power_off(bench->machine);
    emu_machine_start(bench->machine); /* what is off does not go on */
    assert_int_equal(emu_machine_state(bench->machine), EMU_MACHINE_SHUTDOWN);
    emu_machine_reset(bench->machine);
    assert_int_equal(emu_machine_state(bench->machine), EMU_MACHINE_PAUSED);
    bench_free(bench);
}

static void expect_failure(Bench *bench, const char *message)
{
    GError *error = NULL;
    assert_false(bench_try_build(bench, &error));
    assert_string_equal(error->message, message);
    assert_null(bench->machine);
    assert_int_equal(n_alive, 0);
    g_error_free(error);
    bench_free(bench);
}

static void test_failures(void **state)
{
    (void)state;
    Bench *bench = bench_new();
    bench_add(bench, &toy_driver, "good", 0x1000, sizes, 2);
    bench_set(bench_add(bench, &toy_driver, "bad", 0x8000, sizes, 2), "refuse", 1);
    expect_failure(bench, "device bad: does not want to");

    bench = bench_new();
    bench_add(bench, &toy_driver, "a", 0x1000, sizes, 1);
    bench_add(bench, &toy_driver, "b", 0x10ff, sizes, 1);
    expect_failure(bench, "device b: region regs at 0x10ff overlaps device a");

    bench = bench_new();
    bench_wire(bench_add(bench, &toy_driver, "a", 0x1000, sizes, 1), 0, 0, bench->probe, 64);
    expect_failure(bench,
                   "device a: interrupt irq leads to line 64 of probe, which does not exist");

    bench = bench_new();
    bench_add(bench, &toy_driver, "a", 0x1000, sizes, 1);
    g_ptr_array_remove(bench->drivers, (gpointer)&toy_driver);
    expect_failure(bench, "device a: this build has no driver for toy");

    bench = bench_new();
    const uint64_t huge[] = {0x100, UINT64_C(1) << 62};
    bench_add(bench, &toy_driver, "a", 0x1000, huge, 2);
    expect_failure(bench, "device a: the host cannot give 4611686018427387904 bytes of guest "
                          "memory (Cannot allocate memory); ask for less with -m");
}

static void test_two_machines(void **state)
{
    (void)state;
    Bench *one = bench_new(), *two = bench_new();
    bench_add(one, &toy_driver, "toy0", 0x1000, sizes, 2);
    bench_add(two, &toy_driver, "toy0", 0x1000, sizes, 2);
    bench_build(one);
    bench_build(two);
    bench_write(one, 0x1000, 4, 1);
    bench_write(two, 0x1000, 4, 2);
    bench_write(one, 0x1200, 4, 3);
    emu_machine_start(one->machine);
    assert_int_equal(bench_read(one, 0x1000, 4), 1);
    assert_int_equal(bench_read(two, 0x1000, 4), 2);
    assert_int_equal(bench_read(two, 0x1200, 4), 0);
    assert_int_equal(emu_machine_state(two->machine), EMU_MACHINE_BUILT);
    bench_free(one);
    assert_int_equal(bench_read(two, 0x1000, 4), 2);
    bench_free(two);
    assert_int_equal(n_alive, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_access),         cmocka_unit_test(test_dma),
        cmocka_unit_test(test_log_is_limited), cmocka_unit_test(test_shared_line),
        cmocka_unit_test(test_time),           cmocka_unit_test(test_power),
        cmocka_unit_test(test_failures),       cmocka_unit_test(test_two_machines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
