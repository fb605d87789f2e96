/* The database file: migrations, damage of every kind, and what must be refused. */
#include "answer.h"
#include "migrations.h"
#include "probe.h"
#include "store.h"
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct Place {
    char *folder, *file;
} Place;

static int set_up(void **state)
{
    Place *place = g_new0(Place, 1);
    place->folder = g_dir_make_tmp("capsdb-test-XXXXXX", NULL);
    place->file = g_build_filename(place->folder, "capsdb.db", NULL);
    *state = place;
    return place->folder ? 0 : -1;
}

static int tear_down(void **state)
{
    Place *place = *state;
    g_autoptr(GDir) listing = g_dir_open(place->folder, 0, NULL);
    const char *name;

    while (listing && (name = g_dir_read_name(listing))) {
        g_autofree char *path = g_build_filename(place->folder, name, NULL);
        g_chmod(path, 0700);
        if (g_remove(path) < 0) {
            g_rmdir(path);
        }
    }
    g_rmdir(place->folder);
    g_free(place->folder);
    g_free(place->file);
    g_free(place);
    return 0;
}

static CapsIdentity identity = {
    .hash = (char *)"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    .path = (char *)"/usr/bin/emulator",
};

static CapsStore *open_store(const Place *place)
{
    g_autoptr(GError) error = NULL;
    CapsStore *store = caps_store_open(place->file, CAPS_STORE_WRITE, &error);
    if (!store) {
        fail_msg("%s", error->message);
    }
    return store;
}

/* Stores N answers: question I has the value I and a text that takes room. */
static void fill(CapsStore *store, int count)
{
    const char *const nothing[] = {NULL};

    identity.parts = g_ptr_array_new();
    assert_true(caps_store_begin(store, NULL));
    for (int i = 0; i < count; i++) {
        g_autofree char *command = g_strdup_printf("query-%d", i);
        g_autofree char *text = g_strnfill(200 + i * 7, (char)('a' + i % 26));
        CapsQuestion question = {.command = command};
        CapsAnswer answer = {.value = json_pack("{s:i, s:s}", "number", i, "text", text),
                             .asked = 1000 + i};
        assert_true(
            caps_answer_save(store, &identity, &question, NULL, nothing, "host", &answer, NULL));
        caps_answer_done(&answer);
    }
    assert_true(caps_store_end(store, true, NULL));
    g_ptr_array_unref(identity.parts);
}

/* How many of them are found. A value that is not the one stored fails the test. */
static int count_right(CapsStore *store, int count, GError **error)
{
    int right = 0;

    for (int i = 0; i < count; i++) {
        g_autofree char *command = g_strdup_printf("query-%d", i);
        CapsQuestion question = {.command = command};
        CapsAnswer answer = {0};
        g_clear_error(error);
        if (caps_answer_find(store, &identity, &question, "host", &answer, error) == 1) {
            assert_int_equal(json_integer_value(json_object_get(answer.value, "number")), i);
            assert_int_equal(answer.asked, 1000 + i);
            right++;
            caps_answer_done(&answer);
        }
    }
    return right;
}

