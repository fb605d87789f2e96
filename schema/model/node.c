/* node: see node.h. */
#include "node.h"

#include "value.h"

#include <libfdt.h>
#include <stdio.h>
#include <string.h>

/* ---- the tree -------------------------------------------------------------------------------- */

static void property_free(gpointer data)
{
    MdlTreeProperty *property = data;
    g_free(property->name);
    g_byte_array_unref(property->data);
    g_free(property);
}

void mdl_tree_free(MdlTreeNode *node)
{
    if (!node) {
        return;
    }
    g_free(node->name);
    g_ptr_array_unref(node->properties);
    g_ptr_array_unref(node->children);
    g_free(node);
}

static MdlTreeNode *node_new(const char *name)
{
    MdlTreeNode *node = g_new0(MdlTreeNode, 1);
    node->name = g_strdup(name);
    node->properties = g_ptr_array_new_with_free_func(property_free);
    node->children = g_ptr_array_new_with_free_func((GDestroyNotify)mdl_tree_free);
    return node;
}

MdlTreeNode *mdl_tree_new(void)
{
    return node_new("");
}

MdlTreeNode *mdl_tree_child(MdlTreeNode *node, const char *name)
{
    for (size_t i = 0; i < node->children->len; i++) {
        MdlTreeNode *child = g_ptr_array_index(node->children, i);
        if (strcmp(child->name, name) == 0) {
            return child;
        }
    }
    MdlTreeNode *child = node_new(name);
    g_ptr_array_add(node->children, child);
    return child;
}

MdlTreeNode *mdl_tree_path(MdlTreeNode *root, const char *path)
{
    g_auto(GStrv) names = g_strsplit(path, "/", -1);
    MdlTreeNode *node = root;
    for (size_t i = 0; names[i]; i++) {
        if (*names[i]) {
            node = mdl_tree_child(node, names[i]);
        }
    }
    return node;
}

static MdlTreeProperty *find_property(const MdlTreeNode *node, const char *name)
{
    for (size_t i = 0; i < node->properties->len; i++) {
        MdlTreeProperty *property = g_ptr_array_index(node->properties, i);
        if (strcmp(property->name, name) == 0) {
            return property;
        }
    }
    return NULL;
}

GByteArray *mdl_tree_property(MdlTreeNode *node, const char *name)
{
    MdlTreeProperty *property = find_property(node, name);
    if (!property) {
        property = g_new0(MdlTreeProperty, 1);
        property->name = g_strdup(name);
        property->data = g_byte_array_new();
        g_ptr_array_add(node->properties, property);
    }
    return property->data;
}

bool mdl_tree_has(const MdlTreeNode *node, const char *name)
{
    return find_property(node, name) != NULL;
}

void mdl_tree_put_cell(GByteArray *data, uint32_t cell)
{
    uint32_t big = GUINT32_TO_BE(cell);
    g_byte_array_append(data, (const guint8 *)&big, sizeof(big));
}

void mdl_tree_put_cell64(GByteArray *data, uint64_t value)
{
    mdl_tree_put_cell(data, (uint32_t)(value >> 32));
    mdl_tree_put_cell(data, (uint32_t)value);
}

void mdl_tree_put_string(GByteArray *data, const char *text)
{
    g_byte_array_append(data, (const guint8 *)text, (guint)strlen(text) + 1);
}

/* ---- the notation ---------------------------------------------------------------------------- */

typedef struct Parser {
    const char *at;
    const MdlTreeScope *scope;
    GByteArray *data;
    char **ret_why;
} Parser;

static bool fail(Parser *parser, const char *expected)
{
    *parser->ret_why = g_strdup_printf("expected %s at \"%s\"", expected, parser->at);
    return false;
}

static void skip_space(Parser *parser)
{
    parser->at += strspn(parser->at, " \t");
}

static bool evaluate(const MdlTreeScope *scope, const char *text, MdlValue *ret_value,
                     char **ret_why)
{
    const MdlExpr *expr = mdl_expr_parse(scope->arena, text, ret_why);
    MdlKind kind;
    return expr && mdl_expr_check(expr, &scope->names, &kind, ret_why) &&
           mdl_expr_eval(expr, &scope->names, ret_value, ret_why);
}

