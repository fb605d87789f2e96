/* clock: virtual time and the timers that wait for it.
 *
 * Nanoseconds since the machine was built, standing still while the machine does. Reading it takes
 * no lock; all else is called with the machine's lock held. */
#ifndef VITRINE_EMULATOR_CLOCK_H
#define VITRINE_EMULATOR_CLOCK_H

#include "driver.h"

typedef struct EmuClock EmuClock;

/* Where time comes from: monotonic, in nanoseconds, from any thread. */
typedef struct EmuTimeSource {
    int64_t (*now)(void *context);
    int64_t (*wall)(void *context); /* time of day since 1970, UTC; NULL: the host's */
    void *context;
} EmuTimeSource;

/* source: NULL for the host's monotonic clock. deadline_changed: the next timer is due earlier than
 * was said before; may be NULL. */
EmuClock *emu_clock_new(const EmuTimeSource *source, void (*deadline_changed)(void *context),
                        void *context);
void emu_clock_free(EmuClock *clock); /* its timers too */

int64_t emu_clock_now(const EmuClock *clock);
void emu_clock_start(EmuClock *clock);
void emu_clock_stop(EmuClock *clock);

EmuTimer *emu_clock_timer_new(EmuClock *clock, EmuDevice *device,
                              void (*expired)(EmuDevice *device, unsigned index), unsigned index);
void emu_clock_unset_all(EmuClock *clock);
/* The device goes: its timers are freed. */
void emu_clock_forget(EmuClock *clock, const EmuDevice *device);
/* Calls what is due. Returns how many nanoseconds from now the next one is due: -1 for none, or
 * while the clock stands still. */
int64_t emu_clock_run(EmuClock *clock);
/* The same figure without calling anything. */
int64_t emu_clock_wait(const EmuClock *clock);

#endif
