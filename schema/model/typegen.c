/* typegen: the build tool that turns declaration files into constant C tables.
 *
 *   typegen OUTPUT-FOLDER FILE.cfg ...
 *
 * Writes types.gen.c (device types, bus types, accelerators, machine texts), types/TYPE.h for the
 * driver of each device type, and drivers.gen.c (the table of all drivers). Uses the reader that
 * loads machines at run time. */
#include "typegen.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct Input {
    MdlFileKind kind;
    MdlCfg *cfg;
    char *text;
    size_t length;
    const char *name;
} Input;

typedef struct Gen {
    MdlArena *arena;
    GArray *inputs; /* Input, sorted by kind and name */
    MdlFindings *findings;
} Gen;

/* ---- printing C ------------------------------------------------------------------------------ */

static void put_property(GString *out, const MdlProperty *property)
{
    g_string_append(out, "        {");
    typegen_put_field(out, "name", property->name);
    typegen_put_field(out, "doc", property->doc);
    typegen_put_number(out, "kind", property->kind);
    typegen_put_number(out, "has_default", property->has_default);
    g_string_append(out, ".default_value = {");
    typegen_put_number(out, "kind", property->kind);
    typegen_put_number(out, "number", property->default_value.number);
    typegen_put_field(out, "text", property->default_value.text);
    g_string_append(out, "}, ");
    typegen_put_number(out, "minimum", property->minimum);
    typegen_put_number(out, "maximum", property->maximum);
    typegen_put_words(out, "values", property->values);
    typegen_put_number(out, "side", property->side);
    typegen_put_number(out, "required", property->required);
    g_string_append(out, "},\n");
}

static void put_region(GString *out, const MdlRegion *region)
{
    g_string_append(out, "        {");
    typegen_put_field(out, "name", region->name);
    typegen_put_field(out, "doc", region->doc);
    typegen_put_number(out, "kind", region->kind);
    typegen_put_field(out, "size", region->size);
    g_string_append(out, "},\n");
}

static void put_irq(GString *out, const MdlIrq *irq)
{
    g_string_append(out, "        {");
    typegen_put_field(out, "name", irq->name);
    typegen_put_field(out, "doc", irq->doc);
    typegen_put_number(out, "many", irq->many);
    typegen_put_number(out, "shared", irq->shared);
    g_string_append(out, "},\n");
}

static void put_provided_bus(GString *out, const MdlProvidedBus *bus)
{
    g_string_append(out, "        {");
    typegen_put_field(out, "name", bus->name);
    typegen_put_field(out, "type", bus->type);
    typegen_put_field(out, "doc", bus->doc);
    typegen_put_field(out, "named", bus->named);
    g_string_append(out, "},\n");
}

static void put_node(GString *out, const MdlNode *node)
{
    g_string_append(out, "        {");
    typegen_put_field(out, "path", node->path);
    g_string_append(out, ".properties = (const MdlNodeProperty[]){");
    for (size_t i = 0; i < node->n_properties; i++) {
        g_string_append(out, "{");
        typegen_put_text(out, node->properties[i].name);
        g_string_append(out, ", ");
        typegen_put_text(out, node->properties[i].value);
        g_string_append(out, ", NULL, 0}, ");
    }
    g_string_append(out, "{NULL, NULL, NULL, 0}}, ");
    typegen_put_number(out, "n_properties", node->n_properties);
    g_string_append(out, "},\n");
}

