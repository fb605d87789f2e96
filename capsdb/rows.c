/* rows: which reply becomes rows of which table, as one table of statements.
 *
 * Of a statement's parameters ?1 is the identity, ?2 the reply, ?3 the arguments and ?4 the target,
 * all three as JSON. The replies stay the truth: rows can always be made again, so nothing but SQL
 * is ever answered from them. */
#include "rows.h"

#include "wire.h"

#include <string.h>

typedef struct Rule {
    const char *command;
    const char *condition; /* SQL over ?3 and ?4 */
    const char *sql;
} Rule;

#define NO_TARGET  "?4 = '{}'"
#define TEXT(name) "json_extract(value, '$." name "')"
#define FLAG(name) "COALESCE(json_extract(value, '$." name "'), 0)"
#define EACH       " FROM json_each(?2) WHERE "
#define NAMED      TEXT("name") " NOTNULL AND "

static const Rule rules[] = {
    {"query-machines", NO_TARGET " AND ?3 = '{}'",
     "INSERT OR REPLACE INTO machine SELECT ?1, " TEXT("name") ", " TEXT("alias") ", " FLAG(
         "\"is-"
         "defaul"
         "t\"") ", " FLAG("deprecated") ", " TEXT("\"cpu-max\"") ", " FLAG("\"hotpluggable-"
                                                                           "cpus\"") ", " TEXT("\"d"
                                                                                               "ef"
                                                                                               "aul"
                                                                                               "t-"
                                                                                               "cpu"
                                                                                               "-"
                                                                                               "typ"
                                                                                               "e"
                                                                                               "\"")
         EACH NAMED},
    {"qom-list-types", NO_TARGET " AND json_extract(?3, '$.implements') = 'device'",
     "INSERT OR REPLACE INTO device_type SELECT ?1, " TEXT("name") ", " TEXT(
         "parent") ", NULL" EACH NAMED},
    {"query-device-types", NO_TARGET,
     "INSERT OR REPLACE INTO device_type SELECT ?1, " TEXT("name") ", NULL, " TEXT("doc")
         EACH NAMED},
    {"query-cpu-definitions", NO_TARGET,
     "INSERT OR REPLACE INTO cpu_model SELECT ?1, " TEXT("name") ", " TEXT("typename") ", " TEXT(
         "\"alias-of\"") ", " FLAG("deprecated") ", " FLAG("\"migration-"
                                                           "safe\"") EACH NAMED},
    {"qom-list-types", NO_TARGET " AND json_extract(?3, '$.implements') = 'accel'",
     "INSERT OR REPLACE INTO accelerator SELECT ?1, replace(" TEXT(
         "name") ", '-accel', '')" EACH NAMED},
    {"query-accelerators", NO_TARGET,
     "INSERT OR REPLACE INTO accelerator SELECT ?1, " TEXT("name") EACH NAMED},
    {"qom-list-types", NO_TARGET " AND json_extract(?3, '$.implements') = 'bus'",
     "INSERT OR REPLACE INTO bus_type SELECT ?1, " TEXT("name") ", " TEXT("parent") EACH NAMED},
    {"query-commands", NO_TARGET,
     "INSERT OR REPLACE INTO command SELECT ?1, " TEXT("name") EACH NAMED},
    {"query-command-line-options", NO_TARGET,
     "INSERT OR REPLACE INTO option SELECT ?1, json_extract(list.value, '$.option'), "
     "json_extract(part.value, '$.name'), json_extract(part.value, '$.type'), "
     "part.value -> '$.default', json_extract(part.value, '$.help') "
     "FROM json_each(?2) AS list, json_each(list.value, '$.parameters') AS part "
     "WHERE json_extract(list.value, '$.option') NOTNULL AND "
     "json_extract(part.value, '$.name') NOTNULL AND "},
};

static char *print_object(json_t *object)
{
    return object ? wire_json_print(object, WIRE_JSON_CANONICAL) : g_strdup("{}");
}

bool caps_rows_make(CapsStore *store, int64_t identity, const char *command, json_t *arguments,
                    json_t *target, json_t *value, GError **error)
{
    g_autofree char *reply = NULL;
    g_autofree char *asked = print_object(arguments);
    g_autofree char *about = print_object(target);

    for (size_t i = 0; i < G_N_ELEMENTS(rules); i++) {
        if (!g_str_equal(rules[i].command, command) || !json_is_array(value)) {
            continue;
        }
        if (!reply) {
            reply = wire_json_print(value, WIRE_JSON_CANONICAL);
        }
        g_autofree char *sql =
            g_strdup_printf("%s json_type(?2) = 'array' AND ?1 AND ?3 NOTNULL AND ?4 NOTNULL "
                            "AND %s",
                            rules[i].sql, rules[i].condition);
        if (!caps_store_run(store, sql, error, "ittt", identity, reply, asked, about)) {
            return false;
        }
    }
    return true;
}

/* The answers that rows are made of, with what they were asked. */
#define SELECT_ALL                                                                                 \
    "SELECT identity, command, arguments, inputs, lower(hex(reply)) FROM answer "                  \
    "JOIN question ON question.id = question WHERE reply NOTNULL"

static bool remake_one(CapsStore *store, sqlite3_stmt *row, GError **error)
{
    const char *arguments = (const char *)sqlite3_column_text(row, 2);
    const char *inputs = (const char *)sqlite3_column_text(row, 3);
    json_t *value = caps_reply_load(store, (const char *)sqlite3_column_text(row, 4), error);
    json_t *asked = wire_json_parse(arguments, strlen(arguments), &wire_limits_request, NULL);
    json_t *read = wire_json_parse(inputs, strlen(inputs), &wire_limits_request, NULL);
    bool ok = value &&
              caps_rows_make(store, sqlite3_column_int64(row, 0),
                             (const char *)sqlite3_column_text(row, 1), asked, read, value, error);
    json_decref(value);
    json_decref(asked);
    json_decref(read);
    return ok;
}

bool caps_rows_remake(CapsStore *store, GError **error)
{
    sqlite3_stmt *row = caps_store_prepare(store, SELECT_ALL, error, "");
    int found = -1;

    while (row && (found = caps_store_step(store, row, error)) == 1) {
        if (!remake_one(store, row, error)) {
            sqlite3_reset(row);
            return false;
        }
    }
    return found == 0;
}
