/* inputs: the words of a target, and what they meant to an emulator. */
#ifndef VITRINE_CAPSDB_INPUTS_H
#define VITRINE_CAPSDB_INPUTS_H

#include "identity.h"
#include "store.h"

/* What a caller said, seen from one identity. */
typedef struct CapsWords {
    CapsStore *store;
    const CapsIdentity *identity;
    int64_t row; /* of the identity */
    json_t *target;
    const char *host;
    char *context; /* the words that what the others mean may hang on */
} CapsWords;

/* -1: error. target: an object or NULL, borrowed, as are store, identity and host. */
int caps_words_init(CapsWords *ret_words, CapsStore *store, const CapsIdentity *identity,
                    int64_t row, json_t *target, const char *host, GError **error);
/* Frees what it holds; the struct is the caller's. */
void caps_words_done(CapsWords *words);

/* True when a later caller's words can be compared for this input. */
bool caps_words_can_say(const char *name);
/* 1: *ret_value is what the words mean for this input, 0: not known, -1: error. */
int caps_words_value(const CapsWords *words, const char *name, char **ret_value, GError **error);
/* 1: everything that the caller said was accepted before; 0: not so; -1: error. */
int caps_words_accepted(const CapsWords *words, GError **error);
/* Remembers what the words meant: each of depends_on, and that the others were accepted. */
bool caps_words_learn(CapsWords *words, json_t *depends_on, GError **error);

#endif
