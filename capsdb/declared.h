/* declared: what a QEMU, which tells no inputs, is taken to have read. */
#ifndef VITRINE_CAPSDB_DECLARED_H
#define VITRINE_CAPSDB_DECLARED_H

#include "answer.h"

/* True if the question may be put to an emulator that is not ours: it only tells. */
bool caps_declared_may_ask(const CapsQuestion *question);
/* The inputs of an answer to question, NULL-terminated, static. */
const char *const *caps_declared_inputs(const CapsQuestion *question);

#endif
