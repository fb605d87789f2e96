/* riscv: RISC-V harts (RV64GC and extensions, M/S/U), interpreted.
 *
 * A bus is what the harts of a machine share: memory given as host pointers, and functions for all
 * other physical addresses. A hart is a register file, its translation caches and its decoded code;
 * one thread at a time runs a hart, and different harts may run on different threads. It knows
 * nothing of machines, devices, interrupt controllers or clocks: levels of its interrupt inputs are
 * told to it, `time` it asks for.
 *
 * Numbers of sections are those of the RISC-V ISA manual, volume I ("unpriv") 20191213 and volume
 * II ("priv") 20211203, and of the named extensions' own documents. */
#ifndef VITRINE_EMULATOR_CPU_RISCV_H
#define VITRINE_EMULATOR_CPU_RISCV_H

#include <glib.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>

/* ---- the instruction set of a hart ----------------------------------------------------------- */

typedef enum EmuRiscvExt {
#define EXT(id, name) EMU_RISCV_EXT_##id,
#include "isa.def"
#undef EXT
    EMU_RISCV_EXT_COUNT
} EmuRiscvExt;

#define EMU_RISCV_EXT_BIT(id) (UINT64_C(1) << EMU_RISCV_EXT_##id)

typedef struct EmuRiscvIsa {
    uint64_t extensions;  /* EMU_RISCV_EXT_BIT of each */
    unsigned va_bits;     /* the widest translation: 0 (Bare only), 39, 48 or 57 */
    unsigned pmp_entries; /* 0 to 16 */
    unsigned cbo_block; /* bytes of a cache block for Zicbom and Zicboz: a power of 2, 4 to 4096 */
    uint64_t mvendorid, marchid, mimpid;
} EmuRiscvIsa;

typedef enum { EMU_RISCV_ERROR_ISA, EMU_RISCV_ERROR_MEMORY } EmuRiscvErrorCode;
#define EMU_RISCV_ERROR (emu_riscv_error_quark())
GQuark emu_riscv_error_quark(void);

/* Everything this library implements; Svade without Svadu. */
EmuRiscvIsa emu_riscv_isa_full(void);
/* RV64GC with S and U, Sv39 to Sv57 and 16 PMP entries, and nothing else. */
EmuRiscvIsa emu_riscv_isa_base(void);
/* By its name in an ISA string ("zba"); EMU_RISCV_EXT_COUNT: none of that name. */
EmuRiscvExt emu_riscv_ext_find(const char *name);
const char *emu_riscv_ext_name(EmuRiscvExt ext);
/* Whether a hart can be so: what an extension needs is there and numbers are in range. */
bool emu_riscv_isa_check(const EmuRiscvIsa *isa, GError **error);
/* The value of `riscv,isa`: "rv64imafdc_zicsr_...". Free with g_free. */
char *emu_riscv_isa_string(const EmuRiscvIsa *isa);
/* The values of `riscv,isa-extensions`, NULL-terminated. Free with g_strfreev. */
char **emu_riscv_isa_extensions(const EmuRiscvIsa *isa);
/* priv 3.1.1 */
uint64_t emu_riscv_isa_misa(const EmuRiscvIsa *isa);
/* The value of `mmu-type`: "riscv,sv57"; NULL: none. Static. */
const char *emu_riscv_isa_mmu_type(const EmuRiscvIsa *isa);

/* ---- the bus --------------------------------------------------------------------------------- */

typedef struct EmuRiscvBus EmuRiscvBus;

/* A write to a register of an interrupt file: first bits are cleared, then set. */
typedef struct EmuRiscvChange {
    uint64_t clear, set;
} EmuRiscvChange;

/* The register of an interrupt file that is mtopei and stopei; others are numbered as by siselect
 * (AIA 3.8). */
enum { EMU_RISCV_FILE_TOP = 0x100 };

typedef enum EmuRiscvTrace {                           /* a set */
                             EMU_RISCV_TRACE_INSN = 1, /* an instruction is about to be executed */
                             EMU_RISCV_TRACE_BLOCK =
                                 2, /* instructions that follow each other were decoded */
                             EMU_RISCV_TRACE_TRAP = 4, /* an exception or an interrupt is taken */
                             EMU_RISCV_TRACE_WALK = 8, /* page tables were walked */
} EmuRiscvTrace;

typedef struct EmuRiscvEvent {
    EmuRiscvTrace kind;
    uint64_t pc; /* of the instruction, the block's first, or the one that was interrupted */
    const uint8_t *code; /* of INSN and BLOCK */
    unsigned size;       /* bytes of it */
    uint64_t cause;      /* of a trap, as in mcause; of a walk that failed, of the fault */
    uint64_t value;      /* of a trap, as in mtval */
    unsigned priv;       /* of a trap: the mode that takes it */
    uint64_t address;    /* of a walk: virtual, and what it was for ('r', 'w', 'x') */
    char access;
    bool found;
    uint64_t physical; /* if it was found */
} EmuRiscvEvent;

