/* files: small programs for the guest, written into a folder that is gone afterwards. */
#ifndef VITRINE_TESTS_BOOT_FILES_H
#define VITRINE_TESTS_BOOT_FILES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <elf.h>
#include <string.h>

#include "boot/internal.h"

#define KIB UINT64_C(1024)
#define MIB (1024 * KIB)

/* All folders are removed by files_done(), a cmocka group teardown. */
char *files_path(const char *name); /* g_free */
int files_done(void **state);
/* Writes a file and returns its path (g_free). */
char *files_write(const char *name, const void *data, size_t size);
/* size bytes that begin with data, as a file of that name. */
char *files_write_padded(const char *name, const void *data, size_t length, size_t size);

/* A Linux Image for RISC-V that takes image_size bytes of memory. */
GByteArray *files_linux(uint64_t text_offset, uint64_t image_size, size_t file_size);
/* The same with the headers of an EFI program of one section that ends at section_end. */
GByteArray *files_linux_efi(uint16_t machine, uint32_t section_end, size_t file_size);
/* An ELF program of one segment. */
typedef struct FilesElf {
    Elf64_Ehdr header;
    Elf64_Phdr segment;
    uint8_t code[64];
} FilesElf;
FilesElf files_elf(uint16_t type, uint64_t address, uint64_t memory_size);
GByteArray *files_gzip(const GByteArray *data);

/* Asserts that it failed and that the message has these words. */
void files_assert_error(bool ok, GError **error, const char *words);

#endif
