/* The layout of a start: what lies where, and what does not fit. */
#include "files.h"

#include <libfdt.h>

typedef struct Fixture {
    MdlCatalog *catalog;
    MdlHardware *hardware;
    char *bios, *kernel, *initrd;
    EmuBootConfig config;
} Fixture;

static MdlHardware *hardware_new(const MdlCatalog *catalog, const char *memory)
{
    g_autoptr(MdlTarget) target = mdl_target_new();
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    target->machine = g_strdup("virt");
    target->memory = g_strdup(memory);
    return mdl_hardware_build(catalog, target, NULL, findings);
}

static void set_memory(Fixture *f, const char *memory)
{
    mdl_hardware_free(f->hardware);
    f->hardware = hardware_new(f->catalog, memory);
    assert_non_null(f->hardware);
}

static int setup(void **state)
{
    static const char *const no_firmware[] = {NULL};
    Fixture *f = g_new0(Fixture, 1);
    f->catalog = mdl_catalog_new();
    set_memory(f, "512M");
    g_autoptr(GByteArray) kernel = files_linux(0x200000, 6 * MIB, 100000);
    f->bios = files_write_padded("fw.bin", "\x13", 1, 300000);
    f->kernel = files_write("Image", kernel->data, kernel->len);
    f->initrd = files_write_padded("initrd", "070701", 6, 5 * MIB + 1);
    f->config =
        (EmuBootConfig){.bios = f->bios, .kernel = f->kernel, .default_firmware = no_firmware};
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    Fixture *f = *state;
    mdl_hardware_free(f->hardware);
    mdl_catalog_free(f->catalog);
    g_free(f->bios);
    g_free(f->kernel);
    g_free(f->initrd);
    g_free(f);
    return 0;
}

static EmuBootPlan *plan_of(const Fixture *f)
{
    g_autoptr(GError) error = NULL;
    EmuBootPlan *plan = NULL;
    if (!emu_boot_plan(&f->config, f->hardware, &plan, &error))
        fail_msg("%s", error->message);
    return plan;
}

static void assert_wrong(const Fixture *f, const char *words)
{
    g_autoptr(GError) error = NULL;
    EmuBootPlan *plan = NULL;
    files_assert_error(emu_boot_plan(&f->config, f->hardware, &plan, &error), &error, words);
    assert_null(plan);
}

static const EmuBootBlob *blob_of(const EmuBootPlan *plan, const char *option)
{
    for (guint i = 0; i < plan->blobs->len; i++) {
        const EmuBootBlob *blob = &g_array_index(plan->blobs, EmuBootBlob, i);
        if (!strcmp(blob->option, option))
            return blob;
    }
    fail_msg("there is no %s in the plan", option);
    return NULL;
}

static const void *tree_of(const EmuBootPlan *plan)
{
    const void *tree = g_bytes_get_data(blob_of(plan, "the device tree")->data, NULL);
    assert_int_equal(fdt_check_full(tree, fdt_totalsize(tree)), 0);
    return tree;
}

static uint64_t chosen_number(const void *tree, const char *name)
{
    int size;
    const void *value = fdt_getprop(tree, fdt_path_offset(tree, "/chosen"), name, &size);
    assert_non_null(value);
    assert_int_equal(size, 8);
    return fdt64_ld(value); /* aligned to 4 bytes only */
}

/* The numbers are those of QEMU's RISC-V virt with files of the same sizes. */
static void layout(void **state)
{
    Fixture *f = *state;
    f->config.initrd = f->initrd;
    f->config.append = "console=ttyS0 quiet";
    g_autoptr(EmuBootPlan) plan = plan_of(f);

    assert_int_equal(blob_of(plan, "-bios")->address, 0x80000000);
    assert_int_equal(blob_of(plan, "-kernel")->address, 0x80200000);
    assert_int_equal(blob_of(plan, "-kernel")->size, 6 * MIB);
    assert_int_equal(blob_of(plan, "-kernel")->length, 100000);
    assert_int_equal(blob_of(plan, "-initrd")->address, 0x90200000);
    assert_int_equal(blob_of(plan, "the device tree")->address, 0x9fe00000);
    assert_int_equal(plan->entry.pc, 0x80000000);
    assert_int_equal(plan->entry.device_tree, 0x9fe00000);

    const void *tree = tree_of(plan);
    int chosen = fdt_path_offset(tree, "/chosen");
    assert_string_equal(fdt_getprop(tree, chosen, "bootargs", NULL), "console=ttyS0 quiet");
    assert_string_equal(fdt_getprop(tree, chosen, "stdout-path", NULL), "/soc/serial@10000000");
    assert_int_equal(chosen_number(tree, "linux,initrd-start"), 0x90200000);
    assert_int_equal(chosen_number(tree, "linux,initrd-end"), 0x90200000 + 5 * MIB + 1);
    int size;
    assert_non_null(fdt_getprop(tree, chosen, "rng-seed", &size));
    assert_int_equal(size, 64);
    assert_non_null(fdt_getprop(tree, chosen, "kaslr-seed", &size));
}