static void test_what_was_stored_comes_back(void **state)
{
    Place *place = *state;
    CapsStore *store = open_store(place);
    fill(store, 20);
    caps_store_close(store);
    store = open_store(place);
    g_autoptr(GError) error = NULL;
    assert_int_equal(count_right(store, 20, &error), 20);
    assert_null(caps_store_note(store));
    caps_store_close(store);
    struct stat found;
    assert_int_equal(stat(place->file, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
}

static void test_replies_are_kept_once(void **state)
{
    CapsStore *store = open_store(*state);
    json_t *big =
        wire_json_parse("[18446744073709551615,\"\\u00e9\"]", 31, &wire_limits_reply, NULL);
    assert_non_null(big);
    g_autofree char *one = caps_reply_save(store, big, NULL);
    g_autofree char *two = caps_reply_save(store, big, NULL);
    assert_string_equal(one, two);
    json_t *back = caps_reply_load(store, one, NULL);
    assert_true(json_equal(big, back));
    json_decref(back);
    json_decref(big);
    sqlite3_stmt *row = caps_store_prepare(store, "SELECT count(*) FROM reply", NULL, "");
    assert_int_equal(caps_store_step(store, row, NULL), 1);
    assert_int_equal(sqlite3_column_int(row, 0), 1);
    caps_store_close(store);
}

/* A file of each version there ever was is opened and brought up to date. */
static void test_each_migration(void **state)
{
    Place *place = *state;
    for (size_t version = 0; version < caps_n_migrations; version++) {
        sqlite3 *db;
        g_remove(place->file);
        assert_int_equal(sqlite3_open(place->file, &db), SQLITE_OK);
        for (size_t i = 0; i < version; i++) {
            assert_int_equal(sqlite3_exec(db, caps_migrations[i], NULL, NULL, NULL), SQLITE_OK);
        }
        g_autofree char *mark = g_strdup_printf("PRAGMA user_version = %zu", version);
        assert_int_equal(sqlite3_exec(db, mark, NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(db);
        g_chmod(place->file, 0600);
        CapsStore *store = open_store(place);
        fill(store, 3);
        g_autoptr(GError) error = NULL;
        assert_int_equal(count_right(store, 3, &error), 3);
        caps_store_close(store);
    }
}

static void assert_refused(const Place *place, CapsStoreMode mode, CapsErrorCode code,
                           const char *part)
{
    g_autoptr(GError) error = NULL;
    CapsStore *store = caps_store_open(place->file, mode, &error);
    assert_null(store);
    if (!g_error_matches(error, CAPS_ERROR, (int)code) || !strstr(error->message, part)) {
        fail_msg("expected \"%s\", got %d \"%s\"", part, error->code, error->message);
    }
}

static void execute(const Place *place, const char *sql)
{
    sqlite3 *db;
    assert_int_equal(sqlite3_open(place->file, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    g_chmod(place->file, 0600);
}

static void test_a_newer_file_is_refused_by_name(void **state)
{
    Place *place = *state;
    caps_store_close(open_store(place));
    execute(place, "PRAGMA user_version = 999");
    assert_refused(place, CAPS_STORE_WRITE, CAPS_ERROR_NEWER, "of version 999");
    assert_refused(place, CAPS_STORE_WRITE, CAPS_ERROR_NEWER, place->file);
    assert_true(g_file_test(place->file, G_FILE_TEST_EXISTS)); /* and left where it is */
}

static void test_a_database_of_another_program(void **state)
{
    Place *place = *state;
    execute(place, "CREATE TABLE theirs (x); PRAGMA user_version = 3");
    assert_refused(place, CAPS_STORE_WRITE, CAPS_ERROR_FAILED, "another program");
}

static void test_a_missing_file_is_not_made_for_reading(void **state)
{
    Place *place = *state;
    assert_refused(place, CAPS_STORE_READ, CAPS_ERROR_UNKNOWN, "no database yet");
    assert_false(g_file_test(place->file, G_FILE_TEST_EXISTS));
}

static void test_files_that_others_may_have_written(void **state)
{
    Place *place = *state;
    g_autofree char *other = g_strconcat(place->file, ".other", NULL);
    caps_store_close(open_store(place));
    g_chmod(place->file, 0666);
    assert_refused(place, CAPS_STORE_WRITE, CAPS_ERROR_UNTRUSTED, "others may write it");
    g_chmod(place->file, 0600);
    assert_int_equal(rename(place->file, other), 0);
    assert_int_equal(symlink(other, place->file), 0);
    assert_refused(place, CAPS_STORE_WRITE, CAPS_ERROR_UNTRUSTED, "symbolic link");
    g_remove(place->file);
    assert_int_equal(g_mkdir(place->file, 0700), 0);
    assert_refused(place, CAPS_STORE_WRITE, CAPS_ERROR_UNTRUSTED, "not a regular file");
    g_rmdir(place->file);
}

static void test_a_read_only_file_still_answers(void **state)
{
    Place *place = *state;
    CapsStore *store = open_store(place);
    fill(store, 5);
    caps_store_close(store);
    store = caps_store_open(place->file, CAPS_STORE_READ, NULL);
    assert_non_null(store);
    assert_false(caps_store_is_writable(store));
    g_autoptr(GError) error = NULL;
    assert_int_equal(count_right(store, 5, &error), 5);
    g_clear_error(&error);
    assert_false(caps_store_begin(store, &error));
    assert_true(g_error_matches(error, CAPS_ERROR, CAPS_ERROR_READ_ONLY));
    caps_store_close(store);
}

/* A reader does not wait for a writer; a second writer is told after a while. */
static void test_a_locked_file(void **state)
{
    Place *place = *state;
    CapsStore *store = open_store(place);
    CapsStore *other = open_store(place);
    fill(store, 5);
    assert_true(caps_store_begin(store, NULL));
    g_autoptr(GError) error = NULL;
    assert_int_equal(count_right(other, 5, &error), 5);
    sqlite3_busy_timeout(caps_store_sqlite(other), 50);
    g_clear_error(&error);
    assert_false(caps_store_begin(other, &error));
    assert_true(g_error_matches(error, CAPS_ERROR, CAPS_ERROR_LOCKED));
    assert_true(caps_store_end(store, true, NULL));
    caps_store_close(store);
    caps_store_close(other);
}

static void test_a_transaction_is_all_or_nothing(void **state)
{
    Place *place = *state;
    CapsStore *store = open_store(place);
    assert_true(caps_store_begin(store, NULL));
    assert_true(caps_store_run(store,
                               "INSERT INTO identity (hash, path, parts, first_seen) "
                               "VALUES (?, 'x', '[]', 1)",
                               NULL, "h", identity.hash));
    assert_false(caps_store_end(store, false, NULL));
    assert_int_equal(caps_identity_row(store, &identity, false, NULL), 0);
    caps_store_close(store);
}

/* ---- damage ---------------------------------------------------------------------------------- */

typedef enum { TRUNCATE, ZERO, FLIP, REPLACE, N_KINDS } Kind;

static void damage(char *bytes, gsize *length, Kind kind, GRand *chance)
{
    gsize at = (gsize)g_rand_double_range(chance, 0, (double)*length);

    switch (kind) {
    case TRUNCATE:
        *length = at;
        break;
    case ZERO:
        memset(bytes + at, 0, MIN(4096, *length - at));
        break;
    case FLIP:
        for (int i = 0; i < 8; i++) {
            at = (gsize)g_rand_double_range(chance, 0, (double)*length);
            bytes[at] ^= (char)(1 << g_rand_int_range(chance, 0, 8));
        }
        break;
    default:
        for (gsize i = at; i < MIN(at + 512, *length); i++) {
            bytes[i] = (char)g_rand_int(chance);
        }
    }
}

/* True: everything worked, maybe on a file begun anew. */
static bool use_damaged(const Place *place, int count, unsigned *rebuilt)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CapsStore) store = caps_store_open(place->file, CAPS_STORE_WRITE, &error);

    if (!store) {
        return false;
    }
    count_right(store, count, &error);
    if (error && error->code == CAPS_ERROR_DAMAGED && !caps_store_rebuild(store, NULL)) {
        return false;
    }
    *rebuilt += caps_store_note(store) != NULL;
    return true;
}

static void remove_asides(const Place *place)
{
    g_autoptr(GDir) listing = g_dir_open(place->folder, 0, NULL);
    const char *name;
    while ((name = g_dir_read_name(listing))) {
        g_autofree char *path = g_build_filename(place->folder, name, NULL);
        g_remove(path);
    }
}

/* Damage anywhere: no crash, no answer that was not stored, and a database that works after. */
static void test_damaged_files(void **state)
{
    Place *place = *state;
    g_autofree char *whole = NULL;
    gsize length;
    unsigned rebuilt = 0;
    const unsigned rounds = 1000;
    g_autoptr(GRand) chance = g_rand_new_with_seed(7);

    CapsStore *store = open_store(place);
    fill(store, 40);
    caps_store_close(store);
    assert_true(g_file_get_contents(place->file, &whole, &length, NULL));
    for (unsigned i = 0; i < rounds; i++) {
        g_autofree char *bytes = g_memdup2(whole, length);
        gsize left = length;
        damage(bytes, &left, i % N_KINDS, chance);
        remove_asides(place);
        assert_true(g_file_set_contents_full(place->file, bytes, (gssize)left,
                                             G_FILE_SET_CONTENTS_NONE, 0600, NULL));
        if (!use_damaged(place, 40, &rebuilt)) {
            /* Only a header that claims another program or version may stop us. */
            g_autoptr(GError) error = NULL;
            assert_null(caps_store_open(place->file, CAPS_STORE_WRITE, &error));
            assert_true(error->code == CAPS_ERROR_NEWER || error->code == CAPS_ERROR_FAILED);
        }
    }
    print_message("%u of %u damaged files were begun anew\n", rebuilt, rounds);
    assert_true(rebuilt > rounds / 4);
}

static void test_a_damaged_file_is_moved_aside_and_said_so(void **state)
{
    Place *place = *state;
    assert_true(g_file_set_contents_full(place->file, "this is no database, it is a text", -1,
                                         G_FILE_SET_CONTENTS_NONE, 0600, NULL));
    g_autoptr(GError) error = NULL;
    g_autoptr(CapsStore) store = caps_store_open(place->file, CAPS_STORE_WRITE, &error);
    assert_non_null(store);
    assert_non_null(strstr(caps_store_note(store), "moved aside as"));
    g_autoptr(GDir) listing = g_dir_open(place->folder, 0, NULL);
    const char *name;
    bool kept = false;
    while ((name = g_dir_read_name(listing))) {
        kept = kept || strstr(name, ".damaged-");
    }
    assert_true(kept);
}

/* Writers that are killed lose nothing that was committed. */
static void test_killed_writers(void **state)
{
    Place *place = *state;
    const int kills = 60;

    caps_store_close(open_store(place));
    for (int i = 0; i < kills; i++) {
        int told[2];
        assert_int_equal(pipe(told), 0);
        pid_t pid = fork();
        if (pid == 0) {
            CapsStore *store = open_store(place);
            for (int n = 1; n < 1000; n++) {
                fill(store, n % 30);
                (void)!write(told[1], &n, sizeof(n));
            }
            _exit(0);
        }
        close(told[1]);
        int committed = 0, n;
        g_usleep(2000 + (gulong)(i * 137 % 9000));
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        while (read(told[0], &n, sizeof(n)) == sizeof(n)) {
            committed = MAX(committed, MIN(n, 29));
        }
        close(told[0]);
        CapsStore *store = open_store(place);
        g_autoptr(GError) error = NULL;
        assert_null(caps_store_note(store));
        assert_true(count_right(store, 30, &error) >= committed);
        assert_null(error);
        caps_store_close(store);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_what_was_stored_comes_back),
        TEST(test_replies_are_kept_once),
        TEST(test_each_migration),
        TEST(test_a_newer_file_is_refused_by_name),
        TEST(test_a_database_of_another_program),
        TEST(test_a_missing_file_is_not_made_for_reading),
        TEST(test_files_that_others_may_have_written),
        TEST(test_a_read_only_file_still_answers),
        TEST(test_a_locked_file),
        TEST(test_a_transaction_is_all_or_nothing),
        TEST(test_damaged_files),
        TEST(test_a_damaged_file_is_moved_aside_and_said_so),
        TEST(test_killed_writers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
