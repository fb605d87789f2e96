/* block_file: a raw file or block device. */
#include "host/block_internal.h"

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

typedef struct File {
    EmuBlockBackend backend;
    int fd;
    int direct_fd; /* -1: none; what is not aligned goes through fd */
} File;

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
    if (size == 0)
        return fail(error, file, "is empty; give it a size, as with truncate -s 1G");
    if (size % EMU_BLOCK_SECTOR)
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

static bool open_direct(File *opened, const EmuBlockFile *file, GError **error)
{
    if (file->direct && (opened->direct_fd = open_file(file, O_DIRECT)) < 0)
        return fail(error, file, "cannot be opened past the page cache: %s; leave out direct=on",
                    g_strerror(errno));
    return true;
}

static const EmuBlockOps file_ops;

EmuBlockBackend *emu_block_open_file(const EmuBlockFile *file, GError **error)
{
    int fd = open_file(file, 0);
    if (fd < 0) {
        bool refused = (errno == EACCES || errno == EROFS || errno == EPERM) && !file->read_only;
        fail(error, file, "cannot be opened%s: %s%s", file->read_only ? "" : " for writing",
             g_strerror(errno), refused ? "; read-only=on needs no more than reading" : "");
        return NULL;
    }
    File *opened = g_new0(File, 1);
    *opened =
        (File){.backend = {.ops = &file_ops, .read_only = file->read_only, .keep = file->keep},
               .fd = fd,
               .direct_fd = -1};
    if (!measure(fd, file, &opened->backend.size, error) || !lock_file(fd, file, error) ||
        !open_direct(opened, file, error)) {
        emu_block_backend_free(&opened->backend);
        return NULL;
    }
    return &opened->backend;
}

static void file_close(EmuBlockBackend *backend)
{
    File *file = (File *)backend;
    close(file->fd);
    if (file->direct_fd >= 0)
        close(file->direct_fd);
    g_free(file);
}

/* ---- reading and writing --------------------------------------------------------------------- */

static int fd_for(const File *file, uint64_t offset, const struct iovec *parts, unsigned n)
{
    uint64_t bits = offset;
    for (unsigned i = 0; i < n; i++)
        bits |= (uintptr_t)parts[i].iov_base | parts[i].iov_len;
    bool direct = file->direct_fd >= 0 && bits % DIRECT_ALIGNMENT == 0;
    return direct ? file->direct_fd : file->fd;
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

static int file_transfer(EmuBlockBackend *backend, uint64_t offset, const struct iovec *parts,
                         unsigned n, bool write)
{
    File *file = (File *)backend;
    int fd = fd_for(file, offset, parts, n);
    Window window = {parts, n, 0};
    move_on(&window, 0); /* past empty parts */
    while (window.n) {
        ssize_t done = transfer(fd, &window, offset, write);
        if (done < 0 && errno == EINVAL && fd == file->direct_fd && fd >= 0)
            fd = file->fd; /* the device wants more alignment than that */
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

static int file_flush(EmuBlockBackend *backend)
{
    return fdatasync(((File *)backend)->fd) == 0 ? 0 : errno;
}

/* ---- holes and zeroes ------------------------------------------------------------------------ */

static int allocate(EmuBlockBackend *backend, int mode, uint64_t offset, uint64_t size)
{
    int fd = ((File *)backend)->fd, result;
    do
        result = fallocate(fd, mode | FALLOC_FL_KEEP_SIZE, (off_t)offset, (off_t)size);
    while (result != 0 && errno == EINTR);
    if (result == 0)
        return 0;
    return errno == EINVAL || errno == ENOSYS || errno == ENOTTY ? EOPNOTSUPP : errno;
}

static int file_discard(EmuBlockBackend *backend, uint64_t offset, uint64_t size)
{
    return allocate(backend, FALLOC_FL_PUNCH_HOLE, offset, size);
}

static int file_zero(EmuBlockBackend *backend, uint64_t offset, uint64_t size, bool may_unmap)
{
    return allocate(backend, may_unmap ? FALLOC_FL_PUNCH_HOLE : FALLOC_FL_ZERO_RANGE, offset, size);
}

static const EmuBlockOps file_ops = {
    .close = file_close,
    .transfer = file_transfer,
    .flush = file_flush,
    .discard = file_discard,
    .zero = file_zero,
};
