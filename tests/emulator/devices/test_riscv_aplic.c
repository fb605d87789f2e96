/* The APLIC: two domains of 96 sources and two harts, driving lines, or sending messages to an
 * IMSIC. */
#include "bench.h"

#include "types/riscv_aplic.h"
#include "types/riscv_imsic.h"

extern const EmuDriver emu_driver_riscv_aplic, emu_driver_riscv_imsic;

#define S_BASE      0xd000000
#define M_BASE      (S_BASE + 0x8000)
#define CONFIG(s)   (4 * (s))
#define SETIP(s)    (0x1c00 + 4 * ((s) / 32))
#define IN_CLRIP(s) (0x1d00 + 4 * ((s) / 32))
#define SETIE(s)    (0x1e00 + 4 * ((s) / 32))
#define CLRIE(s)    (0x1f00 + 4 * ((s) / 32))
#define TARGET(s)   (0x3000 + 4 * (s))
#define IDC(h, r)   (0x4000 + 0x20 * (h) + (r))
#define IMSIC_BASE  0x28000000
#define FIXED       0x80000000u
enum {
    DOMAINCFG = 0,
    MMSIADDRCFG = 0x1bc0,
    SETIPNUM = 0x1cdc,
    CLRIPNUM = 0x1ddc,
    SETIENUM = 0x1edc,
    CLRIENUM = 0x1fdc,
    SETIPNUM_LE = 0x2000,
    SETIPNUM_BE = 0x2004,
    GENMSI = 0x3000,
    IDELIVERY = 0x0,
    IFORCE = 0x4,
    ITHRESHOLD = 0x8,
    TOPI = 0x18,
    CLAIMI = 0x1c,
    DELEGATE = 1 << 10,
    DETACHED = 1,
    EDGE1 = 4,
    EDGE0 = 5,
    LEVEL1 = 6,
    LEVEL0 = 7,
    IE = 1 << 8,
};

static const MdlIrq source_irqs[] = {{.name = "sources", .many = true}};
static const MdlDeviceType source_type = {.name = "source", .irqs = source_irqs, .n_irqs = 1};
static const EmuDriver source_driver = {.type = &source_type};

/* Of the probe's lines 0 and 1 are the harts' machine level, 2 and 3 their supervisor level. */
static void build(void **state, bool messages)
{
    Bench *bench = bench_new();
    MdlDevice *aplic =
        bench_add(bench, &emu_driver_riscv_aplic, "aplic", S_BASE, (uint64_t[]){0x8000, 0x8000}, 2);
    aplic->n_inputs = 97;
    bench_set_text(aplic, "machine-msi", messages ? "elsewhere" : "");
    for (unsigned hart = 0; hart < 2 && !messages; hart++) {
        bench_wire(aplic, RISCV_APLIC_IRQ_MACHINE, hart, bench->probe, hart);
        bench_wire(aplic, RISCV_APLIC_IRQ_SUPERVISOR, hart, bench->probe, 2 + hart);
    }
    if (messages) {
        MdlDevice *imsic =
            bench_add(bench, &emu_driver_riscv_imsic, "imsic", IMSIC_BASE, (uint64_t[]){0x2000}, 1);
        bench_set_text(imsic, "level", "supervisor");
        bench_set(imsic, "harts", 2);
    }
    MdlDevice *source = bench_add(bench, &source_driver, "source", 0, NULL, 0);
    for (unsigned line = 0; line < 97; line++)
        bench_wire(source, 0, line, aplic, line);
    bench_build(bench);
    *state = bench;
}

static int setup_lines(void **state)
{
    build(state, false);
    return 0;
}

static int setup_messages(void **state)
{
    build(state, true);
    return 0;
}

static int teardown(void **state)
{
    bench_free(*state);
    return 0;
}

static uint32_t get(Bench *bench, uint64_t base, uint64_t offset)
{
    return (uint32_t)bench_read(bench, base + offset, 4);
}

static void put(Bench *bench, uint64_t base, uint64_t offset, uint32_t value)
{
    bench_write(bench, base + offset, 4, value);
}

static void drive(Bench *bench, unsigned source, bool level)
{
    emu_device_set_irq(bench_device(bench, "source"), 0, source, level);
}

/* Gives a source to the supervisor's domain, enabled and targeted. */
static void give(Bench *bench, unsigned source, uint32_t mode, uint32_t target)
{
    put(bench, M_BASE, CONFIG(source), DELEGATE);
    put(bench, S_BASE, CONFIG(source), mode);
    put(bench, S_BASE, TARGET(source), target);
    put(bench, S_BASE, SETIENUM, source);
}

