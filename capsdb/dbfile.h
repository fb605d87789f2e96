/* dbfile: the file of a database and what SQLite puts beside it: whose they are, how they are made
 * and moved. It must not open them: to close a file takes SQLite's locks of it away. */
#ifndef VITRINE_CAPSDB_DBFILE_H
#define VITRINE_CAPSDB_DBFILE_H

#include "store.h"

/* Absolute, and without links on the way to it: only the file itself must not be one. Free with
 * g_free. */
char *caps_dbfile_settle(const char *path);

/* Who may have written this file, and what SQLite reads with it? Only the person, or root; of a
 * snapshot that is the caller's to know. False with UNTRUSTED. */
bool caps_dbfile_look(const char *file, CapsStoreMode mode, bool *ret_exists, GError **error);

/* The folder of the file, for its owner alone. */
bool caps_dbfile_make_folder(const char *path, GError **error);
/* An empty file that is its owner's alone, as what SQLite puts beside it will be. It has its name
 * only when nobody here has it open any more; and the umask is of all threads, so it stays. One
 * that is there by then is no error. */
bool caps_dbfile_make(const char *path, GError **error);

/* Renames it and what SQLite keeps beside it. ret_aside: what it is called now, to be freed with
 * g_free. Call it while nobody else may rename it (caps_flight_hold_file). */
bool caps_dbfile_move_aside(const char *path, char **ret_aside, GError **error);
/* False with error: errno says why it cannot be. */
bool caps_dbfile_fail_to_move(const char *path, GError **error);

#endif
