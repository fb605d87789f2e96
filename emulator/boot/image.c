/* image: recognises a program by its first bytes. */
#include "boot/image.h"

#include <string.h>
#include <wire.h>

typedef struct Number {
    uint16_t number;
    const char *name;
} Number;

static const char *name_of(const Number *table, size_t n, uint16_t number)
{
    for (size_t i = 0; i < n; i++)
        if (table[i].number == number)
            return table[i].name;
    return NULL;
}

const char *emu_image_elf_machine(uint16_t machine)
{
    static const Number table[] = {
        {3, "x86"},  {8, "MIPS"},    {20, "PowerPC"},  {21, "PowerPC64"}, {22, "S/390"},
        {40, "Arm"}, {62, "x86-64"}, {183, "AArch64"}, {243, "RISC-V"},   {258, "LoongArch"},
    };
    return name_of(table, G_N_ELEMENTS(table), machine);
}

const char *emu_image_pe_machine(uint16_t machine)
{
    static const Number table[] = {
        {0x014c, "x86"},    {0x01c2, "Arm"},    {0x8664, "x86-64"},    {0xaa64, "AArch64"},
        {0x5032, "RISC-V"}, {0x5064, "RISC-V"}, {0x6264, "LoongArch"},
    };
    return name_of(table, G_N_ELEMENTS(table), machine);
}

EmuImage *emu_image_new(GBytes *data, GError **error)
{
    g_autoptr(EmuImage) image = g_new0(EmuImage, 1);
    g_autoptr(GError) cause = NULL;
    image->data = data;
    image->parts = g_array_new(FALSE, FALSE, sizeof(EmuImagePart));
    if (emu_image_read_elf(image, &cause) || emu_image_read_linux(image, &cause))
        return g_steal_pointer(&image);
    if (cause) {
        g_propagate_error(error, g_steal_pointer(&cause));
        return NULL;
    }
    uint64_t size = g_bytes_get_size(data);
    EmuImagePart whole = {.length = size, .size = size};
    g_array_append_val(image->parts, whole);
    return g_steal_pointer(&image);
}

void emu_image_free(EmuImage *image)
{
    if (!image)
        return;
    g_bytes_unref(image->data);
    g_array_free(image->parts, TRUE);
    g_free(image);
}
