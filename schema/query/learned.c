/* learned: see learned.h. Reads what another program said: nothing in it is taken for granted. */
#include "learned.h"

#include <string.h>

#define MAX_TYPES   8192
#define MAX_DEPTH   32
#define MAX_DERIVED 32
#define MAX_DEVICES 4096

typedef struct Learner {
    const json_t *facts;
    const MdlPlacement *placement;
    MdlTypes *types;
    MdlHardware *hardware;
    GHashTable *parents;    /* char * -> const char *: type -> what it derives from */
    GHashTable *interfaces; /* char * -> GHashTable of types */
    GHashTable *bus_kinds;  /* char * -> char *: type -> the kind of bus it goes on */
    char *kinds_of;         /* the type that kinds are of; NULL: of none yet */
    GHashTable *kinds;      /* char * */
    GHashTable *present;    /* char *: types of devices that are there, and that a planner adds */
    GHashTable *bus_types;  /* char * -> MdlBusType made for a kind nobody knows */
} Learner;

/* ---- kinds ----------------------------------------------------------------------------------- */

/* All kinds that a type is of. */
static void find_kinds(Learner *learner, const char *type)
{
    GHashTableIter iter;
    gpointer name, having;
    g_free(learner->kinds_of);
    learner->kinds_of = g_strdup(type);
    g_hash_table_remove_all(learner->kinds);
    g_hash_table_iter_init(&iter, learner->interfaces);
    while (g_hash_table_iter_next(&iter, &name, &having)) {
        if (g_hash_table_contains(having, type)) {
            g_hash_table_add(learner->kinds, g_strdup(name));
        }
    }
    for (unsigned i = 0; type && i < MAX_DERIVED; i++) {
        g_hash_table_add(learner->kinds, g_strdup(type));
        type = g_hash_table_lookup(learner->parents, type);
    }
}

static bool is_a(Learner *learner, const char *type, const char *kind)
{
    if (g_strcmp0(learner->kinds_of, type) != 0) {
        find_kinds(learner, type);
    }
    return g_hash_table_contains(learner->kinds, kind);
}

static const MdlBusType *made_bus_type(Learner *learner, const char *kind)
{
    MdlBusType *type = g_hash_table_lookup(learner->bus_types, kind);
    if (!type) {
        type = mdl_types_alloc(learner->types, sizeof(*type));
        *type = *mdl_bus_type_find("other");
        type->name = type->family = mdl_types_strdup(learner->types, kind);
        g_hash_table_insert(learner->bus_types, (gpointer)type->name, type);
    }
    return type;
}

/* Our type for a kind of bus; one is made of what nobody knows. */
static const MdlBusType *bus_type_of(Learner *learner, const char *kind)
{
    const MdlPlacement *placement = learner->placement;
    for (size_t i = 0; i < placement->n_kinds; i++) {
        if (strcmp(placement->kinds[i].kind, kind) == 0) {
            return mdl_bus_type_find(placement->kinds[i].words[0]);
        }
    }
    return made_bus_type(learner, kind);
}

/* Whether an object of the machine has a property on, or is of a type. */
static bool is_on(const Learner *learner, const char *property)
{
    size_t i;
    json_t *flag;
    json_array_foreach(json_object_get(learner->facts, "flags"), i, flag)
    {
        if (g_strcmp0(json_string_value(flag), property) == 0) {
            return true;
        }
    }
    return g_hash_table_contains(learner->present, property);
}

static bool is_one_on(const Learner *learner, const char *const *properties)
{
    for (size_t i = 0; properties[i]; i++) {
        if (is_on(learner, properties[i])) {
            return true;
        }
    }
    return false;
}

static bool provides(Learner *learner, const MdlKindProvides *row, const char *type)
{
    if ((row->where[0] && !is_one_on(learner, row->where)) || is_one_on(learner, row->unless)) {
        return false;
    }
    for (size_t i = 0; row->by[i]; i++) {
        if (is_a(learner, type, row->by[i])) {
            return true;
        }
    }
    return false;
}

/* ---- types of devices ------------------------------------------------------------------------ */

