/* A plan in a machine: memory and harts, at the first start and after a reset. */
#include "files.h"

#include <libfdt.h>

#include "engine/machine.h"

extern const EmuDriver *const emu_drivers[];

typedef struct Cpus { /* of an accelerator that notes where its CPUs begin */
    EmuCpuEntry entries[4];
    unsigned n;
} Cpus;

static bool cpus_init(EmuMachine *machine, void **ret_state, GError **error)
{
    (void)machine, (void)error;
    *ret_state = g_new0(Cpus, 1);
    return true;
}

static bool cpus_cpu_init(void *state, EmuDevice *device, void **ret_cpu, GError **error)
{
    (void)device, (void)error;
    Cpus *cpus = state;
    *ret_cpu = &cpus->entries[cpus->n++];
    return true;
}

static void cpus_enter(void *cpu, const EmuCpuEntry *entry)
{
    *(EmuCpuEntry *)cpu = *entry;
}

static const EmuAccel accel = {
    .name = "noting",
    .init = cpus_init,
    .done = g_free,
    .cpu_init = cpus_cpu_init,
    .cpu_enter = cpus_enter,
};

static void load(void **state)
{
    (void)state;
    g_autoptr(MdlCatalog) catalog = mdl_catalog_new();
    g_autoptr(MdlTarget) target = mdl_target_new();
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    target->machine = g_strdup("virt");
    target->cpus = 2;
    g_autoptr(MdlHardware) hardware = mdl_hardware_build(catalog, target, NULL, findings);
    assert_non_null(hardware);

    g_autoptr(GByteArray) image = files_linux(0x200000, MIB, 1000);
    g_autofree char *kernel = files_write("Image", image->data, image->len);
    g_autofree char *bios = files_write("fw", "firmware", 8);
    EmuBootConfig boot = {.bios = bios, .kernel = kernel};
    g_autoptr(EmuBootPlan) plan = NULL;
    assert_true(emu_boot_plan(&boot, hardware, &plan, NULL));

    EmuMachineConfig config = {.drivers = emu_drivers, .accel = &accel};
    g_autoptr(EmuMachine) machine = NULL;
    assert_true(emu_machine_build(hardware, &config, &machine, NULL));
    uint8_t *bss = emu_machine_ram(machine, 0x80200000 + 1000, 1);
    *bss = 1;
    emu_boot_load(plan, machine);
    assert_memory_equal(emu_machine_ram(machine, 0x80000000, 8), "firmware", 8);
    assert_memory_equal(emu_machine_ram(machine, 0x80200000, 1000), image->data, 1000);
    assert_int_equal(*bss, 0);

    for (unsigned i = 0; i < 2; i++) {
        g_autofree char *id = g_strdup_printf("cpu.%u", i);
        EmuDevice *cpu = emu_machine_device(machine, id);
        assert_non_null(cpu);
        const EmuCpuEntry *entry = emu_device_cpu(cpu);
        assert_int_equal(entry->pc, 0x80000000);
        assert_int_equal(entry->arguments[0], i);
        assert_int_equal(entry->arguments[1], plan->entry.device_tree);
        assert_int_equal(entry->arguments[2], plan->entry.fw_dynamic_info);
    }

    /* Again, as after a reset: what the guest wrote is gone, and the seeds are others. */
    const void *tree = emu_machine_ram(machine, plan->entry.device_tree, 1);
    const uint8_t *seed = fdt_getprop(tree, fdt_path_offset(tree, "/chosen"), "rng-seed", NULL);
    uint8_t first[64];
    memcpy(first, seed, sizeof first);
    memset(emu_machine_ram(machine, 0x80000000, 8), 0xff, 8);
    emu_machine_reset(machine);
    emu_boot_load(plan, machine);
    assert_memory_equal(emu_machine_ram(machine, 0x80000000, 8), "firmware", 8);
    assert_memory_not_equal(seed, first, sizeof first);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(load)};
    return cmocka_run_group_tests(tests, NULL, files_done);
}
