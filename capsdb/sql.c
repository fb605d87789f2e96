/* sql: one statement over the views, read-only and bounded (views: store.h). */
#include "items.h"

#include "probe.h"
#include "views.h"

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

/* Without a statement: the views and what they are, the columns with theirs. */
static bool give_views(const CapsItems *items)
{
    bool wanted = true;

    for (const CapsViewDoc *view = caps_view_docs; view->view && wanted;) {
        json_t *item = json_pack("{s:s, s:s}", "view", view->view, "doc", view->doc);
        json_t *columns = json_array();
        for (view++; view->view && view->column; view++) {
            json_array_append_new(columns,
                                  json_pack("{s:s, s:s}", "name", view->column, "doc", view->doc));
        }
        json_object_set_new(item, "columns", columns);
        wanted = caps_items_give(items, item);
    }
    return true;
}

static sqlite3_stmt *prepare(sqlite3 *db, const char *text, GError **error)
{
    sqlite3_stmt *statement = NULL;
    const char *rest = NULL;

    int code = sqlite3_prepare_v2(db, text, -1, &statement, &rest);
    if (code == SQLITE_AUTH) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_USAGE,
                    "only a SELECT is run here: the statement does more than read");
    } else if (code != SQLITE_OK) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_USAGE, "%s", sqlite3_errmsg(db));
    } else if (!statement || rest[strspn(rest, " \t\r\n;")]) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_USAGE, "wanted: one SELECT statement");
        sqlite3_finalize(statement);
        statement = NULL;
    }
    return statement;
}

static bool give_rows(CapsStore *store, sqlite3_stmt *statement, unsigned long max_rows,
                      const CapsItems *items, GError **error)
{
    int code;

    for (unsigned long row = 0; (code = sqlite3_step(statement)) == SQLITE_ROW; row++) {
        if (row == max_rows) {
            g_set_error(error, CAPS_ERROR, CAPS_ERROR_USAGE,
                        "the statement gives more than %lu rows; see LIMIT, and --rows", max_rows);
            return false;
        }
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

bool caps_give_sql(CapsLayers *layers, const char *text, const CapsSqlLimits *limits,
                   const CapsItems *items, GError **error)
{
    CapsStore *store = text ? first_store(layers, error) : NULL;
    int64_t deadline = g_get_monotonic_time() + limits->deadline_ms * 1000LL;

    if (!text) {
        return give_views(items);
    }
    if (!store) {
        return false;
    }
    sqlite3 *db = caps_store_sqlite(store);
    /* Old releases of SQLite call json_extract() unsafe in a view; the views are our own. */
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 1, NULL);
    sqlite3_set_authorizer(db, authorize, NULL);
    sqlite3_progress_handler(db, 10000, is_late, &deadline);
    sqlite3_stmt *statement = prepare(db, text, error);
    bool ok = statement && give_rows(store, statement, limits->max_rows, items, error);
    sqlite3_finalize(statement);
    return ok;
}
