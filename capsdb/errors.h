/* errors: what an error comes to, for those outside: a number and a word. */
#ifndef VITRINE_CAPSDB_ERRORS_H
#define VITRINE_CAPSDB_ERRORS_H

#include "answer.h"

/* The exit codes of capsdb(1), and the codes of libcapsdb. */
typedef enum {
    CAPS_YES = 0,
    CAPS_NO = 1,
    CAPS_USAGE = 2,
    CAPS_UNKNOWN = 3, /* the emulator refuses, or the recording does not say */
    CAPS_STALE = 4,   /* not stored, and not allowed to ask */
    CAPS_FAILED = 5,  /* the prober got no answer */
    CAPS_DAMAGED = 6, /* the database cannot be used */
    CAPS_DEADLINE = 7,
} CapsCode;

/* The reason of an answer that an admin's pin withholds. */
#define CAPS_REASON_QUARANTINED "Quarantined"

/* The code and the word of an error of this layer or the prober's; the word is static. */
CapsCode caps_error_code(const GError *error);
const char *caps_error_reason(const GError *error);

/* The same of an answer that is an error. */
CapsCode caps_answer_code(const CapsAnswer *answer);
const char *caps_answer_reason(const CapsAnswer *answer);

#endif
