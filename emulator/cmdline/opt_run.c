/* opt_run: the options that say what the machine starts from, and how it runs. */
#include "cmdline/keyval.h"
#include "cmdline/options_internal.h"

#include <string.h>

/* ---- what it starts from --------------------------------------------------------------------- */

static bool set_boot(EmuOptions *options, const char *member, const char *text)
{
    json_object_set_new(options->boot, member, json_string(text));
    return true;
}

bool emu_opt_bios(EmuOptions *options, const char *text, GError **error)
{
    (void)error;
    return set_boot(options, "bios", text);
}

bool emu_opt_kernel(EmuOptions *options, const char *text, GError **error)
{
    (void)error;
    return set_boot(options, "kernel", text);
}

bool emu_opt_initrd(EmuOptions *options, const char *text, GError **error)
{
    (void)error;
    return set_boot(options, "initrd", text);
}

bool emu_opt_append(EmuOptions *options, const char *text, GError **error)
{
    (void)error;
    return set_boot(options, "append", text);
}

bool emu_opt_dtb(EmuOptions *options, const char *text, GError **error)
{
    (void)error;
    return set_boot(options, "dtb", text);
}

/* ---- the run --------------------------------------------------------------------------------- */

bool emu_opt_stopped(EmuOptions *options, const char *text, GError **error)
{
    (void)text, (void)error;
    options->stopped = true;
    return true;
}

bool emu_opt_display(EmuOptions *options, const char *text, GError **error)
{
    (void)options;
    return !strcmp(text, "none") ||
           emu_options_fail(error, "there is no display; use -display none");
}

bool emu_opt_nographic(EmuOptions *options, const char *text, GError **error)
{
    (void)text, (void)error;
    options->nographic = true;
    return true;
}

/* Nothing is read that was not named on the command line. */
bool emu_opt_no_user_config(EmuOptions *options, const char *text, GError **error)
{
    (void)options, (void)text, (void)error;
    return true;
}

bool emu_opt_name(EmuOptions *options, const char *text, GError **error)
{
    g_autoptr(EmuKeyval) keyval = emu_keyval_parse(text, "guest", error);
    if (!keyval)
        return false;
    const char *guest = emu_keyval_take(keyval, "guest");
    if (guest)
        emu_session_set_name(options->session, guest);
    return emu_keyval_finish(keyval, "guest", error);
}

bool emu_opt_pidfile(EmuOptions *options, const char *text, GError **error)
{
    return emu_session_set_pidfile(options->session, text, error);
}

bool emu_opt_no_reboot(EmuOptions *options, const char *text, GError **error)
{
    (void)text;
    return emu_options_command(options, "set-action", json_pack("{s:s}", "reboot", "shutdown"),
                               error);
}

bool emu_opt_no_shutdown(EmuOptions *options, const char *text, GError **error)
{
    (void)text;
    return emu_options_command(options, "set-action", json_pack("{s:s}", "shutdown", "pause"),
                               error);
}

bool emu_opt_print_commands(EmuOptions *options, const char *text, GError **error)
{
    (void)options, (void)text, (void)error; /* it was looked for before anything was done */
    return true;
}
