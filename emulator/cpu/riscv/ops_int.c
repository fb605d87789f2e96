/* ops_int: integer computation and jumps (RV64I, M, Zba, Zbb, Zbs). */
#include "ops.h"

/* ---- computation ----------------------------------------------------------------------------- */

#define COMPUTE(name, value)                                                                       \
    OP(name)                                                                                       \
    {                                                                                              \
        RD = (value);                                                                              \
        NEXT;                                                                                      \
    }

typedef __int128 Wide;
typedef unsigned __int128 UWide;

#define SIGNED1 (int64_t) RS1
#define SIGNED2 (int64_t) RS2
#define WORD1   (uint32_t) RS1
#define WORD2   (uint32_t) RS2
#define SHIFT   (RS2 & 63)
#define SHIFTW  (RS2 & 31)

/* RV64I (unpriv 2.4, 5.2) */
COMPUTE(li, IMM)
COMPUTE(mv, RS2)
COMPUTE(auipc, insn_pc(h, i) + IMM)
COMPUTE(addi, RS1 + IMM)
COMPUTE(slti, SIGNED1 < (int64_t)IMM)
COMPUTE(sltiu, RS1 < IMM)
COMPUTE(xori, RS1 ^ IMM)
COMPUTE(ori, RS1 | IMM)
COMPUTE(andi, RS1 &IMM)
COMPUTE(slli, RS1 << (i->imm & 63))
COMPUTE(srli, RS1 >> (i->imm & 63))
COMPUTE(srai, (uint64_t)(SIGNED1 >> (i->imm & 63)))
COMPUTE(add, RS1 + RS2)
COMPUTE(sub, RS1 - RS2)
COMPUTE(sll, RS1 << SHIFT)
COMPUTE(slt, SIGNED1 < SIGNED2)
COMPUTE(sltu, RS1 < RS2)
COMPUTE(xor, RS1 ^ RS2)
COMPUTE(srl, RS1 >> SHIFT)
COMPUTE(sra, (uint64_t)(SIGNED1 >> SHIFT))
COMPUTE(or, RS1 | RS2)
COMPUTE(and, RS1 &RS2)
COMPUTE(addiw, sext32(RS1 + IMM))
COMPUTE(slliw, sext32(RS1 << (i->imm & 31)))
COMPUTE(srliw, sext32(WORD1 >> (i->imm & 31)))
COMPUTE(sraiw, (uint64_t)((int32_t)WORD1 >> (i->imm & 31)))
COMPUTE(addw, sext32(RS1 + RS2))
COMPUTE(subw, sext32(RS1 - RS2))
COMPUTE(sllw, sext32(RS1 << SHIFTW))
COMPUTE(srlw, sext32(WORD1 >> SHIFTW))
COMPUTE(sraw, (uint64_t)((int32_t)WORD1 >> SHIFTW))

OP(nop)
{
    NEXT;
}

/* M (unpriv 7): no division traps; by zero gives all ones and the dividend, overflow the dividend
 * and zero (table 7.1). */
COMPUTE(mul, RS1 *RS2)
COMPUTE(mulh, (uint64_t)(((Wide)SIGNED1 * SIGNED2) >> 64))
COMPUTE(mulhsu, (uint64_t)(((Wide)SIGNED1 * (Wide)RS2) >> 64))
COMPUTE(mulhu, (uint64_t)(((UWide)RS1 * RS2) >> 64))
COMPUTE(mulw, sext32(RS1 *RS2))

static uint64_t divide(int64_t a, int64_t b)
{
    return b == 0 ? UINT64_MAX : b == -1 ? 0 - (uint64_t)a : (uint64_t)(a / b);
}

static uint64_t remain(int64_t a, int64_t b)
{
    return b == 0 ? (uint64_t)a : b == -1 ? 0 : (uint64_t)(a % b);
}

COMPUTE(div, divide(SIGNED1, SIGNED2))
COMPUTE(divu, RS2 ? RS1 / RS2 : UINT64_MAX)
COMPUTE(rem, remain(SIGNED1, SIGNED2))
COMPUTE(remu, RS2 ? RS1 % RS2 : RS1)
COMPUTE(divw, sext32(divide((int32_t)WORD1, (int32_t)WORD2)))
COMPUTE(divuw, WORD2 ? sext32(WORD1 / WORD2) : UINT64_MAX)
COMPUTE(remw, sext32(remain((int32_t)WORD1, (int32_t)WORD2)))
COMPUTE(remuw, sext32(WORD2 ? WORD1 % WORD2 : WORD1))

/* Zba (bit manipulation 1.0, 2.1) */
COMPUTE(add_uw, RS2 + WORD1)
COMPUTE(sh1add, RS2 + (RS1 << 1))
COMPUTE(sh2add, RS2 + (RS1 << 2))
COMPUTE(sh3add, RS2 + (RS1 << 3))
COMPUTE(sh1add_uw, RS2 + ((uint64_t)WORD1 << 1))
COMPUTE(sh2add_uw, RS2 + ((uint64_t)WORD1 << 2))
COMPUTE(sh3add_uw, RS2 + ((uint64_t)WORD1 << 3))
COMPUTE(slli_uw, (uint64_t)WORD1 << (i->imm & 63))

/* Zbb (2.2) */
static uint64_t rotate(uint64_t value, unsigned right)
{
    return value >> (right & 63) | value << (-right & 63);
}

static uint64_t rotate32(uint32_t value, unsigned right)
{
    return sext32(value >> (right & 31) | value << (-right & 31));
}

