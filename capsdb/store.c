/* store: opening, migrating, sealing and rebuilding the database file (format: store.h). */
#include "store.h"

#include "dbfile.h"
#include "flight.h"
#include "functions.h"
#include "migrations.h"

#include <string.h>
#include <unistd.h>

#define BUSY_MS  5000
#define RETRY_US 1000

struct CapsStore {
    sqlite3 *db;
    char *path;
    char *note;
    bool writable;
    unsigned patience_ms;
    int64_t waiting_since;    /* us, monotonic; of the wait for a lock of SQLite's */
    GHashTable *statements;   /* text -> sqlite3_stmt * */
    GHashTable *dictionaries; /* GBytes -> text */
};

GQuark caps_error_quark(void)
{
    return g_quark_from_static_string("caps-error-quark");
}

void caps_pass_error(GError **problem, GError **error)
{
    if (*problem) {
        g_propagate_error(error, g_steal_pointer(problem));
    }
}

/* ---- errors ---------------------------------------------------------------------------------- */

void caps_store_set_error(CapsStore *store, int code, const char *doing, GError **error)
{
    CapsErrorCode ours = CAPS_ERROR_UNUSABLE;
    const char *why = store->db ? sqlite3_errmsg(store->db) : sqlite3_errstr(code);

    switch (code & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_CONSTRAINT: /* no statement here breaks one unless an index lies */
        ours = CAPS_ERROR_DAMAGED;
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        ours = CAPS_ERROR_LOCKED;
        why = "another process holds it";
        break;
    case SQLITE_READONLY:
    case SQLITE_PERM:
        ours = CAPS_ERROR_READ_ONLY;
        break;
    default:
        break;
    }
    g_set_error(error, CAPS_ERROR, (int)ours, "%s: %s: %s", store->path, doing, why);
}

static bool check(CapsStore *store, int code, const char *doing, GError **error)
{
    if (code == SQLITE_OK || code == SQLITE_DONE || code == SQLITE_ROW) {
        return true;
    }
    caps_store_set_error(store, code, doing, error);
    return false;
}

static void set_damaged(const CapsStore *store, const char *what, GError **error)
{
    g_set_error(error, CAPS_ERROR, CAPS_ERROR_DAMAGED, "%s: damaged: %s", store->path, what);
}

/* Of statements that fit every file of the version it says it is: SQLite finds them wrong only for
 * one that is not. */
static bool check_fits(CapsStore *store, int code, const char *doing, GError **error)
{
    if ((code & 0xff) == SQLITE_ERROR) {
        set_damaged(store, sqlite3_errmsg(store->db), error);
        return false;
    }
    return check(store, code, doing, error);
}

static bool execute(CapsStore *store, const char *sql, GError **error)
{
    return check(store, sqlite3_exec(store->db, sql, NULL, NULL, NULL), "using it", error);
}

static bool execute_fitting(CapsStore *store, const char *sql, GError **error)
{
    return check_fits(store, sqlite3_exec(store->db, sql, NULL, NULL, NULL), "using it", error);
}

/* ---- statements ------------------------------------------------------------------------------ */

static int bind_hex(sqlite3_stmt *statement, int index, const char *hex)
{
    uint8_t bytes[32];
    for (size_t i = 0; i < sizeof(bytes); i++) {
        bytes[i] =
            (uint8_t)(g_ascii_xdigit_value(hex[2 * i]) << 4 | g_ascii_xdigit_value(hex[2 * i + 1]));
    }
    return sqlite3_bind_blob(statement, index, bytes, sizeof(bytes), SQLITE_TRANSIENT);
}

/* A code of SQLite's: what is not bound would be NULL. */
static int bind_values(sqlite3_stmt *statement, const char *values, va_list list)
{
    int code = SQLITE_OK;

    for (int i = 1; *values && code == SQLITE_OK; i++, values++) {
        const void *bytes;
        switch (*values) {
        case 't':
            code =
                sqlite3_bind_text(statement, i, va_arg(list, const char *), -1, SQLITE_TRANSIENT);
            break;
        case 'i':
            code = sqlite3_bind_int64(statement, i, va_arg(list, int64_t));
            break;
        case 'b':
            bytes = va_arg(list, const void *);
            code = sqlite3_bind_blob64(statement, i, bytes, va_arg(list, size_t), SQLITE_TRANSIENT);
            break;
        default:
            g_assert(*values == 'h');
            bytes = va_arg(list, const char *);
            if (bytes) {
                code = bind_hex(statement, i, bytes);
            }
        }
    }
    return code;
}

static sqlite3_stmt *prepare(CapsStore *store, const char *sql, const char *values, va_list list,
                             GError **error)
{
    sqlite3_stmt *statement = g_hash_table_lookup(store->statements, sql);

    if (!statement) {
        int code =
            sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &statement, NULL);
        if (!check_fits(store, code, "using it", error)) {
            return NULL;
        }
        g_hash_table_insert(store->statements, g_strdup(sql), statement);
    }
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
    return check(store, bind_values(statement, values, list), "using it", error) ? statement : NULL;
}

