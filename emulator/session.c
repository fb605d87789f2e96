/* session: see session.h. */
#include "session_internal.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

extern const EmuDriver *const emu_drivers[]; /* generated: drivers.gen.c */

/* ---- life -------------------------------------------------------------------------------------- */

static gboolean attend(GSource *source, GSourceFunc function, gpointer data);

typedef struct MachineSource {
    GSource source;
    EmuSession *session;
} MachineSource;

EmuSession *emu_session_new(void (*say)(const char *line))
{
    static GSourceFuncs functions = {.dispatch = attend};
    EmuSession *session = g_new0(EmuSession, 1);
    session->say = say;
    session->loop = g_main_loop_new(NULL, FALSE);
    session->backends = emu_backends_new();
    session->past = g_ptr_array_new_with_free_func((GDestroyNotify)mdl_hardware_free);
    session->serials = g_ptr_array_new_with_free_func(g_free);
    session->bindings = g_array_new(FALSE, FALSE, sizeof(EmuBinding));
    session->listeners = g_array_new(FALSE, FALSE, sizeof(EmuListener));
    session->machine_source = g_source_new(&functions, sizeof(MachineSource));
    ((MachineSource *)session->machine_source)->session = session;
    g_source_attach(session->machine_source, NULL);
    return session;
}

void emu_session_free(EmuSession *session)
{
    if (!session)
        return;
    emu_machine_free(session->machine);
    emu_boot_plan_free(session->boot);
    mdl_hardware_free(session->hardware);
    g_ptr_array_free(session->past, TRUE);
    for (size_t i = 0; i < G_N_ELEMENTS(session->boot_texts); i++)
        g_free(session->boot_texts[i]);
    mdl_target_free(session->target);
    emu_backends_free(session->backends);
    cmd_context_free(session->context);
    mdl_catalog_free(session->catalog);
    g_source_destroy(session->machine_source);
    g_source_unref(session->machine_source);
    g_ptr_array_free(session->serials, TRUE);
    g_array_free(session->bindings, TRUE);
    g_array_free(session->listeners, TRUE);
    g_main_loop_unref(session->loop);
    if (session->pidfile)
        unlink(session->pidfile);
    if (session->policy.trace_file)
        fclose(session->policy.trace_file);
    g_free(session->pidfile);
    g_free(session->name);
    g_free(session);
}

EmuSessionPolicy *emu_session_policy(EmuSession *session)
{
    return &session->policy;
}

EmuBackends *emu_session_backends(EmuSession *session)
{
    return session->backends;
}

EmuMachine *emu_session_machine(EmuSession *session)
{
    return session->machine;
}

CmdContext *emu_session_context(EmuSession *session)
{
    if (!session->context) {
        session->catalog = mdl_catalog_new();
        session->context = cmd_context_new(session->catalog);
    }
    return session->context;
}

static GError *already_built(void)
{
    return wire_error_new(WIRE_ERROR_FAILED, "AlreadyBuilt", NULL, NULL,
                          "the machine has been built already; start another process for another "
                          "machine");
}

static bool before_build(EmuSession *session, GError **error)
{
    if (session->machine)
        g_propagate_error(error, already_built());
    return !session->machine;
}

bool emu_session_set_boot(EmuSession *session, const EmuBootConfig *config, GError **error)
{
    if (!before_build(session, error))
        return false;
    session->boot_config = *config;
    const char **const texts[] = {&session->boot_config.bios, &session->boot_config.kernel,
                                  &session->boot_config.initrd, &session->boot_config.append,
                                  &session->boot_config.dtb};
    for (size_t i = 0; i < G_N_ELEMENTS(texts); i++) {
        g_free(session->boot_texts[i]);
        *texts[i] = session->boot_texts[i] = g_strdup(*texts[i]);
    }
    return true;
}

bool emu_session_add_serial(EmuSession *session, const char *chardev, GError **error)
{
    if (!before_build(session, error))
        return false;
    g_ptr_array_add(session->serials, g_strdup(chardev));
    return true;
}

