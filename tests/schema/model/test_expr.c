/* Expressions: the grammar, the kinds, the values, and that no more is read than decides. */
#include "expr.h"

#include "testing.h"

/* Names of the test's scope: on, off (bool), n (the number of times anything was read), small,
 * huge (numbers), size, word (enum), text and nothing (str). */
typedef struct World {
    MdlArena *arena;
    GString *read; /* names in the order in which they were read */
} World;

static const char *const words[] = {"none", "aplic", NULL};

static bool describe(void *context, const char *name, MdlNameInfo *ret_info)
{
    (void)context;
    static const struct {
        const char *name;
        MdlKind kind;
    } names[] = {{"yes", MDL_BOOL},  {"no", MDL_BOOL},       {"small", MDL_UINT},
                 {"huge", MDL_UINT}, {"mem.size", MDL_SIZE}, {"aia-kind", MDL_ENUM},
                 {"text", MDL_STR},  {"nothing", MDL_STR},   {"broken", MDL_UINT}};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (strcmp(names[i].name, name) == 0) {
            *ret_info = (MdlNameInfo){names[i].kind, words};
            return true;
        }
    }
    return false;
}

static bool read_name(void *context, const char *name, MdlValue *ret_value, char **ret_why)
{
    World *world = context;
    static const struct {
        const char *name;
        MdlValue value;
    } values[] = {{"yes", {MDL_BOOL, 1, NULL}},
                  {"no", {MDL_BOOL, 0, NULL}},
                  {"small", {MDL_UINT, 3, NULL}},
                  {"huge", {MDL_UINT, UINT64_MAX, NULL}},
                  {"mem.size", {MDL_SIZE, 1 << 20, NULL}},
                  {"aia-kind", {MDL_ENUM, 0, "aplic"}},
                  {"text", {MDL_STR, 0, "kvm"}},
                  {"nothing", {MDL_STR, 0, NULL}}};
    g_string_append_printf(world->read, "%s ", name);
    for (size_t i = 0; i < G_N_ELEMENTS(values); i++) {
        if (strcmp(values[i].name, name) == 0) {
            *ret_value = values[i].value;
            return true;
        }
    }
    *ret_why = g_strdup("broken cannot be read");
    return false;
}

static int set_up(void **state)
{
    World *world = g_new0(World, 1);
    world->arena = mdl_arena_new();
    world->read = g_string_new(NULL);
    *state = world;
    return 0;
}

static int tear_down(void **state)
{
    World *world = *state;
    mdl_arena_free(world->arena);
    g_string_free(world->read, TRUE);
    g_free(world);
    return 0;
}

static MdlScope scope_of(World *world)
{
    return (MdlScope){.describe = describe, .read = read_name, .context = world};
}

/* The value of an expression as text, or what is wrong with it. */
static char *run(World *world, const char *text)
{
    MdlScope scope = scope_of(world);
    char *why = NULL;
    MdlKind kind;
    MdlValue value;
    g_string_truncate(world->read, 0);
    const MdlExpr *expr = mdl_expr_parse(world->arena, text, &why);
    if (!expr || !mdl_expr_check(expr, &scope, &kind, &why)) {
        return why;
    }
    assert_string_equal(world->read->str, ""); /* checking reads nothing */
    if (!mdl_expr_eval(expr, &scope, &value, &why)) {
        return why;
    }
    assert_int_equal(value.kind, kind);
    return mdl_value_print(&value);
}

typedef struct Case {
    const char *text, *expected;
} Case;

static void expect_all(World *world, const Case *cases, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        g_autofree char *got = run(world, cases[i].text);
        if (strcmp(got, cases[i].expected) != 0) {
            fail_msg("%s: expected %s, got %s", cases[i].text, cases[i].expected, got);
        }
    }
}

