/* CSRs of the Advanced Interrupt Architecture. */
#include "board.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

enum {
    SISELECT = 0x150,
    SIREG = 0x151,
    STOPEI = 0x15c,
    MIDELEG = 0x303,
    MIE = 0x304,
    MTVEC = 0x305,
    MVIEN = 0x308,
    MVIP = 0x309,
    MCAUSE = 0x342,
    MIP = 0x344,
    MISELECT = 0x350,
    MIREG = 0x351,
    MTOPEI = 0x35c,
    STOPI = 0xdb0,
    MTOPI = 0xfb0,
    ILLEGAL_INSTRUCTION = 2,
};
#define HANDLER          (RAM + 0x1000)
#define CSRRW(d, csr, s) enc_i(0x1073, d, s, csr)
#define CSRRS(d, csr, s) enc_i(0x2073, d, s, csr)
#define CSRRC(d, csr, s) enc_i(0x3073, d, s, csr)

static void open_with_files(Board *board, bool has_files)
{
    board_open(board, NULL);
    board->has_files = has_files;
    board_program(board, HANDLER, (const uint32_t[]){HERE}, 1);
    set_csr(board, MTVEC, HANDLER);
}

/* Runs one instruction; whether it was legal. */
static bool run_one(Board *board, uint32_t word)
{
    set_csr(board, MCAUSE, 0);
    board_program(board, RAM, &word, 1);
    emu_riscv_hart_run(board->hart[0], 1);
    return csr(board, MCAUSE) != ILLEGAL_INSTRUCTION;
}

static void test_selectors(void **state)
{
    (void)state;
    static const struct {
        unsigned reg;
        bool without, with; /* interrupt files: legal? */
    } cases[] = {
        {0x00, false, false}, {0x2f, false, false}, {0x30, true, true},    {0x31, false, false},
        {0x3e, true, true},   {0x3f, false, false}, {0x40, false, false},  {0x6f, false, false},
        {0x70, false, true},  {0x71, false, true},  {0x72, false, true},   {0x7f, false, true},
        {0x80, false, true},  {0x81, false, false}, {0xbf, false, false},  {0xc0, false, true},
        {0xfe, false, true},  {0xff, false, false}, {0x100, false, false},
    };
    for (unsigned has = 0; has < 2; has++) {
        Board board;
        open_with_files(&board, has);
        for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
            set_csr(&board, SISELECT, cases[n].reg);
            set_csr(&board, MISELECT, cases[n].reg);
            bool legal = has ? cases[n].with : cases[n].without;
            assert_int_equal(run_one(&board, CSRR(A0, SIREG)), legal);
            assert_int_equal(run_one(&board, CSRR(A0, MIREG)), legal);
        }
        assert_int_equal(run_one(&board, CSRR(A0, STOPEI)), has);
        assert_int_equal(run_one(&board, CSRR(A0, MTOPEI)), has);
        set_csr(&board, SISELECT, UINT64_MAX);
        assert_int_equal(csr(&board, SISELECT), 0x1ff);
        board_close(&board);
    }
}

static void test_priorities_are_zero(void **state)
{
    (void)state;
    Board board;
    open_with_files(&board, false);
    set_reg(&board, A1, UINT64_MAX);
    set_csr(&board, SISELECT, 0x32);
    assert_true(run_one(&board, CSRRW(A0, SIREG, A1)));
    assert_true(run_one(&board, CSRR(A0, SIREG)));
    assert_int_equal(reg(&board, A0), 0);
    board_close(&board);
}