/* name "pcie-root-port", bus PCI, alias "x", desc "…", no-user */
static void read_qdm_line(Learner *learner, const char *line, GHashTable *fixed)
{
    if (!g_str_has_prefix(line, "name \"")) {
        return;
    }
    const char *start = line + strlen("name \""), *end = strchr(start, '"');
    if (!end) {
        return;
    }
    char *name = g_strndup(start, (size_t)(end - start));
    const char *bus = strstr(end, ", bus ");
    if (bus) {
        bus += strlen(", bus ");
        g_hash_table_insert(learner->bus_kinds, g_strdup(name),
                            g_strndup(bus, strcspn(bus, ",\r\n")));
    }
    if (strstr(end, ", no-user")) {
        g_hash_table_add(fixed, g_strdup(name));
    }
    g_free(name);
}

static const struct {
    const char *type;
    MdlKind kind;
    uint64_t maximum;
} number_types[] = {{"uint8", MDL_UINT, UINT8_MAX},   {"uint16", MDL_UINT, UINT16_MAX},
                    {"uint32", MDL_UINT, UINT32_MAX}, {"uint64", MDL_UINT, UINT64_MAX},
                    {"size", MDL_SIZE, UINT64_MAX},   {"bool", MDL_BOOL, 1}};

static MdlProperty read_property(Learner *learner, const json_t *from)
{
    const char *type = json_string_value(json_object_get(from, "type"));
    const char *doc = json_string_value(json_object_get(from, "description"));
    const json_t *fallback = json_object_get(from, "default-value");
    MdlProperty property = {.kind = MDL_STR, .maximum = UINT64_MAX};
    property.name =
        mdl_types_strdup(learner->types, json_string_value(json_object_get(from, "name")));
    property.doc = mdl_types_strdup(learner->types, doc ? doc : "");
    for (size_t i = 0; type && i < G_N_ELEMENTS(number_types); i++) {
        if (strcmp(type, number_types[i].type) == 0) {
            property.kind = number_types[i].kind;
            property.maximum = number_types[i].maximum;
        }
    }
    property.default_value.kind = property.kind;
    if (property.kind == MDL_BOOL) {
        property.default_value.number = json_is_true(fallback);
        property.has_default = true;
    } else if (property.kind != MDL_STR &&
               wire_json_get_uint(fallback, &property.default_value.number)) {
        property.has_default = property.default_value.number <= property.maximum;
    }
    return property;
}

static bool is_required(Learner *learner, const char *type, const char *property)
{
    const MdlPlacement *placement = learner->placement;
    for (size_t i = 0; i < placement->n_requires; i++) {
        if (is_a(learner, type, placement->requires[i].kind) &&
            g_strv_contains(placement->requires[i].words, property)) {
            return true;
        }
    }
    return false;
}

static void add_properties(Learner *learner, MdlDeviceType *type)
{
    const json_t *list = json_object_get(json_object_get(learner->facts, "properties"), type->name);
    size_t n = json_array_size(list);
    MdlProperty *properties = mdl_types_alloc(learner->types, n * sizeof(*properties));
    for (size_t i = 0; i < n; i++) {
        const json_t *from = json_array_get(list, i);
        if (json_is_string(json_object_get(from, "name"))) {
            MdlProperty *property = &properties[type->n_properties++];
            *property = read_property(learner, from);
            property->required = is_required(learner, type->name, property->name);
        }
    }
    type->properties = properties;
}

static void add_traits(Learner *learner, MdlDeviceType *type)
{
    const MdlPlacement *placement = learner->placement;
    g_autoptr(GPtrArray) words = g_ptr_array_new();
    for (size_t i = 0; i < placement->n_traits; i++) {
        const MdlKindWords *row = &placement->traits[i];
        for (size_t w = 0; is_a(learner, type->name, row->kind) && row->words[w]; w++) {
            g_ptr_array_add(words, (gpointer)row->words[w]);
        }
    }
    const char **traits = mdl_types_alloc(learner->types, (words->len + 1) * sizeof(*traits));
    for (size_t i = 0; i < words->len; i++) {
        traits[i] = g_ptr_array_index(words, i);
    }
    type->traits = traits;
}

