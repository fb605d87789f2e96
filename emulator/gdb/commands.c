/* commands: the packets of gdb's remote protocol, one row of a table each (gdb manual, E.2 to E.7).
 * What is not in the table is answered with an empty packet, which says so. */
#include "gdb/internal.h"

#include <string.h>

static void cmd_select(EmuGdb *gdb, const char *at, size_t size)
{
    (void)size;
    unsigned index;
    bool for_running = *at == 'c'; /* the packets c and s, which name no thread */
    bool done = (for_running || *at == 'g') && (at++, emu_gdb_take_thread(gdb, &at, &index));
    if (done)
        gdb->selected = index;
    emu_gdb_say_done(gdb, done);
}

static void cmd_is_alive(EmuGdb *gdb, const char *at, size_t size)
{
    (void)size;
    unsigned index;
    emu_gdb_say_done(gdb, emu_gdb_take_thread(gdb, &at, &index));
}

static void cmd_threads(EmuGdb *gdb, const char *at, size_t size)
{
    (void)at, (void)size;
    GString *text = g_string_new("m");
    for (unsigned i = 0; emu_gdb_cpu_at(gdb, i); i++)
        g_string_append_printf(text, "%s%x", i ? "," : "", i + 1);
    emu_gdb_say_text(gdb, text);
}

static void cmd_no_more_threads(EmuGdb *gdb, const char *at, size_t size)
{
    (void)at, (void)size;
    emu_gdb_say(gdb, "l");
}

static void cmd_thread_info(EmuGdb *gdb, const char *at, size_t size)
{
    (void)size;
    unsigned index;
    if (!emu_gdb_take_thread(gdb, &at, &index)) {
        emu_gdb_say_done(gdb, false);
        return;
    }
    const char *id = emu_device_model(emu_gdb_cpu_at(gdb, index))->id;
    GString *text = g_string_new(NULL);
    emu_gdb_append_hex(text, (const uint8_t *)id, strlen(id));
    emu_gdb_say_text(gdb, text);
}

static void cmd_current_thread(EmuGdb *gdb, const char *at, size_t size)
{
    (void)at, (void)size;
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "QC%x", gdb->selected + 1);
    emu_gdb_say_text(gdb, text);
}

/* ---- registers and memory -------------------------------------------------------------------- */

static void cmd_read_general(EmuGdb *gdb, const char *at, size_t size)
{
    (void)at, (void)size;
    const EmuAccelDebug *debug = emu_gdb_debug(gdb);
    GString *text = g_string_new(NULL);
    for (unsigned i = 0; i < debug->n_general; i++) {
        uint64_t value = 0;
        debug->read_register(emu_gdb_selected(gdb), i, &value);
        emu_gdb_append_value(text, value);
    }
    emu_gdb_say_text(gdb, text);
}

static void cmd_write_general(EmuGdb *gdb, const char *at, size_t size)
{
    const EmuAccelDebug *debug = emu_gdb_debug(gdb);
    bool done = size == debug->n_general * 16;
    for (unsigned i = 0; done && i < debug->n_general; i++) {
        uint64_t value;
        done = emu_gdb_take_value(&at, &value) &&
               debug->write_register(emu_gdb_selected(gdb), i, value);
    }
    emu_gdb_say_done(gdb, done);
}

static void cmd_read_register(EmuGdb *gdb, const char *at, size_t size)
{
    (void)size;
    uint64_t number, value;
    if (!emu_gdb_take_number(&at, &number) || number > G_MAXUINT ||
        !emu_gdb_debug(gdb)->read_register(emu_gdb_selected(gdb), (unsigned)number, &value)) {
        emu_gdb_say_done(gdb, false);
        return;
    }
    GString *text = g_string_new(NULL);
    emu_gdb_append_value(text, value);
    emu_gdb_say_text(gdb, text);
}

static void cmd_write_register(EmuGdb *gdb, const char *at, size_t size)
{
    (void)size;
    uint64_t number, value;
    emu_gdb_say_done(gdb, emu_gdb_take_number(&at, &number) && number <= G_MAXUINT &&
                              emu_gdb_take_char(&at, '=') && emu_gdb_take_value(&at, &value) &&
                              emu_gdb_debug(gdb)->write_register(emu_gdb_selected(gdb),
                                                                 (unsigned)number, value));
}

static void cmd_read_memory(EmuGdb *gdb, const char *at, size_t size)
{
    (void)size;
    uint8_t buffer[EMU_GDB_PACKET_SIZE / 2];
    uint64_t address, n;
    bool done = emu_gdb_take_range(&at, &address, &n) && !*at;
    n = done ? MIN(n, sizeof buffer) : 0; /* less may be answered than was asked for */
    if (!done || !emu_gdb_debug(gdb)->read_memory(emu_gdb_selected(gdb), address, buffer, n)) {
        emu_gdb_say_done(gdb, false);
        return;
    }
    GString *text = g_string_new(NULL);
    emu_gdb_append_hex(text, buffer, n);
    emu_gdb_say_text(gdb, text);
}

static void cmd_write_memory(EmuGdb *gdb, const char *at, size_t size)
{
    (void)size;
    uint8_t buffer[EMU_GDB_PACKET_SIZE / 2];
    uint64_t address, n;
    emu_gdb_say_done(
        gdb, emu_gdb_take_range(&at, &address, &n) && emu_gdb_take_char(&at, ':') &&
                 n <= sizeof buffer && emu_gdb_take_bytes(&at, buffer, n) &&
                 emu_gdb_debug(gdb)->write_memory(emu_gdb_selected(gdb), address, buffer, n));
}

