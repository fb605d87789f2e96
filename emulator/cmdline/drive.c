/* drive: see drive.h. */
#include "cmdline/drive.h"

#include <string.h>

#include <wire.h>

#include "cmdline/keyval.h"

static void *fail(GError **error, const char *message)
{
    g_set_error_literal(error, WIRE_ERROR, WIRE_ERROR_FAILED, message);
    return NULL;
}

json_t *emu_drive_parse(const char *text, GError **error)
{
    g_autoptr(EmuKeyval) keyval = emu_keyval_parse(text, NULL, error);
    if (!keyval)
        return NULL;
    const char *format = emu_keyval_take(keyval, "format");
    const char *interface = emu_keyval_take(keyval, "if");
    const char *cache = emu_keyval_take(keyval, "cache");
    const char *id = emu_keyval_take(keyval, "id"), *file = emu_keyval_take(keyval, "file");
    const char *discard = emu_keyval_take(keyval, "discard");
    bool read_only = false;
    if (!format || strcmp(format, "raw"))
        return fail(error, "it needs format=raw" EMU_RAW_ONLY);
    if (!interface || strcmp(interface, "none"))
        return fail(error, "it needs if=none, and a -device virtio-blk-pci,drive=ID for the disk");
    if (!file || !id || !*id)
        return fail(error, "it needs file=FILE and id=ID");
    if (cache && strcmp(cache, "none") && strcmp(cache, "writeback"))
        return fail(error, "cache is none or writeback");
    if (!emu_keyval_take_bool(keyval, "readonly", &read_only, error) ||
        !emu_keyval_take_bool(keyval, "read-only", &read_only, error) ||
        !emu_keyval_finish(keyval, "file, format, if, id, readonly, cache, discard", error))
        return NULL;
    return json_pack("{s:s, s:s, s:s, s:b, s:s*, s:{s:b}}", "driver", "file", "node-name", id,
                     "filename", file, "read-only", read_only, "discard", discard, "cache",
                     "direct", cache && !strcmp(cache, "none"));
}
