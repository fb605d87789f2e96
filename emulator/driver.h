/* driver: what a device is made of, and all that it may ask of the machine around it.
 *
 * The one header a device's source sees beside its generated properties. A driver is a constant
 * table of functions; the engine owns every instance of it. No driver reads the command line, JSON,
 * the device tree or another device: it is told its properties, and reaches others only through
 * interrupt lines, guest memory and the bus it provides.
 *
 * What a guest does is never an error of ours: a wrong access is answered as the hardware would,
 * counted, and reported through emu_device_guest_error().
 *
 * Every function of a driver is called with the machine's lock held, one at a time; none may block.
 * Services are to be called from there only, those excepted that say otherwise. */
#ifndef VITRINE_EMULATOR_DRIVER_H
#define VITRINE_EMULATOR_DRIVER_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>
#include <model.h>

typedef struct EmuDevice EmuDevice;
typedef struct EmuPciDriver EmuPciDriver;
typedef struct EmuFileChange EmuFileChange;

/* ---- a driver -------------------------------------------------------------------------------- */

/* The sizes of an access, in bytes, as a set. */
#define EMU_ACCESS_1   1u
#define EMU_ACCESS_2   2u
#define EMU_ACCESS_4   4u
#define EMU_ACCESS_8   8u
#define EMU_ACCESS_ANY 15u

typedef struct EmuDriver {
    const MdlDeviceType *type; /* the declaration this is the driver of */
    size_t state_size;         /* bytes of private state, zeroed before init; 0: none */

    /* Makes the instance: reads its properties, takes what it needs from the host. False: error is
     * set, done() is not called. Guest memory and other devices are not to be touched yet. May be
     * NULL, like each function below. */
    bool (*init)(EmuDevice *device, GError **error);
    /* To the state after power-on. Called once before the machine first runs, and at each reset. */
    void (*reset)(EmuDevice *device);
    /* Gives back what init took; drives no line. Timers and character handles are released by the
     * engine. */
    void (*done)(EmuDevice *device);

    /* An access to a region (index as generated: NS16550A_REGION_REGS) that is not RAM. It lies
     * wholly inside the region, is naturally aligned and of a size in access_sizes; any other one
     * is answered with zero, counted, and never seen here. */
    unsigned access_sizes;
    uint64_t (*read)(EmuDevice *device, unsigned region, uint64_t offset, unsigned size);
    void (*write)(EmuDevice *device, unsigned region, uint64_t offset, unsigned size,
                  uint64_t value);

    /* A register of a hart's interrupt file is read and, unless change is NULL, written; returns
     * what it held before. Only of devices that offer files. */
    uint64_t (*file)(EmuDevice *device, unsigned hart, unsigned reg, const EmuFileChange *change);

    /* An interrupt input line changed its level. Called on changes only. */
    void (*input)(EmuDevice *device, unsigned line, bool level);

    /* A device came to a bus this one provides (bus: index as generated), or is about to go. */
    void (*plugged)(EmuDevice *device, unsigned bus, EmuDevice *child);
    void (*unplugged)(EmuDevice *device, unsigned bus, EmuDevice *child);
    /* Asks the guest to let go of a device on a bus that this one provides; emu_device_let_go()
     * says when it has. False: nobody there would answer. NULL: there is no way to ask. */
    bool (*ask_to_let_go)(EmuDevice *device, unsigned bus, EmuDevice *child);

    const EmuPciDriver *pci; /* of a PCI function or a PCI host bridge; else NULL */
    const void *shared;      /* for functions that several drivers share: which one this is */
} EmuDriver;

/* The private state, of the driver's state_size. */
void *emu_device_state(EmuDevice *device);
/* The device in the hardware tree: what a generated props_read() is given. */
const MdlDevice *emu_device_model(const EmuDevice *device);
/* The driver's .shared. */
const void *emu_device_shared(const EmuDevice *device);
/* What a device shows to the owner of its bus: an object whose kind both know by the bus's type.
 * Set in init; NULL until then. */
