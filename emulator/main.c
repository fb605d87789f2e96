/* vitrine: the emulator, and with --probe the probe. */
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "cmdline/options.h"
#include "self.h"

static bool is_option(const char *word, const char *name)
{
    return word && word[0] == '-' && !strcmp(word + (word[1] == '-' ? 2 : 1), name);
}

static gboolean on_signal(void *session)
{
    emu_session_quit(session, API_SHUTDOWN_CAUSE_HOST_SIGNAL);
    return G_SOURCE_CONTINUE;
}

static void say(const char *line)
{
    fprintf(stderr, "vitrine: %s\n", line);
}

static int run(int argc, char **argv)
{
    g_autoptr(EmuSession) session = emu_session_new(say);
    g_autoptr(GError) error = NULL;
    signal(SIGPIPE, SIG_IGN);
    g_unix_signal_add(SIGINT, on_signal, session);
    g_unix_signal_add(SIGTERM, on_signal, session);
    g_unix_signal_add(SIGHUP, on_signal, session);
    g_autofree char *text = NULL;
    if (!emu_options_run(session, argc, argv, &text, &error)) {
        say(error->message);
        return 1;
    }
    if (text) {
        fputs(text, stdout);
        return 0;
    }
    return emu_session_run(session);
}

int main(int argc, char **argv)
{
    if (argc > 1 && is_option(argv[1], "probe"))
        return prb_main(argc - 1, argv + 1);
    for (int i = 1; i < argc; i++) {
        if (is_option(argv[i], "version")) {
            puts("vitrine " VITRINE_VERSION);
            return 0;
        }
        if (is_option(argv[i], "help") || is_option(argv[i], "h")) {
            g_autofree char *help = emu_options_help();
            fputs(help, stdout);
            return 0;
        }
    }
    return run(argc, argv);
}
