/* Migrations: a file of each version there ever was is opened, brought up to date, and answers what
 * was stored in it. tests/stores/N.sql is what the program of that version wrote (its .dump):
 * dies-on-item added, teller asked about some targets. A new migration brings the file of the
 * version before it. */
#include "migrations.h"
#include "place.h"
#include "wire.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

static void load(const Place *place, size_t version)
{
    g_autofree char *path = g_strdup_printf(VITRINE_TESTS "/stores/%zu.sql", version);
    g_autofree char *sql = NULL;
    sqlite3 *db;
    char *problem = NULL;

    if (!g_file_get_contents(path, &sql, NULL, NULL)) {
        fail_msg("there is no %s", path);
    }
    assert_int_equal(sqlite3_open(place->file, &db), SQLITE_OK);
    sqlite3_exec(db, sql, NULL, NULL, &problem);
    assert_null(problem);
    sqlite3_close(db);
    g_chmod(place->file, 0600);
}

static CapsIdentity emulators[] = {
    {.hash = (char *)"e8454561dce7879153fd0fa46c244319308cd4cc8b873d3452853a480452a437"},
    {.hash = (char *)"e527ee910871bea61d9b28785e94dee3cc5a22a1adeec350d291e4ae5986fa14"},
};

static const struct {
    int emulator;
    const char *command, *arguments, *target;
    const char *answer; /* JSON, or the words of a refusal; NULL: nothing is stored */
} facts[] = {
    {0, "query-machines", NULL, NULL,
     "[{\"cpu-max\":1,\"hotpluggable-cpus\":false,\"name\":\"board\"}]"},
    {0, "device-list-properties", "{\"typename\": \"disk\"}", NULL,
     "[{\"name\":\"id\",\"type\":\"str\"}]"},
    {0, "device-list-properties", "{\"typename\": \"net\"}", NULL,
     "/srv/emulators/dies-on-item: device-list-properties: was killed by signal 6 (Aborted)"},
    {0, "device-list-properties", "{\"typename\": \"other\"}", NULL, NULL},
    {0, "query-version", NULL, NULL, "no version"},
    {0, "query-no-such", NULL, NULL, "The command query-no-such has not been found"},
    {1, "query-version", NULL, NULL, NULL},
    {1, "query-hardware", NULL, "{\"machine\": \"board\"}",
     "{\"a\":\"off\",\"machine\":\"board-1.0\"}"},
    {1, "query-hardware", NULL, "{\"machine\": \"board\", \"options\": {\"a\": \"on\"}}",
     "{\"a\":\"on\",\"machine\":\"board-1.0\",\"memory\":\"128M\"}"},
    {1, "query-hardware", NULL, "{\"machine\": \"board\", \"options\": {\"b\": \"on\"}}", NULL},
    {1, "query-hardware", NULL, "{\"machine\": \"nonsense\"}", "there is no machine nonsense"},
};

static json_t *parse(const char *text)
{
    return text ? wire_json_parse(text, strlen(text), &wire_limits_request, NULL) : NULL;
}

static void check_fact(CapsStore *store, size_t i)
{
    g_autoptr(GError) error = NULL;
    g_auto(CapsAnswer) answer = {0};
    CapsQuestion question = {facts[i].command, parse(facts[i].arguments), parse(facts[i].target)};
    int found =
        caps_answer_find(store, &emulators[facts[i].emulator], &question, "host", &answer, &error);

    assert_null(error);
    assert_int_equal(found, facts[i].answer ? 1 : 0);
    if (found) {
        g_autofree char *text =
            answer.value ? wire_json_print(answer.value, WIRE_JSON_CANONICAL) : NULL;
        assert_string_equal(text ? text : answer.message, facts[i].answer);
        assert_true(answer.asked > 1796000000);
    }
    json_decref(question.arguments);
    json_decref(question.target);
}

static char *first_text(CapsStore *store, const char *sql)
{
    sqlite3_stmt *row = caps_store_prepare(store, sql, NULL, "");
    assert_non_null(row);
    assert_int_equal(caps_store_step(store, row, NULL), 1);
    char *text = g_strdup((const char *)sqlite3_column_text(row, 0));
    sqlite3_reset(row);
    return text;
}

static void check_text(CapsStore *store, const char *sql, const char *expected)
{
    g_autofree char *text = first_text(store, sql);
    assert_string_equal(text, expected);
}

static void check_views(CapsStore *store)
{
    sqlite3_db_config(caps_store_sqlite(store), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 1, NULL);
    check_text(store, "SELECT group_concat(name) FROM machines", "board");
    check_text(store, "SELECT group_concat(name) FROM device_types", "disk,net,serial");
    check_text(store, "SELECT group_concat(device_type || '.' || name) FROM properties",
               "disk.id,serial.id");
    check_text(store, "SELECT group_concat(arguments) FROM quarantined", "{\"typename\":\"net\"}");
    check_text(store, "SELECT count(*) FROM answers", "24");
    check_text(store, "SELECT json_array_length(reply_text(parts)) > 1 FROM identity", "1");
    check_text(store, "PRAGMA integrity_check", "ok");
    check_text(store, "SELECT count(*) FROM pragma_foreign_key_check", "0");
}

#define SELECT_SCHEMA                                                                              \
    "SELECT group_concat(sql, char(10)) FROM (SELECT sql FROM sqlite_schema "                      \
    "ORDER BY type, name)"

static void test_each_version_answers_what_it_did(void **state)
{
    Place *place = *state;
    CapsStore *fresh = place_open(place);
    g_autofree char *schema = first_text(fresh, SELECT_SCHEMA);

    caps_store_close(fresh);
    for (size_t version = 1; version < caps_n_migrations; version++) {
        place_clear(place);
        load(place, version);
        CapsStore *store = place_open(place);
        assert_null(caps_store_note(store));
        for (size_t i = 0; i < G_N_ELEMENTS(facts); i++) {
            check_fact(store, i);
        }
        check_views(store);
        check_text(store, SELECT_SCHEMA, schema);
        assert_true(place_fill(store, 0, 10, NULL));
        assert_int_equal(place_count(store, 10, NULL), 10);
        caps_store_close(store);
    }
}

/* A file that is not what its version says is damage, and is moved aside as it was: a migration
 * that stops in the middle has done nothing. */
static void test_a_migration_is_all_or_nothing(void **state)
{
    Place *place = *state;
    sqlite3 *db;

    load(place, 1);
    assert_int_equal(sqlite3_open(place->file, &db), SQLITE_OK);
    /* In the way of the second of the migrations that are pending. */
    assert_int_equal(sqlite3_exec(db, "CREATE TABLE dictionary (x)", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    CapsStore *store = place_open(place);
    assert_non_null(strstr(caps_store_note(store), "moved aside as "));
    const char *aside =
        strstr(caps_store_note(store), "moved aside as ") + strlen("moved aside as ");
    g_autofree char *path = g_strndup(aside, strcspn(aside, ","));
    check_text(store, "SELECT count(*) FROM answer", "0");
    caps_store_close(store);

    assert_int_equal(rename(path, place->file), 0);
    assert_int_equal(sqlite3_open(place->file, &db), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "DROP TABLE dictionary", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    store = place_open(place);
    assert_null(caps_store_note(store));
    for (size_t i = 0; i < G_N_ELEMENTS(facts); i++) {
        check_fact(store, i);
    }
    caps_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        PLACE_TEST(test_each_version_answers_what_it_did),
        PLACE_TEST(test_a_migration_is_all_or_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
