/* block: a raw file or block device. */
#include "host/block.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <wire.h>

#define DIRECT_ALIGNMENT 4096 /* of memory, offset and size: enough for every device we met */
#define ZEROES           65536

struct EmuBlockBackend {
    int fd;
    int direct_fd; /* -1: none; what is not aligned goes through fd */
    uint64_t size;
    bool read_only, keep;
    bool is_attached;
};

/* ---- opening --------------------------------------------------------------------------------- */

static bool fail(GError **error, const EmuBlockFile *file, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static bool fail(GError **error, const EmuBlockFile *file, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *why = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED, "'%s' %s", file->path, why);
    return false;
}

static bool lock_file(int fd, const EmuBlockFile *file, GError **error)
{
    struct flock lock = {.l_type = file->read_only ? F_RDLCK : F_WRLCK, .l_whence = SEEK_SET};
    if (file->unlocked || fcntl(fd, F_OFD_SETLK, &lock) == 0)
        return true;
    if (errno != EAGAIN && errno != EACCES)
        return true; /* a file system without locks */
    return fail(error, file, "is in use by another process or drive; %s",
                file->read_only ? "open it read-only there too" : "use a copy, or read-only=on");
}

static bool measure(int fd, const EmuBlockFile *file, uint64_t *ret_size, GError **error)
{
    struct stat info;
    if (fstat(fd, &info) != 0)
        return fail(error, file, "cannot be examined: %s", g_strerror(errno));
    uint64_t size = (uint64_t)info.st_size;
    if (S_ISBLK(info.st_mode) && ioctl(fd, BLKGETSIZE64, &size) != 0)
        return fail(error, file, "does not tell its size: %s", g_strerror(errno));
    if (!S_ISREG(info.st_mode) && !S_ISBLK(info.st_mode))
        return fail(error, file, "is %s, not a file or a block device",
                    S_ISDIR(info.st_mode) ? "a directory" : "something else");
    if (size == 0 || size % EMU_BLOCK_SECTOR)
        return fail(error, file, "has %" G_GUINT64_FORMAT " bytes, not a multiple of %d", size,
                    EMU_BLOCK_SECTOR);
    *ret_size = size;
    return true;
}

static int open_file(const EmuBlockFile *file, int flags)
{
    return open(file->path,
                (file->read_only ? O_RDONLY : O_RDWR) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK | flags);
}

static bool open_direct(EmuBlockBackend *backend, const EmuBlockFile *file, GError **error)
{
    if (file->direct && (backend->direct_fd = open_file(file, O_DIRECT)) < 0)
        return fail(error, file, "cannot be opened past the page cache: %s; leave out direct=on",
                    g_strerror(errno));
    return true;
}

EmuBlockBackend *emu_block_open_file(const EmuBlockFile *file, GError **error)
{
    int fd = open_file(file, 0);
    if (fd < 0) {
        bool refused = (errno == EACCES || errno == EROFS || errno == EPERM) && !file->read_only;
        fail(error, file, "cannot be opened%s: %s%s", file->read_only ? "" : " for writing",
             g_strerror(errno), refused ? "; read-only=on needs no more than reading" : "");
        return NULL;
    }
    EmuBlockBackend *backend = g_new0(EmuBlockBackend, 1);
    *backend = (EmuBlockBackend){
        .fd = fd, .direct_fd = -1, .read_only = file->read_only, .keep = file->keep};
    if (!measure(fd, file, &backend->size, error) || !lock_file(fd, file, error) ||
        !open_direct(backend, file, error)) {
        emu_block_backend_free(backend);
        return NULL;
    }
    return backend;
}

