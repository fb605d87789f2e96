/* Translation and protection: page tables of each depth, what makes an entry invalid, A and D,
 * large pages, flushing, SUM, MXR and MPRV, PMP. */
#include "board.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

enum {
    SATP = 0x180,
    MSTATUS = 0x300,
    MEDELEG = 0x302,
    MTVEC = 0x305,
    MENVCFG = 0x30a,
    MEPC = 0x341,
    MCAUSE = 0x342,
    MTVAL = 0x343,
    PMPCFG0 = 0x3a0,
    PMPADDR0 = 0x3b0,
};

enum { V = 1, R = 2, W = 4, X = 8, U = 16, A = 64, D = 128 };
#define ALL   (V | R | W | X | A | D)
#define SUM   (UINT64_C(1) << 18)
#define MXR   (UINT64_C(1) << 19)
#define MPRV  (UINT64_C(1) << 17)
#define MPP_S (UINT64_C(1) << 11)
#define ADUE  (UINT64_C(1) << 61)
#define PBMTE (UINT64_C(1) << 62)
#define N     (UINT64_C(1) << 63)

#define HANDLER (RAM + 0x1000)
#define TABLES  (RAM + 0x100000) /* level n of the one path is at TABLES + n * 4096 */
#define DATA    (RAM + 0x200000)
#define VIRTUAL UINT64_C(0x40201000) /* entry 1 of each of the lower levels */

static uint64_t pte(uint64_t physical, uint64_t flags)
{
    return physical >> 12 << 10 | flags;
}

static uint64_t slot(unsigned level, uint64_t address)
{
    return TABLES + level * 4096 + (address >> (12 + level * 9) & 511) * 8;
}

/* Maps one page, by a table at each level, in a mode of so many levels. */
static void map(Board *board, unsigned levels, uint64_t address, uint64_t leaf)
{
    for (unsigned level = levels - 1; level > 0; level--) {
        board_write(board, slot(level, address), pte(TABLES + (level - 1) * 4096, V));
    }
    board_write(board, slot(0, address), leaf);
    set_csr(board, SATP, (uint64_t)(8 + levels - 3) << 60 | (TABLES + (levels - 1) * 4096) >> 12);
}

/* M mode, whose loads and stores are S's through MPRV; traps end at HANDLER. */
static void open_with(Board *board, uint64_t extensions)
{
    EmuRiscvIsa isa = emu_riscv_isa_full();
    isa.extensions = (isa.extensions & ~EMU_RISCV_EXT_BIT(SVADE)) | extensions;
    board_open(board, &isa);
    board_program(board, HANDLER, (const uint32_t[]){HERE}, 1);
    set_csr(board, MTVEC, HANDLER);
    set_csr(board, PMPADDR0, UINT64_MAX >> 10);
    set_csr(board, PMPCFG0, 0x1f);
    set_csr(board, MSTATUS, MPRV | MPP_S);
}

/* Runs one load (into a1) or store (of 7) at an address; the cause of its trap, or 0. */
static uint64_t attempt(Board *board, uint32_t word, uint64_t address)
{
    uint64_t status = csr(board, MSTATUS);
    PROGRAM(board, word, HERE);
    set_reg(board, A0, address);
    set_reg(board, A1, 7);
    set_csr(board, MCAUSE, 0);
    set_csr(board, MTVAL, 0);
    emu_riscv_hart_run(board->hart[0], 2);
    set_csr(board, MSTATUS, status);
    return csr(board, MCAUSE);
}

#define LOAD(board, address)  attempt(board, LD(A1, 0, A0), address)
#define STORE(board, address) attempt(board, SD(A1, 0, A0), address)

static void flush(Board *board, uint64_t address)
{
    PROGRAM(board, enc_r(SFENCE_VMA, 0, address ? A0 : 0, 0), HERE);
    set_reg(board, A0, address);
    emu_riscv_hart_run(board->hart[0], 1);
}

static void test_each_depth(void **state)
{
    (void)state;
    for (unsigned levels = 3; levels <= 5; levels++) {
        Board board;
        open_with(&board, 0);
        map(&board, levels, VIRTUAL, pte(DATA, ALL));
        board_write(&board, DATA + 8, 42);
        assert_int_equal(LOAD(&board, VIRTUAL + 8), 0);
        assert_int_equal(reg(&board, A1), 42);
        assert_int_equal(STORE(&board, VIRTUAL + 16), 0);
        assert_int_equal(board_read(&board, DATA + 16), 7);
        assert_int_equal(LOAD(&board, VIRTUAL + 4096), 13);
        assert_int_equal(csr(&board, MTVAL), VIRTUAL + 4096);
        assert_int_equal(STORE(&board, VIRTUAL + 4096), 15);
        uint64_t beyond = UINT64_C(1) << (11 + levels * 9) | VIRTUAL; /* not sign-extended */
        assert_int_equal(LOAD(&board, beyond), 13);
        board_close(&board);
    }
}

