/* opt_backend: the options that open something of the host, and the monitors. */
#include "cmdline/blockdev.h"
#include "cmdline/chardev.h"
#include "cmdline/keyval.h"
#include "cmdline/options_internal.h"
#include "monitor/monitor.h"

#include <string.h>

/* ---- characters and monitors ------------------------------------------------------------------ */

/* A backend whose place nobody could know beforehand is announced, in QEMU's words. */
static void announce(EmuOptions *options, const char *id)
{
    EmuCharBackend *backend = emu_backends_char(emu_session_backends(options->session), id);
    const char *place = backend ? emu_char_backend_place(backend) : NULL;
    if (place)
        emu_session_say(options->session, "char device redirected to %s (label %s)", place, id);
}

bool emu_opt_chardev(EmuOptions *options, const char *text, GError **error)
{
    g_autofree char *id = NULL;
    if (!emu_chardev_add(emu_session_backends(options->session), text, &id, error))
        return false;
    announce(options, id);
    return true;
}

bool emu_options_add_short(EmuOptions *options, const char *text, const char *id, char **ret_id,
                           GError **error)
{
    if (!emu_chardev_add_short(emu_session_backends(options->session), text, id, ret_id, error))
        return false;
    if (*ret_id && !strcmp(*ret_id, id))
        announce(options, id);
    return true;
}

bool emu_opt_serial(EmuOptions *options, const char *text, GError **error)
{
    g_autofree char *id = g_strdup_printf("serial%u", options->n_serials++);
    g_autofree char *used = NULL;
    if (!emu_options_add_short(options, text, id, &used, error))
        return false;
    emu_session_add_serial(options->session, used);
    return true;
}

bool emu_opt_qmp(EmuOptions *options, const char *text, GError **error)
{
    g_autofree char *id = g_strdup_printf("compat_monitor%u", options->n_monitors++);
    g_autofree char *used = NULL;
    if (!emu_options_add_short(options, text, id, &used, error))
        return false;
    return !used || emu_monitor_add(options->session, used, error);
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
    if (!mode || strcmp(mode, "control"))
        return emu_options_fail(error, "only QMP is spoken: add mode=control");
    if (!emu_keyval_finish(keyval, "chardev, mode", error))
        return false;
    options->n_monitors++;
    return emu_monitor_add(options->session, chardev, error);
}

/* ---- blocks and networks --- */

bool emu_opt_blockdev(EmuOptions *options, const char *text, GError **error)
{
    return emu_blockdev_add(emu_session_backends(options->session), text, error);
}

bool emu_opt_drive(EmuOptions *options, const char *text, GError **error)
{
    return emu_drive_add(emu_session_backends(options->session), text, error);
}

bool emu_opt_netdev(EmuOptions *options, const char *text, GError **error)
{
    return emu_netdev_add(emu_session_backends(options->session), text, error);
}