sqlite3_stmt *caps_store_prepare(CapsStore *store, const char *sql, GError **error,
                                 const char *values, ...)
{
    va_list list;
    va_start(list, values);
    sqlite3_stmt *statement = prepare(store, sql, values, list, error);
    va_end(list);
    return statement;
}

int caps_store_step(CapsStore *store, sqlite3_stmt *statement, GError **error)
{
    int code = sqlite3_step(statement);
    if (code == SQLITE_ROW) {
        return 1;
    }
    bool ok = check(store, code, "reading", error);
    sqlite3_reset(statement);
    return ok ? 0 : -1;
}

bool caps_store_run(CapsStore *store, const char *sql, GError **error, const char *values, ...)
{
    va_list list;
    va_start(list, values);
    sqlite3_stmt *statement = prepare(store, sql, values, list, error);
    va_end(list);
    if (!statement) {
        return false;
    }
    int code = sqlite3_step(statement);
    bool ok = check(store, code, "writing", error);
    sqlite3_reset(statement);
    return ok;
}

sqlite3 *caps_store_sqlite(CapsStore *store)
{
    return store->db;
}

GHashTable *caps_store_dictionaries(CapsStore *store)
{
    return store->dictionaries;
}

void caps_store_set_patience(CapsStore *store, bool patient)
{
    store->patience_ms = patient ? BUSY_MS : 0;
}

/* SQLite's own one sleeps longer and longer, and so comes too late again and again. */
static int wait_for_lock(void *context, int tries)
{
    CapsStore *store = context;
    int64_t now = g_get_monotonic_time();

    if (tries == 0) {
        store->waiting_since = now;
    }
    if (now - store->waiting_since >= store->patience_ms * INT64_C(1000)) {
        return 0;
    }
    g_usleep(RETRY_US);
    return 1;
}

/* Its file has another name now, or none: whatever is at the path is not what this has open. */
static bool has_moved(CapsStore *store)
{
    int moved = 0;

    if (store->db) {
        sqlite3_file_control(store->db, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
    }
    return moved;
}

/* SQLite gives its lock to whoever looks first once it is free, which is who had it last: on a slow
 * disk others would wait for ever. So who wants it takes its turn: of all but the one that writes,
 * one waits for SQLite's lock, and the one that wrote cannot pass it. Where no turn can be taken
 * (the disk is full) there is SQLite's lock still. */
bool caps_store_begin(CapsStore *store, GError **error)
{
    g_autoptr(GError) problem = NULL;

    if (!store->writable) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_READ_ONLY, "%s: it cannot be written",
                    store->path);
        return false;
    }
    int turn = caps_flight_begin(store, "to write", store->patience_ms, &problem);
    if (problem) {
        caps_store_set_error(store, SQLITE_BUSY, "using it", error);
        return false;
    }
    bool ok = execute(store, "BEGIN IMMEDIATE", error);
    caps_flight_end(turn);
    if (ok && has_moved(store)) {
        set_damaged(store, "moved or removed while it is in use", error);
        return caps_store_end(store, false, NULL);
    }
    return ok;
}

bool caps_store_end(CapsStore *store, bool ok, GError **error)
{
    if (ok && execute(store, "COMMIT", error)) {
        return true;
    }
    /* A COMMIT that failed may have rolled back already; then this does nothing. */
    sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
    return false;
}

/* ---- opening --------------------------------------------------------------------------------- */

/* The one number that a statement gives. */
static bool get_number(CapsStore *store, const char *sql, int64_t *ret_number, GError **error)
{
    sqlite3_stmt *statement = NULL;
    bool ok =
        check(store, sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL), "header", error) &&
        check(store, sqlite3_step(statement), "header", error);
    if (ok) {
        *ret_number = sqlite3_column_int64(statement, 0);
    }
    sqlite3_finalize(statement);
    return ok;
}

/* One transaction for all that are pending and the new version. */
static bool migrate(CapsStore *store, GError **error)
{
    int64_t version; /* another process may have been first */

    if (!caps_store_begin(store, error)) {
        return false;
    }
    bool ok = get_number(store, "PRAGMA user_version", &version, error);
    for (; ok && version < (int64_t)caps_n_migrations; version++) {
        g_autofree char *mark = g_strdup_printf("PRAGMA user_version = %d", (int)version + 1);
        ok = execute_fitting(store, caps_migrations[version], error) && execute(store, mark, error);
    }
    return caps_store_end(store, ok, error);
}