/* All of these may be called by any hart, so by several threads at once, but never from two places
 * for one hart. size is 1, 2, 4 or 8 and address is aligned to it. */
typedef struct EmuRiscvBusOps {
    /* A physical address that is not memory (or a store to read-only memory). The value is in the
     * low bits. False: access fault. */
    bool (*load)(void *ctx, uint64_t address, unsigned size, uint64_t *ret_value);
    bool (*store)(void *ctx, uint64_t address, unsigned size, uint64_t value);
    /* The counter behind the CSR `time`. */
    uint64_t (*time)(void *ctx);
    /* The supervisor timer (Sstc) of this hart now fires when `time` reaches deadline; UINT64_MAX:
     * never. Call emu_riscv_hart_kick then. NULL: there is none to tell. */
    void (*deadline)(void *ctx, unsigned hart_id, uint64_t deadline);
    /* A register of a hart's interrupt file (AIA 3.8 to 3.10) is read and, unless change is NULL,
     * written. False: the hart has none at that level. NULL: no hart has any. */
    bool (*file)(void *ctx, unsigned hart_id, bool machine_level, unsigned reg,
                 const EmuRiscvChange *change, uint64_t *ret_value);
    /* What a traced hart does, of the kinds it is traced for; event is good during the call. NULL:
     * never. */
    void (*trace)(void *ctx, unsigned hart_id, const EmuRiscvEvent *event);
} EmuRiscvBusOps;

/* ops is copied; ctx is handed to each of them. */
EmuRiscvBus *emu_riscv_bus_new(const EmuRiscvBusOps *ops, void *ctx);
/* After its harts. Accepts NULL. */
void emu_riscv_bus_free(EmuRiscvBus *bus);
/* Memory at a physical address: base and size are multiples of 4096, and it overlaps no other; at
 * most 64 of them. host is aligned to 8 and outlives the bus. Memory that is not writable answers
 * loads and fetches; stores to it go to ops->store. Before any hart runs. */
bool emu_riscv_bus_add_memory(EmuRiscvBus *bus, uint64_t base, uint64_t size, void *host,
                              bool writable, GError **error);

/* ---- a hart ---------------------------------------------------------------------------------- */

typedef struct EmuRiscvHart EmuRiscvHart;

/* isa is copied and must be one that emu_riscv_isa_check accepts. Reset, with pc 0. */
EmuRiscvHart *emu_riscv_hart_new(EmuRiscvBus *bus, const EmuRiscvIsa *isa, unsigned hart_id);
/* Accepts NULL. */
void emu_riscv_hart_free(EmuRiscvHart *hart);
/* priv 3.4. Counters, interrupt inputs, breakpoints and the trace stay. Not while it runs. */
void emu_riscv_hart_reset(EmuRiscvHart *hart, uint64_t pc);

typedef enum EmuRiscvExit {
    EMU_RISCV_EXIT_BUDGET,     /* so many instructions were executed */
    EMU_RISCV_EXIT_STOP,       /* emu_riscv_hart_stop was called */
    EMU_RISCV_EXIT_WFI,        /* waits: run again after an interrupt input rises, after a kick or
                                  at emu_riscv_hart_deadline */
    EMU_RISCV_EXIT_BREAKPOINT, /* pc is at a breakpoint, whose instruction was not executed */
} EmuRiscvExit;

/* Runs until there is a reason to return; budget: at most so many instructions (UINT64_MAX: no
 * limit), kept exactly; instructions that trap count. The breakpoint that the last call returned
 * for is passed over, so that a debugger can go on. The thread's floating-point environment is the
 * same afterwards. */
EmuRiscvExit emu_riscv_hart_run(EmuRiscvHart *hart, uint64_t budget);

/* From any thread: */
/* The level of an interrupt input: cause 1 (SSIP, set by a rising level and cleared by software),
 * 3 (MSIP), 7 (MTIP), 9 (SEIP), 11 (MEIP): priv 3.1.9. Kicks. Returns whether it changed. */
bool emu_riscv_hart_set_input(EmuRiscvHart *hart, unsigned cause, bool level);
/* Makes the hart look at its interrupts and at `time` again; it does not return from run. */
void emu_riscv_hart_kick(EmuRiscvHart *hart);
/* Makes run return EMU_RISCV_EXIT_STOP soon: the call under way, or else the next one. */
void emu_riscv_hart_stop(EmuRiscvHart *hart);

