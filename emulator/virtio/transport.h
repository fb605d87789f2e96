/* transport: what a virtio transport sees of the device it carries: registers, in the words of
 * virtio 1.2, 4. Values of the guest go in as they come; the device holds them against the rules.
 */
#ifndef VITRINE_EMULATOR_VIRTIO_TRANSPORT_H
#define VITRINE_EMULATOR_VIRTIO_TRANSPORT_H

#include "virtio/virtio.h"

enum { /* device status (2.1) */
       EMU_VIRTIO_ACKNOWLEDGE = 1,
       EMU_VIRTIO_DRIVER = 2,
       EMU_VIRTIO_DRIVER_OK = 4,
       EMU_VIRTIO_FEATURES_OK = 8,
       EMU_VIRTIO_NEEDS_RESET = 64,
       EMU_VIRTIO_FAILED = 128,
};

enum { /* feature bits of rings and transports (6) */
       EMU_VIRTIO_INDIRECT_DESC = 28,
       EMU_VIRTIO_EVENT_IDX = 29,
       EMU_VIRTIO_VERSION_1 = 32,
       EMU_VIRTIO_RING_PACKED = 34,
       EMU_VIRTIO_RING_RESET = 40,
};

typedef struct EmuVirtioTransport {
    void (*queue_used)(void *context, unsigned queue); /* used buffer notification (2.9) */
    void (*config_changed)(void *context);
} EmuVirtioTransport;

void emu_virtio_connect(EmuVirtio *virtio, const EmuVirtioTransport *transport, void *context);

uint16_t emu_virtio_id(const EmuVirtio *virtio);
unsigned emu_virtio_n_queues(const EmuVirtio *virtio);

uint8_t emu_virtio_status(const EmuVirtio *virtio);
void emu_virtio_set_status(EmuVirtio *virtio, uint8_t status); /* 0: reset */

/* 32 bits of the feature set; what lies beyond the set is zero. */
uint32_t emu_virtio_offered(const EmuVirtio *virtio, uint32_t select);
uint32_t emu_virtio_accepted(const EmuVirtio *virtio, uint32_t select);
void emu_virtio_accept(EmuVirtio *virtio, uint32_t select, uint32_t features);

uint32_t emu_virtio_config_generation(const EmuVirtio *virtio);
/* Beyond its end the configuration reads as zero and writes are the guest's error. */
uint64_t emu_virtio_config_read(EmuVirtio *virtio, uint64_t offset, unsigned size);
void emu_virtio_config_write(EmuVirtio *virtio, uint64_t offset, unsigned size, uint64_t value);

/* Whether the device may reach guest memory (a PCI function's bus mastering). */
void emu_virtio_set_dma(EmuVirtio *virtio, bool allowed);

void emu_virtio_notify(EmuVirtio *virtio, uint32_t queue);

typedef enum {
    EMU_VIRTQUEUE_DESCRIPTORS,
    EMU_VIRTQUEUE_DRIVER, /* available ring, or driver event suppression */
    EMU_VIRTQUEUE_DEVICE, /* used ring, or device event suppression */
    EMU_VIRTQUEUE_N_AREAS
} EmuVirtqueueArea;

uint16_t emu_virtqueue_max_size(const EmuVirtqueue *queue);
uint16_t emu_virtqueue_size(const EmuVirtqueue *queue);
void emu_virtqueue_set_size(EmuVirtqueue *queue, uint32_t size);
uint64_t emu_virtqueue_address(const EmuVirtqueue *queue, EmuVirtqueueArea area);
/* high: bits 63:32, else 31:0. */
void emu_virtqueue_set_address(EmuVirtqueue *queue, EmuVirtqueueArea area, bool high,
                               uint32_t half);
bool emu_virtqueue_is_enabled(const EmuVirtqueue *queue);
void emu_virtqueue_enable(EmuVirtqueue *queue);
/* Stops the queue and takes it to its state after power-on (2.6.1). */
void emu_virtqueue_reset(EmuVirtqueue *queue);

#endif