static void add_provided(Learner *learner, MdlDeviceType *type)
{
    const MdlPlacement *placement = learner->placement;
    size_t n = 0;
    for (size_t i = 0; i < placement->n_provides; i++) {
        n += provides(learner, &placement->provides[i], type->name) ? placement->provides[i].count
                                                                    : 0;
    }
    MdlProvidedBus *buses = mdl_types_alloc(learner->types, n * sizeof(*buses));
    for (size_t i = 0; i < placement->n_provides; i++) {
        const MdlKindProvides *row = &placement->provides[i];
        for (uint64_t c = 0; provides(learner, row, type->name) && c < row->count; c++) {
            g_auto(GStrv) parts = g_strsplit(row->named ? row->named : "", "{n}", -1);
            g_autofree char *number = g_strdup_printf("%" G_GUINT64_FORMAT, c);
            g_autofree char *named = row->named ? g_strjoinv(number, parts) : NULL;
            buses[type->n_buses++] = (MdlProvidedBus){
                row->name, row->bus, "", mdl_types_strdup(learner->types, named), row->root};
        }
    }
    type->buses = buses;
}

static void add_type(Learner *learner, const char *name, bool user)
{
    MdlDeviceType type = {.name = mdl_types_strdup(learner->types, name), .doc = ""};
    const char *kind = NULL;
    for (const char *at = name; at && !kind; at = g_hash_table_lookup(learner->parents, at)) {
        kind = g_hash_table_lookup(learner->bus_kinds, at);
    }
    type.bus =
        mdl_types_strdup(learner->types, kind ? bus_type_of(learner, kind)->family : "machine");
    type.user_creatable = user;
    type.hotplug = true;
    add_traits(learner, &type);
    add_properties(learner, &type);
    add_provided(learner, &type);
    mdl_types_add(learner->types, &type);
}

static void read_parents(Learner *learner)
{
    const json_t *types = json_object_get(learner->facts, "types"), *type;
    size_t i;
    json_array_foreach(types, i, type)
    {
        const char *name = json_string_value(json_object_get(type, "name"));
        const char *parent = json_string_value(json_object_get(type, "parent"));
        if (name && parent && i < MAX_TYPES) {
            g_hash_table_insert(learner->parents, g_strdup(name), (gpointer)parent);
        }
    }
    const char *interface;
    json_t *list, *name;
    json_object_foreach((json_t *)json_object_get(learner->facts, "interfaces"), interface, list)
    {
        GHashTable *having = g_hash_table_new(g_str_hash, g_str_equal);
        json_array_foreach(list, i, name)
        {
            const char *text = json_string_value(json_object_get(name, "name"));
            if (text) {
                g_hash_table_add(having, (gpointer)text);
            }
        }
        g_hash_table_insert(learner->interfaces, g_strdup(interface), having);
    }
}

static void read_types(Learner *learner)
{
    const json_t *types = json_object_get(learner->facts, "types"), *type;
    g_autoptr(GHashTable) fixed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_auto(GStrv) lines =
        g_strsplit(json_string_value(json_object_get(learner->facts, "qdm")), "\n", -1);
    for (size_t i = 0; lines[i]; i++) {
        read_qdm_line(learner, lines[i], fixed);
    }
    size_t i;
    json_array_foreach(types, i, type)
    {
        const char *name = json_string_value(json_object_get(type, "name"));
        if (name && i < MAX_TYPES && !json_is_true(json_object_get(type, "abstract"))) {
            bool user = !g_hash_table_contains(fixed, name);
            add_type(learner, name, user);
        }
    }
}

/* ---- the tree -------------------------------------------------------------------------------- */

typedef struct Level { /* what a deeper line belongs to */
    size_t indent;
    MdlDevice *device; /* of a device, or the one behind which an inner bus stands */
    MdlBus *bus;
    bool inner;          /* a bus between the two halves of a device, or what is on it */
    GPtrArray *settings; /* char *: key, value, …; of a device that is being read */
} Level;

typedef struct Tree {
    Learner *learner;
    GArray *levels;        /* Level */
    GHashTable *n_of_type; /* char * -> number given out */
    GPtrArray *pending;    /* devices whose bus or address is known when all is read */
} Tree;

