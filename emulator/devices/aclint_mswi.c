/* aclint-mswi: machine software interrupts (RISC-V ACLINT 1.0-rc4, 3). */
#include "devices/common/aclint.h"
#include "types/aclint_mswi.h"

static bool init(EmuDevice *device, GError **error)
{
    (void)error;
    emu_mswi_init(emu_device_state(device), device, ACLINT_MSWI_IRQ_SOFTWARE);
    return true;
}

static void reset(EmuDevice *device)
{
    emu_mswi_reset(emu_device_state(device), device);
}

static uint64_t read_register(EmuDevice *device, unsigned region, uint64_t offset, unsigned size)
{
    (void)region, (void)size;
    return emu_mswi_read(emu_device_state(device), device, offset);
}

static void write_register(EmuDevice *device, unsigned region, uint64_t offset, unsigned size,
                           uint64_t value)
{
    (void)region, (void)size;
    emu_mswi_write(emu_device_state(device), device, offset, (uint32_t)value);
}

const EmuDriver emu_driver_aclint_mswi = {
    .type = &mdl_type_aclint_mswi,
    .state_size = sizeof(EmuMswi),
    .init = init,
    .reset = reset,
    .access_sizes = EMU_ACCESS_4,
    .read = read_register,
    .write = write_register,
};
