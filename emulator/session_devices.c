/* session_devices: devices that a person adds and takes away. Each time the whole hardware is built
 * anew, by the builder and with the checks of the start, and the machine follows it. */
#include "session_internal.h"

#include <string.h>

static GError *with_reason(const char *reason, GError *cause)
{
    const char *known = wire_error_reason(cause);
    GError *error =
        wire_error_new(WIRE_ERROR_FAILED, known ? known : reason, NULL, NULL, "%s", cause->message);
    g_error_free(cause);
    return error;
}

/* From now on the machine is that of another tree. Takes it. */
static void adopt(EmuSession *session, MdlHardware *hardware)
{
    g_ptr_array_add(session->past, session->hardware);
    session->hardware = hardware;
    cmd_context_set_hardware(emu_session_context(session), hardware);
}

/* ---- adding ---------------------------------------------------------------------------------- */

/* To the target that was set. Takes the device. */
static bool add_cold(EmuSession *session, MdlLooseDevice *device, GError **error)
{
    g_autoptr(MdlTarget) target = mdl_target_copy(session->target);
    g_ptr_array_add(target->devices, device);
    MdlHardware *hardware = emu_session_hardware_of(session, target, error);
    if (!hardware)
        return false;
    mdl_hardware_free(hardware);
    mdl_target_free(session->target);
    session->target = g_steal_pointer(&target);
    cmd_context_set_target(emu_session_context(session), session->target);
    return true;
}

/* The id of the one device that is in a tree and not in that of the machine. NULL: there are more,
 * since something had to be added for it. */
static const char *new_id(const EmuSession *session, const MdlHardware *hardware)
{
    const char *id = NULL;
    for (guint i = 0; i < hardware->devices->len; i++) {
        const MdlDevice *device = g_ptr_array_index(hardware->devices, i);
        if (mdl_hardware_device(session->hardware, device->id))
            continue;
        if (id)
            return NULL;
        id = device->id;
    }
    return id;
}

static bool plug(EmuSession *session, const MdlHardware *hardware, GError **error)
{
    GError *cause = NULL;
    const char *id = new_id(session, hardware);
    if (id && emu_machine_plug(session->machine, hardware, id, &cause))
        return true;
    if (!id)
        cause = wire_error_new(WIRE_ERROR_FAILED, "NotHotpluggable", NULL, NULL,
                               "the device needs another one that is not there; add that first");
    g_propagate_error(error, with_reason("BuildFailed", cause));
    return false;
}

static bool add_hot(EmuSession *session, MdlLooseDevice *device, GError **error)
{
    g_autoptr(GPtrArray) devices =
        g_ptr_array_new_with_free_func((GDestroyNotify)mdl_loose_device_free);
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    g_ptr_array_add(devices, device);
    g_autoptr(MdlHardware) hardware =
        mdl_hardware_place(session->hardware, devices, MDL_PLACE_HOT, findings, NULL);
    if (!hardware) {
        g_propagate_error(error, cmd_error_from_findings(findings));
        return false;
    }
    if (!plug(session, hardware, error))
        return false;
    adopt(session, g_steal_pointer(&hardware));
    return true;
}

bool emu_session_add_device(EmuSession *session, MdlLooseDevice *device, GError **error)
{
    if (session->machine)
        return add_hot(session, device, error);
    if (session->target)
        return add_cold(session, device, error);
    mdl_loose_device_free(device);
    g_propagate_error(error, wire_error_new(WIRE_ERROR_FAILED, "MissingMachine", NULL, NULL,
                                            "no machine was set; use machine-set first"));
    return false;
}

/* ---- taking away ----------------------------------------------------------------------------- */

static void take_away(EmuSession *session, const char *id)
{
    MdlHardware *hardware = mdl_hardware_without(session->hardware, id);
    g_autofree char *path = g_strconcat("/machine/peripheral/", id, NULL);
    ApiDeviceDeletedEvent event = {.device = (char *)id, .path = path};
    bool done = emu_machine_unplug(session->machine, hardware, id, NULL);
    g_assert(done);
    emu_session_emit(session, "DEVICE_DELETED", api_device_deleted_event_write(&event));
    adopt(session, hardware); /* id may be the old tree's: that stays */
}

void emu_session_take_let_go(EmuSession *session)
{
    const char *id;
    while ((id = emu_machine_next_let_go(session->machine)))
        take_away(session, id);
}

bool emu_session_del_device(EmuSession *session, const char *id, GError **error)
{
    GError *cause = NULL;
    if (!emu_machine_device(session->machine, id)) {
        g_propagate_error(error,
                          wire_error_new(WIRE_ERROR_FAILED, "UnknownDevice", "id", NULL,
                                         "there is no device %s; device-list names them", id));
        return false;
    }
    if (!emu_machine_may_unplug(session->machine, id, &cause)) {
        g_propagate_error(error, with_reason("NotHotpluggable", cause));
        return false;
    }
    if (emu_machine_was_asked(session->machine, id)) {
        g_propagate_error(error, wire_error_new(WIRE_ERROR_FAILED, "UnplugPending", "id", NULL,
                                                "the guest has been asked to let go of %s and has "
                                                "not done so yet; a reset of the machine ends that",
                                                id));
        return false;
    }
    if (!emu_machine_ask_to_let_go(session->machine, id))
        take_away(session, id);
    return true;
}
