/* update: every emulator of the system, found and added.
 *
 * Found are: the programs qemu-system-* and vitrine in the folders where programs are installed,
 * and what the drop-in files name. A drop-in file is /etc/capsdb.d/NAME.emulators: a path a line,
 * blank lines and lines that begin with # left out. Each emulator is asked by a worker of its own,
 * as many at a time as there are processors; what is known already costs nothing, so an update that
 * was interrupted goes on where it stopped. */
#include "items.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const folders[] = {"/usr/local/bin", "/usr/bin", "/usr/libexec", "/bin"};

typedef struct Update {
    const CapsPlace *place;
    const CapsPolicy *policy;
    const CapsItems *items;
    GMutex mutex; /* of all below, and of whoever takes the items */
    size_t done, total;
    bool stopped; /* no more is wanted */
} Update;

/* ---- finding --------------------------------------------------------------------------------- */

static bool is_emulator_name(const char *name)
{
    return g_str_has_prefix(name, "qemu-system-") || g_str_equal(name, "qemu-kvm") ||
           g_str_equal(name, "vitrine");
}

/* A path under the root, once per file: many names are links to one program. */
static void take_path(GPtrArray *paths, GHashTable *seen, const char *root, const char *path)
{
    g_autofree char *full = g_build_filename(root, path, NULL);
    char *real = realpath(full, NULL);

    if (real && access(real, X_OK) == 0 && g_hash_table_add(seen, g_strdup(real))) {
        g_ptr_array_add(paths, g_strdup(full));
    }
    free(real);
}

static void find_in_folder(GPtrArray *paths, GHashTable *seen, const char *root, const char *folder)
{
    g_autofree char *full = g_build_filename(root, folder, NULL);
    g_autoptr(GDir) listing = g_dir_open(full, 0, NULL);
    const char *name;

    while (listing && (name = g_dir_read_name(listing))) {
        if (is_emulator_name(name)) {
            g_autofree char *path = g_build_filename(folder, name, NULL);
            take_path(paths, seen, root, path);
        }
    }
}

static void find_in_file(GPtrArray *paths, GHashTable *seen, const char *root, const char *file)
{
    g_autofree char *text = NULL;

    if (!g_file_get_contents(file, &text, NULL, NULL)) {
        return;
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        const char *path = g_strstrip(*line);
        if (*path == '/') {
            take_path(paths, seen, root, path);
        }
    }
}

static void find_in_files(GPtrArray *paths, GHashTable *seen, const char *root)
{
    g_autofree char *folder = g_build_filename(root, "/etc/capsdb.d", NULL);
    g_autoptr(GDir) listing = g_dir_open(folder, 0, NULL);
    const char *name;

    while (listing && (name = g_dir_read_name(listing))) {
        if (g_str_has_suffix(name, ".emulators")) {
            g_autofree char *file = g_build_filename(folder, name, NULL);
            find_in_file(paths, seen, root, file);
        }
    }
}

static int compare_paths(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *find_all(const char *root)
{
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
        find_in_folder(paths, seen, root, folders[i]);
    }
    find_in_files(paths, seen, root);
    g_ptr_array_sort(paths, compare_paths);
    return paths;
}

/* ---- adding ---------------------------------------------------------------------------------- */

static bool is_stopped(Update *update)
{
    g_mutex_lock(&update->mutex);
    bool stopped = update->stopped;
    g_mutex_unlock(&update->mutex);
    return stopped;
}

static bool take_item(void *context, json_t *item)
{
    Update *update = context;
    const CapsItems *items = update->items;

    g_mutex_lock(&update->mutex);
    update->done++;
    update->stopped = update->stopped || !items->take(items->context, item);
    if (items->progress) {
        items->progress(items->context, "emulators", update->done, update->total);
    }
    g_mutex_unlock(&update->mutex);
    return true;
}

static void add_in_thread(gpointer data, gpointer context)
{
    const char *path = data;
    Update *update = context;
    CapsItems items = {.take = take_item, .context = update};
    g_autoptr(GError) problem = NULL;

    if (is_stopped(update)) {
        return;
    }
    g_autoptr(CapsLayers) layers = caps_layers_open(update->place, &problem);
    if (layers) {
        caps_give_added(layers, path, update->policy, &items, NULL);
    } else {
        caps_items_give(&items, caps_items_added(path, NULL, problem));
    }
}

bool caps_give_update(const CapsPlace *place, const CapsPolicy *policy, const CapsItems *items,
                      GError **error)
{
    GPtrArray *paths = find_all(place->root ? place->root : "/");
    Update update = {.place = place, .policy = policy, .items = items, .total = paths->len};
    int workers = (int)g_get_num_processors();
    GThreadPool *pool = g_thread_pool_new(add_in_thread, &update, workers, FALSE, error);

    g_mutex_init(&update.mutex);
    for (guint i = 0; i < paths->len && pool; i++) {
        g_thread_pool_push(pool, g_ptr_array_index(paths, i), NULL);
    }
    if (pool) {
        g_thread_pool_free(pool, FALSE, TRUE);
    }
    g_mutex_clear(&update.mutex);
    g_ptr_array_unref(paths);
    return pool != NULL;
}
