/* type_check: what a device type or a bus type must hold beyond the form of its keys: that its
 * expressions name its properties, and that the bus types it speaks of are there and take it. */
#include "declare.h"

#include "expr.h"

#include <string.h>

typedef struct TypeCheck {
    const MdlCfg *cfg;
    MdlFindings *findings;
} TypeCheck;

/* A finding at a key of a group, or at the group where it has no such key. */
G_GNUC_PRINTF(5, 6)
static void find(const TypeCheck *check, MdlCheckId id, const MdlCfgGroup *group, const char *key,
                 const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    const MdlCfgKey *at = key ? mdl_cfg_key(group, key) : NULL;
    g_autofree char *what = g_strdup_printf("%s %s", group->kind, group->name);
    MdlPlace place = {.file = check->cfg->file, .line = at ? at->line : group->line, .what = what};
    mdl_find(check->findings, id, &place, NULL, "%s", message);
}

static bool describe(void *context, const char *name, MdlNameInfo *ret_info)
{
    const MdlDeviceType *type = context;
    for (size_t i = 0; i < type->n_properties; i++) {
        const MdlProperty *property = &type->properties[i];
        if (strcmp(property->name, name) == 0) {
            *ret_info = (MdlNameInfo){property->kind, property->values};
            return true;
        }
    }
    return false;
}

/* That a key is a number computed from the properties of the type. */
static void check_number(const TypeCheck *check, const MdlDeviceType *type,
                         const MdlCfgGroup *group, const char *key)
{
    const char *text = mdl_cfg_value(group, key);
    if (!text) {
        return;
    }
    g_autoptr(MdlArena) arena = mdl_arena_new();
    MdlScope scope = {.describe = describe, .context = (void *)type};
    g_autofree char *why = NULL;
    MdlKind kind;
    const MdlExpr *expr = mdl_expr_parse(arena, text, &why);
    if (!expr || !mdl_expr_check(expr, &scope, &kind, &why)) {
        find(check, MDL_CHECK_CONDITION, group, key, "\"%s\": %s", key, why);
    } else if (kind != MDL_UINT && kind != MDL_SIZE) {
        find(check, MDL_CHECK_CONDITION, group, key, "\"%s\" must be a number", key);
    }
}

static bool accepts(const MdlBusType *bus, const MdlDeviceType *type)
{
    for (size_t i = 0; bus->accepts[i]; i++) {
        if (g_strv_contains(type->traits, bus->accepts[i])) {
            return true;
        }
    }
    return !bus->accepts[0];
}

/* That there is a bus of the family, and that one of them takes the type. */
static void check_family(const TypeCheck *check, const MdlDeviceType *type,
                         const MdlBusType *const *buses)
{
    const MdlCfgGroup *head = g_ptr_array_index(check->cfg->groups, 0);
    const MdlBusType *member = NULL;
    for (size_t i = 0; buses[i]; i++) {
        if (strcmp(buses[i]->family, type->bus) == 0) {
            member = buses[i];
            if (accepts(member, type)) {
                return;
            }
        }
    }
    if (!member) {
        find(check, MDL_CHECK_UNKNOWN_BUS_TYPE, head, "bus",
             "there is no bus type of the family \"%s\"", type->bus);
        return;
    }
    g_autofree char *words = g_strjoinv(", ", (char **)member->accepts);
    find(check, MDL_CHECK_BUS_ACCEPTS, head, "traits",
         "no %s bus takes the device; a %s takes those that are %s", type->bus, member->name,
         words);
}

static bool is_bus_type(const MdlBusType *const *buses, const char *name)
{
    for (size_t i = 0; buses[i]; i++) {
        if (strcmp(buses[i]->name, name) == 0) {
            return true;
        }
    }
    return false;
}

void mdl_declare_check_device(const MdlCfg *cfg, const MdlDeviceType *type,
                              const MdlBusType *const *buses, MdlFindings *findings)
{
    TypeCheck check = {.cfg = cfg, .findings = findings};
    check_family(&check, type, buses);
    check_number(&check, type, g_ptr_array_index(cfg->groups, 0), "inputs");
    for (size_t i = 1; i < cfg->groups->len; i++) {
        const MdlCfgGroup *group = g_ptr_array_index(cfg->groups, i);
        const char *bus = mdl_cfg_value(group, "type");
        if (strcmp(group->kind, "region") == 0) {
            check_number(&check, type, group, "size");
        } else if (strcmp(group->kind, "bus") == 0 && !is_bus_type(buses, bus)) {
            find(&check, MDL_CHECK_UNKNOWN_BUS_TYPE, group, "type", "there is no bus type \"%s\"",
                 bus);
        }
    }
}

void mdl_declare_check_bus(const MdlCfg *cfg, const MdlBusType *type, MdlFindings *findings)
{
    TypeCheck check = {.cfg = cfg, .findings = findings};
    const MdlCfgGroup *head = g_ptr_array_index(cfg->groups, 0);
    if (type->n_fields > MDL_MAX_FIELDS) {
        find(&check, MDL_CHECK_TOO_MANY, head, NULL, "an address has at most %d fields",
             MDL_MAX_FIELDS);
        return;
    }
    if (type->n_fields > 1 && !*type->separator) {
        find(&check, MDL_CHECK_MISSING_KEY, head, NULL,
             "key \"separator\" is required where an address has several fields");
    }
    for (size_t o = 0; type->order[o]; o++) {
        bool counted = false;
        for (size_t i = 0; i < type->n_fields; i++) {
            counted = counted || strcmp(type->fields[i].name, type->order[o]) == 0;
        }
        if (!counted) {
            find(&check, MDL_CHECK_KEY_VALUE, head, "order", "\"order\" must name fields");
        }
    }
    for (size_t i = 1; i < cfg->groups->len; i++) {
        const MdlCfgGroup *group = g_ptr_array_index(cfg->groups, i);
        g_autofree char *why = NULL;
        if (strcmp(group->kind, "reserved") == 0 && !mdl_address_check(type, group->name, &why)) {
            find(&check, MDL_CHECK_ADDRESS_FORM, group, NULL, "%s", why);
        }
    }
}
