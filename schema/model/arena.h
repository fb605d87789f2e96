/* arena: memory that is freed together, for declarations and trees whose parts share one life. */
#ifndef VITRINE_MODEL_ARENA_H
#define VITRINE_MODEL_ARENA_H

#include <glib.h>

typedef struct MdlArena MdlArena;

MdlArena *mdl_arena_new(void);
void mdl_arena_free(MdlArena *arena);
/* Zeroed memory that lives as long as the arena. */
void *mdl_arena_alloc(MdlArena *arena, size_t size);
char *mdl_arena_strdup(MdlArena *arena, const char *text); /* NULL gives NULL */
char *mdl_arena_printf(MdlArena *arena, const char *format, ...) G_GNUC_PRINTF(2, 3);
/* Takes over memory from g_malloc. */
void *mdl_arena_take(MdlArena *arena, void *memory);
/* The contents of an array as one block, NULL when it is empty; the array itself is freed. */
void *mdl_arena_take_array(MdlArena *arena, GArray *array, size_t *ret_n);
/* A NULL-terminated list of words from text separated by commas. */
const char *const *mdl_arena_words(MdlArena *arena, const char *text);

#define mdl_arena_new0(arena, type) ((type *)mdl_arena_alloc(arena, sizeof(type)))

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MdlArena, mdl_arena_free)

#endif
