/* options: the words of the command line.
 *
 * The options of a target, and of a command that is declared here, are those of every program here
 * (query's target_args.h); what --arg gives is not checked, since the emulator asked may know other
 * arguments and commands. */
#include "cli.h"

#include "wire.h"

#include <string.h>

typedef struct Option {
    CmdOption about;
    unsigned takes;                            /* the verbs that have one of these have it */
    bool (*take)(Cli *cli, const char *value); /* false: told what is wrong */
} Option;

static bool usage(const char *format, const char *value)
{
    g_autofree char *text = g_strdup_printf("%s, not \"%s\"", format, value);
    cli_usage("%s", text);
    return false;
}

static bool set_text(char **ret_text, const char *value)
{
    g_free(*ret_text);
    *ret_text = g_strdup(value);
    return true;
}

static bool take_db(Cli *cli, const char *value)
{
    return set_text(&cli->database, value);
}

char *cli_emulator_path(const char *word)
{
    bool is_name = !strchr(word, '/') && !g_file_test(word, G_FILE_TEST_EXISTS);
    char *found = is_name ? g_find_program_in_path(word) : NULL;
    return found ? found : g_strdup(word);
}

static bool take_emulator(Cli *cli, const char *value)
{
    g_free(cli->emulator);
    cli->emulator = cli_emulator_path(value);
    return true;
}

static bool take_root(Cli *cli, const char *value)
{
    return set_text(&cli->root, value);
}

static bool take_system(Cli *cli, const char *value)
{
    (void)value;
    cli->flags |= CAPSDB_SYSTEM;
    return true;
}

static bool take_machines(Cli *cli, const char *value)
{
    (void)value;
    cli->flags |= CAPSDB_MACHINES;
    return true;
}

static bool take_usr(Cli *cli, const char *value)
{
    (void)value;
    cli->usr = true;
    return true;
}

static bool take_json(Cli *cli, const char *value)
{
    (void)value;
    cli->format = CLI_JSON;
    return true;
}

static bool take_jsonl(Cli *cli, const char *value)
{
    (void)value;
    cli->format = CLI_JSONL;
    return true;
}

static bool take_no_probe(Cli *cli, const char *value)
{
    (void)value;
    cli->flags |= CAPSDB_NO_PROBE;
    return true;
}

static bool take_again(Cli *cli, const char *value)
{
    (void)value;
    cli->flags |= CAPSDB_AGAIN;
    return true;
}

static bool take_deadline(Cli *cli, const char *value)
{
    char *end;
    double seconds = g_ascii_strtod(value, &end);

    if (*end || end == value || !(seconds >= 0.001 && seconds <= 3600)) {
        return usage("--deadline wants seconds, 0.001 to 3600", value);
    }
    cli->deadline = (unsigned)(seconds * 1000);
    return true;
}

static bool take_rows(Cli *cli, const char *value)
{
    char *end;
    guint64 rows = g_ascii_strtoull(value, &end, 10);

    if (*end || !g_ascii_isdigit(*value) || rows < 1 || rows > 1000000000) {
        return usage("--rows wants a number, 1 to 1000000000", value);
    }
    cli->rows = (unsigned long)rows;
    return true;
}

/* NAME=VALUE; a value that is JSON keeps its type: 4, true, {"a": 1}. */
static bool take_arg(Cli *cli, const char *value)
{
    const char *equals = strchr(value, '=');
    if (!equals || equals == value) {
        return usage("--arg wants NAME=VALUE", value);
    }
    g_autofree char *name = g_strndup(value, (size_t)(equals - value));
    json_t *typed = wire_json_parse(equals + 1, strlen(equals + 1), &wire_limits_request, NULL);
    if (!cli->arguments) {
        cli->arguments = json_object();
    }
    json_object_set_new(cli->arguments, name, typed ? typed : json_string(equals + 1));
    return true;
}

static bool take_dot(Cli *cli, const char *value)
{
    (void)value;
    return cli->dot = true;
}

static bool take_html(Cli *cli, const char *value)
{
    (void)value;
    return cli->page = true;
}

static const Option options[] = {
    {{"--emulator", "PATH", "the emulator that is asked, or a recording of one"},
     CLI_TAKES_QUESTION,
     take_emulator},
    {{"--arg", "NAME=VALUE", "argument of the command; JSON keeps its type; may be repeated"},
     CLI_TAKES_QUESTION,
     take_arg},
    {{"--no-probe", NULL, "launches nothing: what is not stored ends with 4"},
     CLI_TAKES_QUESTION,
     take_no_probe},
    {{"--again", NULL, "asks the emulator even if the answer is stored"},
     CLI_TAKES_AGAIN,
     take_again},
    {{"--root", "DIR", "the folder of another system: its emulators, its database"},
     CLI_TAKES_ROOT,
     take_root},
    {{"--system", NULL, "keeps the answers for everybody here, not for this user alone"},
     CLI_TAKES_SYSTEM,
     take_system},
    {{"--machines", NULL, "learns every machine of every emulator too, each by a launch"},
     CLI_TAKES_MACHINES,
     take_machines},
    {{"--usr", NULL, "makes a static layer, to be shipped; --db names its file"},
     CLI_TAKES_USR,
     take_usr},
    {{"--deadline", "SECONDS",
      "the longest that a launch, or a statement, may take; 10 unless given"},
     CLI_TAKES_DEADLINE,
     take_deadline},
    {{"--rows", "N", "the most rows that a statement may give; 100000 unless given"},
     CLI_TAKES_ROWS,
     take_rows},
    {{"--db", "FILE", "the database; without it the person's own"}, CLI_TAKES_DATABASE, take_db},
    {{"--json", NULL, "prints one JSON document"}, CLI_TAKES_FORMAT, take_json},
    {{"--dot", NULL, "draws for Graphviz"}, CLI_TAKES_PICTURE, take_dot},
    {{"--html", NULL, "draws one page for a browser"}, CLI_TAKES_PICTURE, take_html},
    {{"--jsonl", NULL, "prints JSON, a line for each item, as they come"},
     CLI_TAKES_FORMAT,
     take_jsonl},
};

