/* machine: lays a layer over its base and checks what can be checked without a target. */
#include "machine.h"

#include "declare.h"
#include "value.h"

#include <string.h>

const MdlCommonName mdl_common_names[] = {
    {"smp.cpus", MDL_UINT, "CPUs there are"},
    {"smp.max-cpus", MDL_UINT, "CPUs there is room for"},
    {"smp.sockets", MDL_UINT, "Sockets"},
    {"smp.clusters", MDL_UINT, "Clusters in a socket"},
    {"smp.cores", MDL_UINT, "Cores in a cluster"},
    {"smp.threads", MDL_UINT, "Hardware threads in a core"},
    {"memory.size", MDL_SIZE, "Bytes of memory"},
    {"accel.name", MDL_STR, "Accelerator"},
    {"accel.runs", MDL_BOOL, "Its CPUs execute"},
    {"accel.max-cpus", MDL_UINT, "Most CPUs it takes"},
    {"cpu.type", MDL_STR, "CPU type"},
    {"index", MDL_UINT, "Number of a repeated device, from 0; 0 for others"},
    {NULL, MDL_BOOL, NULL},
};

static void part_free(gpointer data)
{
    MdlPart *part = data;
    g_ptr_array_unref(part->settings);
    g_free(part);
}

void mdl_machine_free(MdlMachine *machine)
{
    if (!machine) {
        return;
    }
    g_free(machine->full_name);
    g_ptr_array_unref(machine->parts);
    g_ptr_array_unref(machine->options);
    g_array_unref(machine->nodes);
    mdl_arena_free(machine->arena);
    g_free(machine);
}

/* ---- looking things up ----------------------------------------------------------------------- */

const MdlOption *mdl_machine_option(const MdlMachine *machine, const char *name)
{
    for (size_t i = 0; i < machine->options->len; i++) {
        const MdlOption *option = g_ptr_array_index(machine->options, i);
        if (strcmp(option->property.name, name) == 0) {
            return option;
        }
    }
    return NULL;
}

const MdlPart *mdl_machine_part(const MdlMachine *machine, const char *kind, const char *name)
{
    for (size_t i = 0; i < machine->parts->len; i++) {
        const MdlPart *part = g_ptr_array_index(machine->parts, i);
        if (strcmp(part->kind, kind) == 0 && g_strcmp0(part->name, name) == 0) {
            return part;
        }
    }
    return NULL;
}

const MdlSetting *mdl_part_setting(const MdlPart *part, const char *key)
{
    for (size_t i = 0; part && i < part->settings->len; i++) {
        const MdlSetting *setting = g_ptr_array_index(part->settings, i);
        if (strcmp(setting->key, key) == 0) {
            return setting;
        }
    }
    return NULL;
}

const char *mdl_part_value(const MdlPart *part, const char *key)
{
    const MdlSetting *setting = mdl_part_setting(part, key);
    return setting ? setting->value : NULL;
}

uint64_t mdl_part_number(const MdlPart *part, const char *key, uint64_t fallback)
{
    const char *text = mdl_part_value(part, key);
    uint64_t number;
    return text && mdl_number_parse(text, &number) ? number : fallback;
}

bool mdl_machine_describe(const MdlMachine *machine, const char *name, MdlNameInfo *ret_info)
{
    const char *option_name = g_str_has_prefix(name, "options.") ? name + strlen("options.") : name;
    const MdlOption *option = mdl_machine_option(machine, option_name);
    if (option) {
        *ret_info = (MdlNameInfo){option->property.kind, option->property.values};
        return true;
    }
    if (g_str_has_prefix(name, "device.") &&
        mdl_machine_part(machine, "device", name + strlen("device."))) {
        *ret_info = (MdlNameInfo){MDL_BOOL, NULL};
        return true;
    }
    for (size_t i = 0; mdl_common_names[i].name; i++) {
        if (strcmp(mdl_common_names[i].name, name) == 0) {
            *ret_info = (MdlNameInfo){mdl_common_names[i].kind, NULL};
            return true;
        }
    }
    return false;
}

/* ---- laying a layer over its base ------------------------------------------------------------ */

typedef struct Layer {
    MdlMachine *machine;
    const MdlCfg *cfg;
    const char *file; /* owned by the machine's arena */
    MdlFindings *findings;
} Layer;

