/* net: the network device (virtio 1.2, 5.1), on a network backend. */
#ifndef VITRINE_EMULATOR_VIRTIO_NET_H
#define VITRINE_EMULATOR_VIRTIO_NET_H

#include "virtio/virtio.h"

extern const EmuVirtioClass emu_virtio_net;

#endif
