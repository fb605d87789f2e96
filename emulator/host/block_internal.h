/* block_internal: what block.c and the kinds of block backend share. For host/ only. */
#ifndef VITRINE_EMULATOR_BLOCK_INTERNAL_H
#define VITRINE_EMULATOR_BLOCK_INTERNAL_H

#include "host/block.h"

/* Each but close returns 0 or an errno, may block, and may be called from several threads. */
typedef struct EmuBlockOps {
    void (*close)(EmuBlockBackend *backend); /* and frees it */
    int (*transfer)(EmuBlockBackend *backend, uint64_t offset, const struct iovec *parts,
                    unsigned n, bool write);
    int (*flush)(EmuBlockBackend *backend);
    /* EOPNOTSUPP: the host has no such thing. size is not 0. */
    int (*discard)(EmuBlockBackend *backend, uint64_t offset, uint64_t size);
    int (*zero)(EmuBlockBackend *backend, uint64_t offset, uint64_t size, bool may_unmap);
} EmuBlockOps;

struct EmuBlockBackend { /* the first member of each kind's own struct */
    const EmuBlockOps *ops;
    uint64_t size;
    bool read_only, keep;
    bool is_attached;
};

#endif
