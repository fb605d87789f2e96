/* Processes: writers that are killed, and many readers and writers at once. The argument is the
 * number of kills. */
#include "disk.h"
#include "place.h"

#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static unsigned kills = FEW;

#define EACH 4 /* answers of one transaction */

/* ---- killed writers -------------------------------------------------------------------------- */

/* Writes on from the transaction FIRST and tells each that is committed; the log is moved into the
 * file often, so that some die of that. */
static _Noreturn void write_on(const Place *place, int first, int tell)
{
    CapsStore *store = caps_store_open(place->file, CAPS_STORE_WRITE, NULL);

    for (int i = first; store && place_fill(store, i * EACH, (i + 1) * EACH, NULL); i++) {
        (void)!write(tell, &i, sizeof(i));
        if (i % 5 == 0) {
            sqlite3_exec(caps_store_sqlite(store), "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL,
                         NULL);
        }
    }
    _exit(1); /* it is to be killed, not to fail */
}

/* How many transactions were told of by a writer that was killed after so long: since its start, or
 * since it told of the first. */
static int kill_one(const Place *place, int first, bool once_it_tells, gulong us)
{
    int told[2], status, last = first - 1, i;

    assert_int_equal(pipe(told), 0);
    pid_t pid = fork();
    if (pid == 0) {
        close(told[0]);
        write_on(place, first, told[1]);
    }
    close(told[1]);
    if (once_it_tells) {
        poll(&(struct pollfd){.fd = told[0], .events = POLLIN}, 1, 10000);
    }
    g_usleep(us);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status));
    while (read(told[0], &i, sizeof(i)) == sizeof(i)) {
        last = i;
    }
    close(told[0]);
    return last + 1;
}

static void check_all(CapsStore *store, int transactions)
{
    g_autoptr(GError) error = NULL;
    sqlite3_stmt *row = caps_store_prepare(store, "PRAGMA integrity_check", NULL, "");

    assert_int_equal(place_count(store, transactions * EACH, &error), transactions * EACH);
    assert_null(error);
    assert_int_equal(caps_store_step(store, row, NULL), 1);
    assert_string_equal(sqlite3_column_text(row, 0), "ok");
    sqlite3_reset(row);
}

static void test_killed_writers(void **state)
{
    Place *place = *state;
    g_autoptr(GRand) chance = g_rand_new_with_seed(3);
    int transactions = 0, before = 0;

    caps_store_close(place_open(place));
    for (unsigned i = 0; i < kills; i++) {
        transactions =
            kill_one(place, transactions, i % 2, (gulong)g_rand_int_range(chance, 500, 25000));
        CapsStore *store = place_open(place);
        assert_null(caps_store_note(store));
        for (int n = MAX(0, before - 1) * EACH; n < transactions * EACH; n++) {
            assert_int_equal(place_find(store, n, NULL), 1);
        }
        if (i % 50 == 49) {
            check_all(store, transactions);
        }
        caps_store_close(store);
        before = transactions;
    }
    CapsStore *store = place_open(place);
    check_all(store, transactions);
    caps_store_close(store);
    print_message("%u writers killed, %d transactions acknowledged\n", kills, transactions);
    assert_true(transactions > (int)kills / 4);
}

/* ---- many at once ---------------------------------------------------------------------------- */

#define READERS 8
#define WRITERS 2
#define SHARE   40 /* transactions of each writer */
#define SLOW_US 20000

/* 0: all went well. */
static int write_share(const Place *place, int writer, int share)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CapsStore) store = caps_store_open(place->file, CAPS_STORE_WRITE, &error);

    for (int i = 0; store && i < share; i++) {
        int first = (i * WRITERS + writer) * EACH;
        if (!place_fill(store, first, first + EACH, &error)) {
            break;
        }
    }
    if (error) {
        print_error("writer %d: %s\n", writer, error->message);
    }
    return error ? 1 : 0;
}

