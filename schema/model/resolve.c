/* resolve: see resolve.h. */
#include "resolve.h"

#include "value.h"

#include <string.h>

/* A product of four such numbers still fits in 64 bits. */
#define MAX_CPUS_OF_ANY     65535
#define MAX_CONDITION_DEPTH 16

typedef struct Resolver {
    MdlResolved *r;
    const MdlCatalog *catalog;
    MdlFindings *findings;
} Resolver;

static bool topology_is_given(const MdlTarget *t)
{
    return t->cpus || t->sockets || t->clusters || t->cores || t->threads || t->max_cpus;
}

/* Whether an input was given with the target; else it is the machine's own. */
static bool is_given(const MdlTarget *target, const char *what)
{
    const struct {
        const char *what;
        bool given;
    } defaults[] = {{"accel", target->accel},
                    {"cpu", target->cpu},
                    {"smp", topology_is_given(target)},
                    {"memory", target->memory}};
    for (size_t i = 0; i < G_N_ELEMENTS(defaults); i++) {
        if (strcmp(defaults[i].what, what) == 0) {
            return defaults[i].given;
        }
    }
    return true;
}

G_GNUC_PRINTF(5, 6)
static void find(Resolver *resolver, MdlCheckId check, const char *what, const char *suggestion,
                 const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    const MdlMachine *machine = is_given(resolver->r->target, what) ? NULL : resolver->r->machine;
    MdlPlace place = {
        .what = what, .file = machine ? machine->file : NULL, .line = machine ? machine->line : 0};
    mdl_find(resolver->findings, check, &place, suggestion, "%s", message);
}

static char *known_words(const char *const *words)
{
    g_autofree char *joined = g_strjoinv(", ", (char **)words);
    return g_strconcat("known: ", joined, NULL);
}

/* ---- machine and accelerator ----------------------------------------------------------------- */

static bool resolve_machine(Resolver *resolver)
{
    MdlResolved *r = resolver->r;
    const char *name = r->target->machine;
    r->machine = name ? mdl_catalog_find(resolver->catalog, name) : NULL;
    if (!r->machine) {
        g_autofree char *known = known_words(mdl_catalog_names(resolver->catalog));
        find(resolver, MDL_CHECK_UNKNOWN_MACHINE, "machine", known,
             name ? "there is no machine \"%s\"" : "no machine is named%s", name ? name : "");
        return false;
    }
    mdl_trace_read(r->trace, "machine", name, r->machine->full_name);
    if (r->machine->hash) {
        mdl_trace_read(r->trace, "machine.file", NULL, r->machine->hash);
    }
    return true;
}

static bool runs_arch(const MdlAccelerator *accel, const char *arch)
{
    return !accel->archs[0] || g_strv_contains(accel->archs, arch);
}

static char *accelerators_for(const char *arch)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (size_t i = 0; mdl_accelerators[i]; i++) {
        if (!arch || runs_arch(mdl_accelerators[i], arch)) {
            g_ptr_array_add(names, (char *)mdl_accelerators[i]->name);
        }
    }
    g_ptr_array_add(names, NULL);
    return known_words((const char *const *)names->pdata);
}

static const MdlProperty *find_accel_option(const MdlAccelerator *accel, const char *name)
{
    for (size_t i = 0; i < accel->n_options; i++) {
        if (strcmp(accel->options[i].name, name) == 0) {
            return &accel->options[i];
        }
    }
    return NULL;
}

static void resolve_accel_option(Resolver *resolver, const char *word, MdlValue *values)
{
    const MdlAccelerator *accel = resolver->r->accel;
    g_auto(GStrv) halves = g_strsplit(word, "=", 2);
    const MdlProperty *option = halves[0] ? find_accel_option(accel, halves[0]) : NULL;
    g_autofree char *why = NULL;
    if (!option || !halves[1]) {
        g_autoptr(GPtrArray) names = g_ptr_array_new();
        for (size_t i = 0; i < accel->n_options; i++) {
            g_ptr_array_add(names, (char *)accel->options[i].name);
        }
        g_ptr_array_add(names, NULL);
        g_autofree char *known =
            accel->n_options ? known_words((const char *const *)names->pdata) : NULL;
        find(resolver, MDL_CHECK_ACCELERATOR_OPTION, "accel", known,
             option ? "%s: option \"%s\" has no value" : "%s has no option \"%s\"", accel->name,
             halves[0] ? halves[0] : "");
    } else if (!mdl_value_parse(option, mdl_arena_strdup(resolver->r->arena, halves[1]),
                                &values[option - accel->options], &why)) {
        find(resolver, MDL_CHECK_ACCELERATOR_OPTION, "accel", NULL, "%s: \"%s\" %s", accel->name,
             halves[0], why);
    }
}

