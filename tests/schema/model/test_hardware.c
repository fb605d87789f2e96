/* The embedded machines build, and the tree holds what their files say. */
#include "model.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

static MdlHardware *build(MdlCatalog *catalog, MdlTarget *target, MdlTrace *trace)
{
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    MdlHardware *hardware = mdl_hardware_build(catalog, target, trace, findings);
    g_autofree char *text = mdl_findings_print(findings);
    if (!hardware) {
        fail_msg("%s", text);
    }
    assert_string_equal(text, "");
    return hardware;
}

static void test_all_machines_build(void **state)
{
    (void)state;
    g_autoptr(MdlCatalog) catalog = mdl_catalog_new();
    const char *const *names = mdl_catalog_names(catalog);
    assert_non_null(names[0]);
    for (size_t i = 0; names[i]; i++) {
        g_autoptr(MdlTarget) target = mdl_target_new();
        target->machine = g_strdup(names[i]);
        g_autoptr(MdlHardware) hardware = build(catalog, target, NULL);
        assert_string_equal(hardware->machine, names[i]);
    }
}

static void test_virt_tree(void **state)
{
    (void)state;
    g_autoptr(MdlCatalog) catalog = mdl_catalog_new();
    g_autoptr(MdlTarget) target = mdl_target_new();
    g_autoptr(MdlTrace) trace = mdl_trace_new();
    target->machine = g_strdup("virt");
    target->cpus = 4;
    target->memory = g_strdup("20G");
    g_autoptr(MdlHardware) hardware = build(catalog, target, trace);

    const MdlDevice *serial = mdl_hardware_device(hardware, "serial0");
    assert_int_equal(serial->regions[0].base, 0x10000000);
    const MdlWire *wire = &g_array_index(serial->wires, MdlWire, 0);
    assert_string_equal(wire->to->id, "plic");
    assert_int_equal(wire->line, 10);

    const MdlDevice *plic = mdl_hardware_device(hardware, "plic");
    assert_int_equal(plic->wires->len, 8);
    assert_int_equal(plic->n_inputs, 97);

    const MdlDevice *cpu = mdl_hardware_device(hardware, "cpu.3");
    g_autofree char *place = mdl_address_print(cpu->bus->type, &cpu->address);
    assert_string_equal(place, "0:0:3:0");

    const MdlDevice *host = mdl_hardware_device(hardware, "pcihost");
    assert_int_equal(host->regions[3].base, 0x800000000);
    assert_string_equal(mdl_hardware_device(hardware, "pcihost-root")->bus->id, "pcie.0");
    assert_null(mdl_hardware_device(hardware, "mswi"));
    assert_non_null(mdl_hardware_device(hardware, "virtio-mmio.7"));
    for (size_t i = 0; i < mdl_trace_count(trace); i++) {
        const MdlInput *input = mdl_trace_at(trace, i);
        assert_true(input->read);
        assert_string_not_equal(input->name, "accel"); /* nothing in the tree depends on it */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_machines_build),
        cmocka_unit_test(test_virt_tree),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