static Level *top(Tree *tree)
{
    return tree->levels->len ? &g_array_index(tree->levels, Level, tree->levels->len - 1) : NULL;
}

static const char *setting_of(const GPtrArray *settings, const char *name)
{
    for (size_t i = 0; name && i + 1 < settings->len; i += 2) {
        if (strcmp(g_ptr_array_index(settings, i), name) == 0) {
            return g_ptr_array_index(settings, i + 1);
        }
    }
    return NULL;
}

/* The address in the words of the bus, from what the device shows. */
static void set_address(MdlDevice *device, const GPtrArray *settings)
{
    const MdlBusType *type = device->bus->type;
    const char *whole = setting_of(settings, type->shown ? type->shown : type->property);
    g_autofree char *why = NULL;
    if (whole) {
        mdl_address_parse(type, whole, &device->address, &why);
        return;
    }
    for (size_t i = 0; i < type->n_fields; i++) {
        const char *text = setting_of(settings, type->fields[i].property);
        if (text) {
            device->address.fields[i] = g_ascii_strtoull(text, NULL, 0);
        }
    }
}

static void close_levels(Tree *tree, size_t indent)
{
    for (Level *level; (level = top(tree)) && level->indent >= indent;) {
        if (level->settings) {
            g_ptr_array_unref(level->settings);
        }
        g_array_set_size(tree->levels, tree->levels->len - 1);
    }
}

static char *unique_id(Tree *tree, const char *type, const char *given)
{
    MdlHardware *hardware = tree->learner->hardware;
    if (*given && !mdl_hardware_device(hardware, given)) {
        return g_strdup(given);
    }
    for (;;) {
        gpointer n = g_hash_table_lookup(tree->n_of_type, type);
        g_hash_table_insert(tree->n_of_type, g_strdup(type),
                            GUINT_TO_POINTER(GPOINTER_TO_UINT(n) + 1));
        g_autofree char *id = g_strdup_printf("%s#%u", type, GPOINTER_TO_UINT(n));
        if (!mdl_hardware_device(hardware, id)) {
            return g_steal_pointer(&id);
        }
    }
}

/* dev: TYPE, id "ID" */
static void read_device(Tree *tree, size_t indent, const char *text)
{
    Learner *learner = tree->learner;
    Level *above = top(tree);
    Level level = {.indent = indent, .settings = g_ptr_array_new_with_free_func(g_free)};
    size_t length = strcspn(text, ",");
    g_autofree char *name = g_strndup(text, length);
    const char *quoted = strstr(text + length, "id \"");
    g_autofree char *given =
        quoted ? g_strndup(quoted + 4, strcspn(quoted + 4, "\"")) : g_strdup("");
    if (!above || above->inner) {
        level.device = above ? above->device : NULL;
        level.inner = above != NULL;
    } else if (above->bus && learner->hardware->devices->len < MAX_DEVICES) {
        if (!mdl_types_find(learner->types, name)) {
            add_type(learner, name, false);
        }
        g_autofree char *id = unique_id(tree, name, given);
        level.device = mdl_import_device(learner->hardware, id,
                                         mdl_types_find(learner->types, name), above->bus, NULL);
        level.device->named = *given != '\0';
    }
    g_array_append_val(tree->levels, level);
}

/* What the device says when all its properties are known: before its buses are read. */
static void settle(Tree *tree, const Level *level)
{
    for (size_t i = 0; level->device && i + 1 < level->settings->len; i += 2) {
        mdl_import_property(tree->learner->hardware, level->device,
                            g_ptr_array_index(level->settings, i),
                            g_ptr_array_index(level->settings, i + 1));
    }
    if (level->device && level->device->bus && !level->inner) {
        set_address(level->device, level->settings);
    }
}

static bool is_inner(const Learner *learner, const char *kind)
{
    const MdlBusType *type = NULL;
    for (size_t i = 0; i < learner->placement->n_kinds; i++) {
        if (strcmp(learner->placement->kinds[i].kind, kind) == 0) {
            type = mdl_bus_type_find(learner->placement->kinds[i].words[0]);
        }
    }
    return type && type->inner;
}

