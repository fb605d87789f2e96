/* verify: what is stored beside what the emulator says now: where a fact differs, and how many of
 * each emulator do. */
#include "cli.h"

#include "wire.h"

#include <string.h>

typedef struct Verify {
    CliItems items;
    json_t *tally; /* emulator -> {emulator, same, different, untold} */
    bool differs;
} Verify;

/* ---- where two replies part ------------------------------------------------------------------ */

/* The member or element of one that the other has not, or has otherwise; *ret_name is its name,
 * freed with g_free. False: they are the same, or are no two objects, or no two arrays. */
static bool find_part(json_t *one, json_t *other, char **ret_name, json_t **ret_one,
                      json_t **ret_other)
{
    const char *name;
    json_t *value;

    if (json_is_array(one) && json_is_array(other)) {
        for (size_t i = 0; i < MAX(json_array_size(one), json_array_size(other)); i++) {
            *ret_one = json_array_get(one, i);
            *ret_other = json_array_get(other, i);
            if (!*ret_one || !*ret_other || !json_equal(*ret_one, *ret_other)) {
                *ret_name = g_strdup_printf("[%zu]", i);
                return true;
            }
        }
    }
    json_object_foreach(one, name, value)
    {
        *ret_one = value;
        *ret_other = json_object_get(other, name);
        if (json_is_object(other) && (!*ret_other || !json_equal(value, *ret_other))) {
            *ret_name = g_strconcat(".", name, NULL);
            return true;
        }
    }
    json_object_foreach(other, name, value)
    {
        if (json_is_object(one) && !json_object_get(one, name)) {
            *ret_one = NULL;
            *ret_other = value;
            *ret_name = g_strconcat(".", name, NULL);
            return true;
        }
    }
    return false;
}

static char *print_part(json_t *part)
{
    g_autofree char *text = part ? cli_print(part) : g_strdup("nothing");
    return g_utf8_strlen(text, -1) > 60 ? g_strdup("another") : g_steal_pointer(&text);
}

/* "[3].default: 1, now 2": the first place where they differ. Free with g_free. */
static char *print_difference(json_t *stored, json_t *fresh)
{
    g_autoptr(GString) place = g_string_new(NULL);
    json_t *inner_stored, *inner_fresh;
    char *name;

    while (find_part(stored, fresh, &name, &inner_stored, &inner_fresh)) {
        g_string_append(place, name);
        g_free(name);
        stored = inner_stored;
        fresh = inner_fresh;
    }
    g_autofree char *was = print_part(stored), *is = print_part(fresh);
    return g_strdup_printf("%s%s%s, now %s", place->str, place->len ? ": " : "", was, is);
}

/* ---- facts ----------------------------------------------------------------------------------- */

/* "query-cpu-definitions {…} {…}": what was asked, and about what. Free with g_free. */
static char *print_question(json_t *item)
{
    json_t *arguments = json_object_get(item, "arguments"),
           *target = json_object_get(item, "target");
    g_autofree char *asked = json_object_size(arguments) ? cli_print(arguments) : NULL;
    g_autofree char *about = json_object_size(target) ? cli_print(target) : NULL;

    return g_strdup_printf("%s %s%s%s%s%s", cli_text(item, "emulator"), cli_text(item, "command"),
                           asked ? " " : "", asked ? asked : "", about ? " " : "",
                           about ? about : "");
}

static void show_fact(const CliItems *items, json_t *item)
{
    (void)items;
    g_autofree char *question = print_question(item);

    if (strcmp(cli_text(item, "verdict"), "different") == 0) {
        g_autofree char *difference =
            print_difference(json_object_get(item, "stored"), json_object_get(item, "fresh"));
        bool red = cli_has_colour();
        cli_say("%sdiffers%s: %s: %s\n", red ? "\033[31m" : "", red ? "\033[0m" : "", question,
                difference);
    } else if (json_object_get(item, "reason")) {
        cli_tell("%s: %s", question, cli_text(item, "message"));
    }
}

/* A row of the table for each emulator. */
static int take_fact(void *context, const char *json)
{
    Verify *verify = context;
    json_t *item = wire_json_parse(json, strlen(json), &cli_limits, NULL);
    const char *emulator = cli_text(item, "emulator"), *verdict = cli_text(item, "verdict");
    json_t *row = json_object_get(verify->tally, emulator);

    if (!row) {
        row = json_pack("{s:s, s:i, s:i, s:i}", "emulator", emulator, "same", 0, "different", 0,
                        "untold", 0);
        json_object_set_new(verify->tally, emulator, row);
    }
    verify->differs = verify->differs || strcmp(verdict, "different") == 0;
    json_object_set_new(row, verdict, json_integer(cli_number(row, verdict) + 1));
    json_decref(item);
    return cli_items_take(&verify->items, json);
}

static void show_tally(const Verify *verify)
{
    json_t *rows = json_array(), *row;
    const char *emulator;

    json_object_foreach(verify->tally, emulator, row)
    {
        json_array_append(rows, row);
    }
    cli_print_rows(rows);
    json_decref(rows);
}

int cli_verify(const Cli *cli)
{
    Verify verify = {.tally = json_object()};
    capsdb *db;
    int code;

    if (!cli_open(cli, CAPSDB_READ_ONLY, &db, &code)) {
        json_decref(verify.tally);
        return code;
    }
    cli_items_init(&verify.items, cli, show_fact);
    for (char **path = cli->rest; path == cli->rest || *path; path++) {
        capsdb_error *error = NULL;
        if (capsdb_verify(db, *path, take_fact, cli_progress, &verify, &error) != 0) {
            code = cli_worse(code, cli_fail(cli, error));
        }
        if (!*path) {
            break; /* all of them */
        }
    }
    if (cli->format == CLI_PEOPLE && verify.items.count) {
        show_tally(&verify);
    }
    cli_close(db);
    json_decref(verify.tally);
    code = cli_worse(code, cli_items_done(&verify.items, NULL));
    return verify.differs ? CAPSDB_NO : code;
}
