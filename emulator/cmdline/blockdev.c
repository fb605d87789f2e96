/* blockdev: see blockdev.h. QEMU's names, of what is there. */
#include "cmdline/blockdev.h"

#include <string.h>

#include <wire.h>

#include "cmdline/keyval.h"

static void *fail(GError **error, const char *message)
{
    g_set_error_literal(error, WIRE_ERROR, WIRE_ERROR_FAILED, message);
    return NULL;
}

/* ---- block ----------------------------------------------------------------------------------- */

#define RAW_ONLY                                                                                   \
    "files are raw here; serve any other format with qemu-nbd, or convert it with qemu-img "       \
    "convert -O raw"

static bool take_choice(EmuKeyval *keyval, const char *key, const char *on, const char *off,
                        bool *ret_value, GError **error)
{
    const char *value = emu_keyval_take(keyval, key);
    if (!value)
        return true;
    if (strcmp(value, on) && strcmp(value, off)) {
        g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED, "%s is %s or %s, not '%s'", key, on, off,
                    value);
        return false;
    }
    *ret_value = !strcmp(value, on);
    return true;
}

static bool open_block(EmuBackends *backends, EmuKeyval *keyval, const char *id,
                       const EmuBlockFile *file, const char *known, GError **error)
{
    if (!id || !*id)
        return fail(error, "it needs a name: node-name=ID, or id=ID");
    if (!file->path)
        return fail(error, "it needs a file: filename=FILE, or file=FILE");
    if (!emu_keyval_finish(keyval, known, error))
        return false;
    EmuBlockBackend *backend = emu_block_open_file(file, error);
    return backend && emu_backends_add_block(backends, id, backend, error);
}

/* The file may be named at the node itself or at a protocol node below it. */
static const char *take_file_key(EmuKeyval *keyval, const char *key)
{
    g_autofree char *below = g_strconcat("file.", key, NULL);
    const char *value = emu_keyval_take(keyval, below);
    return value ? value : emu_keyval_take(keyval, key);
}

bool emu_blockdev_add(EmuBackends *backends, const char *text, GError **error)
{
    g_autoptr(EmuKeyval) keyval = emu_keyval_parse(text, NULL, error);
    if (!keyval)
        return false;
    const char *driver = emu_keyval_take(keyval, "driver");
    const char *below = emu_keyval_take(keyval, "file.driver");
    const char *id = emu_keyval_take(keyval, "node-name");
    const char *protocol = below ? below : driver;
    if (!protocol || (strcmp(protocol, "file") && strcmp(protocol, "host_device")) ||
        (below && strcmp(driver ? driver : "", "raw")))
        return fail(error,
                    "driver is file or host_device, or raw with file.driver=file; " RAW_ONLY);
    bool unmap = true, locking = true;
    EmuBlockFile file = {.path = take_file_key(keyval, "filename")};
    if (!emu_keyval_take_bool(keyval, "read-only", &file.read_only, error) ||
        !emu_keyval_take_bool(keyval, "cache.direct", &file.direct, error) ||
        !emu_keyval_take_bool(keyval, "locking", &locking, error) ||
        !take_choice(keyval, "discard", "unmap", "ignore", &unmap, error))
        return false;
    file.keep = !unmap;
    file.unlocked = !locking;
    return open_block(backends, keyval, id, &file,
                      "driver, node-name, filename, file.driver, file.filename, read-only, "
                      "cache.direct, locking, discard",
                      error);
}

