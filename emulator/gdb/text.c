/* text: the notation of packets: numbers and bytes in hexadecimal, and what names a CPU. */
#include "gdb/internal.h"

#include <string.h>

/* ---- what is answered ------------------------------------------------------------------------ */

void emu_gdb_say(EmuGdb *gdb, const char *text)
{
    emu_gdb_send(gdb, text, strlen(text));
}

void emu_gdb_say_done(EmuGdb *gdb, bool done)
{
    emu_gdb_say(gdb, done ? "OK"
                          : "E14"); /* EFAULT: all that a debugger branches on is that it failed */
}

void emu_gdb_append_hex(GString *text, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        g_string_append_printf(text, "%02x", bytes[i]);
}

void emu_gdb_append_value(GString *text, uint64_t value)
{
    value = GUINT64_TO_LE(value);
    emu_gdb_append_hex(text, (const uint8_t *)&value, sizeof value);
}

void emu_gdb_say_text(EmuGdb *gdb, GString *text)
{
    emu_gdb_send(gdb, text->str, text->len);
    g_string_free(text, TRUE);
}

/* ---- what is read ---------------------------------------------------------------------------- */

/* A hexadecimal number, of at most 16 digits; *at moves behind it. */
bool emu_gdb_take_number(const char **at, uint64_t *ret_value)
{
    uint64_t value = 0;
    unsigned digits = 0;
    for (; g_ascii_isxdigit(**at); ++*at, digits++)
        value = value << 4 | (uint64_t)g_ascii_xdigit_value(**at);
    *ret_value = value;
    return digits > 0 && digits <= 16;
}

bool emu_gdb_take_char(const char **at, char wanted)
{
    if (**at != wanted)
        return false;
    ++*at;
    return true;
}

bool emu_gdb_take_bytes(const char **at, uint8_t *buffer, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (!g_ascii_isxdigit((*at)[0]) || !g_ascii_isxdigit((*at)[1]))
            return false;
        buffer[i] = (uint8_t)(g_ascii_xdigit_value((*at)[0]) << 4 | g_ascii_xdigit_value((*at)[1]));
        *at += 2;
    }
    return true;
}

bool emu_gdb_take_value(const char **at, uint64_t *ret_value)
{
    uint64_t value;
    if (!emu_gdb_take_bytes(at, (uint8_t *)&value, sizeof value))
        return false;
    *ret_value = GUINT64_FROM_LE(value);
    return true;
}

/* "address,size" */
bool emu_gdb_take_range(const char **at, uint64_t *ret_address, uint64_t *ret_size)
{
    return emu_gdb_take_number(at, ret_address) && emu_gdb_take_char(at, ',') &&
           emu_gdb_take_number(at, ret_size);
}

/* ---- CPUs, which gdb calls threads: their ids are indices and 1 more ------------------------- */

EmuMachine *emu_gdb_machine(EmuGdb *gdb)
{
    return emu_session_machine(gdb->session);
}

const EmuAccelDebug *emu_gdb_debug(EmuGdb *gdb)
{
    return emu_machine_accel(emu_gdb_machine(gdb))->debug;
}

EmuDevice *emu_gdb_cpu_at(EmuGdb *gdb, uint64_t index)
{
    EmuMachine *machine = emu_gdb_machine(gdb);
    for (size_t i = 0; i < emu_machine_n_devices(machine); i++) {
        EmuDevice *device = emu_machine_device_at(machine, i);
        if (emu_device_cpu(device) && index-- == 0)
            return device;
    }
    return NULL;
}

void *emu_gdb_selected(EmuGdb *gdb)
{
    EmuDevice *cpu = emu_gdb_cpu_at(gdb, gdb->selected);
    return cpu ? emu_device_cpu(cpu) : NULL;
}

bool emu_gdb_take_thread(EmuGdb *gdb, const char **at, unsigned *ret_index)
{
    uint64_t id;
    *ret_index = gdb->selected;
    if (g_str_has_prefix(*at, "-1")) {
        *at += 2;
        return true;
    }
    if (!emu_gdb_take_number(at, &id))
        return false;
    if (id == 0)
        return true;
    if (!emu_gdb_cpu_at(gdb, id - 1))
        return false;
    *ret_index = (unsigned)(id - 1);
    return true;
}