void emu_device_set_bus_side(EmuDevice *device, void *object);
void *emu_device_bus_side(const EmuDevice *device);
/* The device that provides the bus this one sits on; NULL: none does. */
EmuDevice *emu_device_bus_owner(const EmuDevice *device);
/* The guest has let go of all devices on a bus that this one provides: those that it was asked for
 * are taken away soon. */
void emu_device_let_go(EmuDevice *device, unsigned bus);
/* First address of a region on the system bus. */
uint64_t emu_device_region_base(const EmuDevice *device, unsigned region);

/* ---- interrupt lines ------------------------------------------------------------------------- */

/* Drives an output. irq: index as generated (NS16550A_IRQ_IRQ); output: 0, or the element of an
 * output declared `many`. An output that is wired nowhere may be driven. Where several outputs lead
 * to one line, the line is high while any of them is. */
void emu_device_set_irq(EmuDevice *device, unsigned irq, unsigned output, bool level);
/* The level an output was last driven to. */
bool emu_device_irq_level(const EmuDevice *device, unsigned irq, unsigned output);
/* How many outputs of that name are wired: for `many`, the number of elements. */
unsigned emu_device_n_outputs(const EmuDevice *device, unsigned irq);
/* How many interrupt input lines the device has. */
unsigned emu_device_n_inputs(const EmuDevice *device);

/* ---- time ------------------------------------------------------------------------------------ */

/* Virtual time in nanoseconds since the machine was built; it stands still while the machine does.
 * May be called from any thread. */
int64_t emu_device_now(const EmuDevice *device);
/* The host's time of day in nanoseconds since 1970-01-01 UTC. */
int64_t emu_device_wall_clock(const EmuDevice *device);

/* A timer on virtual time. index is handed back to expired (which hart's, which queue's). Belongs
 * to the engine, and is unset by a reset of the machine before the device's own reset. */
typedef struct EmuTimer EmuTimer;
EmuTimer *emu_device_timer_new(EmuDevice *device,
                               void (*expired)(EmuDevice *device, unsigned index), unsigned index);
void emu_timer_set(EmuTimer *timer, int64_t deadline); /* in the past: at the next opportunity */
void emu_timer_unset(EmuTimer *timer);
bool emu_timer_is_set(const EmuTimer *timer);

/* What the harts' `time` register reads: ticks = now * frequency / 1e9 + offset (RISC-V privileged
 * 3.2.1). Told by the device that holds mtime, whenever the offset changes. */
void emu_device_set_timebase(EmuDevice *device, uint64_t frequency, uint64_t offset);

/* ---- characters ------------------------------------------------------------------------------ */

typedef struct EmuChar EmuChar;

typedef enum {
    EMU_CHAR_OPENED, /* somebody is at the other end */
    EMU_CHAR_CLOSED,
    EMU_CHAR_BREAK, /* the line was held low */
} EmuCharEvent;

typedef struct EmuCharOps {
    size_t (*can_receive)(EmuDevice *device); /* bytes that receive() would take now */
    void (*receive)(EmuDevice *device, const uint8_t *bytes, size_t size);
    void (*event)(EmuDevice *device, EmuCharEvent event); /* may be NULL */
} EmuCharOps;

/* The character backend named by a property of the device's backend side ("chardev"). NULL is left
 * in ret_char when none is named: such a device talks to nobody, and every function here takes
 * NULL. False: a backend is named that does not exist or is in use. To be called from init. */
bool emu_device_char(EmuDevice *device, const char *property, const EmuCharOps *ops,
                     EmuChar **ret_char, GError **error);
/* Sends; what the host cannot take at once is kept up to a limit and then dropped, as a line with
 * nobody reading would. */
void emu_char_write(EmuChar *chr, const uint8_t *bytes, size_t size);
/* There is room again after can_receive() said 0. */
void emu_char_accept_input(EmuChar *chr);

