/* balloon: the commands about the memory that a guest gives back. */
#include "monitor/internal.h"

#include "commands_emulator.gen.h"

static bool fail(GError **error, const char *reason, const char *path, const char *text)
{
    g_propagate_error(error, wire_error_new(WIRE_ERROR_FAILED, reason, path, NULL, "%s", text));
    return false;
}

static bool fail_inactive(GError **error)
{
    return fail(error, "DeviceNotActive", NULL,
                "the machine has no balloon device; add virtio-balloon-pci");
}

bool emu_cmd_balloon(EmuMonitor *monitor, const ApiBalloonArgs *args, GError **error)
{
    if (args->value <= 0)
        return fail(error, "OutOfRange", "value", "a guest has at least one byte of memory");
    return emu_machine_set_balloon(emu_session_machine(monitor->session), (uint64_t)args->value) ||
           fail_inactive(error);
}

bool emu_cmd_query_balloon(EmuMonitor *monitor, ApiBalloonInfo **ret_reply, GError **error)
{
    uint64_t bytes;
    if (!emu_machine_balloon(emu_session_machine(monitor->session), &bytes))
        return fail_inactive(error);
    ApiBalloonInfo *reply = api_balloon_info_new();
    reply->actual = (int64_t)bytes;
    *ret_reply = reply;
    return true;
}