/* words: the name, then the options. */
static void resolve_accel_options(Resolver *resolver, char **words)
{
    MdlResolved *r = resolver->r;
    MdlValue *values = mdl_arena_alloc(r->arena, r->accel->n_options * sizeof(MdlValue));
    for (size_t i = 0; i < r->accel->n_options; i++) {
        values[i] = r->accel->options[i].default_value;
    }
    for (size_t i = 1; words && words[0] && words[i]; i++) {
        resolve_accel_option(resolver, words[i], values);
    }
    r->accel_options = values;
}

static void resolve_accel(Resolver *resolver)
{
    MdlResolved *r = resolver->r;
    const char *given = r->target->accel;
    const char *text = given ? given : r->machine->accel;
    g_auto(GStrv) words = text ? g_strsplit(text, ",", -1) : NULL;
    const char *name = !text ? NULL : words[0] ? words[0] : "";
    r->accel = name ? mdl_accelerator_find(name) : mdl_accelerators[0];
    if (!r->accel) {
        g_autofree char *known = accelerators_for(NULL);
        find(resolver, MDL_CHECK_UNKNOWN_ACCELERATOR, "accel", known,
             "there is no accelerator \"%s\"", name);
        return;
    }
    if (!runs_arch(r->accel, r->machine->arch)) {
        g_autofree char *known = accelerators_for(r->machine->arch);
        find(resolver, MDL_CHECK_ACCELERATOR_ARCH, "accel", known, "accelerator %s does not run %s",
             r->accel->name, r->machine->arch);
        return;
    }
    resolve_accel_options(resolver, words);
    if (given) {
        mdl_trace_accept(r->trace, "accel", given, r->accel->name);
    }
}

const MdlAccelerator *mdl_resolved_accel(MdlResolved *r)
{
    mdl_trace_read(r->trace, "accel", r->target->accel, r->accel->name);
    return r->accel;
}

/* ---- layers that nodefaults leaves out ------------------------------------------------------- */

static void resolve_nodefaults(Resolver *resolver)
{
    const MdlTarget *target = resolver->r->target;
    const char *value = target->nodefaults ? "on" : "off";
    if (target->nodefaults_given) {
        mdl_trace_accept(resolver->r->trace, "nodefaults", value, value);
    }
}

bool mdl_target_nodefaults(const MdlMachine *machine, const MdlTarget *target, MdlTrace *trace)
{
    bool given = target->nodefaults_given;
    bool left_out = given ? target->nodefaults : machine->nodefaults;
    const char *value = left_out ? "on" : "off";
    mdl_trace_read(trace, "nodefaults", given ? value : NULL, value);
    return left_out;
}

/* Whether nodefaults leaves out what belongs to a layer; the minimal one always stays. */
static bool left_out(MdlResolved *r, bool minimal)
{
    return !minimal && mdl_target_nodefaults(r->machine, r->target, r->trace);
}

/* ---- options --------------------------------------------------------------------------------- */

static bool option_value(MdlResolved *r, const MdlOption *option, MdlValue *ret_value,
                         char **ret_why)
{
    const char *given = g_hash_table_lookup(r->target->options, option->property.name);
    if (!given) {
        *ret_value = option->property.default_value;
        return true;
    }
    return mdl_value_parse(&option->property, given, ret_value, ret_why);
}

static void record_option(MdlResolved *r, const MdlOption *option, const MdlValue *value, bool read)
{
    g_autofree char *name = g_strconcat("options.", option->property.name, NULL);
    g_autofree char *text = mdl_value_print(value);
    const char *given = g_hash_table_lookup(r->target->options, option->property.name);
    if (read) {
        mdl_trace_read(r->trace, name, given, text);
    } else if (given) {
        mdl_trace_accept(r->trace, name, given, text);
    }
}

