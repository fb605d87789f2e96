/* layers: which database files there are, in which order they are looked through, and who may write
 * them.
 *
 *   pins    /etc/capsdb.d/NAME.pins      what the admin says (pins.h)
 *   user    ~/.cache/capsdb/capsdb.db    what this user asked; no other user reads it
 *   host    /var/cache/capsdb            what the system asked, here: its owner writes
 *                                        private/capsdb.db, everybody else reads host.db, a copy
 *                                        that nobody writes and that is replaced by rename
 *   static  /usr/lib/capsdb/NAME.db      what depends on the emulator only; shipped
 *
 * With CAPSDB_ROOT in the environment the user's is CAPSDB_ROOT/capsdb.db and the others are below
 * CAPSDB_ROOT. A file that is named (--db) is the only layer.
 *
 * One layer is written, the own one: the user's, or the host's by `--system`, which does not look
 * at a user's. A layer is used only if nobody could have written it but root and its owner
 * (path.h): the user himself, or whom root gave /var/cache/capsdb. A layer that is missing is
 * empty; one that is damaged, of another version or not to be trusted is left out and told of. None
 * of that is an error, except of a file that was named.
 *
 * This file must not know what an answer depends on. */
#ifndef VITRINE_CAPSDB_LAYERS_H
#define VITRINE_CAPSDB_LAYERS_H

#include "pins.h"

typedef struct CapsLayers CapsLayers;

/* Which layers, and where. All zero: those of this user, to be written. */
typedef struct CapsPlace {
    CapsStoreMode mode; /* of the own layer; READ: a missing one is left out */
    const char *file;   /* this file and no other; or NULL */
    const char *root;   /* of the system that emulators and layers are of; NULL: this one, with its
                         * layers below CAPSDB_ROOT if that is set */
    bool system;        /* the own layer is the host's, and no user's is looked at */
    bool shipped;       /* with file: what is stored there is to become a static layer */
} CapsPlace;

/* Where the static layer of the emulators of a place is made: below destdir, if that is not NULL,
 * as an installation that is packed is. Free with g_free. */
char *caps_place_static(const CapsPlace *place, const char *destdir);

/* The own layer is opened, the others when they are first looked at. Errors: of a file that was
 * named, and of the host layer if this user may not write it. */
CapsLayers *caps_layers_open(const CapsPlace *place, GError **error);
/* Closes all; NULL is fine. Nothing is published. */
void caps_layers_close(CapsLayers *layers);

/* True if what this emulator says may go into the own layer: everything, where that is the user's.
 * In one that is for everybody only root may have been able to change the emulator; in one that is
 * to be shipped root and who makes it. False: error is CAPS_ERROR_UNTRUSTED. */
bool caps_layers_may_hold(const CapsLayers *layers, const CapsIdentity *identity, GError **error);
/* Lets everybody see what is in the host layer now. Does nothing where the own layer is another. */
bool caps_layers_publish(CapsLayers *layers, GError **error);
const CapsPins *caps_layers_pins(const CapsLayers *layers);

/* Where new answers go; NULL: nowhere, and the notes say why. Owned by layers, as all stores. */
CapsStore *caps_layers_own(const CapsLayers *layers);
/* Which store remembers the hashes of files: the own one, else the first that there is; or NULL. */
CapsStore *caps_layers_memo(CapsLayers *layers);

/* The databases in their order: index from 0 up to the count. NULL: there is nothing to be used. */
size_t caps_layers_count(const CapsLayers *layers);
CapsStore *caps_layers_store(CapsLayers *layers, size_t index);
/* "user", "host", "static", or "file" for one that was named. Static. */
const char *caps_layers_name(const CapsLayers *layers, size_t index);

/* Something is wrong with one of the stores, seen while it was used: the own one is moved aside and
 * begun anew if it is damaged, another one is closed and left out from here on. Takes the error. */
void caps_layers_blame(CapsLayers *layers, CapsStore *store, GError **problem);
/* What the person should be told about the layers so far, a line each, or NULL. Owned by layers. */
const char *caps_layers_notes(CapsLayers *layers);

/* The emulator at path, within the root if there is one, by whatever memo there is. */
CapsIdentity *caps_layers_identify(CapsLayers *layers, const char *path, GError **error);
/* True: it is answered from a layer, the first that can; answer->layer says which. */
bool caps_layers_find(CapsLayers *layers, const CapsIdentity *identity,
                      const CapsQuestion *question, const char *host, CapsAnswer *ret_answer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CapsLayers, caps_layers_close)

#endif
