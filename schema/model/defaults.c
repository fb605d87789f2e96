/* defaults: what the properties of a device type are on a machine, before a device says otherwise.
 */
#include "resolve.h"

#include "value.h"

#include <string.h>

/* The value that a [default] setting gives. False: it cannot be computed; ret_why says why. */
static bool read_setting(MdlResolved *resolved, const MdlProperty *property,
                         const MdlSetting *setting, MdlValue *ret_value, char **ret_why)
{
    if (!setting->expr) {
        return mdl_value_parse(property, setting->value, ret_value, ret_why);
    }
    MdlScope scope = mdl_resolved_scope(resolved);
    MdlValue value;
    if (!mdl_expr_eval(setting->expr, &scope, &value, ret_why)) {
        return false;
    }
    *ret_value = (MdlValue){.kind = property->kind, .number = value.number};
    return true;
}

MdlDefault *mdl_machine_defaults(const MdlCatalog *catalog, const MdlTarget *target,
                                 const MdlDeviceType *type, MdlTrace *trace, MdlFindings *findings)
{
    g_autoptr(MdlArena) arena = mdl_arena_new();
    MdlResolved resolved;
    size_t before = mdl_findings_count(findings);
    if (!mdl_resolve(arena, catalog, target, trace, findings, &resolved)) {
        return NULL;
    }
    const MdlPart *part = mdl_machine_part(resolved.machine, "default", type->name);
    g_autofree MdlDefault *defaults = g_new0(MdlDefault, type->n_properties + 1);
    for (size_t i = 0; i < type->n_properties; i++) {
        const MdlProperty *property = &type->properties[i];
        const MdlSetting *setting = mdl_part_setting(part, property->name);
        g_autofree char *why = NULL;
        defaults[i] = (MdlDefault){property->default_value, property->has_default || setting};
        defaults[i].value.kind = property->kind;
        if (setting && !read_setting(&resolved, property, setting, &defaults[i].value, &why)) {
            MdlPlace place = {.file = setting->file, .line = setting->line, .what = property->name};
            mdl_find(findings, MDL_CHECK_PROPERTY_VALUE, &place, NULL, "the default %s", why);
        }
    }
    return mdl_findings_count(findings) > before ? NULL : g_steal_pointer(&defaults);
}
