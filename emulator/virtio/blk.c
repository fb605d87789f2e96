/* blk: the block device (virtio 1.2, 5.2). A request is held against the disk before it is given to
 * the backend, and ends with a status byte; what the backend fails is an I/O error for the guest.
 */
#include "virtio/blk.h"

#include "types/virtio_blk.h"

#include <string.h>

#include <wire.h>

#define SECTOR            512
#define MAX_RANGE_SECTORS (UINT32_MAX / SECTOR) /* of a discard or of zeroes */
#define ID_SIZE           20

enum { /* feature bits (5.2.3) */
       SEG_MAX = 2,
       RO = 5,
       BLK_SIZE = 6,
       FLUSH = 9,
       CONFIG_WCE = 11,
       MQ = 12,
       DISCARD = 13,
       WRITE_ZEROES = 14,
};

enum {
    TYPE_IN = 0,
    TYPE_OUT = 1,
    TYPE_FLUSH = 4,
    TYPE_GET_ID = 8,
    TYPE_DISCARD = 11,
    TYPE_WRITE_ZEROES = 13
};

enum { STATUS_OK, STATUS_IOERR, STATUS_UNSUPP };

/* 5.2.4 */
typedef struct Config {
    uint64_t capacity; /* sectors */
    uint32_t size_max, seg_max;
    uint16_t cylinders;
    uint8_t heads, sectors;
    uint32_t blk_size;
    uint8_t physical_block_exp, alignment_offset;
    uint16_t min_io_size;
    uint32_t opt_io_size;
    uint8_t writeback, unused0;
    uint16_t num_queues;
    uint32_t max_discard_sectors, max_discard_seg, discard_sector_alignment;
    uint32_t max_write_zeroes_sectors, max_write_zeroes_seg;
    uint8_t write_zeroes_may_unmap, unused1[3];
} Config;

G_STATIC_ASSERT(sizeof(Config) == 64 && offsetof(Config, unused1) == 57);

/* 5.2.6 */
typedef struct Header {
    uint32_t type, reserved;
    uint64_t sector;
} Header;

typedef struct Range {
    uint64_t sector;
    uint32_t n_sectors, flags;
} Range;

#define RANGE_UNMAP 1u

typedef struct Blk {
    EmuBlock *block;
    char id[ID_SIZE];
} Blk;

typedef struct Request {
    EmuVirtio *virtio;
    EmuVirtioBuffer *buffer;
    size_t data_size; /* what the device writes before the status */
    struct iovec parts[];
} Request;

static Config *config_of(EmuVirtio *virtio)
{
    return (Config *)emu_virtio_config(virtio);
}

/* ---- ending a request ------------------------------------------------------------------------ */

static void end(EmuVirtioBuffer *buffer, size_t data_size, uint8_t status)
{
    EmuVirtqueue *queue = buffer->queue;
    emu_virtio_buffer_write(buffer, buffer->writable_size - 1, &status, 1);
    bool whole = status == STATUS_OK && data_size + 1 == buffer->writable_size;
    /* 2.7.8: all bytes before are sure to be written, or none is said to be. */
    emu_virtqueue_push(queue, buffer, whole ? buffer->writable_size : 0);
}

static void request_done(EmuDevice *device, void *data, int error)
{
    (void)device;
    Request *request = data;
    EmuVirtqueue *queue = request->buffer->queue;
    end(request->buffer, request->data_size, error ? STATUS_IOERR : STATUS_OK);
    emu_virtqueue_flush(queue);
    g_free(request);
}

/* ---- one of each kind; false: it ends at once, with ret_status ------------------------------- */

static bool is_on_disk(EmuVirtio *virtio, uint64_t sector, uint64_t n)
{
    uint64_t capacity = config_of(virtio)->capacity;
    return n <= capacity && sector <= capacity - n;
}

static Request *request_new(EmuVirtio *virtio, EmuVirtioBuffer *buffer, unsigned n_parts)
{
    Request *request = g_malloc(sizeof(Request) + n_parts * sizeof(struct iovec));
    request->virtio = virtio;
    request->buffer = buffer;
    request->data_size = 0;
    return request;
}

static void submit(Request *request, EmuBlockRequest *block_request)
{
    Blk *blk = emu_virtio_state(request->virtio);
    block_request->done = request_done;
    block_request->data = request;
    emu_block_submit(blk->block, block_request);
}

