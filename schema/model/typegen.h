/* typegen: printing C tables, shared between the files of the build tool. */
#ifndef VITRINE_MODEL_TYPEGEN_H
#define VITRINE_MODEL_TYPEGEN_H

#include "declare.h"

char *typegen_identifier(const char *name);
void typegen_put_text(GString *out, const char *text);
void typegen_put_field(GString *out, const char *field, const char *text);
void typegen_put_words(GString *out, const char *field, const char *const *words);
void typegen_put_number(GString *out, const char *field, uint64_t number);
void typegen_put_bus_type(GString *out, const MdlBusType *type);
void typegen_put_placement(GString *out, const MdlPlacement *placement);

/* An array member and its count; an empty one is left out. */
#define PUT_ARRAY(out, holder, member, type, put_one)                                              \
    do {                                                                                           \
        if ((holder)->n_##member) {                                                                \
            g_string_append(out, "    ." #member " = (const " #type "[]){\n");                     \
            for (size_t i_ = 0; i_ < (holder)->n_##member; i_++) {                                 \
                put_one(out, &(holder)->member[i_]);                                               \
            }                                                                                      \
            g_string_append(out, "    },\n");                                                      \
            typegen_put_number(out, "n_" #member, (holder)->n_##member);                           \
            g_string_append(out, "\n");                                                            \
        }                                                                                          \
    } while (0)

#endif
