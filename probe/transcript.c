/* transcript: a QMP conversation on paper, the form of .replies files.
 *
 * JSON documents, strictly alternating request and reply, a blank line between documents. Requests
 * are objects with "execute" and maybe "arguments" and "id"; replies have "return" or "error". Ids
 * are not compared: the order says what belongs together. A greeting, or a conversation that ends
 * after a request, is not part of the form. It must not know what the questions mean. */
#include "transcript.h"

#include <string.h>

struct PrbTranscript {
    GHashTable *replies; /* question as text -> GPtrArray of json_t, the next one first */
    PrbKind kind;
};

#define MAX_BYTES (256u << 20)

/* The question as one text: it is the key. */
static char *question_text(const char *command, json_t *arguments)
{
    g_autofree char *text = arguments && json_object_size(arguments)
                                ? wire_json_print(arguments, WIRE_JSON_CANONICAL)
                                : g_strdup("");
    return g_strconcat(command, " ", text, NULL);
}

static void free_replies(gpointer data)
{
    g_ptr_array_unref(data);
}

static void free_json(gpointer data)
{
    json_decref(data);
}

static void add_exchange(PrbTranscript *transcript, json_t *request, json_t *reply)
{
    const char *command = json_string_value(json_object_get(request, "execute"));
    json_t *arguments = json_object_get(request, "arguments");
    char *question = question_text(command, arguments);
    GPtrArray *replies = g_hash_table_lookup(transcript->replies, question);

    if (g_str_equal(command, "qmp_capabilities") && json_object_get(arguments, "enable")) {
        transcript->kind = PRB_VITRINE;
    }
    if (!replies) {
        replies = g_ptr_array_new_with_free_func(free_json);
        g_hash_table_insert(transcript->replies, g_strdup(question), replies);
    }
    g_ptr_array_add(replies, json_incref(reply));
    g_free(question);
}

/* NULL: it is one. */
static const char *why_no_request(json_t *document)
{
    json_t *arguments = json_object_get(document, "arguments");

    if (!wire_json_is_string(json_object_get(document, "execute"))) {
        return "a request was due, an object with \"execute\"";
    }
    return arguments && !json_is_object(arguments) ? "\"arguments\" are an object" : NULL;
}

static const char *why_no_reply(json_t *document)
{
    json_t *error = json_object_get(document, "error");

    if (!json_object_get(document, "return") == !error) {
        return "a reply was due, an object with either \"return\" or \"error\"";
    }
    return !error || (wire_json_is_string(json_object_get(error, "class")) &&
                      wire_json_is_string(json_object_get(error, "desc")))
               ? NULL
               : "an \"error\" has \"class\" and \"desc\"";
}

typedef struct Reader {
    WireFramer *framer;
    const WireLimits *limits;
    const char *at, *end; /* what is behind the documents that were read */
    unsigned line;        /* of at, from 1 */
    unsigned number;      /* of the document at hand, from 1 */
    unsigned began;       /* its first line */
} Reader;

static void pass(Reader *reader, const char *to)
{
    for (; reader->at < to; reader->at++) {
        reader->line += *reader->at == '\n';
    }
}

/* Its error says the line of the text, not that of the document. */
static json_t *parse(const Reader *reader, const char *text, size_t length, GError **error)
{
    g_autoptr(GString) padded = NULL;
    json_t *document = wire_json_parse(text, length, reader->limits, NULL);

    if (document) {
        return document;
    }
    WireLimits limits = *reader->limits;
    limits.max_bytes = SIZE_MAX / 2;
    padded = g_string_new(NULL);
    for (unsigned line = 1; line < reader->began; line++) {
        g_string_append_c(padded, '\n');
    }
    g_string_append_len(padded, text, (gssize)length);
    return wire_json_parse(padded->str, padded->len, &limits, error);
}

/* The framer leaves out nothing but the white space between documents. NULL: with error, or there
 * is none. */
