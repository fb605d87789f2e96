/* functions: compression of replies, and what SQL can call in this database. */
#ifndef VITRINE_CAPSDB_FUNCTIONS_H
#define VITRINE_CAPSDB_FUNCTIONS_H

#include "store.h"

/* reply_text(id): the JSON of a reply; damage is the error SQLITE_CORRUPT. sha256(text): a blob.
 * deflate(text): a blob, without dictionary (migrations). */
bool caps_functions_add(CapsStore *store, GError **error);

#define CAPS_MAX_REPLY ((size_t)64 << 20)
/* The window of deflate: what lies further back in a dictionary, or in a text, is not seen. */
#define CAPS_MAX_DICTIONARY ((size_t)32 << 10)

/* zlib (RFC 1950), with the size known; a preset dictionary may be NULL. deflate: free with g_free.
 * inflate: a text with a NUL after it, NULL if the bytes are not exactly that much text. */
unsigned char *caps_deflate(const char *text, size_t length, const char *dictionary,
                            size_t *ret_length);
char *caps_inflate(const void *bytes, size_t length, size_t size, const char *dictionary);

#endif
