/* declare_read: how the readers of types take what a group says. The file has passed
 * mdl_declare_check. */
#ifndef VITRINE_MODEL_DECLARE_READ_H
#define VITRINE_MODEL_DECLARE_READ_H

#include "declare.h"

#include <string.h>

bool mdl_declare_yes(const MdlCfgGroup *group, const char *name); /* left out: no */
/* NULL: left out. */
const char *mdl_declare_text(MdlArena *arena, const MdlCfgGroup *group, const char *name);
/* "low..high". False: it is not one. */
bool mdl_declare_range(const char *text, uint64_t *ret_minimum, uint64_t *ret_maximum);

/* Collects, in file order, the groups of one kind after the head into a constant array. */
#define MDL_COLLECT(arena, cfg, kind_name, type, read_one, ret_n)                                  \
    ({                                                                                             \
        GArray *array_ = g_array_new(FALSE, TRUE, sizeof(type));                                   \
        for (size_t i_ = 1; i_ < (cfg)->groups->len; i_++) {                                       \
            const MdlCfgGroup *group_ = g_ptr_array_index((cfg)->groups, i_);                      \
            if (strcmp(group_->kind, kind_name) == 0) {                                            \
                type one_ = read_one(arena, group_);                                               \
                g_array_append_val(array_, one_);                                                  \
            }                                                                                      \
        }                                                                                          \
        mdl_arena_take_array(arena, array_, ret_n);                                                \
    })

#endif
