/* pci: configuration space, BARs and INTx of functions on a root bus and behind bridges (PCI local
 * bus 3.0, 6; PCI-to-PCI bridge 1.2, 3 and 9.1; PCI Express 4.0, 7.5.1). */
#include "engine/internal.h"

#include <string.h>

/* Offsets in a type 0 header. */
enum {
    PCI_VENDOR = 0x00,
    PCI_DEVICE = 0x02,
    PCI_COMMAND = 0x04,
    PCI_STATUS = 0x06,
    PCI_REVISION = 0x08,
    PCI_CLASS = 0x09,
    PCI_CACHE_LINE = 0x0c,
    PCI_BAR0 = 0x10,
    PCI_SUBSYSTEM_VENDOR = 0x2c,
    PCI_SUBSYSTEM = 0x2e,
    PCI_CAPABILITIES = 0x34,
    PCI_INTERRUPT_LINE = 0x3c,
    PCI_INTERRUPT_PIN = 0x3d,
    PCI_HEADER_END = 0x40,
};

/* Offsets in a type 1 header, of a bridge. */
enum {
    PCI_HEADER_TYPE = 0x0e,
    PCI_SECONDARY = 0x19,
    PCI_SUBORDINATE = 0x1a,
    PCI_IO_BASE = 0x1c,
    PCI_IO_LIMIT = 0x1d,
    PCI_SECONDARY_STATUS = 0x1e,
    PCI_MEMORY_BASE = 0x20,
    PCI_MEMORY_LIMIT = 0x22,
    PCI_PREFETCH_BASE = 0x24,
    PCI_PREFETCH_LIMIT = 0x26,
    PCI_PREFETCH_BASE_HIGH = 0x28,
    PCI_PREFETCH_LIMIT_HIGH = 0x2c,
    PCI_IO_BASE_HIGH = 0x30,
    PCI_IO_LIMIT_HIGH = 0x32,
    PCI_BRIDGE_CONTROL = 0x3e,

    HEADER_BRIDGE = 1,
    HEADER_MULTIFUNCTION = 1 << 7,
    WIDE_WINDOW = 1, /* the window's type: the high halves count */
    BRIDGE_RESET = 1 << 6,
    BRIDGE_CONTROL_WRITABLE = 0x004f,
};

enum {
    COMMAND_IO = 1 << 0,
    COMMAND_MEMORY = 1 << 1,
    COMMAND_MASTER = 1 << 2,
    COMMAND_PARITY = 1 << 6,
    COMMAND_SERR = 1 << 8,
    COMMAND_NO_INTX = 1 << 10,
    STATUS_INTX = 1 << 3,
    STATUS_CAPABILITIES = 1 << 4,
    STATUS_CLEARED_BY_1 = 0xf900, /* the error bits */
};

typedef struct Bar {
    uint64_t size; /* 0: not there */
    EmuPciBarKind kind;
} Bar;

struct EmuPciFunction {
    EmuDevice *device;
    EmuPciBus *bus; /* NULL: not plugged */
    unsigned devfn;
    Bar bars[EMU_PCI_N_BARS];
    bool is_bridge;
    unsigned next_capability; /* offset where there is room */
    unsigned last_capability; /* offset whose next pointer ends the list; 0: none yet */
    bool pin_level;           /* as the driver says */
    bool intx_level;          /* as the bus sees it */
    uint8_t config[EMU_PCI_CONFIG_SIZE];
    uint8_t write_mask[EMU_PCI_CONFIG_SIZE];
    uint8_t clear_mask[EMU_PCI_CONFIG_SIZE];
    uint8_t initial[EMU_PCI_CONFIG_SIZE]; /* what a reset restores */
};

struct EmuPciBus {
    EmuDevice *host;                 /* the host bridge, or a bridge that is a function */
    bool is_link;                    /* of a port: only device 0 is there to be found */
    EmuPciFunction *functions[256];  /* by devfn */
    unsigned n_high[EMU_PCI_N_INTX]; /* of a root bus */
};

/* The bridge whose secondary bus this is; NULL: a root bus. */
static EmuPciFunction *bridge_of(const EmuPciBus *bus)
{
    return bus->host->pci;
}

