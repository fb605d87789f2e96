/* conversation: the client side of QMP with an emulator that may be anything.
 *
 * One question at a time: the reply to a question is the next document that is not an event, and it
 * must carry the question's id. Anything else ends the conversation, since no later answer could be
 * trusted to belong to its question. It must not know which questions there are, nor how a process
 * is confined. */
#include "jail.h"
#include "transcript.h"

#include <errno.h>
#include <string.h>

#define MAX_WORDS 160 /* bytes of an emulator's console in an error */

struct PrbConversation {
    char *path;
    char **argv;
    PrbLimits limits;
    PrbJail *jail;             /* NULL: a replay */
    PrbTranscript *transcript; /* of a replay */
    WireFramer *framer;
    int64_t deadline; /* of the whole conversation */
    uint64_t said;    /* bytes so far */
    int64_t next_id;
    bool over;
    PrbKind kind;
    json_t *version;
    GString *record; /* borrowed, or NULL */
};

/* ---- errors, in words ------------------------------------------------------------------------ */

static double seconds(unsigned ms)
{
    return ms / 1000.0;
}

/* The end of the last line on its console, fit to stand in a message: what an emulator prints may
 * be long, and may be meant for the terminal of whoever reads it. Free with g_free. */
static char *last_words(const PrbConversation *conversation)
{
    g_autofree char *console = prb_jail_console(conversation->jail);
    char *last = g_strchomp(console);
    char *line = strrchr(last, '\n');
    line = line ? line + 1 : last;
    size_t length = strlen(line);
    char *words = g_utf8_make_valid(line + (length > MAX_WORDS ? length - MAX_WORDS : 0), -1);
    for (char *at = words; *at; at++) {
        if (g_ascii_iscntrl(*at)) {
            *at = '?';
        }
    }
    return words;
}

/* The error of a conversation that ends here. doing: "query-machines", or NULL before the
 * greeting. */
static void set_end(PrbConversation *conversation, PrbJailNews news, const char *doing,
                    GError **error)
{
    bool signalled = false;
    int code = PRB_ERROR_SILENT;
    g_autofree char *how = NULL;

    conversation->over = true;
    if (news == PRB_JAIL_DEADLINE) {
        how = g_strdup_printf(
            "no answer within %.3g s",
            seconds(MIN(conversation->limits.command_ms, conversation->limits.probe_ms)));
    } else if (news == PRB_JAIL_FLOODED) {
        code = PRB_ERROR_FLOODED;
        how = g_strdup_printf("more than %" G_GUINT64_FORMAT " bytes on its console",
                              conversation->limits.console_bytes);
    } else {
        int number;
        how = prb_jail_end(conversation->jail, &signalled);
        code = doing || signalled ? PRB_ERROR_CRASHED : PRB_ERROR_NOT_AN_EMULATOR;
        if (prb_jail_cannot_run(conversation->jail, &number)) {
            code = number == ENOENT ? PRB_ERROR_NOT_FOUND : PRB_ERROR_NOT_EXECUTABLE;
        }
    }
    g_autofree char *line = last_words(conversation);
    g_set_error(error, PRB_ERROR, code, "%s: %s%s%s%s%s", conversation->path, doing ? doing : "",
                doing ? ": " : "", how, *line ? "; its last words: " : "", line);
}

static void set_untrusted(PrbConversation *conversation, PrbErrorCode code, const char *doing,
                          const char *what, GError **error)
{
    conversation->over = true;
    g_set_error(error, PRB_ERROR, (int)code, "%s: %s: %s",
                conversation->path ? conversation->path : "recorded conversation",
                doing ? doing : "greeting", what);
}

/* ---- documents ------------------------------------------------------------------------------- */

static json_t *parse(PrbConversation *conversation, const char *doing, const char *text,
                     size_t length, GError **error)
{
    g_autoptr(GError) problem = NULL;
    json_t *document = wire_json_parse(text, length, &conversation->limits.reply, &problem);

    if (document && !json_is_object(document)) {
        g_clear_pointer(&document, json_decref);
    }
    if (!document) {
        bool big = problem && g_error_matches(problem, WIRE_ERROR, WIRE_ERROR_TOO_BIG);
        set_untrusted(conversation, big ? PRB_ERROR_FLOODED : PRB_ERROR_MALFORMED, doing,
                      problem ? problem->message : "not an object", error);
    }
    return document;
}

