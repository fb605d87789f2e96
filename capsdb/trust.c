/* trust: the walk along a path, link by link (trust.h). It must not know what the files are for. */
#include "trust.h"

#include "store.h"

#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_LINKS 40 /* as the kernel has it */

typedef struct Walk {
    const char *whole; /* for messages */
    uid_t owner;
    GString *at;   /* an absolute path without links, walked so far; "" is the root */
    GString *rest; /* what is still to go, without a leading / */
    unsigned links;
    bool shared; /* the folder walked last may be written by others, and is sticky */
} Walk;

static bool refuse(const Walk *walk, const char *why, GError **error)
{
    g_set_error(error, CAPS_ERROR, CAPS_ERROR_UNTRUSTED, "%s: not trusted: %s %s", walk->whole,
                walk->at->len ? walk->at->str : "/", why);
    return false;
}

/* The step taken last, as lstat() has it. */
static bool judge(Walk *walk, const struct stat *found, GError **error)
{
    bool writable = (found->st_mode & (S_IWGRP | S_IWOTH)) && !S_ISLNK(found->st_mode);
    bool sticky = S_ISDIR(found->st_mode) && (found->st_mode & S_ISVTX);

    if (found->st_uid != 0 && found->st_uid != walk->owner) {
        return refuse(walk, "belongs to another user", error);
    }
    if (writable && !sticky) {
        return refuse(walk, "can be written by others; chmod go-w", error);
    }
    walk->shared = writable;
    return true;
}

/* Takes the next name off the rest; NULL: there is none. */
static char *next_name(Walk *walk)
{
    gsize skip = strspn(walk->rest->str, "/");
    gsize length = strcspn(walk->rest->str + skip, "/");
    char *name = length ? g_strndup(walk->rest->str + skip, length) : NULL;

    g_string_erase(walk->rest, 0, (gssize)(skip + length));
    return name;
}

/* To the folder that the last name is in, and whether it is shared. */
static void step_up(Walk *walk)
{
    const char *slash = strrchr(walk->at->str, '/');
    struct stat found;

    g_string_truncate(walk->at, slash ? (gsize)(slash - walk->at->str) : 0);
    walk->shared = lstat(walk->at->len ? walk->at->str : "/", &found) < 0 ||
                   (found.st_mode & (S_IWGRP | S_IWOTH));
}

/* Goes on where a link points: the rest is that, then what was to go. */
static bool follow(Walk *walk, GError **error)
{
    char target[PATH_MAX];
    ssize_t length = readlink(walk->at->str, target, sizeof(target) - 1);

    if (length < 0 || ++walk->links > MAX_LINKS) {
        return refuse(walk, "is a link that leads nowhere", error);
    }
    target[length] = '\0';
    g_string_prepend(walk->rest, "/");
    g_string_prepend(walk->rest, target);
    if (target[0] == '/') {
        g_string_truncate(walk->at, 0);
        walk->shared = false;
    } else {
        step_up(walk);
    }
    return true;
}

/* One name further. *ret_end: it is missing, so there is nothing beyond. */
static bool step(Walk *walk, const char *name, bool *ret_end, GError **error)
{
    struct stat found;

    if (g_str_equal(name, ".")) {
        return true;
    }
    if (g_str_equal(name, "..")) {
        step_up(walk);
        return true;
    }
    g_string_append_printf(walk->at, "/%s", name);
    if (lstat(walk->at->str, &found) < 0) {
        *ret_end = errno == ENOENT || errno == ENOTDIR;
        return *ret_end && !walk->shared
                   ? true
                   : refuse(walk, *ret_end ? "can be made by others" : "cannot be looked at",
                            error);
    }
    return judge(walk, &found, error) && (!S_ISLNK(found.st_mode) || follow(walk, error));
}

bool caps_trust_path(const char *path, uid_t owner, GError **error)
{
    Walk walk = {
        .whole = path, .owner = owner, .at = g_string_new(NULL), .rest = g_string_new(path)};
    struct stat root;
    bool ok = lstat("/", &root) == 0 && judge(&walk, &root, error), end = false;
    char *name;

    while (ok && !end && (name = next_name(&walk))) {
        ok = step(&walk, name, &end, error);
        g_free(name);
    }
    g_string_free(walk.at, TRUE);
    g_string_free(walk.rest, TRUE);
    return ok;
}
