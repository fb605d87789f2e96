/* softfloat: see the header. A finite value is (-1)^sign * significand * 2^(exponent - 63), its
 * significand's highest bit set unless it is zero; the lowest bit is sticky. */
#include "softfloat.h"
#include "spec.h"

const EmuRiscvFormat emu_riscv_f32 = {24, 32}, emu_riscv_f64 = {53, 64};

typedef EmuRiscvFp Fp;
typedef EmuRiscvFormatRef Format;
typedef unsigned __int128 Wide;

typedef enum { ZERO, FINITE, INFINITE, QUIET, SIGNALING } Kind;

typedef struct Number {
    Kind kind;
    bool sign;
    int exponent;
    uint64_t significand;
} Number;

static int bias(Format format)
{
    return (1 << (format->width - format->precision - 1)) - 1;
}

static uint64_t exponent_ones(Format format)
{
    return (UINT64_C(1) << (format->width - format->precision)) - 1;
}

static uint64_t pack(Format format, bool sign, uint64_t exponent, uint64_t fraction)
{
    return (uint64_t)sign << (format->width - 1) | exponent << (format->precision - 1) | fraction;
}

static uint64_t infinity(Format format, bool sign)
{
    return pack(format, sign, exponent_ones(format), 0);
}

static uint64_t nan_of(Format format)
{
    return pack(format, false, exponent_ones(format), UINT64_C(1) << (format->precision - 2));
}

static uint64_t invalid(Fp *fp, Format format)
{
    fp->flags |= FFLAG_NV;
    return nan_of(format);
}

static Number unpack(Format format, uint64_t bits)
{
    uint64_t fraction = bits & ((UINT64_C(1) << (format->precision - 1)) - 1);
    uint64_t exponent = bits >> (format->precision - 1) & exponent_ones(format);
    Number number = {.sign = bits >> (format->width - 1) & 1};
    if (exponent == exponent_ones(format)) {
        number.kind = fraction == 0                             ? INFINITE
                      : fraction >> (format->precision - 2) & 1 ? QUIET
                                                                : SIGNALING;
    } else if (exponent == 0 && fraction == 0) {
        number.kind = ZERO;
    } else {
        number.kind = FINITE;
        uint64_t hidden = exponent ? UINT64_C(1) << (format->precision - 1) : 0;
        int shift = __builtin_clzll(fraction | hidden);
        number.significand = (fraction | hidden) << shift;
        number.exponent =
            (exponent ? (int)exponent : 1) - bias(format) + (64 - (int)format->precision) - shift;
    }
    return number;
}

static bool is_nan(Number number)
{
    return number.kind >= QUIET;
}

/* The result where an operand is a NaN: always the canonical one (unpriv 11.3). */
static uint64_t nan_result(Fp *fp, Format format, Number a, Number b)
{
    return a.kind == SIGNALING || b.kind == SIGNALING ? invalid(fp, format) : nan_of(format);
}

/* To the right by any distance; what falls out makes the lowest bit sticky. */
static uint64_t shift_sticky(uint64_t value, int distance)
{
    if (distance >= 64) {
        return value != 0;
    }
    return distance == 0 ? value : value >> distance | ((value << (64 - distance)) != 0);
}

static Wide wide_sticky(Wide value, int distance)
{
    if (distance >= 128) {
        return value != 0;
    }
    return distance == 0 ? value : value >> distance | ((value << (128 - distance)) != 0);
}

/* Is a value, whose bits below the last that is kept are `rest` of `half * 2`, rounded up? */
static bool rounds_up(unsigned rm, bool sign, bool odd, uint64_t rest, uint64_t half)
{
    switch (rm) {
    case RM_RNE:
        return rest > half || (rest == half && odd);
    case RM_RMM:
        return rest >= half;
    case RM_RDN:
        return sign && rest;
    case RM_RUP:
        return !sign && rest;
    default:
        return false;
    }
}

static uint64_t overflow(Fp *fp, Format format, bool sign)
{
    fp->flags |= FFLAG_OF | FFLAG_NX;
    bool to_infinity = fp->rm == RM_RNE || fp->rm == RM_RMM || fp->rm == (sign ? RM_RDN : RM_RUP);
    return to_infinity ? infinity(format, sign)
                       : pack(format, sign, exponent_ones(format) - 1,
                              (UINT64_C(1) << (format->precision - 1)) - 1);
}

