/* main: finds the verb, reads its words, and turns what came of it into an exit code; and prints,
 * which no other file does. */
#include "cli.h"

#include <locale.h>
#include <stdarg.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* ---- output ---------------------------------------------------------------------------------- */

#define PROGRESS_US 50000

static bool progress_stands; /* a line of progress is on the terminal */

void cli_clear_progress(void)
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
    cli_clear_progress();
    vprintf(format, list);
    va_end(list);
}

static void tell(const char *format, va_list list)
{
    g_autofree char *text = g_strdup_vprintf(format, list);

    cli_clear_progress();
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
    static int64_t last; /* us: some tens of times a second are enough for the eye */
    static int64_t began;
    static unsigned long before;
    const char *terminal = getenv("TERM");
    int64_t now = g_get_monotonic_time();

    (void)context;
    began = began && done >= before ? began : now;
    before = done;
    if (isatty(STDERR_FILENO) && g_strcmp0(terminal, "dumb") != 0 &&
        (done == all || now - last > PROGRESS_US)) {
        int64_t left =
            (now - began) / G_USEC_PER_SEC * (int64_t)(all - done) / (int64_t)MAX(done, 1);
        last = now;
        fflush(stdout);
        fprintf(stderr, "\r%s: %lu of %lu", what, done, all);
        fprintf(stderr, left >= 2 ? ", about %" PRId64 " s left\033[K" : "\033[K", left);
        progress_stands = true;
    }
}

unsigned cli_width(void)
{
    struct winsize size;
    return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

bool cli_has_colour(void)
{
    const char *no_colour = getenv("NO_COLOR");
    return isatty(STDOUT_FILENO) && !(no_colour && *no_colour);
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

/* ---- the program ----------------------------------------------------------------------------- */

static int run(const CliVerb *verb, const char *const *words)
{
    Cli cli;
    int code = CAPSDB_USAGE;

    if (g_strv_contains(words, "--help")) {
        g_autofree char *text = cli_verb_help_text(verb);
        cli_say("%s", text);
        code = CAPSDB_YES;
    } else if (cli_parse(&cli, verb, words)) {
        code = verb->run(&cli);
        cli_done(&cli);
    }
    cli_clear_progress();
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
    if (!word || strcmp(word, "--help") == 0) {
        g_autofree char *text = cli_help_text();
        fputs(text, word ? stdout : stderr);
        return word ? CAPSDB_YES : CAPSDB_USAGE;
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