/* The next document the emulator says, of any kind. */
static json_t *receive(PrbConversation *conversation, int64_t deadline, const char *doing,
                       GError **error)
{
    char buffer[32 * 1024];
    size_t length;

    for (;;) {
        g_autoptr(GError) problem = NULL;
        const char *text = wire_framer_next(conversation->framer, &length, &problem);
        if (text) {
            return parse(conversation, doing, text, length, error);
        }
        if (problem) {
            bool big = g_error_matches(problem, WIRE_ERROR, WIRE_ERROR_TOO_BIG);
            set_untrusted(conversation, big ? PRB_ERROR_FLOODED : PRB_ERROR_MALFORMED, doing,
                          problem->message, error);
            return NULL;
        }
        PrbJailNews news =
            prb_jail_read(conversation->jail, deadline, buffer, sizeof(buffer), &length);
        if (news != PRB_JAIL_BYTES) {
            set_end(conversation, news, doing, error);
            return NULL;
        }
        conversation->said += length;
        if (conversation->said > conversation->limits.said_bytes) {
            set_untrusted(conversation, PRB_ERROR_FLOODED, doing, "it does not stop talking",
                          error);
            return NULL;
        }
        wire_framer_feed(conversation->framer, buffer, length);
    }
}

/* The reply to the question with this id; events before it are passed over. */
static json_t *receive_reply(PrbConversation *conversation, int64_t deadline, const char *command,
                             int64_t id, GError **error)
{
    for (;;) {
        json_t *document = receive(conversation, deadline, command, error);
        if (!document) {
            return NULL;
        }
        if (json_object_get(document, "event")) {
            json_decref(document);
            continue;
        }
        int64_t said;
        json_t *said_id = json_object_get(document, "id");
        if (said_id && wire_json_get_int(said_id, &said) && said == id) {
            return document;
        }
        json_decref(document);
        set_untrusted(conversation, PRB_ERROR_MALFORMED, command, "a reply to another question",
                      error);
        return NULL;
    }
}

/* ---- asking ---------------------------------------------------------------------------------- */

static json_t *make_request(PrbConversation *conversation, const char *command, json_t *arguments)
{
    json_t *request = json_object();

    json_object_set_new(request, "execute", json_string(command));
    if (arguments && json_object_size(arguments)) {
        json_object_set(request, "arguments", arguments);
    }
    json_object_set_new(request, "id", json_integer(++conversation->next_id));
    return request;
}

static json_t *exchange(PrbConversation *conversation, const char *command, json_t *request,
                        GError **error)
{
    int64_t deadline = MIN(conversation->deadline,
                           g_get_monotonic_time() + conversation->limits.command_ms * 1000LL);
    g_autofree char *text = wire_json_print(request, WIRE_JSON_COMPACT);
    g_autofree char *line = g_strconcat(text, "\n", NULL);

    PrbJailNews news = prb_jail_write(conversation->jail, deadline, line, strlen(line));
    if (news != PRB_JAIL_BYTES) {
        set_end(conversation, news, command, error);
        return NULL;
    }
    return receive_reply(conversation, deadline, command, conversation->next_id, error);
}

static bool read_reply(PrbConversation *conversation, const char *command, json_t *reply,
                       json_t **ret_value, json_t **ret_depends_on, GError **error)
{
    json_t *value = json_object_get(reply, "return");
    json_t *refusal = json_object_get(reply, "error");
    json_t *text = json_object_get(refusal, "desc");
    json_t *depends_on = json_object_get(reply, "depends-on");

    if (json_is_string(text) && !value) {
        g_set_error_literal(error, PRB_ERROR, PRB_ERROR_REFUSED, json_string_value(text));
        return false;
    }
    if (!value || refusal || (depends_on && !json_is_array(depends_on))) {
        set_untrusted(conversation, PRB_ERROR_MALFORMED, command,
                      "neither a return value nor an error", error);
        return false;
    }
    *ret_value = json_incref(value);
    if (ret_depends_on) {
        *ret_depends_on = json_incref(depends_on);
    }
    return true;
}

bool prb_ask(PrbConversation *conversation, const char *command, json_t *arguments,
             json_t **ret_value, json_t **ret_depends_on, GError **error)
{
    if (conversation->over) {
        set_untrusted(conversation, PRB_ERROR_CRASHED, command, "the conversation is over", error);
        return false;
    }
    json_t *request = make_request(conversation, command, arguments);
    json_t *reply = conversation->transcript
                        ? prb_transcript_reply(conversation->transcript, command, arguments, error)
                        : exchange(conversation, command, request, error);
    bool ok = reply && read_reply(conversation, command, reply, ret_value, ret_depends_on, error);
    if (reply && conversation->record) {
        prb_transcript_append(conversation->record, request, reply);
    }
    json_decref(request);
    json_decref(reply);
    return ok;
}

/* ---- beginning and end ----------------------------------------------------------------------- */

static bool offers(json_t *greeting, const char *capability)
{
    json_t *offered = json_object_get(greeting, "capabilities");
    json_t *word;
    size_t i;

    json_array_foreach(offered, i, word)
    {
        if (json_is_string(word) && g_str_equal(json_string_value(word), capability)) {
            return true;
        }
    }
    return false;
}

