/* help: what the table of verbs says, for people and for programs (tools/clidocs makes the manual
 * and the completions of it). */
#include "cli.h"

#include "text.h"

static const struct {
    capsdb_code code;
    const char *doc;
} codes[] = {
    {CAPSDB_YES, "there is an answer, or all went well"},
    {CAPSDB_NO, "the answer is no: a check found something; what is stored differs"},
    {CAPSDB_USAGE, "the command line, or a statement, is wrong"},
    {CAPSDB_UNKNOWN, "the emulator refuses the question, so it is not known"},
    {CAPSDB_NOT_STORED, "nothing that is stored answers it, and launching was not allowed"},
    {CAPSDB_FAILED, "the emulator gave no answer: it is not there, or it died"},
    {CAPSDB_UNUSABLE,
     "the database cannot be used: damaged, newer, locked, on a full disk, or not to be trusted"},
    {CAPSDB_DEADLINE, "the emulator, or the statement, took too long"},
};

static void add_line(GString *out, const char *words, const char *help, size_t indent)
{
    g_autoptr(GPtrArray) lines = cmd_text_wrap(help, 96 - indent);
    bool wide = cmd_text_width(words) > indent - 4;

    if (wide) {
        g_string_append_printf(out, "  %s\n", words);
    }
    for (size_t i = 0; i < lines->len; i++) {
        g_string_append(out, "  ");
        cmd_text_pad(out, i || wide ? "" : words, indent - 2);
        g_string_append_printf(out, "%s\n", (const char *)g_ptr_array_index(lines, i));
    }
}

static void add_paragraphs(GString *out, const char *text)
{
    g_auto(GStrv) paragraphs = g_strsplit(text, "\n\n", -1);

    for (size_t p = 0; paragraphs[p]; p++) {
        g_autoptr(GPtrArray) lines = cmd_text_wrap(paragraphs[p], 96);
        g_string_append(out, p ? "\n" : "");
        for (size_t i = 0; i < lines->len; i++) {
            g_string_append_printf(out, "%s\n", (const char *)g_ptr_array_index(lines, i));
        }
    }
}

static void add_options(GString *out, unsigned takes)
{
    const CmdOption *option;
    unsigned takers;

    for (size_t i = 0; (option = cli_option(i, &takers)); i++) {
        if (takers & takes) {
            g_autofree char *words =
                g_strconcat(option->name, option->value ? " " : "", option->value, NULL);
            add_line(out, words, option->help, 26);
        }
    }
}

char *cli_help_text(void)
{
    GString *out = g_string_new(
        "usage: capsdb VERB [WORD]... [OPTION]...    what emulators said, kept under what each\n"
        "       capsdb VERB --help                   answer depended on\n"
        "       capsdb --help | --version\n\nVerbs:\n");

    for (const CliVerb *verb = cli_verbs; verb->name; verb++) {
        g_autofree char *words = g_strjoin(" ", verb->name, verb->words, NULL);
        add_line(out, words, verb->help, 28);
    }
    g_string_append(out, "\nEnds with:\n");
    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
        g_string_append_printf(out, "  %d  %s\n", (int)codes[i].code, codes[i].doc);
    }
    return g_string_free(out, FALSE);
}

char *cli_verb_help_text(const CliVerb *verb)
{
    GString *out = g_string_new(NULL);

    g_string_append_printf(out, "usage: capsdb %s %s%s[OPTION]...\n\n", verb->name, verb->words,
                           *verb->words ? " " : "");
    add_paragraphs(out, verb->doc);
    g_string_append(out, "\nOptions:\n");
    add_options(out, verb->takes);
    return g_string_free(out, FALSE);
}

/* ---- for programs ---------------------------------------------------------------------------- */

static json_t *options_json(unsigned takes)
{
    json_t *array = json_array();
    const CmdOption *option;
    unsigned takers;

    for (size_t i = 0; (option = cli_option(i, &takers)); i++) {
        if (takers & takes) {
            json_array_append_new(array, json_pack("{s:s, s:s?, s:s}", "name", option->name,
                                                   "value", option->value, "help", option->help));
        }
    }
    return array;
}

static json_t *members_json(const CliMember *member)
{
    json_t *array = json_array();

    for (; member && member->name; member++) {
        json_array_append_new(array, json_pack("{s:s, s:s, s:s}", "name", member->name, "type",
                                               member->type, "doc", member->doc));
    }
    return array;
}

static json_t *verb_json(const CliVerb *verb)
{
    static const char *const prints[] = {"reply", "picture", "object", "items"};

    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:o, s:o}", "name", verb->name, "words",
                     verb->words, "help", verb->help, "doc", verb->doc, "prints",
                     prints[verb->prints], "members", members_json(verb->members), "options",
                     options_json(verb->takes));
}

int cli_help(const Cli *cli)
{
    json_t *verbs = json_array(), *ends = json_array();

    for (const CliVerb *verb = cli_verbs; verb->name; verb++) {
        json_array_append_new(verbs, verb_json(verb));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(codes); i++) {
        json_array_append_new(
            ends, json_pack("{s:i, s:s}", "code", (int)codes[i].code, "doc", codes[i].doc));
    }
    json_t *all =
        json_pack("{s:s, s:o, s:o}", "version", capsdb_version(), "verbs", verbs, "codes", ends);
    if (cli->format == CLI_PEOPLE) {
        g_autofree char *text = cli_help_text();
        cli_say("%s", text);
    } else {
        cli_print_json(all);
    }
    json_decref(all);
    return CAPSDB_YES;
}
