/* query: the commands of the phase `model`, which need no machine: the same from every program.
 *
 * A question goes in as a command's name and its arguments in JSON, an answer comes out with what
 * it depended on. This layer must not know the emulator, a database, or who asks; only query-host
 * looks at the host, in host.c. */
#ifndef VITRINE_QUERY_H
#define VITRINE_QUERY_H

#include "commands_model.gen.h"
#include "model.h"

/* Where questions are asked: what is known, and what they are about when they do not say it. */
CmdContext *cmd_context_new(const MdlCatalog *catalog); /* borrowed; must outlive the context */
void cmd_context_free(CmdContext *context);
/* What a question without a target is about. Copied; NULL: no machine. */
void cmd_context_set_target(CmdContext *context, const MdlTarget *target);
/* The hardware of the machine that was built, which comes before the target for questions without
 * one. Borrowed until it is set anew; NULL: none is built. */
void cmd_context_set_hardware(CmdContext *context, const MdlHardware *hardware);

/* Questions are about a machine of another emulator, that was learned (learned.h); those that
 * cannot be are refused then. Borrowed; NULL: about our own. */
typedef struct CmdLearned CmdLearned;
void cmd_context_set_learned(CmdContext *context, const CmdLearned *learned);

/* NULL: there is no such command in this phase. */
const CmdCommand *cmd_command_find(const char *name);
/* Runs a command. arguments: an object, or NULL for none; borrowed. False: the error has a reason,
 * and where the target is at fault, all findings. */
bool cmd_execute(CmdContext *context, const char *command, json_t *arguments, WireReply *ret_reply,
                 GError **error);

/* ---- for programs that take a target in commands of their own -------------------------------- */

/* The target in the model's words. NULL: a value is not one that an option can have. */
MdlTarget *cmd_target_from_api(const ApiTarget *target, GError **error);
/* What is wrong with a target as an error: reason and path of the first finding, all findings. */
GError *cmd_error_from_findings(const MdlFindings *findings);
/* SHA-256, in hex, of the declarations and of the code that answers from them: what every answer of
 * this layer depends on. Static. */
const char *cmd_engine(void);
/* VersionInfo, as the greeting of QMP wants it. New reference. */
json_t *cmd_version(void);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmdContext, cmd_context_free)

#endif
