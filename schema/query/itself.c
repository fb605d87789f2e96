/* itself: what this program says of itself: its schema, its version, how it was built. */
#include "context.h"

#include "declarations.gen.h"

#include <stdio.h>
#include <string.h>

/* ---- the schema ------------------------------------------------------------------------------ */

/* The text was made by the generator: it parses, and it has the form of its own schema. */
static json_t *parse_own(const char *text)
{
    g_autoptr(GError) error = NULL;
    json_t *json = wire_json_parse(text, strlen(text), &wire_limits_reply, &error);
    g_assert_no_error(error);
    return json;
}

bool cmd_query_schema(CmdContext *context, const ApiQuerySchemaArgs *args, ApiSchema **ret_reply,
                      GError **error)
{
    if (!cmd_subject_ignore(context, args->target, error)) {
        return false;
    }
    json_t *json = parse_own(api_schema_json());
    *ret_reply = api_schema_read(json, WIRE_STRICT, error);
    json_decref(json);
    return *ret_reply != NULL;
}

bool cmd_query_qmp_schema(CmdContext *context, const ApiQueryQmpSchemaArgs *args,
                          GPtrArray **ret_reply, GError **error)
{
    if (!cmd_subject_ignore(context, args->target, error)) {
        return false;
    }
    json_t *json = parse_own(api_qmp_schema_json());
    g_autoptr(GPtrArray) list = api_list_new(&api_type_schema_info);
    bool ok = true;
    for (size_t i = 0; ok && i < json_array_size(json); i++) {
        ApiSchemaInfo *info = api_schema_info_read(json_array_get(json, i), WIRE_STRICT, error);
        ok = info != NULL;
        if (info) {
            g_ptr_array_add(list, info);
        }
    }
    json_decref(json);
    *ret_reply = ok ? g_steal_pointer(&list) : NULL;
    return ok;
}

bool cmd_query_commands(CmdContext *context, const ApiQueryCommandsArgs *args,
                        GPtrArray **ret_reply, GError **error)
{
    if (!cmd_subject_ignore(context, args->target, error)) {
        return false;
    }
    GPtrArray *list = api_list_new(&api_type_command_entry);
    for (size_t i = 0; api_commands[i]; i++) {
        ApiCommandEntry *entry = api_command_entry_new();
        entry->name = g_strdup(api_commands[i]->name);
        api_phase_parse(api_commands[i]->phase, &entry->phase);
        g_ptr_array_add(list, entry);
    }
    *ret_reply = list;
    return true;
}

/* ---- version and build ----------------------------------------------------------------------- */

/* QEMU's release whose commands ours follow in name and form. */
#define QEMU_MAJOR 7
#define QEMU_MINOR 2
#define QEMU_MICRO 0

static ApiVersionTriple *triple(int major, int minor, int micro)
{
    ApiVersionTriple *api = api_version_triple_new();
    api->major = major;
    api->minor = minor;
    api->micro = micro;
    return api;
}

static ApiVersionInfo *version_info(void)
{
    int major = 0, minor = 0, micro = 0;
    sscanf(VITRINE_VERSION, "%d.%d.%d", &major, &minor, &micro);
    ApiVersionInfo *api = api_version_info_new();
    api->qemu = triple(QEMU_MAJOR, QEMU_MINOR, QEMU_MICRO);
    api->vitrine = triple(major, minor, micro);
    api->package = g_strdup("vitrine " VITRINE_VERSION);
    return api;
}

json_t *cmd_version(void)
{
    g_autoptr(ApiVersionInfo) api = version_info();
    return api_version_info_write(api);
}

bool cmd_query_version(CmdContext *context, const ApiQueryVersionArgs *args,
                       ApiVersionInfo **ret_reply, GError **error)
{
    if (!cmd_subject_ignore(context, args->target, error)) {
        return false;
    }
    *ret_reply = version_info();
    return true;
}

static void add_library(GPtrArray *list, const char *name, char *version)
{
    ApiLibraryInfo *api = api_library_info_new();
    api->name = g_strdup(name);
    api->version = version;
    g_ptr_array_add(list, api);
}

static size_t count_rows(const void *const *table)
{
    size_t n = 0;
    while (table[n]) {
        n++;
    }
    return n;
}

/* The machines compiled in: a person's own have a hash. */
static size_t count_machines(const MdlCatalog *catalog)
{
    const char *const *names = mdl_catalog_names(catalog);
    size_t n = 0;
    for (size_t i = 0; names[i]; i++) {
        n += mdl_machine_info(catalog, mdl_catalog_find(catalog, names[i])).hash == NULL;
    }
    return n;
}

bool cmd_query_build(CmdContext *context, const ApiQueryBuildArgs *args, ApiBuildInfo **ret_reply,
                     GError **error)
{
    if (!cmd_subject_ignore(context, args->target, error)) {
        return false;
    }
    ApiBuildInfo *api = api_build_info_new();
    api->version = g_strdup(VITRINE_VERSION);
#ifdef __clang__
    api->compiler = g_strdup(__VERSION__);
#else
    api->compiler = g_strdup("GCC " __VERSION__);
#endif
#ifdef __SANITIZE_ADDRESS__
    g_ptr_array_add(api->features, g_strdup("sanitizers"));
#endif
    add_library(
        api->libraries, "glib",
        g_strdup_printf("%u.%u.%u", glib_major_version, glib_minor_version, glib_micro_version));
    add_library(api->libraries, "jansson", g_strdup(jansson_version_str()));
    api->declarations = g_strdup(VITRINE_DECLARATIONS);
    api->machine_count = count_machines(context->catalog);
    api->device_type_count = count_rows((const void *const *)mdl_device_types);
    api->bus_type_count = count_rows((const void *const *)mdl_bus_types);
    api->command_count = count_rows((const void *const *)api_commands);
    *ret_reply = api;
    return true;
}

const char *cmd_engine(void)
{
    return VITRINE_ENGINE;
}
