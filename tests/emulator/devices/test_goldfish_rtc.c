/* The real-time clock: reading in two halves, setting, the alarm. */
#include "bench.h"

#include "types/goldfish_rtc.h"

extern const EmuDriver emu_driver_goldfish_rtc;

#define BASE 0x101000
enum {
    TIME_LOW = 0x00,
    TIME_HIGH = 0x04,
    ALARM_LOW = 0x08,
    ALARM_HIGH = 0x0c,
    IRQ_ENABLED = 0x10,
    CLEAR_ALARM = 0x14,
    ALARM_STATUS = 0x18,
    CLEAR_INTERRUPT = 0x1c,
};

static int setup(void **state)
{
    Bench *bench = bench_new();
    MdlDevice *rtc =
        bench_add(bench, &emu_driver_goldfish_rtc, "rtc", BASE, (uint64_t[]){0x1000}, 1);
    bench_wire(rtc, GOLDFISH_RTC_IRQ_IRQ, 0, bench->probe, 0);
    bench_build(bench);
    emu_machine_start(bench->machine);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    bench_free(*state);
    return 0;
}

static uint32_t get(Bench *bench, unsigned reg)
{
    return (uint32_t)bench_read(bench, BASE + reg, 4);
}

static void put(Bench *bench, unsigned reg, uint64_t value)
{
    bench_write(bench, BASE + reg, 4, value & 0xffffffff);
}

static uint64_t now(Bench *bench)
{
    uint64_t low = get(bench, TIME_LOW);
    return (uint64_t)get(bench, TIME_HIGH) << 32 | low;
}

static void set_alarm(Bench *bench, uint64_t time)
{
    put(bench, ALARM_HIGH, time >> 32);
    put(bench, ALARM_LOW, time);
}

static void test_time(void **state)
{
    Bench *bench = *state;
    assert_int_equal(now(bench), BENCH_EPOCH);
    bench_advance(bench, 12345);
    assert_int_equal(now(bench), BENCH_EPOCH + 12345);

    get(bench, TIME_LOW);
    uint32_t high = get(bench, TIME_HIGH);
    bench_advance(bench, INT64_C(5) << 32);
    assert_int_equal(get(bench, TIME_HIGH), high); /* kept since the low half was read */
    get(bench, TIME_LOW);
    assert_int_equal(get(bench, TIME_HIGH), high + 5);
}

static void test_set(void **state)
{
    Bench *bench = *state;
    put(bench, TIME_HIGH, 0x12345678);
    put(bench, TIME_LOW, 0x9abcdef0);
    assert_int_equal(now(bench), 0x123456789abcdef0);
    bench_advance(bench, 16);
    assert_int_equal(now(bench), 0x123456789abcdf00);
    emu_machine_reset(bench->machine);
    assert_int_equal(now(bench), 0x123456789abcdf00); /* it has a battery */
}

static void test_alarm(void **state)
{
    Bench *bench = *state;
    put(bench, IRQ_ENABLED, 0xffffffff);
    assert_int_equal(get(bench, IRQ_ENABLED), 1);
    set_alarm(bench, BENCH_EPOCH + 1000);
    assert_int_equal(get(bench, ALARM_LOW), (uint32_t)(BENCH_EPOCH + 1000));
    assert_int_equal(get(bench, ALARM_HIGH), (BENCH_EPOCH + 1000) >> 32);
    assert_int_equal(get(bench, ALARM_STATUS), 1);
    bench_advance(bench, 999);
    assert_false(bench_level(bench, 0));
    bench_advance(bench, 1);
    assert_true(bench_level(bench, 0));
    assert_int_equal(get(bench, ALARM_STATUS), 0);
    put(bench, CLEAR_INTERRUPT, 1);
    assert_false(bench_level(bench, 0));

    set_alarm(bench, 5); /* long past: at once */
    assert_true(bench_level(bench, 0));
    put(bench, IRQ_ENABLED, 0);
    assert_false(bench_level(bench, 0));
    put(bench, IRQ_ENABLED, 1);
    assert_true(bench_level(bench, 0));
    emu_machine_reset(bench->machine);
    assert_false(bench_level(bench, 0));
    assert_int_equal(get(bench, IRQ_ENABLED), 0);
}

static void test_alarm_cleared(void **state)
{
    Bench *bench = *state;
    put(bench, IRQ_ENABLED, 1);
    set_alarm(bench, BENCH_EPOCH + 1000);
    put(bench, CLEAR_ALARM, 0);
    assert_int_equal(get(bench, ALARM_STATUS), 0);
    bench_advance(bench, 5000);
    assert_false(bench_level(bench, 0));
    set_alarm(bench, UINT64_MAX); /* never */
    bench_advance(bench, INT64_C(1) << 60);
    assert_false(bench_level(bench, 0));
    put(bench, TIME_HIGH, 0xffffffff); /* the clock is put forward past it */
    put(bench, TIME_LOW, 0xffffffff);
    assert_true(bench_level(bench, 0));
}

static void test_wrong_accesses(void **state)
{
    Bench *bench = *state;
    assert_int_equal(get(bench, CLEAR_ALARM), 0); /* write-only */
    assert_int_equal(get(bench, CLEAR_INTERRUPT), 0);
    assert_int_equal(get(bench, 0x20), 0);
    put(bench, 0x20, 1);
    put(bench, ALARM_STATUS, 1); /* read-only */
    assert_int_equal(get(bench, ALARM_STATUS), 0);
    assert_int_equal(bench_read(bench, BASE, 8), 0);
    assert_int_equal(bench_errors(bench, "rtc"), 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_set, setup, teardown),
        cmocka_unit_test_setup_teardown(test_alarm, setup, teardown),
        cmocka_unit_test_setup_teardown(test_alarm_cleared, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_accesses, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
