/* build: makes the hardware tree of a target out of a machine's parts. */
#include "hardware.h"

#include "value.h"

#include <string.h>

#define MAX_REPEAT 4096

typedef struct Tree { /* what mdl_hardware_free gets back */
    MdlHardware hardware;
    MdlArena *arena;
} Tree;

static void device_free(gpointer data)
{
    MdlDevice *device = data;
    g_array_unref(device->wires);
}

static void bus_free(gpointer data)
{
    MdlBus *bus = data;
    g_ptr_array_unref(bus->devices);
}

void mdl_hardware_free(MdlHardware *hardware)
{
    if (!hardware) {
        return;
    }
    Tree *tree = (Tree *)hardware;
    g_ptr_array_unref(hardware->root_buses);
    g_ptr_array_unref(hardware->devices);
    g_ptr_array_unref(hardware->buses);
    mdl_arena_free(tree->arena);
    g_free(tree);
}

void mdl_build_find(MdlBuild *build, MdlCheckId check, const MdlDevice *device,
                    const MdlSetting *setting, const char *suggestion, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *what = g_strdup_printf("%s: device %s", build->hardware->machine, device->id);
    MdlPlace place = {.file = setting ? setting->file : device->file,
                      .line = setting ? setting->line : device->line,
                      .what = what};
    mdl_find(build->findings, check, &place, suggestion, "%s", message);
}

/* ---- buses -------------------------------------------------------------------------------------
 */

static MdlBus *add_bus(MdlBuild *build, const char *id, const char *type, MdlDevice *owner)
{
    MdlBus *bus = mdl_arena_new0(build->arena, MdlBus);
    bus->id = id;
    bus->type = mdl_bus_type_find(type);
    bus->owner = owner;
    bus->devices = g_ptr_array_new();
    g_ptr_array_add(build->hardware->buses, bus);
    return bus;
}

static void add_root_bus(MdlBuild *build, const MdlPart *part)
{
    MdlBus *bus = add_bus(build, mdl_arena_strdup(build->arena, part->name),
                          mdl_part_value(part, "type"), NULL);
    bus->node = mdl_arena_strdup(build->arena, mdl_part_value(part, "node"));
    g_ptr_array_add(build->hardware->root_buses, bus);
}

/* "pcie" gives "pcie.0", the next one "pcie.1". */
static const char *next_bus_id(MdlBuild *build, const char *name)
{
    for (unsigned n = 0;; n++) {
        g_autofree char *id = g_strdup_printf("%s.%u", name, n);
        if (!mdl_hardware_bus(build->hardware, id)) {
            return mdl_arena_strdup(build->arena, id);
        }
    }
}

static bool accepts(const MdlBus *bus, const MdlDeviceType *type)
{
    const char *const *traits = bus->type->accepts;
    for (size_t i = 0; traits[i]; i++) {
        if (mdl_device_type_has_trait(type, traits[i])) {
            return true;
        }
    }
    return !traits[0];
}

/* The first bus, in tree order, that takes the type and has a free place; else the first that takes
 * it, so that the finding says that it is full. */
static MdlBus *find_bus_for_type(MdlBuild *build, const MdlDeviceType *type)
{
    MdlBus *full = NULL;
    for (size_t i = 0; i < build->hardware->buses->len; i++) {
        MdlBus *bus = g_ptr_array_index(build->hardware->buses, i);
        MdlAddress address;
        if (strcmp(bus->type->family, type->bus) != 0 || !accepts(bus, type)) {
            continue;
        }
        if (bus->type->ranges || mdl_place_free(build, bus, &address)) {
            return bus;
        }
        full = full ? full : bus;
    }
    return full;
}

/* ---- properties
 * ----------------------------------------------------------------------------------- */

static bool set_from_expression(MdlBuild *build, MdlDevice *device, const MdlProperty *property,
                                const MdlSetting *setting, MdlValue *value)
{
    MdlScope scope = mdl_resolved_scope(&build->resolved);
    MdlValue result;
    g_autofree char *why = NULL;
    if (!mdl_expr_eval(setting->expr, &scope, &result, &why)) {
        mdl_build_find(build, MDL_CHECK_CONDITION, device, setting, NULL, "\"%s\": %s",
                       setting->key, why);
        return false;
    }
    *value = (MdlValue){.kind = property->kind, .number = result.number};
    return true;
}

