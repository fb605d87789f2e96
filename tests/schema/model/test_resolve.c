/* Targets: what is left out is filled in, and what cannot be is refused with a reason. */
#include "resolve.h"

#include "testing.h"

typedef struct Smp {
    uint64_t cpus, sockets, clusters, cores, threads, max_cpus;
} Smp;

static void set_smp(MdlTarget *target, const Smp *smp)
{
    target->cpus = smp->cpus;
    target->sockets = smp->sockets;
    target->clusters = smp->clusters;
    target->cores = smp->cores;
    target->threads = smp->threads;
    target->max_cpus = smp->max_cpus;
}

/* Each form as QEMU 6.2 and later complete it (-smp on a machine without dies). */
static void test_topology_is_completed(void **state)
{
    (void)state;
    static const struct {
        Smp given, expected;
    } cases[] = {
        {{0}, {1, 1, 1, 1, 1, 1}},
        {{.cpus = 6}, {6, 1, 1, 6, 1, 6}},
        {{.max_cpus = 6}, {6, 1, 1, 6, 1, 6}},
        {{.cpus = 2, .max_cpus = 6}, {2, 1, 1, 6, 1, 6}},
        {{.sockets = 2}, {2, 2, 1, 1, 1, 2}},
        {{.clusters = 2}, {2, 1, 2, 1, 1, 2}},
        {{.cores = 4}, {4, 1, 1, 4, 1, 4}},
        {{.threads = 2}, {2, 1, 1, 1, 2, 2}},
        {{.sockets = 2, .cores = 3, .threads = 2}, {12, 2, 1, 3, 2, 12}},
        {{.cpus = 8, .sockets = 2}, {8, 2, 1, 4, 1, 8}},
        {{.cpus = 8, .cores = 2}, {8, 4, 1, 2, 1, 8}},
        {{.cpus = 8, .threads = 2}, {8, 1, 1, 4, 2, 8}},
        {{.cpus = 8, .clusters = 2}, {8, 1, 2, 4, 1, 8}},
        {{.cpus = 8, .sockets = 2, .cores = 2}, {8, 2, 1, 2, 2, 8}},
        {{.cpus = 8, .sockets = 2, .threads = 2}, {8, 2, 1, 2, 2, 8}},
        {{.cpus = 8, .cores = 2, .threads = 2}, {8, 2, 1, 2, 2, 8}},
        {{.cpus = 16, .sockets = 2, .clusters = 2, .cores = 2, .threads = 2}, {16, 2, 2, 2, 2, 16}},
        {{.cpus = 1, .sockets = 2, .cores = 2}, {0}},
        {{.cpus = 3, .sockets = 2, .max_cpus = 8}, {3, 2, 1, 4, 1, 8}},
        {{.cpus = 512}, {512, 1, 1, 512, 1, 512}},
    };
    g_autoptr(MdlCatalog) catalog = mdl_catalog_new();
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MdlTarget) target = target_of("virt-minimal");
        const Smp *expected = &cases[i].expected;
        if (!expected->cpus) {
            continue; /* refused: below */
        }
        set_smp(target, &cases[i].given);
        target->accel = g_strdup("none"); /* it takes as many as the machine */
        g_autoptr(MdlHardware) hardware = build_hardware(catalog, target, NULL);
        const Smp got = {hardware->cpus,  hardware->sockets, hardware->clusters,
                         hardware->cores, hardware->threads, hardware->max_cpus};
        if (memcmp(&got, expected, sizeof(got)) != 0) {
            fail_msg("case %zu: %d cpus, %d sockets, %d clusters, %d cores, %d threads, %d max", i,
                     (int)got.cpus, (int)got.sockets, (int)got.clusters, (int)got.cores,
                     (int)got.threads, (int)got.max_cpus);
        }
    }
}