static void cmd_write_binary(EmuGdb *gdb, const char *at, size_t size)
{
    const char *start = at;
    uint64_t address, n;
    emu_gdb_say_done(gdb,
                     emu_gdb_take_range(&at, &address, &n) && emu_gdb_take_char(&at, ':') &&
                         n == size - (size_t)(at - start) &&
                         emu_gdb_debug(gdb)->write_memory(emu_gdb_selected(gdb), address, at, n));
}

static void cmd_describe(EmuGdb *gdb, const char *at, size_t size)
{
    (void)size;
    uint64_t offset, n;
    if (!emu_gdb_take_range(&at, &offset, &n)) {
        emu_gdb_say_done(gdb, false);
        return;
    }
    if (!gdb->description)
        gdb->description = emu_gdb_debug(gdb)->describe(emu_gdb_selected(gdb));
    size_t length = strlen(gdb->description);
    offset = MIN(offset, length);
    n = MIN(n, MIN(length - offset, EMU_GDB_PACKET_SIZE / 2)); /* escaped it may be twice as long */
    GString *text = g_string_new(offset + n < length ? "m" : "l");
    g_string_append_len(text, gdb->description + offset, (gssize)n);
    emu_gdb_say_text(gdb, text);
}

/* ---- the conversation ------------------------------------------------------------------------ */

static void cmd_features(EmuGdb *gdb, const char *at, size_t size)
{
    (void)at, (void)size;
    GString *text = g_string_new(NULL);
    g_string_append_printf(text,
                           "PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;vContSupported+",
                           EMU_GDB_PACKET_SIZE);
    emu_gdb_say_text(gdb, text);
}

static void cmd_no_acks(EmuGdb *gdb, const char *at, size_t size)
{
    (void)at, (void)size;
    emu_gdb_say(gdb, "OK");
    gdb->no_acks = true;
}

static void cmd_attached(EmuGdb *gdb, const char *at, size_t size)
{
    (void)at, (void)size;
    emu_gdb_say(gdb, "1");
}

static void cmd_symbols(EmuGdb *gdb, const char *at, size_t size)
{
    (void)at, (void)size;
    emu_gdb_say(gdb, "OK");
}

static void cmd_detach(EmuGdb *gdb, const char *at, size_t size)
{
    (void)at, (void)size;
    emu_gdb_release(gdb);
    emu_gdb_say(gdb, "OK");
    emu_session_cont(gdb->session, NULL); /* not when switched off: then there is nothing to run */
}

static void cmd_kill(EmuGdb *gdb, const char *at, size_t size)
{
    (void)at, (void)size;
    emu_session_quit(gdb->session, API_SHUTDOWN_CAUSE_HOST_SIGNAL);
}

static void cmd_kill_politely(EmuGdb *gdb, const char *at, size_t size)
{
    emu_gdb_say(gdb, "OK");
    cmd_kill(gdb, at, size);
}

/* ---- which ----------------------------------------------------------------------------------- */

static const struct Row {
    const char *prefix;
    void (*run)(EmuGdb *gdb, const char *rest, size_t size);
    bool needs_stop; /* of the CPUs */
} rows[] = {
    {"?", emu_gdb_cmd_why, true},
    {"D", cmd_detach, true},
    {"G", cmd_write_general, true},
    {"H", cmd_select, false},
    {"M", cmd_write_memory, true},
    {"P", cmd_write_register, true},
    {"QStartNoAckMode", cmd_no_acks, false},
    {"T", cmd_is_alive, false},
    {"X", cmd_write_binary, true},
    {"Z", emu_gdb_cmd_add_break, true},
    {"c", emu_gdb_cmd_continue, true},
    {"g", cmd_read_general, true},
    {"k", cmd_kill, false},
    {"m", cmd_read_memory, true},
    {"p", cmd_read_register, true},
    {"qAttached", cmd_attached, false},
    {"qC", cmd_current_thread, false},
    {"qSupported", cmd_features, false},
    {"qSymbol:", cmd_symbols, false},
    {"qThreadExtraInfo,", cmd_thread_info, false},
    {"qXfer:features:read:target.xml:", cmd_describe, false},
    {"qfThreadInfo", cmd_threads, false},
    {"qsThreadInfo", cmd_no_more_threads, false},
    {"s", emu_gdb_cmd_step, true},
    {"vCont?", emu_gdb_cmd_can_run, false},
    {"vCont", emu_gdb_cmd_run, true},
    {"vKill;", cmd_kill_politely, false},
    {"z", emu_gdb_cmd_remove_break, true},
};

void emu_gdb_execute(EmuGdb *gdb, const char *data, size_t size)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        size_t length = strlen(rows[i].prefix);
        if (strncmp(data, rows[i].prefix, length) != 0)
            continue;
        if (rows[i].needs_stop && emu_machine_state(emu_gdb_machine(gdb)) == EMU_MACHINE_RUNNING)
            emu_gdb_say_done(gdb, false); /* somebody else let it run */
        else
            rows[i].run(gdb, data + length, size - length);
        return;
    }
    emu_gdb_say(gdb, "");
}