static void set_property(MdlBuild *build, MdlDevice *device, size_t index,
                         const MdlSetting *setting)
{
    const MdlProperty *property = &device->type->properties[index];
    MdlValue *value = &device->properties[index];
    g_autofree char *why = NULL;
    if (setting->expr) {
        if (!set_from_expression(build, device, property, setting, value)) {
            return;
        }
        g_autofree char *text = mdl_number_print(MDL_UINT, value->number);
        if (property->kind == MDL_BOOL || mdl_value_parse(property, text, value, &why)) {
            return;
        }
    } else {
        const char *text = mdl_arena_strdup(build->arena, setting->value);
        if (mdl_value_parse(property, text, value, &why)) {
            return;
        }
    }
    mdl_build_find(build, MDL_CHECK_PROPERTY_VALUE, device, setting, NULL, "\"%s\" %s",
                   setting->key, why);
}

static void set_properties(MdlBuild *build, MdlDevice *device, const MdlPart *part)
{
    const MdlDeviceType *type = device->type;
    const MdlPart *defaults = mdl_machine_part(build->resolved.machine, "default", type->name);
    device->properties = mdl_arena_alloc(build->arena, type->n_properties * sizeof(MdlValue));
    for (size_t i = 0; i < type->n_properties; i++) {
        const MdlProperty *property = &type->properties[i];
        const MdlSetting *setting = mdl_part_setting(part, property->name);
        setting = setting ? setting : mdl_part_setting(defaults, property->name);
        device->properties[i] = (MdlValue){.kind = property->kind};
        if (setting) {
            set_property(build, device, i, setting);
        } else if (property->has_default) {
            device->properties[i] = property->default_value;
        } else if (property->required) {
            mdl_build_find(build, MDL_CHECK_REQUIRED_PROPERTY, device, NULL, NULL,
                           "property \"%s\" must be set", property->name);
        }
    }
}

/* ---- numbers over a device's own properties
 * --------------------------------------------------------- */

static bool describe_own(void *context, const char *name, MdlNameInfo *ret_info)
{
    const MdlDevice *device = context;
    for (size_t i = 0; i < device->type->n_properties; i++) {
        const MdlProperty *property = &device->type->properties[i];
        if (strcmp(property->name, name) == 0) {
            *ret_info = (MdlNameInfo){property->kind, property->values};
            return true;
        }
    }
    return false;
}

static bool read_own(void *context, const char *name, MdlValue *ret_value, char **ret_why)
{
    (void)ret_why;
    *ret_value = *mdl_device_property(context, name);
    return true;
}

/* The value of an expression of the type, which the build has checked. Overflow is a finding. */
static uint64_t own_number(MdlBuild *build, MdlDevice *device, MdlCheckId check, const char *text)
{
    MdlScope scope = {.describe = describe_own, .read = read_own, .context = device};
    g_autofree char *why = NULL;
    const MdlExpr *expr = mdl_expr_parse(build->arena, text, &why);
    MdlValue value;
    if (!expr || !mdl_expr_eval(expr, &scope, &value, &why)) {
        mdl_build_find(build, check, device, NULL, NULL, "%s", why);
        return 0;
    }
    return value.number;
}

static void set_regions(MdlBuild *build, MdlDevice *device)
{
    const MdlDeviceType *type = device->type;
    device->regions = mdl_arena_alloc(build->arena, type->n_regions * sizeof(MdlPlacedRegion));
    for (size_t i = 0; i < type->n_regions; i++) {
        device->regions[i].region = &type->regions[i];
        device->regions[i].size =
            own_number(build, device, MDL_CHECK_REGION_RANGE, type->regions[i].size);
    }
}

/* ---- devices
 * ------------------------------------------------------------------------------------------ */

static MdlBus *find_bus_for(MdlBuild *build, const MdlDevice *device, const MdlOrigin *origin)
{
    MdlBus *bus = origin->bus ? (MdlBus *)mdl_hardware_bus(build->hardware, origin->bus)
                              : find_bus_for_type(build, origin->type);
    if (!bus) {
        g_autofree char *named = origin->bus ? g_strdup_printf("bus \"%s\"", origin->bus)
                                             : g_strdup_printf("%s bus", origin->type->bus);
        mdl_build_find(build, MDL_CHECK_BUS_UNKNOWN, device, mdl_part_setting(origin->part, "bus"),
                       "put the device that provides it first", "there is no %s", named);
    }
    return bus;
}

