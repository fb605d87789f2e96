/* items: what comes one JSON object at a time, for whoever shows or counts it.
 *
 * The objects are documented where people look, in capsdb(1); they may get further members. Nothing
 * here prints. */
#ifndef VITRINE_CAPSDB_ITEMS_H
#define VITRINE_CAPSDB_ITEMS_H

#include "collect.h"

typedef struct CapsItems {
    /* False: no more is wanted. item is borrowed. */
    bool (*take)(void *context, json_t *item);
    /* How far a long call is; may be NULL. */
    void (*progress)(void *context, const char *what, size_t done, size_t all);
    void *context;
} CapsItems;

typedef struct CapsSqlLimits {
    unsigned deadline_ms;
    unsigned long max_rows;
} CapsSqlLimits;

/* Hands over an item, which is the receiver's from then on. False: no more is wanted. */
bool caps_items_give(const CapsItems *items, json_t *item);
/* Text of anybody's as JSON, with what is no UTF-8 replaced; seconds since the epoch as text in
 * UTC. New references. */
json_t *caps_items_text(const char *text);
json_t *caps_items_time(int64_t seconds);
/* What became of adding an emulator; added: NULL if it did not come to that. New reference. */
json_t *caps_items_added(const char *path, const CapsAdded *added, const GError *problem);
/* A row of a statement, its members in the order of the columns. New reference. */
json_t *caps_items_row(sqlite3_stmt *row);
/* One item of each: what became of adding the emulator; the evidence of the answer that was found,
 * or asked for, be it an error. */
bool caps_give_added(CapsLayers *layers, const char *path, const CapsPolicy *policy,
                     const CapsItems *items, GError **error);
bool caps_give_evidence(CapsLayers *layers, const char *path, const CapsQuestion *question,
                        const CapsPolicy *policy, const CapsItems *items, GError **error);
/* The emulators in all layers, each with its layer. */
void caps_give_list(CapsLayers *layers, const CapsItems *items);
/* All that is known of the emulator at path; UNKNOWN if it is nothing. */
bool caps_give_details(CapsLayers *layers, const char *path, const CapsItems *items,
                       GError **error);
/* Every emulator of that place, added, with layers open for each; those that cannot be are items
 * too (update.c). */
bool caps_give_update(const CapsPlace *place, const CapsPolicy *policy, const CapsItems *items,
                      GError **error);
/* What was removed from the own layer, one item (gc.h). */
bool caps_give_garbage(CapsLayers *layers, const CapsItems *items, GError **error);
/* A static layer to be made (layers.h). */
typedef struct CapsShipment {
    const char *file;             /* where it goes */
    const char *const *emulators; /* paths within the root, NULL-terminated; NULL: all there are */
    int64_t time;                 /* that all of it is dated by */
} CapsShipment;

/* Asks every emulator everything, keeping nothing elsewhere, and writes the file if all of them
 * told all; an item for each (update.c). root: of the emulators, or NULL. */
bool caps_give_shipment(const char *root, const CapsShipment *shipment, const CapsPolicy *policy,
                        const CapsItems *items, GError **error);
/* Each stored answer beside the one of now (verify.c). path: NULL for all. */
bool caps_give_comparison(CapsLayers *layers, const char *path, const CapsPolicy *policy,
                          const CapsItems *items, GError **error);
/* The rows of one statement that only reads; NULL: the views (sql.c). Changes what may be done
 * with the database, so the layers are for nothing else any more. */
bool caps_give_sql(CapsLayers *layers, const char *statement, const CapsSqlLimits *limits,
                   const CapsItems *items, GError **error);

#endif
