/* errors: one table for all front doors of which error comes to which code and word. */
#include "errors.h"

#include "probe.h"
#include "store.h"

typedef struct Row {
    GQuark (*domain)(void);
    int code;
    capsdb_code comes_to;
    const char *reason; /* NULL: the prober's own word */
} Row;

static const Row rows[] = {
    {caps_error_quark, CAPS_ERROR_FAILED, CAPSDB_FAILED, "Failed"},
    {caps_error_quark, CAPS_ERROR_UNUSABLE, CAPSDB_UNUSABLE, "Unusable"},
    {caps_error_quark, CAPS_ERROR_DAMAGED, CAPSDB_UNUSABLE, "Damaged"},
    {caps_error_quark, CAPS_ERROR_NEWER, CAPSDB_UNUSABLE, "Newer"},
    {caps_error_quark, CAPS_ERROR_READ_ONLY, CAPSDB_UNUSABLE, "ReadOnly"},
    {caps_error_quark, CAPS_ERROR_LOCKED, CAPSDB_UNUSABLE, "Locked"},
    {caps_error_quark, CAPS_ERROR_UNTRUSTED, CAPSDB_UNUSABLE, "Untrusted"},
    {caps_error_quark, CAPS_ERROR_UNKNOWN, CAPSDB_NOT_STORED, "NotStored"},
    {caps_error_quark, CAPS_ERROR_REPLACED, CAPSDB_FAILED, "Replaced"},
    {caps_error_quark, CAPS_ERROR_USAGE, CAPSDB_USAGE, "Usage"},
    {caps_error_quark, CAPS_ERROR_QUARANTINED, CAPSDB_UNKNOWN, CAPS_REASON_QUARANTINED},
    {prb_error_quark, PRB_ERROR_NOT_FOUND, CAPSDB_FAILED, NULL},
    {prb_error_quark, PRB_ERROR_NOT_EXECUTABLE, CAPSDB_FAILED, NULL},
    {prb_error_quark, PRB_ERROR_NOT_AN_EMULATOR, CAPSDB_FAILED, NULL},
    {prb_error_quark, PRB_ERROR_SILENT, CAPSDB_DEADLINE, NULL},
    {prb_error_quark, PRB_ERROR_FLOODED, CAPSDB_FAILED, NULL},
    {prb_error_quark, PRB_ERROR_CRASHED, CAPSDB_FAILED, NULL},
    {prb_error_quark, PRB_ERROR_MALFORMED, CAPSDB_FAILED, NULL},
    {prb_error_quark, PRB_ERROR_REFUSED, CAPSDB_UNKNOWN, NULL},
    {prb_error_quark, PRB_ERROR_NOT_RECORDED, CAPSDB_UNKNOWN, NULL},
    {prb_error_quark, PRB_ERROR_SYSTEM, CAPSDB_FAILED, NULL},
};

static const char *reason_of(const Row *row)
{
    return row->reason ? row->reason : prb_error_reason((PrbErrorCode)row->code);
}

/* NULL: an error of neither layer: a file, said by GLib. */
static const Row *find_error(const GError *error)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (error->domain == rows[i].domain() && error->code == rows[i].code) {
            return &rows[i];
        }
    }
    return NULL;
}

static const Row *find_reason(const char *reason)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (g_strcmp0(reason, reason_of(&rows[i])) == 0) {
            return &rows[i];
        }
    }
    return NULL;
}

capsdb_code caps_error_code(const GError *error)
{
    const Row *row = find_error(error);
    return row ? row->comes_to : CAPSDB_FAILED;
}

const char *caps_error_reason(const GError *error)
{
    const Row *row = find_error(error);
    return row ? reason_of(row) : "Failed";
}

capsdb_code caps_reason_code(const char *reason)
{
    const Row *row = find_reason(reason);
    return row ? row->comes_to : CAPSDB_FAILED;
}

const char *caps_reason_word(const char *reason)
{
    const Row *row = find_reason(reason);
    return row ? reason_of(row) : "Failed";
}
