/* probe: questions put to an emulator that is not trusted.
 *
 * The emulator is launched in a jail and asked over QMP; whatever it does costs at most one
 * deadline, bounded memory, and none of the facts it told before. This layer must not know
 * databases, and believes nothing that it is told. */
#ifndef VITRINE_PROBE_H
#define VITRINE_PROBE_H

#include "wire.h"

/* ---- what can go wrong ----------------------------------------------------------------------- */

/* Each is a way of not knowing; none of them is ever an answer "no". */
#define PRB_ERROR (prb_error_quark())
GQuark prb_error_quark(void);

typedef enum {
    PRB_ERROR_NOT_FOUND,      /* there is no such file */
    PRB_ERROR_NOT_EXECUTABLE, /* a file the system will not run: folder, no permission, no format */
    PRB_ERROR_NOT_AN_EMULATOR, /* it ran and ended, or spoke, but not QMP */
    PRB_ERROR_SILENT,          /* a deadline passed */
    PRB_ERROR_FLOODED,         /* it said more than the limits allow */
    PRB_ERROR_CRASHED,         /* it ended, or hung up, while it was asked */
    PRB_ERROR_MALFORMED,       /* what it said is not QMP */
    PRB_ERROR_REFUSED,         /* a QMP error; the message is the emulator's own text */
    PRB_ERROR_NOT_RECORDED,    /* the recorded conversation does not have this question */
    PRB_ERROR_SYSTEM,          /* this host could not do what the prober needs */
} PrbErrorCode;

/* "NotFound", "Silent", …: the code as a word for clients and databases. Static. */
const char *prb_error_reason(PrbErrorCode code);
/* The error that has this reason; a word that is none of them is PRB_ERROR_SYSTEM. */
void prb_error_set(GError **error, const char *reason, const char *message);
/* True when the emulator, or its process, is gone or not to be trusted any further: the
 * conversation is over. */
bool prb_error_is_end(const GError *error);

/* ---- limits ---------------------------------------------------------------------------------- */

typedef struct PrbLimits {
    unsigned probe_ms;       /* one launch, from fork to end */
    unsigned command_ms;     /* one question */
    WireLimits reply;        /* one document that it says */
    uint64_t said_bytes;     /* all that it says on the monitor */
    uint64_t console_bytes;  /* all that it says on stdout and stderr; the last of it is kept */
    uint64_t address_space;  /* bytes; 0: not limited */
    uint64_t file_bytes;     /* of a file it writes, and of its working folder */
    unsigned files;          /* open at once */
    unsigned processes;      /* threads and processes at once */
    bool without_namespaces; /* do as on a system that has none (tests) */
} PrbLimits;

extern const PrbLimits prb_limits_default; /* 10 s in all, 5 s a question */

/* ---- one conversation ------------------------------------------------------------------------ */

typedef enum { PRB_QEMU, PRB_VITRINE } PrbKind;

typedef struct PrbConversation PrbConversation;

/* Launches the emulator in a jail and negotiates. The launch line is the same for every emulator:
 *   PATH -machine none -nodefaults -nographic -S -display none -no-user-config
 *        -chardev socket,id=qmp,fd=3 -mon chardev=qmp,mode=control
 * machine: NULL for "none", else the value of -machine ("q35,accel=tcg,smm=off"), and what else is
 * there is then for the caller to say. more: further arguments, NULL-terminated, or NULL. The
 * environment is empty, the working folder empty and its own. May be called from any thread. */
PrbConversation *prb_conversation_open(const char *path, const char *machine,
                                       const char *const *more, const PrbLimits *limits,
                                       GError **error);
/* Answers from a recorded conversation (transcript.c has the form) in place of a binary. */
PrbConversation *prb_conversation_replay(const char *text, size_t length, GError **error);
/* Ends the emulator and everything it started, and waits until all of it is gone. NULL is fine. */
void prb_conversation_close(PrbConversation *conversation);

