/* Cutting a stream into documents: the same whatever the cuts, bounded whatever the stream. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

#include "wire.h"

static const WireLimits small = {.max_bytes = 60, .max_depth = 4};

/* What a stream gives, a line each: the document, or "!" and the reason and message. */
static void take_all(WireFramer *framer, GString *into)
{
    for (;;) {
        g_autoptr(GError) error = NULL;
        size_t length = 0;
        const char *text = wire_framer_next(framer, &length, &error);
        if (text) {
            assert_int_equal(text[length], '\0');
            g_string_append_len(into, text, (gssize)length);
        } else if (error) {
            g_string_append_printf(into, "!%s %s", wire_error_reason(error), error->message);
        } else {
            return;
        }
        g_string_append_c(into, '\n');
    }
}

/* Feeds the stream in pieces of up to step bytes, of random length if seed is not 0. */
static char *cut(const char *stream, size_t length, const WireLimits *limits, size_t step,
                 guint32 seed)
{
    g_autoptr(WireFramer) framer = wire_framer_new(limits);
    g_autoptr(GRand) random = g_rand_new_with_seed(seed);
    GString *result = g_string_new(NULL);
    while (length > 0) {
        size_t piece = seed ? (size_t)g_rand_int_range(random, 1, (gint32)step + 1) : step;
        piece = MIN(piece, length);
        /* A copy of the exact size, so that a sanitizer sees a read beyond it. */
        g_autofree char *copy = g_memdup2(stream, piece);
        wire_framer_feed(framer, copy, piece);
        take_all(framer, result);
        assert_true(wire_framer_pending(framer) <= limits->max_bytes);
        stream += piece;
        length -= piece;
    }
    return g_string_free(result, FALSE);
}

#define TOO_LONG "!TooBig more than 60 bytes in one document\n"
#define TOO_DEEP "!TooBig nested deeper than 4 levels\n"
#define MISMATCH "!Malformed a closing bracket of the wrong kind\n"
#define BROKEN   "!Malformed a control character or the end of the line inside a string\n"

static const struct {
    const char *stream, *documents;
} rows[] = {
    {"", ""},
    {" \r\n\t ", ""},
    {"{}", "{}\n"},
    {"{}{}[] {}\n[]", "{}\n{}\n[]\n{}\n[]\n"},
    {"{\"a\": [1, {\"b\":\n2}]}\r\n", "{\"a\": [1, {\"b\":\n2}]}\n"},
    {"\"a\"\"b\" 1 2\nnull{}true[]", "\"a\"\n\"b\"\n1\n2\nnull\n{}\ntrue\n[]\n"},
    {"12", ""}, /* more digits may follow */
    {"{\"a\":\"}]\\\"}{\"}", "{\"a\":\"}]\\\"}{\"}\n"},
    {"\"\\\\\"\"\\\\\\\"\"", "\"\\\\\"\n\"\\\\\\\"\"\n"},
    {"{'a':'\"}'}'\"' {\"'\":'\\''}", "{'a':'\"}'}\n'\"'\n{\"'\":'\\''}\n"},
    {"can't open\n{}", "can\n" BROKEN "{}\n"},
    {"{\"a\":1", ""},
    {"{\"a\":\"b", ""},
    {"{\"a\":\"b\\", ""},
    /* rubbish outside of brackets is for the parser to judge */
    {"\xff{}\xfe\xff []", "\xff\n{}\n\xfe\xff\n[]\n"},
    {"}{}]]] ,:x {}", "}\n{}\n]]]\n,:x\n{}\n"},
    {"\x01 {}", "\x01\n{}\n"},
    /* what cannot be JSON is skipped to the end of its line */
    {"{\"a\": [1}\n{}", MISMATCH "{}\n"},
    {"[{]}]}]\n{}", MISMATCH "{}\n"},
    {"{\"a\n{}", BROKEN "{}\n"},
    {"{\"a\tb\":1} {}\n[]", BROKEN "[]\n"},
    {"\"\\\n{}", BROKEN "{}\n"},
    {"\"\\\x01 {}\n{}", BROKEN "{}\n"},
    {"[[[[]]]]", "[[[[]]]]\n"},
    {"[[[[[]]]]]\n{}", TOO_DEEP "{}\n"},
    {"[{\"a\":[{\"b\":{}}]}]\n{}", TOO_DEEP "{}\n"},
    {"[1,[2],[[3],[4]]]", "[1,[2],[[3],[4]]]\n"},
    /* 60 bytes are taken, 61 are not */
    {"\"0123456789012345678901234567890123456789012345678901234567\"",
     "\"0123456789012345678901234567890123456789012345678901234567\"\n"},
    {"\"01234567890123456789012345678901234567890123456789012345678\" {}\n{}", TOO_LONG "{}\n"},
    {"[                                                            \n{}", TOO_LONG "{}\n"},
    {"[\n1,\n2,\n3,\n                                                  4,5]\n{}", TOO_LONG "{}\n"},
    {"[                                                           \n{}]\n{}",
     TOO_LONG "{}\n]\n{}\n"},
    {"012345678901234567890123456789012345678901234567890123456789 2\n",
     "012345678901234567890123456789012345678901234567890123456789\n2\n"},
    {"0123456789012345678901234567890123456789012345678901234567890 2\n3\n", TOO_LONG "3\n"},
    {"\"\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\"
     "\\\\\\\\\\\\\\\\\\\\\\\\\\\\ {}\n{}",
     TOO_LONG "{}\n"},
    {"\"\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\"
     "\\\\\\\\\\\\\\\\\\\\\\\\\\\\\\ {}\n{}",
     TOO_LONG "{}\n"},
};

