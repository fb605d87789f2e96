/* api: finding types and commands by name in the generated tables. */
#include "api_info.h"

#include <string.h>

const ApiTypeInfo *api_type_find(const char *name)
{
    static const ApiTypeInfo *const builtins[] = {&api_type_bool,   &api_type_int, &api_type_uint,
                                                  &api_type_hex,    &api_type_str, &api_type_any,
                                                  &api_type_number, NULL};

    for (const ApiTypeInfo *const *type = builtins; *type != NULL; type++) {
        if (strcmp((*type)->name, name) == 0) {
            return *type;
        }
    }
    for (const ApiTypeInfo *const *type = api_types; *type != NULL; type++) {
        if (strcmp((*type)->name, name) == 0) {
            return *type;
        }
    }
    return NULL;
}

const ApiCommandInfo *api_command_find(const char *name)
{
    for (const ApiCommandInfo *const *command = api_commands; *command != NULL; command++) {
        if (strcmp((*command)->name, name) == 0) {
            return *command;
        }
    }
    return NULL;
}
