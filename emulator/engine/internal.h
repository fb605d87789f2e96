/* internal: what the engine's own files know of a machine and its devices. For engine/ only. */
#ifndef VITRINE_EMULATOR_INTERNAL_H
#define VITRINE_EMULATOR_INTERNAL_H

#include "engine/machine.h"
#include "engine/pci.h"

#include <stdatomic.h>

typedef struct EmuLine { /* an interrupt input */
    unsigned n_high;     /* outputs that drive it high */
} EmuLine;

typedef struct EmuOutput { /* an interrupt output */
    bool level;
    EmuDevice *to; /* NULL: wired nowhere */
    unsigned line;
} EmuOutput;

typedef struct EmuJobs EmuJobs;
typedef struct EmuMsix EmuMsix;

struct EmuDevice {
    EmuMachine *machine;
    const MdlDevice *model;
    const EmuDriver *driver;
    void *state;
    bool alive; /* init has succeeded, done has not been called */

    EmuLine *inputs;
    unsigned n_inputs;
    EmuOutput *outputs;      /* of all irqs, one after the other */
    unsigned *first_outputs; /* by irq, and one more at the end */

    void **rams;              /* by region: host memory, or NULL */
    GPtrArray *chars;         /* EmuChar *, owned */
    GPtrArray *blocks;        /* EmuBlock *, owned */
    GPtrArray *nets;          /* EmuNet *, owned */
    EmuPciFunction *pci;      /* NULL: not a PCI function */
    EmuMsix *msix;            /* NULL: it has none */
    unsigned express;         /* of a root port: offset of its capability */
    EmuPciBus **pci_buses;    /* by provided bus, of a host bridge; else NULL each */
    void *bus_side;           /* what its bus's owner sees of it */
    void *cpu;                /* the accelerator's */
    bool is_asked, is_let_go; /* the guest was asked to let go of it; it has */
    EmuStats stats;
};

typedef struct EmuBalloon {
    EmuDevice *device; /* NULL: there is none */
    void (*target)(void *data, uint64_t bytes);
    void *data;
    uint64_t bytes; /* that the guest has given back */
    bool is_news;
} EmuBalloon;

struct EmuMachine {
    const MdlHardware *hardware;
    EmuMachineConfig config;
    EmuMachineState state;
    GMutex lock;
    EmuClock *clock;
    bool is_paced; /* the accelerator calls the timers */
    EmuSpace *space;
    EmuJobs *jobs;
    EmuDevice **devices; /* in tree order */
    size_t n_devices;
    GHashTable *by_model; /* const MdlDevice * -> EmuDevice * */
    void *accel_state;
    EmuPowerRequest power;
    EmuBalloon balloon;
    _Atomic uint64_t n_unimplemented; /* accesses to where nothing answers */
    EmuDevice *_Atomic broken; /* the CPU whose breakpoint stopped the machine; NULL: none did */
};

/* The backend that this run binds to a backend-side property, or what the tree says; NULL: none. */
const char *emu_device_backend_name(const EmuDevice *device, const char *property);
void emu_device_char_free(EmuChar *chr);
void emu_device_block_free(EmuBlock *block);
void emu_device_net_free(EmuNet *net);

/* machine.c, for plug.c; lock held. Makes a device, wires it and takes it to its state after
 * power-on; there is room in the array. False: it may be there all the same, as the last. */
bool emu_machine_add_device(EmuMachine *machine, const MdlDevice *model, GError **error);
void emu_machine_remove_last(EmuMachine *machine);

/* balloon.c: the device goes. */
void emu_balloon_forget(EmuDevice *device);
/* machine.c: emu_machine_run() is to be called soon. */
void emu_machine_need_attention(EmuMachine *machine);

/* msix.c, for pci.c. */
void emu_msix_free(EmuMsix *msix);
void emu_msix_reset(EmuDevice *device);
void emu_msix_config_written(EmuDevice *device);
bool emu_msix_has_bar(const EmuDevice *device, unsigned bar);
uint64_t emu_msix_read(EmuDevice *device, uint64_t offset, unsigned size);
void emu_msix_write(EmuDevice *device, uint64_t offset, unsigned size, uint64_t value);

/* jobs.c. _run: calls done() of what has ended; lock held. _free: no device is left. */
EmuJobs *emu_jobs_new(EmuMachine *machine);
void emu_jobs_run(EmuJobs *jobs);
bool emu_jobs_is_at_work(EmuJobs *jobs); /* or has ended some that were not told of it */
void emu_jobs_free(EmuJobs *jobs);

/* An access to a device's region or BAR, after the driver's access_sizes. Lock held. */
uint64_t emu_device_read(EmuDevice *device, unsigned region, uint64_t offset, unsigned size);
void emu_device_write(EmuDevice *device, unsigned region, uint64_t offset, unsigned size,
                      uint64_t value);

#endif
