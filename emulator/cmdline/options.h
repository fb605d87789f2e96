/* options: the command line, one row of a table for each option, translated into the commands that
 * QMP has. */
#ifndef VITRINE_EMULATOR_OPTIONS_H
#define VITRINE_EMULATOR_OPTIONS_H

#include "session.h"

/* Carries out the command line, left to right; the machine is built when all of it was read.
 * ret_text: what is to be shown in place of a run; else NULL. g_free. With -print-commands these
 * are the commands as a QMP client would send them, of which none was carried out, and with -OPTION
 * help it is what the option takes. False: the error names the option and the fix. */
bool emu_options_run(EmuSession *session, int argc, char **argv, char **ret_text, GError **error);
/* The text of -help. Free with g_free. */
char *emu_options_help(void);

#endif
