/* virtconsole: a port that the guest makes a terminal of. */
#include "virtio/console.h"

#include "types/virtconsole.h"

const EmuDriver emu_driver_virtconsole = EMU_VIRTIO_PORT_DRIVER(virtconsole, true);
