/* asking: what ask.c, add.c and verify.c share. Internal to them. */
#ifndef VITRINE_CAPSDB_ASKING_H
#define VITRINE_CAPSDB_ASKING_H

#include "collect.h"

typedef struct CapsAsking {
    CapsLayers *layers;
    CapsStore *store; /* the own one; NULL: nothing can be kept */
    CapsIdentity *identity;
    const CapsQuestion *question;
    const CapsPolicy *policy;
    char *host;         /* caps_host_hash() */
    json_t *depends_on; /* as it was told; owned */
    bool greeted;       /* the emulator spoke, so its kind is known */
    bool tells;         /* and it tells what it read */
} CapsAsking;

/* The conversation of an identity that is a recording. */
PrbConversation *caps_recording_open(const CapsIdentity *identity, GError **error);
/* The answer that an error of the prober is; of where the root is it says nothing. */
void caps_asking_describe(const CapsAsking *asking, CapsAnswer *answer, const GError *problem);
/* The question is not put again by caps_add(); with a value: it may be again. */
bool caps_asking_quarantine(const CapsAsking *asking, const CapsAnswer *answer, GError **error);
/* Fills it for the emulator at path: identity and host are to be freed. False: there is none, or it
 * may not enter a layer that is for everybody (layers.h). */
bool caps_asking_begin(CapsAsking *asking, CapsLayers *layers, const char *path,
                       const CapsPolicy *policy, GError **error);
void caps_asking_end(CapsAsking *asking);
/* The layer that answers are kept in, as it is by now: looking through the layers may leave one out
 * that cannot be read. False with error: there is none. */
bool caps_asking_has_layer(CapsAsking *asking, GError **error);
/* Begins the transaction that what was asked is stored in, if the emulator at that path still is
 * the one that was asked, and there is a layer to store it in. */
bool caps_asking_begin_saving(CapsAsking *asking, GError **error);
/* What an identity is known for; false: it never spoke. */
bool caps_asking_kind(const CapsAsking *asking, PrbKind *ret_kind);
/* caps_ask() within one asking: a question that is put as it is. */
bool caps_asking_ask(CapsAsking *asking, const CapsQuestion *question, CapsAnswer *ret_answer,
                     GError **error);
/* "7.2.22 (Debian …)" of the reply of query-version. Free with g_free. */
#define CAPS_VERSION_COMMAND "query-version"
char *caps_version_text(json_t *reply);
/* Notes which kind of emulator the identity is, and its version where known. */
bool caps_asking_note_kind(const CapsAsking *asking, PrbKind kind, const char *version,
                           GError **error);

#endif
