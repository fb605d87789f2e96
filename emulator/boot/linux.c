/* linux: the kernel's Image for RISC-V (Documentation/arch/riscv/boot-image-header.rst of Linux),
 * and the look of other kernels, so that their names can be said. An Image that is an EFI program
 * too has section headers, which tell whether the file is whole. */
#include "boot/image.h"

#include <string.h>
#include <wire.h>

typedef struct LinuxHeader {
    uint32_t code[2];
    uint64_t text_offset, image_size; /* image_size: with what is not in the file */
    uint64_t flags;                   /* bit 0: big-endian */
    uint32_t version, res1;
    uint64_t res2, magic;
    uint32_t magic2, pe_offset;
} LinuxHeader;
G_STATIC_ASSERT(sizeof(LinuxHeader) == 64);

static const char linux_magic2[4] = {'R', 'S', 'C', 5};

#define PE_HEADER  24u /* signature and file header */
#define PE_SECTION 40u
#define DOS_PE     0x3cu /* where the offset of the PE header stands */

static uint16_t get16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static uint32_t get32(const uint8_t *bytes)
{
    return get16(bytes) | (uint32_t)get16(bytes + 2) << 16;
}

/* The PE header of an EFI program (PE format, "COFF file header"); NULL: it has none. */
static const uint8_t *find_pe(const uint8_t *bytes, gsize size)
{
    if (size < DOS_PE + 4 || bytes[0] != 'M' || bytes[1] != 'Z')
        return NULL;
    uint32_t at = get32(bytes + DOS_PE);
    if (at > size || size - at < PE_HEADER || memcmp(bytes + at, "PE\0", 4))
        return NULL;
    return bytes + at;
}

/* The end of the last section, or of the headers that the file has not whole; what lies beyond size
 * is a truncated file's. An Image without a PE header is as long as it is. */
static uint64_t end_of_sections(const uint8_t *bytes, gsize size, const uint8_t *pe)
{
    uint64_t last = 0;
    if (!pe && bytes[0] == 'M' && bytes[1] == 'Z')
        last = (uint64_t)get32(bytes + DOS_PE) + PE_HEADER;
    unsigned n = pe ? get16(pe + 6) : 0;
    size_t at = pe ? PE_HEADER + get16(pe + 20) : 0, left = pe ? size - (size_t)(pe - bytes) : 0;
    if (at + (size_t)n * PE_SECTION > left)
        return (uint64_t)(size - left) + at + (size_t)n * PE_SECTION;
    for (unsigned i = 0; i < n; i++, at += PE_SECTION) {
        uint64_t section_end = (uint64_t)get32(pe + at + 16) + get32(pe + at + 20);
        last = MAX(last, section_end);
    }
    return last;
}

static bool is_other_kernel(const uint8_t *bytes, gsize size, const uint8_t *pe,
                            const char **ret_arch)
{
    if (size >= 0x206 && !memcmp(bytes + 0x202, "HdrS", 4))
        *ret_arch = "x86"; /* Documentation/arch/x86/boot.rst */
    else if (size >= 60 && !memcmp(bytes + 56, "ARM\x64", 4))
        *ret_arch = "AArch64"; /* Documentation/arch/arm64/booting.rst */
    else if (pe && get16(pe + 4) != 0x5064)
        *ret_arch = emu_image_pe_machine(get16(pe + 4));
    else
        return false;
    return true;
}

bool emu_image_read_linux(EmuImage *image, GError **error)
{
    gsize size;
    const uint8_t *bytes = g_bytes_get_data(image->data, &size);
    const uint8_t *pe = find_pe(bytes, size);
    const char *arch;
    if (is_other_kernel(bytes, size, pe, &arch)) {
        EMU_IMAGE_ERROR(error, "the kernel is for another architecture, %s",
                        arch ? arch : "one unknown here");
        return false;
    }
    LinuxHeader header;
    if (size < sizeof header)
        return false;
    memcpy(&header, bytes, sizeof header);
    if (memcmp(&header.magic2, linux_magic2, sizeof linux_magic2))
        return false;

    uint64_t in_memory = GUINT64_FROM_LE(header.image_size);
    uint64_t whole = end_of_sections(bytes, size, pe);
    if (GUINT64_FROM_LE(header.flags) & 1) {
        EMU_IMAGE_ERROR(error, "the kernel is big-endian");
        return false;
    }
    if (size < whole) {
        EMU_IMAGE_ERROR(error,
                        "the kernel is truncated: the file has %" G_GSIZE_FORMAT
                        " bytes of %" G_GUINT64_FORMAT,
                        size, whole);
        return false;
    }
    EmuImagePart part = {.length = size, .size = MAX(in_memory, size)};
    g_array_append_val(image->parts, part);
    image->text_offset = GUINT64_FROM_LE(header.text_offset);
    return true;
}
