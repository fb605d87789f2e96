/* Rings of both layouts, as an honest driver uses them and as a hostile one does. The device under
 * test is the entropy device: it takes whatever is writable. */
#include "guest.h"

#include <string.h>

extern const EmuDriver emu_driver_virtio_rng_device;

typedef struct Layout {
    bool packed, event_idx, indirect;
} Layout;

static Guest *guest_of(void **state)
{
    const Layout *layout = *state;
    Guest *guest = guest_new(&emu_driver_virtio_rng_device);
    guest->packed = layout->packed;
    guest->event_idx = layout->event_idx;
    guest->indirect = layout->indirect;
    bench_set(guest->model, "packed", layout->packed);
    return guest;
}

static bool is_filled(Guest *guest, uint64_t address, size_t size)
{
    const uint8_t *bytes = guest_at(guest, address);
    bool any = false;
    for (size_t i = 0; i < size; i++)
        any |= bytes[i] != 0;
    return any;
}

static void test_many_rounds(void **state)
{
    Guest *guest = guest_of(state);
    GuestQueue queue;
    guest_boot(guest, 0, &queue, 8);
    uint64_t memory = guest_alloc(guest, 256);
    for (unsigned round = 0; round < 100; round++) { /* past every wrap */
        GuestPart parts[] = {{memory, 10, false}, {memory + 16, 40, true}, {memory + 64, 24, true}};
        unsigned n = 1 + round % 3;
        memset(guest_at(guest, memory), 0, 256);
        assert_int_equal(guest_do(guest, &queue, parts + 3 - n, n), n == 1 ? 24 : 64);
        assert_true(is_filled(guest, memory + 64, 24));
        assert_false(is_filled(guest, memory, 16));
        assert_false(is_filled(guest, memory + 64 + 24, 100));
        assert_true(guest_interrupted(guest));
    }
    assert_int_equal(guest_errors(guest), 0);
    assert_false(guest_needs_reset(guest));
    guest_free(guest);
}

static void test_several_at_once(void **state)
{
    Guest *guest = guest_of(state);
    GuestQueue queue;
    guest_boot(guest, 0, &queue, 8);
    uint64_t memory = guest_alloc(guest, 256);
    for (unsigned round = 0; round < 10; round++) {
        uint16_t ids[5], id;
        uint32_t size;
        for (unsigned i = 0; i < 5; i++)
            ids[i] = guest_add(guest, &queue, &(GuestPart){memory + 16 * i, 16, true}, 1);
        guest_notify(guest, &queue);
        for (unsigned i = 0; i < 5; i++) {
            assert_true(guest_used(guest, &queue, &id, &size));
            assert_int_equal(id, ids[i]);
            assert_int_equal(size, 16);
        }
        assert_false(guest_used(guest, &queue, &id, &size));
    }
    guest_free(guest);
}

/* The driver's wish is followed: none, each, or the one at a place. */
static void test_suppression(void **state)
{
    Guest *guest = guest_of(state);
    GuestQueue queue;
    guest_boot(guest, 0, &queue, 8);
    uint16_t *driver = guest_at(guest, queue.driver), id;
    uint32_t size;
    GuestPart part = {guest_alloc(guest, 16), 16, true};
    guest_interrupted(guest);
    if (guest->packed)
        driver[1] = 1;
    else if (guest->event_idx)
        driver[2 + queue.size] = 3;
    else
        driver[0] = 1;
    for (unsigned i = 0; i < 3; i++) {
        guest_add(guest, &queue, &part, 1);
        guest_notify(guest, &queue);
        assert_false(guest_interrupted(guest));
    }
    if (guest->packed && guest->event_idx) {
        driver[0] = 4 | 1u << 15; /* the fifth slot of this round */
        driver[1] = 2;
        guest_add(guest, &queue, &part, 1);
        guest_notify(guest, &queue);
        assert_false(guest_interrupted(guest));
    } else if (guest->packed || !guest->event_idx) {
        driver[guest->packed] = 0;
    }
    guest_add(guest, &queue, &part, 1);
    guest_notify(guest, &queue);
    assert_true(guest_interrupted(guest));
    while (guest_used(guest, &queue, &id, &size))
        assert_int_equal(size, 16);
    guest_free(guest);
}

