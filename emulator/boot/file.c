/* file: what the host's files say, read whole and within limits. Knows no format but gzip. */
#include "boot/image.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <wire.h>
#include <zlib.h>

/* A FIFO or a terminal would make us wait: only regular files are opened for reading. */
static int open_regular(const char *path, uint64_t limit, uint64_t *ret_size, GError **error)
{
    struct stat info;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || fstat(fd, &info) < 0) {
        EMU_IMAGE_ERROR(error, "%s", g_strerror(errno));
    } else if (!S_ISREG(info.st_mode)) {
        EMU_IMAGE_ERROR(error, "it is %s, not a regular file",
                        S_ISDIR(info.st_mode) ? "a directory" : "a device or a pipe");
    } else if (info.st_size == 0) {
        EMU_IMAGE_ERROR(error, "the file is empty");
    } else if ((uint64_t)info.st_size > limit) {
        EMU_IMAGE_ERROR(error,
                        "the file has %" G_GINT64_FORMAT " bytes, and the memory %" G_GUINT64_FORMAT
                        "; use more memory with -m",
                        (gint64)info.st_size, limit);
    } else {
        *ret_size = (uint64_t)info.st_size;
        return fd;
    }
    if (fd >= 0)
        close(fd);
    return -1;
}

bool emu_boot_read_file(const char *path, uint64_t limit, GBytes **ret_data, GError **error)
{
    uint64_t size;
    int fd = open_regular(path, limit, &size, error);
    if (fd < 0)
        return false;
    uint8_t *data = g_try_malloc(size);
    uint64_t done = 0;
    ssize_t n = data ? 1 : -1;
    while (done < size && n > 0) {
        n = read(fd, data + done, size - done);
        if (n < 0 && errno == EINTR)
            n = 1;
        else if (n > 0)
            done += (uint64_t)n;
    }
    if (n < 0)
        EMU_IMAGE_ERROR(error, "%s", g_strerror(data ? errno : ENOMEM));
    else if (done < size)
        EMU_IMAGE_ERROR(error, "the file became shorter while it was read");
    close(fd);
    if (n < 0 || done < size) {
        g_free(data);
        return false;
    }
    *ret_data = g_bytes_new_take(data, size);
    return true;
}

/* ---- gzip ------------------------------------------------------------------------------------ */

/* Unpacks until the stream ends; what zlib says last is the result. */
static int inflate_all(z_stream *stream, GByteArray *out, uint64_t limit)
{
    uint8_t chunk[64 * 1024];
    int status = Z_OK;
    while (status == Z_OK) {
        stream->next_out = chunk;
        stream->avail_out = sizeof chunk;
        status = inflate(stream, Z_NO_FLUSH);
        size_t got = sizeof chunk - stream->avail_out;
        if (out->len + got > limit)
            return Z_MEM_ERROR;
        g_byte_array_append(out, chunk, (guint)got);
    }
    return status;
}

GBytes *emu_boot_gunzip(GBytes *packed, uint64_t limit, GError **error)
{
    gsize size;
    const uint8_t *bytes = g_bytes_get_data(packed, &size);
    if (size < 2 || bytes[0] != 0x1f || bytes[1] != 0x8b)
        return packed;

    /* A GByteArray, and zlib's counters, hold less than 4 GiB. */
    limit = MIN(limit, G_MAXUINT32 / 2);
    z_stream stream = {.next_in = (Bytef *)bytes, .avail_in = (uInt)MIN(size, G_MAXUINT32)};
    g_autoptr(GByteArray) out = g_byte_array_new();
    int status = inflateInit2(&stream, 16 + MAX_WBITS); /* gzip only */
    if (status == Z_OK) {
        status = inflate_all(&stream, out, limit);
        inflateEnd(&stream);
    }
    g_bytes_unref(packed);
    if (status == Z_STREAM_END)
        return g_byte_array_free_to_bytes(g_steal_pointer(&out));
    if (status == Z_MEM_ERROR)
        EMU_IMAGE_ERROR(error, "unpacked, it has more than %" G_GUINT64_FORMAT " bytes", limit);
    else if (status == Z_BUF_ERROR)
        EMU_IMAGE_ERROR(error, "the gzip data is truncated");
    else
        EMU_IMAGE_ERROR(error, "the gzip data is damaged");
    return NULL;
}
