/* self: questions to this program itself, on a command line or over QMP on stdin and stdout. No
 * machine is built to run, nothing of the emulator is needed. */
#ifndef VITRINE_PROBE_SELF_H
#define VITRINE_PROBE_SELF_H

#include "learned.h"
#include "query.h"

/* What an answer is, to a shell. */
typedef enum {
    PRB_YES = 0,
    PRB_NO = 1,      /* the answer is no: a check found something */
    PRB_USAGE = 2,   /* the words of the command line are wrong */
    PRB_UNKNOWN = 3, /* there is no answer: the question was refused, or it could not be told */
} PrbExit;

/* The whole program: the words of its command line in, what it ends with out. Prints to stdout and
 * stderr. `vitrine --probe` is the same function. */
int prb_main(int argc, char **argv);

/* ---- between the files of this program ------------------------------------------------------- */

/* Writes all of it. False: nobody takes it. */
bool prb_write(int fd, const char *text, size_t length);
/* A line on stderr that begins with the program's name. */
void prb_complain(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* help.c; free with g_free. */
char *prb_help(void);
char *prb_help_command(const ApiCommandInfo *command, unsigned width);

/* files.c */
/* Adds the machines of files to a catalog. */
PrbExit prb_add_files(MdlCatalog *catalog, const char *const *files);
/* What another emulator said of a machine of its own, from a file. NULL: told why. */
CmdLearned *prb_read_facts(const char *file);
/* Checks files of any kind and says what is wrong. */
PrbExit prb_check_files(const char *const *files);

/* qmp.c: a conversation until stdin ends. */
PrbExit prb_converse(CmdContext *context);

#endif
