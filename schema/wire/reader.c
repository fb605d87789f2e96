/* wire: the collector behind the generated readers: where in a document we are, and every problem
 * found so far. It must not know any type of the interface. */
#include "wire.h"

#include <string.h>

#define MAX_FINDINGS 256 /* kept; the others are counted */
#define MAX_SUMMARY  5   /* named in the message */
#define MAX_NAME     80  /* bytes of a member's name in a path */
#define MAX_MESSAGE  400 /* bytes of one problem's text */

struct WireReader {
    WireStrictness strictness;
    GString *path;
    GArray *parents; /* size_t: length of the path at each level above */
    size_t count;
    const char *first_reason;
    char *first_path; /* NULL: the root */
    json_t *findings;
    GString *summary; /* the first few, as "PATH: problem; …" */
};

WireReader *wire_reader_new(WireStrictness strictness, const char *root_path)
{
    WireReader *reader = g_new0(WireReader, 1);
    reader->strictness = strictness;
    reader->path = g_string_new(root_path);
    reader->parents = g_array_new(FALSE, FALSE, sizeof(size_t));
    reader->findings = json_array();
    reader->summary = g_string_new(NULL);
    return reader;
}

void wire_reader_free(WireReader *reader)
{
    if (!reader) {
        return;
    }
    g_string_free(reader->path, TRUE);
    g_array_unref(reader->parents);
    g_free(reader->first_path);
    json_decref(reader->findings);
    g_string_free(reader->summary, TRUE);
    g_free(reader);
}

WireStrictness wire_reader_strictness(const WireReader *reader)
{
    return reader->strictness;
}

/* Valid UTF-8 of at most max bytes, an ellipsis where something was cut. */
static char *shorten(const char *text, size_t max)
{
    g_autofree char *part = g_strndup(text, max + 1);
    g_autofree char *valid = g_utf8_make_valid(part, -1);
    if (strlen(part) <= max) {
        return g_steal_pointer(&valid);
    }
    char *cut = g_utf8_find_prev_char(valid, valid + MIN(max, strlen(valid)));
    return g_strdup_printf("%.*s…", (int)(cut - valid), valid);
}

static void append_member(GString *path, const char *member)
{
    g_autofree char *name = shorten(member, MAX_NAME);
    if (path->len > 0) {
        g_string_append_c(path, '.');
    }
    g_string_append(path, name);
}

void wire_reader_enter(WireReader *reader, const char *member)
{
    g_array_append_val(reader->parents, reader->path->len);
    append_member(reader->path, member);
}

void wire_reader_enter_index(WireReader *reader, size_t index)
{
    g_array_append_val(reader->parents, reader->path->len);
    g_string_append_printf(reader->path, "[%" G_GSIZE_FORMAT "]", index);
}

void wire_reader_leave(WireReader *reader)
{
    g_assert(reader->parents->len > 0);
    size_t length = g_array_index(reader->parents, size_t, reader->parents->len - 1);
    g_array_set_size(reader->parents, reader->parents->len - 1);
    g_string_truncate(reader->path, length);
}

/* "UnknownMember" to "unknown-member": the rule that a reader checks has the name of the reason. */
static char *rule_name(const char *reason)
{
    GString *rule = g_string_new(NULL);
    for (const char *at = reason; *at; at++) {
        if (g_ascii_isupper(*at) && at > reason) {
            g_string_append_c(rule, '-');
        }
        g_string_append_c(rule, g_ascii_tolower(*at));
    }
    return g_string_free(rule, FALSE);
}

static void record(WireReader *reader, const char *reason, const char *path, const char *message)
{
    if (reader->count++ == 0) {
        reader->first_reason = reason;
        reader->first_path = *path ? g_strdup(path) : NULL;
    }
    if (reader->count <= MAX_SUMMARY) {
        g_string_append_printf(reader->summary, "%s%s%s%s", reader->count > 1 ? "; " : "", path,
                               *path ? ": " : "", message);
    }
    if (reader->count <= MAX_FINDINGS) {
        g_autofree char *rule = rule_name(reason);
        json_array_append_new(reader->findings,
                              json_pack("{s:s, s:s, s:s, s:s}", "class", reason, "place", path,
                                        "rule", rule, "message", message));
    }
}

void wire_reader_problem(WireReader *reader, const char *reason, const char *member,
                         const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *whole = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_autofree char *message = shorten(whole, MAX_MESSAGE);

    size_t length = reader->path->len;
    if (member) {
        append_member(reader->path, member);
    }
    record(reader, reason, reader->path->str, message);
    g_string_truncate(reader->path, length);
}

bool wire_reader_finish(WireReader *reader, GError **error)
{
    bool fine = reader->count == 0;
    if (reader->count == 1) {
        g_propagate_error(error, wire_error_new(WIRE_ERROR_FAILED, reader->first_reason,
                                                reader->first_path, reader->findings, "%s",
                                                reader->summary->str));
    } else if (!fine) {
        if (reader->count > MAX_SUMMARY) {
            g_string_append_printf(reader->summary, "; and %" G_GSIZE_FORMAT " more",
                                   reader->count - MAX_SUMMARY);
        }
        g_propagate_error(error, wire_error_new(WIRE_ERROR_FAILED, reader->first_reason,
                                                reader->first_path, reader->findings,
                                                "%" G_GSIZE_FORMAT " problems: %s", reader->count,
                                                reader->summary->str));
    }
    wire_reader_free(reader);
    return fine;
}
