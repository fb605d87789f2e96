/* options: see options.h. QEMU's names, and its meanings where they are the same. */
#include "cmdline/options.h"

#include <string.h>

#include "cmdline/blockdev.h"
#include "cmdline/chardev.h"
#include "cmdline/keyval.h"
#include "monitor/monitor.h"

/* What the options have said so far. */
typedef struct Options {
    EmuSession *session;
    json_t *target;  /* of machine-set */
    bool no_machine; /* -machine none */
    bool stopped;
    bool nographic;
    unsigned n_serials, n_monitors;
} Options;

static bool fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

static bool fail(GError **error, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_set_error_literal(error, WIRE_ERROR, WIRE_ERROR_FAILED, text);
    return false;
}

/* ---- the machine ----------------------------------------------------------------------------- */

static void set_text(Options *options, const char *member, const char *value)
{
    json_object_set_new(options->target, member, json_string(value));
}

static json_t *member_object(Options *options, const char *member)
{
    json_t *object = json_object_get(options->target, member);
    if (!object) {
        object = json_object();
        json_object_set_new(options->target, member, object);
    }
    return object;
}

static bool opt_machine(Options *options, const char *text, GError **error)
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

static bool opt_accel(Options *options, const char *text, GError **error)
{
    g_autoptr(EmuKeyval) keyval = emu_keyval_parse(text, "accel", error);
    if (!keyval)
        return false;
    const char *accel = emu_keyval_take(keyval, "accel");
    if (!accel)
        return fail(error, "it needs a name; query-accelerators lists them");
    set_text(options, "accel", accel);
    return emu_keyval_finish(keyval, "accel", error);
}

static bool opt_cpu(Options *options, const char *text, GError **error)
{
    (void)error;
    set_text(options, "cpu", text);
    return true;
}

static bool opt_smp(Options *options, const char *text, GError **error)
{
    g_autoptr(EmuKeyval) keyval = emu_keyval_parse(text, "cpus", error);
    const char *key, *value;
    while (keyval && emu_keyval_take_any(keyval, &key, &value)) {
        guint64 number;
        if (!g_ascii_string_to_unsigned(value, 10, 0, G_MAXUINT32, &number, NULL))
            return fail(error, "%s is a number, not '%s'", key, value);
        json_object_set_new(member_object(options, "smp"), key, wire_json_uint(number));
    }
    return keyval != NULL;
}

/* A number alone is in MiB. */
static bool opt_memory(Options *options, const char *text, GError **error)
{
    g_autoptr(EmuKeyval) keyval = emu_keyval_parse(text, "size", error);
    if (!keyval)
        return false;
    const char *size = emu_keyval_take(keyval, "size");
    if (!size || !*size)
        return fail(error, "it needs a size, as -m 512M");
    bool bare = strspn(size, "0123456789") == strlen(size);
    g_autofree char *value = g_strconcat(size, bare ? "M" : "", NULL);
    set_text(options, "memory", value);
    return emu_keyval_finish(keyval, "size", error);
}

static bool opt_nodefaults(Options *options, const char *text, GError **error)
{
    (void)text, (void)error;
    json_object_set_new(options->target, "nodefaults", json_true());
    return true;
}

/* ---- backends and monitors ------------------------------------------------------------------- */

/* A backend whose place nobody could know beforehand is announced, in QEMU's words. */
static void announce(Options *options, const char *id)
{
    EmuCharBackend *backend = emu_backends_char(emu_session_backends(options->session), id);
    const char *place = backend ? emu_char_backend_place(backend) : NULL;
    if (place)
        emu_session_say(options->session, "char device redirected to %s (label %s)", place, id);
}

static bool opt_chardev(Options *options, const char *text, GError **error)
{
    g_autofree char *id = NULL;
    if (!emu_chardev_add(emu_session_backends(options->session), text, &id, error))
        return false;
    announce(options, id);
    return true;
}

/* The short form, as an option for the n-th of its kind takes it. NULL in ret_id: none is wanted.
 */
static bool add_short(Options *options, const char *text, const char *id, char **ret_id,
                      GError **error)
{
    if (!emu_chardev_add_short(emu_session_backends(options->session), text, id, ret_id, error))
        return false;
    if (*ret_id && !strcmp(*ret_id, id))
        announce(options, id);
    return true;
}

static bool opt_serial(Options *options, const char *text, GError **error)
{
    g_autofree char *id = g_strdup_printf("serial%u", options->n_serials++);
    g_autofree char *used = NULL;
    if (!add_short(options, text, id, &used, error))
        return false;
    emu_session_add_serial(options->session, used);
    return true;
}