bool emu_drive_add(EmuBackends *backends, const char *text, GError **error)
{
    g_autoptr(EmuKeyval) keyval = emu_keyval_parse(text, NULL, error);
    if (!keyval)
        return false;
    const char *format = emu_keyval_take(keyval, "format");
    const char *interface = emu_keyval_take(keyval, "if");
    const char *cache = emu_keyval_take(keyval, "cache");
    const char *id = emu_keyval_take(keyval, "id");
    bool unmap = true;
    EmuBlockFile file = {.path = emu_keyval_take(keyval, "file")};
    if (!format || strcmp(format, "raw"))
        return fail(error, "it needs format=raw; " RAW_ONLY);
    if (!interface || strcmp(interface, "none"))
        return fail(error, "it needs if=none, and a -device virtio-blk-pci,drive=ID for the disk");
    if (!emu_keyval_take_bool(keyval, "readonly", &file.read_only, error) ||
        !emu_keyval_take_bool(keyval, "read-only", &file.read_only, error) ||
        !take_choice(keyval, "discard", "unmap", "ignore", &unmap, error))
        return false;
    if (cache && strcmp(cache, "none") && strcmp(cache, "writeback"))
        return fail(error, "cache is none or writeback");
    file.direct = cache && !strcmp(cache, "none");
    file.keep = !unmap;
    return open_block(backends, keyval, id, &file, "file, format, if, id, readonly, cache, discard",
                      error);
}

/* ---- net ------------------------------------------------------------------------------------- */

static bool is_unix(EmuKeyval *keyval, const char *key, GError **error)
{
    const char *type = emu_keyval_take(keyval, key);
    if (type && !strcmp(type, "unix"))
        return true;
    g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED, "it needs %s=unix, and a path", key);
    return false;
}

static EmuNetBackend *open_stream(EmuKeyval *keyval, GError **error)
{
    bool server = false;
    if (!is_unix(keyval, "addr.type", error) ||
        !emu_keyval_take_bool(keyval, "server", &server, error))
        return NULL;
    const char *path = emu_keyval_take(keyval, "addr.path");
    return path ? emu_net_stream(path, server, error) : fail(error, "it needs addr.path=PATH");
}

static EmuNetBackend *open_dgram(EmuKeyval *keyval, GError **error)
{
    if (!is_unix(keyval, "local.type", error) || !is_unix(keyval, "remote.type", error))
        return NULL;
    const char *local = emu_keyval_take(keyval, "local.path");
    const char *remote = emu_keyval_take(keyval, "remote.path");
    return local && remote ? emu_net_dgram(local, remote, error)
                           : fail(error, "it needs local.path=PATH and remote.path=PATH");
}

static EmuNetBackend *open_tap(EmuKeyval *keyval, GError **error)
{
    const char *script = emu_keyval_take(keyval, "script");
    const char *downscript = emu_keyval_take(keyval, "downscript");
    if ((script && strcmp(script, "no")) || (downscript && strcmp(downscript, "no")))
        return fail(error, "no scripts are run: set the interface up beforehand");
    return emu_net_tap(emu_keyval_take(keyval, "ifname"), error);
}

static EmuNetBackend *open_fd(EmuKeyval *keyval, GError **error)
{
    const char *text = emu_keyval_take(keyval, "fd");
    guint64 fd;
    if (!text || !g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT, &fd, NULL))
        return fail(error, "it needs fd=NUMBER, of a connected socket that was inherited");
    return emu_net_fd((int)fd, error);
}

static const struct Kind {
    const char *name;
    EmuNetBackend *(*open)(EmuKeyval *keyval, GError **error);
    const char *keys;
} kinds[] = {
    {"stream", open_stream, "id, server, addr.type, addr.path"},
    {"dgram", open_dgram, "id, local.type, local.path, remote.type, remote.path"},
    {"tap", open_tap, "id, ifname, script, downscript"},
    {"socket", open_fd, "id, fd"},
};

bool emu_netdev_add(EmuBackends *backends, const char *text, GError **error)
{
    g_autoptr(EmuKeyval) keyval = emu_keyval_parse(text, "type", error);
    if (!keyval)
        return false;
    const char *name = emu_keyval_take(keyval, "type"), *id = emu_keyval_take(keyval, "id");
    if (!name || !id || !*id)
        return fail(error, "it needs a kind and an id: -netdev tap,id=ID");
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (strcmp(kinds[i].name, name))
            continue;
        EmuNetBackend *backend = kinds[i].open(keyval, error);
        if (backend && emu_keyval_finish(keyval, kinds[i].keys, error))
            return emu_backends_add_net(backends, id, backend, error);
        emu_net_backend_free(backend);
        return false;
    }
    g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED,
                "there is no kind of netdev '%s'; there are stream, dgram, tap and socket", name);
    return false;
}
