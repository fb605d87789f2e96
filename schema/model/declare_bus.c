/* declare_bus: reads bus types, and how emulators place devices on them. */
#include "declare_read.h"

#include "value.h"

static uint64_t read_number(const MdlCfgGroup *group, const char *name, uint64_t fallback)
{
    uint64_t number = fallback;
    const char *text = mdl_cfg_value(group, name);
    if (text) {
        mdl_number_parse(text, &number);
    }
    return number;
}

static MdlField read_field(MdlArena *arena, const MdlCfgGroup *group)
{
    bool hex = g_strcmp0(mdl_cfg_value(group, "radix"), "hex") == 0;
    MdlField field = {.name = mdl_arena_strdup(arena, group->name),
                      .doc = mdl_declare_text(arena, group, "doc"),
                      .radix = hex ? MDL_RADIX_HEX : MDL_RADIX_DECIMAL,
                      .digits = (unsigned)read_number(group, "digits", 1),
                      .exact = mdl_declare_yes(group, "exact"),
                      .count = mdl_declare_text(arena, group, "count"),
                      .property = mdl_declare_text(arena, group, "property"),
                      .bits = (unsigned)read_number(group, "bits", 0),
                      .needs = mdl_declare_text(arena, group, "needs"),
                      .after_devices = mdl_declare_yes(group, "after-devices")};
    const char *range = mdl_cfg_value(group, "range"), *reach = mdl_cfg_value(group, "reach");
    mdl_declare_range(range, &field.minimum, &field.maximum);
    field.first = read_number(group, "first", field.minimum);
    mdl_declare_range(reach ? reach : range, &field.reach_minimum, &field.reach_maximum);
    return field;
}

static MdlReserved read_reserved(MdlArena *arena, const MdlCfgGroup *group)
{
    return (MdlReserved){.address = mdl_arena_strdup(arena, group->name),
                         .reason = mdl_declare_text(arena, group, "reason"),
                         .when = mdl_declare_text(arena, group, "when"),
                         .blind = mdl_declare_yes(group, "blind"),
                         .except = mdl_arena_words(arena, mdl_cfg_value(group, "except"))};
}

static MdlOwnerRule read_owner_rule(MdlArena *arena, const MdlCfgGroup *group)
{
    MdlOwnerRule rule = {.property = mdl_arena_strdup(arena, group->name),
                         .reason = mdl_declare_text(arena, group, "reason")};
    mdl_declare_range(mdl_cfg_value(group, "range"), &rule.minimum, &rule.maximum);
    return rule;
}

static MdlHub read_hub(MdlArena *arena, const MdlCfgGroup *group)
{
    return (MdlHub){.trait = mdl_arena_strdup(arena, group->name),
                    .places = read_number(group, "places", 0),
                    .adds = mdl_declare_text(arena, group, "adds")};
}

static const char *text_or(MdlArena *arena, const MdlCfgGroup *group, const char *name,
                           const char *fallback)
{
    const char *text = mdl_declare_text(arena, group, name);
    return text ? text : fallback;
}

const MdlBusType *mdl_declare_bus(MdlArena *arena, const MdlCfg *cfg, MdlFindings *findings)
{
    size_t before = mdl_findings_count(findings);
    const MdlCfgGroup *head = g_ptr_array_index(cfg->groups, 0);
    MdlBusType *type = mdl_arena_new0(arena, MdlBusType);
    type->name = mdl_arena_strdup(arena, head->name);
    type->doc = mdl_declare_text(arena, head, "doc");
    type->family = text_or(arena, head, "family", type->name);
    type->prefix = text_or(arena, head, "prefix", "");
    type->separator = text_or(arena, head, "separator", "");
    type->accepts = mdl_arena_words(arena, mdl_cfg_value(head, "accepts"));
    type->refuses = mdl_arena_words(arena, mdl_cfg_value(head, "refuses"));
    type->reaches = mdl_arena_words(arena, mdl_cfg_value(head, "reaches"));
    type->hides = mdl_arena_words(arena, mdl_cfg_value(head, "hides"));
    type->hotplug = mdl_declare_yes(head, "hotplug");
    type->order = mdl_arena_words(arena, mdl_cfg_value(head, "order"));
    type->property = mdl_declare_text(arena, head, "property");
    type->max_devices = read_number(head, "devices", 0);
    type->ranges = mdl_declare_yes(head, "ranges");
    type->shown = mdl_declare_text(arena, head, "shown");
    type->inner = mdl_declare_yes(head, "inner");
    type->link = mdl_declare_yes(head, "link");
    type->express = mdl_declare_yes(head, "express");
    type->unique = mdl_arena_words(arena, mdl_cfg_value(head, "unique"));
    type->unique_devices = mdl_arena_words(arena, mdl_cfg_value(head, "unique-devices"));
    type->fields = MDL_COLLECT(arena, cfg, "field", MdlField, read_field, &type->n_fields);
    type->reserved =
        MDL_COLLECT(arena, cfg, "reserved", MdlReserved, read_reserved, &type->n_reserved);
    type->owner_rules =
        MDL_COLLECT(arena, cfg, "owner", MdlOwnerRule, read_owner_rule, &type->n_owner_rules);
    type->hubs = MDL_COLLECT(arena, cfg, "hub", MdlHub, read_hub, &type->n_hubs);
    mdl_declare_check_bus(cfg, type, findings);
    return mdl_findings_count(findings) == before ? type : NULL;
}

