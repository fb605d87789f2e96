/* char_internal: what the stream (char.c) and the ways to open one (char_open.c) share. */
#ifndef VITRINE_EMULATOR_CHAR_INTERNAL_H
#define VITRINE_EMULATOR_CHAR_INTERNAL_H

#include "host/char.h"

#include <termios.h>

struct EmuCharBackend {
    GMutex lock; /* of descriptors, tags and queue; never held while a user is called */
    GSource *source;
    int in_fd, out_fd, listen_fd;         /* -1: none */
    gpointer in_tag, out_tag, listen_tag; /* NULL: not watched */
    GByteArray *queue;
    bool is_socket;
    bool is_borrowed; /* standard input and output: not ours to close */
    bool broken;      /* a write failed */
    bool input_ended;
    EmuCharUser user;
    bool is_attached;
    bool is_new_user; /* has not been told yet that somebody is there */

    /* What closing has to undo. */
    void (*restore)(EmuCharBackend *backend);
    struct termios saved_terminal;
    int saved_in_flags, saved_out_flags;
    int extra_fd; /* kept open; 0: none */
    char *unlink_path;
    char *place;
};

EmuCharBackend *emu_char_backend_new(void);
/* The other end is there; descriptors are non-blocking. */
void emu_char_connect(EmuCharBackend *backend, int in_fd, int out_fd);
void emu_char_listen(EmuCharBackend *backend, int fd);

#endif
