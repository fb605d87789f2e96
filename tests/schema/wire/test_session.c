/* QMP conversations: what comes in, what goes out, word for word. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "wire.h"

/* A server with three commands: echo returns its arguments, nothing returns no value, fail fails as
 * its argument says. */
typedef struct Server {
    GString *sent;
    WireSession *session;
} Server;

static bool has_command(void *context, const char *command)
{
    (void)context;
    static const char *const commands[] = {"echo", "nothing", "fail", "notify", NULL};
    return g_strv_contains(commands, command);
}

static GError *failure(const char *how)
{
    json_auto_t *findings = json_pack("[{s:s}]", "class", "SlotTaken");
    if (g_str_equal(how, "parts")) {
        return wire_error_new(WIRE_ERROR_FAILED, "SlotTaken", "a.b", findings, "taken");
    }
    if (g_str_equal(how, "class")) {
        return wire_error_new(WIRE_ERROR_FAILED, "DeviceNotFound", NULL, NULL, "no such device");
    }
    return g_error_new_literal(G_FILE_ERROR, G_FILE_ERROR_NOENT, "no file '\xff'");
}

static bool execute(void *context, const char *command, json_t *arguments, WireReply *ret_reply,
                    GError **error)
{
    Server *server = context;
    assert_true(json_is_object(arguments));
    if (g_str_equal(command, "fail")) {
        g_propagate_error(error, failure(json_string_value(json_object_get(arguments, "how"))));
        return false;
    }
    if (g_str_equal(command, "notify")) {
        wire_session_event(server->session, "NOTIFIED", arguments, 1500000);
    }
    if (g_str_equal(command, "echo")) {
        ret_reply->value = json_incref(arguments);
        ret_reply->depends_on = json_pack("[{s:s}]", "name", "machine");
    }
    return true;
}

static void send_text(void *context, const char *text, size_t length)
{
    Server *server = context;
    assert_true(length > 2 && memcmp(text + length - 2, "\r\n", 2) == 0);
    g_string_append_len(server->sent, text, (gssize)length);
}

static const WireSessionOps ops = {execute, has_command, send_text};

static void server_init(Server *server)
{
    json_auto_t *version = json_pack("{s:{s:i}, s:s}", "qemu", "major", 0, "package", "");
    server->sent = g_string_new(NULL);
    server->session = wire_session_new(&ops, server, version);
}

static void server_done(Server *server)
{
    wire_session_free(server->session);
    g_string_free(server->sent, TRUE);
}

static void feed(Server *server, const char *text)
{
    wire_session_feed(server->session, text, strlen(text));
}

static void negotiate(Server *server)
{
    feed(server, "{\"execute\": \"qmp_capabilities\"}");
    assert_string_equal(server->sent->str, "{\"return\": {}}\r\n");
    g_string_truncate(server->sent, 0);
}

typedef struct Exchange {
    const char *input, *output;
} Exchange;

static void assert_exchanges(const Exchange *rows, size_t count, bool negotiated)
{
    for (size_t i = 0; i < count; i++) {
        Server server;
        server_init(&server);
        if (negotiated) {
            negotiate(&server);
        }
        feed(&server, rows[i].input);
        if (!g_str_equal(server.sent->str, rows[i].output)) {
            fail_msg("input:    %s\nexpected: %s\ngot:      %s", rows[i].input, rows[i].output,
                     server.sent->str);
        }
        server_done(&server);
    }
}

#define GENERIC "{\"error\": {\"class\": \"GenericError\", \"desc\": "
#define MISSING "{\"error\": {\"class\": \"CommandNotFound\", \"desc\": "
#define NEGOTIATE_FIRST                                                                            \
    MISSING "\"Expecting capabilities negotiation with 'qmp_capabilities'\", "                     \
            "\"reason\": \"CommandNotFound\"}}\r\n"

static void the_greeting_comes_first(void **state)
{
    (void)state;
    Server server;
    server_init(&server);
    wire_session_start(server.session);
    assert_string_equal(server.sent->str,
                        "{\"QMP\": {\"version\": {\"qemu\": {\"major\": 0}, \"package\": \"\"}, "
                        "\"capabilities\": [\"depends-on\"]}}\r\n");
    server_done(&server);
}

