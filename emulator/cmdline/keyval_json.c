/* keyval_json: an option's argument as the JSON that a command takes. A dot in a key goes into an
 * object, and text becomes what the type of the member wants. */
#include "cmdline/keyval.h"

#include <string.h>

#include <target_args.h>

static bool fail(GError **error, const char *format, const char *key)
{
    g_autofree char *text = g_strdup_printf(format, key); /* lint: format: a literal of this file */
    g_set_error_literal(error, WIRE_ERROR, WIRE_ERROR_FAILED, text);
    return false;
}

/* ---- dots ------------------------------------------------------------------------------------ */

bool emu_json_set(json_t *object, const char *path, json_t *value, GError **error)
{
    g_auto(GStrv) parts = g_strsplit(path, ".", -1);
    for (guint i = 0; parts[i]; i++) {
        json_t *there = json_object_get(object, parts[i]);
        bool is_last = !parts[i + 1];
        if (!*parts[i] || (there && (is_last || !json_is_object(there)))) {
            json_decref(value);
            return fail(error, "'%s' does not go with the others", path);
        }
        if (is_last) {
            json_object_set_new(object, parts[i], value);
        } else if (!there) {
            there = json_object();
            json_object_set_new(object, parts[i], there);
        }
        object = there;
    }
    return true;
}

/* ---- types ----------------------------------------------------------------------------------- */

/* Whether the object has the member, if that is one of a variant of a union. */
static bool is_there(const ApiTypeInfo *type, const ApiMemberInfo *member, const json_t *object)
{
    int value;
    for (size_t i = 0; member->branches && i < type->n_members; i++) {
        const ApiMemberInfo *tag = &type->members[i];
        const char *word = json_string_value(json_object_get(object, tag->name));
        if (tag->offset == member->tag_offset)
            return word && api_enum_parse(tag->type, word, &value) && member->branches >> value & 1;
    }
    return true;
}

static const ApiMemberInfo *find(const ApiTypeInfo *type, const json_t *object, const char *name)
{
    for (size_t i = 0; i < type->n_members; i++) {
        const ApiMemberInfo *member = &type->members[i];
        if (!strcmp(member->name, name) && !member->rest && is_there(type, member, object))
            return member;
    }
    return NULL;
}

static json_t *typed(const ApiTypeInfo *type, const json_t *object);

/* A list of texts, of which a command line gives one: hostfwd=tcp::22-:22. New reference. */
static json_t *typed_list(const ApiMemberInfo *member, json_t *value)
{
    const ApiTypeInfo *type = member->type;
    if (type->kind == API_KIND_STRUCT && type->n_members == 1)
        return json_pack("[{s:O}]", type->members[0].name, value);
    return json_pack("[O]", value);
}

/* New reference. */
static json_t *typed_value(const ApiTypeInfo *type, const ApiMemberInfo *member, json_t *value)
{
    if (json_is_string(value) && member && member->shape == API_SHAPE_LIST)
        return typed_list(member, value);
    if (json_is_string(value) && member && member->type->kind != API_KIND_ANY)
        return cmd_args_value(member, json_string_value(value));
    if (!json_is_object(value) || !member)
        return json_incref(value);
    /* what may be anything and has members is one of these again: a node inside a node */
    return typed(member->type->kind == API_KIND_STRUCT ? member->type : type, value);
}

static json_t *typed(const ApiTypeInfo *type, const json_t *object)
{
    json_t *result = json_object();
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)object, name, value)
    {
        const ApiMemberInfo *member = find(type, object, name);
        json_object_set_new(result, name, typed_value(type, member, value));
    }
    return result;
}

json_t *emu_json_typed(const ApiTypeInfo *type, json_t *object)
{
    json_t *result = typed(type, object);
    json_decref(object);
    return result;
}

/* ---- options --------------------------------------------------------------------------------- */

json_t *emu_keyval_json(const char *text, const char *first_key, const ApiTypeInfo *type,
                        GError **error)
{
    if (*text == '{') {
        json_t *json = wire_json_parse(text, strlen(text), &wire_limits_request, error);
        g_prefix_error(error, "it is no JSON: ");
        return json;
    }
    g_autoptr(EmuKeyval) keyval = emu_keyval_parse(text, first_key, error);
    if (!keyval)
        return NULL;
    json_t *object = json_object();
    const char *key, *value;
    while (emu_keyval_take_any(keyval, &key, &value))
        if (!emu_json_set(object, key, json_string(value), error)) {
            json_decref(object);
            return NULL;
        }
    return emu_json_typed(type, object);
}
