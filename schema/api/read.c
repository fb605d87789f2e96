/* api: reading JSON into the structs that the tables describe, every problem with its path.
 * The JSON is hostile; its size and depth were capped when it was parsed. */
#include "api_value.h"

#include <string.h>

#define MAX_QUOTED 60 /* bytes of a client's text that a message repeats */

/* What a client wrote, short enough and clean enough for a message. Free with g_free. */
static char *quote(const char *text)
{
    char *part = g_strndup(text, MAX_QUOTED);
    char *valid = g_utf8_make_valid(part, -1);
    char *quoted = g_strdup_printf("'%s%s'", valid, strlen(text) > MAX_QUOTED ? "…" : "");

    g_free(part);
    g_free(valid);
    return quoted;
}

static const char *json_kind(const json_t *json)
{
    uint64_t big;

    if (wire_json_get_uint(json, &big)) {
        return "an integer";
    }
    switch (json_typeof(json)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
        return "an integer";
    case JSON_REAL:
        return "a number with a fraction";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    default:
        return "null";
    }
}

static bool wrong_type(WireReader *reader, const char *wanted, const json_t *json)
{
    wire_reader_problem(reader, "WrongType", NULL, "expected %s, found %s", wanted,
                        json_kind(json));
    return false;
}

/* ---- scalars --------------------------------------------------------------------------------- */

static bool read_bool(WireReader *reader, const json_t *json, void *place)
{
    if (!json_is_boolean(json)) {
        return wrong_type(reader, "a boolean", json);
    }
    *(bool *)place = json_is_true(json);
    return true;
}

static bool read_int(WireReader *reader, const json_t *json, void *place)
{
    int64_t number;
    uint64_t big;

    if (wire_json_get_int(json, &number)) {
        *(int64_t *)place = number;
        return true;
    }
    if (!wire_json_get_uint(json, &big)) {
        return wrong_type(reader, "an integer", json);
    }
    wire_reader_problem(reader, "OutOfRange", NULL,
                        "%" G_GUINT64_FORMAT " is more than the largest allowed, %" G_GINT64_FORMAT,
                        big, G_MAXINT64);
    return false;
}

static bool read_uint(WireReader *reader, const json_t *json, void *place)
{
    uint64_t number;
    int64_t negative;

    if (wire_json_get_uint(json, &number)) {
        *(uint64_t *)place = number;
        return true;
    }
    if (!wire_json_get_int(json, &negative)) {
        return wrong_type(reader, "an integer", json);
    }
    wire_reader_problem(reader, "OutOfRange", NULL,
                        "%" G_GINT64_FORMAT " is negative; the least allowed is 0", negative);
    return false;
}

static bool read_hex(WireReader *reader, const json_t *json, void *place)
{
    if (!wire_json_is_string(json)) {
        return wrong_type(reader, "a string of \"0x\" and hexadecimal digits", json);
    }
    const char *text = json_string_value(json);
    size_t digits = strlen(text) > 2 ? strspn(text + 2, "0123456789abcdefABCDEF") : 0;

    if (strncmp(text, "0x", 2) != 0 || digits == 0 || digits > 16 || text[2 + digits] != '\0') {
        char *quoted = quote(text);

        wire_reader_problem(reader, "WrongForm", NULL,
                            "%s is not \"0x\" and 1 to 16 hexadecimal digits", quoted);
        g_free(quoted);
        return false;
    }
    *(uint64_t *)place = g_ascii_strtoull(text + 2, NULL, 16);
    return true;
}

static bool read_number(WireReader *reader, const json_t *json, void *place)
{
    uint64_t big;

    if (wire_json_get_uint(json, &big)) {
        *(double *)place = (double)big;
    } else if (json_is_number(json)) {
        *(double *)place = json_number_value(json);
    } else {
        return wrong_type(reader, "a number", json);
    }
    return true;
}

static bool read_str(WireReader *reader, const json_t *json, void *place)
{
    if (!wire_json_is_string(json)) {
        return wrong_type(reader, "a string", json);
    }
    api_store_pointer(place, g_strdup(json_string_value(json)));
    return true;
}

/* "a, b, c" of the words of an enum. Free with g_free. */
static char *known_words(const ApiTypeInfo *type)
{
    GString *words = g_string_new(NULL);

    for (size_t i = 0; i < type->n_values; i++) {
        g_string_append_printf(words, "%s%s", i > 0 ? ", " : "", type->values[i].name);
    }
    return g_string_free(words, FALSE);
}

