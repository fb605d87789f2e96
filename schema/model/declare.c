/* declare: holds a file against the tables of the language, and reads types from it. */
#include "declare_read.h"

#include "expr.h"
#include "value.h"

#include <string.h>

#define MAX_DIGITS 20 /* those of 2^64-1 */

/* ---- words for choices ----------------------------------------------------------------------- */

static const char *const side_words[] = {
    [MDL_SIDE_GUEST] = "guest", [MDL_SIDE_BACKEND] = "backend", NULL};
static const char *const region_words[] = {
    [MDL_REGION_MMIO] = "mmio", [MDL_REGION_RAM] = "ram", [MDL_REGION_WINDOW] = "window", NULL};

static int word_index(const char *const *words, const char *word)
{
    for (int i = 0; words[i]; i++) {
        if (strcmp(words[i], word) == 0) {
            return i;
        }
    }
    return -1;
}

/* ---- forms of values ------------------------------------------------------------------------- */

static bool is_name(const char *text)
{
    for (const char *at = text; *at; at++) {
        if (!g_ascii_isalnum(*at) && !strchr("-_.", *at)) {
            return false;
        }
    }
    return *text != '\0';
}

static bool is_names(const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text, ",", -1);
    for (size_t i = 0; parts[i]; i++) {
        if (!is_name(g_strstrip(parts[i]))) {
            return false;
        }
    }
    return parts[0] != NULL;
}

bool mdl_declare_range(const char *text, uint64_t *ret_minimum, uint64_t *ret_maximum)
{
    const char *dots = strstr(text, "..");
    if (!dots) {
        return false;
    }
    g_autofree char *low = g_strndup(text, (size_t)(dots - text));
    return mdl_number_parse(g_strstrip(low), ret_minimum) &&
           mdl_number_parse(dots + 2 + strspn(dots + 2, " "), ret_maximum) &&
           *ret_minimum <= *ret_maximum;
}

static bool is_wire(const char *text)
{
    const char *colon = strrchr(text, ':');
    return colon && colon > text && colon[1];
}

static bool is_expression(const char *text, char **ret_why)
{
    g_autoptr(MdlArena) arena = mdl_arena_new();
    return mdl_expr_parse(arena, text, ret_why) != NULL;
}

static bool has_form(MdlKeyForm form, const char *text)
{
    uint64_t low, high;
    bool yes;
    MdlKind kind;
    switch (form) {
    case MDL_KEY_TEXT:
    case MDL_KEY_EXPRESSION: /* checked apart, with a reason */
        return true;
    case MDL_KEY_NAME:
        return is_name(text);
    case MDL_KEY_NAMES:
        return is_names(text);
    case MDL_KEY_YES_NO:
        return mdl_bool_parse(text, &yes);
    case MDL_KEY_DIGITS:
        return mdl_number_parse(text, &low) && low >= 1 && low <= MAX_DIGITS;
    case MDL_KEY_NUMBER:
    case MDL_KEY_SIZE:
        return mdl_number_parse(text, &low);
    case MDL_KEY_RANGE:
        return mdl_declare_range(text, &low, &high);
    case MDL_KEY_KIND:
        return mdl_kind_parse(text, &kind);
    case MDL_KEY_SIDE:
        return word_index(side_words, text) >= 0;
    case MDL_KEY_REGION:
        return word_index(region_words, text) >= 0;
    case MDL_KEY_RADIX:
        return strcmp(text, "decimal") == 0 || strcmp(text, "hex") == 0;
    case MDL_KEY_WIRE:
        return is_wire(text);
    case MDL_N_KEY_FORMS:
        break;
    }
    g_assert_not_reached();
}

/* ---- holding a file against the tables ------------------------------------------------------- */

static bool is_head(const MdlGroupSpec *spec)
{
    return spec == mdl_group_specs || spec[-1].file != spec->file;
}

static const MdlGroupSpec *find_group(MdlFileKind file, const char *kind, bool head)
{
    for (const MdlGroupSpec *spec = mdl_group_specs; spec->kind; spec++) {
        if (spec->file == file && is_head(spec) == head && strcmp(spec->kind, kind) == 0) {
            return spec;
        }
    }
    return NULL;
}

static const MdlKeySpec *find_key(const MdlGroupSpec *group, const char *name)
{
    for (const MdlKeySpec *key = group->keys; key->name; key++) {
        size_t n = strlen(key->name);
        bool prefix = key->name[n - 1] == '*';
        if (prefix ? strncmp(key->name, name, n - 1) == 0 && name[n - 1]
                   : strcmp(key->name, name) == 0) {
            return key;
        }
    }
    return NULL;
}

