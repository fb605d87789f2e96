/* char: a two-way stream of bytes on the host: a socket, a file, a terminal.
 *
 * One user at a time (a device, a monitor) attaches to it. What arrives is handed over on the main
 * context it was opened in; sending is allowed from any thread. Knows nothing of devices, guests or
 * QMP. */
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
    size_t queue_limit; /* bytes kept while the other end does not read; more is dropped */
    void *context;
    GDestroyNotify free; /* of context, when the backend goes first; may be NULL */
} EmuCharUser;

/* The ways to open one. Each returns NULL with an error that names what could not be opened. */
EmuCharBackend *emu_char_null(void);
EmuCharBackend *emu_char_stdio(GError **error); /* a terminal is switched to raw input */
EmuCharBackend *emu_char_file(const char *path, bool append, GError **error);
EmuCharBackend *emu_char_pty(GError **error);
/* An inherited file descriptor: a connected socket, or one that listens. Taken over. */
EmuCharBackend *emu_char_fd(int fd, bool listening, GError **error);

typedef struct EmuSocketAddress {
    const char *path;        /* of a unix socket; NULL: TCP */
    const char *host, *port; /* of TCP; host NULL or "": every local address */
} EmuSocketAddress;
/* wait: a server blocks until the first client has come. A client must connect at once. */
EmuCharBackend *emu_char_socket(const EmuSocketAddress *address, bool server, bool wait,
                                GError **error);

/* Where the other end is to be found, if it was not known before opening: the path of a pty's other
 * side. NULL for all else. Borrowed. */
const char *emu_char_backend_place(const EmuCharBackend *backend);

/* False: somebody is attached already. If the other end is there, opened() is called from the main
 * context, not from inside this call. */
bool emu_char_backend_attach(EmuCharBackend *backend, const EmuCharUser *user);
void emu_char_backend_detach(EmuCharBackend *backend);
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
