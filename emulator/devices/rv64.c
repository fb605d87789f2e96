/* rv64: a RISC-V hart as a device: it sits on the CPU bus and has interrupt inputs, whose numbers
 * are those of the causes (RISC-V privileged 3.1.9). What runs it is the accelerator. */
#include "driver.h"
#include "types/rv64.h"

const EmuDriver emu_driver_rv64 = {
    .type = &mdl_type_rv64,
    .init = emu_cpu_init,
    .reset = emu_cpu_reset,
    .done = emu_cpu_done,
    .input = emu_cpu_input,
};
