/* render: see render.h. A list of structs is a table, or a block for each when it has more columns
 * than fit; a struct is its members, one a line; what lies deeper is put in few words, or below. */
#include "render.h"

#include "render_hardware.h"
#include "text.h"

#include <string.h>

#define INDENT "  "

static void render(GString *out, const ApiTypeInfo *type, ApiShape shape, const json_t *value,
                   const char *indent, unsigned width);

/* ---- in few words ---------------------------------------------------------------------------- */

/* How much of a verdict is told: its answer, the class of its reason too, or the reason in words.
 */
typedef enum { TELL_ANSWER, TELL_CLASS, TELL_MESSAGE } Tell;

static char *brief(const ApiTypeInfo *type, ApiShape shape, const json_t *value, Tell tell);

/* Any JSON: text as it is, a pair of numbers as a range. */
static char *brief_json(const json_t *value)
{
    uint64_t number;
    if (wire_json_is_string(value)) {
        return cmd_text_safe(json_string_value(value));
    }
    if (json_is_boolean(value)) {
        return g_strdup(json_is_true(value) ? "on" : "off");
    }
    if (wire_json_get_uint(value, &number)) {
        return cmd_text_number(number);
    }
    if (json_is_array(value) && json_array_size(value) == 2) {
        g_autofree char *first = brief_json(json_array_get(value, 0));
        g_autofree char *last = brief_json(json_array_get(value, 1));
        return g_strconcat(first, "-", last, NULL);
    }
    return wire_json_print(value, WIRE_JSON_COMPACT);
}

static char *brief_verdict(const json_t *value, Tell tell)
{
    const char *answer = json_string_value(json_object_get(value, "answer"));
    const char *why = tell == TELL_ANSWER ? NULL : tell == TELL_CLASS ? "reason" : "message";
    const char *reason = why ? json_string_value(json_object_get(value, why)) : NULL;
    g_autofree char *text = g_strconcat(answer ? answer : "", reason ? ": " : "", reason, NULL);
    return cmd_text_safe(text);
}

static char *brief_version(const json_t *value)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < api_type_version_triple.n_members; i++) {
        const char *name = api_type_version_triple.members[i].name;
        g_string_append_printf(text, "%s%" JSON_INTEGER_FORMAT, i ? "." : "",
                               json_integer_value(json_object_get(value, name)));
    }
    return g_string_free(text, FALSE);
}

/* The members of a struct, one behind the other; a number says what it counts. */
static char *brief_struct(const ApiTypeInfo *type, const json_t *value, Tell tell)
{
    if (type == &api_type_verdict || type == &api_type_version_triple) {
        return type == &api_type_verdict ? brief_verdict(value, tell) : brief_version(value);
    }
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < type->n_members; i++) {
        const ApiMemberInfo *member = &type->members[i];
        const json_t *part = json_object_get(value, member->name);
        bool number = member->type->kind == API_KIND_INT || member->type->kind == API_KIND_UINT;
        if (part && strcmp(member->name, "doc") != 0) {
            g_autofree char *words = brief(member->type, member->shape, part, tell);
            g_string_append_printf(text, "%s%s%s%s", text->len && *words ? " " : "",
                                   number ? member->name : "", number ? "=" : "", words);
        }
    }
    return g_string_free(text, FALSE);
}

static char *brief_one(const ApiTypeInfo *type, const json_t *value, Tell tell)
{
    if (type->kind == API_KIND_BOOL && json_is_boolean(value)) {
        return g_strdup(json_is_true(value) ? "yes" : "no");
    }
    return type->kind == API_KIND_STRUCT && json_is_object(value) ? brief_struct(type, value, tell)
                                                                  : brief_json(value);
}

static char *brief_list(const ApiTypeInfo *type, const json_t *list, Tell tell)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < json_array_size(list); i++) {
        g_autofree char *words = brief_one(type, json_array_get(list, i), tell);
        g_string_append_printf(text, "%s%s", i ? ", " : "", words);
    }
    return g_string_free(text, FALSE);
}