static void put_device_type(GString *out, const MdlDeviceType *type)
{
    g_autofree char *id = typegen_identifier(type->name);
    g_string_append_printf(out, "const MdlDeviceType mdl_type_%s = {\n    ", id);
    typegen_put_field(out, "name", type->name);
    typegen_put_field(out, "doc", type->doc);
    typegen_put_field(out, "bus", type->bus);
    typegen_put_words(out, "traits", type->traits);
    typegen_put_number(out, "user_creatable", type->user_creatable);
    typegen_put_number(out, "hotplug", type->hotplug);
    typegen_put_field(out, "irq_inputs", type->irq_inputs);
    g_string_append(out, "\n");
    PUT_ARRAY(out, type, properties, MdlProperty, put_property);
    PUT_ARRAY(out, type, regions, MdlRegion, put_region);
    PUT_ARRAY(out, type, irqs, MdlIrq, put_irq);
    PUT_ARRAY(out, type, buses, MdlProvidedBus, put_provided_bus);
    PUT_ARRAY(out, type, nodes, MdlNode, put_node);
    g_string_append(out, "};\n\n");
}

static void put_accelerator(GString *out, const MdlAccelerator *accelerator)
{
    g_autofree char *id = typegen_identifier(accelerator->name);
    g_string_append_printf(out, "static const MdlAccelerator accelerator_%s = {\n    ", id);
    typegen_put_field(out, "name", accelerator->name);
    typegen_put_field(out, "doc", accelerator->doc);
    typegen_put_number(out, "runs", accelerator->runs);
    typegen_put_words(out, "archs", accelerator->archs);
    typegen_put_number(out, "max_cpus", accelerator->max_cpus);
    g_string_append(out, "\n");
    PUT_ARRAY(out, accelerator, options, MdlProperty, put_property);
    g_string_append(out, "\n};\n\n");
}

/* ---- the header of a driver ------------------------------------------------------------------ */

static void put_enum(GString *out, const char *id, const char *what, const char *name, size_t n)
{
    g_autofree char *upper_id = g_ascii_strup(id, -1);
    g_autofree char *upper_name = g_ascii_strup(name, -1);
    g_autofree char *upper = typegen_identifier(upper_name);
    g_string_append_printf(out, "#define %s_%s_%s %zu\n", upper_id, what, upper, n);
}

static const char *c_type(MdlKind kind)
{
    switch (kind) {
    case MDL_BOOL:
        return "bool ";
    case MDL_UINT:
    case MDL_SIZE:
        return "uint64_t ";
    case MDL_ENUM:
    case MDL_STR:
        break;
    }
    return "const char *";
}

/* The struct and its reader, of a device type or of a set that several types have. */
static void put_props(GString *out, const char *id, const MdlProperty *properties, size_t n)
{
    g_string_append_printf(out, "\nstruct %s_props {\n", id);
    for (size_t i = 0; i < n; i++) {
        g_autofree char *name = typegen_identifier(properties[i].name);
        g_string_append_printf(out, "    %s%s; /* %s */\n", c_type(properties[i].kind), name,
                               properties[i].doc);
    }
    g_string_append_printf(
        out,
        "};\n\n"
        "/* The properties of a built device. Text lives as long as the tree. */\n"
        "static inline void %s_props_read(const MdlDevice *device,\n"
        "    struct %s_props *ret_props)\n{\n"
        "    *ret_props = (struct %s_props){\n",
        id, id, id);
    for (size_t i = 0; i < n; i++) {
        g_autofree char *name = typegen_identifier(properties[i].name);
        bool text = properties[i].kind == MDL_STR || properties[i].kind == MDL_ENUM;
        g_string_append_printf(out, "        .%s = mdl_device_property(device, \"%s\")->%s,\n",
                               name, properties[i].name, text ? "text" : "number");
    }
    g_string_append(out, "    };\n}\n");
}

static char *property_set_header(const char *name, const MdlProperty *properties, size_t n)
{
    GString *out = g_string_new(NULL);
    g_autofree char *id = typegen_identifier(name);
    g_string_append_printf(out,
                           "/* %s: properties that several device types have. Generated by typegen "
                           "from %s.cfg. */\n"
                           "#pragma once\n\n#include \"model.h\"\n",
                           name, name);
    put_props(out, id, properties, n);
    return g_string_free(out, FALSE);
}

