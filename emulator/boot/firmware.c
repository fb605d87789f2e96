/* firmware: which file -bios means. */
#include "boot/internal.h"

#include <string.h>
#include <wire.h>

/* fw_dynamic is told where the kernel is; fw_jump has an address built in. */
static const char *const opensbi[] = {
    "/usr/lib/riscv64-linux-gnu/opensbi/generic/fw_dynamic.bin",
    "/usr/share/qemu/opensbi-riscv64-generic-fw_dynamic.bin",
    NULL,
};

static char *find_default(const char *const *files)
{
    for (; *files; files++)
        if (g_file_test(*files, G_FILE_TEST_EXISTS))
            return g_strdup(*files);
    return NULL;
}

static char *find_beside(const char *const *files, const char *name)
{
    for (; *files; files++) {
        g_autofree char *folder = g_path_get_dirname(*files);
        g_autofree char *path = g_build_filename(folder, name, NULL);
        if (g_file_test(path, G_FILE_TEST_EXISTS))
            return g_steal_pointer(&path);
    }
    return NULL;
}

bool emu_boot_find_firmware(const EmuBootConfig *config, char **ret_path, GError **error)
{
    const char *const *files = config->default_firmware ? config->default_firmware : opensbi;
    const char *bios = config->bios ? config->bios : config->kernel ? "default" : "none";
    *ret_path = NULL;
    if (!strcmp(bios, "none"))
        return true;
    if (!strcmp(bios, "default")) {
        *ret_path = find_default(files);
        if (*ret_path)
            return true;
        g_autofree char *places = g_strjoinv(" or ", (char **)files);
        EMU_IMAGE_ERROR(error,
                        "-bios: the default firmware is not installed (%s); install the package "
                        "opensbi, name a file, or use -bios none",
                        places);
        return false;
    }
    if (!strchr(bios, '/') && !g_file_test(bios, G_FILE_TEST_EXISTS))
        *ret_path = find_beside(files, bios);
    if (!*ret_path)
        *ret_path = g_strdup(bios);
    return true;
}
