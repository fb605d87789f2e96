/* layers: opening the files in their order, and going on when one of them is no good (layers.h). */
#include "layers.h"

#include "folder.h"
#include "path.h"
#include "publish.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOST_FOLDER   "/var/cache/capsdb"
#define HOST_OWN      "private/capsdb.db"
#define HOST_SNAPSHOT "host.db"
#define STATIC_FOLDER "/usr/lib/capsdb"
#define STATIC_FILE   "emulators.db" /* of those that are made here; packages ship more */
#define MAX_STATIC    64             /* files */

typedef struct Layer {
    const char *name;
    char *path;
    CapsStore *store; /* NULL: not opened, or not to be used */
    bool tried;
    uid_t owner; /* who may have written it, beside root */
} Layer;

struct CapsLayers {
    bool system, shipped;
    char *snapshot; /* the file that others read of the host layer, where this is its owner */
    char *root;     /* of the emulators; NULL: ours */
    CapsPins *pins;
    GPtrArray *all; /* Layer * */
    Layer *own;     /* one of them, or NULL */
    GPtrArray *notes;
    char *printed; /* of the notes */
};

static void free_layer(gpointer data)
{
    Layer *layer = data;
    caps_store_close(layer->store);
    g_free(layer->path);
    g_free(layer);
}

static Layer *add_layer(CapsLayers *layers, const char *name, char *path, uid_t owner)
{
    Layer *layer = g_new0(Layer, 1);
    *layer = (Layer){.name = name, .path = path, .owner = owner};
    g_ptr_array_add(layers->all, layer);
    return layer;
}

static void note(CapsLayers *layers, const GError *problem)
{
    g_ptr_array_add(layers->notes, g_strdup_printf("%s; that layer is left out", problem->message));
}

/* ---- opening --------------------------------------------------------------------------------- */

/* A layer that is written: its way there is looked at before anything is made. */
static bool open_own(Layer *layer, CapsStoreMode mode, GError **error)
{
    layer->tried = true;
    layer->store = caps_path_is_trusted(NULL, layer->path, layer->owner, error)
                       ? caps_store_open(layer->path, mode, error)
                       : NULL;
    return layer->store != NULL;
}

/* A layer that is only read. One that is not there is nothing to talk about. */
static void open_other(CapsLayers *layers, Layer *layer)
{
    g_autoptr(GError) problem = NULL;

    layer->tried = true;
    if (access(layer->path, F_OK) < 0 && errno == ENOENT) {
        return;
    }
    if (caps_path_is_trusted(NULL, layer->path, layer->owner, &problem)) {
        layer->store = caps_store_open(layer->path, CAPS_STORE_SNAPSHOT, &problem);
    }
    if (problem) {
        note(layers, problem);
    }
}

static bool is_missing(const GError *problem)
{
    return g_error_matches(problem, CAPS_ERROR, CAPS_ERROR_UNKNOWN);
}

/* The user's own layer: without it everything is asked, and nothing is kept. */
static void add_user(CapsLayers *layers, const char *path, CapsStoreMode mode)
{
    g_autoptr(GError) problem = NULL;

    layers->own = add_layer(layers, "user", g_strdup(path), geteuid());
    if (!open_own(layers->own, mode, &problem)) {
        layers->own = NULL;
        if (!is_missing(problem)) {
            note(layers, problem);
        }
    }
}

/* Who owns the host layer is whom root gave its folder. */
static uid_t owner_of(const char *folder)
{
    struct stat found;
    return stat(folder, &found) == 0 ? found.st_uid : 0;
}

/* Makes the folder of the host layer, for all to read, and the one in it for its owner alone. */
static bool make_host_folder(const char *folder, const char *file, GError **error)
{
    g_autofree char *own = g_path_get_dirname(file);

    if (owner_of(folder) != geteuid()) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_READ_ONLY,
                    "%s: it is for user %u to write; run this as that user", folder,
                    (unsigned)owner_of(folder));
        return false;
    }
    if (g_mkdir_with_parents(folder, 0755) < 0 || g_mkdir_with_parents(own, 0700) < 0) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_READ_ONLY, "%s: %s", folder, g_strerror(errno));
        return false;
    }
    return true;
}