/* ---- storage --------------------------------------------------------------------------------- */

typedef struct EmuBlock EmuBlock;

typedef enum {
    EMU_BLOCK_READ,
    EMU_BLOCK_WRITE,
    EMU_BLOCK_FLUSH, /* what was written is durable */
    EMU_BLOCK_DISCARD,
    EMU_BLOCK_WRITE_ZEROES,
} EmuBlockKind;

typedef struct EmuBlockRequest {
    EmuBlockKind kind;
    uint64_t offset, size;     /* bytes, within the backend; size of discards and zeroes only */
    const struct iovec *parts; /* of reads and writes; must stay until done() */
    unsigned n_parts;
    bool durable;   /* of writes: flushed before done() */
    bool may_unmap; /* of zeroes: the host's blocks may be freed */
    void (*done)(EmuDevice *device, void *data, int error); /* error: 0 or an errno */
    void *data;
} EmuBlockRequest;

/* The block backend named by a property of the device's backend side ("drive"). NULL is left in
 * ret_block when none is named. False: it does not exist or is in use. To be called from init. */
bool emu_device_block(EmuDevice *device, const char *property, EmuBlock **ret_block,
                      GError **error);
uint64_t emu_block_size(const EmuBlock *block); /* bytes: whole sectors of 512 */
bool emu_block_is_read_only(const EmuBlock *block);
/* Never calls done() itself. Requests run beside each other and end in any order; they are jobs of
 * the device, so that emu_device_wait_jobs() waits for them. */
void emu_block_submit(EmuBlock *block, const EmuBlockRequest *request);

/* ---- frames ---------------------------------------------------------------------------------- */

typedef struct EmuNet EmuNet;

typedef struct EmuNetOps {
    bool (*can_receive)(EmuDevice *device); /* false: nothing comes until emu_net_accept_input() */
    void (*receive)(EmuDevice *device, const uint8_t *frame, size_t size);
    void (*link)(EmuDevice *device, bool up); /* somebody is at the other end */
} EmuNetOps;

/* The network backend named by a property of the device's backend side ("netdev"). NULL is left in
 * ret_net when none is named: such a device has no link, and every function here takes NULL. False:
 * it does not exist or is in use. To be called from init. */
bool emu_device_net(EmuDevice *device, const char *property, const EmuNetOps *ops, EmuNet **ret_net,
                    GError **error);
bool emu_net_is_up(const EmuNet *net);
/* An Ethernet frame in parts, without its check sequence. What the host cannot take is dropped. */
void emu_net_send(EmuNet *net, const struct iovec *parts, unsigned n);
/* can_receive() may say yes again. */
void emu_net_accept_input(EmuNet *net);

/* ---- guest memory (DMA) ---------------------------------------------------------------------- */

/* Copies between a buffer and guest memory. False, and nothing was copied, unless the whole range
 * is RAM and, for a PCI function, bus mastering is enabled. */
bool emu_device_dma_read(EmuDevice *device, uint64_t address, void *buffer, size_t size);
bool emu_device_dma_write(EmuDevice *device, uint64_t address, const void *buffer, size_t size);
/* The host's view of a range of guest RAM, good until the device is done; NULL where the copies
 * would be refused. The guest may change what is there at any moment: read a value once, then
 * check it. */
void *emu_device_dma_map(EmuDevice *device, uint64_t address, uint64_t size);

/* Writes 32 bits to the system bus, to memory or a register: a message-signalled interrupt. False:
 * nothing takes it, or the function is no bus master. The write may reach this device. */
bool emu_device_write_message(EmuDevice *device, uint64_t address, uint32_t value);

/* ---- balloon --------------------------------------------------------------------------------- */

/* The device can ask the guest for memory: target is called with how many bytes the host would like
 * back in all. To be called from init. False: another device does so already. */
bool emu_device_offer_balloon(EmuDevice *device, void (*target)(void *data, uint64_t bytes),
                              void *data, GError **error);
