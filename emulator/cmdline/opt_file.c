/* opt_file: a file in place of options: a machine or a [vm], and what of the host it is run with.
 * Each group of the latter is the option of the same name. */
#include "cmdline/options_internal.h"

#include <cfg.h>
#include <string.h>

/* Which option a group is. id: the key that the group's name is the value of; NULL: none. */
static const struct GroupOption {
    const char *kind, *id;
    bool (*run)(EmuOptions *options, const char *text, GError **error);
} group_options[] = {
    {"chardev", "id", emu_opt_chardev},
    {"netdev", "id", emu_opt_netdev},
    {"blockdev", "node-name", emu_opt_blockdev},
    {"monitor", NULL, emu_opt_mon},
};

static void add_pair(GString *text, const char *key, const char *value)
{
    g_auto(GStrv) parts = g_strsplit(value ? value : "on", ",", -1);
    g_autofree char *doubled = g_strjoinv(",,", parts);
    g_string_append_printf(text, "%s%s=%s", text->len ? "," : "", key, doubled);
}

/* The argument of the option that a group is. Free with g_free. */
static char *argument_of(const MdlCfgGroup *group, const char *id)
{
    GString *text = g_string_new(NULL);
    if (id)
        add_pair(text, id, group->name);
    for (guint i = 0; i < group->keys->len; i++) {
        const MdlCfgKey *key = g_ptr_array_index(group->keys, i);
        add_pair(text, key->name, key->value);
    }
    return g_string_free(text, FALSE);
}

static bool run_serial(EmuOptions *options, const MdlCfgGroup *group, GError **error)
{
    const char *chardev = mdl_cfg_value(group, "chardev");
    bool none = !strcmp(chardev, "none");
    g_autofree char *text = g_strconcat(none ? "" : "chardev:", chardev, NULL);
    return emu_opt_serial(options, text, error);
}

static void run_boot(EmuOptions *options, const MdlCfgGroup *group)
{
    for (guint i = 0; i < group->keys->len; i++) {
        const MdlCfgKey *key = g_ptr_array_index(group->keys, i);
        json_object_set_new(options->boot, key->name, json_string(key->value));
    }
}

static bool run_group(EmuOptions *options, const MdlCfgGroup *group, GError **error)
{
    if (!strcmp(group->kind, "serial"))
        return run_serial(options, group, error);
    if (!strcmp(group->kind, "boot"))
        run_boot(options, group);
    for (size_t i = 0; i < G_N_ELEMENTS(group_options); i++) {
        if (strcmp(group_options[i].kind, group->kind))
            continue;
        g_autofree char *text = argument_of(group, group_options[i].id);
        return group_options[i].run(options, text, error);
    }
    return true; /* hardware: machine-add has it */
}

static bool run_groups(EmuOptions *options, const MdlCfg *cfg, GError **error)
{
    for (guint i = 0; i < cfg->groups->len; i++) {
        const MdlCfgGroup *group = g_ptr_array_index(cfg->groups, i);
        if (run_group(options, group, error))
            continue;
        g_prefix_error(error, "%s:%u: [%s%s%s%s]: ", cfg->file, group->line, group->kind,
                       group->name ? " \"" : "", group->name ? group->name : "",
                       group->name ? "\"" : "");
        return false;
    }
    return true;
}

/* The name of the machine that a file is: of a VM, or NAME-VERSION. */
static char *name_of(const MdlCfg *cfg)
{
    const MdlCfgGroup *head = g_ptr_array_index(cfg->groups, 0);
    const char *version = mdl_cfg_value(head, "version");
    return g_strconcat(mdl_cfg_value(head, "name"), version ? "-" : "", version, NULL);
}

/* Each thing that is wrong a line of its own, as the probe shows them. */
static bool spell_out(GError **error, const json_t *findings)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < json_array_size(findings); i++) {
        const char *file = "", *place = "", *message = "", *fix = NULL;
        json_int_t line = 0;
        json_unpack(json_array_get(findings, i), "{s?s, s?I, s?s, s?s, s?s}", "file", &file, "line",
                    &line, "place", &place, "message", &message, "suggestion", &fix);
        g_string_append_printf(text, "%s%s:%d: %s: %s%s%s", i ? "\nvitrine: " : "", file, (int)line,
                               place, message, fix ? "; " : "", fix ? fix : "");
    }
    bool wrong = emu_options_fail(error, "%s", text->str);
    g_string_free(text, TRUE);
    return wrong;
}

static bool add_machine(EmuOptions *options, const char *path, const char *text, GError **error)
{
    json_t *arguments = json_pack("{s:s, s:s}", "file", path, "text", text);
    g_autoptr(GError) cause = NULL;
    if (!arguments)
        return emu_options_fail(error, "%s: it is not UTF-8 text", path);
    if (emu_options_command(options, "machine-add", arguments, &cause))
        return true;
    const json_t *findings = wire_error_findings(cause);
    if (findings)
        return spell_out(error, findings);
    return emu_options_fail(error, "%s: %s", path, cause->message);
}

bool emu_options_file(EmuOptions *options, const char *path, GError **error)
{
    g_autofree char *text = NULL;
    gsize length;
    GError *cause = NULL;
    if (!g_file_get_contents(path, &text, &length, &cause)) {
        emu_options_fail(error,
                         "%s is no option, and as the file of a machine it cannot be read: %s",
                         path, cause->message);
        g_error_free(cause);
        return false;
    }
    if (!add_machine(options, path, text, error))
        return false;
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    g_autoptr(MdlCfg) cfg = mdl_cfg_read(path, text, strlen(text), findings);
    if (!cfg) /* with -print-commands, which has not read it */
        return emu_options_fail(error, "%s: vitrine-probe check says what is wrong with it", path);
    g_autofree char *name = name_of(cfg);
    json_object_set_new(options->target, "machine", json_string(name));
    return run_groups(options, cfg, error);
}
