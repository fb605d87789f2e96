/* Software interrupts and timer: the ACLINT's three devices, and the CLINT, which has the same
 * registers in one region. Each test of what they share runs on both. */
#include "bench.h"

#include "types/aclint_mswi.h"
#include "types/aclint_mtimer.h"
#include "types/aclint_sswi.h"
#include "types/sifive_clint.h"

extern const EmuDriver emu_driver_aclint_mswi, emu_driver_aclint_mtimer, emu_driver_aclint_sswi,
    emu_driver_sifive_clint;

/* Where both forms have their registers, as on the machine `virt`. */
#define MSIP(h)     (0x2000000 + 4 * (h))
#define MTIMECMP(h) (0x2004000 + 8 * (h))
#define MTIME       0x200bff8
#define SETSSIP(h)  (0x2f00000 + 4 * (h))

/* Lines of the probe: software 0 and 1, timer 2 and 3, supervisor software 4 and 5. */
static int setup_aclint(void **state)
{
    Bench *bench = bench_new();
    MdlDevice *mswi =
        bench_add(bench, &emu_driver_aclint_mswi, "mswi", MSIP(0), (uint64_t[]){0x4000}, 1);
    MdlDevice *mtimer = bench_add(bench, &emu_driver_aclint_mtimer, "mtimer", MTIMECMP(0),
                                  (uint64_t[]){8, 0x7ff8}, 2);
    mtimer->regions[ACLINT_MTIMER_REGION_MTIME].base = MTIME;
    mtimer->regions[ACLINT_MTIMER_REGION_MTIMECMP].base = MTIMECMP(0);
    MdlDevice *sswi =
        bench_add(bench, &emu_driver_aclint_sswi, "sswi", SETSSIP(0), (uint64_t[]){0x4000}, 1);
    for (unsigned hart = 0; hart < 2; hart++) {
        bench_wire(mswi, ACLINT_MSWI_IRQ_SOFTWARE, hart, bench->probe, hart);
        bench_wire(mtimer, ACLINT_MTIMER_IRQ_TIMER, hart, bench->probe, 2 + hart);
        bench_wire(sswi, ACLINT_SSWI_IRQ_SOFTWARE, hart, bench->probe, 4 + hart);
    }
    bench_build(bench);
    emu_machine_start(bench->machine);
    *state = bench;
    return 0;
}

