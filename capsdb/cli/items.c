/* items: what comes one JSON object at a time, shown as the person wants it: a line each, one
 * document, a table. Knows no verb. */
#include "cli.h"

#include "text.h"
#include "wire.h"

#include <string.h>

/* As long as what the library itself takes from an emulator. */
const WireLimits cli_limits = {.max_bytes = SIZE_MAX / 2, .max_depth = 1024};

/* ---- values ---------------------------------------------------------------------------------- */

char *cli_print(json_t *value)
{
    return wire_json_print(value, WIRE_JSON_COMPACT);
}

void cli_print_json(json_t *value)
{
    g_autofree char *text = cli_print(value);
    cli_say("%s\n", text);
}

const char *cli_text(json_t *item, const char *name)
{
    const char *text = json_string_value(json_object_get(item, name));
    return text ? text : "";
}

long long cli_number(json_t *item, const char *name)
{
    return json_integer_value(json_object_get(item, name));
}

/* The names of objects that have names. */
static char *names_text(json_t *list)
{
    GString *text = g_string_new(NULL);
    json_t *object;
    size_t i;

    json_array_foreach(list, i, object)
    {
        g_string_append_printf(text, "%s%s", i ? ", " : "", cli_text(object, "name"));
    }
    return g_string_free(text, FALSE);
}

/* A SHA-256 is for programs; people tell emulators apart by the beginning. */
static bool is_hash(const char *text)
{
    return strspn(text, "0123456789abcdef") == 64 && text[64] == '\0';
}

static char *cell_text(json_t *value)
{
    if (json_object_get(json_array_get(value, 0), "name")) {
        g_autofree char *names = names_text(value);
        return cmd_text_safe(names);
    }
    if (!value || json_is_null(value)) {
        return g_strdup("-");
    }
    if (wire_json_is_string(value) && is_hash(json_string_value(value))) {
        return g_strdup_printf("%.12s", json_string_value(value));
    }
    if (wire_json_is_string(value)) {
        return *json_string_value(value) ? cmd_text_safe(json_string_value(value)) : g_strdup("-");
    }
    g_autofree char *text = wire_json_print(value, WIRE_JSON_COMPACT);
    return cmd_text_safe(text);
}

static bool is_list_of_objects(json_t *value)
{
    return json_is_array(value) && json_is_object(json_array_get(value, 0));
}

/* ---- tables ---------------------------------------------------------------------------------- */

static CmdTable *make_table(json_t *rows)
{
    CmdTable *table = cmd_table_new();
    json_t *first = json_array_get(rows, 0), *row, *value;
    const char *name;
    size_t i;

    json_object_foreach(first, name, value)
    {
        g_autofree char *title = cmd_text_safe(name);
        cmd_table_add_column(table, title);
    }
    json_array_foreach(rows, i, row)
    {
        GPtrArray *cells = g_ptr_array_new_with_free_func(g_free);
        json_object_foreach(first, name, value)
        {
            g_ptr_array_add(cells, cell_text(json_object_get(row, name)));
        }
        cmd_table_add_row(table, cells);
    }
    return table;
}

static void append_members(GString *out, json_t *object, const char *indent);

/* Rows that are too wide for a table are a block each. */
static void append_rows(GString *out, json_t *rows, const char *indent)
{
    unsigned width = cli_width(), margin = (unsigned)strlen(indent);
    g_autoptr(CmdTable) table = make_table(rows);
    json_t *row;
    size_t i;

    if (width <= margin || cmd_table_fits(table, width - margin)) {
        cmd_table_print(table, out, indent, width);
        return;
    }
    json_array_foreach(rows, i, row)
    {
        g_string_append(out, i ? "\n" : "");
        append_members(out, row, indent);
    }
}

/* ---- objects --------------------------------------------------------------------------------- */

static void append_member(GString *out, const char *indent, const char *name, size_t names,
                          const char *text)
{
    size_t margin = strlen(indent) + names + 2;
    unsigned width = cli_width();
    g_autoptr(GPtrArray) lines = cmd_text_wrap(text, width > margin + 20 ? width - margin : 0);

    for (size_t i = 0; i < lines->len; i++) {
        g_string_append(out, indent);
        cmd_text_pad(out, i ? "" : name, names + 2);
        g_string_append_printf(out, "%s\n", (const char *)g_ptr_array_index(lines, i));
    }
}

static void append_members(GString *out, json_t *object, const char *indent)
{
    g_autofree char *deeper = g_strconcat(indent, "  ", NULL);
    const char *name;
    json_t *value;
    size_t names = 0;

    json_object_foreach(object, name, value)
    {
        names = MAX(names, cmd_text_width(name));
    }
    json_object_foreach(object, name, value)
    {
        if (is_list_of_objects(value)) {
            g_string_append_printf(out, "%s%s\n", indent, name);
            append_rows(out, value, deeper);
        } else if (json_object_size(value)) {
            g_string_append_printf(out, "%s%s\n", indent, name);
            append_members(out, value, deeper);
        } else {
            bool empty = json_is_object(value) || (json_is_array(value) && !json_array_size(value));
            g_autofree char *text = empty ? g_strdup("none") : cell_text(value);
            append_member(out, indent, name, names, text);
        }
    }
}

void cli_print_object(json_t *object)
{
    g_autoptr(GString) out = g_string_new(NULL);
    append_members(out, object, "");
    cli_say("%s", out->str);
}

void cli_print_rows(json_t *rows)
{
    g_autoptr(GString) out = g_string_new(NULL);
    bool bold = cli_has_colour();

    append_rows(out, rows, "");
    size_t titles = strcspn(out->str, "\n");
    cli_say("%s%.*s%s%s", bold ? "\033[1m" : "", (int)titles, out->str, bold ? "\033[0m" : "",
            out->str + titles);
}

/* ---- all items of a call --------------------------------------------------------------------- */

void cli_items_init(CliItems *items, const Cli *cli, CliShow *show)
{
    *items = (CliItems){.cli = cli,
                        .show = show,
                        .counts = json_object(),
                        .all = json_array(),
                        .worst = CAPSDB_YES};
}

static void count(CliItems *items, json_t *item)
{
    const char *reason = items->data ? "" : cli_text(item, "reason");

    items->count++;
    if (*reason) {
        items->worst = MAX(items->worst, capsdb_reason_code(reason));
    }
    if (items->counted) {
        const char *value = cli_text(item, items->counted);
        json_object_set_new(items->counts, value,
                            json_integer(cli_number(items->counts, value) + 1));
    }
}

int cli_items_take(void *context, const char *json)
{
    CliItems *items = context;
    json_t *item = wire_json_parse(json, strlen(json), &cli_limits, NULL);

    count(items, item);
    if (items->cli->format == CLI_JSONL) {
        cli_say("%s\n", json);
    } else if (items->cli->format == CLI_PEOPLE && items->show) {
        items->show(items, item);
    } else {
        json_array_append(items->all, item);
    }
    json_decref(item);
    return 0;
}

int cli_items_done(CliItems *items, capsdb_error *error)
{
    CliFormat format = items->cli->format;
    bool said = items->worst != CAPSDB_YES; /* by an item */
    int code = (int)items->worst;

    if (error && !said) {
        code = cli_fail(items->cli, error);
    } else if (format == CLI_JSON) {
        cli_print_json(items->all);
    } else if (json_array_size(items->all)) {
        cli_print_rows(items->all);
    }
    if (error && said) {
        code = MAX(code, (int)capsdb_error_code(error));
        capsdb_error_free(error);
    }
    json_decref(items->all);
    json_decref(items->counts);
    return code;
}
