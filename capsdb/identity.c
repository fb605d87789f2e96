/* identity: what the content of an emulator is made of (identity.h). */
#include "identity.h"

#include "file.h"
#include "folder.h"
#include "path.h"
#include "probe.h"
#include "wire.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Changes when the prober asks other questions or reads replies in another way. */
#define PROBER_VERSION "1"

#define MAX_DEPTH  8 /* scripts that call scripts */
#define MAX_PARTS  4096
#define MAX_SCRIPT (1 << 20) /* bytes; a longer file is taken for a program */

/* Where a program is found without a path, when the environment is empty. */
static const char *const search_path[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
                                          "/usr/bin",        "/sbin",          "/bin"};

/* Its paths are within the root; what is looked at is where_it_is(). */
typedef struct Finder {
    const char *root; /* or NULL */
    CapsStore *memo;
    GPtrArray *parts, *folders;
    GHashTable *seen; /* paths without links */
    bool too_many;
} Finder;

static bool add_program(Finder *finder, const char *path, const char *role, unsigned depth,
                        GError **error);

static void free_part(gpointer data)
{
    CapsPart *part = data;
    g_free(part->path);
    g_free(part->hash);
    g_free(part);
}

/* NULL: there is nothing. */
static char *where_it_is(const Finder *finder, const char *path)
{
    return finder->root ? caps_path_resolve(finder->root, path) : g_strdup(path);
}

/* False: it is there already, or there is no more room, which is an error in the end. */
static bool is_new(Finder *finder, const char *path)
{
    g_autofree char *real = caps_path_resolve(finder->root, path);

    finder->too_many = finder->too_many || finder->parts->len >= MAX_PARTS;
    return !finder->too_many && g_hash_table_add(finder->seen, g_strdup(real ? real : path));
}

static void add_part(Finder *finder, const char *role, const char *path, const char *hash)
{
    CapsPart *part = g_new(CapsPart, 1);
    *part = (CapsPart){role, g_strdup(path), g_strdup(hash)};
    g_ptr_array_add(finder->parts, part);
}

static bool read_file(const Finder *finder, const char *path, CapsFile *ret_file, GError **error)
{
    g_autofree char *file = where_it_is(finder, path);
    return caps_file_read(file ? file : path, finder->memo, ret_file, error);
}

/* ---- what is loaded -------------------------------------------------------------------------- */

/* What an emulator loads from a folder that it names: modules, machine files, and what describes
 * firmware (QEMU's docs/interop/firmware.json). */
static const struct {
    const char *below, *suffix;
} loaded[] = {{"", ".so"}, {"", ".cfg"}, {"firmware", ".json"}};

static bool add_files(Finder *finder, const char *role, const char *folder, const char *suffix,
                      GError **error)
{
    g_autofree char *there = where_it_is(finder, folder);
    g_autoptr(GPtrArray) files = caps_folder_list(there ? there : folder, suffix);
    bool ok = true;

    for (guint i = 0; there && i < files->len && ok; i++) {
        g_autofree char *name = g_path_get_basename(g_ptr_array_index(files, i));
        g_autofree char *path = g_build_filename(folder, name, NULL);
        g_auto(CapsFile) file = {0};
        if (is_new(finder, path)) {
            ok = read_file(finder, path, &file, error);
            if (ok) {
                add_part(finder, role, path, file.hash);
            }
        }
    }
    return ok;
}

static bool add_folder(Finder *finder, const char *role, const char *folder, GError **error)
{
    bool ok = true;

    if (!is_new(finder, folder)) {
        return true;
    }
    g_ptr_array_add(finder->folders, g_strdup(folder));
    for (size_t i = 0; i < G_N_ELEMENTS(loaded) && ok; i++) {
        g_autofree char *path = g_build_filename(folder, loaded[i].below, NULL);
        ok = add_files(finder, role, path, loaded[i].suffix, error);
    }
    return ok;
}

/* The folder of settings that a named file is in: /etc/NAME; NULL: it is none. */
static char *folder_of_settings(const char *name)
{
    g_autofree char *folder = g_path_get_dirname(name);
    return g_str_has_prefix(folder, "/etc/") ? g_steal_pointer(&folder) : NULL;
}

/* Settings are where they are. Anything else is read there by a program that is in a folder beside
 * its own; one that was moved looks beside where it is now, finds what is there or nothing, and so
 * is not the same emulator. */
static const char *role_of_named(const char *program, const char *name)
{
    g_autofree char *own = g_path_get_dirname(program);
    g_autofree char *above = g_path_get_dirname(own);
    bool is_top = g_str_equal(above, "/");
    bool beside = !g_str_equal(own, "/") &&
                  (is_top ? !g_str_has_prefix(name, "/usr/")
                          : g_str_has_prefix(name, above) && name[strlen(above)] == '/');

    return beside || g_str_has_prefix(name, "/etc/") ? "loaded" : "apart";
}

