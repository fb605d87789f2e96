/* backends: the host's side of devices, by id; made by options and commands before a machine is.
 *
 * A backend knows the host (files, sockets) and nothing of guests or device types. */
#ifndef VITRINE_EMULATOR_BACKENDS_H
#define VITRINE_EMULATOR_BACKENDS_H

#include "host/block.h"
#include "host/char.h"
#include "host/net.h"

typedef struct EmuBackends EmuBackends;
EmuBackends *emu_backends_new(void);
void emu_backends_free(EmuBackends *backends); /* closes them all */

/* Takes the backend over. False, and it is closed: the id is taken. */
bool emu_backends_add_char(EmuBackends *backends, const char *id, EmuCharBackend *backend,
                           GError **error);
EmuCharBackend *emu_backends_char(EmuBackends *backends, const char *id); /* NULL: none such */
bool emu_backends_add_block(EmuBackends *backends, const char *id, EmuBlockBackend *backend,
                            GError **error);
EmuBlockBackend *emu_backends_block(EmuBackends *backends, const char *id);
bool emu_backends_add_net(EmuBackends *backends, const char *id, EmuNetBackend *backend,
                          GError **error);
EmuNetBackend *emu_backends_net(EmuBackends *backends, const char *id);

#endif
