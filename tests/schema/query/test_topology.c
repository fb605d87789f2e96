/* The picture of a machine's buses: what is folded, what is shown, and replies that make no sense.
 */
#include "topology.h"

#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

static json_t *parse(const char *text)
{
    json_t *value = wire_json_parse(text, strlen(text), &wire_limits_request, NULL);
    assert_non_null(value);
    return value;
}

static CmdTopology *draw(const char *hardware, const char *slots)
{
    json_t *tree = parse(hardware), *sets = parse(slots);
    CmdTopology *picture = cmd_topology_new(tree, sets);
    json_decref(tree);
    json_decref(sets);
    return picture;
}

static const CmdTopology *child(const CmdTopology *item, size_t index)
{
    assert_true(index < item->children->len);
    return g_ptr_array_index(item->children, index);
}

static void expect_label(const GPtrArray *names, const char *expected)
{
    g_autofree char *label = cmd_topology_label(names);
    assert_string_equal(label, expected);
}

/* Four ports side by side, three of them alike: each provides a bus with a free place. */
static const char ports[] =
    "{'machine':'m-1','arch':'a','devices':["
    "{'id':'p0','type':'t','bus':'root','address':'0','buses':['b0']},"
    "{'id':'p1','type':'t','bus':'root','address':'1','buses':['b1']},"
    "{'id':'p2','type':'t','bus':'root','address':'2','buses':['b2']},"
    "{'id':'p3','type':'t','bus':'root','address':'3','buses':['b3']},"
    "{'id':'n','type':'t','bus':'b3','address':'0','buses':[]}],"
    "'buses':[{'id':'root','type':'b'},{'id':'b0','type':'b','owner':'p0'},"
    "{'id':'b1','type':'b','owner':'p1'},{'id':'b2','type':'b','owner':'p2'},"
    "{'id':'b3','type':'b','owner':'p3'}]}";

static const char sets[] =
    "[{'bus':'root','places':'0','state':'taken','by':'p0'},"
    "{'bus':'root','places':'1','state':'taken','by':'p1'},"
    "{'bus':'root','places':'2','state':'taken','by':'p2'},"
    "{'bus':'root','places':'3','state':'taken','by':'p3'},"
    "{'bus':'root','places':'4-7','count':4,'state':'free','hot-plug':{'answer':'no'},"
    "'device-types':['t']},"
    "{'bus':'root','places':'8','state':'reserved','reason':'r'},"
    "{'bus':'b0','places':'0','count':1,'state':'free','hot-plug':{'answer':'yes'}},"
    "{'bus':'b1','places':'0','count':1,'state':'free','hot-plug':{'answer':'yes'}},"
    "{'bus':'b2','places':'0','count':1,'state':'free','hot-plug':{'answer':'yes'}},"
    "{'bus':'b3','places':'0','state':'taken','by':'n'}]";

static void test_what_is_alike_is_one(void **state)
{
    (void)state;
    g_autoptr(CmdTopology) picture = draw(ports, sets);
    const CmdTopology *root = child(picture, 0), *ports = child(root, 0);
    assert_int_equal(root->children->len, 4);
    expect_label(ports->names, "p0 … p2 (3)");
    expect_label(ports->addresses, "0 … 2 (3)");
    expect_label(child(ports, 0)->names, "b0 … b2 (3)");
    assert_true(child(ports, 0)->hot_plug);
    expect_label(child(root, 1)->names, "p3");
    expect_label(child(child(child(root, 1), 0), 0)->names, "n");
    assert_int_equal(child(root, 2)->kind, CMD_TOPOLOGY_FREE);
    assert_string_equal(child(root, 2)->note, "4 places");
    assert_false(child(root, 2)->hot_plug);
    assert_int_equal(child(root, 3)->kind, CMD_TOPOLOGY_RESERVED);
    assert_string_equal(child(root, 3)->note, "r");
}

static void test_places_for_nothing_are_left_out(void **state)
{
    (void)state;
    g_autoptr(CmdTopology) picture =
        draw("{'machine':'m','devices':[],'buses':[{'id':'root','type':'b'}]}",
             "[{'bus':'root','places':'0-9','count':10,'state':'free','device-types':[]}]");
    assert_int_equal(child(picture, 0)->children->len, 0);
}

static void test_print(void **state)
{
    (void)state;
    g_autoptr(CmdTopology) picture = draw(ports, sets);
    g_autofree char *text = cmd_topology_print(picture);
    assert_non_null(strstr(text, "├─ p0 … p2 (3)"));
    assert_non_null(strstr(text, "│  └─ bus b0 … b2 (3)"));
    assert_non_null(strstr(text, "kept free"));
}

/* Names and reasons are another program's words. */
static void test_text_stays_text(void **state)
{
    (void)state;
    g_autoptr(CmdTopology) picture = draw(
        "{'machine':'<b>\\\\\\\"','devices':[],'buses':[{'id':'\\u001b[2J','type':'</style>'}]}",
        "[]");
    g_autofree char *page = cmd_topology_page(picture);
    g_autofree char *dot = cmd_topology_dot(picture);
    g_autofree char *text = cmd_topology_print(picture);
    assert_null(strstr(page, "<b>\\"));
    assert_non_null(strstr(page, "&lt;b&gt;"));
    assert_null(strchr(page, '\x1b'));
    assert_null(strchr(text, '\x1b'));
    assert_non_null(strstr(dot, "label=\"<b>\\\\\\\"\"]"));
}

static void test_replies_without_sense(void **state)
{
    (void)state;
    static const char *const hardware[] = {
        "{}", "[]", "{'devices':3,'buses':'x'}", "{'buses':[1,{},{'id':3}],'devices':[null,{}]}",
        /* a bus that its own device provides, and one that is provided twice */
        ("{'buses':[{'id':'r'},{'id':'c','owner':'d'}],'devices':["
         "{'id':'d','bus':'c','buses':['c','c']},{'id':'e','bus':'r','buses':['c']}]}")};
    static const char *const slots[] = {
        "[]", "{}", "[3,{},{'bus':'r'},{'bus':'c','state':'taken','by':'nobody'}]",
        "[{'bus':'r','state':'free','count':-1,'hot-plug':3}]"};
    for (size_t h = 0; h < G_N_ELEMENTS(hardware); h++) {
        for (size_t s = 0; s < G_N_ELEMENTS(slots); s++) {
            g_autoptr(CmdTopology) picture = draw(hardware[h], slots[s]);
            g_autofree char *page = cmd_topology_page(picture);
            g_autofree char *dot = cmd_topology_dot(picture);
            assert_non_null(strstr(page, "</html>"));
            assert_true(g_str_has_suffix(dot, "}\n"));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_alike_is_one),
        cmocka_unit_test(test_places_for_nothing_are_left_out),
        cmocka_unit_test(test_print),
        cmocka_unit_test(test_text_stays_text),
        cmocka_unit_test(test_replies_without_sense),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
