/* gc: which rows are garbage (gc.h). What an answer needs stays, whatever its age: it is right as
 * long as its emulator is there. */
#include "gc.h"

#include "folder.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEPT_EXPIRED (7 * 24 * 60 * 60) /* seconds: how often it failed is still of use */

static int64_t size_of(const CapsStore *store)
{
    struct stat found;
    return stat(caps_store_path(store), &found) == 0 ? found.st_size : 0;
}

static int64_t count_rows(CapsStore *store, const char *table)
{
    g_autofree char *sql = g_strconcat("SELECT count(*) FROM ", table, NULL);
    sqlite3_stmt *row = caps_store_prepare(store, sql, NULL, "");
    int64_t count = 0;

    if (row && caps_store_step(store, row, NULL) == 1) {
        count = sqlite3_column_int64(row, 0);
        sqlite3_reset(row);
    }
    return count;
}

/* ---- emulators that are gone ----------------------------------------------------------------- */

typedef struct Known {
    int64_t id;
    char *hash, *path;
} Known;

static void clear_known(gpointer data)
{
    Known *known = data;
    g_free(known->hash);
    g_free(known->path);
}

static GArray *list_known(CapsStore *store, GError **error)
{
    sqlite3_stmt *row =
        caps_store_prepare(store, "SELECT id, lower(hex(hash)), path FROM identity", error, "");
    GArray *all = g_array_new(FALSE, FALSE, sizeof(Known));
    int found = -1;

    g_array_set_clear_func(all, clear_known);
    while (row && (found = caps_store_step(store, row, error)) == 1) {
        Known known = {sqlite3_column_int64(row, 0),
                       g_strdup((const char *)sqlite3_column_text(row, 1)),
                       g_strdup((const char *)sqlite3_column_text(row, 2))};
        g_array_append_val(all, known);
    }
    if (found < 0) {
        g_clear_pointer(&all, g_array_unref);
    }
    return all;
}

/* Keeps the hashes of the files that it is made of. */
static bool is_there(CapsLayers *layers, const Known *known, GHashTable *hashes)
{
    g_autoptr(CapsIdentity) now = caps_layers_identify(layers, known->path, NULL);

    if (!now || !g_str_equal(now->hash, known->hash)) {
        return false;
    }
    for (guint i = 0; i < now->parts->len; i++) {
        g_hash_table_add(hashes, g_strdup(((CapsPart *)g_ptr_array_index(now->parts, i))->hash));
    }
    return true;
}

/* Looks before the transaction: it takes time to read emulators. */
static void find_gone(CapsLayers *layers, GArray *all, GArray *gone, GHashTable *hashes)
{
    for (guint i = 0; i < all->len; i++) {
        const Known *known = &g_array_index(all, Known, i);
        if (!is_there(layers, known, hashes)) {
            g_array_append_val(gone, known->id);
        }
    }
}

static bool remove_gone(CapsStore *store, const GArray *gone, GError **error)
{
    bool ok = true;

    for (guint i = 0; i < gone->len && ok; i++) {
        ok = caps_store_run(store, "DELETE FROM identity WHERE id = ?", error, "i",
                            g_array_index(gone, int64_t, i));
    }
    return ok;
}

/* Files that no emulator here is made of need not be remembered. */
static bool remove_memos(CapsStore *store, GHashTable *hashes, GError **error)
{
    sqlite3_stmt *row = caps_store_prepare(store, "SELECT DISTINCT hash FROM file_memo", error, "");
    g_autoptr(GPtrArray) unused = g_ptr_array_new_with_free_func(g_free);
    int found = -1;

    while (row && (found = caps_store_step(store, row, error)) == 1) {
        const char *hash = (const char *)sqlite3_column_text(row, 0);
        if (!g_hash_table_contains(hashes, hash)) {
            g_ptr_array_add(unused, g_strdup(hash));
        }
    }
    bool ok = found == 0;
    for (guint i = 0; i < unused->len && ok; i++) {
        ok = caps_store_run(store, "DELETE FROM file_memo WHERE hash = ?", error, "t",
                            (const char *)g_ptr_array_index(unused, i));
    }
    return ok;
}

