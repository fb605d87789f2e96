/* launch: starts programs in turn and prints how long each took, for tools/bench/run.
 *
 *   launch ROUNDS COMMAND...      COMMAND: --exit INPUT PROGRAM ARGUMENT...
 *                                       or --reply INPUT PROGRAM ARGUMENT...
 *
 * A round starts every command once, one after the other: A B C A B C. Measured is the time from
 * the start of the program, with INPUT on its standard input, to its end (--exit) or to the end of
 * the first line with "return" in it that it writes (--reply; it is then killed). %n in an argument
 * is the number of the round. One line a round: nanoseconds, in the order of the commands. A
 * program that cannot be started, fails, or ends before its reply ends the run with an error. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MAX_ARGUMENTS 64
#define MAX_COMMANDS  8

typedef struct Command {
    bool reply; /* until its reply, not until its end */
    const char *input;
    char *arguments[MAX_ARGUMENTS + 1]; /* NULL-terminated */
} Command;

extern char **environ;

static void fail(const char *what, const char *which)
{
    fprintf(stderr, "launch: %s: %s\n", which, what);
    exit(1);
}

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

/* A copy of the argument with every %n replaced. */
static char *expand(const char *argument, unsigned round)
{
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    for (const char *at = argument; *at; at++) {
        if (at[0] == '%' && at[1] == 'n') {
            fprintf(out, "%u", round);
            at++;
        } else {
            fputc(*at, out);
        }
    }
    fclose(out);
    return text;
}

/* Starts a program with the two descriptors as its standard input and output. */
static pid_t start(char **arguments, int input, int output)
{
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input, 0);
    posix_spawn_file_actions_adddup2(&actions, output, 1);
    posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0);
    pid_t child;
    int status = posix_spawnp(&child, arguments[0], &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    if (status != 0) {
        fail(strerror(status), arguments[0]);
    }
    return child;
}

/* Reads to the end of the first line with "return" in it. False: the program ended first. */
static bool await_reply(int from)
{
    static const char word[] = "\"return\"";
    size_t matched = 0;
    char bytes[65536];
    while (true) {
        ssize_t n = read(from, bytes, sizeof(bytes));
        if (n <= 0) {
            return false;
        }
        for (ssize_t i = 0; i < n; i++) {
            if (matched < sizeof(word) - 1) {
                matched = bytes[i] == word[matched] ? matched + 1 : bytes[i] == word[0];
            } else if (bytes[i] == '\n') {
                return true;
            }
        }
    }
}

static int64_t time_exit(char **arguments, int input)
{
    int null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    int status;
    int64_t begin = now();
    pid_t child = start(arguments, input, null);
    waitpid(child, &status, 0);
    int64_t end = now();
    close(null);
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) {
        fail("failed", arguments[0]);
    }
    return end - begin;
}

static int64_t time_reply(char **arguments, int input)
{
    int out[2];
    if (pipe2(out, O_CLOEXEC) != 0) {
        fail(strerror(errno), "pipe");
    }
    int64_t begin = now();
    pid_t child = start(arguments, input, out[1]);
    close(out[1]);
    bool answered = await_reply(out[0]);
    int64_t end = now();
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(out[0]);
    if (!answered) {
        fail("ended before its reply", arguments[0]);
    }
    return end - begin;
}

/* A pipe with the text in it, its other end still open for a program that ends with its input. */
static void fill(const char *text, int *ret_pipe)
{
    size_t size = strlen(text);
    if (pipe2(ret_pipe, O_CLOEXEC) != 0 || write(ret_pipe[1], text, size) != (ssize_t)size) {
        fail(strerror(errno), "pipe");
    }
}

static int64_t run(const Command *command, unsigned round)
{
    char *arguments[MAX_ARGUMENTS + 1] = {NULL};
    for (size_t i = 0; command->arguments[i]; i++) {
        arguments[i] = expand(command->arguments[i], round);
    }
    int input[2];
    fill(command->input, input);
    int64_t taken =
        command->reply ? time_reply(arguments, input[0]) : time_exit(arguments, input[0]);
    close(input[0]);
    close(input[1]);
    for (size_t i = 0; arguments[i]; i++) {
        free(arguments[i]);
    }
    return taken;
}

/* Reads the commands off the command line; returns how many. */
static size_t parse(char **words, Command *commands)
{
    size_t n = 0;
    while (*words) {
        bool reply = strcmp(*words, "--reply") == 0;
        if (n == MAX_COMMANDS || (!reply && strcmp(*words, "--exit") != 0)) {
            fail("--exit or --reply is wanted, for at most 8 commands", *words);
        }
        if (!words[1]) {
            fail("wants an input and a program", *words);
        }
        Command *command = &commands[n++];
        command->reply = reply;
        command->input = words[1];
        words += 2;
        size_t n_arguments = 0;
        while (*words && strcmp(*words, "--exit") != 0 && strcmp(*words, "--reply") != 0) {
            if (n_arguments == MAX_ARGUMENTS) {
                fail("too many arguments", *words);
            }
            command->arguments[n_arguments++] = *words++;
        }
        if (n_arguments == 0) {
            fail("no program", reply ? "--reply" : "--exit");
        }
    }
    return n;
}

int main(int argc, char **argv)
{
    Command commands[MAX_COMMANDS] = {{0}};
    if (argc < 3 || atoi(argv[1]) < 1) {
        fail("ROUNDS COMMAND...", "usage");
    }
    signal(SIGPIPE, SIG_IGN);
    size_t n = parse(argv + 2, commands);
    for (unsigned round = 0; round < (unsigned)atoi(argv[1]); round++) {
        for (size_t i = 0; i < n; i++) {
            printf("%s%lld", i ? " " : "", (long long)run(&commands[i], round));
        }
        putchar('\n');
    }
    return 0;
}