G_GNUC_PRINTF(5, 6)
static void find(Layer *layer, MdlCheckId check, const MdlCfgGroup *group, unsigned line,
                 const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *what =
        group ? g_strdup_printf("%s: %s%s%s", layer->machine->full_name, group->kind,
                                group->name ? " " : "", group->name ? group->name : "")
              : g_strdup(layer->machine->full_name);
    MdlPlace place = {.file = layer->file, .line = line, .what = what};
    mdl_find(layer->findings, check, &place, NULL, "%s", message);
}

static MdlPart *copy_part(const MdlPart *from)
{
    MdlPart *part = g_memdup2(from, sizeof(*from));
    part->settings = g_ptr_array_copy(from->settings, NULL, NULL);
    return part;
}

static MdlPart *find_own_part(Layer *layer, const char *kind, const char *name)
{
    return (MdlPart *)mdl_machine_part(layer->machine, kind, name);
}

static MdlPart *add_part(Layer *layer, const MdlCfgGroup *group)
{
    MdlMachine *machine = layer->machine;
    MdlPart *part = g_new0(MdlPart, 1);
    part->kind = mdl_arena_strdup(machine->arena, group->kind);
    part->name = mdl_arena_strdup(machine->arena, group->name);
    part->layer = machine->full_name;
    part->file = layer->file;
    part->line = group->line;
    part->minimal = machine->vm || machine->is_minimal || !machine->has_minimal;
    part->settings = g_ptr_array_new();
    g_ptr_array_add(machine->parts, part);
    return part;
}

static void set_key(Layer *layer, MdlPart *part, const MdlCfgKey *key)
{
    MdlArena *arena = layer->machine->arena;
    MdlSetting *setting = mdl_arena_new0(arena, MdlSetting);
    setting->key = mdl_arena_strdup(arena, key->name);
    setting->value = mdl_arena_strdup(arena, key->value ? key->value : "");
    setting->file = layer->file;
    setting->line = key->line;
    for (size_t i = 0; i < part->settings->len; i++) {
        const MdlSetting *lower = g_ptr_array_index(part->settings, i);
        if (strcmp(lower->key, setting->key) == 0) {
            g_ptr_array_index(part->settings, i) = setting;
            return;
        }
    }
    g_ptr_array_add(part->settings, setting);
}

static void merge_part(Layer *layer, const MdlCfgGroup *group)
{
    MdlPart *part = find_own_part(layer, group->kind, group->name);
    if (!part) {
        part = add_part(layer, group);
    }
    for (size_t i = 0; i < group->keys->len; i++) {
        set_key(layer, part, g_ptr_array_index(group->keys, i));
    }
}

static void merge_device(Layer *layer, const MdlCfgGroup *group)
{
    const MdlPart *lower = find_own_part(layer, "device", group->name);
    const MdlCfgKey *type = mdl_cfg_key(group, "type");
    if (lower && type) {
        find(layer, MDL_CHECK_DEVICE_DUPLICATE, group, type->line,
             "the device has its type already from %s", lower->file);
        return;
    }
    if (!lower && !type) {
        find(layer, MDL_CHECK_DEVICE_UNTYPED, group, group->line,
             "no lower layer has this device, so it needs a type");
        return;
    }
    if (type && !mdl_device_type_find(type->value)) {
        find(layer, MDL_CHECK_UNKNOWN_DEVICE_TYPE, group, type->line,
             "there is no device type \"%s\"", type->value);
        return;
    }
    merge_part(layer, group);
}

static void merge_remove(Layer *layer, const MdlCfgGroup *group)
{
    MdlPart *part = find_own_part(layer, "device", group->name);
    if (!part) {
        find(layer, MDL_CHECK_REMOVE_UNKNOWN, group, group->line,
             "no lower layer has a device \"%s\"", group->name);
        return;
    }
    g_ptr_array_remove(layer->machine->parts, part);
}

