/* accel: the table of accelerators of this build. */
#include "accel/accel.h"

const EmuAccel *const emu_accels[] = {&emu_accel_interp, &emu_accel_none, NULL};

const EmuAccel *emu_accel_find(const char *name)
{
    for (const EmuAccel *const *accel = emu_accels; *accel; accel++)
        if (!strcmp((*accel)->name, name))
            return *accel;
    return NULL;
}
