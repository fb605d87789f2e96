/* char_open: the ways to open a character backend. */
#include "host/char_internal.h"
#include "host/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <wire.h>

#define BACKLOG 128

static void *fail(GError **error, const char *what)
{
    g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED, "cannot open %s: %s", what,
                g_strerror(errno));
    return NULL;
}

static void set_nonblocking(int fd)
{
    fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

EmuCharBackend *emu_char_null(void)
{
    return emu_char_backend_new();
}

/* ---- standard input and output --------------------------------------------------------------- */

static void restore_stdio(EmuCharBackend *backend)
{
    if (isatty(STDIN_FILENO))
        tcsetattr(STDIN_FILENO, TCSANOW, &backend->saved_terminal);
    fcntl(STDIN_FILENO, F_SETFL, backend->saved_in_flags);
    fcntl(STDOUT_FILENO, F_SETFL, backend->saved_out_flags);
}

/* Each key at once and as it is; with signals, interrupt and suspend stay with the terminal. */
static void set_raw(const struct termios *saved, bool signals)
{
    struct termios raw = *saved;
    raw.c_iflag &= ~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
    raw.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN | (signals ? 0 : ISIG));
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

EmuCharBackend *emu_char_stdio(bool signals, GError **error)
{
    int in_flags = fcntl(STDIN_FILENO, F_GETFL), out_flags = fcntl(STDOUT_FILENO, F_GETFL);
    if (in_flags < 0 || out_flags < 0)
        return fail(error, "standard input and output");
    EmuCharBackend *backend = emu_char_backend_new();
    backend->is_borrowed = true;
    backend->saved_in_flags = in_flags;
    backend->saved_out_flags = out_flags;
    if (tcgetattr(STDIN_FILENO, &backend->saved_terminal) == 0)
        set_raw(&backend->saved_terminal, signals);
    backend->restore = restore_stdio;
    set_nonblocking(STDIN_FILENO);
    set_nonblocking(STDOUT_FILENO);
    emu_char_connect(backend, STDIN_FILENO, STDOUT_FILENO);
    return backend;
}

/* ---- files and terminals --------------------------------------------------------------------- */

EmuCharBackend *emu_char_file(const char *path, bool append, GError **error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC), 0666);
    if (fd < 0)
        return fail(error, path);
    EmuCharBackend *backend = emu_char_backend_new();
    emu_char_connect(backend, -1, fd);
    return backend;
}

/* We hold the other side open too: it may come and go without our end hanging up. */
EmuCharBackend *emu_char_pty(GError **error)
{
    int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
    char path[64];
    if (fd < 0 || grantpt(fd) || unlockpt(fd) || ptsname_r(fd, path, sizeof(path))) {
        fail(error, "a pseudo-terminal");
        if (fd >= 0)
            close(fd);
        return NULL;
    }
    int other = open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
    struct termios raw;
    if (other < 0 || tcgetattr(other, &raw)) {
        fail(error, path);
        close(fd);
        if (other >= 0)
            close(other);
        return NULL;
    }
    cfmakeraw(&raw);
    tcsetattr(other, TCSANOW, &raw);

    EmuCharBackend *backend = emu_char_backend_new();
    backend->extra_fd = other;
    backend->place = g_strdup(path);
    set_nonblocking(fd);
    emu_char_connect(backend, fd, fd);
    return backend;
}

/* ---- sockets --------------------------------------------------------------------------------- */

EmuCharBackend *emu_char_fd(int fd, bool listening, GError **error)
{
    struct stat status;
    if (fstat(fd, &status) == 0 && !S_ISSOCK(status.st_mode))
        errno = ENOTSOCK;
    else if (fcntl(fd, F_SETFD, FD_CLOEXEC) == 0) {
        set_nonblocking(fd);
        EmuCharBackend *backend = emu_char_backend_new();
        backend->is_socket = true;
        if (listening)
            emu_char_listen(backend, fd);
        else
            emu_char_connect(backend, fd, fd);
        return backend;
    }
    g_autofree char *what = g_strdup_printf("file descriptor %d", fd);
    return fail(error, what);
}

/* The C library takes what is left of a number that is no port. A name of a service may be one. */
static bool is_port(const char *port)
{
    guint64 number;
    return !*port || strspn(port, "+-0123456789") != strlen(port) ||
           g_ascii_string_to_unsigned(port, 10, 0, G_MAXUINT16, &number, NULL);
}

