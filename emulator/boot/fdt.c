/* fdt: the part of the device tree that is a matter of one start, /chosen. */
#include "boot/internal.h"

#include <errno.h>
#include <libfdt.h>
#include <string.h>
#include <sys/random.h>
#include <wire.h>

#define MAX_FDT_SIZE (2u << 20) /* what Linux takes */
#define ROOM         512u       /* for /chosen beside the command line */
#define SEED_SIZE    64u

/* rng-seed feeds the random number generator, kaslr-seed places the kernel; both are numbers that
 * nobody may know (Linux: Documentation/devicetree/bindings, chosen.yaml). */
static const struct {
    const char *name;
    int size;
} seeds[] = {{"rng-seed", SEED_SIZE}, {"kaslr-seed", 8}};

static int complete(void *fdt, const char *append, bool has_initrd)
{
    static const uint8_t zeros[SEED_SIZE];
    int chosen = fdt_path_offset(fdt, "/chosen");
    if (chosen == -FDT_ERR_NOTFOUND)
        chosen = fdt_add_subnode(fdt, 0, "chosen");
    int status = chosen < 0 ? chosen : 0;
    if (status == 0 && append)
        status = fdt_setprop_string(fdt, chosen, "bootargs", append);
    if (status == 0 && has_initrd) {
        status = fdt_setprop_u64(fdt, chosen, "linux,initrd-start", 0);
        status = status ? status : fdt_setprop_u64(fdt, chosen, "linux,initrd-end", 0);
    }
    for (size_t i = 0; status == 0 && i < G_N_ELEMENTS(seeds); i++)
        status = fdt_setprop(fdt, chosen, seeds[i].name, zeros, seeds[i].size);
    return status == 0 ? fdt_pack(fdt) : status;
}

GBytes *emu_boot_fdt_new(GBytes *tree, const char *append, bool has_initrd, GError **error)
{
    gsize size;
    const void *data = g_bytes_get_data(tree, &size);
    int status = fdt_check_full(data, size);
    if (status != 0) {
        EMU_IMAGE_ERROR(error, "it is not a whole device tree blob (%s)", fdt_strerror(status));
        return NULL;
    }
    size_t room = size + ROOM + (append ? strlen(append) + 1 : 0);
    if (room > MAX_FDT_SIZE) {
        EMU_IMAGE_ERROR(error, "the device tree and the command line are larger than %u bytes",
                        MAX_FDT_SIZE);
        return NULL;
    }
    g_autofree void *fdt = g_malloc0(room);
    status = fdt_open_into(data, fdt, (int)room);
    status = status ? status : complete(fdt, append, has_initrd);
    if (status != 0) {
        EMU_IMAGE_ERROR(error, "the device tree cannot be completed (%s)", fdt_strerror(status));
        return NULL;
    }
    size = fdt_totalsize(fdt);
    return g_bytes_new_take(g_steal_pointer(&fdt), size);
}

void emu_boot_fdt_set_initrd(void *fdt, uint64_t start, uint64_t end)
{
    int chosen = fdt_path_offset(fdt, "/chosen");
    fdt_setprop_inplace_u64(fdt, chosen, "linux,initrd-start", start);
    fdt_setprop_inplace_u64(fdt, chosen, "linux,initrd-end", end);
}

void emu_boot_fdt_set_seeds(void *fdt)
{
    int chosen = fdt_path_offset(fdt, "/chosen");
    for (size_t i = 0; i < G_N_ELEMENTS(seeds); i++) {
        int size;
        void *seed = fdt_getprop_w(fdt, chosen, seeds[i].name, &size);
        /* Up to 256 bytes come whole or not at all (getrandom(2)). */
        while (seed && getrandom(seed, (size_t)size, 0) < 0 && errno == EINTR)
            ;
    }
}
