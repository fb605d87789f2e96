/* error: the ways of not knowing, as words. */
#include "probe.h"

#if defined(__SANITIZE_ADDRESS__)
#define ADDRESS_SPACE 0 /* an emulator of the same build reserves terabytes */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ADDRESS_SPACE 0
#endif
#endif
#ifndef ADDRESS_SPACE
#define ADDRESS_SPACE (UINT64_C(8) << 30)
#endif

const PrbLimits prb_limits_default = {
    .probe_ms = 10000,
    .command_ms = 5000,
    /* The largest reply seen of a QEMU has 250 KiB and some 25,000 values. */
    .reply = {.max_bytes = 8 << 20, .max_depth = 128, .max_values = 160 << 10},
    .said_bytes = UINT64_C(128) << 20,
    .console_bytes = 4 << 20,
    .address_space = ADDRESS_SPACE,
    .file_bytes = 16 << 20,
    .files = 256,
    .processes = 64,
};

GQuark prb_error_quark(void)
{
    return g_quark_from_static_string("prb-error-quark");
}

static const char *const reasons[] = {
    [PRB_ERROR_NOT_FOUND] = "NotFound",
    [PRB_ERROR_NOT_EXECUTABLE] = "NotExecutable",
    [PRB_ERROR_NOT_AN_EMULATOR] = "NotAnEmulator",
    [PRB_ERROR_SILENT] = "Silent",
    [PRB_ERROR_FLOODED] = "Flooded",
    [PRB_ERROR_CRASHED] = "Crashed",
    [PRB_ERROR_MALFORMED] = "Malformed",
    [PRB_ERROR_REFUSED] = "Refused",
    [PRB_ERROR_NOT_RECORDED] = "NotRecorded",
    [PRB_ERROR_SYSTEM] = "System",
};

const char *prb_error_reason(PrbErrorCode code)
{
    g_assert(code < G_N_ELEMENTS(reasons));
    return reasons[code];
}

void prb_error_set(GError **error, const char *reason, const char *message)
{
    int code = PRB_ERROR_SYSTEM;

    for (int i = 0; i < (int)G_N_ELEMENTS(reasons); i++) {
        if (g_strcmp0(reasons[i], reason) == 0) {
            code = i;
        }
    }
    g_set_error_literal(error, PRB_ERROR, code, message ? message : "");
}

bool prb_error_is_end(const GError *error)
{
    return error->domain == PRB_ERROR && error->code != PRB_ERROR_REFUSED &&
           error->code != PRB_ERROR_NOT_RECORDED;
}