static char *driver_header(const MdlDeviceType *type)
{
    GString *out = g_string_new(NULL);
    g_autofree char *id = typegen_identifier(type->name);
    g_string_append_printf(out,
                           "/* %s: what its driver sees of the declaration. Generated by typegen "
                           "from %s.cfg. */\n"
                           "#pragma once\n\n#include \"model.h\"\n\n"
                           "extern const MdlDeviceType mdl_type_%s;\n\n",
                           type->name, type->name, id);
    for (size_t i = 0; i < type->n_regions; i++) {
        put_enum(out, id, "REGION", type->regions[i].name, i);
    }
    for (size_t i = 0; i < type->n_irqs; i++) {
        put_enum(out, id, "IRQ", type->irqs[i].name, i);
    }
    for (size_t i = 0; i < type->n_buses; i++) {
        put_enum(out, id, "BUS", type->buses[i].name, i);
    }
    if (type->n_properties) {
        put_props(out, id, type->properties, type->n_properties);
    }
    return g_string_free(out, FALSE);
}

/* ---- checks across files --------------------------------------------------------------------- */

static const Input *find_input(Gen *gen, MdlFileKind kind, const char *name)
{
    for (size_t i = 0; i < gen->inputs->len; i++) {
        const Input *input = &g_array_index(gen->inputs, Input, i);
        if (input->kind == kind && strcmp(input->name, name) == 0) {
            return input;
        }
    }
    return NULL;
}

/* The bus types among the inputs, NULL-terminated; what is wrong with one is told when its own
 * table is written. */
static const MdlBusType *const *read_buses(Gen *gen)
{
    g_autoptr(MdlFindings) unused = mdl_findings_new();
    const MdlBusType **buses = mdl_arena_alloc(gen->arena, (gen->inputs->len + 1) * sizeof(*buses));
    for (size_t i = 0, n = 0; i < gen->inputs->len; i++) {
        const Input *input = &g_array_index(gen->inputs, Input, i);
        const MdlBusType *type =
            input->kind == MDL_FILE_BUS ? mdl_declare_bus(gen->arena, input->cfg, unused) : NULL;
        if (type) {
            buses[n++] = type;
        }
    }
    return buses;
}

/* The properties of the sets that a device type names stand before its own. */
static void add_property_sets(Gen *gen, const Input *input, MdlDeviceType *type)
{
    const MdlCfgGroup *head = g_ptr_array_index(input->cfg->groups, 0);
    const char *const *names = mdl_arena_words(gen->arena, mdl_cfg_value(head, "properties"));
    MdlPlace place = {.file = input->cfg->file, .line = head->line, .what = type->name};
    GArray *all = g_array_new(FALSE, TRUE, sizeof(MdlProperty));
    for (size_t i = 0; names[i]; i++) {
        const Input *set = find_input(gen, MDL_FILE_PROPERTIES, names[i]);
        if (!set) {
            mdl_find(gen->findings, MDL_CHECK_PROPERTY_DECLARATION, &place, NULL,
                     "there is no set of properties \"%s\"", names[i]);
            continue;
        }
        size_t n;
        const MdlProperty *properties =
            mdl_declare_properties(gen->arena, set->cfg, &n, gen->findings);
        g_array_append_vals(all, properties, (guint)n);
    }
    g_array_append_vals(all, type->properties, (guint)type->n_properties);
    type->properties = mdl_arena_take_array(gen->arena, all, &type->n_properties);
    for (size_t i = 0; i < type->n_properties; i++) {
        for (size_t k = 0; k < i; k++) {
            if (strcmp(type->properties[i].name, type->properties[k].name) == 0) {
                mdl_find(gen->findings, MDL_CHECK_PROPERTY_DECLARATION, &place, NULL,
                         "property \"%s\" is declared twice", type->properties[i].name);
            }
        }
    }
}

/* ---- files ----------------------------------------------------------------------------------- */

static int compare_inputs(gconstpointer a, gconstpointer b)
{
    const Input *left = a, *right = b;
    return left->kind != right->kind ? (int)left->kind - (int)right->kind
                                     : strcmp(left->name, right->name);
}