const char *emu_session_name(const EmuSession *session)
{
    return session->name;
}

void emu_session_set_name(EmuSession *session, const char *name)
{
    g_free(session->name);
    session->name = g_strdup(name);
}

bool emu_session_set_pidfile(EmuSession *session, const char *path, GError **error)
{
    g_autofree char *text = g_strdup_printf("%d\n", (int)getpid());
    if (!g_file_set_contents(path, text, -1, NULL)) {
        g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED, "'%s' cannot be written: %s", path,
                    g_strerror(errno));
        return false;
    }
    g_free(session->pidfile);
    session->pidfile = g_strdup(path);
    return true;
}

void emu_session_say(EmuSession *session, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *line =
        session->name ? g_strdup_printf("%s: %s", session->name, text) : g_strdup(text);
    session->say(line);
}

/* ---- events -------------------------------------------------------------------------------------- */

void emu_session_listen(EmuSession *session, const EmuListener *listener)
{
    g_array_append_val(session->listeners, *listener);
}

void emu_session_emit(EmuSession *session, const char *name, json_t *data)
{
    for (guint i = 0; i < session->listeners->len; i++) {
        const EmuListener *listener = &g_array_index(session->listeners, EmuListener, i);
        listener->event(listener->context, name, data);
    }
    json_decref(data);
}

static bool is_guest_cause(ApiShutdownCause cause)
{
    return cause == API_SHUTDOWN_CAUSE_GUEST_RESET || cause == API_SHUTDOWN_CAUSE_GUEST_SHUTDOWN;
}

static void emit_reset(EmuSession *session, ApiShutdownCause cause)
{
    ApiResetEvent event = {.guest = is_guest_cause(cause), .reason = cause};
    emu_session_emit(session, "RESET", api_reset_event_write(&event));
}

static void emit_shutdown(EmuSession *session, ApiShutdownCause cause)
{
    ApiShutdownEvent event = {.guest = is_guest_cause(cause), .reason = cause};
    emu_session_emit(session, "SHUTDOWN", api_shutdown_event_write(&event));
}

/* ---- the main loop --------------------------------------------------------------------------------- */

int emu_session_run(EmuSession *session)
{
    g_main_loop_run(session->loop);
    return session->exit_status;
}

static gboolean end_loop(void *context)
{
    EmuSession *session = context;
    emit_shutdown(session, session->end_cause);
    g_main_loop_quit(session->loop);
    return G_SOURCE_REMOVE;
}

/* Everything that is ready now is done first: the reply to `quit` goes out, then the event. */
void emu_session_quit(EmuSession *session, ApiShutdownCause cause)
{
    if (session->is_ending)
        return;
    session->is_ending = true;
    session->end_cause = cause;
    if (session->machine)
        emu_machine_stop(session->machine);
    g_idle_add(end_loop, session);
}

/* From any thread. */
static void want_attention(void *context)
{
    EmuSession *session = context;
    atomic_store(&session->is_wanted, true);
    g_source_set_ready_time(session->machine_source, 0);
}

/* Waits for the next timer, unless attention was wanted while that was found out. */
static void wait_for_timer(EmuSession *session, int64_t wait)
{
    int64_t ready = wait < 0 ? -1 : g_get_monotonic_time() + (wait + 999) / 1000;
    g_source_set_ready_time(session->machine_source, ready);
    if (atomic_load(&session->is_wanted))
        g_source_set_ready_time(session->machine_source, 0);
}

static void log_line(void *context, const char *device, const char *text)
{
    emu_session_say(context, "%s: %s", device, text);
}

static void trace_line(void *context, const char *line)
{
    EmuSession *session = context;
    if (session->policy.trace_file)
        fprintf(session->policy.trace_file, "%s\n", line);
    else
        session->say(line);
}

