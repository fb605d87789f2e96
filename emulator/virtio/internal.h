/* internal: a device and its queues as the files of virtio/ share them. For virtio/ only. */
#ifndef VITRINE_EMULATOR_VIRTIO_INTERNAL_H
#define VITRINE_EMULATOR_VIRTIO_INTERNAL_H

#include "virtio/transport.h"

/* The descriptor parts of a buffer while they are collected. */
typedef struct EmuGather {
    unsigned n, n_readable;
    size_t readable_size, writable_size;
    uint16_t id, n_slots;
    struct iovec parts[EMU_VIRTIO_MAX_DESCRIPTORS];
} EmuGather;

/* A ring layout. */
typedef struct EmuRing {
    uint64_t alignment[EMU_VIRTQUEUE_N_AREAS];
    uint64_t (*area_size)(const EmuVirtqueue *queue, EmuVirtqueueArea area);
    void (*start)(EmuVirtqueue *queue);    /* areas are mapped; may be NULL */
    bool (*is_empty)(EmuVirtqueue *queue); /* of a faulty ring: true, and the device has a fault */
    /* The next buffer, of a ring that is not empty. False: the device has a fault. */
    bool (*take)(EmuVirtqueue *queue, EmuGather *gather);
    void (*untake)(EmuVirtqueue *queue, const EmuVirtioBuffer *buffer);
    void (*give)(EmuVirtqueue *queue, const EmuVirtioBuffer *buffer, uint32_t written);
    /* Asks the driver to notify of the next buffer. */
    void (*arm)(EmuVirtqueue *queue);
    /* Whether the driver wants to be told of what was given since it was last asked. */
    bool (*wants_interrupt)(EmuVirtqueue *queue);
} EmuRing;

extern const EmuRing emu_ring_split, emu_ring_packed;

struct EmuVirtqueue {
    EmuVirtio *virtio;
    unsigned index;
    uint16_t max_size, size;
    uint64_t addresses[EMU_VIRTQUEUE_N_AREAS];
    bool enabled;

    const EmuRing *ring;
    void *areas[EMU_VIRTQUEUE_N_AREAS]; /* the host's view; NULL: not enabled */
    uint16_t next_available, next_used; /* split: free-running; packed: slots of the ring */
    bool available_wrap, used_wrap;     /* packed: the wrap counters (2.8.1) */
    uint32_t n_since_interrupt;         /* used entries (split) or slots (packed) */
};

struct EmuVirtio {
    EmuDevice *device;
    const EmuVirtioClass *class;
    void *state;
    uint8_t *config;
    uint32_t generation;

    uint64_t offered, accepted;
    uint8_t status;
    bool dma_allowed;

    EmuVirtqueue *queues[EMU_VIRTIO_MAX_QUEUES];
    unsigned n_queues;

    const EmuVirtioTransport *transport; /* NULL: not connected */
    void *transport_context;
};

/* queue.c, for the ring layouts. Adds one descriptor's memory. False: the device has a fault. */
bool emu_gather_add(EmuVirtqueue *queue, EmuGather *gather, uint64_t address, uint32_t size,
                    bool writable);

#define EMU_DESCRIPTOR_NEXT     1u
#define EMU_DESCRIPTOR_WRITE    2u
#define EMU_DESCRIPTOR_INDIRECT 4u
#define EMU_DESCRIPTOR_SIZE     16u

/* The host's view of an indirect table, NULL after a fault (2.7.5.3, 2.8.7). */
const uint8_t *emu_indirect_table(EmuVirtqueue *queue, uint64_t address, uint32_t size,
                                  uint16_t flags, uint32_t *ret_n);

#endif
