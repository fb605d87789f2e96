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
                      .count = mdl_declare_text(arena, group, "count"),
                      .property = mdl_declare_text(arena, group, "property"),
                      .bits = (unsigned)read_number(group, "bits", 0),
                      .needs = mdl_declare_text(arena, group, "needs"),
                      .after_devices = mdl_declare_yes(group, "after-devices")};
    const char *range = mdl_cfg_value(group, "range"), *reach = mdl_cfg_value(group, "reach");
    mdl_declare_range(range, &field.minimum, &field.maximum);
    mdl_declare_range(reach ? reach : range, &field.reach_minimum, &field.reach_maximum);
    return field;
}

static MdlReserved read_reserved(MdlArena *arena, const MdlCfgGroup *group)
{
    return (MdlReserved){.address = mdl_arena_strdup(arena, group->name),
                         .reason = mdl_declare_text(arena, group, "reason"),
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
    type->link = mdl_declare_yes(head, "link");
    type->express = mdl_declare_yes(head, "express");
    type->unique = mdl_arena_words(arena, mdl_cfg_value(head, "unique"));
    type->fields = MDL_COLLECT(arena, cfg, "field", MdlField, read_field, &type->n_fields);
    type->reserved =
        MDL_COLLECT(arena, cfg, "reserved", MdlReserved, read_reserved, &type->n_reserved);
    type->owner_rules =
        MDL_COLLECT(arena, cfg, "owner", MdlOwnerRule, read_owner_rule, &type->n_owner_rules);
    type->hubs = MDL_COLLECT(arena, cfg, "hub", MdlHub, read_hub, &type->n_hubs);
    mdl_declare_check_bus(cfg, type, findings);
    return mdl_findings_count(findings) == before ? type : NULL;
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
    return placement;
}
