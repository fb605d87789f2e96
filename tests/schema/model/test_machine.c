/* Machines in layers: what a higher layer changes, versions, aliases, and a person's own files. */
#include "machine.h"

#include "testing.h"

#define BASE                                                                                       \
    "[machine]\nname = base\nversion = 1.0\narch = riscv64\ndoc = Base\nminimal = yes\n"           \
    "[option \"two\"]\ntype = bool\ndefault = off\ndoc = A second port\n"                          \
    "[bus \"system\"]\ntype = system\nnode = /soc\n"                                               \
    "[node \"/\"]\nmodel = \"one\"\ncompatible = \"x\"\n"                                          \
    "[device \"a\"]\ntype = ns16550a\naddress = 0x1000\n"                                          \
    "[device \"b\"]\ntype = ns16550a\nwhen = two\naddress = 0x2000\n"

static MdlCatalog *catalog_of(const char *const *texts, size_t n)
{
    MdlCatalog *catalog = mdl_catalog_new();
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    g_autofree MdlSource *sources = g_new0(MdlSource, n);
    for (size_t i = 0; i < n; i++) {
        sources[i] = source_of("test.cfg", texts[i]);
    }
    mdl_catalog_add(catalog, sources, n, findings);
    expect_findings(findings, "");
    return catalog;
}

static MdlHardware *build_machine(const MdlCatalog *catalog, const char *name)
{
    g_autoptr(MdlTarget) target = target_of(name);
    return build_hardware(catalog, target, NULL);
}

static uint64_t clock_of(const MdlHardware *hardware, const char *id)
{
    return mdl_device_property(mdl_hardware_device(hardware, id), "clock-frequency")->number;
}

static const char upper[] = "[machine]\nname = upper\nversion = 1.0\nextends = base-1.0\ndoc = U\n"
                            "[options]\ntwo = on\n"
                            "[option \"three\"]\ntype = uint\ndefault = 1\ndoc = More\n"
                            "[device \"a\"]\nclock-frequency = 5\n"
                            "[device \"c\"]\ntype = ns16550a\naddress = 0x3000\n"
                            "[default \"ns16550a\"]\nclock-frequency = 7\n"
                            "[node \"/\"]\nmodel = \"two\"\nextra\n";

/* A layer changes the keys it gives and leaves the others; the base stays as it was. */
static void test_a_layer_over_another(void **state)
{
    (void)state;
    const char *const texts[] = {upper, BASE}; /* in any order */
    g_autoptr(MdlCatalog) catalog = catalog_of(texts, 2);
    g_autoptr(MdlHardware) base = build_machine(catalog, "base");
    g_autoptr(MdlHardware) over = build_machine(catalog, "upper");
    assert_int_equal(base->devices->len, 1);
    assert_int_equal(over->devices->len, 3);
    assert_int_equal(clock_of(base, "a"), 3686400);
    assert_int_equal(clock_of(over, "a"), 5);
    assert_int_equal(clock_of(over, "b"), 7);
    const MdlDevice *a = mdl_hardware_device(over, "a");
    assert_int_equal(a->regions[0].base, 0x1000);
    assert_string_equal(a->layer, "base-1.0");
    assert_string_equal(mdl_hardware_device(over, "c")->layer, "upper-1.0");
    assert_int_equal(base->n_nodes, 1);
    assert_int_equal(base->nodes[0].n_properties, 2);
    assert_int_equal(over->n_nodes, 1);
    assert_int_equal(over->nodes[0].n_properties, 3);
    assert_string_equal(over->nodes[0].properties[0].value, "\"two\"");
    assert_string_equal(over->nodes[0].properties[1].value, "\"x\"");
}

static void test_options_of_layers(void **state)
{
    (void)state;
    const char *const texts[] = {BASE, upper};
    g_autoptr(MdlCatalog) catalog = catalog_of(texts, 2);
    const MdlMachine *machine = mdl_catalog_find(catalog, "upper-1.0");
    assert_int_equal(mdl_machine_n_options(machine), 2);
    MdlOptionInfo two = mdl_machine_option_at(machine, 0);
    assert_string_equal(two.property->name, "two");
    assert_int_equal(two.property->default_value.number, 1);
    assert_string_equal(two.layer, "base-1.0");
    assert_true(two.minimal);
    assert_string_equal(two.changes[0], "b");
    assert_null(two.changes[1]);
    MdlOptionInfo three = mdl_machine_option_at(machine, 1);
    assert_string_equal(three.layer, "upper-1.0");
    assert_false(three.minimal);
    const MdlMachine *base = mdl_catalog_find(catalog, "base-1.0");
    assert_int_equal(mdl_machine_option_at(base, 0).property->default_value.number, 0);
}

