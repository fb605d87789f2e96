/* The generated C of the toy schema in tests/golden, compiled and used: what travels from a
 * request's arguments through the marshalling to a handler written by hand, and back. */
#include "commands_emulator.gen.h"
#include "commands_model.gen.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

struct CmdContext {
    unsigned calls;
    bool saw_colour;
    ApiColour colour;
    char *shop;
};

struct EmuMonitor {
    unsigned cleared;
    json_t *sent, *label; /* as the types write them again */
};

/* ---- the handlers ---------------------------------------------------------------------------- */

static ApiShelfInfo *shelf_new(const char *name)
{
    ApiShelfInfo *shelf = api_shelf_info_new();
    uint64_t count = G_MAXUINT64;

    shelf->name = g_strdup(name);
    shelf->default_ = true;
    shelf->balance = G_MININT64;
    shelf->count = G_MAXUINT64;
    shelf->address = 0x80001000;
    shelf->weight = 1.5;
    shelf->colour = API_COLOUR_LIGHT_BLUE;
    shelf->shop = api_target_new();
    g_ptr_array_add(shelf->labels, g_strdup("l"));
    g_array_append_val(shelf->counts, count);
    g_hash_table_insert(shelf->notes, g_strdup("b"), g_strdup("2"));
    g_hash_table_insert(shelf->notes, g_strdup("a"), g_strdup("1"));
    return shelf;
}

bool cmd_query_shelves(CmdContext *context, const ApiQueryShelvesArgs *args, GPtrArray **ret_reply,
                       GError **error)
{
    context->calls++;
    context->saw_colour = args->has_colour;
    context->colour = args->colour;
    context->shop = args->target != NULL ? g_strdup(args->target->shop) : NULL;
    if (strcmp(args->name, "none") == 0) {
        g_propagate_error(
            error, wire_error_new(WIRE_ERROR_FAILED, "NoSuchShelf", NULL, NULL, "no shelf 'none'"));
        return false;
    }
    ApiShelfInfo *shelf = shelf_new(args->name);

    shelf->shelves = api_list_new(&api_type_shelf_info);
    g_ptr_array_add(shelf->shelves, shelf_new("inner"));
    shelf->has_max_count = true;
    shelf->max_count = 0;
    shelf->extra = json_null();
    *ret_reply = api_list_new(&api_type_shelf_info);
    g_ptr_array_add(*ret_reply, shelf);
    return true;
}

bool emu_cmd_shelf_clear(EmuMonitor *monitor, GError **error)
{
    (void)error;
    monitor->cleared++;
    return true;
}

bool emu_cmd_parcel_send(EmuMonitor *monitor, const ApiParcel *args, GError **error)
{
    (void)error;
    monitor->sent = api_parcel_write(args);
    return true;
}

bool emu_cmd_parcel_label(EmuMonitor *monitor, const ApiParcelLabelArgs *args, GError **error)
{
    (void)error;
    monitor->label = api_parcel_label_args_write(args);
    return true;
}

bool emu_cmd_shelf_count(EmuMonitor *monitor, uint64_t *ret_reply, GError **error)
{
    (void)error;
    *ret_reply = G_MAXUINT64 - monitor->cleared;
    return true;
}

/* ---- the tests ------------------------------------------------------------------------------- */

static json_t *parse(const char *text)
{
    json_t *json = wire_json_parse(text, strlen(text), &wire_limits_request, NULL);

    assert_non_null(json);
    return json;
}

static void expect_json(json_t *json, const char *text)
{
    json_t *expected = parse(text);
    g_autofree char *got_text = wire_json_print(json, WIRE_JSON_COMPACT);
    g_autofree char *expected_text = wire_json_print(expected, WIRE_JSON_COMPACT);

    assert_string_equal(got_text, expected_text);
    json_decref(expected);
    json_decref(json);
}