static void before_negotiation(void **state)
{
    (void)state;
    static const Exchange rows[] = {
        {"{\"execute\":\"qmp_capabilities\"}", "{\"return\": {}}\r\n"},
        {"{\"execute\":\"qmp_capabilities\",\"id\":1,\"arguments\":{}}",
         "{\"return\": {}, \"id\": 1}\r\n"},
        {"{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[]}}",
         "{\"return\": {}}\r\n"},
        {"{\"execute\":\"echo\"}", NEGOTIATE_FIRST},
        {"{\"execute\":\"no-such-command\"}", NEGOTIATE_FIRST},
        {"{\"execute\":\"echo\"}{\"execute\":\"qmp_capabilities\"}{\"execute\":\"echo\"}",
         NEGOTIATE_FIRST "{\"return\": {}}\r\n{\"return\": {}}\r\n"},
        {"{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[\"oob\"]}} "
         "{\"execute\":\"echo\"}",
         GENERIC "\"arguments.enable[0]: 'oob' is not a capability offered here (depends-on)\", "
                 "\"reason\": \"UnknownValue\", \"path\": \"arguments.enable[0]\", \"findings\": "
                 "[{\"class\": \"UnknownValue\", \"place\": \"arguments.enable[0]\", \"rule\": "
                 "\"unknown-value\", \"message\": \"'oob' is not a capability offered here "
                 "(depends-on)\"}]}}\r\n" NEGOTIATE_FIRST},
        {"{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":\"depends-on\"}}",
         GENERIC "\"arguments.enable: must be an array\", \"reason\": \"WrongType\", \"path\": "
                 "\"arguments.enable\", \"findings\": [{\"class\": \"WrongType\", \"place\": "
                 "\"arguments.enable\", \"rule\": \"wrong-type\", \"message\": \"must be an "
                 "array\"}]}}\r\n"},
    };
    assert_exchanges(rows, G_N_ELEMENTS(rows), false);
}

static void all_problems_of_a_negotiation_are_told(void **state)
{
    (void)state;
    Server server;
    server_init(&server);
    feed(&server, "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[5,\"depends-on\",[]"
                  "],\"x\":1}}");
    assert_non_null(strstr(server.sent->str,
                           "\"desc\": \"3 problems: arguments.enable[0]: must be a string; "
                           "arguments.enable[2]: must be a string; arguments.x: not an argument of "
                           "qmp_capabilities (enable)\""));
    server_done(&server);
}

static void commands_and_ids(void **state)
{
    (void)state;
    static const Exchange rows[] = {
        {"{\"execute\":\"nothing\"}", "{\"return\": {}}\r\n"},
        {"{\"execute\":\"echo\",\"arguments\":{\"a\":[1,2.5,null]},\"id\":\"x\"}",
         "{\"return\": {\"a\": [1, 2.5, null]}, \"id\": \"x\"}\r\n"},
        {"{\"execute\":\"nothing\",\"id\":null}", "{\"return\": {}, \"id\": null}\r\n"},
        {"{\"execute\":\"nothing\",\"id\":true}", "{\"return\": {}, \"id\": true}\r\n"},
        {"{\"execute\":\"nothing\",\"id\":1.5}", "{\"return\": {}, \"id\": 1.5}\r\n"},
        {"{\"execute\":\"nothing\",\"id\":-1}", "{\"return\": {}, \"id\": -1}\r\n"},
        {"{\"execute\":\"nothing\",\"id\":18446744073709551615}",
         "{\"return\": {}, \"id\": 18446744073709551615}\r\n"},
        {"{\"execute\":\"nothing\",\"id\":\"18446744073709551615\"}",
         "{\"return\": {}, \"id\": \"18446744073709551615\"}\r\n"},
        {"{\"execute\":\"nothing\",\"id\":[1,{\"a\":\"\\u00e9\"}]}",
         "{\"return\": {}, \"id\": [1, {\"a\": \"\\u00e9\"}]}\r\n"},
        {"{'execute':'nothing','id':'\"\\''}", "{\"return\": {}, \"id\": \"\\\"'\"}\r\n"},
        {"{\"execute\":\"nope\",\"id\":{\"b\":[]}}",
         MISSING "\"The command nope has not been found\", \"reason\": \"CommandNotFound\"}, "
                 "\"id\": {\"b\": []}}\r\n"},
        {"{\"execute\":\"\"}",
         MISSING "\"The command  has not been found\", \"reason\": \"CommandNotFound\"}}\r\n"},
        {"{\"execute\":\"qmp_capabilities\"}",
         MISSING "\"Capabilities negotiation is already complete, command ignored\", "
                 "\"reason\": \"CommandNotFound\"}}\r\n"},
        {"{\"execute\":\"nothing\",\n \"id\"\t:\r\n1}\r\n", "{\"return\": {}, \"id\": 1}\r\n"},
    };
    assert_exchanges(rows, G_N_ELEMENTS(rows), true);
}