bool api_enum_parse(const ApiTypeInfo *type, const char *word, int *ret_value)
{
    for (size_t i = 0; i < type->n_values; i++) {
        if (strcmp(type->values[i].name, word) == 0) {
            *ret_value = (int)i;
            return true;
        }
    }
    return false;
}

static bool read_enum(WireReader *reader, const ApiTypeInfo *type, const json_t *json, void *place)
{
    int value;

    if (!wire_json_is_string(json)) {
        return wrong_type(reader, "a string", json);
    }
    if (!api_enum_parse(type, json_string_value(json), &value)) {
        char *quoted = quote(json_string_value(json));
        char *words = known_words(type);

        wire_reader_problem(reader, "UnknownValue", NULL, "%s is none of %s", quoted, words);
        g_free(words);
        g_free(quoted);
        return false;
    }
    memcpy(place, &value, sizeof(value));
    return true;
}

/* ---- structs --------------------------------------------------------------------------------- */

const ApiMemberInfo *api_member_find(const ApiTypeInfo *type, const char *name)
{
    for (size_t i = 0; i < type->n_members; i++) {
        if (strcmp(type->members[i].name, name) == 0 && !type->members[i].rest) {
            return &type->members[i];
        }
    }
    return NULL;
}

/* Whether the value has the member: one of a variant depends on the tag, which comes before. */
static bool has_member(const ApiMemberInfo *member, const void *value)
{
    int tag;

    if (member->branches == 0) {
        return true;
    }
    memcpy(&tag, (const char *)value + member->tag_offset, sizeof(tag));
    return (member->branches >> tag & 1) != 0;
}

static bool is_known(const ApiTypeInfo *type, const char *name, const void *value)
{
    for (size_t i = 0; i < type->n_members; i++) {
        const ApiMemberInfo *member = &type->members[i];

        if (member->rest || (strcmp(member->name, name) == 0 && has_member(member, value))) {
            return true;
        }
    }
    return false;
}

/* "a, b, c" of the members that the value can have. Free with g_free. */
static char *known_members(const ApiTypeInfo *type, const void *value)
{
    GString *words = g_string_new(NULL);

    for (size_t i = 0; i < type->n_members; i++) {
        if (has_member(&type->members[i], value)) {
            g_string_append_printf(words, "%s%s", words->len > 0 ? ", " : "",
                                   type->members[i].name);
        }
    }
    return g_string_free(words, FALSE);
}

/* One finding for all unknown members: a client that sends thousands does not get thousands of
 * lists of what is known. */
static void refuse_unknown(WireReader *reader, const ApiTypeInfo *type, const json_t *json,
                           const void *value)
{
    const char *first = NULL;
    unsigned more = 0;
    const char *name;
    json_t *member;

    json_object_foreach((json_t *)json, name, member)
    {
        if (!is_known(type, name, value)) {
            more += first != NULL;
            first = first != NULL ? first : name;
        }
    }
    if (first == NULL) {
        return;
    }
    char *quoted = quote(first);
    char *words = known_members(type, value);
    char *others = more > 0 ? g_strdup_printf(" and %u more", more) : g_strdup("");

    wire_reader_problem(reader, "UnknownMember", NULL, "no member %s%s; %s%s", quoted, others,
                        type->n_members > 0 ? "members are " : "there are none", words);
    g_free(others);
    g_free(words);
    g_free(quoted);
}

static bool read_member(WireReader *reader, const ApiMemberInfo *member, const json_t *json,
                        void *value)
{
    const json_t *element = json_object_get(json, member->name);
    bool optional = member->branches != 0 ? !member->needed : member->optional;
    bool lenient = wire_reader_strictness(reader) == WIRE_LENIENT;

    if (element == NULL) {
        if (!optional && !(member->extension && lenient)) {
            wire_reader_problem(reader, "MissingMember", member->name, "required, and missing");
            return false;
        }
        return true;
    }
    wire_reader_enter(reader, member->name);
    bool good = api_value_read(reader, member->type, member->shape, element,
                               api_member_place(member, value));
    wire_reader_leave(reader);
    if (api_member_has_flag(member)) {
        *api_member_flag(member, value) = good;
    }
    return good;
}

