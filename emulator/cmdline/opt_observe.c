/* opt_observe: the options for looking at what the guest does, and for keeping it in. */
#include "cmdline/options_internal.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cmdline/keyval.h"
#include "host/sandbox.h"

/* As a debugger is started after the emulator: TCP without more words is a server that does not
 * wait, in QEMU too. */
static char *spell_out_gdb(const char *text)
{
    return g_strconcat(text, g_str_has_prefix(text, "tcp:") ? ",server=on,wait=off" : "", NULL);
}

bool emu_opt_gdb(EmuOptions *options, const char *text, GError **error)
{
    g_autofree char *place = spell_out_gdb(text);
    g_autofree char *used = NULL;
    if (!emu_options_add_short(options, place, "gdb", &used, error))
        return false;
    return !used ||
           emu_options_command(options, "monitor-add",
                               json_pack("{s:s, s:s}", "chardev", used, "mode", "gdb"), error);
}

bool emu_opt_gdb_default(EmuOptions *options, const char *text, GError **error)
{
    (void)text;
    return emu_opt_gdb(options, "tcp::1234", error);
}

bool emu_opt_trace(EmuOptions *options, const char *text, GError **error)
{
    unsigned set;
    if (!emu_trace_parse(text, &set, error))
        return false;
    emu_session_policy(options->session)->traced |= set;
    return true;
}

bool emu_opt_trace_file(EmuOptions *options, const char *text, GError **error)
{
    FILE *file = fopen(text, "we");
    if (!file)
        return emu_options_fail(error, "'%s' cannot be written: %s", text, g_strerror(errno));
    EmuSessionPolicy *policy = emu_session_policy(options->session);
    if (policy->trace_file)
        fclose(policy->trace_file);
    policy->trace_file = file;
    return true;
}

/* ---- the sandbox ----------------------------------------------------------------------------- */

static bool take_group(EmuKeyval *keyval, const char *name, EmuSandboxGroup group,
                       unsigned *allowed, GError **error)
{
    const char *value = emu_keyval_take(keyval, name);
    if (!value || !strcmp(value, "deny"))
        return true;
    if (strcmp(value, "allow"))
        return emu_options_fail(error, "%s is allow or deny, not '%s'", name, value);
    *allowed |= 1u << group;
    return true;
}

/* From here on: what follows on the command line does nothing that is forbidden. */
bool emu_opt_sandbox(EmuOptions *options, const char *text, GError **error)
{
    (void)options;
    g_autoptr(EmuKeyval) keyval = emu_keyval_parse(text, "enable", error);
    bool on = false;
    unsigned allowed = 0;
    if (!keyval || !emu_keyval_take_bool(keyval, "enable", &on, error) ||
        !take_group(keyval, "obsolete", EMU_SANDBOX_OBSOLETE, &allowed, error) ||
        !take_group(keyval, "elevateprivileges", EMU_SANDBOX_ELEVATEPRIVILEGES, &allowed, error) ||
        !take_group(keyval, "spawn", EMU_SANDBOX_SPAWN, &allowed, error) ||
        !take_group(keyval, "resourcecontrol", EMU_SANDBOX_RESOURCECONTROL, &allowed, error) ||
        !emu_keyval_finish(keyval, "enable, obsolete, elevateprivileges, spawn, resourcecontrol",
                           error))
        return false;
    return !on || emu_sandbox_enter(allowed, error);
}
