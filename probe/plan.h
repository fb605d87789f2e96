/* plan: which questions tell all of a binary. Internal to the probe. */
#ifndef VITRINE_PROBE_PLAN_H
#define VITRINE_PROBE_PLAN_H

#include "probe.h"

typedef struct PrbQuestion {
    char *command;
    json_t *arguments; /* or NULL */
} PrbQuestion;

/* The questions still to be asked, in order; an answer may add to it. */
typedef struct PrbPlan {
    GPtrArray *questions; /* PrbQuestion * */
    GHashTable *planned;  /* texts of all of them: none is asked twice */
} PrbPlan;

PrbPlan *prb_plan_new(void);
void prb_plan_free(PrbPlan *plan);
/* arguments: owned from now on, or NULL. */
void prb_plan_add(PrbPlan *plan, const char *command, json_t *arguments);
/* command, with each element of list's member as the argument of that name. */
void prb_plan_add_each(PrbPlan *plan, const char *command, const char *argument, json_t *list,
                       const char *member);

/* The first questions to an emulator of each kind, and those that follow from an answer. */
void prb_plan_begin_qemu(PrbPlan *plan);
void prb_plan_grow_qemu(PrbPlan *plan, const PrbFact *fact);
void prb_plan_begin_vitrine(PrbPlan *plan);
void prb_plan_grow_vitrine(PrbPlan *plan, const PrbFact *fact);

#endif
