/* blocks: the commands about block nodes. A node is a file of the host, or the bytes of another
 * node under a name of its own. */
#include "monitor/internal.h"

#include <string.h>

#include "commands_emulator.gen.h"

static bool fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool fail(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_propagate_error(error,
                      wire_error_new(WIRE_ERROR_FAILED, "OpenFailed", NULL, NULL, "%s", text));
    return false;
}

/* ---- adding ---------------------------------------------------------------------------------- */

/* The options that count where nodes lie on each other: those of the node on top, or if it does not
 * give them, of the one below. */
typedef struct Wanted {
    const char *name; /* of the node on top */
    const char *driver;
    EmuBlockFile file;
    bool has_read_only, has_discard, has_direct;
} Wanted;

static bool take_common(Wanted *wanted, const ApiBlockdevOptions *api, GError **error)
{
    const ApiBlockdevCacheOptions *cache = api->cache;
    if (cache && cache->no_flush)
        return fail(error, "cache.no-flush is not there: what a guest flushes is flushed");
    if (api->has_read_only && !wanted->has_read_only) {
        wanted->has_read_only = true;
        wanted->file.read_only = api->read_only;
    }
    if (api->has_discard && !wanted->has_discard) {
        wanted->has_discard = true;
        wanted->file.keep = api->discard == API_BLOCKDEV_DISCARD_OPTIONS_IGNORE;
    }
    if (cache && cache->has_direct && !wanted->has_direct) {
        wanted->has_direct = true;
        wanted->file.direct = cache->direct;
    }
    return true;
}

static bool add_file(EmuBackends *backends, Wanted *wanted, const ApiBlockdevOptions *api,
                     GError **error)
{
    g_autoptr(GError) cause = NULL;
    wanted->file.path = api->filename;
    wanted->file.unlocked = api->has_locking && api->locking == API_ON_OFF_AUTO_OFF;
    EmuBlockBackend *backend = emu_block_open_file(&wanted->file, &cause);
    if (!backend)
        return fail(error, "%s", cause->message);
    EmuBackendInfo info = {
        .driver = wanted->driver, .place = wanted->file.path, .direct = wanted->file.direct};
    return emu_backends_add_block(backends, wanted->name, backend, &info, error);
}

static bool add_nbd(EmuBackends *backends, Wanted *wanted, const ApiBlockdevOptions *api,
                    GError **error)
{
    const ApiSocketAddress *server = api->server;
    EmuBlockNbd nbd = {.export_name = api->export,
                       .read_only = wanted->file.read_only,
                       .keep = wanted->file.keep,
                       .reconnect_delay = (unsigned)MIN(api->reconnect_delay, G_MAXINT)};
    if (server->type == API_SOCKET_ADDRESS_TYPE_FD || wanted->has_direct)
        return fail(error, wanted->has_direct ? "cache.direct is a matter of the server's"
                                              : "server is a unix socket or a TCP port");
    bool is_unix = server->type == API_SOCKET_ADDRESS_TYPE_UNIX;
    nbd.path = is_unix ? server->path : NULL;
    nbd.host = is_unix ? NULL : server->host;
    nbd.port = is_unix ? NULL : server->port;
    g_autoptr(GError) cause = NULL;
    EmuBlockBackend *backend = emu_block_open_nbd(&nbd, &cause);
    if (!backend)
        return fail(error, "%s", cause->message);
    g_autofree char *place = is_unix
                                 ? g_strdup_printf("nbd+unix:///%s?socket=%s",
                                                   nbd.export_name ? nbd.export_name : "", nbd.path)
                                 : g_strdup_printf("nbd://%s:%s/%s", nbd.host, nbd.port,
                                                   nbd.export_name ? nbd.export_name : "");
    EmuBackendInfo info = {.driver = wanted->driver, .place = place};
    return emu_backends_add_block(backends, wanted->name, backend, &info, error);
}

/* The node of that name under another one. */
static bool add_name(EmuBackends *backends, const Wanted *wanted, const char *below, GError **error)
{
    EmuBlockBackend *backend = emu_backends_block(backends, below);
    if (!backend)
        return fail(error, "file: there is no block node '%s'", below);
    if ((wanted->has_read_only &&
         wanted->file.read_only != emu_block_backend_is_read_only(backend)) ||
        wanted->has_discard || wanted->has_direct)
        return fail(error,
                    "read-only, discard and cache are for node '%s', which opens the file; give "
                    "them there",
                    below);
    const EmuBackendInfo *node = emu_backends_info(backends, EMU_BACKEND_BLOCK, below);
    EmuBackendInfo info = {
        .driver = wanted->driver, .place = node->place, .below = below, .direct = node->direct};
    return emu_backends_add_block_name(backends, wanted->name, &info, error);
}