static bool read_input(Gen *gen, const char *path)
{
    Input input = {0};
    GError *error = NULL;
    if (!g_file_get_contents(path, &input.text, &input.length, &error)) {
        fprintf(stderr, "%s\n", error->message);
        g_error_free(error);
        return false;
    }
    mdl_arena_take(gen->arena, input.text);
    MdlSource source = {.file = path, .text = input.text, .length = input.length};
    input.cfg = mdl_declare_read(&source, &input.kind, gen->findings);
    if (!input.cfg) {
        return true; /* printed with all findings */
    }
    const MdlCfgGroup *head = g_ptr_array_index(input.cfg->groups, 0);
    input.name = head->name;
    if (input.kind == MDL_FILE_MACHINE) {
        input.name = mdl_arena_printf(gen->arena, "%s-%s", mdl_cfg_value(head, "name"),
                                      mdl_cfg_value(head, "version"));
    }
    g_autofree char *base = g_path_get_basename(path);
    g_autofree char *wanted = g_strdup_printf("%s.cfg", input.name);
    if (strcmp(base, wanted) != 0) {
        MdlPlace place = {.file = path, .line = head->line};
        mdl_find(gen->findings, MDL_CHECK_FILE_KIND, &place, NULL, "the file must be called %s",
                 wanted);
    }
    g_array_append_val(gen->inputs, input);
    return true;
}

static bool write_file(const char *folder, const char *name, const char *text)
{
    g_autofree char *path = g_build_filename(folder, name, NULL);
    GError *error = NULL;
    if (!g_file_set_contents(path, text, -1, &error)) {
        fprintf(stderr, "%s\n", error->message);
        g_error_free(error);
        return false;
    }
    return true;
}

static void put_table(Gen *gen, GString *out, MdlFileKind kind, const char *declaration,
                      const char *prefix)
{
    g_string_append_printf(out, "%s = {\n", declaration);
    for (size_t i = 0; i < gen->inputs->len; i++) {
        const Input *input = &g_array_index(gen->inputs, Input, i);
        if (input->kind == kind) {
            g_autofree char *id = typegen_identifier(input->name);
            g_string_append_printf(out, "    &%s%s,\n", prefix, id);
        }
    }
    g_string_append(out, "    NULL,\n};\n\n");
}

static void put_machines(Gen *gen, GString *out)
{
    g_string_append(out, "const MdlEmbedded mdl_embedded_machines[] = {\n");
    for (size_t i = 0; i < gen->inputs->len; i++) {
        const Input *input = &g_array_index(gen->inputs, Input, i);
        if (input->kind != MDL_FILE_MACHINE) {
            continue;
        }
        const MdlCfgGroup *head = g_ptr_array_index(input->cfg->groups, 0);
        g_autofree char *base = g_path_get_basename(input->cfg->file);
        g_string_append(out, "    {");
        typegen_put_field(out, "name", mdl_cfg_value(head, "name"));
        typegen_put_field(out, "version", mdl_cfg_value(head, "version"));
        g_string_append(out, ".source = {");
        typegen_put_field(out, "file", base);
        typegen_put_field(out, "text", input->text);
        typegen_put_number(out, "length", input->length);
        g_string_append(out, "}},\n");
    }
    g_string_append(out, "    {NULL, NULL, {NULL, NULL, 0}},\n};\n");
}

