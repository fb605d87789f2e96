/* Every emulator of tests/hostile: it ends within its deadline, for the reason on its second line,
 * in bounded memory, and nothing of it is left. */
#include "jail.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define VITRINE_SANITIZED
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define VITRINE_SANITIZED
#endif
#endif

#define DEADLINE_MS 1000
#define SLACK_MS    500 /* more is told */
#define PATIENCE_MS 8000
#define MEMORY_MIB  64 /* of the prober, for each emulator */
#define AT_ONCE     4
#define HANGS_MS    10000 /* more is a failure, however busy the machine is */

static PrbLimits limits(bool without_namespaces)
{
    PrbLimits made = prb_limits_default;
    made.probe_ms = made.command_ms = DEADLINE_MS;
    made.address_space = UINT64_C(512) << 20;
    made.said_bytes = UINT64_C(16) << 20; /* what a sanitized build can read within it */
    made.without_namespaces = without_namespaces;
    return made;
}

/* Opens and asks; the first error is what this emulator comes to. */
static GError *ask_version(const char *path, const PrbLimits *limits)
{
    GError *error = NULL;
    json_t *value = NULL;
    g_autoptr(PrbConversation) conversation =
        prb_conversation_open(path, NULL, NULL, limits, &error);

    if (conversation && prb_ask(conversation, "query-version", NULL, &value, NULL, &error)) {
        g_clear_pointer(&value, json_decref);
        prb_ask(conversation, "query-machines", NULL, &value, NULL, &error);
    }
    json_decref(value);
    return error;
}

/* "Reason" of "# Reason: what it does". */
static char *expected_reason(const char *path)
{
    g_autofree char *text = NULL;
    g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
    g_auto(GStrv) lines = g_strsplit(text, "\n", 3);
    char *colon = lines[1] ? strchr(lines[1], ':') : NULL;
    return colon && g_str_has_prefix(lines[1], "# ") ? g_strndup(lines[1] + 2, colon - lines[1] - 2)
                                                     : NULL;
}

/* Processes that have this path among their arguments. */
static unsigned count_processes(const char *path)
{
    g_autoptr(GDir) processes = g_dir_open("/proc", 0, NULL);
    const char *name;
    unsigned count = 0;

    while ((name = g_dir_read_name(processes))) {
        g_autofree char *file = g_build_filename("/proc", name, "cmdline", NULL);
        g_autofree char *line = NULL;
        gsize length;
        if (!g_ascii_isdigit(*name) || !g_file_get_contents(file, &line, &length, NULL)) {
            continue;
        }
        for (gsize at = 0; at < length; at += strlen(line + at) + 1) {
            count += g_str_equal(line + at, path) && atoi(name) != getpid();
        }
    }
    return count;
}

/* True: as it should be; else it is said why not. */
static bool try_emulator(const char *path, bool without_namespaces)
{
    PrbLimits bounds = limits(without_namespaces);
    g_autofree char *reason = expected_reason(path);
    if (g_strcmp0(reason, "Silent")) { /* it is stopped by what it says, however long that takes */
        bounds.probe_ms = bounds.command_ms = PATIENCE_MS;
    }
    int64_t begin = g_get_monotonic_time();
    g_autoptr(GError) error = ask_version(path, &bounds);
    int64_t took = (g_get_monotonic_time() - begin) / 1000;

    const char *got = error && error->domain == PRB_ERROR ? prb_error_reason(error->code) : "none";
    if (took > DEADLINE_MS + SLACK_MS) {
        print_message("%s: ended after %d ms\n", path, (int)took);
    }
    if (error) { /* what it printed does not flood the one who reads the error, nor his terminal */
        assert_true(strlen(error->message) < strlen(path) + 1024);
        for (const char *at = error->message; *at; at++) {
            assert_false(g_ascii_iscntrl(*at));
        }
    }
    if (g_strcmp0(got, reason) || took > HANGS_MS || count_processes(path)) {
        print_error("%s: expected %s, got %s (%s) after %d ms, %u processes left\n", path, reason,
                    got, error ? error->message : "", (int)took, count_processes(path));
        return false;
    }
    return true;
}

