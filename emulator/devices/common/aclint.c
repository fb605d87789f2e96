/* aclint: see aclint.h. */
#include "devices/common/aclint.h"

#define NS_PER_S 1000000000

/* ---- MSWI ------------------------------------------------------------------------------------ */

void emu_mswi_init(EmuMswi *mswi, EmuDevice *device, unsigned irq)
{
    *mswi = (EmuMswi){.irq = irq, .n_harts = emu_device_n_outputs(device, irq)};
}

void emu_mswi_reset(EmuMswi *mswi, EmuDevice *device)
{
    for (unsigned hart = 0; hart < mswi->n_harts; hart++)
        emu_device_set_irq(device, mswi->irq, hart, false);
}

/* The registers of harts that are not there read as zero. */
uint32_t emu_mswi_read(const EmuMswi *mswi, EmuDevice *device, uint64_t offset)
{
    uint64_t hart = offset / 4;
    return hart < mswi->n_harts && emu_device_irq_level(device, mswi->irq, (unsigned)hart);
}

void emu_mswi_write(EmuMswi *mswi, EmuDevice *device, uint64_t offset, uint32_t value)
{
    uint64_t hart = offset / 4;
    if (hart < mswi->n_harts)
        emu_device_set_irq(device, mswi->irq, (unsigned)hart, value & 1);
}

/* ---- MTIMER ---------------------------------------------------------------------------------- */

static uint64_t ticks(const EmuMtimer *mtimer, EmuDevice *device)
{
    unsigned __int128 now = (unsigned __int128)emu_device_now(device) * mtimer->frequency;
    return (uint64_t)(now / NS_PER_S);
}

static uint64_t mtime(const EmuMtimer *mtimer, EmuDevice *device)
{
    return ticks(mtimer, device) + mtimer->offset;
}

/* The moment at which that many ticks from now have passed; never earlier. */
static int64_t deadline_of(const EmuMtimer *mtimer, EmuDevice *device, uint64_t wait)
{
    unsigned __int128 at = (unsigned __int128)ticks(mtimer, device) + wait;
    unsigned __int128 ns = (at * NS_PER_S + mtimer->frequency - 1) / mtimer->frequency;
    return ns > INT64_MAX ? INT64_MAX : (int64_t)ns;
}

void emu_mtimer_update(EmuMtimer *mtimer, EmuDevice *device, unsigned hart)
{
    uint64_t now = mtime(mtimer, device), compare = mtimer->compare[hart];
    emu_device_set_irq(device, mtimer->irq, hart, now >= compare);
    if (now >= compare)
        emu_timer_unset(mtimer->timers[hart]);
    else
        emu_timer_set(mtimer->timers[hart], deadline_of(mtimer, device, compare - now));
}

static void set_mtime(EmuMtimer *mtimer, EmuDevice *device, uint64_t value)
{
    mtimer->offset = value - ticks(mtimer, device);
    emu_device_set_timebase(device, mtimer->frequency, mtimer->offset);
    for (unsigned hart = 0; hart < mtimer->n_harts; hart++)
        emu_mtimer_update(mtimer, device, hart);
}

void emu_mtimer_init(EmuMtimer *mtimer, EmuDevice *device, unsigned irq, uint64_t frequency,
                     void (*expired)(EmuDevice *device, unsigned hart))
{
    *mtimer = (EmuMtimer){
        .irq = irq, .n_harts = emu_device_n_outputs(device, irq), .frequency = frequency};
    mtimer->compare = g_new0(uint64_t, mtimer->n_harts);
    mtimer->timers = g_new0(EmuTimer *, mtimer->n_harts);
    for (unsigned hart = 0; hart < mtimer->n_harts; hart++)
        mtimer->timers[hart] = emu_device_timer_new(device, expired, hart);
}

void emu_mtimer_done(EmuMtimer *mtimer)
{
    g_free(mtimer->compare);
    g_free(mtimer->timers);
}

/* The specification leaves mtimecmp open; the highest value keeps the line low. */
void emu_mtimer_reset(EmuMtimer *mtimer, EmuDevice *device)
{
    for (unsigned hart = 0; hart < mtimer->n_harts; hart++)
        mtimer->compare[hart] = UINT64_MAX;
    set_mtime(mtimer, device, 0);
}

/* ---- registers, whole or by halves ----------------------------------------------------------- */

static uint64_t part_of(uint64_t value, uint64_t offset, unsigned size)
{
    return size == 8 ? value : (uint32_t)(value >> (offset % 8) * 8);
}

static uint64_t with_part(uint64_t value, uint64_t offset, unsigned size, uint64_t part)
{
    if (size == 8)
        return part;
    unsigned shift = (unsigned)(offset % 8) * 8;
    return (value & ~(UINT64_C(0xffffffff) << shift)) | (part & 0xffffffff) << shift;
}

uint64_t emu_mtimer_read_time(const EmuMtimer *mtimer, EmuDevice *device, uint64_t offset,
                              unsigned size)
{
    return part_of(mtime(mtimer, device), offset, size);
}

void emu_mtimer_write_time(EmuMtimer *mtimer, EmuDevice *device, uint64_t offset, unsigned size,
                           uint64_t value)
{
    set_mtime(mtimer, device, with_part(mtime(mtimer, device), offset, size, value));
}

uint64_t emu_mtimer_read_compare(const EmuMtimer *mtimer, EmuDevice *device, uint64_t offset,
                                 unsigned size)
{
    (void)device;
    uint64_t hart = offset / 8;
    return hart < mtimer->n_harts ? part_of(mtimer->compare[hart], offset, size) : 0;
}

void emu_mtimer_write_compare(EmuMtimer *mtimer, EmuDevice *device, uint64_t offset, unsigned size,
                              uint64_t value)
{
    uint64_t hart = offset / 8;
    if (hart >= mtimer->n_harts)
        return;
    mtimer->compare[hart] = with_part(mtimer->compare[hart], offset, size, value);
    emu_mtimer_update(mtimer, device, (unsigned)hart);
}
