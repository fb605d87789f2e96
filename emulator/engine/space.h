/* space: which device answers at which address of the system bus.
 *
 * Filled while the machine is built, constant from then on: any thread may look up. */
#ifndef VITRINE_EMULATOR_SPACE_H
#define VITRINE_EMULATOR_SPACE_H

#include "driver.h"

typedef struct EmuRange {
    uint64_t base, size; /* base + size - 1 does not wrap */
    EmuDevice *device;
    unsigned region;
    uint8_t *ram; /* the host's view; NULL: the driver answers */
} EmuRange;

typedef struct EmuSpace EmuSpace;
EmuSpace *emu_space_new(void);
void emu_space_free(EmuSpace *space);

/* Keeps the ranges sorted. False: it is empty, wraps, or overlaps the range left in ret_other (NULL
 * for the first two). */
bool emu_space_add(EmuSpace *space, const EmuRange *range, const EmuRange **ret_other);

/* The range that holds all of [address, address + size); NULL: none does. size is not 0. */
const EmuRange *emu_space_find(const EmuSpace *space, uint64_t address, uint64_t size);

/* The ranges in order of address. */
size_t emu_space_count(const EmuSpace *space);
const EmuRange *emu_space_at(const EmuSpace *space, size_t index);

#endif