static char *brief_map(const ApiTypeInfo *type, const json_t *map, Tell tell)
{
    GString *text = g_string_new(NULL);
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)map, key, value)
    {
        g_autofree char *name = cmd_text_safe(key);
        g_autofree char *words = brief_one(type, value, tell);
        g_string_append_printf(text, "%s%s=%s", text->len ? ", " : "", name, words);
    }
    return g_string_free(text, FALSE);
}

static char *brief(const ApiTypeInfo *type, ApiShape shape, const json_t *value, Tell tell)
{
    if (shape == API_SHAPE_LIST && json_is_array(value)) {
        return brief_list(type, value, tell);
    }
    return shape == API_SHAPE_MAP && json_is_object(value) ? brief_map(type, value, tell)
                                                           : brief_one(type, value, tell);
}

/* ---- lists of structs ------------------------------------------------------------------------ */

static bool is_prose(const ApiMemberInfo *member)
{
    static const char *const names[] = {"doc", "description", "message", NULL};
    return g_strv_contains(names, member->name);
}

/* Whether any element says something there. */
static bool is_used(const ApiMemberInfo *member, const json_t *list)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *value = json_object_get(json_array_get(list, i), member->name);
        if (value && !(json_is_array(value) && json_array_size(value) == 0)) {
            return true;
        }
    }
    return false;
}

/* How types are shown that have more members than a table can hold. What is left out is in the
 * blocks of a list of one, and in JSON. */
typedef struct View {
    const ApiTypeInfo *type;
    const char *group; /* the member whose value is a line over the rows that have it; or NULL */
    const char *members[8];
} View;

static const View views[] = {
    {&api_type_slot_set,
     "bus",
     {"places", "count", "state", "by", "reason", "hot-plug", "device-types"}},
    {&api_type_machine_info,
     NULL,
     {"name", "alias", "arch", "cpu-max", "memory-max", "deprecated", "doc"}},
    {&api_type_device_type_info,
     NULL,
     {"name", "bus", "traits", "user-creatable", "hotplug", "doc"}},
};

static const View *view_of(const ApiTypeInfo *type)
{
    for (size_t i = 0; i < G_N_ELEMENTS(views); i++) {
        if (views[i].type == type) {
            return &views[i];
        }
    }
    return NULL;
}

static bool is_in_view(const ApiTypeInfo *type, const char *name)
{
    const View *view = view_of(type);
    return !view || g_strv_contains(view->members, name);
}

/* The members that make columns: those in use, prose last. */
static GPtrArray *columns_of(const ApiTypeInfo *type, const json_t *list)
{
    GPtrArray *columns = g_ptr_array_new();
    for (int prose = 0; prose <= 1; prose++) {
        for (size_t i = 0; i < type->n_members; i++) {
            const ApiMemberInfo *member = &type->members[i];
            if (is_prose(member) == (prose == 1) && is_used(member, list) &&
                is_in_view(type, member->name)) {
                g_ptr_array_add(columns, (gpointer)member);
            }
        }
    }
    return columns;
}

static GPtrArray *make_row(const GPtrArray *columns, const json_t *element, Tell tell)
{
    GPtrArray *cells = g_ptr_array_new_with_free_func(g_free);
    for (size_t c = 0; c < columns->len; c++) {
        const ApiMemberInfo *member = g_ptr_array_index(columns, c);
        const json_t *value = json_object_get(element, member->name);
        char *text = value ? brief(member->type, member->shape, value, tell) : g_strdup("");
        if (!*text) {
            g_free(text);
            text = g_strdup("-");
        }
        g_ptr_array_add(cells, text);
    }
    return cells;
}

static CmdTable *make_table(const ApiTypeInfo *type, const GPtrArray *columns, const json_t *list,
                            Tell tell)
{
    const View *view = view_of(type);
    const char *group = view ? view->group : NULL;
    const json_t *last = NULL;
    CmdTable *table = cmd_table_new();
    for (size_t c = 0; c < columns->len; c++) {
        const ApiMemberInfo *member = g_ptr_array_index(columns, c);
        cmd_table_add_column(table, member->name);
    }
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *element = json_array_get(list, i);
        const json_t *value = group ? json_object_get(element, group) : NULL;
        if (value && (!last || !json_equal(value, last))) {
            g_autofree char *words = brief_json(value);
            g_autofree char *heading = g_strdup_printf("%s %s", group, words);
            cmd_table_add_heading(table, heading);
            last = value;
        }
        cmd_table_add_row(table, make_row(columns, element, tell));
    }
    return table;
}

