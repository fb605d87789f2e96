/* ops: how handlers are written.
 *
 * OP(name) begins a handler, whose arguments are h (the hart) and i (the instruction). It ends in
 * NEXT, in one of the ways to leave a block, or in a call that returns for it. */
#ifndef VITRINE_EMULATOR_CPU_RISCV_OPS_H
#define VITRINE_EMULATOR_CPU_RISCV_OPS_H

#include "internal.h"

/* Handlers call the next handler last, which an optimising compiler makes a jump; they keep hart
 * and instruction in registers all along. Without optimisation, or with sanitizers that keep
 * something in the frame, each call would deepen the stack, and run's loop calls them instead. */
#if !defined(__OPTIMIZE__) || defined(__SANITIZE_ADDRESS__)
#define EMU_RISCV_LOOP 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(undefined_behavior_sanitizer)
#define EMU_RISCV_LOOP 1
#endif
#endif

#ifdef EMU_RISCV_LOOP
#define GO(insn) return (insn)
#elif defined(__clang__)
#define GO(insn)                                                                                   \
    do {                                                                                           \
        const Insn *go = (insn);                                                                   \
        __attribute__((musttail)) return go->run(h, go);                                           \
    } while (0)
#else
#define GO(insn)                                                                                   \
    do {                                                                                           \
        const Insn *go = (insn);                                                                   \
        return go->run(h, go);                                                                     \
    } while (0)
#endif
#define NEXT GO(i + 1)

/* For what calls other functions than handlers: through run's loop, so that whatever it keeps in
 * its frame is gone before the next handler starts. */
#define DONE return i + 1

/* Some handlers need no hart, in some builds. */
#define OP(name) const Insn *emu_riscv_op_##name(__attribute__((unused)) Hart *h, const Insn *i)

#define I(op, ...) Handler emu_riscv_op_##op;
#define F(...)
#include "insns.def"
#undef I
#undef F
/* Handlers that blocks need and no instruction has. */
Handler emu_riscv_op_fall, emu_riscv_op_undefined;

#define RD  h->x[i->rd]
#define RS1 h->x[i->rs1]
#define RS2 h->x[i->rs2]
#define IMM ((uint64_t)(int64_t)i->imm)

static inline uint64_t sext32(uint64_t value)
{
    return (uint64_t)(int64_t)(int32_t)(uint32_t)value;
}

/* May run go on with this block without looking at anything else? */
static inline bool enterable(Hart *h, const Block *block)
{
    return block->epoch == h->epoch &&
           h->executed + block->count <= atomic_load_explicit(&h->limit, memory_order_relaxed);
}

static inline const Insn *enter(Hart *h, Block *block)
{
    h->block = block;
    h->executed += block->count;
    return block->insns;
}

/* Where a link cannot be taken: it is not made, or leads to another page. */
Handler emu_riscv_op_unlinked;

/* Leaves the block by one of its links, pc already set. */
#define FOLLOW(number)                                                                             \
    do {                                                                                           \
        Block *to = h->block->link[number];                                                        \
        if (likely(to && enterable(h, to))) {                                                      \
            GO(enter(h, to));                                                                      \
        }                                                                                          \
        h->link_from = &h->block->link[number];                                                    \
        return emu_riscv_op_unlinked(h, i);                                                        \
    } while (0)

/* Leaves the block for pc, which may be anywhere. */
#define JUMP()                                                                                     \
    do {                                                                                           \
        const JumpEntry *entry = jump_entry(h, h->pc);                                             \
        if (likely(entry->pc == h->pc && enterable(h, entry->block))) {                            \
            GO(enter(h, entry->block));                                                            \
        }                                                                                          \
        return NULL;                                                                               \
    } while (0)

#endif