MdlDevice *mdl_build_add(MdlBuild *build, const MdlOrigin *origin)
{
    MdlArena *arena = build->arena;
    MdlDevice *device = mdl_arena_new0(arena, MdlDevice);
    device->id = origin->id;
    device->type = origin->type;
    device->index = origin->index;
    device->made = origin->made;
    device->file = origin->part->file;
    device->line = origin->part->line;
    device->layer = origin->part->layer;
    device->wires = g_array_new(FALSE, TRUE, sizeof(MdlWire));
    g_ptr_array_add(build->hardware->devices, device);

    build->resolved.index = origin->index;
    set_properties(build, device, origin->part);
    set_regions(build, device);
    if (device->type->irq_inputs) {
        device->n_inputs = own_number(build, device, MDL_CHECK_IRQ_LINE, device->type->irq_inputs);
    }
    device->bus = find_bus_for(build, device, origin);
    if (device->bus) {
        g_ptr_array_add(device->bus->devices, device);
    }
    device->buses = mdl_arena_alloc(arena, device->type->n_buses * sizeof(MdlBus *));
    for (size_t i = 0; i < device->type->n_buses; i++) {
        const MdlProvidedBus *provided = &device->type->buses[i];
        device->buses[i] =
            add_bus(build, next_bus_id(build, provided->name), provided->type, device);
    }
    return device;
}

MdlPart *mdl_build_make_part(MdlBuild *build, const char *const *pairs)
{
    MdlPart *part = mdl_arena_new0(build->arena, MdlPart);
    part->kind = "device";
    part->layer = build->resolved.machine->full_name;
    part->minimal = true;
    part->settings = g_ptr_array_new();
    g_ptr_array_add(build->made_parts, part->settings);
    for (size_t i = 0; pairs[i] && pairs[i + 1]; i += 2) {
        MdlSetting *setting = mdl_arena_new0(build->arena, MdlSetting);
        setting->key = mdl_arena_strdup(build->arena, pairs[i]);
        setting->value = mdl_arena_strdup(build->arena, pairs[i + 1]);
        g_ptr_array_add(part->settings, setting);
    }
    return part;
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

bool mdl_build_check_given(MdlBuild *build, const char *what, MdlCheckId check,
                           const MdlDeviceType *type, const MdlPart *part)
{
    size_t before = mdl_findings_count(build->findings);
    MdlPlace place = {.what = what};
    for (size_t i = 0; i < part->settings->len; i++) {
        const MdlSetting *setting = g_ptr_array_index(part->settings, i);
        const MdlProperty *property = find_property(type, setting->key);
        g_autofree char *why = NULL;
        MdlValue value;
        if (!property) {
            mdl_find(build->findings, check, &place, NULL, "%s has no property \"%s\"", type->name,
                     setting->key);
        } else if (!mdl_value_parse(property, setting->value, &value, &why)) {
            mdl_find(build->findings, check, &place, NULL, "\"%s\" %s", setting->key, why);
        }
    }
    return mdl_findings_count(build->findings) == before;
}

/* "a=b,c=d" as a made-up part; a name alone means on. */
static MdlPart *make_cpu_part(MdlBuild *build)
{
    const char *text = build->resolved.cpu_properties;
    g_auto(GStrv) words = g_strsplit(text ? text : "", ",", -1);
    g_autoptr(GPtrArray) pairs = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; words[i]; i++) {
        char *equals = strchr(words[i], '=');
        g_ptr_array_add(pairs, equals ? g_strndup(words[i], (size_t)(equals - words[i]))
                                      : g_strdup(words[i]));
        g_ptr_array_add(pairs, g_strdup(equals ? equals + 1 : "on"));
    }
    g_ptr_array_add(pairs, NULL);
    return mdl_build_make_part(build, (const char *const *)pairs->pdata);
}

/* The place of CPU number i, by the names of its bus's fields. */
static void place_cpu(MdlDevice *cpu, const MdlTopology *t)
{
    const MdlBusType *bus = cpu->bus->type;
    uint64_t i = cpu->index;
    const struct {
        const char *name;
        uint64_t value;
    } levels[] = {{"thread", i % t->threads},
                  {"core", i / t->threads % t->cores},
                  {"cluster", i / t->threads / t->cores % t->clusters},
                  {"socket", i / t->threads / t->cores / t->clusters}};
    for (size_t f = 0; f < bus->n_fields; f++) {
        for (size_t l = 0; l < G_N_ELEMENTS(levels); l++) {
            if (strcmp(bus->fields[f].name, levels[l].name) == 0) {
                cpu->address.fields[f] = levels[l].value;
            }
        }
    }
}

