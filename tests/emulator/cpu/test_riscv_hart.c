/* Harts: running, traps, interrupts, waiting, breakpoints, code that changes, several threads. */
#include "board.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

enum {
    MSTATUS = 0x300,
    MEDELEG = 0x302,
    MIDELEG = 0x303,
    MIE = 0x304,
    MTVEC = 0x305,
    MCOUNTEREN = 0x306,
    MENVCFG = 0x30a,
    MEPC = 0x341,
    MCAUSE = 0x342,
    MTVAL = 0x343,
    MIP = 0x344,
    STVEC = 0x105,
    SEPC = 0x141,
    SCAUSE = 0x142,
    STVAL = 0x143,
    STIMECMP = 0x14d,
    MCYCLE = 0xb00,
    MINSTRET = 0xb02,
};

#define HANDLER (RAM + 0x1000)

static EmuRiscvExit run(Board *board, uint64_t budget)
{
    return emu_riscv_hart_run(board->hart[0], budget);
}

/* A board whose traps end in a loop at HANDLER. */
static void open_with_handler(Board *board)
{
    board_open(board, NULL);
    board_program(board, HANDLER, (const uint32_t[]){HERE}, 1);
    set_csr(board, MTVEC, HANDLER);
}

static void test_budget_is_exact(void **state)
{
    (void)state;
    Board board;
    board_open(&board, NULL);
    PROGRAM(&board, ADDI(A0, A0, 1), ADDI(A0, A0, 1), ADDI(A0, A0, 1), BEQ(0, 0, -12));
    for (unsigned n = 1; n < 40; n++) {
        uint64_t before = emu_riscv_hart_stats(board.hart[0]).instructions;
        assert_int_equal(run(&board, n), EMU_RISCV_EXIT_BUDGET);
        assert_int_equal(emu_riscv_hart_stats(board.hart[0]).instructions - before, n);
    }
    uint64_t total = 39 * 40 / 2;
    assert_int_equal(reg(&board, A0), total - total / 4);
    board_close(&board);
}

/* The cause, value and pc that a single instruction at RAM leaves; a0 is its operand. */
static void assert_traps(uint32_t word, uint64_t a0, uint64_t cause, uint64_t value)
{
    Board board;
    open_with_handler(&board);
    PROGRAM(&board, ADDI(A5, ZERO, 7), word, ADDI(A5, ZERO, 9));
    set_reg(&board, A0, a0);
    run(&board, 10);
    assert_int_equal(reg(&board, EMU_RISCV_REG_PC), HANDLER);
    assert_int_equal(csr(&board, MCAUSE), cause);
    assert_int_equal(csr(&board, MTVAL), value);
    assert_int_equal(csr(&board, MEPC), RAM + 4);
    assert_int_equal(reg(&board, A5), 7);
    board_close(&board);
}

static void test_exceptions(void **state)
{
    (void)state;
    assert_traps(ILLEGAL, 0, 2, ILLEGAL);
    assert_traps(0x9002, 0, 3, RAM + 4); /* c.ebreak */
    assert_traps(EBREAK, 0, 3, RAM + 4);
    assert_traps(ECALL, 0, 11, 0);
    assert_traps(LD(A1, 8, A0), 0x4000, 5, 0x4008);
    assert_traps(SW(A1, 0, A0), 0x4000, 7, 0x4000);
    assert_traps(LD(A1, 0, A0), RAM + RAM_SIZE - 4, 5, RAM + RAM_SIZE);
    assert_traps(LR_D(A1, A0), RAM + 4, 4, RAM + 4);
    assert_traps(AMOADD_D(A1, A2, A0), RAM + 4, 6, RAM + 4);
    assert_traps(AMOADD_D(A1, A2, A0), DEVICE, 7, DEVICE);
    assert_traps(LW(A1, 0, A0), DEVICE + 2, 5, DEVICE + 2); /* misaligned at a device */
    assert_traps(CSRR(A1, 0x7c0), 0, 2, CSRR(A1, 0x7c0));
    assert_traps(CSRW(0xf14, A0), 0, 2, CSRW(0xf14, A0));                     /* read-only */
    assert_traps(CSRR(A1, 0x003), 0, 2, CSRR(A1, 0x003));                     /* FS is Off */
    assert_traps(enc_r(0x2007053, 1, 1, 1), 0, 2, enc_r(0x2007053, 1, 1, 1)); /* so fadd.d */
    assert_traps(enc_i(0x3007, 1, A0, 0), RAM, 2, enc_i(0x3007, 1, A0, 0));   /* and fld */
}

