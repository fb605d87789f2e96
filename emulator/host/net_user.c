/* net_user: a network of the guest's own, whose router is libslirp: the guest reaches what this
 * process can reach, and nothing reaches the guest but through forwarded ports.
 *
 * The library is loaded when the first such network is opened. It runs in a thread of its own at
 * the far end of a socket pair, so that the near end is a datagram backend like others (net.c), and
 * a guest that does not take its frames holds back nobody but its own connections. */
#include "host/net.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <errno.h>
#include <poll.h>
#include <slirp/libslirp.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <wire.h>

#include "host/net_internal.h"

#define LIBRARY     "libslirp.so.0"
#define MAX_AT_ONCE 64        /* frames of the guest before connections get their turn */
#define BUFFER      (1 << 20) /* bytes in flight in each direction, where the host allows it */

#define FUNCTIONS(F)                                                                               \
    F(new)                                                                                         \
    F(cleanup)                                                                                     \
    F(pollfds_fill)                                                                                \
    F(pollfds_poll)                                                                                \
    F(input)                                                                                       \
    F(add_hostfwd)

typedef struct Timer {
    SlirpTimerCb expired;
    void *context;
    int64_t deadline; /* milliseconds; -1: not set */
} Timer;

struct EmuNetRouter {
    void *library;
#define F(name) __typeof__(&slirp_##name) name;
    FUNCTIONS(F)
#undef F
    Slirp *slirp;
    GThread *thread;
    int fd;            /* the far end */
    GArray *polls;     /* struct pollfd; the first is fd */
    GPtrArray *timers; /* Timer *, owned */
};

static int64_t now_ns(void *context)
{
    (void)context;
    return g_get_monotonic_time() * 1000;
}

/* ---- what the library asks for --------------------------------------------------------------- */

/* Waits for room; the router is closed by shutting the pair down, which ends the wait. */
static ssize_t send_to_guest(const void *frame, size_t size, void *context)
{
    EmuNetRouter *router = context;
    ssize_t n;
    do
        n = send(router->fd, frame, size, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    return n;
}

/* What a guest sends is never an error of ours; the frame is dropped. */
static void guest_error(const char *text, void *context)
{
    (void)text, (void)context;
}

static void *timer_new(SlirpTimerCb expired, void *timer_context, void *context)
{
    EmuNetRouter *router = context;
    Timer *timer = g_new(Timer, 1);
    *timer = (Timer){expired, timer_context, -1};
    g_ptr_array_add(router->timers, timer);
    return timer;
}

static void timer_free(void *timer, void *context)
{
    g_ptr_array_remove_fast(((EmuNetRouter *)context)->timers, timer);
}

static void timer_mod(void *timer, int64_t deadline, void *context)
{
    (void)context;
    ((Timer *)timer)->deadline = deadline;
}

static void nothing_fd(int fd, void *context)
{
    (void)fd, (void)context;
}

static void nothing(void *context) /* only called from the thread that polls */
{
    (void)context;
}

static const SlirpCb callbacks = {
    .send_packet = send_to_guest,
    .guest_error = guest_error,
    .clock_get_ns = now_ns,
    .timer_new = timer_new,
    .timer_free = timer_free,
    .timer_mod = timer_mod,
    .register_poll_fd = nothing_fd,
    .unregister_poll_fd = nothing_fd,
    .notify = nothing,
};

/* ---- the thread ------------------------------------------------------------------------------ */

static const struct {
    int slirp;
    short host;
} events[] = {
    {SLIRP_POLL_IN, POLLIN},   {SLIRP_POLL_OUT, POLLOUT}, {SLIRP_POLL_PRI, POLLPRI},
    {SLIRP_POLL_ERR, POLLERR}, {SLIRP_POLL_HUP, POLLHUP},
};

static int add_poll(int fd, int wanted, void *context)
{
    EmuNetRouter *router = context;
    struct pollfd one = {.fd = fd};
    for (size_t i = 0; i < G_N_ELEMENTS(events); i++)
        if (wanted & events[i].slirp)
            one.events |= events[i].host;
    g_array_append_val(router->polls, one);
    return (int)router->polls->len - 1;
}

static int get_events(int index, void *context)
{
    EmuNetRouter *router = context;
    short found = g_array_index(router->polls, struct pollfd, index).revents;
    int result = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(events); i++)
        if (found & events[i].host)
            result |= events[i].slirp;
    return result;
}

