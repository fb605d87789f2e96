/* learning: questions that no QEMU knows, answered over what was learned of its machines.
 *
 * What a QEMU says of itself and of a machine that was started is stored as any other answer; from
 * it the engine of ours (schema/query/learned.h) answers, each time anew, so that a question never
 * asked before needs no launch either. */
#ifndef VITRINE_CAPSDB_LEARNING_H
#define VITRINE_CAPSDB_LEARNING_H

#include "asking.h"

/* Whether a command is one of these: no QEMU knows it. */
bool caps_learned_command(const char *name);
/* Answers such a question to a QEMU. What is missing is learned first, if the policy lets. As
 * caps_ask(). */
bool caps_learned_ask(CapsAsking *asking, const CapsQuestion *question, CapsAnswer *ret_answer,
                      GError **error);
/* Learns a machine of a QEMU, and keeps all that is answered about it as it is. ret_answer: the
 * reason why it would not start, or none; stored: nothing had to be asked. False: it cannot be
 * known. */
bool caps_learn(CapsAsking *asking, json_t *target, CapsAnswer *ret_answer, GError **error);

#endif