static void merge_option(Layer *layer, const MdlCfgGroup *group)
{
    MdlMachine *machine = layer->machine;
    const MdlOption *lower = mdl_machine_option(machine, group->name);
    if (lower) {
        find(layer, MDL_CHECK_OPTION_DUPLICATE, group, group->line,
             "layer %s declares this option; change its default in [options]", lower->layer);
        return;
    }
    MdlNameInfo info;
    if (mdl_machine_describe(machine, group->name, &info)) {
        find(layer, MDL_CHECK_PROPERTY_DECLARATION, group, group->line,
             "the name means something else in expressions; choose another one");
        return;
    }
    MdlOption *option = mdl_arena_new0(machine->arena, MdlOption);
    if (!mdl_declare_property(machine->arena, layer->file, group, &option->property,
                              layer->findings)) {
        return;
    }
    option->layer = machine->full_name;
    option->minimal = machine->vm || machine->is_minimal || !machine->has_minimal;
    g_ptr_array_add(machine->options, option);
}

/* New defaults: the option is copied, so that the base keeps its own. */
static void merge_options(Layer *layer, const MdlCfgGroup *group)
{
    MdlMachine *machine = layer->machine;
    for (size_t i = 0; i < group->keys->len; i++) {
        const MdlCfgKey *key = g_ptr_array_index(group->keys, i);
        const MdlOption *lower = mdl_machine_option(machine, key->name);
        if (!lower) {
            find(layer, MDL_CHECK_UNKNOWN_OPTION, group, key->line, "there is no option \"%s\"",
                 key->name);
            continue;
        }
        MdlOption *option = mdl_arena_new0(machine->arena, MdlOption);
        *option = *lower;
        g_autofree char *why = NULL;
        const char *text = mdl_arena_strdup(machine->arena, key->value ? key->value : "");
        if (!mdl_value_parse(&option->property, text, &option->property.default_value, &why)) {
            find(layer, MDL_CHECK_OPTION_VALUE, group, key->line, "\"%s\" %s", key->name, why);
            continue;
        }
        guint at = 0;
        g_ptr_array_find(machine->options, lower, &at);
        g_ptr_array_index(machine->options, at) = option;
    }
}

static void merge_default(Layer *layer, const MdlCfgGroup *group)
{
    if (!mdl_device_type_find(group->name)) {
        find(layer, MDL_CHECK_UNKNOWN_DEVICE_TYPE, group, group->line,
             "there is no device type \"%s\"", group->name);
        return;
    }
    merge_part(layer, group);
}

static void merge_bus(Layer *layer, const MdlCfgGroup *group)
{
    const MdlPart *lower = find_own_part(layer, "bus", group->name);
    const char *type = mdl_cfg_value(group, "type");
    if (!type && !lower) {
        find(layer, MDL_CHECK_MISSING_KEY, group, group->line, "key \"type\" is required");
        return;
    }
    if (type && !mdl_bus_type_find(type)) {
        find(layer, MDL_CHECK_UNKNOWN_BUS_TYPE, group, group->line, "there is no bus type \"%s\"",
             type);
        return;
    }
    merge_part(layer, group);
}

/* The properties of a node over those of the same node in a lower layer. */
static MdlNode lay_over(MdlArena *arena, const MdlNode *lower, const MdlNode *upper)
{
    size_t n = lower->n_properties;
    MdlNodeProperty *all =
        mdl_arena_alloc(arena, (n + upper->n_properties) * sizeof(MdlNodeProperty));
    memcpy(all, lower->properties, n * sizeof(*all));
    for (size_t i = 0; i < upper->n_properties; i++) {
        size_t at = 0;
        while (at < n && strcmp(all[at].name, upper->properties[i].name) != 0) {
            at++;
        }
        all[at] = upper->properties[i];
        n = MAX(n, at + 1);
    }
    return (MdlNode){.path = lower->path, .properties = all, .n_properties = n};
}

static void merge_node(Layer *layer, const MdlCfgGroup *group)
{
    MdlMachine *machine = layer->machine;
    MdlNode node = mdl_declare_node(machine->arena, layer->file, group);
    for (size_t i = 0; i < machine->nodes->len; i++) {
        MdlNode *lower = &g_array_index(machine->nodes, MdlNode, i);
        if (strcmp(lower->path, node.path) == 0) {
            *lower = lay_over(machine->arena, lower, &node);
            return;
        }
    }
    g_array_append_val(machine->nodes, node);
}

static const struct {
    const char *kind;
    void (*merge)(Layer *layer, const MdlCfgGroup *group);
} merges[] = {
    {"option", merge_option}, {"options", merge_options}, {"cpus", merge_part},
    {"memory", merge_part},   {"bus", merge_bus},         {"device", merge_device},
    {"remove", merge_remove}, {"default", merge_default}, {"slot", merge_part},
    {"node", merge_node},
};

