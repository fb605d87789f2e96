/* The block device: each kind of request beside the file, and each way to get one wrong. */
#include "guest.h"

#include <string.h>
#include <unistd.h>

extern const EmuDriver emu_driver_virtio_blk_device;

#define SECTORS 64
enum { OK, IOERR, UNSUPP };
enum { IN, OUT, FLUSH = 4, GET_ID = 8, DISCARD = 11, ZEROES = 13 };

#define ALL                                                                                        \
    (EMU_VIRTIO_FEATURE(9) | EMU_VIRTIO_FEATURE(11) | EMU_VIRTIO_FEATURE(12) |                     \
     EMU_VIRTIO_FEATURE(13) | EMU_VIRTIO_FEATURE(14))

typedef struct Disk {
    Guest *guest;
    GuestQueue queue;
    EmuBackends *backends;
    EmuBinding binding;
    char *folder, *path;
    uint64_t header, data, status; /* in guest memory */
} Disk;

static Disk *disk_new(bool read_only)
{
    Disk *disk = g_new0(Disk, 1);
    disk->folder = g_dir_make_tmp("vitrine-XXXXXX", NULL);
    disk->path = g_build_filename(disk->folder, "disk.raw", NULL);
    char bytes[SECTORS * 512];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (char)(i / 512);
    assert_true(g_file_set_contents(disk->path, bytes, sizeof(bytes), NULL));
    disk->backends = emu_backends_new();
    EmuBlockFile file = {.path = disk->path, .read_only = read_only};
    assert_true(emu_backends_add_block(disk->backends, "disk0", emu_block_open_file(&file, NULL),
                                       NULL, NULL));
    Guest *guest = disk->guest = guest_new(&emu_driver_virtio_blk_device);
    disk->binding = (EmuBinding){"dut", "drive", "disk0"};
    guest->bench->config.backends = disk->backends;
    guest->bench->config.bindings = &disk->binding;
    guest->bench->config.n_bindings = 1;
    return disk;
}

static Disk *disk_booted(bool read_only, uint64_t features)
{
    Disk *disk = disk_new(read_only);
    guest_boot(disk->guest, features, &disk->queue, 64);
    disk->header = guest_alloc(disk->guest, 16);
    disk->data = guest_alloc(disk->guest, 8192);
    disk->status = guest_alloc(disk->guest, 1);
    return disk;
}

static void disk_free(Disk *disk)
{
    guest_free(disk->guest);
    emu_backends_free(disk->backends);
    unlink(disk->path);
    assert_int_equal(rmdir(disk->folder), 0);
    g_free(disk->path);
    g_free(disk->folder);
    g_free(disk);
}

/* A request with data in two parts; returns the status byte. */
static int request(Disk *disk, uint32_t type, uint64_t sector, uint32_t size)
{
    uint32_t *header = guest_at(disk->guest, disk->header);
    uint8_t *status = guest_at(disk->guest, disk->status);
    header[0] = type;
    header[1] = 0;
    memcpy(header + 2, &sector, 8);
    *status = 0xff;
    bool reads = type == IN || type == GET_ID;
    uint32_t first = size / 3;
    GuestPart parts[4] = {{disk->header, 16, false}};
    unsigned n = 1;
    if (first)
        parts[n++] = (GuestPart){disk->data, first, reads};
    if (size - first)
        parts[n++] = (GuestPart){disk->data + first, size - first, reads};
    parts[n++] = (GuestPart){disk->status, 1, true};
    uint32_t written = guest_do(disk->guest, &disk->queue, parts, n);
    assert_int_equal(written, *status == OK ? 1 + (reads ? size : 0) : 0);
    return *status;
}

static void expect_file(Disk *disk, uint64_t offset, const void *bytes, size_t size)
{
    g_autofree char *contents = NULL;
    gsize length;
    assert_true(g_file_get_contents(disk->path, &contents, &length, NULL));
    assert_int_equal(length, SECTORS * 512);
    assert_memory_equal(contents + offset, bytes, size);
}