static char *known_keys(const MdlGroupSpec *group)
{
    GString *text = g_string_new("known: ");
    for (const MdlKeySpec *key = group->keys; key->name; key++) {
        g_string_append_printf(text, "%s%s", key == group->keys ? "" : ", ", key->name);
    }
    return g_string_free(text, FALSE);
}

static char *group_title(const MdlCfgGroup *group)
{
    return group->name ? g_strdup_printf("%s %s", group->kind, group->name) : g_strdup(group->kind);
}

static void check_key(const char *file, const MdlGroupSpec *spec, const MdlCfgGroup *group,
                      const MdlCfgKey *key, MdlFindings *findings)
{
    g_autofree char *title = group_title(group);
    MdlPlace place = {.file = file, .line = key->line, .what = title};
    const MdlKeySpec *known = find_key(spec, key->name);
    if (!known) {
        if (!spec->free_keys) {
            g_autofree char *names = known_keys(spec);
            mdl_find(findings, MDL_CHECK_UNKNOWN_KEY, &place, names, "unknown key \"%s\"",
                     key->name);
        }
        return;
    }
    g_autofree char *why = NULL;
    if (!key->value || (!*key->value && known->form != MDL_KEY_TEXT) ||
        !has_form(known->form, key->value)) {
        mdl_find(findings, MDL_CHECK_KEY_VALUE, &place, NULL, "\"%s\" must be written as %s",
                 key->name, mdl_key_form_name(known->form));
    } else if (known->form == MDL_KEY_EXPRESSION && !is_expression(key->value, &why)) {
        mdl_find(findings, MDL_CHECK_CONDITION, &place, NULL, "\"%s\": %s", key->name, why);
    }
}

/* A path and an address are text; what expressions and other programs refer to is a name. */
static bool is_group_name(const MdlGroupSpec *spec, const char *name)
{
    bool text = strcmp(spec->name, "PATH") == 0 || strcmp(spec->name, "ADDRESS") == 0;
    return text ? *name != '\0' : is_name(name);
}

static void check_group(const char *file, const MdlGroupSpec *spec, const MdlCfgGroup *group,
                        MdlFindings *findings)
{
    g_autofree char *title = group_title(group);
    MdlPlace place = {.file = file, .line = group->line, .what = title};
    if (!spec->name != !group->name || (group->name && !is_group_name(spec, group->name))) {
        mdl_find(findings, MDL_CHECK_SYNTAX, &place, NULL, "the group is written [%s%s%s%s]",
                 spec->kind, spec->name ? " \"" : "", spec->name ? spec->name : "",
                 spec->name ? "\"" : "");
    }
    for (size_t i = 0; i < group->keys->len; i++) {
        check_key(file, spec, group, g_ptr_array_index(group->keys, i), findings);
    }
    for (const MdlKeySpec *key = spec->keys; key->name; key++) {
        if (key->required && !mdl_cfg_key(group, key->name)) {
            mdl_find(findings, MDL_CHECK_MISSING_KEY, &place, NULL, "key \"%s\" is required",
                     key->name);
        }
    }
}

bool mdl_declare_kind(const MdlCfg *cfg, MdlFileKind *ret_kind, MdlFindings *findings)
{
    const MdlCfgGroup *first = cfg->groups->len ? g_ptr_array_index(cfg->groups, 0) : NULL;
    for (const MdlGroupSpec *spec = mdl_group_specs; spec->kind; spec++) {
        if (first && is_head(spec) && strcmp(spec->kind, first->kind) == 0) {
            *ret_kind = spec->file;
            return true;
        }
    }
    MdlPlace place = {.file = cfg->file, .line = first ? first->line : 1};
    mdl_find(findings, MDL_CHECK_FILE_KIND, &place, NULL,
             "the first group must be [machine], [vm], [device \"TYPE\"], [properties \"NAME\"], "
             "[bus \"TYPE\"], [accelerator \"NAME\"] or [placement \"NAME\"]");
    return false;
}

bool mdl_declare_check(const MdlCfg *cfg, MdlFileKind kind, MdlFindings *findings)
{
    size_t before = mdl_findings_count(findings);
    for (size_t i = 0; i < cfg->groups->len; i++) {
        if (mdl_findings_count(findings) - before >= MDL_MAX_FINDINGS) {
            break;
        }
        const MdlCfgGroup *group = g_ptr_array_index(cfg->groups, i);
        const MdlGroupSpec *spec = find_group(kind, group->kind, i == 0);
        MdlPlace place = {.file = cfg->file, .line = group->line};
        if (spec) {
            check_group(cfg->file, spec, group, findings);
        } else if (find_group(kind, group->kind, true)) {
            mdl_find(findings, MDL_CHECK_DUPLICATE_GROUP, &place, NULL,
                     "a file has one group [%s], the first", group->kind);
        } else {
            mdl_find(findings, MDL_CHECK_UNKNOWN_GROUP, &place, NULL, "a %s file has no group [%s]",
                     mdl_file_kind_name(kind), group->kind);
        }
    }
    return mdl_findings_count(findings) == before;
}