static void streams_are_cut_into_documents(void **state)
{
    (void)state;
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        size_t length = strlen(rows[i].stream);
        g_autofree char *whole = cut(rows[i].stream, length, &small, length, 0);
        assert_string_equal(whole, rows[i].documents);
    }
}

static void the_cuts_do_not_matter(void **state)
{
    (void)state;
    GString *all = g_string_new(NULL), *expected = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        size_t length = strlen(rows[i].stream);
        g_autofree char *bytewise = cut(rows[i].stream, length, &small, 1, 0);
        assert_string_equal(bytewise, rows[i].documents);
        g_string_append(all, rows[i].stream);
        g_string_append(all, "\"\n\"\n"); /* ends whatever the row left open */
    }
    g_autofree char *whole = cut(all->str, all->len, &small, all->len, 0);
    g_string_append(expected, whole);
    for (guint32 seed = 1; seed <= 200; seed++) {
        g_autofree char *pieces = cut(all->str, all->len, &small, 1 + seed % 40, seed);
        assert_string_equal(pieces, expected->str);
    }
    g_string_free(all, TRUE);
    g_string_free(expected, TRUE);
}

static void nul_bytes_are_bytes(void **state)
{
    (void)state;
    static const char stream[] = "\0\0 {\0}\"a\0b\" {}\n[\0]";
    g_autoptr(WireFramer) framer = wire_framer_new(&small);
    wire_framer_feed(framer, stream, sizeof stream - 1);
    size_t length;
    g_autoptr(GError) error = NULL;
    assert_memory_equal(wire_framer_next(framer, &length, &error), "\0\0", 2);
    assert_int_equal(length, 2);
    assert_memory_equal(wire_framer_next(framer, &length, &error), "{\0}", 3);
    assert_int_equal(length, 3);
    assert_null(wire_framer_next(framer, &length, &error));
    assert_string_equal(wire_error_reason(error), "Malformed"); /* NUL in a string */
    assert_memory_equal(wire_framer_next(framer, &length, NULL), "[\0]", 3);
    assert_null(wire_framer_next(framer, &length, NULL));
}

