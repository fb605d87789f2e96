/* board: see the header. */
#include "board.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static bool load(void *ctx, uint64_t address, unsigned size, uint64_t *ret_value)
{
    Board *board = ctx;
    board->loads++;
    *ret_value = UINT64_C(0x8877665544332211) + size;
    return address - DEVICE < 4096;
}

static bool store(void *ctx, uint64_t address, unsigned size, uint64_t value)
{
    Board *board = ctx;
    board->stored = value;
    board->stored_size = size;
    return address - DEVICE < 4096;
}

static uint64_t now(void *ctx)
{
    return ((Board *)ctx)->time;
}

static void deadline(void *ctx, unsigned hart_id, uint64_t value)
{
    (void)hart_id;
    ((Board *)ctx)->deadline = value;
}

static bool file(void *ctx, unsigned hart_id, bool machine_level, unsigned reg,
                 const EmuRiscvChange *change, uint64_t *ret_value)
{
    Board *board = ctx;
    if (!board->has_files || hart_id != 0) {
        return false;
    }
    *ret_value = board->file_value;
    board->file_machine = machine_level;
    board->file_reg = reg;
    board->file_written = change;
    if (change) {
        board->file_value = (board->file_value & ~change->clear) | change->set;
    }
    return true;
}

void board_open(Board *board, const EmuRiscvIsa *isa)
{
    EmuRiscvBusOps ops = {
        .load = load, .store = store, .time = now, .deadline = deadline, .file = file};
    EmuRiscvIsa full = emu_riscv_isa_full();
    memset(board, 0, sizeof *board);
    board->ram = aligned_alloc(4096, RAM_SIZE);
    memset(board->ram, 0, RAM_SIZE);
    board->bus = emu_riscv_bus_new(&ops, board);
    assert_true(emu_riscv_bus_add_memory(board->bus, RAM, RAM_SIZE, board->ram, true, NULL));
    for (unsigned n = 0; n < MAX_HARTS; n++) {
        board->hart[n] = emu_riscv_hart_new(board->bus, isa ? isa : &full, n);
        emu_riscv_hart_reset(board->hart[n], RAM);
    }
}

void board_close(Board *board)
{
    for (unsigned n = 0; n < MAX_HARTS; n++) {
        emu_riscv_hart_free(board->hart[n]);
    }
    emu_riscv_bus_free(board->bus);
    free(board->ram);
}

void board_program(Board *board, uint64_t address, const uint32_t *words, size_t count)
{
    memcpy(board->ram + (address - RAM), words, count * 4);
    emu_riscv_hart_code_changed(board->hart[0]);
    set_reg(board, EMU_RISCV_REG_PC, address);
}

void board_write(Board *board, uint64_t address, uint64_t value)
{
    memcpy(board->ram + (address - RAM), &value, 8);
}

uint64_t board_read(const Board *board, uint64_t address)
{
    uint64_t value;
    memcpy(&value, board->ram + (address - RAM), 8);
    return value;
}

uint64_t reg(const Board *board, unsigned number)
{
    uint64_t value;
    assert_true(emu_riscv_hart_read(board->hart[0], number, &value));
    return value;
}

uint64_t csr(const Board *board, unsigned number)
{
    return reg(board, EMU_RISCV_REG_CSR0 + number);
}

void set_reg(Board *board, unsigned number, uint64_t value)
{
    assert_true(emu_riscv_hart_write(board->hart[0], number, value));
}

void set_csr(Board *board, unsigned number, uint64_t value)
{
    set_reg(board, EMU_RISCV_REG_CSR0 + number, value);
}