/* How many bytes the guest says that it has given back. */
void emu_device_set_balloon(EmuDevice *device, uint64_t bytes);
/* What is in guest memory there is no longer needed; it reads as zero from now on, or as before.
 * Whole pages of the host are given back to it. What is not RAM is the guest's mistake. */
void emu_device_discard_memory(EmuDevice *device, uint64_t address, uint64_t size);

/* ---- CPUs ------------------------------------------------------------------------------------ */

/* For the drivers of CPUs, which the machine's accelerator runs: makes one of this device (of
 * its properties), puts it to its state after power-on, drives its interrupt inputs. */
bool emu_cpu_init(EmuDevice *device, GError **error);
void emu_cpu_reset(EmuDevice *device);
void emu_cpu_input(EmuDevice *device, unsigned line, bool level);
void emu_cpu_done(EmuDevice *device);

/* Interrupt files (RISC-V AIA 1.0, 3): registers of a device that harts reach by CSRs and not by an
 * address. Their numbers are those of siselect, and this one for stopei, a write to which claims.
 */
enum { EMU_FILE_TOP = 0x100 };
struct EmuFileChange {
    uint64_t clear, set; /* first these bits are cleared, then those set */
};
/* The device has the files of all harts for machine level, or for supervisor level; from init. */
void emu_device_offer_files(EmuDevice *device, bool machine_level);

/* ---- power, and things worth knowing --------------------------------------------------------- */

typedef enum { EMU_POWER_OFF, EMU_POWER_FAIL, EMU_POWER_RESET } EmuPower;

/* Asks for the machine to be switched off or reset; it happens after the current access, and not
 * from inside this call. code: what the guest said with EMU_POWER_FAIL, else 0. */
void emu_device_request_power(EmuDevice *device, EmuPower power, unsigned code);

/* The guest did what the hardware does not define. Counted for the device; the text is logged for
 * the first few, then more and more rarely. */
void emu_device_guest_error(EmuDevice *device, const char *format, ...) G_GNUC_PRINTF(2, 3);
uint64_t emu_device_n_guest_errors(const EmuDevice *device);

/* The guest gave the device something to do, which is done: counted, with the bytes that came from
 * guest memory and those that went there. */
void emu_device_count_request(EmuDevice *device, uint64_t from_guest, uint64_t to_guest);

/* The lock under which all functions of drivers run. */
void emu_device_lock(EmuDevice *device);
void emu_device_unlock(EmuDevice *device);

/* ---- work that may block --------------------------------------------------------------------- */

/* Runs work(data) in one of the machine's worker threads, without the lock; then done(device, data)
 * with it. Jobs run beside each other and end in any order. Guest RAM that was mapped may be
 * touched by work. */
void emu_device_run_job(EmuDevice *device, void (*work)(void *data),
                        void (*done)(EmuDevice *device, void *data), void *data);
/* Blocks until all of the device's jobs are over and done() was called for them. The engine does so
 * before the driver's done(). */
void emu_device_wait_jobs(EmuDevice *device);

/* ---- PCI ------------------------------------------------------------------------------------- */

#define EMU_PCI_CONFIG_SIZE 4096 /* PCI Express */
#define EMU_PCI_N_BARS      6
#define EMU_PCI_N_INTX      4

typedef struct EmuPciIdentity {
    uint16_t vendor, device, subsystem_vendor, subsystem;
    uint32_t class_code; /* class, subclass, programming interface: 0x060000 */
    uint8_t revision;
    uint8_t pin; /* 0: no interrupt; 1: INTA … */
} EmuPciIdentity;

struct EmuPciDriver {
    /* A host bridge: one of the root bus's INTA … INTD lines changed (already swizzled:
     * line = (device + pin - 1) mod 4, PCI-to-PCI bridge 1.2 9.1). */
    void (*intx)(EmuDevice *host, unsigned line, bool level);
    /* A function that is a bridge: its header is of type 1, and the one bus its type provides lies
     * behind it. */
    bool is_bridge;
    /* A function: configuration space is about to be read; was written, masks applied. */
    void (*config_read)(EmuDevice *device, unsigned offset, unsigned size);
    void (*config_written)(EmuDevice *device, unsigned offset, unsigned size);
};

