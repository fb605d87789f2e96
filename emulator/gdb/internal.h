/* internal: what the connection (gdb.c) and the packets (commands.c, run.c, text.c) share. */
#ifndef VITRINE_EMULATOR_GDB_INTERNAL_H
#define VITRINE_EMULATOR_GDB_INTERNAL_H

#include "gdb/gdb.h"
#include "gdb/packet.h"

typedef struct EmuGdb {
    EmuSession *session;
    EmuCharBackend *chr;
    bool is_connected;
    EmuGdbFramer framer;
    bool no_acks;
    GString *last; /* packet that was sent, as it was framed */

    bool is_waiting;   /* the client waits to be told that the machine stopped */
    unsigned selected; /* index of the CPU whose registers and memory are meant */
    GArray *breaks;    /* Break */
    char *description; /* of the registers; NULL until asked for */
} EmuGdb;

/* A packet to the client. */
void emu_gdb_send(EmuGdb *gdb, const char *data, size_t size);
/* Carries out a packet, whose data a 0 follows, and answers it. */
void emu_gdb_execute(EmuGdb *gdb, const char *data, size_t size);
/* ---- text.c: the notation -------------------------------------------------------------------- */

void emu_gdb_say(EmuGdb *gdb, const char *text);
void emu_gdb_say_done(EmuGdb *gdb, bool done);
void emu_gdb_say_text(EmuGdb *gdb, GString *text); /* and frees it */
void emu_gdb_append_hex(GString *text, const uint8_t *bytes, size_t size);
void emu_gdb_append_value(GString *text, uint64_t value); /* as a register of 64 bits */

/* Each moves *at behind what it has read; false: that is not there. */
bool emu_gdb_take_number(const char **at, uint64_t *ret_value); /* hexadecimal, 1 to 16 digits */
bool emu_gdb_take_char(const char **at, char wanted);
bool emu_gdb_take_bytes(const char **at, uint8_t *buffer, size_t size);
bool emu_gdb_take_value(const char **at, uint64_t *ret_value);
bool emu_gdb_take_range(const char **at, uint64_t *ret_address, uint64_t *ret_size);
/* "0" (any) and "-1" (all) mean the CPU that is selected. */
bool emu_gdb_take_thread(EmuGdb *gdb, const char **at, unsigned *ret_index);

/* CPUs are what gdb calls threads: their ids are indices and 1 more. */
EmuMachine *emu_gdb_machine(EmuGdb *gdb);
const EmuAccelDebug *emu_gdb_debug(EmuGdb *gdb);
EmuDevice *emu_gdb_cpu_at(EmuGdb *gdb, uint64_t index); /* NULL: there are no more */
void *emu_gdb_selected(EmuGdb *gdb);                    /* the accelerator's */

/* ---- run.c ----------------------------------------------------------------------------------- */

void emu_gdb_cmd_add_break(EmuGdb *gdb, const char *at, size_t size);
void emu_gdb_cmd_remove_break(EmuGdb *gdb, const char *at, size_t size);
void emu_gdb_cmd_continue(EmuGdb *gdb, const char *at, size_t size);
void emu_gdb_cmd_step(EmuGdb *gdb, const char *at, size_t size);
void emu_gdb_cmd_can_run(EmuGdb *gdb, const char *at, size_t size);
void emu_gdb_cmd_run(EmuGdb *gdb, const char *at, size_t size);
void emu_gdb_cmd_why(EmuGdb *gdb, const char *at, size_t size);

/* The machine stopped: says so if the client waits for it. */
void emu_gdb_report_stop(EmuGdb *gdb);
GArray *emu_gdb_breaks_new(void);
/* Nothing of the client's is left: no breakpoint, no CPU that is held. While they stand still. */
void emu_gdb_release(EmuGdb *gdb);

#endif
