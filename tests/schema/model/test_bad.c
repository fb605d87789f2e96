/* Each named check has a file tests/machines/bad-CHECK.cfg that makes it fire first, and beside it
 * the whole text of the findings in bad-CHECK.err. Where a file alone cannot break the rule:
 *
 *   bad-CHECK.target.json   the target that is asked of the file's machine; with a placement, the
 *                           devices are added to it afterwards as that one does, hot or not
 *   bad-CHECK.repeat        how often the file's text stands; @N@ in it counts from 0
 *
 * With VITRINE_ACCEPT=1 in the environment the .err files are written: read the difference. */
#include "check.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#define FOLDER VITRINE_TESTS "/machines"

/* NULL: there is no such file. */
static char *read_file(const char *name, gsize *ret_length)
{
    g_autofree char *path = g_build_filename(FOLDER, name, NULL);
    char *text = NULL;
    g_file_get_contents(path, &text, ret_length, NULL);
    return text;
}

static char *read_beside(const char *check, const char *suffix)
{
    g_autofree char *name = g_strconcat("bad-", check, suffix, NULL);
    return read_file(name, NULL);
}

/* The text of a check's file, repeated where a recipe says so. */
static GString *read_declaration(const char *check)
{
    g_autofree char *name = g_strconcat("bad-", check, ".cfg", NULL);
    gsize length = 0;
    g_autofree char *text = read_file(name, &length);
    if (!text) {
        fail_msg("there is no file %s/%s", FOLDER, name);
    }
    g_autofree char *recipe = read_beside(check, ".repeat");
    if (!recipe) {
        return g_string_new_len(text, (gssize)length);
    }
    GString *all = g_string_new(NULL);
    for (unsigned i = 0, n = (unsigned)atoi(recipe); i < n; i++) {
        g_auto(GStrv) pieces = g_strsplit(text, "@N@", -1);
        g_autofree char *number = g_strdup_printf("%u", i);
        g_autofree char *one = g_strjoinv(number, pieces);
        g_string_append(all, one);
    }
    return all;
}

static void set_text(json_t *object, const char *member, char **text)
{
    const char *value = json_string_value(json_object_get(object, member));
    if (value) {
        g_free(*text);
        *text = g_strdup(value);
    }
}

static uint64_t number_of(json_t *object, const char *member)
{
    return (uint64_t)json_integer_value(json_object_get(object, member));
}

static MdlLooseDevice *read_device(json_t *object)
{
    MdlLooseDevice *device =
        mdl_loose_device_new(json_string_value(json_object_get(object, "type")));
    set_text(object, "id", &device->id);
    set_text(object, "bus", &device->bus);
    set_text(object, "address", &device->address);
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(object, "properties"), name, value)
    {
        g_ptr_array_add(device->properties, g_strdup(name));
        g_ptr_array_add(device->properties, g_strdup(json_string_value(value)));
    }
    return device;
}

static MdlTarget *read_target(const char *text)
{
    json_error_t error;
    json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, &error);
    if (!object) {
        fail_msg("line %d: %s", error.line, error.text);
    }
    MdlTarget *target = mdl_target_new();
    set_text(object, "machine", &target->machine);
    set_text(object, "accel", &target->accel);
    set_text(object, "cpu", &target->cpu);
    set_text(object, "memory", &target->memory);
    const char *name;
    json_t *value;
    json_object_foreach(json_object_get(object, "options"), name, value)
    {
        g_hash_table_insert(target->options, g_strdup(name), g_strdup(json_string_value(value)));
    }
    json_t *smp = json_object_get(object, "smp");
    target->cpus = number_of(smp, "cpus");
    target->sockets = number_of(smp, "sockets");
    target->clusters = number_of(smp, "clusters");
    target->cores = number_of(smp, "cores");
    target->threads = number_of(smp, "threads");
    target->max_cpus = number_of(smp, "maxcpus");
    size_t i;
    json_array_foreach(json_object_get(object, "devices"), i, value)
    {
        g_ptr_array_add(target->devices, read_device(value));
    }
    target->nodefaults = json_is_true(json_object_get(object, "nodefaults"));
    target->nodefaults_given = json_object_get(object, "nodefaults") != NULL;
    json_decref(object);
    return target;
}

static void ask(const char *target_text, const MdlSource *source, MdlFindings *findings)
{
    g_autoptr(MdlCatalog) catalog = mdl_catalog_new();
    g_autoptr(MdlTarget) target = read_target(target_text);
    if (mdl_catalog_add(catalog, source, 1, findings)) {
        mdl_hardware_free(mdl_hardware_build(catalog, target, NULL, findings));
    }
}

/* The devices are added to the machine that the rest of the target is: while it runs, or placed as
 * another emulator does, where what a guest cannot use is told and accepted. */
static void ask_to_place(const char *text, const MdlSource *source, MdlFindings *findings)
{
    g_autoptr(MdlCatalog) catalog = mdl_catalog_new();
    g_autoptr(MdlTarget) target = read_target(text);
    g_autoptr(GPtrArray) devices = g_ptr_array_ref(target->devices);
    g_ptr_array_unref(target->devices);
    target->devices = g_ptr_array_new();
    json_t *object = json_loads(text, 0, NULL);
    const char *placement = json_string_value(json_object_get(object, "placement"));
    assert_true(mdl_catalog_add(catalog, source, 1, findings));
    g_autoptr(MdlHardware) base = mdl_hardware_build(catalog, target, NULL, findings);
    assert_non_null(base);
    base->placement = mdl_placement_find(placement);
    for (size_t i = 0; i < base->buses->len; i++) {
        MdlBus *bus = g_ptr_array_index(base->buses, i);
        for (size_t f = 0; f < bus->type->n_fields; f++) {
            bus->fields[f] = (MdlSpan){bus->type->fields[f].minimum, bus->type->fields[f].maximum};
        }
    }
    bool hot = json_is_true(json_object_get(object, "hot"));
    mdl_hardware_free(mdl_hardware_place(base, devices, hot ? MDL_PLACE_HOT : MDL_PLACE_COLD,
                                         findings, findings));
    json_decref(object);
}

