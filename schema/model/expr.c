/* expr: parser, checker and evaluator of expressions. See expr.h. */
#include "expr.h"

#include "value.h"

#include <string.h>

/* Checking and evaluating go down the tree, which a chain of operators makes as deep as it is long.
 */
#define MAX_DEPTH 32
#define MAX_NODES 256

typedef enum { OP_NUMBER, OP_NAME, OP_NOT, OP_BINARY } Node;

typedef enum {
    BIN_OR,
    BIN_AND,
    BIN_EQ,
    BIN_NE,
    BIN_LE,
    BIN_GE,
    BIN_LT,
    BIN_GT,
    BIN_ADD,
    BIN_SUB,
    BIN_MUL,
    BIN_DIV,
    BIN_MOD,
} Binary;

/* Longer signs come before their beginnings. level: how tightly it binds. */
static const struct {
    const char *sign;
    int level;
} binaries[] = {
    [BIN_OR] = {"||", 0}, [BIN_AND] = {"&&", 1}, [BIN_EQ] = {"==", 2}, [BIN_NE] = {"!=", 2},
    [BIN_LE] = {"<=", 2}, [BIN_GE] = {">=", 2},  [BIN_LT] = {"<", 2},  [BIN_GT] = {">", 2},
    [BIN_ADD] = {"+", 3}, [BIN_SUB] = {"-", 3},  [BIN_MUL] = {"*", 4}, [BIN_DIV] = {"/", 4},
    [BIN_MOD] = {"%", 4},
};

enum { LEVEL_COMPARE = 2, LEVEL_ATOM = 5 };

struct MdlExpr {
    Node node;
    uint64_t number;  /* NUMBER */
    const char *name; /* NAME */
    Binary binary;
    const MdlExpr *left, *right; /* NOT has left only */
};

/* ---- parsing --------------------------------------------------------------------------------- */

typedef struct Parser {
    MdlArena *arena;
    const char *text, *at;
    unsigned depth, nodes;
    char *why;
} Parser;

static const MdlExpr *parse_level(Parser *parser, int level);

static void fail(Parser *parser, const char *expected)
{
    if (!parser->why) {
        parser->why =
            g_strdup_printf("expected %s at \"%s\" in \"%s\"", expected, parser->at, parser->text);
    }
}

static void skip_space(Parser *parser)
{
    while (*parser->at == ' ' || *parser->at == '\t') {
        parser->at++;
    }
}

static bool take(Parser *parser, const char *sign)
{
    skip_space(parser);
    size_t length = *parser->at == *sign ? strlen(sign) : 0; /* most signs fail at once */
    if (!length || strncmp(parser->at, sign, length) != 0) {
        return false;
    }
    parser->at += length;
    return true;
}

static MdlExpr *make(Parser *parser, Node node)
{
    if (++parser->nodes > MAX_NODES) {
        fail(parser, "a shorter expression");
    }
    MdlExpr *expr = mdl_arena_new0(parser->arena, MdlExpr);
    expr->node = node;
    return expr;
}

static bool is_word_char(char c)
{
    return g_ascii_isalnum(c) || c == '-' || c == '.' || c == '_';
}

static const MdlExpr *parse_word(Parser *parser)
{
    const char *from = parser->at;
    while (is_word_char(*parser->at)) {
        parser->at++;
    }
    if (parser->at == from) {
        fail(parser, "a number or a name");
        return NULL;
    }
    char *word = mdl_arena_take(parser->arena, g_strndup(from, (size_t)(parser->at - from)));
    if (!g_ascii_isdigit(*word)) {
        MdlExpr *expr = make(parser, OP_NAME);
        expr->name = word;
        return expr;
    }
    MdlExpr *expr = make(parser, OP_NUMBER);
    if (!mdl_number_parse(word, &expr->number)) {
        parser->at = from;
        fail(parser, "a number");
        return NULL;
    }
    return expr;
}

static const MdlExpr *parse_atom(Parser *parser)
{
    if (++parser->depth > MAX_DEPTH) {
        fail(parser, "less nesting");
        return NULL;
    }
    const MdlExpr *expr;
    if (take(parser, "(")) {
        expr = parse_level(parser, 0);
        if (expr && !take(parser, ")")) {
            fail(parser, "\")\"");
            expr = NULL;
        }
    } else if (take(parser, "!")) {
        const MdlExpr *operand = parse_level(parser, LEVEL_COMPARE);
        MdlExpr *negated = make(parser, OP_NOT);
        negated->left = operand;
        expr = operand ? negated : NULL;
    } else {
        expr = parse_word(parser);
    }
    parser->depth--;
    return expr;
}

