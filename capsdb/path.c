/* path: the walk along a path, link by link (path.h). It must not know what the files are for. */
#include "path.h"

#include "store.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define MAX_LINKS 40 /* as the kernel has it */

typedef struct Walk {
    const char *whole; /* for messages */
    bool judged;       /* who owns what is on the way counts */
    uid_t owner;
    GString *at;   /* an absolute path without links, walked so far; "" is / */
    gsize root;    /* the length of its beginning that is never left */
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

    walk->shared = writable;
    if (!walk->judged) {
        return true;
    }
    if (found->st_uid != 0 && found->st_uid != walk->owner) {
        return refuse(walk, "belongs to another user", error);
    }
    if (writable && !sticky) {
        return refuse(walk, "can be written by others; chmod go-w", error);
    }
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

/* Goes back to a folder that was walked; its path is the beginning of this one. */
static void go_back(Walk *walk, gsize length)
{
    struct stat found;

    g_string_truncate(walk->at, length);
    walk->shared =
        lstat(length ? walk->at->str : "/", &found) < 0 || (found.st_mode & (S_IWGRP | S_IWOTH));
}

/* To the folder that the last name is in. Above the root is the root. */
static void step_up(Walk *walk)
{
    const char *slash = strrchr(walk->at->str, '/');
    go_back(walk, MAX(slash ? (gsize)(slash - walk->at->str) : 0, walk->root));
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
        go_back(walk, walk->root);
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
        if (*ret_end && !walk->shared) {
            return true;
        }
        return refuse(walk, *ret_end ? "can be made by others" : "cannot be looked at", error);
    }
    return judge(walk, &found, error) && (!S_ISLNK(found.st_mode) || follow(walk, error));
}

static bool walk_all(Walk *walk, bool *ret_end, GError **error)
{
    bool ok = true;
    char *name;

    *ret_end = false;
    while (ok && !*ret_end && (name = next_name(walk))) {
        ok = step(walk, name, ret_end, error);
        g_free(name);
    }
    return ok;
}

static void begin(Walk *walk, const char *root, const char *path)
{
    g_autofree char *real = root ? realpath(root, NULL) : NULL;

    walk->whole = path;
    walk->at = g_string_new(real && real[1] ? real : NULL);
    walk->root = walk->at->len;
    walk->rest = g_string_new(path);
    go_back(walk, walk->root);
}

static void finish(Walk *walk)
{
    g_string_free(walk->at, TRUE);
    g_string_free(walk->rest, TRUE);
}

char *caps_path_resolve(const char *root, const char *path)
{
    if (!root) {
        return realpath(path, NULL);
    }
    Walk walk = {0};
    bool missing;

    begin(&walk, root, path);
    bool ok = walk_all(&walk, &missing, NULL) && !missing;
    char *real = ok ? g_strdup(walk.at->len ? walk.at->str : "/") : NULL;
    finish(&walk);
    return real;
}

const char *caps_path_within(const char *root, const char *path)
{
    g_autofree char *real = root ? realpath(root, NULL) : NULL;
    size_t length = real && real[1] ? strlen(real) : 0;

    return length && strncmp(path, real, length) == 0 && path[length] == '/' ? path + length : path;
}

bool caps_path_is_trusted(const char *root, const char *path, uid_t owner, GError **error)
{
    Walk walk = {.judged = true, .owner = owner};
    struct stat top;
    bool missing;

    if (root && !caps_path_is_trusted(NULL, root, owner, error)) {
        return false;
    }
    begin(&walk, root, path);
    bool ok =
        lstat("/", &top) == 0 && judge(&walk, &top, error) && walk_all(&walk, &missing, error);
    finish(&walk);
    return ok;
}