static void test_topologies_that_do_not_fit(void **state)
{
    (void)state;
    static const struct {
        Smp given;
        const char *expected;
    } cases[] = {
        {{.cpus = 1, .sockets = 2, .cores = 2},
         "smp: 2 sockets x 1 clusters x 2 cores x 1 threads is not 1 CPUs (cpu-topology)\n"},
        {{.cpus = 7, .sockets = 2},
         "smp: 2 sockets x 1 clusters x 3 cores x 1 threads is not 7 CPUs (cpu-topology)\n"},
        {{.cpus = 2, .sockets = 4},
         "smp: 4 sockets x 1 clusters x 1 cores x 1 threads is not 2 CPUs (cpu-topology)\n"},
        {{.cpus = 8, .max_cpus = 4}, "smp: cpus is 8, more than maxcpus, 4 (cpu-topology)\n"},
        {{.cpus = 5, .sockets = 2, .cores = 2},
         "smp: 2 sockets x 1 clusters x 2 cores x 1 threads is not 5 CPUs (cpu-topology)\n"},
        {{.cpus = 1, .max_cpus = 513},
         "smp: machine virt-1.0 has at most 512 CPUs, 513 were asked for (cpu-count)\n"},
        {{.sockets = 65536, .clusters = 65536, .cores = 65536, .threads = 65536},
         "smp: no number may exceed 65535 (cpu-count)\n"},
        {{.cpus = UINT64_MAX}, "smp: no number may exceed 65535 (cpu-count)\n"},
        {{.sockets = 65535, .clusters = 65535, .cores = 65535, .threads = 65535},
         "smp: machine virt-1.0 has at most 512 CPUs, 18445618199572250625 were asked for "
         "(cpu-count)\n"},
    };
    g_autoptr(MdlCatalog) catalog = mdl_catalog_new();
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MdlTarget) target = target_of("virt");
        set_smp(target, &cases[i].given);
        expect_refused(catalog, target, cases[i].expected);
    }
}

#define EMPTY "[machine]\nname = empty\nversion = 1\narch = riscv64\ndoc = Nothing\n"

static void test_a_machine_of_nothing(void **state)
{
    (void)state;
    g_autoptr(MdlCatalog) catalog = catalog_with(EMPTY);
    g_autoptr(MdlTarget) target = target_of("empty");
    g_autoptr(MdlHardware) hardware = build_hardware(catalog, target, NULL);
    assert_int_equal(hardware->cpus, 0);
    assert_int_equal(hardware->memory, 0);
    assert_int_equal(hardware->devices->len, 0);
    assert_null(hardware->cpu_type);
    MdlMachineInfo info = mdl_machine_info(catalog, mdl_catalog_find(catalog, "empty"));
    assert_int_equal(info.default_cpus, 0);
    assert_int_equal(info.max_cpus, 0);
    target->cpus = 1;
    target->memory = g_strdup("1G");
    target->cpu = g_strdup("rv64");
    expect_refused(catalog, target,
                   "cpu: machine empty-1 does not take the CPU \"rv64\" (cpu-type); known: \n"
                   "smp: machine empty-1 has no CPUs (cpu-count)\n"
                   "memory: machine empty-1 has no memory (memory-size)\n");
}

/* Numbers of a file are as hostile as those of a target. */
static void test_topology_of_a_file(void **state)
{
    (void)state;
    g_autoptr(MdlCatalog) catalog =
        catalog_with(EMPTY "[bus \"cpus\"]\ntype = cpu\n[cpus]\ntypes = rv64\nmax = 512\n"
                           "sockets = 4294967296\nclusters = 4294967296\n");
    g_autoptr(MdlTarget) target = target_of("empty");
    expect_refused(catalog, target, "test.cfg:1: smp: no number may exceed 65535 (cpu-count)\n");
    target->cpus = 2;
    g_autoptr(MdlHardware) hardware = build_hardware(catalog, target, NULL);
    assert_int_equal(hardware->cpus, 2);
}

static void test_memory(void **state)
{
    (void)state;
    g_autoptr(MdlCatalog) catalog = mdl_catalog_new();
    static const struct {
        const char *text, *refusal;
        uint64_t bytes;
    } cases[] = {
        {NULL, NULL, 128 << 20},
        {"16M", NULL, 16 << 20},
        {"256G", NULL, 256ULL << 30},
        {"33554432", NULL, 32 << 20},
        {"15M", "memory: 15M is not from 16M to 256G in steps of 2M (memory-size)\n", 0},
        {"257G", "memory: 257G is not from 16M to 256G in steps of 2M (memory-size)\n", 0},
        {"16777217", "memory: 16777217 is not from 16M to 256G in steps of 2M (memory-size)\n", 0},
        {"", "memory: \"\" is not a size (memory-size); write a size as 512M or 4G\n", 0},
        {"lots", "memory: \"lots\" is not a size (memory-size); write a size as 512M or 4G\n", 0},
        {"-1", "memory: \"-1\" is not a size (memory-size); write a size as 512M or 4G\n", 0},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MdlTarget) target = target_of("virt");
        target->memory = g_strdup(cases[i].text);
        if (cases[i].refusal) {
            expect_refused(catalog, target, cases[i].refusal);
        } else {
            g_autoptr(MdlHardware) hardware = build_hardware(catalog, target, NULL);
            assert_int_equal(hardware->memory, cases[i].bytes);
            assert_int_equal(mdl_hardware_device(hardware, "ram")->regions[0].size, cases[i].bytes);
        }
    }
}

