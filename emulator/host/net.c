/* net: the ways frames come and go: as datagrams (a tap interface, a datagram socket) or in a
 * stream. One descriptor, one GLib source, and the frame or part of one that is not through yet. */
#include "host/net.h"
#include "host/socket.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_tun.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <wire.h>

#include "host/net_internal.h"

#define LENGTH_SIZE 4
#define MAX_PARTS   64
#define MAX_AT_ONCE 64           /* frames handed over before others get their turn */
#define QUEUE_LIMIT (256 * 1024) /* bytes of a stream the other end has not taken */

struct EmuNetBackend {
    GMutex lock; /* of fds, tags and queue; never held while a user is called */
    GSource *source;
    int fd, listen_fd; /* -1: none */
    gpointer tag, listen_tag;
    GIOCondition watched; /* of tag */
    bool wants_input;
    bool is_stream, is_socket;
    bool broken;       /* sending failed */
    GByteArray *queue; /* of a stream: what is still to be sent */
    struct sockaddr_un remote;
    char *unlink_path;

    uint8_t received[LENGTH_SIZE + EMU_NET_MAX_FRAME];
    size_t n_received; /* of a stream: of the frame that is coming */

    EmuNetUser user;
    bool is_attached;
    EmuNetRouter *router; /* NULL: the other end is not in this process */
};

typedef struct NetSource {
    GSource source;
    EmuNetBackend *backend;
} NetSource;

/* ---- watching -------------------------------------------------------------------------------- */

/* Lock held. Watches for input if it is wanted, and for room if something is to be sent. */
static void watch(EmuNetBackend *backend, bool input)
{
    GIOCondition condition = (input ? G_IO_IN : 0) | (backend->queue->len ? G_IO_OUT : 0);
    backend->wants_input = input;
    if (backend->fd < 0 || (backend->tag && condition == backend->watched))
        return;
    backend->watched = condition;
    if (backend->tag)
        g_source_modify_unix_fd(backend->source, backend->tag, condition);
    else
        backend->tag = g_source_add_unix_fd(backend->source, backend->fd, condition);
}

void emu_net_backend_poll(EmuNetBackend *backend)
{
    g_mutex_lock(&backend->lock);
    watch(backend, backend->is_attached);
    g_mutex_unlock(&backend->lock);
}

static void tell_link(EmuNetBackend *backend, bool up)
{
    if (backend->is_attached)
        backend->user.link(backend->user.context, up);
}

static void connected(EmuNetBackend *backend, int fd)
{
    g_mutex_lock(&backend->lock);
    backend->fd = fd;
    backend->n_received = 0;
    watch(backend, backend->is_attached);
    g_mutex_unlock(&backend->lock);
    tell_link(backend, true);
}

static void hang_up(EmuNetBackend *backend)
{
    g_mutex_lock(&backend->lock);
    if (backend->tag)
        g_source_remove_unix_fd(backend->source, backend->tag);
    backend->tag = NULL;
    if (backend->fd >= 0)
        close(backend->fd);
    backend->fd = -1;
    backend->broken = false;
    g_byte_array_set_size(backend->queue, 0);
    g_mutex_unlock(&backend->lock);
    tell_link(backend, false);
}

/* ---- sending; lock held ---------------------------------------------------------------------- */

static void flush(EmuNetBackend *backend)
{
    while (backend->queue->len && backend->fd >= 0) {
        ssize_t n = send(backend->fd, backend->queue->data, backend->queue->len,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n > 0)
            g_byte_array_remove_range(backend->queue, 0, (guint)n);
        else if (errno != EINTR) {
            backend->broken = errno != EAGAIN;
            break;
        }
    }
    if (backend->broken) { /* the main context hangs up */
        g_byte_array_set_size(backend->queue, 0);
        g_source_set_ready_time(backend->source, 0);
    }
}

static void send_in_stream(EmuNetBackend *backend, const struct iovec *parts, unsigned n,
                           size_t size)
{
    if (backend->broken || backend->queue->len + LENGTH_SIZE + size > QUEUE_LIMIT)
        return;
    uint32_t length = htonl((uint32_t)size);
    g_byte_array_append(backend->queue, (const guint8 *)&length, LENGTH_SIZE);
    for (unsigned i = 0; i < n; i++)
        g_byte_array_append(backend->queue, parts[i].iov_base, (guint)parts[i].iov_len);
    bool was_waiting = backend->queue->len > LENGTH_SIZE + size;
    if (!was_waiting)
        flush(backend);
    if (backend->queue->len && !was_waiting)
        g_source_set_ready_time(backend->source, 0); /* to be watched from the main context */
}

