/* wire: the serving side of a QMP conversation (QEMU's docs/interop/qmp-spec).
 *
 * Greeting, negotiation, requests, replies, events: the frame around commands. It must not know any
 * command but qmp_capabilities, nor where bytes come from and go to.
 *
 * Differences from QEMU 7.2 that a client could see: error objects have more members; integers
 * outside -2^63 to 2^64-1, reals beyond a double and \u0000 are refused (QEMU rounds the first,
 * and answers an id of 1e400 with "inf"); brackets that do not match cost the rest of their line
 * (QEMU may wait for a bracket that never comes). */
#include "wire.h"

#include <string.h>

#define SLICE (64u << 10) /* bytes fed to the framer between two rounds of answers */

struct WireSession {
    const WireSessionOps *ops;
    void *context;
    json_t *version;
    WireFramer *framer;
    bool negotiated;
    bool tells_depends_on;
};

/* The parts of a request, borrowed from its document. */
typedef struct Request {
    const char *command;
    json_t *arguments; /* NULL: none given */
} Request;

WireSession *wire_session_new(const WireSessionOps *ops, void *context, json_t *version)
{
    WireSession *session = g_new0(WireSession, 1);
    session->ops = ops;
    session->context = context;
    session->version = json_incref(version);
    session->framer = wire_framer_new(&wire_limits_request);
    return session;
}

void wire_session_free(WireSession *session)
{
    if (!session) {
        return;
    }
    json_decref(session->version);
    wire_framer_free(session->framer);
    g_free(session);
}

/* ---- sending --------------------------------------------------------------------------------- */

/* Sends a document on a line of its own. Takes the reference. */
static void send_document(WireSession *session, json_t *document)
{
    g_autofree char *text = wire_json_print(document, WIRE_JSON_COMPACT);
    json_decref(document);
    g_autofree char *line = g_strconcat(text, "\r\n", NULL);
    session->ops->send(session->context, line, strlen(line));
}

static void send_return(WireSession *session, json_t *id, WireReply *reply)
{
    json_t *document = json_object();
    json_object_set_new(document, "return", reply->value ? reply->value : json_object());
    if (session->tells_depends_on && reply->depends_on) {
        json_object_set(document, "depends-on", reply->depends_on);
    }
    json_decref(reply->depends_on);
    if (id) {
        json_object_set(document, "id", id);
    }
    send_document(session, document);
}

static const char *class_of(const char *reason)
{
    static const char *const classes[] = {"CommandNotFound", "DeviceNotActive", "DeviceNotFound",
                                          "KVMMissingCap", NULL};
    return reason && g_strv_contains(classes, reason) ? reason : "GenericError";
}

/* Sends an error with what stands before its message; takes the error. */
static void send_error(WireSession *session, json_t *id, const char *prefix, GError *error)
{
    const char *reason = wire_error_reason(error);
    const char *path = wire_error_path(error);
    json_t *findings = wire_error_findings(error);
    g_autofree char *message = g_utf8_make_valid(error->message, -1);
    g_autofree char *description = g_strconcat(prefix, message, NULL);

    json_t *body = json_object();
    json_object_set_new(body, "class", json_string(class_of(reason)));
    json_object_set_new(body, "desc", json_string(description));
    if (reason) {
        json_object_set_new(body, "reason", json_string(reason));
    }
    if (path) {
        json_object_set_new(body, "path", json_string(path));
    }
    if (findings) {
        json_object_set(body, "findings", findings);
    }
    json_t *document = json_object();
    json_object_set_new(document, "error", body);
    if (id) {
        json_object_set(document, "id", id);
    }
    send_document(session, document);
    g_error_free(error);
}

void wire_session_start(WireSession *session)
{
    send_document(session, json_pack("{s:{s:O, s:[s]}}", "QMP", "version", session->version,
                                     "capabilities", "depends-on"));
}

void wire_session_event(WireSession *session, const char *name, json_t *data, int64_t timestamp_us)
{
    if (!session->negotiated) {
        return;
    }
    json_t *document = json_object();
    json_object_set_new(document, "timestamp",
                        json_pack("{s:I, s:I}", "seconds",
                                  (json_int_t)(timestamp_us / G_USEC_PER_SEC), "microseconds",
                                  (json_int_t)(timestamp_us % G_USEC_PER_SEC)));
    json_object_set_new(document, "event", json_string(name));
    if (data) {
        json_object_set(document, "data", data);
    }
    send_document(session, document);
}

/* ---- understanding a request ----------------------------------------------------------------- */

static void read_request_member(WireReader *reader, const char *name, json_t *value,
                                Request *request)
{
    if (g_str_equal(name, "execute")) {
        if (wire_json_is_string(value)) {
            request->command = json_string_value(value);
        } else {
            wire_reader_problem(reader, "WrongType", name, "must be a string");
        }
    } else if (g_str_equal(name, "arguments")) {
        if (json_is_object(value)) {
            request->arguments = value;
        } else {
            wire_reader_problem(reader, "WrongType", name, "must be an object");
        }
    } else if (g_str_equal(name, "exec-oob")) {
        wire_reader_problem(reader, "UnknownMember", name,
                            "out-of-band execution is not offered, use execute");
    } else if (!g_str_equal(name, "id")) {
        wire_reader_problem(reader, "UnknownMember", name,
                            "not a member of a QMP request (execute, arguments, id)");
    }
}

