/* interp_trace: what harts do, as lines of the machine's trace. */
#ifndef VITRINE_EMULATOR_INTERP_TRACE_H
#define VITRINE_EMULATOR_INTERP_TRACE_H

#include "engine/machine.h"

#include <riscv.h>

/* EmuRiscvTrace of what a machine traces, as a set. */
unsigned emu_interp_trace_kinds(const EmuMachine *machine);
void emu_interp_trace(const EmuMachine *machine, const EmuRiscvIsa *isa, unsigned hart_id,
                      const EmuRiscvEvent *event);

#endif
