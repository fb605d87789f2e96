/* files: see files.h. */
#include "files.h"

#include <glib/gstdio.h>
#include <zlib.h>

static char *folder(void)
{
    static char *made; /* lint: mutable-global: one folder a test program */
    if (!made)
        made = g_dir_make_tmp("boot-XXXXXX", NULL);
    assert_non_null(made);
    return made;
}

char *files_path(const char *name)
{
    return g_build_filename(folder(), name, NULL);
}

int files_done(void **state)
{
    (void)state;
    const char *name;
    GDir *dir = g_dir_open(folder(), 0, NULL);
    while ((name = g_dir_read_name(dir))) {
        g_autofree char *path = files_path(name);
        g_remove(path);
    }
    g_dir_close(dir);
    g_rmdir(folder());
    g_free(folder());
    return 0;
}

char *files_write(const char *name, const void *data, size_t size)
{
    char *path = files_path(name);
    assert_true(g_file_set_contents(path, data, (gssize)size, NULL));
    return path;
}

char *files_write_padded(const char *name, const void *data, size_t length, size_t size)
{
    g_autofree uint8_t *all = g_malloc0(size);
    memcpy(all, data, length);
    return files_write(name, all, size);
}

GByteArray *files_linux(uint64_t text_offset, uint64_t image_size, size_t file_size)
{
    GByteArray *file = g_byte_array_sized_new((guint)file_size);
    g_byte_array_set_size(file, (guint)file_size);
    memset(file->data, 0, file_size);
    memcpy(file->data + 8, &text_offset, 8);
    memcpy(file->data + 16, &image_size, 8);
    memcpy(file->data + 48, "RISCV\0\0\0RSC\x05", 12);
    return file;
}

GByteArray *files_linux_efi(uint16_t machine, uint32_t section_end, size_t file_size)
{
    GByteArray *file = files_linux(0, file_size, file_size);
    uint32_t pe = 64;
    uint16_t one = 1;
    uint32_t begin = 512, size = section_end - begin;
    memcpy(file->data, "MZ", 2);
    memcpy(file->data + 60, &pe, 4);
    memcpy(file->data + pe, "PE\0", 4);
    memcpy(file->data + pe + 4, &machine, 2);
    memcpy(file->data + pe + 6, &one, 2);
    memcpy(file->data + pe + 24 + 16, &size, 4);
    memcpy(file->data + pe + 24 + 20, &begin, 4);
    return file;
}

FilesElf files_elf(uint16_t type, uint64_t address, uint64_t memory_size)
{
    FilesElf elf = {
        .header = {.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB},
                   .e_type = type,
                   .e_machine = EM_RISCV,
                   .e_entry = address + 4,
                   .e_phoff = offsetof(FilesElf, segment),
                   .e_phentsize = sizeof(Elf64_Phdr),
                   .e_phnum = 1},
        .segment = {.p_type = PT_LOAD,
                    .p_offset = offsetof(FilesElf, code),
                    .p_paddr = address,
                    .p_filesz = sizeof elf.code,
                    .p_memsz = memory_size},
    };
    memset(elf.code, 0x13, sizeof elf.code);
    return elf;
}

GByteArray *files_gzip(const GByteArray *data)
{
    z_stream stream = {.next_in = data->data, .avail_in = data->len};
    GByteArray *packed = g_byte_array_new();
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 9, Z_DEFAULT_STRATEGY),
                     Z_OK);
    g_byte_array_set_size(packed, (guint)deflateBound(&stream, data->len));
    stream.next_out = packed->data;
    stream.avail_out = packed->len;
    assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
    g_byte_array_set_size(packed, (guint)stream.total_out);
    deflateEnd(&stream);
    return packed;
}

void files_assert_error(bool ok, GError **error, const char *words)
{
    assert_false(ok);
    assert_non_null(*error);
    if (!strstr((*error)->message, words))
        fail_msg("expected \"%s\" in \"%s\"", words, (*error)->message);
    g_clear_error(error);
}