static bool put_expression(Parser *parser, const char *text)
{
    MdlValue value;
    if (!evaluate(parser->scope, text, &value, parser->ret_why)) {
        return false;
    }
    if (value.kind == MDL_STR || value.kind == MDL_ENUM || value.number > UINT32_MAX) {
        *parser->ret_why = g_strdup_printf("\"%s\" is not a number of 32 bits", text);
        return false;
    }
    mdl_tree_put_cell(parser->data, (uint32_t)value.number);
    return true;
}

static bool put_reference(Parser *parser, const char *reference)
{
    uint32_t phandle = parser->scope->phandle(parser->scope->context, reference);
    if (!phandle) {
        *parser->ret_why = g_strdup_printf("\"&%s\" refers to nothing", reference);
        return false;
    }
    mdl_tree_put_cell(parser->data, phandle);
    return true;
}

/* The length of "(…)" with the parentheses inside it, or 0. */
static size_t parenthesis_length(const char *text)
{
    int depth = 0;
    for (size_t n = 0; text[n]; n++) {
        depth += (text[n] == '(') - (text[n] == ')');
        if (depth == 0) {
            return n + 1;
        }
    }
    return 0;
}

static bool put_cells(Parser *parser)
{
    parser->at++;
    for (skip_space(parser); *parser->at != '>'; skip_space(parser)) {
        size_t n =
            *parser->at == '(' ? parenthesis_length(parser->at) : strcspn(parser->at, " \t>");
        if (n == 0) {
            return fail(parser, "\">\"");
        }
        g_autofree char *word = g_strndup(parser->at, n);
        if (!(*word == '&' ? put_reference(parser, word + 1) : put_expression(parser, word))) {
            return false;
        }
        parser->at += n;
    }
    parser->at++;
    return true;
}

static bool put_bytes(Parser *parser)
{
    parser->at++;
    for (skip_space(parser); *parser->at != ']'; skip_space(parser)) {
        int high = g_ascii_xdigit_value(parser->at[0]);
        int low = high < 0 ? -1 : g_ascii_xdigit_value(parser->at[1]);
        if (low < 0) {
            return fail(parser, "two hexadecimal digits");
        }
        guint8 byte = (guint8)(high << 4 | low);
        g_byte_array_append(parser->data, &byte, 1);
        parser->at += 2;
    }
    parser->at++;
    return true;
}

static char *take_text(Parser *parser)
{
    const char *end = strchr(parser->at + 1, '"');
    if (!end) {
        fail(parser, "a closing \"");
        return NULL;
    }
    char *text = g_strndup(parser->at + 1, (size_t)(end - parser->at - 1));
    parser->at = end + 1;
    return text;
}

static bool take_on(Parser *parser)
{
    bool is = g_str_has_prefix(parser->at, "@on");
    parser->at += is ? strlen("@on") : 0;
    return is;
}

static const char *name_on(const Parser *parser, size_t index)
{
    return parser->scope->name_on(parser->scope->context, index);
}

/* A piece of a joined string: a text, the value of a name, or "_name" of each that is on. */
static bool join_piece(Parser *parser, GString *joined)
{
    g_autofree char *piece = NULL;
    if (take_on(parser)) {
        const char *name;
        for (size_t i = 0; (name = name_on(parser, i)); i++) {
            g_string_append_printf(joined, "_%s", name);
        }
        return true;
    }
    if (*parser->at == '"') {
        piece = take_text(parser);
    } else {
        size_t n = strcspn(parser->at, " \t,\"");
        g_autofree char *name = g_strndup(parser->at, n);
        MdlValue value;
        if (!evaluate(parser->scope, name, &value, parser->ret_why)) {
            return false;
        }
        parser->at += n;
        piece = mdl_value_print(&value);
    }
    if (piece) {
        g_string_append(joined, piece);
    }
    return piece != NULL;
}

/* The texts and the values of the names, joined into one string. */
static bool put_joined(Parser *parser)
{
    g_autoptr(GString) joined = g_string_new(NULL);
    parser->at += strlen("@string");
    for (skip_space(parser); *parser->at && *parser->at != ','; skip_space(parser)) {
        if (!join_piece(parser, joined)) {
            return false;
        }
    }
    mdl_tree_put_string(parser->data, joined->str);
    return true;
}