static void add_cpus(MdlBuild *build)
{
    if (!build->resolved.cpu) {
        return;
    }
    const MdlPart *cpus = mdl_machine_part(build->resolved.machine, "cpus", NULL);
    MdlPart *part = make_cpu_part(build);
    part->file = cpus->file;
    part->line = cpus->line;
    part->layer = cpus->layer;
    const MdlTopology *topology = mdl_resolved_topology(&build->resolved);
    const char *bus = mdl_part_value(cpus, "bus");
    mdl_resolved_cpu(&build->resolved);
    if (mdl_build_check_given(build, "cpu", MDL_CHECK_CPU_PROPERTY, build->resolved.cpu, part)) {
        for (unsigned i = 0; i < topology->cpus; i++) {
            MdlOrigin origin = {.part = part,
                                .type = build->resolved.cpu,
                                .bus = bus,
                                .id = mdl_arena_printf(build->arena, "cpu.%u", i),
                                .index = i,
                                .made = MDL_MADE_CPU};
            MdlDevice *cpu = mdl_build_add(build, &origin);
            if (cpu->bus) {
                place_cpu(cpu, topology);
            }
        }
    }
}

static void add_memory(MdlBuild *build)
{
    const MdlPart *memory = mdl_machine_part(build->resolved.machine, "memory", NULL);
    const char *type_name = mdl_part_value(memory, "type");
    const MdlSetting *base = mdl_part_setting(memory, "base");
    if (!type_name || !base) {
        return;
    }
    MdlPlace place = {.file = memory->file, .line = memory->line, .what = "memory"};
    const MdlDeviceType *type = mdl_device_type_find(type_name);
    if (!type || type->n_regions != 1) {
        mdl_find(build->findings, MDL_CHECK_UNKNOWN_DEVICE_TYPE, &place, NULL,
                 "\"%s\" is not a device type with one region", type_name);
        return;
    }
    g_autofree char *size =
        g_strdup_printf("%" G_GUINT64_FORMAT, mdl_resolved_memory(&build->resolved));
    MdlPart *part = mdl_build_make_part(build, (const char *const[]){"size", size, NULL});
    part->file = memory->file;
    part->line = memory->line;
    part->layer = memory->layer;
    MdlOrigin origin = {.part = part, .type = type, .id = "ram", .made = MDL_MADE_MEMORY};
    MdlDevice *device = mdl_build_add(build, &origin);
    MdlScope scope = mdl_resolved_scope(&build->resolved);
    MdlValue value;
    g_autofree char *why = NULL;
    if (mdl_expr_eval(base->expr, &scope, &value, &why)) {
        device->regions[0].base = value.number;
        device->address.fields[0] = value.number;
    } else {
        mdl_build_find(build, MDL_CHECK_CONDITION, device, base, NULL, "%s", why);
    }
}

static void add_part_devices(MdlBuild *build, const MdlPart *part)
{
    const MdlSetting *count = mdl_part_setting(part, "count");
    MdlPlace place = {.file = part->file, .line = part->line, .what = part->name};
    g_autofree char *why = NULL;
    if (!mdl_resolved_present(&build->resolved, part, &why)) {
        if (why) {
            mdl_find(build->findings, MDL_CHECK_CONDITION, &place, NULL, "%s", why);
        }
        return;
    }
    MdlValue n = {.number = 1};
    MdlScope scope = mdl_resolved_scope(&build->resolved);
    if (count && !mdl_expr_eval(count->expr, &scope, &n, &why)) {
        mdl_find(build->findings, MDL_CHECK_CONDITION, &place, NULL, "%s", why);
        return;
    }
    if (n.number > MAX_REPEAT) {
        mdl_find(build->findings, MDL_CHECK_CONDITION, &place, NULL, "a count is at most %d",
                 MAX_REPEAT);
        return;
    }
    for (unsigned i = 0; i < n.number; i++) {
        MdlOrigin origin = {.part = part,
                            .type = mdl_device_type_find(mdl_part_value(part, "type")),
                            .bus = mdl_part_value(part, "bus"),
                            .id = count ? mdl_arena_printf(build->arena, "%s.%u", part->name, i)
                                        : mdl_arena_strdup(build->arena, part->name),
                            .index = i};
        MdlDevice *device = mdl_build_add(build, &origin);
        if (device->bus) {
            mdl_place_device(build, device, part);
        }
    }
}

