/* launch: a target as the arguments of an emulator that takes it on its command line. */
#ifndef VITRINE_CAPSDB_LAUNCH_H
#define VITRINE_CAPSDB_LAUNCH_H

#include <glib.h>
#include <jansson.h>

typedef struct CapsLaunch {
    char *machine; /* the value of -machine, or NULL */
    char **more;   /* further arguments */
} CapsLaunch;

/* target: an object or NULL. Words are escaped, so none of them can become another argument. */
CapsLaunch caps_launch_new(json_t *target);
/* Frees what it holds; the struct is the caller's. */
void caps_launch_done(CapsLaunch *launch);

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC(CapsLaunch, caps_launch_done)

#endif
