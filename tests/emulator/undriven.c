/* The table of drivers without any driver: the linker has to name each one that is missing. */
#include "driver.h"

extern const EmuDriver *const emu_drivers[];

int main(void)
{
    return emu_drivers[0] == NULL;
}
