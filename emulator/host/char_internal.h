/* char_internal: what the stream (char.c) and the ways to open one (char_open.c) share. */
#ifndef VITRINE_EMULATOR_CHAR_INTERNAL_H
#define VITRINE_EMULATOR_CHAR_INTERNAL_H

#include "host/char.h"

#include <sys/socket.h>
#include <termios.h>

typedef struct EmuCharMux EmuCharMux;

/* Where a client connects to, again and again. */
typedef struct EmuCharRemote {
    struct sockaddr_storage address;
    socklen_t length;
    unsigned seconds; /* between two attempts; 0: there are none */
} EmuCharRemote;

struct EmuCharBackend {
    EmuCharMux *mux; /* a multiplexer, or the end of one of its users; NULL: neither */
    GMutex lock;     /* of descriptors, tags and queue; never held while a user is called */
    GSource *source;
    int in_fd, out_fd, listen_fd;         /* -1: none */
    gpointer in_tag, out_tag, listen_tag; /* NULL: not watched */
    EmuCharRemote remote;
    int connecting_fd; /* -1: no attempt is going on */
    gpointer connecting_tag;
    int64_t retry_at; /* monotonic microseconds; 0: no attempt is due */
    int log_fd;       /* -1: none */
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
/* Tries to connect to its remote, now and whenever nobody is at the other end. */
void emu_char_try(EmuCharBackend *backend);

/* char_mux.c, for char.c: what its functions do on a multiplexer or the end of a user. */
EmuCharBackend *emu_char_mux_attach(EmuCharMux *mux, const EmuCharUser *user);
void emu_char_mux_detach(EmuCharMux *mux, EmuCharBackend *end);
bool emu_char_mux_is_attached(const EmuCharMux *mux);
EmuCharBackend *emu_char_mux_base(EmuCharMux *mux); /* NULL: it has gone */
void emu_char_mux_deliver(EmuCharMux *mux);
void emu_char_mux_poll(EmuCharMux *mux);
void emu_char_mux_free(EmuCharMux *mux);

#endif
