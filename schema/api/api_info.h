/* api: the tables that are generated for every type and command, and what works on any of them.
 *
 * A type's table says where each member lies in its C struct, so reading, writing and freeing are
 * written once, here, and a generic printer can show any reply. This code must not know any type
 * or command by name. api.h, which is generated, has the structs and includes this file. */
#ifndef VITRINE_API_INFO_H
#define VITRINE_API_INFO_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "wire.h"

/* The C type of one value of each kind, and what stands for "absent" when it is optional. */
typedef enum {
    API_KIND_BOOL,   /* bool; has_x */
    API_KIND_INT,    /* int64_t; has_x */
    API_KIND_UINT,   /* uint64_t; has_x */
    API_KIND_HEX,    /* uint64_t, "0x…" in JSON; has_x */
    API_KIND_NUMBER, /* double; has_x */
    API_KIND_ENUM,   /* a generated enum; has_x */
    API_KIND_STR,    /* char *; NULL */
    API_KIND_ANY,    /* json_t *; NULL (JSON's null is a value) */
    API_KIND_STRUCT, /* a pointer to a generated struct; NULL */
} ApiKind;

/* How many values of a type. */
typedef enum {
    API_SHAPE_ONE,
    API_SHAPE_LIST, /* GPtrArray of str, any or structs, GArray of the others */
    API_SHAPE_MAP,  /* GHashTable of char * to str, any or structs */
} ApiShape;

typedef struct ApiTypeInfo ApiTypeInfo;

typedef struct ApiMemberInfo {
    const char *name;
    const char *doc;   /* paragraphs, an empty line between them */
    const char *since; /* NULL: as its type or command */
    const ApiTypeInfo *type;
    ApiShape shape;
    bool optional;
    bool extension;    /* QEMU's type lacks it: the lenient reader leaves it 0 or NULL */
    size_t offset;     /* in the C struct */
    size_t has_offset; /* of has_x, for an optional scalar */
    bool rest;         /* a map of all members with other names */
    /* Of a variant of a union: the values of the tag, a bit each, that it is there for (0: it is
     * there always), whether it has to be then, and where the tag is. */
    uint64_t branches;
    bool needed;
    size_t tag_offset;
} ApiMemberInfo;

/* A value of an enum, or the reason of an error. */
typedef struct ApiWordInfo {
    const char *name;
    const char *doc;
} ApiWordInfo;

struct ApiTypeInfo {
    const char *name;
    const char *doc;
    const char *since; /* NULL: builtin or generated */
    ApiKind kind;
    const ApiMemberInfo *members; /* of a struct, in declared order */
    size_t n_members;
    const ApiWordInfo *values; /* of an enum, indexed by the C constant */
    size_t n_values;
    size_t size;         /* of the C struct */
    GDestroyNotify free; /* of what a list or map holds; NULL: nothing to free */
};

typedef struct ApiCommandInfo {
    const char *name;
    const char *doc;
    const char *since;
    const char *phase; /* "model", "session" or "machine" */
    const ApiTypeInfo *arguments;
    const ApiTypeInfo *returns; /* NULL: an empty object */
    ApiShape returns_shape;
    const ApiWordInfo *errors; /* beside those of the phase and of reading the arguments */
    size_t n_errors;
    bool learned; /* a machine of another emulator, that was learned, can be asked about */
} ApiCommandInfo;

typedef struct ApiEventInfo {
    const char *name;
    const char *doc;
    const char *since;
    const ApiTypeInfo *data; /* NULL: it carries none */
} ApiEventInfo;

extern const ApiTypeInfo api_type_bool, api_type_int, api_type_uint, api_type_hex, api_type_number,
    api_type_str, api_type_any;

/* Everything declared, sorted by name, NULL at the end. Types include the arguments of commands
 * ("QueryMachinesArgs"), not the builtins. */
extern const ApiTypeInfo *const api_types[];
extern const ApiCommandInfo *const api_commands[];
extern const ApiEventInfo *const api_events[];

/* Of a struct: a member of that name, the first of a union's; NULL: none such. */
const ApiMemberInfo *api_member_find(const ApiTypeInfo *type, const char *name);
const ApiTypeInfo *api_type_find(const char *name); /* NULL: none such; builtins are found too */
const ApiCommandInfo *api_command_find(const char *name);

/* The reply of query-schema and of query-qmp-schema (QEMU's form), as JSON text. */
const char *api_schema_json(void);
const char *api_qmp_schema_json(void);
/* SHA-256 of the former, in hexadecimal: it changes when anything declared changes. */
const char *api_schema_hash(void);

/* ---- any struct, by its table ------------------------------------------------------------------
 * What api_x_new, api_x_free, api_x_read and api_x_write do. */

/* All zero, required lists and maps empty. */
void *api_struct_new(const ApiTypeInfo *type);
void api_struct_free(const ApiTypeInfo *type, void *value); /* NULL is fine */
/* Reads an object. Every problem is found, each with its path and a reason: WrongType, WrongForm,
 * OutOfRange, UnknownValue, MissingMember, and when strict UnknownMember. */
void *api_struct_read(const ApiTypeInfo *type, const json_t *json, WireStrictness strictness,
                      GError **error);
/* A new reference; members in declared order, keys of maps sorted. What is required must be there:
 * a NULL is a bug of the caller and aborts, as does text that is not UTF-8. */
json_t *api_struct_write(const ApiTypeInfo *type, const void *value);

/* An empty list for elements of a type that is held by pointer (str, any, structs). */
GPtrArray *api_list_new(const ApiTypeInfo *element);
/* An empty map for the same. */
GHashTable *api_map_new(const ApiTypeInfo *element);

/* The constant of an enum's word. False: the enum has no such word. */
bool api_enum_parse(const ApiTypeInfo *type, const char *word, int *ret_value);

/* The JSON of what a command's handler returned, which is freed. reply: the address of the
 * variable. With API_CHECK_REPLIES the JSON is read back by the strict reader, and a difference
 * aborts: it is a bug of the handler or of the schema. */
json_t *api_reply_take(const ApiCommandInfo *command, void *reply);

#endif
