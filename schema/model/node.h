/* node: a device tree in memory, and the notation of its property values in declaration files.
 *
 *   value := item { "," item }
 *   item  := "text" | "<" { cell } ">" | "[" { hex byte } "]" | "@string" { "text" | NAME | "@on" }
 *            | "@on" | "&" reference: the path of its node
 *   cell  := number | NAME | "(" expression ")" | "&" reference
 *
 * Knows bytes and names; what a name or a reference stands for is the caller's. Devicetree
 * Specification 0.4, chapters 2 and 5. */
#ifndef VITRINE_MODEL_NODE_H
#define VITRINE_MODEL_NODE_H

#include "expr.h"

typedef struct MdlTreeProperty {
    char *name;
    GByteArray *data; /* big-endian cells, strings with their NUL */
} MdlTreeProperty;

typedef struct MdlTreeNode {
    char *name;
    GPtrArray *properties; /* MdlTreeProperty * */
    GPtrArray *children;   /* MdlTreeNode * */
    uint32_t phandle;      /* 0: nobody refers to it */
} MdlTreeNode;

MdlTreeNode *mdl_tree_new(void);
void mdl_tree_free(MdlTreeNode *node);
/* The node at an absolute path, made with all above it if it is not there. */
MdlTreeNode *mdl_tree_path(MdlTreeNode *root, const char *path);
/* The child of that name, made if it is not there. */
MdlTreeNode *mdl_tree_child(MdlTreeNode *node, const char *name);
/* The bytes of a property, made empty if it is not there; borrowed. */
GByteArray *mdl_tree_property(MdlTreeNode *node, const char *name);
bool mdl_tree_has(const MdlTreeNode *node, const char *name);
void mdl_tree_put_cell(GByteArray *data, uint32_t cell);
void mdl_tree_put_cell64(GByteArray *data, uint64_t value); /* two cells */
void mdl_tree_put_string(GByteArray *data, const char *text);

/* What stands behind names and references in a value. */
typedef struct MdlTreeScope {
    MdlScope names;
    MdlArena *arena;
    /* The phandle of what &reference names; 0: nothing. */
    uint32_t (*phandle)(void *context, const char *reference);
    /* The path of what &reference names (g_free); NULL: nothing. */
    char *(*path)(void *context, const char *reference);
    /* The names that @on stands for, by index; NULL: no more. */
    const char *(*name_on)(void *context, size_t index);
    void *context;
} MdlTreeScope;

/* Appends a value in the notation. False: ret_why (g_free). */
bool mdl_tree_put_value(GByteArray *data, const char *value, const MdlTreeScope *scope,
                        char **ret_why);
/* A name with expressions in braces, written in hexadecimal: "cpu@{index}". NULL: ret_why. */
char *mdl_tree_expand_name(const char *name, const MdlTreeScope *scope, char **ret_why);
/* The flattened form (Devicetree Specification 0.4, 5). */
GBytes *mdl_tree_flatten(const MdlTreeNode *root);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MdlTreeNode, mdl_tree_free)

#endif