/* ---- checks that need all layers ------------------------------------------------------------- */

static bool describe(void *context, const char *name, MdlNameInfo *ret_info)
{
    return mdl_machine_describe(context, name, ret_info);
}

/* Parses the expression of a setting of this layer and holds its names against the machine. */
static void settle_expression(Layer *layer, const MdlCfgGroup *group, const MdlSetting *setting,
                              bool condition)
{
    MdlScope scope = {.describe = describe, .context = layer->machine};
    g_autofree char *why = NULL;
    MdlKind kind;
    const MdlExpr *expr = mdl_expr_parse(layer->machine->arena, setting->value, &why);
    if (!expr || !mdl_expr_check(expr, &scope, &kind, &why)) {
        find(layer, MDL_CHECK_CONDITION, group, setting->line, "\"%s\": %s", setting->key, why);
        return;
    }
    if ((kind == MDL_BOOL) != condition || kind == MDL_ENUM || kind == MDL_STR) {
        find(layer, MDL_CHECK_CONDITION, group, setting->line, "\"%s\" must be a %s", setting->key,
             condition ? "condition" : "number");
        return;
    }
    ((MdlSetting *)setting)->expr = expr;
}

static const MdlProperty *find_property(const MdlDeviceType *type, const char *name)
{
    for (size_t i = 0; i < type->n_properties; i++) {
        if (strcmp(type->properties[i].name, name) == 0) {
            return &type->properties[i];
        }
    }
    return NULL;
}

static bool is_number(const MdlProperty *property)
{
    return property->kind == MDL_UINT || property->kind == MDL_SIZE;
}

static void settle_property(Layer *layer, const MdlCfgGroup *group, const MdlSetting *setting,
                            const MdlDeviceType *type)
{
    const MdlProperty *property = find_property(type, setting->key);
    if (!property) {
        find(layer, MDL_CHECK_UNKNOWN_PROPERTY, group, setting->line,
             "device type %s has no property \"%s\"", type->name, setting->key);
        return;
    }
    g_autofree char *why = NULL;
    MdlValue value;
    if (mdl_value_parse(property, setting->value, &value, &why)) {
        return;
    }
    uint64_t number;
    if ((is_number(property) && !mdl_number_parse(setting->value, &number)) ||
        property->kind == MDL_BOOL) {
        settle_expression(layer, group, setting, property->kind == MDL_BOOL);
    } else {
        find(layer, MDL_CHECK_PROPERTY_VALUE, group, setting->line, "\"%s\" %s", setting->key, why);
    }
}

