/* wire: the error that travels: a reason a program can branch on, a path and findings beside the
 * message. It must not know who raises it or how it is sent. */
#include "wire.h"

typedef struct WireErrorPrivate {
    const char *reason; /* static */
    char *path;
    json_t *findings;
} WireErrorPrivate;

static void wire_error_private_init(WireErrorPrivate *parts)
{
    *parts = (WireErrorPrivate){0};
}

static void wire_error_private_copy(const WireErrorPrivate *from, WireErrorPrivate *to)
{
    to->reason = from->reason;
    to->path = g_strdup(from->path);
    to->findings = json_incref(from->findings);
}

static void wire_error_private_clear(WireErrorPrivate *parts)
{
    g_free(parts->path);
    json_decref(parts->findings);
}

G_DEFINE_EXTENDED_ERROR(WireError, wire_error)

GError *wire_error_new(WireErrorCode code, const char *reason, const char *path, json_t *findings,
                       const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);

    g_autofree char *valid = g_utf8_make_valid(message, -1);
    GError *error = g_error_new_literal(WIRE_ERROR, (int)code, valid);
    WireErrorPrivate *parts = wire_error_get_private(error);
    parts->reason = reason;
    parts->path = path ? g_utf8_make_valid(path, -1) : NULL;
    parts->findings = json_incref(findings);
    return error;
}

static const WireErrorPrivate *parts_of(const GError *error)
{
    static const WireErrorPrivate none;
    return error->domain == WIRE_ERROR ? wire_error_get_private(error) : &none;
}

const char *wire_error_reason(const GError *error)
{
    return parts_of(error)->reason;
}

const char *wire_error_path(const GError *error)
{
    return parts_of(error)->path;
}

json_t *wire_error_findings(const GError *error)
{
    return parts_of(error)->findings;
}
