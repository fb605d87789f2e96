/* check: the table of named checks, and how a finding is recorded under one of them. */
#ifndef VITRINE_MODEL_CHECK_H
#define VITRINE_MODEL_CHECK_H

#include "model.h"

typedef enum {
#define MDL_CHECK(id, class, doc) MDL_CHECK_##id,
#include "checks.def"
#undef MDL_CHECK
    MDL_N_CHECKS
} MdlCheckId;

typedef struct MdlCheckInfo {
    const char *identifier;
    const char *class_name; /* of its findings */
    const char *doc;
} MdlCheckInfo;

/* A reader gives up on a file that has so much wrong with it. */
#define MDL_MAX_FINDINGS 256

const MdlCheckInfo *mdl_check_info(MdlCheckId check);
char *mdl_check_name(MdlCheckId check); /* as findings name it; free with g_free */

/* Where a finding is: any part may be NULL or 0. Copied. */
typedef struct MdlPlace {
    const char *file;
    unsigned line;
    const char *what; /* "virt-1.0: device serial0" */
} MdlPlace;

void mdl_find(MdlFindings *findings, MdlCheckId check, const MdlPlace *place,
              const char *suggestion, const char *format, ...) G_GNUC_PRINTF(5, 6);
/* Puts the findings from one on in the order of their lines; files stay in the order in which they
 * were first named. */
void mdl_findings_sort(MdlFindings *findings, size_t from);

#endif
