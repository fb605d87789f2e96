/* errors: what an error comes to, for those outside: a number and a word. */
#ifndef VITRINE_CAPSDB_ERRORS_H
#define VITRINE_CAPSDB_ERRORS_H

#include "vitrine/capsdb.h"

#include <glib.h>

/* The reason of an answer that an admin's pin withholds. */
#define CAPS_REASON_QUARANTINED "Quarantined"

/* The code and the word of an error of this layer or the prober's; the word is static. */
capsdb_code caps_error_code(const GError *error);
const char *caps_error_reason(const GError *error);

/* The code of such a word, and the word itself, static; of any other CAPSDB_FAILED and "Failed". */
capsdb_code caps_reason_code(const char *reason);
const char *caps_reason_word(const char *reason);

#endif
