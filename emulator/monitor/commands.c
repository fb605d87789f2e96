/* commands: the handlers of the commands that need a session or a machine; the tables that name
 * them are generated from schema/api. */
#include "monitor/internal.h"

#include <string.h>

#include "commands_emulator.gen.h"
#include "gdb/gdb.h"

/* ---- session --------------------------------------------------------------------------------- */

bool emu_cmd_machine_set(EmuMonitor *monitor, const ApiMachineSetArgs *args, GError **error)
{
    return emu_session_set(monitor->session, args->target, error);
}

bool emu_cmd_machine_add(EmuMonitor *monitor, const ApiMachineAddArgs *args, GError **error)
{
    return emu_session_add_machine(monitor->session, args->file, args->text, error);
}

bool emu_cmd_machine_build(EmuMonitor *monitor, GError **error)
{
    return emu_session_build(monitor->session, error);
}

bool emu_cmd_quit(EmuMonitor *monitor, GError **error)
{
    (void)error;
    emu_session_quit(monitor->session, API_SHUTDOWN_CAUSE_HOST_QMP_QUIT);
    return true;
}

bool emu_cmd_query_status(EmuMonitor *monitor, ApiStatusInfo **ret_reply, GError **error)
{
    (void)error;
    static const ApiRunState states[] = {
        [EMU_MACHINE_BUILT] = API_RUN_STATE_PRELAUNCH,
        [EMU_MACHINE_PAUSED] = API_RUN_STATE_PAUSED,
        [EMU_MACHINE_RUNNING] = API_RUN_STATE_RUNNING,
        [EMU_MACHINE_SHUTDOWN] = API_RUN_STATE_SHUTDOWN,
    };
    const EmuMachine *machine = emu_session_machine(monitor->session);
    ApiStatusInfo *reply = api_status_info_new();
    reply->status = machine ? states[emu_machine_state(machine)] : API_RUN_STATE_PRELAUNCH;
    reply->running = reply->status == API_RUN_STATE_RUNNING;
    *ret_reply = reply;
    return true;
}

bool emu_cmd_set_boot(EmuMonitor *monitor, const ApiSetBootArgs *args, GError **error)
{
    EmuBootConfig config = {.bios = args->bios,
                            .kernel = args->kernel,
                            .initrd = args->initrd,
                            .append = args->append,
                            .dtb = args->dtb};
    return emu_session_set_boot(monitor->session, &config, error);
}

bool emu_cmd_serial_add(EmuMonitor *monitor, const ApiSerialAddArgs *args, GError **error)
{
    return emu_session_add_serial(monitor->session, args->chardev, error);
}

bool emu_cmd_set_action(EmuMonitor *monitor, const ApiSetActionArgs *args, GError **error)
{
    (void)error;
    EmuSessionPolicy *policy = emu_session_policy(monitor->session);
    if (args->has_reboot)
        policy->no_reboot = args->reboot == API_REBOOT_ACTION_SHUTDOWN;
    if (args->has_shutdown)
        policy->no_shutdown = args->shutdown == API_SHUTDOWN_ACTION_PAUSE;
    return true;
}

bool emu_cmd_query_name(EmuMonitor *monitor, ApiNameInfo **ret_reply, GError **error)
{
    (void)error;
    ApiNameInfo *reply = api_name_info_new();
    reply->name = g_strdup(emu_session_name(monitor->session));
    *ret_reply = reply;
    return true;
}

bool emu_cmd_monitor_add(EmuMonitor *monitor, const ApiMonitorAddArgs *args, GError **error)
{
    ApiMonitorMode mode = args->has_mode ? args->mode : API_MONITOR_MODE_CONTROL;
    if (mode == API_MONITOR_MODE_GDB)
        return emu_gdb_add(monitor->session, args->chardev, error);
    return emu_monitor_add(monitor->session, args->chardev, mode == API_MONITOR_MODE_READLINE,
                           error);
}

/* ---- devices --------------------------------------------------------------------------------- */

bool emu_cmd_device_add(EmuMonitor *monitor, const ApiDeviceAddArgs *args, GError **error)
{
    ApiLooseDevice loose = {.type = args->driver,
                            .id = args->id,
                            .bus = args->bus,
                            .address = args->addr,
                            .properties = args->properties};
    g_autoptr(GPtrArray) list = g_ptr_array_new();
    g_ptr_array_add(list, &loose);
    ApiTarget api = {.devices = list};
    g_autoptr(MdlTarget) target = cmd_target_from_api(&api, error);
    return target && emu_session_add_device(monitor->session,
                                            g_ptr_array_steal_index(target->devices, 0), error);
}

bool emu_cmd_device_del(EmuMonitor *monitor, const ApiDeviceDelArgs *args, GError **error)
{
    static const char peripheral[] = "/machine/peripheral/";
    const char *id = args->id;
    if (g_str_has_prefix(id, peripheral)) /* as DEVICE_DELETED calls it */
        id += strlen(peripheral);
    return emu_session_del_device(monitor->session, id, error);
}