static bool add_raw(EmuBackends *backends, Wanted *wanted, const ApiBlockdevOptions *api,
                    GError **error)
{
    if (json_is_string(api->file))
        return add_name(backends, wanted, json_string_value(api->file), error);
    g_autoptr(GError) cause = NULL;
    g_autoptr(ApiBlockdevOptions) below = api_blockdev_options_read(api->file, WIRE_STRICT, &cause);
    if (!below)
        return fail(error, "file: %s", cause->message);
    if (below->driver == API_BLOCKDEV_DRIVER_RAW || below->node_name)
        return fail(error, "file: a node that is made inside another is a file without a name");
    return take_common(wanted, below, error) &&
           (below->driver == API_BLOCKDEV_DRIVER_NBD ? add_nbd : add_file)(backends, wanted, below,
                                                                           error);
}

static bool (*const drivers[])(EmuBackends *backends, Wanted *wanted, const ApiBlockdevOptions *api,
                               GError **error) = {
    [API_BLOCKDEV_DRIVER_FILE] = add_file,
    [API_BLOCKDEV_DRIVER_HOST_DEVICE] = add_file,
    [API_BLOCKDEV_DRIVER_NBD] = add_nbd,
    [API_BLOCKDEV_DRIVER_RAW] = add_raw,
};

bool emu_cmd_blockdev_add(EmuMonitor *monitor, const ApiBlockdevOptions *args, GError **error)
{
    EmuBackends *backends = emu_session_backends(monitor->session);
    Wanted wanted = {.name = args->node_name, .driver = api_blockdev_driver_name(args->driver)};
    if (!wanted.name || !*wanted.name)
        return fail(error, "it needs a name: node-name=ID");
    if (emu_backends_block(backends, wanted.name)) {
        g_propagate_error(error, wire_error_new(WIRE_ERROR_FAILED, "DuplicateId", "node-name", NULL,
                                                "'%s' exists already; give this one another name",
                                                wanted.name));
        return false;
    }
    return take_common(&wanted, args, error) &&
           drivers[args->driver](backends, &wanted, args, error);
}

bool emu_cmd_blockdev_del(EmuMonitor *monitor, const ApiBlockdevDelArgs *args, GError **error)
{
    return emu_backends_remove(emu_session_backends(monitor->session), EMU_BACKEND_BLOCK,
                               args->node_name, error);
}

/* ---- listing --------------------------------------------------------------------------------- */

static ApiBlockDeviceInfo *describe(EmuBackends *backends, const char *name)
{
    const EmuBackendInfo *info = emu_backends_info(backends, EMU_BACKEND_BLOCK, name);
    const EmuBlockBackend *backend = emu_backends_block(backends, name);
    ApiBlockDeviceInfo *api = api_block_device_info_new();
    api->file = g_strdup(info->place);
    api->ro = emu_block_backend_is_read_only(backend);
    api->drv = g_strdup(info->driver);
    api->node_name = g_strdup(name);
    api->image = api_image_info_new();
    api->image->filename = g_strdup(info->place);
    api->image->format = g_strdup("raw");
    api->image->virtual_size = (int64_t)emu_block_backend_size(backend);
    api->cache = api_blockdev_cache_info_new();
    api->cache->writeback = true;
    api->cache->direct = info->direct;
    return api;
}

bool emu_cmd_query_named_block_nodes(EmuMonitor *monitor, const ApiQueryNamedBlockNodesArgs *args,
                                     GPtrArray **ret_reply, GError **error)
{
    (void)args, (void)error;
    EmuBackends *backends = emu_session_backends(monitor->session);
    g_autoptr(GPtrArray) names = emu_backends_ids(backends, EMU_BACKEND_BLOCK);
    GPtrArray *list = api_list_new(&api_type_block_device_info);
    for (guint i = 0; i < names->len; i++)
        g_ptr_array_add(list, describe(backends, g_ptr_array_index(names, i)));
    *ret_reply = list;
    return true;
}

/* What a device's property `drive` names; NULL: it has none. */
static const char *drive_of(const MdlDevice *device)
{
    for (size_t i = 0; i < device->type->n_properties; i++)
        if (!strcmp(device->type->properties[i].name, "drive"))
            return device->properties[i].text;
    return NULL;
}

bool emu_cmd_query_block(EmuMonitor *monitor, GPtrArray **ret_reply, GError **error)
{
    (void)error;
    const EmuMachine *machine = emu_session_machine(monitor->session);
    GPtrArray *list = api_list_new(&api_type_block_info);
    for (size_t i = 0; machine && i < emu_machine_n_devices(machine); i++) {
        const MdlDevice *device = emu_device_model(emu_machine_device_at(machine, i));
        const char *drive = drive_of(device);
        if (!drive)
            continue;
        ApiBlockInfo *info = api_block_info_new();
        info->device = g_strdup("");
        info->type = g_strdup("unknown");
        info->qdev = g_strdup(device->id);
        info->inserted = describe(emu_session_backends(monitor->session), drive);
        g_ptr_array_add(list, info);
    }
    *ret_reply = list;
    return true;
}
