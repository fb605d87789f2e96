/* file: the content of one file on disk as a hash, remembered while the file cannot have changed.
 */
#ifndef VITRINE_CAPSDB_FILE_H
#define VITRINE_CAPSDB_FILE_H

#include "store.h"

#include <sys/stat.h>

typedef struct CapsFile {
    char *hash;   /* SHA-256 in hex */
    char **names; /* absolute paths that its bytes spell out, of what may hold files it loads */
} CapsFile;

/* memo: see identity.h; where it can be written, what was hashed is remembered. */
bool caps_file_read(const char *path, CapsStore *memo, CapsFile *ret_file, GError **error);
/* Frees what it holds; the struct is the caller's. */
void caps_file_done(CapsFile *file);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CapsFile, caps_file_done)

#endif
