/* functions: what SQL can call in this database. */
#ifndef VITRINE_CAPSDB_FUNCTIONS_H
#define VITRINE_CAPSDB_FUNCTIONS_H

#include <sqlite3.h>
#include <stddef.h>

/* inflate(body, size): the text of a compressed reply, NULL if it is damaged. */
void caps_functions_add(sqlite3 *db);

/* zlib, with the size known. deflate: free with g_free. inflate: a text with a NUL after it, NULL
 * if the bytes are not exactly that much text. */
unsigned char *caps_deflate(const char *text, size_t length, size_t *ret_length);
char *caps_inflate(const void *bytes, size_t length, size_t size);

#define CAPS_MAX_REPLY ((size_t)64 << 20)

#endif
