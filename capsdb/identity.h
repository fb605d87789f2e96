/* identity: which emulator this is, by content.
 *
 * Two files are one emulator when everything that can shape their answers is the same: the bytes of
 * the program; for a script its interpreter and every program it names; the loadable modules,
 * machine files and descriptors of firmware in the folders that the program names; the version of
 * the prober's questions. The path does not count, nor does any time stamp. This file must not know
 * what was ever answered. */
#ifndef VITRINE_CAPSDB_IDENTITY_H
#define VITRINE_CAPSDB_IDENTITY_H

#include "store.h"

/* One file that made the identity what it is. */
typedef struct CapsPart {
    const char *role; /* "program", "script", "interpreter", "named", "recording", "loaded";
                        "apart": loaded by one that is where it was installed, which this is not */
    char *path;
    char *hash; /* SHA-256 of the content, in hex */
} CapsPart;

typedef struct CapsIdentity {
    char *hash;         /* SHA-256, in hex */
    char *root;         /* the folder that is / to it; NULL: ours. Other paths are within it */
    char *path;         /* as given, made absolute */
    char *file;         /* where that is for us, root and all */
    GPtrArray *parts;   /* CapsPart *, in the order they were found */
    GPtrArray *folders; /* char *: where modules were looked for, found or not */
    bool recording;     /* a file of a conversation (NAME.replies) in place of a program */
} CapsIdentity;

/* Reads the files; nothing outside of root is looked at (NULL: there is none). memo: a store that
 * remembers the hashes of files that have not changed since, or NULL. Errors are the prober's
 * NOT_FOUND and NOT_EXECUTABLE, or a store's. */
CapsIdentity *caps_identity_new(const char *root, const char *path, CapsStore *memo,
                                GError **error);
/* Frees an identity; NULL is fine. */
void caps_identity_free(CapsIdentity *identity);
/* True if nobody but root and owner can change any of it, nor add a module: each file and folder,
 * and the way there (path.h). */
bool caps_identity_is_trusted(const CapsIdentity *identity, uid_t owner, GError **error);
/* True if a QEMU that is called so prefers KVM: the one thing about a name that all know. */
bool caps_name_prefers_kvm(const char *path);
/* The parts as JSON: an array of {role, path, hash}. New reference. */
json_t *caps_identity_parts(const CapsIdentity *identity);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CapsIdentity, caps_identity_free)

#endif