static void test_across_pages(void **state)
{
    (void)state;
    Board board;
    open_with(&board, 0);
    map(&board, 3, VIRTUAL, pte(DATA + 4096, ALL));
    map(&board, 3, VIRTUAL + 4096, pte(DATA, ALL)); /* the pages lie the other way round */
    assert_int_equal(STORE(&board, VIRTUAL + 4093), 0);
    assert_int_equal(board.ram[DATA + 8192 - 3 - RAM], 7);
    board.ram[DATA - RAM + 4] = 0x99;
    assert_int_equal(LOAD(&board, VIRTUAL + 4093), 0);
    assert_int_equal(reg(&board, A1), UINT64_C(0x9900000000000007));
    map(&board, 3, VIRTUAL + 4096, 0);
    flush(&board, 0);
    assert_int_equal(LOAD(&board, VIRTUAL + 4093), 13);
    assert_int_equal(csr(&board, MTVAL), VIRTUAL + 4096);
    board_close(&board);
}

static void assert_leaf(uint64_t flags, uint64_t menvcfg, uint64_t load, uint64_t store)
{
    Board board;
    open_with(&board, 0);
    set_csr(&board, MENVCFG, menvcfg);
    map(&board, 3, VIRTUAL, pte(DATA, 0) | flags);
    assert_int_equal(LOAD(&board, VIRTUAL), load);
    assert_int_equal(STORE(&board, VIRTUAL), store);
    board_close(&board);
}

static void test_leaves(void **state)
{
    (void)state;
    assert_leaf(ALL, 0, 0, 0);
    assert_leaf(ALL & ~V, 0, 13, 15);
    assert_leaf(V | R | A | D, 0, 0, 15);
    assert_leaf(V | W | A | D, 0, 13, 15); /* reserved: W without R */
    assert_leaf(V | X | A | D, 0, 13, 15);
    assert_leaf(ALL | U, 0, 13, 15); /* SUM is clear */
    assert_leaf(V, 0, 13, 15);       /* points on at the last level */
    assert_leaf(ALL | UINT64_C(1) << 54, 0, 13, 15);
    assert_leaf(ALL | UINT64_C(1) << 61, 0, 13, 15); /* Svpbmt is not on */
    assert_leaf(ALL | UINT64_C(1) << 61, PBMTE, 0, 0);
    assert_leaf(ALL | UINT64_C(3) << 61, PBMTE, 13, 15); /* reserved */
    assert_leaf(ALL | N, 0, 13, 15);                     /* not a size that there is */
}

static void test_accessed_and_dirty(void **state)
{
    (void)state;
    Board board;
    open_with(&board, 0); /* neither Svade nor Svadu: the hardware sets them */
    map(&board, 3, VIRTUAL, pte(DATA, V | R | W));
    assert_int_equal(LOAD(&board, VIRTUAL), 0);
    assert_int_equal(board_read(&board, slot(0, VIRTUAL)), pte(DATA, V | R | W | A));
    assert_int_equal(STORE(&board, VIRTUAL), 0);
    assert_int_equal(board_read(&board, slot(0, VIRTUAL)), pte(DATA, V | R | W | A | D));
    board_close(&board);

    open_with(&board, EMU_RISCV_EXT_BIT(SVADE));
    map(&board, 3, VIRTUAL, pte(DATA, V | R | W));
    assert_int_equal(LOAD(&board, VIRTUAL), 13);
    map(&board, 3, VIRTUAL, pte(DATA, V | R | W | A));
    assert_int_equal(LOAD(&board, VIRTUAL), 0);
    assert_int_equal(STORE(&board, VIRTUAL), 15);
    set_csr(&board, MENVCFG, ADUE); /* it has no such bit */
    assert_int_equal(csr(&board, MENVCFG), 0);
    board_close(&board);

    open_with(&board, EMU_RISCV_EXT_BIT(SVADE) | EMU_RISCV_EXT_BIT(SVADU));
    map(&board, 3, VIRTUAL, pte(DATA, V | R | W));
    assert_int_equal(LOAD(&board, VIRTUAL), 13);
    set_csr(&board, MENVCFG, ADUE);
    assert_int_equal(STORE(&board, VIRTUAL), 0);
    assert_int_equal(board_read(&board, slot(0, VIRTUAL)), pte(DATA, V | R | W | A | D));
    board_close(&board);
}

