/* backends: a table from id to backend for each kind. */
#include "host/backends.h"

#include <string.h>

#include <wire.h>

/* What the three kinds do alike. */
static const struct {
    const char *word; /* as options and commands call it */
    void (*close)(void *backend);
    bool (*is_attached)(const void *backend);
} kinds[] = {
    [EMU_BACKEND_CHAR] = {"chardev", (void (*)(void *))emu_char_backend_free,
                          (bool (*)(const void *))emu_char_backend_is_attached},
    [EMU_BACKEND_BLOCK] = {"blockdev", (void (*)(void *))emu_block_backend_free,
                           (bool (*)(const void *))emu_block_backend_is_attached},
    [EMU_BACKEND_NET] = {"netdev", (void (*)(void *))emu_net_backend_free,
                         (bool (*)(const void *))emu_net_backend_is_attached},
};

typedef struct Entry {
    EmuBackendKind kind;
    void *backend;
    bool is_name; /* another name for a backend that is somebody else's */
    EmuBackendInfo info;
    char *driver, *place, *below; /* what info points to */
} Entry;

struct EmuBackends {
    GHashTable *tables[EMU_N_BACKENDS]; /* id -> Entry *, both owned */
};

static void entry_free(void *data)
{
    Entry *entry = data;
    if (!entry->is_name)
        kinds[entry->kind].close(entry->backend);
    g_free(entry->driver);
    g_free(entry->place);
    g_free(entry->below);
    g_free(entry);
}

EmuBackends *emu_backends_new(void)
{
    EmuBackends *backends = g_new0(EmuBackends, 1);
    for (unsigned i = 0; i < EMU_N_BACKENDS; i++)
        backends->tables[i] = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, entry_free);
    return backends;
}

void emu_backends_free(EmuBackends *backends)
{
    if (!backends)
        return;
    for (unsigned i = 0; i < EMU_N_BACKENDS; i++)
        g_hash_table_unref(backends->tables[i]);
    g_free(backends);
}

static Entry *find(EmuBackends *backends, EmuBackendKind kind, const char *id)
{
    return g_hash_table_lookup(backends->tables[kind], id);
}

static void *backend_of(EmuBackends *backends, EmuBackendKind kind, const char *id)
{
    Entry *entry = find(backends, kind, id);
    return entry ? entry->backend : NULL;
}

static bool add(EmuBackends *backends, EmuBackendKind kind, const char *id, void *backend,
                const EmuBackendInfo *info, bool is_name, GError **error)
{
    if (find(backends, kind, id)) {
        g_propagate_error(error, wire_error_new(WIRE_ERROR_FAILED, "DuplicateId", NULL, NULL,
                                                "%s '%s' exists already; give this one another id",
                                                kinds[kind].word, id));
        if (!is_name)
            kinds[kind].close(backend);
        return false;
    }
    static const EmuBackendInfo nothing = {0};
    info = info ? info : &nothing;
    Entry *entry = g_new0(Entry, 1);
    *entry = (Entry){.kind = kind,
                     .backend = backend,
                     .is_name = is_name,
                     .driver = g_strdup(info->driver),
                     .place = g_strdup(info->place),
                     .below = g_strdup(info->below)};
    entry->info = (EmuBackendInfo){entry->driver, entry->place, entry->below, info->direct};
    g_hash_table_insert(backends->tables[kind], g_strdup(id), entry);
    return true;
}

bool emu_backends_add_char(EmuBackends *backends, const char *id, EmuCharBackend *backend,
                           const EmuBackendInfo *info, GError **error)
{
    return add(backends, EMU_BACKEND_CHAR, id, backend, info, false, error);
}

EmuCharBackend *emu_backends_char(EmuBackends *backends, const char *id)
{
    return backend_of(backends, EMU_BACKEND_CHAR, id);
}

bool emu_backends_add_block(EmuBackends *backends, const char *id, EmuBlockBackend *backend,
                            const EmuBackendInfo *info, GError **error)
{
    return add(backends, EMU_BACKEND_BLOCK, id, backend, info, false, error);
}

bool emu_backends_add_block_name(EmuBackends *backends, const char *id, const EmuBackendInfo *info,
                                 GError **error)
{
    EmuBlockBackend *backend = emu_backends_block(backends, info->below);
    return add(backends, EMU_BACKEND_BLOCK, id, backend, info, true, error);
}

EmuBlockBackend *emu_backends_block(EmuBackends *backends, const char *id)
{
    return backend_of(backends, EMU_BACKEND_BLOCK, id);
}

bool emu_backends_add_net(EmuBackends *backends, const char *id, EmuNetBackend *backend,
                          const EmuBackendInfo *info, GError **error)
{
    return add(backends, EMU_BACKEND_NET, id, backend, info, false, error);
}

EmuNetBackend *emu_backends_net(EmuBackends *backends, const char *id)
{
    return backend_of(backends, EMU_BACKEND_NET, id);
}

/* ---- removing and listing -------------------------------------------------------------------- */

/* Whether another backend of the kind is on this one. */
static bool is_below(EmuBackends *backends, EmuBackendKind kind, const char *id)
{
    GHashTableIter iter;
    void *entry;
    g_hash_table_iter_init(&iter, backends->tables[kind]);
    while (g_hash_table_iter_next(&iter, NULL, &entry))
        if (!g_strcmp0(((Entry *)entry)->below, id))
            return true;
    return false;
}

bool emu_backends_remove(EmuBackends *backends, EmuBackendKind kind, const char *id, GError **error)
{
    const char *word = kinds[kind].word;
    Entry *entry = find(backends, kind, id);
    if (!entry) {
        g_propagate_error(error, wire_error_new(WIRE_ERROR_FAILED, "UnknownBackend", NULL, NULL,
                                                "there is no %s '%s'", word, id));
        return false;
    }
    bool below = is_below(backends, kind, id);
    if (below || kinds[kind].is_attached(entry->backend)) {
        g_propagate_error(error,
                          wire_error_new(WIRE_ERROR_FAILED, "InUse", NULL, NULL,
                                         "%s '%s' is in use by %s; take that away first", word, id,
                                         below ? "another one on it" : "a device or monitor"));
        return false;
    }
    g_hash_table_remove(backends->tables[kind], id);
    return true;
}

static int compare(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *emu_backends_ids(EmuBackends *backends, EmuBackendKind kind)
{
    GPtrArray *ids = g_ptr_array_new();
    GHashTableIter iter;
    void *id;
    g_hash_table_iter_init(&iter, backends->tables[kind]);
    while (g_hash_table_iter_next(&iter, &id, NULL))
        g_ptr_array_add(ids, id);
    g_ptr_array_sort(ids, compare);
    return ids;
}

const EmuBackendInfo *emu_backends_info(EmuBackends *backends, EmuBackendKind kind, const char *id)
{
    return &find(backends, kind, id)->info;
}
