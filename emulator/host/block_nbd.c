/* block_nbd: storage that an NBD server has (NBD protocol, doc/proto.md), through libnbd.
 *
 * The library is loaded when the first such backend is opened: most runs have none. A connection
 * carries one request at a time; where the server allows several (NBD_FLAG_CAN_MULTI_CONN) requests
 * run beside each other. One that breaks is made anew, for as long as was asked for. */
#include "host/block_internal.h"

#include <dlfcn.h>
#include <errno.h>
#include <libnbd.h>
#include <string.h>

#include <wire.h>

#define LIBRARY         "libnbd.so.0"
#define MAX_CONNECTIONS 4
#define CHUNK           (1 << 20) /* bytes of a read or write: all servers take that many */
#define RANGE           (1 << 30) /* bytes of a discard: they are counted in 32 bits */
#define PATIENCE        (30 * G_USEC_PER_SEC) /* without an answer the server is gone */
#define RETRY           (G_USEC_PER_SEC / 10)

#define FUNCTIONS(F)                                                                               \
    F(create)                                                                                      \
    F(close)                                                                                       \
    F(set_export_name)                                                                             \
    F(aio_connect_unix)                                                                            \
    F(aio_connect_tcp)                                                                             \
    F(aio_is_connecting)                                                                           \
    F(aio_is_ready)                                                                                \
    F(aio_pread)                                                                                   \
    F(aio_pwrite)                                                                                  \
    F(aio_flush)                                                                                   \
    F(aio_trim)                                                                                    \
    F(aio_zero)                                                                                    \
    F(aio_command_completed)                                                                       \
    F(poll)                                                                                        \
    F(get_size)                                                                                    \
    F(is_read_only)                                                                                \
    F(can_flush)                                                                                   \
    F(can_trim)                                                                                    \
    F(can_zero)                                                                                    \
    F(can_multi_conn)                                                                              \
    F(get_error)                                                                                   \
    F(get_errno)

typedef struct Library {
    void *handle;
#define F(name) __typeof__(&nbd_##name) name;
    FUNCTIONS(F)
#undef F
} Library;

typedef struct Nbd {
    EmuBlockBackend backend;
    Library library;
    char *path, *host, *port, *export_name;
    int64_t reconnect; /* microseconds */
    bool can_flush, can_trim, can_zero;

    GMutex lock;
    GCond returned;
    GPtrArray *idle; /* struct nbd_handle * */
    unsigned n_used, max_connections;
} Nbd;

static bool fail(GError **error, const Nbd *nbd, const char *what, const char *why)
{
    g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED, "NBD server '%s%s%s' %s%s%s",
                nbd->path ? nbd->path : nbd->host, nbd->path ? "" : ":", nbd->path ? "" : nbd->port,
                what, why ? ": " : "", why ? why : "");
    return false;
}

static bool load(Library *library, GError **error)
{
    library->handle = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    bool complete = library->handle;
#define F(name) complete = complete && (library->name = dlsym(library->handle, "nbd_" #name));
    FUNCTIONS(F)
#undef F
    if (!complete)
        g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED,
                    "driver nbd needs the library libnbd: %s; Debian has it in package libnbd0",
                    dlerror());
    return complete;
}

/* ---- connections ----------------------------------------------------------------------------- */

/* Lets the connection work until done says so. False: it took too long, or it is lost. */
static bool work(Nbd *nbd, struct nbd_handle *handle, int64_t cookie)
{
    const Library *library = &nbd->library;
    int64_t end = g_get_monotonic_time() + PATIENCE;
    for (;;) {
        int done = cookie ? library->aio_command_completed(handle, (uint64_t)cookie)
                          : !library->aio_is_connecting(handle);
        if (done)
            return done > 0;
        if (g_get_monotonic_time() > end || library->poll(handle, 1000) < 0) {
            errno = ETIMEDOUT;
            return false;
        }
    }
}

/* NULL: error says why. */
static struct nbd_handle *connect_once(Nbd *nbd, GError **error)
{
    const Library *library = &nbd->library;
    struct nbd_handle *handle = library->create();
    if (!handle || library->set_export_name(handle, nbd->export_name) < 0 ||
        (nbd->path ? library->aio_connect_unix(handle, nbd->path)
                   : library->aio_connect_tcp(handle, nbd->host, nbd->port)) < 0 ||
        !work(nbd, handle, 0) || library->aio_is_ready(handle) != 1) {
        const char *why = library->get_error();
        fail(error, nbd, "cannot be reached", why ? why : "it does not answer");
        library->close(handle);
        return NULL;
    }
    return handle;
}

