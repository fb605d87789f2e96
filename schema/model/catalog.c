/* catalog: the machines that are known: embedded ones, read when first asked for, and a person's
 * own files. Resolves `extends`. */
#include "machine.h"

#include "declare.h"
#include "embedded.h"

#include <string.h>

typedef struct Entry { /* a machine by its full name */
    char *full_name, *name, *version;
    MdlCfg *cfg; /* a person's own; NULL: embedded and not yet needed */
    bool vm;
    char *hash;
    const MdlSource *embedded;
    MdlMachine *machine; /* NULL: not yet read */
    bool reading;        /* to find a cycle */
    bool failed;
} Entry;

struct MdlCatalog {
    GPtrArray *entries; /* Entry *, sorted by full name */
    GPtrArray *names;   /* their full names and a NULL; made when asked for */
    MdlArena *arena;
    bool checking; /* files that are checked may have spoiled a machine */
};

static void entry_free(gpointer data)
{
    Entry *entry = data;
    g_free(entry->full_name);
    g_free(entry->name);
    g_free(entry->version);
    g_free(entry->hash);
    mdl_cfg_free(entry->cfg);
    mdl_machine_free(entry->machine);
    g_free(entry);
}

static int compare_entries(gconstpointer a, gconstpointer b)
{
    const Entry *const *left = a, *const *right = b;
    return strcmp((*left)->full_name, (*right)->full_name);
}

MdlCatalog *mdl_catalog_new(void)
{
    MdlCatalog *catalog = g_new0(MdlCatalog, 1);
    catalog->entries = g_ptr_array_new_with_free_func(entry_free);
    catalog->names = g_ptr_array_new();
    catalog->arena = mdl_arena_new();
    for (const MdlEmbedded *embedded = mdl_embedded_machines; embedded->name; embedded++) {
        Entry *entry = g_new0(Entry, 1);
        entry->name = g_strdup(embedded->name);
        entry->version = g_strdup(embedded->version);
        entry->full_name = g_strdup_printf("%s-%s", embedded->name, embedded->version);
        entry->embedded = &embedded->source;
        g_ptr_array_add(catalog->entries, entry);
    }
    g_ptr_array_sort(catalog->entries, compare_entries);
    return catalog;
}

void mdl_catalog_free(MdlCatalog *catalog)
{
    if (!catalog) {
        return;
    }
    /* a machine points into its base: the arenas go together, in any order */
    g_ptr_array_unref(catalog->entries);
    g_ptr_array_unref(catalog->names);
    mdl_arena_free(catalog->arena);
    g_free(catalog);
}

static Entry *find_entry(const MdlCatalog *catalog, const char *full_name)
{
    for (size_t i = 0; i < catalog->entries->len; i++) {
        Entry *entry = g_ptr_array_index(catalog->entries, i);
        if (strcmp(entry->full_name, full_name) == 0) {
            return entry;
        }
    }
    return NULL;
}

/* Compares "1.10" with "1.9" by its numbers. */
static int compare_versions(const char *a, const char *b)
{
    while (*a && *b) {
        if (g_ascii_isdigit(*a) && g_ascii_isdigit(*b)) {
            char *after_a, *after_b;
            guint64 left = g_ascii_strtoull(a, &after_a, 10);
            guint64 right = g_ascii_strtoull(b, &after_b, 10);
            if (left != right) {
                return left < right ? -1 : 1;
            }
            a = after_a;
            b = after_b;
        } else if (*a != *b) {
            return *a < *b ? -1 : 1;
        } else {
            a++;
            b++;
        }
    }
    return (*a != '\0') - (*b != '\0');
}

/* The newest version of a family. */
static Entry *find_newest(const MdlCatalog *catalog, const char *name)
{
    Entry *newest = NULL;
    for (size_t i = 0; i < catalog->entries->len; i++) {
        Entry *entry = g_ptr_array_index(catalog->entries, i);
        if (strcmp(entry->name, name) == 0 &&
            (!newest || compare_versions(entry->version, newest->version) > 0)) {
            newest = entry;
        }
    }
    return newest;
}

static Entry *find_by_name(const MdlCatalog *catalog, const char *name)
{
    Entry *entry = find_entry(catalog, name);
    return entry ? entry : find_newest(catalog, name);
}

/* ---- reading an entry, bases first ----------------------------------------------------------- */

