/* info: what a machine says of itself without a target. */
#include "machine.h"

#include "value.h"

#include <string.h>

/* "16M..128G" of the memory; the default is a power of two nobody exceeds. */
static void read_memory_range(const MdlPart *memory, MdlMachineInfo *info)
{
    const char *text = mdl_part_value(memory, "range");
    info->max_memory = UINT64_MAX;
    if (text) {
        g_auto(GStrv) ends = g_strsplit(text, "..", 2);
        mdl_number_parse(g_strstrip(ends[0]), &info->min_memory);
        mdl_number_parse(g_strstrip(ends[1]), &info->max_memory);
    }
}

static const char *const *layer_names(const MdlMachine *machine)
{
    size_t n = 0;
    for (const MdlMachine *at = machine; at; at = at->base) {
        n++;
    }
    const char **names = mdl_arena_alloc(machine->arena, (n + 1) * sizeof(*names));
    for (const MdlMachine *at = machine; at; at = at->base) {
        names[--n] = at->full_name;
    }
    return names;
}

static const char *minimal_layer(const MdlMachine *machine)
{
    for (const MdlMachine *at = machine; at; at = at->base) {
        if (at->is_minimal) {
            return at->full_name;
        }
    }
    return NULL;
}

MdlMachineInfo mdl_machine_info(const MdlCatalog *catalog, const MdlMachine *machine)
{
    const MdlPart *cpus = mdl_machine_part(machine, "cpus", NULL);
    const MdlPart *memory = mdl_machine_part(machine, "memory", NULL);
    MdlMachineInfo info = {
        .full_name = machine->full_name,
        .name = machine->name,
        .version = machine->version,
        .arch = machine->arch,
        .doc = machine->doc,
        .deprecated = machine->deprecated,
        .alias = !machine->vm && mdl_catalog_find(catalog, machine->name) == machine,
        .vm = machine->vm,
        .accel = machine->accel,
        .cpu_types = mdl_arena_words(machine->arena, mdl_part_value(cpus, "types")),
        .default_cpus =
            machine->cpus ? machine->cpus : mdl_part_number(cpus, "default", cpus != NULL),
        .max_cpus = mdl_part_number(cpus, "max", 0),
        .default_memory = machine->memory ? machine->memory : mdl_part_number(memory, "default", 0),
        .memory_align = MAX(mdl_part_number(memory, "align", 1), 1),
        .layers = layer_names(machine),
        .minimal_layer = minimal_layer(machine),
        .hash = machine->hash,
    };
    read_memory_range(memory, &info);
    return info;
}

size_t mdl_machine_n_options(const MdlMachine *machine)
{
    return machine->options->len;
}

/* Whether any of a part's expressions names the option, bare or in full. */
static bool part_names(const MdlPart *part, const char *option)
{
    g_autofree char *full = g_strconcat("options.", option, NULL);
    for (size_t i = 0; i < part->settings->len; i++) {
        const MdlSetting *setting = g_ptr_array_index(part->settings, i);
        if (mdl_expr_names(setting->expr, option) || mdl_expr_names(setting->expr, full)) {
            return true;
        }
    }
    return false;
}

MdlOptionInfo mdl_machine_option_at(const MdlMachine *machine, size_t index)
{
    const MdlOption *option = g_ptr_array_index(machine->options, index);
    const char **changes =
        mdl_arena_alloc(machine->arena, (machine->parts->len + 1) * sizeof(*changes));
    size_t n = 0;
    for (size_t i = 0; i < machine->parts->len; i++) {
        const MdlPart *part = g_ptr_array_index(machine->parts, i);
        if (strcmp(part->kind, "device") == 0 && part_names(part, option->property.name)) {
            changes[n++] = part->name;
        }
    }
    return (MdlOptionInfo){.property = &option->property,
                           .layer = option->layer,
                           .minimal = option->minimal,
                           .changes = changes};
}
