/* learned: the hardware of another emulator's machine, from what that emulator said of it.
 *
 * The facts are one JSON object, as a QEMU's replies have them:
 *
 *   machine, arch   names
 *   qtree           text of `info qtree` of the started machine: every bus and device
 *   qdm             text of `info qdm`: on which kind of bus each type of device goes
 *   types           qom-list-types of every device type, abstract ones too, with their parents
 *   interfaces      object: name of an interface -> names of the types that have it
 *   properties      object: name of a type -> its device-list-properties
 *   hotplug-buses   names of the buses that take devices while the machine runs
 *
 * What a QEMU does not say, and how it places devices, is declared in schema/placements/qemu.cfg.
 */
#ifndef VITRINE_QUERY_LEARNED_H
#define VITRINE_QUERY_LEARNED_H

#include "query.h"

typedef struct CmdLearned {
    MdlTypes *types;
    MdlHardware *hardware;
} CmdLearned;

/* NULL: the facts are not such an object. Free with cmd_learned_free, after what was built on it.
 */
CmdLearned *cmd_learned_read(const json_t *facts, GError **error);
void cmd_learned_free(CmdLearned *learned);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmdLearned, cmd_learned_free)

#endif
