/* Framing of gdb's protocol: what is well-formed, and what is not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "gdb/packet.h"

/* Feeds all bytes; the last thing that came of it but EMU_GDB_INCOMPLETE. */
static EmuGdbInput feed(EmuGdbFramer *framer, const char *bytes, size_t size)
{
    EmuGdbInput last = EMU_GDB_INCOMPLETE;
    for (size_t i = 0; i < size; i++) {
        EmuGdbInput input = emu_gdb_framer_feed(framer, (uint8_t)bytes[i]);
        if (input != EMU_GDB_INCOMPLETE)
            last = input;
    }
    return last;
}

static EmuGdbInput feed_text(EmuGdbFramer *framer, const char *text)
{
    return feed(framer, text, strlen(text));
}

static void test_packets(void **state)
{
    (void)state;
    static EmuGdbFramer framer;
    assert_int_equal(feed_text(&framer, "+$g#67"), EMU_GDB_PACKET);
    assert_string_equal(framer.data, "g");
    assert_int_equal(feed_text(&framer, "$#00"), EMU_GDB_PACKET);
    assert_int_equal(framer.size, 0);
    assert_int_equal(feed_text(&framer, "$X}\x03}]#b2"), EMU_GDB_PACKET); /* '#' and '}' */
    assert_string_equal(framer.data, "X#}");
    assert_int_equal(feed_text(&framer, "garbage\x03"), EMU_GDB_INTERRUPT);
    assert_int_equal(feed_text(&framer, "-"), EMU_GDB_AGAIN);
    assert_int_equal(feed_text(&framer, "$half-way$g#67"), EMU_GDB_PACKET);
    assert_string_equal(framer.data, "g");
}

static void test_damage(void **state)
{
    (void)state;
    static EmuGdbFramer framer;
    assert_int_equal(feed_text(&framer, "$g#68"), EMU_GDB_DAMAGED);
    assert_int_equal(feed_text(&framer, "$g#xy"), EMU_GDB_DAMAGED);
    assert_int_equal(feed_text(&framer, "$g#67"), EMU_GDB_PACKET);
}

static void test_too_long(void **state)
{
    (void)state;
    static EmuGdbFramer framer;
    static char zeroes[EMU_GDB_PACKET_SIZE + 1]; /* their sum is 0 */
    feed_text(&framer, "$");
    feed(&framer, zeroes, EMU_GDB_PACKET_SIZE);
    assert_int_equal(feed_text(&framer, "#00"), EMU_GDB_PACKET);
    assert_int_equal(framer.size, EMU_GDB_PACKET_SIZE);
    feed_text(&framer, "$");
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(feed(&framer, zeroes, sizeof zeroes), EMU_GDB_INCOMPLETE);
    assert_int_equal(feed_text(&framer, "#00"), EMU_GDB_DAMAGED);
    assert_int_equal(feed_text(&framer, "$g#67"), EMU_GDB_PACKET);
}

static void test_there_and_back(void **state)
{
    (void)state;
    static EmuGdbFramer framer;
    char bytes[256];
    for (unsigned i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)i;
    GString *text = g_string_new(NULL);
    emu_gdb_frame(text, bytes, sizeof bytes);
    assert_int_equal(feed(&framer, text->str, text->len), EMU_GDB_PACKET);
    assert_int_equal(framer.size, sizeof bytes);
    assert_memory_equal(framer.data, bytes, sizeof bytes);
    g_string_free(text, TRUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packets),
        cmocka_unit_test(test_damage),
        cmocka_unit_test(test_too_long),
        cmocka_unit_test(test_there_and_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
