/* update: every emulator of the system, found and added.
 *
 * Found are: the programs qemu-system-* and vitrine in the folders where programs are installed,
 * and what the drop-in files name. A drop-in file is /etc/capsdb.d/NAME.emulators: a path a line,
 * blank lines and lines that begin with # left out. Each emulator is asked by a worker of its own,
 * as many at a time as there are processors; what is known already costs nothing, so an update that
 * was interrupted goes on where it stopped.
 *
 * Machines are learned after that, one by one in the same way: each is an emulator's launch of its
 * own.
 *
 * What is learned goes into the own layer of the place; or, to be shipped, into a static one
 * (docs/capsdb/layers.md). */
#include "items.h"

#include "errors.h"
#include "folder.h"
#include "learning.h"
#include "path.h"
#include "publish.h"

#include <errno.h>

#include <string.h>
#include <unistd.h>

static const char *const folders[] = {"/usr/local/bin", "/usr/bin", "/usr/libexec", "/bin"};

typedef struct Update {
    const CapsPlace *place;
    const CapsPolicy *policy;
    const CapsItems *items;
    GMutex mutex;        /* of all below, and of whoever takes the items */
    const char *counted; /* what done and total are of */
    size_t done, total;
    bool stopped; /* no more is wanted */
    bool failed;  /* an emulator did not tell all */
} Update;

/* ---- finding --------------------------------------------------------------------------------- */

static bool is_emulator_name(const char *name)
{
    return g_str_has_prefix(name, "qemu-system-") || g_str_equal(name, "qemu-kvm") ||
           g_str_equal(name, "vitrine");
}

/* What emulators there are, as paths within the root; once per file and meaning of its name, since
 * many names are links to one program. */
typedef struct Search {
    const char *root; /* or NULL */
    GPtrArray *paths;
    GHashTable *seen;
} Search;

static void take_path(Search *search, const char *path)
{
    g_autofree char *real = caps_path_resolve(search->root, path);

    g_autofree char *key = g_strconcat(caps_name_prefers_kvm(path) ? "kvm " : "", real, NULL);

    if (real && access(real, X_OK) == 0 && g_hash_table_add(search->seen, g_strdup(key))) {
        g_ptr_array_add(search->paths, g_strdup(path));
    }
}

static void find_in_folder(Search *search, const char *folder)
{
    g_autofree char *there = caps_path_resolve(search->root, folder);
    g_autoptr(GPtrArray) files = caps_folder_list(there ? there : folder, "");

    for (guint i = 0; there && i < files->len; i++) {
        g_autofree char *name = g_path_get_basename(g_ptr_array_index(files, i));
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (is_emulator_name(name)) {
            take_path(search, path);
        }
    }
}

static void find_in_file(Search *search, const char *file)
{
    g_autofree char *text = NULL;

    if (!g_file_get_contents(file, &text, NULL, NULL)) {
        return;
    }
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    for (char **line = lines; *line; line++) {
        const char *path = g_strstrip(*line);
        if (*path == '/') {
            take_path(search, path);
        }
    }
}