static void test_remove_and_put_back(void **state)
{
    (void)state;
    const char *const texts[] = {
        BASE, "[machine]\nname = less\nversion = 1.0\nextends = base-1.0\ndoc = L\n"
              "[remove \"a\"]\nreason = another kind of device takes its name\n"
              "[device \"a\"]\ntype = goldfish-rtc\naddress = 0x1000\n"
              "[remove \"b\"]\nreason = nobody needs it\n"};
    g_autoptr(MdlCatalog) catalog = catalog_of(texts, 2);
    g_autoptr(MdlTarget) target = target_of("less");
    set_option(target, "two", "on");
    g_autoptr(MdlHardware) hardware = build_hardware(catalog, target, NULL);
    assert_int_equal(hardware->devices->len, 1);
    assert_string_equal(mdl_hardware_device(hardware, "a")->type->name, "goldfish-rtc");
}

/* With nodefaults the layers over the minimal one are left out, a person's own file is not. */
static void test_the_minimal_layer(void **state)
{
    (void)state;
    const char *const texts[] = {BASE, upper,
                                 "[vm]\nname = own\nmachine = upper\nnodefaults = yes\n"
                                 "[device \"d\"]\ntype = ns16550a\naddress = 0x4000\n"};
    g_autoptr(MdlCatalog) catalog = catalog_of(texts, 3);
    g_autoptr(MdlHardware) own = build_machine(catalog, "own");
    assert_non_null(mdl_hardware_device(own, "a"));
    assert_null(mdl_hardware_device(own, "c"));
    assert_non_null(mdl_hardware_device(own, "d"));
    g_autoptr(MdlTarget) whole = target_of("own");
    whole->nodefaults_given = true;
    g_autoptr(MdlHardware) all = build_hardware(catalog, whole, NULL);
    assert_non_null(mdl_hardware_device(all, "c"));
}

/* A layer over others that is minimal itself closes the list: their options stay too. */
static void test_a_minimal_layer_over_others(void **state)
{
    (void)state;
    const char *const texts[] = {
        BASE, upper,
        "[machine]\nname = top\nversion = 1.0\nextends = upper-1.0\ndoc = T\nminimal = yes\n"};
    g_autoptr(MdlCatalog) catalog = catalog_of(texts, 3);
    g_autoptr(MdlTarget) target = target_of("top");
    target->nodefaults = target->nodefaults_given = true;
    set_option(target, "three", "4");
    g_autoptr(MdlHardware) hardware = build_hardware(catalog, target, NULL);
    assert_non_null(mdl_hardware_device(hardware, "c"));
}

static void test_versions(void **state)
{
    (void)state;
    const char *const versions[] = {"1.9", "1.10", "1.2", "0.99", "1.10-rc"};
    char *texts[G_N_ELEMENTS(versions)];
    for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
        texts[i] = g_strdup_printf("[machine]\nname = v\nversion = %s\narch = riscv64\ndoc = V\n",
                                   versions[i]);
    }
    g_autoptr(MdlCatalog) catalog = catalog_of((const char *const *)texts, 4);
    const MdlMachine *newest = mdl_catalog_find(catalog, "v");
    MdlMachineInfo info = mdl_machine_info(catalog, newest);
    assert_string_equal(info.full_name, "v-1.10");
    assert_true(info.alias);
    MdlMachineInfo older = mdl_machine_info(catalog, mdl_catalog_find(catalog, "v-1.9"));
    assert_false(older.alias);
    assert_null(mdl_catalog_find(catalog, "v-1.1"));
    for (size_t i = 0; i < G_N_ELEMENTS(versions); i++) {
        g_free(texts[i]);
    }
}

/* A VM over a VM keeps what the lower one was given. */
static void test_vm_over_vm(void **state)
{
    (void)state;
    const char *const texts[] = {
        "[vm]\nname = one\nmachine = virt\ncpus = 3\nmemory = 64M\ncpu = rv64,mmu=sv39\n",
        "[vm]\nname = two\nmachine = one\nmemory = 32M\n"};
    g_autoptr(MdlCatalog) catalog = catalog_of(texts, 2);
    g_autoptr(MdlHardware) hardware = build_machine(catalog, "two");
    assert_int_equal(hardware->cpus, 3);
    assert_int_equal(hardware->memory, 32 << 20);
    const MdlDevice *cpu = mdl_hardware_device(hardware, "cpu.0");
    assert_string_equal(mdl_device_property(cpu, "mmu")->text, "sv39");
    MdlMachineInfo info = mdl_machine_info(catalog, mdl_catalog_find(catalog, "two"));
    assert_true(info.vm);
    assert_non_null(info.hash);
    assert_string_equal(info.layers[0], "virt-minimal-1.0");
    assert_string_equal(info.layers[3], "two");
    assert_null(info.layers[4]);
    assert_string_equal(info.minimal_layer, "virt-minimal-1.0");
}

