/* backends: a table from id to backend. */
#include "host/backends.h"

#include <wire.h>

struct EmuBackends {
    GHashTable *chars; /* id -> EmuCharBackend *, both owned */
};

EmuBackends *emu_backends_new(void)
{
    EmuBackends *backends = g_new0(EmuBackends, 1);
    backends->chars = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                            (GDestroyNotify)emu_char_backend_free);
    return backends;
}

void emu_backends_free(EmuBackends *backends)
{
    if (!backends)
        return;
    g_hash_table_unref(backends->chars);
    g_free(backends);
}

bool emu_backends_add_char(EmuBackends *backends, const char *id, EmuCharBackend *backend,
                           GError **error)
{
    if (g_hash_table_contains(backends->chars, id)) {
        g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED,
                    "chardev '%s' exists already; give this one another id", id);
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
