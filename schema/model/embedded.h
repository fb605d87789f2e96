/* embedded: the machines compiled in; the table is generated from schema/machines. */
#ifndef VITRINE_MODEL_EMBEDDED_H
#define VITRINE_MODEL_EMBEDDED_H

#include "model.h"

typedef struct MdlEmbedded {
    const char *name, *version;
    MdlSource source;
} MdlEmbedded;

extern const MdlEmbedded mdl_embedded_machines[]; /* ends with name NULL */

#endif