/* A folder that the program names, there and where a relocated program looks for it: beside its own
 * folder, under the name without /usr; and in a build tree. */
static bool add_named_folder(Finder *finder, const char *program, const char *name, GError **error)
{
    g_autofree char *own = g_path_get_dirname(program);
    const char *rest = g_str_has_prefix(name, "/usr/local/") ? name + strlen("/usr/local")
                       : g_str_has_prefix(name, "/usr/")     ? name + strlen("/usr")
                                                             : name;
    g_autofree char *relocated = g_build_filename(own, "..", rest, NULL);
    g_autofree char *bundled = g_build_filename(own, "qemu-bundle", name, NULL);
    g_autofree char *settings = folder_of_settings(name);

    return add_folder(finder, role_of_named(program, name), name, error) &&
           add_folder(finder, "loaded", relocated, error) &&
           add_folder(finder, "loaded", bundled, error) &&
           (!settings || add_folder(finder, "loaded", settings, error));
}

/* ---- scripts --------------------------------------------------------------------------------- */

static bool is_program(const Finder *finder, const char *path)
{
    g_autofree char *file = where_it_is(finder, path);
    struct stat found;
    return file && stat(file, &found) == 0 && S_ISREG(found.st_mode) && access(file, X_OK) == 0;
}

/* The program a word of a script may mean: a path, a neighbour of the script, one on the search
 * path. A word that is none of these means nothing. */
static char *resolve_word(const Finder *finder, const char *word, const char *folder)
{
    const char *base = strrchr(word, '/');
    char *path = g_strdup(word);

    if (word[0] == '/' && is_program(finder, path)) {
        return path;
    }
    g_free(path);
    path = g_build_filename(folder, base ? base + 1 : word, NULL);
    for (size_t i = 0; !is_program(finder, path) && !base && i < G_N_ELEMENTS(search_path); i++) {
        g_free(path);
        path = g_build_filename(search_path[i], word, NULL);
    }
    if (!is_program(finder, path)) {
        g_clear_pointer(&path, g_free);
    }
    return path;
}

static bool add_words(Finder *finder, const char *script, char *text, unsigned depth,
                      GError **error)
{
    g_autofree char *folder = g_path_get_dirname(script);
    bool ok = true;

    for (char *at = text; *at && ok;) {
        size_t length = strspn(at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                   "/._+-@");
        char after = at[length];
        at[length] = '\0';
        g_autofree char *path = length > 1 ? resolve_word(finder, at, folder) : NULL;
        if (path) {
            ok = add_program(finder, path, "named", depth + 1, error);
        }
        at += length + (after ? 1 : 0);
    }
    return ok;
}

/* "#! INTERPRETER ARGUMENT": both may be programs (/usr/bin/env python3), as may any word below. */
static bool add_script(Finder *finder, const char *path, char *text, unsigned depth, GError **error)
{
    g_autofree char *line = g_strndup(text + 2, strcspn(text + 2, "\n"));
    char *interpreter = g_strstrip(line);
    interpreter[strcspn(interpreter, " \t")] = '\0';

    return (!is_program(finder, interpreter) ||
            add_program(finder, interpreter, "interpreter", depth + 1, error)) &&
           add_words(finder, path, text, depth, error);
}

static char *read_script(const Finder *finder, const char *path)
{
    g_autofree char *file = where_it_is(finder, path);
    struct stat found;
    char *text = NULL;
    gsize length;

    if (!file || stat(file, &found) < 0 || found.st_size > MAX_SCRIPT ||
        !g_file_get_contents(file, &text, &length, NULL) || length < 2 ||
        memcmp(text, "#!", 2) != 0) {
        g_clear_pointer(&text, g_free);
    }
    return text;
}

/* ---- programs -------------------------------------------------------------------------------- */

static bool add_program(Finder *finder, const char *path, const char *role, unsigned depth,
                        GError **error)
{
    if (depth > MAX_DEPTH || !is_new(finder, path)) {
        return true;
    }
    g_auto(CapsFile) file = {0};
    g_autofree char *script = read_script(finder, path);
    bool ok = read_file(finder, path, &file, error);

    if (!ok) {
        return false;
    }
    add_part(finder, script && depth == 0 ? "script" : role, path, file.hash);
    if (script) {
        return add_script(finder, path, script, depth, error);
    }
    g_autofree char *real = caps_path_resolve(finder->root, path);
    const char *program = real ? caps_path_within(finder->root, real) : path;
    for (char **name = file.names; *name && ok; name++) {
        ok = add_named_folder(finder, program, *name, error);
    }
    return ok;
}

bool caps_name_prefers_kvm(const char *path)
{
    return g_str_has_suffix(path, "kvm");
}

/* The name it is called by counts where the program can see it and is known to: a script may look
 * at $0, a QEMU whose name ends in "kvm" prefers that accelerator. */
