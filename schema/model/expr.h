/* expr: the small language of conditions and computed numbers.
 *
 *   or := and { "||" and }            number: 12, 0x1f, 16K      word: on, off, aplic
 *   and := not { "&&" not }           name: options.aclint, smp.cpus, device.rtc, index
 *   not := "!" not | comparison       a name may hold - and ., so minus needs spaces around it
 *   comparison := sum [ (== != < <= > >=) sum ]
 *   sum := product { (+ -) product }      product := atom { (* / %) atom }
 *   atom := number | name | "(" or ")"
 *
 * && and || do not look at their right side when the left one decides, so that it is not recorded
 * as read. Knows nothing of machines: names are looked up by the caller. */
#ifndef VITRINE_MODEL_EXPR_H
#define VITRINE_MODEL_EXPR_H

#include "arena.h"
#include "model.h"

typedef struct MdlExpr MdlExpr;

/* What a name stands for. */
typedef struct MdlNameInfo {
    MdlKind kind;
    const char *const *values; /* of ENUM */
} MdlNameInfo;

typedef struct MdlScope {
    /* What kind of thing a name is, without reading it. False: it names nothing. */
    bool (*describe)(void *context, const char *name, MdlNameInfo *ret_info);
    /* Its value now. Called for described names only. False: ret_why (g_free). */
    bool (*read)(void *context, const char *name, MdlValue *ret_value, char **ret_why);
    void *context;
} MdlScope;

/* NULL: ret_why says what is wrong where (g_free). */
MdlExpr *mdl_expr_parse(MdlArena *arena, const char *text, char **ret_why);
/* That each name names something and each operator has operands of its kind; ret_kind: the kind of
 * the result (BOOL or UINT, or an ENUM or STR for a lone name). */
bool mdl_expr_check(const MdlExpr *expr, const MdlScope *scope, MdlKind *ret_kind, char **ret_why);
/* The value of a checked expression. Overflow and division by zero are errors. */
bool mdl_expr_eval(const MdlExpr *expr, const MdlScope *scope, MdlValue *ret_value, char **ret_why);
/* True when the expression holds that name. */
bool mdl_expr_names(const MdlExpr *expr, const char *name);

#endif
