/* boot: what a machine finds in its memory when it starts: firmware, kernel, initrd, device tree.
 *
 * A plan is made of files and the hardware tree alone, so that everything wrong is known before
 * there is a machine; loading it into one is copying. It knows no command line and no QMP; errors
 * name the option that is at fault, since those are the words people know.
 *
 * The layout is the one people know of QEMU's RISC-V machines. From the bottom of memory: firmware,
 * kernel at the next multiple of 2 MiB, initrd far above it; the device tree, and what OpenSBI is
 * told of the kernel, at the top of the memory below 3 GiB. */
#ifndef VITRINE_EMULATOR_BOOT_H
#define VITRINE_EMULATOR_BOOT_H

#include <model.h>

typedef struct EmuMachine EmuMachine;

/* All of these may be NULL. */
typedef struct EmuBootConfig {
    const char *bios;   /* file, "none", or "default"; NULL: "default" where there is a kernel */
    const char *kernel; /* file: Linux Image, ELF, either of them in gzip, or anything raw */
    const char *initrd; /* file */
    const char *append; /* the kernel's command line */
    const char *dtb;    /* file: in place of the hardware tree's own device tree */
    /* Files that are the default firmware if they exist, NULL-terminated; a -bios without a folder
     * is looked for beside them too. NULL: where distributions install OpenSBI. */
    const char *const *default_firmware;
} EmuBootConfig;

/* Something in guest memory: length bytes of data from offset on, then zeros up to size. */
typedef struct EmuBootBlob {
    const char *option; /* "-kernel"; static */
    uint64_t address, size;
    GBytes *data;
    uint64_t offset, length;
} EmuBootBlob;

/* With what a hart starts; a0 is its number (Linux: Documentation/arch/riscv/boot.rst). */
typedef struct EmuBootEntry {
    uint64_t pc;
    uint64_t device_tree;     /* a1 */
    uint64_t fw_dynamic_info; /* a2 */
} EmuBootEntry;

typedef struct EmuBootPlan {
    GArray *blobs; /* EmuBootBlob, by ascending address, none overlapping another */
    EmuBootEntry entry;
} EmuBootPlan;

/* Reads the files and finds a place for each. False: error names the option, the file and the
 * reason. Files are read here and not later; the plan keeps no pointer into its arguments. */
bool emu_boot_plan(const EmuBootConfig *config, const MdlHardware *hardware, EmuBootPlan **ret_plan,
                   GError **error);
void emu_boot_plan_free(EmuBootPlan *plan);

/* Writes the plan into a machine that stands still, and lets its harts begin at the entry; to be
 * called before the first start and after each reset. The seeds in the device tree are new each
 * time. The machine has to be one of the hardware the plan was made for. */
void emu_boot_load(EmuBootPlan *plan, EmuMachine *machine);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EmuBootPlan, emu_boot_plan_free)

#endif