/* One access reads and writes, and says what is to change. */
static void test_access_of_a_file(void **state)
{
    (void)state;
    const struct {
        uint32_t word;
        bool writes;
        uint64_t after;
    } cases[] = {
        {CSRRW(A0, SIREG, A1), true, 0x0ff0},   {CSRRS(A0, SIREG, A1), true, 0xfff0},
        {CSRRC(A0, SIREG, A1), true, 0xf000},   {CSRRS(A0, SIREG, ZERO), false, 0xff00},
        {CSRRW(A0, SIREG, ZERO), true, 0x0000}, {CSRRC(A0, SIREG, ZERO), false, 0xff00},
    };
    for (size_t n = 0; n < sizeof cases / sizeof *cases; n++) {
        Board board;
        open_with_files(&board, true);
        board.file_value = 0xff00;
        set_csr(&board, SISELECT, 0x80);
        set_reg(&board, A1, 0x0ff0);
        assert_true(run_one(&board, cases[n].word));
        assert_int_equal(reg(&board, A0), 0xff00);
        assert_int_equal(board.file_value, cases[n].after);
        assert_int_equal(board.file_written, cases[n].writes);
        assert_int_equal(board.file_reg, 0x80);
        assert_false(board.file_machine);
        board_close(&board);
    }
    Board board;
    open_with_files(&board, true);
    board.file_value = 0x50005;
    assert_true(run_one(&board, CSRRW(A0, MTOPEI, ZERO)));
    assert_int_equal(reg(&board, A0), 0x50005);
    assert_true(board.file_written && board.file_machine);
    assert_int_equal(board.file_reg, EMU_RISCV_FILE_TOP);
    board_close(&board);
}

static void test_top_interrupt(void **state)
{
    (void)state;
    Board board;
    open_with_files(&board, false);
    assert_int_equal(csr(&board, MTOPI), 0);
    set_csr(&board, MIE, 1 << 1 | 1 << 9 | 1 << 11 | 1 << 7);
    set_csr(&board, MIDELEG, 1 << 1 | 1 << 9);
    emu_riscv_hart_set_input(board.hart[0], 7, true);
    assert_int_equal(csr(&board, MTOPI), 7 << 16 | 1);
    emu_riscv_hart_set_input(board.hart[0], 11, true);
    assert_int_equal(csr(&board, MTOPI), 11 << 16 | 1);
    assert_int_equal(csr(&board, STOPI), 0);
    emu_riscv_hart_set_input(board.hart[0], 1, true);
    assert_int_equal(csr(&board, STOPI), 1 << 16 | 1);
    emu_riscv_hart_set_input(board.hart[0], 9, true);
    assert_int_equal(csr(&board, STOPI), 9 << 16 | 1);
    assert_false(run_one(&board, CSRRW(A0, STOPI, A0))); /* read-only */
    board_close(&board);
}

/* mvip shows the bits of mip that software sets, and not the line that comes in (AIA 5.3). */
static void test_virtual_interrupts(void **state)
{
    (void)state;
    Board board;
    open_with_files(&board, false);
    set_csr(&board, MVIEN, UINT64_MAX);
    assert_int_equal(csr(&board, MVIEN), 0);
    emu_riscv_hart_set_input(board.hart[0], 9, true);
    assert_int_equal(csr(&board, MIP), 1 << 9);
    assert_int_equal(csr(&board, MVIP), 0);
    set_csr(&board, MVIP, UINT64_MAX);
    assert_int_equal(csr(&board, MVIP), 1 << 1 | 1 << 5 | 1 << 9);
    assert_int_equal(csr(&board, MIP), 1 << 1 | 1 << 5 | 1 << 9);
    set_csr(&board, MVIP, 0);
    assert_int_equal(csr(&board, MIP), 1 << 9);
    board_close(&board);
}

static void test_without_the_extensions(void **state)
{
    (void)state;
    static const unsigned numbers[] = {SISELECT, SIREG,    STOPEI, STOPI,  MVIEN,
                                       MVIP,     MISELECT, MIREG,  MTOPEI, MTOPI};
    EmuRiscvIsa isa = emu_riscv_isa_base();
    Board board;
    board_open(&board, &isa);
    board.has_files = true;
    board_program(&board, HANDLER, (const uint32_t[]){HERE}, 1);
    set_csr(&board, MTVEC, HANDLER);
    for (size_t n = 0; n < sizeof numbers / sizeof *numbers; n++) {
        assert_false(run_one(&board, CSRR(A0, numbers[n])));
    }
    board_close(&board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_selectors),          cmocka_unit_test(test_priorities_are_zero),
        cmocka_unit_test(test_access_of_a_file),   cmocka_unit_test(test_top_interrupt),
        cmocka_unit_test(test_virtual_interrupts), cmocka_unit_test(test_without_the_extensions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
