/* dbfile: the file of a database and what SQLite puts beside it, by their names (dbfile.h). */
#include "dbfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

char *caps_dbfile_settle(const char *path)
{
    g_autofree char *whole = g_canonicalize_filename(path, NULL);
    g_autofree char *folder = g_path_get_dirname(whole);
    g_autofree char *name = g_path_get_basename(whole);
    g_autofree char *real = realpath(folder, NULL);

    return g_build_filename(real ? real : folder, name, NULL);
}

bool caps_dbfile_look(const char *file, CapsStoreMode mode, bool *ret_exists, GError **error)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", "-journal"};
    const char *wrong = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(suffixes) && !wrong; i++) {
        g_autofree char *path = g_strconcat(file, suffixes[i], NULL);
        struct stat found;
        bool exists = lstat(path, &found) == 0;
        if (i == 0) {
            *ret_exists = exists;
        }
        if (!exists) {
            continue;
        }
        if (!S_ISREG(found.st_mode)) {
            wrong = S_ISLNK(found.st_mode) ? "a symbolic link" : "not a regular file";
        } else if (mode != CAPS_STORE_SNAPSHOT && found.st_uid != geteuid() && found.st_uid != 0) {
            wrong = "it belongs to another user";
        } else if (found.st_mode & (S_IWGRP | S_IWOTH)) {
            wrong = "others may write it";
        }
        if (wrong) {
            g_set_error(error, CAPS_ERROR, CAPS_ERROR_UNTRUSTED, "%s: %s; not used", path, wrong);
        }
    }
    return !wrong;
}

bool caps_dbfile_make_folder(const char *path, GError **error)
{
    g_autofree char *folder = g_path_get_dirname(path);
    if (g_mkdir_with_parents(folder, 0700) < 0) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_UNUSABLE, "%s: %s", folder, g_strerror(errno));
        return false;
    }
    return true;
}

bool caps_dbfile_make(const char *path, GError **error)
{
    g_autofree char *made = g_strconcat(path, ".new-XXXXXX", NULL);
    int fd = g_mkstemp_full(made, O_RDWR | O_CLOEXEC, 0600);
    bool ok = fd >= 0;

    if (ok) {
        close(fd);
        ok = link(made, path) == 0 || errno == EEXIST;
    }
    if (!ok) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_UNUSABLE, "%s: %s", path, g_strerror(errno));
    }
    if (fd >= 0) {
        unlink(made);
    }
    return ok;
}

bool caps_dbfile_move_aside(const char *path, char **ret_aside, GError **error)
{
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *time = g_date_time_format(now, "%Y%m%dT%H%M%S");
    g_autofree char *aside = g_strconcat(path, ".damaged-", time, NULL);

    for (size_t i = 0; i < G_N_ELEMENTS(suffixes); i++) {
        g_autofree char *from = g_strconcat(path, suffixes[i], NULL);
        g_autofree char *to = g_strconcat(aside, suffixes[i], NULL);
        if (rename(from, to) < 0 && errno != ENOENT) {
            return caps_dbfile_fail_to_move(path, error);
        }
    }
    *ret_aside = g_steal_pointer(&aside);
    return true;
}

bool caps_dbfile_fail_to_move(const char *path, GError **error)
{
    g_set_error(error, CAPS_ERROR, CAPS_ERROR_DAMAGED, "%s: damaged, and cannot be moved aside: %s",
                path, g_strerror(errno));
    return false;
}