static bool opt_qmp(Options *options, const char *text, GError **error)
{
    g_autofree char *id = g_strdup_printf("compat_monitor%u", options->n_monitors++);
    g_autofree char *used = NULL;
    if (!add_short(options, text, id, &used, error))
        return false;
    return !used || emu_monitor_add(options->session, used, error);
}

static bool opt_mon(Options *options, const char *text, GError **error)
{
    g_autoptr(EmuKeyval) keyval = emu_keyval_parse(text, "chardev", error);
    if (!keyval)
        return false;
    const char *chardev = emu_keyval_take(keyval, "chardev");
    const char *mode = emu_keyval_take(keyval, "mode");
    if (!chardev)
        return fail(error, "it needs chardev=ID");
    if (!mode || strcmp(mode, "control"))
        return fail(error, "only QMP is spoken: add mode=control");
    if (!emu_keyval_finish(keyval, "chardev, mode", error))
        return false;
    options->n_monitors++;
    return emu_monitor_add(options->session, chardev, error);
}

/* ---- devices and what is behind them --------------------------------------------------------- */

static bool opt_blockdev(Options *options, const char *text, GError **error)
{
    return emu_blockdev_add(emu_session_backends(options->session), text, error);
}

static bool opt_drive(Options *options, const char *text, GError **error)
{
    return emu_drive_add(emu_session_backends(options->session), text, error);
}

static bool opt_netdev(Options *options, const char *text, GError **error)
{
    return emu_netdev_add(emu_session_backends(options->session), text, error);
}

static void move_text(json_t *device, EmuKeyval *keyval, const char *key, const char *member)
{
    const char *value = emu_keyval_take(keyval, key);
    if (value)
        json_object_set_new(device, member, json_string(value));
}

/* addr is the address on whatever bus it is, as QEMU calls it on PCI. */
static bool opt_device(Options *options, const char *text, GError **error)
{
    g_autoptr(EmuKeyval) keyval = emu_keyval_parse(text, "driver", error);
    if (!keyval)
        return false;
    const char *type = emu_keyval_take(keyval, "driver");
    if (!type)
        return fail(error, "it needs a type; query-device-types lists them");
    json_t *devices = json_object_get(options->target, "devices");
    if (!devices) {
        devices = json_array();
        json_object_set_new(options->target, "devices", devices);
    }
    json_t *device = json_object(), *properties = json_object();
    json_array_append_new(devices, device);
    json_object_set_new(device, "type", json_string(type));
    json_object_set_new(device, "properties", properties);
    move_text(device, keyval, "id", "id");
    move_text(device, keyval, "bus", "bus");
    move_text(device, keyval, "addr", "address");
    const char *key, *value;
    while (emu_keyval_take_any(keyval, &key, &value))
        json_object_set_new(properties, key, json_string(value));
    return true;
}

/* ---- what it starts from --------------------------------------------------------------------- */

/* The words of the command line live as long as the program. */
static bool opt_bios(Options *options, const char *text, GError **error)
{
    (void)error;
    emu_session_boot(options->session)->bios = text;
    return true;
}

static bool opt_kernel(Options *options, const char *text, GError **error)
{
    (void)error;
    emu_session_boot(options->session)->kernel = text;
    return true;
}

static bool opt_initrd(Options *options, const char *text, GError **error)
{
    (void)error;
    emu_session_boot(options->session)->initrd = text;
    return true;
}

static bool opt_append(Options *options, const char *text, GError **error)
{
    (void)error;
    emu_session_boot(options->session)->append = text;
    return true;
}

static bool opt_dtb(Options *options, const char *text, GError **error)
{
    (void)error;
    emu_session_boot(options->session)->dtb = text;
    return true;
}

/* ---- the run --------------------------------------------------------------------------------- */

static bool opt_stopped(Options *options, const char *text, GError **error)
{
    (void)text, (void)error;
    options->stopped = true;
    return true;
}

static bool opt_display(Options *options, const char *text, GError **error)
{
    (void)options;
    return !strcmp(text, "none") || fail(error, "there is no display; use -display none");
}

static bool opt_nographic(Options *options, const char *text, GError **error)
{
    (void)text, (void)error;
    options->nographic = true;
    return true;
}

/* Nothing is read that was not named on the command line. */
static bool opt_no_user_config(Options *options, const char *text, GError **error)
{
    (void)options, (void)text, (void)error;
    return true;
}