static void expect_added(const char *const *texts, size_t n, const char *expected)
{
    g_autoptr(MdlCatalog) catalog = mdl_catalog_new();
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    g_autoptr(GPtrArray) files = g_ptr_array_new_with_free_func(g_free);
    g_autofree MdlSource *sources = g_new0(MdlSource, n);
    size_t known = g_strv_length((char **)mdl_catalog_names(catalog));
    for (size_t i = 0; i < n; i++) {
        g_ptr_array_add(files, g_strdup_printf("%zu.cfg", i));
        sources[i] = source_of(g_ptr_array_index(files, i), texts[i]);
    }
    assert_int_equal(mdl_catalog_add(catalog, sources, n, findings), *expected == '\0');
    expect_findings(findings, expected);
    if (*expected) { /* the catalog is as it was */
        assert_int_equal(g_strv_length((char **)mdl_catalog_names(catalog)), known);
        mdl_hardware_free(build_machine(catalog, "virt"));
    }
}

static void test_cycles(void **state)
{
    (void)state;
    const char *const two[] = {"[machine]\nname = a\nversion = 1\nextends = b-1\ndoc = A\n",
                               "[machine]\nname = b\nversion = 1\nextends = a-1\ndoc = B\n"};
    expect_added(two, 2,
                 "1.cfg:4: b-1: \"a-1\" builds, directly or through others, on this machine "
                 "(extends-cycle)\n");
    const char *const vms[] = {"[vm]\nname = a\nmachine = b\n", "[vm]\nname = b\nmachine = c\n",
                               "[vm]\nname = c\nmachine = a\n"};
    expect_added(vms, 3,
                 "2.cfg:3: c: \"a\" builds, directly or through others, on this machine "
                 "(extends-cycle)\n");
}

static void test_names_that_clash(void **state)
{
    (void)state;
    const char *const again[] = {BASE, BASE};
    expect_added(again, 2,
                 "1.cfg:1: base-1.0: there is a machine of this name already (machine-duplicate); "
                 "choose another name or version\n");
    const char *const hidden[] = {"[vm]\nname = base\nmachine = virt\n", BASE};
    expect_added(hidden, 2,
                 "1.cfg:1: base-1.0: there is a machine of this name already (machine-duplicate); "
                 "choose another name or version\n");
    const char *const embedded[] = {"[machine]\nname = virt\nversion = 1.0\narch = x\ndoc = V\n"};
    expect_added(embedded, 1,
                 "0.cfg:1: virt-1.0: there is a machine of this name already (machine-duplicate); "
                 "choose another name or version\n");
}

/* A machine stays the same for ever, so it is not built on a name that moves. */
static void test_extends_wants_a_full_name(void **state)
{
    (void)state;
    const char *const alias[] = {"[machine]\nname = m\nversion = 1.0\nextends = virt\ndoc = M\n"};
    expect_added(alias, 1,
                 "0.cfg:4: m-1.0: \"virt\" is an alias, which a newer version would take over "
                 "(extends-unknown); write extends = virt-1.0\n");
    const char *const vm[] = {"[vm]\nname = v\nmachine = virt\n",
                              "[machine]\nname = m\nversion = 1.0\nextends = v\ndoc = M\n"};
    expect_added(vm, 2,
                 "1.cfg:4: m-1.0: \"v\" is a VM; a machine extends a machine (extends-unknown)\n");
}

static void test_types_are_not_loaded(void **state)
{
    (void)state;
    const char *const device[] = {"[device \"x\"]\ndoc = X\nbus = system\n"};
    expect_added(device, 1,
                 "0.cfg:1: a device type is compiled in; only machines and VMs are loaded "
                 "(file-kind)\n");
    const char *const empty[] = {"# nothing\n"};
    expect_added(empty, 1,
                 "0.cfg:1: the first group must be [machine], [vm], [device \"TYPE\"], "
                 "[properties \"NAME\"], [bus \"TYPE\"], [accelerator \"NAME\"] or [placement "
                 "\"NAME\"] (file-kind)\n");
}

