/* char: the stream behind every kind of character backend: up to three file descriptors (in, out,
 * listening) on one GLib source, and a queue of what the other end has not taken. */
#include "host/char_internal.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK             4096
#define DRAIN_PATIENCE_MS 1000 /* without the other end taking anything */

typedef struct CharSource {
    GSource source;
    EmuCharBackend *backend;
} CharSource;

/* ---- watching descriptors -------------------------------------------------------------------- */

static void watch(EmuCharBackend *backend, gpointer *tag, int fd, GIOCondition condition, bool on)
{
    if (on && !*tag && fd >= 0) {
        *tag = g_source_add_unix_fd(backend->source, fd, condition);
    } else if (!on && *tag) {
        g_source_remove_unix_fd(backend->source, *tag);
        *tag = NULL;
    }
}

static GIOCondition ready(EmuCharBackend *backend, gpointer tag)
{
    return tag ? g_source_query_unix_fd(backend->source, tag) : 0;
}

static void watch_input(EmuCharBackend *backend, bool on)
{
    watch(backend, &backend->in_tag, backend->in_fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on);
}

static void watch_output(EmuCharBackend *backend, bool on)
{
    watch(backend, &backend->out_tag, backend->out_fd, G_IO_OUT | G_IO_ERR, on);
}

static void watch_listener(EmuCharBackend *backend, bool on)
{
    watch(backend, &backend->listen_tag, backend->listen_fd, G_IO_IN, on);
}

/* ---- sending --------------------------------------------------------------------------------- */

/* Bytes written; -1: the other end is gone. Lock held. */
static ssize_t write_some(EmuCharBackend *backend, const uint8_t *bytes, size_t size)
{
    for (;;) {
        ssize_t n = backend->is_socket ? send(backend->out_fd, bytes, size, MSG_NOSIGNAL)
                                       : write(backend->out_fd, bytes, size);
        if (n >= 0)
            return n;
        if (errno == EAGAIN || errno == EWOULDBLOCK)
            return 0;
        if (errno != EINTR)
            return -1;
    }
}

/* The descriptor failed: noticed here by whoever wrote, told to the user from the main context. */
static void mark_broken(EmuCharBackend *backend)
{
    backend->broken = true;
    g_byte_array_set_size(backend->queue, 0);
    watch_output(backend, false);
    g_source_set_ready_time(backend->source, 0);
}

/* A log that cannot be written is no reason for anything to stop. */
static void write_log(EmuCharBackend *backend, const uint8_t *bytes, size_t size)
{
    while (backend->log_fd >= 0 && size) {
        ssize_t n = write(backend->log_fd, bytes, size);
        if (n < 0 && errno != EINTR)
            return;
        bytes += MAX(n, 0);
        size -= (size_t)MAX(n, 0);
    }
}

void emu_char_backend_send(EmuCharBackend *backend, const uint8_t *bytes, size_t size)
{
    if (backend->mux) {
        EmuCharBackend *base = emu_char_mux_base(backend->mux);
        if (base)
            emu_char_backend_send(base, bytes, size);
        return;
    }
    g_mutex_lock(&backend->lock);
    write_log(backend, bytes, size);
    if (backend->out_fd >= 0 && !backend->broken) {
        ssize_t n = backend->queue->len ? 0 : write_some(backend, bytes, size);
        if (n < 0) {
            mark_broken(backend);
        } else if ((size_t)n < size) {
            size_t room =
                backend->user.queue_limit - MIN(backend->user.queue_limit, backend->queue->len);
            g_byte_array_append(backend->queue, bytes + n, (guint)MIN(room, size - (size_t)n));
            watch_output(backend, true);
        }
    }
    g_mutex_unlock(&backend->lock);
}

size_t emu_char_backend_pending(EmuCharBackend *backend)
{
    if (backend->mux) {
        EmuCharBackend *base = emu_char_mux_base(backend->mux);
        return base ? emu_char_backend_pending(base) : 0;
    }
    g_mutex_lock(&backend->lock);
    size_t pending = backend->queue->len;
    g_mutex_unlock(&backend->lock);
    return pending;
}

/* Returns true when the queue has become empty. */
static bool flush(EmuCharBackend *backend)
{
    g_mutex_lock(&backend->lock);
    ssize_t n =
        backend->out_fd < 0 ? 0 : write_some(backend, backend->queue->data, backend->queue->len);
    if (n < 0)
        mark_broken(backend);
    else if (n > 0)
        g_byte_array_remove_range(backend->queue, 0, (guint)n);
    bool empty = backend->queue->len == 0;
    if (empty)
        watch_output(backend, false);
    g_mutex_unlock(&backend->lock);
    return empty;
}

/* ---- coming and going ------------------------------------------------------------------------ */

