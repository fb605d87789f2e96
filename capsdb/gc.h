/* gc: what can be no answer any more is removed from the own layer. */
#ifndef VITRINE_CAPSDB_GC_H
#define VITRINE_CAPSDB_GC_H

#include "layers.h"

typedef struct CapsGarbage {
    int64_t identities; /* emulators that are not at their path any more */
    int64_t answers;    /* theirs, and failures that expired a week ago */
    int64_t replies;    /* that no answer points to */
    int64_t files;      /* databases that were moved aside as damaged */
    int64_t bytes;      /* that the database is smaller by */
} CapsGarbage;

/* Removes it, in one transaction, and gives the room back. An emulator that is elsewhere too is
 * asked again there: only the path where it was seen first is known. Does nothing without an own
 * layer. Errors are the store's. */
bool caps_gc(CapsLayers *layers, CapsGarbage *ret_garbage, GError **error);

#endif
