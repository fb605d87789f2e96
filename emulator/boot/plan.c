/* plan: a place for everything, and nothing in another's. */
#include "boot/internal.h"

#include <string.h>
#include <export.h>
#include <wire.h>

#define MIB             (UINT64_C(1) << 20)
#define GIB             (UINT64_C(1) << 30)
#define HUGE_PAGE       (2 * MIB) /* alignment of kernel and device tree (boot.rst) */
#define PAGE            UINT64_C(4096)
#define DEVICE_TREE_TOP (3 * GIB) /* firmware of 32 bits reads it too */
#define INITRD_DISTANCE (512 * MIB)
#define MAX_INITRD      G_MAXUINT32

/* What fw_dynamic firmware is told of the next stage (OpenSBI: docs/firmware/fw_dynamic.md). */
typedef struct FwDynamicInfo {
    uint64_t magic, version, next_addr, next_mode, options, boot_hart;
} FwDynamicInfo;
#define FW_DYNAMIC_MAGIC    UINT64_C(0x4942534f)
#define FW_DYNAMIC_VERSION  2
#define FW_DYNAMIC_NEXT_S   1
#define FW_DYNAMIC_ANY_HART UINT64_MAX

typedef struct Layout {
    uint64_t base, top; /* of the memory */
    EmuBootPlan *plan;
} Layout;

static uint64_t align_up(uint64_t value, uint64_t alignment)
{
    return (value + alignment - 1) / alignment * alignment;
}

static uint64_t end_of(const EmuBootBlob *blob)
{
    return blob->address + blob->size;
}

/* Puts a blob where nothing is yet. The blob's reference to data is taken over in any case. */
static bool put(Layout *layout, const EmuBootBlob *blob, GError **error)
{
    GArray *blobs = layout->plan->blobs;
    guint at = 0;
    const EmuBootBlob *other = NULL;
    for (guint i = 0; i < blobs->len; i++) {
        const EmuBootBlob *there = &g_array_index(blobs, EmuBootBlob, i);
        if (there->address < blob->address)
            at = i + 1;
        if (there->address < end_of(blob) && blob->address < end_of(there))
            other = there;
    }
    bool outside = blob->address < layout->base || blob->address > layout->top ||
                   blob->size > layout->top - blob->address;
    if (!outside && !other) {
        g_array_insert_val(blobs, at, *blob);
        return true;
    }
    GString *where = g_string_new(NULL);
    g_string_printf(where, "%" G_GUINT64_FORMAT " bytes at 0x%" G_GINT64_MODIFIER "x", blob->size,
                    blob->address);
    if (outside)
        EMU_IMAGE_ERROR(error,
                        "%s: %s do not fit into the memory (0x%" G_GINT64_MODIFIER
                        "x to 0x%" G_GINT64_MODIFIER "x); use more memory with -m",
                        blob->option, where->str, layout->base, layout->top);
    else
        EMU_IMAGE_ERROR(error,
                        "%s: %s overlap %s (0x%" G_GINT64_MODIFIER "x to 0x%" G_GINT64_MODIFIER
                        "x); use more memory with -m, or another file",
                        blob->option, where->str, other->option, other->address, end_of(other));
    g_string_free(where, TRUE);
    g_bytes_unref(blob->data);
    return false;
}

static bool put_data(Layout *layout, const char *option, uint64_t address, GBytes *data,
                     GError **error)
{
    uint64_t size = g_bytes_get_size(data);
    EmuBootBlob blob = {option, address, size, g_bytes_ref(data), 0, size};
    return put(layout, &blob, error);
}

/* ---- programs -------------------------------------------------------------------------------- */

typedef struct Program {
    uint64_t entry, start, end; /* start 0: it is not there */
} Program;

static EmuImage *read_program(const char *path, uint64_t limit, bool may_be_packed, GError **error)
{
    GBytes *data;
    if (!emu_boot_read_file(path, limit, &data, error))
        return NULL;
    if (may_be_packed)
        data = emu_boot_gunzip(data, limit, error);
    return data ? emu_image_new(data, error) : NULL;
}

