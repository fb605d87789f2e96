/* trace: see trace.h. */
#include "engine/trace.h"

#include <string.h>

#include <wire.h>

static const struct {
    const char *name, *what;
    EmuTrace trace;
} rows[] = {
#define EMU_TRACE(id, name, what) {name, what, EMU_TRACE_##id},
#include "engine/traces.def"
#undef EMU_TRACE
};

static EmuTrace find(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        if (!strcmp(rows[i].name, name))
            return rows[i].trace;
    return 0;
}

bool emu_trace_parse(const char *text, unsigned *ret_set, GError **error)
{
    g_auto(GStrv) names = g_strsplit(text, ",", -1);
    unsigned set = 0;
    for (char **name = names; *name; name++) {
        EmuTrace trace = find(*name);
        if (!trace) {
            g_autofree char *help = emu_trace_help();
            g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED,
                        "there is no '%s' to be traced; there are\n%s", *name, g_strchomp(help));
            return false;
        }
        set |= trace;
    }
    *ret_set = set;
    return true;
}

char *emu_trace_help(void)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++)
        g_string_append_printf(text, "  %-14s %s\n", rows[i].name, rows[i].what);
    return g_string_free(text, FALSE);
}
