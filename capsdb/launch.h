/* launch: a target as the arguments of an emulator that takes it on its command line. */
#ifndef VITRINE_CAPSDB_LAUNCH_H
#define VITRINE_CAPSDB_LAUNCH_H

#include "answer.h"
#include "probe.h"

typedef struct CapsLaunch {
    char *machine; /* the value of -machine, or NULL */
    char **more;   /* further arguments */
} CapsLaunch;

/* target: an object or NULL. Words are escaped, so none of them can become another argument.
 * sample: a type of device to be there for its values, or NULL. */
CapsLaunch caps_launch_new(json_t *target, const char *sample);
/* Frees what it holds; the struct is the caller's. */
void caps_launch_done(CapsLaunch *launch);

/* The type of device that a question is about, if it is about one on a machine; else NULL.
 * Borrowed.
 */
const char *caps_launch_sample(const CapsQuestion *question);
/* Starts a QEMU for a question: with its target and its sample, if it starts with one. As
 * prb_conversation_open(). */
PrbConversation *caps_launch(const char *file, const CapsQuestion *question,
                             const PrbLimits *limits, GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CapsLaunch, caps_launch_done)

#endif
