/* api: making, freeing and writing the structs that the tables describe, and reply checking.
 * Reading is in read.c. Must not know any type or command by name. */
#include "api_value.h"

#include <string.h>

const ApiTypeInfo api_type_bool = {.name = "bool", .kind = API_KIND_BOOL};
const ApiTypeInfo api_type_int = {.name = "int", .kind = API_KIND_INT};
const ApiTypeInfo api_type_uint = {.name = "uint", .kind = API_KIND_UINT};
const ApiTypeInfo api_type_hex = {.name = "hex", .kind = API_KIND_HEX};
const ApiTypeInfo api_type_number = {.name = "number", .kind = API_KIND_NUMBER};
const ApiTypeInfo api_type_str = {.name = "str", .kind = API_KIND_STR, .free = g_free};
const ApiTypeInfo api_type_any = {
    .name = "any", .kind = API_KIND_ANY, .free = (GDestroyNotify)json_decref};

/* ---- where a value lies ---------------------------------------------------------------------- */

bool api_kind_is_pointer(ApiKind kind)
{
    return kind == API_KIND_STR || kind == API_KIND_ANY || kind == API_KIND_STRUCT;
}

size_t api_kind_size(ApiKind kind)
{
    switch (kind) {
    case API_KIND_BOOL:
        return sizeof(bool);
    case API_KIND_ENUM:
        return sizeof(int);
    case API_KIND_NUMBER:
        return sizeof(double);
    case API_KIND_INT:
    case API_KIND_UINT:
    case API_KIND_HEX:
        return sizeof(uint64_t);
    default:
        return sizeof(void *);
    }
}

void *api_load_pointer(const void *place)
{
    void *pointer;

    memcpy(&pointer, place, sizeof(pointer));
    return pointer;
}

void api_store_pointer(void *place, void *pointer)
{
    memcpy(place, &pointer, sizeof(pointer));
}

void *api_member_place(const ApiMemberInfo *member, const void *value)
{
    return (char *)value + member->offset;
}

bool api_member_has_flag(const ApiMemberInfo *member)
{
    return member->optional && member->shape == API_SHAPE_ONE &&
           !api_kind_is_pointer(member->type->kind);
}

bool *api_member_flag(const ApiMemberInfo *member, const void *value)
{
    return (bool *)((char *)value + member->has_offset);
}

static bool is_present(const ApiMemberInfo *member, const void *value)
{
    if (api_member_has_flag(member)) {
        return *api_member_flag(member, value);
    }
    return !member->optional || api_load_pointer(api_member_place(member, value)) != NULL;
}

/* A handler that forgot a required member is a bug; its author is told which. */
static void expect_set(const ApiTypeInfo *type, const ApiMemberInfo *member, const void *value)
{
    bool is_pointer = member->shape != API_SHAPE_ONE || api_kind_is_pointer(member->type->kind);

    if (is_pointer && api_load_pointer(api_member_place(member, value)) == NULL) {
        g_error("%s.%s is required and not set", type->name, member->name);
    }
}

/* ---- making and freeing ---------------------------------------------------------------------- */

GPtrArray *api_list_new(const ApiTypeInfo *element)
{
    g_assert(api_kind_is_pointer(element->kind));
    return g_ptr_array_new_with_free_func(element->free);
}

GHashTable *api_map_new(const ApiTypeInfo *element)
{
    g_assert(api_kind_is_pointer(element->kind));
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, element->free);
}

void *api_many_new(const ApiTypeInfo *element, ApiShape shape)
{
    if (shape == API_SHAPE_MAP) {
        return api_map_new(element);
    }
    if (api_kind_is_pointer(element->kind)) {
        return api_list_new(element);
    }
    return g_array_new(FALSE, TRUE, (guint)api_kind_size(element->kind));
}

void *api_struct_new(const ApiTypeInfo *type)
{
    void *value = g_malloc0(type->size);

    for (size_t i = 0; i < type->n_members; i++) {
        const ApiMemberInfo *member = &type->members[i];

        if (!member->optional && member->shape != API_SHAPE_ONE) {
            api_store_pointer(api_member_place(member, value),
                              api_many_new(member->type, member->shape));
        }
    }
    return value;
}

static void clear_value(const ApiTypeInfo *type, ApiShape shape, void *place)
{
    void *pointer = NULL;

    if (shape != API_SHAPE_ONE || type->free != NULL) {
        pointer = api_load_pointer(place);
    }
    if (pointer == NULL) {
        return;
    }
    if (shape == API_SHAPE_MAP) {
        g_hash_table_unref(pointer);
    } else if (shape == API_SHAPE_ONE) {
        type->free(pointer);
    } else if (api_kind_is_pointer(type->kind)) {
        g_ptr_array_unref(pointer);
    } else {
        g_array_unref(pointer);
    }
}

