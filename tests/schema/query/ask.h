/* ask: a question as JSON text in, an answer out; every C test of this folder asks this way. */
#ifndef VITRINE_TESTS_ASK_H
#define VITRINE_TESTS_ASK_H

#include "query.h"

typedef struct Asker {
    MdlCatalog *catalog;
    CmdContext *context;
} Asker;

int asker_open(void **state); /* cmocka's setup and teardown */
int asker_close(void **state);

/* The text of JSON in which ' stands for ". */
json_t *ask_json(const char *text);
/* The answer; NULL arguments are none. Fails the test when there is none. */
json_t *ask(Asker *asker, const char *command, const char *arguments);
json_t *ask_depends(Asker *asker, const char *command, const char *arguments,
                    json_t **ret_depends_on);
/* The error. Fails the test when there is an answer. Free with g_error_free. */
GError *ask_refused(Asker *asker, const char *command, const char *arguments);
/* Asks and holds the error's reason and path (NULL: none) against what is expected. */
void ask_expect_error(Asker *asker, const char *command, const char *arguments, const char *reason,
                      const char *path);
/* The element of an array whose member has that text; borrowed. Fails the test when none has. */
json_t *ask_find(const json_t *array, const char *member, const char *text);
const char *ask_text(const json_t *object, const char *member);
/* The input of that name was read. */
bool ask_has_read(const json_t *depends_on, const char *name);

#endif