MdlCfg *mdl_declare_read(const MdlSource *source, MdlFileKind *ret_kind, MdlFindings *findings)
{
    g_autoptr(MdlCfg) cfg = mdl_cfg_read(source->file, source->text, source->length, findings);
    if (!cfg || !mdl_declare_kind(cfg, ret_kind, findings) ||
        !mdl_declare_check(cfg, *ret_kind, findings)) {
        return NULL;
    }
    return g_steal_pointer(&cfg);
}

/* ---- reading types --------------------------------------------------------------------------- */

bool mdl_declare_yes(const MdlCfgGroup *group, const char *name)
{
    bool yes = false;
    const char *text = mdl_cfg_value(group, name);
    if (text) {
        mdl_bool_parse(text, &yes);
    }
    return yes;
}

static int read_word(const MdlCfgGroup *group, const char *name, const char *const *words)
{
    const char *text = mdl_cfg_value(group, name);
    return text ? word_index(words, text) : 0;
}

const char *mdl_declare_text(MdlArena *arena, const MdlCfgGroup *group, const char *name)
{
    return mdl_arena_strdup(arena, mdl_cfg_value(group, name));
}

/* What is wrong with a declared property, or NULL. Sets its default. */
static char *settle_property(MdlProperty *property, const char *range, const char *values,
                             const char *fallback)
{
    bool number = property->kind == MDL_UINT || property->kind == MDL_SIZE;
    if (range && !number) {
        return g_strdup("range belongs to a uint or a size");
    }
    if (!values != (property->kind != MDL_ENUM)) {
        return g_strdup("values belong to an enum, and an enum has them");
    }
    if (fallback) {
        char *why = NULL;
        if (!mdl_value_parse(property, fallback, &property->default_value, &why)) {
            char *message = g_strdup_printf("default %s", why);
            g_free(why);
            return message;
        }
        property->has_default = true;
    }
    return NULL;
}

bool mdl_declare_property(MdlArena *arena, const char *file, const MdlCfgGroup *group,
                          MdlProperty *ret_property, MdlFindings *findings)
{
    const char *range = mdl_cfg_value(group, "range"),
               *values = mdl_declare_text(arena, group, "values");
    MdlProperty property = {.name = mdl_arena_strdup(arena, group->name),
                            .doc = mdl_declare_text(arena, group, "doc"),
                            .maximum = UINT64_MAX,
                            .values = mdl_arena_words(arena, values),
                            .side = (MdlSide)read_word(group, "side", side_words),
                            .required = mdl_declare_yes(group, "required")};
    mdl_kind_parse(mdl_cfg_value(group, "type"), &property.kind);
    if (range) {
        mdl_declare_range(range, &property.minimum, &property.maximum);
    }
    g_autofree char *why =
        settle_property(&property, range, values, mdl_declare_text(arena, group, "default"));
    if (why) {
        g_autofree char *title = group_title(group);
        MdlPlace place = {.file = file, .line = group->line, .what = title};
        mdl_find(findings, MDL_CHECK_PROPERTY_DECLARATION, &place, NULL, "%s", why);
        return false;
    }
    *ret_property = property;
    return true;
}

MdlNode mdl_declare_node(MdlArena *arena, const char *file, const MdlCfgGroup *group)
{
    MdlNodeProperty *properties = mdl_arena_alloc(arena, group->keys->len * sizeof(*properties));
    for (size_t i = 0; i < group->keys->len; i++) {
        const MdlCfgKey *key = g_ptr_array_index(group->keys, i);
        properties[i].name = mdl_arena_strdup(arena, key->name);
        properties[i].value = mdl_arena_strdup(arena, key->value);
        properties[i].file = file;
        properties[i].line = key->line;
    }
    return (MdlNode){.path = mdl_arena_strdup(arena, group->name),
                     .properties = properties,
                     .n_properties = group->keys->len};
}

static MdlNode read_node(MdlArena *arena, const MdlCfgGroup *group)
{
    return mdl_declare_node(arena, NULL, group);
}

static MdlRegion read_region(MdlArena *arena, const MdlCfgGroup *group)
{
    return (MdlRegion){.name = mdl_arena_strdup(arena, group->name),
                       .doc = mdl_declare_text(arena, group, "doc"),
                       .size = mdl_declare_text(arena, group, "size"),
                       .kind = (MdlRegionKind)read_word(group, "kind", region_words)};
}