static void render_struct(GString *out, const ApiTypeInfo *type, const json_t *value,
                          const char *indent, unsigned width);

/* One block for each element. */
static void render_blocks(GString *out, const ApiTypeInfo *type, const json_t *list,
                          const char *indent, unsigned width)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        if (i) {
            g_string_append_c(out, '\n');
        }
        render_struct(out, type, json_array_get(list, i), indent, width);
    }
}

static void render_list(GString *out, const ApiTypeInfo *type, const json_t *list,
                        const char *indent, unsigned width)
{
    if (json_array_size(list) == 0) {
        g_string_append_printf(out, "%s(none)\n", indent);
        return;
    }
    g_autoptr(GPtrArray) columns = columns_of(type, list);
    size_t margin = cmd_text_width(indent);
    unsigned space = width > margin ? width - (unsigned)margin : width;
    /* as it is, else with fewer words, else with broken lines */
    static const struct {
        Tell tell;
        bool broken;
    } tries[] = {{TELL_CLASS, false}, {TELL_ANSWER, false}, {TELL_ANSWER, true}};
    bool one = json_array_size(list) == 1 && columns->len < type->n_members;
    for (size_t i = 0; !one && i < G_N_ELEMENTS(tries); i++) {
        g_autoptr(CmdTable) table = make_table(type, columns, list, tries[i].tell);
        if (tries[i].broken ? cmd_table_fits(table, space)
                            : !space || cmd_table_width(table) <= space) {
            cmd_table_print(table, out, indent, width);
            return;
        }
    }
    render_blocks(out, type, list, indent, width);
}

/* ---- structs --------------------------------------------------------------------------------- */

/* Structs in lists get room of their own; a few of them in few words do not need it. */
static bool goes_below(const ApiMemberInfo *member, const json_t *value)
{
    bool structs = member->type->kind == API_KIND_STRUCT;
    if (member->shape == API_SHAPE_LIST) {
        return structs && json_array_size(value) > 0;
    }
    return structs && member->shape == API_SHAPE_ONE && member->type != &api_type_verdict &&
           json_object_size(value) > 3;
}

static size_t title_width(const ApiTypeInfo *type, const json_t *value)
{
    size_t width = 0;
    for (size_t i = 0; i < type->n_members; i++) {
        const ApiMemberInfo *member = &type->members[i];
        const json_t *part = json_object_get(value, member->name);
        if (part && !goes_below(member, part)) {
            width = MAX(width, strlen(member->name));
        }
    }
    return width;
}

static void render_line(GString *out, const char *indent, const char *title, size_t titles,
                        const char *text, unsigned width)
{
    size_t margin = cmd_text_width(indent) + titles + strlen(INDENT);
    g_autoptr(GPtrArray) lines = cmd_text_wrap(text, width > margin + 20 ? width - margin : 0);
    for (size_t i = 0; i < lines->len; i++) {
        size_t start = out->len;
        g_string_append(out, indent);
        cmd_text_pad(out, i ? "" : title, titles + strlen(INDENT));
        g_string_append(out, g_ptr_array_index(lines, i));
        while (out->len > start && out->str[out->len - 1] == ' ') {
            g_string_truncate(out, out->len - 1);
        }
        g_string_append_c(out, '\n');
    }
}

static void render_struct(GString *out, const ApiTypeInfo *type, const json_t *value,
                          const char *indent, unsigned width)
{
    size_t titles = title_width(type, value);
    for (size_t i = 0; i < type->n_members; i++) {
        const ApiMemberInfo *member = &type->members[i];
        const json_t *part = json_object_get(value, member->name);
        if (part && !goes_below(member, part)) {
            g_autofree char *text = brief(member->type, member->shape, part, TELL_MESSAGE);
            render_line(out, indent, member->name, titles, *text ? text : "-", width);
        }
    }
    g_autofree char *deeper = g_strconcat(indent, INDENT, NULL);
    for (size_t i = 0; i < type->n_members; i++) {
        const ApiMemberInfo *member = &type->members[i];
        const json_t *part = json_object_get(value, member->name);
        if (part && goes_below(member, part)) {
            g_string_append_printf(out, "%s%s:\n", indent, member->name);
            render(out, member->type, member->shape, part, deeper, width);
        }
    }
}