static void test_reset_of_one_queue(void **state)
{
    Guest *guest = guest_of(state);
    GuestQueue queue;
    guest_boot(guest, EMU_VIRTIO_FEATURE(EMU_VIRTIO_RING_RESET), &queue, 8);
    GuestPart part = {guest_alloc(guest, 16), 16, true};
    guest_do(guest, &queue, &part, 1);
    guest_write(guest, 0xc0, 1);
    assert_int_equal(guest_read(guest, 0x44), 0);
    guest_notify(guest, &queue);
    assert_int_equal(guest_errors(guest), 1); /* it does not run */
    guest_queue(guest, &queue, 0, 4);
    assert_int_equal(guest_do(guest, &queue, &part, 1), 16);
    guest_free(guest);
}

static void test_reset_in_any_state(void **state)
{
    Guest *guest = guest_of(state);
    GuestQueue queue;
    GuestPart part = {0, 16, true};
    guest_boot(guest, 0, &queue, 8);
    part.address = guest_alloc(guest, 16);
    guest_add(guest, &queue, &part, 1); /* waits, not notified */
    guest_boot(guest, 0, &queue, 8);    /* another ring */
    assert_int_equal(guest_do(guest, &queue, &part, 1), 16);
    emu_machine_reset(guest->bench->machine);
    assert_int_equal(guest_read(guest, 0x70), 0);
    assert_int_equal(guest_read(guest, 0x60), 0);
    guest_free(guest);
}

/* ---- what no driver should do ---------------------------------------------------------------- */

/* The buffer is refused: nothing is used, the device wants a reset, and after one it works. */
static void expect_fault(Guest *guest, GuestQueue *queue)
{
    uint16_t id;
    uint32_t size;
    uint64_t before = guest_errors(guest);
    guest_interrupted(guest);
    guest_notify(guest, queue);
    assert_int_equal(guest_errors(guest), before + 1);
    assert_true(guest_needs_reset(guest));
    assert_false(guest_used(guest, queue, &id, &size));
    assert_true(guest_read(guest, 0x60) & 2); /* configuration change (2.1.2) */
    guest_notify(guest, queue);               /* a broken device stays silent */
    assert_false(guest_used(guest, queue, &id, &size));

    guest->next_free = GUEST_RAM + 0x80000;
    memset(guest_at(guest, guest->next_free), 0, 0x8000);
    guest_boot(guest, 0, queue, 8);
    assert_int_equal(guest_do(guest, queue, &(GuestPart){guest_alloc(guest, 16), 16, true}, 1), 16);
    guest_free(guest);
}

static Guest *bad_buffer(void **state, GuestQueue *ret_queue, const GuestPart *parts, unsigned n)
{
    Guest *guest = guest_of(state);
    guest_boot(guest, 0, ret_queue, 8);
    guest_add(guest, ret_queue, parts, n);
    return guest;
}

static void test_bad_memory(void **state)
{
    static const GuestPart parts[] = {
        {GUEST_RAM - 1, 4, true},
        {GUEST_RAM + GUEST_SIZE - 3, 4, true},
        {GUEST_RAM, GUEST_SIZE + 1, true},
        {GUEST_MMIO, 4, true},
        {UINT64_MAX - 3, 4, true},
        {UINT64_MAX, UINT32_MAX, true},
        {GUEST_RAM, 0, true},
        {0, UINT32_MAX, false},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(parts); i++) {
        GuestQueue queue;
        Guest *guest = bad_buffer(state, &queue, &parts[i], 1);
        expect_fault(guest, &queue);
    }
}