static void test_config(void **state)
{
    (void)state;
    Disk *disk = disk_new(false);
    bench_set(disk->guest->model, "num-queues", 4);
    bench_set(disk->guest->model, "queue-size", 128);
    guest_build(disk->guest);
    Guest *guest = disk->guest;
    assert_int_equal(guest_read(guest, 0x08), 2);
    assert_int_equal(guest_offered(guest) & UINT32_MAX, 1 << 2 | 1 << 6 | 1 << 9 | 1 << 11 |
                                                            1 << 12 | 1 << 13 | 1 << 14 | 1 << 28 |
                                                            1 << 29);
    assert_int_equal(guest_config(guest, 0, 8), SECTORS);
    assert_int_equal(guest_config(guest, 12, 4), 126);
    assert_int_equal(guest_config(guest, 20, 4), 512);
    assert_int_equal(guest_config(guest, 34, 2), 4);
    assert_int_equal(guest_config(guest, 40, 4), 1);
    guest_write(guest, 0x30, 3);
    assert_int_equal(guest_read(guest, 0x34), 128);
    guest_write(guest, 0x30, 4);
    assert_int_equal(guest_read(guest, 0x34), 0);
    disk_free(disk);
}

static void test_read_write(void **state)
{
    (void)state;
    Disk *disk = disk_booted(false, ALL);
    uint8_t *data = guest_at(disk->guest, disk->data);
    assert_int_equal(request(disk, IN, 5, 1024), OK);
    assert_int_equal(data[0], 5);
    assert_int_equal(data[1023], 6);
    memset(data, 0xab, 1536);
    assert_int_equal(request(disk, OUT, SECTORS - 3, 1536), OK);
    assert_int_equal(request(disk, FLUSH, 0, 0), OK);
    expect_file(disk, (SECTORS - 3) * 512, data, 1536);
    assert_int_equal(request(disk, IN, 0, 0), OK); /* nothing is something too */
    assert_true(guest_interrupted(disk->guest));
    assert_int_equal(guest_errors(disk->guest), 0);

    EmuStats stats;
    emu_device_stats(bench_device(disk->guest->bench, "dut"), &stats);
    assert_int_equal(stats.counts[EMU_STAT_DEVICE_REQUESTS], 4);
    assert_int_equal(stats.counts[EMU_STAT_DEVICE_BYTES_FROM_GUEST], 4 * 16 + 1536);
    assert_int_equal(stats.counts[EMU_STAT_DEVICE_BYTES_TO_GUEST], 4 * 1 + 1024);
    disk_free(disk);
}

static void test_many_at_once(void **state)
{
    (void)state;
    Disk *disk = disk_booted(false, ALL);
    Guest *guest = disk->guest;
    for (unsigned round = 0; round < 10; round++) {
        for (unsigned i = 0; i < 60; i++) {
            uint64_t header = disk->header = guest_alloc(guest, 16);
            uint32_t *words = guest_at(guest, header);
            words[0] = OUT;
            words[2] = i;
            words[3] = 0;
            uint64_t data = guest_alloc(guest, 16) + 0; /* the header is data enough */
            memcpy(guest_at(guest, data), &(uint64_t){round * 1000 + i}, 8);
            GuestPart parts[] = {{header, 16, false},
                                 {data, 8, false},
                                 {disk->data, 504, false},
                                 {disk->status, 1, true}};
            guest_add(guest, &disk->queue, parts, 4);
        }
        guest_notify(guest, &disk->queue);
        guest_settle(guest);
        uint64_t seen = 0;
        uint16_t id;
        uint32_t size;
        for (unsigned i = 0; i < 60; i++) {
            assert_true(guest_used(guest, &disk->queue, &id, &size));
            assert_int_equal(size, 1);
            seen |= UINT64_C(1) << id;
        }
        assert_int_equal(__builtin_popcountll(seen), 60); /* each once, in any order */
        for (unsigned i = 0; i < 60; i++)
            expect_file(disk, 512 * i, &(uint64_t){round * 1000 + i}, 8);
        guest->next_free -= 60 * 16 * 6; /* header, data, table of four */
    }
    disk_free(disk);
}

static void test_beyond_the_end(void **state)
{
    (void)state;
    Disk *disk = disk_booted(false, ALL);
    assert_int_equal(request(disk, IN, SECTORS, 512), IOERR);
    assert_int_equal(request(disk, IN, SECTORS - 1, 1024), IOERR);
    assert_int_equal(request(disk, OUT, UINT64_MAX, 512), IOERR);
    assert_int_equal(request(disk, OUT, UINT64_MAX / 512 + 1, 512), IOERR);
    assert_int_equal(request(disk, OUT, SECTORS + 1, 0), IOERR);
    assert_int_equal(request(disk, IN, 0, 100), IOERR); /* no whole sector */
    assert_int_equal(request(disk, 99, 0, 0), UNSUPP);
    assert_int_equal(guest_errors(disk->guest), 0); /* these are answers, not faults */
    assert_int_equal(truncate(disk->path, 512), 0);
    assert_int_equal(request(disk, IN, 8, 512), IOERR); /* the host's disk fails in the middle */
    assert_int_equal(request(disk, IN, 0, 512), OK);
    disk_free(disk);
}

