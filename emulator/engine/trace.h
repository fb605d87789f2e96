/* trace: the kinds of events that can be told to whoever looks into a run. */
#ifndef VITRINE_EMULATOR_TRACE_H
#define VITRINE_EMULATOR_TRACE_H

#include <glib.h>
#include <stdbool.h>

enum {
#define EMU_TRACE(id, name, what) EMU_TRACE_INDEX_##id,
#include "engine/traces.def"
#undef EMU_TRACE
};

typedef enum EmuTrace { /* a set */
#define EMU_TRACE(id, name, what) EMU_TRACE_##id = 1u << EMU_TRACE_INDEX_##id,
#include "engine/traces.def"
#undef EMU_TRACE
} EmuTrace;

/* "int,mmu". False: the error names what there is. */
bool emu_trace_parse(const char *text, unsigned *ret_set, GError **error);
/* A line each; free with g_free. */
char *emu_trace_help(void);

#endif
