/* interp: what the files of the accelerator share: its threads, its harts, and what both wait for.
 */
#ifndef VITRINE_EMULATOR_ACCEL_INTERP_H
#define VITRINE_EMULATOR_ACCEL_INTERP_H

#include "accel/accel.h"
#include "engine/machine.h"

#include <riscv.h>
#include <stdatomic.h>

#define NS_PER_S 1000000000

typedef struct Interp Interp;

enum { MAX_CPUS = 8 }; /* as many as the accelerator's declaration allows */

/* A thread, which runs the harts first to last. */
typedef struct Runner {
    Interp *interp;
    unsigned first, last;
    GThread *thread; /* NULL: has never run */
    GMutex lock;     /* orders what wakes a hart and the wait */
    GCond wake;
} Runner;

typedef struct Cpu {
    Interp *interp;
    Runner *runner;
    EmuRiscvHart *hart;
    EmuRiscvIsa isa;
    EmuDevice *device;
    EmuTimer *timer; /* of the supervisor's own timer (Sstc) */
    bool held;       /* by a debugger: stands still while others run; interp->lock */
} Cpu;

struct Interp {
    EmuMachine *machine;
    EmuRiscvBus *bus;    /* NULL: there is no hart yet */
    Cpu *cpus[MAX_CPUS]; /* by hart id */
    unsigned n_cpus;
    Runner runners[MAX_CPUS]; /* of hart i; or the first of all */
    bool single;
    EmuTimeSource time;          /* single: made of instructions */
    _Atomic int64_t now;         /* at the beginning of a turn */
    const Cpu *_Atomic turn;     /* whose turn it is */
    _Atomic uint64_t turn_start; /* its instructions then */
    EmuDevice *files[2]; /* interrupt files of supervisor and of machine level; NULL: none */

    /* What `time` reads. Changed with the machine's lock held, read without. */
    _Atomic uint64_t frequency, offset;

    GMutex lock;
    GCond changed;
    bool running;       /* harts may run */
    bool ending;        /* threads are to end */
    unsigned n_running; /* threads that are not parked */
};

/* Whether a hart may run now, and whether one of a thread's may. */
bool emu_interp_may_run(const Cpu *cpu);
bool emu_interp_runner_may_run(const Runner *runner);
/* The hart reached a breakpoint: nobody runs on. Where another one was first, the machine stops for
 * that, and this one gets here again. */
void emu_interp_break(Cpu *cpu);
/* Stands still until harts may run. False: the thread is to end. */
bool emu_interp_park(const Runner *runner);

/* interp_single.c: the thread of all harts, and the time that it makes. */
void *emu_interp_run_all(void *runner);
EmuTimeSource emu_interp_single_time(Interp *interp);

/* interp_debug.c */
extern const EmuAccelDebug emu_interp_debug;

#endif
