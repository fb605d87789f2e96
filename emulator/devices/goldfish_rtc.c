/* goldfish-rtc: the real-time clock of the Goldfish virtual platform: the time of day in
 * nanoseconds since 1970, in two words, with one alarm. */
#include "driver.h"
#include "types/goldfish_rtc.h"

enum {
    REG_TIME_LOW = 0x00, /* a read keeps the high word for the read that follows */
    REG_TIME_HIGH = 0x04,
    REG_ALARM_LOW = 0x08, /* a write sets the alarm */
    REG_ALARM_HIGH = 0x0c,
    REG_IRQ_ENABLED = 0x10,
    REG_CLEAR_ALARM = 0x14,
    REG_ALARM_STATUS = 0x18,
    REG_CLEAR_INTERRUPT = 0x1c,
};

typedef struct Rtc {
    uint64_t offset; /* our time - the host's */
    uint64_t alarm;
    uint32_t kept_high;
    bool alarm_set;
    bool pending;
    bool enabled;
    EmuTimer *timer;
} Rtc;

static uint64_t rtc_now(EmuDevice *device)
{
    const Rtc *rtc = emu_device_state(device);
    return (uint64_t)emu_device_wall_clock(device) + rtc->offset;
}

static void update_irq(EmuDevice *device)
{
    const Rtc *rtc = emu_device_state(device);
    emu_device_set_irq(device, GOLDFISH_RTC_IRQ_IRQ, 0, rtc->pending && rtc->enabled);
}

/* Virtual time and the time of day may drift apart: the alarm is looked at again when the timer
 * says so, and set anew if it is early. */
static void check_alarm(EmuDevice *device, unsigned index)
{
    (void)index;
    Rtc *rtc = emu_device_state(device);
    uint64_t now = rtc_now(device);
    if (!rtc->alarm_set) {
        emu_timer_unset(rtc->timer);
    } else if (rtc->alarm <= now) {
        rtc->alarm_set = false;
        rtc->pending = true;
        emu_timer_unset(rtc->timer);
    } else {
        int64_t wait = (int64_t)MIN(rtc->alarm - now, INT64_MAX / 2);
        emu_timer_set(rtc->timer, emu_device_now(device) + wait);
    }
    update_irq(device);
}

static uint64_t with_low(uint64_t value, uint64_t low)
{
    return (value & ~UINT64_C(0xffffffff)) | low;
}

static uint64_t with_high(uint64_t value, uint64_t high)
{
    return (value & 0xffffffff) | high << 32;
}

static uint64_t rtc_read(EmuDevice *device, unsigned region, uint64_t offset, unsigned size)
{
    (void)region, (void)size;
    Rtc *rtc = emu_device_state(device);
    uint64_t now;

    switch (offset) {
    case REG_TIME_LOW:
        now = rtc_now(device);
        rtc->kept_high = now >> 32;
        return now & 0xffffffff;
    case REG_TIME_HIGH:
        return rtc->kept_high;
    case REG_ALARM_LOW:
        return rtc->alarm & 0xffffffff;
    case REG_ALARM_HIGH:
        return rtc->alarm >> 32;
    case REG_IRQ_ENABLED:
        return rtc->enabled;
    case REG_ALARM_STATUS:
        return rtc->alarm_set;
    }
    emu_device_guest_error(device, "read of offset 0x%" G_GINT64_MODIFIER "x", offset);
    return 0;
}

static void rtc_write(EmuDevice *device, unsigned region, uint64_t offset, unsigned size,
                      uint64_t value)
{
    (void)region, (void)size;
    Rtc *rtc = emu_device_state(device);
    uint64_t now = rtc_now(device);

    switch (offset) {
    case REG_TIME_LOW:
        rtc->offset += with_low(now, value) - now;
        break;
    case REG_TIME_HIGH:
        rtc->offset += with_high(now, value) - now;
        break;
    case REG_ALARM_LOW:
        rtc->alarm = with_low(rtc->alarm, value);
        rtc->alarm_set = true;
        break;
    case REG_ALARM_HIGH:
        rtc->alarm = with_high(rtc->alarm, value);
        break;
    case REG_IRQ_ENABLED:
        rtc->enabled = value & 1;
        break;
    case REG_CLEAR_ALARM:
        rtc->alarm_set = false;
        break;
    case REG_CLEAR_INTERRUPT:
        rtc->pending = false;
        break;
    default:
        emu_device_guest_error(device, "write to offset 0x%" G_GINT64_MODIFIER "x", offset);
    }
    check_alarm(device, 0);
}

static bool rtc_init(EmuDevice *device, GError **error)
{
    (void)error;
    Rtc *rtc = emu_device_state(device);
    rtc->timer = emu_device_timer_new(device, check_alarm, 0);
    return true;
}

/* A clock that was set stays set: it has a battery. */
static void rtc_reset(EmuDevice *device)
{
    Rtc *rtc = emu_device_state(device);
    *rtc = (Rtc){.offset = rtc->offset, .timer = rtc->timer};
    update_irq(device);
}

const EmuDriver emu_driver_goldfish_rtc = {
    .type = &mdl_type_goldfish_rtc,
    .state_size = sizeof(Rtc),
    .init = rtc_init,
    .reset = rtc_reset,
    .access_sizes = EMU_ACCESS_4,
    .read = rtc_read,
    .write = rtc_write,
};