static void put_range(Disk *disk, uint64_t sector, uint32_t n, uint32_t flags)
{
    uint8_t *data = guest_at(disk->guest, disk->data);
    memcpy(data, &sector, 8);
    memcpy(data + 8, &n, 4);
    memcpy(data + 12, &flags, 4);
}

static void test_ranges(void **state)
{
    (void)state;
    Disk *disk = disk_booted(false, ALL);
    const uint8_t zeroes[2048] = {0};
    put_range(disk, 8, 4, 1);
    assert_int_equal(request(disk, ZEROES, 0, 16), OK);
    expect_file(disk, 8 * 512, zeroes, 2048);
    put_range(disk, 20, 4, 0);
    assert_int_equal(request(disk, ZEROES, 0, 16), OK);
    expect_file(disk, 20 * 512, zeroes, 2048);
    expect_file(disk, 24 * 512, "\x18\x18", 2);
    put_range(disk, 24, 4, 0);
    assert_int_equal(request(disk, DISCARD, 0, 16), OK);
    put_range(disk, 24, 4, 1); /* unmap is no flag of discard (5.2.6.2) */
    assert_int_equal(request(disk, DISCARD, 0, 16), UNSUPP);
    put_range(disk, 24, 4, 2);
    assert_int_equal(request(disk, ZEROES, 0, 16), UNSUPP);
    put_range(disk, SECTORS - 1, 2, 0);
    assert_int_equal(request(disk, ZEROES, 0, 16), IOERR);
    put_range(disk, UINT64_MAX, UINT32_MAX, 0);
    assert_int_equal(request(disk, DISCARD, 0, 16), IOERR);
    put_range(disk, 0, 1, 0);
    assert_int_equal(request(disk, DISCARD, 0, 12), IOERR); /* half a range */
    assert_int_equal(request(disk, DISCARD, 0, 32), IOERR); /* two, where one may be */
    disk_free(disk);

    disk = disk_booted(false, 0); /* not negotiated */
    put_range(disk, 24, 4, 0);
    assert_int_equal(request(disk, DISCARD, 0, 16), UNSUPP);
    assert_int_equal(request(disk, ZEROES, 0, 16), UNSUPP);
    disk_free(disk);
}

static void test_serial(void **state)
{
    (void)state;
    Disk *disk = disk_new(false);
    bench_set_text(disk->guest->model, "serial", "a serial that is too long");
    guest_boot(disk->guest, 0, &disk->queue, 64);
    disk->header = guest_alloc(disk->guest, 16);
    disk->data = guest_alloc(disk->guest, 64);
    disk->status = guest_alloc(disk->guest, 1);
    assert_int_equal(request(disk, GET_ID, 0, 20), OK);
    assert_memory_equal(guest_at(disk->guest, disk->data), "a serial that is too", 20);
    assert_int_equal(request(disk, GET_ID, 0, 5), OK);
    disk_free(disk);
}

static void test_read_only(void **state)
{
    (void)state;
    Disk *disk = disk_booted(true, ALL);
    assert_int_equal(guest_offered(disk->guest) & 0x7fff, 1 << 2 | 1 << 5 | 1 << 6 | 1 << 9);
    assert_int_equal(request(disk, IN, 5, 512), OK);
    assert_int_equal(request(disk, OUT, 5, 512), IOERR);
    disk_free(disk);
}

