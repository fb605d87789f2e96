/* internal: what the handlers of commands know of the monitor that runs them. */
#ifndef VITRINE_EMULATOR_MONITOR_INTERNAL_H
#define VITRINE_EMULATOR_MONITOR_INTERNAL_H

#include "monitor/monitor.h"

struct EmuMonitor {
    EmuSession *session;
    EmuCharBackend *chr; /* NULL: the command line */
    WireSession *wire;   /* NULL: nobody is there */
};

#endif
