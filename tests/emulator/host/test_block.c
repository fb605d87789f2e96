/* Raw files as disks: what is refused and why, and every request beside the file itself. */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/block.h"

#define SIZE (256 * 1024)

typedef struct Disk {
    char *folder, *path;
} Disk;

static int setup(void **state)
{
    Disk *disk = g_new0(Disk, 1);
    disk->folder = g_dir_make_tmp("vitrine-XXXXXX", NULL);
    disk->path = g_build_filename(disk->folder, "disk.raw", NULL);
    g_autofree char *bytes = g_malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (char)(i / 512 + i);
    assert_true(g_file_set_contents(disk->path, bytes, SIZE, NULL));
    *state = disk;
    return 0;
}

static int teardown(void **state)
{
    Disk *disk = *state;
    unlink(disk->path);
    assert_int_equal(rmdir(disk->folder), 0);
    g_free(disk->path);
    g_free(disk->folder);
    g_free(disk);
    return 0;
}

static EmuBlockBackend *opened(Disk *disk, EmuBlockFile file)
{
    GError *error = NULL;
    file.path = disk->path;
    EmuBlockBackend *backend = emu_block_open_file(&file, &error);
    if (!backend)
        fail_msg("%s", error->message);
    return backend;
}

static void expect_refusal(const EmuBlockFile *file, const char *why)
{
    GError *error = NULL;
    assert_null(emu_block_open_file(file, &error));
    g_autofree char *message = g_strdup_printf("'%s' %s", file->path, why);
    assert_string_equal(error->message, message);
    g_error_free(error);
}

static void test_refused(void **state)
{
    Disk *disk = *state;
    expect_refusal(&(EmuBlockFile){.path = "/nonexistent/disk"},
                   "cannot be opened for writing: No such file or directory");
    expect_refusal(&(EmuBlockFile){.path = disk->folder},
                   "cannot be opened for writing: Is a directory");
    expect_refusal(&(EmuBlockFile){.path = disk->folder, .read_only = true},
                   "is a directory, not a file or a block device");
    expect_refusal(&(EmuBlockFile){.path = "/dev/null"},
                   "is something else, not a file or a block device");
    assert_int_equal(truncate(disk->path, 1000), 0);
    expect_refusal(&(EmuBlockFile){.path = disk->path}, "has 1000 bytes, not a multiple of 512");
    assert_int_equal(truncate(disk->path, 0), 0);
    expect_refusal(&(EmuBlockFile){.path = disk->path},
                   "is empty; give it a size, as with truncate -s 1G");
}

static void test_double_use(void **state)
{
    Disk *disk = *state;
    EmuBlockFile writer = {.path = disk->path}, reader = {.path = disk->path, .read_only = true};
    EmuBlockBackend *first = opened(disk, writer);
    expect_refusal(&writer, "is in use by another process or drive; use a copy, or read-only=on");
    expect_refusal(&reader, "is in use by another process or drive; open it read-only there too");
    emu_block_backend_free(opened(disk, (EmuBlockFile){.unlocked = true}));
    emu_block_backend_free(first);
    first = opened(disk, reader);
    emu_block_backend_free(opened(disk, reader)); /* readers do not mind each other */
    expect_refusal(&writer, "is in use by another process or drive; use a copy, or read-only=on");
    emu_block_backend_free(first);

    first = opened(disk, writer);
    assert_true(emu_block_backend_attach(first));
    assert_false(emu_block_backend_attach(first));
    emu_block_backend_detach(first);
    assert_true(emu_block_backend_attach(first));
    emu_block_backend_free(first);
}

static void check_round_trip(EmuBlockBackend *backend)
{
    g_autofree uint8_t *out = g_malloc(3 * 4096), *in = g_malloc(3 * 4096);
    for (size_t i = 0; i < 3 * 4096; i++)
        out[i] = (uint8_t)(i * 7);
    /* parts of odd sizes, some empty */
    const struct iovec from[] = {{out, 0}, {out, 1}, {out + 1, 4095}, {out, 0}, {out + 4096, 8192}};
    struct iovec to[100];
    for (unsigned i = 0; i < 100; i++) /* more parts than go to the kernel at once */
        to[i] = (struct iovec){in + 100 * i, i < 99 ? 100 : 3 * 4096 - 9900};
    assert_int_equal(emu_block_backend_write(backend, 512, from, 5), 0);
    assert_int_equal(emu_block_backend_flush(backend), 0);
    assert_int_equal(emu_block_backend_read(backend, 512, to, 100), 0);
    assert_memory_equal(in, out, 3 * 4096);
}

