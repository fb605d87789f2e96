/* capsdb: the command line of the capabilities database.
 *
 * Finds the verb, reads its words, and turns what came of it into an exit code. What the verbs do
 * is in verbs.c, why.c and verify.c. */
#include "cli.h"

#include "wire.h"

#include <locale.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static const struct {
    const char *name;
    const char *words;
    const char *help;
    int (*run)(const CapsCli *cli, GError **error);
} verbs[] = {
    {"ask", "COMMAND --emulator PATH", "answers a question, from the database if it can",
     caps_cli_ask},
    {"why", "COMMAND --emulator PATH", "says what the stored answer depends on", caps_cli_why},
    {"add", "PATH…", "asks emulators, or recordings of them, all that depends on them alone",
     caps_cli_add},
    {"update", "[--root DIR]", "adds every emulator of the system", caps_cli_update},
    {"record", "PATH FILE.replies", "records what add asks, to be added in place of the binary",
     caps_cli_record},
    {"list", "", "lists the emulators in the database", caps_cli_list},
    {"show", "PATH…", "shows what is known of an emulator", caps_cli_show},
    {"sql", "[SELECT…]", "runs a statement over the views; without one, lists them", caps_cli_sql},
    {"verify", "[PATH…]", "asks again what is stored, and compares", caps_cli_verify},
};

void caps_cli_say(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vprintf(format, list);
    va_end(list);
}

void caps_cli_tell(const char *format, ...)
{
    va_list list;
    va_start(list, format);
    vfprintf(stderr, format, list);
    va_end(list);
}

unsigned caps_cli_width(void)
{
    struct winsize size;
    return isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static void print_help(FILE *to)
{
    fprintf(to, "capsdb: what emulators said, kept under what each answer depended on\n\n");
    for (size_t i = 0; i < G_N_ELEMENTS(verbs); i++) {
        fprintf(to, "  capsdb %-7s %-24s %s\n", verbs[i].name, verbs[i].words, verbs[i].help);
    }
    fprintf(
        to,
        "\nof a question: [--machine M] [--accel A] [--option K=V]… [--cpu C] [--smp N|cpus=N,…]\n"
        "               [--memory SIZE] [--nodefaults] [--arg NAME=VALUE]…\n"
        "of all:        [--db FILE] [--json] [--no-probe] [--again] [--deadline SECONDS]\n"
        "exit codes:    0 yes, 1 no, 2 usage, 3 unknown, 4 not stored and not allowed to ask,\n"
        "               5 probe failed, 6 database damaged, 7 deadline\n");
}

static int report(const GError *error, bool json)
{
    if (json) {
        g_autofree char *message = g_utf8_make_valid(error->message, -1);
        json_t *value = json_pack("{s:{s:s, s:s}}", "error", "reason", caps_error_reason(error),
                                  "desc", message);
        g_autofree char *text = wire_json_print(value, WIRE_JSON_COMPACT);
        json_decref(value);
        puts(text);
    } else {
        fprintf(stderr, "capsdb: %s\n", error->message);
    }
    return (int)caps_error_code(error);
}

static int run(size_t verb, const char *const *words)
{
    g_autoptr(GError) error = NULL;
    CapsCli cli;
    int code = -1;

    if (caps_cli_parse(&cli, words, &error)) {
        code = verbs[verb].run(&cli, &error);
        if (error) {
            code = report(error, cli.json);
        }
        caps_cli_done(&cli);
    } else {
        code = report(error, false);
    }
    if (fflush(stdout) != 0) {
        fprintf(stderr, "capsdb: the output cannot be written\n");
        return CAPS_FAILED;
    }
    return code;
}

int main(int argc, char **argv)
{
    setlocale(LC_CTYPE, "");
    if (argc > 1 && (g_str_equal(argv[1], "--help") || g_str_equal(argv[1], "help"))) {
        print_help(stdout);
        return CAPS_YES;
    }
    if (argc > 1 && g_str_equal(argv[1], "--version")) {
        printf("capsdb %s\n", VITRINE_VERSION);
        return CAPS_YES;
    }
    for (size_t i = 0; argc > 1 && i < G_N_ELEMENTS(verbs); i++) {
        if (g_str_equal(argv[1], verbs[i].name)) {
            return run(i, (const char *const *)argv + 2);
        }
    }
    if (argc > 1) {
        fprintf(stderr, "capsdb: there is no verb \"%s\"; capsdb --help lists them\n", argv[1]);
    } else {
        print_help(stderr);
    }
    return CAPS_USAGE;
}