/* The first address of a remote. False: errno says why. */
static bool find_remote(const EmuSocketAddress *address, EmuCharRemote *remote)
{
    if (address->path) {
        struct sockaddr_un *un = (struct sockaddr_un *)&remote->address;
        remote->length = sizeof(*un);
        return emu_host_unix_address(address->path, un);
    }
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *list;
    if (!is_port(address->port) ||
        getaddrinfo(address->host && *address->host ? address->host : NULL, address->port, &hints,
                    &list)) {
        errno = EADDRNOTAVAIL;
        return false;
    }
    memcpy(&remote->address, list->ai_addr, list->ai_addrlen);
    remote->length = list->ai_addrlen;
    freeaddrinfo(list);
    return true;
}

/* Opens one address: bound and listening, or connected. -1: errno says why. */
static int open_address(const struct sockaddr *address, socklen_t length, bool server)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    int on = 1;
    if (server && address->sa_family != AF_UNIX)
        setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    bool ok = server ? bind(fd, address, length) == 0 && listen(fd, BACKLOG) == 0
                     : connect(fd, address, length) == 0;
    if (ok)
        return fd;
    int saved = errno;
    close(fd);
    errno = saved;
    return -1;
}

static int open_unix(const char *path, bool server)
{
    struct sockaddr_un address;
    if (!emu_host_unix_address(path, &address))
        return -1;
    if (server)
        emu_host_remove_stale_socket(path);
    return open_address((struct sockaddr *)&address, sizeof(address), server);
}

static int open_tcp(const char *host, const char *port, bool server)
{
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = server ? AI_PASSIVE : 0};
    struct addrinfo *list;
    if (!is_port(port) || getaddrinfo(host && *host ? host : NULL, port, &hints, &list)) {
        errno = EADDRNOTAVAIL;
        return -1;
    }
    int fd = -1;
    for (struct addrinfo *at = list; at && fd < 0; at = at->ai_next)
        fd = open_address(at->ai_addr, at->ai_addrlen, server);
    freeaddrinfo(list);
    return fd;
}

static void wait_for_client(EmuCharBackend *backend)
{
    struct pollfd poll_fd = {.fd = backend->listen_fd, .events = POLLIN};
    while (poll(&poll_fd, 1, -1) < 0 && errno == EINTR)
        ;
    int fd = accept4(backend->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd >= 0)
        emu_char_connect(backend, fd, fd);
}

static void *fail_address(const EmuSocketAddress *address, GError **error)
{
    g_autofree char *what =
        address->path
            ? g_strdup_printf("socket %s", address->path)
            : g_strdup_printf("socket %s:%s", address->host ? address->host : "", address->port);
    return fail(error, what);
}

static EmuCharBackend *open_reconnecting(const EmuCharSocket *wanted, GError **error)
{
    EmuCharRemote remote = {.seconds = wanted->reconnect};
    if (!find_remote(&wanted->address, &remote))
        return fail_address(&wanted->address, error);
    EmuCharBackend *backend = emu_char_backend_new();
    backend->is_socket = true;
    backend->remote = remote;
    emu_char_try(backend);
    return backend;
}

EmuCharBackend *emu_char_socket(const EmuCharSocket *wanted, GError **error)
{
    const EmuSocketAddress *address = &wanted->address;
    bool server = wanted->server;
    if (!server && wanted->reconnect)
        return open_reconnecting(wanted, error);
    int fd = address->path ? open_unix(address->path, server)
                           : open_tcp(address->host, address->port, server);
    if (fd < 0)
        return fail_address(address, error);
    EmuCharBackend *backend = emu_char_fd(fd, server, error);
    if (backend && server && address->path)
        backend->unlink_path = g_strdup(address->path);
    if (backend && server && wanted->wait)
        wait_for_client(backend);
    return backend;
}

/* ---- logs ------------------------------------------------------------------------------------ */

bool emu_char_backend_log(EmuCharBackend *backend, const char *path, bool append, GError **error)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (append ? O_APPEND : O_TRUNC), 0666);
    if (fd < 0) {
        fail(error, path);
        return false;
    }
    backend->log_fd = fd;
    return true;
}