static bool read_entry(const MdlCatalog *catalog, Entry *entry, MdlFindings *findings);

static const MdlMachine *find_base(const MdlCatalog *catalog, const Entry *entry,
                                   const char *key_name, MdlFindings *findings)
{
    const MdlCfgKey *key = mdl_cfg_key(g_ptr_array_index(entry->cfg->groups, 0), key_name);
    Entry *base = find_by_name(catalog, key->value);
    MdlPlace place = {.file = entry->cfg->file, .line = key->line, .what = entry->full_name};
    if (!base) {
        mdl_find(findings, MDL_CHECK_EXTENDS_UNKNOWN, &place, NULL,
                 "there is no machine \"%s\" to build on", key->value);
        return NULL;
    }
    if (!entry->vm && (base->vm || strcmp(base->full_name, key->value) != 0)) {
        g_autofree char *fix =
            base->vm ? NULL : g_strdup_printf("write extends = %s", base->full_name);
        mdl_find(findings, MDL_CHECK_EXTENDS_UNKNOWN, &place, fix,
                 base->vm ? "\"%s\" is a VM; a machine extends a machine"
                          : "\"%s\" is an alias, which a newer version would take over",
                 key->value);
        return NULL;
    }
    if (base->reading) {
        mdl_find(findings, MDL_CHECK_EXTENDS_CYCLE, &place, NULL,
                 "\"%s\" builds, directly or through others, on this machine", key->value);
        return NULL;
    }
    return read_entry(catalog, base, findings) ? base->machine : NULL;
}

static char *join_hashes(const Entry *entry, const MdlMachine *base)
{
    if (!entry->hash || !base || !base->hash) {
        return g_strdup(entry->hash);
    }
    g_autofree char *both = g_strconcat(base->hash, entry->hash, NULL);
    return g_compute_checksum_for_string(G_CHECKSUM_SHA256, both, -1);
}

static bool read_entry(const MdlCatalog *catalog, Entry *entry, MdlFindings *findings)
{
    if (entry->machine || entry->failed) {
        return entry->machine != NULL;
    }
    if (!entry->cfg) {
        const MdlSource *source = entry->embedded;
        entry->cfg = mdl_cfg_read(source->file, source->text, source->length, findings);
        if (!entry->cfg || !mdl_declare_check(entry->cfg, MDL_FILE_MACHINE, findings)) {
            entry->failed = true;
            return false;
        }
    }
    const MdlCfgGroup *head = g_ptr_array_index(entry->cfg->groups, 0);
    const char *key = entry->vm ? "machine" : "extends";
    const MdlMachine *base = NULL;
    bool ok = true;
    if (mdl_cfg_key(head, key)) {
        entry->reading = true;
        base = find_base(catalog, entry, key, findings);
        entry->reading = false;
        ok = base != NULL;
    }
    if (ok) {
        g_autofree char *hash = join_hashes(entry, base);
        entry->machine = mdl_machine_read(entry->cfg, base, entry->vm, hash, findings);
    }
    entry->failed = entry->machine == NULL;
    return !entry->failed;
}

const MdlMachine *mdl_catalog_find(const MdlCatalog *catalog, const char *name)
{
    Entry *entry = find_by_name(catalog, name);
    if (!entry) {
        return NULL;
    }
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    bool read = read_entry(catalog, entry, findings);
    if (!read && !catalog->checking) {
        g_autofree char *text = mdl_findings_print(findings);
        g_error("an embedded machine is wrong, which the build should have refused:\n%s", text);
    }
    return entry->machine;
}

const char *const *mdl_catalog_names(const MdlCatalog *catalog)
{
    g_ptr_array_set_size(catalog->names, 0);
    for (size_t i = 0; i < catalog->entries->len; i++) {
        const Entry *entry = g_ptr_array_index(catalog->entries, i);
        g_ptr_array_add(catalog->names, entry->full_name);
    }
    g_ptr_array_add(catalog->names, NULL);
    return (const char *const *)catalog->names->pdata;
}

/* ---- a person's own files -------------------------------------------------------------------- */

