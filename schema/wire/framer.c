/* wire: cutting a byte stream into JSON documents.
 *
 * A machine of six states that looks only at quotes, backslashes, brackets and white space; what is
 * between them is the parser's business. Every byte is looked at once, when it is fed, so that a
 * stream without an end costs its limit and no more, and how it was cut into feeds cannot be
 * noticed. It must not know JSON values or who is at the other end. */
#include "wire.h"

#include <string.h>

#define KEPT_CAPACITY (64u << 10) /* bytes of buffer worth keeping when nothing is held */

typedef enum {
    BETWEEN,  /* no document has begun */
    BARE,     /* a number, a word or rubbish outside of brackets */
    INSIDE,   /* within brackets */
    STRING,   /* within a string */
    ESCAPE,   /* after a backslash in a string */
    SKIPPING, /* to the next newline */
} State;

/* What matters of a byte. */
enum {
    SPACE = 1,
    OPEN = 2,
    CLOSE = 4,
    QUOTE = 8,
    BACKSLASH = 16,
    CONTROL = 32, /* not allowed in a string */
};

static const guint8 kinds[256] = {
    [0 ... 8] = CONTROL,
    ['\t'] = SPACE | CONTROL,
    ['\n'] = SPACE | CONTROL,
    [11 ... 12] = CONTROL,
    ['\r'] = SPACE | CONTROL,
    [14 ... 31] = CONTROL,
    [' '] = SPACE,
    ['{'] = OPEN,
    ['['] = OPEN,
    ['}'] = CLOSE,
    [']'] = CLOSE,
    ['"'] = QUOTE,
    ['\''] = QUOTE,
    ['\\'] = BACKSLASH,
};

typedef enum { DOCUMENT, TOO_LONG, TOO_DEEP, MISMATCHED, BROKEN_STRING } ItemKind;

/* What next() hands out: a document of length bytes and a NUL, or an error that holds no bytes. */
typedef struct Item {
    ItemKind kind;
    size_t length;
} Item;

struct WireFramer {
    WireLimits limits;
    State state;
    char quote;         /* that ends the string */
    GByteArray *held;   /* handed out and free again | documents waiting | the unfinished one */
    size_t free_bytes;  /* of held: the document last handed out, and those before it */
    size_t start;       /* in held: of the unfinished document */
    GByteArray *closes; /* the closing bracket wanted at each level */
    GArray *items;      /* Item */
    guint next_item;
};

WireFramer *wire_framer_new(const WireLimits *limits)
{
    WireFramer *framer = g_new0(WireFramer, 1);
    framer->limits = *limits;
    framer->held = g_byte_array_new();
    framer->closes = g_byte_array_new();
    framer->items = g_array_new(FALSE, FALSE, sizeof(Item));
    return framer;
}

void wire_framer_free(WireFramer *framer)
{
    if (!framer) {
        return;
    }
    g_byte_array_unref(framer->held);
    g_byte_array_unref(framer->closes);
    g_array_unref(framer->items);
    g_free(framer);
}

static void finish(WireFramer *framer)
{
    Item item = {DOCUMENT, framer->held->len - framer->start};
    g_array_append_val(framer->items, item);
    g_byte_array_append(framer->held, (const guint8 *)"", 1);
    framer->start = framer->held->len;
    framer->state = BETWEEN;
}

static void reject(WireFramer *framer, ItemKind kind)
{
    Item item = {kind, 0};
    g_array_append_val(framer->items, item);
    g_byte_array_set_size(framer->held, (guint)framer->start);
    g_byte_array_set_size(framer->closes, 0);
    framer->state = SKIPPING;
}

/* Takes bytes into the unfinished document. False: the limit was reached, *at is the first byte
 * beyond it. */
static bool hold(WireFramer *framer, const char **at, const char *end)
{
    size_t room = framer->limits.max_bytes - (framer->held->len - framer->start);
    size_t length = (size_t)(end - *at);
    if (length > room) {
        *at += room;
        reject(framer, TOO_LONG);
        return false;
    }
    g_byte_array_append(framer->held, (const guint8 *)*at, (guint)length);
    *at = end;
    return true;
}

static void open_bracket(WireFramer *framer, const char **at)
{
    guint8 close = **at == '{' ? '}' : ']';
    if (framer->closes->len == framer->limits.max_depth) {
        reject(framer, TOO_DEEP);
    } else if (hold(framer, at, *at + 1)) {
        g_byte_array_append(framer->closes, &close, 1);
        framer->state = INSIDE;
    }
}

static void close_bracket(WireFramer *framer, const char **at)
{
    guint last = framer->closes->len - 1;
    if (framer->closes->data[last] != (guint8) * *at) {
        reject(framer, MISMATCHED);
    } else if (hold(framer, at, *at + 1)) {
        g_byte_array_set_size(framer->closes, last);
        if (last == 0) {
            finish(framer);
        }
    }
}

static void open_string(WireFramer *framer, const char **at)
{
    framer->quote = **at;
    if (hold(framer, at, *at + 1)) {
        framer->state = STRING;
    }
}

static bool is_any(char byte, unsigned wanted)
{
    return kinds[(guint8)byte] & wanted;
}

