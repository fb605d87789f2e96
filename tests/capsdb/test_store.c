/* The database file: migrations, damage of every kind, and what must be refused. */
#include "place.h"
#include "probe.h"
#include "wire.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static void test_what_was_stored_comes_back(void **state)
{
    Place *place = *state;
    CapsStore *store = place_open(place);
    assert_true(place_fill(store, 0, 20, NULL));
    caps_store_close(store);
    store = place_open(place);
    g_autoptr(GError) error = NULL;
    assert_int_equal(place_count(store, 20, &error), 20);
    assert_null(caps_store_note(store));
    caps_store_close(store);
    struct stat found;
    assert_int_equal(stat(place->file, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600);
}

static void test_replies_are_kept_once(void **state)
{
    CapsStore *store = place_open(*state);
    json_t *big =
        wire_json_parse("[18446744073709551615,\"\\u00e9\"]", 31, &wire_limits_reply, NULL);
    assert_non_null(big);
    int64_t one = caps_reply_save(store, "query-one", big, NULL, NULL);
    assert_int_not_equal(one, 0);
    assert_int_equal(one, caps_reply_save(store, "query-two", big, NULL, NULL));
    json_t *back = caps_reply_load(store, one, NULL);
    assert_true(json_equal(big, back));
    json_decref(back);
    json_decref(big);
    sqlite3_stmt *row = caps_store_prepare(store, "SELECT count(*) FROM reply", NULL, "");
    assert_int_equal(caps_store_step(store, row, NULL), 1);
    assert_int_equal(sqlite3_column_int(row, 0), 1);
    caps_store_close(store);
}

/* Replies of one kin are stored as what is new in them. */
static void test_replies_alike_share_a_dictionary(void **state)
{
    CapsStore *store = place_open(*state);
    GRand *chance = g_rand_new_with_seed(1);
    int64_t ids[4];

    for (int i = 0; i < 4; i++) { /* of growing length, the same 400 numbers in each */
        json_t *value = json_array();
        g_rand_set_seed(chance, 1);
        for (int n = 0; n < 400 + i; n++) {
            json_array_append_new(value, json_integer(g_rand_int(chance)));
        }
        ids[i] = caps_reply_save(store, "query-alike", value, NULL, NULL);
        json_decref(value);
    }
    g_rand_free(chance);
    for (int i = 0; i < 4; i++) {
        sqlite3_stmt *row = caps_store_prepare(
            store, "SELECT length(body), dictionary FROM reply WHERE id = ?", NULL, "i", ids[i]);
        assert_int_equal(caps_store_step(store, row, NULL), 1);
        assert_int_equal(sqlite3_column_int64(row, 1), i ? ids[0] : 0);
        assert_true(i ? sqlite3_column_int(row, 0) < 100 : sqlite3_column_int(row, 0) > 1000);
        sqlite3_reset(row);
        json_t *value = caps_reply_load(store, ids[i], NULL);
        assert_int_equal(json_array_size(value), 400 + i);
        json_decref(value);
    }
    caps_store_close(store);
}

/* A reply that is not what the views are made for is no row of theirs, and no error of the rest. */
static void test_views_over_strange_replies(void **state)
{
    static const char *const replies[] = {
        "[\"text\",1,null,[],{\"cpu-max\":1}]", "{\"name\":1}", "1",
        "[{\"name\":\"board\",\"cpu-max\":18446744073709551615}]"};
    const char *const nothing[] = {NULL};
    CapsStore *store = place_open(*state);
    char *hashes[] = {g_strnfill(64, '0'), g_strnfill(64, '1'), g_strnfill(64, '2'),
                      g_strnfill(64, '3'), g_strnfill(64, '4')};
    g_autoptr(GPtrArray) parts = g_ptr_array_new();
    g_autofree char *deep = g_strnfill(1024, '[');

    for (size_t i = 0; i < G_N_ELEMENTS(hashes); i++) {
        CapsIdentity of = {.hash = hashes[i], .path = (char *)"/e", .parts = parts};
        CapsQuestion question = {.command = "query-machines"};
        g_autofree char *ends = g_strnfill(1024, ']');
        g_autofree char *text =
            i < G_N_ELEMENTS(replies) ? g_strdup(replies[i]) : g_strconcat(deep, ends, NULL);
        static const WireLimits limits = {.max_bytes = 4096, .max_depth = 1024};
        CapsAnswer answer = {.value = wire_json_parse(text, strlen(text), &limits, NULL),
                             .asked = 1};
        assert_non_null(answer.value);
        assert_true(caps_answer_save(store, &of, &question, NULL, nothing, "h", &answer, NULL));
        caps_answer_done(&answer);
        g_free(hashes[i]);
    }
    sqlite3_db_config(caps_store_sqlite(store), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 1, NULL);
    sqlite3_stmt *row =
        caps_store_prepare(store, "SELECT name, cpu_max FROM machines WHERE name <> ''", NULL, "");
    assert_int_equal(caps_store_step(store, row, NULL), 1);
    assert_string_equal(sqlite3_column_text(row, 0), "board");
    assert_int_equal(caps_store_step(store, row, NULL), 0);
    caps_store_close(store);
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
    caps_store_close(place_open(place));
    execute(place, "PRAGMA user_version = 999");
    assert_refused(place, CAPS_STORE_WRITE, CAPS_ERROR_NEWER, "of version 999");
    assert_refused(place, CAPS_STORE_WRITE, CAPS_ERROR_NEWER, place->file);
    assert_true(g_file_test(place->file, G_FILE_TEST_EXISTS)); /* and left where it is */
}

static void zero_page(const Place *place, int page)
{
    static const char zeros[4096];
    FILE *file = fopen(place->file, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, page * 4096L, SEEK_SET), 0);
    assert_int_equal(fwrite(zeros, sizeof(zeros), 1, file), 1);
    fclose(file);
}