static void send_datagram(EmuNetBackend *backend, const struct iovec *parts, unsigned n)
{
    if (!backend->is_socket) {
        if (writev(backend->fd, parts, (int)n) < 0)
            return; /* the interface is down or full: the frame is lost */
        return;
    }
    bool has_remote = backend->remote.sun_family != AF_UNSPEC;
    struct msghdr message = {.msg_name = has_remote ? &backend->remote : NULL,
                             .msg_namelen = has_remote ? sizeof(backend->remote) : 0,
                             .msg_iov = (struct iovec *)parts,
                             .msg_iovlen = n};
    (void)sendmsg(backend->fd, &message, MSG_NOSIGNAL | MSG_DONTWAIT); /* lost, if it fails */
}

void emu_net_backend_send(EmuNetBackend *backend, const struct iovec *parts, unsigned n)
{
    size_t size = 0;
    for (unsigned i = 0; i < n; i++)
        size += parts[i].iov_len;
    if (size == 0 || size > EMU_NET_MAX_FRAME)
        return;
    g_mutex_lock(&backend->lock);
    if (backend->fd >= 0 && backend->is_stream)
        send_in_stream(backend, parts, n, size);
    else if (backend->fd >= 0)
        send_datagram(backend, parts, n);
    g_mutex_unlock(&backend->lock);
}

/* ---- receiving ------------------------------------------------------------------------------- */

/* How many bytes of a stream's frame are still to come; 0: it is whole; SIZE_MAX: nonsense. */
static size_t missing(const EmuNetBackend *backend)
{
    if (backend->n_received < LENGTH_SIZE)
        return LENGTH_SIZE - backend->n_received;
    uint32_t length;
    memcpy(&length, backend->received, LENGTH_SIZE);
    length = ntohl(length);
    if (length == 0 || length > EMU_NET_MAX_FRAME)
        return SIZE_MAX;
    return LENGTH_SIZE + length - backend->n_received;
}

/* Returns false when there is no more for now. */
static bool receive_some(EmuNetBackend *backend)
{
    size_t room = backend->is_stream ? missing(backend) : EMU_NET_MAX_FRAME;
    if (room == SIZE_MAX) {
        hang_up(backend); /* the other end does not speak our language */
        return false;
    }
    ssize_t n = read(backend->fd, backend->received + backend->n_received, room);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    if (n <= 0) {
        if (backend->is_stream)
            hang_up(backend);
        return false;
    }
    if (!backend->is_stream) {
        backend->user.receive(backend->user.context, backend->received, (size_t)n);
        return true;
    }
    backend->n_received += (size_t)n;
    if (backend->n_received > LENGTH_SIZE && missing(backend) == 0) {
        size_t size = backend->n_received - LENGTH_SIZE;
        backend->n_received = 0;
        backend->user.receive(backend->user.context, backend->received + LENGTH_SIZE, size);
    }
    return true;
}

static void receive(EmuNetBackend *backend)
{
    for (unsigned i = 0; i < MAX_AT_ONCE && backend->is_attached && backend->fd >= 0; i++) {
        /* The watch is off while can_receive is asked, so that a poll() meanwhile is not lost. */
        g_mutex_lock(&backend->lock);
        watch(backend, false);
        g_mutex_unlock(&backend->lock);
        if (!backend->user.can_receive(backend->user.context))
            return;
        emu_net_backend_poll(backend);
        if (!receive_some(backend))
            return;
    }
}

static void accept_client(EmuNetBackend *backend)
{
    int fd = accept4(backend->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0 && backend->fd < 0)
        connected(backend, fd);
    else if (fd >= 0)
        close(fd); /* one at a time */
}

static gboolean dispatch(GSource *source, GSourceFunc function, gpointer data)
{
    (void)function, (void)data;
    EmuNetBackend *backend = ((NetSource *)source)->backend;
    g_source_set_ready_time(source, -1);
    if (backend->listen_tag && g_source_query_unix_fd(source, backend->listen_tag))
        accept_client(backend);
    GIOCondition ready = backend->tag ? g_source_query_unix_fd(source, backend->tag) : 0;
    g_mutex_lock(&backend->lock);
    flush(backend);
    watch(backend, backend->wants_input);
    /* The end of a stream shows even while input is not wanted, and would do so for ever. */
    bool gone = backend->broken ||
                ((ready & (G_IO_HUP | G_IO_ERR)) && backend->is_stream && !backend->wants_input);
    g_mutex_unlock(&backend->lock);
    if (gone)
        hang_up(backend);
    else if (ready & (G_IO_IN | G_IO_HUP | G_IO_ERR))
        receive(backend);
    return G_SOURCE_CONTINUE;
}

/* ---- life ------------------------------------------------------------------------------------ */

static EmuNetBackend *backend_new(bool is_socket, bool is_stream)
{
    static GSourceFuncs functions = {.dispatch = dispatch};
    EmuNetBackend *backend = g_new0(EmuNetBackend, 1);
    backend->fd = backend->listen_fd = -1;
    backend->is_socket = is_socket;
    backend->is_stream = is_stream;
    backend->queue = g_byte_array_new();
    g_mutex_init(&backend->lock);
    backend->source = g_source_new(&functions, sizeof(NetSource));
    ((NetSource *)backend->source)->backend = backend;
    g_source_attach(backend->source, g_main_context_get_thread_default());
    return backend;
}

