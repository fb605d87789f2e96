/* Framer, parser, printer and QMP session over any bytes. The first byte says how the rest, a
 * stream from a peer, is cut into feeds.
 *
 * Properties: the cuts change nothing; what parses prints to text that parses to the same value, in
 * every style; the canonical form of that is the same; every line a session sends is one JSON
 * object and CR LF; nothing holds more than its limit. */
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "wire.h"

static const WireLimits limits = {.max_bytes = 512, .max_depth = 16, .max_values = 128};

static void check_document(const char *text, size_t length)
{
    static const WireLimits roomy = {.max_bytes = 1u << 20, .max_depth = 16};
    g_autoptr(GError) error = NULL;
    json_auto_t *value = wire_json_parse(text, length, &limits, &error);
    FUZZ_HOLDS((value == NULL) == (error != NULL));
    if (!value) {
        FUZZ_HOLDS(g_utf8_validate(error->message, -1, NULL));
        FUZZ_HOLDS(wire_error_reason(error) != NULL);
        return;
    }
    g_autofree char *canonical = wire_json_print(value, WIRE_JSON_CANONICAL);
    for (WireJsonStyle style = WIRE_JSON_COMPACT; style <= WIRE_JSON_CANONICAL; style++) {
        g_autofree char *printed = wire_json_print(value, style);
        json_auto_t *again = wire_json_parse(printed, strlen(printed), &roomy, NULL);
        FUZZ_HOLDS(again && json_equal(value, again));
        g_autofree char *canonical_again = wire_json_print(again, WIRE_JSON_CANONICAL);
        FUZZ_HOLDS(g_str_equal(canonical, canonical_again));
    }
}

static void take_all(WireFramer *framer, GString *into)
{
    for (;;) {
        g_autoptr(GError) error = NULL;
        size_t length;
        const char *text = wire_framer_next(framer, &length, &error);
        if (text) {
            FUZZ_HOLDS(length > 0 && length <= limits.max_bytes && text[length] == '\0');
            check_document(text, length);
            g_string_append_len(into, text, (gssize)length);
        } else if (error) {
            g_string_append_printf(into, "! %s", error->message);
        } else {
            return;
        }
        g_string_append_c(into, '\n');
    }
}

static size_t next_cut(guint32 *state, size_t left)
{
    *state = *state * 1664525 + 1013904223;
    return MIN(left, 1 + (*state >> 24) % 40);
}

static void check_framer(guint32 cuts, const char *bytes, size_t size)
{
    g_autoptr(WireFramer) whole = wire_framer_new(&limits);
    g_autoptr(WireFramer) pieces = wire_framer_new(&limits);
    GString *expected = g_string_new(NULL), *got = g_string_new(NULL);
    wire_framer_feed(whole, bytes, size);
    take_all(whole, expected);
    for (size_t at = 0, length; at < size; at += length) {
        length = next_cut(&cuts, size - at);
        wire_framer_feed(pieces, bytes + at, length);
        take_all(pieces, got);
        FUZZ_HOLDS(wire_framer_pending(pieces) <= limits.max_bytes);
    }
    FUZZ_HOLDS(g_string_equal(expected, got));
    FUZZ_HOLDS(wire_framer_pending(whole) == wire_framer_pending(pieces));
    g_string_free(expected, TRUE);
    g_string_free(got, TRUE);
}

static bool has_command(void *context, const char *command)
{
    (void)context;
    return g_str_equal(command, "echo");
}

static bool echo(void *context, const char *command, json_t *arguments, WireReply *ret_reply,
                 GError **error)
{
    FUZZ_HOLDS(has_command(context, command) && json_is_object(arguments));
    if (json_object_size(arguments) == 1) {
        const char *name = json_object_iter_key(json_object_iter(arguments));
        g_propagate_error(error, wire_error_new(WIRE_ERROR_FAILED, "UnknownMember", name, NULL,
                                                "'%.7s' is unknown", name));
        return false;
    }
    ret_reply->value = json_incref(arguments);
    ret_reply->depends_on = json_array();
    return true;
}

static void check_sent(void *context, const char *text, size_t length)
{
    GString *sent = context;
    FUZZ_HOLDS(length > 2 && memchr(text, '\n', length) == text + length - 1);
    FUZZ_HOLDS(text[length - 2] == '\r' && text[length] == '\0');
    json_auto_t *document = wire_json_parse(text, length, &wire_limits_reply, NULL);
    FUZZ_HOLDS(json_is_object(document));
    FUZZ_HOLDS(json_object_get(document, "return") || json_object_get(document, "error"));
    g_string_append_len(sent, text, (gssize)length);
}

static void check_session(guint32 cuts, const char *bytes, size_t size)
{
    static const WireSessionOps ops = {echo, has_command, check_sent};
    json_auto_t *version = json_object();
    GString *expected = g_string_new(NULL), *got = g_string_new(NULL);
    g_autoptr(WireSession) whole = wire_session_new(&ops, expected, version);
    g_autoptr(WireSession) pieces = wire_session_new(&ops, got, version);
    wire_session_feed(whole, bytes, size);
    for (size_t at = 0, length; at < size; at += length) {
        length = next_cut(&cuts, size - at);
        wire_session_feed(pieces, bytes + at, length);
    }
    FUZZ_HOLDS(g_string_equal(expected, got));
    g_string_free(expected, TRUE);
    g_string_free(got, TRUE);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size > 0) {
        check_framer(data[0], (const char *)data + 1, size - 1);
        check_session(data[0], (const char *)data + 1, size - 1);
    }
    return 0;
}
