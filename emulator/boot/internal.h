/* internal: the steps of a boot plan, each in a file of its own. */
#ifndef VITRINE_EMULATOR_BOOT_INTERNAL_H
#define VITRINE_EMULATOR_BOOT_INTERNAL_H

#include "boot/boot.h"
#include "boot/image.h"

/* The file that -bios means; NULL: no firmware. */
bool emu_boot_find_firmware(const EmuBootConfig *config, char **ret_path, GError **error);

/* Completes a flattened device tree (Devicetree Specification 0.4, 3.6 and 5) with /chosen: the
 * command line, the initrd's place, still open, and room for seeds. append may be NULL. Takes no
 * reference. NULL: error. */
GBytes *emu_boot_fdt_new(GBytes *tree, const char *append, bool has_initrd, GError **error);
/* In a tree made so; they do not change its size. */
void emu_boot_fdt_set_initrd(void *fdt, uint64_t start, uint64_t end);
void emu_boot_fdt_set_seeds(void *fdt);

#endif