/* Puts a program at the first place from there on that suits it, or where it says. */
static bool put_program(Layout *layout, const char *option, const char *path, uint64_t from,
                        Program *ret_program, GError **error)
{
    bool is_kernel = !strcmp(option, "-kernel");
    g_autoptr(EmuImage) image = read_program(path, layout->top - layout->base, is_kernel, error);
    if (!image) {
        g_prefix_error(error, "%s: %s: ", option, path);
        return false;
    }
    uint64_t base = MAX(from, layout->base + MIN(image->text_offset, layout->top - layout->base));
    uint64_t offset = image->fixed ? 0 : base;
    Program program = {.entry = offset + image->entry, .start = UINT64_MAX};
    for (guint i = 0; i < image->parts->len; i++) {
        const EmuImagePart *part = &g_array_index(image->parts, EmuImagePart, i);
        EmuBootBlob blob = {option,       offset + part->address,
                            part->size,   g_bytes_ref(image->data),
                            part->offset, part->length};
        if (!put(layout, &blob, error))
            return false;
        program.start = MIN(program.start, blob.address);
        program.end = MAX(program.end, end_of(&blob));
    }
    if (program.entry < program.start || program.entry >= program.end) {
        EMU_IMAGE_ERROR(error, "%s: %s: its entry 0x%" G_GINT64_MODIFIER "x is not in it", option,
                        path, program.entry);
        return false;
    }
    *ret_program = program;
    return true;
}

/* ---- device tree and initrd ------------------------------------------------------------------ */

static GBytes *make_tree(const EmuBootConfig *config, const MdlHardware *hardware, GError **error)
{
    g_autoptr(GBytes) tree = NULL;
    if (!config->dtb)
        tree = mdl_hardware_to_guest_fdt(hardware);
    else if (!emu_boot_read_file(config->dtb, HUGE_PAGE, &tree, error)) {
        g_prefix_error(error, "-dtb: %s: ", config->dtb);
        return NULL;
    }
    GBytes *fdt = emu_boot_fdt_new(tree, config->append, config->initrd != NULL, error);
    if (!fdt)
        g_prefix_error(error, config->dtb ? "-dtb: %s: " : "-append: ", config->dtb);
    return fdt;
}

/* Far above the kernel, where nothing that it unpacks comes by; in a small memory right behind. */
static bool put_initrd(Layout *layout, const char *path, const Program *kernel, uint64_t top,
                       void *fdt, GError **error)
{
    GBytes *data;
    if (!emu_boot_read_file(path, MIN(layout->top - layout->base, MAX_INITRD), &data, error)) {
        g_prefix_error(error, "-initrd: %s: ", path);
        return false;
    }
    uint64_t size = g_bytes_get_size(data);
    uint64_t distance = MIN((layout->top - layout->base) / 2, INITRD_DISTANCE);
    uint64_t behind = align_up(kernel->end, PAGE);
    uint64_t address = MAX(align_up(kernel->start + distance, PAGE), behind);
    if (address > top || size > top - address)
        address = behind;
    emu_boot_fdt_set_initrd(fdt, address, address + size);
    bool done = put_data(layout, "-initrd", address, data, error);
    g_bytes_unref(data);
    return done;
}

static bool put_info(Layout *layout, uint64_t address, const Program *kernel, GError **error)
{
    FwDynamicInfo info = {
        .magic = GUINT64_TO_LE(FW_DYNAMIC_MAGIC),
        .version = GUINT64_TO_LE(FW_DYNAMIC_VERSION),
        .next_addr = GUINT64_TO_LE(kernel->entry),
        .next_mode = GUINT64_TO_LE(FW_DYNAMIC_NEXT_S),
        .boot_hart = GUINT64_TO_LE(FW_DYNAMIC_ANY_HART),
    };
    g_autoptr(GBytes) data = g_bytes_new(&info, sizeof info);
    layout->plan->entry.fw_dynamic_info = address;
    return put_data(layout, "-bios", address, data, error);
}

