/* balloon: the traditional memory balloon (virtio 1.2, 5.5). */
#ifndef VITRINE_EMULATOR_VIRTIO_BALLOON_H
#define VITRINE_EMULATOR_VIRTIO_BALLOON_H

#include "virtio/virtio.h"

extern const EmuVirtioClass emu_virtio_balloon;

#endif