static void failures_of_commands(void **state)
{
    (void)state;
    static const Exchange rows[] = {
        {"{\"execute\":\"fail\",\"arguments\":{\"how\":\"parts\"},\"id\":7}",
         GENERIC "\"taken\", \"reason\": \"SlotTaken\", \"path\": \"a.b\", \"findings\": "
                 "[{\"class\": \"SlotTaken\"}]}, \"id\": 7}\r\n"},
        {"{\"execute\":\"fail\",\"arguments\":{\"how\":\"class\"}}",
         "{\"error\": {\"class\": \"DeviceNotFound\", \"desc\": \"no such device\", \"reason\": "
         "\"DeviceNotFound\"}}\r\n"},
        {"{\"execute\":\"fail\",\"arguments\":{\"how\":\"foreign\"}}",
         GENERIC "\"no file '\\ufffd'\"}}\r\n"},
    };
    assert_exchanges(rows, G_N_ELEMENTS(rows), true);
}

#define ONE(reason, path, rule, message)                                                           \
    "\"reason\": \"" reason "\", \"path\": \"" path "\", \"findings\": [{\"class\": \"" reason     \
    "\", \"place\": \"" path "\", \"rule\": \"" rule "\", \"message\": \"" message "\"}]}"
#define AT_ROOT(reason, rule, message)                                                             \
    GENERIC "\"" message "\", \"reason\": \"" reason "\", \"findings\": [{\"class\": \"" reason    \
            "\", \"place\": \"\", \"rule\": \"" rule "\", \"message\": \"" message "\"}]}"

static void requests_of_the_wrong_shape(void **state)
{
    (void)state;
    static const Exchange rows[] = {
        {"[1]", AT_ROOT("WrongType", "wrong-type", "QMP input must be a JSON object") "}\r\n"},
        {"\"x\"", AT_ROOT("WrongType", "wrong-type", "QMP input must be a JSON object") "}\r\n"},
        {"null\n", AT_ROOT("WrongType", "wrong-type", "QMP input must be a JSON object") "}\r\n"},
        {"18446744073709551615\n",
         AT_ROOT("WrongType", "wrong-type", "QMP input must be a JSON object") "}\r\n"},
        {"{}",
         AT_ROOT("MissingMember", "missing-member", "QMP input lacks member 'execute'") "}\r\n"},
        {"{\"arguments\":{},\"id\":3}",
         AT_ROOT("MissingMember", "missing-member",
                 "QMP input lacks member 'execute'") ", \"id\": 3}\r\n"},
        {"{\"execute\":5}", GENERIC "\"execute: must be a string\", " ONE(
                                "WrongType", "execute", "wrong-type", "must be a string") "}\r\n"},
        {"{\"execute\":18446744073709551615}",
         GENERIC "\"execute: must be a string\", " ONE("WrongType", "execute", "wrong-type",
                                                       "must be a string") "}\r\n"},
        {"{\"execute\":\"echo\",\"arguments\":[]}",
         GENERIC "\"arguments: must be an object\", " ONE("WrongType", "arguments", "wrong-type",
                                                          "must be an object") "}\r\n"},
        {"{\"execute\":\"echo\",\"arguments\":null}",
         GENERIC "\"arguments: must be an object\", " ONE("WrongType", "arguments", "wrong-type",
                                                          "must be an object") "}\r\n"},
        {"{\"execute\":\"echo\",\"foo\":1,\"id\":\"i\"}",
         GENERIC "\"foo: not a member of a QMP request (execute, arguments, id)\", " ONE(
             "UnknownMember", "foo", "unknown-member",
             "not a member of a QMP request (execute, arguments, id)") ", \"id\": \"i\"}\r\n"},
        {"{\"exec-oob\":\"echo\"}",
         GENERIC "\"exec-oob: out-of-band execution is not offered, use execute\", " ONE(
             "UnknownMember", "exec-oob", "unknown-member",
             "out-of-band execution is not offered, use execute") "}\r\n"},
    };
    assert_exchanges(rows, G_N_ELEMENTS(rows), true);
}

