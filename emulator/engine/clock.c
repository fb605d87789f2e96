/* clock: virtual time over a monotonic source, and a sorted list of timers (a machine has a few).
 */
#include "engine/clock.h"

#include <stdatomic.h>
#include <time.h>

struct EmuTimer {
    EmuClock *clock;
    EmuDevice *device;
    void (*expired)(EmuDevice *device, unsigned index);
    unsigned index;
    bool set;
    int64_t deadline;
    EmuTimer *next; /* due after this one, while set */
};

struct EmuClock {
    EmuTimeSource source;
    void (*deadline_changed)(void *context);
    void *context;
    /* Changed only while no CPU runs, read by all threads. */
    atomic_bool running;
    _Atomic int64_t offset; /* running: virtual - source; else: virtual */
    EmuTimer *first;        /* due first */
    GPtrArray *timers;
};

static int64_t monotonic_now(void *context)
{
    (void)context;
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

EmuClock *emu_clock_new(const EmuTimeSource *source, void (*deadline_changed)(void *context),
                        void *context)
{
    EmuClock *clock = g_new0(EmuClock, 1);
    clock->source = source ? *source : (EmuTimeSource){.now = monotonic_now};
    clock->deadline_changed = deadline_changed;
    clock->context = context;
    clock->timers = g_ptr_array_new_with_free_func(g_free);
    return clock;
}

void emu_clock_free(EmuClock *clock)
{
    if (!clock)
        return;
    g_ptr_array_free(clock->timers, TRUE);
    g_free(clock);
}

int64_t emu_clock_now(const EmuClock *clock)
{
    int64_t offset = atomic_load_explicit(&clock->offset, memory_order_relaxed);
    if (!atomic_load_explicit(&clock->running, memory_order_relaxed))
        return offset;
    return clock->source.now(clock->source.context) + offset;
}

void emu_clock_start(EmuClock *clock)
{
    if (atomic_load(&clock->running))
        return;
    atomic_fetch_sub(&clock->offset, clock->source.now(clock->source.context));
    atomic_store(&clock->running, true);
    if (clock->first && clock->deadline_changed)
        clock->deadline_changed(clock->context);
}

void emu_clock_stop(EmuClock *clock)
{
    if (!atomic_load(&clock->running))
        return;
    int64_t now = emu_clock_now(clock);
    atomic_store(&clock->running, false);
    atomic_store(&clock->offset, now);
}

EmuTimer *emu_clock_timer_new(EmuClock *clock, EmuDevice *device,
                              void (*expired)(EmuDevice *device, unsigned index), unsigned index)
{
    EmuTimer *timer = g_new0(EmuTimer, 1);
    timer->clock = clock;
    timer->device = device;
    timer->expired = expired;
    timer->index = index;
    g_ptr_array_add(clock->timers, timer);
    return timer;
}

void emu_timer_unset(EmuTimer *timer)
{
    if (!timer->set)
        return;
    EmuTimer **link = &timer->clock->first;
    while (*link != timer)
        link = &(*link)->next;
    *link = timer->next;
    timer->set = false;
}

void emu_timer_set(EmuTimer *timer, int64_t deadline)
{
    EmuClock *clock = timer->clock;
    emu_timer_unset(timer);
    EmuTimer **link = &clock->first;
    while (*link && (*link)->deadline <= deadline)
        link = &(*link)->next;
    timer->deadline = deadline;
    timer->next = *link;
    timer->set = true;
    *link = timer;
    if (clock->first == timer && atomic_load(&clock->running) && clock->deadline_changed)
        clock->deadline_changed(clock->context);
}

bool emu_timer_is_set(const EmuTimer *timer)
{
    return timer->set;
}

void emu_clock_unset_all(EmuClock *clock)
{
    while (clock->first)
        emu_timer_unset(clock->first);
}

void emu_clock_forget(EmuClock *clock, const EmuDevice *device)
{
    for (guint i = clock->timers->len; i-- > 0;) {
        EmuTimer *timer = g_ptr_array_index(clock->timers, i);
        if (timer->device == device) {
            emu_timer_unset(timer);
            g_ptr_array_remove_index(clock->timers, i);
        }
    }
}

int64_t emu_clock_wait(const EmuClock *clock)
{
    if (!clock->first || !atomic_load(&clock->running))
        return -1;
    return MAX(0, clock->first->deadline - emu_clock_now(clock));
}

int64_t emu_clock_run(EmuClock *clock)
{
    /* At most as many calls as there are timers: one that sets itself again to a time already past
     * cannot hold us here. */
    int64_t now = emu_clock_now(clock);
    for (size_t n = clock->timers->len; n && atomic_load(&clock->running); n--) {
        EmuTimer *timer = clock->first;
        if (!timer || timer->deadline > now)
            break;
        emu_timer_unset(timer);
        timer->expired(timer->device, timer->index);
    }
    return emu_clock_wait(clock);
}