/* What speaks the capability "depends-on" is one of ours; everything else is taken for a QEMU. */
static bool negotiate(PrbConversation *conversation, GError **error)
{
    json_t *value = NULL;
    json_t *arguments = NULL;

    if (conversation->kind == PRB_VITRINE) {
        arguments = json_pack("{s:[s]}", "enable", "depends-on");
    }
    bool ok = prb_ask(conversation, "qmp_capabilities", arguments, &value, NULL, error);
    json_decref(arguments);
    json_decref(value);
    return ok;
}

static bool greet(PrbConversation *conversation, GError **error)
{
    int64_t deadline = MIN(conversation->deadline,
                           g_get_monotonic_time() + conversation->limits.command_ms * 1000LL);
    json_t *document = receive(conversation, deadline, NULL, error);

    if (!document) {
        return false;
    }
    json_t *greeting = json_object_get(document, "QMP");
    json_t *version = json_object_get(greeting, "version");
    bool ok = json_is_object(version);
    if (ok) {
        conversation->version = json_incref(version);
        conversation->kind = offers(greeting, "depends-on") ? PRB_VITRINE : PRB_QEMU;
    } else {
        set_untrusted(conversation, PRB_ERROR_NOT_AN_EMULATOR, NULL, "not that of QMP", error);
    }
    json_decref(document);
    return ok && negotiate(conversation, error);
}

/* The launch line: the same for every emulator. */
static char **launch_line(const char *path, const char *machine, const char *const *more)
{
    g_autoptr(GStrvBuilder) argv = g_strv_builder_new();
    g_autofree char *monitor = g_strdup_printf("socket,id=qmp,fd=%d", PRB_MONITOR_FD);

    g_strv_builder_add_many(argv, path, "-machine", machine ? machine : "none", NULL);
    if (more) {
        g_strv_builder_addv(argv, (const char **)more);
    }
    if (!machine) {
        g_strv_builder_add_many(argv, "-nodefaults", "-nographic", NULL);
    }
    g_strv_builder_add_many(argv, "-S", "-display", "none", "-no-user-config", "-chardev", monitor,
                            "-mon", "chardev=qmp,mode=control", NULL);
    return g_strv_builder_end(argv);
}

PrbConversation *prb_conversation_open(const char *path, const char *machine,
                                       const char *const *more, const PrbLimits *limits,
                                       GError **error)
{
    g_autofree char *absolute = g_canonicalize_filename(path, NULL);
    PrbConversation *conversation = g_new0(PrbConversation, 1);

    conversation->path = g_strdup(path);
    conversation->limits = *limits;
    conversation->deadline = g_get_monotonic_time() + limits->probe_ms * 1000LL;
    conversation->framer = wire_framer_new(&conversation->limits.reply);
    conversation->argv = launch_line(absolute, machine, more);
    conversation->jail = prb_jail_start(conversation->argv, limits, error);
    if (!conversation->jail || !greet(conversation, error)) {
        prb_conversation_close(conversation);
        return NULL;
    }
    return conversation;
}

PrbConversation *prb_conversation_replay(const char *text, size_t length, GError **error)
{
    PrbTranscript *transcript = prb_transcript_new(text, length, error);
    if (!transcript) {
        return NULL;
    }
    PrbConversation *conversation = g_new0(PrbConversation, 1);
    conversation->limits = prb_limits_default;
    conversation->transcript = transcript;
    conversation->kind = prb_transcript_kind(transcript);
    return conversation;
}

void prb_conversation_close(PrbConversation *conversation)
{
    if (!conversation) {
        return;
    }
    prb_jail_free(conversation->jail);
    prb_transcript_free(conversation->transcript);
    wire_framer_free(conversation->framer);
    g_strfreev(conversation->argv);
    g_free(conversation->path);
    json_decref(conversation->version);
    g_free(conversation);
}

PrbKind prb_conversation_kind(const PrbConversation *conversation)
{
    return conversation->kind;
}

json_t *prb_conversation_version(const PrbConversation *conversation)
{
    return conversation->version;
}

char *prb_conversation_console(const PrbConversation *conversation)
{
    return conversation->jail ? prb_jail_console(conversation->jail) : g_strdup("");
}

const char *const *prb_conversation_missing(const PrbConversation *conversation)
{
    static const char *const nothing[] = {NULL};
    return conversation->jail ? prb_jail_missing(conversation->jail) : nothing;
}

void prb_conversation_record(PrbConversation *conversation, GString *transcript)
{
    conversation->record = transcript;
    if (transcript && conversation->kind == PRB_VITRINE) {
        /* Which kind it was is told by what was negotiated, and that is past. */
        json_t *request = json_pack("{s:s, s:{s:[s]}}", "execute", "qmp_capabilities", "arguments",
                                    "enable", "depends-on");
        json_t *reply = json_pack("{s:{}}", "return");
        prb_transcript_append(transcript, request, reply);
        json_decref(request);
        json_decref(reply);
    }
}
