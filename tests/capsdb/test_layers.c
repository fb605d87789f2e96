/* The layers: who is trusted, which one answers, and that none of them can be fatal. */
#include "errors.h"
#include "layers.h"
#include "path.h"
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SOMEBODY 4242 /* a user that nobody is */

static CapsIdentity identity = {
    .hash = (char *)"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    .path = (char *)"/usr/bin/emulator",
};

/* A system of its own, CAPSDB_ROOT. */
typedef struct Place {
    char *root;
} Place;

static int set_up(void **state)
{
    Place *place = g_new0(Place, 1);
    place->root = g_dir_make_tmp("capsdb-layers-XXXXXX", NULL);
    identity.parts = g_ptr_array_new();
    g_setenv("CAPSDB_ROOT", place->root, TRUE);
    *state = place;
    return place->root ? 0 : -1;
}

static int tear_down(void **state)
{
    Place *place = *state;
    g_autofree char *remove =
        g_strdup_printf("chmod -R u+rwX '%s'; rm -rf '%s'", place->root, place->root);
    int status = system(remove);
    g_ptr_array_unref(identity.parts);
    g_free(place->root);
    g_free(place);
    return status;
}

static char *below(const Place *place, const char *path)
{
    return g_build_filename(place->root, path, NULL);
}

static void write_file(const Place *place, const char *path, const char *text)
{
    g_autofree char *full = below(place, path);
    g_autofree char *folder = g_path_get_dirname(full);
    assert_int_equal(g_mkdir_with_parents(folder, 0755), 0);
    assert_true(g_file_set_contents(full, text, -1, NULL));
}

/* A database with one answer to query-name. */
static void fill(const Place *place, const char *path, const char *name)
{
    const char *const nothing[] = {NULL};
    g_autofree char *full = below(place, path);
    g_autoptr(CapsStore) store = caps_store_open(full, CAPS_STORE_WRITE, NULL);
    CapsQuestion question = {.command = "query-name"};
    g_auto(CapsAnswer) answer = {.value = json_string(name), .asked = 1000};

    assert_non_null(store);
    assert_true(caps_store_begin(store, NULL));
    assert_true(
        caps_answer_save(store, &identity, &question, NULL, nothing, "host", &answer, NULL));
    assert_true(caps_store_end(store, true, NULL));
}

