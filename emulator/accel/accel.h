/* accel: how the CPUs of a machine are run; one table of functions for each way of doing it.
 *
 * The engine knows no more of a CPU than this. An accelerator makes a CPU of a device in the
 * hardware tree, is told of the levels of its interrupt inputs, and runs all of them between start
 * and stop. */
#ifndef VITRINE_EMULATOR_ACCEL_H
#define VITRINE_EMULATOR_ACCEL_H

#include "driver.h"
#include "engine/stats.h"

typedef struct EmuMachine EmuMachine;

/* With what a CPU goes on after it was reset: where, and what firmware or kernel is told. */
typedef struct EmuCpuEntry {
    uint64_t pc;
    uint64_t arguments[3]; /* in the registers of the calling convention: a0 to a2 */
} EmuCpuEntry;

/* What a debugger does with CPUs, all of which stand still. Registers are numbered as gdb does. */
typedef struct EmuAccelDebug {
    unsigned n_general; /* registers from 0 on, 64 bits each, that are read and written together */
    char *(*describe)(void *cpu); /* gdb's target description; free with g_free */
    /* False: there is no such register, or it cannot be written. */
    bool (*read_register)(void *cpu, unsigned number, uint64_t *ret_value);
    bool (*write_register)(void *cpu, unsigned number, uint64_t value);
    /* Memory at virtual addresses, as the CPU sees it; all of it or, with false, none. */
    bool (*read_memory)(void *cpu, uint64_t address, void *buffer, size_t size);
    bool (*write_memory)(void *cpu, uint64_t address, const void *buffer, size_t size);
    /* At a virtual address, of every CPU; one that gets there stops the machine and is reported by
     * emu_machine_break(). False: there are too many, or none there. */
    bool (*break_add)(void *state, uint64_t address);
    bool (*break_remove)(void *state, uint64_t address);
    void (*step)(void *cpu); /* one instruction, no interrupt */
    /* Whether it stands still while the others run, from the next start on. */
    void (*hold)(void *cpu, bool held);
} EmuAccelDebug;

typedef struct EmuAccel {
    const char *name; /* as declared: "none" */

    /* State of the whole machine's CPUs. False: error is set. */
    bool (*init)(EmuMachine *machine, void **ret_state, GError **error);
    void (*done)(void *state);
    /* The time of a machine whose accelerator makes it, and calls emu_machine_run_timers() as it
     * goes on. NULL, or returning NULL: time is the host's. */
    const struct EmuTimeSource *(*time)(void *state);

    /* With the machine's lock held. */
    bool (*cpu_init)(void *state, EmuDevice *device, void **ret_cpu, GError **error);
    void (*cpu_reset)(void *cpu);
    /* While CPUs stand still. Memory may have been written: what was decoded is forgotten. NULL:
     * CPUs never run. */
    void (*cpu_enter)(void *cpu, const EmuCpuEntry *entry);
    void (*cpu_input)(void *cpu, unsigned line, bool level);
    void (*cpu_done)(void *cpu);
    /* Fills in what is counted of a CPU, which may run; NULL: nothing is. */
    void (*cpu_stats)(void *cpu, EmuStats *stats);
    /* What `time` reads; called on each change, NULL if of no interest. */
    void (*timebase)(void *state, uint64_t frequency, uint64_t offset);

    /* The device that has the interrupt files of all CPUs at one level; NULL if of no interest. */
    void (*interrupt_files)(void *state, EmuDevice *device, bool machine_level);

    /* Without the lock. stop returns when no CPU runs; kick only asks for it (lock held or not), so
     * that a power request does not let the guest run on. NULL: CPUs never run. */
    void (*start)(void *state);
    void (*stop)(void *state);
    void (*kick)(void *state);

    const EmuAccelDebug *debug; /* NULL: there is nothing to debug */
} EmuAccel;

/* Every accelerator of this build, NULL-terminated. */
extern const EmuAccel *const emu_accels[];
const EmuAccel *emu_accel_find(const char *name); /* NULL: none such */

extern const EmuAccel emu_accel_interp;
extern const EmuAccel emu_accel_none;

#endif
