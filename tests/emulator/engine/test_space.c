/* The address space: sorted whatever the order of adding, no overlap, lookups at every edge. */
#include "bench.h"

static const EmuRange ranges[] = {
    {.base = 0x3000, .size = 0x1000},
    {.base = 0x1000, .size = 0x1000},
    {.base = UINT64_MAX - 0xff, .size = 0x100},
    {.base = 0, .size = 1},
};

static EmuSpace *filled(void)
{
    EmuSpace *space = emu_space_new();
    const EmuRange *other;
    for (size_t i = 0; i < G_N_ELEMENTS(ranges); i++)
        assert_true(emu_space_add(space, &ranges[i], &other));
    return space;
}

static void test_sorted(void **state)
{
    (void)state;
    EmuSpace *space = filled();
    assert_int_equal(emu_space_count(space), G_N_ELEMENTS(ranges));
    for (size_t i = 1; i < emu_space_count(space); i++)
        assert_true(emu_space_at(space, i - 1)->base < emu_space_at(space, i)->base);
    emu_space_free(space);
}

static void test_find(void **state)
{
    (void)state;
    EmuSpace *space = filled();
    assert_int_equal(emu_space_find(space, 0x1000, 8)->base, 0x1000);
    assert_int_equal(emu_space_find(space, 0x1ff8, 8)->base, 0x1000);
    assert_int_equal(emu_space_find(space, 0, 1)->base, 0);
    assert_non_null(emu_space_find(space, UINT64_MAX - 7, 8));
    assert_null(emu_space_find(space, 0x1ffc, 8)); /* the end sticks out */
    assert_null(emu_space_find(space, 0x2000, 1));
    assert_null(emu_space_find(space, 0x0fff, 2)); /* the beginning does */
    assert_null(emu_space_find(space, UINT64_MAX - 3, 8));
    assert_null(emu_space_find(space, 0, 2));
    emu_space_free(space);
}

static void test_refused(void **state)
{
    (void)state;
    EmuSpace *space = filled();
    static const struct {
        EmuRange range;
        bool has_other;
        uint64_t other;
    } cases[] = {
        {{.base = 0x1000, .size = 0x1000}, true, 0x1000},
        {{.base = 0x1fff, .size = 1}, true, 0x1000},
        {{.base = 0x0800, .size = 0x801}, true, 0x1000},
        {{.base = 0x2000, .size = 0x8000}, true, 0x3000},
        {{.base = 0x5000, .size = 0}, false, 0},
        {{.base = UINT64_MAX, .size = 2}, false, 0},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        const EmuRange *other;
        assert_false(emu_space_add(space, &cases[i].range, &other));
        assert_int_equal(other != NULL, cases[i].has_other);
        if (other)
            assert_int_equal(other->base, cases[i].other);
    }
    assert_int_equal(emu_space_count(space), G_N_ELEMENTS(ranges));
    emu_space_free(space);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sorted),
        cmocka_unit_test(test_find),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
