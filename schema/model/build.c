/* build: makes the hardware tree of a target out of a machine's parts. */
#include "build.h"

#include <string.h>

#define MAX_DEVICES 4096

/* ---- CPUs and memory ------------------------------------------------------------------------- */

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

static void add_cpu_devices(MdlBuild *build, const MdlPart *part)
{
    const MdlTopology *topology = mdl_resolved_topology(&build->resolved);
    const MdlPart *cpus = mdl_machine_part(build->resolved.machine, "cpus", NULL);
    const MdlDeviceType *type = mdl_resolved_cpu(&build->resolved);
    for (unsigned i = 0; i < topology->cpus; i++) {
        MdlOrigin origin = {.part = part,
                            .type = type,
                            .bus = mdl_part_value(cpus, "bus"),
                            .id = mdl_arena_printf(build->arena, "cpu.%u", i),
                            .index = i,
                            .made = MDL_MADE_CPU};
        MdlDevice *cpu = mdl_build_add(build, &origin);
        if (cpu->bus) {
            place_cpu(cpu, topology);
        }
    }
}

/* The words of the CPU are checked even where no CPU is wanted. */
static void add_cpus(MdlBuild *build, bool wanted)
{
    if (!build->resolved.cpu) {
        return;
    }
    const MdlPart *cpus = mdl_machine_part(build->resolved.machine, "cpus", NULL);
    const MdlMachine *machine = build->resolved.machine;
    MdlPart *part = make_cpu_part(build);
    if (!build->resolved.target->cpu) {
        part->file = machine->file;
        part->line = machine->line;
    }
    if (!mdl_build_check_given(build, "cpu", MDL_CHECK_CPU_PROPERTY, build->resolved.cpu, part)) {
        part = mdl_build_make_part(build, (const char *const[]){NULL}); /* others refer to CPUs */
    }
    part->file = cpus->file;
    part->line = cpus->line;
    part->layer = cpus->layer;
    if (wanted) {
        add_cpu_devices(build, part);
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
    const MdlDeviceType *type = mdl_device_type_find(type_name);
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
    if (n.number > MAX_DEVICES || build->hardware->devices->len + n.number > MAX_DEVICES) {
        mdl_find(build->findings, MDL_CHECK_TOO_MANY, &place, NULL,
                 "a machine has at most %d devices", MAX_DEVICES);
        return;
    }
    for (unsigned i = 0; i < n.number; i++) {
        MdlOrigin origin = {.part = part,
                            .type = mdl_device_type_find(mdl_part_value(part, "type")),
                            .bus = mdl_part_value(part, "bus"),
                            .id = count ? mdl_arena_printf(build->arena, "%s.%u", part->name, i)
                                        : mdl_arena_strdup(build->arena, part->name),
                            .index = i};
        mdl_build_add(build, &origin);
    }
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

/* ---- the whole ------------------------------------------------------------------------------- */

static void fill_head(MdlBuild *build)
{
    MdlHardware *hardware = build->hardware;
    MdlResolved *r = &build->resolved;
    hardware->machine = r->machine->full_name;
    hardware->arch = r->machine->arch;
    hardware->placement = mdl_placement_find("vitrine");
    hardware->accel = r->accel;
    hardware->accel_options = r->accel_options;
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

/* What the machine's own groups say of devices that come later: places kept free and values pinned,
 * as they are now. Kept for the tree, so what is read for it is no input of this answer. */
static void fill_rules(MdlBuild *build)
{
    const GPtrArray *parts = build->resolved.machine->parts;
    GArray *slots = g_array_new(FALSE, FALSE, sizeof(MdlKeptSlot));
    for (size_t i = 0; i < parts->len; i++) {
        const MdlPart *part = g_ptr_array_index(parts, i);
        if (strcmp(part->kind, "slot") == 0) {
            MdlKeptSlot slot = {mdl_part_value(part, "bus"), part->name,
                                mdl_part_value(part, "reason"), part->file, part->line};
            g_array_append_val(slots, slot);
        }
    }
    build->hardware->slots = mdl_arena_take_array(build->arena, slots, &build->hardware->n_slots);
}

static const char *pinned_value(MdlBuild *build, const MdlSetting *setting)
{
    MdlValue value;
    g_autofree char *why = NULL;
    if (!setting->expr) {
        return setting->value;
    }
    MdlScope scope = mdl_resolved_scope(&build->resolved);
    return mdl_expr_eval(setting->expr, &scope, &value, &why)
               ? mdl_arena_printf(build->arena, "%" G_GUINT64_FORMAT, value.number)
               : NULL;
}

static void fill_defaults(MdlBuild *build)
{
    const GPtrArray *parts = build->resolved.machine->parts;
    MdlTrace *trace = build->resolved.trace;
    GArray *defaults = g_array_new(FALSE, FALSE, sizeof(MdlTypeDefault));
    build->resolved.trace = NULL;
    for (size_t i = 0; i < parts->len; i++) {
        const MdlPart *part = g_ptr_array_index(parts, i);
        for (size_t k = 0; strcmp(part->kind, "default") == 0 && k < part->settings->len; k++) {
            const MdlSetting *setting = g_ptr_array_index(part->settings, k);
            MdlTypeDefault one = {part->name, setting->key, pinned_value(build, setting),
                                  setting->file, setting->line};
            if (one.value) {
                g_array_append_val(defaults, one);
            }
        }
    }
    build->resolved.trace = trace;
    build->hardware->defaults =
        mdl_arena_take_array(build->arena, defaults, &build->hardware->n_defaults);
}

static void add_root_bus(MdlBuild *build, const MdlPart *part)
{
    MdlBus *bus = mdl_build_add_bus(build, mdl_arena_strdup(build->arena, part->name),
                                    mdl_part_value(part, "type"), NULL);
    bus->node = mdl_arena_strdup(build->arena, mdl_part_value(part, "node"));
    g_ptr_array_add(build->hardware->root_buses, bus);
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

static void read_head(MdlResolved *r)
{
    mdl_resolved_accel(r);
    mdl_resolved_topology(r);
    mdl_resolved_memory(r);
    if (r->cpu) {
        mdl_resolved_cpu(r);
    }
}

static void build_parts(MdlBuild *build, unsigned needs)
{
    build->whole = (needs & MDL_NEED_TREE) == MDL_NEED_TREE;
    fill_head(build);
    fill_rules(build);
    if (needs & MDL_NEED_HEAD) {
        read_head(&build->resolved);
    }
    add_root_buses(build);
    add_cpus(build, needs & MDL_NEED_CPUS);
    if (needs & MDL_NEED_MEMORY) {
        add_memory(build);
    }
    if (needs & MDL_NEED_DEVICES) {
        add_devices(build);
        mdl_build_add_loose(build);
        wire_devices(build);
        fill_defaults(build);
    }
    mdl_check_hardware(build);
    mdl_check_reach(build, NULL);
}

MdlHardware *mdl_hardware_build(const MdlCatalog *catalog, const MdlTarget *target, MdlTrace *trace,
                                MdlFindings *findings)
{
    return mdl_hardware_build_part(catalog, target, MDL_NEED_TREE, trace, findings);
}

MdlHardware *mdl_hardware_build_part(const MdlCatalog *catalog, const MdlTarget *target,
                                     unsigned needs, MdlTrace *trace, MdlFindings *findings)
{
    MdlArena *arena;
    MdlHardware *hardware = mdl_hardware_new(&arena);
    g_autoptr(GPtrArray) made_parts =
        g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    g_autoptr(GHashTable) parts = g_hash_table_new(NULL, NULL);
    MdlBuild build = {.arena = arena,
                      .made_parts = made_parts,
                      .parts = parts,
                      .hardware = hardware,
                      .findings = findings,
                      .before = mdl_findings_count(findings)};
    if (mdl_resolve(arena, catalog, target, trace, findings, &build.resolved)) {
        build_parts(&build, target->devices->len ? needs | MDL_NEED_TREE : needs);
    }
    if (mdl_findings_count(findings) > build.before) {
        mdl_hardware_free(hardware);
        return NULL;
    }
    return hardware;
}

/* ---- devices added to a tree that is there --------------------------------------------------- */

MdlHardware *mdl_hardware_place(const MdlHardware *base, const GPtrArray *devices,
                                MdlPlaceWhen when, MdlFindings *findings, MdlFindings *unusable)
{
    MdlArena *arena;
    MdlHardware *hardware =
        mdl_hardware_copy(base, NULL, when == MDL_PLACE_COLD ? devices : NULL, &arena);
    g_autoptr(GPtrArray) made_parts =
        g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    g_autoptr(GHashTable) parts = g_hash_table_new(NULL, NULL);
    MdlBuild build = {.arena = arena,
                      .made_parts = made_parts,
                      .parts = parts,
                      .hardware = hardware,
                      .findings = findings,
                      .before = mdl_findings_count(findings),
                      .when = when};
    mdl_build_place_loose(&build, devices);
    mdl_check_reach(&build, unusable);
    if (mdl_findings_count(findings) > build.before) {
        mdl_hardware_free(hardware);
        return NULL;
    }
    return hardware;
}

MdlHardware *mdl_hardware_without(const MdlHardware *base, const char *id)
{
    MdlArena *arena;
    const MdlDevice *device = mdl_hardware_device(base, id);
    g_assert(device);
    return mdl_hardware_copy(base, device, NULL, &arena);
}
