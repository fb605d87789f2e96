/* backends: the commands that make, list and remove what the host has for a machine. A row of a
 * table for each kind; the types of the arguments are QEMU's. */
#include "monitor/internal.h"

#include <string.h>

#include "commands_emulator.gen.h"

static bool fail(GError **error, const char *path, const char *message)
{
    g_propagate_error(error,
                      wire_error_new(WIRE_ERROR_FAILED, "OpenFailed", path, NULL, "%s", message));
    return false;
}

/* What the host said, with the reason that programs know; takes it. */
static bool pass_on(GError **error, GError *cause)
{
    fail(error, NULL, cause->message);
    g_error_free(cause);
    return false;
}

static bool take_fd(const char *text, int *ret_fd, GError **error)
{
    guint64 number;
    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT, &number, NULL))
        return fail(error, NULL, "fd is the number of a file descriptor that was inherited");
    *ret_fd = (int)number;
    return true;
}

/* ---- characters ------------------------------------------------------------------------------ */

/* What one kind of chardev makes of its options. place: what query-chardev says; g_free. */
typedef struct Opening {
    EmuMonitor *monitor;
    const ApiChardevBackend *api;
    const char *logfile;
    bool append_log;
    const char *below;
    char *place;
} Opening;

static void log_to(Opening *opening, const char *logfile, bool append)
{
    opening->logfile = logfile;
    opening->append_log = append;
}

static EmuCharBackend *open_null(Opening *opening, GError **error)
{
    (void)error;
    log_to(opening, opening->api->data_pty->logfile, opening->api->data_pty->logappend);
    opening->place = g_strdup("null");
    return emu_char_null();
}

static EmuCharBackend *open_pty(Opening *opening, GError **error)
{
    log_to(opening, opening->api->data_pty->logfile, opening->api->data_pty->logappend);
    EmuCharBackend *chr = emu_char_pty(error);
    if (chr)
        opening->place = g_strdup_printf("pty:%s", emu_char_backend_place(chr));
    return chr;
}

static EmuCharBackend *open_stdio(Opening *opening, GError **error)
{
    const ApiChardevStdio *api = opening->api->data_stdio;
    log_to(opening, api->logfile, api->logappend);
    opening->place = g_strdup("stdio");
    return emu_char_stdio(!api->has_signal || api->signal, error);
}

static EmuCharBackend *open_file(Opening *opening, GError **error)
{
    const ApiChardevFile *api = opening->api->data_file;
    log_to(opening, api->logfile, api->logappend);
    opening->place = g_strdup("file");
    return emu_char_file(api->out, api->append, error);
}

static EmuCharBackend *open_socket(Opening *opening, GError **error)
{
    const ApiChardevSocket *api = opening->api->data_socket;
    const ApiSocketAddressLegacy *addr = api->addr;
    EmuCharSocket wanted = {.server = !api->has_server || api->server, .wait = api->wait};
    const char *server = wanted.server ? ",server=on" : "";
    int fd;
    log_to(opening, api->logfile, api->logappend);
    if (api->reconnect < 0 || api->reconnect > G_MAXINT || (api->reconnect && wanted.server)) {
        fail(error, "backend.data.reconnect",
             "reconnect is a number of seconds, and for a client: server=off");
        return NULL;
    }
    wanted.reconnect = (unsigned)api->reconnect;
    switch (addr->type) {
    case API_SOCKET_ADDRESS_TYPE_FD:
        opening->place = g_strdup_printf("fd:%s%s", addr->data_fd->str, server);
        return take_fd(addr->data_fd->str, &fd, error) ? emu_char_fd(fd, wanted.server, error)
                                                       : NULL;
    case API_SOCKET_ADDRESS_TYPE_UNIX:
        wanted.address.path = addr->data_unix->path;
        opening->place = g_strdup_printf("unix:%s%s", wanted.address.path, server);
        break;
    case API_SOCKET_ADDRESS_TYPE_INET:
        wanted.address.host = addr->data_inet->host;
        wanted.address.port = addr->data_inet->port;
        opening->place =
            g_strdup_printf("tcp:%s:%s%s", wanted.address.host, wanted.address.port, server);
        break;
    }
    return emu_char_socket(&wanted, error);
}

static void quit(void *session)
{
    emu_session_quit(session, API_SHUTDOWN_CAUSE_HOST_UI);
}