/* A header that does not fit the rest is damage. */
static void test_a_header_that_lies_is_damage(void **state)
{
    static const char *const lies[] = {"PRAGMA user_version = -1",   "PRAGMA user_version = 0",
                                       "PRAGMA user_version = 1",    "PRAGMA user_version = 2",
                                       "PRAGMA application_id = -1", "PRAGMA application_id = 0",
                                       "PRAGMA user_version = 999"};
    Place *place = *state;

    for (size_t i = 0; i < G_N_ELEMENTS(lies); i++) {
        place_clear(place);
        CapsStore *store = place_open(place);
        assert_true(place_fill(store, 0, 3, NULL));
        caps_store_close(store);
        execute(place, lies[i]);
        if (strstr(lies[i], "999")) { /* newer, were the file whole */
            zero_page(place, 3);
        }
        store = place_open(place);
        assert_non_null(caps_store_note(store));
        assert_non_null(strstr(caps_store_note(store), "moved aside"));
        assert_true(place_fill(store, 0, 3, NULL));
        caps_store_close(store);
    }
}

static void test_a_database_of_another_program(void **state)
{
    Place *place = *state;
    execute(place, "CREATE TABLE theirs (x); PRAGMA user_version = 3");
    assert_refused(place, CAPS_STORE_WRITE, CAPS_ERROR_UNUSABLE, "another program");
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
    caps_store_close(place_open(place));
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
    CapsStore *store = place_open(place);
    assert_true(place_fill(store, 0, 5, NULL));
    caps_store_close(store);
    store = caps_store_open(place->file, CAPS_STORE_READ, NULL);
    assert_non_null(store);
    assert_false(caps_store_is_writable(store));
    g_autoptr(GError) error = NULL;
    assert_int_equal(place_count(store, 5, &error), 5);
    g_clear_error(&error);
    assert_false(caps_store_begin(store, &error));
    assert_true(g_error_matches(error, CAPS_ERROR, CAPS_ERROR_READ_ONLY));
    caps_store_close(store);
}

/* A reader does not wait for a writer; a second writer is told after a while. */
static void test_a_locked_file(void **state)
{
    Place *place = *state;
    CapsStore *store = place_open(place);
    CapsStore *other = place_open(place);
    assert_true(place_fill(store, 0, 5, NULL));
    assert_true(caps_store_begin(store, NULL));
    g_autoptr(GError) error = NULL;
    assert_int_equal(place_count(other, 5, &error), 5);
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
    CapsStore *store = place_open(place);
    assert_true(caps_store_begin(store, NULL));
    place_identity.parts = g_ptr_array_new();
    assert_int_not_equal(caps_identity_row(store, &place_identity, true, NULL), 0);
    g_ptr_array_unref(place_identity.parts);
    assert_false(caps_store_end(store, false, NULL));
    assert_int_equal(caps_identity_row(store, &place_identity, false, NULL), 0);
    caps_store_close(store);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(test_what_was_stored_comes_back),
        PLACE_TEST(test_replies_are_kept_once),
        PLACE_TEST(test_replies_alike_share_a_dictionary),
        PLACE_TEST(test_views_over_strange_replies),
        PLACE_TEST(test_a_newer_file_is_refused_by_name),
        PLACE_TEST(test_a_header_that_lies_is_damage),
        PLACE_TEST(test_a_database_of_another_program),
        PLACE_TEST(test_a_missing_file_is_not_made_for_reading),
        PLACE_TEST(test_files_that_others_may_have_written),
        PLACE_TEST(test_a_read_only_file_still_answers),
        PLACE_TEST(test_a_locked_file),
        PLACE_TEST(test_a_transaction_is_all_or_nothing),
        PLACE_TEST(test_a_damaged_file_is_moved_aside_and_said_so),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
