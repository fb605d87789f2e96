/* drive: the older notation for a disk, as the arguments of blockdev-add. */
#ifndef VITRINE_EMULATOR_DRIVE_H
#define VITRINE_EMULATOR_DRIVE_H

#include <api.h>

/* What to do with a disk of another format. */
#define EMU_RAW_ONLY                                                                               \
    "; files are raw here: serve any other format with qemu-nbd, or convert it with qemu-img "     \
    "convert -O raw"

/* "file=FILE,format=raw,if=none,id=ID". NULL: error. */
json_t *emu_drive_parse(const char *text, GError **error);

#endif
