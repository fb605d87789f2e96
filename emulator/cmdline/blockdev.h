/* blockdev: the notations for block and network backends, opened as they are read. */
#ifndef VITRINE_EMULATOR_BLOCKDEV_H
#define VITRINE_EMULATOR_BLOCKDEV_H

#include "host/backends.h"

/* -blockdev: "driver=file,filename=disk.raw,node-name=disk0,read-only=on", with raw over file where
 * it stands. */
bool emu_blockdev_add(EmuBackends *backends, const char *text, GError **error);
/* -drive with if=none: "file=disk.raw,format=raw,if=none,id=disk0". */
bool emu_drive_add(EmuBackends *backends, const char *text, GError **error);
/* -netdev: "stream,id=net0,addr.type=unix,addr.path=/run/net,server=on", dgram, tap. */
bool emu_netdev_add(EmuBackends *backends, const char *text, GError **error);

#endif
