/* main: finds the verb, reads its words, and turns what came of it into an exit code. */
#include "cli.h"

#include "text.h"
#include "wire.h"

#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* ---- output ---------------------------------------------------------------------------------- */

static bool progress_stands; /* a line of progress is on the terminal */

static void clear_progress(void)
{
    if (progress_stands) {
        fputs("\r\033[K", stderr);
        progress_stands = false;
    }
}

void cli_say(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    clear_progress();
    vprintf(format, list);
    va_end(list);
}

static void tell(const char *format, va_list list)
{
    g_autofree char *text = g_strdup_vprintf(format, list);

    clear_progress();
    fprintf(stderr, "capsdb: %s\n", text);
}

void cli_tell(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    tell(format, list);
    va_end(list);
}

void cli_progress(void *context, const char *what, unsigned long done, unsigned long all)
{
    (void)context;
    if (isatty(STDERR_FILENO)) {
        fflush(stdout);
        fprintf(stderr, "\r%s: %lu of %lu\033[K", what, done, all);
        progress_stands = true;
    }
}

unsigned cli_width(void)
{
    struct winsize size;
    return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

int cli_usage(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    tell(format, list);
    va_end(list);
    return CAPSDB_USAGE;
}

int cli_fail(const Cli *cli, capsdb_error *error)
{
    int code = (int)capsdb_error_code(error);

    if (cli->format == CLI_PEOPLE) {
        cli_tell("%s", capsdb_error_message(error));
    } else {
        json_t *value = json_pack("{s:{s:s, s:s}}", "error", "reason", capsdb_error_reason(error),
                                  "desc", capsdb_error_message(error));
        cli_print_json(value);
        json_decref(value);
    }
    capsdb_error_free(error);
    return code;
}

/* ---- help ------------------------------------------------------------------------------------ */

static void add_line(GString *out, const char *words, const char *help, size_t indent)
{
    g_autoptr(GPtrArray) lines = cmd_text_wrap(help, 96 - indent);

    for (size_t i = 0; i < lines->len; i++) {
        g_string_append(out, "  ");
        cmd_text_pad(out, i ? "" : words, indent - 2);
        g_string_append_printf(out, "%s\n", (const char *)g_ptr_array_index(lines, i));
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

static void print_help(FILE *to)
{
    g_autoptr(GString) out = g_string_new(
        "usage: capsdb VERB [WORD]... [OPTION]...    what emulators said, kept under what each\n"
        "       capsdb VERB --help                   answer depended on\n"
        "       capsdb --help | --version\n\nVerbs:\n");

    for (const CliVerb *verb = cli_verbs; verb->name; verb++) {
        g_autofree char *words = g_strjoin(" ", verb->name, verb->words, NULL);
        add_line(out, words, verb->help, 28);
    }
    g_string_append(out,
                    "\nEnds with 0: yes; 1: no, something differs; 2: wrong usage; 3: "
                    "unknown, or refused;\n4: not stored, and not allowed to ask; 5: the "
                    "emulator gave no answer;\n6: the database cannot be used; 7: deadline.\n");
    fputs(out->str, to);
}

static void print_verb_help(const CliVerb *verb)
{
    g_autoptr(GString) out = g_string_new(NULL);

    g_string_append_printf(out, "usage: capsdb %s %s%s[OPTION]...\n\n%c%s.\n\nOptions:\n",
                           verb->name, verb->words, *verb->words ? " " : "",
                           g_ascii_toupper(*verb->help), verb->help + 1);
    add_options(out, verb->takes);
    fputs(out->str, stdout);
}

/* ---- the program ----------------------------------------------------------------------------- */

static int run(const CliVerb *verb, const char *const *words)
{
    Cli cli;
    int code = CAPSDB_USAGE;

    if (g_strv_contains(words, "--help")) {
        print_verb_help(verb);
        code = CAPSDB_YES;
    } else if (cli_parse(&cli, verb, words)) {
        code = verb->run(&cli);
        cli_done(&cli);
    }
    clear_progress();
    if (fflush(stdout) != 0) {
        fprintf(stderr, "capsdb: the output cannot be written\n");
        return CAPSDB_FAILED;
    }
    return code;
}

int main(int argc, char **argv)
{
    const char *word = argc > 1 ? argv[1] : NULL;

    setlocale(LC_CTYPE, "");
    if (!word) {
        print_help(stderr);
        return CAPSDB_USAGE;
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "help") == 0) {
        print_help(stdout);
        return CAPSDB_YES;
    }
    if (strcmp(word, "--version") == 0) {
        printf("capsdb %s\n", capsdb_version());
        return CAPSDB_YES;
    }
    for (const CliVerb *verb = cli_verbs; verb->name; verb++) {
        if (strcmp(word, verb->name) == 0) {
            return run(verb, (const char *const *)argv + 2);
        }
    }
    return cli_usage("there is no verb \"%s\"; capsdb --help lists them", word);
}