static bool opt_name(Options *options, const char *text, GError **error)
{
    g_autoptr(EmuKeyval) keyval = emu_keyval_parse(text, "guest", error);
    if (!keyval)
        return false;
    const char *guest = emu_keyval_take(keyval, "guest");
    if (guest)
        emu_session_set_name(options->session, guest);
    return emu_keyval_finish(keyval, "guest", error);
}

static bool opt_pidfile(Options *options, const char *text, GError **error)
{
    return emu_session_set_pidfile(options->session, text, error);
}

static bool opt_no_reboot(Options *options, const char *text, GError **error)
{
    (void)text, (void)error;
    emu_session_policy(options->session)->no_reboot = true;
    return true;
}

static bool opt_no_shutdown(Options *options, const char *text, GError **error)
{
    (void)text, (void)error;
    emu_session_policy(options->session)->no_shutdown = true;
    return true;
}

typedef struct Option {
    const char *name;
    const char *argument; /* as the help shows it; NULL: none */
    bool (*run)(Options *options, const char *text, GError **error);
    const char *doc;
} Option;

static const Option table[] = {
    {"machine", "NAME[,OPTION=VALUE...]", opt_machine,
     "the machine and its options; none: no machine"},
    {"M", "NAME[,OPTION=VALUE...]", opt_machine, "the same"},
    {"accel", "NAME", opt_accel, "what runs the CPUs"},
    {"cpu", "TYPE[,PROPERTY=VALUE...]", opt_cpu, "the CPU type"},
    {"smp", "N[,sockets=N...]", opt_smp, "number of CPUs and how they are grouped"},
    {"m", "SIZE", opt_memory, "memory; a number alone is in MiB"},
    {"nodefaults", NULL, opt_nodefaults, "only what the platform cannot do without"},
    {"bios", "FILE", opt_bios, "firmware; default: OpenSBI where Debian installs it; or none"},
    {"kernel", "FILE", opt_kernel, "a Linux Image, an ELF file, or a raw one"},
    {"initrd", "FILE", opt_initrd, "the kernel's initial memory disk"},
    {"append", "TEXT", opt_append, "the kernel's command line"},
    {"dtb", "FILE", opt_dtb, "a device tree in place of the machine's own"},
    {"chardev", "KIND,id=ID[,...]", opt_chardev,
     "a character backend: null, stdio, file, pty, socket"},
    {"blockdev", "driver=file,node-name=ID,...", opt_blockdev,
     "a block backend: a raw file, or a block device"},
    {"drive", "file=FILE,format=raw,if=none,id=ID,...", opt_drive, "the same in other words"},
    {"netdev", "KIND,id=ID[,...]", opt_netdev, "a network backend: stream, dgram, tap, socket"},
    {"device", "TYPE[,id=ID,bus=BUS,addr=ADDRESS,PROPERTY=VALUE...]", opt_device,
     "a device added to the machine"},
    {"serial", "CHARDEV", opt_serial, "the next serial port: stdio, unix:PATH, chardev:ID ..."},
    {"mon", "chardev=ID,mode=control", opt_mon, "QMP on a character backend"},
    {"qmp", "CHARDEV", opt_qmp, "QMP on stdio, unix:PATH,server=on,wait=off ..."},
    {"S", NULL, opt_stopped, "do not start the CPUs; cont does"},
    {"no-reboot", NULL, opt_no_reboot, "end when the guest resets the machine"},
    {"no-shutdown", NULL, opt_no_shutdown, "stay when the guest switches the machine off"},
    {"display", "none", opt_display, "there is none"},
    {"nographic", NULL, opt_nographic, "the first serial port is standard input and output"},
    {"name", "NAME", opt_name, "name of the guest, in front of messages"},
    {"pidfile", "FILE", opt_pidfile, "where the process id is written"},
    {"no-user-config", NULL, opt_no_user_config, "no configuration file is read, with or without"},
    {"version", NULL, NULL, "say the version and end"},
    {"help", NULL, NULL, "say this and end"},
};

char *emu_options_help(void)
{
    GString *text =
        g_string_new("usage: vitrine [options]\n"
                     "       vitrine --probe COMMAND ...   (the same as vitrine-probe)\n\n");
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        const Option *option = &table[i];
        g_autofree char *head =
            g_strdup_printf("-%s %s", option->name, option->argument ? option->argument : "");
        g_string_append_printf(text, "  %-34s %s\n", head, option->doc);
    }
    return g_string_free(text, FALSE);
}

/* ---- reading and carrying out ---------------------------------------------------------------- */

