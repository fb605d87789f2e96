/* gpex-root: the host bridge's own function, 00.0 of its bus. It does nothing but be there. */
#include "driver.h"
#include "types/gpex_root.h"

static bool root_init(EmuDevice *device, GError **error)
{
    (void)error;
    emu_pci_init(device, &(EmuPciIdentity){.vendor = 0x1b36,
                                           .device = 0x0008,
                                           .subsystem_vendor = 0x1af4,
                                           .subsystem = 0x1100,
                                           .class_code = 0x060000});
    return true;
}

const EmuDriver emu_driver_gpex_root = {
    .type = &mdl_type_gpex_root,
    .init = root_init,
};
