/* machine: a running machine, made of a finished hardware tree.
 *
 * The engine takes the tree by const reference, calls drivers in tree order, wires their interrupt
 * lines and undoes everything on failure. It knows no device type and no command. Any number of
 * machines can live in one process; what a machine needs of its surroundings is in its config.
 *
 * One lock a machine: every driver runs under it. Functions here take it themselves unless they say
 * otherwise; start, stop, reset, run and free are for one thread, the machine's owner. */
#ifndef VITRINE_EMULATOR_MACHINE_H
#define VITRINE_EMULATOR_MACHINE_H

#include "accel/accel.h"
#include "engine/clock.h"
#include "engine/space.h"
#include "engine/stats.h"
#include "engine/trace.h"
#include "host/backends.h"

typedef enum {
    EMU_MACHINE_BUILT,  /* has never run */
    EMU_MACHINE_PAUSED, /* virtual time stands still */
    EMU_MACHINE_RUNNING,
    EMU_MACHINE_SHUTDOWN, /* the guest switched it off: it runs again only after a reset */
} EmuMachineState;

/* A device's backend-side property as this run sets it: the tree names no host object. */
typedef struct EmuBinding {
    const char *device; /* id */
    const char *property;
    const char *value;
} EmuBinding;

typedef struct EmuMachineConfig {
    const EmuDriver *const *drivers; /* NULL-terminated */
    const EmuAccel *accel;
    EmuBackends *backends; /* NULL: there are none */
    const EmuBinding *bindings;
    size_t n_bindings;
    const EmuTimeSource *time; /* NULL: the host's monotonic clock */

    /* Called from any thread; each may be NULL. attention: call emu_machine_run() soon; the lock
     * may be held or not. log, with the lock held: one line of text about a device, without a
     * newline. */
    void (*attention)(void *context);
    /* After power-on and each reset, without the lock and with no CPU running: puts into memory
     * what the machine starts with. */
    void (*load)(void *context, EmuMachine *machine);
    void (*log)(void *context, const char *device, const char *text);
    /* What is traced (EmuTrace, a set), and where to: a line, from any thread, with the lock held
     * or not. */
    unsigned traced;
    void (*trace)(void *context, const char *line);
    void *context;
} EmuMachineConfig;

/* Builds the machine, in the state after power-on. The tree and what config points to must outlive
 * it. False: error names the device, and nothing is left behind. */
bool emu_machine_build(const MdlHardware *hardware, const EmuMachineConfig *config,
                       EmuMachine **ret_machine, GError **error);
void emu_machine_free(EmuMachine *machine);

const MdlHardware *emu_machine_hardware(const EmuMachine *machine);
EmuMachineState emu_machine_state(const EmuMachine *machine);
const char *emu_machine_state_name(EmuMachineState state); /* QMP's RunState word */

void emu_machine_start(EmuMachine *machine); /* nothing when running or shut down */
void emu_machine_stop(EmuMachine *machine);  /* nothing unless running */
/* Every device to its state after power-on; a machine shut down becomes paused. */
void emu_machine_reset(EmuMachine *machine);

/* Lets a CPU of a machine that does not run begin there; to be called again after each reset. */
void emu_device_enter(EmuDevice *cpu, const EmuCpuEntry *entry);

/* What a guest asked of the machine since the last call. */
typedef struct EmuPowerRequest {
    bool pending;
    EmuPower power;
    unsigned code;
    const char *device; /* id of the one that asked */
} EmuPowerRequest;

/* Calls the timers that are due. Returns nanoseconds until the next one, -1 for none. A power
 * request is left in ret_request; of reset and power-off the caller carries out what its policy
 * says. */
int64_t emu_machine_run(EmuMachine *machine, EmuPowerRequest *ret_request);
/* For accelerators that make time: calls the timers that are due; nanoseconds until the next one,
 * -1 for none. Whether the host is at work for a device, whose job then ends by itself. */
int64_t emu_machine_run_timers(EmuMachine *machine);
bool emu_machine_is_at_work(EmuMachine *machine);
/* Switches off as the guest asked to: stopped, in state SHUTDOWN. */
void emu_machine_power_off(EmuMachine *machine);

/* For accelerators, from any thread: a CPU is at a breakpoint, and none of them runs on. False:
 * another one is already, and the machine stops for that. */
bool emu_machine_break(EmuMachine *machine, EmuDevice *cpu);
/* The CPU at whose breakpoint the machine has to stop, or has stopped; NULL: none. */
EmuDevice *emu_machine_broken(const EmuMachine *machine);

