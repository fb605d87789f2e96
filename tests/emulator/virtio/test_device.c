/* Status, features and registers of a virtio device on a virtio-mmio transport (virtio 1.2, 2.1,
 * 2.2, 3.1, 4.2.2). */
#include "guest.h"

extern const EmuDriver emu_driver_virtio_rng_device;

static int setup(void **state)
{
    Guest *guest = guest_new(&emu_driver_virtio_rng_device);
    guest_build(guest);
    *state = guest;
    return 0;
}

static int teardown(void **state)
{
    guest_free(*state);
    return 0;
}

static void test_identification(void **state)
{
    Guest *guest = *state;
    assert_int_equal(guest_read(guest, 0x00), 0x74726976);
    assert_int_equal(guest_read(guest, 0x04), 2);
    assert_int_equal(guest_read(guest, 0x08), 4);
    assert_int_equal(guest_read(guest, 0x34), 8);
    guest_write(guest, 0x30, 1); /* no such queue */
    assert_int_equal(guest_read(guest, 0x34), 0);
    assert_int_equal(guest_read(guest, 0xb0), UINT32_MAX); /* no shared memory */
    assert_int_equal(guest_offered(guest), EMU_VIRTIO_FEATURE(28) | EMU_VIRTIO_FEATURE(29) |
                                               EMU_VIRTIO_FEATURE(32) | EMU_VIRTIO_FEATURE(40));
    guest_write(guest, 0x14, 2);
    assert_int_equal(guest_read(guest, 0x10), 0);
    assert_int_equal(guest_errors(guest), 0);
}

static void write_features(Guest *guest, uint64_t features)
{
    for (unsigned half = 0; half < 2; half++) {
        guest_write(guest, 0x24, half);
        guest_write(guest, 0x20, (uint32_t)(features >> 32 * half));
    }
}

static void test_features_refused(void **state)
{
    Guest *guest = *state;
    const uint64_t sets[] = {0, EMU_VIRTIO_FEATURE(28),
                             EMU_VIRTIO_FEATURE(32) | EMU_VIRTIO_FEATURE(34),
                             EMU_VIRTIO_FEATURE(32) | EMU_VIRTIO_FEATURE(0)};
    for (unsigned i = 0; i < G_N_ELEMENTS(sets); i++) {
        guest_write(guest, 0x70, 0);
        guest_write(guest, 0x70, 3);
        write_features(guest, sets[i]);
        guest_write(guest, 0x70, 11);
        assert_int_equal(guest_read(guest, 0x70), 3);
        guest_write(guest, 0x70, 7); /* DRIVER_OK all the same */
        assert_int_equal(guest_read(guest, 0x70), 3);
        assert_int_equal(guest_errors(guest), 2 * (i + 1));
    }
}

static void test_features_are_settled(void **state)
{
    Guest *guest = *state;
    guest_negotiate(guest, 0);
    write_features(guest, 0);
    assert_int_equal(guest_errors(guest), 2);
    guest_write(guest, 0x70, 3); /* bits do not go away without a reset */
    assert_int_equal(guest_read(guest, 0x70), 11);
    assert_int_equal(guest_errors(guest), 3);
    guest_write(guest, 0x70, 0);
    guest_write(guest, 0x24, 7); /* a set that does not exist */
    guest_write(guest, 0x20, 0);
    assert_int_equal(guest_errors(guest), 3);
    guest_write(guest, 0x20, 1);
    assert_int_equal(guest_errors(guest), 4);
}

static void test_too_early(void **state)
{
    Guest *guest = *state;
    GuestQueue queue;
    uint16_t id;
    uint32_t size;
    guest_negotiate(guest, 0);
    guest_queue(guest, &queue, 0, 8);
    guest_add(guest, &queue, &(GuestPart){GUEST_RAM, 4, true}, 1);
    guest_notify(guest, &queue); /* before DRIVER_OK */
    assert_int_equal(guest_errors(guest), 1);
    assert_false(guest_used(guest, &queue, &id, &size));
    guest_go(guest); /* what waits is served now */
    assert_true(guest_used(guest, &queue, &id, &size));
    assert_int_equal(size, 4);

    guest_write(guest, 0x50, 1); /* no such queue */
    guest_write(guest, 0x50, UINT32_MAX);
    guest_write(guest, 0x38, 4); /* it is enabled */
    guest_write(guest, 0x80, 0);
    guest_write(guest, 0x44, 1);
    assert_int_equal(guest_errors(guest), 6);
    assert_false(guest_needs_reset(guest));
}

static void test_wrong_registers(void **state)
{
    Guest *guest = *state;
    guest_write(guest, 0x00, 1);
    guest_write(guest, 0x60, 1);
    guest_write(guest, 0xfc, 1);
    guest_write(guest, 0x30, 5);
    guest_write(guest, 0x38, 8); /* of queue 5 */
    guest_write(guest, 0x44, 1);
    assert_int_equal(bench_errors(guest->bench, "transport"), 5);
    bench_write(guest->bench, GUEST_MMIO + 0x100, 4, 0); /* it has no configuration */
    assert_int_equal(guest_config(guest, 0, 8), 0);
    assert_int_equal(guest_config(guest, 0xef8, 8), 0);
    assert_int_equal(guest_errors(guest), 1);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_identification), TEST(test_features_refused), TEST(test_features_are_settled),
        TEST(test_too_early),      TEST(test_wrong_registers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
