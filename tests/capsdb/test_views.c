/* The documented views are those of the database, with the same columns in the same order. */
#include "store.h"
#include "views.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>

typedef struct Place {
    char *folder;
    CapsStore *store;
} Place;

static int set_up(void **state)
{
    Place *place = g_new0(Place, 1);
    place->folder = g_dir_make_tmp("capsdb-views-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(place->folder, "capsdb.db", NULL);
    place->store = caps_store_open(file, CAPS_STORE_WRITE, NULL);
    *state = place;
    if (place->store) { /* as sql.c has it */
        sqlite3_db_config(caps_store_sqlite(place->store), SQLITE_DBCONFIG_TRUSTED_SCHEMA, 1, NULL);
    }
    return place->store ? 0 : -1;
}

static int tear_down(void **state)
{
    Place *place = *state;
    g_autofree char *remove = g_strdup_printf("rm -rf '%s'", place->folder);
    caps_store_close(place->store);
    int status = system(remove);
    g_free(place->folder);
    g_free(place);
    return status;
}

/* Checks the columns of the view that doc begins with; the doc after them. */
static const CapsViewDoc *check_view(CapsStore *store, const CapsViewDoc *doc)
{
    g_autofree char *sql = g_strdup_printf("SELECT * FROM %s", doc->view);
    g_autoptr(GError) error = NULL;
    sqlite3_stmt *statement = caps_store_prepare(store, sql, &error, "");
    int column = 0;

    if (!statement) {
        fail_msg("%s is documented and not there: %s", doc->view, error->message);
    }
    for (doc++; doc->view && doc->column; doc++, column++) {
        if (column >= sqlite3_column_count(statement)) {
            fail_msg("%s.%s is documented and not there", doc->view, doc->column);
        }
        assert_string_equal(sqlite3_column_name(statement, column), doc->column);
        assert_true(*doc->doc);
    }
    if (column < sqlite3_column_count(statement)) {
        fail_msg("%s.%s is not documented in capsdb/views.c", (doc - 1)->view,
                 sqlite3_column_name(statement, column));
    }
    return doc;
}

static void views_are_documented(void **state)
{
    const Place *place = *state;
    g_autoptr(GHashTable) documented = g_hash_table_new(g_str_hash, g_str_equal);

    for (const CapsViewDoc *doc = caps_view_docs; doc->view;) {
        assert_null(doc->column);
        g_hash_table_add(documented, (gpointer)doc->view);
        doc = check_view(place->store, doc);
    }
    sqlite3_stmt *row = caps_store_prepare(
        place->store, "SELECT name FROM sqlite_schema WHERE type = 'view'", NULL, "");
    while (caps_store_step(place->store, row, NULL) == 1) {
        const char *name = (const char *)sqlite3_column_text(row, 0);
        if (!g_hash_table_contains(documented, name)) {
            fail_msg("%s is not documented in capsdb/views.c", name);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(views_are_documented, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