int64_t emu_machine_now(const EmuMachine *machine); /* virtual nanoseconds; without the lock */

void emu_machine_lock(EmuMachine *machine);
void emu_machine_unlock(EmuMachine *machine);

/* ---- the balloon ----------------------------------------------------------------------------- */

/* Bytes of memory that the guest has, what it gave back taken off; or shall have, which it may
 * never come to. False: no device can ask for memory. */
bool emu_machine_balloon(EmuMachine *machine, uint64_t *ret_bytes);
bool emu_machine_set_balloon(EmuMachine *machine, uint64_t bytes);
/* Whether the guest has given back or taken since the last call. */
bool emu_machine_take_balloon_news(EmuMachine *machine, uint64_t *ret_bytes);

/* ---- run-time plug --------------------------------------------------------------------------- */

/* A device comes or goes. hardware: the tree with it, or without it, and else the same as before by
 * ids and types; it takes the place of the machine's tree, and both must outlive the machine.
 * False: error says why, and all is as it was. */
bool emu_machine_plug(EmuMachine *machine, const MdlHardware *hardware, const char *id,
                      GError **error);
/* Whether a device that is there could go now; the reason is NotHotpluggable or InUse. */
bool emu_machine_may_unplug(EmuMachine *machine, const char *id, GError **error);
/* Asks the guest to let go of a device that could go. False: nobody would answer; it may go at
 * once. When the guest has let go, or the machine was reset, emu_machine_next_let_go() names the
 * device after the next call of attention(). */
bool emu_machine_ask_to_let_go(EmuMachine *machine, const char *id);
bool emu_machine_was_asked(EmuMachine *machine, const char *id);
const char *emu_machine_next_let_go(EmuMachine *machine); /* NULL: none (left) */
bool emu_machine_unplug(EmuMachine *machine, const MdlHardware *hardware, const char *id,
                        GError **error);

/* ---- the system bus -------------------------------------------------------------------------- */

/* An access of 1, 2, 4 or 8 bytes as a CPU makes it; little-endian. False: nothing answers there
 * (a CPU takes an access fault). */
bool emu_machine_read(EmuMachine *machine, uint64_t address, unsigned size, uint64_t *ret_value);
bool emu_machine_write(EmuMachine *machine, uint64_t address, unsigned size, uint64_t value);
/* Constant once built: for CPUs that look up for themselves. */
const EmuSpace *emu_machine_space(const EmuMachine *machine);
/* The same for a range already found; offset is from its base. Lock taken inside. */
uint64_t emu_range_read(const EmuRange *range, uint64_t offset, unsigned size);
void emu_range_write(const EmuRange *range, uint64_t offset, unsigned size, uint64_t value);

/* The host's view of guest RAM; NULL unless the whole range is RAM. For boot code. */
uint8_t *emu_machine_ram(EmuMachine *machine, uint64_t address, uint64_t size);

/* ---- devices --------------------------------------------------------------------------------- */

size_t emu_machine_n_devices(const EmuMachine *machine);
EmuDevice *emu_machine_device_at(const EmuMachine *machine, size_t index); /* tree order */
EmuDevice *emu_machine_device(const EmuMachine *machine, const char *id);  /* NULL: none */
/* A line about something that is traced; for who has asked emu_machine_traces(). */
bool emu_machine_traces(const EmuMachine *machine, EmuTrace what);
void emu_machine_trace(const EmuMachine *machine, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* The accelerator, and its state of the whole machine. */
const EmuAccel *emu_machine_accel(const EmuMachine *machine);
void *emu_machine_accel_state(const EmuMachine *machine);
/* What was counted. False: the accelerator counts nothing, or the device is no CPU; of a CPU that
 * runs it is approximate. */
void emu_machine_stats(EmuMachine *machine, EmuStats *ret_stats);
void emu_device_stats(EmuDevice *device, EmuStats *ret_stats);
bool emu_device_cpu_stats(EmuDevice *device, EmuStats *ret_stats);
/* Level of an interrupt input line. */
bool emu_device_input_level(const EmuDevice *device, unsigned line);
/* A register of an interrupt file of a device that offers them; lock taken inside. */
uint64_t emu_device_access_file(EmuDevice *device, unsigned hart, unsigned reg,
                                const EmuFileChange *change);
/* The machine a device belongs to, and the CPU the accelerator made of it (NULL: it is none). */
EmuMachine *emu_device_machine(const EmuDevice *device);
void *emu_device_cpu(const EmuDevice *device);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EmuMachine, emu_machine_free)

#endif