static bool read_or_write(EmuVirtio *virtio, EmuVirtioBuffer *buffer, const Header *header,
                          uint8_t *ret_status)
{
    Blk *blk = emu_virtio_state(virtio);
    bool write = header->type == TYPE_OUT;
    size_t size = write ? buffer->readable_size - sizeof(Header) : buffer->writable_size - 1;
    if (size % SECTOR || !is_on_disk(virtio, header->sector, size / SECTOR) ||
        (write && emu_block_is_read_only(blk->block))) {
        *ret_status = STATUS_IOERR;
        return false;
    }
    unsigned n = write ? buffer->n_readable : buffer->n_writable;
    Request *request = request_new(virtio, buffer, n);
    n = emu_iovec_slice(write ? buffer->readable : buffer->writable, n, write ? sizeof(Header) : 0,
                        size, request->parts);
    request->data_size = write ? 0 : size;
    submit(request, &(EmuBlockRequest){.kind = write ? EMU_BLOCK_WRITE : EMU_BLOCK_READ,
                                       .offset = header->sector * SECTOR,
                                       .parts = request->parts,
                                       .n_parts = n,
                                       .durable = !config_of(virtio)->writeback});
    return true;
}

static bool discard_or_zero(EmuVirtio *virtio, EmuVirtioBuffer *buffer, const Header *header,
                            uint8_t *ret_status)
{
    Blk *blk = emu_virtio_state(virtio);
    bool zero = header->type == TYPE_WRITE_ZEROES;
    Range range;
    size_t size = emu_virtio_buffer_read(buffer, sizeof(Header), &range, sizeof(range));
    *ret_status = STATUS_UNSUPP;
    if (!emu_virtio_has(virtio, zero ? WRITE_ZEROES : DISCARD))
        return false;
    *ret_status = STATUS_IOERR;
    if (size < sizeof(range) || buffer->readable_size > sizeof(Header) + sizeof(range) ||
        emu_block_is_read_only(blk->block))
        return false;
    *ret_status = STATUS_UNSUPP;
    if (range.flags & ~(zero ? RANGE_UNMAP : 0)) /* 5.2.6.2 */
        return false;
    *ret_status = STATUS_IOERR;
    if (range.n_sectors > MAX_RANGE_SECTORS || !is_on_disk(virtio, range.sector, range.n_sectors))
        return false;
    submit(request_new(virtio, buffer, 0),
           &(EmuBlockRequest){.kind = zero ? EMU_BLOCK_WRITE_ZEROES : EMU_BLOCK_DISCARD,
                              .offset = range.sector * SECTOR,
                              .size = (uint64_t)range.n_sectors * SECTOR,
                              .may_unmap = range.flags & RANGE_UNMAP});
    return true;
}

static bool begin(EmuVirtio *virtio, EmuVirtioBuffer *buffer, const Header *header,
                  uint8_t *ret_status)
{
    switch (header->type) {
    case TYPE_IN:
    case TYPE_OUT:
        return read_or_write(virtio, buffer, header, ret_status);
    case TYPE_DISCARD:
    case TYPE_WRITE_ZEROES:
        return discard_or_zero(virtio, buffer, header, ret_status);
    case TYPE_FLUSH:
        submit(request_new(virtio, buffer, 0), &(EmuBlockRequest){.kind = EMU_BLOCK_FLUSH});
        return true;
    }
    *ret_status = STATUS_UNSUPP;
    return false;
}

static void get_id(EmuVirtio *virtio, EmuVirtioBuffer *buffer)
{
    Blk *blk = emu_virtio_state(virtio);
    size_t size = MIN(buffer->writable_size - 1, ID_SIZE);
    emu_virtio_buffer_write(buffer, 0, blk->id, size);
    end(buffer, size, STATUS_OK);
}

static void notified(EmuVirtio *virtio, EmuVirtqueue *queue)
{
    EmuVirtioBuffer *buffer;
    while ((buffer = emu_virtqueue_pop(queue))) {
        Header header;
        uint8_t status;
        if (emu_virtio_buffer_read(buffer, 0, &header, sizeof(header)) < sizeof(header) ||
            buffer->writable_size == 0) {
            emu_virtio_fault(virtio, "a request without a header or without room for its status");
            emu_virtio_buffer_discard(buffer);
        } else if (header.type == TYPE_GET_ID) {
            get_id(virtio, buffer);
        } else if (!begin(virtio, buffer, &header, &status)) {
            end(buffer, 0, status);
        }
    }
    emu_virtqueue_flush(queue);
}

/* ---- life ------------------------------------------------------------------------------------ */