static void power_off(EmuSession *session, const EmuPowerRequest *request)
{
    emu_machine_power_off(session->machine);
    emu_session_emit(session, "STOP", NULL);
    if (session->policy.no_shutdown) {
        emit_shutdown(session, API_SHUTDOWN_CAUSE_GUEST_SHUTDOWN);
        return;
    }
    /* A code whose low byte is 0 would look like success to whoever waits for us. */
    if (request->power == EMU_POWER_FAIL)
        session->exit_status = request->code & 0xff ? (int)(request->code & 0xff) : 1;
    emu_session_quit(session, request->power == EMU_POWER_RESET
                                  ? API_SHUTDOWN_CAUSE_GUEST_RESET
                                  : API_SHUTDOWN_CAUSE_GUEST_SHUTDOWN);
}

static void tell_of_balloon(EmuSession *session)
{
    uint64_t bytes;
    if (emu_machine_take_balloon_news(session->machine, &bytes)) {
        ApiBalloonChangeEvent event = {.actual = (int64_t)bytes};
        emu_session_emit(session, "BALLOON_CHANGE", api_balloon_change_event_write(&event));
    }
}

static gboolean attend(GSource *source, GSourceFunc function, gpointer data)
{
    (void)function, (void)data;
    EmuSession *session = ((MachineSource *)source)->session;
    atomic_store(&session->is_wanted, false);
    if (!session->machine) {
        g_source_set_ready_time(source, -1);
        return G_SOURCE_CONTINUE;
    }

    EmuPowerRequest request;
    int64_t wait = emu_machine_run(session->machine, &request);
    wait_for_timer(session, wait);
    tell_of_balloon(session);
    emu_session_take_let_go(session);
    if (emu_machine_broken(session->machine))
        emu_session_stop(session);
    if (request.pending && request.power == EMU_POWER_RESET && !session->policy.no_reboot)
        emu_session_reset(session, API_SHUTDOWN_CAUSE_GUEST_RESET);
    else if (request.pending)
        power_off(session, &request);
    return G_SOURCE_CONTINUE;
}

/* ---- the machine -------------------------------------------------------------------------------------- */

MdlHardware *emu_session_hardware_of(EmuSession *session, const MdlTarget *target, GError **error)
{
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    emu_session_context(session);
    MdlHardware *hardware = mdl_hardware_build(session->catalog, target, NULL, findings);
    if (!hardware)
        g_propagate_error(error, cmd_error_from_findings(findings));
    return hardware;
}

bool emu_session_add_machine(EmuSession *session, const char *file, const char *text,
                             GError **error)
{
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    MdlSource source = {.file = file, .text = text, .length = strlen(text)};
    emu_session_context(session);
    if (mdl_catalog_add(session->catalog, &source, 1, findings))
        return true;
    g_autoptr(GError) cause = cmd_error_from_findings(findings);
    g_propagate_error(error, wire_error_new(WIRE_ERROR_FAILED, "InvalidDeclaration", "text",
                                            wire_error_findings(cause), "%s", cause->message));
    return false;
}

bool emu_session_set(EmuSession *session, const ApiTarget *api, GError **error)
{
    if (!before_build(session, error))
        return false;
    g_autoptr(MdlTarget) target = cmd_target_from_api(api, error);
    if (!target)
        return false;
    if (!target->machine) {
        g_propagate_error(error, wire_error_new(WIRE_ERROR_FAILED, "MissingMachine",
                                                "target.machine", NULL,
                                                "the target names no machine; query-machines "
                                                "lists them"));
        return false;
    }
    MdlHardware *hardware = emu_session_hardware_of(session, target, error);
    if (!hardware)
        return false;
    mdl_hardware_free(hardware);
    mdl_target_free(session->target);
    session->target = g_steal_pointer(&target);
    cmd_context_set_target(emu_session_context(session), session->target);
    return true;
}

static bool has_chardev(const MdlDevice *device)
{
    for (size_t i = 0; i < device->type->n_properties; i++)
        if (!strcmp(device->type->properties[i].name, "chardev"))
            return true;
    return false;
}

