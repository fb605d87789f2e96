/* block: storage on the host, read and written at offsets: a raw file or block device, or what an
 * NBD server has.
 *
 * Knows nothing of devices, guests or QMP. Reading and writing block, and may be done from several
 * threads at once. */
#ifndef VITRINE_EMULATOR_BLOCK_H
#define VITRINE_EMULATOR_BLOCK_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#define EMU_BLOCK_SECTOR 512

typedef struct EmuBlockBackend EmuBlockBackend;

typedef struct EmuBlockFile {
    const char *path;
    bool read_only;
    bool direct;   /* past the host's page cache (O_DIRECT) */
    bool unlocked; /* others may have it open for writing too */
    bool keep;     /* a discard leaves the host's blocks allocated */
} EmuBlockFile;

/* NULL: error says what is wrong with the file. A lock (fcntl(2), open file description locks)
 * keeps everybody else who asks from writing it, and with write access from reading it. */
EmuBlockBackend *emu_block_open_file(const EmuBlockFile *file, GError **error);

typedef struct EmuBlockNbd {
    const char *path;        /* of a unix socket; NULL: TCP */
    const char *host, *port; /* of TCP */
    const char *export_name; /* NULL: "" */
    bool read_only, keep;
    unsigned reconnect_delay; /* seconds that requests wait for a server that is gone; then, as with
                                 0 after a single try, they end in an error */
} EmuBlockNbd;

/* Connects at once. NULL: error says what is wrong with the server, or that the library that speaks
 * NBD is not there. A request that gets no answer for 30 s ends in an error. */
EmuBlockBackend *emu_block_open_nbd(const EmuBlockNbd *options, GError **error);

void emu_block_backend_free(EmuBlockBackend *backend);

uint64_t emu_block_backend_size(const EmuBlockBackend *backend); /* bytes: whole sectors */
bool emu_block_backend_is_read_only(const EmuBlockBackend *backend);

/* One user at a time. False: there is one. */
bool emu_block_backend_attach(EmuBlockBackend *backend);
void emu_block_backend_detach(EmuBlockBackend *backend);
bool emu_block_backend_is_attached(const EmuBlockBackend *backend);

/* Each returns 0 or an errno; all or, with an error, an unknown part of it was done. */
int emu_block_backend_read(EmuBlockBackend *backend, uint64_t offset, const struct iovec *parts,
                           unsigned n);
int emu_block_backend_write(EmuBlockBackend *backend, uint64_t offset, const struct iovec *parts,
                            unsigned n);
/* What was written before is on stable storage. */
int emu_block_backend_flush(EmuBlockBackend *backend);
/* Reads as anything afterwards; a hint. */
int emu_block_backend_discard(EmuBlockBackend *backend, uint64_t offset, uint64_t size);
int emu_block_backend_write_zeroes(EmuBlockBackend *backend, uint64_t offset, uint64_t size,
                                   bool may_unmap);

#endif
