/* options: see options.h. QEMU's names, and its meanings where they are the same. */
#include "cmdline/options_internal.h"

#include <string.h>

#include "monitor/monitor.h"

bool emu_options_fail(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, WIRE_ERROR, WIRE_ERROR_FAILED, text);
    return false;
}

/* ---- commands -------------------------------------------------------------------------------- */

static void print_command(EmuOptions *options, const char *name, const json_t *arguments)
{
    json_t *command = json_pack("{s:s}", "execute", name);
    if (json_object_size(arguments))
        json_object_set(command, "arguments", (json_t *)arguments);
    g_autofree char *text = wire_json_print(command, WIRE_JSON_COMPACT);
    g_string_append_printf(options->printed, "%s\n", text);
    json_decref(command);
}

bool emu_options_command(EmuOptions *options, const char *name, json_t *arguments, GError **error)
{
    WireReply reply = {0};
    bool done = true;
    if (options->printed)
        print_command(options, name, arguments);
    else
        done = emu_monitor_execute(options->session, name, arguments, &reply, error);
    /* a backend whose place nobody could know beforehand is announced, in QEMU's words */
    const char *pty = json_string_value(json_object_get(reply.value, "pty"));
    if (pty)
        emu_session_say(options->session, "char device redirected to %s (label %s)", pty,
                        json_string_value(json_object_get(arguments, "id")));
    json_decref(reply.value);
    json_decref(reply.depends_on);
    json_decref(arguments);
    return done;
}

/* ---- the table --- */

typedef struct Option {
    const char *name;
    const char *argument; /* as the help shows it; NULL: none */
    bool (*run)(EmuOptions *options, const char *text, GError **error);
    const char *doc;
} Option;

static const Option table[] = {
#define EMU_OPTION(name, argument, function, doc) {name, argument, emu_opt_##function, doc},
#include "cmdline/options.def"
#undef EMU_OPTION
    {"version", NULL, NULL, "say the version and end"},
    {"help", NULL, NULL, "say this and end"},
};

char *emu_options_help(void)
{
    GString *text =
        g_string_new("usage: vitrine [options] [FILE.cfg]\n"
                     "       vitrine --probe COMMAND ...   (the same as vitrine-probe)\n\n");
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        const Option *option = &table[i];
        g_autofree char *head =
            g_strdup_printf("-%s %s", option->name, option->argument ? option->argument : "");
        g_string_append_printf(text, "  %-34s %s\n", head, option->doc);
    }
    g_string_append(text, "\n-machine, -accel, -cpu, -device, -chardev, -blockdev, -netdev and -d "
                          "take `help`, and list what\nthey take; -device TYPE,help lists "
                          "properties.\n");
    return g_string_free(text, FALSE);
}

/* ---- reading and carrying out ---------------------------------------------------------------- */

static const Option *option_find(const char *word)
{
    word += word[1] == '-' ? 2 : 1;
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
        if (!strcmp(table[i].name, word) && table[i].run)
            return &table[i];
    return NULL;
}

static bool read_all(EmuOptions *options, int argc, char **argv, GError **error)
{
    for (int i = 1; i < argc; i++) {
        if (*argv[i] != '-') {
            if (!emu_options_file(options, argv[i], error))
                return false;
            continue;
        }
        const Option *option = option_find(argv[i]);
        if (!option)
            return emu_options_fail(error, "%s: there is no such option; -help lists them",
                                    argv[i]);
        const char *text = option->argument ? argv[++i] : NULL;
        if (option->argument && !text)
            return emu_options_fail(error, "-%s: it needs an argument: -%s %s", option->name,
                                    option->name, option->argument);
        if (!option->run(options, text, error)) {
            g_prefix_error(error, "-%s: ", option->name);
            return false;
        }
    }
    return true;
}

