/* chardev: see chardev.h. One table of kinds behind both notations. */
#include "cmdline/chardev.h"

#include <string.h>

#include <wire.h>

#include "cmdline/keyval.h"

static void *fail(GError **error, const char *message)
{
    g_set_error_literal(error, WIRE_ERROR, WIRE_ERROR_FAILED, message);
    return NULL;
}

/* ---- kinds ----------------------------------------------------------------------------------- */

static EmuCharBackend *open_null(EmuKeyval *keyval, GError **error)
{
    (void)keyval, (void)error;
    return emu_char_null();
}

static EmuCharBackend *open_stdio(EmuKeyval *keyval, GError **error)
{
    bool signal = true;
    if (!emu_keyval_take_bool(keyval, "signal", &signal, error))
        return NULL;
    if (!signal)
        return fail(error, "signal=off is not there: ^C ends the program, as in any other");
    return emu_char_stdio(error);
}

static EmuCharBackend *open_file(EmuKeyval *keyval, GError **error)
{
    const char *path = emu_keyval_take(keyval, "path");
    bool append = false;
    if (!emu_keyval_take_bool(keyval, "append", &append, error))
        return NULL;
    return path ? emu_char_file(path, append, error) : fail(error, "file needs path=FILE");
}

static EmuCharBackend *open_pty(EmuKeyval *keyval, GError **error)
{
    (void)keyval;
    return emu_char_pty(error);
}

static bool take_fd(const char *text, int *ret_fd)
{
    guint64 number;
    if (!g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT, &number, NULL))
        return false;
    *ret_fd = (int)number;
    return true;
}

static EmuCharBackend *open_socket(EmuKeyval *keyval, GError **error)
{
    const char *fd_text = emu_keyval_take(keyval, "fd");
    EmuSocketAddress address = {.path = emu_keyval_take(keyval, "path"),
                                .host = emu_keyval_take(keyval, "host"),
                                .port = emu_keyval_take(keyval, "port")};
    bool server = false, wait = true;
    int fd;
    if (!emu_keyval_take_bool(keyval, "server", &server, error) ||
        !emu_keyval_take_bool(keyval, "wait", &wait, error))
        return NULL;
    emu_keyval_take(keyval, "nodelay"); /* sockets here are never delayed on purpose */

    if (!!fd_text + !!address.path + !!address.port != 1)
        return fail(error, "a socket is one of path=PATH, host=HOST,port=PORT and fd=NUMBER");
    if (!fd_text)
        return emu_char_socket(&address, server, wait, error);
    if (!take_fd(fd_text, &fd))
        return fail(error, "fd is the number of a file descriptor that was inherited");
    return emu_char_fd(fd, server, error);
}

static const struct Kind {
    const char *name;
    EmuCharBackend *(*open)(EmuKeyval *keyval, GError **error);
    const char *keys;
} kinds[] = {
    {"null", open_null, "id"},
    {"stdio", open_stdio, "id, signal"},
    {"file", open_file, "id, path, append"},
    {"pty", open_pty, "id"},
    {"socket", open_socket, "id, path, host, port, fd, server, wait"},
};

/* ---- the two notations ----------------------------------------------------------------------- */

static bool add(EmuBackends *backends, const char *name, const char *id, EmuKeyval *keyval,
                GError **error)
{
    if (emu_backends_char(backends, id)) {
        g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED,
                    "chardev '%s' exists already; give this one another id", id);
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (strcmp(kinds[i].name, name))
            continue;
        EmuCharBackend *backend = kinds[i].open(keyval, error);
        if (backend && emu_keyval_finish(keyval, kinds[i].keys, error))
            return emu_backends_add_char(backends, id, backend, error);
        emu_char_backend_free(backend);
        return false;
    }
    g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED,
                "there is no kind of chardev '%s'; there are null, stdio, file, pty and socket",
                name);
    return false;
}

bool emu_chardev_add(EmuBackends *backends, const char *text, char **ret_id, GError **error)
{
    g_autoptr(EmuKeyval) keyval = emu_keyval_parse(text, "backend", error);
    if (!keyval)
        return false;
    const char *name = emu_keyval_take(keyval, "backend");
    const char *id = emu_keyval_take(keyval, "id");
    if (!name || !id || !*id)
        return fail(error, "a chardev needs a kind and an id: -chardev socket,id=ID,path=PATH");
    if (!add(backends, name, id, keyval, error))
        return false;
    *ret_id = g_strdup(id);
    return true;
}

/* "tcp:HOST:PORT,server=on" as "host=HOST,port=PORT,server=on"; an IPv6 address is in brackets. */
static char *spell_out_tcp(const char *rest)
{
    const char *comma = strchr(rest, ',');
    size_t length = comma ? (size_t)(comma - rest) : strlen(rest);
    g_autofree char *place = g_strndup(rest, length);
    char *colon = strrchr(place, ':');
    if (!colon)
        return NULL;
    *colon = 0;
    char *host = place;
    if (*host == '[' && colon > host && colon[-1] == ']') {
        colon[-1] = 0;
        host++;
    }
    return g_strdup_printf("host=%s,port=%s%s", host, colon + 1, rest + length);
}

static char *spell_out(const char *text, const char **ret_kind)
{
    static const struct {
        const char *prefix, *kind, *key;
    } forms[] = {{"unix:", "socket", "path="}, {"file:", "file", "path="}};

    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++)
        if (g_str_has_prefix(text, forms[i].prefix)) {
            *ret_kind = forms[i].kind;
            return g_strconcat(forms[i].key, text + strlen(forms[i].prefix), NULL);
        }
    if (g_str_has_prefix(text, "tcp:")) {
        *ret_kind = "socket";
        return spell_out_tcp(text + strlen("tcp:"));
    }
    static const char *const words[] = {"null", "stdio", "pty"};
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++)
        if (!strcmp(text, words[i])) {
            *ret_kind = words[i];
            return g_strdup("");
        }
    return NULL;
}

bool emu_chardev_add_short(EmuBackends *backends, const char *text, const char *id, char **ret_id,
                           GError **error)
{
    if (!strcmp(text, "none")) {
        *ret_id = NULL;
        return true;
    }
    if (g_str_has_prefix(text, "chardev:")) {
        *ret_id = g_strdup(text + strlen("chardev:"));
        return true;
    }
    const char *kind;
    g_autofree char *pairs = spell_out(text, &kind);
    if (!pairs) {
        g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED,
                    "'%s' is not one of stdio, pty, null, none, file:PATH, unix:PATH[,server=on], "
                    "tcp:HOST:PORT[,server=on] and chardev:ID",
                    text);
        return false;
    }
    g_autoptr(EmuKeyval) keyval = emu_keyval_parse(pairs, NULL, error);
    if (!keyval || !add(backends, kind, id, keyval, error))
        return false;
    *ret_id = g_strdup(id);
    return true;
}