static uint64_t get(const uint8_t *bytes, unsigned size)
{
    uint64_t value = 0;
    memcpy(&value, bytes, size);
    return value;
}

static void put(uint8_t *bytes, uint64_t value, unsigned size)
{
    memcpy(bytes, &value, size);
}

/* ---- the function, as its driver makes it ---------------------------------------------------- */

/* PCI-to-PCI bridge 1.2, 3.2.5: bus numbers, and three windows, all closed. */
static void make_bridge(EmuPciFunction *function)
{
    uint8_t *config = function->config, *mask = function->write_mask;
    function->is_bridge = true;
    config[PCI_HEADER_TYPE] = HEADER_BRIDGE;
    memset(mask + PCI_SECONDARY - 1, 0xff, 3);
    config[PCI_IO_BASE] = config[PCI_IO_LIMIT] = WIDE_WINDOW;
    config[PCI_PREFETCH_BASE] = config[PCI_PREFETCH_LIMIT] = WIDE_WINDOW;
    mask[PCI_IO_BASE] = mask[PCI_IO_LIMIT] = 0xf0;
    put(mask + PCI_MEMORY_BASE, 0xfff0, 2);
    put(mask + PCI_MEMORY_LIMIT, 0xfff0, 2);
    put(mask + PCI_PREFETCH_BASE, 0xfff0, 2);
    put(mask + PCI_PREFETCH_LIMIT, 0xfff0, 2);
    memset(mask + PCI_PREFETCH_BASE_HIGH, 0xff, 12); /* and the I/O window's high halves */
    put(mask + PCI_BRIDGE_CONTROL, BRIDGE_CONTROL_WRITABLE, 2);
    put(function->clear_mask + PCI_SECONDARY_STATUS, STATUS_CLEARED_BY_1, 2);
}

void emu_pci_init(EmuDevice *device, const EmuPciIdentity *identity)
{
    g_assert(!device->pci);
    EmuPciFunction *function = device->pci = g_new0(EmuPciFunction, 1);
    function->device = device;
    function->next_capability = PCI_HEADER_END;

    uint8_t *config = function->config;
    put(config + PCI_VENDOR, identity->vendor, 2);
    put(config + PCI_DEVICE, identity->device, 2);
    put(config + PCI_REVISION, identity->revision, 1);
    put(config + PCI_CLASS, identity->class_code, 3);
    if (!device->driver->pci || !device->driver->pci->is_bridge) {
        put(config + PCI_SUBSYSTEM_VENDOR, identity->subsystem_vendor, 2);
        put(config + PCI_SUBSYSTEM, identity->subsystem, 2);
    } else {
        make_bridge(function);
    }
    put(config + PCI_INTERRUPT_PIN, identity->pin, 1);

    put(function->write_mask + PCI_COMMAND,
        COMMAND_IO | COMMAND_MEMORY | COMMAND_MASTER | COMMAND_PARITY | COMMAND_SERR |
            COMMAND_NO_INTX,
        2);
    put(function->write_mask + PCI_CACHE_LINE, 0xff, 1);
    put(function->write_mask + PCI_INTERRUPT_LINE, 0xff, 1);
    put(function->clear_mask + PCI_STATUS, STATUS_CLEARED_BY_1, 2);
}

void emu_pci_add_bar(EmuDevice *device, unsigned bar, EmuPciBarKind kind, bool prefetchable,
                     uint64_t size)
{
    EmuPciFunction *function = device->pci;
    unsigned width = kind == EMU_PCI_BAR_MEM64 ? 8 : 4;
    g_assert(bar + width / 4 <= EMU_PCI_N_BARS && (size & (size - 1)) == 0);
    g_assert(size >= (kind == EMU_PCI_BAR_IO ? 4 : 16));

    function->bars[bar] = (Bar){size, kind};
    uint64_t flags = kind == EMU_PCI_BAR_IO      ? 1
                     : kind == EMU_PCI_BAR_MEM64 ? 4 | (prefetchable ? 8 : 0)
                                                 : (prefetchable ? 8 : 0);
    put(function->config + PCI_BAR0 + 4 * bar, flags, width);
    put(function->write_mask + PCI_BAR0 + 4 * bar, ~(size - 1), width);
}

