/* self: the command line of vitrine-probe. */
#include "self.h"

#include "render.h"
#include "suggest.h"
#include "target_args.h"
#include "topology.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WIDTH_WITHOUT_TERMINAL 100
#define TOPOLOGY               "topology" /* the verb that draws the answers of two commands */

/* The words of the command line that are not the question's. */
typedef struct Line {
    const char *const *words; /* after the program's name; NULL-terminated */
    size_t at;
    const char *command;
    bool json, trace, help, version, qmp;
    bool dot, page;           /* of topology */
    const char *facts;        /* file of another emulator's machine; NULL: none */
    GPtrArray *machine_files; /* const char *; NULL-terminated when the words are read */
} Line;

/* ---- saying ---------------------------------------------------------------------------------- */

bool prb_write(int fd, const char *text, size_t length)
{
    while (length > 0) {
        ssize_t n = write(fd, text, length);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            return false;
        }
        text += n;
        length -= (size_t)n;
    }
    return true;
}

void prb_complain(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *line = g_strdup_printf("vitrine-probe: %s\n", message);
    prb_write(STDERR_FILENO, line, strlen(line));
}

/* Text to stdout; takes it. */
static PrbExit say(char *text)
{
    bool taken = prb_write(STDOUT_FILENO, text, strlen(text));
    g_free(text);
    if (!taken) {
        prb_complain("writing the answer: %s", g_strerror(errno));
    }
    return taken ? PRB_YES : PRB_UNKNOWN;
}

static unsigned terminal_width(void)
{
    struct winsize size;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20) {
        return size.ws_col;
    }
    return WIDTH_WITHOUT_TERMINAL;
}

static char *print_json(const json_t *value)
{
    g_autofree char *text = wire_json_print(value, WIRE_JSON_INDENTED);
    return g_strconcat(text, "\n", NULL);
}

/* ---- the words ------------------------------------------------------------------------------- */

static const char *const line_options[] = {
    "--json", "--trace", "--machine-file", "--facts", "--help", "--version",
    "--qmp",  "--dot",   "--html",         "-h",      NULL};

/* Takes a word that is not the question's. ret_taken: whether it was one. */
static bool take_line_option(Line *line, bool *ret_taken)
{
    const char *word = line->words[line->at];
    const struct {
        const char *name;
        bool *flag;
    } flags[] = {{"--json", &line->json}, {"--trace", &line->trace},     {"--help", &line->help},
                 {"-h", &line->help},     {"--version", &line->version}, {"--qmp", &line->qmp},
                 {"--dot", &line->dot},   {"--html", &line->page}};
    *ret_taken = true;
    for (size_t i = 0; i < G_N_ELEMENTS(flags); i++) {
        if (strcmp(word, flags[i].name) == 0) {
            *flags[i].flag = true;
            line->at++;
            return true;
        }
    }
    if (g_str_has_prefix(word, "--machine-file=")) {
        g_ptr_array_add(line->machine_files, (char *)word + strlen("--machine-file="));
        line->at++;
        return true;
    }
    if (strcmp(word, "--machine-file") == 0) {
        if (!line->words[line->at + 1]) {
            prb_complain("--machine-file wants a file");
            return false;
        }
        g_ptr_array_add(line->machine_files, (char *)line->words[line->at + 1]);
        line->at += 2;
        return true;
    }
    if (strcmp(word, "--facts") == 0) {
        line->facts = line->words[line->at + 1];
        line->at += 2;
        if (!line->facts) {
            prb_complain("--facts wants a file");
        }
        return line->facts != NULL;
    }
    *ret_taken = false;
    return true;
}

static PrbExit unknown_word(const char *word, const char *const *known)
{
    const char *meant = cmd_suggest(word, known);
    g_autofree char *shown = g_utf8_make_valid(word, -1);
    prb_complain("%s \"%s\"%s%s%s", *word == '-' ? "there is no option" : "what is meant by", shown,
                 meant ? "; did you mean " : "", meant ? meant : "", meant ? "?" : "");
    return PRB_USAGE;
}

static PrbExit unknown_command(const char *word)
{
    g_autoptr(GPtrArray) names = g_ptr_array_new();
    for (const CmdCommand *command = cmd_model_commands; command->name; command++) {
        g_ptr_array_add(names, (char *)command->name);
    }
    g_ptr_array_add(names, (char *)"check");
    g_ptr_array_add(names, (char *)TOPOLOGY);
    g_ptr_array_add(names, NULL);
    const char *meant = cmd_suggest(word, (const char *const *)names->pdata);
    g_autofree char *shown = g_utf8_make_valid(word, -1);
    if (api_command_find(word)) {
        prb_complain("%s is about a running machine: ask vitrine", word);
    } else {
        prb_complain("there is no command \"%s\"%s%s%s", shown, meant ? "; did you mean " : "",
                     meant ? meant : ": see --help", meant ? "?" : "");
    }
    return PRB_USAGE;
}

