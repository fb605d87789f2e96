/* slots: every place of a bus, as few sets of places that are alike.
 *
 * A set is a product: for each field of the address the values it takes. The sets of a bus do not
 * overlap, and together they are all its addresses. On a bus of ranges a place is a byte. */
#ifndef VITRINE_MODEL_SLOTS_H
#define VITRINE_MODEL_SLOTS_H

#include "model.h"

typedef enum {
    MDL_SLOT_FREE,
    MDL_SLOT_TAKEN,    /* a device is there */
    MDL_SLOT_RESERVED, /* nothing may be put there */
} MdlSlotState;

typedef struct MdlSlotSet {
    MdlSlotState state;
    const MdlDevice *device; /* of a taken one */
    const MdlRegion *region; /* and its region, on a bus of ranges */
    const char *reason;      /* of a reserved one */
    char *owned_reason;      /* the same, where it is made for the set */
    size_t n_fields;
    GArray *fields[MDL_MAX_FIELDS]; /* of MdlSpan, ascending and apart from each other */
} MdlSlotSet;

/* The sets of a bus, in the order of their first addresses. Free with g_ptr_array_unref. */
GPtrArray *mdl_bus_slots(const MdlHardware *hardware, const MdlBus *bus);
/* The size of the product. Every set is made so that it fits. */
uint64_t mdl_slot_set_count(const MdlSlotSet *set);
/* How many of its places are first ones: those of a field that `needs` others count once. */
uint64_t mdl_slot_set_firsts(const MdlBus *bus, const MdlSlotSet *set);
/* "01-1f.0-7": an address in text, each field with all its values. Free with g_free. */
char *mdl_slot_set_print(const MdlBusType *type, const MdlSlotSet *set);
/* The values a field of an address has on this bus: those of the type, and of a CPU's place only
 * those that the topology has. */
MdlSpan mdl_bus_field_span(const MdlHardware *hardware, const MdlBus *bus, size_t field);

#endif
