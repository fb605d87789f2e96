/* rng: the entropy device (virtio 1.2, 5.4). */
#ifndef VITRINE_EMULATOR_VIRTIO_RNG_H
#define VITRINE_EMULATOR_VIRTIO_RNG_H

#include "virtio/virtio.h"

extern const EmuVirtioClass emu_virtio_rng;

#endif