static char *known_options(const MdlMachine *machine)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (size_t i = 0; i < machine->options->len; i++) {
        const MdlOption *option = g_ptr_array_index(machine->options, i);
        g_ptr_array_add(names, (char *)option->property.name);
    }
    g_ptr_array_add(names, NULL);
    return known_words((const char *const *)names->pdata);
}

static void resolve_option(Resolver *resolver, const char *name)
{
    MdlResolved *r = resolver->r;
    g_autofree char *what = g_strconcat("options.", name, NULL);
    const MdlOption *option = mdl_machine_option(r->machine, name);
    if (!option) {
        g_autofree char *known = known_options(r->machine);
        find(resolver, MDL_CHECK_UNKNOWN_OPTION, what, known, "machine %s has no option \"%s\"",
             r->machine->full_name, name);
        return;
    }
    g_autofree char *why = NULL;
    MdlValue value;
    if (!option_value(r, option, &value, &why)) {
        find(resolver, MDL_CHECK_OPTION_VALUE, what, NULL, "the value %s", why);
    } else if (left_out(r, option->minimal)) {
        find(resolver, MDL_CHECK_OPTION_LAYER, what, "leave the option or nodefaults out",
             "the option belongs to layer %s, which nodefaults leaves out", option->layer);
    } else {
        record_option(r, option, &value, false);
    }
}

static void resolve_options(Resolver *resolver)
{
    g_autoptr(GList) names = g_hash_table_get_keys(resolver->r->target->options);
    names = g_list_sort(names, (GCompareFunc)strcmp);
    for (GList *at = names; at; at = at->next) {
        resolve_option(resolver, at->data);
    }
}

/* ---- CPUs and memory ------------------------------------------------------------------------- */

static void resolve_cpu(Resolver *resolver)
{
    MdlResolved *r = resolver->r;
    const MdlPart *cpus = mdl_machine_part(r->machine, "cpus", NULL);
    const char *types_text = mdl_part_value(cpus, "types");
    const char *const *types = mdl_arena_words(r->arena, types_text);
    const char *given = r->target->cpu ? r->target->cpu : r->machine->cpu;
    if (!given && !types[0]) {
        return; /* a machine without CPUs */
    }
    g_auto(GStrv) halves = g_strsplit(given ? given : types[0], ",", 2);
    if (!halves[0] || !g_strv_contains(types, halves[0])) {
        g_autofree char *known = known_words(types);
        find(resolver, MDL_CHECK_CPU_TYPE, "cpu", known, "machine %s does not take the CPU \"%s\"",
             r->machine->full_name, halves[0] ? halves[0] : "");
        return;
    }
    r->cpu = mdl_device_type_find(halves[0]);
    r->cpu_properties = mdl_arena_strdup(r->arena, halves[1]);
    if (r->target->cpu) {
        mdl_trace_accept(r->trace, "cpu", r->target->cpu, r->target->cpu);
    }
}

const MdlDeviceType *mdl_resolved_cpu(MdlResolved *r)
{
    const char *value = r->target->cpu    ? r->target->cpu
                        : r->machine->cpu ? r->machine->cpu
                                          : r->cpu->name;
    mdl_trace_read(r->trace, "cpu", r->target->cpu, value);
    return r->cpu;
}

/* The words of the caller, as one text, so that the whole topology is one input. */
static char *print_topology(uint64_t cpus, uint64_t sockets, uint64_t clusters, uint64_t cores,
                            uint64_t threads, uint64_t max_cpus)
{
    const struct {
        const char *name;
        uint64_t value;
    } parts[] = {{"cpus", cpus},   {"sockets", sockets}, {"clusters", clusters},
                 {"cores", cores}, {"threads", threads}, {"maxcpus", max_cpus}};
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (parts[i].value) {
            g_string_append_printf(text, "%s%s=%" G_GUINT64_FORMAT, text->len ? "," : "",
                                   parts[i].name, parts[i].value);
        }
    }
    return g_string_free(text, FALSE);
}

char *mdl_target_smp(const MdlTarget *t)
{
    char *text =
        print_topology(t->cpus, t->sockets, t->clusters, t->cores, t->threads, t->max_cpus);
    if (!*text) {
        g_clear_pointer(&text, g_free);
    }
    return text;
}