static int compare_paths(gconstpointer a, gconstpointer b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static GPtrArray *find_all(const char *root)
{
    Search search = {root, g_ptr_array_new_with_free_func(g_free),
                     g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    g_autofree char *there = caps_path_resolve(root, CAPS_PINS_FOLDER);
    g_autoptr(GPtrArray) files = caps_folder_list(there ? there : CAPS_PINS_FOLDER, ".emulators");

    for (size_t i = 0; i < G_N_ELEMENTS(folders); i++) {
        find_in_folder(&search, folders[i]);
    }
    for (guint i = 0; there && i < files->len; i++) {
        find_in_file(&search, g_ptr_array_index(files, i));
    }
    g_hash_table_unref(search.seen);
    g_ptr_array_sort(search.paths, compare_paths);
    return search.paths;
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
    update->failed = update->failed || json_object_get(item, "reason");
    update->stopped = update->stopped || !items->take(items->context, item);
    if (items->progress) {
        items->progress(items->context, update->counted, update->done, update->total);
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

/* Calls work for each element, by a worker; they are of the kind that is counted. */
static bool run_workers(Update *update, GFunc work, GPtrArray *list, const char *counted,
                        GError **error)
{
    int workers = (int)g_get_num_processors();
    GThreadPool *pool = g_thread_pool_new(work, update, workers, FALSE, error);

    update->counted = counted;
    update->done = 0;
    update->total = list->len;
    g_mutex_init(&update->mutex);
    for (guint i = 0; i < list->len && pool; i++) {
        g_thread_pool_push(pool, g_ptr_array_index(list, i), NULL);
    }
    if (pool) {
        g_thread_pool_free(pool, FALSE, TRUE);
    }
    g_mutex_clear(&update->mutex);
    return pool != NULL;
}

/* ---- machines -------------------------------------------------------------------------------- */

typedef struct Machine {
    char *emulator, *name;
} Machine;

static void free_machine(gpointer data)
{
    Machine *machine = data;
    g_free(machine->emulator);
    g_free(machine->name);
    g_free(machine);
}

/* The machines that an emulator named; of one of ours none has to be learned. */
static void list_machines(CapsLayers *layers, const char *path, GPtrArray *list)
{
    CapsPolicy stored = caps_policy_default();
    CapsQuestion question = {"query-machines", NULL, NULL};
    CapsAsking asking;
    g_auto(CapsAnswer) answer = {0};
    PrbKind kind;
    size_t i;
    json_t *row;

    stored.may_probe = false;
    if (!caps_asking_begin(&asking, layers, path, &stored, NULL)) {
        return;
    }
    if (caps_asking_kind(&asking, &kind) && kind == PRB_QEMU &&
        caps_asking_ask(&asking, &question, &answer, NULL)) {
        json_array_foreach(answer.value, i, row)
        {
            const char *name = json_string_value(json_object_get(row, "name"));
            if (name && strcmp(name, "none") != 0) {
                Machine *machine = g_new(Machine, 1);
                *machine = (Machine){g_strdup(path), g_strdup(name)};
                g_ptr_array_add(list, machine);
            }
        }
    }
    caps_asking_end(&asking);
}

/* A machine that would not start is learned: that it does not. */
static json_t *machine_item(const Machine *machine, const CapsAnswer *answer, const GError *problem)
{
    const char *outcome = problem          ? "failed"
                          : answer->reason ? "refused"
                          : answer->stored ? "known"
                                           : "learned";
    json_t *item = json_pack("{s:o, s:s, s:s}", "emulator", caps_items_text(machine->emulator),
                             "machine", machine->name, "outcome", outcome);
    if (problem) {
        json_object_set_new(item, "reason", json_string(caps_error_reason(problem)));
        json_object_set_new(item, "message", caps_items_text(problem->message));
    } else if (answer->reason) {
        json_object_set_new(item, "message", caps_items_text(answer->message));
    }
    return item;
}

static void learn_in_thread(gpointer data, gpointer context)
{
    const Machine *machine = data;
    Update *update = context;
    CapsItems items = {.take = take_item, .context = update};
    g_autoptr(GError) problem = NULL;
    g_auto(CapsAnswer) answer = {0};
    CapsAsking asking;

    if (is_stopped(update)) {
        return;
    }
    g_autoptr(CapsLayers) layers = caps_layers_open(update->place, &problem);
    if (layers && caps_asking_begin(&asking, layers, machine->emulator, update->policy, &problem)) {
        json_t *target = json_pack("{s:s}", "machine", machine->name);
        caps_learn(&asking, target, &answer, &problem);
        json_decref(target);
        caps_asking_end(&asking);
    }
    caps_items_give(&items, machine_item(machine, &answer, problem));
}

static bool learn_machines(Update *update, GPtrArray *paths, GError **error)
{
    g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(free_machine);
    g_autoptr(CapsLayers) layers = caps_layers_open(update->place, error);

    for (guint i = 0; layers && i < paths->len; i++) {
        list_machines(layers, g_ptr_array_index(paths, i), list);
    }
    return layers && run_workers(update, learn_in_thread, list, "machines", error);
}

bool caps_give_update(const CapsPlace *place, const CapsPolicy *policy, const CapsItems *items,
                      GError **error)
{
    g_autoptr(GPtrArray) paths = find_all(place->root);
    Update update = {.place = place, .policy = policy, .items = items};

    return run_workers(&update, add_in_thread, paths, "emulators", error) &&
           (!policy->machines || update.stopped || learn_machines(&update, paths, error));
}

/* ---- the static layer ------------------------------------------------------------------------ */

static bool make_folder_for(const char *file, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(file);

    if (g_mkdir_with_parents(folder, 0755) < 0) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_FAILED, "%s: %s", folder, g_strerror(errno));
        return false;
    }
    return true;
}

/* Learns everything anew in a file of its own, so that nothing that was known here gets in. */
static bool learn_and_publish(Update *update, GPtrArray *paths, const CapsShipment *shipment,
                              GError **error)
{
    g_autoptr(CapsLayers) layers = caps_layers_open(update->place, error);

    if (!layers || !run_workers(update, add_in_thread, paths, "emulators", error)) {
        return false;
    }
    if (update->failed || update->stopped) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_FAILED,
                    "%s: not written, since not every emulator told all", shipment->file);
        return false;
    }
    return make_folder_for(shipment->file, error) &&
           caps_publish_static(caps_layers_own(layers), shipment->time, shipment->file, error);
}

static void remove_folder(const char *path)
{
    g_autoptr(GPtrArray) files = caps_folder_list(path, "");
    for (guint i = 0; i < files->len; i++) {
        unlink(g_ptr_array_index(files, i));
    }
    rmdir(path);
}

static GPtrArray *copy_paths(const char *const *paths)
{
    GPtrArray *copied = g_ptr_array_new_with_free_func(g_free);
    for (; *paths; paths++) {
        g_ptr_array_add(copied, g_strdup(*paths));
    }
    return copied;
}

bool caps_give_shipment(const char *root, const CapsShipment *shipment, const CapsPolicy *policy,
                        const CapsItems *items, GError **error)
{
    g_autoptr(GPtrArray) paths =
        shipment->emulators ? copy_paths(shipment->emulators) : find_all(root);
    g_autofree char *folder = g_dir_make_tmp("capsdb-XXXXXX", error);

    if (!folder) {
        return false;
    }
    g_autofree char *work = g_build_filename(folder, "work.db", NULL);
    const CapsPlace place = {.root = root, .file = work, .shipped = true};
    Update update = {.place = &place, .policy = policy, .items = items};
    bool ok = learn_and_publish(&update, paths, shipment, error);
    remove_folder(folder);
    return ok;
}
