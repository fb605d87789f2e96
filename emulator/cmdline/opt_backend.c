/* opt_backend: the options that open something of the host, and the monitors. */
#include "cmdline/chardev.h"
#include "cmdline/drive.h"
#include "cmdline/keyval.h"
#include "cmdline/options_internal.h"

#include <string.h>

/* ---- characters ------------------------------------------------------------------------------ */

/* One that several use is a backend and a multiplexer on it, as QEMU names the two. */
static bool add_chardev(EmuOptions *options, EmuChardev *chardev, GError **error)
{
    if (!chardev->mux)
        return emu_options_command(options, "chardev-add", g_steal_pointer(&chardev->arguments),
                                   error);
    g_autofree char *base = g_strconcat(chardev->id, "-base", NULL);
    json_object_set_new(chardev->arguments, "id", json_string(base));
    json_t *mux = json_pack("{s:s, s:{s:s, s:{s:s}}}", "id", chardev->id, "backend", "type", "mux",
                            "data", "chardev", base);
    if (emu_options_command(options, "chardev-add", g_steal_pointer(&chardev->arguments), error))
        return emu_options_command(options, "chardev-add", mux, error);
    json_decref(mux);
    return false;
}

bool emu_opt_chardev(EmuOptions *options, const char *text, GError **error)
{
    g_auto(EmuChardev) chardev = {0};
    return emu_chardev_parse(text, &chardev, error) && add_chardev(options, &chardev, error);
}

static bool add_monitor(EmuOptions *options, const char *chardev, const char *mode, GError **error)
{
    return emu_options_command(options, "monitor-add",
                               json_pack("{s:s, s:s}", "chardev", chardev, "mode", mode), error);
}

bool emu_options_add_short(EmuOptions *options, const char *text, const char *id, char **ret_id,
                           GError **error)
{
    g_auto(EmuChardev) chardev = {0};
    if (!emu_chardev_parse_short(text, id, &chardev, error))
        return false;
    bool mux = chardev.mux;
    if (chardev.arguments && !add_chardev(options, &chardev, error))
        return false;
    *ret_id = g_steal_pointer(&chardev.id);
    return !mux || add_monitor(options, *ret_id, "readline", error);
}

bool emu_opt_serial(EmuOptions *options, const char *text, GError **error)
{
    g_autofree char *id = g_strdup_printf("serial%u", options->n_serials++);
    g_autofree char *used = NULL;
    if (!emu_options_add_short(options, text, id, &used, error))
        return false;
    return emu_options_command(options, "serial-add", json_pack("{s:s*}", "chardev", used), error);
}

/* ---- monitors -------------------------------------------------------------------------------- */

static bool add_short_monitor(EmuOptions *options, const char *text, const char *mode,
                              GError **error)
{
    g_autofree char *id = g_strdup_printf("compat_monitor%u", options->n_monitors++);
    g_autofree char *used = NULL;
    return emu_options_add_short(options, text, id, &used, error) &&
           (!used || add_monitor(options, used, mode, error));
}

bool emu_opt_qmp(EmuOptions *options, const char *text, GError **error)
{
    return add_short_monitor(options, text, "control", error);
}

bool emu_opt_monitor(EmuOptions *options, const char *text, GError **error)
{
    options->monitor_given = true;
    return !strcmp(text, "none") || add_short_monitor(options, text, "readline", error);
}

bool emu_opt_mon(EmuOptions *options, const char *text, GError **error)
{
    g_autoptr(EmuKeyval) keyval = emu_keyval_parse(text, "chardev", error);
    if (!keyval)
        return false;
    const char *chardev = emu_keyval_take(keyval, "chardev");
    const char *mode = emu_keyval_take(keyval, "mode");
    if (!chardev)
        return emu_options_fail(error, "it needs chardev=ID");
    if (!emu_keyval_finish(keyval, "chardev, mode", error))
        return false;
    options->n_monitors++;
    return add_monitor(options, chardev, mode ? mode : "readline", error);
}

/* ---- blocks and networks --------------------------------------------------------------------- */

/* An option whose argument is that of a command. first: the key that may be left out. */
static bool as_command(EmuOptions *options, const char *name, const char *first, const char *text,
                       GError **error)
{
    json_t *arguments = emu_keyval_json(text, first, api_command_find(name)->arguments, error);
    return arguments && emu_options_command(options, name, arguments, error);
}

bool emu_opt_blockdev(EmuOptions *options, const char *text, GError **error)
{
    g_autoptr(GError) cause = NULL;
    if (as_command(options, "blockdev-add", "driver", text, &cause))
        return true;
    bool driver = !g_strcmp0(wire_error_path(cause), "driver");
    return emu_options_fail(error, "%s%s", cause->message, driver ? EMU_RAW_ONLY : "");
}

bool emu_opt_drive(EmuOptions *options, const char *text, GError **error)
{
    json_t *arguments = emu_drive_parse(text, error);
    return arguments && emu_options_command(options, "blockdev-add", arguments, error);
}

bool emu_opt_netdev(EmuOptions *options, const char *text, GError **error)
{
    return as_command(options, "netdev_add", "type", text, error);
}
