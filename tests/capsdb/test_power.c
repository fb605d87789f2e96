/* Power loss: whatever of the unsynced writes reached the disk, the database opens, is whole, and
 * has all that was acknowledged before the power went. The argument is the number of points.
 */
#include "disk.h"
#include "place.h"

#include <stdio.h>
#include <stdlib.h>

#define EACH         3 /* answers of one transaction */
#define TRANSACTIONS 60

static unsigned points = FEW;

typedef struct Acknowledged {
    guint log_length[TRANSACTIONS]; /* when transaction N was acknowledged */
} Acknowledged;

static void checkpoint(CapsStore *store)
{
    sqlite3_exec(caps_store_sqlite(store), "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
}

/* All that a file goes through: begun, migrated, filled, closed and opened, its log moved into it.
 */
static void work(const Place *place, Acknowledged *ret_acknowledged)
{
    CapsStore *store = place_open(place);

    for (int i = 0; i < TRANSACTIONS; i++) {
        assert_true(place_fill(store, i * EACH, (i + 1) * EACH, NULL));
        ret_acknowledged->log_length[i] = disk_log_length();
        if (i % 7 == 6) {
            checkpoint(store);
        }
        if (i % 11 == 10) {
            caps_store_close(store);
            store = place_open(place);
        }
    }
    caps_store_close(store);
}

static int count_acknowledged(const Acknowledged *acknowledged, guint length)
{
    int count = 0;
    while (count < TRANSACTIONS && acknowledged->log_length[count] <= length) {
        count++;
    }
    return count;
}

static void check(CapsStore *store, int acknowledged)
{
    g_autoptr(GError) error = NULL;
    sqlite3_stmt *row = caps_store_prepare(store, "PRAGMA integrity_check", NULL, "");
    int found = place_count(store, TRANSACTIONS * EACH, &error);

    assert_null(error);
    assert_int_equal(caps_store_step(store, row, NULL), 1);
    assert_string_equal(sqlite3_column_text(row, 0), "ok");
    sqlite3_reset(row);
    assert_null(caps_store_note(store));
    assert_true(found >= acknowledged * EACH);
    assert_int_equal(found % EACH, 0); /* a transaction is there or it is not */
    assert_true(place_fill(store, 0, EACH, NULL));
}

static void test_power_loss(void **state)
{
    Place *place = *state;
    g_autoptr(GRand) chance = g_rand_new_with_seed(11);
    Acknowledged acknowledged;
    guint least = 0, most = 0;

    disk_log_begin();
    work(place, &acknowledged);
    guint all = disk_log_length();
    for (unsigned i = 0; i < points; i++) {
        guint length = (guint)((guint64)all * i / points);
        int told = count_acknowledged(&acknowledged, length);
        place_clear(place);
        disk_log_replay(length, place->folder, chance);
        CapsStore *store = place_open(place);
        check(store, told);
        caps_store_close(store);
        least += told == 0;
        most += told == TRANSACTIONS;
    }
    disk_log_end();
    print_message("%u points in %u writes, syncs and deletions; before the first transaction %u, "
                  "after the last %u\n",
                  points, all, least, most);
    assert_true(least < points / 2 && most < points / 2);
}

/* The control: a disk that says "synced" and has done nothing loses what was acknowledged, and the
 * test above would see it. */
static void test_a_disk_that_lies_is_noticed(void **state)
{
    Place *place = *state;
    g_autoptr(GRand) chance = g_rand_new_with_seed(12);
    unsigned lost = 0;

    disk_log_begin();
    disk_log_ignore_syncs(true);
    CapsStore *store = place_open(place);
    assert_true(place_fill(store, 0, EACH, NULL));
    guint length = disk_log_length();
    caps_store_close(store);
    for (unsigned i = 0; i < 20; i++) {
        g_autoptr(GError) error = NULL;
        place_clear(place);
        disk_log_replay(length, place->folder, chance);
        store = place_open(place);
        lost += place_count(store, EACH, &error) < EACH;
        caps_store_close(store);
    }
    disk_log_ignore_syncs(false);
    disk_log_end();
    assert_true(lost > 10);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(test_power_loss),
        PLACE_TEST(test_a_disk_that_lies_is_noticed),
    };
    if (argc > 1) {
        points = (unsigned)atoi(argv[1]);
    }
    disk_install();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