static void deliver_to(Bench *bench, unsigned hart)
{
    put(bench, S_BASE, DOMAINCFG, IE);
    put(bench, S_BASE, IDC(hart, IDELIVERY), 1);
}

static void test_delegation(void **state)
{
    Bench *bench = *state;
    put(bench, S_BASE, CONFIG(3), LEVEL1); /* not the child's yet */
    assert_int_equal(get(bench, S_BASE, CONFIG(3)), 0);
    put(bench, M_BASE, CONFIG(3), DELEGATE);
    assert_int_equal(get(bench, M_BASE, CONFIG(3)), DELEGATE);
    put(bench, S_BASE, CONFIG(3), LEVEL1);
    assert_int_equal(get(bench, S_BASE, CONFIG(3)), LEVEL1);
    put(bench, S_BASE, CONFIG(3), DELEGATE | LEVEL1); /* it has no child */
    assert_int_equal(get(bench, S_BASE, CONFIG(3)), 0);
    put(bench, S_BASE, CONFIG(3), LEVEL1);
    put(bench, S_BASE, SETIENUM, 3);
    put(bench, S_BASE, TARGET(3), 1 << 18 | 5);
    assert_int_equal(get(bench, S_BASE, TARGET(3)), 1 << 18 | 5);
    put(bench, M_BASE, CONFIG(3), LEVEL1); /* taken back */
    assert_int_equal(get(bench, S_BASE, CONFIG(3)), 0);
    assert_int_equal(get(bench, S_BASE, SETIE(3)), 0);
    assert_int_equal(get(bench, S_BASE, TARGET(3)), 0);
    put(bench, M_BASE, CONFIG(3), 2); /* a reserved mode */
    assert_int_equal(get(bench, M_BASE, CONFIG(3)), 0);
}

static void test_level_source(void **state)
{
    Bench *bench = *state;
    give(bench, 10, LEVEL1, 0 << 18 | 3);
    deliver_to(bench, 0);
    assert_int_equal(get(bench, S_BASE, DOMAINCFG), FIXED | IE);
    drive(bench, 10, true);
    assert_int_equal(get(bench, S_BASE, SETIP(10)), 1 << 10);
    assert_int_equal(get(bench, S_BASE, IN_CLRIP(10)), 1 << 10);
    assert_int_equal(get(bench, M_BASE, SETIP(10)), 0);
    assert_true(bench_level(bench, 2));
    assert_false(bench_level(bench, 0));
    assert_int_equal(get(bench, S_BASE, IDC(0, TOPI)), 10 << 16 | 3);
    assert_int_equal(get(bench, S_BASE, IDC(0, CLAIMI)), 10 << 16 | 3);
    assert_true(bench_level(bench, 2)); /* pending follows the wire, whatever is claimed */
    put(bench, S_BASE, CLRIPNUM, 10);
    assert_int_equal(get(bench, S_BASE, SETIP(10)), 1 << 10);
    drive(bench, 10, false);
    assert_false(bench_level(bench, 2));
    assert_int_equal(get(bench, S_BASE, IDC(0, CLAIMI)), 0);
    put(bench, S_BASE, SETIPNUM, 10);
    assert_int_equal(get(bench, S_BASE, SETIP(10)), 0);
    put(bench, S_BASE, CONFIG(10), LEVEL0);
    assert_true(bench_level(bench, 2));
    put(bench, S_BASE, CLRIENUM, 10);
    assert_false(bench_level(bench, 2));
}

static void test_edge_source(void **state)
{
    Bench *bench = *state;
    give(bench, 40, EDGE1, 1 << 18 | 1);
    deliver_to(bench, 1);
    drive(bench, 40, true);
    drive(bench, 40, false);
    assert_true(bench_level(bench, 3)); /* it is remembered */
    assert_int_equal(get(bench, S_BASE, IDC(1, CLAIMI)), 40 << 16 | 1);
    assert_false(bench_level(bench, 3));
    put(bench, S_BASE, SETIPNUM_LE, 40);
    assert_true(bench_level(bench, 3));
    put(bench, S_BASE, IN_CLRIP(40), 1 << 8);
    assert_false(bench_level(bench, 3));
    put(bench, S_BASE, CONFIG(40), EDGE0);
    put(bench, S_BASE, CLRIPNUM, 40);
    drive(bench, 40, true);
    assert_false(bench_level(bench, 3));
    drive(bench, 40, false);
    assert_true(bench_level(bench, 3));
}

