/* block: what is the same for every kind of block backend. */
#include "host/block_internal.h"

#include <errno.h>

#define ZEROES 65536

void emu_block_backend_free(EmuBlockBackend *backend)
{
    if (backend)
        backend->ops->close(backend);
}

uint64_t emu_block_backend_size(const EmuBlockBackend *backend)
{
    return backend->size;
}

bool emu_block_backend_is_read_only(const EmuBlockBackend *backend)
{
    return backend->read_only;
}

bool emu_block_backend_attach(EmuBlockBackend *backend)
{
    bool was = backend->is_attached;
    backend->is_attached = true;
    return !was;
}

void emu_block_backend_detach(EmuBlockBackend *backend)
{
    backend->is_attached = false;
}

bool emu_block_backend_is_attached(const EmuBlockBackend *backend)
{
    return backend->is_attached;
}

int emu_block_backend_read(EmuBlockBackend *backend, uint64_t offset, const struct iovec *parts,
                           unsigned n)
{
    return backend->ops->transfer(backend, offset, parts, n, false);
}

int emu_block_backend_write(EmuBlockBackend *backend, uint64_t offset, const struct iovec *parts,
                            unsigned n)
{
    return backend->ops->transfer(backend, offset, parts, n, true);
}

int emu_block_backend_flush(EmuBlockBackend *backend)
{
    return backend->ops->flush(backend);
}

int emu_block_backend_discard(EmuBlockBackend *backend, uint64_t offset, uint64_t size)
{
    int result = backend->keep || size == 0 ? 0 : backend->ops->discard(backend, offset, size);
    return result == EOPNOTSUPP ? 0 : result;
}

int emu_block_backend_write_zeroes(EmuBlockBackend *backend, uint64_t offset, uint64_t size,
                                   bool may_unmap)
{
    static const uint8_t zeroes[ZEROES];
    if (size == 0)
        return 0;
    int result = backend->ops->zero(backend, offset, size, may_unmap && !backend->keep);
    if (result != EOPNOTSUPP)
        return result;
    for (uint64_t done = 0; done < size; done += ZEROES) {
        struct iovec part = {(void *)zeroes, MIN(ZEROES, size - done)};
        result = emu_block_backend_write(backend, offset + done, &part, 1);
        if (result)
            return result;
    }
    return 0;
}