/* 256 MiB without a newline, through a framer that may hold 1 MiB. */
static void a_line_without_end_costs_its_limit(void **state)
{
    (void)state;
    static const char *const starts[] = {"{\"a\": \"", "[", "1", "\"", "x", "{\"a\": [1}"};
    g_autofree char *filler = g_strnfill(1 << 16, '1');
    for (size_t i = 0; i < G_N_ELEMENTS(starts); i++) {
        g_autoptr(WireFramer) framer = wire_framer_new(&wire_limits_request);
        GString *result = g_string_new(NULL);
        wire_framer_feed(framer, starts[i], strlen(starts[i]));
        for (int n = 0; n < 4096; n++) {
            wire_framer_feed(framer, filler, 1 << 16);
            take_all(framer, result);
            assert_true(wire_framer_pending(framer) <= wire_limits_request.max_bytes);
        }
        assert_int_equal(wire_framer_pending(framer), 0);
        wire_framer_feed(framer, "\n{}", 3);
        take_all(framer, result);
        assert_true(g_str_has_prefix(result->str, "!"));
        assert_true(g_str_has_suffix(result->str, "\n{}\n"));
        assert_ptr_equal(strchr(result->str, '\n'), result->str + result->len - 4);
        g_string_free(result, TRUE);
    }
}

/* The same in one feed, before anything is taken. */
static void one_huge_feed_costs_its_limit(void **state)
{
    (void)state;
    size_t length = 64u << 20;
    g_autofree char *line = g_strnfill(length, '[');
    memcpy(line, "{\"a\":\"", 6);
    g_autoptr(WireFramer) framer = wire_framer_new(&wire_limits_request);
    wire_framer_feed(framer, line, length);
    assert_int_equal(wire_framer_pending(framer), 0);
    g_autoptr(GError) error = NULL;
    size_t ignored;
    assert_null(wire_framer_next(framer, &ignored, &error));
    assert_true(g_error_matches(error, WIRE_ERROR, WIRE_ERROR_TOO_BIG));
}

static void a_nesting_bomb_is_one_error(void **state)
{
    (void)state;
    g_autofree char *bomb = g_strnfill(100003, '[');
    memcpy(bomb + 100000, "\n{}", 3);
    g_autofree char *documents = cut(bomb, 100003, &wire_limits_reply, 1000, 0);
    assert_string_equal(documents, "!TooBig nested deeper than 128 levels\n{}\n");
}

static void pending_counts_what_is_held(void **state)
{
    (void)state;
    g_autoptr(WireFramer) framer = wire_framer_new(&small);
    size_t length;
    assert_int_equal(wire_framer_pending(framer), 0);
    wire_framer_feed(framer, "  {\"a\"", 6);
    assert_int_equal(wire_framer_pending(framer), 4);
    assert_null(wire_framer_next(framer, &length, NULL));
    wire_framer_feed(framer, ":1} [", 5);
    assert_true(wire_framer_pending(framer) >= 8);
    assert_string_equal(wire_framer_next(framer, &length, NULL), "{\"a\":1}");
    assert_int_equal(length, 7);
    assert_int_equal(wire_framer_pending(framer), 1);
    wire_framer_feed(framer, "]", 1);
    assert_string_equal(wire_framer_next(framer, &length, NULL), "[]");
    assert_null(wire_framer_next(framer, &length, NULL));
    assert_int_equal(wire_framer_pending(framer), 0);
    wire_framer_free(NULL);
}

/* Documents fed before they are taken, across several feeds, come out whole and in order. */
static void documents_wait_until_taken(void **state)
{
    (void)state;
    g_autoptr(WireFramer) framer = wire_framer_new(&small);
    GString *taken = g_string_new(NULL), *expected = g_string_new(NULL);
    for (int i = 0; i < 1000; i++) {
        g_autofree char *document = g_strdup_printf("{\"n\":%d}", i);
        wire_framer_feed(framer, document, strlen(document));
        g_string_append_printf(expected, "%s\n", document);
        if (i % 7 == 0) {
            size_t length;
            const char *text = wire_framer_next(framer, &length, NULL);
            g_string_append_printf(taken, "%s\n", text);
        }
    }
    take_all(framer, taken);
    assert_string_equal(taken->str, expected->str);
    g_string_free(taken, TRUE);
    g_string_free(expected, TRUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(streams_are_cut_into_documents),
        cmocka_unit_test(the_cuts_do_not_matter),
        cmocka_unit_test(nul_bytes_are_bytes),
        cmocka_unit_test(a_line_without_end_costs_its_limit),
        cmocka_unit_test(one_huge_feed_costs_its_limit),
        cmocka_unit_test(a_nesting_bomb_is_one_error),
        cmocka_unit_test(pending_counts_what_is_held),
        cmocka_unit_test(documents_wait_until_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