void emu_net_backend_free(EmuNetBackend *backend)
{
    if (!backend)
        return;
    backend->is_attached = false;
    hang_up(backend);
    g_source_destroy(backend->source);
    g_source_unref(backend->source);
    if (backend->listen_fd >= 0)
        close(backend->listen_fd);
    if (backend->unlink_path)
        unlink(backend->unlink_path);
    g_free(backend->unlink_path);
    emu_net_router_free(backend->router);
    g_byte_array_free(backend->queue, TRUE);
    g_mutex_clear(&backend->lock);
    g_free(backend);
}

void emu_net_backend_set_router(EmuNetBackend *backend, EmuNetRouter *router)
{
    backend->router = router;
}

bool emu_net_backend_attach(EmuNetBackend *backend, const EmuNetUser *user)
{
    if (backend->is_attached)
        return false;
    backend->user = *user;
    backend->is_attached = true;
    emu_net_backend_poll(backend);
    return true;
}

bool emu_net_backend_is_up(EmuNetBackend *backend)
{
    return backend->fd >= 0;
}

void emu_net_backend_detach(EmuNetBackend *backend)
{
    g_mutex_lock(&backend->lock);
    backend->is_attached = false;
    watch(backend, false);
    g_mutex_unlock(&backend->lock);
}

bool emu_net_backend_is_attached(const EmuNetBackend *backend)
{
    return backend->is_attached;
}

static void *fail(GError **error, EmuNetBackend *backend, const char *what, const char *name)
{
    g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED, "%s '%s': %s", what, name, g_strerror(errno));
    emu_net_backend_free(backend);
    return NULL;
}

EmuNetBackend *emu_net_stream(const char *path, bool server, GError **error)
{
    EmuNetBackend *backend = backend_new(true, true);
    struct sockaddr_un address;
    const char *what = server ? "cannot listen at" : "cannot connect to";
    if (server)
        emu_host_remove_stale_socket(path);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok =
        fd >= 0 && emu_host_unix_address(path, &address) &&
        (server ? bind(fd, (struct sockaddr *)&address, sizeof(address)) == 0 && listen(fd, 1) == 0
                : connect(fd, (struct sockaddr *)&address, sizeof(address)) == 0) &&
        fcntl(fd, F_SETFL, O_NONBLOCK) == 0;
    if (!ok) {
        int saved = errno;
        if (fd >= 0)
            close(fd);
        errno = saved;
        return fail(error, backend, what, path);
    }
    if (!server) {
        connected(backend, fd);
        return backend;
    }
    backend->unlink_path = g_strdup(path);
    backend->listen_fd = fd;
    backend->listen_tag = g_source_add_unix_fd(backend->source, fd, G_IO_IN);
    return backend;
}

EmuNetBackend *emu_net_dgram(const char *local, const char *remote, GError **error)
{
    EmuNetBackend *backend = backend_new(true, false);
    struct sockaddr_un address;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    emu_host_remove_stale_socket(local);
    if (fd < 0 || !emu_host_unix_address(local, &address) ||
        bind(fd, (struct sockaddr *)&address, sizeof(address)) != 0) {
        int saved = errno;
        if (fd >= 0)
            close(fd);
        errno = saved;
        return fail(error, backend, "cannot receive at", local);
    }
    backend->unlink_path = g_strdup(local);
    connected(backend, fd);
    if (!emu_host_unix_address(remote, &backend->remote))
        return fail(error, backend, "cannot send to", remote);
    return backend;
}

EmuNetBackend *emu_net_tap(const char *ifname, GError **error)
{
    EmuNetBackend *backend = backend_new(false, false);
    struct ifreq request = {.ifr_flags = IFF_TAP | IFF_NO_PI};
    const char *name = ifname ? ifname : "tap%d";
    if (strlen(name) >= sizeof(request.ifr_name)) {
        errno = ENAMETOOLONG;
        return fail(error, backend, "cannot make tap interface", name);
    }
    strcpy(request.ifr_name, name);
    int fd = open("/dev/net/tun", O_RDWR | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0 || ioctl(fd, TUNSETIFF, &request) != 0) {
        int saved = errno;
        if (fd >= 0)
            close(fd);
        errno = saved;
        return fail(error, backend, "cannot make tap interface", name);
    }
    connected(backend, fd);
    return backend;
}

EmuNetBackend *emu_net_fd(int fd, GError **error)
{
    int type = 0;
    socklen_t size = sizeof(type);
    bool is_socket = getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
    if (!is_socket || fcntl(fd, F_SETFL, O_NONBLOCK) != 0) {
        g_autofree char *name = g_strdup_printf("%d", fd);
        return fail(error, NULL, "not a socket: file descriptor", name);
    }
    EmuNetBackend *backend = backend_new(true, type == SOCK_STREAM);
    connected(backend, fd);
    return backend;
}
