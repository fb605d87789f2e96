/* space: a sorted array of ranges, searched by halving. */
#include "engine/space.h"

struct EmuSpace {
    GArray *ranges; /* EmuRange, by base */
};

EmuSpace *emu_space_new(void)
{
    EmuSpace *space = g_new0(EmuSpace, 1);
    space->ranges = g_array_new(FALSE, FALSE, sizeof(EmuRange));
    return space;
}

void emu_space_free(EmuSpace *space)
{
    if (!space)
        return;
    g_array_free(space->ranges, TRUE);
    g_free(space);
}

size_t emu_space_count(const EmuSpace *space)
{
    return space->ranges->len;
}

const EmuRange *emu_space_at(const EmuSpace *space, size_t index)
{
    return &g_array_index(space->ranges, EmuRange, index);
}

/* How many ranges begin at or below the address. */
static size_t n_ranges_from(const EmuSpace *space, uint64_t address)
{
    size_t low = 0, high = space->ranges->len;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (emu_space_at(space, middle)->base <= address)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

bool emu_space_add(EmuSpace *space, const EmuRange *range, const EmuRange **ret_other)
{
    *ret_other = NULL;
    uint64_t last = range->base + range->size - 1;
    if (range->size == 0 || last < range->base)
        return false;

    size_t place = n_ranges_from(space, range->base);
    if (place > 0) {
        const EmuRange *before = emu_space_at(space, place - 1);
        if (range->base - before->base < before->size) {
            *ret_other = before;
            return false;
        }
    }
    if (place < space->ranges->len && emu_space_at(space, place)->base <= last) {
        *ret_other = emu_space_at(space, place);
        return false;
    }
    g_array_insert_vals(space->ranges, place, range, 1);
    return true;
}

const EmuRange *emu_space_find(const EmuSpace *space, uint64_t address, uint64_t size)
{
    size_t place = n_ranges_from(space, address);
    if (place == 0)
        return NULL;
    const EmuRange *range = emu_space_at(space, place - 1);
    uint64_t offset = address - range->base;
    if (offset >= range->size || size > range->size - offset)
        return NULL;
    return range;
}