static void test_detached_source(void **state)
{
    Bench *bench = *state;
    give(bench, 5, DETACHED, 1);
    drive(bench, 5, true);
    assert_int_equal(get(bench, S_BASE, SETIP(5)), 0);
    assert_int_equal(get(bench, S_BASE, IN_CLRIP(5)), 0);
    put(bench, S_BASE, SETIP(5), 1 << 5);
    assert_int_equal(get(bench, S_BASE, SETIP(5)), 1 << 5);
}

static void test_priorities(void **state)
{
    Bench *bench = *state;
    deliver_to(bench, 0);
    give(bench, 20, DETACHED, 5);
    give(bench, 21, DETACHED, 2);
    give(bench, 22, DETACHED, 2);
    give(bench, 23, DETACHED, 1 << 18 | 1); /* another hart's */
    put(bench, S_BASE, SETIP(20), 0xf << 20);
    assert_int_equal(get(bench, S_BASE, IDC(0, TOPI)), 21 << 16 | 2);
    put(bench, S_BASE, IDC(0, ITHRESHOLD), 2); /* 2 and above do not count */
    assert_int_equal(get(bench, S_BASE, IDC(0, TOPI)), 0);
    assert_false(bench_level(bench, 2));
    put(bench, S_BASE, IDC(0, ITHRESHOLD), 0xffffffff);
    assert_int_equal(get(bench, S_BASE, IDC(0, ITHRESHOLD)), 7);
    assert_int_equal(get(bench, S_BASE, IDC(0, CLAIMI)), 21 << 16 | 2);
    assert_int_equal(get(bench, S_BASE, IDC(0, CLAIMI)), 22 << 16 | 2);
    assert_int_equal(get(bench, S_BASE, IDC(0, CLAIMI)), 20 << 16 | 5);
    assert_int_equal(get(bench, S_BASE, IDC(0, CLAIMI)), 0);
    put(bench, S_BASE, TARGET(20), 8); /* three bits; zero is none */
    assert_int_equal(get(bench, S_BASE, TARGET(20)), 1);
}

static void test_force(void **state)
{
    Bench *bench = *state;
    put(bench, S_BASE, IDC(1, IFORCE), 1);
    assert_false(bench_level(bench, 3));
    deliver_to(bench, 1);
    assert_true(bench_level(bench, 3));
    assert_int_equal(get(bench, S_BASE, IDC(1, CLAIMI)), 0); /* spurious */
    assert_false(bench_level(bench, 3));
    assert_int_equal(get(bench, S_BASE, IDC(1, IFORCE)), 0);
}

static void test_nonsense(void **state)
{
    Bench *bench = *state;
    deliver_to(bench, 0);
    for (unsigned source = 0; source < 1024; source++)
        put(bench, M_BASE, CONFIG(source), source == 0 ? 0 : LEVEL0);
    assert_int_equal(get(bench, M_BASE, CONFIG(97)), 0); /* there are 96 */
    assert_int_equal(get(bench, M_BASE, SETIP(0)), 0xfffffffe);
    assert_int_equal(get(bench, M_BASE, SETIP(96)), 1);
    for (unsigned word = 0; word < 1024; word += 32) {
        put(bench, M_BASE, SETIE(word), UINT32_MAX);
        put(bench, M_BASE, SETIP(word), UINT32_MAX);
    }
    assert_int_equal(get(bench, M_BASE, SETIE(96)), 1);
    put(bench, M_BASE, SETIPNUM, 4000000000);
    put(bench, M_BASE, CLRIENUM, 97);
    put(bench, M_BASE, SETIPNUM_BE, 1); /* of a little-endian system */
    put(bench, M_BASE, IDC(2, IDELIVERY), 1);
    assert_int_equal(get(bench, M_BASE, IDC(2, IDELIVERY)), 0);
    put(bench, M_BASE, MMSIADDRCFG, UINT32_MAX); /* nothing is forwarded here */
    assert_int_equal(get(bench, M_BASE, MMSIADDRCFG), 0);
    put(bench, M_BASE, GENMSI, UINT32_MAX);
    assert_int_equal(get(bench, M_BASE, GENMSI), 0);
    assert_int_equal(bench_read(bench, M_BASE, 8), 0);
    emu_machine_reset(bench->machine);
    assert_int_equal(get(bench, M_BASE, SETIE(0)), 0);
    assert_int_equal(get(bench, M_BASE, DOMAINCFG), FIXED);
}

