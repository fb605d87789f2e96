/* The notation of declaration files: each rule, and what is told of text that breaks it. */
#include "cfg.h"

#include "testing.h"

static MdlCfg *read_text(const char *text)
{
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    MdlCfg *cfg = mdl_cfg_read("t.cfg", text, strlen(text), findings);
    expect_findings(findings, "");
    assert_non_null(cfg);
    return cfg;
}

static void expect_error_of(const char *text, size_t length, const char *expected)
{
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    assert_null(mdl_cfg_read("t.cfg", text, length, findings));
    expect_findings(findings, expected);
}

static void expect_error(const char *text, const char *expected)
{
    expect_error_of(text, strlen(text), expected);
}

static const MdlCfgGroup *group_at(const MdlCfg *cfg, size_t index)
{
    assert_true(index < cfg->groups->len);
    return g_ptr_array_index(cfg->groups, index);
}

static void test_groups_and_keys(void **state)
{
    (void)state;
    g_autoptr(MdlCfg) cfg = read_text("# a comment\n"
                                      "\n"
                                      "[machine]\n"
                                      "  name = virt  \n"
                                      "flag\n"
                                      "empty =\n"
                                      "text = a = b # not a comment\n"
                                      "\t[ device  \"a b\" ]\t\n"
                                      "\"#cells\"= <2>\n");
    assert_int_equal(cfg->groups->len, 2);
    const MdlCfgGroup *machine = group_at(cfg, 0), *device = group_at(cfg, 1);
    assert_string_equal(machine->kind, "machine");
    assert_null(machine->name);
    assert_int_equal(machine->line, 3);
    assert_string_equal(mdl_cfg_value(machine, "name"), "virt");
    assert_int_equal(mdl_cfg_key(machine, "name")->line, 4);
    assert_non_null(mdl_cfg_key(machine, "flag"));
    assert_null(mdl_cfg_value(machine, "flag"));
    assert_string_equal(mdl_cfg_value(machine, "empty"), "");
    assert_string_equal(mdl_cfg_value(machine, "text"), "a = b # not a comment");
    assert_null(mdl_cfg_key(machine, "Name"));
    assert_string_equal(device->kind, "device");
    assert_string_equal(device->name, "a b");
    assert_string_equal(mdl_cfg_value(device, "#cells"), "<2>");
}

static void test_bare_words(void **state)
{
    (void)state;
    const char *const bare[] = {"a", "irq.*", "riscv,isa", "a#b", "@x/y+1"};
    const char *const quoted[] = {"", "#cells", "a b", "a=b", "[a]", "a\\", "ü"};
    for (size_t i = 0; i < G_N_ELEMENTS(bare); i++) {
        assert_true(mdl_cfg_is_bare(bare[i]));
        g_autofree char *text = g_strdup_printf("[g]\n%s = 1", bare[i]);
        g_autoptr(MdlCfg) cfg = read_text(text);
        assert_string_equal(mdl_cfg_value(group_at(cfg, 0), bare[i]), "1");
    }
    for (size_t i = 0; i < G_N_ELEMENTS(quoted); i++) {
        assert_false(mdl_cfg_is_bare(quoted[i]));
    }
}

static void test_lines_that_go_on(void **state)
{
    (void)state;
    g_autoptr(MdlCfg) cfg = read_text("[g]\n"
                                      "a = 1 \\\n"
                                      "    2\\\n"
                                      "3\n"
                                      "# a comment does not \\\n"
                                      "b = 4\n");
    assert_string_equal(mdl_cfg_value(group_at(cfg, 0), "a"), "1     2 3");
    assert_int_equal(mdl_cfg_key(group_at(cfg, 0), "b")->line, 6);
    expect_error("[g]\na = 1\\", "t.cfg:2: the file ends in a line that goes on (syntax)\n");
    expect_error("[g]\na = \\\n", "t.cfg:2: the file ends in a line that goes on (syntax)\n");
}

static void test_ends_of_lines(void **state)
{
    (void)state;
    g_autoptr(MdlCfg) cfg = read_text("[g]\r\na = 1 \\\r\n2\r\nb = 3");
    assert_string_equal(mdl_cfg_value(group_at(cfg, 0), "a"), "1 2");
    assert_string_equal(mdl_cfg_value(group_at(cfg, 0), "b"), "3");
    g_autoptr(MdlCfg) empty = read_text("");
    assert_int_equal(empty->groups->len, 0);
    expect_error("[g]\na = 1\rb = 2\n",
                 "t.cfg:2: the line is not UTF-8 text without control characters (encoding)\n");
}

