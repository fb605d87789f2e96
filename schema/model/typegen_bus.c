/* typegen_bus: the tool's printers of C: plain values, and the tables of bus types and placements.
 */
#include "typegen.h"

#include <string.h>

char *typegen_identifier(const char *name)
{
    char *id = g_strdup(name);
    for (char *at = id; *at; at++) {
        if (!g_ascii_isalnum(*at)) {
            *at = '_';
        }
    }
    return id;
}

void typegen_put_text(GString *out, const char *text)
{
    if (!text) {
        g_string_append(out, "NULL");
        return;
    }
    g_string_append_c(out, '"');
    for (const char *at = text; *at; at++) {
        if (*at == '\n') {
            g_string_append(out, "\\n\"\n    \"");
        } else if (*at == '"' || *at == '\\') {
            g_string_append_printf(out, "\\%c", *at);
        } else {
            g_string_append_c(out, *at);
        }
    }
    g_string_append_c(out, '"');
}

void typegen_put_field(GString *out, const char *field, const char *text)
{
    g_string_append_printf(out, ".%s = ", field);
    typegen_put_text(out, text);
    g_string_append(out, ", ");
}

void typegen_put_words(GString *out, const char *field, const char *const *words)
{
    g_string_append_printf(out, ".%s = (const char *const[]){", field);
    for (size_t i = 0; words && words[i]; i++) {
        typegen_put_text(out, words[i]);
        g_string_append(out, ", ");
    }
    g_string_append(out, "NULL}, ");
}

void typegen_put_number(GString *out, const char *field, uint64_t number)
{
    g_string_append_printf(out, ".%s = %" G_GUINT64_FORMAT "ULL, ", field, number);
}

static void put_field_spec(GString *out, const MdlField *field)
{
    g_string_append(out, "        {");
    typegen_put_field(out, "name", field->name);
    typegen_put_field(out, "doc", field->doc);
    typegen_put_number(out, "radix", field->radix);
    typegen_put_number(out, "digits", field->digits);
    typegen_put_number(out, "exact", field->exact);
    typegen_put_number(out, "minimum", field->minimum);
    typegen_put_number(out, "maximum", field->maximum);
    typegen_put_number(out, "reach_minimum", field->reach_minimum);
    typegen_put_number(out, "reach_maximum", field->reach_maximum);
    typegen_put_field(out, "count", field->count);
    typegen_put_field(out, "property", field->property);
    typegen_put_number(out, "bits", field->bits);
    typegen_put_field(out, "needs", field->needs);
    typegen_put_number(out, "first", field->first);
    typegen_put_number(out, "after_devices", field->after_devices);
    g_string_append(out, "},\n");
}

static void put_reserved(GString *out, const MdlReserved *reserved)
{
    g_string_append(out, "        {");
    typegen_put_field(out, "address", reserved->address);
    typegen_put_field(out, "reason", reserved->reason);
    typegen_put_field(out, "when", reserved->when);
    typegen_put_number(out, "blind", reserved->blind);
    typegen_put_words(out, "except", reserved->except);
    g_string_append(out, "},\n");
}

static void put_owner_rule(GString *out, const MdlOwnerRule *rule)
{
    g_string_append(out, "        {");
    typegen_put_field(out, "property", rule->property);
    typegen_put_number(out, "minimum", rule->minimum);
    typegen_put_number(out, "maximum", rule->maximum);
    typegen_put_field(out, "reason", rule->reason);
    g_string_append(out, "},\n");
}

static void put_hub(GString *out, const MdlHub *hub)
{
    g_string_append(out, "        {");
    typegen_put_field(out, "trait", hub->trait);
    typegen_put_number(out, "places", hub->places);
    typegen_put_field(out, "adds", hub->adds);
    g_string_append(out, "},\n");
}