/* One file's faults do not hide the other's, and the lines of each are in order. */
static void test_all_findings_of_all_files(void **state)
{
    (void)state;
    const char *const texts[] = {
        "[machine]\nname = a\nversion = 1\nversion = 2\n[x]\n",
        "[machine]\nname = b\nversion = 1\n[device \"d\"]\nwhen = 1 +\n[device \"e\"]\ncount\n"
        "[slot \"1\"]\nbus = x y\n",
        "[vm]\nname = c\nmachine = virt\n[remove \"no\"]\nreason = r\n[device \"e\"]\naddress = 1\n"
        "[device \"serial0\"]\nirq.x = plic:1\nclock-frequency = 0\n[options]\nno = 1\n"};
    expect_added(texts, 3,
                 "0.cfg:4: key \"version\" stands already in line 3 (duplicate-key)\n"
                 "1.cfg:1: machine: key \"doc\" is required (missing-key)\n"
                 "1.cfg:5: device d: \"when\": expected a number or a name at \"\" in \"1 +\" "
                 "(condition)\n"
                 "1.cfg:7: device e: \"count\" must be written as expression (key-value)\n"
                 "1.cfg:8: slot 1: key \"reason\" is required (missing-key)\n"
                 "1.cfg:9: slot 1: \"bus\" must be written as name (key-value)\n"
                 "2.cfg:4: c: remove no: no lower layer has a device \"no\" (remove-unknown)\n"
                 "2.cfg:6: c: device e: no lower layer has this device, so it needs a type "
                 "(device-untyped)\n"
                 "2.cfg:9: c: device serial0: device type ns16550a has no interrupt \"x\" "
                 "(unknown-property)\n"
                 "2.cfg:10: c: device serial0: \"clock-frequency\" must be from 1 to 4294967295 "
                 "(property-value)\n"
                 "2.cfg:12: c: options: there is no option \"no\" (unknown-option)\n");
}

/* Groups of a machine that its form alone does not refuse. */
/* A group that is refused leaves the lower layer's alone. */
static void test_a_refused_group(void **state)
{
    (void)state;
    const char *const texts[] = {
        "[vm]\nname = a\nmachine = virt\n"
        "[device \"pcihost\"]\ntype = gpex-pcihost\nwhen = pcie\naddress = 1\nx = 1\n"};
    expect_added(texts, 1,
                 "0.cfg:5: a: device pcihost: the device has its type already from "
                 "virt-minimal-1.0.cfg (device-duplicate)\n");
}

static void test_what_a_machine_must_say(void **state)
{
    (void)state;
    const char *const texts[] = {
        "[machine]\nname = a\nversion = 1\narch = riscv64\ndoc = A\n"
        "[option \"index\"]\ntype = bool\ndefault = on\ndoc = Means something else\n"
        "[cpus]\ntypes = rv64, rv65\n"
        "[memory]\ntype = sifive-test\nbase = 0\n"
        "[machine]\n"};
    expect_added(texts, 1,
                 "0.cfg:15: group [machine] stands already in line 1 (duplicate-group)\n");
    g_autofree char *once = g_strndup(texts[0], strlen(texts[0]) - strlen("[machine]\n"));
    const char *const whole[] = {once};
    expect_added(
        whole, 1,
        "0.cfg:6: a-1: option index: the name means something else in expressions; choose another "
        "one (property-declaration)\n"
        "0.cfg:10: a-1: cpus: key \"max\" is required (missing-key)\n"
        "0.cfg:11: a-1: cpus: there is no device type \"rv65\" (unknown-device-type)\n"
        "0.cfg:12: a-1: memory: key \"default\" is required (missing-key)\n"
        "0.cfg:13: a-1: memory: \"sifive-test\" is not a device type with one region and a "
        "property \"size\" (unknown-device-type)\n");
}

/* Names that other things refer to are names. */
static void test_ids_are_names(void **state)
{
    (void)state;
    const char *const texts[] = {"[vm]\nname = a\nmachine = virt\n[device \"a b\"]\n"
                                 "[device \"\"]\n[slot]\n[vm \"x\"]\n[options \"x\"]\n"};
    expect_added(texts, 1,
                 "0.cfg:4: device a b: the group is written [device \"ID\"] (syntax)\n"
                 "0.cfg:5: device : the group is written [device \"ID\"] (syntax)\n"
                 "0.cfg:6: slot: the group is written [slot \"ADDRESS\"] (syntax)\n"
                 "0.cfg:6: slot: key \"bus\" is required (missing-key)\n"
                 "0.cfg:6: slot: key \"reason\" is required (missing-key)\n"
                 "0.cfg:7: a file has one group [vm], the first (duplicate-group)\n"
                 "0.cfg:8: options x: the group is written [options] (syntax)\n");
}

