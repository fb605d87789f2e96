/* The forms in which a hardware tree leaves: the guest's device tree, which dtc must accept without
 * a warning for every machine and option, and the machine file, which builds the same tree again.
 */
#include "export.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <string.h>

static MdlTarget *make_target(const char *machine)
{
    MdlTarget *target = mdl_target_new();
    target->machine = g_strdup(machine);
    return target;
}

static MdlHardware *build(const MdlCatalog *catalog, const MdlTarget *target)
{
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    MdlHardware *hardware = mdl_hardware_build(catalog, target, NULL, findings);
    g_autofree char *text = mdl_findings_print(findings);
    if (!hardware) {
        fail_msg("%s", text);
    }
    return hardware;
}

/* What dtc says of a blob; empty when it is content. */
static char *run_dtc(GBytes *blob)
{
    g_autofree char *path = NULL;
    int fd = g_file_open_tmp("vitrine-XXXXXX.dtb", &path, NULL);
    assert_true(fd >= 0);
    close(fd);
    assert_true(g_file_set_contents(path, g_bytes_get_data(blob, NULL),
                                    (gssize)g_bytes_get_size(blob), NULL));
    g_autofree char *command = g_strdup_printf("dtc -I dtb -O dtb -o /dev/null '%s'", path);
    char *complaints = NULL;
    int status = -1;
    assert_true(g_spawn_command_line_sync(command, NULL, &complaints, &status, NULL));
    remove(path);
    if (status != 0 && !*complaints) {
        fail_msg("dtc failed on %s", path);
    }
    return complaints;
}

static void expect_clean(const MdlHardware *hardware)
{
    g_autoptr(GBytes) guest = mdl_hardware_to_guest_fdt(hardware);
    g_autofree char *complaints = run_dtc(guest);
    assert_string_equal(complaints, "");
}

/* Every machine with each option at each end of what it takes. */
static void test_dtc_accepts_every_machine(void **state)
{
    (void)state;
    g_autoptr(MdlCatalog) catalog = mdl_catalog_new();
    for (const char *const *name = mdl_catalog_names(catalog); *name; name++) {
        const MdlMachine *machine = mdl_catalog_find(catalog, *name);
        g_autoptr(MdlTarget) plain = make_target(*name);
        plain->cpus = 3;
        g_autoptr(MdlHardware) plain_hardware = build(catalog, plain);
        expect_clean(plain_hardware);
        for (size_t i = 0; i < mdl_machine_n_options(machine); i++) {
            const MdlProperty *option = mdl_machine_option_at(machine, i).property;
            uint64_t ends[] = {option->minimum, MIN(option->maximum, 1000)};
            for (size_t end = 0; end < G_N_ELEMENTS(ends); end++) {
                MdlValue value = {.kind = option->kind, .number = ends[end]};
                if (option->kind == MDL_BOOL) {
                    value.number = end;
                } else if (option->kind == MDL_ENUM) {
                    value.text = option->values[end];
                }
                g_autoptr(MdlTarget) target = make_target(*name);
                g_hash_table_insert(target->options, g_strdup(option->name),
                                    mdl_value_print(&value));
                g_autoptr(MdlHardware) hardware = build(catalog, target);
                expect_clean(hardware);
            }
        }
    }
}

static void expect_same(const MdlHardware *a, const MdlHardware *b)
{
    g_autoptr(GBytes) first = mdl_hardware_to_guest_fdt(a);
    g_autoptr(GBytes) second = mdl_hardware_to_guest_fdt(b);
    assert_true(g_bytes_equal(first, second));
    assert_int_equal(a->devices->len, b->devices->len);
    for (size_t i = 0; i < a->devices->len; i++) {
        const MdlDevice *left = g_ptr_array_index(a->devices, i);
        const MdlDevice *right = g_ptr_array_index(b->devices, i);
        assert_string_equal(left->id, right->id);
        assert_ptr_equal(left->type, right->type);
        assert_string_equal(left->bus->id, right->bus->id);
        assert_memory_equal(&left->address, &right->address, sizeof(left->address));
    }
}

static void test_cfg_builds_the_same(void **state)
{
    (void)state;
    g_autoptr(MdlCatalog) catalog = mdl_catalog_new();
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    g_autoptr(MdlTarget) target = make_target("virt");
    target->cpus = 8;
    target->sockets = 2;
    target->accel = g_strdup("none");
    target->max_cpus = 16;
    target->memory = g_strdup("1G");
    g_hash_table_insert(target->options, g_strdup("aclint"), g_strdup("on"));
    g_hash_table_insert(target->options, g_strdup("virtio-transports"), g_strdup("3"));
    g_autoptr(MdlHardware) hardware = build(catalog, target);
    g_autofree char *text = mdl_hardware_to_cfg(hardware);

    MdlSource source = {.file = "again.cfg", .text = text, .length = strlen(text)};
    bool added = mdl_catalog_add(catalog, &source, 1, findings);
    g_autofree char *complaints = mdl_findings_print(findings);
    assert_string_equal(complaints, "");
    assert_true(added);
    g_autoptr(MdlTarget) again = make_target("virt-1.0-hardware");
    g_autoptr(MdlHardware) rebuilt = build(catalog, again);
    expect_same(hardware, rebuilt);
}

/* The complete form is a tree that dtc can read; its unit names are ids, so only errors count. */
static void test_hardware_fdt_is_readable(void **state)
{
    (void)state;
    g_autoptr(MdlCatalog) catalog = mdl_catalog_new();
    g_autoptr(MdlTarget) target = make_target("virt");
    g_autoptr(MdlHardware) hardware = build(catalog, target);
    g_autoptr(GBytes) blob = mdl_hardware_to_fdt(hardware);
    g_autofree char *complaints = run_dtc(blob);
    assert_null(strstr(complaints, "ERROR"));
    assert_null(strstr(complaints, "FATAL"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dtc_accepts_every_machine),
        cmocka_unit_test(test_cfg_builds_the_same),
        cmocka_unit_test(test_hardware_fdt_is_readable),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