#define PARSE     GENERIC "\"JSON parse error, "
#define MALFORMED "\", \"reason\": \"Malformed\"}}\r\n"
#define FINE      "{\"return\": {}}\r\n"
#define NOTHING   "{\"execute\":\"nothing\"}"

/* Every row goes on after the damage. */
static void broken_input_is_survived(void **state)
{
    (void)state;
    static const Exchange rows[] = {
        {"{\"foo\"}" NOTHING,
         PARSE "line 1 column 7: expected ':' after a key, found '}'" MALFORMED FINE},
        {"hello\n" NOTHING, PARSE "line 1 column 1: expected a value, found 'h'" MALFORMED FINE},
        {"\xff" NOTHING, PARSE "line 1 column 1: byte 0xff is not UTF-8 text" MALFORMED FINE},
        {"} " NOTHING, PARSE "line 1 column 1: expected a value, found '}'" MALFORMED FINE},
        {"{\"a\":[1}\n" NOTHING, PARSE "a closing bracket of the wrong kind" MALFORMED FINE},
        {"{\"a\":\"unfinished\n" NOTHING,
         PARSE "a control character or the end of the line inside a string" MALFORMED FINE},
        {"{\"execute\":\"nothing\",\"id\":1,\"id\":2}" NOTHING,
         PARSE "line 1 column 29: the object has the key 'id' already\", \"reason\": "
               "\"DuplicateKey\"}}\r\n" FINE},
        {"{\"execute\":\"nothing\",\"id\":18446744073709551616}" NOTHING,
         PARSE "line 1 column 27: an integer outside -2^63 to 2^64-1\", \"reason\": "
               "\"OutOfRange\"}}\r\n" FINE},
        {"{\"execute\":\"nothing\",\"id\":\"\\u0000\"}" NOTHING,
         PARSE "line 1 column 30: \\\\u0000 is not allowed in a string" MALFORMED FINE},
        {"{\"execute\":\"nothing\"", ""},
        {"{\"execute\":\"noth", ""},
    };
    assert_exchanges(rows, G_N_ELEMENTS(rows), true);
}

static void oversized_input_is_survived(void **state)
{
    (void)state;
    Server server;
    server_init(&server);
    negotiate(&server);
    g_autofree char *filler = g_strnfill(100u << 20, 'x');
    feed(&server, "{\"execute\":\"");
    feed(&server, filler);
    feed(&server, "\"}\n" NOTHING);
    assert_string_equal(server.sent->str,
                        PARSE "more than 1048576 bytes in one document\", \"reason\": "
                              "\"TooBig\"}}\r\n" FINE);
    g_string_truncate(server.sent, 0);

    memset(filler, '[', 100000);
    filler[100000] = '\0';
    feed(&server, filler);
    feed(&server, "\n" NOTHING);
    assert_string_equal(server.sent->str,
                        PARSE "nested deeper than 64 levels\", \"reason\": \"TooBig\"}}\r\n" FINE);
    server_done(&server);
}