/* Text with its control characters and bad bytes made visible, so that .err files are text. */
static char *visible(const char *text)
{
    return g_utf8_make_valid(text, -1);
}

static void expect_text(const char *check, const char *got)
{
    g_autofree char *name = g_strconcat("bad-", check, ".err", NULL);
    if (g_getenv("VITRINE_ACCEPT")) {
        g_autofree char *path = g_build_filename(FOLDER, name, NULL);
        assert_true(g_file_set_contents(path, got, -1, NULL));
    }
    g_autofree char *expected = read_file(name, NULL);
    if (g_strcmp0(expected, got) != 0) {
        fail_msg("%s/%s\nexpected:\n%s\ngot:\n%s", FOLDER, name, expected ? expected : "(no file)",
                 got);
    }
}

static bool has_all(const MdlDeviceType *type, const char *const *names)
{
    for (size_t i = 0; names[i]; i++) {
        bool found = false;
        for (size_t p = 0; p < type->n_properties; p++) {
            found = found || strcmp(type->properties[p].name, names[i]) == 0;
        }
        if (!found) {
            return false;
        }
    }
    return names[0] != NULL;
}

/* Whether a compiled type provides a bus that wants something of it; other emulators' types do, and
 * test_learned.c has them. */
static bool has_picky_bus(bool unique)
{
    for (size_t i = 0; mdl_device_types[i]; i++) {
        const MdlDeviceType *type = mdl_device_types[i];
        for (size_t b = 0; b < type->n_buses; b++) {
            const MdlBusType *bus = mdl_bus_type_find(type->buses[b].type);
            if (unique ? has_all(type, bus->unique) : bus->n_owner_rules > 0) {
                return true;
            }
        }
    }
    return false;
}

/* A check that nothing can break with the types that are compiled in. It becomes false, and the
 * file is wanted, with the first type that can. */
static bool cannot_fire(MdlCheckId id)
{
    if (id == MDL_CHECK_LOOSE_BOARD) {
        return mdl_placement_find("vitrine")->n_boards == 0;
    }
    if (id == MDL_CHECK_LOOSE_OWNER || id == MDL_CHECK_LOOSE_UNIQUE) {
        return !has_picky_bus(id == MDL_CHECK_LOOSE_UNIQUE);
    }
    if (id != MDL_CHECK_ACCELERATOR_ARCH) {
        return false;
    }
    for (size_t i = 0; mdl_accelerators[i]; i++) {
        if (mdl_accelerators[i]->archs[0]) {
            return false;
        }
    }
    return true;
}

static void run_check(MdlCheckId id)
{
    g_autofree char *check = mdl_check_name(id);
    g_autofree char *file = g_strconcat("bad-", check, ".cfg", NULL);
    GString *text = read_declaration(check);
    MdlSource source = {.file = file, .text = text->str, .length = text->len};
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    g_autofree char *target = read_beside(check, ".target.json");
    if (target && strstr(target, "\"placement\"")) {
        ask_to_place(target, &source, findings);
    } else if (target) {
        ask(target, &source, findings);
    } else {
        assert_false(mdl_catalog_check(&source, 1, findings));
    }
    g_string_free(text, TRUE);
    if (mdl_findings_count(findings) == 0) {
        fail_msg("%s/%s: nothing was found", FOLDER, file);
    }
    g_autofree char *printed = mdl_findings_print(findings);
    g_autofree char *got = visible(printed);
    expect_text(check, got);
    const MdlFinding *first = mdl_findings_at(findings, 0);
    if (strcmp(first->rule, check) != 0) {
        fail_msg("%s/%s: %s fired first", FOLDER, file, first->rule);
    }
    assert_string_equal(first->class_name, mdl_check_info(id)->class_name);
}

static void test_every_check_has_its_file(void **state)
{
    (void)state;
    for (MdlCheckId id = 0; id < MDL_N_CHECKS; id++) {
        if (!cannot_fire(id)) {
            run_check(id);
        }
    }
}

static bool is_check(const char *name)
{
    for (MdlCheckId id = 0; id < MDL_N_CHECKS; id++) {
        g_autofree char *check = mdl_check_name(id);
        if (strcmp(check, name) == 0) {
            return true;
        }
    }
    return false;
}

static void test_every_file_has_its_check(void **state)
{
    (void)state;
    g_autoptr(GDir) folder = g_dir_open(FOLDER, 0, NULL);
    assert_non_null(folder);
    for (const char *name; (name = g_dir_read_name(folder));) {
        g_autofree char *check = g_str_has_prefix(name, "bad-") ? g_strdup(name + 4) : NULL;
        if (check) {
            *strchrnul(check, '.') = '\0';
        }
        if (!check || !is_check(check)) {
            fail_msg("%s/%s: there is no such check", FOLDER, name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_check_has_its_file),
        cmocka_unit_test(test_every_file_has_its_check),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