static void bind_serials(EmuSession *session)
{
    guint next = 0;
    for (guint i = 0; i < session->hardware->devices->len && next < session->serials->len; i++) {
        const MdlDevice *device = g_ptr_array_index(session->hardware->devices, i);
        if (!has_chardev(device))
            continue;
        EmuBinding binding = {device->id, "chardev", session->serials->pdata[next++]};
        g_array_append_val(session->bindings, binding);
    }
}

static void load_machine(void *context, EmuMachine *machine)
{
    EmuSession *session = context;
    if (session->boot)
        emu_boot_load(session->boot, machine);
}

/* A machine whose CPUs never run needs nothing to run, unless it was asked for. */
static bool plan_boot(EmuSession *session, GError **error)
{
    const EmuBootConfig *config = &session->boot_config;
    if (!config->bios && !config->kernel && !config->initrd && !config->append && !config->dtb) {
        if (session->hardware->accel->runs)
            emu_session_say(session, "there is neither firmware nor kernel: the CPUs have nothing "
                                     "to run; add -kernel FILE, or -bios FILE");
        return true;
    }
    if (!session->hardware->accel->runs)
        emu_session_say(session, "accelerator %s does not run the CPUs; add -accel interp",
                        session->hardware->accel->name);
    return emu_boot_plan(config, session->hardware, &session->boot, error);
}

static bool build_machine(EmuSession *session, GError **error)
{
    EmuMachineConfig config = {
        .drivers = emu_drivers,
        .accel = emu_accel_find(session->hardware->accel->name),
        .backends = session->backends,
        .bindings = (const EmuBinding *)session->bindings->data,
        .n_bindings = session->bindings->len,
        .attention = want_attention,
        .load = load_machine,
        .log = log_line,
        .traced = session->policy.traced,
        .trace = trace_line,
        .context = session,
    };
    g_autoptr(GError) cause = NULL;
    if (plan_boot(session, &cause) &&
        emu_machine_build(session->hardware, &config, &session->machine, &cause))
        return true;
    g_clear_pointer(&session->boot, emu_boot_plan_free);
    g_propagate_error(
        error, wire_error_new(WIRE_ERROR_FAILED, "BuildFailed", NULL, NULL, "%s", cause->message));
    return false;
}

bool emu_session_build(EmuSession *session, GError **error)
{
    if (!before_build(session, error))
        return false;
    if (!session->target) {
        g_propagate_error(error, wire_error_new(WIRE_ERROR_FAILED, "MissingMachine", NULL, NULL,
                                                "no machine was set; use machine-set first"));
        return false;
    }
    session->hardware = emu_session_hardware_of(session, session->target, error);
    if (!session->hardware)
        return false;
    bind_serials(session);
    if (!build_machine(session, error)) {
        g_array_set_size(session->bindings, 0);
        g_clear_pointer(&session->hardware, mdl_hardware_free);
        return false;
    }
    cmd_context_set_hardware(emu_session_context(session), session->hardware);
    return true;
}

bool emu_session_cont(EmuSession *session, GError **error)
{
    EmuMachineState state = emu_machine_state(session->machine);
    if (state == EMU_MACHINE_SHUTDOWN) {
        g_propagate_error(error, wire_error_new(WIRE_ERROR_FAILED, "ShutDown", NULL, NULL,
                                                "the guest switched the machine off; reset it "
                                                "with system_reset first"));
        return false;
    }
    if (state != EMU_MACHINE_RUNNING) {
        emu_machine_start(session->machine);
        emu_session_emit(session, "RESUME", NULL);
    }
    return true;
}

void emu_session_stop(EmuSession *session)
{
    if (emu_machine_state(session->machine) != EMU_MACHINE_RUNNING)
        return;
    emu_machine_stop(session->machine);
    emu_session_emit(session, "STOP", NULL);
}

void emu_session_reset(EmuSession *session, ApiShutdownCause cause)
{
    emu_machine_reset(session->machine);
    emit_reset(session, cause);
}
