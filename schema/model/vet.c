/* vet: checks files of any kind, as a person asks before using them: types by themselves, machines
 * and VMs with the hardware they make of their defaults. */
#include "check.h"
#include "declare.h"
#include "machine.h"

static void vet_type(const MdlCfg *cfg, MdlFileKind kind, MdlFindings *findings)
{
    g_autoptr(MdlArena) arena = mdl_arena_new();
    const MdlDeviceType *type;
    switch (kind) {
    case MDL_FILE_DEVICE:
        type = mdl_declare_device(arena, cfg, findings);
        if (type && !mdl_cfg_key(g_ptr_array_index(cfg->groups, 0), "properties")) {
            /* else only the build knows all its properties */
            mdl_declare_check_device(cfg, type, mdl_bus_types, findings);
        }
        break;
    case MDL_FILE_PROPERTIES: {
        size_t n;
        mdl_declare_properties(arena, cfg, &n, findings);
        break;
    }
    case MDL_FILE_BUS:
        mdl_declare_bus(arena, cfg, findings);
        break;
    case MDL_FILE_PLACEMENT:
    case MDL_FILE_ACCELERATOR:
        mdl_declare_accelerator(arena, cfg, findings);
        break;
    case MDL_FILE_MACHINE:
    case MDL_FILE_VM:
    case MDL_N_FILES:
        g_assert_not_reached();
    }
}

/* Checks the types among the sources and gathers the machines. */
static GArray *vet_types(const MdlSource *sources, size_t n_sources, MdlFindings *findings)
{
    GArray *machines = g_array_new(FALSE, FALSE, sizeof(MdlSource));
    for (size_t i = 0; i < n_sources; i++) {
        MdlFileKind kind;
        g_autoptr(MdlCfg) cfg = mdl_declare_read(&sources[i], &kind, findings);
        if (!cfg) {
            continue;
        }
        if (kind == MDL_FILE_MACHINE || kind == MDL_FILE_VM) {
            g_array_append_val(machines, sources[i]);
        } else {
            vet_type(cfg, kind, findings);
        }
    }
    return machines;
}

bool mdl_catalog_check(const MdlSource *sources, size_t n_sources, MdlFindings *findings)
{
    size_t before = mdl_findings_count(findings);
    g_autoptr(MdlCatalog) catalog = mdl_catalog_new();
    g_autoptr(GArray) machines = vet_types(sources, n_sources, findings);
    g_autoptr(GPtrArray) names = g_ptr_array_new_with_free_func(g_free);
    mdl_catalog_take(catalog, (const MdlSource *)machines->data, machines->len, true, names,
                     findings);
    for (size_t i = 0; i < names->len; i++) {
        g_autoptr(MdlTarget) target = mdl_target_new();
        target->machine = g_strdup(g_ptr_array_index(names, i));
        mdl_hardware_free(mdl_hardware_build(catalog, target, NULL, findings));
    }
    mdl_findings_sort(findings, before);
    return mdl_findings_count(findings) == before;
}