static struct nbd_handle *connect_again(Nbd *nbd)
{
    int64_t end = g_get_monotonic_time() + nbd->reconnect;
    for (;;) {
        struct nbd_handle *handle = connect_once(nbd, NULL);
        int64_t size = handle ? nbd->library.get_size(handle) : 0;
        if (handle && size >= 0 && (uint64_t)size >= nbd->backend.size)
            return handle;
        nbd->library.close(handle); /* takes NULL; not the server that it was */
        if (g_get_monotonic_time() + RETRY > end)
            return NULL;
        g_usleep(RETRY);
    }
}

/* A connection for one request; NULL: there is none to be had. */
static struct nbd_handle *borrow(Nbd *nbd)
{
    struct nbd_handle *handle = NULL;
    g_mutex_lock(&nbd->lock);
    while (nbd->n_used == nbd->max_connections)
        g_cond_wait(&nbd->returned, &nbd->lock);
    nbd->n_used++;
    if (nbd->idle->len)
        handle = g_ptr_array_steal_index_fast(nbd->idle, nbd->idle->len - 1);
    g_mutex_unlock(&nbd->lock);
    return handle ? handle : connect_again(nbd);
}

/* NULL: it was lost. */
static void give_back(Nbd *nbd, struct nbd_handle *handle)
{
    g_mutex_lock(&nbd->lock);
    nbd->n_used--;
    if (handle)
        g_ptr_array_add(nbd->idle, handle);
    g_cond_signal(&nbd->returned);
    g_mutex_unlock(&nbd->lock);
}

/* ---- requests -------------------------------------------------------------------------------- */

typedef struct Request {
    enum { READ, WRITE, FLUSH, TRIM, ZERO } kind;
    void *bytes;
    uint64_t offset;
    size_t size;
    bool may_unmap;
} Request;

/* The number under which it runs; -1: it could not begin. */
static int64_t begin(const Library *library, struct nbd_handle *handle, const Request *request)
{
    nbd_completion_callback none = NBD_NULL_COMPLETION;
    switch (request->kind) {
    case READ:
        return library->aio_pread(handle, request->bytes, request->size, request->offset, none, 0);
    case WRITE:
        return library->aio_pwrite(handle, request->bytes, request->size, request->offset, none, 0);
    case FLUSH:
        return library->aio_flush(handle, none, 0);
    case TRIM:
        return library->aio_trim(handle, request->size, request->offset, none, 0);
    case ZERO:
        return library->aio_zero(handle, request->size, request->offset, none,
                                 request->may_unmap ? 0 : LIBNBD_CMD_FLAG_NO_HOLE);
    }
    return -1;
}

/* 0 or an errno; a connection that broke is closed and *handle is NULL. */
static int run_once(Nbd *nbd, struct nbd_handle **handle, const Request *request)
{
    const Library *library = &nbd->library;
    int64_t cookie = begin(library, *handle, request);
    if (cookie > 0 && work(nbd, *handle, cookie))
        return 0;
    int error = cookie > 0 && errno == ETIMEDOUT ? ETIMEDOUT : library->get_errno();
    if (error == ETIMEDOUT || library->aio_is_ready(*handle) != 1) {
        library->close(*handle);
        *handle = NULL;
    }
    return error ? error : EIO;
}

/* Once more on a new connection where the old one broke: it may have been idle for long. */
static int run(Nbd *nbd, const Request *request)
{
    struct nbd_handle *handle = borrow(nbd);
    int error = handle ? run_once(nbd, &handle, request) : EIO;
    if (error && error != ETIMEDOUT && !handle && (handle = connect_again(nbd)))
        error = run_once(nbd, &handle, request);
    give_back(nbd, handle);
    return error;
}

/* Copies between the parts, from a position in all of them, and a buffer. */
static void copy_parts(const struct iovec *parts, unsigned n, uint64_t position, uint8_t *buffer,
                       size_t size, bool from_parts)
{
    for (unsigned i = 0; i < n && size; i++) {
        if (position >= parts[i].iov_len) {
            position -= parts[i].iov_len;
            continue;
        }
        size_t piece = MIN(size, parts[i].iov_len - position);
        uint8_t *at = (uint8_t *)parts[i].iov_base + position;
        memcpy(from_parts ? buffer : at, from_parts ? at : buffer, piece);
        buffer += piece;
        size -= piece;
        position = 0;
    }
}

