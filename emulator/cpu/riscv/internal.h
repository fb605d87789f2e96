/* internal: what the files of the RISC-V interpreter share.
 *
 * The way of an instruction: run (interp.c) finds or makes the block at pc (block.c, decode.c) and
 * enters it; each instruction's handler (ops_*.c) does its work and goes to the next by a tail
 * call; the last of a block goes to the next block itself where it can (a link, or the jump cache)
 * and else returns to run. A handler that cannot go on (trap, CSR) returns NULL with pc set. */
#ifndef VITRINE_EMULATOR_CPU_RISCV_INTERNAL_H
#define VITRINE_EMULATOR_CPU_RISCV_INTERNAL_H

#include "riscv.h"
#include "spec.h"

#include <stdatomic.h>
#include <string.h>

#define likely(x)   __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)

typedef struct EmuRiscvHart Hart;
typedef struct Insn Insn;
typedef struct Block Block;

/* Executes *insn; returns what to execute next, NULL to return to run. With tail calls it executes
 * that itself, and only NULL ever comes back. */
typedef const Insn *Handler(Hart *hart, const Insn *insn);

#define SINK 32 /* where writes to x0 go */

struct Insn {
    Handler *run;
    int32_t imm;          /* immediate; target from the block's start; CSR; rm and rs3 << 8 */
    uint8_t rd, rs1, rs2; /* rd of x0 is SINK */
    uint8_t offset;       /* from the block's start, in halfwords */
};

enum { BLOCK_INSNS = 64 };

/* Instructions that follow each other in memory, within a page (only the last may reach into the
 * next one). The last of insns ends it: a jump, an instruction with FLAG_END, or an added one. */
struct Block {
    uint64_t address;  /* physical */
    uint64_t address2; /* physical address of the next page if the last instruction reaches there */
    Block *chain;      /* next in the bucket */
    Block *link[2];    /* where the last instruction goes: taken, not taken; in the same page */
    uint32_t epoch;    /* == hart->epoch: the code is known to be unchanged */
    uint16_t size;     /* bytes */
    uint8_t count;     /* instructions executed if nothing traps */
    bool watched;      /* entered through run only: there may be a breakpoint at its start */
    const uint8_t *code; /* the bytes it was made of, a copy behind insns */
    Insn insns[];
};

/* ---- instruction table (decode.c) ------------------------------------------------------------ */

typedef enum Format {
#define F(name, syntax) FORMAT_##name,
#define I(...)
#include "insns.def"
#undef F
#undef I
} Format;

enum { FLAG_END = 1, FLAG_NZRD = 2, FLAG_NZRS2 = 4, FLAG_NZIMM = 8 };

typedef struct Row {
    const char *name;
    uint32_t match, mask;
    Format format;
    unsigned flags;
    uint64_t extensions;
    Handler *run;
} Row;

extern const Row emu_riscv_rows[];
extern const size_t emu_riscv_row_count;
extern const char *const emu_riscv_formats[]; /* names, by Format */

/* Rows of one ISA by opcode and funct3 (4-byte) or quadrant and funct3 (2-byte). */
enum { DECODER_KEYS = 32 + 256, DECODER_ROWS = 1200 };
typedef struct Decoder {
    uint16_t first[DECODER_KEYS + 1];
    uint16_t rows[DECODER_ROWS];
} Decoder;

void emu_riscv_decoder_init(Decoder *decoder, const EmuRiscvIsa *isa);
/* The operands of a word, whose row it returns; NULL: no instruction. The word of a 2-byte
 * instruction is in the low half, the rest is ignored. */
const Row *emu_riscv_decode(const Decoder *decoder, uint32_t word, Insn *ret_insn);

/* The same without a decoder, by looking at every row. */
const Row *emu_riscv_decode_once(uint64_t extensions, uint32_t word, Insn *ret_insn);

/* disasm.c: registers as the calling convention names them; number 32 of x is SINK. */
extern const char *const emu_riscv_x_names[];
extern const char *const emu_riscv_f_names[];

static inline unsigned insn_length(uint32_t word)
{
    return (word & 3) == 3 ? 4 : 2;
}

/* ---- translation ----------------------------------------------------------------------------- */

typedef enum Access { ACCESS_LOAD, ACCESS_STORE, ACCESS_FETCH } Access;