void api_struct_free(const ApiTypeInfo *type, void *value)
{
    if (value == NULL) {
        return;
    }
    for (size_t i = 0; i < type->n_members; i++) {
        const ApiMemberInfo *member = &type->members[i];

        clear_value(member->type, member->shape, api_member_place(member, value));
    }
    g_free(value);
}

/* ---- writing --------------------------------------------------------------------------------- */

static json_t *write_hex(uint64_t value)
{
    char text[2 + 16 + 1];

    g_snprintf(text, sizeof(text), "0x%" G_GINT64_MODIFIER "x", value);
    return json_string(text);
}

/* One value at its place; a pointer is the thing itself. */
static json_t *write_one(const ApiTypeInfo *type, const void *place)
{
    const void *pointer = NULL;

    if (api_kind_is_pointer(type->kind)) {
        pointer = api_load_pointer(place);
        g_assert(pointer != NULL);
    }
    switch (type->kind) {
    case API_KIND_BOOL:
        return json_boolean(*(const bool *)place);
    case API_KIND_INT:
        return json_integer(*(const int64_t *)place);
    case API_KIND_UINT:
        return wire_json_uint(*(const uint64_t *)place);
    case API_KIND_HEX:
        return write_hex(*(const uint64_t *)place);
    case API_KIND_NUMBER:
        return json_real(*(const double *)place);
    case API_KIND_ENUM:
        g_assert(*(const unsigned *)place < type->n_values);
        return json_string(type->values[*(const unsigned *)place].name);
    case API_KIND_STR:
        return json_string(pointer);
    case API_KIND_ANY:
        return json_incref((json_t *)pointer);
    case API_KIND_STRUCT:
        return api_struct_write(type, pointer);
    }
    g_assert_not_reached();
}

static json_t *write_list(const ApiTypeInfo *type, const void *list)
{
    json_t *json = json_array();

    if (api_kind_is_pointer(type->kind)) {
        const GPtrArray *pointers = list;

        for (guint i = 0; i < pointers->len; i++) {
            int failed = json_array_append_new(json, write_one(type, &pointers->pdata[i]));

            g_assert(failed == 0);
        }
        return json;
    }
    const GArray *scalars = list;
    size_t size = api_kind_size(type->kind);

    for (guint i = 0; i < scalars->len; i++) {
        int failed = json_array_append_new(json, write_one(type, scalars->data + i * size));

        g_assert(failed == 0);
    }
    return json;
}

static json_t *write_map(const ApiTypeInfo *type, GHashTable *map)
{
    json_t *json = json_object();
    GList *keys = g_list_sort(g_hash_table_get_keys(map), (GCompareFunc)strcmp);

    for (const GList *key = keys; key != NULL; key = key->next) {
        const void *element = g_hash_table_lookup(map, key->data);
        int failed = json_object_set_new(json, key->data, write_one(type, &element));

        g_assert(failed == 0);
    }
    g_list_free(keys);
    return json;
}

static json_t *write_value(const ApiTypeInfo *type, ApiShape shape, const void *place)
{
    if (shape == API_SHAPE_ONE) {
        return write_one(type, place);
    }
    void *many = api_load_pointer(place);

    g_assert(many != NULL);
    return shape == API_SHAPE_LIST ? write_list(type, many) : write_map(type, many);
}

json_t *api_struct_write(const ApiTypeInfo *type, const void *value)
{
    json_t *json = json_object();

    for (size_t i = 0; i < type->n_members; i++) {
        const ApiMemberInfo *member = &type->members[i];

        if (is_present(member, value)) {
            expect_set(type, member, value);
            json_t *written =
                write_value(member->type, member->shape, api_member_place(member, value));
            int failed = member->rest ? json_object_update(json, written)
                                      : json_object_set(json, member->name, written);

            g_assert(failed == 0);
            json_decref(written);
        }
    }
    return json;
}

/* ---- replies --------------------------------------------------------------------------------- */

#ifdef API_CHECK_REPLIES
static void check_reply(const ApiCommandInfo *command, const json_t *json)
{
    WireReader *reader = wire_reader_new(WIRE_STRICT, command->name);
    ApiSlot again = {0};
    GError *error = NULL;

    api_value_read(reader, command->returns, command->returns_shape, json, &again);
    clear_value(command->returns, command->returns_shape, &again);
    if (!wire_reader_finish(reader, &error)) {
        g_error("the reply of %s is not what its schema says: %s", command->name, error->message);
    }
}
#endif

json_t *api_reply_take(const ApiCommandInfo *command, void *reply)
{
    if (command->returns == NULL) {
        return json_object();
    }
    json_t *json = write_value(command->returns, command->returns_shape, reply);

    clear_value(command->returns, command->returns_shape, reply);
#ifdef API_CHECK_REPLIES
    check_reply(command, json);
#endif
    return json;
}