static bool type_has_region(const MdlDeviceType *type, const char *name)
{
    for (size_t i = 0; i < type->n_regions; i++) {
        if (strcmp(type->regions[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static bool type_has_irq(const MdlDeviceType *type, const char *name)
{
    for (size_t i = 0; i < type->n_irqs; i++) {
        if (strcmp(type->irqs[i].name, name) == 0) {
            return true;
        }
    }
    return false;
}

static void settle_device_key(Layer *layer, const MdlCfgGroup *group, const MdlSetting *setting,
                              const MdlDeviceType *type)
{
    const char *key = setting->key;
    static const char *const plain[] = {"type", "bus", "irq", "stands-for", NULL};
    if (g_strv_contains(plain, key)) {
        return;
    }
    if (strcmp(key, "address") == 0) {
        const MdlBusType *bus = mdl_bus_type_find(type->bus);
        if (bus && bus->ranges) { /* a bus of ranges is a family of its own */
            settle_expression(layer, group, setting, false);
        }
    } else if (strcmp(key, "when") == 0) {
        settle_expression(layer, group, setting, true);
    } else if (strcmp(key, "count") == 0) {
        settle_expression(layer, group, setting, false);
    } else if (g_str_has_prefix(key, "region.")) {
        if (type_has_region(type, key + strlen("region."))) {
            settle_expression(layer, group, setting, false);
        } else {
            find(layer, MDL_CHECK_UNKNOWN_PROPERTY, group, setting->line,
                 "device type %s has no region \"%s\"", type->name, key + strlen("region."));
        }
    } else if (g_str_has_prefix(key, "irq.")) {
        if (!type_has_irq(type, key + strlen("irq."))) {
            find(layer, MDL_CHECK_UNKNOWN_PROPERTY, group, setting->line,
                 "device type %s has no interrupt \"%s\"", type->name, key + strlen("irq."));
        }
    } else {
        settle_property(layer, group, setting, type);
    }
}

static const MdlDeviceType *type_of(const MdlPart *part)
{
    if (strcmp(part->kind, "default") == 0) {
        return mdl_device_type_find(part->name);
    }
    const char *type = mdl_part_value(part, "type");
    return type ? mdl_device_type_find(type) : NULL;
}

/* What the layers together must say of CPUs and memory, where the machine has any. */
static void settle_whole(Layer *layer, const MdlCfgGroup *group)
{
    static const char *const wanted[][2] = {{"cpus", "types"},
                                            {"cpus", "max"},
                                            {"memory", "type"},
                                            {"memory", "base"},
                                            {"memory", "default"}};
    const MdlPart *part = mdl_machine_part(layer->machine, group->kind, NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(wanted); i++) {
        if (strcmp(group->kind, wanted[i][0]) == 0 && !mdl_part_setting(part, wanted[i][1])) {
            find(layer, MDL_CHECK_MISSING_KEY, group, group->line, "key \"%s\" is required",
                 wanted[i][1]);
        }
    }
}

static void settle_cpu_types(Layer *layer, const MdlCfgGroup *group)
{
    const MdlCfgKey *key = mdl_cfg_key(group, "types");
    const char *const *types = mdl_arena_words(layer->machine->arena, key ? key->value : NULL);
    for (size_t i = 0; types[i]; i++) {
        if (!mdl_device_type_find(types[i])) {
            find(layer, MDL_CHECK_UNKNOWN_DEVICE_TYPE, group, key->line,
                 "there is no device type \"%s\"", types[i]);
        }
    }
}

/* Memory is one region, whose size the target gives. */
static void settle_memory_type(Layer *layer, const MdlCfgGroup *group)
{
    const MdlCfgKey *key = mdl_cfg_key(group, "type");
    const MdlDeviceType *type = key ? mdl_device_type_find(key->value) : NULL;
    const MdlProperty *size = type ? find_property(type, "size") : NULL;
    if (key && (!size || size->kind != MDL_SIZE || type->n_regions != 1)) {
        find(layer, MDL_CHECK_UNKNOWN_DEVICE_TYPE, group, key->line,
             "\"%s\" is not a device type with one region and a property \"size\"", key->value);
    }
}

static void settle_group(Layer *layer, const MdlCfgGroup *group)
{
    const MdlPart *part = mdl_machine_part(layer->machine, group->kind, group->name);
    const MdlDeviceType *type = part ? type_of(part) : NULL;
    for (size_t i = 0; part && i < group->keys->len; i++) {
        const MdlCfgKey *key = g_ptr_array_index(group->keys, i);
        const MdlSetting *setting = mdl_part_setting(part, key->name);
        if (!setting || setting->file != layer->file) {
            continue; /* the group was refused; what a lower layer says is not ours */
        }
        if (strcmp(group->kind, "device") == 0 && type) {
            settle_device_key(layer, group, setting, type);
        } else if (strcmp(group->kind, "default") == 0 && type) {
            settle_property(layer, group, setting, type);
        } else if (strcmp(group->kind, "memory") == 0 && strcmp(key->name, "base") == 0) {
            settle_expression(layer, group, setting, false);
        }
    }
    if (strcmp(group->kind, "cpus") == 0) {
        settle_whole(layer, group);
        settle_cpu_types(layer, group);
    } else if (strcmp(group->kind, "memory") == 0) {
        settle_whole(layer, group);
        settle_memory_type(layer, group);
    }
}

/* ---- the head -------------------------------------------------------------------------------- */

static void read_head(Layer *layer, const MdlCfgGroup *head, const MdlMachine *base)
{
    MdlMachine *machine = layer->machine;
    MdlArena *arena = machine->arena;
    machine->file = layer->file;
    machine->line = head->line;
    machine->name = mdl_arena_strdup(arena, mdl_cfg_value(head, "name"));
    machine->version = mdl_arena_strdup(arena, mdl_cfg_value(head, "version"));
    machine->full_name = machine->vm ? g_strdup(machine->name)
                                     : g_strdup_printf("%s-%s", machine->name, machine->version);
    const char *doc = mdl_cfg_value(head, "doc"), *arch = mdl_cfg_value(head, "arch");
    machine->doc = doc ? mdl_arena_strdup(arena, doc) : base ? base->doc : "";
    machine->arch = arch ? mdl_arena_strdup(arena, arch) : base ? base->arch : NULL;
    machine->deprecated = mdl_arena_strdup(arena, mdl_cfg_value(head, "deprecated"));
    const char *accel = mdl_cfg_value(head, "accel");
    machine->accel = accel ? mdl_arena_strdup(arena, accel) : base ? base->accel : NULL;
    if (base && machine->vm) { /* what a VM is given, one over it has too */
        machine->cpu = base->cpu;
        machine->cpus = base->cpus;
        machine->memory = base->memory;
        machine->nodefaults = base->nodefaults;
    }
    const char *text;
    if ((text = mdl_cfg_value(head, "cpu"))) {
        machine->cpu = mdl_arena_strdup(arena, text);
    }
    if ((text = mdl_cfg_value(head, "cpus"))) {
        mdl_number_parse(text, &machine->cpus);
    }
    if ((text = mdl_cfg_value(head, "memory"))) {
        mdl_number_parse(text, &machine->memory);
    }
    if ((text = mdl_cfg_value(head, "nodefaults"))) {
        mdl_bool_parse(text, &machine->nodefaults);
    }
    if ((text = mdl_cfg_value(head, "minimal"))) {
        mdl_bool_parse(text, &machine->is_minimal);
    }
    machine->has_minimal = machine->is_minimal || (base && base->has_minimal);
    if (!machine->arch) {
        find(layer, MDL_CHECK_MISSING_KEY, head, head->line,
             "key \"arch\" is required where no other machine is extended");
    }
}

static void inherit(MdlMachine *machine, const MdlMachine *base)
{
    for (size_t i = 0; i < base->parts->len; i++) {
        MdlPart *part = copy_part(g_ptr_array_index(base->parts, i));
        /* the first minimal layer closes the list of what stays: all below it does */
        part->minimal = part->minimal || machine->is_minimal;
        g_ptr_array_add(machine->parts, part);
    }
    for (size_t i = 0; i < base->options->len; i++) {
        MdlOption *option = mdl_arena_new0(machine->arena, MdlOption);
        *option = *(const MdlOption *)g_ptr_array_index(base->options, i);
        option->minimal = option->minimal || machine->is_minimal;
        g_ptr_array_add(machine->options, option);
    }
    g_array_append_vals(machine->nodes, base->nodes->data, base->nodes->len);
}

MdlMachine *mdl_machine_read(const MdlCfg *cfg, const MdlMachine *base, bool vm, const char *hash,
                             MdlFindings *findings)
{
    size_t before = mdl_findings_count(findings);
    MdlMachine *machine = g_new0(MdlMachine, 1);
    machine->arena = mdl_arena_new();
    machine->parts = g_ptr_array_new_with_free_func(part_free);
    machine->options = g_ptr_array_new();
    machine->nodes = g_array_new(FALSE, FALSE, sizeof(MdlNode));
    machine->vm = vm;
    machine->base = base;
    machine->hash = mdl_arena_strdup(machine->arena, hash);
    Layer layer = {.machine = machine,
                   .cfg = cfg,
                   .file = mdl_arena_strdup(machine->arena, cfg->file),
                   .findings = findings};
    read_head(&layer, g_ptr_array_index(cfg->groups, 0), base);
    if (base) {
        inherit(machine, base);
    }
    for (size_t i = 1; i < cfg->groups->len; i++) {
        const MdlCfgGroup *group = g_ptr_array_index(cfg->groups, i);
        for (size_t m = 0; m < G_N_ELEMENTS(merges); m++) {
            if (strcmp(merges[m].kind, group->kind) == 0) {
                merges[m].merge(&layer, group);
            }
        }
    }
    for (size_t i = 1; i < cfg->groups->len; i++) {
        settle_group(&layer, g_ptr_array_index(cfg->groups, i));
    }
    if (mdl_findings_count(findings) > before) {
        mdl_machine_free(machine);
        return NULL;
    }
    return machine;
}
