/* Floating point: softfloat beside the host's arithmetic in the modes that both have, ties in the
 * mode that the host lacks, and what harts do with NaN, boxes, FS and flags. */
#include "board.h"
#include "softfloat.h"
#include "spec.h"

#include <fenv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static uint64_t bits64(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static double double_of(uint64_t bits)
{
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static uint32_t bits32(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static float float_of(uint64_t bits)
{
    uint32_t low = (uint32_t)bits;
    float value;
    memcpy(&value, &low, sizeof value);
    return value;
}

/* Exponents near each other and near the limits, few significant bits or all of them. */
static uint64_t random_bits(GRand *rng, unsigned precision, unsigned width)
{
    uint64_t bits = (uint64_t)g_rand_int(rng) << 32 | g_rand_int(rng);
    unsigned exponent_bits = width - precision;
    uint64_t ones = (UINT64_C(1) << exponent_bits) - 1, middle = ones / 2;
    uint64_t exponent = bits >> (precision - 1) & ones;
    switch (g_rand_int_range(rng, 0, 4)) {
    case 0:
        exponent = middle + (uint64_t)g_rand_int_range(rng, 0, 4) - 2;
        break;
    case 1:
        exponent = (uint64_t)g_rand_int_range(rng, 0, 3);
        break;
    case 2:
        exponent = ones - 1 - (uint64_t)g_rand_int_range(rng, 0, 2);
        break;
    default:
        break;
    }
    uint64_t fraction = bits & ((UINT64_C(1) << (precision - 1)) - 1);
    fraction >>= g_rand_boolean(rng) ? (unsigned)g_rand_int_range(rng, 0, (int)precision) : 0;
    return (bits >> 63) << (width - 1) | exponent << (precision - 1) | fraction;
}

static unsigned host_flags(void)
{
    int raised = fetestexcept(FE_ALL_EXCEPT);
    return (raised & FE_INVALID ? FFLAG_NV : 0) | (raised & FE_DIVBYZERO ? FFLAG_DZ : 0) |
           (raised & FE_OVERFLOW ? FFLAG_OF : 0) | (raised & FE_UNDERFLOW ? FFLAG_UF : 0) |
           (raised & FE_INEXACT ? FFLAG_NX : 0);
}

static const struct {
    unsigned rm;
    int host;
} modes[] = {
    {RM_RNE, FE_TONEAREST}, {RM_RTZ, FE_TOWARDZERO}, {RM_RDN, FE_DOWNWARD}, {RM_RUP, FE_UPWARD}};

typedef struct Case {
    uint64_t (*soft)(EmuRiscvFp *, EmuRiscvFormatRef, uint64_t, uint64_t);
    double (*host64)(double, double);
    float (*host32)(float, float);
} Case;

static double add64(double a, double b)
{
    return a + b;
}
static double sub64(double a, double b)
{
    return a - b;
}
static double mul64(double a, double b)
{
    return a * b;
}
static double div64(double a, double b)
{
    return a / b;
}
static float add32(float a, float b)
{
    return a + b;
}
static float sub32(float a, float b)
{
    return a - b;
}
static float mul32(float a, float b)
{
    return a * b;
}
static float div32(float a, float b)
{
    return a / b;
}

static const Case cases[] = {{emu_riscv_soft_add, add64, add32},
                             {emu_riscv_soft_sub, sub64, sub32},
                             {emu_riscv_soft_mul, mul64, mul32},
                             {emu_riscv_soft_div, div64, div32}};

static void compare_64(GRand *rng, const Case *op, unsigned mode)
{
    uint64_t a = random_bits(rng, 53, 64), b = random_bits(rng, 53, 64);
    EmuRiscvFp fp = {.rm = modes[mode].rm};
    uint64_t soft = op->soft(&fp, &emu_riscv_f64, a, b);
    double (*volatile host)(double, double) = op->host64;
    fesetround(modes[mode].host);
    feclearexcept(FE_ALL_EXCEPT);
    double value = host(double_of(a), double_of(b));
    unsigned flags = host_flags();
    fesetround(FE_TONEAREST);
    assert_int_equal(soft, value != value ? UINT64_C(0x7ff8000000000000) : bits64(value));
    assert_int_equal(fp.flags, flags);
}

static void compare_32(GRand *rng, const Case *op, unsigned mode)
{
    uint64_t a = random_bits(rng, 24, 32), b = random_bits(rng, 24, 32);
    EmuRiscvFp fp = {.rm = modes[mode].rm};
    uint64_t soft = op->soft(&fp, &emu_riscv_f32, a, b);
    float (*volatile host)(float, float) = op->host32;
    fesetround(modes[mode].host);
    feclearexcept(FE_ALL_EXCEPT);
    float value = host(float_of(a), float_of(b));
    unsigned flags = host_flags();
    fesetround(FE_TONEAREST);
    assert_int_equal(soft, value != value ? 0x7fc00000 : bits32(value));
    assert_int_equal(fp.flags, flags);
}

static void test_beside_the_host(void **state)
{
    (void)state;
    g_autoptr(GRand) rng = g_rand_new_with_seed(4);
    for (unsigned n = 0; n < 20000; n++) {
        for (unsigned mode = 0; mode < G_N_ELEMENTS(modes); mode++) {
            for (unsigned op = 0; op < G_N_ELEMENTS(cases); op++) {
                compare_64(rng, &cases[op], mode);
                compare_32(rng, &cases[op], mode);
            }
        }
    }
}

/* Ties go away from zero, everything else to the nearest. */
static void test_ties_to_maximum_magnitude(void **state)
{
    (void)state;
    EmuRiscvFp fp = {.rm = RM_RMM};
    uint64_t one = bits64(1.0), half_ulp = bits64(0x1p-53), less = bits64(0x1.fp-54);
    assert_int_equal(emu_riscv_soft_add(&fp, &emu_riscv_f64, one, half_ulp), one + 1);
    assert_int_equal(fp.flags, FFLAG_NX);
    assert_int_equal(emu_riscv_soft_add(&fp, &emu_riscv_f64, one, less), one);
    assert_int_equal(emu_riscv_soft_add(&fp, &emu_riscv_f64, bits64(-1.0), bits64(-0x1p-53)),
                     bits64(-1.0) + 1);
    assert_int_equal(emu_riscv_soft_to_int(&fp, &emu_riscv_f64, bits64(2.5), 32, true), 3);
    assert_int_equal(emu_riscv_soft_to_int(&fp, &emu_riscv_f64, bits64(-2.5), 32, true),
                     (uint64_t)-3);
    fp.rm = RM_RNE;
    assert_int_equal(emu_riscv_soft_to_int(&fp, &emu_riscv_f64, bits64(2.5), 32, true), 2);
}

/* unpriv 11.7, table 11.4 */
static void test_conversions_saturate(void **state)
{
    (void)state;
    static const struct {
        double value;
        unsigned bits;
        bool is_signed;
        uint64_t result;
        unsigned flags;
    } table[] = {
        {1e10, 32, true, 0x7fffffff, FFLAG_NV},
        {-1e10, 32, true, UINT64_C(0xffffffff80000000), FFLAG_NV},
        {1e10, 32, false, UINT64_MAX, FFLAG_NV},
        {-1.0, 32, false, 0, FFLAG_NV},
        {-0.5, 32, false, 0, FFLAG_NX},
        {4294967295.0, 32, false, UINT64_MAX, 0},
        {0x1p63, 64, true, INT64_MAX, FFLAG_NV},
        {-0x1p63, 64, true, UINT64_C(1) << 63, 0},
        {0x1p64, 64, false, UINT64_MAX, FFLAG_NV},
        {-__builtin_inf(), 64, false, 0, FFLAG_NV},
        {__builtin_nan(""), 64, true, INT64_MAX, FFLAG_NV},
    };
    for (size_t n = 0; n < G_N_ELEMENTS(table); n++) {
        EmuRiscvFp fp = {.rm = RM_RTZ};
        assert_int_equal(emu_riscv_soft_to_int(&fp, &emu_riscv_f64, bits64(table[n].value),
                                               table[n].bits, table[n].is_signed),
                         table[n].result);
        assert_int_equal(fp.flags, table[n].flags);
    }
}

enum { FS = 0x6000, MSTATUS = 0x300, FCSR = 3 };
#define FADD_S(rd, a, b) enc_r(0x7053, rd, a, b)
#define FADD_D(rd, a, b) enc_r(0x2007053, rd, a, b)
#define FMUL_D(rd, a, b) enc_r(0x12007053, rd, a, b)

static void set_f(Board *board, unsigned number, uint64_t bits)
{
    set_reg(board, EMU_RISCV_REG_F0 + number, bits);
}

static uint64_t f(const Board *board, unsigned number)
{
    return reg(board, EMU_RISCV_REG_F0 + number);
}

static void test_boxes_and_canonical_nan(void **state)
{
    (void)state;
    Board board;
    board_open(&board, NULL);
    set_csr(&board, MSTATUS, FS);
    PROGRAM(&board, FADD_S(1, 2, 3), FADD_S(4, 2, 5), FADD_D(6, 7, 7));
    set_f(&board, 2, UINT64_C(0xffffffff00000000) | bits32(1.5f));
    set_f(&board, 3, UINT64_C(0xffffffff00000000) | bits32(2.0f));
    set_f(&board, 5, bits32(2.0f)); /* not boxed */
    set_f(&board, 7, UINT64_C(0xfff8000000000123));
    emu_riscv_hart_run(board.hart[0], 3);
    assert_int_equal(f(&board, 1), UINT64_C(0xffffffff00000000) | bits32(3.5f));
    assert_int_equal(f(&board, 4), UINT64_C(0xffffffff7fc00000));
    assert_int_equal(f(&board, 6), UINT64_C(0x7ff8000000000000));
    assert_int_equal(csr(&board, FCSR), 0);
    board_close(&board);
}

static void test_status_becomes_dirty(void **state)
{
    (void)state;
    Board board;
    board_open(&board, NULL);
    set_csr(&board, MSTATUS, 0x2000); /* Initial */
    PROGRAM(&board, FADD_D(1, 1, 1), CSRR(A0, MSTATUS));
    emu_riscv_hart_run(board.hart[0], 2);
    assert_int_equal(reg(&board, A0) & (UINT64_C(1) << 63 | FS), UINT64_C(1) << 63 | FS);
    board_close(&board);
}

/* Flags gather in the host's unit and are seen, and the host's own stay as they were. */
static void test_flags_and_the_host(void **state)
{
    (void)state;
    Board board;
    board_open(&board, NULL);
    set_csr(&board, MSTATUS, FS);
    set_csr(&board, FCSR, RM_RUP << 5);
    PROGRAM(&board, FMUL_D(1, 2, 3), CSRR(A0, FCSR), CSRW(FCSR, ZERO), FADD_D(4, 5, 5),
            CSRR(A1, FCSR));
    set_f(&board, 2, bits64(0.1));
    set_f(&board, 3, bits64(0.1));
    set_f(&board, 5, bits64(0x1.8p1023));
    fesetround(FE_DOWNWARD);
    feclearexcept(FE_ALL_EXCEPT);
    emu_riscv_hart_run(board.hart[0], 5);
    assert_int_equal(fegetround(), FE_DOWNWARD);
    fesetround(FE_TONEAREST);
    assert_int_equal(fetestexcept(FE_ALL_EXCEPT), 0);
    assert_int_equal(f(&board, 1), bits64(0.1 * 0.1)); /* rounds up in either mode */
    assert_int_equal(reg(&board, A0), RM_RUP << 5 | FFLAG_NX);
    assert_int_equal(reg(&board, A1), FFLAG_OF | FFLAG_NX);
    board_close(&board);
}

/* A loop of everything that has a slow way, on a stack that any frame left behind would fill. */
static void *run_long(void *hart)
{
    emu_riscv_hart_run(hart, 3000000);
    return NULL;
}

static void test_stack_stays_flat(void **state)
{
    (void)state;
    Board board;
    board_open(&board, NULL);
    set_csr(&board, MSTATUS, FS);
    PROGRAM(&board, enc_r(0x2004053, 1, 1, 2), /* fadd.d, rmm */
            LD(A1, -1, A0),                    /* across pages */
            SD(A1, -1, A0), LR_D(A2, A0), SC_D(A2, A1, A0), AMOADD_D(A2, A1, A0),
            LW(A3, 0, A4), /* a device */
            SW(A3, 0, A4), enc_r(0xd2000053, 3, A1, 0), enc_r(0x0040200f, 0, A5, 0),
            BEQ(0, 0, -40));
    set_reg(&board, A0, RAM + 0x5000);
    set_reg(&board, A4, DEVICE);
    set_reg(&board, A5, RAM + 0x8000);
    GThread *thread = g_thread_new("hart", run_long, board.hart[0]);
    g_thread_join(thread);
    assert_int_equal(emu_riscv_hart_stats(board.hart[0]).exceptions, 0);
    assert_int_equal(emu_riscv_hart_stats(board.hart[0]).instructions, 3000000);
    board_close(&board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_beside_the_host),
        cmocka_unit_test(test_ties_to_maximum_magnitude),
        cmocka_unit_test(test_conversions_saturate),
        cmocka_unit_test(test_boxes_and_canonical_nan),
        cmocka_unit_test(test_status_becomes_dirty),
        cmocka_unit_test(test_flags_and_the_host),
        cmocka_unit_test(test_stack_stays_flat),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