static bool write_types(Gen *gen, const char *folder)
{
    g_autoptr(GString) out = g_string_new("/* Generated by typegen from schema/. */\n"
                                          "#include \"embedded.h\"\n\n");
    g_autoptr(GString) drivers =
        g_string_new("/* The table of all drivers. Generated by typegen from schema/devices. */\n"
                     "#include \"driver.h\"\n\n");
    g_autofree char *headers = g_build_filename(folder, "types", NULL);
    g_mkdir_with_parents(headers, 0777);
    const MdlBusType *const *buses = read_buses(gen);
    for (size_t i = 0; i < gen->inputs->len; i++) {
        const Input *input = &g_array_index(gen->inputs, Input, i);
        g_autofree char *id = typegen_identifier(input->name);
        if (input->kind == MDL_FILE_DEVICE) {
            MdlDeviceType *type =
                (MdlDeviceType *)mdl_declare_device(gen->arena, input->cfg, gen->findings);
            if (!type) {
                continue;
            }
            add_property_sets(gen, input, type);
            mdl_declare_check_device(input->cfg, type, buses, gen->findings);
            g_string_append_printf(out, "extern const MdlDeviceType mdl_type_%s;\n", id);
            put_device_type(out, type);
            g_autofree char *header = driver_header(type);
            g_autofree char *name = g_strdup_printf("%s.h", id);
            if (!write_file(headers, name, header)) {
                return false;
            }
            g_string_append_printf(drivers, "extern const EmuDriver emu_driver_%s;\n", id);
        } else if (input->kind == MDL_FILE_PROPERTIES) {
            size_t n;
            const MdlProperty *properties =
                mdl_declare_properties(gen->arena, input->cfg, &n, gen->findings);
            g_autofree char *header = property_set_header(input->name, properties, n);
            g_autofree char *name = g_strdup_printf("%s.h", id);
            if (!write_file(headers, name, header)) {
                return false;
            }
        } else if (input->kind == MDL_FILE_BUS) {
            const MdlBusType *type = mdl_declare_bus(gen->arena, input->cfg, gen->findings);
            if (type) {
                typegen_put_bus_type(out, type);
            }
        } else if (input->kind == MDL_FILE_ACCELERATOR) {
            put_accelerator(out, mdl_declare_accelerator(gen->arena, input->cfg, gen->findings));
        } else if (input->kind == MDL_FILE_PLACEMENT) {
            typegen_put_placement(out, mdl_declare_placement(gen->arena, input->cfg));
        }
    }
    put_table(gen, out, MDL_FILE_DEVICE, "const MdlDeviceType *const mdl_device_types[]",
              "mdl_type_");
    put_table(gen, out, MDL_FILE_BUS, "const MdlBusType *const mdl_bus_types[]", "bus_");
    put_table(gen, out, MDL_FILE_ACCELERATOR, "const MdlAccelerator *const mdl_accelerators[]",
              "accelerator_");
    put_table(gen, out, MDL_FILE_PLACEMENT, "const MdlPlacement *const mdl_placements[]",
              "placement_");
    put_machines(gen, out);
    g_string_append_c(drivers, '\n');
    put_table(gen, drivers, MDL_FILE_DEVICE, "const EmuDriver *const emu_drivers[]", "emu_driver_");
    return write_file(folder, "types.gen.c", out->str) &&
           write_file(folder, "drivers.gen.c", drivers->str);
}

int main(int argc, char **argv)
{
    if (argc < 3) {
        fprintf(stderr, "usage: typegen OUTPUT-FOLDER FILE.cfg ...\n");
        return 2;
    }
    Gen gen = {.arena = mdl_arena_new(),
               .inputs = g_array_new(FALSE, TRUE, sizeof(Input)),
               .findings = mdl_findings_new()};
    bool ok = true;
    for (int i = 2; i < argc; i++) {
        ok = read_input(&gen, argv[i]) && ok;
    }
    g_array_sort(gen.inputs, compare_inputs);
    ok = ok && write_types(&gen, argv[1]);
    g_autofree char *text = mdl_findings_print(gen.findings);
    fputs(text, stderr);
    ok = ok && mdl_findings_count(gen.findings) == 0;
    for (size_t i = 0; i < gen.inputs->len; i++) {
        mdl_cfg_free(g_array_index(gen.inputs, Input, i).cfg);
    }
    g_array_unref(gen.inputs);
    mdl_findings_free(gen.findings);
    mdl_arena_free(gen.arena);
    return ok ? EXIT_SUCCESS : EXIT_FAILURE;
}