static void fw_dynamic(void **state)
{
    Fixture *f = *state;
    g_autoptr(EmuBootPlan) plan = plan_of(f);
    const EmuBootBlob *last = &g_array_index(plan->blobs, EmuBootBlob, plan->blobs->len - 1);
    assert_int_equal(last->address, plan->entry.fw_dynamic_info);
    assert_int_equal(last->address % 8, 0);
    assert_int_equal(last->size, 48);
    uint64_t info[6];
    memcpy(info, g_bytes_get_data(last->data, NULL), sizeof info);
    assert_int_equal(info[0], 0x4942534f);
    assert_int_equal(info[1], 2);
    assert_int_equal(info[2], 0x80200000);
    assert_int_equal(info[3], 1);
}

static void memory_sizes(void **state)
{
    Fixture *f = *state;
    f->config.initrd = f->initrd;
    set_memory(f, "8G"); /* the device tree stays below 3 GiB, the initrd within 512 MiB */
    g_autoptr(EmuBootPlan) large = plan_of(f);
    assert_int_equal(large->entry.device_tree, 0xbfe00000);
    assert_int_equal(blob_of(large, "-initrd")->address, 0xa0200000);

    set_memory(f, "16M"); /* half of it is used, and what is below the tree too short */
    g_autoptr(EmuBootPlan) small = plan_of(f);
    assert_int_equal(small->entry.device_tree, 0x80e00000);
    assert_int_equal(blob_of(small, "-initrd")->address, 0x80800000);
}

static void bios_none(void **state)
{
    Fixture *f = *state;
    f->config.bios = "none";
    g_autofree char *payload = files_write_padded("payload", "\x13", 1, 4096);
    f->config.kernel = payload;
    g_autoptr(EmuBootPlan) plan = plan_of(f);
    assert_int_equal(plan->entry.pc, 0x80000000);
    assert_int_equal(blob_of(plan, "-kernel")->address, 0x80000000);

    f->config = (EmuBootConfig){0};
    g_autoptr(EmuBootPlan) nothing = plan_of(f);
    assert_int_equal(nothing->entry.pc, 0x80000000);
}

static void bios_found(void **state)
{
    Fixture *f = *state;
    const char *const places[] = {"/nonexistent/fw.bin", f->bios, NULL};
    f->config.default_firmware = places;
    f->config.bios = NULL;
    g_autoptr(EmuBootPlan) by_default = plan_of(f);
    assert_int_equal(blob_of(by_default, "-bios")->length, 300000);

    f->config.bios = "initrd"; /* beside the default one */
    g_autoptr(EmuBootPlan) by_name = plan_of(f);
    assert_int_equal(blob_of(by_name, "-bios")->length, 5 * MIB + 1);
    assert_int_equal(blob_of(by_name, "-kernel")->address, 0x80600000);

    const char *const nowhere[] = {"/nonexistent/fw.bin", NULL};
    f->config.default_firmware = nowhere;
    f->config.bios = NULL;
    assert_wrong(f, "-bios: the default firmware is not installed (/nonexistent/fw.bin)");
    f->config.bios = "no-such-firmware";
    assert_wrong(f, "-bios: no-such-firmware: No such file");
}

static void elf_kernel(void **state)
{
    Fixture *f = *state;
    FilesElf elf = files_elf(ET_EXEC, 0x80400000, 2 * MIB);
    g_autofree char *kernel = files_write("vmlinux", &elf, sizeof elf);
    f->config.kernel = kernel;
    g_autoptr(EmuBootPlan) plan = plan_of(f);
    assert_int_equal(blob_of(plan, "-kernel")->address, 0x80400000);
    assert_int_equal(blob_of(plan, "-kernel")->size, 2 * MIB);

    elf = files_elf(ET_DYN, 0, 4096);
    g_autofree char *firmware = files_write("fw.elf", &elf, sizeof elf);
    f->config.bios = firmware;
    g_autoptr(EmuBootPlan) moved = plan_of(f);
    assert_int_equal(moved->entry.pc, 0x80000004);
}