void emu_block_backend_free(EmuBlockBackend *backend)
{
    if (!backend)
        return;
    close(backend->fd);
    if (backend->direct_fd >= 0)
        close(backend->direct_fd);
    g_free(backend);
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

/* ---- reading and writing --------------------------------------------------------------------- */

static int fd_for(const EmuBlockBackend *backend, uint64_t offset, const struct iovec *parts,
                  unsigned n)
{
    uint64_t bits = offset;
    for (unsigned i = 0; i < n; i++)
        bits |= (uintptr_t)parts[i].iov_base | parts[i].iov_len;
    bool direct = backend->direct_fd >= 0 && bits % DIRECT_ALIGNMENT == 0;
    return direct ? backend->direct_fd : backend->fd;
}

/* A window of the parts that the kernel takes at once, moved on by what it took. */
typedef struct Window {
    const struct iovec *parts;
    unsigned n;
    size_t skip; /* of the first */
} Window;

static ssize_t transfer(int fd, const Window *window, uint64_t offset, bool write)
{
    struct iovec parts[64];
    unsigned n = MIN(window->n, G_N_ELEMENTS(parts));
    memcpy(parts, window->parts, n * sizeof(parts[0]));
    parts[0].iov_base = (uint8_t *)parts[0].iov_base + window->skip;
    parts[0].iov_len -= window->skip;
    return write ? pwritev(fd, parts, (int)n, (off_t)offset)
                 : preadv(fd, parts, (int)n, (off_t)offset);
}

static void move_on(Window *window, size_t n)
{
    n += window->skip;
    while (window->n && n >= window->parts->iov_len) {
        n -= window->parts->iov_len;
        window->parts++;
        window->n--;
    }
    window->skip = n;
}

static int transfer_all(EmuBlockBackend *backend, uint64_t offset, const struct iovec *parts,
                        unsigned n, bool write)
{
    int fd = fd_for(backend, offset, parts, n);
    Window window = {parts, n, 0};
    move_on(&window, 0); /* past empty parts */
    while (window.n) {
        ssize_t done = transfer(fd, &window, offset, write);
        if (done < 0 && errno == EINVAL && fd == backend->direct_fd && fd >= 0)
            fd = backend->fd; /* the device wants more alignment than that */
        else if (done < 0 && errno != EINTR)
            return errno;
        else if (done == 0)
            return EIO; /* the file has become shorter */
        else if (done > 0) {
            offset += (uint64_t)done;
            move_on(&window, (size_t)done);
        }
    }
    return 0;
}

int emu_block_backend_read(EmuBlockBackend *backend, uint64_t offset, const struct iovec *parts,
                           unsigned n)
{
    return transfer_all(backend, offset, parts, n, false);
}

int emu_block_backend_write(EmuBlockBackend *backend, uint64_t offset, const struct iovec *parts,
                            unsigned n)
{
    return transfer_all(backend, offset, parts, n, true);
}

int emu_block_backend_flush(EmuBlockBackend *backend)
{
    return fdatasync(backend->fd) == 0 ? 0 : errno;
}

/* ---- holes and zeroes ------------------------------------------------------------------------ */

static int allocate(EmuBlockBackend *backend, int mode, uint64_t offset, uint64_t size)
{
    int result;
    do
        result = fallocate(backend->fd, mode | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)size);
    while (result != 0 && errno == EINTR);
    return result == 0 ? 0 : errno;
}

static bool is_unsupported(int error)
{
    return error == EOPNOTSUPP || error == ENOSYS || error == ENOTTY || error == EINVAL;
}

int emu_block_backend_discard(EmuBlockBackend *backend, uint64_t offset, uint64_t size)
{
    int result =
        backend->keep || size == 0 ? 0 : allocate(backend, FALLOC_FL_PUNCH_HOLE, offset, size);
    return is_unsupported(result) ? 0 : result;
}

int emu_block_backend_write_zeroes(EmuBlockBackend *backend, uint64_t offset, uint64_t size,
                                   bool may_unmap)
{
    static const uint8_t zeroes[ZEROES];
    if (size == 0)
        return 0;
    bool punch = may_unmap && !backend->keep;
    int result =
        allocate(backend, punch ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE, offset, size);
    if (!is_unsupported(result))
        return result;
    for (uint64_t done = 0; done < size; done += ZEROES) {
        struct iovec part = {(void *)zeroes, MIN(ZEROES, size - done)};
        result = emu_block_backend_write(backend, offset + done, &part, 1);
        if (result)
            return result;
    }
    return 0;
}