unsigned emu_pci_add_capability(EmuDevice *device, uint8_t id, unsigned size)
{
    EmuPciFunction *function = device->pci;
    unsigned offset = function->next_capability;
    g_assert(size >= 2 && offset + size <= 256);
    function->next_capability = (offset + size + 3) & ~3u;

    uint8_t *config = function->config;
    unsigned link = function->last_capability ? function->last_capability + 1 : PCI_CAPABILITIES;
    config[link] = (uint8_t)offset;
    config[offset] = id;
    function->last_capability = offset;
    config[PCI_STATUS] |= STATUS_CAPABILITIES;
    return offset;
}

uint8_t *emu_pci_config(EmuDevice *device)
{
    return device->pci->config;
}

uint8_t *emu_pci_write_mask(EmuDevice *device)
{
    return device->pci->write_mask;
}

uint8_t *emu_pci_clear_mask(EmuDevice *device)
{
    return device->pci->clear_mask;
}

static unsigned command_of(const EmuPciFunction *function)
{
    return (unsigned)get(function->config + PCI_COMMAND, 2);
}

bool emu_pci_function_is_master(const EmuPciFunction *function)
{
    for (; function; function = function->bus ? bridge_of(function->bus) : NULL)
        if (!(command_of(function) & COMMAND_MASTER))
            return false;
    return true;
}

bool emu_pci_is_bus_master(const EmuDevice *device)
{
    return emu_pci_function_is_master(device->pci);
}

/* ---- INTx ------------------------------------------------------------------------------------ */

static void update_intx(EmuPciFunction *function)
{
    function->config[PCI_STATUS] &= (uint8_t)~STATUS_INTX;
    if (function->pin_level)
        function->config[PCI_STATUS] |= STATUS_INTX;

    bool level = function->pin_level && !(command_of(function) & COMMAND_NO_INTX);
    unsigned pin = function->config[PCI_INTERRUPT_PIN];
    EmuPciBus *bus = function->bus;
    if (level == function->intx_level || !bus || pin < 1 || pin > EMU_PCI_N_INTX)
        return;
    function->intx_level = level;

    unsigned line = ((function->devfn >> 3) + pin - 1) % EMU_PCI_N_INTX;
    for (EmuPciFunction *bridge; (bridge = bridge_of(bus)); bus = bridge->bus)
        line = ((bridge->devfn >> 3) + line) % EMU_PCI_N_INTX;
    bool was = bus->n_high[line] > 0;
    bus->n_high[line] += level ? 1 : -1;
    bool is = bus->n_high[line] > 0;
    const EmuPciDriver *host = bus->host->driver->pci;
    if (was != is && host && host->intx)
        host->intx(bus->host, line, is);
}

void emu_pci_set_intx(EmuDevice *device, bool level)
{
    device->stats.counts[EMU_STAT_DEVICE_INTERRUPTS] += level && !device->pci->pin_level;
    device->pci->pin_level = level;
    update_intx(device->pci);
}

/* ---- life ------------------------------------------------------------------------------------ */

EmuPciBus *emu_pci_bus_new(EmuDevice *host)
{
    EmuPciBus *bus = g_new0(EmuPciBus, 1);
    bus->host = host;
    return bus;
}

void emu_pci_bus_free(EmuPciBus *bus)
{
    g_free(bus);
}

void emu_pci_function_free(EmuPciFunction *function)
{
    if (function && function->bus) {
        function->pin_level = false;
        update_intx(function);
        function->bus->functions[function->devfn] = NULL;
    }
    g_free(function);
}

void emu_pci_function_plug(EmuPciFunction *function, EmuPciBus *bus, unsigned devfn)
{
    g_assert(devfn < G_N_ELEMENTS(bus->functions) && !bus->functions[devfn]);
    function->bus = bus;
    function->devfn = devfn;
    if (mdl_device_has(function->device->model, "multifunction"))
        function->config[PCI_HEADER_TYPE] |= HEADER_MULTIFUNCTION;
    bus->is_link = function->device->model->bus->type->link;
    memcpy(function->initial, function->config, sizeof(function->initial));
    bus->functions[devfn] = function;
}

