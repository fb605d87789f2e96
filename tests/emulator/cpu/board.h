/* board: a bare machine for tests of harts: memory at 0x80000000, a device that records at
 * 0x10000000, and a few encoders so that programs can be read. */
#ifndef VITRINE_TESTS_EMULATOR_CPU_BOARD_H
#define VITRINE_TESTS_EMULATOR_CPU_BOARD_H

#include "riscv.h"

enum { RAM_SIZE = 8 << 20, MAX_HARTS = 2, DEVICE = 0x10000000 };
#define RAM UINT64_C(0x80000000)

typedef struct Board {
    EmuRiscvBus *bus;
    EmuRiscvHart *hart[MAX_HARTS];
    uint8_t *ram;
    uint64_t time, deadline;
    uint64_t stored, stored_size, loads;
    bool has_files; /* interrupt files: the last access, and what reading gives */
    bool file_machine, file_written;
    unsigned file_reg;
    uint64_t file_value;
} Board;

/* One hart at RAM, in M mode, of this instruction set (NULL: all of it). */
void board_open(Board *board, const EmuRiscvIsa *isa);
void board_close(Board *board);
/* Writes a program of 4-byte words at an address and puts pc of hart 0 there. */
void board_program(Board *board, uint64_t address, const uint32_t *words, size_t count);
#define PROGRAM(board, ...)                                                                        \
    board_program(board, RAM, (const uint32_t[]){__VA_ARGS__},                                     \
                  sizeof((const uint32_t[]){__VA_ARGS__}) / 4)
void board_write(Board *board, uint64_t address, uint64_t value);
uint64_t board_read(const Board *board, uint64_t address);
uint64_t reg(const Board *board, unsigned number);
uint64_t csr(const Board *board, unsigned number);
void set_reg(Board *board, unsigned number, uint64_t value);
void set_csr(Board *board, unsigned number, uint64_t value);

enum { ZERO, RA, SP, GP, TP, T0, T1, T2, S0, S1, A0, A1, A2, A3, A4, A5, A6, A7 };

/* unpriv 2.3 */
static inline uint32_t enc_r(uint32_t match, unsigned rd, unsigned rs1, unsigned rs2)
{
    return match | rd << 7 | rs1 << 15 | rs2 << 20;
}

static inline uint32_t enc_i(uint32_t match, unsigned rd, unsigned rs1, int imm)
{
    return match | rd << 7 | rs1 << 15 | (uint32_t)imm << 20;
}

static inline uint32_t enc_s(uint32_t match, unsigned rs2, unsigned rs1, int imm)
{
    return match | rs1 << 15 | rs2 << 20 | ((uint32_t)imm & 31) << 7 | (uint32_t)imm >> 5 << 25;
}

static inline uint32_t enc_b(uint32_t match, unsigned rs1, unsigned rs2, int imm)
{
    uint32_t u = (uint32_t)imm;
    return match | rs1 << 15 | rs2 << 20 | (u >> 12 & 1) << 31 | (u >> 5 & 63) << 25 |
           (u >> 1 & 15) << 8 | (u >> 11 & 1) << 7;
}

#define ADDI(rd, rs1, imm)     enc_i(0x13, rd, rs1, imm)
#define SLLI(rd, rs1, imm)     enc_i(0x1013, rd, rs1, imm)
#define ADD(rd, rs1, rs2)      enc_r(0x33, rd, rs1, rs2)
#define LUI(rd, imm)           (0x37u | (uint32_t)(rd) << 7 | (uint32_t)(imm) << 12)
#define LB(rd, imm, rs1)       enc_i(0x3, rd, rs1, imm)
#define LW(rd, imm, rs1)       enc_i(0x2003, rd, rs1, imm)
#define LD(rd, imm, rs1)       enc_i(0x3003, rd, rs1, imm)
#define SB(rs2, imm, rs1)      enc_s(0x23, rs2, rs1, imm)
#define SW(rs2, imm, rs1)      enc_s(0x2023, rs2, rs1, imm)
#define SD(rs2, imm, rs1)      enc_s(0x3023, rs2, rs1, imm)
#define BEQ(rs1, rs2, imm)     enc_b(0x63, rs1, rs2, imm)
#define BNE(rs1, rs2, imm)     enc_b(0x1063, rs1, rs2, imm)
#define JALR(rd, rs1, imm)     enc_i(0x67, rd, rs1, imm)
#define CSRW(csr, rs1)         enc_i(0x1073, ZERO, rs1, csr)
#define CSRR(rd, csr)          enc_i(0x2073, rd, ZERO, csr)
#define CSRS(csr, rs1)         enc_i(0x2073, ZERO, rs1, csr)
#define CSRC(csr, rs1)         enc_i(0x3073, ZERO, rs1, csr)
#define LR_D(rd, rs1)          enc_r(0x1000302f, rd, rs1, 0)
#define SC_D(rd, rs2, rs1)     enc_r(0x1800302f, rd, rs1, rs2)
#define AMOADD_D(rd, rs2, rs1) enc_r(0x302f, rd, rs1, rs2)
#define ECALL                  0x73u
#define EBREAK                 0x100073u
#define MRET                   0x30200073u
#define SRET                   0x10200073u
#define WFI                    0x10500073u
#define FENCE_I                0x100fu
#define SFENCE_VMA             0x12000073u
#define HERE                   0x6fu /* j . */
#define ILLEGAL                0xffffffffu

#endif