static void test_fetch_faults_where_it_is(void **state)
{
    (void)state;
    Board board;
    open_with_handler(&board);
    PROGRAM(&board, JALR(RA, A0, 0));
    set_reg(&board, A0, 0x5000);
    run(&board, 4);
    assert_int_equal(csr(&board, MCAUSE), 1);
    assert_int_equal(csr(&board, MEPC), 0x5000);
    assert_int_equal(csr(&board, MTVAL), 0x5000);
    assert_int_equal(reg(&board, RA), RAM + 4);
    board_close(&board);
}

/* A handler that cannot be fetched either still comes to the end of its budget. */
static void test_endless_traps_use_the_budget(void **state)
{
    (void)state;
    Board board;
    board_open(&board, NULL);
    set_csr(&board, MTVEC, 0x6000);
    PROGRAM(&board, ILLEGAL);
    assert_int_equal(run(&board, 1000), EMU_RISCV_EXIT_BUDGET);
    assert_int_equal(emu_riscv_hart_stats(board.hart[0]).exceptions, 1000);
    board_close(&board);
}

static void test_retired_are_those_that_did_not_trap(void **state)
{
    (void)state;
    Board board;
    open_with_handler(&board);
    board_program(&board, HANDLER, (const uint32_t[]){CSRR(A1, MINSTRET), CSRR(A2, MCYCLE), HERE},
                  3);
    PROGRAM(&board, CSRW(MINSTRET, ZERO), ADDI(A0, A0, 1), ADDI(A0, A0, 1), ECALL);
    run(&board, 10);
    assert_int_equal(reg(&board, A1), 2);
    board_close(&board);
}

static void test_delegation_and_return(void **state)
{
    (void)state;
    Board board;
    open_with_handler(&board);
    uint64_t user = RAM + 0x2000, supervisor = RAM + 0x3000;
    board_program(
        &board, user,
        (const uint32_t[]){ADDI(A0, ZERO, 5), ECALL, ADDI(A1, ZERO, 6), CSRR(A2, MSTATUS)}, 4);
    /* Steps over the call in S, then goes back to U. */
    board_program(&board, supervisor,
                  (const uint32_t[]){CSRR(T0, SEPC), ADDI(T0, T0, 4), CSRW(SEPC, T0), SRET}, 4);
    set_csr(&board, 0x3b0, UINT64_MAX >> 10);
    set_csr(&board, 0x3a0, 0x1f); /* PMP: everything */
    set_csr(&board, MEDELEG, 1 << 8);
    set_csr(&board, STVEC, supervisor);
    set_csr(&board, MEPC, user);
    PROGRAM(&board, MRET); /* MPP is U */
    run(&board, 12);
    assert_int_equal(csr(&board, SCAUSE), 8);
    assert_int_equal(reg(&board, A0), 5);
    assert_int_equal(reg(&board, A1), 6);
    assert_int_equal(csr(&board, MCAUSE), 2); /* mstatus is not U's */
    assert_int_equal(csr(&board, MEPC), user + 12);
    assert_int_equal(csr(&board, MSTATUS) >> 11 & 3, 0);
    assert_int_equal(reg(&board, EMU_RISCV_REG_PRIV), 3);
    board_close(&board);
}

