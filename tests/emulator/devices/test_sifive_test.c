/* Power off, failure with a code, reset; anything else is the guest's mistake. */
#include "bench.h"

extern const EmuDriver emu_driver_sifive_test;

#define BASE 0x100000

static int setup(void **state)
{
    Bench *bench = bench_new();
    bench_add(bench, &emu_driver_sifive_test, "test", BASE, (uint64_t[]){0x1000}, 1);
    bench_build(bench);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    bench_free(*state);
    return 0;
}

static void test_requests(void **state)
{
    Bench *bench = *state;
    static const struct {
        uint32_t value;
        unsigned size;
        EmuPower power;
        unsigned code;
    } cases[] = {
        {0x5555, 4, EMU_POWER_OFF, 0},     {0x5555, 2, EMU_POWER_OFF, 0},
        {0x7777, 4, EMU_POWER_RESET, 0},   {0x3333, 4, EMU_POWER_FAIL, 0},
        {0x2a3333, 4, EMU_POWER_FAIL, 42}, {0xffff3333, 4, EMU_POWER_FAIL, 0xffff},
        {0x15555, 4, EMU_POWER_OFF, 0},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        unsigned before = bench->n_attention;
        bench_write(bench, BASE, cases[i].size, cases[i].value);
        assert_int_equal(bench->n_attention, before + 1);
        EmuPowerRequest request = bench_advance(bench, 0);
        assert_true(request.pending);
        assert_int_equal(request.power, cases[i].power);
        assert_int_equal(request.code, cases[i].code);
    }
    assert_int_equal(bench_errors(bench, "test"), 0);
}

static void test_nonsense(void **state)
{
    Bench *bench = *state;
    bench_write(bench, BASE, 4, 0x1234);
    bench_write(bench, BASE + 4, 4, 0x5555);
    bench_write(bench, BASE, 1, 0x55);
    bench_write(bench, BASE, 8, 0x5555);
    assert_false(bench_advance(bench, 0).pending);
    assert_int_equal(bench_errors(bench, "test"), 4);
    assert_int_equal(bench_read(bench, BASE, 4), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_requests, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nonsense, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
