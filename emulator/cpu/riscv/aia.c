/* aia: CSRs that are a window onto other registers (RISC-V AIA 1.0, 2): the priorities of a hart's
 * interrupts, all of which read as zero, and its interrupt files, which are not in the hart. */
#include "internal.h"

enum { /* of miselect and siselect (AIA 2.1, 3.8) */
       PRIORITIES = 0x30,
       PRIORITIES_END = 0x40,
       FILES = 0x70,
       FILES_ARRAYS = 0x80, /* the pending and the enable bits: odd ones are RV32's */
       FILES_END = 0x100,
};

static bool file_access(Hart *hart, bool machine_level, unsigned reg, const EmuRiscvChange *change,
                        uint64_t *ret_value)
{
    const EmuRiscvBus *bus = hart->bus;
    if (!bus->ops.file) {
        return false;
    }
    bool running = emu_riscv_fp_leave(hart);
    bool found = bus->ops.file(bus->ctx, hart->id, machine_level, reg, change, ret_value);
    if (running) {
        emu_riscv_fp_enter(hart);
    }
    return found;
}

bool emu_riscv_window_access(Hart *hart, unsigned csr, const EmuRiscvChange *change,
                             uint64_t *ret_value)
{
    bool machine_level = csr == CSR_MIREG || csr == CSR_MTOPEI;
    if (csr == CSR_MTOPEI || csr == CSR_STOPEI) {
        return file_access(hart, machine_level, EMU_RISCV_FILE_TOP, change, ret_value);
    }
    unsigned reg = machine_level ? hart->miselect : hart->siselect;
    bool even = reg % 2 == 0;
    if (reg >= PRIORITIES && reg < PRIORITIES_END) {
        *ret_value = 0;
        return even;
    }
    return reg >= FILES && reg < FILES_END && (even || reg < FILES_ARRAYS) &&
           file_access(hart, machine_level, reg, change, ret_value);
}