static int nbd_transfer(EmuBlockBackend *backend, uint64_t offset, const struct iovec *parts,
                        unsigned n, bool write)
{
    uint64_t size = 0;
    for (unsigned i = 0; i < n; i++)
        size += parts[i].iov_len;
    g_autofree uint8_t *buffer = g_malloc(MIN(size, CHUNK));
    for (uint64_t done = 0; done < size;) {
        Request request = {write ? WRITE : READ, buffer, offset + done, MIN(size - done, CHUNK), 0};
        if (write)
            copy_parts(parts, n, done, buffer, request.size, true);
        int error = run((Nbd *)backend, &request);
        if (error)
            return error;
        if (!write)
            copy_parts(parts, n, done, buffer, request.size, false);
        done += request.size;
    }
    return 0;
}

static int nbd_flush_all(EmuBlockBackend *backend)
{
    Nbd *nbd = (Nbd *)backend;
    return nbd->can_flush ? run(nbd, &(Request){.kind = FLUSH}) : 0;
}

static int run_range(Nbd *nbd, Request request, uint64_t size)
{
    for (uint64_t done = 0; done < size; done += request.size, request.offset += request.size) {
        request.size = MIN(size - done, RANGE);
        int error = run(nbd, &request);
        if (error)
            return error;
    }
    return 0;
}

static int nbd_discard(EmuBlockBackend *backend, uint64_t offset, uint64_t size)
{
    Nbd *nbd = (Nbd *)backend;
    return nbd->can_trim ? run_range(nbd, (Request){.kind = TRIM, .offset = offset}, size)
                         : EOPNOTSUPP;
}

static int nbd_write_zeroes(EmuBlockBackend *backend, uint64_t offset, uint64_t size,
                            bool may_unmap)
{
    Nbd *nbd = (Nbd *)backend;
    Request request = {.kind = ZERO, .offset = offset, .may_unmap = may_unmap};
    return nbd->can_zero ? run_range(nbd, request, size) : EOPNOTSUPP;
}

/* ---- opening --------------------------------------------------------------------------------- */

static void nbd_close_all(EmuBlockBackend *backend)
{
    Nbd *nbd = (Nbd *)backend;
    for (guint i = 0; i < nbd->idle->len; i++)
        nbd->library.close(nbd->idle->pdata[i]);
    g_ptr_array_free(nbd->idle, TRUE);
    if (nbd->library.handle)
        dlclose(nbd->library.handle);
    g_mutex_clear(&nbd->lock);
    g_cond_clear(&nbd->returned);
    g_free(nbd->path);
    g_free(nbd->host);
    g_free(nbd->port);
    g_free(nbd->export_name);
    g_free(nbd);
}

static const EmuBlockOps nbd_ops = {
    .close = nbd_close_all,
    .transfer = nbd_transfer,
    .flush = nbd_flush_all,
    .discard = nbd_discard,
    .zero = nbd_write_zeroes,
};

static bool examine(Nbd *nbd, struct nbd_handle *handle, GError **error)
{
    const Library *library = &nbd->library;
    int64_t size = library->get_size(handle);
    nbd->can_flush = library->can_flush(handle) == 1;
    nbd->can_trim = library->can_trim(handle) == 1;
    nbd->can_zero = library->can_zero(handle) == 1;
    if (library->can_multi_conn(handle) == 1)
        nbd->max_connections = MAX_CONNECTIONS;
    if (size <= 0 || size % EMU_BLOCK_SECTOR)
        return fail(error, nbd, "serves a size that is not a multiple of 512 bytes", NULL);
    if (library->is_read_only(handle) == 1 && !nbd->backend.read_only)
        return fail(error, nbd, "serves this to be read only; add read-only=on", NULL);
    nbd->backend.size = (uint64_t)size;
    return true;
}

EmuBlockBackend *emu_block_open_nbd(const EmuBlockNbd *options, GError **error)
{
    Nbd *nbd = g_new0(Nbd, 1);
    nbd->backend =
        (EmuBlockBackend){.ops = &nbd_ops, .read_only = options->read_only, .keep = options->keep};
    nbd->path = g_strdup(options->path);
    nbd->host = g_strdup(options->host);
    nbd->port = g_strdup(options->port);
    nbd->export_name = g_strdup(options->export_name ? options->export_name : "");
    nbd->reconnect = (int64_t)options->reconnect_delay * G_USEC_PER_SEC;
    nbd->idle = g_ptr_array_new();
    nbd->max_connections = 1;
    g_mutex_init(&nbd->lock);
    g_cond_init(&nbd->returned);

    struct nbd_handle *handle = NULL;
    if (load(&nbd->library, error) && (handle = connect_once(nbd, error)))
        g_ptr_array_add(nbd->idle, handle);
    if (!handle || !examine(nbd, handle, error)) {
        emu_block_backend_free(&nbd->backend);
        return NULL;
    }
    return &nbd->backend;
}