/* Static and host layers are files that nobody writes any more. */
static void fill_snapshot(const Place *place, const char *path, const char *name)
{
    g_autofree char *full = below(place, path);
    sqlite3 *db;

    fill(place, path, name);
    assert_int_equal(sqlite3_open(full, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    g_chmod(full, 0444);
}

static CapsLayers *open_all(void)
{
    const CapsPlace place = {0};
    CapsLayers *layers = caps_layers_open(&place, NULL);
    assert_non_null(layers);
    return layers;
}

/* "LAYER: VALUE" of the first that answers query-name, or "nothing". */
/* Without the file that they begin with. */
static const char *words_of(const CapsAnswer *answer)
{
    assert_true(g_str_has_prefix(answer->message, answer->file));
    return answer->message + strlen(answer->file) + strlen(": ");
}

static char *who_answers(CapsLayers *layers)
{
    CapsQuestion question = {.command = "query-name"};
    g_auto(CapsAnswer) answer = {0};

    if (!caps_layers_find(layers, &identity, &question, "host", &answer)) {
        return g_strdup("nothing");
    }
    return g_strdup_printf("%s: %s", answer.layer,
                           answer.value ? json_string_value(answer.value) : words_of(&answer));
}

#define ASSERT_ANSWERS(layers, expected)                                                           \
    do {                                                                                           \
        g_autofree char *got_ = who_answers(layers);                                               \
        assert_string_equal(got_, expected);                                                       \
    } while (0)

/* ---- trust ----------------------------------------------------------------------------------- */

static bool is_trusted(const char *path, uid_t owner, const char *why)
{
    g_autoptr(GError) error = NULL;
    bool trusted = caps_path_is_trusted(NULL, path, owner, &error);

    if (!trusted) {
        assert_true(g_error_matches(error, CAPS_ERROR, CAPS_ERROR_UNTRUSTED));
        if (!why || !strstr(error->message, why)) {
            fail_msg("%s; expected %s", error->message, why ? why : "trust");
        }
    }
    return trusted;
}

static void test_who_is_trusted(void **state)
{
    const Place *place = *state;
    uid_t me = geteuid();
    g_autofree char *file = below(place, "a/b/file");
    g_autofree char *missing = below(place, "a/b/missing/more");
    g_autofree char *folder = below(place, "a");
    g_autofree char *inner = below(place, "a/b");
    g_autofree char *link = below(place, "link");
    g_autofree char *round = below(place, "round");
    g_autofree char *up = below(place, "a/b/../b/./file");
    write_file(place, "a/b/file", "x");
    assert_int_equal(symlink("a/b/file", link), 0);
    assert_int_equal(symlink("round", round), 0);

    assert_true(is_trusted(file, me, NULL));
    assert_true(is_trusted(link, me, NULL));
    assert_true(is_trusted(missing, me, NULL));
    assert_true(is_trusted(up, me, NULL));
    assert_false(is_trusted(round, me, "leads nowhere"));
    g_chmod(file, 0666);
    assert_false(is_trusted(file, me, "can be written by others"));
    assert_false(is_trusted(link, me, "can be written by others"));
    g_chmod(file, 0620);
    assert_false(is_trusted(file, me, "can be written by others"));
    g_chmod(file, 0644);
    g_chmod(folder, 0777);
    assert_false(is_trusted(file, me, "can be written by others"));
    assert_false(is_trusted(link, me, "can be written by others"));
    /* In a folder with the sticky bit others change only what is theirs; but they can add. */
    g_chmod(folder, 0755);
    g_chmod(inner, 01777);
    assert_true(is_trusted(file, me, NULL));
    assert_true(is_trusted(up, me, NULL));
    assert_false(is_trusted(missing, me, "can be made by others"));
}

static void test_whose_files_are_trusted(void **state)
{
    const Place *place = *state;
    g_autofree char *file = below(place, "a/file");
    g_autofree char *link = below(place, "link");
    write_file(place, "a/file", "x");
    if (geteuid() != 0) {
        print_message("skipped: only root can give files away\n");
        skip();
    }
    assert_int_equal(symlink("a/file", link), 0);
    assert_int_equal(chown(file, SOMEBODY, SOMEBODY), 0);
    assert_false(is_trusted(file, 0, "belongs to another user"));
    assert_true(is_trusted(file, SOMEBODY, NULL));
    assert_int_equal(chown(file, 0, 0), 0);
    assert_true(is_trusted(file, SOMEBODY, NULL));
    assert_int_equal(lchown(link, SOMEBODY, SOMEBODY), 0);
    assert_false(is_trusted(link, 0, "belongs to another user"));
}

/* ---- the order ------------------------------------------------------------------------------- */

#define PIN(what) "[{\"emulator\": \"/usr/bin/emulator\", \"command\": \"query-name\", " what "}]"

static void test_the_order_of_the_layers(void **state)
{
    const Place *place = *state;
    {
        g_autoptr(CapsLayers) layers = open_all();
        ASSERT_ANSWERS(layers, "nothing");
        assert_null(caps_layers_notes(layers));
    }
    fill_snapshot(place, "usr/lib/capsdb/b.db", "second");
    {
        g_autoptr(CapsLayers) layers = open_all();
        ASSERT_ANSWERS(layers, "static: second");
    }
    fill_snapshot(place, "usr/lib/capsdb/a.db", "first");
    {
        g_autoptr(CapsLayers) layers = open_all();
        ASSERT_ANSWERS(layers, "static: first");
    }
    fill_snapshot(place, "var/cache/capsdb/host.db", "here");
    {
        g_autoptr(CapsLayers) layers = open_all();
        ASSERT_ANSWERS(layers, "host: here");
    }
    fill(place, "capsdb.db", "mine");
    {
        g_autoptr(CapsLayers) layers = open_all();
        ASSERT_ANSWERS(layers, "user: mine");
    }
    write_file(place, "etc/capsdb.d/site.pins", PIN("\"value\": \"pinned\""));
    {
        g_autoptr(CapsLayers) layers = open_all();
        ASSERT_ANSWERS(layers, "pins: pinned");
        assert_null(caps_layers_notes(layers));
    }
}

/* A file that is named is alone. */
static void test_a_named_file_is_the_only_layer(void **state)
{
    const Place *place = *state;
    g_autofree char *file = below(place, "other.db");
    const CapsPlace named = {.file = file};
    write_file(place, "etc/capsdb.d/site.pins", PIN("\"value\": \"pinned\""));
    fill_snapshot(place, "usr/lib/capsdb/a.db", "first");
    g_autoptr(CapsLayers) layers = caps_layers_open(&named, NULL);
    ASSERT_ANSWERS(layers, "nothing");
    assert_int_equal(caps_layers_count(layers), 1);
}

/* ---- pins ------------------------------------------------------------------------------------ */

static void test_pins(void **state)
{
    const Place *place = *state;
    static const struct {
        const char *text, *answer, *note; /* note NULL: none */
    } rows[] = {
        {"[]", "nothing", NULL},
        {PIN("\"value\": \"x\""), "pins: x", NULL},
        {PIN("\"quarantine\": \"kills it\""), "pins: kills it", NULL},
        {PIN("\"target\": {}, \"value\": \"x\""), "pins: x", NULL},
        {PIN("\"target\": {\"machine\": \"m\"}, \"value\": \"x\""), "nothing", NULL},
        {PIN("\"arguments\": {\"a\": 1}, \"value\": \"x\""), "nothing", NULL},
        {"[{\"identity\": \"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef\","
         "\"command\": \"query-name\", \"value\": \"x\"}]",
         "pins: x", NULL},
        {"[{\"identity\": \"00\", \"command\": \"query-name\", \"value\": \"x\"}]", "nothing",
         NULL},
        {"[{\"emulator\": \"/other\", \"command\": \"query-name\", \"value\": \"x\"}]", "nothing",
         NULL},
        {PIN("\"value\": \"x\", \"quarantine\": \"y\""), "nothing", "pin 1"},
        {PIN("\"colour\": \"x\""), "nothing", "no member \"colour\""},
        {PIN("\"quarantine\": 18446744073709551615"), "nothing", "not a text"},
        {PIN("\"target\": [], \"value\": \"x\""), "nothing", "not an object"},
        {"[7, {\"emulator\": \"/usr/bin/emulator\", \"command\": \"query-name\","
         "\"value\": \"x\"}]",
         "pins: x", "pin 1"},
        {"{}", "nothing", "not a JSON array"},
        {"[", "nothing", "site.pins"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        write_file(place, "etc/capsdb.d/site.pins", rows[i].text);
        g_autoptr(CapsLayers) layers = open_all();
        g_autofree char *got = who_answers(layers);
        const char *notes = caps_layers_notes(layers);
        if (strcmp(got, rows[i].answer) || !notes != !rows[i].note ||
            (notes && !strstr(notes, rows[i].note))) {
            fail_msg("%s: %s (%s)", rows[i].text, got, notes ? notes : "no note");
        }
    }
}

static void test_a_quarantined_question_has_a_reason(void **state)
{
    const Place *place = *state;
    CapsQuestion question = {.command = "query-name"};
    g_auto(CapsAnswer) answer = {0};
    write_file(place, "etc/capsdb.d/site.pins", PIN("\"quarantine\": \"kills it\""));
    g_autoptr(CapsLayers) layers = open_all();
    assert_true(caps_layers_find(layers, &identity, &question, "host", &answer));
    assert_string_equal(caps_reason_word(answer.reason), "Quarantined");
    assert_int_equal(caps_reason_code(answer.reason), CAPSDB_UNKNOWN);
}

/* ---- layers that are no good ----------------------------------------------------------------- */

static void lose(const char *file)
{
    g_remove(file);
}

static void open_to_all(const char *file)
{
    g_chmod(file, 0666);
}

static void give_away(const char *file)
{
    assert_int_equal(chown(file, SOMEBODY, SOMEBODY), 0);
}

static void fill_with_nonsense(const char *file)
{
    g_chmod(file, 0644);
    assert_true(g_file_set_contents(file,
                                    "nonsense, and more of it than a header has: nonsense,"
                                    " nonsense, nonsense, nonsense, nonsense, nonsense",
                                    -1, NULL));
}

static void empty(const char *file)
{
    g_chmod(file, 0644);
    assert_true(g_file_set_contents(file, "", 0, NULL));
}

static void replace_by_link(const char *file)
{
    g_autofree char *moved = g_strconcat(file, ".moved", NULL);
    assert_int_equal(rename(file, moved), 0);
    assert_int_equal(symlink(moved, file), 0);
}

static void replace_by_folder(const char *file)
{
    g_remove(file);
    assert_int_equal(g_mkdir(file, 0755), 0);
}

static void change(const char *file, const char *sql)
{
    sqlite3 *db;
    g_chmod(file, 0644);
    assert_int_equal(sqlite3_open(file, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void make_newer(const char *file)
{
    change(file, "PRAGMA user_version = 1000");
}

static void make_older(const char *file)
{
    change(file, "PRAGMA user_version = 1");
}

static void break_seals(const char *file)
{
    change(file, "UPDATE answer SET asked = asked + 1");
}

static void open_folder_to_all(const char *file)
{
    g_autofree char *folder = g_path_get_dirname(file);
    g_chmod(folder, 0777);
}

static const struct {
    const char *name;
    void (*spoil)(const char *file);
    bool told, as_root;
} spoils[] = {
    {"missing", lose, false, false},
    {"world-writable", open_to_all, true, false},
    {"of another user", give_away, true, true},
    {"nonsense", fill_with_nonsense, true, false},
    {"empty", empty, true, false},
    {"a symbolic link", replace_by_link, true, false},
    {"a folder", replace_by_folder, true, false},
    {"newer", make_newer, true, false},
    {"older", make_older, true, false},
    {"seals that do not hold", break_seals, true, false},
    {"in a folder that all may write", open_folder_to_all, true, false},
};

/* Host and static, each spoiled in each way: told of, not believed, and the next one answers. */
static void test_a_layer_that_is_no_good_is_left_out(void **state)
{
    static const char *const paths[] = {"var/cache/capsdb/host.db", "usr/lib/capsdb/a.db"};
    for (size_t i = 0; i < G_N_ELEMENTS(spoils) * G_N_ELEMENTS(paths); i++) {
        const char *path = paths[i % 2];
        if (spoils[i / 2].as_root && geteuid() != 0) {
            print_message("left out: %s: only root can give files away\n", spoils[i / 2].name);
            continue;
        }
        tear_down(state);
        assert_int_equal(set_up(state), 0);
        const Place *place = *state;
        g_autofree char *file = below(place, path);
        fill_snapshot(place, path, "spoiled");
        fill_snapshot(place, "usr/lib/capsdb/z.db", "good");
        spoils[i / 2].spoil(file);
        g_autoptr(CapsLayers) layers = open_all();
        g_autofree char *got = who_answers(layers);
        const char *notes = caps_layers_notes(layers);
        /* A folder that all may write makes all in it worthless. */
        bool all = spoils[i / 2].spoil == open_folder_to_all && i % 2;
        if (strcmp(got, all ? "nothing" : "static: good") || !notes == spoils[i / 2].told) {
            fail_msg("%s, %s: %s (%s)", path, spoils[i / 2].name, got, notes ? notes : "not told");
        }
    }
}

/* The same of the user's own: without it, or with one begun anew. */
static void test_the_own_layer_that_is_no_good(void **state)
{
    for (size_t i = 0; i < G_N_ELEMENTS(spoils); i++) {
        if (spoils[i].as_root && geteuid() != 0) {
            print_message("left out: %s: only root can give files away\n", spoils[i].name);
            continue;
        }
        tear_down(state);
        assert_int_equal(set_up(state), 0);
        const Place *place = *state;
        g_autofree char *file = below(place, "capsdb.db");
        fill(place, "capsdb.db", "spoiled");
        if (spoils[i].spoil == make_older || spoils[i].spoil == empty) {
            continue; /* those are brought up to date, and test_store.c has them */
        }
        spoils[i].spoil(file);
        g_autoptr(CapsLayers) layers = open_all();
        g_autofree char *got = who_answers(layers);
        const char *notes = caps_layers_notes(layers);
        if (strcmp(got, "nothing") || !notes == spoils[i].told) {
            fail_msg("%s: %s (%s)", spoils[i].name, got, notes ? notes : "not told");
        }
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_who_is_trusted),
        TEST(test_whose_files_are_trusted),
        TEST(test_the_order_of_the_layers),
        TEST(test_a_named_file_is_the_only_layer),
        TEST(test_pins),
        TEST(test_a_quarantined_question_has_a_reason),
        TEST(test_a_layer_that_is_no_good_is_left_out),
        TEST(test_the_own_layer_that_is_no_good),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
