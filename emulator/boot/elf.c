/* elf: ELF programs of 64 bits (System V ABI, chapters 4 and 5; RISC-V psABI). Only the program
 * headers count; an executable has its addresses, a position-independent one goes where it is put.
 */
#include "boot/image.h"

#include <elf.h>
#include <string.h>
#include <wire.h>

#define MAX_PROGRAM_HEADERS 64u
#define PAGE                4096u

static bool check_header(const Elf64_Ehdr *header, GError **error)
{
    uint16_t machine = GUINT16_FROM_LE(header->e_machine);
    if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB) {
        EMU_IMAGE_ERROR(error, "the ELF file is not of 64 bits, little-endian");
        return false;
    }
    if (machine != EM_RISCV) {
        const char *name = emu_image_elf_machine(machine);
        EMU_IMAGE_ERROR(error, "the ELF file is for another architecture, %s (e_machine %u)",
                        name ? name : "one unknown here", machine);
        return false;
    }
    uint16_t type = GUINT16_FROM_LE(header->e_type);
    if (type != ET_EXEC && type != ET_DYN) {
        EMU_IMAGE_ERROR(error, "the ELF file is not a program (e_type %u)", type);
        return false;
    }
    uint16_t n = GUINT16_FROM_LE(header->e_phnum);
    if (GUINT16_FROM_LE(header->e_phentsize) != sizeof(Elf64_Phdr) || n > MAX_PROGRAM_HEADERS) {
        EMU_IMAGE_ERROR(error, "the ELF file's program headers are not %u at most, of %zu bytes",
                        MAX_PROGRAM_HEADERS, sizeof(Elf64_Phdr));
        return false;
    }
    return true;
}

static bool add_segment(EmuImage *image, const Elf64_Phdr *segment, GError **error)
{
    uint64_t file_size = g_bytes_get_size(image->data);
    EmuImagePart part = {
        .offset = GUINT64_FROM_LE(segment->p_offset),
        .length = GUINT64_FROM_LE(segment->p_filesz),
        .address = GUINT64_FROM_LE(segment->p_paddr),
        .size = GUINT64_FROM_LE(segment->p_memsz),
    };
    if (part.offset > file_size || part.length > file_size - part.offset) {
        EMU_IMAGE_ERROR(error,
                        "the ELF file is truncated: a segment ends at byte %" G_GUINT64_FORMAT
                        " of %" G_GUINT64_FORMAT,
                        part.offset + part.length, file_size);
        return false;
    }
    if (part.length > part.size || part.address + part.size < part.address) {
        EMU_IMAGE_ERROR(error,
                        "the ELF file has a segment of %" G_GUINT64_FORMAT
                        " bytes at 0x%" G_GINT64_MODIFIER "x that cannot be",
                        part.size, part.address);
        return false;
    }
    g_array_append_val(image->parts, part);
    return true;
}

/* A position-independent program: its lowest page becomes the place where it is put. */
static void make_relative(EmuImage *image)
{
    uint64_t lowest = UINT64_MAX;
    for (guint i = 0; i < image->parts->len; i++)
        lowest = MIN(lowest, g_array_index(image->parts, EmuImagePart, i).address);
    lowest &= ~(uint64_t)(PAGE - 1);
    for (guint i = 0; i < image->parts->len; i++)
        g_array_index(image->parts, EmuImagePart, i).address -= lowest;
    image->entry -= lowest;
}

bool emu_image_read_elf(EmuImage *image, GError **error)
{
    gsize size;
    const uint8_t *bytes = g_bytes_get_data(image->data, &size);
    Elf64_Ehdr header;
    if (size < SELFMAG || memcmp(bytes, ELFMAG, SELFMAG))
        return false;
    if (size < sizeof header) {
        EMU_IMAGE_ERROR(error, "the ELF file is truncated: its header is not whole");
        return false;
    }
    memcpy(&header, bytes, sizeof header);
    if (!check_header(&header, error))
        return false;

    uint64_t at = GUINT64_FROM_LE(header.e_phoff);
    uint64_t n = GUINT16_FROM_LE(header.e_phnum);
    if (at > size || n * sizeof(Elf64_Phdr) > size - at) {
        EMU_IMAGE_ERROR(error, "the ELF file is truncated: its program headers are not there");
        return false;
    }
    for (uint64_t i = 0; i < n; i++) {
        Elf64_Phdr segment;
        memcpy(&segment, bytes + at + i * sizeof segment, sizeof segment);
        if (GUINT32_FROM_LE(segment.p_type) == PT_LOAD && segment.p_memsz &&
            !add_segment(image, &segment, error))
            return false;
    }
    if (!image->parts->len) {
        EMU_IMAGE_ERROR(error, "the ELF file has nothing to load");
        return false;
    }
    image->entry = GUINT64_FROM_LE(header.e_entry);
    image->fixed = GUINT16_FROM_LE(header.e_type) == ET_EXEC;
    if (!image->fixed)
        make_relative(image);
    return true;
}
