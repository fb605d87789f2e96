/* keyval: QEMU's notation for the argument of an option: "virt,aclint=on,pcie=off".
 *
 * A comma in a value is written twice. The first part may leave its key out. "server" alone means
 * server=on and "noserver" is not known. Each pair is to be taken once; what is left over was not
 * understood. */
#ifndef VITRINE_EMULATOR_KEYVAL_H
#define VITRINE_EMULATOR_KEYVAL_H

#include <api.h>

typedef struct EmuKeyval EmuKeyval;

/* first_key: of the first part if it has none; NULL: it must have one. NULL: error. */
EmuKeyval *emu_keyval_parse(const char *text, const char *first_key, GError **error);
void emu_keyval_free(EmuKeyval *keyval);

/* The value, borrowed; NULL: not there. Marks it as taken. */
const char *emu_keyval_take(EmuKeyval *keyval, const char *key);
/* The same as on/off (true/false, yes/no). Leaves ret_value alone if it is not there. */
bool emu_keyval_take_bool(EmuKeyval *keyval, const char *key, bool *ret_value, GError **error);
/* The next pair not taken, in order; false: none is left. Marks it as taken. */
bool emu_keyval_take_any(EmuKeyval *keyval, const char **ret_key, const char **ret_value);
/* False: something is left; the error names it and what is known. */
bool emu_keyval_finish(EmuKeyval *keyval, const char *known, GError **error);

/* ---- as JSON --------------------------------------------------------------------------------- */

/* The argument of an option as an object of the type: JSON if it begins with {, else pairs whose
 * keys have dots where there is an object inside. Members that the type has not stay text, for its
 * reader to refuse. NULL: error. */
json_t *emu_keyval_json(const char *text, const char *first_key, const ApiTypeInfo *type,
                        GError **error);
/* Sets "a.b.c" of an object; takes the value. False: something else is there. */
bool emu_json_set(json_t *object, const char *path, json_t *value, GError **error);
/* An object whose values are text, with what the type wants in their place. Takes it. */
json_t *emu_json_typed(const ApiTypeInfo *type, json_t *object);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(EmuKeyval, emu_keyval_free)

#endif