static void test_readable_after_writable(void **state)
{
    GuestQueue queue;
    GuestPart parts[] = {{GUEST_RAM, 4, true}, {GUEST_RAM, 4, false}};
    Guest *guest = bad_buffer(state, &queue, parts, 2);
    expect_fault(guest, &queue);
}

static void test_endless_chain(void **state)
{
    Guest *guest = guest_of(state);
    GuestQueue queue;
    guest_boot(guest, 0, &queue, 8);
    guest->indirect = false;
    guest_add(guest, &queue, &(GuestPart){GUEST_RAM, 4, true}, 1);
    uint16_t *descriptors = guest_at(guest, queue.descriptors);
    for (unsigned i = 0; i < 8; i++) {
        memcpy(descriptors + 8 * i, descriptors, 12);
        descriptors[8 * i + (guest->packed ? 7 : 6)] |= 1; /* NEXT */
        if (!guest->packed)
            descriptors[8 * i + 7] = (uint16_t)((i + 1) % 8);
    }
    expect_fault(guest, &queue);
}

static void set_flags(Guest *guest, GuestQueue *queue, uint16_t flags)
{
    uint16_t *descriptor = guest_at(guest, queue->descriptors);
    descriptor[guest->packed ? 7 : 6] |= flags;
}

static void test_bad_indirect(void **state)
{
    static const struct {
        uint64_t address;
        uint32_t size;
        uint16_t flags;
    } cases[] = {
        {GUEST_RAM + 0x10000, 0, 4},               /* empty */
        {GUEST_RAM + 0x10000, 24, 4},              /* not whole descriptors */
        {GUEST_RAM + GUEST_SIZE - 8, 16, 4},       /* beyond memory */
        {GUEST_RAM + 0x10000, 16, 4 | 1},          /* with NEXT */
        {GUEST_RAM + 0x10000, 16 * 2000, 4},       /* too many parts */
        {GUEST_RAM + 0x10000, UINT32_MAX & ~15, 4} /* far too many */
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Guest *guest = guest_of(state);
        GuestQueue queue;
        guest_boot(guest, 0, &queue, 8);
        uint8_t *table = guest_at(guest, GUEST_RAM + 0x10000);
        for (unsigned d = 0; d < 2000; d++) { /* a chain of writable parts of 4 bytes */
            uint64_t address = GUEST_RAM;
            uint32_t size = 4;
            uint16_t words[2] = {guest->packed ? 0 : 3, guest->packed ? 2 : (uint16_t)(d + 1)};
            memcpy(table + 16 * d, &address, 8);
            memcpy(table + 16 * d + 8, &size, 4);
            memcpy(table + 16 * d + 12, words, 4);
        }
        guest_add(guest, &queue, &(GuestPart){cases[i].address, cases[i].size, false}, 1);
        set_flags(guest, &queue, cases[i].flags);
        expect_fault(guest, &queue);
    }
}

static void test_indirect_not_negotiated(void **state)
{
    Guest *guest = guest_of(state);
    GuestQueue queue;
    guest->indirect = false;
    guest_boot(guest, 0, &queue, 8);
    guest_add(guest, &queue, &(GuestPart){GUEST_RAM + 0x10000, 16, false}, 1);
    set_flags(guest, &queue, 4);
    expect_fault(guest, &queue);
}

static void test_bad_heads(void **state)
{
    for (unsigned i = 0; i < 3; i++) {
        Guest *guest = guest_of(state);
        GuestQueue queue;
        guest->indirect = false;
        guest_boot(guest, 0, &queue, 8);
        guest_add(guest, &queue, &(GuestPart){GUEST_RAM, 4, true}, 1);
        uint16_t *available = guest_at(guest, queue.driver);
        uint16_t *descriptors = guest_at(guest, queue.descriptors);
        if (i == 0) {
            available[2] = 8; /* no such descriptor */
        } else if (i == 1) {
            available[1] = 9; /* more buffers than the ring holds */
        } else {
            descriptors[6] |= 1; /* NEXT, to no such descriptor */
            descriptors[7] = 0xffff;
        }
        expect_fault(guest, &queue);
    }
}

