/* errors: one table for all front doors of which error comes to which code and word. */
#include "errors.h"

#include "probe.h"

typedef struct Row {
    GQuark (*domain)(void);
    int code;
    CapsCode comes_to;
    const char *reason; /* NULL: the prober's own word */
} Row;

static const Row rows[] = {
    {caps_error_quark, CAPS_ERROR_FAILED, CAPS_FAILED, "Failed"},
    {caps_error_quark, CAPS_ERROR_DAMAGED, CAPS_DAMAGED, "Damaged"},
    {caps_error_quark, CAPS_ERROR_NEWER, CAPS_DAMAGED, "Newer"},
    {caps_error_quark, CAPS_ERROR_READ_ONLY, CAPS_DAMAGED, "ReadOnly"},
    {caps_error_quark, CAPS_ERROR_LOCKED, CAPS_DAMAGED, "Locked"},
    {caps_error_quark, CAPS_ERROR_UNTRUSTED, CAPS_DAMAGED, "Untrusted"},
    {caps_error_quark, CAPS_ERROR_UNKNOWN, CAPS_STALE, "NotStored"},
    {caps_error_quark, CAPS_ERROR_REPLACED, CAPS_FAILED, "Replaced"},
    {caps_error_quark, CAPS_ERROR_USAGE, CAPS_USAGE, "Usage"},
    {caps_error_quark, CAPS_ERROR_QUARANTINED, CAPS_UNKNOWN, CAPS_REASON_QUARANTINED},
    {prb_error_quark, PRB_ERROR_NOT_FOUND, CAPS_FAILED, NULL},
    {prb_error_quark, PRB_ERROR_NOT_EXECUTABLE, CAPS_FAILED, NULL},
    {prb_error_quark, PRB_ERROR_NOT_AN_EMULATOR, CAPS_FAILED, NULL},
    {prb_error_quark, PRB_ERROR_SILENT, CAPS_DEADLINE, NULL},
    {prb_error_quark, PRB_ERROR_FLOODED, CAPS_FAILED, NULL},
    {prb_error_quark, PRB_ERROR_CRASHED, CAPS_FAILED, NULL},
    {prb_error_quark, PRB_ERROR_MALFORMED, CAPS_FAILED, NULL},
    {prb_error_quark, PRB_ERROR_REFUSED, CAPS_UNKNOWN, NULL},
    {prb_error_quark, PRB_ERROR_NOT_RECORDED, CAPS_UNKNOWN, NULL},
    {prb_error_quark, PRB_ERROR_SYSTEM, CAPS_FAILED, NULL},
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

CapsCode caps_error_code(const GError *error)
{
    const Row *row = find_error(error);
    return row ? row->comes_to : CAPS_FAILED;
}

const char *caps_error_reason(const GError *error)
{
    const Row *row = find_error(error);
    return row ? reason_of(row) : "Failed";
}

CapsCode caps_answer_code(const CapsAnswer *answer)
{
    const Row *row = find_reason(answer->reason);
    return row ? row->comes_to : CAPS_FAILED;
}

const char *caps_answer_reason(const CapsAnswer *answer)
{
    const Row *row = find_reason(answer->reason);
    return row ? reason_of(row) : "Failed";
}