static void test_cpus(void **state)
{
    (void)state;
    g_autoptr(MdlCatalog) catalog = mdl_catalog_new();
    g_autoptr(MdlTarget) target = target_of("virt");
    target->cpu = g_strdup("rv64,mmu=sv57,zba=off");
    g_autoptr(MdlHardware) hardware = build_hardware(catalog, target, NULL);
    const MdlDevice *cpu = mdl_hardware_device(hardware, "cpu.0");
    assert_string_equal(mdl_device_property(cpu, "mmu")->text, "sv57");
    assert_int_equal(mdl_device_property(cpu, "zba")->number, false);
    assert_int_equal(mdl_device_property(cpu, "zbb")->number, true);
    static const struct {
        const char *cpu, *expected;
    } cases[] = {
        {"", "cpu: machine virt-1.0 does not take the CPU \"\" (cpu-type); known: rv64\n"},
        {"RV64", "cpu: machine virt-1.0 does not take the CPU \"RV64\" (cpu-type); known: rv64\n"},
        {"ns16550a",
         "cpu: machine virt-1.0 does not take the CPU \"ns16550a\" (cpu-type); known: rv64\n"},
        {"rv64,,", "cpu: rv64 has no property \"\" (cpu-property)\n"
                   "cpu: rv64 has no property \"\" (cpu-property)\n"},
        {"rv64,mmu", "cpu: \"mmu\" is \"on\", must be one of sv39, sv48, sv57 (cpu-property)\n"},
        {"rv64,=x", "cpu: rv64 has no property \"\" (cpu-property)\n"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MdlTarget) bad = target_of("virt");
        bad->cpu = g_strdup(cases[i].cpu);
        expect_refused(catalog, bad, cases[i].expected);
    }
}

/* Every thing that is wrong with a target is told at once. */
static void test_all_findings(void **state)
{
    (void)state;
    g_autoptr(MdlCatalog) catalog = mdl_catalog_new();
    g_autoptr(MdlTarget) target = target_of("virt");
    target->accel = g_strdup("warp");
    target->cpu = g_strdup("z80");
    target->memory = g_strdup("1");
    target->cpus = 1000;
    target->nodefaults = target->nodefaults_given = true;
    set_option(target, "zoom", "1");
    set_option(target, "aclint", "2");
    set_option(target, "virtio-transports", "2");
    expect_refused(
        catalog, target,
        "accel: there is no accelerator \"warp\" (unknown-accelerator); known: interp, none\n"
        "options.aclint: the value is \"2\", must be on or off (option-value)\n"
        "options.virtio-transports: the option belongs to layer virt-1.0, which nodefaults leaves "
        "out (option-layer); leave the option or nodefaults out\n"
        "options.zoom: machine virt-1.0 has no option \"zoom\" (unknown-option); known: aclint, "
        "pcie, aia, virtio-transports\n"
        "cpu: machine virt-1.0 does not take the CPU \"z80\" (cpu-type); known: rv64\n"
        "smp: machine virt-1.0 has at most 512 CPUs, 1000 were asked for (cpu-count)\n"
        "memory: 1 is not from 16M to 256G in steps of 2M (memory-size)\n");
    g_autoptr(MdlTarget) nothing = mdl_target_new();
    expect_refused(catalog, nothing,
                   "machine: no machine is named (unknown-machine); known: virt-1.0, "
                   "virt-minimal-1.0\n");
}

/* Conditions may ask for other devices, but not in a circle. */
static void test_conditions_in_a_circle(void **state)
{
    (void)state;
    g_autoptr(MdlCatalog) catalog = catalog_with(
        EMPTY "[bus \"system\"]\ntype = system\n"
              "[device \"a\"]\ntype = sifive-test\nwhen = !device.b\naddress = 0x1000\n"
              "[device \"b\"]\ntype = sifive-test\nwhen = !device.a\naddress = 0x2000\n");
    g_autoptr(MdlTarget) target = target_of("empty");
    expect_refused(catalog, target,
                   "test.cfg:8: a: conditions ask for each other's devices in a circle "
                   "(condition)\n"
                   "test.cfg:12: b: conditions ask for each other's devices in a circle "
                   "(condition)\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_topology_is_completed),
        cmocka_unit_test(test_topologies_that_do_not_fit),
        cmocka_unit_test(test_a_machine_of_nothing),
        cmocka_unit_test(test_topology_of_a_file),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_cpus),
        cmocka_unit_test(test_all_findings),
        cmocka_unit_test(test_conditions_in_a_circle),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
