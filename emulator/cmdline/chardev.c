/* chardev: see chardev.h. One table of keys behind both notations. */
#include "cmdline/chardev.h"

#include <string.h>

#include <wire.h>

#include "cmdline/keyval.h"

static bool fail(GError **error, const char *message)
{
    g_set_error_literal(error, WIRE_ERROR, WIRE_ERROR_FAILED, message);
    return false;
}

void emu_chardev_clear(EmuChardev *chardev)
{
    g_clear_pointer(&chardev->id, g_free);
    g_clear_pointer(&chardev->arguments, json_decref);
}

/* ---- keys ------------------------------------------------------------------------------------ */

/* Where the value of a key goes in the arguments of chardev-add. */
static const struct {
    const char *kind; /* NULL: all */
    const char *key, *member;
} keys[] = {
    {"file", "path", "out"},
    {"file", "append", "append"},
    {"stdio", "signal", "signal"},
    {"socket", "server", "server"},
    {"socket", "wait", "wait"},
    {"socket", "nodelay", "nodelay"},
    {"socket", "reconnect", "reconnect"},
    {"socket", "path", "addr.data.path"},
    {"socket", "host", "addr.data.host"},
    {"socket", "port", "addr.data.port"},
    {"socket", "fd", "addr.data.str"},
    {NULL, "logfile", "logfile"},
    {NULL, "logappend", "logappend"},
};

static bool is_of(size_t row, const char *kind)
{
    return !keys[row].kind || !strcmp(keys[row].kind, kind);
}

static char *known_keys(const char *kind)
{
    GString *text = g_string_new("id, mux");
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++)
        if (is_of(i, kind))
            g_string_append_printf(text, ", %s", keys[i].key);
    return g_string_free(text, FALSE);
}

/* Which of the three kinds of address it is, and what a command line leaves to be understood. */
static bool complete_socket(json_t *data, GError **error)
{
    json_t *addr = json_object_get(data, "addr"), *place = json_object_get(addr, "data");
    bool path = json_object_get(place, "path"), port = json_object_get(place, "port"),
         fd = json_object_get(place, "str");
    if (path + port + fd != 1 || (json_object_get(place, "host") && !port))
        return fail(error, "a socket is one of path=PATH, host=HOST,port=PORT and fd=NUMBER");
    json_object_set_new(addr, "type", json_string(path ? "unix" : port ? "inet" : "fd"));
    if (port && !json_object_get(place, "host"))
        json_object_set_new(place, "host", json_string(""));
    json_t *server = json_object_get(data, "server");
    if (!server)
        json_object_set_new(data, "server", json_string("off"));
    else if (!json_object_get(data, "wait") && !fd)
        json_object_set_new(data, "wait", json_incref(server));
    return true;
}

/* The arguments of chardev-add. NULL: error. */
static json_t *make_arguments(const char *kind, const char *id, EmuKeyval *keyval, GError **error)
{
    int known;
    if (!api_enum_parse(&api_type_chardev_backend_kind, kind, &known)) {
        g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED,
                    "there is no kind of chardev '%s'; there are null, stdio, file, pty and socket",
                    kind);
        return NULL;
    }
    json_t *data = json_object();
    json_t *arguments =
        json_pack("{s:s, s:{s:s, s:o}}", "id", id, "backend", "type", kind, "data", data);
    for (size_t i = 0; i < G_N_ELEMENTS(keys); i++) {
        const char *value = is_of(i, kind) ? emu_keyval_take(keyval, keys[i].key) : NULL;
        if (value)
            emu_json_set(data, keys[i].member, json_string(value), NULL);
    }
    g_autofree char *names = known_keys(kind);
    if (!emu_keyval_finish(keyval, names, error) ||
        (!strcmp(kind, "socket") && !complete_socket(data, error)) ||
        (!strcmp(kind, "file") && !json_object_get(data, "out") &&
         !fail(error, "file needs path=FILE"))) {
        json_decref(arguments);
        return NULL;
    }
    return emu_json_typed(&api_type_chardev_add_args, arguments);
}

static bool make(const char *kind, const char *id, EmuKeyval *keyval, EmuChardev *ret_chardev,
                 GError **error)
{
    bool mux = false;
    if (!emu_keyval_take_bool(keyval, "mux", &mux, error))
        return false;
    json_t *arguments = make_arguments(kind, id, keyval, error);
    if (arguments)
        *ret_chardev = (EmuChardev){g_strdup(id), arguments, mux};
    return arguments != NULL;
}

/* ---- the two notations ----------------------------------------------------------------------- */

bool emu_chardev_parse(const char *text, EmuChardev *ret_chardev, GError **error)
{
    g_autoptr(EmuKeyval) keyval = emu_keyval_parse(text, "backend", error);
    if (!keyval)
        return false;
    const char *kind = emu_keyval_take(keyval, "backend");
    const char *id = emu_keyval_take(keyval, "id");
    if (!kind || !id || !*id)
        return fail(error, "a chardev needs a kind and an id: -chardev socket,id=ID,path=PATH");
    return make(kind, id, keyval, ret_chardev, error);
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

bool emu_chardev_parse_short(const char *text, const char *id, EmuChardev *ret_chardev,
                             GError **error)
{
    *ret_chardev = (EmuChardev){0};
    if (!strcmp(text, "none"))
        return true;
    if (g_str_has_prefix(text, "chardev:")) {
        ret_chardev->id = g_strdup(text + strlen("chardev:"));
        return true;
    }
    const char *kind;
    bool mux = g_str_has_prefix(text, "mon:");
    const char *wanted = mux ? text + strlen("mon:") : text;
    g_autofree char *pairs = spell_out(wanted, &kind);
    if (!pairs) {
        g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED,
                    "'%s' is not one of stdio, pty, null, none, file:PATH, unix:PATH[,server=on], "
                    "tcp:HOST:PORT[,server=on], chardev:ID, and mon: before one that a monitor is "
                    "to share",
                    text);
        return false;
    }
    g_autofree char *all = mux && !strcmp(kind, "stdio") ? g_strdup("signal=off") : g_strdup(pairs);
    g_autoptr(EmuKeyval) keyval = emu_keyval_parse(all, NULL, error);
    if (!keyval || !make(kind, id, keyval, ret_chardev, error))
        return false;
    ret_chardev->mux |= mux;
    return true;
}
