/* migrations: the statements behind user_version (format: store.h). */
#include "migrations.h"

#include <glib.h>

const char *const caps_migrations[] = {
    /* 1: identities, replies, questions and their answers. */
    "PRAGMA application_id = 1667330163;"
    "CREATE TABLE identity ("
    "  id INTEGER PRIMARY KEY,"
    "  hash BLOB NOT NULL UNIQUE,"
    "  path TEXT NOT NULL,"
    "  kind TEXT,"    /* qemu | vitrine; NULL: never answered */
    "  version TEXT," /* in words */
    "  parts TEXT NOT NULL,"
    "  first_seen INTEGER NOT NULL"
    ") STRICT;"
    "CREATE TABLE file_memo ("
    "  dev INTEGER NOT NULL, ino INTEGER NOT NULL, size INTEGER NOT NULL,"
    "  mtime_ns INTEGER NOT NULL, ctime_ns INTEGER NOT NULL,"
    "  hash TEXT NOT NULL, names TEXT NOT NULL, seal BLOB NOT NULL,"
    "  PRIMARY KEY (dev, ino)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE reply ("
    "  id INTEGER PRIMARY KEY,"
    "  hash BLOB NOT NULL UNIQUE,"
    "  size INTEGER NOT NULL," /* bytes of JSON */
    "  body BLOB NOT NULL"
    ") STRICT;"
    "CREATE TABLE question ("
    "  id INTEGER PRIMARY KEY,"
    "  identity INTEGER NOT NULL REFERENCES identity ON DELETE CASCADE,"
    "  command TEXT NOT NULL, arguments TEXT NOT NULL,"
    "  UNIQUE (identity, command, arguments)"
    ") STRICT;"
    "CREATE TABLE input_set ("
    "  question INTEGER NOT NULL REFERENCES question ON DELETE CASCADE,"
    "  names TEXT NOT NULL,"
    "  PRIMARY KEY (question, names)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE answer ("
    "  id INTEGER PRIMARY KEY,"
    "  question INTEGER NOT NULL REFERENCES question ON DELETE CASCADE,"
    "  inputs TEXT NOT NULL,"
    "  reply BLOB REFERENCES reply (hash)," /* NULL: reason and message */
    "  reason TEXT, message TEXT,"
    "  asked INTEGER NOT NULL, expires INTEGER," /* NULL: never */
    "  attempts INTEGER NOT NULL DEFAULT 1,"
    "  seal BLOB NOT NULL,"
    "  UNIQUE (question, inputs),"
    "  CHECK ((reply IS NULL) = (reason IS NOT NULL))"
    ") STRICT;"
    "CREATE INDEX answer_reply ON answer (reply);"
    "CREATE TABLE input_alias ("
    "  identity INTEGER NOT NULL REFERENCES identity ON DELETE CASCADE,"
    "  context TEXT NOT NULL, name TEXT NOT NULL,"
    "  given TEXT NOT NULL," /* the words in quotes, or null: JSON, since a key is never NULL */
    "  value TEXT, seal BLOB NOT NULL,"
    "  PRIMARY KEY (identity, context, name, given)"
    ") STRICT, WITHOUT ROWID;"
    "CREATE TABLE probe ("
    "  id INTEGER PRIMARY KEY,"
    "  identity INTEGER NOT NULL REFERENCES identity ON DELETE CASCADE,"
    "  began INTEGER NOT NULL, took_ms INTEGER NOT NULL,"
    "  launches INTEGER NOT NULL, facts INTEGER NOT NULL, complete INTEGER NOT NULL,"
    "  missing TEXT NOT NULL,"
    "  reason TEXT, message TEXT, expires INTEGER"
    ") STRICT;"
    "CREATE INDEX probe_identity ON probe (identity, id);"
    "CREATE TABLE quarantine ("
    "  question INTEGER PRIMARY KEY REFERENCES question ON DELETE CASCADE,"
    "  reason TEXT NOT NULL, evidence TEXT NOT NULL, seen INTEGER NOT NULL"
    ") STRICT;",
};

const size_t caps_n_migrations = G_N_ELEMENTS(caps_migrations);