/* False: the near end is closed. */
static bool take_frames(EmuNetRouter *router, uint8_t *buffer)
{
    for (unsigned i = 0; i < MAX_AT_ONCE; i++) {
        ssize_t n = recv(router->fd, buffer, EMU_NET_MAX_FRAME, MSG_DONTWAIT);
        if (n < 0 && (errno == EAGAIN || errno == EINTR))
            return true;
        if (n <= 0)
            return false;
        router->input(router->slirp, buffer, (int)n);
    }
    return true;
}

/* Milliseconds until the first timer, at most so many. */
static uint32_t run_timers(EmuNetRouter *router, uint32_t wait)
{
    int64_t now = now_ns(NULL) / 1000000;
    for (guint i = 0; i < router->timers->len; i++) {
        Timer *timer = router->timers->pdata[i];
        if (timer->deadline >= 0 && timer->deadline <= now) {
            timer->deadline = -1;
            timer->expired(timer->context);
        }
    }
    for (guint i = 0; i < router->timers->len; i++) {
        const Timer *timer = router->timers->pdata[i];
        if (timer->deadline >= 0)
            wait = (uint32_t)MIN((int64_t)wait, MAX(timer->deadline - now, 0));
    }
    return wait;
}

static void *route(void *data)
{
    EmuNetRouter *router = data;
    g_autofree uint8_t *buffer = g_malloc(EMU_NET_MAX_FRAME);
    for (bool open = true; open;) {
        uint32_t wait = run_timers(router, G_MAXINT32);
        g_array_set_size(router->polls, 1);
        router->pollfds_fill(router->slirp, &wait, add_poll, router);
        int n = poll((struct pollfd *)router->polls->data, router->polls->len,
                     (int)MIN(wait, G_MAXINT32));
        if (n < 0 && errno == EINTR)
            continue;
        router->pollfds_poll(router->slirp, n < 0, get_events, router);
        if (n > 0 && g_array_index(router->polls, struct pollfd, 0).revents)
            open = take_frames(router, buffer);
    }
    return NULL;
}

/* ---- opening --------------------------------------------------------------------------------- */

void emu_net_router_free(EmuNetRouter *router)
{
    if (!router)
        return;
    shutdown(router->fd, SHUT_RDWR);
    if (router->thread)
        g_thread_join(router->thread);
    if (router->slirp)
        router->cleanup(router->slirp);
    close(router->fd);
    g_array_free(router->polls, TRUE);
    g_ptr_array_free(router->timers, TRUE);
    if (router->library)
        dlclose(router->library);
    g_free(router);
}

static bool fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool fail(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, WIRE_ERROR, WIRE_ERROR_FAILED, text);
    return false;
}

static bool load(EmuNetRouter *router, GError **error)
{
    router->library = dlopen(LIBRARY, RTLD_NOW | RTLD_LOCAL);
    bool complete = router->library;
#define F(name) complete = complete && (router->name = dlsym(router->library, "slirp_" #name));
    FUNCTIONS(F)
#undef F
    return complete ||
           fail(error,
                "a network of type user needs libslirp: %s; Debian has it in package libslirp0",
                dlerror());
}

static bool parse_address(const char *text, const char *option, struct in_addr *ret_address,
                          GError **error)
{
    return inet_pton(AF_INET, text, ret_address) == 1 ||
           fail(error, "%s is an IPv4 address as 10.0.2.2, not '%s'", option, text);
}

/* "ADDRESS/BITS" */
static bool parse_net(const char *text, SlirpConfig *config, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(text, "/", 2);
    guint64 bits = 24;
    if (!parts[0] || (parts[1] && !g_ascii_string_to_unsigned(parts[1], 10, 8, 30, &bits, NULL)))
        return fail(error, "net is ADDRESS/BITS with 8 to 30 bits, not '%s'", text);
    if (!parse_address(parts[0], "net", &config->vnetwork, error))
        return false;
    config->vnetmask.s_addr = htonl(UINT32_MAX << (32 - bits));
    config->vnetwork.s_addr &= config->vnetmask.s_addr;
    return true;
}

static struct in_addr nth(const SlirpConfig *config, uint32_t n)
{
    return (struct in_addr){htonl(ntohl(config->vnetwork.s_addr) + n)};
}

static bool inside(const SlirpConfig *config, struct in_addr address, const char *option,
                   GError **error)
{
    return (address.s_addr & config->vnetmask.s_addr) == config->vnetwork.s_addr ||
           fail(error, "%s does not lie in the network", option);
}

