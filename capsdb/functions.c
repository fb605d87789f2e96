/* functions: compression of replies, for C and for SQL (functions.h). Must not know the tables. */
#include "functions.h"

#include <string.h>
#include <zlib.h>

unsigned char *caps_deflate(const char *text, size_t length, const char *dictionary,
                            size_t *ret_length)
{
    z_stream stream = {.next_in = (Bytef *)text, .avail_in = (uInt)length};

    g_assert(length <= CAPS_MAX_REPLY);
    /* With room for the bound and sane arguments only memory can be missing. */
    if (deflateInit(&stream, Z_BEST_COMPRESSION) != Z_OK) {
        g_error("out of memory");
    }
    if (dictionary) {
        deflateSetDictionary(&stream, (const Bytef *)dictionary, (uInt)strlen(dictionary));
    }
    size_t size = deflateBound(&stream, length);
    unsigned char *bytes = g_malloc(size);
    stream.next_out = bytes;
    stream.avail_out = (uInt)size;
    int code = deflate(&stream, Z_FINISH);
    g_assert(code == Z_STREAM_END);
    *ret_length = stream.total_out;
    deflateEnd(&stream);
    return bytes;
}

char *caps_inflate(const void *bytes, size_t length, size_t size, const char *dictionary)
{
    if (size > CAPS_MAX_REPLY || length > CAPS_MAX_REPLY) {
        return NULL;
    }
    g_autofree char *text = g_malloc(size + 1);
    z_stream stream = {.next_in = (Bytef *)bytes,
                       .avail_in = (uInt)length,
                       .next_out = (Bytef *)text,
                       .avail_out = (uInt)size};
    if (inflateInit(&stream) != Z_OK) {
        return NULL;
    }
    int code = inflate(&stream, Z_FINISH);
    if (code == Z_NEED_DICT && dictionary &&
        inflateSetDictionary(&stream, (const Bytef *)dictionary, (uInt)strlen(dictionary)) ==
            Z_OK) {
        code = inflate(&stream, Z_FINISH);
    }
    bool whole = code == Z_STREAM_END && stream.total_out == size && stream.avail_in == 0;
    inflateEnd(&stream);
    text[size] = '\0';
    return whole ? g_steal_pointer(&text) : NULL;
}

static void sql_reply_text(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    CapsStore *store = sqlite3_user_data(context);
    g_autoptr(GError) error = NULL;
    size_t size;
    char *text = caps_reply_text(store, sqlite3_value_int64(values[0]), &size, &error);

    if (text) {
        sqlite3_result_text64(context, text, size, g_free, SQLITE_UTF8);
    } else {
        sqlite3_result_error(context, error->message, -1);
        sqlite3_result_error_code(context, SQLITE_CORRUPT);
    }
}

static void sql_sha256(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
    const unsigned char *text = sqlite3_value_text(values[0]);
    uint8_t digest[32];
    gsize size = sizeof(digest);

    g_checksum_update(sum, text, sqlite3_value_bytes(values[0]));
    g_checksum_get_digest(sum, digest, &size);
    sqlite3_result_blob(context, digest, (int)size, SQLITE_TRANSIENT);
}

static void sql_deflate(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    const char *text = (const char *)sqlite3_value_text(values[0]);
    size_t length;

    if (text) {
        unsigned char *bytes =
            caps_deflate(text, (size_t)sqlite3_value_bytes(values[0]), NULL, &length);
        sqlite3_result_blob64(context, bytes, length, g_free);
    }
}

bool caps_functions_add(CapsStore *store, GError **error)
{
    static const struct {
        const char *name;
        void (*function)(sqlite3_context *, int, sqlite3_value **);
    } rows[] = {{"reply_text", sql_reply_text}, {"sha256", sql_sha256}, {"deflate", sql_deflate}};

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        int code = sqlite3_create_function(caps_store_sqlite(store), rows[i].name, 1,
                                           SQLITE_UTF8 | SQLITE_INNOCUOUS, store, rows[i].function,
                                           NULL, NULL);
        if (code != SQLITE_OK) {
            caps_store_set_error(store, code, rows[i].name, error);
            return false;
        }
    }
    return true;
}