static EmuCharBackend *open_mux(Opening *opening, GError **error)
{
    const ApiChardevMux *api = opening->api->data_mux;
    EmuSession *session = opening->monitor->session;
    EmuCharBackend *base = emu_backends_char(emu_session_backends(session), api->chardev);
    log_to(opening, api->logfile, api->logappend);
    opening->below = api->chardev;
    opening->place = g_strdup("mux");
    EmuCharBackend *mux = base ? emu_char_mux(base, quit, session) : NULL;
    if (!mux)
        g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED, "chardev '%s' %s", api->chardev,
                    base ? "is in use by somebody else; put both on one mux" : "does not exist");
    return mux;
}

static EmuCharBackend *(*const chardevs[])(Opening *opening, GError **error) = {
    [API_CHARDEV_BACKEND_KIND_FILE] = open_file, [API_CHARDEV_BACKEND_KIND_SOCKET] = open_socket,
    [API_CHARDEV_BACKEND_KIND_PTY] = open_pty,   [API_CHARDEV_BACKEND_KIND_NULL] = open_null,
    [API_CHARDEV_BACKEND_KIND_MUX] = open_mux,   [API_CHARDEV_BACKEND_KIND_STDIO] = open_stdio,
};

static bool is_known(EmuBackends *backends, EmuBackendKind kind, const char *id)
{
    g_autoptr(GPtrArray) ids = emu_backends_ids(backends, kind);
    return g_ptr_array_find_with_equal_func(ids, id, g_str_equal, NULL);
}

/* Nothing is opened, a file emptied, for an id that is taken. */
static bool is_free(EmuBackends *backends, EmuBackendKind kind, const char *id, GError **error)
{
    bool taken = is_known(backends, kind, id);
    if (taken || !*id)
        g_propagate_error(error,
                          wire_error_new(WIRE_ERROR_FAILED, "DuplicateId", "id", NULL,
                                         taken ? "'%s' exists already; give this one another id"
                                               : "it needs a name, not '%s'",
                                         id));
    return !taken && *id;
}

bool emu_cmd_chardev_add(EmuMonitor *monitor, const ApiChardevAddArgs *args,
                         ApiChardevReturn **ret_reply, GError **error)
{
    EmuBackends *backends = emu_session_backends(monitor->session);
    Opening opening = {.monitor = monitor, .api = args->backend};
    GError *cause = NULL;
    if (!is_free(backends, EMU_BACKEND_CHAR, args->id, error))
        return false;
    EmuCharBackend *chr = chardevs[args->backend->type](&opening, &cause);
    g_autofree char *place = opening.place;
    if (chr && opening.logfile &&
        !emu_char_backend_log(chr, opening.logfile, opening.append_log, &cause)) {
        emu_char_backend_free(chr);
        chr = NULL;
    }
    if (!chr)
        return pass_on(error, cause);
    EmuBackendInfo info = {.driver = api_chardev_backend_kind_name(args->backend->type),
                           .place = place,
                           .below = opening.below};
    if (!emu_backends_add_char(backends, args->id, chr, &info, error))
        return false;
    ApiChardevReturn *reply = api_chardev_return_new();
    reply->pty = g_strdup(emu_char_backend_place(chr));
    *ret_reply = reply;
    return true;
}

bool emu_cmd_chardev_remove(EmuMonitor *monitor, const ApiChardevRemoveArgs *args, GError **error)
{
    return emu_backends_remove(emu_session_backends(monitor->session), EMU_BACKEND_CHAR, args->id,
                               error);
}

bool emu_cmd_query_chardev(EmuMonitor *monitor, GPtrArray **ret_reply, GError **error)
{
    (void)error;
    EmuBackends *backends = emu_session_backends(monitor->session);
    g_autoptr(GPtrArray) ids = emu_backends_ids(backends, EMU_BACKEND_CHAR);
    GPtrArray *list = api_list_new(&api_type_chardev_info);
    for (guint i = 0; i < ids->len; i++) {
        const char *id = g_ptr_array_index(ids, i);
        ApiChardevInfo *info = api_chardev_info_new();
        info->label = g_strdup(id);
        info->filename = g_strdup(emu_backends_info(backends, EMU_BACKEND_CHAR, id)->place);
        info->frontend_open = emu_char_backend_is_attached(emu_backends_char(backends, id));
        g_ptr_array_add(list, info);
    }
    *ret_reply = list;
    return true;
}

