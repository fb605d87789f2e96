/* Programs for the guest as their files hold them: each format, and each way to be wrong. */
#include "files.h"

#include <sys/stat.h>

static EmuImage *image_of(const void *data, size_t size, GError **error)
{
    return emu_image_new(g_bytes_new(data, size), error);
}

static const EmuImagePart *part(const EmuImage *image, guint index)
{
    assert_true(index < image->parts->len);
    return &g_array_index(image->parts, EmuImagePart, index);
}

static void raw(void **state)
{
    (void)state;
    g_autoptr(EmuImage) image = image_of("\x13\0\0\0\x13\0\0\0", 8, NULL);
    assert_non_null(image);
    assert_false(image->fixed);
    assert_int_equal(image->entry, 0);
    assert_int_equal(part(image, 0)->length, 8);
    assert_int_equal(part(image, 0)->size, 8);
}

static void linux_image(void **state)
{
    (void)state;
    g_autoptr(GByteArray) file = files_linux(0x200000, 4 * MIB, 1000);
    g_autoptr(EmuImage) image = image_of(file->data, file->len, NULL);
    assert_non_null(image);
    assert_int_equal(image->text_offset, 0x200000);
    assert_int_equal(part(image, 0)->length, 1000);
    assert_int_equal(part(image, 0)->size, 4 * MIB);
}

static void linux_image_wrong(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    g_autoptr(GByteArray) big = files_linux(0, 4096, 1000);
    big->data[24] = 1;
    files_assert_error(image_of(big->data, big->len, &error), &error, "big-endian");

    g_autoptr(GByteArray) whole = files_linux_efi(0x5064, 4096, 4096);
    g_autoptr(EmuImage) image = image_of(whole->data, whole->len, &error);
    assert_non_null(image);
    files_assert_error(image_of(whole->data, 4095, &error), &error,
                       "truncated: the file has 4095 bytes of 4096");
    for (gsize length = 64; length < whole->len; length++) /* from the whole first header on */
        files_assert_error(image_of(whole->data, length, &error), &error, "truncated");

    g_autoptr(GByteArray) other = files_linux_efi(0xaa64, 4096, 4096);
    files_assert_error(image_of(other->data, other->len, &error), &error, "AArch64");
    g_autoptr(GByteArray) unknown = files_linux_efi(0x1234, 4096, 4096);
    files_assert_error(image_of(unknown->data, unknown->len, &error), &error, "unknown here");

    uint8_t x86[0x300] = {0};
    memcpy(x86 + 0x202, "HdrS", 4);
    files_assert_error(image_of(x86, sizeof x86, &error), &error, "another architecture, x86");
}

static void elf(void **state)
{
    (void)state;
    FilesElf file = files_elf(ET_EXEC, 0x80200000, 4096);
    g_autoptr(EmuImage) fixed = image_of(&file, sizeof file, NULL);
    assert_non_null(fixed);
    assert_true(fixed->fixed);
    assert_int_equal(fixed->entry, 0x80200004);
    assert_int_equal(part(fixed, 0)->address, 0x80200000);
    assert_int_equal(part(fixed, 0)->length, sizeof file.code);
    assert_int_equal(part(fixed, 0)->size, 4096);

    FilesElf moving = files_elf(ET_DYN, 0x10010, 4096);
    g_autoptr(EmuImage) relative = image_of(&moving, sizeof moving, NULL);
    assert_non_null(relative);
    assert_false(relative->fixed);
    assert_int_equal(relative->entry, 0x14);
    assert_int_equal(part(relative, 0)->address, 0x10);
}

static void elf_wrong(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    const FilesElf good = files_elf(ET_EXEC, 0x80000000, 4096);
    FilesElf bad;
#define ASSERT_WRONG(change, words)                                                                \
    do {                                                                                           \
        bad = good;                                                                                \
        change;                                                                                    \
        files_assert_error(image_of(&bad, sizeof bad, &error), &error, words);                     \
    } while (0)
    ASSERT_WRONG(bad.header.e_machine = EM_X86_64, "another architecture, x86-64");
    ASSERT_WRONG(bad.header.e_machine = 9999, "e_machine 9999");
    ASSERT_WRONG(bad.header.e_ident[EI_CLASS] = ELFCLASS32, "64 bits");
    ASSERT_WRONG(bad.header.e_ident[EI_DATA] = ELFDATA2MSB, "little-endian");
    ASSERT_WRONG(bad.header.e_type = ET_REL, "not a program");
    ASSERT_WRONG(bad.header.e_phnum = 65, "program headers");
    ASSERT_WRONG(bad.header.e_phentsize = 32, "program headers");
    ASSERT_WRONG(bad.header.e_phoff = sizeof bad, "truncated");
    ASSERT_WRONG(bad.header.e_phoff = UINT64_MAX, "truncated");
    ASSERT_WRONG(bad.segment.p_type = PT_NOTE, "nothing to load");
    ASSERT_WRONG(bad.segment.p_filesz = 65, "truncated");
    ASSERT_WRONG(bad.segment.p_offset = UINT64_MAX, "truncated");
    ASSERT_WRONG(bad.segment.p_memsz = 63, "cannot be");
    ASSERT_WRONG(bad.segment.p_memsz = UINT64_MAX, "cannot be");
    files_assert_error(image_of(&good, 32, &error), &error, "header is not whole");
}

