/* ram: memory. The engine gives it its pages; there is nothing left to do. */
#include "driver.h"
#include "types/ram.h"

const EmuDriver emu_driver_ram = {.type = &mdl_type_ram};