static void record_topology(MdlResolved *r, bool read)
{
    const MdlTopology *e = &r->topology;
    g_autofree char *given = mdl_target_smp(r->target);
    g_autofree char *value =
        print_topology(e->cpus, e->sockets, e->clusters, e->cores, e->threads, e->max_cpus);
    if (read) {
        mdl_trace_read(r->trace, "smp", given, value);
    } else if (given) {
        mdl_trace_accept(r->trace, "smp", given, value);
    }
}

/* The machine's own topology, for a target that gives none. */
static MdlTopology default_topology(const MdlMachine *machine)
{
    const MdlPart *cpus = mdl_machine_part(machine, "cpus", NULL);
    if (machine->cpus) {
        return (MdlTopology){.cpus = machine->cpus};
    }
    return (MdlTopology){.cpus = mdl_part_number(cpus, "default", 1),
                         .sockets = mdl_part_number(cpus, "sockets", 0),
                         .clusters = mdl_part_number(cpus, "clusters", 0),
                         .cores = mdl_part_number(cpus, "cores", 0),
                         .threads = mdl_part_number(cpus, "threads", 0),
                         .max_cpus = mdl_part_number(cpus, "max", 0) *
                                     (mdl_part_value(cpus, "sockets") != NULL)};
}

static MdlTopology wanted_topology(const MdlTarget *t, const MdlMachine *machine)
{
    return topology_is_given(t)
               ? (MdlTopology){t->cpus, t->sockets, t->clusters, t->cores, t->threads, t->max_cpus}
               : default_topology(machine);
}

static bool topology_is_sane(const MdlTopology *t)
{
    return MAX(MAX(MAX(t->cpus, t->sockets), MAX(t->clusters, t->cores)),
               MAX(t->threads, t->max_cpus)) <= MAX_CPUS_OF_ANY;
}

/* What is left out is filled in as QEMU does since 6.2: cores before sockets before threads. */
static MdlTopology complete_topology(MdlTopology t)
{
    uint64_t total = t.max_cpus ? t.max_cpus : t.cpus;
    t.clusters = MAX(t.clusters, 1);
    if (!t.cores) {
        t.sockets = MAX(t.sockets, 1);
        t.threads = MAX(t.threads, 1);
        t.cores = MAX(total / (t.sockets * t.clusters * t.threads), 1);
    } else if (!t.sockets) {
        t.threads = MAX(t.threads, 1);
        t.sockets = MAX(total / (t.clusters * t.cores * t.threads), 1);
    } else if (!t.threads) {
        t.threads = MAX(total / (t.sockets * t.clusters * t.cores), 1);
    }
    t.max_cpus = total ? total : t.sockets * t.clusters * t.cores * t.threads;
    t.cpus = t.cpus ? t.cpus : t.max_cpus;
    return t;
}

/* The accelerator is looked at only when there is one that could not take so many. */
static uint64_t accel_limit(MdlResolved *r, uint64_t cpus)
{
    for (size_t i = 0; mdl_accelerators[i]; i++) {
        if (mdl_accelerators[i]->max_cpus < cpus) {
            return mdl_resolved_accel(r)->max_cpus;
        }
    }
    return UINT64_MAX;
}

