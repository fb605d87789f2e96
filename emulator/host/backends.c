/* backends: a table from id to backend. */
#include "host/backends.h"

#include <wire.h>

struct EmuBackends {
    GHashTable *chars;  /* id -> EmuCharBackend *, both owned; so the others */
    GHashTable *blocks; /* EmuBlockBackend * */
    GHashTable *nets;   /* EmuNetBackend * */
};

EmuBackends *emu_backends_new(void)
{
    EmuBackends *backends = g_new0(EmuBackends, 1);
    backends->chars = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                            (GDestroyNotify)emu_char_backend_free);
    backends->blocks = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                             (GDestroyNotify)emu_block_backend_free);
    backends->nets = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                           (GDestroyNotify)emu_net_backend_free);
    return backends;
}

void emu_backends_free(EmuBackends *backends)
{
    if (!backends)
        return;
    g_hash_table_unref(backends->chars);
    g_hash_table_unref(backends->blocks);
    g_hash_table_unref(backends->nets);
    g_free(backends);
}

static bool is_free(GHashTable *table, const char *kind, const char *id, GError **error)
{
    if (!g_hash_table_contains(table, id))
        return true;
    g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED,
                "%s '%s' exists already; give this one another id", kind, id);
    return false;
}

bool emu_backends_add_char(EmuBackends *backends, const char *id, EmuCharBackend *backend,
                           GError **error)
{
    if (!is_free(backends->chars, "chardev", id, error)) {
        emu_char_backend_free(backend);
        return false;
    }
    g_hash_table_insert(backends->chars, g_strdup(id), backend);
    return true;
}

EmuCharBackend *emu_backends_char(EmuBackends *backends, const char *id)
{
    return g_hash_table_lookup(backends->chars, id);
}

bool emu_backends_add_block(EmuBackends *backends, const char *id, EmuBlockBackend *backend,
                            GError **error)
{
    if (!is_free(backends->blocks, "blockdev", id, error)) {
        emu_block_backend_free(backend);
        return false;
    }
    g_hash_table_insert(backends->blocks, g_strdup(id), backend);
    return true;
}

EmuBlockBackend *emu_backends_block(EmuBackends *backends, const char *id)
{
    return g_hash_table_lookup(backends->blocks, id);
}

bool emu_backends_add_net(EmuBackends *backends, const char *id, EmuNetBackend *backend,
                          GError **error)
{
    if (!is_free(backends->nets, "netdev", id, error)) {
        emu_net_backend_free(backend);
        return false;
    }
    g_hash_table_insert(backends->nets, g_strdup(id), backend);
    return true;
}

EmuNetBackend *emu_backends_net(EmuBackends *backends, const char *id)
{
    return g_hash_table_lookup(backends->nets, id);
}