/* Asks. arguments: an object or NULL, borrowed. ret_value: what "return" held, a new reference.
 * ret_depends_on: the array of inputs the emulator says it read, a new reference, or NULL if it
 * does not say; may be NULL. After an error of prb_error_is_end() every later question fails. */
bool prb_ask(PrbConversation *conversation, const char *command, json_t *arguments,
             json_t **ret_value, json_t **ret_depends_on, GError **error);

/* A question that takes a QEMU many: what a machine that was started with -S is made of. The value
 * is an object: qtree, the text of `info qtree`; hotplug-buses, names of the buses that take
 * devices while the machine runs; cpus, what query-hotpluggable-cpus says, null if it says nothing.
 */
#define PRB_LEARN_MACHINE "learn-machine"

/* The id of a device that a QEMU was started with for its values: device-list-properties of its
 * type has then beside "default-value", which is the type's on every machine, "machine-value", what
 * such a device has on this one: the machine's own defaults, and what the emulator fills in. */
#define PRB_SAMPLE "vitrine-sample"

/* The same as prb_ask(), and for such questions too. */
bool prb_ask_any(PrbConversation *conversation, const char *command, json_t *arguments,
                 json_t **ret_value, json_t **ret_depends_on, GError **error);

/* Which of the two it is, told apart by the greeting. */
PrbKind prb_conversation_kind(const PrbConversation *conversation);
/* The "version" member of the greeting, borrowed; NULL in a replay. */
json_t *prb_conversation_version(const PrbConversation *conversation);
/* The last of what it said on stdout and stderr, valid UTF-8. Free with g_free. */
char *prb_conversation_console(const PrbConversation *conversation);
/* What of the jail this system did not allow, in words, NULL-terminated; borrowed. */
const char *const *prb_conversation_missing(const PrbConversation *conversation);
/* Appends each request and reply to transcript (borrowed, must outlive the conversation). */
void prb_conversation_record(PrbConversation *conversation, GString *transcript);

/* ---- all the facts of a binary --------------------------------------------------------------- */

/* One question and what came of it. */
typedef struct PrbFact {
    const char *command;
    json_t *arguments;  /* or NULL */
    json_t *value;      /* NULL: error says why */
    json_t *depends_on; /* or NULL */
    const GError *error;
    bool quarantine; /* the emulator died of this question, asked alone */
} PrbFact;

typedef struct PrbSurveyOps {
    /* Takes a fact; all of it is borrowed. False ends the survey with error. */
    bool (*fact)(void *context, const PrbFact *fact, GError **error);
    /* True: this question is known to kill the emulator and is not asked. */
    bool (*is_quarantined)(void *context, const char *command, json_t *arguments);
    /* How far it is; may be NULL. */
    void (*progress)(void *context, size_t asked, size_t known);
    GString *record; /* takes the conversations; may be NULL */
} PrbSurveyOps;

typedef struct PrbSurvey {
    PrbKind kind;
    unsigned launches;
    unsigned deaths;
    char **missing; /* of the jail */
} PrbSurvey;

/* Asks a binary everything that depends on the binary only (ask_qemu.c and ask_vitrine.c have the
 * lists). When it dies of a question it is launched again, asked that question alone, and the rest
 * after it. limits->probe_ms bounds all launches together. False: nothing is known of the binary,
 * or the facts end before the last question; those taken so far are right. */
bool prb_survey_run(const char *path, const PrbLimits *limits, const PrbSurveyOps *ops,
                    void *context, PrbSurvey *ret_survey, GError **error);
/* The same of a recorded conversation. */
bool prb_survey_replay(const char *text, size_t length, const PrbSurveyOps *ops, void *context,
                       PrbSurvey *ret_survey, GError **error);
/* Frees what a survey holds; the struct is the caller's. */
void prb_survey_done(PrbSurvey *survey);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(PrbConversation, prb_conversation_close)
G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(PrbSurvey, prb_survey_done)

#endif
