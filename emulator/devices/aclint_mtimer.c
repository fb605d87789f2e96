/* aclint-mtimer: the machine timer (RISC-V ACLINT 1.0-rc4, 2). */
#include "devices/common/aclint.h"
#include "types/aclint_mtimer.h"

static void expired(EmuDevice *device, unsigned hart)
{
    emu_mtimer_update(emu_device_state(device), device, hart);
}

static bool init(EmuDevice *device, GError **error)
{
    (void)error;
    struct aclint_mtimer_props props;
    aclint_mtimer_props_read(emu_device_model(device), &props);
    emu_mtimer_init(emu_device_state(device), device, ACLINT_MTIMER_IRQ_TIMER, props.frequency,
                    expired);
    return true;
}

static void reset(EmuDevice *device)
{
    emu_mtimer_reset(emu_device_state(device), device);
}

static void done(EmuDevice *device)
{
    emu_mtimer_done(emu_device_state(device));
}

static uint64_t read_register(EmuDevice *device, unsigned region, uint64_t offset, unsigned size)
{
    const EmuMtimer *mtimer = emu_device_state(device);
    return region == ACLINT_MTIMER_REGION_MTIME
               ? emu_mtimer_read_time(mtimer, device, offset, size)
               : emu_mtimer_read_compare(mtimer, device, offset, size);
}

static void write_register(EmuDevice *device, unsigned region, uint64_t offset, unsigned size,
                           uint64_t value)
{
    EmuMtimer *mtimer = emu_device_state(device);
    if (region == ACLINT_MTIMER_REGION_MTIME)
        emu_mtimer_write_time(mtimer, device, offset, size, value);
    else
        emu_mtimer_write_compare(mtimer, device, offset, size, value);
}

const EmuDriver emu_driver_aclint_mtimer = {
    .type = &mdl_type_aclint_mtimer,
    .state_size = sizeof(EmuMtimer),
    .init = init,
    .reset = reset,
    .done = done,
    .access_sizes = EMU_ACCESS_4 | EMU_ACCESS_8,
    .read = read_register,
    .write = write_register,
};