static void test_the_tables(void **state)
{
    (void)state;
    assert_string_equal(cmd_model_commands[0].name, "query-shelves");
    assert_int_equal(cmd_model_commands[0].phase, API_PHASE_MODEL);
    assert_null(cmd_model_commands[1].name);
    assert_string_equal(emu_session_commands[2].name, "shelf_clear");
    assert_int_equal(emu_session_commands[2].phase, API_PHASE_SESSION);
    assert_string_equal(emu_machine_commands[0].name, "shelf-count");
    assert_int_equal(emu_machine_commands[0].phase, API_PHASE_MACHINE);
    assert_string_equal(api_events[0]->name, "CLOSED");
    assert_null(api_events[0]->data);
    assert_ptr_equal(api_events[1], &api_event_shelf_full);
    assert_ptr_equal(api_events[1]->data, &api_type_shelf_full_event);
    assert_null(api_events[2]);
    assert_string_equal(api_type_find("ShelfInfo")->members[13].since, "0.2");
}

#define INNER                                                                                      \
    "\"default\":true,\"balance\":-9223372036854775808,\"count\":18446744073709551615,"            \
    "\"address\":\"0x80001000\",\"weight\":1.5,\"colour\":\"light-blue\",\"shop\":{},"             \
    "\"labels\":[\"l\"],\"counts\":[18446744073709551615],\"notes\":{\"a\":\"1\",\"b\":\"2\"}"

/* Members in declared order, keys of a map sorted, what is absent left out. */
static void test_a_reply(void **state)
{
    (void)state;
    CmdContext context = {0};
    json_t *arguments =
        parse("{\"name\":\"top\",\"colour\":\"red\",\"target\":{\"shop\":\"s\",\"options\":{}}}");

    expect_json(cmd_model_commands[0].run(&context, arguments, NULL),
                "[{\"name\":\"top\"," INNER
                ",\"max-count\":0,\"shelves\":[{\"name\":\"inner\"," INNER "}],\"extra\":null}]");
    assert_true(context.saw_colour);
    assert_int_equal(context.colour, API_COLOUR_RED);
    assert_string_equal(context.shop, "s");
    g_free(context.shop);
    json_decref(arguments);
}

/* Arguments that are wrong never reach the handler; every one of them is named. */
static void test_wrong_arguments(void **state)
{
    (void)state;
    CmdContext context = {0};
    json_t *arguments = parse("{\"colour\":\"green\",\"target\":{\"shop\":[]},\"x\":1}");
    g_autoptr(GError) error = NULL;

    assert_null(cmd_model_commands[0].run(&context, arguments, &error));
    assert_int_equal(context.calls, 0);
    assert_int_equal(json_array_size(wire_error_findings(error)), 4);
    json_decref(arguments);
}

static void test_a_handler_that_fails(void **state)
{
    (void)state;
    CmdContext context = {0};
    json_t *arguments = parse("{\"name\":\"none\"}");
    g_autoptr(GError) error = NULL;

    assert_null(cmd_model_commands[0].run(&context, arguments, &error));
    assert_string_equal(wire_error_reason(error), "NoSuchShelf");
    assert_int_equal(context.calls, 1);
    assert_false(context.saw_colour);
    json_decref(arguments);
}

static void test_without_arguments(void **state)
{
    (void)state;
    EmuMonitor monitor = {0};
    json_t *nothing = json_object();
    json_t *something = parse("{\"all\":true}");
    g_autoptr(GError) error = NULL;

    expect_json(emu_session_commands[2].run(&monitor, nothing, NULL), "{}");
    expect_json(emu_machine_commands[0].run(&monitor, nothing, NULL), "18446744073709551614");
    assert_null(emu_session_commands[2].run(&monitor, something, &error));
    assert_string_equal(wire_error_reason(error), "UnknownMember");
    assert_int_equal(monitor.cleared, 1);
    json_decref(something);
    json_decref(nothing);
}