/* Whose accesses a cache of translations is for. S with SUM is its own so that the kernel can
 * switch SUM for each copy to user memory without a flush. */
typedef enum View { VIEW_U, VIEW_S, VIEW_S_SUM, VIEW_M, VIEW_COUNT } View;

enum {
    PAGE_BITS = 12,
    PAGE_SIZE = 1 << PAGE_BITS,
    TLB_SETS = 512,
    TLB_WAYS = 2,
    FETCH_ENTRIES = 256,
    JUMP_ENTRIES = 2048,
    JUMP_MODES = 3,     /* U, S, M */
    TABLE_ENTRIES = 64, /* of the cache of last-level page tables */
    BUCKETS = 1 << 16,
    MAX_MEMORY = 64,
    MAX_BREAKPOINTS = 64,
    MAX_PMP = 16,
};
#define PAGE_MASK  ((uint64_t)PAGE_SIZE - 1)
#define NO_ADDRESS UINT64_MAX
#define TLB_EMPTY  1 /* no page */
#define NO_PC      1

typedef struct TlbEntry {
    uint64_t page;   /* virtual address of the page, or TLB_EMPTY */
    uintptr_t delta; /* host address less virtual address */
} TlbEntry;

typedef struct FetchEntry {
    uint64_t page;
    uint64_t target; /* physical address of the page */
    const uint8_t *host;
} FetchEntry;

typedef struct JumpEntry {
    uint64_t pc; /* NO_PC: empty */
    Block *block;
} JumpEntry;

/* A last-level page table, known by the upper bits of the virtual addresses that it maps. */
typedef struct TableEntry {
    uint64_t region; /* virtual address >> 21; NO_ADDRESS: empty */
    uint64_t table;  /* physical address */
    uint64_t *host;
} TableEntry;

/* From the first to the last address that a page larger than 4 KiB maps. */
typedef struct LargePages {
    uint64_t first, last;
} LargePages;

typedef struct Views {
    TlbEntry tlb[2][TLB_SETS * TLB_WAYS]; /* by Access */
    FetchEntry fetch[FETCH_ENTRIES];
    bool used, code_used;
} Views;

typedef struct Memory {
    uint64_t base, size;
    uint8_t *host;
    bool writable;
} Memory;

struct EmuRiscvBus {
    EmuRiscvBusOps ops;
    void *ctx;
    Memory memory[MAX_MEMORY];
    unsigned memory_count;
};

typedef struct PmpRange {
    uint64_t first, last; /* of an enabled entry; first > last: matches nothing */
    uint8_t config;
} PmpRange;

/* ---- the hart -------------------------------------------------------------------------------- */

struct EmuRiscvHart {
    /* what handlers touch */
    uint64_t x[33];
    uint64_t pc; /* of the block's first instruction while it runs */
    Block *block;
    uint64_t executed;      /* all of the block's instructions are added as it is entered */
    _Atomic uint64_t limit; /* of executed; 0: look at what happened */
    uint32_t epoch;         /* changes when code may have changed */
    bool fp_on;             /* FS is Dirty, so handlers need not look */
    bool fp_host[8];        /* by rm: on, and rounding is as the host's is set */
    bool host_fma;
    TlbEntry *load, *store; /* of the view of data accesses */
    JumpEntry *jump;        /* of the privilege mode */
    uint64_t f[32];

    /* what an access that fails leaves */
    uint64_t fault_cause, fault_value;
    Block **link_from; /* set by a handler that would like its link made */

    EmuRiscvBus *bus;
    EmuRiscvIsa isa;
    unsigned id;
    Decoder decoder;

    /* privileged state */
    uint8_t priv;
    View view, fetch_view;
    uint64_t mstatus, misa, medeleg, mideleg, mie, mtvec, mscratch, mepc, mcause, mtval;
    uint64_t stvec, sscratch, sepc, scause, stval, satp, stimecmp;
    uint64_t menvcfg, senvcfg;
    uint16_t miselect, siselect;
    uint32_t mcounteren, scounteren, mcountinhibit;
    bool timer_pending;      /* Sstc: time had reached stimecmp when it was looked at */
    uint64_t mip;            /* the bits that software sets */
    _Atomic uint64_t inputs; /* interrupt inputs; SSIP stays until software clears it */
    uint64_t cycle_offset, instret_offset; /* counter less executed; while inhibited: the counter */
    uint8_t pmpcfg[MAX_PMP];
    uint64_t pmpaddr[MAX_PMP];
    PmpRange pmp[MAX_PMP];
    unsigned pmp_count;