const MdlPart *mdl_build_part(const MdlBuild *build, const MdlDevice *device)
{
    const char *dot = strrchr(device->id, '.');
    g_autofree char *base = dot ? g_strndup(device->id, (size_t)(dot - device->id)) : NULL;
    const MdlPart *part = mdl_machine_part(build->resolved.machine, "device", device->id);
    return part || !base ? part : mdl_machine_part(build->resolved.machine, "device", base);
}

static void add_devices(MdlBuild *build)
{
    const GPtrArray *parts = build->resolved.machine->parts;
    for (size_t i = 0; i < parts->len; i++) {
        const MdlPart *part = g_ptr_array_index(parts, i);
        if (strcmp(part->kind, "device") == 0) {
            add_part_devices(build, part);
        }
    }
}

/* When all are there, since a wire may lead to a later one. */
static void wire_devices(MdlBuild *build)
{
    for (size_t i = 0; i < build->hardware->devices->len; i++) {
        MdlDevice *device = g_ptr_array_index(build->hardware->devices, i);
        const MdlPart *part = mdl_build_part(build, device);
        if (part) {
            build->resolved.index = device->index;
            mdl_wire_device(build, device, part);
        }
    }
}

/* ---- the whole
 * ------------------------------------------------------------------------------------------ */

static void fill_head(MdlBuild *build)
{
    MdlHardware *hardware = build->hardware;
    MdlResolved *r = &build->resolved;
    hardware->machine = r->machine->full_name;
    hardware->arch = r->machine->arch;
    hardware->accel = r->accel;
    hardware->cpu_type = r->cpu ? r->cpu->name : NULL;
    hardware->cpus = r->topology.cpus;
    hardware->sockets = r->topology.sockets;
    hardware->clusters = r->topology.clusters;
    hardware->cores = r->topology.cores;
    hardware->threads = r->topology.threads;
    hardware->max_cpus = r->topology.max_cpus;
    hardware->memory = r->memory;
    hardware->nodes = (const MdlNode *)r->machine->nodes->data;
    hardware->n_nodes = r->machine->nodes->len;
}

static void add_root_buses(MdlBuild *build)
{
    const GPtrArray *parts = build->resolved.machine->parts;
    for (size_t i = 0; i < parts->len; i++) {
        const MdlPart *part = g_ptr_array_index(parts, i);
        if (strcmp(part->kind, "bus") == 0) {
            add_root_bus(build, part);
        }
    }
}

MdlHardware *mdl_hardware_build(const MdlCatalog *catalog, const MdlTarget *target, MdlTrace *trace,
                                MdlFindings *findings)
{
    Tree *tree = g_new0(Tree, 1);
    tree->arena = mdl_arena_new();
    MdlHardware *hardware = &tree->hardware;
    hardware->root_buses = g_ptr_array_new();
    hardware->devices = g_ptr_array_new_with_free_func(device_free);
    hardware->buses = g_ptr_array_new_with_free_func(bus_free);
    g_autoptr(GPtrArray) made_parts =
        g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    MdlBuild build = {.arena = tree->arena,
                      .made_parts = made_parts,
                      .hardware = hardware,
                      .findings = findings,
                      .before = mdl_findings_count(findings)};
    if (mdl_resolve(tree->arena, catalog, target, trace, findings, &build.resolved)) {
        fill_head(&build);
        add_root_buses(&build);
        add_cpus(&build);
        add_memory(&build);
        add_devices(&build);
        mdl_build_add_loose(&build);
        wire_devices(&build);
        mdl_check_hardware(&build);
    }
    if (mdl_findings_count(findings) > build.before) {
        mdl_hardware_free(hardware);
        return NULL;
    }
    return hardware;
}

const MdlDevice *mdl_hardware_device(const MdlHardware *hardware, const char *id)
{
    for (size_t i = 0; i < hardware->devices->len; i++) {
        const MdlDevice *device = g_ptr_array_index(hardware->devices, i);
        if (strcmp(device->id, id) == 0) {
            return device;
        }
    }
    return NULL;
}

const MdlBus *mdl_hardware_bus(const MdlHardware *hardware, const char *id)
{
    for (size_t i = 0; i < hardware->buses->len; i++) {
        const MdlBus *bus = g_ptr_array_index(hardware->buses, i);
        if (strcmp(bus->id, id) == 0) {
            return bus;
        }
    }
    return NULL;
}

const MdlValue *mdl_device_property(const MdlDevice *device, const char *name)
{
    for (size_t i = 0; i < device->type->n_properties; i++) {
        if (strcmp(device->type->properties[i].name, name) == 0) {
            return &device->properties[i];
        }
    }
    g_assert_not_reached();
}
