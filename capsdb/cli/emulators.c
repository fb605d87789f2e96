/* add, update, record, list, show, gc, sql: what comes as items. */
#include "cli.h"

#include "text.h"

#include <string.h>

bool cli_open(const Cli *cli, unsigned flags, capsdb **ret_db, int *ret_code)
{
    capsdb_error *error = NULL;
    capsdb *db;

    if (capsdb_open(cli->database, cli->root, cli->flags | flags, &db, &error) != 0) {
        *ret_code = cli_fail(cli, error);
        return false;
    }
    if (cli->deadline) {
        capsdb_set_deadline(db, cli->deadline, NULL);
    }
    *ret_db = db;
    *ret_code = CAPSDB_YES;
    return true;
}

void cli_close(capsdb *db)
{
    const char *notes = capsdb_note(db);
    g_auto(GStrv) lines = g_strsplit(notes ? notes : "", "\n", -1);

    for (char **line = lines; *line; line++) {
        cli_tell("%s", *line);
    }
    capsdb_close(db);
}

int cli_worse(int one, int other)
{
    return MAX(one, other);
}

/* ---- adding ---------------------------------------------------------------------------------- */

/* Known ones are many, and nothing became of them. */
static void show_machine(json_t *item)
{
    const char *outcome = cli_text(item, "outcome");
    if (strcmp(outcome, "known") != 0) {
        bool refused = strcmp(outcome, "refused") == 0;
        g_autofree char *why = cmd_text_safe(refused ? cli_text(item, "message") : "");
        cli_say("%s %s: %s%s%s\n", cli_text(item, "emulator"), cli_text(item, "machine"), outcome,
                refused ? ": " : "", why);
    }
}

static void show_added(const CliItems *items, json_t *item)
{
    (void)items;
    const char *outcome = cli_text(item, "outcome");
    json_t *lacks = json_object_get(item, "not-in-the-jail"), *lack;
    size_t i;

    if (strcmp(outcome, "failed") == 0) {
        cli_tell("%s", cli_text(item, "message"));
    }
    if (*cli_text(item, "machine")) {
        show_machine(item);
        return;
    }
    if (strcmp(outcome, "known") == 0) {
        cli_say("%s: known\n", cli_text(item, "emulator"));
    } else if (strcmp(outcome, "added") == 0 || cli_number(item, "facts")) {
        cli_say("%s: %lld facts, %lld quarantined, %lld launches\n", cli_text(item, "emulator"),
                cli_number(item, "facts"), cli_number(item, "quarantined"),
                cli_number(item, "launches"));
        json_array_foreach(lacks, i, lack)
        {
            cli_say("  not in the jail: %s\n", json_string_value(lack));
        }
    }
}

static int add_all(const Cli *cli)
{
    CliItems items;
    capsdb *db;
    int code;

    if (!cli_open(cli, 0, &db, &code)) {
        return code;
    }
    cli_items_init(&items, cli, show_added);
    for (char **path = cli->rest; *path; path++) {
        capsdb_error *error = NULL;
        size_t before = items.count;
        capsdb_add(db, *path, cli->flags, cli_items_take, cli_progress, &items, &error);
        if (error && items.count == before) {
            code = cli_worse(code, cli_fail(cli, error));
        } else {
            capsdb_error_free(error);
        }
    }
    cli_close(db);
    return cli_worse(code, cli_items_done(&items, NULL));
}

int cli_add(const Cli *cli)
{
    return cli->rest[0] ? add_all(cli) : cli_usage("wanted: PATH...");
}

int cli_import(const Cli *cli)
{
    for (char **file = cli->rest; *file; file++) {
        if (!g_str_has_suffix(*file, ".replies")) {
            return cli_usage("%s: a recording is a file NAME.replies", *file);
        }
    }
    return cli->rest[0] ? add_all(cli) : cli_usage("wanted: FILE.replies...");
}

int cli_record(const Cli *cli)
{
    CliItems items;
    capsdb *db;
    capsdb_error *error = NULL;
    int code;

    if (g_strv_length(cli->rest) != 2) {
        return cli_usage("wanted: PATH FILE.replies");
    }
    if (!cli_open(cli, 0, &db, &code)) {
        return code;
    }
    cli_items_init(&items, cli, show_added);
    capsdb_record(db, cli->rest[0], cli->rest[1], cli_items_take, cli_progress, &items, &error);
    cli_close(db);
    return cli_items_done(&items, error);
}

static void say_added(const CliItems *items)
{
    if (items->cli->format == CLI_PEOPLE) {
        long long learned = cli_number(items->counts, "learned"),
                  refused = cli_number(items->counts, "refused");
        bool machines = items->cli->flags & CAPSDB_MACHINES;
        cli_say("%zu %s%s: %lld added, ", items->count,
                machines ? "emulators and machine" : "emulator", items->count == 1 ? "" : "s",
                cli_number(items->counts, "added"));
        if (machines) {
            cli_say("%lld learned, %lld refused to start, ", learned, refused);
        }
        cli_say("%lld known, %lld failed\n", cli_number(items->counts, "known"),
                cli_number(items->counts, "failed"));
    }
}

