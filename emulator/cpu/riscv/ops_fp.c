/* ops_fp: floating-point instructions (F and D, unpriv 11 and 12).
 *
 * The host computes where it is set to the rounding mode that the instruction asks for and FS is
 * Dirty (hart->fp_host, one look); flags gather in the host's register. Everything else is
 * softfloat's. A result that is a NaN becomes the canonical one: hosts carry payloads. */
#include "ops.h"
#include "softfloat.h"

#ifdef __SSE2__
#include <immintrin.h>
#define HOST_FP true
#else
#define HOST_FP false
#endif

#define NAN32 UINT32_C(0x7fc00000)
#define NAN64 UINT64_C(0x7ff8000000000000)
#define BOX   UINT64_C(0xffffffff00000000)
#define RM    ((uint8_t)i->imm)
#define RS3   ((uint32_t)i->imm >> 8)
#define F32   (&emu_riscv_f32)
#define F64   (&emu_riscv_f64)

/* ---- registers ------------------------------------------------------------------------------- */

/* A binary32 that is not boxed counts as a NaN (unpriv 12.2). */
static inline uint32_t bits32(const Hart *h, unsigned reg)
{
    return likely(h->f[reg] >= BOX) ? (uint32_t)h->f[reg] : NAN32;
}

static inline uint64_t bits64(const Hart *h, unsigned reg)
{
    return h->f[reg];
}