static void tell_opened(EmuCharBackend *backend)
{
    if (!backend->is_attached)
        return;
    backend->is_new_user = false;
    if (backend->user.opened)
        backend->user.opened(backend->user.context);
}

void emu_char_connect(EmuCharBackend *backend, int in_fd, int out_fd)
{
    g_mutex_lock(&backend->lock);
    backend->in_fd = in_fd;
    backend->out_fd = out_fd;
    backend->broken = false;
    watch_listener(backend, false);
    watch_input(backend, backend->is_attached);
    g_mutex_unlock(&backend->lock);
    tell_opened(backend);
}

/* Wakes the source at the time of the next attempt to connect; what else it is woken for comes
 * sooner. */
static void try_later(EmuCharBackend *backend)
{
    backend->retry_at = g_get_monotonic_time() + (int64_t)backend->remote.seconds * G_USEC_PER_SEC;
    g_source_set_ready_time(backend->source, backend->retry_at);
}

static void close_stream(EmuCharBackend *backend)
{
    g_mutex_lock(&backend->lock);
    watch_input(backend, false);
    watch_output(backend, false);
    if (!backend->is_borrowed) {
        if (backend->in_fd >= 0)
            close(backend->in_fd);
        if (backend->out_fd >= 0 && backend->out_fd != backend->in_fd)
            close(backend->out_fd);
    }
    backend->in_fd = backend->out_fd = -1;
    backend->broken = false;
    g_byte_array_set_size(backend->queue, 0);
    watch_listener(backend, true);
    if (backend->remote.seconds)
        try_later(backend);
    g_mutex_unlock(&backend->lock);
}

static bool is_connected(const EmuCharBackend *backend)
{
    return backend->in_fd >= 0 || backend->out_fd >= 0;
}

static void disconnect(EmuCharBackend *backend)
{
    if (!is_connected(backend))
        return;
    close_stream(backend);
    if (backend->is_attached && backend->user.closed)
        backend->user.closed(backend->user.context);
}

void emu_char_backend_hang_up(EmuCharBackend *backend)
{
    if (backend->mux)
        return; /* others are on it too */
    g_mutex_lock(&backend->lock);
    mark_broken(backend);
    g_mutex_unlock(&backend->lock);
}

/* Standard input can end while standard output is still wanted. */
static void end_of_input(EmuCharBackend *backend)
{
    if (backend->is_socket) {
        disconnect(backend);
        return;
    }
    g_mutex_lock(&backend->lock);
    watch_input(backend, false);
    backend->input_ended = true;
    g_mutex_unlock(&backend->lock);
}

static void accept_client(EmuCharBackend *backend)
{
    int fd = accept4(backend->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0)
        emu_char_connect(backend, fd, fd);
}

/* ---- connecting again ------------------------------------------------------------------------ */

void emu_char_try(EmuCharBackend *backend)
{
    const EmuCharRemote *remote = &backend->remote;
    backend->retry_at = 0;
    int fd = socket(remote->address.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (fd >= 0 && connect(fd, (const struct sockaddr *)&remote->address, remote->length) == 0) {
        emu_char_connect(backend, fd, fd);
    } else if (fd >= 0 && errno == EINPROGRESS) {
        backend->connecting_fd = fd;
        watch(backend, &backend->connecting_tag, fd, G_IO_OUT | G_IO_ERR | G_IO_HUP, true);
    } else {
        if (fd >= 0)
            close(fd);
        try_later(backend);
    }
}

static void end_attempt(EmuCharBackend *backend)
{
    int failed = 0, fd = backend->connecting_fd;
    socklen_t size = sizeof(failed);
    watch(backend, &backend->connecting_tag, fd, 0, false);
    backend->connecting_fd = -1;
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &failed, &size) == 0 && !failed) {
        emu_char_connect(backend, fd, fd);
        return;
    }
    close(fd);
    try_later(backend);
}

/* ---- input ----------------------------------------------------------------------------------- */

/* The watch is off while can_receive is asked, so that a poll() meanwhile is not lost. */
static void take_input(EmuCharBackend *backend)
{
    uint8_t bytes[CHUNK];
    g_mutex_lock(&backend->lock);
    watch_input(backend, false);
    g_mutex_unlock(&backend->lock);

    size_t room = backend->user.can_receive(backend->user.context);
    if (room == 0)
        return;
    ssize_t n = read(backend->in_fd, bytes, MIN(room, sizeof(bytes)));
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        end_of_input(backend);
        return;
    }
    if (n > 0)
        backend->user.receive(backend->user.context, bytes, (size_t)n);
    emu_char_backend_poll(backend);
}

void emu_char_backend_poll(EmuCharBackend *backend)
{
    if (backend->mux) {
        emu_char_mux_poll(backend->mux);
        return;
    }
    g_mutex_lock(&backend->lock);
    watch_input(backend, backend->is_attached && !backend->input_ended);
    g_mutex_unlock(&backend->lock);
}