/* Waits for COUNT processes; each has to end well. */
static void await_all(const pid_t *all, int count)
{
    for (int i = 0; i < count; i++) {
        int status;
        assert_int_equal(waitpid(all[i], &status, 0), all[i]);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
}

/* Opens and closes it all the time; what is there once stays there. */
static int read_until_all(const Place *place)
{
    const int all = SHARE * WRITERS * EACH;
    int found = 0;

    while (found < all) {
        g_autoptr(GError) error = NULL;
        g_autoptr(CapsStore) store = caps_store_open(place->file, CAPS_STORE_READ, &error);
        int now = store ? place_count(store, all, &error) : 0;
        if (error || now < found) {
            print_error("reader: %d after %d, %s\n", now, found, error ? error->message : "");
            return 1;
        }
        found = now;
    }
    return 0;
}

static void test_readers_and_writers(void **state)
{
    Place *place = *state;
    pid_t all[READERS + WRITERS];

    caps_store_close(place_open(place));
    for (int i = 0; i < READERS + WRITERS; i++) {
        all[i] = fork();
        if (all[i] == 0) {
            _exit(i < WRITERS ? write_share(place, i, SHARE) : read_until_all(place));
        }
    }
    await_all(all, READERS + WRITERS);
    CapsStore *store = place_open(place);
    check_all(store, SHARE * WRITERS);
    caps_store_close(store);
}

#define FEW_EACH 12 /* transactions of each */

/* All of them find it damaged at once: it is moved aside once, and one of them begins the new one.
 * What any of them wrote is there after, and none waited in vain though the disk is slow. */
static void test_all_find_it_damaged(void **state)
{
    Place *place = *state;
    pid_t all[READERS];
    int asides = 0;
    const char *name;

    disk_slow_down(SLOW_US);
    assert_true(g_file_set_contents_full(place->file, "this is no database, it is a text", -1,
                                         G_FILE_SET_CONTENTS_NONE, 0600, NULL));
    for (int i = 0; i < READERS; i++) {
        all[i] = fork();
        if (all[i] == 0) {
            _exit(write_share(place, i % WRITERS, FEW_EACH));
        }
    }
    await_all(all, READERS);
    disk_slow_down(0);
    g_autoptr(GDir) listing = g_dir_open(place->folder, 0, NULL);
    while ((name = g_dir_read_name(listing))) {
        asides += strstr(name, ".damaged-") && !strstr(name, "-wal") && !strstr(name, "-shm");
    }
    assert_int_equal(asides, 1);
    CapsStore *store = place_open(place);
    assert_null(caps_store_note(store));
    check_all(store, FEW_EACH * WRITERS);
    caps_store_close(store);
}

/* One begins it anew while another has it open: that one neither takes the new one's log away when
 * it closes, nor goes on writing where nobody looks, nor moves the new one aside. */
static void test_begun_anew_while_open(void **state)
{
    Place *place = *state;
    g_autoptr(GError) error = NULL;
    CapsStore *closing = place_open(place), *writing = place_open(place), *first;

    assert_true(place_fill(closing, 0, 3, NULL));
    first = place_open(place);
    assert_true(caps_store_rebuild(first, NULL));
    assert_non_null(caps_store_note(first));
    assert_true(place_fill(first, 0, 5, NULL));

    assert_false(place_fill(writing, 5, 7, &error));
    assert_int_equal(error->code, CAPS_ERROR_DAMAGED);
    assert_true(caps_store_rebuild(writing, NULL));
    assert_null(caps_store_note(writing));
    assert_true(place_fill(writing, 5, 7, NULL));
    caps_store_close(closing);

    CapsStore *later = place_open(place);
    assert_int_equal(place_count(first, 7, NULL), 7);
    assert_int_equal(place_count(later, 7, NULL), 7);
    assert_int_equal(place_count(writing, 7, NULL), 7);
    caps_store_close(first);
    caps_store_close(later);
    caps_store_close(writing);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(test_killed_writers),
        PLACE_TEST(test_readers_and_writers),
        PLACE_TEST(test_all_find_it_damaged),
        PLACE_TEST(test_begun_anew_while_open),
    };
    if (argc > 1) {
        kills = (unsigned)atoi(argv[1]);
    }
    disk_install(); /* what the kernel has outlives the process: nothing is synced */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