/* Every beginning of a good file, and every byte of it changed, is answered without a fault. */
static void hostile(void **state)
{
    (void)state;
    FilesElf file = files_elf(ET_EXEC, 0x80000000, 4096);
    g_autoptr(GByteArray) efi = files_linux_efi(0x5064, 4096, 4096);
    for (size_t i = 1; i < sizeof file; i++)
        emu_image_free(image_of(&file, i, NULL));
    for (size_t i = 1; i < 256; i++)
        emu_image_free(image_of(efi->data, i, NULL));
    for (size_t i = 0; i < sizeof file; i++) {
        ((uint8_t *)&file)[i] ^= 0xff;
        emu_image_free(image_of(&file, sizeof file, NULL));
        ((uint8_t *)&file)[i] ^= 0xff;
    }
    for (size_t i = 0; i < 256; i++) {
        efi->data[i] ^= 0xff;
        emu_image_free(image_of(efi->data, efi->len, NULL));
        efi->data[i] ^= 0xff;
    }
}

static void gzip(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    g_autoptr(GByteArray) file = files_linux(0, 1 * MIB, 300000);
    g_autoptr(GByteArray) packed = files_gzip(file);
    g_autoptr(GBytes) whole =
        emu_boot_gunzip(g_bytes_new(packed->data, packed->len), 300000, &error);
    assert_non_null(whole);
    assert_int_equal(g_bytes_get_size(whole), 300000);
    assert_memory_equal(g_bytes_get_data(whole, NULL), file->data, 300000);

    g_autoptr(GBytes) plain = emu_boot_gunzip(g_bytes_new("abc", 3), 1, &error);
    assert_memory_equal(g_bytes_get_data(plain, NULL), "abc", 3);

    files_assert_error(emu_boot_gunzip(g_bytes_new(packed->data, packed->len), 299999, &error),
                       &error, "more than 299999 bytes");
    files_assert_error(emu_boot_gunzip(g_bytes_new(packed->data, packed->len - 20), MIB, &error),
                       &error, "truncated");
    packed->data[packed->len - 8] ^= 1; /* the checksum */
    files_assert_error(emu_boot_gunzip(g_bytes_new(packed->data, packed->len), MIB, &error), &error,
                       "damaged");
}

static void files(void **state)
{
    (void)state;
    g_autoptr(GError) error = NULL;
    g_autoptr(GBytes) data = NULL;
    g_autofree char *good = files_write("good", "12345678", 8);
    assert_true(emu_boot_read_file(good, 8, &data, &error));
    assert_int_equal(g_bytes_get_size(data), 8);
    files_assert_error(emu_boot_read_file(good, 7, &data, &error), &error, "the memory 7");

    g_autofree char *empty = files_write("empty", "", 0);
    files_assert_error(emu_boot_read_file(empty, 8, &data, &error), &error, "empty");
    files_assert_error(emu_boot_read_file("/nonexistent", 8, &data, &error), &error, "No such");
    files_assert_error(emu_boot_read_file("/", 8, &data, &error), &error, "a directory");
    files_assert_error(emu_boot_read_file("/dev/zero", 8, &data, &error), &error, "a device");
    g_autofree char *fifo = files_path("fifo");
    assert_int_equal(mkfifo(fifo, 0600), 0);
    files_assert_error(emu_boot_read_file(fifo, 8, &data, &error), &error, "a pipe");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(raw),  cmocka_unit_test(linux_image), cmocka_unit_test(linux_image_wrong),
        cmocka_unit_test(elf),  cmocka_unit_test(elf_wrong),   cmocka_unit_test(hostile),
        cmocka_unit_test(gzip), cmocka_unit_test(files),
    };
    return cmocka_run_group_tests(tests, NULL, files_done);
}
