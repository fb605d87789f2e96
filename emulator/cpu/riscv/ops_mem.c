/* ops_mem: loads, stores, atomics, fences and cache-block operations.
 *
 * Guest memory is shared with other harts and with devices: plain accesses are single host accesses
 * wherever they are aligned (the compiler makes one move of each), and RVWMO asks no more of them.
 */
#include "ops.h"

/* ---- loads and stores (unpriv 2.6, 11.5, 12.3) ----------------------------------------------- */

static __attribute__((noinline, cold)) const Insn *load_slow(Hart *h, const Insn *i, unsigned size,
                                                             bool sign)
{
    uint64_t value;
    if (!emu_riscv_load(h, RS1 + IMM, size, &value)) {
        return emu_riscv_fault(h, i);
    }
    unsigned unused = 64 - size * 8;
    RD = sign ? (uint64_t)((int64_t)(value << unused) >> unused) : value;
    DONE;
}

static __attribute__((noinline, cold)) const Insn *store_slow(Hart *h, const Insn *i, unsigned size,
                                                              uint64_t value)
{
    if (!emu_riscv_store(h, RS1 + IMM, size, value)) {
        return emu_riscv_fault(h, i);
    }
    DONE;
}

#define LOAD(name, type, sign)                                                                     \
    OP(name)                                                                                       \
    {                                                                                              \
        type value;                                                                                \
        const void *from = tlb_find(h->load, RS1 + IMM, sizeof value);                             \
        if (unlikely(!from)) {                                                                     \
            return load_slow(h, i, sizeof value, sign);                                            \
        }                                                                                          \
        memcpy(&value, from, sizeof value);                                                        \
        RD = (uint64_t)(int64_t)value;                                                             \
        NEXT;                                                                                      \
    }
LOAD(lb, int8_t, true)
LOAD(lh, int16_t, true)
LOAD(lw, int32_t, true)
LOAD(ld, int64_t, true)
LOAD(lbu, uint8_t, false)
LOAD(lhu, uint16_t, false)
LOAD(lwu, uint32_t, false)

#define STORE(name, type)                                                                          \
    OP(name)                                                                                       \
    {                                                                                              \
        type value = (type)RS2;                                                                    \
        void *to = tlb_find(h->store, RS1 + IMM, sizeof value);                                    \
        if (unlikely(!to)) {                                                                       \
            return store_slow(h, i, sizeof value, value);                                          \
        }                                                                                          \
        memcpy(to, &value, sizeof value);                                                          \
        NEXT;                                                                                      \
    }
STORE(sb, uint8_t)
STORE(sh, uint16_t)
STORE(sw, uint32_t)
STORE(sd, uint64_t)

/* A value narrower than the register is boxed: unpriv 12.2. */
static uint64_t box(uint64_t value, unsigned size)
{
    return size == 4 ? value | UINT64_C(0xffffffff00000000) : value;
}

static __attribute__((noinline, cold)) const Insn *fload_slow(Hart *h, const Insn *i, unsigned size)
{
    uint64_t value;
    if (!emu_riscv_fp_touch(h)) {
        return emu_riscv_illegal(h, i);
    }
    if (!emu_riscv_load(h, RS1 + IMM, size, &value)) {
        return emu_riscv_fault(h, i);
    }
    h->f[i->rd] = box(value, size);
    DONE;
}

static __attribute__((noinline, cold)) const Insn *fstore_slow(Hart *h, const Insn *i,
                                                               unsigned size)
{
    if (!emu_riscv_fp_touch(h)) {
        return emu_riscv_illegal(h, i);
    }
    return store_slow(h, i, size, size == 4 ? (uint32_t)h->f[i->rs2] : h->f[i->rs2]);
}

#define FLOAD(name, type)                                                                          \
    OP(name)                                                                                       \
    {                                                                                              \
        type value;                                                                                \
        const void *from = tlb_find(h->load, RS1 + IMM, sizeof value);                             \
        if (unlikely(!from || !h->fp_on)) {                                                        \
            return fload_slow(h, i, sizeof value);                                                 \
        }                                                                                          \
        memcpy(&value, from, sizeof value);                                                        \
        h->f[i->rd] = box(value, sizeof value);                                                    \
        NEXT;                                                                                      \
    }
