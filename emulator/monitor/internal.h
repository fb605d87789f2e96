/* internal: what the handlers of commands know of the monitor that runs them. */
#ifndef VITRINE_EMULATOR_MONITOR_INTERNAL_H
#define VITRINE_EMULATOR_MONITOR_INTERNAL_H

#include "monitor/monitor.h"

struct EmuMonitor {
    EmuSession *session;
    EmuCharBackend *chr; /* its end of one; NULL: the command line */
    bool human;
    WireSession *wire; /* of QMP; NULL: nobody is there */
    GString *line;     /* of a person: what was typed of the next one; NULL: nobody is there */
    bool after_return; /* a line feed that comes now belongs to it */
};

/* human.c. Runs a line; what it shows, lines ended by a line feed. Free with g_free. */
char *emu_human_run(EmuMonitor *monitor, const char *line);
void emu_human_opened(EmuMonitor *monitor);
void emu_human_prompt(EmuMonitor *monitor);
void emu_human_receive(EmuMonitor *monitor, const uint8_t *bytes, size_t size);

#endif
