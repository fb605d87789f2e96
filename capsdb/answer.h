/* answer: what is stored of one question, and under which inputs.
 *
 * A question is put to an identity: a command, its arguments, and a target (what the question is
 * about). An answer is kept under the values of the inputs it read, not under all that the caller
 * said. To find it, the caller's words are turned into values by input_alias: what the same words
 * meant when this emulator was asked before in the same context (machine, accelerator and
 * nodefaults, as given). Words the emulator has never accepted in that context find nothing, so an
 * option that does not exist is never answered from a row that does not mention it.
 * This file must not launch anything. */
#ifndef VITRINE_CAPSDB_ANSWER_H
#define VITRINE_CAPSDB_ANSWER_H

#include "identity.h"
#include "store.h"

typedef struct CapsQuestion {
    const char *command;
    json_t *arguments; /* without the target; or NULL */
    json_t *target;    /* or NULL */
} CapsQuestion;

typedef struct CapsAnswer {
    json_t *value;   /* NULL: reason and message */
    char *reason;    /* of the prober (prb_error_reason) */
    char *message;   /* the emulator's own words, or the prober's */
    json_t *inputs;  /* object: what it depends on, name to value; NULL: not known */
    int64_t asked;   /* seconds since the epoch */
    bool transient;  /* an error that may pass: saving it sets expiry and attempts */
    int64_t expires; /* 0: never */
    int64_t attempts;
    bool stored;       /* came from the database */
    const char *layer; /* which it came from (layers.h), static; NULL: the emulator */
    char *file;        /* that it is in; NULL: none */
    char *unsaved;     /* why it could not be put there; or NULL */
} CapsAnswer;

/* The inputs of emulators that do not tell theirs: all the words of the target, and this host; and
 * of what was worked out from what they said (learning.h): the engine that did. */
#define CAPS_INPUT_TARGET "target"
#define CAPS_INPUT_HOST   "host"
#define CAPS_INPUT_ENGINE "engine"

/* 1: found (an expired error is not), 0: not stored, -1: error. host: caps_host_hash(). */
int caps_answer_find(CapsStore *store, const CapsIdentity *identity, const CapsQuestion *question,
                     const char *host, CapsAnswer *ret_answer, GError **error);

/* Stores. depends_on: the array the emulator told, or NULL; then declared: the names of the inputs
 * that are taken for read, CAPS_INPUT_… only, NULL-terminated. An answer that read inputs which no
 * later caller can be compared with is not stored; that is no error. answer gets its inputs. Call
 * it in a transaction. */
bool caps_answer_save(CapsStore *store, const CapsIdentity *identity, const CapsQuestion *question,
                      json_t *depends_on, const char *const *declared, const char *host,
                      CapsAnswer *answer, GError **error);

/* Copies the answers of an identity, hash in hex, that depend on nothing of the host and never
 * expire, with what is needed to find them and what kills the emulator; sorted, and all asked at
 * that time. to must have the identity's row, and be in a transaction. */
bool caps_answers_copy(CapsStore *from, CapsStore *to, const char *hash, int64_t asked,
                       GError **error);

/* Frees what it holds; the struct is the caller's. */
void caps_answer_done(CapsAnswer *answer);

/* Rows of identity and question; 0 with error, or without if it is not there and not to be made. */
int64_t caps_identity_row(CapsStore *store, const CapsIdentity *identity, bool make,
                          GError **error);
int64_t caps_question_row(CapsStore *store, const CapsQuestion *question, bool make,
                          GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CapsAnswer, caps_answer_done)

#endif