/* As in the source format of device trees: outside of cells, a reference is a path. */
static bool put_path(Parser *parser)
{
    size_t n = strcspn(parser->at, " \t,");
    g_autofree char *reference = g_strndup(parser->at + 1, n - 1);
    g_autofree char *path = parser->scope->path(parser->scope->context, reference);
    if (!path) {
        *parser->ret_why = g_strdup_printf("\"&%s\" refers to nothing", reference);
        return false;
    }
    mdl_tree_put_string(parser->data, path);
    parser->at += n;
    return true;
}

static bool put_item(Parser *parser)
{
    switch (*parser->at) {
    case '&':
        return put_path(parser);
    case '<':
        return put_cells(parser);
    case '[':
        return put_bytes(parser);
    case '"': {
        g_autofree char *text = take_text(parser);
        if (text) {
            mdl_tree_put_string(parser->data, text);
        }
        return text != NULL;
    }
    default:
        if (g_str_has_prefix(parser->at, "@string")) {
            return put_joined(parser);
        }
        if (take_on(parser)) {
            const char *name;
            for (size_t i = 0; (name = name_on(parser, i)); i++) {
                mdl_tree_put_string(parser->data, name);
            }
            return true;
        }
        return fail(parser, "\"text\", <cells>, [bytes], &ID, @string or @on");
    }
}

bool mdl_tree_put_value(GByteArray *data, const char *value, const MdlTreeScope *scope,
                        char **ret_why)
{
    Parser parser = {.at = value, .scope = scope, .data = data, .ret_why = ret_why};
    skip_space(&parser);
    if (*parser.at == '\0') {
        return true; /* a property without a value */
    }
    for (;;) {
        if (!put_item(&parser)) {
            return false;
        }
        skip_space(&parser);
        if (*parser.at == '\0') {
            return true;
        }
        if (*parser.at != ',') {
            return fail(&parser, "\",\"");
        }
        parser.at++;
        skip_space(&parser);
    }
}

char *mdl_tree_expand_name(const char *name, const MdlTreeScope *scope, char **ret_why)
{
    const char *open = strchr(name, '{'), *close = open ? strchr(open, '}') : NULL;
    if (!close) {
        return g_strdup(name);
    }
    g_autofree char *text = g_strndup(open + 1, (size_t)(close - open - 1));
    MdlValue value;
    if (!evaluate(scope, text, &value, ret_why)) {
        return NULL;
    }
    if (value.kind == MDL_STR || value.kind == MDL_ENUM) {
        *ret_why = g_strdup_printf("\"%s\" is not a number", text);
        return NULL;
    }
    return g_strdup_printf("%.*s%" G_GINT64_MODIFIER "x%s", (int)(open - name), name, value.number,
                           close + 1);
}

/* ---- the flattened form ---------------------------------------------------------------------- */

/* libfdt says when there is no space: mdl_tree_flatten tries again with more. */
static int flatten_node(void *blob, const MdlTreeNode *node)
{
    int status = fdt_begin_node(blob, node->name);
    for (size_t i = 0; status == 0 && i < node->properties->len; i++) {
        const MdlTreeProperty *property = g_ptr_array_index(node->properties, i);
        status = fdt_property(blob, property->name, property->data->data, (int)property->data->len);
    }
    if (status == 0 && node->phandle) {
        status = fdt_property_u32(blob, "phandle", node->phandle);
    }
    for (size_t i = 0; status == 0 && i < node->children->len; i++) {
        status = flatten_node(blob, g_ptr_array_index(node->children, i));
    }
    return status == 0 ? fdt_end_node(blob) : status;
}

static int flatten_into(void *blob, int size, const MdlTreeNode *root)
{
    int status = fdt_create(blob, size);
    status = status == 0 ? fdt_finish_reservemap(blob) : status;
    status = status == 0 ? flatten_node(blob, root) : status;
    return status == 0 ? fdt_finish(blob) : status;
}

GBytes *mdl_tree_flatten(const MdlTreeNode *root)
{
    for (int size = 16 * 1024;; size *= 2) {
        void *blob = g_malloc0((gsize)size);
        int status = flatten_into(blob, size, root);
        if (status == 0) {
            return g_bytes_new_take(blob, fdt_totalsize(blob));
        }
        g_free(blob);
        g_assert(status == -FDT_ERR_NOSPACE && size < 1 << 28);
    }
}
