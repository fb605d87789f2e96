/* softfloat: IEEE 754-2008 binary32 and binary64 in integers, as RISC-V specifies it (unpriv 11,
 * 12): canonical NaN results, tininess after rounding, and all five rounding modes.
 *
 * It is what the interpreter uses where the host's arithmetic cannot: the rounding mode that hosts
 * lack, instructions with a rounding mode of their own, and hosts without SSE. It knows nothing of
 * harts. Values are bit patterns, a binary32 in the low half and not boxed. */
#ifndef VITRINE_EMULATOR_CPU_RISCV_SOFTFLOAT_H
#define VITRINE_EMULATOR_CPU_RISCV_SOFTFLOAT_H

#include <stdbool.h>
#include <stdint.h>

typedef struct EmuRiscvFormat {
    unsigned precision; /* bits of the significand, the hidden one included */
    unsigned width;     /* of the whole */
} EmuRiscvFormat;

extern const EmuRiscvFormat emu_riscv_f32, emu_riscv_f64;

/* How to round, and what was raised (FFLAG_*), which is added to. */
typedef struct EmuRiscvFp {
    unsigned rm;
    unsigned flags;
} EmuRiscvFp;

typedef EmuRiscvFormat const *EmuRiscvFormatRef;

uint64_t emu_riscv_soft_add(EmuRiscvFp *fp, EmuRiscvFormatRef format, uint64_t a, uint64_t b);
uint64_t emu_riscv_soft_sub(EmuRiscvFp *fp, EmuRiscvFormatRef format, uint64_t a, uint64_t b);
uint64_t emu_riscv_soft_mul(EmuRiscvFp *fp, EmuRiscvFormatRef format, uint64_t a, uint64_t b);
uint64_t emu_riscv_soft_div(EmuRiscvFp *fp, EmuRiscvFormatRef format, uint64_t a, uint64_t b);
uint64_t emu_riscv_soft_sqrt(EmuRiscvFp *fp, EmuRiscvFormatRef format, uint64_t a);
/* a * b + c, rounded once. */
uint64_t emu_riscv_soft_fma(EmuRiscvFp *fp, EmuRiscvFormatRef format, uint64_t a, uint64_t b,
                            uint64_t c);
uint64_t emu_riscv_soft_convert(EmuRiscvFp *fp, EmuRiscvFormatRef from, EmuRiscvFormatRef to,
                                uint64_t a);
/* minimumNumber and maximumNumber (unpriv 11.6). */
uint64_t emu_riscv_soft_min(EmuRiscvFp *fp, EmuRiscvFormatRef format, uint64_t a, uint64_t b);
uint64_t emu_riscv_soft_max(EmuRiscvFp *fp, EmuRiscvFormatRef format, uint64_t a, uint64_t b);

typedef enum EmuRiscvOrder {
    EMU_RISCV_LESS,
    EMU_RISCV_EQUAL,
    EMU_RISCV_GREATER,
    EMU_RISCV_UNORDERED
} EmuRiscvOrder;
/* signaling: a quiet NaN is invalid too (FLT, FLE). */
EmuRiscvOrder emu_riscv_soft_compare(EmuRiscvFp *fp, EmuRiscvFormatRef format, uint64_t a,
                                     uint64_t b, bool signaling);
/* unpriv 11.9, table 11.5 */
uint64_t emu_riscv_soft_class(EmuRiscvFormatRef format, uint64_t a);

/* To an integer of 32 or 64 bits, saturating (unpriv 11.7, table 11.4), sign-extended from 32; and
 * from one. */
uint64_t emu_riscv_soft_to_int(EmuRiscvFp *fp, EmuRiscvFormatRef format, uint64_t a, unsigned bits,
                               bool is_signed);
uint64_t emu_riscv_soft_from_int(EmuRiscvFp *fp, EmuRiscvFormatRef format, uint64_t value,
                                 bool is_signed);

#endif