static bool add_host_as_owner(CapsLayers *layers, const char *folder, CapsStoreMode mode,
                              GError **error)
{
    g_autoptr(GError) problem = NULL;
    char *file = g_build_filename(folder, HOST_OWN, NULL);

    layers->snapshot = g_build_filename(folder, HOST_SNAPSHOT, NULL);
    layers->own = add_layer(layers, "host", file, geteuid());
    if ((mode != CAPS_STORE_WRITE || make_host_folder(folder, file, &problem)) &&
        open_own(layers->own, mode, &problem)) {
        return true;
    }
    layers->own = NULL;
    if (mode != CAPS_STORE_WRITE && is_missing(problem)) {
        return true;
    }
    g_propagate_error(error, g_steal_pointer(&problem));
    return false;
}

static void add_static(CapsLayers *layers, const char *folder)
{
    g_autoptr(GPtrArray) paths = caps_folder_list(folder, ".db");

    for (guint i = 0; i < MIN(paths->len, MAX_STATIC); i++) {
        add_layer(layers, "static", g_strdup(g_ptr_array_index(paths, i)), 0);
    }
}

/* CAPSDB_ROOT, unless somebody else may have set it: then this is a program with more rights. */
static const char *root_of_environment(void)
{
    const char *root = secure_getenv("CAPSDB_ROOT");
    return root && *root ? root : NULL;
}

/* The folder that all layers but the user's are below. */
static const char *root_of(const CapsPlace *place)
{
    const char *moved = root_of_environment();
    return place->root ? place->root : moved ? moved : "/";
}

char *caps_place_static(const CapsPlace *place, const char *destdir)
{
    return g_build_filename(destdir ? destdir : root_of(place), STATIC_FOLDER, STATIC_FILE, NULL);
}

static bool add_all(CapsLayers *layers, const CapsPlace *place, GError **error)
{
    const char *moved = root_of_environment();
    const char *root = root_of(place);
    g_autofree char *user =
        moved ? g_build_filename(moved, "capsdb.db", NULL)
              : g_build_filename(g_get_user_cache_dir(), "capsdb", "capsdb.db", NULL);
    g_autofree char *pins = g_build_filename(root, CAPS_PINS_FOLDER, NULL);
    g_autofree char *host = g_build_filename(root, HOST_FOLDER, NULL);
    g_autofree char *library = g_build_filename(root, STATIC_FOLDER, NULL);

    layers->pins = caps_pins_new(pins, layers->notes);
    if (place->system) {
        if (!add_host_as_owner(layers, host, place->mode, error)) {
            return false;
        }
    } else {
        add_user(layers, user, place->mode);
        add_layer(layers, "host", g_build_filename(host, HOST_SNAPSHOT, NULL), owner_of(host));
    }
    add_static(layers, library);
    return true;
}

static bool add_named(CapsLayers *layers, const CapsPlace *place, GError **error)
{
    layers->own = add_layer(layers, "file", g_strdup(place->file), geteuid());
    layers->own->tried = true;
    layers->own->store = caps_store_open(place->file, place->mode, error);
    return layers->own->store != NULL;
}

CapsLayers *caps_layers_open(const CapsPlace *place, GError **error)
{
    CapsLayers *layers = g_new0(CapsLayers, 1);

    layers->system = place->system;
    layers->shipped = place->shipped;
    layers->root = g_strdup(place->root);
    layers->all = g_ptr_array_new_with_free_func(free_layer);
    layers->notes = g_ptr_array_new_with_free_func(g_free);
    if (!(place->file ? add_named(layers, place, error) : add_all(layers, place, error))) {
        caps_layers_close(layers);
        return NULL;
    }
    return layers;
}

void caps_layers_close(CapsLayers *layers)
{
    if (layers) {
        g_ptr_array_unref(layers->all);
        g_ptr_array_unref(layers->notes);
        caps_pins_free(layers->pins);
        g_free(layers->printed);
        g_free(layers->snapshot);
        g_free(layers->root);
        g_free(layers);
    }
}

/* ---- looking --------------------------------------------------------------------------------- */

bool caps_layers_may_hold(const CapsLayers *layers, const CapsIdentity *identity, GError **error)
{
    return (!layers->system && !layers->shipped) ||
           caps_identity_is_trusted(identity, layers->system ? 0 : geteuid(), error);
}

bool caps_layers_publish(CapsLayers *layers, GError **error)
{
    CapsStore *own = caps_layers_own(layers);
    return !layers->system || !own || !caps_store_is_writable(own) ||
           caps_publish(own, layers->snapshot, error);
}

