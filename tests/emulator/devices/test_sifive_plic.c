/* The PLIC: 96 sources, two harts, four contexts. */
#include "bench.h"

#include "types/sifive_plic.h"

extern const EmuDriver emu_driver_sifive_plic;

#define BASE         0xc000000
#define PRIORITY(s)  (BASE + 4 * (s))
#define PENDING(s)   (BASE + 0x1000 + 4 * ((s) / 32))
#define ENABLE(c, s) (BASE + 0x2000 + 0x80 * (c) + 4 * ((s) / 32))
#define THRESHOLD(c) (BASE + 0x200000 + 0x1000 * (c))
#define CLAIM(c)     (THRESHOLD(c) + 4)

/* A device whose outputs are the sources. */
static const MdlIrq source_irqs[] = {{.name = "sources", .many = true}};
static const MdlDeviceType source_type = {.name = "source", .irqs = source_irqs, .n_irqs = 1};
static const EmuDriver source_driver = {.type = &source_type};

static int setup(void **state)
{
    Bench *bench = bench_new();
    MdlDevice *plic =
        bench_add(bench, &emu_driver_sifive_plic, "plic", BASE, (uint64_t[]){0x600000}, 1);
    plic->n_inputs = 97;
    for (unsigned hart = 0; hart < 2; hart++) {
        bench_wire(plic, SIFIVE_PLIC_IRQ_MACHINE, hart, bench->probe, 2 * hart);
        bench_wire(plic, SIFIVE_PLIC_IRQ_SUPERVISOR, hart, bench->probe, 2 * hart + 1);
    }
    MdlDevice *source = bench_add(bench, &source_driver, "source", 0, NULL, 0);
    for (unsigned line = 0; line < 97; line++)
        bench_wire(source, 0, line, plic, line);
    bench_build(bench);
    *state = bench;
    return 0;
}

static int teardown(void **state)
{
    bench_free(*state);
    return 0;
}

static uint32_t get(Bench *bench, uint64_t address)
{
    return (uint32_t)bench_read(bench, address, 4);
}

static void put(Bench *bench, uint64_t address, uint32_t value)
{
    bench_write(bench, address, 4, value);
}

static void drive(Bench *bench, unsigned source, bool level)
{
    emu_device_set_irq(bench_device(bench, "source"), 0, source, level);
}

static void enable(Bench *bench, unsigned context, unsigned source, uint32_t priority)
{
    put(bench, PRIORITY(source), priority);
    uint64_t word = ENABLE(context, source);
    put(bench, word, get(bench, word) | UINT32_C(1) << source % 32);
}

static void test_reset_values(void **state)
{
    Bench *bench = *state;
    for (unsigned i = 0; i < 2; i++) {
        for (unsigned source = 0; source <= 96; source++)
            assert_int_equal(get(bench, PRIORITY(source)), 0);
        for (unsigned context = 0; context < 4; context++) {
            assert_int_equal(get(bench, ENABLE(context, 0)), 0);
            assert_int_equal(get(bench, THRESHOLD(context)), 0);
            assert_int_equal(get(bench, CLAIM(context)), 0);
            assert_false(bench_level(bench, context));
        }
        assert_int_equal(get(bench, PENDING(0)), 0);
        enable(bench, 0, 5, 3);
        put(bench, THRESHOLD(1), 2);
        drive(bench, 5, true);
        assert_true(bench_level(bench, 0));
        drive(bench, 5, false);
        emu_machine_reset(bench->machine);
    }
}

static void test_masks(void **state)
{
    Bench *bench = *state;
    put(bench, PRIORITY(1), 0xffffffff);
    assert_int_equal(get(bench, PRIORITY(1)), 7); /* three bits */
    put(bench, THRESHOLD(3), 0xffffffff);
    assert_int_equal(get(bench, THRESHOLD(3)), 7);
    put(bench, ENABLE(0, 0), 0xffffffff);
    assert_int_equal(get(bench, ENABLE(0, 0)), 0xfffffffe); /* source 0 does not exist */
    put(bench, ENABLE(0, 96), 0xffffffff);
    assert_int_equal(get(bench, ENABLE(0, 96)), 1);
    put(bench, ENABLE(0, 128), 0xffffffff);
    assert_int_equal(get(bench, ENABLE(0, 128)), 0);
    assert_int_equal(bench_errors(bench, "plic"), 0);

    put(bench, PRIORITY(0), 7);
    put(bench, PRIORITY(97), 7);
    assert_int_equal(get(bench, PRIORITY(0)), 0);
    put(bench, PENDING(0), 0xffffffff); /* read-only */
    assert_int_equal(get(bench, PENDING(0)), 0);
    put(bench, ENABLE(4, 0), 2); /* there are four contexts */
    put(bench, THRESHOLD(4), 1);
    put(bench, BASE + 0x5ffffc, 1);
    assert_int_equal(bench_errors(bench, "plic"), 6);
    assert_int_equal(bench_read(bench, PRIORITY(1), 8), 0);
    assert_int_equal(bench_read(bench, PRIORITY(1), 1), 0);
    assert_int_equal(get(bench, CLAIM(4)), 0);
    assert_int_equal(bench_errors(bench, "plic"), 9);
}

