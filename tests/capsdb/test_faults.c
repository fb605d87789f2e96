/* Faults: a disk that is full or broken, no memory and no descriptors, at each call in turn. What
 * was acknowledged before is there after, what was not is there whole or not at all, and nothing is
 * ever taken for damage that is none. The argument is how many calls of each kind fail, one at a
 * time; past those fewer and fewer do, up to the last. */
#include "collect.h"
#include "disk.h"
#include "place.h"
#include "wire.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

static unsigned each = FEW;

/* ---- what is done while a call fails --------------------------------------------------------- */

typedef struct Scenario {
    const char *name;
    void (*prepare)(const Place *place);
    /* While a call fails: may fail, with an error. */
    void (*work)(const Place *place, bool *acknowledged);
    /* On a disk that is fine again: as much is there as was acknowledged. */
    void (*check)(CapsStore *store, bool acknowledged);
} Scenario;

#define BEFORE 6 /* answers that were there before */
#define AFTER  12

static char *whole; /* a file with the first answers */
static gsize whole_length;

static void prepare_nothing(const Place *place)
{
    (void)place;
}

static void prepare_answers(const Place *place)
{
    if (!whole) {
        CapsStore *store = place_open(place);
        assert_true(place_fill(store, 0, BEFORE, NULL));
        caps_store_close(store);
        assert_true(g_file_get_contents(place->file, &whole, &whole_length, NULL));
    }
    assert_true(g_file_set_contents_full(place->file, whole, (gssize)whole_length,
                                         G_FILE_SET_CONTENTS_NONE, 0600, NULL));
}

static void work_answers(const Place *place, bool *acknowledged)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CapsStore) store = caps_store_open(place->file, CAPS_STORE_WRITE, &error);

    assert_true(store || error);
    assert_true(!error || error->code != CAPS_ERROR_DAMAGED);
    if (store) {
        assert_null(caps_store_note(store));
        if (place_fill(store, BEFORE, AFTER, &error)) {
            *acknowledged = true;
        } else {
            assert_non_null(error);
        }
        g_clear_error(&error);
        place_count(store, AFTER, &error); /* none that is wrong, or the test ends there */
        assert_true(!error || error->code != CAPS_ERROR_DAMAGED);
    }
}

/* Answers FROM … BELOW - 1: all of them, or none unless they were acknowledged. */
static void check_range(CapsStore *store, int from, int below, bool acknowledged)
{
    int found = 0;
    for (int i = from; i < below; i++) {
        g_autoptr(GError) error = NULL;
        found += place_find(store, i, &error) == 1;
        assert_null(error);
    }
    assert_true(found == below - from || (found == 0 && !acknowledged));
}

static void check_begun(CapsStore *store, bool acknowledged)
{
    check_range(store, BEFORE, AFTER, acknowledged);
}

static void check_answers(CapsStore *store, bool acknowledged)
{
    check_range(store, 0, BEFORE, true);
    check_range(store, BEFORE, AFTER, acknowledged);
}

/* The first of the versions: all migrations are pending. */
static void prepare_old(const Place *place)
{
    static char *sql;
    sqlite3 *db;

    if (!sql) {
        assert_true(g_file_get_contents(VITRINE_TESTS "/stores/1.sql", &sql, NULL, NULL));
    }
    assert_int_equal(sqlite3_open(place->file, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    g_chmod(place->file, 0600);
}

static void work_opening(const Place *place, bool *acknowledged)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CapsStore) store = caps_store_open(place->file, CAPS_STORE_WRITE, &error);

    assert_true(store || error);
    assert_true(!error || error->code != CAPS_ERROR_DAMAGED);
    assert_true(!store || !caps_store_note(store));
    (void)acknowledged;
}

static void check_old(CapsStore *store, bool acknowledged)
{
    sqlite3_stmt *row = caps_store_prepare(store, "SELECT count(*) FROM answer", NULL, "");
    assert_int_equal(caps_store_step(store, row, NULL), 1);
    assert_int_equal(sqlite3_column_int(row, 0), 24);
    sqlite3_reset(row);
    (void)acknowledged;
}

/* ---- the collector --------------------------------------------------------------------------- */

static const char recording[] =
    "{\"execute\": \"query-version\"}\n\n"
    "{\"return\": {\"qemu\": {\"major\": 7, \"minor\": 2, \"micro\": 0}, \"package\": \"\"}}\n\n"
    "{\"execute\": \"query-machines\"}\n\n"
    "{\"return\": [{\"name\": \"board\", \"cpu-max\": 1, \"hotpluggable-cpus\": false}]}\n\n"
    "{\"execute\": \"query-kvm\"}\n\n"
    "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": \"there is no query-kvm\"}}\n";

#define N_FACTS 2 /* of those that are asked */

