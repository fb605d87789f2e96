/* virtio-mmio: a memory-mapped virtio transport (virtio 1.2, 4.2.2). Nothing is plugged into it:
 * device id 0 tells the guest so, and everything but identification reads as zero. */
#include "driver.h"
#include "types/virtio_mmio.h"

enum {
    REG_MAGIC = 0x000,
    REG_VERSION = 0x004,
    REG_DEVICE_ID = 0x008,
    REG_VENDOR_ID = 0x00c,
    REG_CONFIG = 0x100, /* the device's own: any size; all before: 4 bytes */

    MAGIC = 0x74726976, /* "virt" */
    VERSION = 2,
    VENDOR = 0x554d4551,
};

static bool is_register(EmuDevice *device, const char *what, uint64_t offset, unsigned size)
{
    if (offset >= REG_CONFIG || size == 4)
        return true;
    emu_device_guest_error(device, "%s of %u bytes at register 0x%" G_GINT64_MODIFIER "x", what,
                           size, offset);
    return false;
}

static uint64_t read_register(EmuDevice *device, unsigned region, uint64_t offset, unsigned size)
{
    (void)region;
    if (!is_register(device, "read", offset, size))
        return 0;
    switch (offset) {
    case REG_MAGIC:
        return MAGIC;
    case REG_VERSION:
        return VERSION;
    case REG_VENDOR_ID:
        return VENDOR;
    }
    return 0; /* REG_DEVICE_ID among them */
}

static void write_register(EmuDevice *device, unsigned region, uint64_t offset, unsigned size,
                           uint64_t value)
{
    (void)region, (void)value;
    if (is_register(device, "write", offset, size))
        emu_device_guest_error(device, "write to 0x%" G_GINT64_MODIFIER "x of an empty transport",
                               offset);
}

const EmuDriver emu_driver_virtio_mmio = {
    .type = &mdl_type_virtio_mmio,
    .access_sizes = EMU_ACCESS_ANY,
    .read = read_register,
    .write = write_register,
};
