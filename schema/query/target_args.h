/* target_args: the words of a command line as the arguments of a command:
 *
 *   --machine M  --accel A  --option K=V …  --cpu C  --smp 4 | cpus=4,sockets=2  --memory SIZE
 *   --nodefaults  --arg NAME=VALUE …        and --NAME VALUE for each argument of the command
 *
 * An option and its value are two words, or one with = between them. */
#ifndef VITRINE_QUERY_TARGET_ARGS_H
#define VITRINE_QUERY_TARGET_ARGS_H

#include "api.h"

/* An option, for whoever explains, completes or documents a command line. */
typedef struct CmdOption {
    const char *name;  /* with its dashes */
    const char *value; /* what it takes, as FILE; NULL: nothing */
    const char *help;  /* a few words; no full stop */
} CmdOption;

/* The options of a target, one after the other; NULL after the last. */
const CmdOption *cmd_target_option(size_t i);

typedef struct CmdArgs CmdArgs;

CmdArgs *cmd_args_new(const ApiCommandInfo *command);
void cmd_args_free(CmdArgs *args);
/* Takes words[*index], and its value from the next word where it wants one, if it is an option of
 * the command or of its target; *index is then the next word to look at. ret_taken: whether it was.
 * words ends with NULL. False: it is one of them and wrong. */
bool cmd_args_take(CmdArgs *args, const char *const *words, size_t *index, bool *ret_taken,
                   GError **error);
/* The arguments as cmd_execute takes them. New reference. */
json_t *cmd_args_json(const CmdArgs *args);
/* The options that the command has, as --machine; NULL-terminated, borrowed. */
const char *const *cmd_args_options(const CmdArgs *args);

/* The text of a member as JSON of its type: a=1,b=text is an object, and a lone name the target
 * with that machine. Text that does not fit stays text, and is refused by name when the arguments
 * are read. New reference. */
json_t *cmd_args_value(const ApiMemberInfo *member, const char *text);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmdArgs, cmd_args_free)

#endif
