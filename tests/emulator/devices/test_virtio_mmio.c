/* An empty transport: it says what it is and that nothing is in it (virtio 1.2, 4.2.2). */
#include "bench.h"

extern const EmuDriver emu_driver_virtio_mmio;

#define BASE 0x10001000

static int setup(void **state)
{
    Bench *bench = bench_new();
    bench_add(bench, &emu_driver_virtio_mmio, "virtio-mmio0", BASE, (uint64_t[]){0x1000}, 1);
    bench_build(bench);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    bench_free(*state);
    return 0;
}

static void test_identification(void **state)
{
    Bench *bench = *state;
    assert_int_equal(bench_read(bench, BASE + 0x00, 4), 0x74726976);
    assert_int_equal(bench_read(bench, BASE + 0x04, 4), 2);
    assert_int_equal(bench_read(bench, BASE + 0x08, 4), 0);
    assert_int_not_equal(bench_read(bench, BASE + 0x0c, 4), 0);
    for (unsigned offset = 0x10; offset < 0x1000; offset += 4)
        assert_int_equal(bench_read(bench, BASE + offset, 4), 0);
    assert_int_equal(bench_errors(bench, "virtio-mmio0"), 0);
}

static void test_wrong_accesses(void **state)
{
    Bench *bench = *state;
    assert_int_equal(bench_read(bench, BASE, 1), 0); /* registers are 32 bits */
    assert_int_equal(bench_read(bench, BASE, 8), 0);
    assert_int_equal(bench_errors(bench, "virtio-mmio0"), 2);
    assert_int_equal(bench_read(bench, BASE + 0x100, 1), 0); /* device's own: any size */
    assert_int_equal(bench_errors(bench, "virtio-mmio0"), 2);
    bench_write(bench, BASE + 0x70, 4, 1); /* a status nobody keeps */
    assert_int_equal(bench_read(bench, BASE + 0x70, 4), 0);
    bench_write(bench, BASE + 0x00, 4, 0);
    assert_int_equal(bench_read(bench, BASE + 0x00, 4), 0x74726976);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_identification, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_accesses, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
