/* wire: JSON text, typed readers, errors that travel, and the QMP conversation.
 *
 * The lowest layer. It knows JSON and QMP framing; it must not know machines, devices, commands by
 * name, files or the clock. Everything that arrives here is hostile: sizes and depths are capped
 * before they cost anything. */
#ifndef VITRINE_WIRE_H
#define VITRINE_WIRE_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* ---- errors that travel ---------------------------------------------------------------------- */

/* The one error domain of everything a client can be told. The code is always WIRE_ERROR_FAILED
 * unless somebody branches on it; what a client branches on is the reason, a CamelCase word. */
#define WIRE_ERROR (wire_error_quark())
GQuark wire_error_quark(void);

typedef enum {
    WIRE_ERROR_FAILED,    /* the request cannot be honoured */
    WIRE_ERROR_MALFORMED, /* the text is not JSON, or not within the limits */
    WIRE_ERROR_TOO_BIG,   /* a cap on bytes or depth was reached */
} WireErrorCode;

/* The reasons of this layer, the whole list; other layers add their own.
 *   Malformed      the text is not JSON
 *   TooBig         more bytes, levels or values than the limits allow
 *   DuplicateKey   an object has the same key twice
 *   OutOfRange     a number does not fit: of the text, or of the member
 *   UnknownMember  a member that the object does not have
 *   MissingMember  a member that the object must have
 *   WrongType      another JSON type is wanted here
 *   UnknownValue   a word that is not one of those declared
 *   CommandNotFound, DeviceNotActive, DeviceNotFound, KVMMissingCap
 *                  QMP's own: an error with one of these reasons has it as its QMP class too,
 *                  every other error is QMP's GenericError */

/* A new error with a machine-readable reason. reason: CamelCase, a static string. path: where in
 * the request, as "target.options.aclint", or NULL. findings: an array of Finding objects, or NULL;
 * a reference is taken. The message is one phrase without a full stop; bytes that are not UTF-8 are
 * replaced in it and in path, so that every error can be sent. */
GError *wire_error_new(WireErrorCode code, const char *reason, const char *path, json_t *findings,
                       const char *format, ...) G_GNUC_PRINTF(5, 6);

/* The parts again; each is NULL where the error has none or belongs to another domain. Borrowed. */
const char *wire_error_reason(const GError *error);
const char *wire_error_path(const GError *error);
json_t *wire_error_findings(const GError *error);

/* ---- JSON text ------------------------------------------------------------------------------- */

typedef struct WireLimits {
    size_t max_bytes; /* of one document */
    unsigned max_depth;
    size_t max_values; /* "{}" is two bytes of text and some 200 of memory; 0: as many as fit */
} WireLimits;

/* What a QMP peer of ours may send in one document, and what we accept from another emulator. */
extern const WireLimits wire_limits_request; /* 1 MiB, depth 64, 64 Ki values */
extern const WireLimits wire_limits_reply;   /* 64 MiB, depth 128, 1 Mi values */

/* Parses one JSON document (RFC 8259, and QMP's extension: strings in single quotes) of any type.
 * Duplicate keys, text after the document, invalid UTF-8, lone surrogates and NUL in strings are
 * errors with line and column. Integers are kept exactly from -2^63 to 2^64-1; an integer outside
 * is an error, as is a real beyond a double. text needs no terminator. Returns a new reference, or
 * NULL and error. */
json_t *wire_json_parse(const char *text, size_t length, const WireLimits *limits, GError **error);

typedef enum { WIRE_JSON_COMPACT, WIRE_JSON_INDENTED, WIRE_JSON_CANONICAL } WireJsonStyle;

/* The text of a value, members in insertion order. COMPACT: one line of ASCII, as QEMU writes
 * QMP. INDENTED: for people. CANONICAL: members sorted by the bytes of their keys, no white space:
 * the form that is hashed. A real has the fewest digits that give it back, and always a point or an
 * exponent. No newline at the end. Free with g_free. */
char *wire_json_print(const json_t *value, WireJsonStyle style);

/* Unsigned 64-bit integers: jansson's are signed, QMP's are not. Use these, and nothing else, to
 * make, recognise and read an integer that may exceed 2^63-1.
 *
 * Inside, 2^63 … 2^64-1 is a jansson string of NUL and the decimal digits. The parser refuses NUL
 * in strings, so no text, however hostile, parses to one; json_equal and json_deep_copy work; code
 * that takes it for a string reads an empty one. json_dumps would print a string: only
 * wire_json_print prints values. */