static bool take_binary(Parser *parser, int level, Binary *ret_binary)
{
    skip_space(parser);
    if (!*parser->at || !strchr("|&=!<>+-*/%", *parser->at)) {
        return false; /* the common case, before each sign is tried */
    }
    for (size_t i = 0; i < G_N_ELEMENTS(binaries); i++) {
        if (take(parser, binaries[i].sign)) {
            if (binaries[i].level == level) {
                *ret_binary = i;
                return true;
            }
            parser->at -= strlen(binaries[i].sign);
            return false;
        }
    }
    return false;
}

static const MdlExpr *parse_level(Parser *parser, int level)
{
    if (level == LEVEL_ATOM) {
        return parse_atom(parser);
    }
    const MdlExpr *left = parse_level(parser, level + 1);
    Binary binary;
    while (left && !parser->why && take_binary(parser, level, &binary)) {
        MdlExpr *expr = make(parser, OP_BINARY);
        expr->binary = binary;
        expr->left = left;
        expr->right = parse_level(parser, level + 1);
        if (!expr->right) {
            return NULL;
        }
        left = expr;
        if (level == LEVEL_COMPARE) {
            break; /* a < b < c says nothing */
        }
    }
    return left;
}

MdlExpr *mdl_expr_parse(MdlArena *arena, const char *text, char **ret_why)
{
    Parser parser = {.arena = arena, .text = text, .at = text};
    const MdlExpr *expr = parse_level(&parser, 0);
    skip_space(&parser);
    if (expr && *parser.at) {
        fail(&parser, "an operator");
    }
    if (parser.why) {
        *ret_why = parser.why;
        return NULL;
    }
    return (MdlExpr *)expr;
}

/* ---- checking -------------------------------------------------------------------------------- */

static bool is_number(MdlKind kind)
{
    return kind == MDL_UINT || kind == MDL_SIZE;
}

static bool is_word(const MdlExpr *expr)
{
    return expr->node == OP_NAME;
}

static bool is_switch_word(const char *name)
{
    return strcmp(name, "on") == 0 || strcmp(name, "off") == 0;
}

/* A comparison of an enumeration, a text or a switch with a bare word: the word is a value. */
static bool check_word(const MdlExpr *left, const MdlNameInfo *info, const char *word,
                       char **ret_why)
{
    bool known = info->kind == MDL_STR || (info->kind == MDL_BOOL && is_switch_word(word)) ||
                 (info->kind == MDL_ENUM && g_strv_contains(info->values, word));
    if (!known) {
        *ret_why = g_strdup_printf("\"%s\" is not a value of \"%s\"", word, left->name);
    }
    return known;
}

static bool check_compare(const MdlExpr *expr, const MdlScope *scope, char **ret_why)
{
    const MdlExpr *left = expr->left, *right = expr->right;
    bool equality = expr->binary == BIN_EQ || expr->binary == BIN_NE;
    MdlNameInfo info;
    if (equality && is_word(left) && is_word(right) &&
        scope->describe(scope->context, left->name, &info) && !is_number(info.kind)) {
        return check_word(left, &info, right->name, ret_why);
    }
    MdlKind a, b;
    if (!mdl_expr_check(left, scope, &a, ret_why) || !mdl_expr_check(right, scope, &b, ret_why)) {
        return false;
    }
    if (!is_number(a) || !is_number(b)) {
        *ret_why = g_strdup_printf("\"%s\" compares a name with a value, or two numbers",
                                   binaries[expr->binary].sign);
        return false;
    }
    return true;
}

static bool check_operand(const MdlExpr *expr, const MdlScope *scope, bool logical, char **ret_why)
{
    MdlKind kind;
    if (!mdl_expr_check(expr, scope, &kind, ret_why)) {
        return false;
    }
    if (logical ? kind != MDL_BOOL : !is_number(kind)) {
        *ret_why = g_strdup(logical ? "an operand of &&, || or ! is not a condition"
                                    : "an operand of an arithmetic operator is not a number");
        return false;
    }
    return true;
}

bool mdl_expr_check(const MdlExpr *expr, const MdlScope *scope, MdlKind *ret_kind, char **ret_why)
{
    MdlNameInfo info;
    switch (expr->node) {
    case OP_NUMBER:
        *ret_kind = MDL_UINT;
        return true;
    case OP_NAME:
        if (!scope->describe(scope->context, expr->name, &info)) {
            *ret_why = g_strdup_printf("\"%s\" names nothing", expr->name);
            return false;
        }
        *ret_kind = info.kind;
        return true;
    case OP_NOT:
        *ret_kind = MDL_BOOL;
        return check_operand(expr->left, scope, true, ret_why);
    case OP_BINARY:
        break;
    }
    if (binaries[expr->binary].level == LEVEL_COMPARE) {
        *ret_kind = MDL_BOOL;
        return check_compare(expr, scope, ret_why);
    }
    bool logical = binaries[expr->binary].level < LEVEL_COMPARE;
    *ret_kind = logical ? MDL_BOOL : MDL_UINT;
    return check_operand(expr->left, scope, logical, ret_why) &&
           check_operand(expr->right, scope, logical, ret_why);
}