static bool configure(const EmuNetUserOptions *options, SlirpConfig *config, GError **error)
{
    *config = (SlirpConfig){.version = 3,
                            .restricted = options->restricted,
                            .in_enabled = !options->no_ipv4,
                            .in6_enabled = !options->no_ipv6,
                            .vprefix_len = 64,
                            .vhostname = options->hostname};
    if (!parse_net(options->net ? options->net : "10.0.2.0/24", config, error))
        return false;
    config->vhost = nth(config, 2);
    config->vnameserver = nth(config, 3);
    config->vdhcp_start = nth(config, 15);
    const struct {
        const char *text, *option;
        struct in_addr *address;
    } rows[] = {{options->host, "host", &config->vhost},
                {options->dns, "dns", &config->vnameserver},
                {options->dhcpstart, "dhcpstart", &config->vdhcp_start}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if ((rows[i].text &&
             !parse_address(rows[i].text, rows[i].option, rows[i].address, error)) ||
            !inside(config, *rows[i].address, rows[i].option, error))
            return false;
    inet_pton(AF_INET6, "fec0::", &config->vprefix_addr6);
    inet_pton(AF_INET6, "fec0::2", &config->vhost6);
    inet_pton(AF_INET6, "fec0::3", &config->vnameserver6);
    return true;
}

/* "ADDRESS:PORT", the address may be left out. */
static bool parse_end(const char *text, struct in_addr *address, int *ret_port)
{
    const char *colon = strrchr(text, ':');
    guint64 port;
    g_autofree char *host = colon ? g_strndup(text, (gsize)(colon - text)) : NULL;
    if (!host || !g_ascii_string_to_unsigned(colon + 1, 10, 0, 65535, &port, NULL) ||
        (*host && inet_pton(AF_INET, host, address) != 1))
        return false;
    *ret_port = (int)port;
    return true;
}

/* "[tcp|udp]:[HOSTADDR]:HOSTPORT-[GUESTADDR]:GUESTPORT" */
static bool forward(EmuNetRouter *router, const char *rule, GError **error)
{
    struct in_addr host = {htonl(INADDR_ANY)}, guest = {0}; /* 0: the first address of DHCP */
    int host_port, guest_port;
    bool udp = g_str_has_prefix(rule, "udp:");
    const char *colon = strchr(rule, ':');
    g_auto(GStrv) ends = g_strsplit(colon ? colon + 1 : "", "-", 2);
    if ((!udp && !g_str_has_prefix(rule, "tcp:") && *rule != ':') || !ends[0] || !ends[1] ||
        !parse_end(ends[0], &host, &host_port) || !parse_end(ends[1], &guest, &guest_port) ||
        guest_port == 0)
        return fail(error,
                    "hostfwd is tcp:[ADDRESS]:PORT-[ADDRESS]:PORT, or udp, as "
                    "tcp:127.0.0.1:2222-:22; not '%s'",
                    rule);
    if (router->add_hostfwd(router->slirp, udp, host, host_port, guest, guest_port) < 0)
        return fail(error, "hostfwd '%s': the host's port cannot be taken: %s", rule,
                    g_strerror(errno));
    return true;
}

static bool start(EmuNetRouter *router, const EmuNetUserOptions *options, GError **error)
{
    SlirpConfig config;
    if (!configure(options, &config, error) || !load(router, error))
        return false;
    router->slirp = router->new (&config, &callbacks, router);
    if (!router->slirp)
        return fail(error, "libslirp refuses these addresses");
    for (const char *const *rule = options->forwards; rule && *rule; rule++)
        if (!forward(router, *rule, error))
            return false;
    router->thread = g_thread_new("slirp", route, router);
    return true;
}

EmuNetBackend *emu_net_user(const EmuNetUserOptions *options, GError **error)
{
    int ends[2], size = BUFFER;
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        fail(error, "there is no socket pair to be had: %s", g_strerror(errno));
        return NULL;
    }
    for (unsigned i = 0; i < 2; i++)
        setsockopt(ends[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    EmuNetRouter *router = g_new0(EmuNetRouter, 1);
    router->fd = ends[1];
    router->polls = g_array_new(FALSE, FALSE, sizeof(struct pollfd));
    router->timers = g_ptr_array_new_with_free_func(g_free);
    add_poll(router->fd, SLIRP_POLL_IN, router);
    EmuNetBackend *backend = NULL;
    if (!start(router, options, error) || !(backend = emu_net_fd(ends[0], error))) {
        emu_net_router_free(router);
        close(ends[0]);
        return NULL;
    }
    emu_net_backend_set_router(backend, router);
    return backend;
}