/* The nearest value in the format to a finite one that is not zero. */
static uint64_t round_pack(Fp *fp, Format format, bool sign, int exponent, uint64_t significand)
{
    unsigned dropped = 64 - format->precision;
    uint64_t half = UINT64_C(1) << (dropped - 1), mask = half * 2 - 1;
    int biased = exponent + bias(format);
    bool tiny = false;
    if (biased <= 0) {
        /* Tiny after rounding: would it still be if the exponent had no lower limit? */
        uint64_t rest = significand & mask;
        bool carries = (significand | mask) == UINT64_MAX &&
                       rounds_up(fp->rm, sign, significand >> dropped & 1, rest, half);
        tiny = biased < 0 || !carries;
        significand = shift_sticky(significand, 1 - biased);
        biased = 0;
    }
    uint64_t rest = significand & mask, kept = significand >> dropped;
    if (rounds_up(fp->rm, sign, kept & 1, rest, half)) {
        kept++;
    }
    if (rest) {
        fp->flags |= FFLAG_NX | (tiny ? FFLAG_UF : 0);
    }
    /* The hidden bit, where there is one, counts as one in the exponent. */
    uint64_t below = biased > 0 ? (uint64_t)(biased - 1) : 0;
    uint64_t result = (below << (format->precision - 1)) + kept;
    if (result >> (format->precision - 1) >= exponent_ones(format)) {
        return overflow(fp, format, sign);
    }
    return (uint64_t)sign << (format->width - 1) | result;
}

/* A finite value of 128 bits: value * 2^(exponent - 127). */
static uint64_t round_wide(Fp *fp, Format format, bool sign, int exponent, Wide value)
{
    if (value == 0) {
        return pack(format, sign, 0, 0);
    }
    uint64_t high = (uint64_t)(value >> 64);
    int shift = high ? __builtin_clzll(high) : 64 + __builtin_clzll((uint64_t)value);
    value <<= shift;
    uint64_t significand = (uint64_t)(value >> 64) | ((uint64_t)value != 0);
    return round_pack(fp, format, sign, exponent - shift, significand);
}

/* Sum of two finite values given in 128 bits with their highest bits set or zero; the sum must not
 * lose bits: at most one of them has any in the lower 22. */
static uint64_t add_wide(Fp *fp, Format format, bool sign_a, int exponent_a, Wide a, bool sign_b,
                         int exponent_b, Wide b)
{
    if (exponent_a < exponent_b || (exponent_a == exponent_b && a < b)) {
        return add_wide(fp, format, sign_b, exponent_b, b, sign_a, exponent_a, a);
    }
    a = wide_sticky(a, 1); /* room for the carry */
    b = wide_sticky(b, exponent_a - exponent_b + 1);
    if (sign_a == sign_b) {
        return round_wide(fp, format, sign_a, exponent_a + 1, a + b);
    }
    if (a == b) { /* an exact zero is positive, but when rounding down (IEEE 754 6.3) */
        return pack(format, fp->rm == RM_RDN, 0, 0);
    }
    return round_wide(fp, format, sign_a, exponent_a + 1, a - b);
}

uint64_t emu_riscv_soft_add(Fp *fp, Format format, uint64_t a_bits, uint64_t b_bits)
{
    Number a = unpack(format, a_bits), b = unpack(format, b_bits);
    if (is_nan(a) || is_nan(b)) {
        return nan_result(fp, format, a, b);
    }
    if (a.kind == INFINITE || b.kind == INFINITE) {
        if (a.kind == b.kind && a.sign != b.sign) {
            return invalid(fp, format);
        }
        return a.kind == INFINITE ? a_bits : b_bits;
    }
    if (a.kind == ZERO && b.kind == ZERO) {
        return a.sign == b.sign ? a_bits : pack(format, fp->rm == RM_RDN, 0, 0);
    }
    if (a.kind == ZERO || b.kind == ZERO) {
        return a.kind == ZERO ? b_bits : a_bits;
    }
    return add_wide(fp, format, a.sign, a.exponent, (Wide)a.significand << 64, b.sign, b.exponent,
                    (Wide)b.significand << 64);
}

uint64_t emu_riscv_soft_sub(Fp *fp, Format format, uint64_t a, uint64_t b)
{
    Number number = unpack(format, b);
    return emu_riscv_soft_add(fp, format, a,
                              is_nan(number) ? b : b ^ UINT64_C(1) << (format->width - 1));
}

uint64_t emu_riscv_soft_mul(Fp *fp, Format format, uint64_t a_bits, uint64_t b_bits)
{
    Number a = unpack(format, a_bits), b = unpack(format, b_bits);
    bool sign = a.sign != b.sign;
    if (is_nan(a) || is_nan(b)) {
        return nan_result(fp, format, a, b);
    }
    if (a.kind == INFINITE || b.kind == INFINITE) {
        return a.kind == ZERO || b.kind == ZERO ? invalid(fp, format) : infinity(format, sign);
    }
    if (a.kind == ZERO || b.kind == ZERO) {
        return pack(format, sign, 0, 0);
    }
    return round_wide(fp, format, sign, a.exponent + b.exponent + 1,
                      (Wide)a.significand * b.significand);
}