/* A folder of links to the emulators: paths of this run alone, so that only its own processes are
 * counted. */
static int link_emulators(void **state)
{
    g_autoptr(GDir) listing = g_dir_open(VITRINE_TESTS "/hostile", 0, NULL);
    char *folder = g_dir_make_tmp("vitrine-hostile-XXXXXX", NULL);
    const char *name;
    int failures = 0;

    while (folder && listing && (name = g_dir_read_name(listing))) {
        g_autofree char *target = g_build_filename(VITRINE_TESTS "/hostile", name, NULL);
        g_autofree char *link = g_build_filename(folder, name, NULL);
        failures += symlink(target, link) < 0;
    }
    *state = folder;
    return folder && listing ? failures : -1;
}

static int unlink_emulators(void **state)
{
    g_autofree char *folder = *state;
    g_autoptr(GDir) listing = g_dir_open(folder, 0, NULL);
    const char *name;

    while ((name = g_dir_read_name(listing))) {
        g_autofree char *link = g_build_filename(folder, name, NULL);
        g_remove(link);
    }
    return g_rmdir(folder);
}

/* Of this process, the prober, so far. */
static void check_memory(unsigned at_once)
{
    (void)at_once;
#if !defined(VITRINE_SANITIZED)
    struct rusage usage;
    assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
    print_message("peak memory: %ld KiB\n", usage.ru_maxrss);
    assert_true(usage.ru_maxrss < (long)at_once * MEMORY_MIB * 1024);
#endif
}

/* The emulators of tests/hostile, or those that come to this reason. */
static GPtrArray *list_emulators(const char *in, const char *reason)
{
    g_autoptr(GDir) folder = g_dir_open(in, 0, NULL);
    GPtrArray *paths = g_ptr_array_new_with_free_func(g_free);
    const char *name;

    assert_non_null(folder);
    while ((name = g_dir_read_name(folder))) {
        g_autofree char *path = g_build_filename(in, name, NULL);
        if (!strchr(name, '.')) {
            g_autofree char *comes_to = expected_reason(path);
            if (!reason || g_strcmp0(reason, comes_to) == 0) {
                g_ptr_array_add(paths, g_steal_pointer(&path));
            }
        }
    }
    return paths;
}

typedef struct Round {
    bool without_namespaces;
    gint wrong;
} Round;

static void try_in_thread(gpointer path, gpointer data)
{
    Round *round = data;
    if (!try_emulator(path, round->without_namespaces)) {
        g_atomic_int_inc(&round->wrong);
    }
}

/* Most of them wait for their deadline: some at a time. */
static void try_all(const char *in, bool without_namespaces)
{
    Round round = {.without_namespaces = without_namespaces};
    GPtrArray *paths = list_emulators(in, NULL);
    GThreadPool *pool = g_thread_pool_new(try_in_thread, &round, AT_ONCE, TRUE, NULL);

    assert_true(paths->len >= 40);
    for (guint i = 0; i < paths->len; i++) {
        char *path = g_ptr_array_index(paths, i);
        /* Without namespaces nothing bounds a fork bomb, and its keeper can be killed. */
        if (!without_namespaces || !(g_str_has_suffix(path, "/fork-bomb") ||
                                     g_str_has_suffix(path, "/kills-its-parent"))) {
            g_thread_pool_push(pool, path, NULL);
        }
    }
    g_thread_pool_free(pool, FALSE, TRUE);
    g_ptr_array_unref(paths);
    assert_int_equal(round.wrong, 0);
}

static void test_each_ends_for_its_reason(void **state)
{
    try_all(*state, false);
    check_memory(AT_ONCE);
}

