/* sql: one statement over the views, read-only and bounded (views: store.h). */
#include "cli.h"

#include "wire.h"

#include <string.h>

#define MAX_WIDTH 60 /* of a column for people; JSON has everything */

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

static json_t *column_value(sqlite3_stmt *row, int column)
{
    const char *text;

    switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
        return json_integer(sqlite3_column_int64(row, column));
    case SQLITE_FLOAT:
        return json_real(sqlite3_column_double(row, column));
    case SQLITE_NULL:
        return json_null();
    default:
        text = (const char *)sqlite3_column_text(row, column);
        return text ? json_string(text) : json_null();
    }
}

static char *cell_text(json_t *value)
{
    g_autofree char *text = json_is_null(value) ? g_strdup("-")
                            : wire_json_is_string(value)
                                ? g_strdup(json_string_value(value))
                                : wire_json_print(value, WIRE_JSON_COMPACT);
    g_strdelimit(text, "\n\t\r", ' ');
    if (g_utf8_strlen(text, -1) <= MAX_WIDTH) {
        return g_steal_pointer(&text);
    }
    g_autofree char *start = g_utf8_substring(text, 0, MAX_WIDTH - 1);
    return g_strconcat(start, "…", NULL);
}

/* rows: arrays of cells, the first of them the names. */
static void print_table(GPtrArray *rows, int columns)
{
    g_autofree glong *widths = g_new0(glong, (gsize)columns + 1);

    for (guint i = 0; i < rows->len; i++) {
        char **cells = g_ptr_array_index(rows, i);
        for (int c = 0; c < columns; c++) {
            widths[c] = MAX(widths[c], g_utf8_strlen(cells[c], -1));
        }
    }
    for (guint i = 0; i < rows->len; i++) {
        char **cells = g_ptr_array_index(rows, i);
        for (int c = 0; c < columns; c++) {
            glong pad = c + 1 < columns ? widths[c] + 2 - g_utf8_strlen(cells[c], -1) : 0;
            caps_cli_say("%s%*s", cells[c], (int)pad, "");
        }
        caps_cli_say("\n");
    }
}

static char **read_cells(sqlite3_stmt *row, int columns)
{
    char **cells = g_new0(char *, (gsize)columns + 1);
    for (int c = 0; c < columns; c++) {
        json_t *value = column_value(row, c);
        cells[c] = cell_text(value);
        json_decref(value);
    }
    return cells;
}

static void print_object_of(const CapsCli *cli, sqlite3_stmt *row, int columns)
{
    json_t *object = json_object();
    for (int c = 0; c < columns; c++) {
        json_object_set_new(object, sqlite3_column_name(row, c), column_value(row, c));
    }
    caps_cli_print(cli, object);
    json_decref(object);
}

static int run_statement(const CapsCli *cli, sqlite3_stmt *statement)
{
    int columns = sqlite3_column_count(statement), code;
    GPtrArray *rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_strfreev);
    char **names = g_new0(char *, (gsize)columns + 1);

    for (int c = 0; c < columns; c++) {
        names[c] = g_strdup(sqlite3_column_name(statement, c));
    }
    g_ptr_array_add(rows, names);
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        if (cli->json) {
            print_object_of(cli, statement, columns);
        } else {
            g_ptr_array_add(rows, read_cells(statement, columns));
        }
    }
    if (!cli->json && code == SQLITE_DONE) {
        print_table(rows, columns);
    }
    g_ptr_array_unref(rows);
    return code;
}

/* Without a statement: the views and their columns. */
#define SELECT_VIEWS                                                                               \
    "SELECT m.name AS view, group_concat(c.name, ', ') AS columns FROM sqlite_schema AS m, "       \
    "pragma_table_info(m.name) AS c WHERE m.type = 'view' GROUP BY m.name ORDER BY m.name"

/* The database that is looked into. */
static CapsStore *first_store(CapsLayers *layers, GError **error)
{
    CapsStore *store = caps_layers_memo(layers);
    if (!store) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_UNKNOWN, "there is no database yet");
    }
    return store;
}

int caps_cli_sql(const CapsCli *cli, GError **error)
{
    bool given = cli->rest[0] != NULL;
    CAPS_CLI_LAYERS layers = caps_cli_open(cli, CAPS_STORE_READ, error);
    CapsStore *store = layers ? first_store(layers, error) : NULL;
    int64_t deadline = g_get_monotonic_time() + cli->policy.limits.probe_ms * 1000LL;
    sqlite3_stmt *statement = NULL;
    const char *rest = NULL;

    if (!store) {
        return -1;
    }
    sqlite3 *db = caps_store_sqlite(store);
    /* Old releases of SQLite call json_extract() unsafe in a view; the views are our own. */
    sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 1, NULL);
    if (given) {
        sqlite3_set_authorizer(db, authorize, NULL);
    }
    sqlite3_progress_handler(db, 10000, is_late, &deadline);
    int code = sqlite3_prepare_v2(db, given ? cli->rest[0] : SELECT_VIEWS, -1, &statement, &rest);
    if (code == SQLITE_OK && (!statement || *rest || (given && cli->rest[1]))) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_USAGE, "wanted: one SELECT statement");
    } else {
        code = code == SQLITE_OK ? run_statement(cli, statement) : code;
        if (code == SQLITE_INTERRUPT) {
            g_set_error(error, PRB_ERROR, PRB_ERROR_SILENT,
                        "the statement took too long; see --deadline");
        } else if (code != SQLITE_DONE) {
            g_set_error(error, CAPS_ERROR, CAPS_ERROR_USAGE, "%s", sqlite3_errmsg(db));
        }
    }
    sqlite3_finalize(statement);
    return *error ? -1 : CAPS_YES;
}
