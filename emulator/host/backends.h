/* backends: the host's side of devices, by id; made by options and commands, before a machine is
 * and while it runs.
 *
 * A backend knows the host (files, sockets) and nothing of guests or device types. */
#ifndef VITRINE_EMULATOR_BACKENDS_H
#define VITRINE_EMULATOR_BACKENDS_H

#include "host/block.h"
#include "host/char.h"
#include "host/net.h"

typedef enum {
    EMU_BACKEND_CHAR,
    EMU_BACKEND_BLOCK,
    EMU_BACKEND_NET,
    EMU_N_BACKENDS
} EmuBackendKind;

/* What is said of a backend to whoever asks. */
typedef struct EmuBackendInfo {
    const char *driver; /* "socket", "file" */
    const char *place;  /* what of the host it is; NULL: nothing has a name */
    const char *below;  /* id of the backend of its kind that it is on; NULL: none */
    bool direct;        /* of a block: past the page cache */
} EmuBackendInfo;

typedef struct EmuBackends EmuBackends;
EmuBackends *emu_backends_new(void);
void emu_backends_free(EmuBackends *backends); /* closes them all */

/* Takes the backend over; info is copied, NULL if there is nothing to say. False, and it is closed:
 * the id is taken. */
bool emu_backends_add_char(EmuBackends *backends, const char *id, EmuCharBackend *backend,
                           const EmuBackendInfo *info, GError **error);
EmuCharBackend *emu_backends_char(EmuBackends *backends, const char *id); /* NULL: none such */
bool emu_backends_add_block(EmuBackends *backends, const char *id, EmuBlockBackend *backend,
                            const EmuBackendInfo *info, GError **error);
/* Gives the block backend of info->below, which is there, another name. */
bool emu_backends_add_block_name(EmuBackends *backends, const char *id, const EmuBackendInfo *info,
                                 GError **error);
EmuBlockBackend *emu_backends_block(EmuBackends *backends, const char *id);
bool emu_backends_add_net(EmuBackends *backends, const char *id, EmuNetBackend *backend,
                          const EmuBackendInfo *info, GError **error);
EmuNetBackend *emu_backends_net(EmuBackends *backends, const char *id);

/* Closes one. False: there is none of that id (UnknownBackend), or it is used (InUse). */
bool emu_backends_remove(EmuBackends *backends, EmuBackendKind kind, const char *id,
                         GError **error);
/* All of a kind: ids, sorted; free the list. Of one that is there, what was said when it was added.
 */
GPtrArray *emu_backends_ids(EmuBackends *backends, EmuBackendKind kind);
const EmuBackendInfo *emu_backends_info(EmuBackends *backends, EmuBackendKind kind, const char *id);

#endif
