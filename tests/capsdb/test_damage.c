/* Damage: bits flipped, sectors and pages of zeros or of anything, files cut short; in the
 * database, its header, its log. No crash, no answer that was not stored, and a database that works
 * after. The argument is the number of files. */
#include "disk.h"
#include "place.h"

#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>

#define ANSWERS 40
#define HEADER  100 /* bytes, of SQLite */

static unsigned rounds = FEW;

typedef enum { TRUNCATE, ZERO, FLIP, REPLACE, FLIP_HEADER, N_KINDS } Kind;

static const char *const kinds[N_KINDS] = {"cut short", "zeroes", "bits", "sectors of anything",
                                           "bits of the header"};

static gsize somewhere(GRand *chance, gsize length)
{
    return (gsize)g_rand_double_range(chance, 0, (double)length);
}

static void flip(char *bytes, gsize length, int count, GRand *chance)
{
    while (count--) {
        bytes[somewhere(chance, length)] ^= (char)(1 << g_rand_int_range(chance, 0, 8));
    }
}

static void damage(char *bytes, gsize *length, Kind kind, GRand *chance)
{
    gsize at = somewhere(chance, *length);

    switch (kind) {
    case TRUNCATE:
        *length = at;
        break;
    case ZERO:
        memset(bytes + at, 0, MIN(4096, *length - at));
        break;
    case FLIP:
        flip(bytes, *length, 8, chance);
        break;
    case FLIP_HEADER:
        flip(bytes, MIN(HEADER, *length), 1 + g_rand_int_range(chance, 0, 3), chance);
        break;
    default:
        for (gsize i = at; i < MIN(at + 512, *length); i++) {
            bytes[i] = (char)g_rand_int(chance);
        }
    }
}

typedef struct Content { /* of a file */
    char *bytes;
    gsize length;
} Content;

static Content load(const Place *place, const char *suffix)
{
    g_autofree char *path = g_strconcat(place->file, suffix, NULL);
    Content content;

    assert_true(g_file_get_contents(path, &content.bytes, &content.length, NULL));
    return content;
}

static void save(const Place *place, const char *suffix, const char *bytes, gsize length)
{
    g_autofree char *path = g_strconcat(place->file, suffix, NULL);
    assert_true(g_file_set_contents_full(path, bytes, (gssize)length, G_FILE_SET_CONTENTS_NONE,
                                         0600, NULL));
}

typedef struct Whole { /* one database in two forms */
    Content alone;
    Content file, log; /* the second half is in the log still */
} Whole;

static void move_log(CapsStore *store)
{
    sqlite3_exec(caps_store_sqlite(store), "PRAGMA wal_checkpoint(TRUNCATE)", NULL, NULL, NULL);
}

static void make_whole(const Place *place, Whole *ret_whole)
{
    CapsStore *store = place_open(place);

    assert_true(place_fill(store, 0, ANSWERS / 2, NULL));
    move_log(store);
    assert_true(place_fill(store, ANSWERS / 2, ANSWERS, NULL));
    ret_whole->file = load(place, "");
    ret_whole->log = load(place, "-wal");
    assert_true(ret_whole->log.length > 0);
    move_log(store);
    ret_whole->alone = load(place, "");
    caps_store_close(store);
}

/* Half of them without a log; else a file whose log is whole, or whole with a log that is not. */
static void save_damaged(const Place *place, const Whole *whole, unsigned i, GRand *chance)
{
    bool of_log = i % 4 == 3;
    const Content *hit = i % 2 == 0 ? &whole->alone : of_log ? &whole->log : &whole->file;
    g_autofree char *bytes = g_memdup2(hit->bytes, hit->length);
    gsize left = hit->length;

    damage(bytes, &left, i % N_KINDS, chance);
    place_clear(place);
    save(place, of_log ? "-wal" : "", bytes, left);
    if (of_log) {
        save(place, "", whole->file.bytes, whole->file.length);
    } else if (hit == &whole->file) {
        save(place, "-wal", whole->log.bytes, whole->log.length);
    }
}

static CapsStore *open_damaged(const Place *place, GError **error)
{
    CapsStore *store = caps_store_open(place->file, CAPS_STORE_WRITE, error);

    /* Whatever is in the header: only a version that is newer keeps us from beginning anew, of a
     * file that is whole otherwise. Neither can be told from what a newer program wrote. */
    if (!store && (*error)->code == CAPS_ERROR_NEWER) {
        return NULL;
    }
    if (!store) {
        fail_msg("%s", (*error)->message);
    }
    return store;
}

static bool is_whole(CapsStore *store)
{
    sqlite3_stmt *row = caps_store_prepare(store, "PRAGMA integrity_check(1)", NULL, "");
    bool whole = row && caps_store_step(store, row, NULL) == 1 &&
                 g_str_equal((const char *)sqlite3_column_text(row, 0), "ok");
    if (row) {
        sqlite3_reset(row);
    }
    return whole;
}

/* What was stored is found. An index that lies and breaks no rule of SQLite's hides a row: then
 * there is no answer, and the emulator is asked again; but only then. */
static void check_found(CapsStore *store)
{
    for (int i = 0; i < 3; i++) {
        int found = place_find(store, i, NULL);
        if (found != 1 && is_whole(store)) {
            fail_msg("answer %d was stored, and is not found (%d)", i, found);
        }
    }
}

/* Uses it as libcapsdb does: on damage in mid-work it is begun anew. */
static void use_damaged(const Place *place, unsigned *rebuilt, unsigned *newer)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CapsStore) store = open_damaged(place, &error);

    if (!store) {
        (*newer)++;
        return;
    }
    place_count(store, ANSWERS, &error); /* fails on an answer that was not stored */
    if (error) {
        if (error->code != CAPS_ERROR_DAMAGED) {
            fail_msg("not taken for damage: %s", error->message);
        }
        assert_true(caps_store_rebuild(store, NULL));
    }
    g_clear_error(&error);
    if (!place_fill(store, 0, 3, &error)) {
        if (error->code != CAPS_ERROR_DAMAGED) {
            fail_msg("first seen while writing, and not as damage: %s", error->message);
        }
        assert_true(caps_store_rebuild(store, NULL));
        assert_true(place_fill(store, 0, 3, NULL));
    }
    *rebuilt += caps_store_note(store) != NULL;
    check_found(store);
}

static void test_damaged_files(void **state)
{
    Place *place = *state;
    unsigned rebuilt[N_KINDS] = {0}, newer = 0;
    g_autoptr(GRand) chance = g_rand_new_with_seed(7);
    Whole whole;

    make_whole(place, &whole);
    for (unsigned i = 0; i < rounds; i++) {
        save_damaged(place, &whole, i, chance);
        use_damaged(place, &rebuilt[i % N_KINDS], &newer);
    }
    for (Kind kind = 0; kind < N_KINDS; kind++) {
        print_message("%s: %u of %u files were begun anew\n", kinds[kind], rebuilt[kind],
                      rounds / N_KINDS);
        /* Not more: there is room that nothing is in, and a log is used as far as it is whole. */
        assert_true(rebuilt[kind] > rounds / N_KINDS / 20);
    }
    print_message("%u seemed to be of a newer program\n", newer);
    assert_true(newer < rounds / 50);
    g_free(whole.alone.bytes);
    g_free(whole.file.bytes);
    g_free(whole.log.bytes);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(test_damaged_files),
    };
    if (argc > 1) {
        rounds = (unsigned)atoi(argv[1]);
    }
    disk_install(); /* quick: nothing is synced */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
