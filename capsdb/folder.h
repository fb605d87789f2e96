/* folder: what is in one, in an order that does not hang on the file system. */
#ifndef VITRINE_CAPSDB_FOLDER_H
#define VITRINE_CAPSDB_FOLDER_H

#include <glib.h>

/* The paths of the files there whose names end in suffix, sorted; none if there is no folder. An
 * array of char *, to be freed with g_ptr_array_unref. */
GPtrArray *caps_folder_list(const char *folder, const char *suffix);

#endif