static void test_claim_and_complete(void **state)
{
    Bench *bench = *state;
    enable(bench, 1, 10, 1);
    drive(bench, 10, true);
    assert_true(bench_level(bench, 1));
    assert_false(bench_level(bench, 0));
    assert_int_equal(get(bench, PENDING(10)), 1 << 10);

    assert_int_equal(get(bench, CLAIM(0)), 0); /* not enabled there */
    assert_int_equal(get(bench, CLAIM(1)), 10);
    assert_false(bench_level(bench, 1));
    assert_int_equal(get(bench, PENDING(10)), 0);
    assert_int_equal(get(bench, CLAIM(1)), 0); /* the gateway is closed while it is high */
    put(bench, CLAIM(1), 10);
    assert_true(bench_level(bench, 1)); /* still high: again */
    assert_int_equal(get(bench, CLAIM(1)), 10);
    drive(bench, 10, false);
    put(bench, CLAIM(1), 10);
    assert_false(bench_level(bench, 1));
}

static void test_pending_is_kept(void **state)
{
    Bench *bench = *state;
    enable(bench, 0, 3, 1);
    drive(bench, 3, true);
    drive(bench, 3, false);
    assert_true(bench_level(bench, 0)); /* the gateway has let it through */
    assert_int_equal(get(bench, CLAIM(0)), 3);
    put(bench, CLAIM(0), 3);
    assert_false(bench_level(bench, 0));
}

static void test_completion_checked(void **state)
{
    Bench *bench = *state;
    enable(bench, 0, 3, 1);
    drive(bench, 3, true);
    assert_int_equal(get(bench, CLAIM(0)), 3);
    put(bench, CLAIM(1), 3); /* not enabled in that context: ignored */
    put(bench, CLAIM(0), 4);
    put(bench, CLAIM(0), 0);
    put(bench, CLAIM(0), 97);
    put(bench, CLAIM(0), 0xffffffff);
    assert_false(bench_level(bench, 0));
    put(bench, CLAIM(0), 3);
    assert_true(bench_level(bench, 0));
    assert_int_equal(bench_errors(bench, "plic"), 0);
}

static void test_priorities(void **state)
{
    Bench *bench = *state;
    enable(bench, 0, 40, 2);
    enable(bench, 0, 7, 2);
    enable(bench, 0, 90, 5);
    enable(bench, 0, 8, 0); /* priority 0 never interrupts */
    drive(bench, 8, true);
    assert_false(bench_level(bench, 0));
    assert_int_equal(get(bench, PENDING(8)), 1 << 8);
    drive(bench, 40, true);
    drive(bench, 7, true);
    drive(bench, 90, true);
    assert_int_equal(get(bench, CLAIM(0)), 90);
    assert_int_equal(get(bench, CLAIM(0)), 7); /* of equals the lowest */
    assert_int_equal(get(bench, CLAIM(0)), 40);
    assert_int_equal(get(bench, CLAIM(0)), 0);
}

static void test_threshold(void **state)
{
    Bench *bench = *state;
    enable(bench, 0, 5, 3);
    drive(bench, 5, true);
    put(bench, THRESHOLD(0), 3);
    assert_false(bench_level(bench, 0)); /* must be above it */
    put(bench, THRESHOLD(0), 2);
    assert_true(bench_level(bench, 0));
    put(bench, THRESHOLD(0), 7);
    assert_int_equal(get(bench, CLAIM(0)), 5); /* a claim does not ask for it */
}

static void test_two_contexts(void **state)
{
    Bench *bench = *state;
    enable(bench, 1, 5, 1);
    enable(bench, 3, 5, 1);
    drive(bench, 5, true);
    assert_true(bench_level(bench, 1) && bench_level(bench, 3));
    assert_int_equal(get(bench, CLAIM(3)), 5);
    assert_false(bench_level(bench, 1));
    assert_int_equal(get(bench, CLAIM(1)), 0); /* the other was first */
    put(bench, ENABLE(3, 5), 0);
    put(bench, CLAIM(3), 5); /* no longer enabled there: ignored */
    assert_false(bench_level(bench, 1));
    put(bench, CLAIM(1), 5); /* any context that has it enabled may */
    assert_true(bench_level(bench, 1));
}

static void test_reset_with_a_high_line(void **state)
{
    Bench *bench = *state;
    drive(bench, 9, true);
    emu_machine_reset(bench->machine);
    assert_int_equal(get(bench, PENDING(9)), 1 << 9);
    drive(bench, 0, true); /* source 0 does not exist */
    assert_int_equal(get(bench, PENDING(0)), 1 << 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reset_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_masks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_claim_and_complete, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pending_is_kept, setup, teardown),
        cmocka_unit_test_setup_teardown(test_completion_checked, setup, teardown),
        cmocka_unit_test_setup_teardown(test_priorities, setup, teardown),
        cmocka_unit_test_setup_teardown(test_threshold, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_contexts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reset_with_a_high_line, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