/* The type of a bus: as its owner provides it, or as its kind has it. */
static const MdlBusType *find_bus_type(Learner *learner, const MdlDevice *owner, const char *kind)
{
    const MdlBusType *by_kind = bus_type_of(learner, kind);
    for (size_t i = 0; owner && i < owner->type->n_buses; i++) {
        const MdlBusType *type = mdl_bus_type_find(owner->type->buses[i].type);
        if (type && strcmp(type->family, by_kind->family) == 0) {
            return type;
        }
    }
    return by_kind;
}

/* bus: NAME, and in the next line its kind */
static void read_bus(Tree *tree, size_t indent, const char *name, const char *next)
{
    Learner *learner = tree->learner;
    const char *kind = next ? strstr(next, "type ") : NULL;
    g_autofree char *word = g_strdup(kind ? kind + strlen("type ") : "");
    Level *above = top(tree);
    g_strstrip(word);
    if (above && above->settings) {
        settle(tree, above);
    }
    Level level = {.indent = indent, .device = above ? above->device : NULL};
    if (is_inner(learner, word)) {
        level.inner = true;
    } else {
        const MdlBusType *type = find_bus_type(learner, level.device, word);
        level.bus = mdl_import_bus(learner->hardware, name, type, level.device);
        level.bus->hotplug = false;
        const json_t *list = json_object_get(learner->facts, "hotplug-buses"), *at;
        size_t i;
        json_array_foreach(list, i, at)
        {
            level.bus->hotplug |= json_is_string(at) && strcmp(json_string_value(at), name) == 0;
        }
    }
    g_array_append_val(tree->levels, level);
}

/* name = "text" | 5 (0x5) | 01.0 */
static void read_setting(Tree *tree, const char *line)
{
    Level *level = top(tree);
    const char *equals = strstr(line, " = ");
    if (!level || !level->settings) {
        return;
    }
    const char *port = g_str_has_prefix(line, "addr ") ? strstr(line, ", port ") : NULL;
    if (port) { /* what a USB device says in a line of its own, after its properties */
        port += strlen(", port ");
        g_ptr_array_insert(level->settings, 0, g_strndup(port, strcspn(port, ",")));
        g_ptr_array_insert(level->settings, 0, g_strdup("port"));
    }
    if (!equals) {
        return;
    }
    const char *value = equals + 3;
    bool quoted = *value == '"';
    size_t length = quoted ? strcspn(value + 1, "\"") : strcspn(value, " ");
    g_ptr_array_add(level->settings, g_strndup(line, (size_t)(equals - line)));
    g_ptr_array_add(level->settings, g_strndup(value + quoted, length));
}

static void read_tree(Learner *learner)
{
    g_autoptr(GArray) levels = g_array_new(FALSE, FALSE, sizeof(Level));
    g_autoptr(GHashTable) numbers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    Tree tree = {.learner = learner, .levels = levels, .n_of_type = numbers};
    g_auto(GStrv) lines =
        g_strsplit(json_string_value(json_object_get(learner->facts, "qtree")), "\n", -1);
    for (size_t i = 0; lines[i]; i++) {
        g_strchomp(lines[i]);
        size_t indent = strspn(lines[i], " ");
        const char *text = lines[i] + indent;
        bool device = g_str_has_prefix(text, "dev: "), bus = g_str_has_prefix(text, "bus: ");
        if (!device && !bus) {
            read_setting(&tree, text);
            continue;
        }
        Level *level = top(&tree);
        if (level && level->settings && indent <= level->indent) {
            settle(&tree, level);
        }
        close_levels(&tree, indent);
        if (levels->len >= MAX_DEPTH) {
            continue;
        }
        if (device) {
            read_device(&tree, indent, text + strlen("dev: "));
        } else {
            read_bus(&tree, indent, text + strlen("bus: "), lines[i + 1]);
        }
    }
    if (top(&tree) && top(&tree)->settings) {
        settle(&tree, top(&tree));
    }
    close_levels(&tree, 0);
}