uint64_t emu_riscv_soft_div(Fp *fp, Format format, uint64_t a_bits, uint64_t b_bits)
{
    Number a = unpack(format, a_bits), b = unpack(format, b_bits);
    bool sign = a.sign != b.sign;
    if (is_nan(a) || is_nan(b)) {
        return nan_result(fp, format, a, b);
    }
    if (a.kind == b.kind && a.kind != FINITE) { /* 0/0, inf/inf */
        return invalid(fp, format);
    }
    if (a.kind == INFINITE || b.kind == ZERO) {
        fp->flags |= a.kind == FINITE ? FFLAG_DZ : 0;
        return infinity(format, sign);
    }
    if (a.kind == ZERO || b.kind == INFINITE) {
        return pack(format, sign, 0, 0);
    }
    Wide dividend = (Wide)a.significand << 63;
    Wide quotient = dividend / b.significand;
    bool rest = dividend % b.significand != 0;
    return round_wide(fp, format, sign, a.exponent - b.exponent + 63, quotient << 1 | (Wide)rest);
}

uint64_t emu_riscv_soft_sqrt(Fp *fp, Format format, uint64_t bits)
{
    Number a = unpack(format, bits);
    if (is_nan(a)) {
        return nan_result(fp, format, a, a);
    }
    if (a.kind == ZERO) {
        return bits;
    }
    if (a.sign) {
        return invalid(fp, format);
    }
    if (a.kind == INFINITE) {
        return bits;
    }
    /* The root of an integer of 126 or 127 bits, made such that its exponent is even. */
    int scale = a.exponent & 1 ? 62 : 63;
    Wide rest = (Wide)a.significand << scale, root = 0;
    for (Wide bit = (Wide)1 << 126; bit; bit >>= 2) {
        if (rest >= root + bit) {
            rest -= root + bit;
            root = (root >> 1) + bit;
        } else {
            root >>= 1;
        }
    }
    return round_wide(fp, format, false, (a.exponent - 63 - scale) / 2 + 126,
                      root << 1 | (Wide)(rest != 0));
}

uint64_t emu_riscv_soft_fma(Fp *fp, Format format, uint64_t a_bits, uint64_t b_bits,
                            uint64_t c_bits)
{
    Number a = unpack(format, a_bits), b = unpack(format, b_bits), c = unpack(format, c_bits);
    bool sign = a.sign != b.sign;
    if ((a.kind == INFINITE && b.kind == ZERO) || (a.kind == ZERO && b.kind == INFINITE)) {
        return invalid(fp, format); /* even when c is a quiet NaN (unpriv 11.6) */
    }
    if (is_nan(a) || is_nan(b) || is_nan(c)) {
        return a.kind == SIGNALING || b.kind == SIGNALING || c.kind == SIGNALING
                   ? invalid(fp, format)
                   : nan_of(format);
    }
    if (a.kind == INFINITE || b.kind == INFINITE) {
        return c.kind == INFINITE && c.sign != sign ? invalid(fp, format) : infinity(format, sign);
    }
    if (c.kind == INFINITE) {
        return c_bits;
    }
    if (a.kind == ZERO || b.kind == ZERO) {
        return c.kind != ZERO   ? c_bits
               : c.sign == sign ? c_bits
                                : pack(format, fp->rm == RM_RDN, 0, 0);
    }
    Wide product = (Wide)a.significand * b.significand;
    int exponent = a.exponent + b.exponent + 1;
    if (!(product >> 127)) {
        product <<= 1;
        exponent--;
    }
    if (c.kind == ZERO) {
        return round_wide(fp, format, sign, exponent, product);
    }
    return add_wide(fp, format, sign, exponent, product, c.sign, c.exponent,
                    (Wide)c.significand << 64);
}

uint64_t emu_riscv_soft_convert(Fp *fp, Format from, Format to, uint64_t bits)
{
    Number a = unpack(from, bits);
    if (is_nan(a)) {
        return nan_result(fp, to, a, a);
    }
    return a.kind == INFINITE ? infinity(to, a.sign)
           : a.kind == ZERO   ? pack(to, a.sign, 0, 0)
                              : round_pack(fp, to, a.sign, a.exponent, a.significand);
}

/* ---- comparing ------------------------------------------------------------------------------- */

/* Bit patterns of values that are not NaN in the order of the values. */
static int64_t ordered(Format format, uint64_t bits)
{
    uint64_t magnitude = bits & ((UINT64_C(1) << (format->width - 1)) - 1);
    return bits >> (format->width - 1) & 1 ? -(int64_t)magnitude : (int64_t)magnitude;
}