void typegen_put_bus_type(GString *out, const MdlBusType *type)
{
    g_autofree char *id = typegen_identifier(type->name);
    g_string_append_printf(out, "static const MdlBusType bus_%s = {\n    ", id);
    typegen_put_field(out, "name", type->name);
    typegen_put_field(out, "family", type->family);
    typegen_put_field(out, "doc", type->doc);
    typegen_put_field(out, "separator", type->separator);
    typegen_put_field(out, "prefix", type->prefix);
    typegen_put_words(out, "accepts", type->accepts);
    typegen_put_words(out, "refuses", type->refuses);
    typegen_put_words(out, "reaches", type->reaches);
    typegen_put_words(out, "hides", type->hides);
    typegen_put_number(out, "hotplug", type->hotplug);
    typegen_put_words(out, "order", type->order);
    typegen_put_field(out, "property", type->property);
    typegen_put_number(out, "max_devices", type->max_devices);
    typegen_put_number(out, "ranges", type->ranges);
    typegen_put_field(out, "shown", type->shown);
    typegen_put_number(out, "inner", type->inner);
    typegen_put_number(out, "link", type->link);
    typegen_put_words(out, "unique_devices", type->unique_devices);
    typegen_put_number(out, "express", type->express);
    typegen_put_words(out, "unique", type->unique);
    g_string_append(out, "\n");
    PUT_ARRAY(out, type, fields, MdlField, put_field_spec);
    PUT_ARRAY(out, type, reserved, MdlReserved, put_reserved);
    PUT_ARRAY(out, type, owner_rules, MdlOwnerRule, put_owner_rule);
    PUT_ARRAY(out, type, hubs, MdlHub, put_hub);
    g_string_append(out, "};\n\n");
}

static void put_provides(GString *out, const MdlKindProvides *provides)
{
    g_string_append(out, "        {");
    typegen_put_words(out, "by", provides->by);
    typegen_put_field(out, "bus", provides->bus);
    typegen_put_field(out, "name", provides->name);
    typegen_put_field(out, "named", provides->named);
    typegen_put_number(out, "count", provides->count);
    typegen_put_number(out, "root", provides->root);
    typegen_put_words(out, "where", provides->where);
    typegen_put_words(out, "unless", provides->unless);
    g_string_append(out, "},\n");
}

static void put_kind_words(GString *out, const MdlKindWords *kind)
{
    g_string_append(out, "        {");
    typegen_put_field(out, "kind", kind->kind);
    typegen_put_words(out, "words", kind->words);
    g_string_append(out, "},\n");
}

static void put_board(GString *out, const MdlBoard *board)
{
    g_string_append(out, "        {");
    typegen_put_field(out, "kind", board->kind);
    typegen_put_words(out, "refuses", board->refuses);
    typegen_put_words(out, "off", board->off);
    typegen_put_field(out, "reason", board->reason);
    g_string_append(out, "},\n");
}

static void put_limit(GString *out, const MdlLimit *limit)
{
    g_string_append(out, "        {");
    typegen_put_field(out, "trait", limit->trait);
    typegen_put_number(out, "most", limit->most);
    g_string_append(out, "},\n");
}

void typegen_put_placement(GString *out, const MdlPlacement *placement)
{
    g_autofree char *id = typegen_identifier(placement->name);
    g_string_append_printf(out, "static const MdlPlacement placement_%s = {\n    ", id);
    typegen_put_field(out, "name", placement->name);
    typegen_put_field(out, "doc", placement->doc);
    typegen_put_number(out, "newest_first", placement->newest_first);
    typegen_put_number(out, "fitting", placement->fitting);
    typegen_put_number(out, "strict", placement->strict);
    typegen_put_words(out, "adds", placement->adds);
    g_string_append(out, "\n");
    PUT_ARRAY(out, placement, provides, MdlKindProvides, put_provides);
    PUT_ARRAY(out, placement, kinds, MdlKindWords, put_kind_words);
    PUT_ARRAY(out, placement, traits, MdlKindWords, put_kind_words);
    PUT_ARRAY(out, placement, requires, MdlKindWords, put_kind_words);
    PUT_ARRAY(out, placement, replaces, MdlKindWords, put_kind_words);
    PUT_ARRAY(out, placement, boards, MdlBoard, put_board);
    PUT_ARRAY(out, placement, limits, MdlLimit, put_limit);
    g_string_append(out, "};\n\n");
}
