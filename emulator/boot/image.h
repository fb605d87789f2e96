/* image: a program for the guest, as its file holds it: Linux Image, ELF or raw bytes.
 *
 * A file is hostile: its size is limited before it is read, and every number in it is checked.
 * Knows formats, and nothing of where the guest has memory. */
#ifndef VITRINE_EMULATOR_BOOT_IMAGE_H
#define VITRINE_EMULATOR_BOOT_IMAGE_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

/* Bytes of the file that lie together in memory; up to size, zeros follow. */
typedef struct EmuImagePart {
    uint64_t offset, length; /* in the file */
    uint64_t address, size;  /* address: from where the image is put, or absolute */
} EmuImagePart;

typedef struct EmuImage {
    GBytes *data;
    GArray *parts; /* EmuImagePart, at least one */
    bool fixed;    /* addresses, the entry too, are absolute */
    uint64_t entry;
    uint64_t text_offset; /* least distance from the beginning of memory; 0: none is asked for */
} EmuImage;

/* Reads a regular file of at most limit bytes. False: error says what is wrong, without the name.
 */
bool emu_boot_read_file(const char *path, uint64_t limit, GBytes **ret_data, GError **error);
/* Unpacks gzip (RFC 1952) data to at most limit bytes; data without its magic stays as it is. Takes
 * the reference to data. NULL: error. */
GBytes *emu_boot_gunzip(GBytes *data, uint64_t limit, GError **error);

/* Recognises the format, checks it, finds its parts. Takes the reference to data. NULL: error. */
EmuImage *emu_image_new(GBytes *data, GError **error);
void emu_image_free(EmuImage *image);

/* One format each, for emu_image_new: false without an error is "not mine". */
bool emu_image_read_elf(EmuImage *image, GError **error);
bool emu_image_read_linux(EmuImage *image, GError **error);

/* The machine that a number of the formats (ELF's e_machine, PE's Machine) stands for; NULL: one
 * without a name here. */
const char *emu_image_elf_machine(uint16_t machine);
const char *emu_image_pe_machine(uint16_t machine);

#define EMU_IMAGE_ERROR(error, ...) g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED, __VA_ARGS__)

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EmuImage, emu_image_free)

#endif
