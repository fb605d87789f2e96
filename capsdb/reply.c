/* reply: JSON kept once by content, and the seals of rows (format: store.h). */
#include "functions.h"
#include "store.h"
#include "wire.h"

#include <string.h>

#define MAX_DICTIONARIES 64 /* in memory */

char *caps_hash(const void *bytes, size_t length)
{
    return g_compute_checksum_for_data(G_CHECKSUM_SHA256, bytes, length);
}

void caps_seal(uint8_t ret_seal[CAPS_SEAL_SIZE], ...)
{
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    uint8_t digest[32];
    gsize size = sizeof(digest);
    const char *text;
    va_list list;

    va_start(list, ret_seal);
    while ((text = va_arg(list, const char *)) != CAPS_SEAL_END) {
        /* The length first, so that no text can pretend to be two; NULL has one that none has. */
        uint64_t length = GUINT64_TO_LE(text ? strlen(text) : UINT64_MAX);
        g_checksum_update(sum, (const guchar *)&length, sizeof(length));
        g_checksum_update(sum, (const guchar *)text, text ? (gssize)strlen(text) : 0);
    }
    va_end(list);
    g_checksum_get_digest(sum, digest, &size);
    memcpy(ret_seal, digest, CAPS_SEAL_SIZE);
}

bool caps_seal_check(CapsStore *store, sqlite3_stmt *statement, int column,
                     const uint8_t seal[CAPS_SEAL_SIZE], const char *what, GError **error)
{
    const void *kept = sqlite3_column_blob(statement, column);

    if (kept && sqlite3_column_bytes(statement, column) == CAPS_SEAL_SIZE &&
        memcmp(kept, seal, CAPS_SEAL_SIZE) == 0) {
        return true;
    }
    g_set_error(error, CAPS_ERROR, CAPS_ERROR_DAMAGED, "%s: the seal of %s is broken",
                caps_store_path(store), what);
    return false;
}

/* ---- replies --------------------------------------------------------------------------------- */

/* What a new reply of this kin is compressed against: id and size of it, 0 if there is none. */
static bool find_dictionary(CapsStore *store, const char *kin, int64_t *ret_id, size_t *ret_size,
                            GError **error)
{
    sqlite3_stmt *row = caps_store_prepare(
        store, "SELECT reply, size FROM dictionary JOIN reply ON id = reply WHERE kin = ?", error,
        "t", kin);
    int found = row ? caps_store_step(store, row, error) : -1;

    *ret_id = found == 1 ? sqlite3_column_int64(row, 0) : 0;
    *ret_size = found == 1 ? (size_t)sqlite3_column_int64(row, 1) : 0;
    if (row) {
        sqlite3_reset(row);
    }
    return found >= 0;
}

/* Stores a text that is new. One that is a good deal longer than the dictionary of its kin has more
 * to offer to those that come after it: it is stored plain, and is the dictionary from now on. So
 * no dictionary needs another. */
static int64_t insert(CapsStore *store, const char *kin, const char *hash, const char *text,
                      size_t size, GError **error)
{
    bool may_use = size <= CAPS_MAX_DICTIONARY, becomes = false;
    g_autofree char *dictionary = NULL;
    int64_t base = 0;
    size_t base_size = 0, length;

    if (may_use && !find_dictionary(store, kin, &base, &base_size, error)) {
        return 0;
    }
    becomes = may_use && size > base_size + base_size / 4;
    if (base && !becomes && !(dictionary = caps_reply_text(store, base, &length, error))) {
        return 0;
    }
    g_autofree unsigned char *body = caps_deflate(text, size, dictionary, &length);
    if (!caps_store_run(store,
                        "INSERT INTO reply (hash, size, body, dictionary) "
                        "VALUES (?, ?, ?, NULLIF(?, 0))",
                        error, "hibi", hash, (int64_t)size, (const void *)body, length,
                        dictionary ? base : 0)) {
        return 0;
    }
    int64_t id = sqlite3_last_insert_rowid(caps_store_sqlite(store));
    return !becomes || caps_store_run(store, "INSERT OR REPLACE INTO dictionary VALUES (?, ?)",
                                      error, "ti", kin, id)
               ? id
               : 0;
}

