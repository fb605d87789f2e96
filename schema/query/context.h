/* context: what the commands of this layer share: the target of a question, the hardware it is
 * about, and pieces of replies. */
#ifndef VITRINE_QUERY_CONTEXT_H
#define VITRINE_QUERY_CONTEXT_H

#include "learned.h"

struct CmdContext {
    const MdlCatalog *catalog;
    MdlTarget *target;           /* of questions without one; NULL: none */
    const MdlHardware *hardware; /* of the machine that was built; NULL: none */
    const CmdLearned *learned;   /* another emulator's machine; NULL: our own are asked about */
    MdlTrace *trace;             /* of the answer that is being computed */
};

/* ---- the subject of a question --------------------------------------------------------------- */

/* What one question is about, from its target or the session's. */
typedef struct CmdSubject {
    MdlTarget *target;           /* owned; its machine is NULL where none is named */
    const MdlMachine *machine;   /* NULL: none is named */
    const MdlHardware *hardware; /* as much as was needed of it; NULL: no machine is named */
    MdlHardware *built;          /* the same, owned, unless it is the built machine's */
} CmdSubject;

/* Finds the subject, checks every word of the target, and builds what is needed of its hardware
 * (MdlNeed). False: error says all that is wrong. */
bool cmd_subject_open(CmdContext *context, const ApiTarget *target, unsigned needs,
                      CmdSubject *ret_subject, GError **error);
/* The same for questions that cannot be answered without a machine. */
bool cmd_subject_require(CmdContext *context, const ApiTarget *target, unsigned needs,
                         CmdSubject *ret_subject, GError **error);
void cmd_subject_done(CmdSubject *subject);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CmdSubject, cmd_subject_done)

/* Adds more devices to a target. */
bool cmd_target_add_devices(MdlTarget *target, const GPtrArray *devices, GError **error);
/* cmd_subject_require() for questions that a machine that was learned answers too: it is the
 * subject, whole, with the devices of the target, if there is one. */
bool cmd_subject_places(CmdContext *context, const ApiTarget *target, unsigned needs,
                        CmdSubject *ret_subject, GError **error);

/* For answers that are the same whatever the target is, which is checked all the same. */
bool cmd_subject_ignore(CmdContext *context, const ApiTarget *target, GError **error);

/* Records that the answer read a person's own machine files. */
void cmd_read_machine_files(CmdContext *context);

/* ---- pieces of replies ----------------------------------------------------------------------- */

ApiVerdict *cmd_verdict_yes(void);
ApiVerdict *cmd_verdict_no(const char *reason, const char *format, ...) G_GNUC_PRINTF(2, 3);
ApiVerdict *cmd_verdict_unknown(const char *reason, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* A list of str from words ended by NULL; NULL gives an empty list. */
GPtrArray *cmd_words(const char *const *words);
/* What query-hardware replies, for whoever works on it. */
ApiHardware *cmd_describe_hardware(const MdlHardware *hardware);
GPtrArray *cmd_findings(const MdlFindings *findings); /* of ApiFinding */
/* A value as a reply has it; NULL for text that is not set, which replies leave out. */
json_t *cmd_value(const MdlValue *value);
ApiRegionKind cmd_region_kind(MdlRegionKind kind);
ApiPropertySide cmd_side(MdlSide side);

#endif
