/* access: how an address on the system bus becomes a call of a driver, or a touch of memory. */
#include "engine/internal.h"

#include <string.h>

static uint64_t mask_of(unsigned size)
{
    return size == 8 ? UINT64_MAX : (UINT64_C(1) << size * 8) - 1;
}

/* Whether the driver takes such an access; if not, it is counted as the guest's mistake. */
static bool is_taken(EmuDevice *device, const char *what, uint64_t offset, unsigned size, bool has)
{
    if (has && (device->driver->access_sizes & size) && offset % size == 0)
        return true;
    emu_device_guest_error(device, "%s of %u bytes at offset 0x%" G_GINT64_MODIFIER "x", what, size,
                           offset);
    return false;
}

uint64_t emu_device_read(EmuDevice *device, unsigned region, uint64_t offset, unsigned size)
{
    const EmuDriver *driver = device->driver;
    device->stats.counts[EMU_STAT_DEVICE_MMIO_READS]++;
    if (!is_taken(device, "read", offset, size, driver->read))
        return 0;
    return driver->read(device, region, offset, size) & mask_of(size);
}

void emu_device_write(EmuDevice *device, unsigned region, uint64_t offset, unsigned size,
                      uint64_t value)
{
    const EmuDriver *driver = device->driver;
    device->stats.counts[EMU_STAT_DEVICE_MMIO_WRITES]++;
    if (is_taken(device, "write", offset, size, driver->write))
        driver->write(device, region, offset, size, value & mask_of(size));
}

/* Guest memory is little-endian, as every host we build for. */
G_STATIC_ASSERT(G_BYTE_ORDER == G_LITTLE_ENDIAN);

uint64_t emu_range_read(const EmuRange *range, uint64_t offset, unsigned size)
{
    uint64_t value = 0;
    if (range->ram) {
        memcpy(&value, range->ram + offset, size);
        return value;
    }
    emu_device_lock(range->device);
    value = emu_device_read(range->device, range->region, offset, size);
    emu_device_unlock(range->device);
    return value;
}

void emu_range_write(const EmuRange *range, uint64_t offset, unsigned size, uint64_t value)
{
    if (range->ram) {
        memcpy(range->ram + offset, &value, size);
        return;
    }
    emu_device_lock(range->device);
    emu_device_write(range->device, range->region, offset, size, value);
    emu_device_unlock(range->device);
}

static bool nobody(EmuMachine *machine, const char *what, uint64_t address, unsigned size)
{
    atomic_fetch_add_explicit(&machine->n_unimplemented, 1, memory_order_relaxed);
    if (emu_machine_traces(machine, EMU_TRACE_UNIMP))
        emu_machine_trace(machine, "unimp: %s of %u bytes at 0x%" G_GINT64_MODIFIER "x", what, size,
                          address);
    return false;
}

bool emu_machine_read(EmuMachine *machine, uint64_t address, unsigned size, uint64_t *ret_value)
{
    const EmuRange *range = emu_space_find(machine->space, address, size);
    if (!range)
        return nobody(machine, "read", address, size);
    *ret_value = emu_range_read(range, address - range->base, size);
    return true;
}

bool emu_machine_write(EmuMachine *machine, uint64_t address, unsigned size, uint64_t value)
{
    const EmuRange *range = emu_space_find(machine->space, address, size);
    if (!range)
        return nobody(machine, "write", address, size);
    emu_range_write(range, address - range->base, size, value);
    return true;
}

uint8_t *emu_machine_ram(EmuMachine *machine, uint64_t address, uint64_t size)
{
    const EmuRange *range = size ? emu_space_find(machine->space, address, size) : NULL;
    return range && range->ram ? range->ram + (address - range->base) : NULL;
}

/* ---- DMA ------------------------------------------------------------------------------------- */

void *emu_device_dma_map(EmuDevice *device, uint64_t address, uint64_t size)
{
    if (device->pci && !emu_pci_function_is_master(device->pci))
        return NULL;
    return emu_machine_ram(device->machine, address, size);
}

bool emu_device_dma_read(EmuDevice *device, uint64_t address, void *buffer, size_t size)
{
    const void *ram = emu_device_dma_map(device, address, size);
    if (ram)
        memcpy(buffer, ram, size);
    return ram;
}

bool emu_device_dma_write(EmuDevice *device, uint64_t address, const void *buffer, size_t size)
{
    void *ram = emu_device_dma_map(device, address, size);
    if (ram)
        memcpy(ram, buffer, size);
    return ram;
}

bool emu_device_write_message(EmuDevice *device, uint64_t address, uint32_t value)
{
    const EmuRange *range = emu_space_find(device->machine->space, address, sizeof(value));
    if (!range || (device->pci && !emu_pci_function_is_master(device->pci)))
        return false;
    device->stats.counts[EMU_STAT_DEVICE_MESSAGES]++;
    if (range->ram)
        memcpy(range->ram + (address - range->base), &value, sizeof(value));
    else
        emu_device_write(range->device, range->region, address - range->base, sizeof(value), value);
    return true;
}