/* Files are checked together; a broken newer version does not take the older one along. */
static void test_check_of_several_files(void **state)
{
    (void)state;
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    const MdlSource sources[] = {
        source_of("old.cfg", "[machine]\nname = m\nversion = 1\narch = riscv64\ndoc = M\n"),
        source_of("new.cfg", "[machine]\nname = m\nversion = 2\nextends = m-0\ndoc = M\n"),
        source_of("vm.cfg", "[vm]\nname = v\nmachine = m-1\n"),
        source_of("virt.cfg", "[machine]\nname = virt-minimal\nversion = 1.0\narch = riscv64\n"
                              "doc = Declares the embedded one anew\n"),
    };
    assert_false(mdl_catalog_check(sources, G_N_ELEMENTS(sources), findings));
    expect_findings(findings,
                    "new.cfg:4: m-2: there is no machine \"m-0\" to build on (extends-unknown)\n");
}

static void test_types_by_themselves(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"[device \"d\"]\ndoc = D\nbus = system\n[device \"e\"]\ndoc = E\nbus = system\n",
         "t.cfg:4: a file has one group [device], the first (duplicate-group)\n"},
        {"[device \"d\"]\ndoc = D\nbus = systm\ninputs = x + 1\n"
         "[region \"r\"]\ndoc = R\nsize = size\n[bus \"b\"]\ntype = pcix\ndoc = B\n",
         "t.cfg:3: device d: there is no bus type of the family \"systm\" (unknown-bus-type)\n"
         "t.cfg:4: device d: \"inputs\": \"x\" names nothing (condition)\n"
         "t.cfg:7: region r: \"size\": \"size\" names nothing (condition)\n"
         "t.cfg:9: bus b: there is no bus type \"pcix\" (unknown-bus-type)\n"},
        {"[device \"d\"]\ndoc = D\nbus = system\n[property \"p\"]\ntype = bool\ndoc = P\n"
         "[region \"r\"]\ndoc = R\nsize = p\n",
         "t.cfg:9: region r: \"size\" must be a number (condition)\n"},
        {"[bus \"b\"]\ndoc = B\norder = slot\n[field \"s\"]\ndoc = S\nrange = 0..1\ndigits = 21\n",
         "t.cfg:7: field s: \"digits\" must be written as number from 1 to 20 (key-value)\n"},
        {"[bus \"b\"]\ndoc = B\norder = slot\n[field \"s\"]\ndoc = S\nrange = 0..1\n"
         "[field \"t\"]\ndoc = T\nrange = 0..1\n[reserved \"x\"]\nreason = none\n",
         "t.cfg:1: bus b: key \"separator\" is required where an address has several fields "
         "(missing-key)\n"
         "t.cfg:3: bus b: \"order\" must name fields (key-value)\n"
         "t.cfg:10: reserved x: s must be written in decimal digits (address-form)\n"},
        {"[accelerator \"a\"]\ndoc = A\nruns = perhaps\nmax-cpus = 1\n",
         "t.cfg:3: accelerator a: \"runs\" must be written as yes or no (key-value)\n"},
        {"[device \"d\"]\ndoc = D\nbus = system\n[property \"p\"]\ntype = uint\nrange = 4..1\n"
         "doc = P\n",
         "t.cfg:6: property p: \"range\" must be written as range (key-value)\n"},
        {"[properties \"p\"]\ndoc = P\n[property \"when\"]\ntype = bool\ndoc = W\n",
         "t.cfg:3: when: the name is a key of [device] in machines (property-declaration); choose "
         "another name\n"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_autoptr(MdlFindings) findings = mdl_findings_new();
        MdlSource source = source_of("t.cfg", cases[i].text);
        assert_false(mdl_catalog_check(&source, 1, findings));
        expect_findings(findings, cases[i].expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_layer_over_another),
        cmocka_unit_test(test_options_of_layers),
        cmocka_unit_test(test_remove_and_put_back),
        cmocka_unit_test(test_the_minimal_layer),
        cmocka_unit_test(test_a_minimal_layer_over_others),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_vm_over_vm),
        cmocka_unit_test(test_cycles),
        cmocka_unit_test(test_names_that_clash),
        cmocka_unit_test(test_extends_wants_a_full_name),
        cmocka_unit_test(test_types_are_not_loaded),
        cmocka_unit_test(test_all_findings_of_all_files),
        cmocka_unit_test(test_a_refused_group),
        cmocka_unit_test(test_what_a_machine_must_say),
        cmocka_unit_test(test_ids_are_names),
        cmocka_unit_test(test_check_of_several_files),
        cmocka_unit_test(test_types_by_themselves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
