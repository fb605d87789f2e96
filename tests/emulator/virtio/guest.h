/* guest: the driver's side of a virtio device on a virtio-mmio transport: 1 MiB of memory, rings of
 * both layouts, and nothing that keeps a test from writing what no honest driver would. */
#ifndef VITRINE_TESTS_GUEST_H
#define VITRINE_TESTS_GUEST_H

#include "bench.h"

#include "virtio/transport.h"

#define GUEST_RAM  UINT64_C(0x80000000)
#define GUEST_SIZE 0x100000
#define GUEST_MMIO UINT64_C(0x10001000)

#define GUEST_MAX_QUEUE 256

typedef struct GuestQueue {
    unsigned index, size;
    uint64_t descriptors, driver, device; /* addresses of the areas */
    unsigned n_free_at;                   /* split: the next descriptor to use */
    uint16_t next_available, next_used;
    bool available_wrap, used_wrap;  /* packed */
    uint16_t slots[GUEST_MAX_QUEUE]; /* packed, by id: how many it took */
} GuestQueue;

typedef struct Guest {
    Bench *bench;
    MdlDevice *model; /* of the device under test: properties may be set before guest_boot */
    bool is_built;
    bool packed, event_idx, indirect; /* use them, where offered */
    uint64_t next_free;               /* of memory */
} Guest;

/* A device of that driver behind a transport whose interrupt is probe line 1. */
Guest *guest_new(const EmuDriver *driver);
void guest_free(Guest *guest);
void guest_build(Guest *guest); /* asserts that it works; guest_boot does it too */

uint32_t guest_read(Guest *guest, unsigned reg);
void guest_write(Guest *guest, unsigned reg, uint32_t value);
uint64_t guest_config(Guest *guest, unsigned offset, unsigned size);
uint64_t guest_offered(Guest *guest);
uint64_t guest_errors(Guest *guest); /* counted at the device */

/* Resets and negotiates: of what is offered the features given and those of the rings that the
 * guest uses. DRIVER_OK is not set. */
void guest_negotiate(Guest *guest, uint64_t features);
void guest_queue(Guest *guest, GuestQueue *ret_queue, unsigned index, unsigned size);
void guest_go(Guest *guest); /* DRIVER_OK */
/* All three, with one queue. */
void guest_boot(Guest *guest, uint64_t features, GuestQueue *ret_queue, unsigned size);

/* Memory of the guest: taken, never given back. */
uint64_t guest_alloc(Guest *guest, size_t size);
void *guest_at(Guest *guest, uint64_t address);

typedef struct GuestPart {
    uint64_t address;
    uint32_t size;
    bool writable;
} GuestPart;

/* Makes a buffer available; returns its id. Readable parts stand first. */
uint16_t guest_add(Guest *guest, GuestQueue *queue, const GuestPart *parts, unsigned n);
void guest_notify(Guest *guest, const GuestQueue *queue);
/* The next used buffer. False: there is none. */
bool guest_used(Guest *guest, GuestQueue *queue, uint16_t *ret_id, uint32_t *ret_size);
/* Adds, notifies, runs what is to be run and takes the used buffer: bytes the device wrote. */
uint32_t guest_do(Guest *guest, GuestQueue *queue, const GuestPart *parts, unsigned n);
/* Lets the device's jobs end. */
void guest_settle(Guest *guest);
bool guest_needs_reset(Guest *guest);
/* Whether the line was high; acknowledged. */
bool guest_interrupted(Guest *guest);

#endif
