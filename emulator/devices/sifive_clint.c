/* sifive-clint: software interrupts and machine timer in one region, as SiFive's CLINT lays them
 * out (RISC-V ACLINT 1.0-rc4, 1.2: the same registers at these offsets). */
#include "devices/common/aclint.h"
#include "types/sifive_clint.h"

enum {
    MSIP = 0x0,
    MTIMECMP = 0x4000,
    MTIME = 0xbff8,
    END = 0xc000,
};

typedef struct Clint {
    EmuMswi mswi;
    EmuMtimer mtimer;
} Clint;

static void expired(EmuDevice *device, unsigned hart)
{
    Clint *clint = emu_device_state(device);
    emu_mtimer_update(&clint->mtimer, device, hart);
}

static bool init(EmuDevice *device, GError **error)
{
    (void)error;
    Clint *clint = emu_device_state(device);
    struct sifive_clint_props props;
    sifive_clint_props_read(emu_device_model(device), &props);
    emu_mswi_init(&clint->mswi, device, SIFIVE_CLINT_IRQ_SOFTWARE);
    emu_mtimer_init(&clint->mtimer, device, SIFIVE_CLINT_IRQ_TIMER, props.frequency, expired);
    return true;
}

static void reset(EmuDevice *device)
{
    Clint *clint = emu_device_state(device);
    emu_mswi_reset(&clint->mswi, device);
    emu_mtimer_reset(&clint->mtimer, device);
}

static void done(EmuDevice *device)
{
    Clint *clint = emu_device_state(device);
    emu_mtimer_done(&clint->mtimer);
}

/* A software interrupt register is 32 bits wide; of 64 the upper half is the next hart's, which an
 * access to one register does not reach. */
static uint64_t read_register(EmuDevice *device, unsigned region, uint64_t offset, unsigned size)
{
    (void)region;
    const Clint *clint = emu_device_state(device);
    if (offset < MTIMECMP)
        return emu_mswi_read(&clint->mswi, device, offset - MSIP);
    if (offset < MTIME)
        return emu_mtimer_read_compare(&clint->mtimer, device, offset - MTIMECMP, size);
    if (offset < END)
        return emu_mtimer_read_time(&clint->mtimer, device, offset - MTIME, size);
    emu_device_guest_error(device, "read of offset 0x%" G_GINT64_MODIFIER "x", offset);
    return 0;
}

static void write_register(EmuDevice *device, unsigned region, uint64_t offset, unsigned size,
                           uint64_t value)
{
    (void)region;
    Clint *clint = emu_device_state(device);
    if (offset < MTIMECMP)
        emu_mswi_write(&clint->mswi, device, offset - MSIP, (uint32_t)value);
    else if (offset < MTIME)
        emu_mtimer_write_compare(&clint->mtimer, device, offset - MTIMECMP, size, value);
    else if (offset < END)
        emu_mtimer_write_time(&clint->mtimer, device, offset - MTIME, size, value);
    else
        emu_device_guest_error(device, "write to offset 0x%" G_GINT64_MODIFIER "x", offset);
}

const EmuDriver emu_driver_sifive_clint = {
    .type = &mdl_type_sifive_clint,
    .state_size = sizeof(Clint),
    .init = init,
    .reset = reset,
    .done = done,
    .access_sizes = EMU_ACCESS_4 | EMU_ACCESS_8,
    .read = read_register,
    .write = write_register,
};