static void test_values(void **state)
{
    static const Case cases[] = {
        {"12", "12"},
        {"0x1f", "31"},
        {"16K", "16384"},
        {"1 + 2 * 3", "7"},
        {"(1 + 2) * 3", "9"},
        {"10 - 4 - 3", "3"},
        {"100 / 10 / 5", "2"},
        {"17 % 5 * 2", "4"},
        {"1+2", "3"},
        {"small+1", "4"},
        {"small - 1", "2"},
        {"\tsmall  ", "3"},
        {"((((small))))", "3"},
        {"(mem.size + 16M - 1) / 16M * 16M", "16777216"},
        {"18446744073709551615", "18446744073709551615"},
        {"huge == 0xffffffffffffffff", "on"},
        {"1 < 2", "on"},
        {"2 <= 2", "on"},
        {"2 > 2", "off"},
        {"2 >= 3", "off"},
        {"2 != 3", "on"},
        {"1 + 1 == 2", "on"},
        {"1 < 2 && 2 < 3", "on"},
        {"yes", "on"},
        {"!yes", "off"},
        {"!!yes", "on"},
        {"!no && yes", "on"},
        {"! small == 4", "on"},
        {"no || no || yes", "on"},
        {"yes || yes && no", "on"},
        {"(yes || yes) && no", "off"},
        {"yes == on", "on"},
        {"yes != on", "off"},
        {"no == off", "on"},
        {"aia-kind == aplic", "on"},
        {"aia-kind != none", "on"},
        {"text == kvm", "on"},
        {"text == anything-else", "off"},
        {"nothing == kvm", "off"},
        {"nothing != kvm", "on"},
        {"small == mem.size", "off"},
        {"text", "kvm"},
    };
    expect_all(*state, cases, G_N_ELEMENTS(cases));
}

static void test_grammar(void **state)
{
    static const Case cases[] = {
        {"", "expected a number or a name at \"\" in \"\""},
        {"1 +", "expected a number or a name at \"\" in \"1 +\""},
        {"+ 1", "expected a number or a name at \"+ 1\" in \"+ 1\""},
        {"1 2", "expected an operator at \"2\" in \"1 2\""},
        {"(1", "expected \")\" at \"\" in \"(1\""},
        {"1)", "expected an operator at \")\" in \"1)\""},
        {"()", "expected a number or a name at \")\" in \"()\""},
        {"1 = 1", "expected an operator at \"= 1\" in \"1 = 1\""},
        {"yes & no", "expected an operator at \"& no\" in \"yes & no\""},
        {"1 < 2 < 3", "expected an operator at \"< 3\" in \"1 < 2 < 3\""},
        {"1x", "expected a number at \"1x\" in \"1x\""},
        {"0x", "expected a number at \"0x\" in \"0x\""},
        {"18446744073709551616",
         "expected a number at \"18446744073709551616\" in \"18446744073709551616\""},
        {"a\"b", "expected an operator at \"\"b\" in \"a\"b\""},
        {"small-1", "\"small-1\" names nothing"},
    };
    expect_all(*state, cases, G_N_ELEMENTS(cases));
}

static void test_kinds(void **state)
{
    static const Case cases[] = {
        {"aclnt", "\"aclnt\" names nothing"},
        {"yes && aclnt", "\"aclnt\" names nothing"},
        {"no && aclnt", "\"aclnt\" names nothing"},
        {"yes + 1", "an operand of an arithmetic operator is not a number"},
        {"text + 1", "an operand of an arithmetic operator is not a number"},
        {"small && yes", "an operand of &&, || or ! is not a condition"},
        {"!small", "an operand of &&, || or ! is not a condition"},
        {"yes == small", "\"small\" is not a value of \"yes\""},
        {"yes == 1", "\"==\" compares a name with a value, or two numbers"},
        {"yes < no", "\"<\" compares a name with a value, or two numbers"},
        {"text < kvm", "\"kvm\" names nothing"},
        {"aia-kind == imsic", "\"imsic\" is not a value of \"aia-kind\""},
        {"aplic == aia-kind", "\"aplic\" names nothing"},
        {"small == aplic", "\"aplic\" names nothing"},
        {"(yes && yes) == on", "\"on\" names nothing"},
    };
    expect_all(*state, cases, G_N_ELEMENTS(cases));
}