static void packed_kernel(void **state)
{
    Fixture *f = *state;
    g_autoptr(GByteArray) image = files_linux(0x200000, 6 * MIB, 100000);
    g_autoptr(GByteArray) packed = files_gzip(image);
    g_autofree char *kernel = files_write("Image.gz", packed->data, packed->len);
    f->config.kernel = kernel;
    g_autoptr(EmuBootPlan) plan = plan_of(f);
    assert_int_equal(blob_of(plan, "-kernel")->length, 100000);
}

static void does_not_fit(void **state)
{
    Fixture *f = *state;
    g_autoptr(GByteArray) image = files_linux(0x200000, 600 * MIB, 100000);
    g_autofree char *large = files_write("large", image->data, image->len);
    f->config.kernel = large;
    assert_wrong(f, "-kernel: 629145600 bytes at 0x80200000 do not fit into the memory");

    FilesElf elf = files_elf(ET_EXEC, 0x80001000, 4096);
    g_autofree char *above = files_write("above", &elf, sizeof elf);
    f->config.kernel = above;
    assert_wrong(f, "-kernel: 4096 bytes at 0x80001000 overlap -bios (0x80000000 to");

    elf = files_elf(ET_EXEC, 0x1000, 4096);
    g_autofree char *below = files_write("below", &elf, sizeof elf);
    f->config.kernel = below;
    assert_wrong(f, "-kernel: 4096 bytes at 0x1000 do not fit");

    elf = files_elf(ET_EXEC, 0x80400000, 4096);
    elf.header.e_entry = 0x80000000;
    g_autofree char *entry = files_write("entry", &elf, sizeof elf);
    f->config.kernel = entry;
    assert_wrong(f, "its entry 0x80000000 is not in it");

    image->data[8 + 7] = 0xff; /* text_offset: near the end of all addresses */
    g_autofree char *far = files_write("far", image->data, image->len);
    f->config.kernel = far;
    assert_wrong(f, "-kernel: 629145600 bytes at 0xa0000000 do not fit");
}

static void initrd_does_not_fit(void **state)
{
    Fixture *f = *state;
    f->config.initrd = f->initrd;
    g_autoptr(GByteArray) image = files_linux(0x200000, 8 * MIB, 100000);
    g_autofree char *kernel = files_write("middle", image->data, image->len);
    f->config.kernel = kernel;
    set_memory(f, "16M");
    assert_wrong(f, "overlap -initrd");
    g_autofree char *huge = files_write_padded("huge", "", 0, 17 * MIB);
    f->config.initrd = huge;
    assert_wrong(f, "-initrd: ");
    f->config.initrd = "/nonexistent";
    assert_wrong(f, "-initrd: /nonexistent: No such file");
}

static void without_kernel(void **state)
{
    Fixture *f = *state;
    f->config.kernel = NULL;
    f->config.append = "quiet";
    assert_wrong(f, "-append: it is for a kernel");
    f->config.initrd = f->initrd;
    assert_wrong(f, "-initrd: it is for a kernel");
}

static void own_tree(void **state)
{
    Fixture *f = *state;
    uint8_t tree[256];
    assert_int_equal(fdt_create_empty_tree(tree, sizeof tree), 0);
    g_autofree char *dtb = files_write("own.dtb", tree, sizeof tree);
    f->config.dtb = dtb;
    f->config.append = "quiet";
    g_autoptr(EmuBootPlan) plan = plan_of(f);
    const void *made = g_bytes_get_data(blob_of(plan, "-dtb")->data, NULL);
    assert_string_equal(fdt_getprop(made, fdt_path_offset(made, "/chosen"), "bootargs", NULL),
                        "quiet");
    assert_int_equal(fdt_path_offset(made, "/soc"), -FDT_ERR_NOTFOUND);

    f->config.dtb = f->bios;
    assert_wrong(f, "not a whole device tree blob");
    f->config.dtb = "/nonexistent";
    assert_wrong(f, "-dtb: /nonexistent: No such file");
    g_autofree char *cut = files_write("cut.dtb", tree, 50);
    f->config.dtb = cut;
    assert_wrong(f, "not a whole device tree blob");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
        TEST(layout),         TEST(fw_dynamic),   TEST(memory_sizes),
        TEST(bios_none),      TEST(bios_found),   TEST(elf_kernel),
        TEST(packed_kernel),  TEST(does_not_fit), TEST(initrd_does_not_fit),
        TEST(without_kernel), TEST(own_tree),
    };
    return cmocka_run_group_tests(tests, NULL, files_done);
}
