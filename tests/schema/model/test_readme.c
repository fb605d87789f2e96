/* schema/README.md is held against the tables of the reader: what stands between its markers is
 * exactly what is printed from them here. With VITRINE_ACCEPT=1 in the environment the page is
 * written anew: read the difference. */
#include "declare.h"
#include "machine.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

#define PAGE VITRINE_TESTS "/../schema/README.md"

static const struct {
    MdlFileKind kind;
    const char *title;
} titles[] = {
    {MDL_FILE_DEVICE, "Device types: `devices/TYPE.cfg`"},
    {MDL_FILE_PROPERTIES, "Sets of properties: `devices/NAME.cfg`"},
    {MDL_FILE_BUS, "Bus types: `buses/TYPE.cfg`"},
    {MDL_FILE_ACCELERATOR, "Accelerators: `accelerators/NAME.cfg`"},
    {MDL_FILE_PLACEMENT, "Ways to place devices: `placements/NAME.cfg`"},
    {MDL_FILE_MACHINE, "Machines: `machines/NAME-VERSION.cfg`, or a person's own file"},
    {MDL_FILE_VM, "Virtual machines: a person's own file"},
};
G_STATIC_ASSERT(G_N_ELEMENTS(titles) == MDL_N_FILES);

static void put_group(GString *out, const MdlGroupSpec *spec)
{
    g_string_append_printf(out, "\n**`[%s%s%s%s]`** %s.\n", spec->kind, spec->name ? " \"" : "",
                           spec->name ? spec->name : "", spec->name ? "\"" : "", spec->doc);
    g_string_append(out, "\n| key | written as | required | meaning |\n|---|---|---|---|\n");
    for (const MdlKeySpec *key = spec->keys; key->name; key++) {
        g_string_append_printf(out, "| `%s` | %s | %s | %s |\n", key->name,
                               mdl_key_form_name(key->form), key->required ? "yes" : "", key->doc);
    }
    if (spec->free_keys) {
        g_string_append_printf(out, "| any other | | | %s |\n", spec->free_keys);
    }
}

/* A group that another kind of file has too is told once. */
static const MdlGroupSpec *told_already(const MdlGroupSpec *spec)
{
    for (const MdlGroupSpec *at = mdl_group_specs; at != spec; at++) {
        if (strcmp(at->kind, spec->kind) == 0 && at->keys == spec->keys && at->doc == spec->doc &&
            at->file != spec->file) {
            return at;
        }
    }
    return NULL;
}

static void put_file_kind(GString *out, MdlFileKind kind)
{
    for (size_t i = 0; i < G_N_ELEMENTS(titles); i++) {
        if (titles[i].kind == kind) {
            g_string_append_printf(out, "\n### %s\n", titles[i].title);
        }
    }
    g_autoptr(GString) again = g_string_new(NULL);
    const char *like = NULL;
    for (const MdlGroupSpec *spec = mdl_group_specs; spec->kind; spec++) {
        const MdlGroupSpec *told = spec->file == kind ? told_already(spec) : NULL;
        if (told) {
            g_string_append_printf(again, "%s`[%s]`", again->len ? ", " : "", spec->kind);
            like = mdl_file_kind_name(told->file);
        } else if (spec->file == kind) {
            put_group(out, spec);
        }
    }
    if (again->len) {
        g_string_append_printf(out, "\nAnd %s, as in a %s file.\n", again->str, like);
    }
}

static char *print_groups(void)
{
    GString *out = g_string_new(NULL);
    for (MdlFileKind kind = 0; kind < MDL_N_FILES; kind++) {
        put_file_kind(out, kind);
    }
    g_string_append_c(out, '\n');
    return g_string_free(out, FALSE);
}

static char *print_names(void)
{
    GString *out = g_string_new("\n| name | kind | meaning |\n|---|---|---|\n");
    for (const MdlCommonName *name = mdl_common_names; name->name; name++) {
        g_string_append_printf(out, "| `%s` | %s | %s |\n", name->name, mdl_kind_name(name->kind),
                               name->doc);
    }
    g_string_append(out, "| `options.NAME`, or `NAME` alone | its own | Value of an option |\n"
                         "| `device.ID` | bool | The device is there |\n\n");
    return g_string_free(out, FALSE);
}

/* Puts text between the two markers of a section; *page is replaced. The text that stood there. */
static char *replace_section(char **page, const char *section, const char *text)
{
    g_autofree char *begin = g_strdup_printf("<!-- %s: begin -->\n", section);
    g_autofree char *end = g_strdup_printf("<!-- %s: end -->\n", section);
    const char *from = strstr(*page, begin), *to = from ? strstr(from, end) : NULL;
    if (!to) {
        fail_msg("%s has no section %s", PAGE, section);
    }
    from += strlen(begin);
    char *stood = g_strndup(from, (size_t)(to - from));
    g_autofree char *head = g_strndup(*page, (size_t)(from - *page));
    char *fresh = g_strconcat(head, text, to, NULL);
    g_free(*page);
    *page = fresh;
    return stood;
}

static void expect_section(const char *section, const char *expected)
{
    g_autofree char *page = NULL;
    assert_true(g_file_get_contents(PAGE, &page, NULL, NULL));
    g_autofree char *stands = replace_section(&page, section, expected);
    if (g_getenv("VITRINE_ACCEPT")) {
        assert_true(g_file_set_contents(PAGE, page, -1, NULL));
    } else if (strcmp(stands, expected) != 0) {
        fail_msg("%s, section %s, differs from the tables: run this with VITRINE_ACCEPT=1 and read "
                 "the difference; expected:\n%s",
                 PAGE, section, expected);
    }
}

static void test_groups_and_keys(void **state)
{
    (void)state;
    g_autofree char *expected = print_groups();
    expect_section("groups", expected);
}

static void test_names_of_expressions(void **state)
{
    (void)state;
    g_autofree char *expected = print_names();
    expect_section("names", expected);
}

/* Every common name can be read, so that none is declared only. */
static void test_names_are_described(void **state)
{
    (void)state;
    g_autoptr(MdlCatalog) catalog = mdl_catalog_new();
    const MdlMachine *machine = mdl_catalog_find(catalog, "virt");
    for (const MdlCommonName *name = mdl_common_names; name->name; name++) {
        MdlNameInfo info;
        assert_true(mdl_machine_describe(machine, name->name, &info));
        assert_int_equal(info.kind, name->kind);
    }
}

/* The example is a machine that loads. */
static void test_example(void **state)
{
    (void)state;
    g_autofree char *page = NULL;
    assert_true(g_file_get_contents(PAGE, &page, NULL, NULL));
    unsigned examples = 0;
    for (const char *at = page; (at = strstr(at, "```ini\n")); examples++) {
        at += strlen("```ini\n");
        const char *end = strstr(at, "```");
        assert_non_null(end);
        MdlSource source = {.file = "example.cfg", .text = at, .length = (size_t)(end - at)};
        g_autoptr(MdlFindings) findings = mdl_findings_new();
        mdl_catalog_check(&source, 1, findings);
        g_autofree char *text = mdl_findings_print(findings);
        assert_string_equal(text, "");
        at = end;
    }
    assert_true(examples >= 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups_and_keys),
        cmocka_unit_test(test_names_of_expressions),
        cmocka_unit_test(test_names_are_described),
        cmocka_unit_test(test_example),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