static void test_interrupts(void **state)
{
    (void)state;
    Board board;
    open_with_handler(&board);
    PROGRAM(&board, HERE);
    set_csr(&board, MTVEC, HANDLER | 1); /* vectored */
    set_csr(&board, MIE, 0xaaa);
    assert_true(emu_riscv_hart_set_input(board.hart[0], 7, true));
    assert_false(emu_riscv_hart_set_input(board.hart[0], 7, true));
    assert_int_equal(csr(&board, MIP), 1 << 7);
    run(&board, 5);
    assert_int_equal(reg(&board, EMU_RISCV_REG_PC), RAM); /* MIE is clear */
    emu_riscv_hart_set_input(board.hart[0], 11, true);
    set_csr(&board, MSTATUS, 8);
    run(&board, 0);
    assert_int_equal(csr(&board, MCAUSE), UINT64_C(1) << 63 | 11); /* external before timer */
    assert_int_equal(reg(&board, EMU_RISCV_REG_PC), HANDLER + 4 * 11);
    assert_int_equal(csr(&board, MEPC), RAM);
    assert_int_equal(csr(&board, MSTATUS) & 0x88, 0x80);
    emu_riscv_hart_set_input(board.hart[0], 11, false);
    assert_int_equal(csr(&board, MIP), 1 << 7);
    board_close(&board);
}

/* SSIP rises from outside and is cleared by software; SEIP is an input beside a bit. */
static void test_supervisor_inputs(void **state)
{
    (void)state;
    Board board;
    open_with_handler(&board);
    emu_riscv_hart_set_input(board.hart[0], 1, true);
    assert_false(emu_riscv_hart_set_input(board.hart[0], 1, false));
    assert_int_equal(csr(&board, MIP), 1 << 1);
    PROGRAM(&board, CSRS(MIP, A0), CSRR(A1, MIP), CSRC(MIP, A2), CSRR(A3, MIP));
    set_reg(&board, A0, 1 << 9);
    set_reg(&board, A2, 1 << 1);
    emu_riscv_hart_set_input(board.hart[0], 9, true);
    run(&board, 4);
    assert_int_equal(reg(&board, A1), 1 << 9 | 1 << 1);
    assert_int_equal(reg(&board, A3), 1 << 9);
    emu_riscv_hart_set_input(board.hart[0], 9, false);
    assert_int_equal(csr(&board, MIP), 1 << 9); /* what was set in it stays */
    board_close(&board);
}

static void test_waiting(void **state)
{
    (void)state;
    Board board;
    open_with_handler(&board);
    PROGRAM(&board, ADDI(A0, A0, 1), WFI, ADDI(A0, A0, 2), HERE);
    set_csr(&board, MIE, 1 << 7);
    assert_int_equal(run(&board, 100), EMU_RISCV_EXIT_WFI);
    assert_int_equal(run(&board, 100), EMU_RISCV_EXIT_WFI);
    assert_true(emu_riscv_hart_waiting(board.hart[0]));
    assert_int_equal(reg(&board, A0), 1);
    emu_riscv_hart_set_input(board.hart[0], 7, true);
    assert_false(emu_riscv_hart_waiting(board.hart[0]));
    assert_int_equal(run(&board, 2), EMU_RISCV_EXIT_BUDGET);
    assert_int_equal(reg(&board, A0), 3); /* MIE is clear: it goes on behind WFI */
    board_close(&board);
}

static void test_supervisor_timer(void **state)
{
    (void)state;
    Board board;
    open_with_handler(&board);
    set_csr(&board, MENVCFG, UINT64_C(1) << 63);
    set_csr(&board, MIE, 1 << 5);
    set_csr(&board, STIMECMP, 1000);
    assert_int_equal(board.deadline, 1000);
    assert_int_equal(emu_riscv_hart_deadline(board.hart[0]), 1000);
    PROGRAM(&board, WFI, HERE);
    assert_int_equal(run(&board, 100), EMU_RISCV_EXIT_WFI);
    board.time = 999;
    assert_true(emu_riscv_hart_waiting(board.hart[0]));
    board.time = 1000;
    assert_false(emu_riscv_hart_waiting(board.hart[0]));
    emu_riscv_hart_kick(board.hart[0]);
    assert_int_equal(run(&board, 100), EMU_RISCV_EXIT_BUDGET);
    assert_int_equal(csr(&board, MIP), 1 << 5);
    set_csr(&board, STIMECMP, 2000);
    assert_int_equal(csr(&board, MIP), 0);
    board_close(&board);
}