static void resolve_topology(Resolver *resolver)
{
    MdlResolved *r = resolver->r;
    const MdlPart *cpus = mdl_machine_part(r->machine, "cpus", NULL);
    if (!cpus) {
        if (topology_is_given(r->target)) {
            find(resolver, MDL_CHECK_CPU_COUNT, "smp", NULL, "machine %s has no CPUs",
                 r->machine->full_name);
        }
        return;
    }
    MdlTopology wanted = wanted_topology(r->target, r->machine);
    if (!topology_is_sane(&wanted)) {
        find(resolver, MDL_CHECK_CPU_COUNT, "smp", NULL, "no number may exceed %d",
             MAX_CPUS_OF_ANY);
        return;
    }
    r->topology = complete_topology(wanted);
    const MdlTopology *e = &r->topology;
    uint64_t most = mdl_part_number(cpus, "max", 0);
    if (e->sockets * e->clusters * e->cores * e->threads != e->max_cpus) {
        find(resolver, MDL_CHECK_CPU_TOPOLOGY, "smp", NULL,
             "%" G_GUINT64_FORMAT " sockets x %" G_GUINT64_FORMAT " clusters x %" G_GUINT64_FORMAT
             " cores x %" G_GUINT64_FORMAT " threads is not %" G_GUINT64_FORMAT " CPUs",
             e->sockets, e->clusters, e->cores, e->threads, e->max_cpus);
    } else if (e->cpus > e->max_cpus) {
        find(resolver, MDL_CHECK_CPU_TOPOLOGY, "smp", NULL,
             "cpus is %" G_GUINT64_FORMAT ", more than maxcpus, %" G_GUINT64_FORMAT, e->cpus,
             e->max_cpus);
    } else if (e->max_cpus > most) {
        find(resolver, MDL_CHECK_CPU_COUNT, "smp", NULL,
             "machine %s has at most %" G_GUINT64_FORMAT " CPUs, %" G_GUINT64_FORMAT
             " were asked for",
             r->machine->full_name, most, e->max_cpus);
    } else if (r->accel && e->max_cpus > accel_limit(r, e->max_cpus)) {
        find(resolver, MDL_CHECK_CPU_COUNT, "smp", NULL,
             "accelerator %s takes at most %" G_GUINT64_FORMAT " CPUs, %" G_GUINT64_FORMAT
             " were asked for",
             r->accel->name, r->accel->max_cpus, e->max_cpus);
    } else {
        record_topology(r, false);
    }
}

const MdlTopology *mdl_resolved_topology(MdlResolved *r)
{
    record_topology(r, true);
    return &r->topology;
}

static void record_memory(MdlResolved *r, bool read)
{
    g_autofree char *value = mdl_number_print(MDL_SIZE, r->memory);
    if (read) {
        mdl_trace_read(r->trace, "memory", r->target->memory, value);
    } else if (r->target->memory) {
        mdl_trace_accept(r->trace, "memory", r->target->memory, value);
    }
}

static void resolve_memory(Resolver *resolver)
{
    MdlResolved *r = resolver->r;
    const MdlPart *memory = mdl_machine_part(r->machine, "memory", NULL);
    MdlMachineInfo info = mdl_machine_info(resolver->catalog, r->machine);
    if (!memory) {
        if (r->target->memory) {
            find(resolver, MDL_CHECK_MEMORY_SIZE, "memory", NULL, "machine %s has no memory",
                 r->machine->full_name);
        }
        return;
    }
    r->memory = info.default_memory;
    if (r->target->memory && !mdl_number_parse(r->target->memory, &r->memory)) {
        find(resolver, MDL_CHECK_MEMORY_SIZE, "memory", "write a size as 512M or 4G",
             "\"%s\" is not a size", r->target->memory);
        return;
    }
    if (r->memory < info.min_memory || r->memory > info.max_memory ||
        r->memory % info.memory_align) {
        g_autofree char *size = mdl_number_print(MDL_SIZE, r->memory);
        g_autofree char *low = mdl_number_print(MDL_SIZE, info.min_memory);
        g_autofree char *high = mdl_number_print(MDL_SIZE, info.max_memory);
        g_autofree char *align = mdl_number_print(MDL_SIZE, info.memory_align);
        find(resolver, MDL_CHECK_MEMORY_SIZE, "memory", NULL,
             "%s is not from %s to %s in steps of %s", size, low, high, align);
        return;
    }
    record_memory(r, false);
}

uint64_t mdl_resolved_memory(MdlResolved *r)
{
    record_memory(r, true);
    return r->memory;
}

bool mdl_resolve(MdlArena *arena, const MdlCatalog *catalog, const MdlTarget *target,
                 MdlTrace *trace, MdlFindings *findings, MdlResolved *ret_resolved)
{
    size_t before = mdl_findings_count(findings);
    MdlResolved r = {.arena = arena, .target = target, .trace = trace};
    Resolver resolver = {.r = &r, .catalog = catalog, .findings = findings};
    if (!resolve_machine(&resolver)) {
        return false;
    }
    resolve_accel(&resolver);
    resolve_nodefaults(&resolver);
    resolve_options(&resolver);
    resolve_cpu(&resolver);
    resolve_topology(&resolver);
    resolve_memory(&resolver);
    if (mdl_findings_count(findings) > before) {
        return false;
    }
    *ret_resolved = r;
    return true;
}

