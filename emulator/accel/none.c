/* none: the accelerator without execution. CPUs exist and their interrupt inputs have levels; time
 * runs, devices work, and nothing is ever fetched. */
#include "accel/accel.h"

static bool none_init(EmuMachine *machine, void **ret_state, GError **error)
{
    (void)machine, (void)error;
    *ret_state = NULL;
    return true;
}

static bool none_cpu_init(void *state, EmuDevice *device, void **ret_cpu, GError **error)
{
    (void)state, (void)error;
    *ret_cpu = device;
    return true;
}

const EmuAccel emu_accel_none = {
    .name = "none",
    .init = none_init,
    .cpu_init = none_cpu_init,
};
