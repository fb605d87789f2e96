/* asking: what ask.c and add.c share. Internal to the two. */
#ifndef VITRINE_CAPSDB_ASKING_H
#define VITRINE_CAPSDB_ASKING_H

#include "collect.h"

typedef struct CapsAsking {
    CapsStore *store;
    const CapsIdentity *identity;
    const CapsQuestion *question;
    const CapsPolicy *policy;
    const char *host;   /* caps_host_hash() */
    json_t *depends_on; /* as it was told; owned */
    bool greeted;       /* the emulator spoke, so its kind is known */
    bool tells;         /* and it tells what it read */
} CapsAsking;

/* The answer that an error of the prober is. */
void caps_asking_describe(CapsAnswer *answer, const GError *problem);
/* The question is not put again by caps_add(); with a value: it may be again. */
bool caps_asking_quarantine(const CapsAsking *asking, const CapsAnswer *answer, GError **error);
/* False with error: another emulator is at that path by now. Packages are upgraded while we ask. */
bool caps_asking_still_there(const CapsAsking *asking, GError **error);
/* Notes which kind of emulator the identity is, and its version where known. */
bool caps_asking_note_kind(const CapsAsking *asking, PrbKind kind, const char *version,
                           GError **error);

#endif