#define COUNT_TABLES "SELECT count(*) FROM sqlite_schema"
#define COUNT_OURS   COUNT_TABLES " WHERE name IN ('identity', 'reply', 'question', 'answer')"
#define IS_WHOLE     "SELECT integrity_check = 'ok' FROM pragma_integrity_check(1)"

/* Not marked as ours: a file to begin in, a database of another program, or ours with a mark that
 * is damaged. */
static bool set_up_unmarked(CapsStore *store, GError **error)
{
    int64_t tables, ours;

    if (!get_number(store, COUNT_TABLES, &tables, error) ||
        !get_number(store, COUNT_OURS, &ours, error)) {
        return false;
    }
    if (ours == 4) {
        set_damaged(store, "its mark (application_id)", error);
        return false;
    }
    if (tables) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_UNUSABLE, "%s: a database of another program",
                    store->path);
        return false;
    }
    return migrate(store, error);
}

/* A version that this program does not know. That it is newer is believed of a file that is whole.
 */
static void refuse_version(CapsStore *store, int64_t version, GError **error)
{
    int64_t whole;

    if (version < 1 || !get_number(store, IS_WHOLE, &whole, NULL) || !whole) {
        set_damaged(store, "its version", error);
    } else {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_NEWER,
                    "%s: of version %d, this program knows up to %d; use a newer capsdb, or name "
                    "another file with --db",
                    store->path, (int)version, (int)caps_n_migrations);
    }
}

static bool set_up(CapsStore *store, GError **error)
{
    int64_t application, version;

    if (!get_number(store, "PRAGMA application_id", &application, error) ||
        !get_number(store, "PRAGMA user_version", &version, error)) {
        return false;
    }
    if (application == CAPS_APPLICATION_ID && version == (int64_t)caps_n_migrations) {
        return true;
    }
    if (application == CAPS_APPLICATION_ID &&
        (version < 1 || version > (int64_t)caps_n_migrations)) {
        refuse_version(store, version, error);
        return false;
    }
    if (!store->writable) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_READ_ONLY,
                    "%s: of version %d, which is brought to %d where it may be written (capsdb "
                    "update)",
                    store->path, (int)version, (int)caps_n_migrations);
        return false;
    }
    return application == CAPS_APPLICATION_ID ? migrate(store, error)
                                              : set_up_unmarked(store, error);
}