/* A new entry for a file that has passed the tables, or NULL with a finding. */
static Entry *make_entry(const MdlCatalog *catalog, MdlCfg *cfg, MdlFileKind kind,
                         const MdlSource *source, MdlFindings *findings)
{
    const MdlCfgGroup *head = g_ptr_array_index(cfg->groups, 0);
    const char *name = mdl_cfg_value(head, "name"), *version = mdl_cfg_value(head, "version");
    bool vm = kind == MDL_FILE_VM;
    g_autofree char *full_name = vm ? g_strdup(name) : g_strdup_printf("%s-%s", name, version);
    /* a VM may not hide a family of machines, nor the other way round */
    bool taken = find_entry(catalog, full_name) ||
                 (vm ? find_newest(catalog, full_name) : find_entry(catalog, name));
    if (taken) {
        MdlPlace place = {.file = cfg->file, .line = head->line, .what = full_name};
        mdl_find(findings, MDL_CHECK_MACHINE_DUPLICATE, &place, "choose another name or version",
                 "there is a machine of this name already");
        mdl_cfg_free(cfg);
        return NULL;
    }
    Entry *entry = g_new0(Entry, 1);
    entry->full_name = g_steal_pointer(&full_name);
    entry->name = g_strdup(name);
    entry->version = g_strdup(version ? version : "");
    entry->cfg = cfg;
    entry->vm = vm;
    entry->hash = g_compute_checksum_for_data(G_CHECKSUM_SHA256, (const guchar *)source->text,
                                              source->length);
    return entry;
}

/* The embedded machine that a checked file declares anew gives way to it. */
static void drop_embedded(MdlCatalog *catalog, const MdlCfg *cfg)
{
    const MdlCfgGroup *head = g_ptr_array_index(cfg->groups, 0);
    for (size_t i = 0; i < catalog->entries->len; i++) {
        Entry *entry = g_ptr_array_index(catalog->entries, i);
        if (entry->embedded && g_strcmp0(entry->name, mdl_cfg_value(head, "name")) == 0 &&
            g_strcmp0(entry->version, mdl_cfg_value(head, "version")) == 0) {
            g_ptr_array_remove_index(catalog->entries, i);
            return;
        }
    }
}

/* The entry that a source declares, added but not yet laid over its base. */
static void take_source(MdlCatalog *catalog, const MdlSource *source, bool replace,
                        GPtrArray *added, MdlFindings *findings)
{
    MdlFileKind kind;
    g_autoptr(MdlCfg) cfg = mdl_declare_read(source, &kind, findings);
    if (!cfg) {
        return;
    }
    if (kind != MDL_FILE_MACHINE && kind != MDL_FILE_VM) {
        MdlPlace place = {.file = cfg->file, .line = 1};
        mdl_find(findings, MDL_CHECK_FILE_KIND, &place, NULL,
                 "a %s type is compiled in; only machines and VMs are loaded",
                 mdl_file_kind_name(kind));
        return;
    }
    if (replace) {
        drop_embedded(catalog, cfg);
    }
    Entry *entry = make_entry(catalog, g_steal_pointer(&cfg), kind, source, findings);
    if (entry) {
        g_ptr_array_add(catalog->entries, entry);
        g_ptr_array_add(added, entry);
    }
}

bool mdl_catalog_take(MdlCatalog *catalog, const MdlSource *sources, size_t n_sources, bool replace,
                      GPtrArray *names, MdlFindings *findings)
{
    size_t before = mdl_findings_count(findings);
    catalog->checking = catalog->checking || replace;
    g_autoptr(GPtrArray) added = g_ptr_array_new();
    for (size_t i = 0; i < n_sources; i++) {
        take_source(catalog, &sources[i], replace, added, findings);
    }
    for (size_t i = 0; i < added->len; i++) {
        Entry *entry = g_ptr_array_index(added, i);
        if (read_entry(catalog, entry, findings) && names) {
            g_ptr_array_add(names, g_strdup(entry->full_name));
        }
    }
    bool ok = mdl_findings_count(findings) == before;
    mdl_findings_sort(findings, before);
    for (size_t i = 0; !ok && !replace && i < added->len; i++) {
        g_ptr_array_remove(catalog->entries, g_ptr_array_index(added, i));
    }
    g_ptr_array_sort(catalog->entries, compare_entries);
    return ok;
}

bool mdl_catalog_add(MdlCatalog *catalog, const MdlSource *sources, size_t n_sources,
                     MdlFindings *findings)
{
    return mdl_catalog_take(catalog, sources, n_sources, false, NULL, findings);
}