    /* floating point */
    uint8_t fflags, frm;
    uint32_t host_csr; /* the thread's MXCSR while the guest's is set */
    bool fp_entered;

    /* LR/SC */
    const void *reserved; /* in host memory; NULL: no reservation */
    uint64_t reserved_value;

    /* run */
    uint64_t run_limit;
    _Atomic bool stop_wanted;
    bool waiting;
    unsigned tracing;     /* EmuRiscvTrace, as a set; 0 if nobody listens */
    bool stepping;        /* interrupts are held back */
    uint64_t reported_at; /* pc of the breakpoint that run returned for; NO_PC once it went on */
    uint64_t breakpoints[MAX_BREAKPOINTS];
    unsigned breakpoint_count;

    /* decoded code */
    Block **buckets;
    uint8_t *arena;
    size_t arena_used;
    Block *single; /* a block of one instruction, not cached */

    /* translations */
    Views *views;
    JumpEntry *jumps; /* JUMP_ENTRIES for each of JUMP_MODES */
    bool jumps_used[JUMP_MODES];
    unsigned jump_mode;
    TableEntry tables[TABLE_ENTRIES];
    LargePages large[2]; /* of the lower and the upper half of the address space */

    EmuRiscvStats stats;
};

static inline bool has(const Hart *hart, EmuRiscvExt ext)
{
    return hart->isa.extensions >> ext & 1;
}

/* pc of an instruction of the block that runs. */
static inline uint64_t insn_pc(const Hart *hart, const Insn *insn)
{
    return hart->pc + insn->offset * 2u;
}

/* hart.c: whoever traces is told; to be asked for with hart->tracing first. */
void emu_riscv_trace(Hart *hart, const EmuRiscvEvent *event);

/* ---- block.c --------------------------------------------------------------------------------- */

void emu_riscv_blocks_init(Hart *hart);
void emu_riscv_blocks_done(Hart *hart);
/* The block at pc, decoded if need be, or NULL: hart->fault_* say why (a fetch failed). It can be
 * entered at pc as long as translations do not change. */
Block *emu_riscv_block_find(Hart *hart);
/* The block of the one instruction at pc, in hart->single. */
Block *emu_riscv_block_single(Hart *hart);
/* Code may have changed: blocks are compared with memory as they are met again. */
void emu_riscv_blocks_check(Hart *hart);
/* Forgets all of them. */
void emu_riscv_blocks_flush(Hart *hart);
void emu_riscv_jumps_flush(Hart *hart);
static inline JumpEntry *jump_entry(const Hart *hart, uint64_t pc)
{
    return &hart->jump[pc >> 1 & (JUMP_ENTRIES - 1)];
}

/* ---- mmu.c, pmp.c ---------------------------------------------------------------------------- */

/* Whole accesses: device or memory, any alignment. False: hart->fault_* are set. */
bool emu_riscv_load(Hart *hart, uint64_t address, unsigned size, uint64_t *ret_value);
bool emu_riscv_store(Hart *hart, uint64_t address, unsigned size, uint64_t value);
/* Host address of aligned memory for an atomic or cache-block operation of that size, for which
 * such an access must be permitted; NULL: hart->fault_* are set. */
void *emu_riscv_memory(Hart *hart, uint64_t address, unsigned size, Access access);
/* The page that holds code at an address; NULL: hart->fault_* are set. */
const FetchEntry *emu_riscv_fetch(Hart *hart, uint64_t address);
bool emu_riscv_translate(Hart *hart, uint64_t address, Access access, View view,
                         uint64_t *ret_physical);
/* Without effects, for a debugger; the host address of what is left of the page. */
void *emu_riscv_probe(const Hart *hart, uint64_t address);

void emu_riscv_views_init(Hart *hart);
void emu_riscv_views_done(Hart *hart);
void emu_riscv_tlb_flush(Hart *hart);
void emu_riscv_tlb_flush_page(Hart *hart, uint64_t address);
/* After a change of privilege mode or mstatus. */
void emu_riscv_views_update(Hart *hart);

/* Host address of physical memory, and with ret_left the bytes from there to its end. */
uint8_t *emu_riscv_physical(const EmuRiscvBus *bus, uint64_t address, bool write,
                            uint64_t *ret_left);

