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
 *   if (capsdb_open(NULL, NULL, 0, &db, &error) == 0 &&
 *       capsdb_ask(db, "/usr/bin/qemu-system-x86_64", "query-machines", NULL, NULL, 0, &answer,
 *                  &error) == 0)
 *       puts(capsdb_answer_json(answer));
 *
 * Whatever there is several of (emulators, facts, rows) comes as items: one JSON object at a time,
 * as text, to a function of the caller's. What members an item has is said in capsdb(1).
 *
 * ABI: symbols are versioned (CAPSDB_0); a function never changes its meaning, structures are
 * opaque, items and answers may get further members. Functions that can fail return 0, or -1 and,
 * if ret_error is not NULL, an error to be freed. All text is UTF-8. */
#ifndef CAPSDB_H
#define CAPSDB_H

#ifdef __cplusplus
extern "C" {
#endif

typedef struct capsdb capsdb;
typedef struct capsdb_answer capsdb_answer;
typedef struct capsdb_error capsdb_error;

/* ---- errors ---------------------------------------------------------------------------------- */

/* What a program branches on; the exit codes of capsdb(1). */
typedef enum {
    CAPSDB_YES = 0,
    CAPSDB_NO = 1,         /* of the program only: an answer that is "no" is an answer */
    CAPSDB_USAGE = 2,      /* the call cannot be made so */
    CAPSDB_UNKNOWN = 3,    /* the emulator refuses; the message is its own text */
    CAPSDB_NOT_STORED = 4, /* nothing that is stored answers it, and asking was not allowed */
    CAPSDB_FAILED = 5,     /* the emulator gave no answer */
    CAPSDB_UNUSABLE = 6,   /* the database: damaged, newer, locked, not to be trusted, full */
    CAPSDB_DEADLINE = 7,   /* the emulator, or a statement, took too long */
} capsdb_code;

capsdb_code capsdb_error_code(const capsdb_error *error);
/* One word: "NotFound", "Crashed", "Refused", "Damaged", … Static. */
const char *capsdb_error_reason(const capsdb_error *error);
/* One phrase for people. Owned by the error. */
const char *capsdb_error_message(const capsdb_error *error);
/* NULL is fine. */
void capsdb_error_free(capsdb_error *error);
/* The code of a reason, as of the member "reason" of an item. */
capsdb_code capsdb_reason_code(const char *reason);

/* ---- the database ---------------------------------------------------------------------------- */

#define CAPSDB_READ_ONLY 1u /* of capsdb_open: makes and writes nothing */
#define CAPSDB_SYSTEM                                                                              \
    2u /* of capsdb_open: what is asked is kept for everybody here, not for this user */

/* Opens the database. file: NULL for all its layers: what the admin says, this user's file
 * ($XDG_CACHE_HOME/capsdb/capsdb.db, or CAPSDB_ROOT/capsdb.db; made if missing), the host's and
 * those that were shipped; a layer that cannot be used is left out. A file that is named is the
 * only one, and must be usable. root: the folder of another system whose layers they are; NULL:
 * this one's. A damaged file is moved aside and begun anew. CAPSDB_ROOT and XDG_CACHE_HOME are all
 * of the environment that is looked at. */
int capsdb_open(const char *file, const char *root, unsigned flags, capsdb **ret_db,
                capsdb_error **ret_error);
/* What a person should be told about the files so far ("damaged; moved aside …"), a line each, or
 * NULL. Owned by db, until the next call with it. */
const char *capsdb_note(capsdb *db);
/* Answers outlive the handle. NULL is fine. */
void capsdb_close(capsdb *db);

/* The longest that one launch of an emulator, or a statement, may take, in milliseconds (10,000
 * unless set; at most an hour). */
int capsdb_set_deadline(capsdb *db, unsigned milliseconds, capsdb_error **ret_error);

/* ---- asking ---------------------------------------------------------------------------------- */

#define CAPSDB_NO_PROBE 4u /* launch nothing: what is not stored is CAPSDB_NOT_STORED */
#define CAPSDB_AGAIN    8u /* ask the emulator even if the answer is stored */
#define CAPSDB_MACHINES                                                                            \
    16u /* of capsdb_update: learn every machine too, as it is without any option */

/* Asks. arguments, target: JSON objects as text, or NULL. An emulator's refusal is an error. */
int capsdb_ask(capsdb *db, const char *emulator, const char *command, const char *arguments,
               const char *target, unsigned flags, capsdb_answer **ret_answer,
               capsdb_error **ret_error);

/* The reply as JSON text, members sorted. Owned by the answer. */
const char *capsdb_answer_json(const capsdb_answer *answer);
/* What it depended on, as a JSON object of input and value. Owned by the answer. */
const char *capsdb_answer_inputs(const capsdb_answer *answer);
/* 1: it came from the database; 0: the emulator was launched for it. */
int capsdb_answer_stored(const capsdb_answer *answer);
/* When the emulator said it, in seconds since the epoch. */
long long capsdb_answer_asked(const capsdb_answer *answer);
/* Why it could not be put into the database, or NULL. Owned by the answer. */
const char *capsdb_answer_unsaved(const capsdb_answer *answer);
/* NULL is fine. */
void capsdb_answer_free(capsdb_answer *answer);

/* ---- what comes as items --------------------------------------------------------------------- */

/* Takes an item, a JSON object, good for the call only. Non-zero: no more is wanted; that is no
 * error. The calls come one after the other, though maybe from other threads, and may use db. */
typedef int capsdb_item(void *context, const char *json);
/* How far a long call is: done of all, of what; all may grow. NULL: not wanted. */
typedef void capsdb_progress(void *context, const char *what, unsigned long done,
                             unsigned long all);

/* The evidence of an answer, or of a refusal, in one item: who said it when, which inputs it read
 * and what would make it stale. Asks as capsdb_ask() does where nothing is stored. */
int capsdb_why(capsdb *db, const char *emulator, const char *command, const char *arguments,
               const char *target, unsigned flags, capsdb_item *item, void *context,
               capsdb_error **ret_error);
/* Asks everything that depends on the emulator alone, so that later questions launch nothing; what
 * was asked before is not asked again. emulator: a program, or a recording of one (NAME.replies).
 * One item, what became of it. */
int capsdb_add(capsdb *db, const char *emulator, unsigned flags, capsdb_item *item,
               capsdb_progress *progress, void *context, capsdb_error **ret_error);
/* The same, and writes the conversation to file, to be added where the program is not. */
int capsdb_record(capsdb *db, const char *emulator, const char *file, capsdb_item *item,
                  capsdb_progress *progress, void *context, capsdb_error **ret_error);
/* Adds every emulator of the system, that below root if one was given, as many at once as there are
 * processors. An item for each, one that failed too; and then for each machine, where they are
 * wanted. */
int capsdb_update(capsdb *db, unsigned flags, capsdb_item *item, capsdb_progress *progress,
                  void *context, capsdb_error **ret_error);
/* Makes a static layer, to be shipped with the emulators: asks them everything, keeps nothing of
 * that in the database, and writes file only if all of them told all. The same emulators and time
 * (seconds since the epoch, which all of it is dated by) give the same bytes, whoever asks where.
 * file: NULL for usr/lib/capsdb/emulators.db below destdir, if that is not NULL, or below the root.
 * emulators: paths, the last one NULL; or NULL for all. An item for each. */
int capsdb_ship(capsdb *db, const char *file, const char *destdir, const char *const *emulators,
                long long time, capsdb_item *item, capsdb_progress *progress, void *context,
                capsdb_error **ret_error);
/* The emulators in the database, an item for each. */
int capsdb_list(capsdb *db, capsdb_item *item, void *context, capsdb_error **ret_error);
/* Removes from this user's layer (or the host's) what can be no answer any more: of emulators that
 * are not at their path, and failures that expired. One item, how much that was. */
int capsdb_gc(capsdb *db, capsdb_item *item, void *context, capsdb_error **ret_error);
/* All that is known of an emulator, in one item; CAPSDB_NOT_STORED if that is nothing. */
int capsdb_show(capsdb *db, const char *emulator, capsdb_item *item, void *context,
                capsdb_error **ret_error);
/* Asks an emulator again all that is stored of it, and compares: an item for each answer. NULL: all
 * emulators. Stores nothing. */
int capsdb_verify(capsdb *db, const char *emulator, capsdb_item *item, capsdb_progress *progress,
                  void *context, capsdb_error **ret_error);
/* One statement that reads, over the views of capsdb-sql(7); the deadline holds for it, and more
 * rows than max_rows are an error. An item for each row, its members in the order of the columns.
 * NULL: the views, each with its columns. */
int capsdb_sql(capsdb *db, const char *statement, unsigned long max_rows, capsdb_item *item,
               void *context, capsdb_error **ret_error);

/* The version of the library, as "0.1.0". Static. */
const char *capsdb_version(void);

#ifdef __cplusplus
}
#endif

#endif