const CmdOption *cli_option(size_t i, unsigned *ret_takes)
{
    if (i < G_N_ELEMENTS(options)) {
        *ret_takes = options[i].takes;
        return &options[i].about;
    }
    *ret_takes = CLI_TAKES_QUESTION;
    return cmd_target_option(i - G_N_ELEMENTS(options));
}

/* ---- all words ------------------------------------------------------------------------------- */

static const Option *find_option(const CliVerb *verb, const char *word, size_t length)
{
    for (size_t i = 0; i < G_N_ELEMENTS(options); i++) {
        const char *name = options[i].about.name;
        if (strlen(name) == length && strncmp(name, word, length) == 0 &&
            (options[i].takes & verb->takes)) {
            return &options[i];
        }
    }
    return NULL;
}

/* Takes words[*index], and its value from the next word where it wants one. */
static bool take_own(Cli *cli, const Option *option, const char *const *words, size_t *index)
{
    const char *equals = strchr(words[*index], '=');
    const char *value = equals ? equals + 1 : NULL;
    const char *name = option->about.name;

    if (!option->about.value && value) {
        return cli_usage("%s takes no value", name) == 0;
    }
    if (option->about.value && !value && !(value = words[++*index])) {
        return cli_usage("%s wants a value: %s", name, option->about.value) == 0;
    }
    ++*index;
    return option->take(cli, value);
}

static bool take_word(Cli *cli, const CliVerb *verb, CmdArgs *args, const char *const *words,
                      size_t *index)
{
    const char *word = words[*index];
    const Option *own = find_option(verb, word, strcspn(word, "="));
    g_autoptr(GError) problem = NULL;
    bool taken = false;

    if (own) {
        return take_own(cli, own, words, index);
    }
    if ((verb->takes & CLI_TAKES_QUESTION) &&
        !cmd_args_take(args, words, index, &taken, &problem)) {
        return cli_usage("%s", problem->message) == 0;
    }
    return taken || cli_usage("%s has no option %s; capsdb %s --help lists them", verb->name, word,
                              verb->name) == 0;
}

static bool take_words(Cli *cli, const CliVerb *verb, CmdArgs *args, const char *const *words)
{
    GPtrArray *rest = g_ptr_array_new();
    bool ok = true, only_words = false;

    for (size_t i = 0; words[i] && ok;) {
        if (!g_utf8_validate(words[i], -1, NULL)) {
            ok = cli_usage("a word of the command line is not UTF-8") == 0;
        } else if (!only_words && strcmp(words[i], "--") == 0) {
            only_words = true;
            i++;
        } else if (only_words || words[i][0] != '-') {
            bool emulator = verb->takes & CLI_TAKES_EMULATORS;
            g_ptr_array_add(rest, emulator ? cli_emulator_path(words[i]) : g_strdup(words[i]));
            i++;
        } else {
            ok = take_word(cli, verb, args, words, &i);
        }
    }
    g_ptr_array_add(rest, NULL);
    cli->rest = (char **)g_ptr_array_free(rest, FALSE);
    if (ok && !*verb->words && cli->rest[0]) {
        ok = cli_usage("%s takes no word '%s'", verb->name, cli->rest[0]) == 0;
    }
    return ok;
}

/* The command that a question is: one that is declared here has options of its own, and any other
 * is as one that takes a target and nothing else. */
static const ApiCommandInfo *command_of(const char *const *words)
{
    const ApiCommandInfo *named = words[0] ? api_command_find(words[0]) : NULL;
    return named && api_member_find(named->arguments, "target")
               ? named
               : api_command_find("query-machines");
}

bool cli_parse(Cli *ret_cli, const CliVerb *verb, const char *const *words)
{
    g_autoptr(CmdArgs) args = cmd_args_new(command_of(words));
    Cli cli = {.rows = 100000};
    bool ok = take_words(&cli, verb, args, words);
    json_t *arguments = cmd_args_json(args);

    cli.target = json_incref(json_object_get(arguments, "target"));
    json_object_del(arguments, "target");
    if (!cli.arguments && json_object_size(arguments)) {
        cli.arguments = json_object();
    }
    json_object_update(cli.arguments, arguments);
    json_decref(arguments);
    if (ok) {
        *ret_cli = cli;
    } else {
        cli_done(&cli);
    }
    return ok;
}

void cli_done(Cli *cli)
{
    g_free(cli->database);
    g_free(cli->emulator);
    g_free(cli->root);
    g_strfreev(cli->rest);
    json_decref(cli->target);
    json_decref(cli->arguments);
}
