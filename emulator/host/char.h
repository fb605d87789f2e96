/* char: a two-way stream of bytes on the host: a socket, a file, a terminal.
 *
 * One user (a device, a monitor) attaches to it, or several to a multiplexer. What arrives is
 * handed over on the main context it was opened in; sending is allowed from any thread. Knows
 * nothing of devices, guests or QMP. */
#ifndef VITRINE_EMULATOR_CHAR_H
#define VITRINE_EMULATOR_CHAR_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct EmuCharBackend EmuCharBackend;

/* Callbacks run on the main context with nothing locked; opened and closed may be NULL. */
typedef struct EmuCharUser {
    size_t (*can_receive)(void *context);
    void (*receive)(void *context, const uint8_t *bytes, size_t size);
    void (*opened)(void *context); /* somebody is at the other end */
    void (*closed)(void *context);
    void (*focused)(void *context); /* of a multiplexer: it is this user's turn; may be NULL */
    size_t queue_limit; /* bytes kept while the other end does not read; more is dropped */
    void *context;
    GDestroyNotify free; /* of context, when the backend goes first; may be NULL */
} EmuCharUser;

/* The ways to open one. Each returns NULL with an error that names what could not be opened. */
EmuCharBackend *emu_char_null(void);
/* A terminal is switched to raw input. signals: ^C still ends the program. */
EmuCharBackend *emu_char_stdio(bool signals, GError **error);
EmuCharBackend *emu_char_file(const char *path, bool append, GError **error);
EmuCharBackend *emu_char_pty(GError **error);
/* An inherited file descriptor: a connected socket, or one that listens. Taken over. */
EmuCharBackend *emu_char_fd(int fd, bool listening, GError **error);

typedef struct EmuSocketAddress {
    const char *path;        /* of a unix socket; NULL: TCP */
    const char *host, *port; /* of TCP; host NULL or "": every local address */
} EmuSocketAddress;
typedef struct EmuCharSocket {
    EmuSocketAddress address;
    bool server;
    bool wait;          /* a server blocks until the first client has come */
    unsigned reconnect; /* seconds after which a client tries again; 0: it must connect at once */
} EmuCharSocket;
EmuCharBackend *emu_char_socket(const EmuCharSocket *socket, GError **error);

/* Any number of users take turns on another backend. What they send goes out as it comes; what
 * arrives is for one of them, the last that attached until ^A c is typed. quit is called, once,
 * from the main context when ^A x is typed; it may be NULL. NULL: somebody uses the base already.
 */
EmuCharBackend *emu_char_mux(EmuCharBackend *base, void (*quit)(void *context), void *context);

/* All that is sent is written to the file as well, which is emptied first unless append is set. */
bool emu_char_backend_log(EmuCharBackend *backend, const char *path, bool append, GError **error);

/* Where the other end is to be found, if it was not known before opening: the path of a pty's other
 * side. NULL for all else. Borrowed. */
const char *emu_char_backend_place(const EmuCharBackend *backend);

/* The user's end, for the functions below; NULL: somebody is attached already. If the other end is
 * there, opened() is called from the main context, not from inside this call. */
EmuCharBackend *emu_char_backend_attach(EmuCharBackend *backend, const EmuCharUser *user);
void emu_char_backend_detach(EmuCharBackend *backend); /* the user's end is gone then */
bool emu_char_backend_is_attached(const EmuCharBackend *backend);
void emu_char_backend_send(EmuCharBackend *backend, const uint8_t *bytes, size_t size);
/* Bytes the other end has not taken yet. */
size_t emu_char_backend_pending(EmuCharBackend *backend);
/* can_receive may say more than it did. */
void emu_char_backend_poll(EmuCharBackend *backend);
/* Ends the conversation with the client that is there, soon and not from inside this call; what is
 * queued for it is lost. A server takes the next. */
void emu_char_backend_hang_up(EmuCharBackend *backend);
void emu_char_backend_free(EmuCharBackend *backend);

#endif
