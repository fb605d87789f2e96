/* The IMSIC: messages that come in, and the registers of two interrupt files. */
#include "bench.h"

#include "types/riscv_imsic.h"

extern const EmuDriver emu_driver_riscv_imsic;

#define BASE 0x28000000
enum { EIDELIVERY = 0x70, EITHRESHOLD = 0x72, EIP = 0x80, EIE = 0xc0 };

static int setup(void **state)
{
    Bench *bench = bench_new();
    MdlDevice *imsic =
        bench_add(bench, &emu_driver_riscv_imsic, "imsic", BASE, (uint64_t[]){0x2000}, 1);
    bench_set_text(imsic, "level", "supervisor");
    bench_set(imsic, "harts", 2);
    for (unsigned hart = 0; hart < 2; hart++)
        bench_wire(imsic, RISCV_IMSIC_IRQ_EXTERNAL, hart, bench->probe, hart);
    bench_build(bench);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    bench_free(*state);
    return 0;
}

static uint64_t get(Bench *bench, unsigned hart, unsigned reg)
{
    return emu_device_access_file(bench_device(bench, "imsic"), hart, reg, NULL);
}

/* Returns what was there. */
static uint64_t put(Bench *bench, unsigned hart, unsigned reg, uint64_t value)
{
    EmuFileChange change = {UINT64_MAX, value};
    return emu_device_access_file(bench_device(bench, "imsic"), hart, reg, &change);
}

static void message(Bench *bench, unsigned hart, uint32_t identity)
{
    bench_write(bench, BASE + 0x1000 * hart, 4, identity);
}

static void test_message(void **state)
{
    Bench *bench = *state;
    message(bench, 1, 70);
    assert_int_equal(get(bench, 1, EIP + 2), 1 << 6);
    assert_int_equal(get(bench, 0, EIP + 2), 0);
    assert_int_equal(get(bench, 1, EMU_FILE_TOP), 0); /* not enabled */
    put(bench, 1, EIE + 2, 1 << 6);
    assert_int_equal(get(bench, 1, EMU_FILE_TOP), 70 << 16 | 70);
    assert_false(bench_level(bench, 1)); /* not delivered */
    put(bench, 1, EIDELIVERY, 1);
    assert_true(bench_level(bench, 1));
    assert_false(bench_level(bench, 0));

    assert_int_equal(put(bench, 1, EMU_FILE_TOP, 0), 70 << 16 | 70); /* a write claims */
    assert_int_equal(get(bench, 1, EIP + 2), 0);
    assert_false(bench_level(bench, 1));
    assert_int_equal(put(bench, 1, EMU_FILE_TOP, 0), 0);
}

static void test_order_and_threshold(void **state)
{
    Bench *bench = *state;
    put(bench, 0, EIDELIVERY, 1);
    for (unsigned word = 0; word < 8; word += 2)
        put(bench, 0, EIE + word, UINT64_MAX);
    message(bench, 0, 200);
    message(bench, 0, 9);
    message(bench, 0, 64);
    assert_int_equal(get(bench, 0, EMU_FILE_TOP) >> 16, 9);
    put(bench, 0, EITHRESHOLD, 9); /* 9 and above do not count */
    assert_int_equal(get(bench, 0, EMU_FILE_TOP), 0);
    assert_false(bench_level(bench, 0));
    put(bench, 0, EITHRESHOLD, 10);
    assert_true(bench_level(bench, 0));
    put(bench, 0, EITHRESHOLD, 0);
    static const unsigned order[] = {9, 64, 200, 0};
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(put(bench, 0, EMU_FILE_TOP, 0) >> 16, order[i]);
}

static void test_bits_change_alone(void **state)
{
    Bench *bench = *state;
    EmuDevice *imsic = bench_device(bench, "imsic");
    message(bench, 0, 5);
    assert_int_equal(emu_device_access_file(imsic, 0, EIP, &(EmuFileChange){0, 1 << 7}), 1 << 5);
    assert_int_equal(emu_device_access_file(imsic, 0, EIP, &(EmuFileChange){1 << 5, 0}),
                     1 << 7 | 1 << 5);
    assert_int_equal(get(bench, 0, EIP), 1 << 7);
}

static void test_limits(void **state)
{
    Bench *bench = *state;
    put(bench, 0, EIP, UINT64_MAX);
    assert_int_equal(get(bench, 0, EIP), UINT64_MAX - 1); /* there is no identity 0 */
    put(bench, 0, EIE, UINT64_MAX);
    assert_int_equal(get(bench, 0, EIE), UINT64_MAX - 1);
    put(bench, 0, EIP + 6, UINT64_MAX);
    assert_int_equal(get(bench, 0, EIP + 6), UINT64_MAX);
    put(bench, 0, EIP + 8, UINT64_MAX); /* 255 identities */
    assert_int_equal(get(bench, 0, EIP + 8), 0);
    put(bench, 0, EITHRESHOLD, UINT64_MAX);
    assert_int_equal(get(bench, 0, EITHRESHOLD), 255);
    put(bench, 0, EIDELIVERY, 0x40000000); /* no other controller stands in */
    assert_int_equal(get(bench, 0, EIDELIVERY), 0);
    assert_int_equal(put(bench, 0, 0x71, 1), 0);
    assert_int_equal(get(bench, 0, 0x71), 0);
    assert_int_equal(put(bench, 2, EIDELIVERY, 1), 0); /* there is no such hart */
    assert_int_equal(bench_errors(bench, "imsic"), 0);

    message(bench, 0, 0);
    message(bench, 0, 256);
    message(bench, 0, UINT32_MAX);
    bench_write(bench, BASE + 4, 4, 1); /* seteipnum_be of a little-endian system */
    bench_write(bench, BASE + 0x1ffc, 4, 1);
    bench_write(bench, BASE, 8, 1);
    assert_int_equal(bench_errors(bench, "imsic"), 6);
    assert_int_equal(bench_read(bench, BASE, 4), 0);
    assert_int_equal(get(bench, 1, EIP), 0);
}

static void test_reset(void **state)
{
    Bench *bench = *state;
    put(bench, 0, EIDELIVERY, 1);
    put(bench, 0, EIE, UINT64_MAX);
    message(bench, 0, 1);
    assert_true(bench_level(bench, 0));
    emu_machine_reset(bench->machine);
    assert_false(bench_level(bench, 0));
    for (unsigned reg = EIDELIVERY; reg < 0x100; reg++)
        assert_int_equal(get(bench, 0, reg), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_message, setup, teardown),
        cmocka_unit_test_setup_teardown(test_order_and_threshold, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bits_change_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(test_limits, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reset, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