/* ---- rows that nothing points to ------------------------------------------------------------- */

/* In this order. Replies twice: what a dictionary was for may have gone with the first. */
#define REMOVE_REPLIES                                                                             \
    "DELETE FROM reply WHERE id NOT IN (SELECT reply FROM answer UNION "                           \
    "SELECT parts FROM identity WHERE parts NOTNULL UNION SELECT reply FROM dictionary UNION "     \
    "SELECT dictionary FROM reply WHERE dictionary NOTNULL)"

static bool remove_unused(CapsStore *store, GError **error)
{
    static const char *const statements[] = {
        "DELETE FROM input_set WHERE NOT EXISTS (SELECT 1 FROM answer "
        "WHERE answer.question = input_set.question AND answer.identity = input_set.identity)",
        "DELETE FROM question WHERE id NOT IN "
        "(SELECT question FROM answer UNION SELECT question FROM quarantine)",
        "DELETE FROM command WHERE id NOT IN (SELECT command FROM question)",
        REMOVE_REPLIES,
        REMOVE_REPLIES,
    };
    bool ok = caps_store_run(store, "DELETE FROM answer WHERE expires < unixepoch() - ?", error,
                             "i", (int64_t)KEPT_EXPIRED);

    for (size_t i = 0; i < G_N_ELEMENTS(statements) && ok; i++) {
        ok = caps_store_run(store, statements[i], error, "");
    }
    return ok;
}

/* FILE.damaged-TIME and what SQLite had beside it. */
static int64_t remove_damaged(const CapsStore *store)
{
    g_autofree char *folder = g_path_get_dirname(caps_store_path(store));
    g_autofree char *prefix = g_strconcat(caps_store_path(store), ".damaged-", NULL);
    g_autoptr(GPtrArray) files = caps_folder_list(folder, "");
    int64_t removed = 0;

    for (guint i = 0; i < files->len; i++) {
        const char *file = g_ptr_array_index(files, i);
        removed += g_str_has_prefix(file, prefix) && unlink(file) == 0;
    }
    return removed;
}

/* ---- all of it ------------------------------------------------------------------------------- */

static bool remove_rows(CapsStore *store, const GArray *gone, GHashTable *hashes,
                        CapsGarbage *garbage, GError **error)
{
    if (!caps_store_begin(store, error)) {
        return false;
    }
    int64_t identities = count_rows(store, "identity"), answers = count_rows(store, "answer"),
            replies = count_rows(store, "reply");
    bool ok = remove_gone(store, gone, error) && remove_memos(store, hashes, error) &&
              remove_unused(store, error);
    garbage->identities = identities - count_rows(store, "identity");
    garbage->answers = answers - count_rows(store, "answer");
    garbage->replies = replies - count_rows(store, "reply");
    return caps_store_end(store, ok, error);
}

/* Another process that reads keeps it from happening now; the next time will do. */
static void give_back_room(CapsStore *store)
{
    caps_store_run(store, "VACUUM", NULL, "");
    sqlite3_wal_checkpoint_v2(caps_store_sqlite(store), NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL,
                              NULL);
}

bool caps_gc(CapsLayers *layers, CapsGarbage *ret_garbage, GError **error)
{
    CapsStore *store = caps_layers_own(layers);
    g_autoptr(GHashTable) hashes = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GArray) gone = g_array_new(FALSE, FALSE, sizeof(int64_t));

    *ret_garbage = (CapsGarbage){0};
    if (!store) {
        return true;
    }
    int64_t size = size_of(store);
    g_autoptr(GArray) all = list_known(store, error);
    if (!all) {
        return false;
    }
    find_gone(layers, all, gone, hashes);
    if (caps_layers_own(layers) != store || !remove_rows(store, gone, hashes, ret_garbage, error)) {
        return caps_layers_own(layers) != store; /* found damaged, and begun anew: all is gone */
    }
    give_back_room(store);
    ret_garbage->files = remove_damaged(store);
    ret_garbage->bytes = MAX(0, size - size_of(store));
    return true;
}