static void test_an_event(void **state)
{
    (void)state;
    g_autoptr(ApiShelfFullEvent) event = api_shelf_full_event_new();

    event->name = g_strdup("top");
    expect_json(api_shelf_full_event_write(event), "{\"name\":\"top\"}");
    event->has_colour = true;
    event->colour = API_COLOUR_LIGHT_BLUE;
    expect_json(api_shelf_full_event_write(event), "{\"name\":\"top\",\"colour\":\"light-blue\"}");
}

/* Everything that can be half read is freed when the whole is refused. */
static void test_half_a_struct(void **state)
{
    (void)state;
    json_t *json = parse("{\"name\":\"n\",\"shop\":{\"shop\":\"s\",\"options\":{\"a\":[1]}},"
                         "\"labels\":[\"a\",1],\"counts\":[1,-1],\"notes\":{\"a\":\"b\",\"c\":1},"
                         "\"shelves\":[{\"name\":\"n\"},3],\"extra\":{}}");
    g_autoptr(GError) error = NULL;

    assert_null(api_shelf_info_read(json, WIRE_LENIENT, &error));
    assert_true(json_array_size(wire_error_findings(error)) > 4);
    json_decref(json);
}

/* Sends a parcel; what was wrong, or NULL. Free with g_free. */
static char *send(EmuMonitor *monitor, const char *text)
{
    g_autoptr(GError) error = NULL;
    json_t *arguments = parse(text);
    json_t *reply = emu_session_commands[1].run(monitor, arguments, &error);

    json_decref(arguments);
    json_decref(reply);
    return error ? g_strdup(error->message) : NULL;
}

/* Which members there are is for the tag to say, and one name may be of two types. */
static void test_a_union(void **state)
{
    (void)state;
    static const struct {
        const char *text, *error;
    } cases[] = {
        {"{\"wrapping\":\"paper\",\"weight\":1.5,\"data\":\"d\",\"note\":{\"text\":\"n\"}}", NULL},
        {"{\"wrapping\":\"tin-foil\",\"data\":{\"text\":\"t\"}}", NULL},
        {"{\"wrapping\":\"tin-foil\",\"data\":{\"text\":\"t\"},\"count\":0}", NULL},
        {"{\"wrapping\":\"paper\",\"data\":\"d\"}", "note: required, and missing"},
        {"{\"wrapping\":\"paper\",\"data\":{\"text\":\"t\"},\"note\":{\"text\":\"n\"}}",
         "data: expected a string, found an object"},
        {"{\"wrapping\":\"tin-foil\",\"data\":{\"text\":\"t\"},\"note\":1}",
         "no member 'note'; members are wrapping, weight, data, count"},
        {"{\"wrapping\":\"green\",\"note\":1}", "wrapping: 'green' is none of paper, tin-foil"},
        {"{\"note\":1}", "wrapping: required, and missing"},
    };

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        EmuMonitor monitor = {0};
        g_autofree char *error = send(&monitor, cases[i].text);

        if (cases[i].error) {
            assert_string_equal(error, cases[i].error);
        } else {
            assert_null(error);
            expect_json(monitor.sent, cases[i].text);
        }
    }
}

static void test_the_rest(void **state)
{
    (void)state;
    static const char text[] = "{\"name\":\"n\",\"a\":[1],\"others\":null}";
    EmuMonitor monitor = {0};
    json_t *arguments = parse(text);

    expect_json(emu_session_commands[0].run(&monitor, arguments, NULL), "{}");
    expect_json(monitor.label, text);
    json_decref(arguments);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_tables),        cmocka_unit_test(test_a_reply),
        cmocka_unit_test(test_wrong_arguments),   cmocka_unit_test(test_a_handler_that_fails),
        cmocka_unit_test(test_without_arguments), cmocka_unit_test(test_half_a_struct),
        cmocka_unit_test(test_an_event),          cmocka_unit_test(test_a_union),
        cmocka_unit_test(test_the_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