/* ---- any reply ------------------------------------------------------------------------------- */

static void render(GString *out, const ApiTypeInfo *type, ApiShape shape, const json_t *value,
                   const char *indent, unsigned width)
{
    bool structs = type->kind == API_KIND_STRUCT;
    if (structs && shape == API_SHAPE_LIST && json_is_array(value)) {
        render_list(out, type, value, indent, width);
    } else if (structs && shape == API_SHAPE_ONE && json_is_object(value)) {
        render_struct(out, type, value, indent, width);
    } else {
        g_autofree char *text = brief(type, shape, value, TELL_MESSAGE);
        g_string_append_printf(out, "%s%s\n", indent, text);
    }
}

/* A file is printed as it is: it is meant to be kept. */
static bool render_export(GString *out, const json_t *value, unsigned width)
{
    const char *text = json_string_value(json_object_get(value, "text"));
    const char *base64 = json_string_value(json_object_get(value, "base64"));
    const json_t *hardware = json_object_get(value, "hardware");
    if (json_is_object(hardware)) {
        cmd_render_hardware(out, hardware, width);
    } else if (text) {
        g_string_append(out, text);
    } else if (base64) {
        g_string_append_printf(out, "%s\n", base64);
    }
    return hardware || text || base64;
}

char *cmd_render_value(const ApiTypeInfo *type, ApiShape shape, const json_t *value, unsigned width)
{
    GString *out = g_string_new(NULL);
    if (!(type == &api_type_hardware_export && render_export(out, value, width))) {
        render(out, type, shape, value, "", width);
    }
    return g_string_free(out, FALSE);
}

char *cmd_render(const ApiCommandInfo *command, const json_t *value, unsigned width)
{
    return command->returns
               ? cmd_render_value(command->returns, command->returns_shape, value, width)
               : g_strdup("");
}

char *cmd_render_depends_on(const json_t *depends_on, unsigned width)
{
    return cmd_render_value(&api_type_input, API_SHAPE_LIST, depends_on, width);
}

/* ---- errors ---------------------------------------------------------------------------------- */

static const char *text_of(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

static void render_finding(GString *out, const json_t *finding)
{
    const char *file = text_of(finding, "file");
    const char *suggestion = text_of(finding, "suggestion");
    if (file) {
        g_string_append_printf(out, "%s:%" JSON_INTEGER_FORMAT ": ", file,
                               json_integer_value(json_object_get(finding, "line")));
    }
    g_string_append_printf(out, "%s: %s [%s, %s]", text_of(finding, "place"),
                           text_of(finding, "message"), text_of(finding, "class"),
                           text_of(finding, "rule"));
    if (suggestion) {
        g_string_append_printf(out, "; %s", suggestion);
    }
    g_string_append_c(out, '\n');
}

char *cmd_render_error(const GError *error)
{
    GString *out = g_string_new(NULL);
    const json_t *findings = wire_error_findings(error);
    const char *reason = wire_error_reason(error);
    for (size_t i = 0; i < json_array_size(findings); i++) {
        render_finding(out, json_array_get(findings, i));
    }
    if (!out->len) {
        const char *path = wire_error_path(error);
        bool told = !path || strstr(error->message, path);
        g_string_append_printf(out, "%s%s%s", told ? "" : path, told ? "" : ": ", error->message);
        if (reason) {
            g_string_append_printf(out, " [%s]", reason);
        }
        g_string_append_c(out, '\n');
    }
    return g_string_free(out, FALSE);
}

bool cmd_reply_is_no(const ApiCommandInfo *command, const json_t *value)
{
    const char *answer = json_string_value(json_object_get(value, "answer"));
    const char *verdict = json_string_value(json_object_get(value, "verdict"));

    return (command->returns == &api_type_check_result &&
            json_is_false(json_object_get(value, "ok"))) ||
           (command->returns == &api_type_plan && g_strcmp0(verdict, "usable") != 0) ||
           (command->returns == &api_type_verdict && g_strcmp0(answer, "no") == 0);
}