/* An unknown command's name of a megabyte does not come back as one. */
static void hostile_names_are_cut(void **state)
{
    (void)state;
    Server server;
    server_init(&server);
    negotiate(&server);
    GString *request = g_string_new("{\"execute\":\"x");
    for (int i = 0; i < 100000; i++) {
        g_string_append(request, "é");
    }
    g_string_append(request, "\"}");
    feed(&server, request->str);
    assert_true(server.sent->len < 400);
    json_auto_t *reply =
        wire_json_parse(server.sent->str, server.sent->len, &wire_limits_reply, NULL);
    assert_non_null(reply);
    g_string_free(request, TRUE);
    server_done(&server);
}

static void depends_on_is_for_those_who_asked(void **state)
{
    (void)state;
    Server server;
    server_init(&server);
    feed(&server, "{\"execute\":\"qmp_capabilities\",\"arguments\":{\"enable\":[\"depends-on\"]}}"
                  "{\"execute\":\"echo\",\"id\":1} " NOTHING);
    assert_string_equal(server.sent->str,
                        "{\"return\": {}}\r\n"
                        "{\"return\": {}, \"depends-on\": [{\"name\": \"machine\"}], \"id\": 1}\r\n"
                        "{\"return\": {}}\r\n");
    server_done(&server);
}

static void events_are_for_those_who_negotiated(void **state)
{
    (void)state;
    Server server;
    server_init(&server);
    json_auto_t *data = json_pack("{s:b}", "guest", 0);
    wire_session_event(server.session, "SHUTDOWN", data, 1795257440138022);
    assert_string_equal(server.sent->str, "");
    negotiate(&server);
    wire_session_event(server.session, "SHUTDOWN", data, 1795257440138022);
    wire_session_event(server.session, "STOP", NULL, 1000001);
    assert_string_equal(server.sent->str,
                        "{\"timestamp\": {\"seconds\": 1795257440, \"microseconds\": 138022}, "
                        "\"event\": \"SHUTDOWN\", \"data\": {\"guest\": false}}\r\n"
                        "{\"timestamp\": {\"seconds\": 1, \"microseconds\": 1}, "
                        "\"event\": \"STOP\"}\r\n");
    g_string_truncate(server.sent, 0);
    feed(&server, "{\"execute\":\"notify\"}"); /* an event raised by a command precedes its reply */
    assert_string_equal(server.sent->str,
                        "{\"timestamp\": {\"seconds\": 1, \"microseconds\": 500000}, "
                        "\"event\": \"NOTIFIED\", \"data\": {}}\r\n{\"return\": {}}\r\n");
    server_done(&server);
}

static void a_conversation_in_single_bytes(void **state)
{
    (void)state;
    static const char talk[] =
        "{\"execute\":\"qmp_capabilities\"}{\"execute\":\"echo\",\"id\":\"\\u00e9\"} 5 "
        "{\"a\":[}]\n" NOTHING;
    Server whole, bytewise;
    server_init(&whole);
    server_init(&bytewise);
    feed(&whole, talk);
    for (const char *at = talk; *at; at++) {
        wire_session_feed(bytewise.session, at, 1);
    }
    assert_string_equal(bytewise.sent->str, whole.sent->str);
    assert_true(g_str_has_suffix(whole.sent->str, FINE));
    server_done(&whole);
    server_done(&bytewise);
    wire_session_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_greeting_comes_first),
        cmocka_unit_test(before_negotiation),
        cmocka_unit_test(all_problems_of_a_negotiation_are_told),
        cmocka_unit_test(commands_and_ids),
        cmocka_unit_test(failures_of_commands),
        cmocka_unit_test(requests_of_the_wrong_shape),
        cmocka_unit_test(broken_input_is_survived),
        cmocka_unit_test(oversized_input_is_survived),
        cmocka_unit_test(hostile_names_are_cut),
        cmocka_unit_test(depends_on_is_for_those_who_asked),
        cmocka_unit_test(events_are_for_those_who_negotiated),
        cmocka_unit_test(a_conversation_in_single_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