static bool read_request(json_t *document, Request *ret_request, GError **error)
{
    WireReader *reader = wire_reader_new(WIRE_STRICT, NULL);
    Request request = {0};
    const char *name;
    json_t *value;
    if (!json_is_object(document)) {
        wire_reader_problem(reader, "WrongType", NULL, "QMP input must be a JSON object");
        return wire_reader_finish(reader, error);
    }
    json_object_foreach(document, name, value)
    {
        read_request_member(reader, name, value, &request);
    }
    if (!json_object_get(document, "execute") && !json_object_get(document, "exec-oob")) {
        wire_reader_problem(reader, "MissingMember", NULL, "QMP input lacks member 'execute'");
    }
    if (!wire_reader_finish(reader, error)) {
        return false;
    }
    *ret_request = request;
    return true;
}

/* ---- commands -------------------------------------------------------------------------------- */

static void read_capability(WireReader *reader, json_t *value, bool *depends_on)
{
    if (!wire_json_is_string(value)) {
        wire_reader_problem(reader, "WrongType", NULL, "must be a string");
    } else if (!g_str_equal(json_string_value(value), "depends-on")) {
        wire_reader_problem(reader, "UnknownValue", NULL,
                            "'%s' is not a capability offered here (depends-on)",
                            json_string_value(value));
    } else {
        *depends_on = true;
    }
}

static bool negotiate(WireSession *session, json_t *arguments, GError **error)
{
    WireReader *reader = wire_reader_new(WIRE_STRICT, "arguments");
    bool depends_on = false;
    const char *name;
    json_t *value, *capability;
    size_t i;
    json_object_foreach(arguments, name, value)
    {
        if (!g_str_equal(name, "enable")) {
            wire_reader_problem(reader, "UnknownMember", name,
                                "not an argument of qmp_capabilities (enable)");
        } else if (!json_is_array(value)) {
            wire_reader_problem(reader, "WrongType", name, "must be an array");
        } else {
            wire_reader_enter(reader, name);
            json_array_foreach(value, i, capability)
            {
                wire_reader_enter_index(reader, i);
                read_capability(reader, capability, &depends_on);
                wire_reader_leave(reader);
            }
            wire_reader_leave(reader);
        }
    }
    if (!wire_reader_finish(reader, error)) {
        return false;
    }
    session->negotiated = true;
    session->tells_depends_on = depends_on;
    return true;
}

static bool execute(WireSession *session, const Request *request, WireReply *ret_reply,
                    GError **error)
{
    json_auto_t *none = json_object();
    json_t *arguments = request->arguments ? request->arguments : none;
    bool is_negotiation = g_str_equal(request->command, "qmp_capabilities");
    const char *refusal = NULL;
    if (!session->negotiated && !is_negotiation) {
        refusal = "Expecting capabilities negotiation with 'qmp_capabilities'";
    } else if (session->negotiated && is_negotiation) {
        refusal = "Capabilities negotiation is already complete, command ignored";
    }
    if (refusal) {
        g_propagate_error(
            error, wire_error_new(WIRE_ERROR_FAILED, "CommandNotFound", NULL, NULL, "%s", refusal));
        return false;
    }
    if (is_negotiation) {
        return negotiate(session, arguments, error);
    }
    if (!session->ops->has_command(session->context, request->command)) {
        g_propagate_error(error,
                          wire_error_new(WIRE_ERROR_FAILED, "CommandNotFound", NULL, NULL,
                                         "The command %.80s has not been found", request->command));
        return false;
    }
    return session->ops->execute(session->context, request->command, arguments, ret_reply, error);
}

static void answer(WireSession *session, const char *text, size_t length)
{
    GError *error = NULL;
    json_auto_t *document = wire_json_parse(text, length, &wire_limits_request, &error);
    if (!document) {
        send_error(session, NULL, "JSON parse error, ", error);
        return;
    }
    json_t *id = json_object_get(document, "id");
    Request request = {0};
    WireReply reply = {0};
    if (!read_request(document, &request, &error) || !execute(session, &request, &reply, &error)) {
        send_error(session, id, "", error);
    } else {
        send_return(session, id, &reply);
    }
}

static void answer_all(WireSession *session)
{
    for (;;) {
        GError *error = NULL;
        size_t length;
        const char *text = wire_framer_next(session->framer, &length, &error);
        if (text) {
            answer(session, text, length);
        } else if (error) {
            send_error(session, NULL, "JSON parse error, ", error);
        } else {
            return;
        }
    }
}

void wire_session_feed(WireSession *session, const char *bytes, size_t length)
{
    for (size_t slice; length > 0; bytes += slice, length -= slice) {
        slice = MIN(length, SLICE);
        wire_framer_feed(session->framer, bytes, slice);
        answer_all(session);
    }
}
