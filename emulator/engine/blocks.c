/* blocks: a device's end of a block backend: requests are served by jobs. */
#include "engine/internal.h"

#include <wire.h>

struct EmuBlock {
    EmuDevice *device;
    EmuBlockBackend *backend;
};

typedef struct Serving {
    EmuBlock *block;
    EmuBlockRequest request;
    int error;
} Serving;

bool emu_device_block(EmuDevice *device, const char *property, EmuBlock **ret_block, GError **error)
{
    EmuBackends *backends = device->machine->config.backends;
    const char *name = emu_device_backend_name(device, property);
    if (!name) {
        *ret_block = NULL;
        return true;
    }
    EmuBlockBackend *backend = backends ? emu_backends_block(backends, name) : NULL;
    if (!backend) {
        g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED,
                    "%s '%s' does not exist; add one with -blockdev …,node-name=%s", property, name,
                    name);
        return false;
    }
    if (!emu_block_backend_attach(backend)) {
        g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED,
                    "%s '%s' is in use by another device; give each its own", property, name);
        return false;
    }
    EmuBlock *block = g_new0(EmuBlock, 1);
    *block = (EmuBlock){device, backend};
    g_ptr_array_add(device->blocks, block);
    *ret_block = block;
    return true;
}

void emu_device_block_free(EmuBlock *block)
{
    emu_block_backend_detach(block->backend);
    g_free(block);
}

uint64_t emu_block_size(const EmuBlock *block)
{
    return emu_block_backend_size(block->backend);
}

bool emu_block_is_read_only(const EmuBlock *block)
{
    return emu_block_backend_is_read_only(block->backend);
}

static int write_through(EmuBlockBackend *backend, const EmuBlockRequest *request)
{
    int error = emu_block_backend_write(backend, request->offset, request->parts, request->n_parts);
    return error || !request->durable ? error : emu_block_backend_flush(backend);
}

static int serve(EmuBlockBackend *backend, const EmuBlockRequest *request)
{
    switch (request->kind) {
    case EMU_BLOCK_READ:
        return emu_block_backend_read(backend, request->offset, request->parts, request->n_parts);
    case EMU_BLOCK_WRITE:
        return write_through(backend, request);
    case EMU_BLOCK_FLUSH:
        return emu_block_backend_flush(backend);
    case EMU_BLOCK_DISCARD:
        return emu_block_backend_discard(backend, request->offset, request->size);
    case EMU_BLOCK_WRITE_ZEROES:
        return emu_block_backend_write_zeroes(backend, request->offset, request->size,
                                              request->may_unmap);
    }
    return EINVAL;
}

static void work(void *data)
{
    Serving *serving = data;
    serving->error = serve(serving->block->backend, &serving->request);
}

static void done(EmuDevice *device, void *data)
{
    Serving *serving = data;
    serving->request.done(device, serving->request.data, serving->error);
    g_free(serving);
}

void emu_block_submit(EmuBlock *block, const EmuBlockRequest *request)
{
    Serving *serving = g_new(Serving, 1);
    *serving = (Serving){block, *request, 0};
    emu_device_run_job(block->device, work, done, serving);
}
