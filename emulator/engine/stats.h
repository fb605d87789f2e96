/* stats: what a machine counts, of itself, of each CPU and of each device; since it was built. */
#ifndef VITRINE_EMULATOR_STATS_H
#define VITRINE_EMULATOR_STATS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum { EMU_STATS_VM, EMU_STATS_CPU, EMU_STATS_DEVICE } EmuStatsTarget;

typedef enum EmuStat {
#define EMU_STAT(target, id, name, is_bytes) EMU_STAT_##target##_##id,
#include "engine/stats.def"
#undef EMU_STAT
    EMU_STAT_COUNT
} EmuStat;

typedef struct EmuStatInfo {
    EmuStatsTarget target;
    const char *name;
    bool is_bytes;
} EmuStatInfo;

extern const EmuStatInfo emu_stat_infos[EMU_STAT_COUNT];

/* By EmuStat; those of other targets are 0. */
typedef struct EmuStats {
    uint64_t counts[EMU_STAT_COUNT];
} EmuStats;

#endif