void emu_pci_function_reset(EmuPciFunction *function)
{
    memcpy(function->config, function->initial, sizeof(function->config));
    function->pin_level = false;
    update_intx(function);
    if (function->device->msix)
        emu_msix_reset(function->device);
}

/* ---- configuration space --------------------------------------------------------------------- */

/* Type 0 and type 1 accesses: a bridge takes those to the buses behind it, as its numbers say. */
static EmuPciFunction *find(const EmuPciBus *bus, unsigned number, uint16_t bdf)
{
    unsigned wanted = bdf >> 8;
    if (wanted == number)
        return bus->is_link && (bdf & 0xff) >> 3 ? NULL : bus->functions[bdf & 0xff];
    for (size_t i = 0; i < G_N_ELEMENTS(bus->functions); i++) {
        const EmuPciFunction *bridge = bus->functions[i];
        if (!bridge || !bridge->is_bridge)
            continue;
        unsigned secondary = bridge->config[PCI_SECONDARY];
        if (secondary > number && wanted >= secondary && wanted <= bridge->config[PCI_SUBORDINATE])
            return find(bridge->device->pci_buses[0], secondary, bdf);
    }
    return NULL;
}

static EmuPciFunction *function_at(EmuDevice *host, unsigned bus, uint16_t bdf)
{
    return find(host->pci_buses[bus], 0, bdf);
}

static uint64_t all_ones(unsigned size)
{
    return size == 8 ? UINT64_MAX : (UINT64_C(1) << size * 8) - 1;
}

/* A bridge's secondary bus is in reset while its control says so (PCI-to-PCI bridge 1.2, 3.2.5.17).
 */
static void reset_behind(const EmuPciFunction *bridge)
{
    const EmuPciBus *bus = bridge->device->pci_buses[0];
    if (!(bridge->config[PCI_BRIDGE_CONTROL] & BRIDGE_RESET))
        return;
    for (size_t i = 0; i < G_N_ELEMENTS(bus->functions); i++) {
        EmuPciFunction *function = bus->functions[i];
        if (!function)
            continue;
        emu_pci_function_reset(function);
        if (function->device->driver->reset)
            function->device->driver->reset(function->device);
        if (function->is_bridge) {
            function->config[PCI_BRIDGE_CONTROL] |= BRIDGE_RESET;
            reset_behind(function);
            function->config[PCI_BRIDGE_CONTROL] &= (uint8_t)~BRIDGE_RESET;
        }
    }
}

uint64_t emu_pci_config_read(EmuDevice *host, unsigned bus, uint16_t bdf, unsigned offset,
                             unsigned size)
{
    const EmuPciFunction *function = function_at(host, bus, bdf);
    if (!function || offset > EMU_PCI_CONFIG_SIZE - size)
        return all_ones(size);
    const EmuPciDriver *driver = function->device->driver->pci;
    if (driver && driver->config_read)
        driver->config_read(function->device, offset, size);
    return get(function->config + offset, size);
}

void emu_pci_config_write(EmuDevice *host, unsigned bus, uint16_t bdf, unsigned offset,
                          unsigned size, uint64_t value)
{
    EmuPciFunction *function = function_at(host, bus, bdf);
    if (!function || offset > EMU_PCI_CONFIG_SIZE - size)
        return;
    for (unsigned i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)(value >> 8 * i);
        uint8_t *config = &function->config[offset + i];
        uint8_t mask = function->write_mask[offset + i];
        *config = (uint8_t)((*config & ~mask) | (byte & mask));
        *config &= (uint8_t) ~(byte & function->clear_mask[offset + i]);
    }
    update_intx(function);
    if (function->device->msix)
        emu_msix_config_written(function->device);
    if (function->is_bridge && offset + size > PCI_BRIDGE_CONTROL && offset <= PCI_BRIDGE_CONTROL)
        reset_behind(function);
    const EmuPciDriver *driver = function->device->driver->pci;
    if (driver && driver->config_written)
        driver->config_written(function->device, offset, size);
}

/* ---- memory and I/O space -------------------------------------------------------------------- */

