/* aclint-sswi: supervisor software interrupts (RISC-V ACLINT 1.0-rc4, 4): writing 1 to a hart's
 * register sends one edge, and every register reads as zero. */
#include "driver.h"
#include "types/aclint_sswi.h"

static uint64_t read_register(EmuDevice *device, unsigned region, uint64_t offset, unsigned size)
{
    (void)device, (void)region, (void)offset, (void)size;
    return 0;
}

static void write_register(EmuDevice *device, unsigned region, uint64_t offset, unsigned size,
                           uint64_t value)
{
    (void)region, (void)size;
    unsigned hart = (unsigned)(offset / 4);
    if (!(value & 1))
        return;
    emu_device_set_irq(device, ACLINT_SSWI_IRQ_SOFTWARE, hart, true);
    emu_device_set_irq(device, ACLINT_SSWI_IRQ_SOFTWARE, hart, false);
}

const EmuDriver emu_driver_aclint_sswi = {
    .type = &mdl_type_aclint_sswi,
    .access_sizes = EMU_ACCESS_4,
    .read = read_register,
    .write = write_register,
};