static void test_round_trip(void **state)
{
    EmuBlockBackend *backend = opened(*state, (EmuBlockFile){0});
    assert_int_equal(emu_block_backend_size(backend), SIZE);
    assert_false(emu_block_backend_is_read_only(backend));
    check_round_trip(backend);
    emu_block_backend_free(backend);
}

static void test_direct(void **state)
{
    Disk *disk = *state;
    GError *error = NULL;
    EmuBlockFile file = {.path = disk->path, .direct = true};
    EmuBlockBackend *backend = emu_block_open_file(&file, &error);
    if (!backend) { /* a file system without O_DIRECT says so */
        assert_non_null(strstr(error->message, "leave out direct=on"));
        g_error_free(error);
        return;
    }
    check_round_trip(backend);
    void *memory = NULL;
    assert_int_equal(posix_memalign(&memory, 4096, 8192), 0);
    struct iovec part = {memory, 8192};
    memset(memory, 0x5a, 8192);
    assert_int_equal(emu_block_backend_write(backend, 4096, &part, 1), 0);
    memset(memory, 0, 8192);
    assert_int_equal(emu_block_backend_read(backend, 4096, &part, 1), 0);
    assert_int_equal(((uint8_t *)memory)[8191], 0x5a);
    free(memory);
    emu_block_backend_free(backend);
}

static void expect_bytes(EmuBlockBackend *backend, uint64_t offset, size_t size, int byte)
{
    g_autofree uint8_t *bytes = g_malloc(size);
    struct iovec part = {bytes, size};
    assert_int_equal(emu_block_backend_read(backend, offset, &part, 1), 0);
    for (size_t i = 0; i < size; i++)
        assert_int_equal(bytes[i], byte < 0 ? (uint8_t)((offset + i) / 512 + offset + i) : byte);
}

static void test_zeroes(void **state)
{
    Disk *disk = *state;
    EmuBlockBackend *backend = opened(disk, (EmuBlockFile){0});
    assert_int_equal(emu_block_backend_write_zeroes(backend, 4096, 8192, true), 0);
    assert_int_equal(emu_block_backend_write_zeroes(backend, 65536, 100 * 512, false), 0);
    expect_bytes(backend, 4096, 8192, 0);
    expect_bytes(backend, 65536, 100 * 512, 0);
    expect_bytes(backend, 0, 4096, -1);
    expect_bytes(backend, 4096 + 8192, 512, -1);
    assert_int_equal(emu_block_backend_discard(backend, 0, 4096), 0);
    assert_int_equal(emu_block_backend_discard(backend, 0, 0), 0);
    assert_int_equal(emu_block_backend_write_zeroes(backend, SIZE - 512, 512, true), 0);
    emu_block_backend_free(backend);
    struct stat info;
    assert_int_equal(stat(disk->path, &info), 0);
    assert_int_equal(info.st_size, SIZE);

    backend = opened(disk, (EmuBlockFile){.keep = true});
    assert_int_equal(emu_block_backend_discard(backend, 200 * 512, 4096), 0);
    expect_bytes(backend, 240 * 512, 512, -1); /* what is kept is not lost */
    emu_block_backend_free(backend);
}

static void test_failures(void **state)
{
    Disk *disk = *state;
    uint8_t bytes[512] = {0};
    struct iovec part = {bytes, sizeof(bytes)};
    EmuBlockBackend *backend = opened(disk, (EmuBlockFile){.read_only = true});
    assert_true(emu_block_backend_is_read_only(backend));
    assert_int_equal(emu_block_backend_write(backend, 0, &part, 1), EBADF);
    assert_int_equal(truncate(disk->path, 1024), 0); /* under our feet */
    assert_int_equal(emu_block_backend_read(backend, 512, &part, 1), 0);
    assert_int_equal(emu_block_backend_read(backend, 4096, &part, 1), EIO);
    emu_block_backend_free(backend);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_refused), TEST(test_double_use), TEST(test_round_trip),
        TEST(test_direct),  TEST(test_zeroes),     TEST(test_failures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