static const Option *option_find(const char *word)
{
    if (*word != '-')
        return NULL;
    word += word[1] == '-' ? 2 : 1;
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++)
        if (!strcmp(table[i].name, word) && table[i].run)
            return &table[i];
    return NULL;
}

static bool read_all(Options *options, int argc, char **argv, GError **error)
{
    for (int i = 1; i < argc; i++) {
        const Option *option = option_find(argv[i]);
        if (!option)
            return fail(error, "%s: there is no such option; -help lists them", argv[i]);
        const char *text = option->argument ? argv[++i] : NULL;
        if (option->argument && !text)
            return fail(error, "-%s: it needs an argument: -%s %s", option->name, option->name,
                        option->argument);
        if (!option->run(options, text, error)) {
            g_prefix_error(error, "-%s: ", option->name);
            return false;
        }
    }
    return true;
}

/* The option that said what a command did not take. */
static const char *option_of_path(const char *path)
{
    static const struct {
        const char *path, *option;
    } rows[] = {
        {"options", "-machine"}, {"machine", "-machine"}, {"accel", "-accel"},    {"cpu", "-cpu"},
        {"smp", "-smp"},         {"memory", "-m"},        {"devices", "-device"},
    };
    if (path && g_str_has_prefix(path, "target."))
        path += strlen("target.");
    for (size_t i = 0; path && i < G_N_ELEMENTS(rows); i++)
        if (g_str_has_prefix(path, rows[i].path))
            return rows[i].option;
    return NULL;
}

/* All findings, a line each, as the message of one error: each with the option that is at fault. */
static void spell_out_findings(GError **error)
{
    const json_t *findings = wire_error_findings(*error);
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < json_array_size(findings); i++) {
        const json_t *finding = json_array_get(findings, i);
        const char *message = json_string_value(json_object_get(finding, "message"));
        const char *fix = json_string_value(json_object_get(finding, "suggestion"));
        const char *place = json_string_value(json_object_get(finding, "place"));
        const char *option = option_of_path(place);
        const char *part = option ? strchr(place, '.') : NULL; /* options.NAME */
        g_string_append_printf(text, "%s%s%s", i ? "\nvitrine: " : "", option ? option : "",
                               option ? ": " : "");
        if (part && !strstr(message, part + 1))
            g_string_append_printf(text, "%s: ", part + 1);
        g_string_append_printf(text, "%s%s%s", message, fix ? "; " : "", fix ? fix : "");
    }
    if (text->len) {
        g_clear_error(error);
        g_set_error_literal(error, WIRE_ERROR, WIRE_ERROR_FAILED, text->str);
    } else {
        const char *option = option_of_path(wire_error_path(*error));
        g_prefix_error(error, "%s: ", option ? option : "-machine");
    }
    g_string_free(text, TRUE);
}

static bool command(Options *options, const char *name, json_t *arguments, GError **error)
{
    WireReply reply = {0};
    bool done = emu_monitor_execute(options->session, name, arguments, &reply, error);
    json_decref(reply.value);
    json_decref(reply.depends_on);
    json_decref(arguments);
    return done;
}

static bool set_machine(Options *options, GError **error)
{
    g_autoptr(GError) cause = NULL;
    json_t *arguments = json_pack("{s:O}", "target", options->target);
    if (command(options, "machine-set", arguments, &cause))
        return true;
    spell_out_findings(&cause);
    g_propagate_error(error, g_steal_pointer(&cause));
    return false;
}

/* What the options add up to, as the commands that a client would send. */
static bool carry_out(Options *options, GError **error)
{
    if (!json_object_get(options->target, "machine")) {
        if (json_object_size(options->target) && !options->no_machine)
            return fail(error, "-machine: the other options are about a machine and none is named; "
                               "vitrine --probe query-machines lists them");
        if (!options->n_monitors)
            return fail(error, "there is nothing to do: name a machine with -machine, or give a "
                               "monitor with -qmp");
        return true;
    }
    if (options->nographic && options->n_serials == 0 && !opt_serial(options, "stdio", error)) {
        g_prefix_error(error, "-nographic: ");
        return false;
    }
    if (!set_machine(options, error) || !command(options, "machine-build", json_object(), error))
        return false;
    return options->stopped || command(options, "cont", json_object(), error);
}

bool emu_options_run(EmuSession *session, int argc, char **argv, GError **error)
{
    Options options = {.session = session, .target = json_object()};
    bool done = read_all(&options, argc, argv, error) && carry_out(&options, error);
    json_decref(options.target);
    return done;
}
