/* file: hashing a file, and not hashing it again.
 *
 * What stat() says is only a reason to believe a hash that is remembered, never part of an
 * identity. A file that changed within the resolution of its time stamps could be remembered
 * wrongly, so a file whose ctime is not well in the past is not remembered at all. ctime cannot be
 * set: a file rewritten with its size and mtime restored has another one. */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define SETTLED_NS (2 * INT64_C(1000000000))
#define MAX_NAME   1000
#define MAX_NAMES  1024
/* First of the names in the memo: what an older program looked for is not what this one needs. */
#define NAMES_VERSION "2\n"

static int64_t nanoseconds(struct timespec time)
{
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* ---- names that the bytes spell out ---------------------------------------------------------- */

typedef struct Scan {
    char name[MAX_NAME + 1];
    size_t length; /* 0: not in a name; MAX_NAME + 1: in one too long */
    bool inside;   /* a text without a beginning that counts */
    GPtrArray *names;
} Scan;

/* Module folders are libraries' neighbours: a path through lib, lib64 or libexec. Machine files and
 * descriptors of firmware are in a folder of shared data, or beside settings. */
static bool may_hold_files(const char *name)
{
    return (strstr(name, "/lib") || strstr(name, "/share/") || g_str_has_prefix(name, "/etc/")) &&
           !strstr(name, ".so") && !strstr(name, "//");
}

static void end_name(Scan *scan, char terminator)
{
    if (scan->length > 4 && scan->length <= MAX_NAME && terminator == '\0' &&
        scan->names->len <= MAX_NAMES) {
        scan->name[scan->length] = '\0';
        if (may_hold_files(scan->name)) {
            g_ptr_array_add(scan->names, g_strdup(scan->name));
        }
    }
    scan->length = 0;
}

static void scan_bytes(Scan *scan, const char *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++) {
        char byte = bytes[i];
        bool part = g_ascii_isalnum(byte) || (byte && strchr("/._+-", byte));
        if (scan->length ? part : byte == '/' && !scan->inside) {
            if (scan->length < MAX_NAME) {
                scan->name[scan->length] = byte;
            }
            scan->length = MIN(scan->length + 1, (size_t)MAX_NAME + 1);
        } else if (scan->length) {
            end_name(scan, byte);
        }
        scan->inside = byte != '\0';
    }
}

/* ---- the memo -------------------------------------------------------------------------------- */

static char *print_key(const struct stat *found)
{
    return g_strdup_printf("%ju %ju %jd %jd %jd", (uintmax_t)found->st_dev,
                           (uintmax_t)found->st_ino, (intmax_t)found->st_size,
                           (intmax_t)nanoseconds(found->st_mtim),
                           (intmax_t)nanoseconds(found->st_ctim));
}

/* True: ret_file is what was remembered. False without error: nothing is. */
static bool recall(CapsStore *memo, const struct stat *found, CapsFile *ret_file, GError **error)
{
    uint8_t seal[CAPS_SEAL_SIZE];
    g_autofree char *key = print_key(found);
    sqlite3_stmt *row = caps_store_prepare(
        memo,
        "SELECT hash, names, seal FROM file_memo WHERE dev = ? AND ino = ? AND size = ? AND "
        "mtime_ns = ? AND ctime_ns = ?",
        error, "iiiii", (int64_t)found->st_dev, (int64_t)found->st_ino, (int64_t)found->st_size,
        nanoseconds(found->st_mtim), nanoseconds(found->st_ctim));
    bool known = row && caps_store_step(memo, row, error) == 1;

    if (known) {
        const char *hash = (const char *)sqlite3_column_text(row, 0);
        const char *names = (const char *)sqlite3_column_text(row, 1);
        caps_seal(seal, key, hash, names, CAPS_SEAL_END);
        known = caps_seal_check(memo, row, 2, seal, "a file's hash", error) &&
                g_str_has_prefix(names, NAMES_VERSION);
        if (known) {
            ret_file->hash = g_strdup(hash);
            ret_file->names = g_strsplit(names + strlen(NAMES_VERSION), "\n", -1);
        }
    }
    if (row) {
        sqlite3_reset(row);
    }
    return known;
}

/* A memo that cannot be written now costs the time to hash the file again, and nobody waits for it.
 */
static void remember(CapsStore *memo, const struct stat *found, const CapsFile *file)
{
    struct timespec now;
    uint8_t seal[CAPS_SEAL_SIZE];
    g_autofree char *key = print_key(found);
    g_autofree char *joined = g_strjoinv("\n", file->names);
    g_autofree char *names = g_strconcat(NAMES_VERSION, joined, NULL);

    clock_gettime(CLOCK_REALTIME, &now);
    if (nanoseconds(found->st_ctim) > nanoseconds(now) - SETTLED_NS) {
        return;
    }
    caps_seal(seal, key, file->hash, names, CAPS_SEAL_END);
    caps_store_set_patience(memo, false);
    caps_store_run(memo, "INSERT OR REPLACE INTO file_memo VALUES (?, ?, ?, ?, ?, ?, ?, ?)", NULL,
                   "iiiiittb", (int64_t)found->st_dev, (int64_t)found->st_ino,
                   (int64_t)found->st_size, nanoseconds(found->st_mtim),
                   nanoseconds(found->st_ctim), file->hash, names, (const void *)seal,
                   (size_t)CAPS_SEAL_SIZE);
    caps_store_set_patience(memo, true);
}

/* ---- reading --------------------------------------------------------------------------------- */

static bool digest(int fd, const char *path, CapsFile *ret_file, GError **error)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    Scan scan = {.names = g_ptr_array_new()};
    g_autofree char *buffer = g_malloc(1 << 16);
    ssize_t length;

    while ((length = read(fd, buffer, 1 << 16)) > 0) {
        g_checksum_update(sum, (const guchar *)buffer, length);
        scan_bytes(&scan, buffer, (size_t)length);
    }
    end_name(&scan, '\0');
    bool too_many = scan.names->len > MAX_NAMES;
    g_ptr_array_add(scan.names, NULL);
    ret_file->names = (char **)g_ptr_array_free(scan.names, FALSE);
    ret_file->hash = g_strdup(g_checksum_get_string(sum));
    if (length < 0 || too_many) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_FAILED, "%s: %s", path,
                    too_many ? "names more folders than can be looked at" : g_strerror(errno));
        caps_file_done(ret_file);
    }
    return length == 0 && !too_many;
}

bool caps_file_read(const char *path, CapsStore *memo, CapsFile *ret_file, GError **error)
{
    struct stat found, after;
    g_autoptr(GError) problem = NULL;
    CapsFile file = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);

    if (fd < 0 || fstat(fd, &found) < 0 || !S_ISREG(found.st_mode)) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_FAILED, "%s: %s", path,
                    fd < 0 ? g_strerror(errno) : "not a regular file");
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    bool ok = memo && recall(memo, &found, &file, &problem);
    if (!ok && !problem) {
        ok = digest(fd, path, &file, &problem);
        /* Written while it was read: the hash is of no file at all. It is used, not remembered. */
        if (ok && memo && caps_store_is_writable(memo) && fstat(fd, &after) == 0 &&
            nanoseconds(after.st_ctim) == nanoseconds(found.st_ctim)) {
            remember(memo, &found, &file);
        }
    }
    close(fd);
    if (!ok) {
        g_propagate_error(error, g_steal_pointer(&problem));
        caps_file_done(&file);
        return false;
    }
    *ret_file = file;
    return true;
}

void caps_file_done(CapsFile *file)
{
    g_clear_pointer(&file->hash, g_free);
    g_clear_pointer(&file->names, g_strfreev);
}