/* ---- a question ------------------------------------------------------------------------------ */

static json_t *error_json(const GError *error)
{
    json_t *body = json_object();
    json_object_set_new(body, "desc", json_string(error->message));
    if (wire_error_reason(error)) {
        json_object_set_new(body, "reason", json_string(wire_error_reason(error)));
    }
    if (wire_error_path(error)) {
        json_object_set_new(body, "path", json_string(wire_error_path(error)));
    }
    if (wire_error_findings(error)) {
        json_object_set(body, "findings", wire_error_findings(error));
    }
    return json_pack("{s:o}", "error", body);
}

/* Every finding on stderr. What was forgotten or mistyped is wrong usage; for the rest there is no
 * answer, and that is not "no". */
static PrbExit refuse(const Line *line, const GError *error)
{
    static const char *const usage[] = {"MissingMachine", "MissingMember", "UnknownMember", NULL};
    const char *reason = wire_error_reason(error);
    char *text = NULL;
    if (line->json) {
        json_t *json = error_json(error);
        text = print_json(json);
        json_decref(json);
    } else {
        g_autofree char *findings = cmd_render_error(error);
        text = g_strconcat("vitrine-probe: ", findings, NULL);
    }
    prb_write(STDERR_FILENO, text, strlen(text));
    g_free(text);
    return reason && g_strv_contains(usage, reason) ? PRB_USAGE : PRB_UNKNOWN;
}

static PrbExit print_reply(const Line *line, const ApiCommandInfo *command, const WireReply *reply)
{
    if (line->json) {
        json_t *shown = line->trace ? json_pack("{s:O, s:O}", "return", reply->value, "depends-on",
                                                reply->depends_on)
                                    : json_incref(reply->value);
        char *text = print_json(shown);
        json_decref(shown);
        return say(text);
    }
    unsigned width = terminal_width();
    g_autofree char *answer = cmd_render(command, reply->value, width);
    g_autofree char *inputs = line->trace ? cmd_render_depends_on(reply->depends_on, width) : NULL;
    return say(inputs ? g_strconcat(answer, "\ndepends on:\n", inputs, NULL) : g_strdup(answer));
}

static PrbExit ask(const Line *line, CmdContext *context, const ApiCommandInfo *command,
                   json_t *arguments)
{
    g_autoptr(GError) error = NULL;
    WireReply reply = {0};
    if (!cmd_execute(context, command->name, arguments, &reply, &error)) {
        return refuse(line, error);
    }
    PrbExit end = print_reply(line, command, &reply);
    if (end == PRB_YES && cmd_reply_is_no(command, reply.value)) {
        end = PRB_NO;
    }
    json_decref(reply.value);
    json_decref(reply.depends_on);
    return end;
}

/* The buses of a machine as a picture: two answers about one target. */
static PrbExit draw(const Line *line, CmdContext *context, json_t *arguments)
{
    g_autoptr(GError) error = NULL;
    WireReply hardware = {0}, slots = {0};
    PrbExit end;
    if (cmd_execute(context, "query-hardware", arguments, &hardware, &error) &&
        cmd_execute(context, "query-device-slots", arguments, &slots, &error)) {
        const json_t *tree = json_object_get(hardware.value, "hardware");
        g_autoptr(CmdTopology) picture = cmd_topology_new(tree, slots.value);
        end = say(line->page  ? cmd_topology_page(picture)
                  : line->dot ? cmd_topology_dot(picture)
                              : cmd_topology_print(picture));
    } else {
        end = refuse(line, error);
    }
    json_decref(hardware.value);
    json_decref(hardware.depends_on);
    json_decref(slots.value);
    json_decref(slots.depends_on);
    return end;
}

