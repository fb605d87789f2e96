/* libcapsdb: what emulators said, asked from C.
 *
 * A question is put to an emulator by its path: a command, its arguments, and a target (what the
 * question is about), both as JSON text. The answer comes from the database if what it depended on
 * is unchanged, else from the emulator, launched in a jail. No service is needed. The library
 * prints nothing, never exits, and its handle may be used by several threads at once.
 *
 *   capsdb *db;
 *   capsdb_answer *answer;
 *   capsdb_error *error = NULL;
 *   if (capsdb_open(NULL, &db, &error) == 0 &&
 *       capsdb_ask(db, "/usr/bin/qemu-system-x86_64", "query-machines", NULL, NULL, 0, &answer,
 *                  &error) == 0)
 *       puts(capsdb_answer_json(answer));
 *
 * ABI: symbols are versioned (CAPSDB_0); a function never changes its meaning, structures are
 * opaque. Functions that can fail return 0, or -1 and, if ret_error is not NULL, an error to be
 * freed. */
#ifndef CAPSDB_H
#define CAPSDB_H

#ifdef __cplusplus
extern "C" {
#endif

typedef struct capsdb capsdb;
typedef struct capsdb_answer capsdb_answer;
typedef struct capsdb_error capsdb_error;

/* ---- errors ---------------------------------------------------------------------------------- */

typedef enum {
    CAPSDB_USAGE = 2,     /* the call cannot be made so */
    CAPSDB_UNKNOWN = 3,   /* the emulator refuses; the message is its own text */
    CAPSDB_NOT_KNOWN = 4, /* not stored, and asking was not allowed */
    CAPSDB_FAILED = 5,    /* the emulator gave no answer */
    CAPSDB_UNUSABLE = 6,  /* the database: damaged, newer, locked, not to be trusted */
    CAPSDB_DEADLINE = 7,  /* the emulator was silent for too long */
} capsdb_code;

/* What a program branches on; the same numbers as the exit codes of capsdb(1). */
capsdb_code capsdb_error_code(const capsdb_error *error);
/* One word: "NotFound", "Crashed", "Refused", "Damaged", … Owned by the error. */
const char *capsdb_error_reason(const capsdb_error *error);
/* One phrase for people, UTF-8. Owned by the error. */
const char *capsdb_error_message(const capsdb_error *error);
/* NULL is fine. */
void capsdb_error_free(capsdb_error *error);

/* ---- the database ---------------------------------------------------------------------------- */

/* Opens the database. file: NULL for all its layers: what the admin says, this user's file
 * ($XDG_CACHE_HOME/capsdb/capsdb.db, or CAPSDB_ROOT/capsdb.db; made if missing), the host's and
 * those that were shipped; a layer that cannot be used is left out. A file that is named is the
 * only one, and must be usable. A damaged file is moved aside and begun anew. */
int capsdb_open(const char *file, capsdb **ret_db, capsdb_error **ret_error);
/* What a person should be told about the files so far ("damaged; moved aside …"), a line each, or
 * NULL. Owned by db, until the next call. */
const char *capsdb_note(const capsdb *db);
/* Answers outlive the handle. NULL is fine. */
void capsdb_close(capsdb *db);

/* The longest that one launch of an emulator may take, in milliseconds (10,000 unless set). */
int capsdb_set_deadline(capsdb *db, unsigned milliseconds, capsdb_error **ret_error);

/* ---- asking ---------------------------------------------------------------------------------- */

#define CAPSDB_NO_PROBE 1u /* launch nothing: what is not stored is CAPSDB_NOT_KNOWN */
#define CAPSDB_AGAIN    2u /* ask the emulator even if the answer is stored */

/* Asks. arguments, target: JSON objects as text, or NULL. An emulator's refusal is an error. */
int capsdb_ask(capsdb *db, const char *emulator, const char *command, const char *arguments,
               const char *target, unsigned flags, capsdb_answer **ret_answer,
               capsdb_error **ret_error);
/* Asks everything that depends on the emulator alone, so that later questions launch nothing. Does
 * nothing if that was done before. */
int capsdb_add(capsdb *db, const char *emulator, unsigned flags, capsdb_error **ret_error);

/* The reply as JSON text, members sorted. Owned by the answer. */
const char *capsdb_answer_json(const capsdb_answer *answer);
/* What it depended on, as a JSON object of input and value. Owned by the answer. */
const char *capsdb_answer_inputs(const capsdb_answer *answer);
/* 1: it came from the database; 0: the emulator was launched for it. */
int capsdb_answer_stored(const capsdb_answer *answer);
/* When the emulator said it, in seconds since the epoch. */
long long capsdb_answer_asked(const capsdb_answer *answer);
/* NULL is fine. */
void capsdb_answer_free(capsdb_answer *answer);

/* The version of the library, as "0.1.0". Static. */
const char *capsdb_version(void);

#ifdef __cplusplus
}
#endif

#endif
