/* gdb: the connection: who is there, what was received, and what the machine does meanwhile. */
#include "gdb/internal.h"

#include <string.h>
#include <wire.h>

#define QUEUE_TO_PAUSE (256 * 1024) /* a client that does not read is not listened to */
#define INPUT_AT_ONCE  512

void emu_gdb_send(EmuGdb *gdb, const char *data, size_t size)
{
    g_string_truncate(gdb->last, 0);
    emu_gdb_frame(gdb->last, data, size);
    emu_char_backend_send(gdb->chr, (const uint8_t *)gdb->last->str, gdb->last->len);
}

static void acknowledge(EmuGdb *gdb, char sign)
{
    if (!gdb->no_acks)
        emu_char_backend_send(gdb->chr, (const uint8_t *)&sign, 1);
}

/* ---- coming and going ------------------------------------------------------------------------ */

static const char *why_not(EmuGdb *gdb)
{
    EmuMachine *machine = emu_session_machine(gdb->session);
    if (!machine)
        return "there is no machine yet; build one first";
    const EmuAccel *accel = emu_machine_accel(machine);
    return accel->debug ? NULL : "the accelerator runs no CPU; use -accel interp";
}

static void opened(void *context)
{
    EmuGdb *gdb = context;
    const char *why = why_not(gdb);
    if (why) {
        emu_session_say(gdb->session, "gdb: %s", why);
        emu_char_backend_hang_up(gdb->chr);
        return;
    }
    gdb->is_connected = true;
    gdb->no_acks = gdb->is_waiting = false;
    gdb->selected = 0;
    gdb->framer.state = EMU_GDB_OUTSIDE;
    g_string_truncate(gdb->last, 0);
    emu_session_stop(gdb->session);
}

/* The machine stays as it is: stopped, for the next client, or running. */
static void closed(void *context)
{
    EmuGdb *gdb = context;
    if (!gdb->is_connected)
        return;
    EmuMachine *machine = emu_session_machine(gdb->session);
    bool was_running = emu_machine_state(machine) == EMU_MACHINE_RUNNING;
    gdb->is_connected = gdb->is_waiting = false;
    emu_machine_stop(machine); /* what the guest sees does not change: nobody is told */
    emu_gdb_release(gdb);
    if (was_running)
        emu_machine_start(machine);
}

/* ---- receiving ------------------------------------------------------------------------------- */

static size_t can_receive(void *context)
{
    EmuGdb *gdb = context;
    return emu_char_backend_pending(gdb->chr) < QUEUE_TO_PAUSE ? INPUT_AT_ONCE : 0;
}

static void take_byte(EmuGdb *gdb, uint8_t byte)
{
    switch (emu_gdb_framer_feed(&gdb->framer, byte)) {
    case EMU_GDB_PACKET:
        acknowledge(gdb, '+');
        emu_gdb_execute(gdb, gdb->framer.data, gdb->framer.size);
        break;
    case EMU_GDB_DAMAGED:
        acknowledge(gdb, '-');
        break;
    case EMU_GDB_INTERRUPT:
        if (gdb->is_waiting)
            emu_session_stop(gdb->session); /* the client is told by the event */
        break;
    case EMU_GDB_AGAIN:
        if (!gdb->no_acks && gdb->last->len)
            emu_char_backend_send(gdb->chr, (const uint8_t *)gdb->last->str, gdb->last->len);
        break;
    case EMU_GDB_INCOMPLETE:
        break;
    }
}

static void receive(void *context, const uint8_t *bytes, size_t size)
{
    EmuGdb *gdb = context;
    for (size_t i = 0; i < size && gdb->is_connected; i++)
        take_byte(gdb, bytes[i]);
}

static void event(void *context, const char *name, json_t *data)
{
    EmuGdb *gdb = context;
    (void)data;
    if (!gdb->is_connected)
        return;
    if (!strcmp(name, "STOP"))
        emu_gdb_report_stop(gdb);
    else if (!strcmp(name, "SHUTDOWN") && gdb->is_waiting)
        emu_gdb_send(gdb, "W00", 3);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void gdb_free(void *data)
{
    EmuGdb *gdb = data;
    g_string_free(gdb->last, TRUE);
    g_array_free(gdb->breaks, TRUE);
    g_free(gdb->description);
    g_free(gdb);
}

bool emu_gdb_add(EmuSession *session, const char *chardev, GError **error)
{
    EmuCharBackend *chr = emu_backends_char(emu_session_backends(session), chardev);
    if (!chr) {
        g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED,
                    "chardev '%s' does not exist; add one with -chardev …,id=%s", chardev, chardev);
        return false;
    }
    EmuGdb *gdb = g_new0(EmuGdb, 1);
    gdb->session = session;
    gdb->last = g_string_new(NULL);
    gdb->breaks = emu_gdb_breaks_new();
    EmuCharUser user = {.can_receive = can_receive,
                        .receive = receive,
                        .opened = opened,
                        .closed = closed,
                        .queue_limit = SIZE_MAX,
                        .context = gdb,
                        .free = gdb_free};
    gdb->chr = emu_char_backend_attach(chr, &user);
    if (!gdb->chr) {
        gdb_free(gdb);
        g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED,
                    "chardev '%s' is in use by somebody else; give each its own", chardev);
        return false;
    }
    emu_session_listen(session, &(EmuListener){event, gdb});
    return true;
}