/* The device tree with the firmware's information behind it, and below them the initrd. */
static bool put_top(Layout *layout, const EmuBootConfig *config, const MdlHardware *hardware,
                    const Program *kernel, GError **error)
{
    g_autoptr(GBytes) made = make_tree(config, hardware, error);
    if (!made)
        return false;
    gsize size;
    g_autofree void *fdt = g_bytes_unref_to_data(g_steal_pointer(&made), &size);
    uint64_t all = align_up(size, sizeof(uint64_t)) + sizeof(FwDynamicInfo);
    uint64_t top = layout->base < DEVICE_TREE_TOP ? MIN(layout->top, DEVICE_TREE_TOP) : layout->top;
    uint64_t address =
        top - layout->base < all ? layout->base : (top - all) / HUGE_PAGE * HUGE_PAGE;

    layout->plan->entry.device_tree = address;
    if (config->initrd && !put_initrd(layout, config->initrd, kernel, address, fdt, error))
        return false;
    g_autoptr(GBytes) tree = g_bytes_new_take(g_steal_pointer(&fdt), size);
    return put_data(layout, config->dtb ? "-dtb" : "the device tree", address, tree, error) &&
           put_info(layout, address + all - sizeof(FwDynamicInfo), kernel, error);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static bool find_memory(const MdlHardware *hardware, Layout *layout, GError **error)
{
    for (guint i = 0; i < hardware->devices->len; i++) {
        const MdlDevice *device = g_ptr_array_index(hardware->devices, i);
        for (size_t j = 0; device->made == MDL_MADE_MEMORY && j < device->type->n_regions; j++) {
            const MdlPlacedRegion *region = &device->regions[j];
            if (region->region->kind != MDL_REGION_RAM || !region->size)
                continue;
            layout->base = region->base;
            layout->top = region->base + region->size;
            return true;
        }
    }
    EMU_IMAGE_ERROR(error, "-machine: %s has no memory to boot from", hardware->machine);
    return false;
}

static bool check_config(const EmuBootConfig *config, GError **error)
{
    const char *option = config->kernel   ? NULL
                         : config->initrd ? "-initrd"
                         : config->append ? "-append"
                                          : NULL;
    if (option)
        EMU_IMAGE_ERROR(error, "%s: it is for a kernel, and there is none; use -kernel", option);
    return !option;
}

static bool make_plan(Layout *layout, const EmuBootConfig *config, const MdlHardware *hardware,
                      GError **error)
{
    g_autofree char *bios = NULL;
    Program firmware = {0}, kernel = {0};
    if (!check_config(config, error) || !find_memory(hardware, layout, error) ||
        !emu_boot_find_firmware(config, &bios, error))
        return false;
    if (bios && !put_program(layout, "-bios", bios, layout->base, &firmware, error))
        return false;
    uint64_t from = bios ? align_up(firmware.end, HUGE_PAGE) : layout->base;
    if (config->kernel && !put_program(layout, "-kernel", config->kernel, from, &kernel, error))
        return false;
    layout->plan->entry.pc = bios ? firmware.entry : config->kernel ? kernel.entry : layout->base;
    return put_top(layout, config, hardware, &kernel, error);
}

static void blob_clear(void *blob)
{
    g_bytes_unref(((EmuBootBlob *)blob)->data);
}

bool emu_boot_plan(const EmuBootConfig *config, const MdlHardware *hardware, EmuBootPlan **ret_plan,
                   GError **error)
{
    g_autoptr(EmuBootPlan) plan = g_new0(EmuBootPlan, 1);
    plan->blobs = g_array_new(FALSE, FALSE, sizeof(EmuBootBlob));
    g_array_set_clear_func(plan->blobs, blob_clear);
    Layout layout = {.plan = plan};
    if (!make_plan(&layout, config, hardware, error))
        return false;
    *ret_plan = g_steal_pointer(&plan);
    return true;
}

void emu_boot_plan_free(EmuBootPlan *plan)
{
    if (!plan)
        return;
    g_array_free(plan->blobs, TRUE);
    g_free(plan);
}