bool emu_cmd_query_chardev_backends(EmuMonitor *monitor, GPtrArray **ret_reply, GError **error)
{
    (void)monitor, (void)error;
    GPtrArray *list = api_list_new(&api_type_chardev_backend_info);
    for (size_t i = 0; i < api_type_chardev_backend_kind.n_values; i++) {
        ApiChardevBackendInfo *info = api_chardev_backend_info_new();
        info->name = g_strdup(api_type_chardev_backend_kind.values[i].name);
        g_ptr_array_add(list, info);
    }
    *ret_reply = list;
    return true;
}

/* ---- networks -------------------------------------------------------------------------------- */

static EmuNetBackend *refuse_net(GError **error, const char *message)
{
    g_set_error_literal(error, WIRE_ERROR, WIRE_ERROR_FAILED, message);
    return NULL;
}

static const char *unix_path(const ApiSocketAddress *address)
{
    return address && address->type == API_SOCKET_ADDRESS_TYPE_UNIX ? address->path : NULL;
}

static EmuNetBackend *open_user(const ApiNetdev *api, GError **error)
{
    g_autoptr(GPtrArray) forwards = g_ptr_array_new();
    for (guint i = 0; api->hostfwd && i < api->hostfwd->len; i++)
        g_ptr_array_add(forwards, ((ApiString *)g_ptr_array_index(api->hostfwd, i))->str);
    g_ptr_array_add(forwards, NULL);
    EmuNetUserOptions options = {
        .restricted = api->restrict_,
        .no_ipv4 = api->has_ipv4 && !api->ipv4,
        .no_ipv6 = api->has_ipv6 && !api->ipv6,
        .net = api->net,
        .host = api->host,
        .dns = api->dns,
        .dhcpstart = api->dhcpstart,
        .hostname = api->hostname,
        .forwards = (const char *const *)forwards->pdata,
    };
    return emu_net_user(&options, error);
}

static EmuNetBackend *open_stream(const ApiNetdev *api, GError **error)
{
    const char *path = unix_path(api->addr);
    return path ? emu_net_stream(path, api->server, error)
                : refuse_net(error, "addr is a unix socket: addr.type=unix,addr.path=PATH");
}

static EmuNetBackend *open_dgram(const ApiNetdev *api, GError **error)
{
    const char *local = unix_path(api->local), *remote = unix_path(api->remote);
    return local && remote ? emu_net_dgram(local, remote, error)
                           : refuse_net(error, "local and remote are unix sockets: "
                                               "local.type=unix,local.path=PATH, and so remote");
}

static EmuNetBackend *open_tap(const ApiNetdev *api, GError **error)
{
    if ((api->script && strcmp(api->script, "no")) ||
        (api->downscript && strcmp(api->downscript, "no")))
        return refuse_net(error, "no scripts are run: set the interface up beforehand");
    return emu_net_tap(api->ifname, error);
}

static EmuNetBackend *open_inherited(const ApiNetdev *api, GError **error)
{
    int fd;
    if (!api->fd)
        return refuse_net(error, "it needs fd=NUMBER, of a connected socket that was inherited");
    return take_fd(api->fd, &fd, error) ? emu_net_fd(fd, error) : NULL;
}

static EmuNetBackend *(*const netdevs[])(const ApiNetdev *api, GError **error) = {
    [API_NET_CLIENT_DRIVER_USER] = open_user,        [API_NET_CLIENT_DRIVER_STREAM] = open_stream,
    [API_NET_CLIENT_DRIVER_DGRAM] = open_dgram,      [API_NET_CLIENT_DRIVER_TAP] = open_tap,
    [API_NET_CLIENT_DRIVER_SOCKET] = open_inherited,
};

bool emu_cmd_netdev_add(EmuMonitor *monitor, const ApiNetdev *args, GError **error)
{
    EmuBackends *backends = emu_session_backends(monitor->session);
    EmuBackendInfo info = {.driver = api_net_client_driver_name(args->type)};
    GError *cause = NULL;
    if (!is_free(backends, EMU_BACKEND_NET, args->id, error))
        return false;
    EmuNetBackend *net = netdevs[args->type](args, &cause);
    return net ? emu_backends_add_net(backends, args->id, net, &info, error)
               : pass_on(error, cause);
}

bool emu_cmd_netdev_del(EmuMonitor *monitor, const ApiNetdevDelArgs *args, GError **error)
{
    return emu_backends_remove(emu_session_backends(monitor->session), EMU_BACKEND_NET, args->id,
                               error);
}
