/* migrations: how each version of the database file is made from the one before. */
#ifndef VITRINE_CAPSDB_MIGRATIONS_H
#define VITRINE_CAPSDB_MIGRATIONS_H

#include <stddef.h>

#define CAPS_APPLICATION_ID 0x63617073 /* "caps" */

/* caps_migrations[N] makes version N + 1 of version N; version 0 is an empty file. Once released an
 * entry never changes: a change is a new entry. */
extern const char *const caps_migrations[];
extern const size_t caps_n_migrations;

#endif