/* The time that a static layer is dated by: SOURCE_DATE_EPOCH (reproducible-builds.org), or now. */
static bool read_epoch(long long *ret_time)
{
    const char *text = g_getenv("SOURCE_DATE_EPOCH");
    char *end;

    if (!text || !*text) {
        *ret_time = g_get_real_time() / G_USEC_PER_SEC;
        return true;
    }
    *ret_time = g_ascii_strtoll(text, &end, 10);
    return (!*end && *ret_time >= 0) ||
           cli_usage("SOURCE_DATE_EPOCH wants seconds since 1970, not \"%s\"", text) == 0;
}

/* The layers of this user are not looked at, so that none is made either. */
static int ship(const Cli *cli, const char *destdir)
{
    Cli other = *cli;
    CliItems items;
    capsdb *db;
    capsdb_error *error = NULL;
    const char *const *emulators = (const char *const *)(cli->rest[0] ? cli->rest : NULL);
    long long time;
    int code;

    other.database = NULL;
    if (!read_epoch(&time)) {
        return CAPSDB_USAGE;
    }
    if (!cli_open(&other, CAPSDB_READ_ONLY, &db, &code)) {
        return code;
    }
    cli_items_init(&items, cli, show_added);
    items.counted = "outcome";
    capsdb_ship(db, cli->database, destdir, emulators, time, cli_items_take, cli_progress, &items,
                &error);
    say_added(&items);
    if (error && items.worst != CAPSDB_YES) {
        cli_tell("%s", capsdb_error_message(error)); /* beside what the items say */
    }
    cli_close(db);
    return cli_items_done(&items, error);
}

int cli_update(const Cli *cli)
{
    const char *destdir = g_getenv("DESTDIR");
    CliItems items;
    capsdb *db;
    capsdb_error *error = NULL;
    int code;

    destdir = destdir && *destdir ? destdir : NULL;
    if ((cli->flags & CAPSDB_SYSTEM) && (cli->usr || destdir)) {
        return cli_usage("--system is for the system that runs: neither --usr nor DESTDIR goes "
                         "with it");
    }
    if (cli->usr) {
        return ship(cli, destdir);
    }
    if (cli->rest[0]) {
        return cli_usage("update takes no words; add does, and update --usr");
    }
    if (!cli_open(cli, 0, &db, &code)) {
        return code;
    }
    cli_items_init(&items, cli, show_added);
    items.counted = "outcome";
    if (capsdb_update(db, cli->flags, cli_items_take, cli_progress, &items, &error) == 0) {
        say_added(&items);
    }
    cli_close(db);
    return cli_items_done(&items, error);
}

/* ---- what is there --------------------------------------------------------------------------- */

int cli_list(const Cli *cli)
{
    CliItems items;
    capsdb *db;
    capsdb_error *error = NULL;
    int code;

    if (!cli_open(cli, CAPSDB_READ_ONLY, &db, &code)) {
        return code;
    }
    cli_items_init(&items, cli, NULL);
    capsdb_list(db, cli_items_take, &items, &error);
    cli_close(db);
    return cli_items_done(&items, error);
}

int cli_gc(const Cli *cli)
{
    CliItems items;
    capsdb *db;
    capsdb_error *error = NULL;
    int code;

    if (!cli_open(cli, 0, &db, &code)) {
        return code;
    }
    cli_items_init(&items, cli, NULL);
    capsdb_gc(db, cli_items_take, &items, &error);
    cli_close(db);
    return cli_items_done(&items, error);
}

static void show_object(const CliItems *items, json_t *item)
{
    cli_say(items->count > 1 ? "\n" : "");
    cli_print_object(item);
}

int cli_show(const Cli *cli)
{
    CliItems items;
    capsdb *db;
    int code;

    if (!cli->rest[0]) {
        return cli_usage("wanted: PATH...");
    }
    if (!cli_open(cli, CAPSDB_READ_ONLY, &db, &code)) {
        return code;
    }
    cli_items_init(&items, cli, show_object);
    for (char **path = cli->rest; *path; path++) {
        capsdb_error *error = NULL;
        if (capsdb_show(db, *path, cli_items_take, &items, &error) != 0) {
            code = cli_worse(code, cli_fail(cli, error));
        }
    }
    cli_close(db);
    return cli_worse(code, cli_items_done(&items, NULL));
}

int cli_sql(const Cli *cli)
{
    CliItems items;
    capsdb *db;
    capsdb_error *error = NULL;
    int code;

    if (cli->rest[0] && cli->rest[1]) {
        return cli_usage("wanted: one SELECT statement, as one word");
    }
    if (!cli_open(cli, CAPSDB_READ_ONLY, &db, &code)) {
        return code;
    }
    cli_items_init(&items, cli, NULL);
    items.data = true;
    capsdb_sql(db, cli->rest[0], cli->rows, cli_items_take, &items, &error);
    cli_close(db);
    return cli_items_done(&items, error);
}