static void test_stop(void **state)
{
    (void)state;
    Board board;
    board_open(&board, NULL);
    PROGRAM(&board, HERE);
    emu_riscv_hart_stop(board.hart[0]);
    assert_int_equal(run(&board, UINT64_MAX), EMU_RISCV_EXIT_STOP);
    assert_int_equal(run(&board, 10), EMU_RISCV_EXIT_BUDGET); /* it was asked for once */
    board_close(&board);
}

static void test_breakpoints(void **state)
{
    (void)state;
    Board board;
    board_open(&board, NULL);
    PROGRAM(&board, ADDI(A0, A0, 1), ADDI(A0, A0, 1), ADDI(A0, A0, 1), BEQ(0, 0, -12));
    run(&board, 8); /* decoded and linked before there is a breakpoint */
    assert_true(emu_riscv_hart_break_add(board.hart[0], RAM + 8));
    for (unsigned n = 0; n < 3; n++) {
        assert_int_equal(run(&board, 100), EMU_RISCV_EXIT_BREAKPOINT);
        assert_int_equal(reg(&board, EMU_RISCV_REG_PC), RAM + 8);
        assert_int_equal(reg(&board, A0), 6 + 2 + n * 3);
    }
    assert_true(emu_riscv_hart_break_remove(board.hart[0], RAM + 8));
    assert_false(emu_riscv_hart_break_remove(board.hart[0], RAM + 8));
    assert_int_equal(run(&board, 100), EMU_RISCV_EXIT_BUDGET);
    board_close(&board);
}

/* A breakpoint is passed over by who has just been told of it, and by nobody else: not by a hart
 * that was stopped for another reason there, nor by one whom a debugger put there. */
static void test_breakpoints_are_not_missed(void **state)
{
    (void)state;
    Board board;
    board_open(&board, NULL);
    PROGRAM(&board, ADDI(A0, A0, 1), ADDI(A0, A0, 1), BEQ(0, 0, -8));
    assert_true(emu_riscv_hart_break_add(board.hart[0], RAM + 4));
    assert_int_equal(run(&board, 1), EMU_RISCV_EXIT_BUDGET);
    assert_int_equal(run(&board, 100), EMU_RISCV_EXIT_BREAKPOINT);
    emu_riscv_hart_break_again(board.hart[0]);
    assert_int_equal(run(&board, 100), EMU_RISCV_EXIT_BREAKPOINT);
    assert_int_equal(reg(&board, A0), 1);
    set_reg(&board, EMU_RISCV_REG_PC, RAM + 4);
    assert_int_equal(run(&board, 100), EMU_RISCV_EXIT_BREAKPOINT);
    assert_int_equal(run(&board, 100), EMU_RISCV_EXIT_BREAKPOINT);
    assert_int_equal(reg(&board, A0), 3);
    board_close(&board);
}

static void test_stepping(void **state)
{
    (void)state;
    Board board;
    open_with_handler(&board);
    PROGRAM(&board, ADDI(A0, A0, 1), WFI, ADDI(A0, A0, 1), HERE);
    set_csr(&board, MIE, 1 << 3);
    set_csr(&board, MSTATUS, 1 << 3);
    assert_true(emu_riscv_hart_break_add(board.hart[0], RAM));
    emu_riscv_hart_set_input(board.hart[0], 3, true); /* pending, and held back */
    for (unsigned n = 1; n <= 3; n++) {
        emu_riscv_hart_stop(board.hart[0]);
        emu_riscv_hart_step(board.hart[0]);
        assert_int_equal(reg(&board, EMU_RISCV_REG_PC), RAM + 4 * n);
    }
    assert_int_equal(reg(&board, A0), 2);
    run(&board, 1);
    assert_int_equal(csr(&board, MEPC), RAM + 12);
    board_close(&board);
}