/* The rest of the words: the question's, and the line's own among them. */
static PrbExit read_question(Line *line, CmdArgs *args)
{
    g_autoptr(GError) error = NULL;
    while (line->words[line->at]) {
        bool taken;
        if (!take_line_option(line, &taken)) {
            return PRB_USAGE;
        }
        if (taken) {
            continue;
        }
        if (!cmd_args_take(args, line->words, &line->at, &taken, &error)) {
            prb_complain("%s", error->message);
            return PRB_USAGE;
        }
        if (!taken) {
            g_autoptr(GPtrArray) known = g_ptr_array_new();
            for (size_t i = 0; line_options[i]; i++) {
                g_ptr_array_add(known, (char *)line_options[i]);
            }
            for (const char *const *own = cmd_args_options(args); *own; own++) {
                g_ptr_array_add(known, (char *)*own);
            }
            g_ptr_array_add(known, NULL);
            return unknown_word(line->words[line->at], (const char *const *)known->pdata);
        }
    }
    return PRB_YES;
}

/* What is known, with the person's own files; NULL with what the program ends with. */
static MdlCatalog *open_catalog(Line *line, PrbExit *ret_end)
{
    g_autoptr(MdlCatalog) catalog = mdl_catalog_new();
    g_ptr_array_add(line->machine_files, NULL);
    const char *const *files = (const char *const *)line->machine_files->pdata;
    *ret_end = files[0] ? prb_add_files(catalog, files) : PRB_YES;
    return *ret_end == PRB_YES ? g_steal_pointer(&catalog) : NULL;
}

static PrbExit answer_question(Line *line)
{
    bool is_picture = strcmp(line->command, TOPOLOGY) == 0; /* its words are those of a target */
    const ApiCommandInfo *command = api_command_find(is_picture ? "check-target" : line->command);
    if (!command || !cmd_command_find(command->name)) {
        return unknown_command(line->command);
    }
    g_autoptr(CmdArgs) args = cmd_args_new(command);
    PrbExit end = read_question(line, args);
    if (end != PRB_YES) {
        return end;
    }
    if (line->help) {
        return say(is_picture ? prb_help() : prb_help_command(command, terminal_width()));
    }
    g_autoptr(MdlCatalog) catalog = open_catalog(line, &end);
    if (!catalog) {
        return end;
    }
    g_autoptr(CmdContext) context = cmd_context_new(catalog);
    g_autoptr(CmdLearned) learned = line->facts ? prb_read_facts(line->facts) : NULL;
    if (line->facts && !learned) {
        return PRB_NO;
    }
    cmd_context_set_learned(context, learned);
    json_t *arguments = cmd_args_json(args);
    end = is_picture ? draw(line, context, arguments) : ask(line, context, command, arguments);
    json_decref(arguments);
    return end;
}

static PrbExit converse(Line *line)
{
    PrbExit end;
    g_autoptr(MdlCatalog) catalog = open_catalog(line, &end);
    if (!catalog) {
        return end;
    }
    g_autoptr(CmdContext) context = cmd_context_new(catalog);
    g_autoptr(CmdLearned) learned = line->facts ? prb_read_facts(line->facts) : NULL;
    if (line->facts && !learned) {
        return PRB_NO;
    }
    cmd_context_set_learned(context, learned);
    return prb_converse(context);
}

static PrbExit check(const Line *line)
{
    const char *const *files = line->words + line->at;
    if (!files[0]) {
        prb_complain("check wants files");
        return PRB_USAGE;
    }
    for (size_t i = 0; files[i]; i++) {
        if (files[i][0] == '-') {
            return unknown_word(files[i], (const char *const[]){NULL});
        }
    }
    return prb_check_files(files);
}

/* What stands before the command, or instead of one. */
static PrbExit run(Line *line)
{
    while (line->words[line->at] && !line->command) {
        bool taken;
        if (!take_line_option(line, &taken)) {
            return PRB_USAGE;
        }
        if (!taken && line->words[line->at][0] == '-') {
            return unknown_word(line->words[line->at], line_options);
        }
        if (!taken) {
            line->command = line->words[line->at++];
        }
    }
    if (line->command) {
        return strcmp(line->command, "check") == 0 ? check(line) : answer_question(line);
    }
    if (line->help) {
        return say(prb_help());
    }
    if (line->version) {
        return say(g_strdup("vitrine-probe " VITRINE_VERSION "\n"));
    }
    if (line->qmp) {
        return converse(line);
    }
    prb_complain("nothing is asked: see --help");
    return PRB_USAGE;
}

int prb_main(int argc, char **argv)
{
    static const char *const none[] = {NULL};
    Line line = {.words = argc > 0 ? (const char *const *)argv + 1 : none,
                 .machine_files = g_ptr_array_new()};
    PrbExit end = run(&line);
    g_ptr_array_unref(line.machine_files);
    return end;
}
