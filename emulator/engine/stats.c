/* stats: see stats.h. What devices count is changed and read with the machine's lock held. */
#include "engine/stats.h"
#include "engine/internal.h"

const EmuStatInfo emu_stat_infos[EMU_STAT_COUNT] = {
#define EMU_STAT(target, id, name, is_bytes) {EMU_STATS_##target, name, is_bytes},
#include "engine/stats.def"
#undef EMU_STAT
};

void emu_device_count_request(EmuDevice *device, uint64_t from_guest, uint64_t to_guest)
{
    device->stats.counts[EMU_STAT_DEVICE_REQUESTS]++;
    device->stats.counts[EMU_STAT_DEVICE_BYTES_FROM_GUEST] += from_guest;
    device->stats.counts[EMU_STAT_DEVICE_BYTES_TO_GUEST] += to_guest;
}

bool emu_device_cpu_stats(EmuDevice *device, EmuStats *ret_stats)
{
    const EmuAccel *accel = device->machine->config.accel;
    if (!device->cpu || !accel->cpu_stats)
        return false;
    *ret_stats = (EmuStats){0};
    accel->cpu_stats(device->cpu, ret_stats);
    return true;
}

void emu_device_stats(EmuDevice *device, EmuStats *ret_stats)
{
    emu_device_lock(device);
    *ret_stats = device->stats;
    emu_device_unlock(device);
}

void emu_machine_stats(EmuMachine *machine, EmuStats *ret_stats)
{
    *ret_stats = (EmuStats){0};
    ret_stats->counts[EMU_STAT_VM_UNIMPLEMENTED] =
        atomic_load_explicit(&machine->n_unimplemented, memory_order_relaxed);
}
