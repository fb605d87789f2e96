/* transcript: a QMP conversation on paper, the form of .replies files.
 *
 * JSON documents, strictly alternating request and reply, a blank line between documents. Requests
 * are objects with "execute" and maybe "arguments" and "id"; replies have "return" or "error". Ids
 * are not compared: the order says what belongs together. A greeting, or a conversation that ends
 * after a request, is not part of the form. It must not know what the questions mean. */
#include "transcript.h"

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

static bool is_request(json_t *document)
{
    return wire_json_is_string(json_object_get(document, "execute"));
}

static bool is_reply(json_t *document)
{
    return !json_object_get(document, "return") != !json_object_get(document, "error");
}

/* One document after the other into the table. ret_problem: what is wrong with the one at hand. */
static json_t *next_document(WireFramer *framer, const WireLimits *limits, GError **error)
{
    size_t length;
    const char *text = wire_framer_next(framer, &length, error);
    return text ? wire_json_parse(text, length, limits, error) : NULL;
}

static bool read_all(PrbTranscript *transcript, WireFramer *framer, const WireLimits *limits,
                     GError **error)
{
    json_t *request = NULL;
    json_t *document;
    g_autoptr(GError) problem = NULL;
    const char *wrong = NULL;
    unsigned number = 0;

    while (!wrong && (document = next_document(framer, limits, &problem))) {
        number++;
        if (!request && is_request(document)) {
            request = json_incref(document);
        } else if (request && is_reply(document)) {
            add_exchange(transcript, request, document);
            g_clear_pointer(&request, json_decref);
        } else {
            wrong = request ? "a reply was due" : "a request was due";
        }
        json_decref(document);
    }
    if (problem) {
        number++;
        wrong = problem->message;
    } else if (!wrong && (request || wire_framer_pending(framer))) {
        wrong = "the conversation stops in the middle";
    }
    json_decref(request);
    if (wrong) {
        g_set_error(error, PRB_ERROR, PRB_ERROR_MALFORMED, "recorded conversation: document %u: %s",
                    number, wrong);
    }
    return !wrong;
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
    if (!read_all(transcript, framer, &limits, error)) {
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