static bool bar_decodes(const EmuPciFunction *function, unsigned index, EmuPciSpace space,
                        uint64_t address, unsigned size, uint64_t *ret_offset)
{
    const Bar *bar = &function->bars[index];
    bool is_io = bar->kind == EMU_PCI_BAR_IO;
    unsigned enable = is_io ? COMMAND_IO : COMMAND_MEMORY;
    if (bar->size == 0 || is_io != (space == EMU_PCI_SPACE_IO) || !(command_of(function) & enable))
        return false;
    unsigned width = bar->kind == EMU_PCI_BAR_MEM64 ? 8 : 4;
    uint64_t base = get(function->config + PCI_BAR0 + 4 * index, width) & ~(bar->size - 1);
    *ret_offset = address - base;
    return address >= base && *ret_offset < bar->size && size <= bar->size - *ret_offset;
}

static bool is_between(uint64_t base, uint64_t limit, uint64_t address, unsigned size)
{
    return base <= limit && address >= base && address <= limit && size - 1 <= limit - address;
}

/* Whether a bridge passes the access on (PCI-to-PCI bridge 1.2, 4). */
static bool bridge_passes(const EmuPciFunction *bridge, EmuPciSpace space, uint64_t address,
                          unsigned size)
{
    const uint8_t *config = bridge->config;
    if (!(command_of(bridge) & (space == EMU_PCI_SPACE_IO ? COMMAND_IO : COMMAND_MEMORY)))
        return false;
    if (space == EMU_PCI_SPACE_IO)
        return is_between(
            (config[PCI_IO_BASE] & 0xf0u) << 8 | get(config + PCI_IO_BASE_HIGH, 2) << 16,
            (config[PCI_IO_LIMIT] & 0xf0u) << 8 | get(config + PCI_IO_LIMIT_HIGH, 2) << 16 | 0xfff,
            address, size);
    return is_between((get(config + PCI_MEMORY_BASE, 2) & 0xfff0) << 16,
                      (get(config + PCI_MEMORY_LIMIT, 2) & 0xfff0) << 16 | 0xfffff, address,
                      size) ||
           is_between((get(config + PCI_PREFETCH_BASE, 2) & 0xfff0) << 16 |
                          get(config + PCI_PREFETCH_BASE_HIGH, 4) << 32,
                      (get(config + PCI_PREFETCH_LIMIT, 2) & 0xfff0) << 16 |
                          get(config + PCI_PREFETCH_LIMIT_HIGH, 4) << 32 | 0xfffff,
                      address, size);
}

/* The function whose BAR decodes all of the access; of two that overlap, the lower one. */
static EmuDevice *decode(const EmuPciBus *bus, EmuPciSpace space, uint64_t address, unsigned size,
                         unsigned *ret_bar, uint64_t *ret_offset)
{
    for (size_t i = 0; i < G_N_ELEMENTS(bus->functions); i++) {
        const EmuPciFunction *function = bus->functions[i];
        if (!function)
            continue;
        for (unsigned bar = 0; bar < EMU_PCI_N_BARS; bar++)
            if (bar_decodes(function, bar, space, address, size, ret_offset)) {
                *ret_bar = bar;
                return function->device;
            }
        if (function->is_bridge && bridge_passes(function, space, address, size))
            return decode(function->device->pci_buses[0], space, address, size, ret_bar,
                          ret_offset);
    }
    return NULL;
}

uint64_t emu_pci_space_read(EmuDevice *host, unsigned bus, EmuPciSpace space, uint64_t address,
                            unsigned size)
{
    unsigned bar;
    uint64_t offset;
    EmuDevice *device = decode(host->pci_buses[bus], space, address, size, &bar, &offset);
    if (!device)
        return all_ones(size);
    return emu_msix_has_bar(device, bar) ? emu_msix_read(device, offset, size)
                                         : emu_device_read(device, bar, offset, size);
}

void emu_pci_space_write(EmuDevice *host, unsigned bus, EmuPciSpace space, uint64_t address,
                         unsigned size, uint64_t value)
{
    unsigned bar;
    uint64_t offset;
    EmuDevice *device = decode(host->pci_buses[bus], space, address, size, &bar, &offset);
    if (device && emu_msix_has_bar(device, bar))
        emu_msix_write(device, offset, size, value);
    else if (device)
        emu_device_write(device, bar, offset, size, value);
}