/* The description names what can be read, by the same numbers. */
static void test_description(void **state)
{
    (void)state;
    Board board;
    board_open(&board, NULL);
    g_autofree char *text = emu_riscv_hart_describe(board.hart[0]);
    unsigned count = 0;
    for (const char *at = text; (at = strstr(at, "regnum=\"")); count++) {
        at += strlen("regnum=\"");
        uint64_t value;
        assert_true(emu_riscv_hart_read(board.hart[0], (unsigned)strtoul(at, NULL, 10), &value));
    }
    assert_true(count > 33 + 32 + 50);
    assert_non_null(strstr(text, "name=\"satp\" bitsize=\"64\" regnum=\"449\""));
    board_close(&board);
}

static void test_code_that_changes(void **state)
{
    (void)state;
    Board board;
    board_open(&board, NULL);
    /* Runs the instruction at +28, stores another one there, FENCE.I, runs it again. */
    PROGRAM(&board, JALR(RA, A3, 28), SW(A2, 28, A3), FENCE_I, JALR(RA, A3, 28), HERE, 0, 0,
            ADDI(A0, A0, 1), JALR(ZERO, RA, 0));
    set_reg(&board, A3, RAM);
    set_reg(&board, A2, ADDI(A0, A0, 64));
    run(&board, 20);
    assert_int_equal(reg(&board, A0), 65);
    board_close(&board);
}

static void test_reservations(void **state)
{
    (void)state;
    Board board;
    board_open(&board, NULL);
    uint64_t at = RAM + 0x4000;
    set_reg(&board, A0, at);
    set_reg(&board, A1, 42);
    PROGRAM(&board, LR_D(A2, A0), SC_D(A3, A1, A0), SC_D(A4, A1, A0), LR_D(A2, A0), SD(ZERO, 0, A0),
            SC_D(A5, A1, A0), HERE);
    board_write(&board, at, 7);
    run(&board, 7);
    assert_int_equal(reg(&board, A2), 42);
    assert_int_equal(reg(&board, A3), 0);
    assert_int_equal(reg(&board, A4), 1); /* no reservation any more */
    assert_int_equal(reg(&board, A5), 1); /* somebody stored in between */
    assert_int_equal(board_read(&board, at), 0);
    board_close(&board);
}

enum { ROUNDS = 5000 };

static void *run_other(void *hart)
{
    emu_riscv_hart_run(hart, UINT64_MAX);
    return NULL;
}

/* Each of two harts adds 1 as often as the other, by AMOADD and by LR/SC, and then waits. */
static void test_two_threads_add(void **state)
{
    (void)state;
    Board board;
    board_open(&board, NULL);
    uint64_t at = RAM + 0x4000;
    PROGRAM(&board, AMOADD_D(ZERO, A1, A0), LR_D(A2, A0), ADD(A2, A2, A1), SC_D(A3, A2, A0),
            BNE(A3, ZERO, -12), ADDI(A5, A5, -1), BNE(A5, ZERO, -24), WFI);
    for (unsigned n = 0; n < 2; n++) {
        emu_riscv_hart_write(board.hart[n], A0, at);
        emu_riscv_hart_write(board.hart[n], A1, 1);
        emu_riscv_hart_write(board.hart[n], A5, ROUNDS);
    }
    GThread *thread = g_thread_new("hart1", run_other, board.hart[1]);
    assert_int_equal(run(&board, UINT64_MAX), EMU_RISCV_EXIT_WFI);
    g_thread_join(thread);
    assert_int_equal(board_read(&board, at), 2 * 2 * ROUNDS);
    board_close(&board);
}

