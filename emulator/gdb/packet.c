/* packet: see packet.h. */
#include "gdb/packet.h"

#define ESCAPE     '}'
#define ESCAPE_BIT 0x20

static void append(EmuGdbFramer *framer, uint8_t byte)
{
    if (framer->size == EMU_GDB_PACKET_SIZE)
        framer->is_bad = true;
    else
        framer->data[framer->size++] = (char)byte;
}

static EmuGdbInput feed_outside(EmuGdbFramer *framer, uint8_t byte)
{
    switch (byte) {
    case '$':
        framer->state = EMU_GDB_DATA;
        framer->size = framer->sum = framer->wanted = 0;
        framer->is_bad = false;
        return EMU_GDB_INCOMPLETE;
    case 0x03:
        return EMU_GDB_INTERRUPT;
    case '-':
        return EMU_GDB_AGAIN;
    default: /* '+', and what nobody can make anything of */
        return EMU_GDB_INCOMPLETE;
    }
}

static void feed_sum(EmuGdbFramer *framer, uint8_t byte)
{
    int digit = g_ascii_xdigit_value((char)byte);
    framer->is_bad = framer->is_bad || digit < 0;
    framer->wanted = (uint8_t)(framer->wanted << 4 | (digit & 15));
}

EmuGdbInput emu_gdb_framer_feed(EmuGdbFramer *framer, uint8_t byte)
{
    switch (framer->state) {
    case EMU_GDB_OUTSIDE:
        return feed_outside(framer, byte);
    case EMU_GDB_DATA:
        if (byte == '$') /* one that was given up half-way */
            return framer->state = EMU_GDB_OUTSIDE, feed_outside(framer, byte);
        if (byte == '#') {
            framer->state = EMU_GDB_SUM;
            return EMU_GDB_INCOMPLETE;
        }
        framer->sum = (uint8_t)(framer->sum + byte);
        if (byte == ESCAPE)
            framer->state = EMU_GDB_ESCAPED;
        else
            append(framer, byte);
        return EMU_GDB_INCOMPLETE;
    case EMU_GDB_ESCAPED:
        framer->sum = (uint8_t)(framer->sum + byte);
        append(framer, byte ^ ESCAPE_BIT);
        framer->state = EMU_GDB_DATA;
        return EMU_GDB_INCOMPLETE;
    case EMU_GDB_SUM:
        feed_sum(framer, byte);
        framer->state = EMU_GDB_SUM_2;
        return EMU_GDB_INCOMPLETE;
    case EMU_GDB_SUM_2:
        feed_sum(framer, byte);
        framer->state = EMU_GDB_OUTSIDE;
        framer->data[framer->size] = 0;
        return framer->is_bad || framer->sum != framer->wanted ? EMU_GDB_DAMAGED : EMU_GDB_PACKET;
    }
    return EMU_GDB_INCOMPLETE;
}

void emu_gdb_frame(GString *text, const char *data, size_t size)
{
    uint8_t sum = 0;
    g_string_append_c(text, '$');
    size_t start = text->len;
    for (size_t i = 0; i < size; i++) {
        bool is_special = data[i] == '$' || data[i] == '#' || data[i] == '}' || data[i] == '*';
        if (is_special)
            g_string_append_c(text, ESCAPE);
        g_string_append_c(text, is_special ? data[i] ^ ESCAPE_BIT : data[i]);
    }
    for (size_t i = start; i < text->len; i++)
        sum = (uint8_t)(sum + (uint8_t)text->str[i]);
    g_string_append_printf(text, "#%02x", sum);
}