/* Before the others: the peak of a process never falls. */
static void test_a_flood_takes_little_memory(void **state)
{
    GPtrArray *paths = list_emulators(*state, "Flooded");
    assert_true(paths->len >= 6);
    for (guint i = 0; i < paths->len; i++) {
        assert_true(try_emulator(g_ptr_array_index(paths, i), false));
    }
    g_ptr_array_unref(paths);
    check_memory(1);
}

static void test_paths_that_are_no_program(void **state)
{
    (void)state;
    static const struct {
        const char *path;
        PrbErrorCode code;
    } rows[] = {
        {"/nonexistent/qemu-system-none", PRB_ERROR_NOT_FOUND},
        {"/dev/null/qemu", PRB_ERROR_NOT_FOUND},
        {"/usr", PRB_ERROR_NOT_EXECUTABLE},
        {"/dev/null", PRB_ERROR_NOT_EXECUTABLE},
        {"/etc/passwd", PRB_ERROR_NOT_EXECUTABLE},
        {"/bin/true", PRB_ERROR_NOT_AN_EMULATOR},
        {"/bin/ls", PRB_ERROR_NOT_AN_EMULATOR},
    };
    PrbLimits bounds = limits(false);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = ask_version(rows[i].path, &bounds);
        assert_non_null(error);
        if (error->code != (int)rows[i].code) {
            fail_msg("%s: got %s", rows[i].path, error->message);
        }
    }
}

/* What the jail keeps from it, told by the emulators themselves. */
static void test_what_the_jail_keeps_away(void **state)
{
    (void)state;
    static const struct {
        const char *name, *text;
    } rows[] = {
        {"writes-files", "written: "},
        {"traces-its-parent", "ptrace: Operation not permitted"},
        {"opens-a-connection", "connect: Operation not permitted"},
        {"tells-its-environment", "environment: []; folder: []"},
        {"fills-its-folder", "at most 64 MiB"},
        {"reads-stdin", "open files: [1, 2, 3]"},
    };
    PrbLimits bounds = limits(false);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autofree char *path = g_build_filename(VITRINE_TESTS "/hostile", rows[i].name, NULL);
        g_autoptr(PrbConversation) conversation =
            prb_conversation_open(path, NULL, NULL, &bounds, NULL);
        assert_non_null(conversation);
        bool complete = !*prb_conversation_missing(conversation);
        g_autoptr(GError) error = NULL;
        json_t *value;
        assert_false(prb_ask(conversation, "query-version", NULL, &value, NULL, &error));
        if (complete) {
            assert_string_equal(error->message, rows[i].text);
        } else {
            print_message("the jail is not complete here: %s\n",
                          *prb_conversation_missing(conversation));
        }
    }
}

static void test_without_namespaces_nothing_is_left_either(void **state)
{
    try_all(*state, true);
}

/* SIGKILL of the prober itself: the keeper takes the emulator along. The first test: a process that
 * has had threads is not forked safely. */
static void test_the_prober_dies(void **state)
{
    g_autofree char *path = g_build_filename(*state, "ignores-sigterm", NULL);
    for (int without = 0; without < 2; without++) {
        pid_t pid = fork();
        if (pid == 0) {
            PrbLimits bounds = limits(without);
            bounds.probe_ms = bounds.command_ms = 60000;
            g_clear_error(&(GError *){ask_version(path, &bounds)});
            _exit(0);
        }
        for (int i = 0; i < 500 && !count_processes(path); i++) {
            g_usleep(10000);
        }
        bool ran = count_processes(path) > 0;
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        assert_true(ran);
        for (int i = 0; i < 500 && count_processes(path); i++) {
            g_usleep(10000);
        }
        assert_int_equal(count_processes(path), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_prober_dies),
        cmocka_unit_test(test_a_flood_takes_little_memory),
        cmocka_unit_test(test_each_ends_for_its_reason),
        cmocka_unit_test(test_paths_that_are_no_program),
        cmocka_unit_test(test_what_the_jail_keeps_away),
        cmocka_unit_test(test_without_namespaces_nothing_is_left_either),
    };
    return cmocka_run_group_tests(tests, link_emulators, unlink_emulators);
}
