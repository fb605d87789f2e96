/* sql: one statement over the views, read-only and bounded (views: store.h). */
#include "items.h"

#include "probe.h"

#include <string.h>

/* Nothing but reading: no ATTACH, no PRAGMA, no writing, whatever the statement is. */
static int authorize(void *context, int action, const char *one, const char *two, const char *three,
                     const char *four)
{
    (void)context, (void)one, (void)two, (void)three, (void)four;
    return action == SQLITE_SELECT || action == SQLITE_READ || action == SQLITE_FUNCTION ||
                   action == SQLITE_RECURSIVE
               ? SQLITE_OK
               : SQLITE_DENY;
}

static int is_late(void *context)
{
    return g_get_monotonic_time() > *(int64_t *)context;
}

/* Without a statement: the views and their columns. */
#define SELECT_VIEWS                                                                               \
    "SELECT m.name AS view, group_concat(c.name, ', ') AS columns FROM sqlite_schema AS m, "       \
    "pragma_table_info(m.name) AS c WHERE m.type = 'view' GROUP BY m.name ORDER BY m.name"

static sqlite3_stmt *prepare(sqlite3 *db, const char *text, GError **error)
{
    sqlite3_stmt *statement = NULL;
    const char *rest = NULL;

    if (sqlite3_prepare_v2(db, text, -1, &statement, &rest) != SQLITE_OK) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_USAGE, "%s", sqlite3_errmsg(db));
    } else if (!statement || rest[strspn(rest, " \t\r\n;")]) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_USAGE, "wanted: one SELECT statement");
        sqlite3_finalize(statement);
        statement = NULL;
    }
    return statement;
}

static bool give_rows(CapsStore *store, sqlite3_stmt *statement, const CapsItems *items,
                      GError **error)
{
    int code;

    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        if (!caps_items_give(items, caps_items_row(statement))) {
            return true;
        }
    }
    if (code == SQLITE_INTERRUPT) {
        g_set_error(error, PRB_ERROR, PRB_ERROR_SILENT,
                    "the statement took too long; see --deadline");
    } else if (code == SQLITE_ERROR || code == SQLITE_TOOBIG) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_USAGE, "%s",
                    sqlite3_errmsg(caps_store_sqlite(store)));
    } else if (code != SQLITE_DONE) {
        caps_store_set_error(store, code, "reading", error);
    }
    return code == SQLITE_DONE;
}

/* The database that is looked into. */
static CapsStore *first_store(CapsLayers *layers, GError **error)
{
    CapsStore *store = caps_layers_memo(layers);
    if (!store) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_UNKNOWN, "there is no database yet");
    }
    return store;
}

bool caps_give_sql(CapsLayers *layers, const char *text, unsigned deadline_ms,
                   const CapsItems *items, GError **error)
{
    CapsStore *store = first_store(layers, error);
    sqlite3 *db = store ? caps_store_sqlite(store) : NULL;
    int64_t deadline = g_get_monotonic_time() + deadline_ms * 1000LL;

    if (!db) {
        return false;
    }
    /* Old releases of SQLite call json_extract() unsafe in a view; the views are our own. */
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 1, NULL);
    if (text) {
        sqlite3_set_authorizer(db, authorize, NULL);
    }
    sqlite3_progress_handler(db, 10000, is_late, &deadline);
    sqlite3_stmt *statement = prepare(db, text ? text : SELECT_VIEWS, error);
    bool ok = statement && give_rows(store, statement, items, error);
    sqlite3_finalize(statement);
    return ok;
}