/* 5.2.5.2: without either feature the driver cannot flush, so writes must be durable. */
static void started(EmuVirtio *virtio)
{
    if (!emu_virtio_has(virtio, CONFIG_WCE))
        config_of(virtio)->writeback = emu_virtio_has(virtio, FLUSH);
}

static void config_written(EmuVirtio *virtio, unsigned offset, unsigned size, uint64_t value)
{
    if (offset == offsetof(Config, writeback) && size == 1 && emu_virtio_has(virtio, CONFIG_WCE))
        config_of(virtio)->writeback = value & 1;
    else
        emu_device_guest_error(emu_virtio_device(virtio), "configuration at 0x%x cannot be written",
                               offset);
}

static void fill_config(EmuVirtio *virtio, const struct virtio_blk_props *props)
{
    Blk *blk = emu_virtio_state(virtio);
    *config_of(virtio) = (Config){
        .capacity = emu_block_size(blk->block) / SECTOR,
        .seg_max = (uint32_t)props->queue_size - 2, /* header and status */
        .blk_size = (uint32_t)props->logical_block_size,
        .writeback = props->write_cache,
        .num_queues = (uint16_t)props->num_queues,
        .max_discard_sectors = MAX_RANGE_SECTORS,
        .max_discard_seg = 1,
        .discard_sector_alignment = (uint32_t)props->logical_block_size / SECTOR,
        .max_write_zeroes_sectors = MAX_RANGE_SECTORS,
        .max_write_zeroes_seg = 1,
        .write_zeroes_may_unmap = 1,
    };
}

static uint64_t features(const Blk *blk, const struct virtio_blk_props *props)
{
    uint64_t always =
        EMU_VIRTIO_FEATURE(SEG_MAX) | EMU_VIRTIO_FEATURE(BLK_SIZE) | EMU_VIRTIO_FEATURE(FLUSH);
    if (emu_block_is_read_only(blk->block))
        return always | EMU_VIRTIO_FEATURE(RO);
    return always | (props->config_wce ? EMU_VIRTIO_FEATURE(CONFIG_WCE) : 0) |
           (props->discard ? EMU_VIRTIO_FEATURE(DISCARD) : 0) |
           (props->write_zeroes ? EMU_VIRTIO_FEATURE(WRITE_ZEROES) : 0);
}

static bool check(const Blk *blk, const struct virtio_blk_props *props, GError **error)
{
    uint64_t block = props->logical_block_size, ring = props->queue_size;
    const char *why = NULL;
    if (!blk->block)
        why = "drive must name a block backend: add -blockdev …,node-name=disk0 and drive=disk0";
    else if (block & (block - 1) || emu_block_size(blk->block) % block)
        why = "logical_block_size must be a power of two that divides the disk's size";
    else if (ring & (ring - 1))
        why = "queue-size must be a power of two";
    if (why)
        g_set_error_literal(error, WIRE_ERROR, WIRE_ERROR_FAILED, why);
    return !why;
}

static bool init(EmuVirtio *virtio, GError **error)
{
    Blk *blk = emu_virtio_state(virtio);
    EmuDevice *device = emu_virtio_device(virtio);
    struct virtio_blk_props props;
    virtio_blk_props_read(emu_device_model(device), &props);
    if (!emu_device_block(device, "drive", &blk->block, error) || !check(blk, &props, error))
        return false;
    memcpy(blk->id, props.serial, strnlen(props.serial, ID_SIZE));
    fill_config(virtio, &props);
    for (uint64_t i = 0; i < props.num_queues; i++)
        emu_virtio_add_queue(virtio, (unsigned)props.queue_size);
    emu_virtio_offer(virtio,
                     features(blk, &props) | (props.num_queues > 1 ? EMU_VIRTIO_FEATURE(MQ) : 0));
    return true;
}

/* Requests are over before the queues go: what the guest wrote before a reset is not undone, and
 * nothing is written after it. */
static void reset(EmuVirtio *virtio)
{
    struct virtio_blk_props props;
    EmuDevice *device = emu_virtio_device(virtio);
    virtio_blk_props_read(emu_device_model(device), &props);
    emu_device_wait_jobs(device);
    config_of(virtio)->writeback = props.write_cache;
}

const EmuVirtioClass emu_virtio_blk = {
    .id = 2,
    .pci_class = 0x010000,
    .state_size = sizeof(Blk),
    .config_size = sizeof(Config),
    .init = init,
    .reset = reset,
    .started = started,
    .notified = notified,
    .config_written = config_written,
};