/* ---- evaluating ------------------------------------------------------------------------------ */

static bool arithmetic(Binary binary, uint64_t a, uint64_t b, uint64_t *ret, char **ret_why)
{
    bool bad = false;
    switch (binary) {
    case BIN_ADD:
        bad = __builtin_add_overflow(a, b, ret);
        break;
    case BIN_SUB:
        bad = __builtin_sub_overflow(a, b, ret);
        break;
    case BIN_MUL:
        bad = __builtin_mul_overflow(a, b, ret);
        break;
    case BIN_DIV:
    case BIN_MOD:
        if (b == 0) {
            *ret_why = g_strdup("division by zero");
            return false;
        }
        *ret = binary == BIN_DIV ? a / b : a % b;
        break;
    default:
        g_assert_not_reached();
    }
    if (bad) {
        *ret_why = g_strdup_printf("%" G_GUINT64_FORMAT " %s %" G_GUINT64_FORMAT
                                   " does not fit in 64 bits",
                                   a, binaries[binary].sign, b);
    }
    return !bad;
}

static bool compare_numbers(Binary binary, uint64_t a, uint64_t b)
{
    switch (binary) {
    case BIN_EQ:
        return a == b;
    case BIN_NE:
        return a != b;
    case BIN_LT:
        return a < b;
    case BIN_LE:
        return a <= b;
    case BIN_GT:
        return a > b;
    case BIN_GE:
        return a >= b;
    default:
        g_assert_not_reached();
    }
}

static bool eval_compare(const MdlExpr *expr, const MdlScope *scope, bool *ret, char **ret_why)
{
    MdlValue left, right;
    if (!mdl_expr_eval(expr->left, scope, &left, ret_why)) {
        return false;
    }
    if (left.kind == MDL_BOOL) { /* checked: the right side is on or off */
        *ret = (left.number == (strcmp(expr->right->name, "on") == 0)) == (expr->binary == BIN_EQ);
        return true;
    }
    if (!is_number(left.kind)) {
        const char *text = left.text ? left.text : "";
        *ret = (strcmp(text, expr->right->name) == 0) == (expr->binary == BIN_EQ);
        return true;
    }
    if (!mdl_expr_eval(expr->right, scope, &right, ret_why)) {
        return false;
    }
    *ret = compare_numbers(expr->binary, left.number, right.number);
    return true;
}

static bool eval_logical(const MdlExpr *expr, const MdlScope *scope, bool *ret, char **ret_why)
{
    MdlValue value;
    if (!mdl_expr_eval(expr->left, scope, &value, ret_why)) {
        return false;
    }
    bool decides = expr->binary == BIN_OR;
    if ((value.number != 0) != decides && !mdl_expr_eval(expr->right, scope, &value, ret_why)) {
        return false;
    }
    *ret = value.number != 0;
    return true;
}

static bool eval_binary(const MdlExpr *expr, const MdlScope *scope, MdlValue *ret_value,
                        char **ret_why)
{
    bool truth;
    MdlValue left, right;
    switch (binaries[expr->binary].level) {
    case 0:
    case 1:
        if (!eval_logical(expr, scope, &truth, ret_why)) {
            return false;
        }
        *ret_value = (MdlValue){.kind = MDL_BOOL, .number = truth};
        return true;
    case LEVEL_COMPARE:
        if (!eval_compare(expr, scope, &truth, ret_why)) {
            return false;
        }
        *ret_value = (MdlValue){.kind = MDL_BOOL, .number = truth};
        return true;
    default:
        if (!mdl_expr_eval(expr->left, scope, &left, ret_why) ||
            !mdl_expr_eval(expr->right, scope, &right, ret_why)) {
            return false;
        }
        *ret_value = (MdlValue){.kind = MDL_UINT};
        return arithmetic(expr->binary, left.number, right.number, &ret_value->number, ret_why);
    }
}

bool mdl_expr_eval(const MdlExpr *expr, const MdlScope *scope, MdlValue *ret_value, char **ret_why)
{
    switch (expr->node) {
    case OP_NUMBER:
        *ret_value = (MdlValue){.kind = MDL_UINT, .number = expr->number};
        return true;
    case OP_NAME:
        return scope->read(scope->context, expr->name, ret_value, ret_why);
    case OP_NOT:
        if (!mdl_expr_eval(expr->left, scope, ret_value, ret_why)) {
            return false;
        }
        ret_value->number = !ret_value->number;
        return true;
    case OP_BINARY:
        break;
    }
    return eval_binary(expr, scope, ret_value, ret_why);
}

bool mdl_expr_names(const MdlExpr *expr, const char *name)
{
    return expr && ((expr->node == OP_NAME && strcmp(expr->name, name) == 0) ||
                    mdl_expr_names(expr->left, name) || mdl_expr_names(expr->right, name));
}