json_t *wire_json_uint(uint64_t value);
bool wire_json_get_uint(const json_t *value, uint64_t *ret_value); /* false: not 0 … 2^64-1 */
bool wire_json_get_int(const json_t *value, int64_t *ret_value);   /* false: not -2^63 … 2^63-1 */
/* True for what stands for a string in JSON (a big integer is not one). */
bool wire_json_is_string(const json_t *value);

/* ---- typed readers (used by the generated code) ---------------------------------------------- */

typedef enum {
    WIRE_STRICT,  /* what a client sends us: an unknown member is an error */
    WIRE_LENIENT, /* what another emulator replied: it may say more than we know */
} WireStrictness;

/* Collects every problem of one document, each with its path, before giving up. */
typedef struct WireReader WireReader;
WireReader *wire_reader_new(WireStrictness strictness, const char *root_path);
void wire_reader_free(WireReader *reader);
WireStrictness wire_reader_strictness(const WireReader *reader);
/* Path of the value being read: enter a member or an element, leave it again. */
void wire_reader_enter(WireReader *reader, const char *member);
void wire_reader_enter_index(WireReader *reader, size_t index);
void wire_reader_leave(WireReader *reader);
/* Records a problem at the current path (plus member if not NULL). reason: static CamelCase.
 * message: one phrase, to be read after the path. Names and messages are shortened, since the
 * client chose their length; the first 256 problems are kept, the others counted. */
void wire_reader_problem(WireReader *reader, const char *reason, const char *member,
                         const char *format, ...) G_GNUC_PRINTF(4, 5);
/* True when nothing was recorded. Else error has the first problem's reason and path, "PATH:
 * problem" or "N problems: PATH: problem; …" as its message, and as findings an array with an
 * object {class: the reason, place: the path, rule: the reason as unknown-member, message} for
 * each. Frees the reader. */
bool wire_reader_finish(WireReader *reader, GError **error);

/* ---- QMP, server side ------------------------------------------------------------------------ */

/* One conversation as the serving side: bytes in, lines out. Knows greeting, capability
 * negotiation, ids of any JSON type, error objects, oversized and broken input (answered with an
 * error; the conversation goes on at the next document). Offers the capability "depends-on": once
 * enabled, a reply says beside "return" what it depended on. No callback may free the session. */
typedef struct WireSession WireSession;

/* What a command handler gives back beside its value. */
typedef struct WireReply {
    json_t *value;      /* "return"; owned; NULL: an empty object */
    json_t *depends_on; /* array of Input objects, or NULL; owned; sent only when negotiated */
} WireReply;

typedef struct WireSessionOps {
    /* Runs a command. arguments is an object, never NULL, borrowed. False: error is set. */
    bool (*execute)(void *context, const char *command, json_t *arguments, WireReply *ret_reply,
                    GError **error);
    /* True if the command exists: an unknown one is QMP's CommandNotFound. */
    bool (*has_command)(void *context, const char *command);
    /* Takes text to send, one document and its CR LF. */
    void (*send)(void *context, const char *text, size_t length);
} WireSessionOps;

/* version: the "version" member of the greeting (VersionInfo), a reference is taken. */
WireSession *wire_session_new(const WireSessionOps *ops, void *context, json_t *version);
void wire_session_free(WireSession *session);
void wire_session_start(WireSession *session); /* sends the greeting */
void wire_session_feed(WireSession *session, const char *bytes, size_t length);
/* Sends an event to a client that has negotiated. data: an object or NULL, borrowed.
 * timestamp in microseconds since the epoch (this layer has no clock). */
void wire_session_event(WireSession *session, const char *name, json_t *data, int64_t timestamp_us);

/* ---- QMP, client side: cutting a stream into documents --------------------------------------- */

/* Cuts a byte stream into JSON documents, whatever white space or newlines lie between or inside
 * them, under limits (max_bytes and max_depth). Feed bytes; take documents until NULL, and before
 * the next feed: then it never holds more than one document and one feed. A document is text that
 * may be JSON; only wire_json_parse tells. */
typedef struct WireFramer WireFramer;
WireFramer *wire_framer_new(const WireLimits *limits);
void wire_framer_free(WireFramer *framer);
void wire_framer_feed(WireFramer *framer, const char *bytes, size_t length);
/* The next whole document as text with a NUL after it, borrowed until the next call. NULL without
 * error: more bytes are needed. NULL with error: this document broke the limits or cannot be JSON;
 * what follows is skipped up to the next newline, where a next document can begin. */
const char *wire_framer_next(WireFramer *framer, size_t *ret_length, GError **error);
/* Bytes held back at the moment: what memory the peer makes us use. */
size_t wire_framer_pending(const WireFramer *framer);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(WireSession, wire_session_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WireFramer, wire_framer_free)

#endif