static void test_large_pages(void **state)
{
    (void)state;
    Board board;
    open_with(&board, 0);
    map(&board, 3, VIRTUAL, 0);
    board_write(&board, slot(1, VIRTUAL), pte(DATA, ALL));
    board_write(&board, DATA + 0x12340, 99);
    uint64_t start = VIRTUAL & ~UINT64_C(0x1fffff);
    assert_int_equal(LOAD(&board, start + 0x12340), 0);
    assert_int_equal(reg(&board, A1), 99);
    board_write(&board, slot(1, VIRTUAL), pte(DATA + 4096, ALL)); /* misaligned */
    flush(&board, start); /* of another address of the same page */
    assert_int_equal(LOAD(&board, start + 0x12340), 13);
    board_close(&board);
}

static void test_napot_page(void **state)
{
    (void)state;
    Board board;
    open_with(&board, 0);
    uint64_t start = VIRTUAL & ~UINT64_C(0xffff);
    for (unsigned n = 0; n < 16; n++) {
        map(&board, 3, start + n * 4096, pte(DATA + 0x8000, ALL) | N);
    }
    board_write(&board, DATA + 0x5678, 55);
    assert_int_equal(LOAD(&board, start + 0x5678), 0);
    assert_int_equal(reg(&board, A1), 55);
    for (unsigned n = 0; n < 16; n++) {
        map(&board, 3, start + n * 4096, 0);
    }
    flush(&board, start); /* one address of it is enough */
    assert_int_equal(LOAD(&board, start + 0x5678), 13);
    board_close(&board);
}

static void test_cached_until_flushed(void **state)
{
    (void)state;
    Board board;
    open_with(&board, 0);
    map(&board, 3, VIRTUAL, pte(DATA, ALL));
    board_write(&board, DATA + 4096, 1);
    assert_int_equal(LOAD(&board, VIRTUAL), 0);
    board_write(&board, slot(0, VIRTUAL), pte(DATA + 4096, ALL));
    flush(&board, VIRTUAL);
    assert_int_equal(LOAD(&board, VIRTUAL), 0);
    assert_int_equal(reg(&board, A1), 1);
    board_close(&board);
}

static void test_status_bits(void **state)
{
    (void)state;
    Board board;
    open_with(&board, 0);
    map(&board, 3, VIRTUAL, pte(DATA, ALL | U));
    assert_int_equal(LOAD(&board, VIRTUAL), 13);
    set_csr(&board, MSTATUS, MPRV | MPP_S | SUM);
    assert_int_equal(LOAD(&board, VIRTUAL), 0);
    set_csr(&board, MSTATUS, MPRV); /* as U */
    assert_int_equal(LOAD(&board, VIRTUAL), 0);
    map(&board, 3, VIRTUAL, pte(DATA, V | X | A | D | U));
    flush(&board, 0);
    assert_int_equal(LOAD(&board, VIRTUAL), 13);
    set_csr(&board, MSTATUS, MPRV | MXR);
    assert_int_equal(LOAD(&board, VIRTUAL), 0);
    set_csr(&board, MSTATUS, MPRV);
    assert_int_equal(LOAD(&board, VIRTUAL), 13);
    set_csr(&board, MSTATUS, 0); /* M itself is not translated */
    assert_int_equal(LOAD(&board, DATA), 0);
    board_close(&board);
}

static void test_tables_are_memory(void **state)
{
    (void)state;
    Board board;
    open_with(&board, 0);
    map(&board, 3, VIRTUAL, pte(DATA, ALL));
    board_write(&board, slot(2, VIRTUAL), pte(0x5000, V));
    assert_int_equal(LOAD(&board, VIRTUAL), 5);
    board_write(&board, slot(2, VIRTUAL), pte(TABLES + 4096, V | U)); /* reserved in a pointer */
    flush(&board, 0);
    assert_int_equal(LOAD(&board, VIRTUAL), 13);
    board_close(&board);
}

static void test_satp_takes_modes_that_exist(void **state)
{
    (void)state;
    EmuRiscvIsa isa = emu_riscv_isa_full();
    isa.va_bits = 39;
    Board board;
    board_open(&board, &isa);
    set_csr(&board, SATP, UINT64_C(8) << 60 | 5);
    set_csr(&board, SATP, UINT64_C(9) << 60 | 6);
    assert_int_equal(csr(&board, SATP), UINT64_C(8) << 60 | 5);
    set_csr(&board, SATP, UINT64_C(3) << 60 | 6);
    assert_int_equal(csr(&board, SATP), UINT64_C(8) << 60 | 5);
    set_csr(&board, SATP, 0);
    assert_int_equal(csr(&board, SATP), 0);
    board_close(&board);
}

