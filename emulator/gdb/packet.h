/* packet: the framing of gdb's remote protocol (gdb manual, E.1): bytes to packets and back.
 *
 * Pure: knows no connection. Whatever the other end sends is bounded here. */
#ifndef VITRINE_EMULATOR_GDB_PACKET_H
#define VITRINE_EMULATOR_GDB_PACKET_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define EMU_GDB_PACKET_SIZE 0x4000 /* bytes of a packet's data */

typedef enum EmuGdbInput {
    EMU_GDB_INCOMPLETE, /* more bytes are needed */
    EMU_GDB_PACKET,     /* one is in data and size, unescaped, until the next byte is fed */
    EMU_GDB_DAMAGED,    /* wrong check sum or too long: to be sent again */
    EMU_GDB_INTERRUPT,  /* ^C between packets */
    EMU_GDB_AGAIN,      /* the other end asks for the last packet once more */
} EmuGdbInput;

typedef struct EmuGdbFramer {
    enum { EMU_GDB_OUTSIDE, EMU_GDB_DATA, EMU_GDB_ESCAPED, EMU_GDB_SUM, EMU_GDB_SUM_2 } state;
    uint8_t sum, wanted;
    bool is_bad; /* longer than a packet can be, or a check sum that is no number */
    size_t size;
    char data[EMU_GDB_PACKET_SIZE + 1]; /* a 0 follows */
} EmuGdbFramer;                         /* begins as zeroes */

EmuGdbInput emu_gdb_framer_feed(EmuGdbFramer *framer, uint8_t byte);

/* Appends "$data#sum", escaped where it has to be. */
void emu_gdb_frame(GString *text, const char *data, size_t size);

#endif
