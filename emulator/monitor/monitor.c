/* monitor: between a character backend and the tables of commands. */
#include "monitor/internal.h"

#include "commands_emulator.gen.h"

/* A client that reads gets its replies as quickly as it likes. One that does not is not listened to
 * beyond the first figure, and is dropped when events alone have brought it to the second. */
#define QUEUE_TO_PAUSE   (64 * 1024)
#define QUEUE_TO_HANG_UP (16 * 1024 * 1024)
#define INPUT_AT_ONCE    512

/* ---- commands -------------------------------------------------------------------------------- */

static const EmuCommand *find(const EmuCommand *table, const char *name)
{
    for (; table->name; table++)
        if (!strcmp(table->name, name))
            return table;
    return NULL;
}

static bool run(EmuMonitor *monitor, const EmuCommand *command, json_t *arguments,
                WireReply *ret_reply, GError **error)
{
    if (command->phase == API_PHASE_MACHINE && !emu_session_machine(monitor->session)) {
        g_propagate_error(error, wire_error_new(WIRE_ERROR_FAILED, "NoMachine", NULL, NULL,
                                                "%s needs a machine and none has been built; use "
                                                "machine-set and machine-build",
                                                command->name));
        return false;
    }
    json_t *value = command->run(monitor, arguments, error);
    if (!value)
        return false;
    *ret_reply = (WireReply){.value = value};
    return true;
}

static bool execute(void *context, const char *name, json_t *arguments, WireReply *ret_reply,
                    GError **error)
{
    EmuMonitor *monitor = context;
    const EmuCommand *command = find(emu_session_commands, name);
    if (!command)
        command = find(emu_machine_commands, name);
    if (command)
        return run(monitor, command, arguments, ret_reply, error);
    return cmd_execute(emu_session_context(monitor->session), name, arguments, ret_reply, error);
}

static bool has_command(void *context, const char *name)
{
    (void)context;
    return find(emu_session_commands, name) || find(emu_machine_commands, name) ||
           cmd_command_find(name);
}

bool emu_monitor_execute(EmuSession *session, const char *command, json_t *arguments,
                         WireReply *ret_reply, GError **error)
{
    EmuMonitor monitor = {.session = session};
    return execute(&monitor, command, arguments, ret_reply, error);
}

/* ---- the conversation ------------------------------------------------------------------------ */

static void send_text(void *context, const char *text, size_t length)
{
    EmuMonitor *monitor = context;
    emu_char_backend_send(monitor->chr, (const uint8_t *)text, length);
}

static void opened(void *context)
{
    static const WireSessionOps ops = {execute, has_command, send_text};
    EmuMonitor *monitor = context;
    if (monitor->human) {
        emu_human_opened(monitor);
        return;
    }
    json_t *version = cmd_version();
    monitor->wire = wire_session_new(&ops, monitor, version);
    json_decref(version);
    wire_session_start(monitor->wire);
}

static void closed(void *context)
{
    EmuMonitor *monitor = context;
    g_clear_pointer(&monitor->wire, wire_session_free);
    if (monitor->line)
        g_string_free(g_steal_pointer(&monitor->line), TRUE);
}

static void focused(void *context)
{
    EmuMonitor *monitor = context;
    if (monitor->human)
        emu_human_prompt(monitor);
}

static size_t can_receive(void *context)
{
    EmuMonitor *monitor = context;
    return emu_char_backend_pending(monitor->chr) < QUEUE_TO_PAUSE ? INPUT_AT_ONCE : 0;
}

static void receive(void *context, const uint8_t *bytes, size_t size)
{
    EmuMonitor *monitor = context;
    if (monitor->wire)
        wire_session_feed(monitor->wire, (const char *)bytes, size);
    else if (monitor->line)
        emu_human_receive(monitor, bytes, size);
}

static void event(void *context, const char *name, json_t *data)
{
    EmuMonitor *monitor = context;
    if (!monitor->wire)
        return;
    wire_session_event(monitor->wire, name, data, g_get_real_time());
    if (emu_char_backend_pending(monitor->chr) > QUEUE_TO_HANG_UP)
        emu_char_backend_hang_up(monitor->chr);
}

static void monitor_free(void *data)
{
    EmuMonitor *monitor = data;
    closed(monitor);
    g_free(monitor);
}

bool emu_monitor_add(EmuSession *session, const char *chardev, bool human, GError **error)
{
    EmuCharBackend *chr = emu_backends_char(emu_session_backends(session), chardev);
    if (!chr) {
        g_propagate_error(
            error, wire_error_new(WIRE_ERROR_FAILED, "UnknownBackend", "chardev", NULL,
                                  "chardev '%s' does not exist; add one with -chardev …,id=%s",
                                  chardev, chardev));
        return false;
    }
    EmuMonitor *monitor = g_new0(EmuMonitor, 1);
    monitor->session = session;
    monitor->human = human;
    EmuCharUser user = {.can_receive = can_receive,
                        .receive = receive,
                        .opened = opened,
                        .closed = closed,
                        .focused = focused,
                        .queue_limit = SIZE_MAX,
                        .context = monitor,
                        .free = monitor_free};
    monitor->chr = emu_char_backend_attach(chr, &user);
    if (!monitor->chr) {
        monitor_free(monitor);
        g_propagate_error(
            error,
            wire_error_new(WIRE_ERROR_FAILED, "InUse", "chardev", NULL,
                           "chardev '%s' is in use by somebody else; give each its own", chardev));
        return false;
    }
    emu_session_listen(session, &(EmuListener){event, monitor});
    return true;
}
