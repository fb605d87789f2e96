/* virtio: what a virtio device is made of, whatever transport carries it (virtio 1.2, 2 and 3).
 *
 * A class is a constant table of functions, as a driver is; its device is told of notifications and
 * takes buffers off its queues. Everything the guest can get wrong about rings is caught here: a
 * buffer that is handed out lies in guest memory whole, is not longer than the limits below, and
 * has its readable part before the writable one. A guest that breaks the rules is counted, and its
 * device wants a reset (2.1.1); the host goes on.
 *
 * Knows no transport (see transport.h) and no backend. All with the machine's lock held. */
#ifndef VITRINE_EMULATOR_VIRTIO_H
#define VITRINE_EMULATOR_VIRTIO_H

#include "driver.h"

#define EMU_VIRTQUEUE_MAX_SIZE     1024 /* entries of a ring */
#define EMU_VIRTIO_MAX_DESCRIPTORS 1024 /* of one buffer */
#define EMU_VIRTIO_MAX_QUEUES      64

typedef struct EmuVirtio EmuVirtio;
typedef struct EmuVirtqueue EmuVirtqueue;

#define EMU_VIRTIO_FEATURE(bit) (UINT64_C(1) << (bit))

typedef struct EmuVirtioClass {
    uint16_t id;        /* virtio 1.2, 5 */
    uint32_t pci_class; /* as a PCI function: class, subclass, programming interface */
    size_t state_size;
    size_t config_size; /* bytes of device-specific configuration */

    /* Reads the properties, makes the queues, takes what it needs from the host; says with
     * emu_virtio_offer() what it can do. False: error is set, done() is not called. */
    bool (*init)(EmuVirtio *virtio, GError **error);
    /* Each of these may be NULL. reset: nothing of the guest may be held on return. */
    void (*reset)(EmuVirtio *virtio);
    void (*done)(EmuVirtio *virtio);
    void (*started)(EmuVirtio *virtio); /* the driver set DRIVER_OK; features are settled */
    void (*notified)(EmuVirtio *virtio, EmuVirtqueue *queue);
    /* The driver wrote to the configuration: size 1, 2, 4 or 8, within it. NULL: it may not. */
    void (*config_written)(EmuVirtio *virtio, unsigned offset, unsigned size, uint64_t value);
} EmuVirtioClass;

/* ---- the device ------------------------------------------------------------------------------ */

/* For the init of a driver: a device of that class. NULL: error is set. */
EmuVirtio *emu_virtio_new(EmuDevice *device, const EmuVirtioClass *class, GError **error);
void emu_virtio_free(EmuVirtio *virtio);
/* To the state after power-on, in whatever state it is (2.4). */
void emu_virtio_reset(EmuVirtio *virtio);

void *emu_virtio_state(EmuVirtio *virtio); /* of the class's state_size */
EmuDevice *emu_virtio_device(EmuVirtio *virtio);
/* In init: features that the device offers beside those of the rings. */
void emu_virtio_offer(EmuVirtio *virtio, uint64_t features);
bool emu_virtio_has(const EmuVirtio *virtio, unsigned feature); /* it was negotiated */
bool emu_virtio_is_running(const EmuVirtio *virtio);            /* DRIVER_OK, and no fault */

/* The configuration as the driver reads it, little-endian; tell with _changed once it differs. */
uint8_t *emu_virtio_config(EmuVirtio *virtio);
void emu_virtio_config_changed(EmuVirtio *virtio);

/* The guest broke the rules so that the device cannot go on: counted, and NEEDS_RESET is set. */
void emu_virtio_fault(EmuVirtio *virtio, const char *format, ...) G_GNUC_PRINTF(2, 3);

/* ---- its queues ------------------------------------------------------------------------------ */

/* In init: the next queue. size: a power of two, at most EMU_VIRTQUEUE_MAX_SIZE. */
EmuVirtqueue *emu_virtio_add_queue(EmuVirtio *virtio, unsigned size);
EmuVirtqueue *emu_virtio_queue(EmuVirtio *virtio, unsigned index); /* NULL: none such */
unsigned emu_virtqueue_index(const EmuVirtqueue *queue);

/* One buffer of the driver's. The guest may change what is in it at any moment. */
typedef struct EmuVirtioBuffer {
    EmuVirtqueue *queue;
    size_t readable_size, writable_size;
    unsigned n_readable, n_writable;
    struct iovec *readable, *writable;
    uint16_t id;      /* as the ring knows it */
    uint16_t n_slots; /* of a packed ring */
    struct iovec parts[];
} EmuVirtioBuffer;

/* Takes the next buffer; NULL when there is none, or the guest erred. It is given back by
 * _push, or dropped by _discard in a reset. */
EmuVirtioBuffer *emu_virtqueue_pop(EmuVirtqueue *queue);
/* written: bytes the device has written, from the first writable one on (2.7.8). Frees it. */
void emu_virtqueue_push(EmuVirtqueue *queue, EmuVirtioBuffer *buffer, size_t written);
/* Puts the buffer popped last back, as if it had not been. Frees it. */
void emu_virtqueue_unpop(EmuVirtqueue *queue, EmuVirtioBuffer *buffer);
void emu_virtio_buffer_discard(EmuVirtioBuffer *buffer);
/* After one or several pushes: interrupts the driver unless it asked not to be. */
void emu_virtqueue_flush(EmuVirtqueue *queue);
/* Whether nothing waits. When true, the driver notifies of the next buffer. */
bool emu_virtqueue_is_empty(EmuVirtqueue *queue);

/* Copies between a buffer's part and the host; less than size only at the part's end. */
size_t emu_virtio_buffer_read(const EmuVirtioBuffer *buffer, size_t offset, void *bytes,
                              size_t size);
size_t emu_virtio_buffer_write(const EmuVirtioBuffer *buffer, size_t offset, const void *bytes,
                               size_t size);
/* The part of an iovec array from offset on, size bytes; returns how many entries were filled. */
unsigned emu_iovec_slice(const struct iovec *from, unsigned n, size_t offset, size_t size,
                         struct iovec *ret_slice);

#endif
