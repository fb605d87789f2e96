/* path: where a path leads to, and who could have put that there. */
#ifndef VITRINE_CAPSDB_PATH_H
#define VITRINE_CAPSDB_PATH_H

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* What a path means to programs whose root folder is root: links are followed as they would follow
 * them, never out of it. The result is a path of ours, root in front; free with g_free. root: NULL
 * for our own. NULL: there is nothing. */
char *caps_path_resolve(const char *root, const char *path);

/* The rest of a path of ours below root, with a / in front. Points into path. */
const char *caps_path_within(const char *root, const char *path);

/* True if nobody but root and owner decides what is at the path, within a root folder or NULL:
 * every folder on the way, every symbolic link and what they lead to belongs to one of the two, and
 * none is writable by a group or by others. A folder with the sticky bit (/tmp) may be, if what is
 * next on the way belongs to one of the two. What is missing is trusted when nobody else could put
 * it there. False: error is CAPS_ERROR_UNTRUSTED, and names the place and the fix. The answer holds
 * as long as root and owner change nothing. */
bool caps_path_is_trusted(const char *root, const char *path, uid_t owner, GError **error);

#endif
