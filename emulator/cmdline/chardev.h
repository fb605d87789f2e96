/* chardev: QEMU's two notations for a character backend, as the arguments of chardev-add. */
#ifndef VITRINE_EMULATOR_CHARDEV_H
#define VITRINE_EMULATOR_CHARDEV_H

#include <api.h>

/* What an option asks for. */
typedef struct EmuChardev {
    char *id;
    json_t *arguments; /* of chardev-add; NULL: it names one that is there */
    bool mux;          /* several are to use it */
} EmuChardev;
void emu_chardev_clear(EmuChardev *chardev);

/* "socket,id=ID,path=PATH,server=on" */
bool emu_chardev_parse(const char *text, EmuChardev *ret_chardev, GError **error);
/* "stdio", "unix:PATH,server=on", "chardev:ID", "mon:stdio"; id is for one that has to be made.
 * "none": ret_chardev->id is NULL. */
bool emu_chardev_parse_short(const char *text, const char *id, EmuChardev *ret_chardev,
                             GError **error);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(EmuChardev, emu_chardev_clear)

#endif