int64_t caps_reply_save(CapsStore *store, const char *kin, json_t *value, char **ret_hash,
                        GError **error)
{
    g_autofree char *text = wire_json_print(value, WIRE_JSON_CANONICAL);
    size_t size = strlen(text);
    g_autofree char *hash = caps_hash(text, size);
    sqlite3_stmt *known =
        caps_store_prepare(store, "SELECT id FROM reply WHERE hash = ?", error, "h", hash);
    int found = known ? caps_store_step(store, known, error) : -1;
    int64_t id = found == 1 ? sqlite3_column_int64(known, 0) : 0;

    if (known) {
        sqlite3_reset(known);
    }
    if (found == 0) {
        id = insert(store, kin, hash, text, size, error);
    }
    if (id && ret_hash) {
        *ret_hash = g_steal_pointer(&hash);
    }
    return id;
}

/* The text of a reply whose body, size and hash are the columns from FIRST, if it has that hash. */
static char *read_text(sqlite3_stmt *row, int first, const char *dictionary, size_t *ret_size)
{
    const void *body = sqlite3_column_blob(row, first);
    size_t length = (size_t)sqlite3_column_bytes(row, first);
    sqlite3_int64 size = sqlite3_column_int64(row, first + 1);
    const void *hash = sqlite3_column_blob(row, first + 2);
    uint8_t digest[32];
    gsize digest_size = sizeof(digest);

    if (!body || size <= 0 || sqlite3_column_bytes(row, first + 2) != (int)sizeof(digest)) {
        return NULL;
    }
    g_autofree char *text = caps_inflate(body, length, (size_t)size, dictionary);
    if (!text) {
        return NULL;
    }
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    g_checksum_update(sum, (const guchar *)text, size);
    g_checksum_get_digest(sum, digest, &digest_size);
    *ret_size = (size_t)size;
    return memcmp(digest, hash, sizeof(digest)) == 0 ? g_steal_pointer(&text) : NULL;
}

/* The text of the dictionary in the row at hand; NULL: none, or damaged. The store keeps it for the
 * replies that come after this one, under its hash, so that a row that was replaced is not it. */
static const char *read_dictionary(CapsStore *store, sqlite3_stmt *row, int first)
{
    GHashTable *known = caps_store_dictionaries(store);
    const void *hash = sqlite3_column_blob(row, first + 2);
    size_t size;

    if (!hash) {
        return NULL;
    }
    g_autoptr(GBytes) key = g_bytes_new(hash, (size_t)sqlite3_column_bytes(row, first + 2));
    char *text = g_hash_table_lookup(known, key);
    if (!text && (text = read_text(row, first, NULL, &size))) {
        if (g_hash_table_size(known) >= MAX_DICTIONARIES) {
            g_hash_table_remove_all(known);
        }
        g_hash_table_insert(known, g_steal_pointer(&key), text);
    }
    return text;
}

char *caps_reply_text(CapsStore *store, int64_t id, size_t *ret_size, GError **error)
{
    sqlite3_stmt *row =
        caps_store_prepare(store,
                           "SELECT r.body, r.size, r.hash, d.body, d.size, d.hash FROM reply AS r "
                           "LEFT JOIN reply AS d ON d.id = r.dictionary WHERE r.id = ?",
                           error, "i", id);
    int found = row ? caps_store_step(store, row, error) : -1;

    if (found < 0) {
        return NULL;
    }
    char *text = found ? read_text(row, 0, read_dictionary(store, row, 3), ret_size) : NULL;
    sqlite3_reset(row);
    if (!text) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_DAMAGED,
                    "%s: reply %" G_GINT64_FORMAT " is not what was written",
                    caps_store_path(store), id);
    }
    return text;
}

json_t *caps_reply_load(CapsStore *store, int64_t id, GError **error)
{
    static const WireLimits limits = {.max_bytes = CAPS_MAX_REPLY, .max_depth = 1024};
    size_t size;
    g_autofree char *text = caps_reply_text(store, id, &size, error);

    return text ? wire_json_parse(text, size, &limits, error) : NULL;
}