static MdlKindProvides read_provides(MdlArena *arena, const MdlCfgGroup *group)
{
    return (MdlKindProvides){.by = mdl_arena_words(arena, mdl_cfg_value(group, "by")),
                             .bus = mdl_declare_text(arena, group, "bus"),
                             .name = mdl_declare_text(arena, group, "name"),
                             .named = mdl_declare_text(arena, group, "named"),
                             .count = read_number(group, "count", 1),
                             .root = mdl_declare_yes(group, "root"),
                             .where = mdl_arena_words(arena, mdl_cfg_value(group, "where")),
                             .unless = mdl_arena_words(arena, mdl_cfg_value(group, "unless"))};
}

static MdlKindWords read_kind(MdlArena *arena, const MdlCfgGroup *group)
{
    return (MdlKindWords){mdl_arena_strdup(arena, group->name),
                          mdl_arena_words(arena, mdl_cfg_value(group, "bus"))};
}

static MdlKindWords read_trait(MdlArena *arena, const MdlCfgGroup *group)
{
    return (MdlKindWords){mdl_arena_strdup(arena, group->name),
                          mdl_arena_words(arena, mdl_cfg_value(group, "gives"))};
}

static MdlKindWords read_replaces(MdlArena *arena, const MdlCfgGroup *group)
{
    return (MdlKindWords){mdl_arena_strdup(arena, group->name),
                          mdl_arena_words(arena, mdl_cfg_value(group, "by"))};
}

static MdlBoard read_board(MdlArena *arena, const MdlCfgGroup *group)
{
    return (MdlBoard){.kind = mdl_arena_strdup(arena, group->name),
                      .refuses = mdl_arena_words(arena, mdl_cfg_value(group, "refuses")),
                      .off = mdl_arena_words(arena, mdl_cfg_value(group, "off")),
                      .reason = mdl_declare_text(arena, group, "reason")};
}

static MdlLimit read_limit(MdlArena *arena, const MdlCfgGroup *group)
{
    return (MdlLimit){mdl_arena_strdup(arena, group->name), read_number(group, "most", 1)};
}

static MdlKindWords read_requires(MdlArena *arena, const MdlCfgGroup *group)
{
    return (MdlKindWords){mdl_arena_strdup(arena, group->name),
                          mdl_arena_words(arena, mdl_cfg_value(group, "properties"))};
}

const MdlPlacement *mdl_declare_placement(MdlArena *arena, const MdlCfg *cfg)
{
    const MdlCfgGroup *head = g_ptr_array_index(cfg->groups, 0);
    MdlPlacement *placement = mdl_arena_new0(arena, MdlPlacement);
    placement->name = mdl_arena_strdup(arena, head->name);
    placement->doc = mdl_declare_text(arena, head, "doc");
    placement->newest_first = mdl_declare_yes(head, "newest-first");
    placement->fitting = mdl_declare_yes(head, "fitting");
    placement->strict = mdl_declare_yes(head, "strict");
    placement->adds = mdl_arena_words(arena, mdl_cfg_value(head, "adds"));
    placement->provides =
        MDL_COLLECT(arena, cfg, "provides", MdlKindProvides, read_provides, &placement->n_provides);
    placement->kinds =
        MDL_COLLECT(arena, cfg, "kind", MdlKindWords, read_kind, &placement->n_kinds);
    placement->traits =
        MDL_COLLECT(arena, cfg, "trait", MdlKindWords, read_trait, &placement->n_traits);
    placement->requires =
        MDL_COLLECT(arena, cfg, "requires", MdlKindWords, read_requires, &placement->n_requires);
    placement->replaces =
        MDL_COLLECT(arena, cfg, "replaces", MdlKindWords, read_replaces, &placement->n_replaces);
    placement->boards =
        MDL_COLLECT(arena, cfg, "board", MdlBoard, read_board, &placement->n_boards);
    placement->limits =
        MDL_COLLECT(arena, cfg, "limit", MdlLimit, read_limit, &placement->n_limits);
    return placement;
}