static json_t *next_document(Reader *reader, GError **error)
{
    g_autoptr(GError) problem = NULL;
    size_t length;
    const char *text = wire_framer_next(reader->framer, &length, &problem);
    const char *begin = reader->at;

    while (begin < reader->end && strchr(" \t\r\n", *begin)) {
        begin++;
    }
    pass(reader, begin);
    reader->began = begin < reader->end ? reader->line : reader->began;
    reader->number += text || problem;
    if (problem) {
        g_set_error(error, PRB_ERROR, PRB_ERROR_MALFORMED, "line %u: %s", reader->began,
                    problem->message);
    }
    if (!text) {
        return NULL;
    }
    json_t *document = parse(reader, text, length, error);
    pass(reader, begin + length);
    return document;
}

static const char *take(PrbTranscript *transcript, json_t **request, json_t *document)
{
    const char *wrong = *request ? why_no_reply(document) : why_no_request(document);

    if (!wrong && *request) {
        add_exchange(transcript, *request, document);
        g_clear_pointer(request, json_decref);
    } else if (!wrong) {
        *request = json_incref(document);
    }
    return wrong;
}

static bool read_all(PrbTranscript *transcript, Reader *reader, GError **error)
{
    json_t *request = NULL;
    json_t *document;
    g_autoptr(GError) problem = NULL;
    const char *wrong = NULL;

    while (!wrong && (document = next_document(reader, &problem))) {
        wrong = take(transcript, &request, document);
        json_decref(document);
    }
    if (!wrong && !problem && (request || wire_framer_pending(reader->framer))) {
        wrong = "the conversation stops in the middle";
    } else if (!wrong && !problem && reader->number == 0) {
        wrong = "there is nothing in it";
    }
    json_decref(request);
    if (wrong) {
        g_set_error(&problem, PRB_ERROR, PRB_ERROR_MALFORMED, "line %u: %s", reader->began, wrong);
    }
    if (problem) {
        g_set_error(error, PRB_ERROR, PRB_ERROR_MALFORMED, "recorded conversation: document %u: %s",
                    reader->number, problem->message);
    }
    return !problem;
}

PrbTranscript *prb_transcript_new(const char *text, size_t length, GError **error)
{
    WireLimits limits = prb_limits_default.reply;

    if (length > MAX_BYTES) {
        g_set_error(error, PRB_ERROR, PRB_ERROR_FLOODED,
                    "recorded conversation: more than %u bytes", MAX_BYTES);
        return NULL;
    }
    PrbTranscript *transcript = g_new0(PrbTranscript, 1);
    transcript->kind = PRB_QEMU;
    transcript->replies = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_replies);
    g_autoptr(WireFramer) framer = wire_framer_new(&limits);
    wire_framer_feed(framer, text, length);
    Reader reader = {framer, &limits, text, text + length, 1, 0, 1};
    if (!read_all(transcript, &reader, error)) {
        prb_transcript_free(transcript);
        return NULL;
    }
    return transcript;
}

void prb_transcript_free(PrbTranscript *transcript)
{
    if (transcript) {
        g_hash_table_unref(transcript->replies);
        g_free(transcript);
    }
}

PrbKind prb_transcript_kind(const PrbTranscript *transcript)
{
    return transcript->kind;
}

json_t *prb_transcript_reply(PrbTranscript *transcript, const char *command, json_t *arguments,
                             GError **error)
{
    g_autofree char *question = question_text(command, arguments);
    GPtrArray *replies = g_hash_table_lookup(transcript->replies, question);

    if (!replies) {
        g_set_error(error, PRB_ERROR, PRB_ERROR_NOT_RECORDED,
                    "the recorded conversation does not have %s", question);
        return NULL;
    }
    json_t *reply = json_incref(g_ptr_array_index(replies, 0));
    if (replies->len > 1) {
        g_ptr_array_remove_index(replies, 0);
    }
    return reply;
}

void prb_transcript_append(GString *text, json_t *request, json_t *reply)
{
    g_autofree char *asked = wire_json_print(request, WIRE_JSON_INDENTED);
    g_autofree char *answered = wire_json_print(reply, WIRE_JSON_INDENTED);

    g_string_append_printf(text, "%s%s\n\n%s\n", text->len ? "\n" : "", asked, answered);
}
