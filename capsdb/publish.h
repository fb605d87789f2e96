/* publish: a database as a file that nobody writes any more, for others to read. */
#ifndef VITRINE_CAPSDB_PUBLISH_H
#define VITRINE_CAPSDB_PUBLISH_H

#include "store.h"

/* Copies the whole of from to the file to, which is replaced in one step once the copy is safely on
 * the disk: whoever reads at that moment has the old file or the new one. The copy is in
 * rollback-journal mode with mode 0444, so that it can be read by users who can write nothing
 * there, and on media that nobody can write. The same content gives the same bytes. */
bool caps_publish(CapsStore *from, const char *to, GError **error);

/* The same, of what holds wherever the emulators are: answers that no host, user or time had a part
 * in, of emulators that were asked everything. Their times are all the one given (seconds since the
 * epoch), and nothing else of when, where or in which order they were asked is in the file. Static
 * layers are made so. */
bool caps_publish_static(CapsStore *from, int64_t time, const char *to, GError **error);

#endif
