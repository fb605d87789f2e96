/* pins: what the admin says in place of an emulator, or forbids to ask.
 *
 * A file /etc/capsdb.d/NAME.pins is a JSON array. Each of its objects is a pin:
 *
 *   emulator    path it holds for, whatever is there; or
 *   identity    SHA-256 of the emulator it holds for, wherever it is (capsdb show)
 *   command     the question; with its arguments (without: none) and its target (without: any)
 *   value       the reply; or
 *   quarantine  why this is never asked
 *
 * The files are read in the order of their names, the first pin that holds is taken. A pin that is
 * wrong is told of and left out, with its file and its number; the others hold. */
#ifndef VITRINE_CAPSDB_PINS_H
#define VITRINE_CAPSDB_PINS_H

#include "answer.h"

/* The admin's folder, for pins and for where emulators are (update.c). */
#define CAPS_PINS_FOLDER "/etc/capsdb.d"

typedef struct CapsPins CapsPins;

/* Reads the files of a folder, which may be missing. notes: takes texts (to be freed) of what is
 * wrong: files that others than root and this user may write are not believed. */
CapsPins *caps_pins_new(const char *folder, GPtrArray *notes);
/* Frees the pins; NULL is fine. */
void caps_pins_free(CapsPins *pins);

/* True: a pin says it; a quarantined question has the reason "Quarantined". */
bool caps_pins_find(const CapsPins *pins, const CapsIdentity *identity,
                    const CapsQuestion *question, CapsAnswer *ret_answer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CapsPins, caps_pins_free)

#endif