static char *recording_path(const Place *place)
{
    return g_build_filename(place->folder, "emulator.replies", NULL);
}

static void prepare_recording(const Place *place)
{
    g_autofree char *path = recording_path(place);
    assert_true(
        g_file_set_contents_full(path, recording, -1, G_FILE_SET_CONTENTS_NONE, 0600, NULL));
    prepare_answers(place);
}

/* An answer that cannot be kept is an answer all the same. */
static void check_machines(const CapsAnswer *answer)
{
    assert_non_null(answer->value);
    assert_int_equal(json_array_size(answer->value), 1);
}

static void work_collecting(const Place *place, bool *acknowledged)
{
    const CapsPlace at = {.mode = CAPS_STORE_WRITE, .file = place->file};
    g_autofree char *path = recording_path(place);
    g_autoptr(GError) error = NULL;
    g_autoptr(CapsLayers) layers = caps_layers_open(&at, &error);
    CapsPolicy policy = caps_policy_default();
    g_auto(CapsAdded) added = {0};
    g_auto(CapsAnswer) answer = {0};
    const CapsQuestion question = {.command = "query-machines"};

    assert_true(layers || error);
    if (layers && caps_add(layers, path, &policy, &added, &error)) {
        *acknowledged = true;
    }
    g_clear_error(&error);
    if (layers && caps_ask(layers, path, &question, &policy, &answer, &error)) {
        check_machines(&answer);
    }
}

static void check_collected(CapsStore *store, bool acknowledged)
{
    sqlite3_stmt *row = caps_store_prepare(
        store,
        "SELECT count(*) FROM answer JOIN identity ON id = identity WHERE path LIKE '%.replies'",
        NULL, "");
    assert_int_equal(caps_store_step(store, row, NULL), 1);
    assert_true(sqlite3_column_int(row, 0) >= (acknowledged ? N_FACTS : 0));
    sqlite3_reset(row);
    assert_int_equal(place_count(store, BEFORE, NULL), BEFORE);
}

/* ---- each call in turn ----------------------------------------------------------------------- */

static const Scenario scenarios[] = {
    {"begin a file", prepare_nothing, work_answers, check_begun},
    {"add to a file", prepare_answers, work_answers, check_answers},
    {"bring a file up to date", prepare_old, work_opening, check_old},
    {"collect", prepare_recording, work_collecting, check_collected},
};

/* True: the call was reached. */
static bool fail_once(const Place *place, const Scenario *scenario, DiskFault fault, unsigned at,
                      bool stays)
{
    bool acknowledged = false;

    place_clear(place);
    scenario->prepare(place);
    disk_fail(fault, at, stays);
    scenario->work(place, &acknowledged);
    bool reached = disk_repair();
    CapsStore *store = place_open(place);
    assert_null(caps_store_note(store)); /* a fault of the disk is no damage of the file */
    scenario->check(store, acknowledged);
    sqlite3_stmt *row = caps_store_prepare(store, "PRAGMA integrity_check", NULL, "");
    assert_int_equal(caps_store_step(store, row, NULL), 1);
    assert_string_equal(sqlite3_column_text(row, 0), "ok");
    caps_store_close(store);
    return reached;
}

static void test_each_call_fails(void **state)
{
    unsigned done = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(scenarios); i++) {
        for (DiskFault fault = DISK_FULL; fault < DISK_N_FAULTS; fault++) {
            unsigned at = 1, count = 0;
            /* One alone, and all from there on, in turn: each call sees both in two runs. */
            while (fail_once(*state, &scenarios[i], fault, at, (at + i) % 2)) {
                at += at < each ? 1 : at / 4;
                count++;
            }
            print_message("%s: %s: %u calls failed, of %u\n", scenarios[i].name,
                          disk_fault_names[fault], count, at - 1);
            assert_true(count > 3);
            done += count;
        }
    }
    print_message("%u faults\n", done);
    g_clear_pointer(&whole, g_free);
}

/* Not the disk of SQLite alone: no descriptor is left for anything. */
static void test_no_descriptors(void **state)
{
    struct rlimit before, few;
    bool ever = false;

    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    for (rlim_t limit = 3; limit < 24; limit++) {
        bool acknowledged = false;
        place_clear(*state);
        prepare_recording(*state);
        few = (struct rlimit){limit, before.rlim_max};
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &few), 0);
        work_collecting(*state, &acknowledged);
        assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
        CapsStore *store = place_open(*state);
        assert_null(caps_store_note(store));
        check_collected(store, acknowledged);
        caps_store_close(store);
        ever = ever || acknowledged;
    }
    assert_true(ever);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(test_each_call_fails),
        PLACE_TEST(test_no_descriptors),
    };
    if (argc > 1) {
        each = (unsigned)atoi(argv[1]);
    }
    disk_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
