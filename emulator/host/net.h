/* net: Ethernet frames to and from the host: a unix socket, a tap interface, or a network of its
 * own.
 *
 * One user at a time. What arrives is handed over on the main context it was opened in; sending is
 * allowed from any thread and never blocks: what the host cannot take is dropped, as on a wire.
 * Knows nothing of devices, guests or QMP. */
#ifndef VITRINE_EMULATOR_NET_H
#define VITRINE_EMULATOR_NET_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#define EMU_NET_MAX_FRAME 65536 /* bytes, without checksum */

typedef struct EmuNetBackend EmuNetBackend;

/* Callbacks run on the main context with nothing locked. */
typedef struct EmuNetUser {
    bool (*can_receive)(void *context); /* false: nothing is read until emu_net_backend_poll() */
    void (*receive)(void *context, const uint8_t *frame, size_t size);
    void (*link)(void *context, bool up);
    void *context;
} EmuNetUser;

/* Each returns NULL with an error that names what could not be opened.
 * stream: frames after their length, 32 bits in network order; a server takes one client after the
 * other, a client must connect at once. */
EmuNetBackend *emu_net_stream(const char *path, bool server, GError **error);
/* A frame a datagram, sent to the socket at remote and received at local. */
EmuNetBackend *emu_net_dgram(const char *local, const char *remote, GError **error);
/* ifname: NULL for the first free one. */
EmuNetBackend *emu_net_tap(const char *ifname, GError **error);
/* An inherited, connected socket. Taken over. */
EmuNetBackend *emu_net_fd(int fd, GError **error);

typedef struct EmuNetUserOptions { /* texts may be NULL: what libslirp's users are used to */
    bool restricted;               /* the guest reaches nothing but the router */
    bool no_ipv4, no_ipv6;
    const char *net;                    /* "10.0.2.0/24" */
    const char *host, *dns, *dhcpstart; /* "10.0.2.2", "10.0.2.3", "10.0.2.15" */
    const char *hostname;               /* that DHCP tells the guest */
    const char *const *forwards;        /* NULL-terminated: "tcp:127.0.0.1:2222-:22" */
} EmuNetUserOptions;

/* A network behind a router in this process (libslirp, loaded when it is first needed). */
EmuNetBackend *emu_net_user(const EmuNetUserOptions *options, GError **error);
void emu_net_backend_free(EmuNetBackend *backend);

/* False: somebody is attached already. link() tells of changes from now on. */
bool emu_net_backend_attach(EmuNetBackend *backend, const EmuNetUser *user);
void emu_net_backend_detach(EmuNetBackend *backend);
bool emu_net_backend_is_attached(const EmuNetBackend *backend);
bool emu_net_backend_is_up(EmuNetBackend *backend); /* somebody is at the other end */
/* A frame in parts, of at most EMU_NET_MAX_FRAME bytes. */
void emu_net_backend_send(EmuNetBackend *backend, const struct iovec *parts, unsigned n);
/* can_receive may say yes again. May be called from any thread. */
void emu_net_backend_poll(EmuNetBackend *backend);

#endif
