/* learned: the hardware of another emulator's machine, from what that emulator said of it.
 *
 * The facts are one JSON object, as a QEMU's replies have them:
 *
 *   machine, arch   names
 *   qtree           text of `info qtree` of the started machine: every bus and device
 *   qdm             text of `info qdm`: on which kind of bus each type of device goes
 *   types           qom-list-types of every device type, abstract ones too, with their parents
 *   interfaces      object: name of an interface -> qom-list-types of those that have it
 *   properties      object: name of a type -> its device-list-properties
 *   hotplug-buses   names of the buses that take devices while the machine runs
 *   flags           names, of cmd_learned_flags(), of properties that an object of the machine has
 * on cpus            what query-hotpluggable-cpus says; absent or null: it says nothing
 *
 * What a QEMU does not say, and how it places devices, is declared in schema/placements/qemu.cfg.
 */
#ifndef VITRINE_QUERY_LEARNED_H
#define VITRINE_QUERY_LEARNED_H

#include "query.h"

struct CmdLearned {
    MdlTypes *types;
    MdlHardware *hardware;
    json_t *cpus; /* the array of query-hotpluggable-cpus; NULL: not known */
};

/* A member of the facts that is the same for all machines of an emulator, and the QMP command whose
 * reply it is. */
typedef struct CmdLearnedQuestion {
    const char *member;
    const char *key; /* the reply goes there, within an object; NULL: it is the member */
    const char *command;
    const char *arguments[4]; /* name, text, …; text "true" is a boolean */
} CmdLearnedQuestion;

/* Ended by one without a member. properties are not among them: they are one
 * device-list-properties for each type. */
extern const CmdLearnedQuestion cmd_learned_questions[];
/* The types whose properties a question about the facts looks at: those that the machine has, that
 * its arguments name, and that a planner adds. A set of char *; free with g_hash_table_unref. */
GHashTable *cmd_learned_types(const json_t *facts, const json_t *arguments);
/* The properties of objects that decide which buses there are. A set of const char *; free with
 * g_hash_table_unref. */
GHashTable *cmd_learned_flags(void);
/* New reference. */
json_t *cmd_learned_arguments(const CmdLearnedQuestion *question);

/* NULL: the facts are not such an object. Free with cmd_learned_free, after what was built on it.
 */
CmdLearned *cmd_learned_read(const json_t *facts, GError **error);
void cmd_learned_free(CmdLearned *learned);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmdLearned, cmd_learned_free)

#endif