static MdlIrq read_irq(MdlArena *arena, const MdlCfgGroup *group)
{
    return (MdlIrq){.name = mdl_arena_strdup(arena, group->name),
                    .doc = mdl_declare_text(arena, group, "doc"),
                    .many = mdl_declare_yes(group, "many"),
                    .shared = mdl_declare_yes(group, "shared")};
}

static MdlProvidedBus read_provided_bus(MdlArena *arena, const MdlCfgGroup *group)
{
    return (MdlProvidedBus){.name = mdl_arena_strdup(arena, group->name),
                            .type = mdl_declare_text(arena, group, "type"),
                            .doc = mdl_declare_text(arena, group, "doc"),
                            .named = mdl_declare_text(arena, group, "named")};
}

/* A property may not have a name that [device] in a machine means otherwise. */
static void check_property_names(const MdlCfg *cfg, MdlFindings *findings)
{
    const MdlGroupSpec *device = find_group(MDL_FILE_MACHINE, "device", false);
    for (size_t i = 1; i < cfg->groups->len; i++) {
        const MdlCfgGroup *group = g_ptr_array_index(cfg->groups, i);
        if (strcmp(group->kind, "property") == 0 && find_key(device, group->name)) {
            MdlPlace place = {.file = cfg->file, .line = group->line, .what = group->name};
            mdl_find(findings, MDL_CHECK_PROPERTY_DECLARATION, &place, "choose another name",
                     "the name is a key of [device] in machines");
        }
    }
}

/* All groups of a kind that declare something with a value. */
static const MdlProperty *declare_values(MdlArena *arena, const MdlCfg *cfg, const char *kind,
                                         size_t *ret_n, MdlFindings *findings)
{
    GArray *properties = g_array_new(FALSE, TRUE, sizeof(MdlProperty));
    for (size_t i = 1; i < cfg->groups->len; i++) {
        const MdlCfgGroup *group = g_ptr_array_index(cfg->groups, i);
        MdlProperty property;
        if (strcmp(group->kind, kind) == 0 &&
            mdl_declare_property(arena, cfg->file, group, &property, findings)) {
            g_array_append_val(properties, property);
        }
    }
    return mdl_arena_take_array(arena, properties, ret_n);
}

const MdlProperty *mdl_declare_properties(MdlArena *arena, const MdlCfg *cfg, size_t *ret_n,
                                          MdlFindings *findings)
{
    check_property_names(cfg, findings);
    return declare_values(arena, cfg, "property", ret_n, findings);
}

const MdlDeviceType *mdl_declare_device(MdlArena *arena, const MdlCfg *cfg, MdlFindings *findings)
{
    size_t before = mdl_findings_count(findings);
    const MdlCfgGroup *head = g_ptr_array_index(cfg->groups, 0);
    MdlDeviceType *type = mdl_arena_new0(arena, MdlDeviceType);
    type->name = mdl_arena_strdup(arena, head->name);
    type->doc = mdl_declare_text(arena, head, "doc");
    type->bus = mdl_declare_text(arena, head, "bus");
    type->traits = mdl_arena_words(arena, mdl_cfg_value(head, "traits"));
    type->user_creatable = mdl_declare_yes(head, "user-creatable");
    type->hotplug = mdl_declare_yes(head, "hotplug");
    type->irq_inputs = mdl_declare_text(arena, head, "inputs");
    type->properties = mdl_declare_properties(arena, cfg, &type->n_properties, findings);
    type->regions = MDL_COLLECT(arena, cfg, "region", MdlRegion, read_region, &type->n_regions);
    type->irqs = MDL_COLLECT(arena, cfg, "irq", MdlIrq, read_irq, &type->n_irqs);
    type->buses = MDL_COLLECT(arena, cfg, "bus", MdlProvidedBus, read_provided_bus, &type->n_buses);
    type->nodes = MDL_COLLECT(arena, cfg, "node", MdlNode, read_node, &type->n_nodes);
    return mdl_findings_count(findings) == before ? type : NULL;
}

const MdlAccelerator *mdl_declare_accelerator(MdlArena *arena, const MdlCfg *cfg,
                                              MdlFindings *findings)
{
    const MdlCfgGroup *head = g_ptr_array_index(cfg->groups, 0);
    MdlAccelerator *accelerator = mdl_arena_new0(arena, MdlAccelerator);
    accelerator->name = mdl_arena_strdup(arena, head->name);
    accelerator->doc = mdl_declare_text(arena, head, "doc");
    accelerator->runs = mdl_declare_yes(head, "runs");
    accelerator->archs = mdl_arena_words(arena, mdl_cfg_value(head, "archs"));
    mdl_number_parse(mdl_cfg_value(head, "max-cpus"), &accelerator->max_cpus);
    accelerator->options = declare_values(arena, cfg, "option", &accelerator->n_options, findings);
    return accelerator;
}