static void test_arithmetic_that_does_not_fit(void **state)
{
    static const Case cases[] = {
        {"huge + 1", "18446744073709551615 + 1 does not fit in 64 bits"},
        {"2 - 3", "2 - 3 does not fit in 64 bits"},
        {"huge * 2", "18446744073709551615 * 2 does not fit in 64 bits"},
        {"1 / 0", "division by zero"},
        {"1 % (small - 3)", "division by zero"},
        {"1 / 0 == 1 || yes", "division by zero"},
        {"yes || 1 / 0 == 1", "on"},
        {"broken + 1", "broken cannot be read"},
    };
    expect_all(*state, cases, G_N_ELEMENTS(cases));
}

/* What was read, in order. */
static void test_short_circuit(void **state)
{
    static const Case cases[] = {
        {"yes || small > 1", "yes "},
        {"no || small > 1", "no small "},
        {"no && small > 1", "no "},
        {"yes && small > 1", "yes small "},
        {"no && broken > 1 || yes", "no yes "},
        {"!(yes || broken > 1)", "yes "},
        {"yes == on && text == kvm", "yes text "},
        {"small + huge / huge", "small huge huge "},
        {"12", ""},
    };
    World *world = *state;
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_free(run(world, cases[i].text));
        if (strcmp(world->read->str, cases[i].expected) != 0) {
            fail_msg("%s: expected %s, read %s", cases[i].text, cases[i].expected,
                     world->read->str);
        }
    }
}

static char *repeat(const char *before, size_t n, const char *middle, const char *after)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < n; i++) {
        g_string_append(text, before);
    }
    g_string_append(text, middle);
    for (size_t i = 0; i < n; i++) {
        g_string_append(text, after);
    }
    return g_string_free(text, FALSE);
}

static void expect_too_deep(World *world, const char *text, const char *expected)
{
    g_autofree char *got = run(world, text);
    if (!g_str_has_prefix(got, expected)) {
        fail_msg("expected %s, got %s", expected, got);
    }
}

static void test_limits(void **state)
{
    g_autofree char *fits = repeat("(", 31, "7", ")");
    const Case good = {fits, "7"};
    expect_all(*state, &good, 1);
    g_autofree char *deep = repeat("(", 4000, "7", ")");
    expect_too_deep(*state, deep, "expected less nesting at ");
    g_autofree char *negated = repeat("!", 8000, "yes", "");
    expect_too_deep(*state, negated, "expected less nesting at ");
    g_autofree char *chain = repeat("1+", 127, "1", "");
    const Case sum = {chain, "128"};
    expect_all(*state, &sum, 1);
    g_autofree char *long_chain = repeat("1+", 4000, "1", "");
    expect_too_deep(*state, long_chain, "expected a shorter expression at ");
    g_autofree char *open = repeat("(", 8000, "", "");
    expect_too_deep(*state, open, "expected less nesting at ");
}

static void test_names_held(void **state)
{
    World *world = *state;
    g_autofree char *why = NULL;
    const MdlExpr *expr = mdl_expr_parse(world->arena, "!(a == b) && c + 1 < d", &why);
    assert_non_null(expr);
    assert_true(mdl_expr_names(expr, "a"));
    assert_true(mdl_expr_names(expr, "d"));
    assert_false(mdl_expr_names(expr, "e"));
    assert_false(mdl_expr_names(NULL, "a"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_values),        cmocka_unit_test(test_grammar),
        cmocka_unit_test(test_kinds),         cmocka_unit_test(test_arithmetic_that_does_not_fit),
        cmocka_unit_test(test_short_circuit), cmocka_unit_test(test_limits),
        cmocka_unit_test(test_names_held),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
