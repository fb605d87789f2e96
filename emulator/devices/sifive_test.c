/* sifive-test: the test finisher: one register whose low half asks for power-off, failure or reset;
 * with failure, the high half is the code. */
#include "driver.h"
#include "types/sifive_test.h"

enum {
    REG_FINISHER = 0,

    FINISHER_FAIL = 0x3333,
    FINISHER_PASS = 0x5555,
    FINISHER_RESET = 0x7777,
};

static uint64_t test_read(EmuDevice *device, unsigned region, uint64_t offset, unsigned size)
{
    (void)device, (void)region, (void)offset, (void)size;
    return 0;
}

static void test_write(EmuDevice *device, unsigned region, uint64_t offset, unsigned size,
                       uint64_t value)
{
    (void)region, (void)size;
    unsigned command = offset == REG_FINISHER ? value & 0xffff : 0;
    if (command == FINISHER_PASS)
        emu_device_request_power(device, EMU_POWER_OFF, 0);
    else if (command == FINISHER_FAIL)
        emu_device_request_power(device, EMU_POWER_FAIL, (unsigned)(value >> 16));
    else if (command == FINISHER_RESET)
        emu_device_request_power(device, EMU_POWER_RESET, 0);
    else
        emu_device_guest_error(
            device, "write of 0x%" G_GINT64_MODIFIER "x to offset 0x%" G_GINT64_MODIFIER "x", value,
            offset);
}

const EmuDriver emu_driver_sifive_test = {
    .type = &mdl_type_sifive_test,
    .access_sizes = EMU_ACCESS_2 | EMU_ACCESS_4,
    .read = test_read,
    .write = test_write,
};
