/* block: decoded code, kept by physical address.
 *
 * A hart's blocks are its instruction cache, and only FENCE.I makes that coherent (unpriv 3):
 * stores, of this hart or others or a device, need not be watched. FENCE.I starts a new epoch; a
 * block of an earlier one is compared with memory when it is met again, and mostly lives on. */
#include "ops.h"

enum { ARENA_SIZE = 32 << 20 };
#define BLOCK_MAX (sizeof(Block) + (BLOCK_INSNS + 1) * sizeof(Insn) + BLOCK_INSNS * 4)

void emu_riscv_blocks_init(Hart *hart)
{
    hart->buckets = g_new0(Block *, BUCKETS);
    hart->arena = g_malloc(ARENA_SIZE);
    hart->single = g_malloc0(BLOCK_MAX);
    hart->epoch = 1;
}

void emu_riscv_blocks_done(Hart *hart)
{
    g_free(hart->buckets);
    g_free(hart->arena);
    g_free(hart->single);
}

void emu_riscv_blocks_flush(Hart *hart)
{
    memset(hart->buckets, 0, BUCKETS * sizeof *hart->buckets);
    hart->arena_used = 0;
    hart->link_from = NULL;
    hart->stats.code_flushes++;
    memset(hart->jumps_used, true, sizeof hart->jumps_used);
    emu_riscv_jumps_flush(hart);
}

void emu_riscv_blocks_check(Hart *hart)
{
    if (++hart->epoch == 0) { /* 0 is the epoch of blocks that are never current */
        emu_riscv_blocks_flush(hart);
        hart->epoch = 1;
    }
}

/* ---- making ---------------------------------------------------------------------------------- */

static bool break_in_page(const Hart *hart, uint64_t address)
{
    for (unsigned n = 0; n < hart->breakpoint_count; n++) {
        if (((hart->breakpoints[n] ^ address) & PAGE_MASK) == 0) {
            return true;
        }
    }
    return false;
}

/* Jumps count from the block's start, where pc stands while it runs. */
static bool relative(Format format)
{
    return format == FORMAT_B || format == FORMAT_J || format == FORMAT_CJ || format == FORMAT_CB;
}

/* The code of a block: the bytes of at most so many instructions from pc. Only a first instruction
 * reaches into the next page, so that one whose rest cannot be fetched is a fault of its own. */
typedef struct Source {
    const uint8_t *host; /* at pc, to the end of the page */
    unsigned left;       /* bytes in this page */
    uint8_t crossing[4]; /* an instruction that reaches into the next page */
} Source;

static bool source_cross(Hart *hart, Source *source, Block *block)
{
    memcpy(source->crossing, source->host, 2);
    const FetchEntry *next = emu_riscv_fetch(hart, hart->pc + 2);
    if (!next) {
        return false;
    }
    memcpy(source->crossing + 2, next->host, 2);
    block->address2 = next->target;
    source->host = source->crossing;
    source->left = 4;
    return true;
}

static uint32_t source_word(const Source *source, unsigned at)
{
    uint16_t low, high = 0;
    memcpy(&low, source->host + at, 2);
    if (insn_length(low) == 4 && at + 4 <= source->left) {
        memcpy(&high, source->host + at + 2, 2);
    }
    return low | (uint32_t)high << 16;
}

static Insn *add_insn(Hart *hart, Block *block, uint32_t word, bool *ret_end)
{
    Insn *insn = &block->insns[block->count];
    const Row *row = emu_riscv_decode(&hart->decoder, word, insn);
    if (!row) {
        *insn = (Insn){.run = emu_riscv_op_undefined, .rd = SINK};
    } else if (relative(row->format)) {
        insn->imm += block->size;
    }
    insn->offset = (uint8_t)(block->size / 2);
    block->size = (uint16_t)(block->size + insn_length(word));
    block->count++;
    *ret_end = !row || (row->flags & FLAG_END);
    return insn;
}