static int setup_clint(void **state)
{
    Bench *bench = bench_new();
    MdlDevice *clint =
        bench_add(bench, &emu_driver_sifive_clint, "clint", MSIP(0), (uint64_t[]){0x10000}, 1);
    for (unsigned hart = 0; hart < 2; hart++) {
        bench_wire(clint, SIFIVE_CLINT_IRQ_SOFTWARE, hart, bench->probe, hart);
        bench_wire(clint, SIFIVE_CLINT_IRQ_TIMER, hart, bench->probe, 2 + hart);
    }
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

static void test_software(void **state)
{
    Bench *bench = *state;
    assert_int_equal(bench_read(bench, MSIP(1), 4), 0);
    bench_write(bench, MSIP(1), 4, 0xffffffff);
    assert_int_equal(bench_read(bench, MSIP(1), 4), 1); /* one bit is there */
    assert_true(bench_level(bench, 1));
    assert_false(bench_level(bench, 0));
    bench_write(bench, MSIP(1), 4, 0xfffffffe);
    assert_false(bench_level(bench, 1));

    bench_write(bench, MSIP(2), 4, 1); /* a hart that is not there */
    bench_write(bench, MSIP(4094), 4, 1);
    assert_int_equal(bench_read(bench, MSIP(2), 4), 0);
    assert_int_equal(bench_read(bench, MSIP(0), 2), 0);

    bench_write(bench, MSIP(0), 4, 1);
    emu_machine_reset(bench->machine);
    assert_false(bench_level(bench, 0));
    assert_int_equal(bench_read(bench, MSIP(0), 4), 0);
}

static void test_time(void **state)
{
    Bench *bench = *state;
    assert_int_equal(bench_read(bench, MTIME, 8), 0);
    bench_advance(bench, 99);
    assert_int_equal(bench_read(bench, MTIME, 8), 0);
    bench_advance(bench, 1);
    assert_int_equal(bench_read(bench, MTIME, 8), 1); /* 10 MHz */
    bench_write(bench, MTIME, 8, 0x1fffffff0);
    assert_int_equal(bench_read(bench, MTIME, 4), 0xfffffff0);
    assert_int_equal(bench_read(bench, MTIME + 4, 4), 1);
    bench_advance(bench, 1600);
    assert_int_equal(bench_read(bench, MTIME, 8), 0x200000000);
    bench_write(bench, MTIME + 4, 4, 7);
    assert_int_equal(bench_read(bench, MTIME, 8), 0x700000000);
    bench_write(bench, MTIME, 4, 9);
    assert_int_equal(bench_read(bench, MTIME, 8), 0x700000009);
    emu_machine_stop(bench->machine);
    bench_advance(bench, 1000000);
    assert_int_equal(bench_read(bench, MTIME, 8), 0x700000009);
    emu_machine_reset(bench->machine);
    assert_int_equal(bench_read(bench, MTIME, 8), 0);
}

static void test_compare(void **state)
{
    Bench *bench = *state;
    assert_int_equal(bench_read(bench, MTIMECMP(0), 8), UINT64_MAX);
    assert_false(bench_level(bench, 2));
    bench_write(bench, MTIMECMP(0), 8, 10);
    bench_advance(bench, 999);
    assert_false(bench_level(bench, 2));
    bench_advance(bench, 1);
    assert_true(bench_level(bench, 2)); /* mtime >= mtimecmp */
    assert_false(bench_level(bench, 3));
    bench_write(bench, MTIMECMP(0), 8, 11);
    assert_false(bench_level(bench, 2)); /* falls as soon as it is no longer so */
    bench_write(bench, MTIMECMP(0), 8, 0);
    assert_true(bench_level(bench, 2));
    bench_write(bench, MTIMECMP(0) + 4, 4, 1); /* by halves */
    assert_false(bench_level(bench, 2));
    assert_int_equal(bench_read(bench, MTIMECMP(0), 8), 0x100000000);
    assert_int_equal(bench_read(bench, MTIMECMP(0) + 4, 4), 1);
    bench_write(bench, MTIME, 8, 0x100000000); /* time jumps there */
    assert_true(bench_level(bench, 2));
    bench_write(bench, MTIMECMP(2), 8, 0); /* no such hart */
    assert_int_equal(bench_read(bench, MTIMECMP(2), 8), 0);
    emu_machine_reset(bench->machine);
    assert_false(bench_level(bench, 2));
}

static void test_far_deadline(void **state)
{
    Bench *bench = *state;
    bench_write(bench, MTIMECMP(1), 8, UINT64_MAX - 1); /* in 58,000 years */
    bench_advance(bench, INT64_C(1000000000) * 3600);
    assert_false(bench_level(bench, 3));
    bench_write(bench, MTIME, 8, UINT64_MAX - 2);
    assert_false(bench_level(bench, 3));
    bench_advance(bench, 100);
    assert_true(bench_level(bench, 3));
    bench_advance(bench, 200); /* mtime wraps to 0 */
    assert_int_equal(bench_read(bench, MTIME, 8), 0);
}

static void test_supervisor_software(void **state)
{
    Bench *bench = *state;
    bench_write(bench, SETSSIP(1), 4, 1);
    bench_write(bench, SETSSIP(1), 4, 1);
    bench_write(bench, SETSSIP(1), 4, 0xfffffffe);
    bench_write(bench, SETSSIP(2), 4, 1);
    assert_int_equal(bench_edges(bench, 5), 2);
    assert_int_equal(bench_edges(bench, 4), 0);
    assert_false(bench_level(bench, 5)); /* an edge, not a level */
    assert_int_equal(bench_read(bench, SETSSIP(1), 4), 0);
    assert_int_equal(bench_errors(bench, "sswi"), 0);
    assert_int_equal(bench_read(bench, SETSSIP(0), 8), 0);
    assert_int_equal(bench_errors(bench, "sswi"), 1);
}

static void test_clint_holes(void **state)
{
    Bench *bench = *state;
    assert_int_equal(bench_read(bench, 0x200c000, 4), 0);
    bench_write(bench, 0x200fffc, 4, 1);
    assert_int_equal(bench_errors(bench, "clint"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_software, setup_aclint, teardown),
        cmocka_unit_test_setup_teardown(test_software, setup_clint, teardown),
        cmocka_unit_test_setup_teardown(test_time, setup_aclint, teardown),
        cmocka_unit_test_setup_teardown(test_time, setup_clint, teardown),
        cmocka_unit_test_setup_teardown(test_compare, setup_aclint, teardown),
        cmocka_unit_test_setup_teardown(test_compare, setup_clint, teardown),
        cmocka_unit_test_setup_teardown(test_far_deadline, setup_aclint, teardown),
        cmocka_unit_test_setup_teardown(test_far_deadline, setup_clint, teardown),
        cmocka_unit_test_setup_teardown(test_supervisor_software, setup_aclint, teardown),
        cmocka_unit_test_setup_teardown(test_clint_holes, setup_clint, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
