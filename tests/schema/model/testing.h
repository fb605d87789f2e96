/* What the tests of the model share: declarations from text, and findings as text. */
#ifndef VITRINE_TESTS_MODEL_H
#define VITRINE_TESTS_MODEL_H

#include "model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

/* The lines of findings without what was built; "" for none. Free with g_free. */
#define expect_findings(findings, expected)                                                        \
    do {                                                                                           \
        g_autofree char *got_ = mdl_findings_print(findings);                                      \
        assert_string_equal(got_, expected);                                                       \
    } while (0)

static inline MdlSource source_of(const char *file, const char *text)
{
    return (MdlSource){.file = file, .text = text, .length = strlen(text)};
}

/* A catalog with one more file, which must be right. */
static inline MdlCatalog *catalog_with(const char *text)
{
    MdlCatalog *catalog = mdl_catalog_new();
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    MdlSource source = source_of("test.cfg", text);
    mdl_catalog_add(catalog, &source, 1, findings);
    expect_findings(findings, "");
    return catalog;
}

static inline MdlTarget *target_of(const char *machine)
{
    MdlTarget *target = mdl_target_new();
    target->machine = g_strdup(machine);
    return target;
}

static inline void set_option(MdlTarget *target, const char *name, const char *value)
{
    g_hash_table_insert(target->options, g_strdup(name), g_strdup(value));
}

/* The hardware of a target that must be right. */
static inline MdlHardware *build_hardware(const MdlCatalog *catalog, const MdlTarget *target,
                                          MdlTrace *trace)
{
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    MdlHardware *hardware = mdl_hardware_build(catalog, target, trace, findings);
    expect_findings(findings, "");
    assert_non_null(hardware);
    return hardware;
}

/* The findings of a target that must be wrong. */
static inline void expect_refused(const MdlCatalog *catalog, const MdlTarget *target,
                                  const char *expected)
{
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    assert_null(mdl_hardware_build(catalog, target, NULL, findings));
    expect_findings(findings, expected);
}

#endif
