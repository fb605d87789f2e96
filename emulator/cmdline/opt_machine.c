/* opt_machine: the options that say which machine, with which devices. */
#include "cmdline/keyval.h"
#include "cmdline/options_internal.h"

#include <string.h>

static void set_text(EmuOptions *options, const char *member, const char *value)
{
    json_object_set_new(options->target, member, json_string(value));
}

static json_t *member_object(EmuOptions *options, const char *member)
{
    json_t *object = json_object_get(options->target, member);
    if (!object) {
        object = json_object();
        json_object_set_new(options->target, member, object);
    }
    return object;
}

bool emu_opt_machine(EmuOptions *options, const char *text, GError **error)
{
    g_autoptr(EmuKeyval) keyval = emu_keyval_parse(text, "type", error);
    if (!keyval)
        return false;
    const char *type = emu_keyval_take(keyval, "type");
    const char *accel = emu_keyval_take(keyval, "accel");
    options->no_machine = type && !strcmp(type, "none");
    if (type && !options->no_machine)
        set_text(options, "machine", type);
    if (accel)
        set_text(options, "accel", accel);
    const char *key, *value;
    while (emu_keyval_take_any(keyval, &key, &value))
        json_object_set_new(member_object(options, "options"), key, json_string(value));
    return true;
}

bool emu_opt_accel(EmuOptions *options, const char *text, GError **error)
{
    g_autoptr(EmuKeyval) keyval = emu_keyval_parse(text, "accel", error);
    if (!keyval)
        return false;
    const char *accel = emu_keyval_take(keyval, "accel"), *key, *value;
    if (!accel)
        return emu_options_fail(error, "it needs a name; query-accelerators lists them");
    g_autoptr(GString) whole = g_string_new(accel);
    while (emu_keyval_take_any(keyval, &key, &value))
        g_string_append_printf(whole, ",%s=%s", key, value);
    set_text(options, "accel", whole->str);
    return true;
}

bool emu_opt_cpu(EmuOptions *options, const char *text, GError **error)
{
    (void)error;
    set_text(options, "cpu", text);
    return true;
}

bool emu_opt_smp(EmuOptions *options, const char *text, GError **error)
{
    g_autoptr(EmuKeyval) keyval = emu_keyval_parse(text, "cpus", error);
    const char *key, *value;
    while (keyval && emu_keyval_take_any(keyval, &key, &value)) {
        guint64 number;
        if (!g_ascii_string_to_unsigned(value, 10, 0, G_MAXUINT32, &number, NULL))
            return emu_options_fail(error, "%s is a number, not '%s'", key, value);
        json_object_set_new(member_object(options, "smp"), key, wire_json_uint(number));
    }
    return keyval != NULL;
}

/* A number alone is in MiB. */
bool emu_opt_memory(EmuOptions *options, const char *text, GError **error)
{
    g_autoptr(EmuKeyval) keyval = emu_keyval_parse(text, "size", error);
    if (!keyval)
        return false;
    const char *size = emu_keyval_take(keyval, "size");
    if (!size || !*size)
        return emu_options_fail(error, "it needs a size, as -m 512M");
    bool bare = strspn(size, "0123456789") == strlen(size);
    g_autofree char *value = g_strconcat(size, bare ? "M" : "", NULL);
    set_text(options, "memory", value);
    return emu_keyval_finish(keyval, "size", error);
}

bool emu_opt_nodefaults(EmuOptions *options, const char *text, GError **error)
{
    (void)text, (void)error;
    json_object_set_new(options->target, "nodefaults", json_true());
    return true;
}

/* ---- devices --- */

static void move(json_t *from, const char *key, json_t *to, const char *member)
{
    json_t *value = json_object_get(from, key);
    if (value)
        json_object_set(to, member, value);
    json_object_del(from, key);
}

/* addr is the address on whatever bus it is, as QEMU calls it on PCI. */
bool emu_opt_device(EmuOptions *options, const char *text, GError **error)
{
    json_t *properties = emu_keyval_json(text, "driver", &api_type_device_add_args, error);
    if (!properties)
        return false;
    json_t *device = json_object();
    move(properties, "driver", device, "type");
    move(properties, "id", device, "id");
    move(properties, "bus", device, "bus");
    move(properties, "addr", device, "address");
    json_object_set_new(device, "properties", properties);
    json_t *devices = json_object_get(options->target, "devices");
    if (!devices) {
        devices = json_array();
        json_object_set_new(options->target, "devices", devices);
    }
    json_array_append_new(devices, device);
    if (json_object_get(device, "type"))
        return true;
    return emu_options_fail(error, "it needs a type; query-device-types lists them");
}
