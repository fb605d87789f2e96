/* blk: the block device (virtio 1.2, 5.2), on a block backend. */
#ifndef VITRINE_EMULATOR_VIRTIO_BLK_H
#define VITRINE_EMULATOR_VIRTIO_BLK_H

#include "virtio/virtio.h"

extern const EmuVirtioClass emu_virtio_blk;

#endif