/* Whether a hart that returned EXIT_WFI still has nothing to wake it; call it after having been
 * told of a change, or with whatever lock orders set_input and the wait. */
bool emu_riscv_hart_waiting(const EmuRiscvHart *hart);
/* The `time` at which the supervisor timer interrupt becomes pending: UINT64_MAX for never. */
uint64_t emu_riscv_hart_deadline(const EmuRiscvHart *hart);

/* ---- looking into a hart that does not run --------------------------------------------------- */

/* As gdb numbers them: 0-31 x, 32 pc, 33-64 f, 65 + n the CSR n, 4161 the privilege mode (0, 1, 3).
 * False: no such register (or, writing, not one that can be written). Writing a CSR has its effects
 * on translation and interrupts; x0 can be written without effect. */
enum {
    EMU_RISCV_REG_X0 = 0,
    EMU_RISCV_REG_PC = 32,
    EMU_RISCV_REG_F0 = 33,
    EMU_RISCV_REG_CSR0 = 65,
    EMU_RISCV_REG_PRIV = 65 + 4096,
};
bool emu_riscv_hart_read(EmuRiscvHart *hart, unsigned reg, uint64_t *ret_value);
bool emu_riscv_hart_write(EmuRiscvHart *hart, unsigned reg, uint64_t value);
/* "mstatus" for 0x300; false: this library knows no such CSR. */
bool emu_riscv_csr_name(unsigned csr, char *buffer, size_t size);

/* Memory as the hart's loads see it now (gdb's `x`); no A or D bit changes, no device is touched.
 * False: some byte is not mapped to memory, and nothing was copied. Writing ignores permissions and
 * makes the hart see changed code. */
bool emu_riscv_hart_peek(EmuRiscvHart *hart, uint64_t address, void *buffer, size_t size);
bool emu_riscv_hart_poke(EmuRiscvHart *hart, uint64_t address, const void *buffer, size_t size);
/* Code was changed by the host (a loader): as FENCE.I. DMA needs none: the guest does its own. */
void emu_riscv_hart_code_changed(EmuRiscvHart *hart);

/* Virtual addresses, at most 64. False: too many, or none there. */
bool emu_riscv_hart_break_add(EmuRiscvHart *hart, uint64_t pc);
bool emu_riscv_hart_break_remove(EmuRiscvHart *hart, uint64_t pc);
/* The breakpoint that run returned for was nobody's business yet: it returns for it once more. */
void emu_riscv_hart_break_again(EmuRiscvHart *hart);
/* One instruction, whatever breakpoint is there: no interrupt is taken, and WFI does not wait. */
void emu_riscv_hart_step(EmuRiscvHart *hart);
/* The registers as gdb's target description (an XML document) has them; free with g_free. */
char *emu_riscv_hart_describe(const EmuRiscvHart *hart);
/* ops->trace for these kinds of event; instructions one by one make a hart slow. Not while it runs.
 */
void emu_riscv_hart_set_trace(EmuRiscvHart *hart, unsigned kinds);

typedef struct EmuRiscvStats {
    uint64_t instructions; /* executed, those that trapped included */
    uint64_t exceptions, interrupts;
    uint64_t load_misses, store_misses, fetch_misses; /* of the translation caches */
    uint64_t walks;                                   /* of page tables */
    uint64_t device_loads, device_stores;
    uint64_t blocks; /* of instructions, decoded */
    uint64_t code_flushes;
} EmuRiscvStats;
/* stats.instructions alone; from ops it is exact to the instruction's block. */
uint64_t emu_riscv_hart_executed(const EmuRiscvHart *hart);
EmuRiscvStats emu_riscv_hart_stats(const EmuRiscvHart *hart); /* while it runs: approximate */

/* ---- decoding -------------------------------------------------------------------------------- */

/* The assembler's text of an instruction of this ISA: "addi a0, a1, -4", branches with their
 * target;
 * ".2byte 0x0" or ".4byte 0x..." for none. Returns its length in bytes, 2 or 4; pc: its address. */
unsigned emu_riscv_disassemble(const EmuRiscvIsa *isa, uint64_t pc, uint32_t instruction,
                               char *buffer, size_t size);

typedef struct EmuRiscvInsnInfo {
    const char *name;   /* "addi", "c.lwsp" */
    const char *format; /* "I", "CI": the layout of its operands, see insns.def */
    uint32_t match, mask;
    uint64_t extensions; /* EMU_RISCV_EXT_BIT of all it needs */
} EmuRiscvInsnInfo;
/* Row of the table of instructions; false: index is past the end. */
bool emu_riscv_insn_info(size_t index, EmuRiscvInsnInfo *ret_info);

#endif
