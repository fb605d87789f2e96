/* options: the command line, one row of a table for each option, translated into the commands that
 * QMP has. */
#ifndef VITRINE_EMULATOR_OPTIONS_H
#define VITRINE_EMULATOR_OPTIONS_H

#include "session.h"

/* Carries out the command line, left to right; the machine is built when all of it was read.
 * ret_commands: with -print-commands, the commands as a QMP client would send them, of which none
 * was carried out; else NULL. g_free. False: the error names the option and the fix. */
bool emu_options_run(EmuSession *session, int argc, char **argv, char **ret_commands,
                     GError **error);
/* The text of -help. Free with g_free. */
char *emu_options_help(void);

#endif
