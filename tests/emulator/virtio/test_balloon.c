/* The balloon: pages given back, what the guest says of it, and what it must not say. */
#include "guest.h"

#include <string.h>

extern const EmuDriver emu_driver_virtio_balloon_device;

enum { NUM_PAGES = 0, ACTUAL = 4 }; /* offsets in the configuration */

static int setup(void **state)
{
    Guest *guest = guest_new(&emu_driver_virtio_balloon_device);
    guest->bench->hardware.memory = GUEST_SIZE;
    guest_build(guest);
    *state = guest;
    return 0;
}

static int teardown(void **state)
{
    guest_free(*state);
    return 0;
}

static void boot(Guest *guest, GuestQueue *inflate, GuestQueue *deflate)
{
    guest_negotiate(guest, 0);
    guest_queue(guest, inflate, 0, 8);
    guest_queue(guest, deflate, 1, 8);
    guest_go(guest);
}

/* Says page numbers, in one buffer. */
static void say(Guest *guest, GuestQueue *queue, const uint32_t *pages, unsigned n)
{
    uint64_t at = guest_alloc(guest, n * 4);
    memcpy(guest_at(guest, at), pages, n * 4);
    assert_int_equal(guest_do(guest, queue, &(GuestPart){at, n * 4, false}, 1), 0);
}

static uint8_t *page_at(Guest *guest, uint32_t page)
{
    return guest_at(guest, (uint64_t)page << 12);
}

static void test_pages_are_given_back(void **state)
{
    Guest *guest = *state;
    GuestQueue inflate, deflate;
    boot(guest, &inflate, &deflate);
    /* upwards, downwards, alone; the last one is not said */
    static const uint32_t pages[] = {0x80080, 0x80081, 0x80091, 0x80090, 0x800a0};
    for (unsigned i = 0; i < 5; i++)
        memset(page_at(guest, pages[i]), 0x55, 4096);
    memset(page_at(guest, 0x80082), 0x55, 4096);
    say(guest, &inflate, pages, 5);
    for (unsigned i = 0; i < 5; i++)
        assert_int_equal(*page_at(guest, pages[i]) | page_at(guest, pages[i])[4095], 0);
    assert_int_equal(*page_at(guest, 0x80082), 0x55);
    say(guest, &deflate, pages, 5);
    memset(page_at(guest, pages[0]), 0x66, 4096);
    assert_int_equal(*page_at(guest, pages[0]), 0x66);
    assert_int_equal(guest_errors(guest), 0);
}

static void test_target_and_actual(void **state)
{
    Guest *guest = *state;
    EmuMachine *machine = guest->bench->machine;
    GuestQueue inflate, deflate;
    boot(guest, &inflate, &deflate);
    uint64_t bytes;
    assert_true(emu_machine_balloon(machine, &bytes));
    assert_int_equal(bytes, GUEST_SIZE);
    guest_interrupted(guest);

    assert_true(emu_machine_set_balloon(machine, GUEST_SIZE - 3 * 4096));
    assert_true(guest_interrupted(guest));
    assert_int_equal(guest_config(guest, NUM_PAGES, 4), 3);
    assert_false(emu_machine_take_balloon_news(machine, &bytes));

    guest_write(guest, 0x100 + ACTUAL, 2);
    assert_true(emu_machine_balloon(machine, &bytes));
    assert_int_equal(bytes, GUEST_SIZE - 2 * 4096);
    assert_true(emu_machine_take_balloon_news(machine, &bytes));
    assert_int_equal(bytes, GUEST_SIZE - 2 * 4096);
    assert_false(emu_machine_take_balloon_news(machine, &bytes));

    guest_write(guest, 0x100 + ACTUAL, UINT32_MAX); /* more than there is */
    assert_true(emu_machine_balloon(machine, &bytes));
    assert_int_equal(bytes, 0);
    emu_machine_reset(machine);
    assert_true(emu_machine_balloon(machine, &bytes));
    assert_int_equal(bytes, GUEST_SIZE);
    assert_true(emu_machine_set_balloon(machine, UINT64_MAX)); /* more than there is */
    assert_int_equal(guest_config(guest, NUM_PAGES, 4), 0);
}

static void test_nonsense(void **state)
{
    Guest *guest = *state;
    GuestQueue inflate, deflate;
    boot(guest, &inflate, &deflate);
    static const uint32_t pages[] = {0, UINT32_MAX, 0x80000000, 0x800ff, 0x80100};
    say(guest, &inflate, pages, 5);
    /* no memory: three alone, and the two that seem to follow each other */
    assert_int_equal(guest_errors(guest), 4);
    guest_write(guest, 0x100 + NUM_PAGES, 5); /* the host's to write */
    assert_int_equal(guest_config(guest, NUM_PAGES, 4), 0);
    assert_int_equal(guest_errors(guest), 5);

    uint64_t at = guest_alloc(guest, 8); /* a page number and a half; nothing to read */
    assert_int_equal(guest_do(guest, &inflate, &(GuestPart){at, 6, false}, 1), 0);
    assert_int_equal(guest_do(guest, &inflate, &(GuestPart){at, 8, true}, 1), 0);
    assert_false(guest_needs_reset(guest));
}

static void test_one_balloon(void **state)
{
    (void)state;
    Guest *guest = guest_new(&emu_driver_virtio_balloon_device);
    MdlDevice *second = bench_add_on(guest->bench, (MdlBus *)guest->model->bus,
                                     &emu_driver_virtio_balloon_device, "second");
    (void)second;
    GError *error = NULL;
    assert_false(bench_try_build(guest->bench, &error));
    assert_non_null(strstr(error->message, "balloon already"));
    g_error_free(error);
    guest_free(guest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_pages_are_given_back, setup, teardown),
        cmocka_unit_test_setup_teardown(test_target_and_actual, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nonsense, setup, teardown),
        cmocka_unit_test(test_one_balloon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