static bool connect_file(CapsStore *store, int flags, bool immutable, GError **error)
{
    g_autofree char *escaped = g_uri_escape_string(store->path, "/", FALSE);
    g_autofree char *uri = g_strconcat("file:", escaped, immutable ? "?immutable=1" : "", NULL);

    int code = sqlite3_open_v2(
        uri, &store->db, flags | SQLITE_OPEN_URI | SQLITE_OPEN_NOFOLLOW | SQLITE_OPEN_PRIVATECACHE,
        NULL);
    if (!check(store, code, "opening", error)) {
        return false;
    }
    store->writable = (flags & SQLITE_OPEN_READWRITE) && !sqlite3_db_readonly(store->db, "main");
    sqlite3_busy_handler(store->db, wait_for_lock, store);
    sqlite3_extended_result_codes(store->db, 1);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(store->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    bool ok = caps_functions_add(store, error) &&
              (!store->writable || execute_fitting(store, "PRAGMA journal_mode = WAL", error)) &&
              execute_fitting(store,
                              "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON;"
                              "PRAGMA temp_store = MEMORY",
                              error) &&
              set_up(store, error);
    if (ok && store->writable && sqlite3_db_readonly(store->db, "main")) {
        set_damaged(store, "its format, which we never wrote", error);
        return false;
    }
    return ok;
}

/* While the file keeps its name. The last to close a file removes its log by name, and that log is
 * of another file once this one has moved. */
static void close_file(CapsStore *store)
{
    int keep = has_moved(store);

    g_hash_table_remove_all(store->statements);
    g_hash_table_remove_all(store->dictionaries);
    if (keep) {
        sqlite3_file_control(store->db, "main", SQLITE_FCNTL_PERSIST_WAL, &keep);
    }
    sqlite3_close(store->db);
    store->db = NULL;
}

static void disconnect_file(CapsStore *store)
{
    int held = store->writable ? caps_flight_hold_file(store, false, store->patience_ms, NULL) : -1;

    close_file(store);
    caps_flight_end(held);
}

/* Where two begin a file at once SQLite lets neither wait for the other: each begins again. */
static bool connect_in_turn(CapsStore *store, GError **error)
{
    int64_t deadline = g_get_monotonic_time() + store->patience_ms * INT64_C(1000);
    g_autoptr(GError) problem = NULL;

    while (!connect_file(store, SQLITE_OPEN_READWRITE, false, &problem) &&
           g_error_matches(problem, CAPS_ERROR, CAPS_ERROR_LOCKED) &&
           g_get_monotonic_time() < deadline) {
        g_clear_error(&problem);
        close_file(store);
        g_usleep(RETRY_US);
    }
    bool ok = !problem;
    caps_pass_error(&problem, error);
    return ok;
}

/* Between the file and its log nobody may put others in their place. */
static bool open_for_writing(CapsStore *store, GError **error)
{
    g_autoptr(GError) problem = NULL;
    int held = caps_flight_hold_file(store, false, store->patience_ms, &problem);

    if (problem) {
        caps_store_set_error(store, SQLITE_BUSY, "opening", error);
    }
    bool ok = !problem &&
              (access(store->path, F_OK) == 0 || caps_dbfile_make(store->path, error)) &&
              connect_in_turn(store, error);
    caps_flight_end(held);
    return ok;
}

/* A WAL file is read through shared memory beside it; where that cannot be made, and no writer left
 * a log, the file is as good as constant. */
static bool open_for_reading(CapsStore *store, CapsStoreMode mode, GError **error)
{
    g_autofree char *log = g_strconcat(store->path, "-wal", NULL);
    g_autofree char *folder = g_path_get_dirname(store->path);
    bool immutable = mode == CAPS_STORE_SNAPSHOT ||
                     (access(folder, W_OK) < 0 && !g_file_test(log, G_FILE_TEST_EXISTS));

    bool ok = connect_file(store, SQLITE_OPEN_READONLY, immutable, error);
    if (!ok && !immutable && access(folder, W_OK) < 0) {
        g_prefix_error(error,
                       "what was written last is in %s, which is only read where something "
                       "can be written beside it: ",
                       log);
    }
    return ok;
}

/* ---- damage ---------------------------------------------------------------------------------- */

static bool move_aside(CapsStore *store, GError **error)
{
    g_autofree char *aside = NULL;

    if (!caps_dbfile_move_aside(store->path, &aside, error)) {
        return false;
    }
    g_free(store->note);
    store->note =
        g_strdup_printf("%s: damaged; moved aside as %s, a new one is begun", store->path, aside);
    return true;
}

/* Many may find it damaged at once: the first moves it. */
bool caps_store_rebuild(CapsStore *store, GError **error)
{
    g_autoptr(GError) problem = NULL;
    int held = caps_flight_hold_file(store, true, store->patience_ms, &problem);

    if (problem) {
        caps_store_set_error(store, SQLITE_BUSY, "moving it aside", error);
        return false;
    }
    if (held < 0) {
        return caps_dbfile_fail_to_move(store->path, error);
    }
    bool moved = has_moved(store);
    close_file(store);
    bool ok = moved || move_aside(store, error);
    caps_flight_end(held);
    return ok && open_for_writing(store, error);
}

CapsStore *caps_store_open(const char *path, CapsStoreMode mode, GError **error)
{
    g_autoptr(GError) problem = NULL;
    CapsStore *store = g_new0(CapsStore, 1);
    bool exists;

    store->path = caps_dbfile_settle(path);
    store->patience_ms = BUSY_MS;
    store->statements = g_hash_table_new_full(g_str_hash, g_str_equal, g_free,
                                              (GDestroyNotify)(void (*)(void))sqlite3_finalize);
    store->dictionaries =
        g_hash_table_new_full(g_bytes_hash, g_bytes_equal, (GDestroyNotify)g_bytes_unref, g_free);
    bool ok = caps_dbfile_look(store->path, mode, &exists, &problem);
    if (ok && !exists && mode != CAPS_STORE_WRITE) {
        ok = false;
        g_set_error(&problem, CAPS_ERROR, CAPS_ERROR_UNKNOWN, "%s: there is no database yet",
                    store->path);
    } else if (ok && mode == CAPS_STORE_WRITE && (!exists || access(store->path, W_OK) == 0)) {
        ok = (exists || caps_dbfile_make_folder(store->path, &problem)) &&
             open_for_writing(store, &problem);
        if (!ok && g_error_matches(problem, CAPS_ERROR, CAPS_ERROR_DAMAGED)) {
            g_clear_error(&problem);
            ok = caps_store_rebuild(store, &problem);
        }
    } else if (ok) {
        ok = open_for_reading(store, mode, &problem);
    }
    if (!ok) {
        g_propagate_error(error, g_steal_pointer(&problem));
        caps_store_close(store);
        return NULL;
    }
    return store;
}

void caps_store_close(CapsStore *store)
{
    if (!store) {
        return;
    }
    disconnect_file(store);
    g_hash_table_unref(store->statements);
    g_hash_table_unref(store->dictionaries);
    g_free(store->path);
    g_free(store->note);
    g_free(store);
}

const char *caps_store_path(const CapsStore *store)
{
    return store->path;
}

const char *caps_store_note(const CapsStore *store)
{
    return store->note;
}

bool caps_store_is_writable(const CapsStore *store)
{
    return store->writable;
}
