/* options_internal: what the functions behind the options share. For cmdline/ only. */
#ifndef VITRINE_EMULATOR_OPTIONS_INTERNAL_H
#define VITRINE_EMULATOR_OPTIONS_INTERNAL_H

#include "cmdline/options.h"

/* What the options have said so far. */
typedef struct EmuOptions {
    EmuSession *session;
    json_t *target;  /* of machine-set */
    json_t *boot;    /* arguments of set-boot */
    bool no_machine; /* -machine none */
    bool stopped;
    bool nographic;
    GString *printed; /* commands that are shown in place of being carried out; NULL: they are */
    bool monitor_given;
    unsigned n_serials, n_monitors;
} EmuOptions;

/* text: the option's argument, which lives as long as the program; NULL: it takes none. The error
 * needs not name the option. */
#define EMU_OPTION(name, argument, function, doc)                                                  \
    bool emu_opt_##function(EmuOptions *options, const char *text, GError **error);
#include "cmdline/options.def"
#undef EMU_OPTION

/* Where the argument of an option is `help`: what the option takes, a line each, g_free; NULL:
 * there is no such. Of a device also TYPE,help. False: the type does not exist. */
bool emu_options_list(EmuSession *session, int argc, char **argv, char **ret_text, GError **error);

/* Carries a command out, as from a monitor, or shows it. Takes the arguments. */
bool emu_options_command(EmuOptions *options, const char *name, json_t *arguments, GError **error);

/* A machine or [vm] file: it is the machine from now on. The error names the file. */
bool emu_options_file(EmuOptions *options, const char *path, GError **error);

/* A character backend in its short form, as an option for the n-th of its kind takes it. NULL in
 * ret_id: none is wanted. */
bool emu_options_add_short(EmuOptions *options, const char *text, const char *id, char **ret_id,
                           GError **error);

/* Sets the error; returns false. */
bool emu_options_fail(GError **error, const char *format, ...) G_GNUC_PRINTF(2, 3);

#endif
