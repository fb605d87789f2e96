/* rows: replies as rows that people can query. */
#ifndef VITRINE_CAPSDB_ROWS_H
#define VITRINE_CAPSDB_ROWS_H

#include "store.h"

/* Makes the rows of one reply; most replies have none. arguments and target: objects or NULL. */
bool caps_rows_make(CapsStore *store, int64_t identity, const char *command, json_t *arguments,
                    json_t *target, json_t *value, GError **error);
/* Makes all rows again from the replies that are stored. Call it in a transaction. */
bool caps_rows_remake(CapsStore *store, GError **error);

#endif