const CapsPins *caps_layers_pins(const CapsLayers *layers)
{
    return layers->pins;
}

CapsStore *caps_layers_own(const CapsLayers *layers)
{
    return layers->own ? layers->own->store : NULL;
}

size_t caps_layers_count(const CapsLayers *layers)
{
    return layers->all->len;
}

CapsStore *caps_layers_store(CapsLayers *layers, size_t index)
{
    Layer *layer = g_ptr_array_index(layers->all, index);
    if (!layer->tried) {
        open_other(layers, layer);
    }
    return layer->store;
}

const char *caps_layers_name(const CapsLayers *layers, size_t index)
{
    return ((const Layer *)g_ptr_array_index(layers->all, index))->name;
}

CapsStore *caps_layers_memo(CapsLayers *layers)
{
    CapsStore *memo = caps_layers_own(layers);
    for (size_t i = 0; !memo && i < layers->all->len; i++) {
        memo = caps_layers_store(layers, i);
    }
    return memo;
}

/* ---- trouble --------------------------------------------------------------------------------- */

static Layer *layer_of(CapsLayers *layers, const CapsStore *store)
{
    for (guint i = 0; i < layers->all->len; i++) {
        Layer *layer = g_ptr_array_index(layers->all, i);
        if (layer->store == store) {
            return layer;
        }
    }
    return NULL;
}

void caps_layers_blame(CapsLayers *layers, CapsStore *store, GError **problem)
{
    Layer *layer = layer_of(layers, store);
    bool damaged = g_error_matches(*problem, CAPS_ERROR, CAPS_ERROR_DAMAGED);

    g_assert(layer);
    if (layer == layers->own && damaged && caps_store_is_writable(store)) {
        g_clear_error(problem);
        if (caps_store_rebuild(store, problem)) {
            return; /* the store says so itself */
        }
    }
    note(layers, *problem);
    g_clear_error(problem);
    g_clear_pointer(&layer->store, caps_store_close);
    if (layer == layers->own) {
        layers->own = NULL;
    }
}

const char *caps_layers_notes(CapsLayers *layers)
{
    g_autoptr(GPtrArray) lines = g_ptr_array_new();
    CapsStore *own = caps_layers_own(layers);

    for (guint i = 0; i < layers->notes->len; i++) {
        g_ptr_array_add(lines, g_ptr_array_index(layers->notes, i));
    }
    if (own && caps_store_note(own)) {
        g_ptr_array_add(lines, (gpointer)caps_store_note(own));
    }
    g_ptr_array_add(lines, NULL);
    g_free(layers->printed);
    layers->printed = lines->len > 1 ? g_strjoinv("\n", (char **)lines->pdata) : NULL;
    return layers->printed;
}

/* ---- answers --------------------------------------------------------------------------------- */

CapsIdentity *caps_layers_identify(CapsLayers *layers, const char *path, GError **error)
{
    CapsIdentity *identity = NULL;
    CapsStore *memo;

    /* Each time round a store is left out, or begun anew and empty. */
    do {
        g_autoptr(GError) problem = NULL;
        memo = caps_layers_memo(layers);
        identity = caps_identity_new(layers->root, path, memo, &problem);
        if (!problem || problem->domain != CAPS_ERROR || problem->code != CAPS_ERROR_DAMAGED) {
            caps_pass_error(&problem, error);
            break;
        }
        caps_layers_blame(layers, memo, &problem);
    } while (memo);
    return identity;
}

bool caps_layers_find(CapsLayers *layers, const CapsIdentity *identity,
                      const CapsQuestion *question, const char *host, CapsAnswer *ret_answer)
{
    if (caps_pins_find(layers->pins, identity, question, ret_answer)) {
        ret_answer->layer = "pins";
        return true;
    }
    for (size_t i = 0; i < layers->all->len; i++) {
        g_autoptr(GError) problem = NULL;
        CapsStore *store = caps_layers_store(layers, i);
        int found =
            store ? caps_answer_find(store, identity, question, host, ret_answer, &problem) : 0;
        if (found == 1) {
            ret_answer->layer = caps_layers_name(layers, i);
            ret_answer->file = g_strdup(caps_store_path(store));
            return true;
        }
        if (found < 0) {
            caps_layers_blame(layers, store, &problem);
        }
    }
    return false;
}