/* ---- machine --------------------------------------------------------------------------------- */

bool emu_cmd_cont(EmuMonitor *monitor, GError **error)
{
    return emu_session_cont(monitor->session, error);
}

bool emu_cmd_stop(EmuMonitor *monitor, GError **error)
{
    (void)error;
    emu_session_stop(monitor->session);
    return true;
}

bool emu_cmd_system_reset(EmuMonitor *monitor, GError **error)
{
    (void)error;
    emu_session_reset(monitor->session, API_SHUTDOWN_CAUSE_HOST_QMP_SYSTEM_RESET);
    return true;
}

bool emu_cmd_device_list(EmuMonitor *monitor, GPtrArray **ret_reply, GError **error)
{
    (void)error;
    const EmuMachine *machine = emu_session_machine(monitor->session);
    GPtrArray *list = api_list_new(&api_type_device_info);
    for (size_t i = 0; i < emu_machine_n_devices(machine); i++) {
        const MdlDevice *device = emu_device_model(emu_machine_device_at(machine, i));
        ApiDeviceInfo *info = api_device_info_new();
        info->id = g_strdup(device->id);
        info->type = g_strdup(device->type->name);
        info->bus = g_strdup(device->bus->id);
        info->address = mdl_address_print(device->bus->type, &device->address);
        g_ptr_array_add(list, info);
    }
    *ret_reply = list;
    return true;
}

/* ---- registers, for tests -------------------------------------------------------------------- */

static bool fail(GError **error, const char *reason, const char *path, const char *format, ...)
    G_GNUC_PRINTF(4, 5);

static bool fail(GError **error, const char *reason, const char *path, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_propagate_error(error, wire_error_new(WIRE_ERROR_FAILED, reason, path, NULL, "%s", text));
    return false;
}

/* The address of a register, checked in every way. */
static bool register_address(EmuMachine *machine, const ApiRegisterReadArgs *args,
                             uint64_t *ret_address, GError **error)
{
    const MdlHardware *hardware = emu_machine_hardware(machine);
    if (hardware->accel->runs)
        return fail(error, "RequiresAccelerator", NULL,
                    "accelerator %s runs the guest, which owns the registers; use accelerator none",
                    hardware->accel->name);
    EmuDevice *device = emu_machine_device(machine, args->device);
    if (!device)
        return fail(error, "UnknownDevice", "device",
                    "there is no device %s; device-list names them", args->device);

    const MdlDevice *model = emu_device_model(device);
    const MdlPlacedRegion *region = NULL;
    for (size_t i = 0; i < model->type->n_regions; i++)
        if (!strcmp(model->type->regions[i].name, args->region))
            region = &model->regions[i];
    if (!region)
        return fail(error, "UnknownRegion", "region",
                    "device %s has no region %s; query-hardware names them", args->device,
                    args->region);

    uint64_t size = args->size;
    if (size != 1 && size != 2 && size != 4 && size != 8)
        return fail(error, "OutOfRange", "size", "an access is of 1, 2, 4 or 8 bytes");
    if (args->offset % size || size > region->size || args->offset > region->size - size)
        return fail(error, "OutOfRange", "offset",
                    "the offset must be a multiple of the size and lie in the region of "
                    "0x%" G_GINT64_MODIFIER "x bytes",
                    region->size);
    *ret_address = region->base + args->offset;
    return true;
}

bool emu_cmd_register_read(EmuMonitor *monitor, const ApiRegisterReadArgs *args,
                           ApiRegisterValue **ret_reply, GError **error)
{
    EmuMachine *machine = emu_session_machine(monitor->session);
    uint64_t address, value;
    if (!register_address(machine, args, &address, error))
        return false;
    if (!emu_machine_read(machine, address, (unsigned)args->size, &value))
        return fail(error, "OutOfRange", "offset", "nothing answers there");
    ApiRegisterValue *reply = api_register_value_new();
    reply->value = value;
    *ret_reply = reply;
    return true;
}

bool emu_cmd_register_write(EmuMonitor *monitor, const ApiRegisterWriteArgs *args, GError **error)
{
    EmuMachine *machine = emu_session_machine(monitor->session);
    ApiRegisterReadArgs place = {args->device, args->region, args->offset, args->size};
    uint64_t address;
    if (!register_address(machine, &place, &address, error))
        return false;
    if (args->size < 8 && args->value >> 8 * args->size)
        return fail(error, "OutOfRange", "value", "the value does not fit %u bytes",
                    (unsigned)args->size);
    if (!emu_machine_write(machine, address, (unsigned)args->size, args->value))
        return fail(error, "OutOfRange", "offset", "nothing answers there");
    return true;
}
