/* flight: locks on bytes of FILE.lock, one byte for each key by its hash.
 *
 * Open-file-description locks: the kernel drops them with the last reference to the open file, so a
 * dead asker blocks nobody, and two threads of one process exclude each other. Two keys with one
 * hash only wait for each other. This file must not know what is asked. */
#include "flight.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#define RETRY_US 2000

#define WHOLE_FILE 0 /* the byte that is for the database file itself */

static off_t place_of(const char *key)
{
    g_autofree char *hash = caps_hash(key, strlen(key));
    hash[15] = '\0'; /* 60 bits */
    return (off_t)g_ascii_strtoull(hash, NULL, 16) + WHOLE_FILE + 1;
}

/* kind: F_WRLCK, or F_RDLCK which many have at once. */
static int lock_byte(const CapsStore *store, off_t at, short kind, unsigned wait_ms, GError **error)
{
    int64_t deadline = g_get_monotonic_time() + wait_ms * 1000LL;
    g_autofree char *path = store ? g_strconcat(caps_store_path(store), ".lock", NULL) : NULL;
    struct flock lock = {.l_type = kind, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
    int fd = !path ? -1 : open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

    while (fd >= 0 && fcntl(fd, F_OFD_SETLK, &lock) < 0) {
        if (errno != EAGAIN && errno != EACCES && errno != EINTR) {
            int why = errno;
            caps_flight_end(fd);
            errno = why;
            return -1;
        }
        if (g_get_monotonic_time() > deadline) {
            g_set_error(error, CAPS_ERROR, CAPS_ERROR_LOCKED,
                        "another process has been asking the same for more than %u ms", wait_ms);
            caps_flight_end(fd);
            return -1;
        }
        g_usleep(RETRY_US);
    }
    return fd;
}

int caps_flight_begin(const CapsStore *store, const char *key, unsigned wait_ms, GError **error)
{
    return lock_byte(store, place_of(key), F_WRLCK, wait_ms, error);
}

int caps_flight_hold_file(const CapsStore *store, bool alone, unsigned wait_ms, GError **error)
{
    return lock_byte(store, WHOLE_FILE, alone ? F_WRLCK : F_RDLCK, wait_ms, error);
}

void caps_flight_end(int flight)
{
    if (flight >= 0) {
        close(flight);
    }
}