/* The first byte of one of the kinds, or end. */
static const char *find(const char *at, const char *end, unsigned wanted)
{
    while (at < end && !is_any(*at, wanted)) {
        at++;
    }
    return at;
}

static void step_between(WireFramer *framer, const char **at, const char *end)
{
    while (*at < end && is_any(**at, SPACE)) {
        ++*at;
    }
    if (*at == end) {
        return;
    }
    if (is_any(**at, QUOTE)) {
        open_string(framer, at);
    } else if (is_any(**at, OPEN)) {
        open_bracket(framer, at);
    } else {
        framer->state = BARE;
    }
}

static void step_bare(WireFramer *framer, const char **at, const char *end)
{
    const char *to = find(*at, end, SPACE | OPEN | QUOTE);
    if (hold(framer, at, to) && to < end) {
        finish(framer);
    }
}

static void step_inside(WireFramer *framer, const char **at, const char *end)
{
    const char *to = find(*at, end, OPEN | CLOSE | QUOTE);
    if (!hold(framer, at, to) || to == end) {
        return;
    }
    if (is_any(*to, QUOTE)) {
        open_string(framer, at);
    } else if (is_any(*to, OPEN)) {
        open_bracket(framer, at);
    } else {
        close_bracket(framer, at);
    }
}

static void step_string(WireFramer *framer, const char **at, const char *end)
{
    const char *to = find(*at, end, QUOTE | BACKSLASH | CONTROL);
    if (!hold(framer, at, to) || to == end) {
        return;
    }
    if (is_any(*to, CONTROL)) {
        /* Most likely the end of a line whose string was never closed: the next line is sound. */
        reject(framer, BROKEN_STRING);
    } else if (hold(framer, at, to + 1)) {
        if (*to == '\\') {
            framer->state = ESCAPE;
        } else if (*to == framer->quote && framer->closes->len > 0) {
            framer->state = INSIDE;
        } else if (*to == framer->quote) {
            finish(framer);
        }
    }
}

static void step_escape(WireFramer *framer, const char **at, const char *end)
{
    (void)end;
    if (is_any(**at, CONTROL)) {
        reject(framer, BROKEN_STRING);
    } else if (hold(framer, at, *at + 1)) {
        framer->state = STRING;
    }
}

static void step_skipping(WireFramer *framer, const char **at, const char *end)
{
    const char *newline = memchr(*at, '\n', (size_t)(end - *at));
    *at = newline ? newline + 1 : end;
    if (newline) {
        framer->state = BETWEEN;
    }
}

/* Gives back what was handed out. Cheap: bytes move only once all documents before them are taken.
 */
static void compact(WireFramer *framer)
{
    if (framer->next_item < framer->items->len) {
        return;
    }
    framer->next_item = 0;
    g_array_set_size(framer->items, 0);
    if (framer->free_bytes == framer->held->len && framer->free_bytes > KEPT_CAPACITY) {
        g_byte_array_unref(framer->held);
        framer->held = g_byte_array_new();
    } else if (framer->free_bytes > 0) {
        g_byte_array_remove_range(framer->held, 0, (guint)framer->free_bytes);
    }
    framer->start -= framer->free_bytes;
    framer->free_bytes = 0;
}

void wire_framer_feed(WireFramer *framer, const char *bytes, size_t length)
{
    static void (*const steps[])(WireFramer *, const char **, const char *) = {
        [BETWEEN] = step_between, [BARE] = step_bare,     [INSIDE] = step_inside,
        [STRING] = step_string,   [ESCAPE] = step_escape, [SKIPPING] = step_skipping,
    };
    compact(framer);
    const char *at = bytes, *end = bytes + length;
    while (at < end) {
        steps[framer->state](framer, &at, end);
    }
}

static GError *item_error(const WireFramer *framer, ItemKind kind)
{
    switch (kind) {
    case TOO_LONG:
        return wire_error_new(WIRE_ERROR_TOO_BIG, "TooBig", NULL, NULL,
                              "more than %" G_GSIZE_FORMAT " bytes in one document",
                              framer->limits.max_bytes);
    case TOO_DEEP:
        return wire_error_new(WIRE_ERROR_TOO_BIG, "TooBig", NULL, NULL,
                              "nested deeper than %u levels", framer->limits.max_depth);
    case MISMATCHED:
        return wire_error_new(WIRE_ERROR_MALFORMED, "Malformed", NULL, NULL,
                              "a closing bracket of the wrong kind");
    default:
        return wire_error_new(WIRE_ERROR_MALFORMED, "Malformed", NULL, NULL,
                              "a control character or the end of the line inside a string");
    }
}

const char *wire_framer_next(WireFramer *framer, size_t *ret_length, GError **error)
{
    compact(framer);
    if (framer->next_item == framer->items->len) {
        return NULL;
    }
    Item item = g_array_index(framer->items, Item, framer->next_item++);
    if (item.kind != DOCUMENT) {
        g_propagate_error(error, item_error(framer, item.kind));
        return NULL;
    }
    const char *document = (const char *)framer->held->data + framer->free_bytes;
    framer->free_bytes += item.length + 1;
    *ret_length = item.length;
    return document;
}

size_t wire_framer_pending(const WireFramer *framer)
{
    return framer->held->len - framer->free_bytes;
}
