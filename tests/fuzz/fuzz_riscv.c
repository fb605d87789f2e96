/* Instructions that a guest chose: decoded, printed and executed, in M mode with traps to
 * themselves. Whatever they are, the hart keeps its budget, x0 is zero, and nothing outside its
 * memory is touched (which the sanitizers watch). */
#include "riscv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

enum { MEMORY = 1 << 16, BUDGET = 300 };
#define BASE UINT64_C(0x80000000)

static bool load(void *ctx, uint64_t address, unsigned size, uint64_t *ret_value)
{
    (void)ctx;
    FUZZ_HOLDS(address % size == 0 && size <= 8);
    *ret_value = address;
    return !(address & 8);
}

static bool store(void *ctx, uint64_t address, unsigned size, uint64_t value)
{
    (void)ctx;
    (void)value;
    FUZZ_HOLDS(address % size == 0 && size <= 8);
    return !(address & 8);
}

static uint64_t counter(void *ctx)
{
    return ++*(uint64_t *)ctx;
}

static void disassemble(const uint8_t *data, size_t size)
{
    EmuRiscvIsa isas[] = {emu_riscv_isa_full(), emu_riscv_isa_base()};
    for (size_t at = 0; at + 4 <= size; at += 2) {
        uint32_t word;
        memcpy(&word, data + at, 4);
        for (unsigned n = 0; n < 2; n++) {
            char text[64];
            unsigned length = emu_riscv_disassemble(&isas[n], at, word, text, sizeof text);
            FUZZ_HOLDS(length == ((word & 3) == 3 ? 4 : 2) && strlen(text) > 2);
        }
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static EmuRiscvHart *hart; /* making one costs more than what it runs */
    static uint8_t *memory;
    static uint64_t time;
    size = size < MEMORY ? size : MEMORY;
    if (!hart) {
        EmuRiscvBusOps ops = {.load = load, .store = store, .time = counter};
        EmuRiscvIsa isa = emu_riscv_isa_full();
        EmuRiscvBus *bus = emu_riscv_bus_new(&ops, &time);
        memory = aligned_alloc(4096, MEMORY);
        FUZZ_HOLDS(emu_riscv_bus_add_memory(bus, BASE, MEMORY, memory, true, NULL));
        hart = emu_riscv_hart_new(bus, &isa, 0);
    }
    disassemble(data, size);
    memset(memory, 0, MEMORY);
    memcpy(memory, data, size);
    emu_riscv_hart_code_changed(hart);
    emu_riscv_hart_reset(hart, BASE);
    for (unsigned n = 1; n < 32; n++) {
        emu_riscv_hart_write(hart, n, BASE + n * 520);
    }
    emu_riscv_hart_write(hart, EMU_RISCV_REG_CSR0 + 0x300, 0x6000);
    emu_riscv_hart_write(hart, EMU_RISCV_REG_CSR0 + 0x305, BASE + size / 2);
    uint64_t before = emu_riscv_hart_stats(hart).instructions, zero;
    EmuRiscvExit why = emu_riscv_hart_run(hart, BUDGET);
    uint64_t done = emu_riscv_hart_stats(hart).instructions - before;
    FUZZ_HOLDS(why == EMU_RISCV_EXIT_WFI ? done <= BUDGET : done == BUDGET);
    FUZZ_HOLDS(emu_riscv_hart_read(hart, 0, &zero) && zero == 0);
    return 0;
}