static void test_write_cache(void **state)
{
    (void)state;
    Disk *disk = disk_booted(false, ALL);
    assert_int_equal(guest_config(disk->guest, 32, 1), 1);
    bench_write(disk->guest->bench, GUEST_MMIO + 0x100 + 32, 1, 0);
    assert_int_equal(guest_config(disk->guest, 32, 1), 0);
    assert_int_equal(request(disk, OUT, 5, 512), OK);
    bench_write(disk->guest->bench, GUEST_MMIO + 0x100, 8, 1000000); /* the capacity it is not */
    assert_int_equal(guest_config(disk->guest, 0, 8), SECTORS);
    assert_int_equal(guest_errors(disk->guest), 1);
    guest_boot(disk->guest, EMU_VIRTIO_FEATURE(9), &disk->queue, 64);
    assert_int_equal(guest_config(disk->guest, 32, 1), 1); /* reset undoes it */
    guest_boot(disk->guest, 0, &disk->queue, 64);
    assert_int_equal(guest_config(disk->guest, 32, 1), 0); /* it could not flush */
    disk_free(disk);
}

static void expect_fault(const GuestPart *parts, unsigned n)
{
    Disk *disk = disk_booted(false, ALL);
    GuestPart placed[3];
    for (unsigned i = 0; i < n; i++)
        placed[i] = (GuestPart){disk->data + 32 * i, parts[i].size, parts[i].writable};
    guest_add(disk->guest, &disk->queue, placed, n);
    guest_notify(disk->guest, &disk->queue);
    guest_settle(disk->guest);
    assert_true(guest_needs_reset(disk->guest));
    assert_int_equal(guest_errors(disk->guest), 1);
    disk_free(disk);
}

static void test_malformed(void **state)
{
    (void)state;
    expect_fault((GuestPart[]){{0, 15, false}, {0, 1, true}}, 2); /* header cut short */
    expect_fault((GuestPart[]){{0, 16, false}}, 1);               /* no room for the status */
    expect_fault((GuestPart[]){{0, 17, true}}, 1);                /* no header */
}

static void test_reset_with_requests_in_flight(void **state)
{
    (void)state;
    Disk *disk = disk_booted(false, ALL);
    Guest *guest = disk->guest;
    for (unsigned round = 0; round < 20; round++) {
        uint32_t *header = guest_at(guest, disk->header);
        header[0] = round % 2 ? IN : OUT;
        GuestPart parts[] = {
            {disk->header, 16, false}, {disk->data, 4096, round % 2}, {disk->status, 1, true}};
        guest->next_free = GUEST_RAM + 0x20000;
        for (unsigned i = 0; i < 16; i++)
            guest_add(guest, &disk->queue, parts, 3);
        guest_notify(guest, &disk->queue);
        guest_boot(guest, ALL, &disk->queue, 64);
        memset(guest_at(guest, disk->data), 0x77, 4096);
        guest_settle(guest);
        const uint8_t *data = guest_at(guest, disk->data);
        assert_int_equal(data[4095], 0x77); /* nothing writes after the reset */
    }
    disk_free(disk);
}

static void expect_no_build(Disk *disk, const char *message)
{
    GError *error = NULL;
    assert_false(bench_try_build(disk->guest->bench, &error));
    assert_string_equal(error->message, message);
    g_error_free(error);
    disk_free(disk);
}

static void test_wrong_setup(void **state)
{
    (void)state;
    Disk *disk = disk_new(false);
    disk->binding.value = "other";
    expect_no_build(disk, "device dut: drive 'other' does not exist; add one with "
                          "-blockdev …,node-name=other");
    disk = disk_new(false);
    disk->guest->bench->config.n_bindings = 0;
    expect_no_build(disk, "device dut: drive must name a block backend: add -blockdev "
                          "…,node-name=disk0 and drive=disk0");
    disk = disk_new(false);
    emu_block_backend_attach(emu_backends_block(disk->backends, "disk0"));
    expect_no_build(disk,
                    "device dut: drive 'disk0' is in use by another device; give each its own");
    disk = disk_new(false);
    bench_set(disk->guest->model, "queue-size", 100);
    expect_no_build(disk, "device dut: queue-size must be a power of two");
    disk = disk_new(false);
    bench_set(disk->guest->model, "logical_block_size", 1536);
    expect_no_build(disk, "device dut: logical_block_size must be a power of two that divides the "
                          "disk's size");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config),       cmocka_unit_test(test_read_write),
        cmocka_unit_test(test_many_at_once), cmocka_unit_test(test_beyond_the_end),
        cmocka_unit_test(test_ranges),       cmocka_unit_test(test_serial),
        cmocka_unit_test(test_read_only),    cmocka_unit_test(test_write_cache),
        cmocka_unit_test(test_malformed),    cmocka_unit_test(test_reset_with_requests_in_flight),
        cmocka_unit_test(test_wrong_setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