/* The option that said what a command did not take. */
static const char *option_of_path(const char *path)
{
    static const struct {
        const char *path, *option;
    } rows[] = {
        {"options", "-machine"}, {"machine", "-machine"}, {"accel", "-accel"},    {"cpu", "-cpu"},
        {"smp", "-smp"},         {"memory", "-m"},        {"devices", "-device"},
    };
    if (path && g_str_has_prefix(path, "target."))
        path += strlen("target.");
    for (size_t i = 0; path && i < G_N_ELEMENTS(rows); i++)
        if (g_str_has_prefix(path, rows[i].path))
            return rows[i].option;
    return NULL;
}

/* All findings, a line each, as the message of one error: each with the option that is at fault. */
static void spell_out_findings(GError **error)
{
    const json_t *findings = wire_error_findings(*error);
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < json_array_size(findings); i++) {
        const json_t *finding = json_array_get(findings, i);
        const char *message = json_string_value(json_object_get(finding, "message"));
        const char *fix = json_string_value(json_object_get(finding, "suggestion"));
        const char *place = json_string_value(json_object_get(finding, "place"));
        const char *option = option_of_path(place);
        const char *part = option ? strchr(place, '.') : NULL; /* options.NAME */
        g_string_append_printf(text, "%s%s%s", i ? "\nvitrine: " : "", option ? option : "",
                               option ? ": " : "");
        if (part && !strstr(message, part + 1))
            g_string_append_printf(text, "%s: ", part + 1);
        g_string_append_printf(text, "%s%s%s", message, fix ? "; " : "", fix ? fix : "");
    }
    if (text->len) {
        g_clear_error(error);
        g_set_error_literal(error, WIRE_ERROR, WIRE_ERROR_FAILED, text->str);
    } else {
        const char *option = option_of_path(wire_error_path(*error));
        g_prefix_error(error, "%s: ", option ? option : "-machine");
    }
    g_string_free(text, TRUE);
}

static bool set_machine(EmuOptions *options, GError **error)
{
    g_autoptr(GError) cause = NULL;
    json_t *arguments = json_pack("{s:O}", "target", options->target);
    if (emu_options_command(options, "machine-set", arguments, &cause))
        return true;
    spell_out_findings(&cause);
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

/* What the options add up to, as the commands that a client would send. */
static bool carry_out(EmuOptions *options, GError **error)
{
    if (!json_object_get(options->target, "machine")) {
        if (json_object_size(options->target) && !options->no_machine)
            return emu_options_fail(
                error, "-machine: the other options are about a machine and none is named; "
                       "-machine help lists them");
        if (!options->n_monitors)
            return emu_options_fail(
                error, "there is nothing to do: name a machine with -machine, or give a "
                       "monitor with -qmp");
        return true;
    }
    if (options->nographic && options->n_serials == 0) {
        const char *place = options->monitor_given ? "stdio" : "mon:stdio";
        if (!emu_opt_serial(options, place, error)) {
            g_prefix_error(error, "-nographic: ");
            return false;
        }
    }
    if (json_object_size(options->boot) &&
        !emu_options_command(options, "set-boot", json_incref(options->boot), error))
        return false;
    if (!set_machine(options, error) ||
        !emu_options_command(options, "machine-build", json_object(), error))
        return false;
    return options->stopped || emu_options_command(options, "cont", json_object(), error);
}

static bool wants_to_print(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!strcmp(argv[i], "-print-commands") || !strcmp(argv[i], "--print-commands"))
            return true;
    return false;
}

bool emu_options_run(EmuSession *session, int argc, char **argv, char **ret_text, GError **error)
{
    g_autofree char *listed = NULL;
    if (!emu_options_list(session, argc, argv, &listed, error))
        return false;
    if (listed) {
        *ret_text = g_steal_pointer(&listed);
        return true;
    }
    EmuOptions options = {.session = session, .target = json_object(), .boot = json_object()};
    if (wants_to_print(argc, argv))
        options.printed = g_string_new(NULL);
    bool done = read_all(&options, argc, argv, error) && carry_out(&options, error);
    json_decref(options.target);
    json_decref(options.boot);
    char *commands = options.printed ? g_string_free(options.printed, FALSE) : NULL;
    if (done)
        *ret_text = commands;
    else
        g_free(commands);
    return done;
}
