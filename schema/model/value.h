/* value: text to values and back, shared by the parts of the model. */
#ifndef VITRINE_MODEL_VALUE_H
#define VITRINE_MODEL_VALUE_H

#include "model.h"

bool mdl_kind_parse(const char *name, MdlKind *ret_kind);
/* Decimal with an optional K, M, G or T, or hexadecimal after 0x; nothing before or after. False
 * also when it exceeds 2^64-1. */
bool mdl_number_parse(const char *text, uint64_t *ret_number);
/* A number of kind SIZE gets the largest suffix that divides it. Free with g_free. */
char *mdl_number_print(MdlKind kind, uint64_t number);
bool mdl_bool_parse(const char *text, bool *ret_value); /* on, yes, true / off, no, false */
/* Text as the declaration wants it. A STR value borrows text; an ENUM value points into the
 * declaration. False: ret_why is a phrase that follows the name ("must be on or off"), g_free. */
bool mdl_value_parse(const MdlProperty *property, const char *text, MdlValue *ret_value,
                     char **ret_why);

#endif
