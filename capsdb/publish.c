/* publish: copying a database to where it is read (publish.h).
 *
 * A static file is not a copy of the pages, which remember the order of writing, but made anew: its
 * rows are put in, sorted by what they say, through the same functions that stored them first. */
#include "publish.h"

#include "answer.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool fail(GError **error, const char *path)
{
    g_set_error(error, CAPS_ERROR, CAPS_ERROR_FAILED, "%s: %s", path, g_strerror(errno));
    return false;
}

/* ---- the file -------------------------------------------------------------------------------- */

/* VACUUM INTO takes an empty file; the journal mode is part of the file. */
static bool copy_pages(CapsStore *from, const char *path, GError **error)
{
    sqlite3 *copy = NULL;
    bool ok = caps_store_run(from, "VACUUM INTO ?", error, "t", path);

    if (ok && (sqlite3_open_v2(path, &copy, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW, NULL) ||
               sqlite3_exec(copy, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL))) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_FAILED, "%s: %s", path, sqlite3_errmsg(copy));
        ok = false;
    }
    sqlite3_close(copy);
    return ok;
}

static bool sync_folder(const char *path)
{
    g_autofree char *folder = g_path_get_dirname(path);
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;

    if (fd >= 0) {
        close(fd);
    }
    return ok;
}

/* A file beside path that did not exist; only its owner has it until it is whole. */
static int make_beside(const char *path, char **ret_beside, GError **error)
{
    g_autofree char *beside = g_strconcat(path, ".new-XXXXXX", NULL);
    int fd = g_mkstemp_full(beside, O_RDWR | O_CLOEXEC, 0600);

    if (fd < 0) {
        fail(error, beside);
    } else {
        *ret_beside = g_steal_pointer(&beside);
    }
    return fd;
}

bool caps_publish(CapsStore *from, const char *to, GError **error)
{
    g_autofree char *beside = NULL;
    int fd = make_beside(to, &beside, error);

    if (fd < 0) {
        return false;
    }
    bool ok = copy_pages(from, beside, error);
    if (ok &&
        (fchmod(fd, 0444) < 0 || fsync(fd) < 0 || rename(beside, to) < 0 || !sync_folder(to))) {
        ok = fail(error, to);
    }
    if (!ok) {
        unlink(beside); /* nothing is there if it has its name already */
    }
    close(fd);
    return ok;
}

/* ---- a static file --------------------------------------------------------------------------- */

/* Emulators that were asked everything, in the order of their content. */
static GPtrArray *list_complete(CapsStore *from, GError **error)
{
    GPtrArray *hashes = g_ptr_array_new_with_free_func(g_free);
    sqlite3_stmt *row = caps_store_prepare(
        from,
        "SELECT lower(hex(hash)) FROM identity WHERE EXISTS (SELECT 1 FROM probe WHERE "
        "identity = identity.id AND complete) ORDER BY hash",
        error, "");
    int found = -1;

    while (row && (found = caps_store_step(from, row, error)) == 1) {
        g_ptr_array_add(hashes, g_strdup((const char *)sqlite3_column_text(row, 0)));
    }
    if (found < 0) {
        g_clear_pointer(&hashes, g_ptr_array_unref);
    }
    return hashes;
}

static bool insert_identity(CapsStore *to, const char *hash, sqlite3_stmt *row, json_t *parts,
                            int64_t time, GError **error)
{
    int64_t kept = caps_reply_save(to, "identity", parts, NULL, error);

    return kept && caps_store_run(to,
                                  "INSERT INTO identity (hash, path, kind, version, parts, "
                                  "first_seen) VALUES (?, ?, ?, ?, ?, ?)",
                                  error, "htttii", hash, (const char *)sqlite3_column_text(row, 0),
                                  (const char *)sqlite3_column_text(row, 1),
                                  (const char *)sqlite3_column_text(row, 2), kept, time);
}

/* Its row in to; 0 with error. */
static int64_t copy_identity(CapsStore *from, CapsStore *to, const char *hash, int64_t time,
                             GError **error)
{
    sqlite3_stmt *row = caps_store_prepare(
        from, "SELECT path, kind, version, parts FROM identity WHERE hash = ?", error, "h", hash);
    int64_t id = 0;

    if (row && caps_store_step(from, row, error) == 1) {
        json_t *parts = caps_reply_load(from, sqlite3_column_int64(row, 3), error);
        if (parts && insert_identity(to, hash, row, parts, time, error)) {
            id = sqlite3_last_insert_rowid(caps_store_sqlite(to));
        }
        json_decref(parts);
        sqlite3_reset(row);
    }
    return id;
}

/* That it was asked everything, once; how long that took is of the host. */
static bool add_probe(CapsStore *to, int64_t id, int64_t time, GError **error)
{
    return caps_store_run(to,
                          "INSERT INTO probe (identity, began, took_ms, launches, facts, complete, "
                          "missing) SELECT ?1, ?2, 0, 0, count(*), 1, '' FROM answer "
                          "WHERE identity = ?1",
                          error, "ii", id, time);
}

static bool copy_all(CapsStore *from, CapsStore *to, int64_t time, GError **error)
{
    g_autoptr(GPtrArray) hashes = list_complete(from, error);
    bool ok = hashes != NULL;

    for (guint i = 0; ok && i < hashes->len; i++) {
        char *hash = g_ptr_array_index(hashes, i);
        int64_t id = copy_identity(from, to, hash, time, error);
        ok = id && caps_answers_copy(from, to, hash, time, error) && add_probe(to, id, time, error);
    }
    return ok;
}

static void remove_store(const char *path)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal", ".lock"};
    for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        g_autofree char *name = g_strconcat(path, suffixes[i], NULL);
        unlink(name);
    }
}

bool caps_publish_static(CapsStore *from, int64_t time, const char *to, GError **error)
{
    g_autofree char *work = NULL;
    int fd = make_beside(to, &work, error);

    if (fd < 0) {
        return false;
    }
    close(fd);
    CapsStore *made = caps_store_open(work, CAPS_STORE_WRITE, error);
    bool ok = made && caps_store_begin(made, error);
    if (ok) {
        ok = copy_all(from, made, time, error);
        ok = caps_store_end(made, ok, error) && caps_publish(made, to, error);
    }
    caps_store_close(made);
    remove_store(work);
    return ok;
}