/* ---- messages -------------------------------------------------------------------------------- */

static uint64_t pending_at_imsic(Bench *bench, unsigned hart)
{
    return emu_device_access_file(bench_device(bench, "imsic"), hart, 0x80, NULL);
}

/* The IMSIC's pages lie one after the other; one bit of hart number. */
static void set_addresses(Bench *bench)
{
    put(bench, M_BASE, MMSIADDRCFG + 4, 1 << 12);
    put(bench, M_BASE, MMSIADDRCFG + 8, IMSIC_BASE >> 12);
}

static void test_messages(void **state)
{
    Bench *bench = *state;
    set_addresses(bench);
    assert_int_equal(get(bench, S_BASE, DOMAINCFG), FIXED | 1 << 2);
    assert_int_equal(get(bench, S_BASE, MMSIADDRCFG + 4), 0); /* the root's alone */
    give(bench, 7, LEVEL1, 1 << 18 | 33);
    drive(bench, 7, true);
    assert_int_equal(pending_at_imsic(bench, 1), 0);
    put(bench, S_BASE, DOMAINCFG, IE);
    assert_int_equal(pending_at_imsic(bench, 1), UINT64_C(1) << 33);
    assert_int_equal(pending_at_imsic(bench, 0), 0);
    assert_int_equal(get(bench, S_BASE, SETIP(7)), 0); /* sent once */

    EmuFileChange all = {UINT64_MAX, 0};
    emu_device_access_file(bench_device(bench, "imsic"), 1, 0x80, &all);
    put(bench, S_BASE, SETIPNUM, 7); /* still high: again */
    assert_int_equal(pending_at_imsic(bench, 1), UINT64_C(1) << 33);
    emu_device_access_file(bench_device(bench, "imsic"), 1, 0x80, &all);
    drive(bench, 7, false);
    put(bench, S_BASE, SETIPNUM, 7); /* low: not */
    assert_int_equal(pending_at_imsic(bench, 1), 0);
    put(bench, S_BASE, GENMSI, 1 << 18 | 34);
    assert_int_equal(pending_at_imsic(bench, 1), UINT64_C(1) << 34);
    assert_int_equal(get(bench, S_BASE, IDC(0, IDELIVERY)), 0);
}

static void test_addresses_are_locked(void **state)
{
    Bench *bench = *state;
    put(bench, M_BASE, MMSIADDRCFG, 0x1234);
    put(bench, M_BASE, MMSIADDRCFG + 4, UINT32_MAX);
    assert_int_equal(get(bench, M_BASE, MMSIADDRCFG + 4), 0x9f77ffff);
    for (unsigned i = 0; i < 4; i++)
        put(bench, M_BASE, MMSIADDRCFG + 4 * i, 0);
    assert_int_equal(get(bench, M_BASE, MMSIADDRCFG), 0x1234);
    assert_int_equal(get(bench, M_BASE, MMSIADDRCFG + 4), 0x9f77ffff);
}

/* A source whose message sets it pending again does not go round for ever. */
static void test_message_to_itself(void **state)
{
    Bench *bench = *state;
    put(bench, M_BASE, MMSIADDRCFG + 8, (S_BASE + SETIPNUM_LE) >> 12);
    give(bench, 9, DETACHED, 9);
    put(bench, S_BASE, DOMAINCFG, IE);
    put(bench, S_BASE, SETIPNUM, 9);
    assert_int_equal(get(bench, S_BASE, SETIP(9)), 1 << 9);
    put(bench, M_BASE, MMSIADDRCFG + 8, 0x12345); /* and to nowhere */
    assert_int_equal(bench_errors(bench, "aplic"), 1);
}

#define LINES(test)    cmocka_unit_test_setup_teardown(test, setup_lines, teardown)
#define MESSAGES(test) cmocka_unit_test_setup_teardown(test, setup_messages, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        LINES(test_delegation),
        LINES(test_level_source),
        LINES(test_edge_source),
        LINES(test_detached_source),
        LINES(test_priorities),
        LINES(test_force),
        LINES(test_nonsense),
        MESSAGES(test_messages),
        MESSAGES(test_addresses_are_locked),
        MESSAGES(test_message_to_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