static void test_syntax(void **state)
{
    (void)state;
    static const struct {
        const char *text, *expected;
    } cases[] = {
        {"[", "t.cfg:1: a group is written [kind] or [kind \"name\"] (syntax)\n"},
        {"[]", "t.cfg:1: a group is written [kind] or [kind \"name\"] (syntax)\n"},
        {"[g", "t.cfg:1: a group is written [kind] or [kind \"name\"] (syntax)\n"},
        {"[g name]", "t.cfg:1: a group is written [kind] or [kind \"name\"] (syntax)\n"},
        {"[g \"name]", "t.cfg:1: a group is written [kind] or [kind \"name\"] (syntax)\n"},
        {"[g] x", "t.cfg:1: a group is written [kind] or [kind \"name\"] (syntax)\n"},
        {"[g] # no", "t.cfg:1: a group is written [kind] or [kind \"name\"] (syntax)\n"},
        {"a = 1", "t.cfg:1: key \"a\" stands before any [group] (syntax)\n"},
        {"[g]\n= 1", "t.cfg:2: a key is written name = value (syntax)\n"},
        {"[g]\na b", "t.cfg:2: a key is written name = value (syntax)\n"},
        {"[g]\na: 1", "t.cfg:2: a key is written name = value (syntax)\n"},
        {"[g]\n\"a = 1", "t.cfg:2: a key is written name = value (syntax)\n"},
        {"[g]\n\"\" = 1", "t.cfg:2: a key is written name = value (syntax)\n"},
        {"[g]\na = 1\na = 2", "t.cfg:3: key \"a\" stands already in line 2 (duplicate-key)\n"},
        {"[g]\n[g]", "t.cfg:2: group [g] stands already in line 1 (duplicate-group)\n"},
        {"[g \"a\"]\n[g \"b\"]\n[g \"a\"]",
         "t.cfg:3: group [g \"a\"] stands already in line 1 (duplicate-group)\n"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        expect_error(cases[i].text, cases[i].expected);
    }
}

/* A bad group header must not give its keys to the group before. */
static void test_all_findings_in_the_order_of_lines(void **state)
{
    (void)state;
    expect_error("a = 1\n"
                 "[g]\n"
                 "b\n"
                 "b\n"
                 "[h\n"
                 "b = 2\n"
                 "\x7f\n"
                 "= 3\n",
                 "t.cfg:1: key \"a\" stands before any [group] (syntax)\n"
                 "t.cfg:4: key \"b\" stands already in line 3 (duplicate-key)\n"
                 "t.cfg:5: a group is written [kind] or [kind \"name\"] (syntax)\n"
                 "t.cfg:6: key \"b\" stands before any [group] (syntax)\n"
                 "t.cfg:7: the line is not UTF-8 text without control characters (encoding)\n"
                 "t.cfg:8: a key is written name = value (syntax)\n");
}

static void test_bytes_that_are_no_text(void **state)
{
    (void)state;
    static const char nul[] = "[g]\na = 1\0 2\nb = 1\n";
    expect_error_of(nul, sizeof(nul) - 1,
                    "t.cfg:2: the line is not UTF-8 text without control characters (encoding)\n");
    const char *const bad[] = {"a\xff", "a\xc3", "a\xed\xa0\x80", "a\x1b[1m", "a\xc2\x85", "a\x0b"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++) {
        expect_error(bad[i],
                     "t.cfg:1: the line is not UTF-8 text without control characters (encoding)\n");
    }
    g_autoptr(MdlCfg) text = read_text("[g]\ndoc = 4 × i, …\tü\n");
    assert_string_equal(mdl_cfg_value(group_at(text, 0), "doc"), "4 × i, …\tü");
}

/* A line that is refused takes the lines that go on from it along. */
static void test_limits_of_a_line(void **state)
{
    (void)state;
    g_autofree char *exact = g_strnfill(MDL_CFG_MAX_LINE, '#');
    mdl_cfg_free(read_text(exact));
    g_autofree char *longer = g_strconcat(exact, "#\n[g]\n[g]\n", NULL);
    expect_error(longer, "t.cfg:1: the line has 8193 bytes, the limit is 8192 (line-length)\n"
                         "t.cfg:3: group [g] stands already in line 2 (duplicate-group)\n");
    g_autofree char *half = g_strnfill(5000, 'x');
    g_autofree char *joined = g_strdup_printf("[g]\na = %s\\\n%s\\\nmore = 1\nb\nb", half, half);
    expect_error(joined, "t.cfg:3: the line has 10006 bytes, the limit is 8192 (line-length)\n"
                         "t.cfg:6: key \"b\" stands already in line 5 (duplicate-key)\n");
}

/* 100 MB of one line costs one finding. */
static void test_limit_of_a_file(void **state)
{
    (void)state;
    size_t length = 100 * 1000 * 1000;
    g_autofree char *huge = g_strnfill(length, 'x');
    expect_error_of(huge, length,
                    "t.cfg: the file has 100000000 bytes, the limit is 1048576 (file-size)\n");
    expect_error_of(huge, MDL_CFG_MAX_FILE + 1,
                    "t.cfg: the file has 1048577 bytes, the limit is 1048576 (file-size)\n");
    expect_error_of(huge, MDL_CFG_MAX_FILE,
                    "t.cfg:1: the line has 1048576 bytes, the limit is 8192 (line-length)\n");
}

/* Hostile files of the largest size: what they hold and what is told of it is bounded. */
static void test_limits_of_counts(void **state)
{
    (void)state;
    g_autoptr(GString) keys = g_string_new("[g]\n");
    for (int i = 0; i < 100000; i++) {
        g_string_append_printf(keys, "k%d\n", i);
    }
    expect_error(keys->str, "t.cfg:258: a group has at most 256 keys (too-many)\n");

    g_autoptr(GString) groups = g_string_new(NULL);
    for (int i = 0; i < 70000; i++) {
        g_string_append_printf(groups, "[g \"%d\"]\n", i);
    }
    expect_error(groups->str, "t.cfg:1025: a file has at most 1024 groups (too-many)\n");

    g_autoptr(GString) errors = g_string_new(NULL);
    for (int i = 0; i < 500000; i++) {
        g_string_append(errors, "=\n");
    }
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    assert_null(mdl_cfg_read("t.cfg", errors->str, errors->len, findings));
    assert_int_equal(mdl_findings_count(findings), MDL_MAX_FINDINGS);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_groups_and_keys),
        cmocka_unit_test(test_bare_words),
        cmocka_unit_test(test_lines_that_go_on),
        cmocka_unit_test(test_ends_of_lines),
        cmocka_unit_test(test_syntax),
        cmocka_unit_test(test_all_findings_in_the_order_of_lines),
        cmocka_unit_test(test_bytes_that_are_no_text),
        cmocka_unit_test(test_limits_of_a_line),
        cmocka_unit_test(test_limit_of_a_file),
        cmocka_unit_test(test_limits_of_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