static void test_devices(void **state)
{
    (void)state;
    Board board;
    board_open(&board, NULL);
    set_reg(&board, A0, DEVICE);
    PROGRAM(&board, LW(A1, 0, A0), LB(A2, 1, A0), SB(A1, 3, A0), HERE);
    run(&board, 3);
    assert_int_equal(reg(&board, A1), 0x44332215);
    assert_int_equal(reg(&board, A2), 0x12);
    assert_int_equal(board.stored, 0x15);
    assert_int_equal(board.stored_size, 1);
    assert_int_equal(emu_riscv_hart_stats(board.hart[0]).device_loads, 2);
    board_close(&board);
}

static void test_memory_is_checked(void **state)
{
    (void)state;
    Board board;
    board_open(&board, NULL);
    GError *error = NULL;
    assert_false(emu_riscv_bus_add_memory(board.bus, RAM + 4096, 4096, board.ram, true, &error));
    assert_non_null(strstr(error->message, "overlaps"));
    g_clear_error(&error);
    assert_false(emu_riscv_bus_add_memory(board.bus, 100, 4096, board.ram, true, &error));
    g_clear_error(&error);
    assert_false(emu_riscv_bus_add_memory(board.bus, -(uint64_t)4096, 8192, board.ram, true, NULL));
    assert_false(emu_riscv_bus_add_memory(board.bus, 0, 4096, board.ram + 1, true, NULL));
    /* Read-only: loads are memory's, stores the bus's, which has nothing there. */
    assert_true(emu_riscv_bus_add_memory(board.bus, 0, 4096, board.ram, false, NULL));
    PROGRAM(&board, LD(A0, 0, ZERO), SD(A0, 0, ZERO));
    board_program(&board, HANDLER, (const uint32_t[]){HERE}, 1);
    set_csr(&board, MTVEC, HANDLER);
    set_reg(&board, EMU_RISCV_REG_PC, RAM);
    run(&board, 5);
    assert_int_equal(csr(&board, MCAUSE), 7);
    assert_int_equal(reg(&board, A0), board_read(&board, RAM));
    board_close(&board);
}

static void test_peek_and_poke(void **state)
{
    (void)state;
    Board board;
    board_open(&board, NULL);
    char text[16] = "abcdefghijklmno", back[16];
    uint64_t at = RAM + 4096 - 8;
    assert_true(emu_riscv_hart_poke(board.hart[0], at, text, sizeof text));
    assert_true(emu_riscv_hart_peek(board.hart[0], at, back, sizeof back));
    assert_string_equal(back, text);
    assert_false(emu_riscv_hart_peek(board.hart[0], RAM + RAM_SIZE - 8, back, sizeof back));
    assert_false(emu_riscv_hart_peek(board.hart[0], DEVICE, back, 1));
    assert_int_equal(board.loads, 0);
    board_close(&board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_budget_is_exact),
        cmocka_unit_test(test_exceptions),
        cmocka_unit_test(test_fetch_faults_where_it_is),
        cmocka_unit_test(test_endless_traps_use_the_budget),
        cmocka_unit_test(test_retired_are_those_that_did_not_trap),
        cmocka_unit_test(test_delegation_and_return),
        cmocka_unit_test(test_interrupts),
        cmocka_unit_test(test_supervisor_inputs),
        cmocka_unit_test(test_waiting),
        cmocka_unit_test(test_supervisor_timer),
        cmocka_unit_test(test_stop),
        cmocka_unit_test(test_breakpoints),
        cmocka_unit_test(test_breakpoints_are_not_missed),
        cmocka_unit_test(test_stepping),
        cmocka_unit_test(test_description),
        cmocka_unit_test(test_code_that_changes),
        cmocka_unit_test(test_reservations),
        cmocka_unit_test(test_two_threads_add),
        cmocka_unit_test(test_devices),
        cmocka_unit_test(test_memory_is_checked),
        cmocka_unit_test(test_peek_and_poke),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