/* Each byte: all ones if any bit is set. */
static uint64_t orc_b(uint64_t value)
{
    value |= value >> 4 & UINT64_C(0x0f0f0f0f0f0f0f0f);
    value |= value >> 2 & UINT64_C(0x3f3f3f3f3f3f3f3f);
    value |= value >> 1 & UINT64_C(0x7f7f7f7f7f7f7f7f);
    return (value & UINT64_C(0x0101010101010101)) * 255;
}

COMPUTE(andn, RS1 & ~RS2)
COMPUTE(orn, RS1 | ~RS2)
COMPUTE(xnor, ~(RS1 ^ RS2))
COMPUTE(max, SIGNED1 > SIGNED2 ? RS1 : RS2)
COMPUTE(maxu, RS1 > RS2 ? RS1 : RS2)
COMPUTE(min, SIGNED1 < SIGNED2 ? RS1 : RS2)
COMPUTE(minu, RS1 < RS2 ? RS1 : RS2)
COMPUTE(rol, rotate(RS1, -(unsigned)RS2))
COMPUTE(ror, rotate(RS1, (unsigned)RS2))
COMPUTE(rori, rotate(RS1, (unsigned)i->imm))
COMPUTE(rolw, rotate32(WORD1, -(unsigned)RS2))
COMPUTE(rorw, rotate32(WORD1, (unsigned)RS2))
COMPUTE(roriw, rotate32(WORD1, (unsigned)i->imm))
COMPUTE(clz, RS1 ? (uint64_t)__builtin_clzll(RS1) : 64)
COMPUTE(ctz, RS1 ? (uint64_t)__builtin_ctzll(RS1) : 64)
COMPUTE(cpop, (uint64_t)__builtin_popcountll(RS1))
COMPUTE(clzw, WORD1 ? (uint64_t)__builtin_clz(WORD1) : 32)
COMPUTE(ctzw, WORD1 ? (uint64_t)__builtin_ctz(WORD1) : 32)
COMPUTE(cpopw, (uint64_t)__builtin_popcount(WORD1))
COMPUTE(sext_b, (uint64_t)(int8_t)RS1)
COMPUTE(sext_h, (uint64_t)(int16_t)RS1)
COMPUTE(zext_h, (uint16_t)RS1)
COMPUTE(orc_b, orc_b(RS1))
COMPUTE(rev8, __builtin_bswap64(RS1))

/* Zbs (2.4) */
#define BIT(number) (UINT64_C(1) << ((number)&63))
COMPUTE(bclr, RS1 & ~BIT(RS2))
COMPUTE(bclri, RS1 & ~BIT(i->imm))
COMPUTE(bext, RS1 >> SHIFT & 1)
COMPUTE(bexti, RS1 >> (i->imm & 63) & 1)
COMPUTE(binv, RS1 ^ BIT(RS2))
COMPUTE(binvi, RS1 ^ BIT(i->imm))
COMPUTE(bset, RS1 | BIT(RS2))
COMPUTE(bseti, RS1 | BIT(i->imm))

/* ---- jumps (unpriv 2.5): imm is relative to the block's start -------------------------------- */

/* Without C, a target that is not a multiple of 4 is an exception of the jump itself, not taken
 * branches excepted. */
static bool misaligned(const Hart *h, uint64_t target)
{
    return (target & 2) && !(h->misa & 4);
}

static const Insn *raise_misaligned(Hart *h, const Insn *i, uint64_t target)
{
    return emu_riscv_raise(h, i, 0, target);
}

#define BRANCH(name, condition)                                                                    \
    OP(name)                                                                                       \
    {                                                                                              \
        if (condition) {                                                                           \
            uint64_t target = h->pc + IMM;                                                         \
            if (unlikely(misaligned(h, target))) {                                                 \
                return raise_misaligned(h, i, target);                                             \
            }                                                                                      \
            h->pc = target;                                                                        \
            FOLLOW(0);                                                                             \
        }                                                                                          \
        h->pc += h->block->size;                                                                   \
        FOLLOW(1);                                                                                 \
    }
BRANCH(beq, RS1 == RS2)
BRANCH(bne, RS1 != RS2)
BRANCH(blt, SIGNED1 < SIGNED2)
BRANCH(bge, SIGNED1 >= SIGNED2)
BRANCH(bltu, RS1 < RS2)
BRANCH(bgeu, RS1 >= RS2)

OP(jal)
{
    uint64_t target = h->pc + IMM;
    if (unlikely(misaligned(h, target))) {
        return raise_misaligned(h, i, target);
    }
    RD = h->pc + h->block->size;
    h->pc = target;
    FOLLOW(0);
}

OP(j)
{
    h->pc += IMM;
    FOLLOW(0);
}

OP(jalr)
{
    uint64_t target = (RS1 + IMM) & ~UINT64_C(1);
    if (unlikely(misaligned(h, target))) {
        return raise_misaligned(h, i, target);
    }
    RD = h->pc + h->block->size;
    h->pc = target;
    JUMP();
}

/* The block was cut: at its greatest length, the end of a page, before a breakpoint. */
OP(fall)
{
    h->pc += h->block->size;
    FOLLOW(1);
}

OP(unlinked)
{
    (void)i;
    const JumpEntry *entry = jump_entry(h, h->pc);
    if (likely(entry->pc == h->pc && enterable(h, entry->block))) {
        h->link_from = NULL; /* run makes a link only for the jump that came to it */
        GO(enter(h, entry->block));
    }
    return NULL;
}