/* Decodes at most max instructions into *block. False: the second page cannot be fetched. */
static bool build(Hart *hart, Block *block, const FetchEntry *page, unsigned max)
{
    unsigned at = (unsigned)(hart->pc & PAGE_MASK);
    Source source = {.host = page->host + at, .left = PAGE_SIZE - at};
    *block = (Block){.address = page->target + at, .address2 = NO_ADDRESS, .epoch = hart->epoch};
    block->watched = break_in_page(hart, hart->pc);
    bool end = false;
    while (!end && block->count < max && block->size < source.left) {
        uint32_t word = source_word(&source, block->size);
        if (block->size + insn_length(word) > source.left) {
            if (block->count) {
                break;
            }
            if (!source_cross(hart, &source, block)) {
                return false;
            }
            word = source_word(&source, 0);
        }
        if (block->count && break_in_page(hart, hart->pc + block->size)) {
            break;
        }
        add_insn(hart, block, word, &end);
    }
    if (!end) {
        block->insns[block->count] =
            (Insn){.run = emu_riscv_op_fall, .rd = SINK, .offset = (uint8_t)(block->size / 2)};
    }
    uint8_t *code = (uint8_t *)&block->insns[block->count + 1];
    memcpy(code, source.host, block->size);
    block->code = code;
    hart->stats.blocks++;
    if (hart->tracing & EMU_RISCV_TRACE_BLOCK) {
        emu_riscv_trace(hart, &(EmuRiscvEvent){.kind = EMU_RISCV_TRACE_BLOCK,
                                               .pc = hart->pc,
                                               .code = block->code,
                                               .size = block->size});
    }
    return true;
}

/* ---- finding --------------------------------------------------------------------------------- */

static Block **bucket_of(const Hart *hart, uint64_t address)
{
    return &hart->buckets[(address >> 1 ^ address >> 15) & (BUCKETS - 1)];
}

/* Is the block what memory holds at pc? A fetch that fails makes it a new block's concern. */
static bool unchanged(Hart *hart, const Block *block, const FetchEntry *page)
{
    const uint8_t *host = page->host + (block->address & PAGE_MASK);
    if (block->address2 == NO_ADDRESS) {
        return memcmp(host, block->code, block->size) == 0;
    }
    if (memcmp(host, block->code, 2) != 0) {
        return false;
    }
    const FetchEntry *next = emu_riscv_fetch(hart, hart->pc + 2);
    return next && next->target == block->address2 && memcmp(next->host, block->code + 2, 2) == 0;
}

/* A block that crosses pages is good only for the second page it was made with. */
static bool current(Hart *hart, const Block *block, const FetchEntry *page)
{
    return block->epoch == hart->epoch && block->address2 == NO_ADDRESS
               ? true
               : unchanged(hart, block, page);
}

Block *emu_riscv_block_find(Hart *hart)
{
    const FetchEntry *page = emu_riscv_fetch(hart, hart->pc);
    if (!page) {
        return NULL;
    }
    if (page->page == TLB_EMPTY) { /* permissions change within the page */
        return emu_riscv_block_single(hart);
    }
    uint64_t address = page->target + (hart->pc & PAGE_MASK);
    Block **bucket = bucket_of(hart, address);
    for (Block **at = bucket, *block; (block = *at); at = &block->chain) {
        if (block->address == address) {
            if (current(hart, block, page)) {
                block->epoch = block->watched ? 0 : hart->epoch;
                return block;
            }
            *at = block->chain;
            block->epoch = 0; /* links to it stay and are never followed */
            break;
        }
    }
    if (hart->arena_used + BLOCK_MAX > ARENA_SIZE) {
        emu_riscv_blocks_flush(hart);
    }
    Block *block = (Block *)(hart->arena + hart->arena_used);
    if (!build(hart, block, page, BLOCK_INSNS)) {
        return NULL;
    }
    size_t used = (size_t)(block->code + block->size - (const uint8_t *)block);
    hart->arena_used += (used + 15) & ~(size_t)15;
    block->chain = *bucket;
    *bucket = block;
    if (block->watched) {
        block->epoch = 0;
    }
    return block;
}

Block *emu_riscv_block_single(Hart *hart)
{
    const FetchEntry *page = emu_riscv_fetch(hart, hart->pc);
    if (!page || !build(hart, hart->single, page, 1)) {
        return NULL;
    }
    hart->single->epoch = 0;
    return hart->single;
}