/* The members of names that the type does not have. */
static json_t *the_rest(const ApiTypeInfo *type, const json_t *json)
{
    json_t *rest = json_object();
    const char *name;
    json_t *member;

    json_object_foreach((json_t *)json, name, member)
    {
        if (api_member_find(type, name) == NULL) {
            json_object_set(rest, name, member);
        }
    }
    return rest;
}

static void *read_struct(WireReader *reader, const ApiTypeInfo *type, const json_t *json)
{
    if (!json_is_object(json)) {
        wrong_type(reader, "an object", json);
        return NULL;
    }
    void *value = g_malloc0(type->size);
    bool good = true;

    for (size_t i = 0; i < type->n_members; i++) {
        const ApiMemberInfo *member = &type->members[i];

        if (member->branches != 0 && !good) {
            return value; /* without the tag nobody knows what the others should be */
        }
        if (member->rest) {
            json_t *rest = the_rest(type, json);

            api_value_read(reader, member->type, member->shape, rest,
                           api_member_place(member, value));
            json_decref(rest);
        } else if (has_member(member, value)) {
            good = read_member(reader, member, json, value) && good;
        }
    }
    if (wire_reader_strictness(reader) == WIRE_STRICT) {
        refuse_unknown(reader, type, json, value);
    }
    return value;
}

/* ---- values of any shape --------------------------------------------------------------------- */

static bool read_one(WireReader *reader, const ApiTypeInfo *type, const json_t *json, void *place)
{
    switch (type->kind) {
    case API_KIND_BOOL:
        return read_bool(reader, json, place);
    case API_KIND_INT:
        return read_int(reader, json, place);
    case API_KIND_UINT:
        return read_uint(reader, json, place);
    case API_KIND_HEX:
        return read_hex(reader, json, place);
    case API_KIND_NUMBER:
        return read_number(reader, json, place);
    case API_KIND_ENUM:
        return read_enum(reader, type, json, place);
    case API_KIND_STR:
        return read_str(reader, json, place);
    case API_KIND_ANY:
        api_store_pointer(place, json_incref((json_t *)json));
        return true;
    case API_KIND_STRUCT:
        api_store_pointer(place, read_struct(reader, type, json));
        return api_load_pointer(place) != NULL;
    }
    g_assert_not_reached();
}

static bool read_list(WireReader *reader, const ApiTypeInfo *type, const json_t *json, void *list)
{
    bool good = true;

    for (size_t i = 0; i < json_array_size(json); i++) {
        ApiSlot element = {0};

        wire_reader_enter_index(reader, i);
        if (!read_one(reader, type, json_array_get(json, i), &element)) {
            good = false;
        } else if (api_kind_is_pointer(type->kind)) {
            g_ptr_array_add(list, element.pointer);
        } else {
            g_array_append_vals(list, &element, 1);
        }
        wire_reader_leave(reader);
    }
    return good;
}

static bool read_map(WireReader *reader, const ApiTypeInfo *type, const json_t *json,
                     GHashTable *map)
{
    bool good = true;
    const char *key;
    json_t *value;

    json_object_foreach((json_t *)json, key, value)
    {
        ApiSlot element = {0};

        wire_reader_enter(reader, key);
        if (read_one(reader, type, value, &element)) {
            g_hash_table_replace(map, g_strdup(key), element.pointer);
        } else {
            good = false;
        }
        wire_reader_leave(reader);
    }
    return good;
}

bool api_value_read(WireReader *reader, const ApiTypeInfo *type, ApiShape shape, const json_t *json,
                    void *place)
{
    if (shape == API_SHAPE_ONE) {
        return read_one(reader, type, json, place);
    }
    if (shape == API_SHAPE_LIST ? !json_is_array(json) : !json_is_object(json)) {
        return wrong_type(reader, shape == API_SHAPE_LIST ? "an array" : "an object", json);
    }
    void *many = api_many_new(type, shape);

    api_store_pointer(place, many);
    return shape == API_SHAPE_LIST ? read_list(reader, type, json, many)
                                   : read_map(reader, type, json, many);
}

void *api_struct_read(const ApiTypeInfo *type, const json_t *json, WireStrictness strictness,
                      GError **error)
{
    WireReader *reader = wire_reader_new(strictness, "");
    void *value = read_struct(reader, type, json);

    if (!wire_reader_finish(reader, error)) {
        api_struct_free(type, value);
        return NULL;
    }
    return value;
}
