/* riscv_run: runs flat images on bare harts, for tests and benchmarks; not a program of the
 * product.
 *
 * An image is loaded at 0x80000000, where each hart starts in M mode with its number in a0. A write
 * of 0x5555 to 0x100000 ends the run, as on QEMU's machine virt; a byte written to 0x10000000 is
 * printed. With --save all of its memory is written to a file afterwards. */
#include "riscv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

enum {
    RAM_SIZE = 64 << 20,
    LARGE_PAGE = 2 << 20,
    TEST = 0x100000,
    UART = 0x10000000,
    FINISHED = 0x5555
};
#define RAM_BASE UINT64_C(0x80000000)

typedef struct Board {
    uint8_t *ram;
    EmuRiscvBus *bus;
    EmuRiscvHart *hart;
    bool finished;
    uint64_t code; /* what the guest wrote to TEST */
} Board;

static bool load(void *ctx, uint64_t address, unsigned size, uint64_t *ret_value)
{
    (void)ctx;
    (void)size;
    *ret_value = 0x60; /* a transmitter that is always ready */
    return address - UART < 8;
}

static bool store(void *ctx, uint64_t address, unsigned size, uint64_t value)
{
    Board *board = ctx;
    (void)size;
    if (address == TEST) {
        board->finished = true;
        board->code = value;
        emu_riscv_hart_stop(board->hart);
        return true;
    }
    if (address == UART) {
        putchar((int)(value & 0xff));
    }
    return address - UART < 8;
}

static uint64_t nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000 + (uint64_t)now.tv_nsec;
}

static uint64_t counter(void *ctx)
{
    (void)ctx;
    return nanoseconds() / 100;
}

static void trace(void *ctx, unsigned hart_id, const EmuRiscvEvent *event)
{
    (void)ctx;
    char text[80];
    uint32_t instruction = 0;
    memcpy(&instruction, event->code, event->size);
    EmuRiscvIsa isa = emu_riscv_isa_full();
    emu_riscv_disassemble(&isa, event->pc, instruction, text, sizeof text);
    fprintf(stderr, "%u %016" PRIx64 " %s\n", hart_id, event->pc, text);
}

static void board_open(Board *board, bool traced)
{
    EmuRiscvBusOps ops = {.load = load, .store = store, .time = counter, .trace = trace};
    EmuRiscvIsa isa = emu_riscv_isa_full();
    *board =
        (Board){.ram = aligned_alloc(LARGE_PAGE, RAM_SIZE), .bus = emu_riscv_bus_new(&ops, board)};
    madvise(board->ram, RAM_SIZE, MADV_HUGEPAGE); /* the guest's misses are the host's as well */
    memset(board->ram, 0, RAM_SIZE);
    emu_riscv_bus_add_memory(board->bus, RAM_BASE, RAM_SIZE, board->ram, true, NULL);
    board->hart = emu_riscv_hart_new(board->bus, &isa, 0);
    emu_riscv_hart_reset(board->hart, RAM_BASE);
    emu_riscv_hart_set_trace(board->hart, traced ? EMU_RISCV_TRACE_INSN : 0);
}

static void board_close(Board *board)
{
    emu_riscv_hart_free(board->hart);
    emu_riscv_bus_free(board->bus);
    free(board->ram);
}

/* 0: the guest said that it finished. */
static int board_run(Board *board, uint64_t budget)
{
    while (!board->finished) {
        EmuRiscvExit why = emu_riscv_hart_run(board->hart, budget);
        if (why != EMU_RISCV_EXIT_STOP) {
            return 1; /* too long, or waiting for what never comes */
        }
    }
    return board->code == FINISHED ? 0 : 1;
}

static int run_image(const char *path, bool traced, const char *save)
{
    Board board;
    board_open(&board, traced);
    FILE *file = fopen(path, "rb");
    if (!file || fread(board.ram, 1, RAM_SIZE, file) == 0) {
        fprintf(stderr, "riscv_run: %s: cannot be read\n", path);
        return 2;
    }
    fclose(file);
    uint64_t start = nanoseconds();
    int status = board_run(&board, UINT64_MAX);
    double seconds = (double)(nanoseconds() - start) / 1e9;
    EmuRiscvStats stats = emu_riscv_hart_stats(board.hart);
    fflush(stdout);
    fprintf(stderr,
            "%.3f s, %" PRIu64 " instructions, %.1f MIPS; misses: load %" PRIu64 ", store %" PRIu64
            ", fetch %" PRIu64 "; walks %" PRIu64 ", blocks %" PRIu64 ", exceptions %" PRIu64 "\n",
            seconds, stats.instructions, (double)stats.instructions / seconds / 1e6,
            stats.load_misses, stats.store_misses, stats.fetch_misses, stats.walks, stats.blocks,
            stats.exceptions);
    if (save && !g_file_set_contents(save, (const char *)board.ram, RAM_SIZE, NULL)) {
        fprintf(stderr, "riscv_run: %s: cannot be written\n", save);
        status = 2;
    }
    board_close(&board);
    return status;
}

/* The table of instructions, one a line, for generators of programs. */
static int print_table(void)
{
    EmuRiscvInsnInfo info;
    for (size_t n = 0; emu_riscv_insn_info(n, &info); n++) {
        printf("%s %s 0x%08x 0x%08x", info.name, info.format, info.match, info.mask);
        for (EmuRiscvExt ext = 0; ext < EMU_RISCV_EXT_COUNT; ext++) {
            if (info.extensions >> ext & 1) {
                printf(" %s", emu_riscv_ext_name(ext));
            }
        }
        putchar('\n');
    }
    return 0;
}

/* Words in hexadecimal on standard input, each disassembled at 0. */
static int print_text(void)
{
    EmuRiscvIsa isa = emu_riscv_isa_full();
    uint32_t word;
    while (scanf("%" SCNx32, &word) == 1) {
        char text[80];
        emu_riscv_disassemble(&isa, 0, word, text, sizeof text);
        puts(text);
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "--table") == 0) {
        return print_table();
    }
    if (argc == 2 && strcmp(argv[1], "--disassemble") == 0) {
        return print_text();
    }
    bool traced = argc == 3 && strcmp(argv[1], "--trace") == 0;
    bool saved = argc == 4 && strcmp(argv[1], "--save") == 0;
    if (argc == 2 || traced || saved) {
        return run_image(argv[argc - 1], traced, saved ? argv[2] : NULL);
    }
    fprintf(stderr, "usage: riscv_run [--trace | --save FILE] IMAGE | --table | --disassemble\n");
    return 2;
}
