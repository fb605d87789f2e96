/* functions: compression of replies, for C and for SQL. Must not know the tables. */
#include "functions.h"

#include <glib.h>
#include <zlib.h>

unsigned char *caps_deflate(const char *text, size_t length, size_t *ret_length)
{
    uLongf size = compressBound(length);
    unsigned char *bytes = g_malloc(size);

    /* With room for the bound and sane arguments only memory can be missing. */
    if (compress2(bytes, &size, (const Bytef *)text, length, 6) != Z_OK) {
        g_error("out of memory");
    }
    *ret_length = size;
    return bytes;
}

char *caps_inflate(const void *bytes, size_t length, size_t size)
{
    if (size > CAPS_MAX_REPLY) {
        return NULL;
    }
    uLongf got = size;
    char *text = g_malloc(size + 1);
    if (uncompress((Bytef *)text, &got, bytes, length) != Z_OK || got != size) {
        g_free(text);
        return NULL;
    }
    text[size] = '\0';
    return text;
}

static void sql_inflate(sqlite3_context *context, int count, sqlite3_value **values)
{
    (void)count;
    const void *bytes = sqlite3_value_blob(values[0]);
    sqlite3_int64 size = sqlite3_value_int64(values[1]);
    char *text = bytes && size >= 0
                     ? caps_inflate(bytes, (size_t)sqlite3_value_bytes(values[0]), (size_t)size)
                     : NULL;
    if (text) {
        sqlite3_result_text64(context, text, (sqlite3_uint64)size, g_free, SQLITE_UTF8);
    }
}

void caps_functions_add(sqlite3 *db)
{
    sqlite3_create_function(db, "inflate", 2, SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS,
                            NULL, sql_inflate, NULL, NULL);
}