/* Which rules of boards hold: those of whose kind there is a device. */
static void find_boards(Learner *learner)
{
    const MdlPlacement *placement = learner->placement;
    const MdlBoard **boards =
        mdl_types_alloc(learner->types, (placement->n_boards + 1) * sizeof(*boards));
    for (size_t b = 0, n = 0; b < placement->n_boards; b++) {
        bool there = false;
        for (size_t i = 0; i < learner->hardware->devices->len; i++) {
            const MdlDevice *device = g_ptr_array_index(learner->hardware->devices, i);
            there = there || is_a(learner, device->type->name, placement->boards[b].kind);
        }
        if (there) {
            boards[n++] = &placement->boards[b];
        }
    }
    mdl_import_boards(learner->hardware, boards);
}

/* ---- the whole ------------------------------------------------------------------------------- */

void cmd_learned_free(CmdLearned *learned)
{
    if (!learned) {
        return;
    }
    mdl_hardware_free(learned->hardware);
    mdl_types_free(learned->types);
    json_decref(learned->cpus);
    g_free(learned);
}

static bool has_forms(const json_t *facts, GError **error)
{
    static const struct {
        const char *name;
        json_type type;
    } members[] = {
        {"machine", JSON_STRING},    {"arch", JSON_STRING},         {"qtree", JSON_STRING},
        {"qdm", JSON_STRING},        {"types", JSON_ARRAY},         {"interfaces", JSON_OBJECT},
        {"properties", JSON_OBJECT}, {"hotplug-buses", JSON_ARRAY}, {"flags", JSON_ARRAY}};
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
        const json_t *member = json_object_get(facts, members[i].name);
        if (!member || json_typeof(member) != members[i].type) {
            g_propagate_error(error, wire_error_new(WIRE_ERROR_FAILED, "FactsInvalid",
                                                    members[i].name, NULL,
                                                    "the facts of a machine have no \"%s\" of the "
                                                    "right form",
                                                    members[i].name));
            return false;
        }
    }
    return true;
}

/* Places that have a path have a CPU. */
static void read_cpus(CmdLearned *learned, json_t *cpus)
{
    MdlHardware *hardware = learned->hardware;
    size_t i;
    json_t *cpu;
    if (!json_is_array(cpus)) {
        return;
    }
    learned->cpus = json_incref(cpus);
    json_array_foreach(cpus, i, cpu)
    {
        uint64_t count = 1;
        wire_json_get_uint(json_object_get(cpu, "vcpus-count"), &count);
        hardware->max_cpus += count;
        hardware->cpus += json_object_get(cpu, "qom-path") ? count : 0;
        hardware->cpu_type = json_string_value(json_object_get(cpu, "type"));
    }
}

CmdLearned *cmd_learned_read(const json_t *facts, GError **error)
{
    if (!has_forms(facts, error)) {
        return NULL;
    }
    CmdLearned *learned = g_new0(CmdLearned, 1);
    learned->types = mdl_types_new();
    Learner learner = {.facts = facts,
                       .placement = mdl_placement_find("qemu"),
                       .types = learned->types,
                       .parents = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                       .interfaces = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                                           (GDestroyNotify)g_hash_table_unref),
                       .bus_kinds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
                       .kinds = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL),
                       .present = cmd_learned_types(facts, NULL),
                       .bus_types = g_hash_table_new(g_str_hash, g_str_equal)};
    learned->hardware = learner.hardware = mdl_hardware_import(
        json_string_value(json_object_get(facts, "machine")),
        json_string_value(json_object_get(facts, "arch")), learner.placement, learned->types);
    read_parents(&learner);
    read_types(&learner);
    read_tree(&learner);
    find_boards(&learner);
    mdl_import_bus(learned->hardware, "machine", made_bus_type(&learner, "machine"), NULL);
    read_cpus(learned, json_object_get(facts, "cpus"));
    g_hash_table_unref(learner.parents);
    g_hash_table_unref(learner.interfaces);
    g_hash_table_unref(learner.bus_kinds);
    g_hash_table_unref(learner.present);
    g_hash_table_unref(learner.kinds);
    g_free(learner.kinds_of);
    g_hash_table_unref(learner.bus_types);
    return learned;
}