/* Code that crosses pages, fetched through translations of which the second goes away. */
static void test_instruction_across_pages(void **state)
{
    (void)state;
    Board board;
    open_with(&board, 0);
    map(&board, 3, VIRTUAL, pte(DATA, ALL));
    map(&board, 3, VIRTUAL + 4096, pte(DATA + 0x4000, ALL));
    uint32_t word = ADDI(A0, A0, 5);
    memcpy(board.ram + (DATA + 4094 - RAM), &word, 2);
    memcpy(board.ram + (DATA + 0x4000 - RAM), (uint8_t *)&word + 2, 2);
    word = HERE;
    memcpy(board.ram + (DATA + 0x4002 - RAM), &word, 4);
    set_csr(&board, MSTATUS, MPP_S);
    set_csr(&board, MEPC, VIRTUAL + 4094);
    PROGRAM(&board, MRET);
    set_reg(&board, A0, 0);
    emu_riscv_hart_run(board.hart[0], 4);
    assert_int_equal(reg(&board, A0), 5);
    assert_int_equal(reg(&board, EMU_RISCV_REG_PC), VIRTUAL + 4098);
    map(&board, 3, VIRTUAL + 4096, 0);
    set_reg(&board, EMU_RISCV_REG_PRIV, 3);
    flush(&board, VIRTUAL + 4096);
    set_csr(&board, MEPC, VIRTUAL + 4094);
    set_csr(&board, MSTATUS, MPP_S);
    PROGRAM(&board, MRET);
    emu_riscv_hart_run(board.hart[0], 3);
    assert_int_equal(csr(&board, MCAUSE), 12);
    assert_int_equal(csr(&board, MEPC), VIRTUAL + 4094);
    assert_int_equal(csr(&board, MTVAL), VIRTUAL + 4096);
    board_close(&board);
}

static void test_pmp(void **state)
{
    (void)state;
    Board board;
    open_with(&board, 0);
    set_csr(&board, MSTATUS, MPRV | MPP_S); /* Bare: addresses are physical */
    set_csr(&board, PMPADDR0 + 1, UINT64_MAX >> 10);
    set_csr(&board, PMPADDR0, DATA >> 2 | 0x1ff); /* 4096 bytes */
    set_csr(&board, PMPCFG0, 0x1f << 8 | 0x19);   /* read-only, then everything */
    assert_int_equal(LOAD(&board, DATA), 0);
    assert_int_equal(STORE(&board, DATA), 7);
    assert_int_equal(STORE(&board, DATA + 4096), 0);
    set_csr(&board, PMPADDR0, (DATA + 16) >> 2 | 0); /* 8 bytes within the page */
    set_csr(&board, PMPCFG0, 0x1f << 8 | 0x18);
    assert_int_equal(LOAD(&board, DATA + 16), 5);
    assert_int_equal(LOAD(&board, DATA + 24), 0);
    assert_int_equal(LOAD(&board, DATA + 12), 5); /* half in it */
    assert_int_equal(LOAD(&board, DATA + 8), 0);
    set_csr(&board, PMPCFG0, 0x1f << 8);
    set_csr(&board, PMPCFG0, 0); /* none matches: M may, S may not */
    assert_int_equal(LOAD(&board, DATA), 5);
    set_csr(&board, MSTATUS, 0);
    assert_int_equal(LOAD(&board, DATA), 0);
    set_csr(&board, PMPADDR0, DATA >> 2 | 0x1ff);
    set_csr(&board, PMPCFG0, 0x98); /* locked: M too, and it stays so */
    assert_int_equal(LOAD(&board, DATA), 5);
    set_csr(&board, PMPCFG0, 0x1f);
    set_csr(&board, PMPADDR0, 0);
    assert_int_equal(csr(&board, PMPCFG0), 0x98);
    assert_int_equal(csr(&board, PMPADDR0), DATA >> 2 | 0x1ff);
    board_close(&board);
}

static void test_pmp_range_from_the_one_before(void **state)
{
    (void)state;
    Board board;
    open_with(&board, 0);
    set_csr(&board, PMPADDR0, DATA >> 2);
    set_csr(&board, PMPADDR0 + 1, (DATA + 8192) >> 2);
    set_csr(&board, PMPCFG0, 0x0b << 8 | 0x00); /* TOR, readable and writable */
    assert_int_equal(LOAD(&board, DATA + 8184), 0);
    assert_int_equal(STORE(&board, DATA), 0);
    assert_int_equal(LOAD(&board, DATA + 8192), 5);
    assert_int_equal(LOAD(&board, DATA - 8), 5);
    board_close(&board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_depth),
        cmocka_unit_test(test_across_pages),
        cmocka_unit_test(test_leaves),
        cmocka_unit_test(test_accessed_and_dirty),
        cmocka_unit_test(test_large_pages),
        cmocka_unit_test(test_napot_page),
        cmocka_unit_test(test_cached_until_flushed),
        cmocka_unit_test(test_status_bits),
        cmocka_unit_test(test_tables_are_memory),
        cmocka_unit_test(test_satp_takes_modes_that_exist),
        cmocka_unit_test(test_instruction_across_pages),
        cmocka_unit_test(test_pmp),
        cmocka_unit_test(test_pmp_range_from_the_one_before),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