void emu_riscv_pmp_update(Hart *hart);
/* May [address, address + size) be accessed so in that mode? ret_page: whether the answer is the
 * same for the whole 4096-byte page; may be NULL. */
bool emu_riscv_pmp_check(const Hart *hart, uint64_t address, unsigned size, Access access,
                         unsigned priv, bool *ret_page);

/* Where loads and stores find their memory: NULL if the translation is not at hand, or the access
 * reaches into the next page (whose address has another set, so its entry is never met here). */
static inline void *tlb_find(const TlbEntry *tlb, uint64_t address, unsigned size)
{
    const TlbEntry *entry = &tlb[(address >> PAGE_BITS & (TLB_SETS - 1)) * TLB_WAYS];
    uint64_t page = (address + size - 1) & ~PAGE_MASK;
    if (likely(entry[0].page == page)) {
        return (void *)(entry[0].delta + (uintptr_t)address);
    }
    if (entry[1].page == page) {
        return (void *)(entry[1].delta + (uintptr_t)address);
    }
    return NULL;
}

/* ---- trap.c, csr.c, hart.c ------------------------------------------------------------------- */

/* Takes a trap at pc `at` (priv 3.1.7, 4.1.2): hart->pc is the handler's. */
void emu_riscv_trap(Hart *hart, uint64_t at, uint64_t cause, uint64_t value);
/* An exception of an instruction of the block that runs; returns NULL. */
const Insn *emu_riscv_raise(Hart *hart, const Insn *insn, uint64_t cause, uint64_t value);
const Insn *emu_riscv_illegal(Hart *hart, const Insn *insn);
/* As left in hart->fault_*. */
const Insn *emu_riscv_fault(Hart *hart, const Insn *insn);
/* Pending interrupts, all sources: mip. */
uint64_t emu_riscv_pending(const Hart *hart);
/* Looks at the clock for the supervisor timer; pending does not. */
void emu_riscv_timer_update(Hart *hart);
uint64_t emu_riscv_time(Hart *hart);
/* Takes the interrupt of highest priority, if any can be taken. */
bool emu_riscv_interrupt(Hart *hart);
void emu_riscv_set_priv(Hart *hart, unsigned priv);
/* Of interrupts, as bits, the one that is taken first; 0: there are none. */
unsigned emu_riscv_first(uint64_t interrupts);

typedef enum CsrUse { CSR_READ = 1, CSR_WRITE = 2 } CsrUse;
/* Is the access permitted in this state? False: illegal instruction. */
bool emu_riscv_csr_permitted(const Hart *hart, unsigned csr, CsrUse use);
uint64_t emu_riscv_csr_read(Hart *hart, unsigned csr);
/* The value that a read-modify-write starts from: mip without its inputs (priv 3.1.9). */
uint64_t emu_riscv_csr_read_own(Hart *hart, unsigned csr);
void emu_riscv_csr_write(Hart *hart, unsigned csr, uint64_t value);
bool emu_riscv_csr_known(const Hart *hart, unsigned csr);

void emu_riscv_deadline_update(Hart *hart);

/* aia.c: mireg, sireg, mtopei or stopei is read and, unless change is NULL, written. False: illegal
 * instruction. */
static inline bool emu_riscv_csr_is_window(unsigned csr)
{
    return csr == CSR_MIREG || csr == CSR_SIREG || csr == CSR_MTOPEI || csr == CSR_STOPEI;
}
bool emu_riscv_window_access(Hart *hart, unsigned csr, const EmuRiscvChange *change,
                             uint64_t *ret_value);

/* ---- floating point (fpstate.c) -------------------------------------------------------------- */

void emu_riscv_fp_init(Hart *hart);
/* The guest's rounding mode and flags are the thread's between enter and leave; functions of the
 * bus are called outside. */
void emu_riscv_fp_enter(Hart *hart);
bool emu_riscv_fp_leave(Hart *hart); /* whether it was entered */
/* After a change of frm or FS. */
void emu_riscv_fp_update(Hart *hart);
/* fflags with what the host has raised. */
uint8_t emu_riscv_fp_flags(Hart *hart);
void emu_riscv_fp_set_flags(Hart *hart, uint8_t flags);
/* FS becomes Dirty; false: it is Off, the instruction is illegal. */
bool emu_riscv_fp_touch(Hart *hart);

#endif