static char *name_that_counts(const CapsIdentity *identity)
{
    const CapsPart *first = g_ptr_array_index(identity->parts, 0);
    g_autofree char *name = g_path_get_basename(identity->path);

    if (g_str_equal(first->role, "script")) {
        return g_steal_pointer(&name);
    }
    return g_strdup(caps_name_prefers_kvm(name) ? "kvm" : "");
}

static void compute_hash(CapsIdentity *identity)
{
    g_autofree char *called = name_that_counts(identity);
    json_t *parts = json_array();

    for (guint i = 0; i < identity->parts->len; i++) {
        const CapsPart *part = g_ptr_array_index(identity->parts, i);
        g_autofree char *name = g_path_get_basename(part->path);
        bool named = g_str_equal(part->role, "loaded") || g_str_equal(part->role, "apart");
        json_array_append_new(parts,
                              json_pack("[s, s, s]", part->role, part->hash, named ? name : ""));
    }
    json_t *all =
        json_pack("{s:s, s:s, s:o}", "prober", PROBER_VERSION, "called", called, "parts", parts);
    g_autofree char *text = wire_json_print(all, WIRE_JSON_CANONICAL);
    json_decref(all);
    identity->hash = caps_hash(text, strlen(text));
}

/* A recording is its bytes; nothing of this system is behind it. */
static bool add_recording(Finder *finder, const char *path, GError **error)
{
    g_auto(CapsFile) file = {0};

    if (!read_file(finder, path, &file, error)) {
        return false;
    }
    add_part(finder, "recording", path, file.hash);
    return true;
}

static bool look_at_path(const Finder *finder, const CapsIdentity *identity, GError **error)
{
    const char *path = identity->path;
    struct stat found;

    if (!identity->file ||
        (stat(identity->file, &found) < 0 && (errno == ENOENT || errno == ENOTDIR))) {
        g_set_error(error, PRB_ERROR, PRB_ERROR_NOT_FOUND, "%s: %s", path, g_strerror(ENOENT));
        return false;
    }
    if (!identity->recording && (!is_program(finder, path) || access(identity->file, R_OK) < 0)) {
        g_set_error(error, PRB_ERROR, PRB_ERROR_NOT_EXECUTABLE, "%s: not a program that can be run",
                    path);
        return false;
    }
    return true;
}

static bool find_parts(Finder *finder, const CapsIdentity *identity, GError **error)
{
    if (!look_at_path(finder, identity, error) ||
        !(identity->recording ? add_recording(finder, identity->path, error)
                              : add_program(finder, identity->path, "program", 0, error))) {
        return false;
    }
    if (finder->too_many) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_FAILED, "%s: made of more than %d files",
                    identity->path, MAX_PARTS);
    }
    return !finder->too_many;
}

CapsIdentity *caps_identity_new(const char *root, const char *path, CapsStore *memo, GError **error)
{
    CapsIdentity *identity = g_new0(CapsIdentity, 1);

    identity->path = g_canonicalize_filename(path, root ? "/" : NULL);
    identity->root = g_strdup(root);
    identity->parts = g_ptr_array_new_with_free_func(free_part);
    identity->folders = g_ptr_array_new_with_free_func(g_free);
    identity->recording = g_str_has_suffix(identity->path, ".replies");
    Finder finder = {.root = root,
                     .memo = memo,
                     .parts = identity->parts,
                     .folders = identity->folders,
                     .seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL)};
    identity->file = where_it_is(&finder, identity->path);
    bool ok = find_parts(&finder, identity, error);
    g_hash_table_unref(finder.seen);
    if (!ok) {
        caps_identity_free(identity);
        return NULL;
    }
    compute_hash(identity);
    return identity;
}

void caps_identity_free(CapsIdentity *identity)
{
    if (!identity) {
        return;
    }
    g_free(identity->hash);
    g_free(identity->root);
    g_free(identity->path);
    g_free(identity->file);
    g_ptr_array_unref(identity->parts);
    g_ptr_array_unref(identity->folders);
    g_free(identity);
}

bool caps_identity_is_trusted(const CapsIdentity *identity, uid_t owner, GError **error)
{
    bool ok = true;

    for (guint i = 0; i < identity->parts->len && ok; i++) {
        const CapsPart *part = g_ptr_array_index(identity->parts, i);
        ok = caps_path_is_trusted(identity->root, part->path, owner, error);
    }
    for (guint i = 0; i < identity->folders->len && ok; i++) {
        ok =
            caps_path_is_trusted(identity->root, g_ptr_array_index(identity->folders, i), 0, error);
    }
    return ok;
}

json_t *caps_identity_parts(const CapsIdentity *identity)
{
    json_t *parts = json_array();

    for (guint i = 0; i < identity->parts->len; i++) {
        const CapsPart *part = g_ptr_array_index(identity->parts, i);
        json_array_append_new(parts, json_pack("{s:s, s:s, s:s}", "role", part->role, "path",
                                               part->path, "hash", part->hash));
    }
    return parts;
}
