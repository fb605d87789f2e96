/* store: the database file. This header is the specification of its format.
 *
 * FILE FORMAT. A SQLite 3 database, application_id 0x63617073 ("caps"), user_version = the number
 * of the last migration in store.c, all tables STRICT, WAL, synchronous=FULL.
 *
 *   identity     an emulator by content (identity.h): hash, how it was named first, what it is, its
 *                parts as a reply
 *   file_memo    (dev, ino) -> size, mtime, ctime, SHA-256: only saves hashing a file again
 *   reply        content-addressed: SHA-256 of the canonical JSON, that JSON compressed by zlib;
 * with the reply that is its preset dictionary (RFC 1950), which has none itself dictionary   kin
 * (a command) -> the reply that new ones are compressed against command      names of commands
 *   question     (command, canonical arguments without the target), of all identities
 *   input_set    which inputs answers of an identity to a question have read: a JSON array of
 * names, sorted; that there may be answers that read nothing needs no row answer       (question,
 * identity, values of the inputs as a canonical JSON object) -> reply; with a reason the reply is
 * the words of a refusal, which may expire input_alias  what the words of a caller meant to an
 * identity: (context, input name, words or NULL for none) -> effective value, or NULL for
 * "accepted, never read" probe        each run of the prober: when, how long, launches, what the
 * jail lacked, its error quarantine   questions that kill an identity, with the evidence
 *
 * For people who write SQL there are views, and nothing else is to be relied on: emulators;
 * answers, with the JSON of each; quarantined; and machines, device_types, properties, …, which are
 * elements of replies with their emulator, identity and version (default_value is JSON). items has
 * all elements of all replies that are lists of objects: a new view is a WHERE over it. They call
 * reply_text(), so they need this program (capsdb sql).
 *
 * A row that an answer comes from carries a seal: the first 16 bytes of SHA-256 over its columns
 * with their lengths. A row whose seal is broken, and a reply whose bytes do not have its hash, is
 * damage: no flipped bit becomes an answer. Times are seconds since the epoch. Rows are only ever
 * added or replaced whole, in one transaction for each run of the prober.
 *
 * Beside FILE there are FILE-wal and FILE-shm (SQLite's) and FILE.lock (who asks what, and whose
 * turn it is to write, flight.c). A damaged file is renamed to FILE.damaged-TIME and a new one
 * begun.
 *
 * This file must not know QMP nor what the replies mean. */
#ifndef VITRINE_CAPSDB_STORE_H
#define VITRINE_CAPSDB_STORE_H

#include <glib.h>
#include <jansson.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

#define CAPS_ERROR (caps_error_quark())
GQuark caps_error_quark(void);

typedef enum {
    CAPS_ERROR_FAILED,      /* the system refused something; the message says what */
    CAPS_ERROR_UNUSABLE,    /* it refused that of the database: the disk is full, or broken */
    CAPS_ERROR_DAMAGED,     /* not a database, or not what was written */
    CAPS_ERROR_NEWER,       /* written by a later version of this program */
    CAPS_ERROR_READ_ONLY,   /* it cannot be written */
    CAPS_ERROR_LOCKED,      /* another process holds it for too long */
    CAPS_ERROR_UNTRUSTED,   /* owner, mode or kind of the file: somebody else may write it */
    CAPS_ERROR_UNKNOWN,     /* nothing is stored about this, and asking was not allowed */
    CAPS_ERROR_REPLACED,    /* the emulator asked is not the one at that path any more */
    CAPS_ERROR_USAGE,       /* the caller asked something that cannot be asked */
    CAPS_ERROR_QUARANTINED, /* the admin does not want it asked (pins.h) */
} CapsErrorCode;

typedef struct CapsStore CapsStore;

typedef enum {
    CAPS_STORE_WRITE, /* made if missing; falls back to reading where writing is not allowed */
    CAPS_STORE_READ,  /* no file is made; a missing one is an error */
    /* A file that nobody writes and that is replaced whole (publish.h). Read without locks; that
     * its owner is to be trusted is the caller's to know. */
    CAPS_STORE_SNAPSHOT,
} CapsStoreMode;

/* Opens, migrates if needed. A damaged file is moved aside and a new one begun, which
 * caps_store_note() says. Waits up to five seconds for another process. */
CapsStore *caps_store_open(const char *path, CapsStoreMode mode, GError **error);
void caps_store_close(CapsStore *store);
/* After an error DAMAGED in mid-work: moves the file aside and begins a new one in its place. */
bool caps_store_rebuild(CapsStore *store, GError **error);

/* The file, made absolute. Owned by the store. */
const char *caps_store_path(const CapsStore *store);
/* Hands *problem on to the caller, if there is one. */
void caps_pass_error(GError **problem, GError **error);

/* What the person should be told about the file, or NULL. */
const char *caps_store_note(const CapsStore *store);
bool caps_store_is_writable(const CapsStore *store);

/* How long to wait for another process: the default, or not at all. */
void caps_store_set_patience(CapsStore *store, bool patient);

/* One transaction, taken at once for writing, in turn with other writers. end: commits, or rolls
 * back if not ok. */
bool caps_store_begin(CapsStore *store, GError **error);
bool caps_store_end(CapsStore *store, bool ok, GError **error);

/* Statements for the other files of this folder. The statement belongs to the store and is reset by
 * the next call with the same text; values is one letter a parameter: t text or NULL (const char
 * *), i integer (int64_t), b blob (const void *, size_t), h a SHA-256 in hex as blob (const char
 * *). */
sqlite3_stmt *caps_store_prepare(CapsStore *store, const char *sql, GError **error,
                                 const char *values, ...);
/* 1: a row, 0: no more, -1: error. */
int caps_store_step(CapsStore *store, sqlite3_stmt *statement, GError **error);
/* Prepares and steps a statement that gives no rows. */
bool caps_store_run(CapsStore *store, const char *sql, GError **error, const char *values, ...);
sqlite3 *caps_store_sqlite(CapsStore *store);
void caps_store_set_error(CapsStore *store, int code, const char *doing, GError **error);

/* The seal of a row over its columns, in their order: texts, NULL where the column is, up to the
 * terminator CAPS_SEAL_END. */
#define CAPS_SEAL_END  ((const char *)-1)
#define CAPS_SEAL_SIZE 16
void caps_seal(uint8_t ret_seal[CAPS_SEAL_SIZE], ...);
/* False and DAMAGED if the seal in this column is not that. */
bool caps_seal_check(CapsStore *store, sqlite3_stmt *statement, int column,
                     const uint8_t seal[CAPS_SEAL_SIZE], const char *what, GError **error);

/* SHA-256 in hex of bytes. Free with g_free. */
char *caps_hash(const void *bytes, size_t length);

/* Replies: kept once whatever asks for them, compressed with what replies of the same kin (the
 * command) have in common. save: the id of the reply, 0 on error; ret_hash may be NULL, the hash in
 * hex is to be freed with g_free. text: the JSON, checked against its hash, with a NUL after it, to
 * be freed with g_free. load: a new reference. */
int64_t caps_reply_save(CapsStore *store, const char *kin, json_t *value, char **ret_hash,
                        GError **error);
char *caps_reply_text(CapsStore *store, int64_t id, size_t *ret_size, GError **error);
json_t *caps_reply_load(CapsStore *store, int64_t id, GError **error);
/* Dictionaries in memory: GBytes, the hash -> text. Of reply.c. */
GHashTable *caps_store_dictionaries(CapsStore *store);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CapsStore, caps_store_close)

#endif
