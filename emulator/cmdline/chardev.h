/* chardev: the notations for a character backend, opened as they are read. */
#ifndef VITRINE_EMULATOR_CHARDEV_H
#define VITRINE_EMULATOR_CHARDEV_H

#include "host/backends.h"

/* -chardev: "socket,id=mon,path=/run/vm.sock,server=on,wait=off". Free ret_id with g_free. */
bool emu_chardev_add(EmuBackends *backends, const char *text, char **ret_id, GError **error);
/* -qmp, -serial: "unix:/run/vm.sock,server=on,wait=off", "stdio", "chardev:ID". A backend is made
 * with the id given, or an existing one is meant; its id is left in ret_id (free with g_free), NULL
 * for "none". */
bool emu_chardev_add_short(EmuBackends *backends, const char *text, const char *id, char **ret_id,
                           GError **error);

#endif