EmuRiscvOrder emu_riscv_soft_compare(Fp *fp, Format format, uint64_t a_bits, uint64_t b_bits,
                                     bool signaling)
{
    Number a = unpack(format, a_bits), b = unpack(format, b_bits);
    if (is_nan(a) || is_nan(b)) {
        if (signaling || a.kind == SIGNALING || b.kind == SIGNALING) {
            fp->flags |= FFLAG_NV;
        }
        return EMU_RISCV_UNORDERED;
    }
    int64_t x = ordered(format, a_bits), y = ordered(format, b_bits);
    return x < y ? EMU_RISCV_LESS : x > y ? EMU_RISCV_GREATER : EMU_RISCV_EQUAL;
}

/* The lesser, or with `max` the greater; a number rather than a NaN; -0 is less than +0. */
static uint64_t choose(Fp *fp, Format format, uint64_t a_bits, uint64_t b_bits, bool max)
{
    Number a = unpack(format, a_bits), b = unpack(format, b_bits);
    if (a.kind == SIGNALING || b.kind == SIGNALING) {
        fp->flags |= FFLAG_NV;
    }
    if (is_nan(a) || is_nan(b)) {
        return !is_nan(a) ? a_bits : !is_nan(b) ? b_bits : nan_of(format);
    }
    int64_t x = ordered(format, a_bits), y = ordered(format, b_bits);
    bool a_less = x < y || (x == y && a.sign);
    return a_less != max ? a_bits : b_bits;
}

uint64_t emu_riscv_soft_min(Fp *fp, Format format, uint64_t a, uint64_t b)
{
    return choose(fp, format, a, b, false);
}

uint64_t emu_riscv_soft_max(Fp *fp, Format format, uint64_t a, uint64_t b)
{
    return choose(fp, format, a, b, true);
}

uint64_t emu_riscv_soft_class(Format format, uint64_t bits)
{
    Number a = unpack(format, bits);
    bool subnormal = a.kind == FINITE && a.exponent < 1 - bias(format);
    switch (a.kind) {
    case SIGNALING:
        return 1 << 8;
    case QUIET:
        return 1 << 9;
    case INFINITE:
        return a.sign ? 1 << 0 : 1 << 7;
    case ZERO:
        return a.sign ? 1 << 3 : 1 << 4;
    default:
        return a.sign ? 1 << (subnormal ? 2 : 1) : 1 << (subnormal ? 5 : 6);
    }
}

/* ---- integers -------------------------------------------------------------------------------- */

static uint64_t saturated(Fp *fp, bool low, unsigned bits, bool is_signed)
{
    fp->flags |= FFLAG_NV;
    uint64_t top = UINT64_C(1) << (bits - 1);
    uint64_t value = is_signed ? (low ? 0 - top : top - 1) : (low ? 0 : top * 2 - 1);
    return bits == 32 ? (uint64_t)(int64_t)(int32_t)value : value;
}

uint64_t emu_riscv_soft_to_int(Fp *fp, Format format, uint64_t a_bits, unsigned bits,
                               bool is_signed)
{
    Number a = unpack(format, a_bits);
    if (is_nan(a) || a.kind == INFINITE || (a.kind == FINITE && a.exponent > 63)) {
        return saturated(fp, a.sign && !is_nan(a), bits, is_signed);
    }
    if (a.kind == ZERO) {
        return 0;
    }
    /* whole + rest / 2^64; the lowest bit of rest is sticky */
    uint64_t whole = a.exponent < 0 ? 0 : a.significand >> (63 - a.exponent);
    uint64_t rest = a.exponent < 0    ? shift_sticky(a.significand, -1 - a.exponent)
                    : a.exponent < 63 ? a.significand << (a.exponent + 1)
                                      : 0;
    if (rounds_up(fp->rm, a.sign, whole & 1, rest, UINT64_C(1) << 63)) {
        whole++; /* cannot carry out: a value with 64 whole bits has no rest here */
    }
    uint64_t top = UINT64_C(1) << (bits - 1);
    uint64_t limit = !is_signed ? (a.sign ? 0 : top * 2 - 1) : a.sign ? top : top - 1;
    if (whole > limit) {
        return saturated(fp, a.sign, bits, is_signed);
    }
    fp->flags |= rest ? FFLAG_NX : 0;
    uint64_t value = a.sign ? 0 - whole : whole;
    return bits == 32 ? (uint64_t)(int64_t)(int32_t)value : value;
}

uint64_t emu_riscv_soft_from_int(Fp *fp, Format format, uint64_t value, bool is_signed)
{
    bool sign = is_signed && (int64_t)value < 0;
    uint64_t magnitude = sign ? 0 - value : value;
    if (magnitude == 0) {
        return pack(format, false, 0, 0);
    }
    int shift = __builtin_clzll(magnitude);
    return round_pack(fp, format, sign, 63 - shift, magnitude << shift);
}
