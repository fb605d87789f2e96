/* collect: answers from the layers, and from the emulator where they have none. */
#ifndef VITRINE_CAPSDB_COLLECT_H
#define VITRINE_CAPSDB_COLLECT_H

#include "layers.h"
#include "probe.h"

typedef struct CapsPolicy {
    bool may_probe; /* launch the emulator for what is missing */
    bool again;     /* ask even what is known; the answer replaces the one stored */
    bool machines;  /* of an update: every machine of each emulator too */
    PrbLimits limits;
    void (*progress)(void *context, size_t asked, size_t known); /* of caps_add; may be NULL */
    void *context;
    GString *record; /* of caps_add: takes the conversation; may be NULL */
} CapsPolicy;

/* The policy of a person at a terminal: probe, with the default limits. */
CapsPolicy caps_policy_default(void);

/* One question to the emulator at path. An answer that is an error of the emulator's, now or when
 * it was stored, is an answer with a reason; false is for what keeps us from knowing anything:
 * errors of CAPS_ERROR, and of PRB_ERROR about the path. What the emulator says goes into the own
 * layer; that it cannot be kept there is no error, answer->unsaved says it. */
bool caps_ask(CapsLayers *layers, const char *path, const CapsQuestion *question,
              const CapsPolicy *policy, CapsAnswer *ret_answer, GError **error);

/* What became of adding an emulator. */
typedef struct CapsAdded {
    PrbSurvey survey;
    size_t facts;
    size_t quarantined;
    bool known; /* all of it was stored already, nothing was launched */
} CapsAdded;

/* Asks an emulator everything that depends on it alone, and stores it in one transaction. False
 * with facts stored: the survey ended early, error says why. */
bool caps_add(CapsLayers *layers, const char *path, const CapsPolicy *policy, CapsAdded *ret_added,
              GError **error);
/* Frees what it holds; the struct is the caller's. */
void caps_added_done(CapsAdded *added);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CapsAdded, caps_added_done)

#endif