static void test_bad_areas(void **state)
{
    static const struct {
        unsigned size;
        uint64_t descriptors, driver, device;
    } cases[] = {
        {8, GUEST_RAM + 8, GUEST_RAM + 0x100, GUEST_RAM + 0x200},     /* not aligned */
        {8, GUEST_RAM, GUEST_RAM + 0x101, GUEST_RAM + 0x200},         /* not aligned */
        {8, GUEST_RAM, GUEST_RAM + 0x100, GUEST_RAM + 0x202},         /* not aligned */
        {8, GUEST_MMIO, GUEST_RAM + 0x100, GUEST_RAM + 0x200},        /* not memory */
        {8, GUEST_RAM + GUEST_SIZE - 16, GUEST_RAM, GUEST_RAM},       /* half in memory */
        {8, GUEST_RAM, UINT64_MAX & ~UINT64_C(3), GUEST_RAM + 0x200}, /* beyond all */
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        Guest *guest = guest_of(state);
        guest_negotiate(guest, 0);
        guest_write(guest, 0x38, cases[i].size);
        const uint64_t areas[] = {cases[i].descriptors, cases[i].driver, cases[i].device};
        for (unsigned area = 0; area < 3; area++) {
            guest_write(guest, 0x80 + 0x10 * area, (uint32_t)areas[area]);
            guest_write(guest, 0x84 + 0x10 * area, (uint32_t)(areas[area] >> 32));
        }
        guest_write(guest, 0x44, 1);
        assert_int_equal(guest_read(guest, 0x44), 0);
        assert_true(guest_needs_reset(guest));
        assert_int_equal(guest_errors(guest), 1);
        guest_free(guest);
    }
}

static void test_bad_sizes(void **state)
{
    Guest *guest = guest_of(state);
    guest_negotiate(guest, 0);
    const uint32_t sizes[] = {0, 9, 1024, 0x10008, UINT32_MAX};
    for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++)
        guest_write(guest, 0x38, sizes[i]);
    assert_int_equal(guest_errors(guest), G_N_ELEMENTS(sizes));
    guest_write(guest, 0x38, 3); /* packed rings may be of any size (2.8) */
    for (unsigned area = 0; area < 3; area++)
        guest_write(guest, 0x80 + 0x10 * area, (uint32_t)GUEST_RAM + 0x100 * area);
    guest_write(guest, 0x44, 1);
    assert_int_equal(guest_read(guest, 0x44), guest->packed);
    assert_int_equal(guest_needs_reset(guest), !guest->packed);
    guest_free(guest);
}

#define WITH(test, layout)                                                                         \
    {                                                                                              \
#test " " #layout, test, NULL, NULL, &layout                                               \
    }
#define WITH_ALL(test)                                                                             \
    WITH(test, split), WITH(test, split_old), WITH(test, packed), WITH(test, packed_old)

int main(void)
{
    static Layout split = {false, true, true}, split_old = {false, false, false};
    static Layout packed = {true, true, true}, packed_old = {true, false, false};
    const struct CMUnitTest tests[] = {
        WITH_ALL(test_many_rounds),
        WITH_ALL(test_several_at_once),
        WITH_ALL(test_suppression),
        WITH_ALL(test_reset_of_one_queue),
        WITH_ALL(test_reset_in_any_state),
        WITH_ALL(test_bad_memory),
        WITH_ALL(test_readable_after_writable),
        WITH_ALL(test_endless_chain),
        WITH(test_bad_indirect, split),
        WITH(test_bad_indirect, packed),
        WITH_ALL(test_indirect_not_negotiated),
        WITH(test_bad_heads, split),
        WITH_ALL(test_bad_areas),
        WITH_ALL(test_bad_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
