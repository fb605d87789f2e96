/* reply: JSON kept once by content, and the seals of rows (format: store.h). */
#include "functions.h"
#include "store.h"
#include "wire.h"

#include <string.h>

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

char *caps_reply_save(CapsStore *store, json_t *value, GError **error)
{
    g_autofree char *text = wire_json_print(value, WIRE_JSON_CANONICAL);
    size_t size = strlen(text), length;
    g_autofree char *hash = caps_hash(text, size);
    sqlite3_stmt *known =
        caps_store_prepare(store, "SELECT 1 FROM reply WHERE hash = ?", error, "h", hash);
    int found = known ? caps_store_step(store, known, error) : -1;

    if (known) {
        sqlite3_reset(known);
    }
    if (found < 0) {
        return NULL;
    }
    if (!found) {
        g_autofree unsigned char *body = caps_deflate(text, size, &length);
        if (!caps_store_run(store, "INSERT INTO reply (hash, size, body) VALUES (?, ?, ?)", error,
                            "hib", hash, (int64_t)size, (const void *)body, length)) {
            return NULL;
        }
    }
    return g_steal_pointer(&hash);
}

static json_t *damaged_reply(CapsStore *store, const char *hash, GError **error)
{
    g_set_error(error, CAPS_ERROR, CAPS_ERROR_DAMAGED, "%s: reply %.12s is not what was written",
                caps_store_path(store), hash);
    return NULL;
}

json_t *caps_reply_load(CapsStore *store, const char *hash, GError **error)
{
    static const WireLimits limits = {.max_bytes = CAPS_MAX_REPLY, .max_depth = 1024};
    sqlite3_stmt *row =
        caps_store_prepare(store, "SELECT body, size FROM reply WHERE hash = ?", error, "h", hash);
    int found = row ? caps_store_step(store, row, error) : -1;

    if (found <= 0) {
        return found < 0 ? NULL : damaged_reply(store, hash, error);
    }
    const void *body = sqlite3_column_blob(row, 0);
    sqlite3_int64 size = sqlite3_column_int64(row, 1);
    g_autofree char *text =
        body && size > 0 ? caps_inflate(body, (size_t)sqlite3_column_bytes(row, 0), (size_t)size)
                         : NULL;
    sqlite3_reset(row);
    g_autofree char *is = text ? caps_hash(text, (size_t)size) : NULL;
    if (g_strcmp0(is, hash) != 0) {
        return damaged_reply(store, hash, error);
    }
    json_t *value = wire_json_parse(text, (size_t)size, &limits, NULL);
    return value ? value : damaged_reply(store, hash, error);
}