/* ---- names of expressions -------------------------------------------------------------------- */

static bool describe(void *context, const char *name, MdlNameInfo *ret_info)
{
    const MdlResolved *r = context;
    return mdl_machine_describe(r->machine, name, ret_info);
}

static const struct {
    const char *name;
    size_t offset;
} topology_names[] = {
    {"smp.cpus", offsetof(MdlTopology, cpus)},
    {"smp.sockets", offsetof(MdlTopology, sockets)},
    {"smp.clusters", offsetof(MdlTopology, clusters)},
    {"smp.cores", offsetof(MdlTopology, cores)},
    {"smp.threads", offsetof(MdlTopology, threads)},
    {"smp.max-cpus", offsetof(MdlTopology, max_cpus)},
};

static bool read_common(MdlResolved *r, const char *name, MdlValue *ret_value)
{
    for (size_t i = 0; i < G_N_ELEMENTS(topology_names); i++) {
        if (strcmp(topology_names[i].name, name) == 0) {
            const char *base = (const char *)mdl_resolved_topology(r);
            ret_value->kind = MDL_UINT;
            ret_value->number = *(const uint64_t *)(base + topology_names[i].offset);
            return true;
        }
    }
    if (strcmp(name, "index") == 0) {
        *ret_value = (MdlValue){.kind = MDL_UINT, .number = r->index};
    } else if (strcmp(name, "memory.size") == 0) {
        *ret_value = (MdlValue){.kind = MDL_SIZE, .number = mdl_resolved_memory(r)};
    } else if (strcmp(name, "accel.name") == 0) {
        *ret_value = (MdlValue){.kind = MDL_STR, .text = mdl_resolved_accel(r)->name};
    } else if (strcmp(name, "accel.runs") == 0) {
        *ret_value = (MdlValue){.kind = MDL_BOOL, .number = mdl_resolved_accel(r)->runs};
    } else if (strcmp(name, "accel.max-cpus") == 0) {
        *ret_value = (MdlValue){.kind = MDL_UINT, .number = mdl_resolved_accel(r)->max_cpus};
    } else if (strcmp(name, "cpu.type") == 0) {
        *ret_value = (MdlValue){.kind = MDL_STR, .text = mdl_resolved_cpu(r)->name};
    } else {
        return false;
    }
    return true;
}

static bool read_name(void *context, const char *name, MdlValue *ret_value, char **ret_why)
{
    MdlResolved *r = context;
    const char *option_name = g_str_has_prefix(name, "options.") ? name + strlen("options.") : name;
    const MdlOption *option = mdl_machine_option(r->machine, option_name);
    if (option) {
        if (!option_value(r, option, ret_value, ret_why)) {
            return false;
        }
        record_option(r, option, ret_value, true);
        return true;
    }
    if (read_common(r, name, ret_value)) {
        return true;
    }
    if (!g_str_has_prefix(name, "device.")) {
        *ret_why = g_strdup_printf("\"%s\" names nothing", name);
        return false;
    }
    const MdlPart *part = mdl_machine_part(r->machine, "device", name + strlen("device."));
    bool present = part && mdl_resolved_present(r, part, ret_why);
    *ret_value = (MdlValue){.kind = MDL_BOOL, .number = present};
    return *ret_why == NULL;
}

MdlScope mdl_resolved_scope(MdlResolved *resolved)
{
    return (MdlScope){.describe = describe, .read = read_name, .context = resolved};
}

bool mdl_resolved_present(MdlResolved *r, const MdlPart *part, char **ret_why)
{
    const MdlSetting *when = mdl_part_setting(part, "when");
    if (left_out(r, part->minimal)) {
        return false;
    }
    if (!when) {
        return true;
    }
    if (r->depth >= MAX_CONDITION_DEPTH) {
        *ret_why = g_strdup("conditions ask for each other's devices in a circle");
        return false;
    }
    MdlScope scope = mdl_resolved_scope(r);
    MdlValue value;
    r->depth++;
    bool ok = mdl_expr_eval(when->expr, &scope, &value, ret_why);
    r->depth--;
    return ok && value.number != 0;
}
