/* virtserialport: a port that programs in the guest open by its name. */
#include "virtio/console.h"

#include "types/virtserialport.h"

const EmuDriver emu_driver_virtserialport = EMU_VIRTIO_PORT_DRIVER(virtserialport, false);
