/* Memory as two harts see it, each in a thread of its own: the outcomes that the memory model
 * forbids (unpriv 17, RVWMO) with the fences and atomics that forbid them. In each of its rounds a
 * hart writes the round's number, so that every round of one is a test with every round of the
 * other. */
#include "board.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

enum { ROUNDS = 60000 };
#define X_AT       (RAM + 0x100000)
#define Y_AT       (RAM + 0x200000)
#define START_AT   (RAM + 0x280000)
#define SEEN_AT(h) (RAM + 0x300000 + (h)*0x100000)

#define FENCE(pred, succ) (0x0000000fu | (uint32_t)(pred) << 24 | (uint32_t)(succ) << 20)
enum { R = 2, W = 1, RW = 3 };
#define AQ                 (1u << 26)
#define RL                 (1u << 25)
#define NOP                ADDI(ZERO, ZERO, 0)
#define AMOSWAP_D(d, s, a) enc_r(0x0800302f, d, a, s)

/* Waits for the other hart; then in each round three instructions, with X in S0, Y in S1 and the
 * round in T0, and what T1 and T2 have seen is written down. */
static void write_program(Board *board, unsigned hart, uint32_t first, uint32_t middle,
                          uint32_t last)
{
    const uint32_t words[] = {
        AMOADD_D(ZERO, T0, A4),
        LD(T1, 0, A4),
        BNE(T1, A5, -4),
        first,
        middle,
        last,
        SD(T1, 0, A2),
        SD(T2, 8, A2),
        ADDI(T0, T0, 1),
        ADDI(A2, A2, 16),
        ADDI(A3, A3, -1),
        BNE(A3, ZERO, -32),
        WFI,
    };
    memcpy(board->ram + hart * 0x1000, words, sizeof words);
}

static void *run_hart(void *hart)
{
    assert_int_equal(emu_riscv_hart_run(hart, UINT64_MAX), EMU_RISCV_EXIT_WFI);
    return NULL;
}

static void run_both(Board *board)
{
    GThread *threads[2];
    for (unsigned n = 0; n < 2; n++) {
        EmuRiscvHart *hart = board->hart[n];
        const uint64_t values[][2] = {
            {S0, X_AT},   {S1, Y_AT},     {T0, 1}, {A2, SEEN_AT(n)},
            {A3, ROUNDS}, {A4, START_AT}, {A5, 2}, {EMU_RISCV_REG_PC, RAM + n * 0x1000},
        };
        for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
            assert_true(emu_riscv_hart_write(hart, (unsigned)values[i][0], values[i][1]));
        }
        emu_riscv_hart_code_changed(hart);
        threads[n] = g_thread_new("hart", run_hart, hart);
    }
    for (unsigned n = 0; n < 2; n++) {
        g_thread_join(threads[n]);
    }
}

/* What a hart saw in a round, 1 to ROUNDS. */
static uint64_t seen(const Board *board, unsigned hart, uint64_t round, unsigned which)
{
    return board_read(board, SEEN_AT(hart) + (round - 1) * 16 + which * 8);
}

/* Each hart stores its round, then looks for the other's. Where one has not seen the other's next
 * round yet, that round has to see this one. */
static unsigned n_both_missed(const Board *board)
{
    unsigned n = 0;
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        uint64_t next = seen(board, 0, round, 0) + 1;
        n += next <= ROUNDS && seen(board, 1, next, 0) < round;
    }
    return n;
}

static unsigned store_buffering(uint32_t x, uint32_t y, uint32_t middle)
{
    Board board;
    board_open(&board, NULL);
    write_program(&board, 0, x, middle, LD(T1, 0, S1));
    write_program(&board, 1, y, middle, LD(T1, 0, S0));
    run_both(&board);
    unsigned n = n_both_missed(&board);
    board_close(&board);
    return n;
}

static void test_store_buffering(void **state)
{
    (void)state;
    assert_int_equal(store_buffering(SD(T0, 0, S0), SD(T0, 0, S1), FENCE(RW, RW)), 0);
    assert_int_equal(
        store_buffering(AMOSWAP_D(ZERO, T0, S0) | AQ | RL, AMOSWAP_D(ZERO, T0, S1) | AQ | RL, NOP),
        0);
}

/* Whether a host does what is forbidden without a fence depends on the host; the check has to see
 * it in any case: here each misses all that the other wrote. */
static void test_what_is_forbidden_is_seen(void **state)
{
    (void)state;
    Board board;
    board_open(&board, NULL);
    assert_int_equal(n_both_missed(&board), ROUNDS);
    board_close(&board);
}

/* A message, then the flag that it is there: who sees the flag sees the message. */
static void test_message_passing(void **state)
{
    (void)state;
    static const struct {
        uint32_t release, acquire;
    } cases[] = {
        {FENCE(W, W), FENCE(R, R)},
        {FENCE(RW, W), FENCE(R, RW)},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        Board board;
        board_open(&board, NULL);
        write_program(&board, 0, SD(T0, 0, S0), cases[i].release, SD(T0, 0, S1));
        write_program(&board, 1, LD(T1, 0, S1), cases[i].acquire, LD(T2, 0, S0));
        run_both(&board);
        for (uint64_t round = 1; round <= ROUNDS; round++) {
            assert_true(seen(&board, 1, round, 1) >= seen(&board, 1, round, 0));
        }
        board_close(&board);
    }
}

/* Reservations: of increments by LR and SC none is lost, and none is made twice. */
static void test_reservations(void **state)
{
    (void)state;
    Board board;
    board_open(&board, NULL);
    const uint32_t words[] = {
        LR_D(T1, S0) | AQ,
        ADDI(T1, T1, 1),
        SC_D(T2, T1, S0) | RL,
        BNE(T2, ZERO, -12),
        ADDI(A3, A3, -1),
        BNE(A3, ZERO, -20),
        WFI,
    };
    memcpy(board.ram, words, sizeof words);
    memcpy(board.ram + 0x1000, words, sizeof words);
    run_both(&board);
    assert_int_equal(board_read(&board, X_AT), 2 * ROUNDS);
    board_close(&board);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_store_buffering),
        cmocka_unit_test(test_what_is_forbidden_is_seen),
        cmocka_unit_test(test_message_passing),
        cmocka_unit_test(test_reservations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
