/* human: the monitor for people: a line is a command of the schema and its arguments, as on the
 * command line; the reply is shown as the probe shows it. There is no command here that QMP has
 * not.
 *
 *   info status                      the same as query-status
 *   device_add virtio-rng-pci,id=r   the first argument may leave its name out
 *   help device_add                  what it takes */
#include "monitor/internal.h"

#include <string.h>

#include <render.h>

#include "cmdline/keyval.h"
#include "commands_emulator.gen.h"

#define WIDTH     80
#define LINE_MOST 4096 /* bytes of a line that is being typed */
#define PROMPT    "(vitrine) "

/* ---- a line ---------------------------------------------------------------------------------- */

/* The command of that name, - and _ taken for the same. NULL: none such. */
static const ApiCommandInfo *find(const char *word, bool is_query)
{
    g_autofree char *name = g_strconcat(is_query ? "query-" : "", word, NULL);
    g_strdelimit(name, "_", '-');
    for (size_t i = 0; api_commands[i]; i++) {
        g_autofree char *plain = g_strdelimit(g_strdup(api_commands[i]->name), "_", '-');
        if (!strcmp(plain, name))
            return api_commands[i];
    }
    return NULL;
}

static char *first_sentence(const char *doc)
{
    const char *end = strstr(doc, ". ");
    return end ? g_strndup(doc, (gsize)(end - doc)) : g_strdup(doc);
}

static char *list_commands(void)
{
    GString *text = g_string_new("info NAME is query-NAME. There are:\n");
    for (size_t i = 0; api_commands[i]; i++) {
        g_autofree char *doc = first_sentence(api_commands[i]->doc);
        g_string_append_printf(text, "%-26s %.*s%s\n", api_commands[i]->name, WIDTH - 30, doc,
                               strlen(doc) > WIDTH - 30 ? "…" : "");
    }
    return g_string_free(text, FALSE);
}

static char *describe(const ApiCommandInfo *command)
{
    GString *text = g_string_new(NULL);
    g_string_append_printf(text, "%s: %s\n", command->name, command->doc);
    for (size_t i = 0; i < command->arguments->n_members; i++) {
        const ApiMemberInfo *member = &command->arguments->members[i];
        g_string_append_printf(text, "  %s%s: %s\n", member->name,
                               member->optional ? "" : " (required)", member->doc);
    }
    return g_string_free(text, FALSE);
}

static char *help(const char *word)
{
    const ApiCommandInfo *command = word ? find(word, false) : NULL;
    return command ? describe(command)
           : word  ? g_strdup_printf("Error: there is no command %s; help lists them\n", word)
                   : list_commands();
}

/* The words after the command as its arguments. NULL: error. */
static json_t *read_arguments(const ApiCommandInfo *command, char **words, GError **error)
{
    g_autofree char *text = g_strjoinv(",", words);
    const ApiTypeInfo *type = command->arguments;
    return emu_keyval_json(text, type->n_members ? type->members[0].name : NULL, type, error);
}

static char *run(EmuMonitor *monitor, const ApiCommandInfo *command, char **words)
{
    GError *error = NULL;
    WireReply reply = {0};
    json_t *arguments = read_arguments(command, words, &error);
    if (!arguments ||
        !emu_monitor_execute(monitor->session, command->name, arguments, &reply, &error)) {
        g_autofree char *why = cmd_render_error(error);
        json_decref(arguments);
        g_error_free(error);
        return g_strconcat("Error: ", why, NULL);
    }
    char *text = command->returns ? cmd_render(command, reply.value, WIDTH) : g_strdup("");
    json_decref(arguments);
    json_decref(reply.value);
    json_decref(reply.depends_on);
    return text;
}

char *emu_human_run(EmuMonitor *monitor, const char *line)
{
    g_auto(GStrv) words = NULL;
    GError *error = NULL;
    if (!g_shell_parse_argv(line, NULL, &words, &error)) {
        bool empty = g_error_matches(error, G_SHELL_ERROR, G_SHELL_ERROR_EMPTY_STRING);
        char *text = empty ? g_strdup("") : g_strdup_printf("Error: %s\n", error->message);
        g_error_free(error);
        return text;
    }
    if (!strcmp(words[0], "help") || !strcmp(words[0], "?"))
        return help(words[1]);
    bool is_query = !strcmp(words[0], "info") && words[1];
    char **at = words + is_query;
    const ApiCommandInfo *command = find(*at, is_query);
    return command ? run(monitor, command, at + 1) : help(*at);
}

bool emu_cmd_human_monitor_command(EmuMonitor *monitor, const ApiHumanMonitorCommandArgs *args,
                                   char **ret_reply, GError **error)
{
    (void)error;
    *ret_reply = emu_human_run(monitor, args->command_line);
    return true;
}

/* ---- typing ---------------------------------------------------------------------------------- */

/* A terminal in raw mode wants a carriage return before each new line. */
static void say(EmuMonitor *monitor, const char *text)
{
    g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
    g_autofree char *raw = g_strjoinv("\r\n", lines);
    emu_char_backend_send(monitor->chr, (const uint8_t *)raw, strlen(raw));
}

void emu_human_prompt(EmuMonitor *monitor)
{
    say(monitor, PROMPT);
    if (monitor->line)
        say(monitor, monitor->line->str);
}

void emu_human_opened(EmuMonitor *monitor)
{
    monitor->line = g_string_new(NULL);
    say(monitor, "vitrine " VITRINE_VERSION ": help lists the commands\n" PROMPT);
}

static void end_line(EmuMonitor *monitor)
{
    g_autofree char *line = g_strdup(monitor->line->str);
    g_string_truncate(monitor->line, 0);
    say(monitor, "\n");
    g_autofree char *text = emu_human_run(monitor, line);
    say(monitor, text);
    say(monitor, PROMPT);
}

static void erase(EmuMonitor *monitor)
{
    if (!monitor->line->len)
        return;
    const char *start = monitor->line->str;
    const char *last = g_utf8_find_prev_char(start, start + monitor->line->len);
    g_string_truncate(monitor->line, last ? (gsize)(last - start) : 0);
    say(monitor, "\b \b");
}

void emu_human_receive(EmuMonitor *monitor, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        char c = (char)bytes[i];
        if (c == '\r' || (c == '\n' && !monitor->after_return))
            end_line(monitor);
        else if (c == '\b' || c == 0x7f)
            erase(monitor);
        else if ((bytes[i] >= ' ') && monitor->line->len < LINE_MOST) {
            g_string_append_c(monitor->line, c);
            emu_char_backend_send(monitor->chr, &bytes[i], 1);
        }
        monitor->after_return = c == '\r';
    }
}
