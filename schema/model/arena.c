/* arena: see arena.h. Knows nothing of what it holds. */
#include "arena.h"

#include <stdbool.h>

struct MdlArena {
    GPtrArray *blocks;
};

MdlArena *mdl_arena_new(void)
{
    MdlArena *arena = g_new0(MdlArena, 1);
    arena->blocks = g_ptr_array_new_with_free_func(g_free);
    return arena;
}

void mdl_arena_free(MdlArena *arena)
{
    if (!arena) {
        return;
    }
    g_ptr_array_unref(arena->blocks);
    g_free(arena);
}

void *mdl_arena_take(MdlArena *arena, void *memory)
{
    if (memory) {
        g_ptr_array_add(arena->blocks, memory);
    }
    return memory;
}

void *mdl_arena_alloc(MdlArena *arena, size_t size)
{
    return mdl_arena_take(arena, g_malloc0(size));
}

char *mdl_arena_strdup(MdlArena *arena, const char *text)
{
    return mdl_arena_take(arena, g_strdup(text));
}

char *mdl_arena_printf(MdlArena *arena, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    return mdl_arena_take(arena, text);
}

void *mdl_arena_take_array(MdlArena *arena, GArray *array, size_t *ret_n)
{
    *ret_n = array->len;
    bool empty = array->len == 0;
    void *data = g_array_free(array, empty);
    return empty ? NULL : mdl_arena_take(arena, data);
}

const char *const *mdl_arena_words(MdlArena *arena, const char *text)
{
    g_auto(GStrv) parts = g_strsplit(text ? text : "", ",", -1);
    size_t n = g_strv_length(parts), kept = 0;
    const char **words = mdl_arena_alloc(arena, (n + 1) * sizeof(*words));
    for (size_t i = 0; i < n; i++) {
        g_strstrip(parts[i]);
        if (*parts[i]) {
            words[kept++] = mdl_arena_strdup(arena, parts[i]);
        }
    }
    return words;
}