FLOAD(flw, uint32_t)
FLOAD(fld, uint64_t)

#define FSTORE(name, type)                                                                         \
    OP(name)                                                                                       \
    {                                                                                              \
        type value = (type)h->f[i->rs2];                                                           \
        void *to = tlb_find(h->store, RS1 + IMM, sizeof value);                                    \
        if (unlikely(!to || !h->fp_on)) {                                                          \
            return fstore_slow(h, i, sizeof value);                                                \
        }                                                                                          \
        memcpy(to, &value, sizeof value);                                                          \
        NEXT;                                                                                      \
    }
FSTORE(fsw, uint32_t)
FSTORE(fsd, uint64_t)

/* ---- fences (unpriv 2.7) --------------------------------------------------------------------- */

OP(fence)
{
    enum { SUCC_W = 1, SUCC_R = 2, PRED_W = 16, PRED_R = 32, SUCC_IO = 12, PRED_IO = 192 };
    unsigned sets = (unsigned)i->imm;
    if ((sets & (PRED_W | PRED_IO)) && (sets & (SUCC_R | SUCC_IO))) {
        atomic_thread_fence(memory_order_seq_cst); /* the one order that x86 does not keep */
    } else {
        atomic_thread_fence(memory_order_acq_rel);
    }
    NEXT;
}

/* Memory of a whole aligned access, at hand or not; NULL: hart->fault_* are set. */
static inline void *memory_at(Hart *h, uint64_t address, unsigned size, Access access)
{
    void *at = tlb_find(access == ACCESS_LOAD ? h->load : h->store, address, size);
    return likely(at) ? at : emu_riscv_memory(h, address, size, access);
}

/* ---- atomics (unpriv 8) ---------------------------------------------------------------------- */

/* aq and rl are not looked at: each of these is sequentially consistent. */

static const Insn *amo_misaligned(Hart *h, const Insn *i, uint64_t cause)
{
    return emu_riscv_raise(h, i, cause, RS1);
}

/* A reservation is a place and the value that was there; SC compares and exchanges. A store of the
 * same value in between goes unseen, which code cannot build on: it has the value it wants. */
#define LR(name, type)                                                                             \
    OP(name)                                                                                       \
    {                                                                                              \
        if (unlikely(RS1 % sizeof(type))) {                                                        \
            return amo_misaligned(h, i, CAUSE_LOAD_MISALIGNED);                                    \
        }                                                                                          \
        type *at = memory_at(h, RS1, sizeof(type), ACCESS_LOAD);                                   \
        if (unlikely(!at)) {                                                                       \
            return emu_riscv_fault(h, i);                                                          \
        }                                                                                          \
        type value = __atomic_load_n(at, __ATOMIC_SEQ_CST);                                        \
        h->reserved = at;                                                                          \
        h->reserved_value = (uint64_t)(int64_t)value;                                              \
        RD = (uint64_t)(int64_t)value;                                                             \
        DONE;                                                                                      \
    }
LR(lr_w, int32_t)
LR(lr_d, int64_t)

#define SC(name, type)                                                                             \
    OP(name)                                                                                       \
    {                                                                                              \
        if (unlikely(RS1 % sizeof(type))) {                                                        \
            return amo_misaligned(h, i, CAUSE_STORE_MISALIGNED);                                   \
        }                                                                                          \
        type *at = memory_at(h, RS1, sizeof(type), ACCESS_STORE);                                  \
        if (unlikely(!at)) {                                                                       \
            return emu_riscv_fault(h, i);                                                          \
        }                                                                                          \
        type value = (type)h->reserved_value;                                                      \
        bool done =                                                                                \
            h->reserved == at && __atomic_compare_exchange_n(at, &value, (type)RS2, false,         \
                                                             __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);  \
        h->reserved = NULL;                                                                        \
        RD = !done;                                                                                \
        DONE;                                                                                      \
    }
SC(sc_w, int32_t)
SC(sc_d, int64_t)

#define AMO(name, type, result)                                                                    \
    OP(name)                                                                                       \
    {                                                                                              \
        if (unlikely(RS1 % sizeof(type))) {                                                        \
            return amo_misaligned(h, i, CAUSE_STORE_MISALIGNED);                                   \
        }                                                                                          \
        type *at = memory_at(h, RS1, sizeof(type), ACCESS_STORE);                                  \
        if (unlikely(!at)) {                                                                       \
            return emu_riscv_fault(h, i);                                                          \
        }                                                                                          \
        type operand = (type)RS2;                                                                  \
        RD = (uint64_t)(int64_t)(result);                                                          \
        DONE;                                                                                      \
    }