/* -- as a function: called from init; read() and write() then get the BAR as the region -- */
typedef enum { EMU_PCI_BAR_IO, EMU_PCI_BAR_MEM32, EMU_PCI_BAR_MEM64 } EmuPciBarKind;
void emu_pci_init(EmuDevice *device, const EmuPciIdentity *identity);
/* size: a power of two, at least 4 (I/O) or 16 bytes. MEM64 takes the next BAR's place too. */
void emu_pci_add_bar(EmuDevice *device, unsigned bar, EmuPciBarKind kind, bool prefetchable,
                     uint64_t size);
/* A capability of that many bytes, its two header bytes included; returns its offset. */
unsigned emu_pci_add_capability(EmuDevice *device, uint8_t id, unsigned size);
/* Configuration space, and which of its bits a guest can write (1) or clear by writing 1. */
uint8_t *emu_pci_config(EmuDevice *device);
uint8_t *emu_pci_write_mask(EmuDevice *device);
uint8_t *emu_pci_clear_mask(EmuDevice *device);
/* The capability of a PCI Express endpoint, where the bus is an express one. */
void emu_pci_add_express_endpoint(EmuDevice *device);
/* The capability of a root port with a slot of that number, and what is in the slot, of which the
 * guest is told by the port's interrupt (native hot-plug, PCI Express 4.0, 6.7). written: to be
 * called from config_written. */
void emu_pci_add_express_root_port(EmuDevice *device, uint8_t port, uint16_t slot);
void emu_pci_root_port_set_present(EmuDevice *device, bool present);
void emu_pci_root_port_written(EmuDevice *device, unsigned offset, unsigned size);
/* Presses the slot's attention button (6.7.1.5): a guest that drives the slot lets go of what is in
 * it and cuts its power. False: no guest waits for the button. */
bool emu_pci_root_port_press(EmuDevice *device);
bool emu_pci_root_port_is_off(EmuDevice *device); /* the guest has cut the slot's power */
/* MSI-X: a capability, and a BAR for its table, which the engine answers for. n_vectors: 1 … 2048.
 */
void emu_pci_add_msix(EmuDevice *device, unsigned bar, unsigned n_vectors);
bool emu_pci_msix_is_enabled(const EmuDevice *device);
/* Sends the vector's message, or leaves it pending while it is masked; nothing where MSI-X is not
 * enabled or the vector does not exist. */
void emu_pci_msix_notify(EmuDevice *device, unsigned vector);
/* Level of the function's INTx pin; held back while interrupts are disabled in its command. */
void emu_pci_set_intx(EmuDevice *device, bool level);
/* Whether its command lets it reach guest memory. */
bool emu_pci_is_bus_master(const EmuDevice *device);

/* -- as a host bridge: bus is the index among the buses its type provides -- */
typedef enum { EMU_PCI_SPACE_IO, EMU_PCI_SPACE_MEMORY } EmuPciSpace;
/* bdf: bus 15:8, device 7:3, function 2:0. What is not there reads as all ones. */
uint64_t emu_pci_config_read(EmuDevice *host, unsigned bus, uint16_t bdf, unsigned offset,
                             unsigned size);
void emu_pci_config_write(EmuDevice *host, unsigned bus, uint16_t bdf, unsigned offset,
                          unsigned size, uint64_t value);
/* An access to the bus's memory or I/O space: the function whose BAR decodes it answers. */
uint64_t emu_pci_space_read(EmuDevice *host, unsigned bus, EmuPciSpace space, uint64_t address,
                            unsigned size);
void emu_pci_space_write(EmuDevice *host, unsigned bus, EmuPciSpace space, uint64_t address,
                         unsigned size, uint64_t value);

#endif