static inline float get32(const Hart *h, unsigned reg)
{
    uint32_t bits = bits32(h, reg);
    __asm__("" : "+r"(bits)); /* compilers compute with a NaN they see, and raise nothing */
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline double get64(const Hart *h, unsigned reg)
{
    double value;
    memcpy(&value, &h->f[reg], sizeof value);
    return value;
}

static inline void set32(Hart *h, unsigned reg, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    h->f[reg] = BOX | (unlikely(value != value) ? NAN32 : bits);
}

static inline void set64(Hart *h, unsigned reg, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    h->f[reg] = unlikely(value != value) ? NAN64 : bits;
}

static uint64_t get_bits(const Hart *h, EmuRiscvFormatRef format, unsigned reg)
{
    return format == F32 ? bits32(h, reg) : bits64(h, reg);
}

static void set_bits(Hart *h, EmuRiscvFormatRef format, unsigned reg, uint64_t bits)
{
    h->f[reg] = format == F32 ? BOX | bits : bits;
}

/* ---- softfloat's part ------------------------------------------------------------------------ */

#define SLOW static __attribute__((noinline)) const Insn *

/* False: FS is Off, or there is no such rounding mode (unpriv 11.2): an illegal instruction. */
static bool soft_begin(Hart *h, unsigned rm, EmuRiscvFp *ret_fp)
{
    ret_fp->rm = rm == RM_DYN ? h->frm : rm;
    ret_fp->flags = 0;
    return ret_fp->rm <= RM_RMM && emu_riscv_fp_touch(h);
}

#define SOFT(rm)                                                                                   \
    EmuRiscvFp fp;                                                                                 \
    if (!soft_begin(h, rm, &fp)) {                                                                 \
        return emu_riscv_illegal(h, i);                                                            \
    }

#define SOFT_NEXT                                                                                  \
    h->fflags |= (uint8_t)fp.flags;                                                                \
    DONE

typedef uint64_t Soft1(EmuRiscvFp *, EmuRiscvFormatRef, uint64_t);
typedef uint64_t Soft2(EmuRiscvFp *, EmuRiscvFormatRef, uint64_t, uint64_t);

SLOW soft1(Hart *h, const Insn *i, EmuRiscvFormatRef format, Soft1 *compute)
{
    SOFT(RM);
    set_bits(h, format, i->rd, compute(&fp, format, get_bits(h, format, i->rs1)));
    SOFT_NEXT;
}

SLOW soft2(Hart *h, const Insn *i, unsigned rm, EmuRiscvFormatRef format, Soft2 *compute)
{
    SOFT(rm);
    set_bits(h, format, i->rd,
             compute(&fp, format, get_bits(h, format, i->rs1), get_bits(h, format, i->rs2)));
    SOFT_NEXT;
}

/* (-)(rs1 * rs2) (+-) rs3; the signs are exact, NaN's do not matter. */
SLOW soft_fma(Hart *h, const Insn *i, EmuRiscvFormatRef format, bool negate_product,
              bool negate_addend)
{
    SOFT(RM);
    uint64_t sign = UINT64_C(1) << (format->width - 1);
    uint64_t a = get_bits(h, format, i->rs1) ^ (negate_product ? sign : 0);
    uint64_t c = get_bits(h, format, RS3) ^ (negate_addend ? sign : 0);
    set_bits(h, format, i->rd, emu_riscv_soft_fma(&fp, format, a, get_bits(h, format, i->rs2), c));
    SOFT_NEXT;
}

SLOW soft_to_int(Hart *h, const Insn *i, EmuRiscvFormatRef format, unsigned bits, bool is_signed)
{
    SOFT(RM);
    RD = emu_riscv_soft_to_int(&fp, format, get_bits(h, format, i->rs1), bits, is_signed);
    SOFT_NEXT;
}

SLOW soft_from_int(Hart *h, const Insn *i, EmuRiscvFormatRef format, uint64_t value, bool is_signed)
{
    SOFT(RM);
    set_bits(h, format, i->rd, emu_riscv_soft_from_int(&fp, format, value, is_signed));
    SOFT_NEXT;
}

SLOW soft_convert(Hart *h, const Insn *i, EmuRiscvFormatRef from, EmuRiscvFormatRef to)
{
    SOFT(RM);
    set_bits(h, to, i->rd, emu_riscv_soft_convert(&fp, from, to, get_bits(h, from, i->rs1)));
    SOFT_NEXT;
}

/* set: the orders for which the result is 1, as bits. */
SLOW soft_compare(Hart *h, const Insn *i, EmuRiscvFormatRef format, unsigned set, bool signaling)
{
    SOFT(RM_RNE);
    RD = set >> emu_riscv_soft_compare(&fp, format, get_bits(h, format, i->rs1),
                                       get_bits(h, format, i->rs2), signaling) &
         1;
    SOFT_NEXT;
}

/* FS is not Dirty: makes it so and starts again, or it is Off. */
SLOW wake(Hart *h, const Insn *i)
{
    if (!emu_riscv_fp_touch(h)) {
        return emu_riscv_illegal(h, i);
    }
    return i;
}

/* ---- arithmetic (11.6, 12.4) ----------------------------------------------------------------- */

#define ARITHMETIC(name, width, operator, operation)                                               \
    OP(name)                                                                                       \
    {                                                                                              \
        if (unlikely(!h->fp_host[RM])) {                                                           \
            return soft2(h, i, RM, F##width, operation);                                           \
        }                                                                                          \
        set##width(h, i->rd, get##width(h, i->rs1) operator get##width(h, i->rs2));                \
        NEXT;                                                                                      \
    }
ARITHMETIC(fadd_s, 32, +, emu_riscv_soft_add)
ARITHMETIC(fadd_d, 64, +, emu_riscv_soft_add)
ARITHMETIC(fsub_s, 32, -, emu_riscv_soft_sub)
ARITHMETIC(fsub_d, 64, -, emu_riscv_soft_sub)
ARITHMETIC(fmul_s, 32, *, emu_riscv_soft_mul)
ARITHMETIC(fmul_d, 64, *, emu_riscv_soft_mul)
ARITHMETIC(fdiv_s, 32, /, emu_riscv_soft_div)
ARITHMETIC(fdiv_d, 64, /, emu_riscv_soft_div)

#if HOST_FP
#define SQRT32(a) _mm_cvtss_f32(_mm_sqrt_ss(_mm_set_ss(a)))
#define SQRT64(a) _mm_cvtsd_f64(_mm_sqrt_sd(_mm_setzero_pd(), _mm_set_sd(a)))
#else
#define SQRT32(a) (a)
#define SQRT64(a) (a)
#endif

#define SQUARE_ROOT(name, width)                                                                   \
    OP(name)                                                                                       \
    {                                                                                              \
        if (unlikely(!h->fp_host[RM])) {                                                           \
            return soft1(h, i, F##width, emu_riscv_soft_sqrt);                                     \
        }                                                                                          \
        set##width(h, i->rd, SQRT##width(get##width(h, i->rs1)));                                  \
        NEXT;                                                                                      \
    }
SQUARE_ROOT(fsqrt_s, 32)
SQUARE_ROOT(fsqrt_d, 64)

/* By name and not by intrinsic, so that no other code of the handler needs a host with FMA3. */
#if HOST_FP
static inline float fma32(float a, float b, float c)
{
    __asm__("vfmadd213ss %2, %1, %0" : "+x"(a) : "x"(b), "x"(c));
    return a;
}

static inline double fma64(double a, double b, double c)
{
    __asm__("vfmadd213sd %2, %1, %0" : "+x"(a) : "x"(b), "x"(c));
    return a;
}
#else
#define fma32(a, b, c) (a)
#define fma64(a, b, c) (a)
#endif

/* A NaN is left to softfloat: infinity times zero plus a NaN raises invalid here, on hosts not. */
#define FUSED(name, width, negate_product, negate_addend)                                          \
    OP(name)                                                                                       \
    {                                                                                              \
        if (likely(h->fp_host[RM] && h->host_fma)) {                                               \
            __typeof__(get##width(h, 0)) a = get##width(h, i->rs1), c = get##width(h, RS3);        \
            a = fma##width((negate_product) ? -a : a, get##width(h, i->rs2),                       \
                           (negate_addend) ? -c : c);                                              \
            if (likely(a == a)) {                                                                  \
                set##width(h, i->rd, a);                                                           \
                NEXT;                                                                              \
            }                                                                                      \
        }                                                                                          \
        return soft_fma(h, i, F##width, negate_product, negate_addend);                            \
    }
FUSED(fmadd_s, 32, false, false)
FUSED(fmsub_s, 32, false, true)
FUSED(fnmsub_s, 32, true, false)
FUSED(fnmadd_s, 32, true, true)
FUSED(fmadd_d, 64, false, false)
FUSED(fmsub_d, 64, false, true)
FUSED(fnmsub_d, 64, true, false)
FUSED(fnmadd_d, 64, true, true)

/* Unequal numbers need no rule; everything else is softfloat's. */
#define CHOOSE(name, operation, width, before)                                                     \
    OP(name)                                                                                       \
    {                                                                                              \
        if (HOST_FP && likely(h->fp_on)) {                                                         \
            if (before(get##width(h, i->rs1), get##width(h, i->rs2))) {                            \
                set_bits(h, F##width, i->rd, bits##width(h, i->rs1));                              \
                NEXT;                                                                              \
            }                                                                                      \
            if (before(get##width(h, i->rs2), get##width(h, i->rs1))) {                            \
                set_bits(h, F##width, i->rd, bits##width(h, i->rs2));                              \
                NEXT;                                                                              \
            }                                                                                      \
        }                                                                                          \
        return soft2(h, i, RM_RNE, F##width, operation);                                           \
    }
CHOOSE(fmin_s, emu_riscv_soft_min, 32, __builtin_isless)
CHOOSE(fmax_s, emu_riscv_soft_max, 32, __builtin_isgreater)
CHOOSE(fmin_d, emu_riscv_soft_min, 64, __builtin_isless)
CHOOSE(fmax_d, emu_riscv_soft_max, 64, __builtin_isgreater)

/* ---- comparisons (11.8): C's < and <= raise invalid for any NaN, == for signaling ones ------- */

#define COMPARE(name, width, operator, set, signaling)                                             \
    OP(name)                                                                                       \
    {                                                                                              \
        if (HOST_FP && likely(h->fp_on)) {                                                         \
            RD = get##width(h, i->rs1) operator get##width(h, i->rs2);                             \
            NEXT;                                                                                  \
        }                                                                                          \
        return soft_compare(h, i, F##width, set, signaling);                                       \
    }
COMPARE(feq_s, 32, ==, 1 << EMU_RISCV_EQUAL, false)
COMPARE(flt_s, 32, <, 1 << EMU_RISCV_LESS, true)
COMPARE(fle_s, 32, <=, 1 << EMU_RISCV_LESS | 1 << EMU_RISCV_EQUAL, true)
COMPARE(feq_d, 64, ==, 1 << EMU_RISCV_EQUAL, false)
COMPARE(flt_d, 64, <, 1 << EMU_RISCV_LESS, true)
COMPARE(fle_d, 64, <=, 1 << EMU_RISCV_LESS | 1 << EMU_RISCV_EQUAL, true)

/* ---- conversions (11.7, 12.5) ---------------------------------------------------------------- */

/* Hosts truncate; what fits is the same here. In range first: what does not fit must raise nothing
 * but invalid. */
#define TO_INT(name, width, bits, is_signed, type, in_range)                                       \
    OP(name)                                                                                       \
    {                                                                                              \
        if (HOST_FP && RM == RM_RTZ && likely(h->fp_on)) {                                         \
            double value = get##width(h, i->rs1);                                                  \
            if (likely(in_range)) {                                                                \
                RD = (uint64_t)(int64_t)(type)(int64_t)value;                                      \
                NEXT;                                                                              \
            }                                                                                      \
        }                                                                                          \
        return soft_to_int(h, i, F##width, bits, is_signed);                                       \
    }
#define BETWEEN(low, high) (__builtin_isgreater(value, low) && __builtin_isless(value, high))
TO_INT(fcvt_w_s, 32, 32, true, int32_t, BETWEEN(-0x1p31, 0x1p31))
TO_INT(fcvt_wu_s, 32, 32, false, int32_t, BETWEEN(-1.0, 0x1p32))
TO_INT(fcvt_l_s, 32, 64, true, int64_t, BETWEEN(-0x1p63, 0x1p63))
TO_INT(fcvt_lu_s, 32, 64, false, int64_t, BETWEEN(-1.0, 0x1p63))
TO_INT(fcvt_w_d, 64, 32, true, int32_t, BETWEEN(-0x1p31, 0x1p31))
TO_INT(fcvt_wu_d, 64, 32, false, int32_t, BETWEEN(-1.0, 0x1p32))
TO_INT(fcvt_l_d, 64, 64, true, int64_t, BETWEEN(-0x1p63, 0x1p63))
TO_INT(fcvt_lu_d, 64, 64, false, int64_t, BETWEEN(-1.0, 0x1p63))

#define FROM_INT(name, width, c_type, type, is_signed)                                             \
    OP(name)                                                                                       \
    {                                                                                              \
        if (unlikely(!h->fp_host[RM])) {                                                           \
            return soft_from_int(h, i, F##width, (uint64_t)(int64_t)(type)RS1, is_signed);         \
        }                                                                                          \
        set##width(h, i->rd, (c_type)(type)RS1);                                                   \
        NEXT;                                                                                      \
    }
/* No host instruction converts unsigned 64-bit integers: those of 63 bits are signed ones. */
#define FROM_LONG(name, width, c_type)                                                             \
    OP(name)                                                                                       \
    {                                                                                              \
        if (unlikely(!h->fp_host[RM] || (int64_t)RS1 < 0)) {                                       \
            return soft_from_int(h, i, F##width, RS1, false);                                      \
        }                                                                                          \
        set##width(h, i->rd, (c_type)(int64_t)RS1);                                                \
        NEXT;                                                                                      \
    }
FROM_INT(fcvt_s_w, 32, float, int32_t, true)
FROM_INT(fcvt_s_wu, 32, float, uint32_t, false)
FROM_INT(fcvt_s_l, 32, float, int64_t, true)
FROM_LONG(fcvt_s_lu, 32, float)
FROM_INT(fcvt_d_w, 64, double, int32_t, true)
FROM_INT(fcvt_d_wu, 64, double, uint32_t, false)
FROM_INT(fcvt_d_l, 64, double, int64_t, true)
FROM_LONG(fcvt_d_lu, 64, double)

OP(fcvt_s_d)
{
    if (unlikely(!h->fp_host[RM])) {
        return soft_convert(h, i, F64, F32);
    }
    set32(h, i->rd, (float)get64(h, i->rs1));
    NEXT;
}

OP(fcvt_d_s)
{
    if (unlikely(!h->fp_host[RM])) {
        return soft_convert(h, i, F32, F64);
    }
    set64(h, i->rd, (double)get32(h, i->rs1));
    NEXT;
}

/* ---- moves of bits (11.7, 11.9, 12.5) -------------------------------------------------------- */

#define BITS(name, ...)                                                                            \
    OP(name)                                                                                       \
    {                                                                                              \
        if (unlikely(!h->fp_on)) {                                                                 \
            return wake(h, i);                                                                     \
        }                                                                                          \
        __VA_ARGS__;                                                                               \
        NEXT;                                                                                      \
    }
#define SIGN32   UINT32_C(0x80000000)
#define SIGN64   UINT64_C(0x8000000000000000)
#define A(width) bits##width(h, i->rs1)
#define B(width) bits##width(h, i->rs2)
#define SIGN_INJECTION(name, width, sign)                                                          \
    BITS(name, set_bits(h, F##width, i->rd, (A(width) & ~SIGN##width) | ((sign)&SIGN##width)))

SIGN_INJECTION(fsgnj_s, 32, B(32))
SIGN_INJECTION(fsgnjn_s, 32, ~B(32))
SIGN_INJECTION(fsgnjx_s, 32, A(32) ^ B(32))
SIGN_INJECTION(fsgnj_d, 64, B(64))
SIGN_INJECTION(fsgnjn_d, 64, ~B(64))
SIGN_INJECTION(fsgnjx_d, 64, A(64) ^ B(64))
BITS(fclass_s, RD = emu_riscv_soft_class(F32, A(32)))
BITS(fclass_d, RD = emu_riscv_soft_class(F64, A(64)))
BITS(fmv_x_w, RD = sext32(h->f[i->rs1]))
BITS(fmv_x_d, RD = h->f[i->rs1])
BITS(fmv_w_x, h->f[i->rd] = BOX | (uint32_t)RS1)
BITS(fmv_d_x, h->f[i->rd] = RS1)