#define ATOMIC(function) __atomic_##function(at, operand, __ATOMIC_SEQ_CST)
#define BOTH(name, result)                                                                         \
    AMO(name##_w, int32_t, result)                                                                 \
    AMO(name##_d, int64_t, result)

BOTH(amoswap, ATOMIC(exchange_n))
BOTH(amoadd, ATOMIC(fetch_add))
BOTH(amoxor, ATOMIC(fetch_xor))
BOTH(amoand, ATOMIC(fetch_and))
BOTH(amoor, ATOMIC(fetch_or))

/* The host has no minimum or maximum: compare and exchange until nobody came between. */
#define CHOOSE(type, kind, keep)                                                                   \
    static type choose_##kind(type *at, type operand)                                              \
    {                                                                                              \
        type old = __atomic_load_n(at, __ATOMIC_SEQ_CST);                                          \
        while (!__atomic_compare_exchange_n(at, &old, old keep operand ? old : operand, true,      \
                                            __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST)) {                 \
        }                                                                                          \
        return old;                                                                                \
    }
CHOOSE(int32_t, min_w, <)
CHOOSE(int64_t, min_d, <)
CHOOSE(int32_t, max_w, >)
CHOOSE(int64_t, max_d, >)
CHOOSE(uint32_t, minu_w, <)
CHOOSE(uint64_t, minu_d, <)
CHOOSE(uint32_t, maxu_w, >)
CHOOSE(uint64_t, maxu_d, >)
AMO(amomin_w, int32_t, choose_min_w(at, operand))
AMO(amomin_d, int64_t, choose_min_d(at, operand))
AMO(amomax_w, int32_t, choose_max_w(at, operand))
AMO(amomax_d, int64_t, choose_max_d(at, operand))
AMO(amominu_w, uint32_t, (int32_t)choose_minu_w(at, operand))
AMO(amominu_d, uint64_t, choose_minu_d(at, operand))
AMO(amomaxu_w, uint32_t, (int32_t)choose_maxu_w(at, operand))
AMO(amomaxu_d, uint64_t, choose_maxu_d(at, operand))

/* ---- cache blocks (CMO 1.0) ------------------------------------------------------------------ */

/* menvcfg and senvcfg say below which mode the operation is permitted (CMO 1.0, 2.5.1). */
static bool permitted(const Hart *h, uint64_t field)
{
    return h->priv == PRIV_M ||
           ((h->menvcfg & field) &&
            (h->priv == PRIV_S || !has(h, EMU_RISCV_EXT_S) || (h->senvcfg & field)));
}

/* Caches are coherent here, so management only checks that the block may be accessed: that it can
 * be loaded or stored to is enough; what it reports is a store's fault (CMO 1.0, 2.5.2). */
static const Insn *manage(Hart *h, const Insn *i)
{
    uint64_t block = RS1 & ~(uint64_t)(h->isa.cbo_block - 1);
    if (!memory_at(h, block, h->isa.cbo_block, ACCESS_LOAD) &&
        !memory_at(h, block, h->isa.cbo_block, ACCESS_STORE)) {
        h->fault_value = RS1;
        return emu_riscv_fault(h, i);
    }
    DONE;
}

OP(cbo_inval)
{
    return permitted(h, ENVCFG_CBIE) ? manage(h, i) : emu_riscv_illegal(h, i);
}

OP(cbo_clean)
{
    return permitted(h, ENVCFG_CBCFE) ? manage(h, i) : emu_riscv_illegal(h, i);
}

OP(cbo_zero)
{
    if (!permitted(h, ENVCFG_CBZE)) {
        return emu_riscv_illegal(h, i);
    }
    uint64_t block = RS1 & ~(uint64_t)(h->isa.cbo_block - 1);
    void *at = memory_at(h, block, h->isa.cbo_block, ACCESS_STORE);
    if (!at) {
        h->fault_value = RS1;
        return emu_riscv_fault(h, i);
    }
    memset(at, 0, h->isa.cbo_block);
    DONE;
}
