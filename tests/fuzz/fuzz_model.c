/* Declaration files and expressions, over any bytes. The first byte says how the rest is taken: as
 * a whole file of any kind, as a person's layer over machine virt, or as an expression of it.
 *
 * Properties: a file is refused exactly when there are findings, and each is one line of text under
 * a check of the table; what is added builds or is refused the same way twice; hardware that is
 * built has an export that builds the same device tree; an expression that checks evaluates or says
 * why, and then reads only names that it holds. */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#include "check.h"
#include "export.h"
#include "machine.h"

enum { AS_FILE, AS_LAYER, AS_EXPRESSION, N_WAYS };

static void check_findings(const MdlFindings *findings)
{
    for (size_t i = 0; i < mdl_findings_count(findings); i++) {
        const MdlFinding *finding = mdl_findings_at(findings, i);
        bool known = false;
        for (MdlCheckId id = 0; id < MDL_N_CHECKS && !known; id++) {
            g_autofree char *name = mdl_check_name(id);
            known = strcmp(name, finding->rule) == 0;
        }
        FUZZ_HOLDS(known);
        FUZZ_HOLDS(g_utf8_validate(finding->message, -1, NULL));
        FUZZ_HOLDS(strpbrk(finding->message, "\n\r\x1b") == NULL);
    }
}

static MdlHardware *build(const MdlCatalog *catalog, const char *machine, MdlFindings *findings)
{
    g_autoptr(MdlTarget) target = mdl_target_new();
    target->machine = g_strdup(machine);
    size_t before = mdl_findings_count(findings);
    MdlHardware *hardware = mdl_hardware_build(catalog, target, NULL, findings);
    FUZZ_HOLDS((hardware == NULL) == (mdl_findings_count(findings) > before));
    return hardware;
}

/* The export of hardware is a machine that is the same hardware. */
static void check_export(MdlCatalog *catalog, const MdlHardware *hardware)
{
    g_autofree char *text = mdl_hardware_to_cfg(hardware);
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    MdlSource source = {.file = "export.cfg", .text = text, .length = strlen(text)};
    bool added = mdl_catalog_add(catalog, &source, 1, findings);
    g_autofree char *name = g_strconcat(hardware->machine, "-hardware", NULL);
    g_autoptr(MdlHardware) again = added ? build(catalog, name, findings) : NULL;
    if (!again) {
        g_autofree char *complaints = mdl_findings_print(findings);
        fprintf(stderr, "%s%s", text, complaints);
    }
    FUZZ_HOLDS(again);
    g_autoptr(GBytes) tree = mdl_hardware_to_guest_fdt(hardware);
    g_autoptr(GBytes) tree_again = mdl_hardware_to_guest_fdt(again);
    FUZZ_HOLDS(g_bytes_equal(tree, tree_again));
}

/* Builds the machine twice; the hardware, if there is any, is exported. */
static void check_machine(MdlCatalog *catalog, const char *name, MdlFindings *findings)
{
    g_autoptr(MdlHardware) hardware = build(catalog, name, findings);
    g_autoptr(MdlFindings) second = mdl_findings_new();
    mdl_hardware_free(build(catalog, name, second));
    g_autofree char *said = mdl_findings_print(findings);
    g_autofree char *said_again = mdl_findings_print(second);
    FUZZ_HOLDS(strcmp(said, said_again) == 0);
    if (hardware) {
        check_export(catalog, hardware);
    }
}

/* The first machine that is not inside the program; free with g_free. */
static char *added_machine(const MdlCatalog *catalog)
{
    const char *const *names = mdl_catalog_names(catalog);
    for (size_t i = 0; names[i]; i++) {
        if (mdl_machine_info(catalog, mdl_catalog_find(catalog, names[i])).hash) {
            return g_strdup(names[i]);
        }
    }
    return NULL;
}

static void add_and_check(const char *text, size_t size)
{
    g_autoptr(MdlCatalog) catalog = mdl_catalog_new();
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    MdlSource source = {.file = "fuzz.cfg", .text = text, .length = size};
    bool added = mdl_catalog_add(catalog, &source, 1, findings);
    FUZZ_HOLDS(added == (mdl_findings_count(findings) == 0));
    g_autofree char *name = added_machine(catalog);
    FUZZ_HOLDS(added == (name != NULL));
    if (name) {
        check_machine(catalog, name, findings);
    }
    check_findings(findings);
}

static void check_file(const char *text, size_t size)
{
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    MdlSource source = {.file = "fuzz.cfg", .text = text, .length = size};
    bool ok = mdl_catalog_check(&source, 1, findings);
    FUZZ_HOLDS(ok == (mdl_findings_count(findings) == 0));
    check_findings(findings);
    add_and_check(text, size);
}

static void check_layer(const char *body, size_t size)
{
    g_autoptr(GString) text = g_string_new("[vm]\nname = fuzz\nmachine = virt-1.0\n");
    g_string_append_len(text, body, (gssize)size);
    add_and_check(text->str, text->len);
}

typedef struct Names {
    const MdlMachine *machine;
    const MdlExpr *expr;
} Names;

static bool describe(void *context, const char *name, MdlNameInfo *ret_info)
{
    const Names *names = context;
    return mdl_machine_describe(names->machine, name, ret_info);
}

/* Values at the ends of what there is. */
static bool read_name(void *context, const char *name, MdlValue *ret_value, char **ret_why)
{
    const Names *names = context;
    MdlNameInfo info;
    (void)ret_why;
    FUZZ_HOLDS(mdl_expr_names(names->expr, name));
    FUZZ_HOLDS(mdl_machine_describe(names->machine, name, &info));
    *ret_value = (MdlValue){.kind = info.kind, .number = info.kind == MDL_BOOL ? 1 : UINT64_MAX};
    return true;
}

static void check_expression(const char *bytes, size_t size)
{
    g_autofree char *text = g_utf8_make_valid(bytes, (gssize)size);
    g_autoptr(MdlCatalog) catalog = mdl_catalog_new();
    g_autoptr(MdlArena) arena = mdl_arena_new();
    Names names = {.machine = mdl_catalog_find(catalog, "virt")};
    MdlScope scope = {.describe = describe, .read = read_name, .context = &names};
    g_autofree char *why = NULL;
    MdlKind kind;
    MdlValue value;
    names.expr = mdl_expr_parse(arena, text, &why);
    FUZZ_HOLDS((names.expr == NULL) == (why != NULL));
    if (!names.expr || !mdl_expr_check(names.expr, &scope, &kind, &why)) {
        FUZZ_HOLDS(why);
        return;
    }
    if (mdl_expr_eval(names.expr, &scope, &value, &why)) {
        FUZZ_HOLDS(!why && value.kind == kind);
    } else {
        FUZZ_HOLDS(why);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0) {
        return 0;
    }
    const char *text = (const char *)data + 1;
    switch (data[0] % N_WAYS) {
    case AS_FILE:
        check_file(text, size - 1);
        break;
    case AS_LAYER:
        check_layer(text, size - 1);
        break;
    case AS_EXPRESSION:
        check_expression(text, size - 1);
        break;
    }
    return 0;
}