/* ---- the source ------------------------------------------------------------------------------ */

static gboolean dispatch(GSource *source, GSourceFunc function, gpointer data)
{
    (void)function, (void)data;
    EmuCharBackend *backend = ((CharSource *)source)->backend;
    g_source_set_ready_time(source, -1);
    if (backend->mux) {
        emu_char_mux_deliver(backend->mux);
        return G_SOURCE_CONTINUE;
    }
    bool can_accept = ready(backend, backend->listen_tag);
    bool can_read = ready(backend, backend->in_tag);
    bool can_write = ready(backend, backend->out_tag);

    if (backend->retry_at && backend->retry_at <= g_get_monotonic_time())
        emu_char_try(backend);
    else if (backend->retry_at)
        g_source_set_ready_time(source, backend->retry_at);
    if (backend->connecting_tag && ready(backend, backend->connecting_tag))
        end_attempt(backend);
    if (backend->is_new_user && is_connected(backend))
        tell_opened(backend);
    if (can_accept && !is_connected(backend))
        accept_client(backend);
    if (can_write && flush(backend))
        emu_char_backend_poll(backend); /* a user that waited for the queue may receive again */
    if (can_read && backend->is_attached && backend->in_fd >= 0)
        take_input(backend);
    if (backend->broken)
        disconnect(backend);
    return G_SOURCE_CONTINUE;
}

EmuCharBackend *emu_char_backend_new(void)
{
    static GSourceFuncs functions = {.dispatch = dispatch};
    EmuCharBackend *backend = g_new0(EmuCharBackend, 1);
    backend->in_fd = backend->out_fd = backend->listen_fd = -1;
    backend->connecting_fd = backend->log_fd = -1;
    backend->queue = g_byte_array_new();
    g_mutex_init(&backend->lock);
    backend->source = g_source_new(&functions, sizeof(CharSource));
    ((CharSource *)backend->source)->backend = backend;
    g_source_attach(backend->source, g_main_context_get_thread_default());
    return backend;
}

void emu_char_listen(EmuCharBackend *backend, int fd)
{
    backend->is_socket = true;
    backend->listen_fd = fd;
    watch_listener(backend, true);
}

const char *emu_char_backend_place(const EmuCharBackend *backend)
{
    return backend->place;
}

EmuCharBackend *emu_char_backend_attach(EmuCharBackend *backend, const EmuCharUser *user)
{
    if (backend->mux)
        return emu_char_mux_attach(backend->mux, user);
    if (backend->is_attached)
        return NULL;
    backend->user = *user;
    backend->is_attached = true;
    backend->is_new_user = true;
    g_source_set_ready_time(backend->source, 0);
    emu_char_backend_poll(backend);
    return backend;
}

bool emu_char_backend_is_attached(const EmuCharBackend *backend)
{
    return backend->mux ? emu_char_mux_is_attached(backend->mux) : backend->is_attached;
}

void emu_char_backend_detach(EmuCharBackend *backend)
{
    if (backend->mux) {
        emu_char_mux_detach(backend->mux, backend);
        return;
    }
    g_mutex_lock(&backend->lock);
    watch_input(backend, false);
    backend->is_attached = false;
    g_mutex_unlock(&backend->lock);
}

/* What was said before the end is delivered, as long as the other end goes on taking it: "quit" is
 * answered after all that was asked before. */
static void drain(EmuCharBackend *backend)
{
    struct pollfd out = {.fd = backend->out_fd, .events = POLLOUT};
    while (out.fd >= 0 && !backend->broken && backend->queue->len) {
        if (poll(&out, 1, DRAIN_PATIENCE_MS) <= 0 || flush(backend)) {
            return;
        }
    }
}

void emu_char_backend_free(EmuCharBackend *backend)
{
    if (!backend)
        return;
    if (backend->mux)
        emu_char_mux_free(backend->mux);
    drain(backend);
    if (backend->is_attached && backend->user.free)
        backend->user.free(backend->user.context);
    backend->is_attached = false;
    if (backend->restore)
        backend->restore(backend);
    backend->remote.seconds = 0;
    close_stream(backend);
    g_source_destroy(backend->source);
    g_source_unref(backend->source);
    if (backend->connecting_fd >= 0)
        close(backend->connecting_fd);
    if (backend->log_fd >= 0)
        close(backend->log_fd);
    if (backend->listen_fd >= 0)
        close(backend->listen_fd);
    if (backend->extra_fd > 0)
        close(backend->extra_fd);
    if (backend->unlink_path)
        unlink(backend->unlink_path);
    g_free(backend->unlink_path);
    g_free(backend->place);
    g_byte_array_free(backend->queue, TRUE);
    g_mutex_clear(&backend->lock);
    g_free(backend);
}
