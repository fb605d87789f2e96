/* trust: who could have written what a path leads to. */
#ifndef VITRINE_CAPSDB_TRUST_H
#define VITRINE_CAPSDB_TRUST_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* True if nobody but root and owner decides what is at the path: every folder on the way, every
 * symbolic link and what they lead to belongs to one of the two, and none is writable by a group or
 * by others. A folder with the sticky bit (/tmp) may be, if what is next on the way belongs to one
 * of the two. What is missing is trusted when nobody else could put it there. False: error is
 * CAPS_ERROR_UNTRUSTED, and names the place and the fix. The answer holds as long as root and owner
 * change nothing. */
bool caps_trust_path(const char *path, uid_t owner, GError **error);

#endif
