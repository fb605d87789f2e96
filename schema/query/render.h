/* render: a reply as text that a person reads: tables, trees, names with values. Goes by the tables
 * of the reply's type, so that a new command needs nothing here. */
#ifndef VITRINE_QUERY_RENDER_H
#define VITRINE_QUERY_RENDER_H

#include "api.h"

/* value: what the command returned. width: columns of the terminal, 0 for no limit; lines keep to
 * it unless a single word is wider. Control characters are shown, not sent. Every line ends with a
 * newline. Free with g_free. */
char *cmd_render(const ApiCommandInfo *command, const json_t *value, unsigned width);
/* The same for any type and shape. */
char *cmd_render_value(const ApiTypeInfo *type, ApiShape shape, const json_t *value,
                       unsigned width);
/* Whether a reply answers "no": a check that found something, a verdict. */
bool cmd_reply_is_no(const ApiCommandInfo *command, const json_t *value);
/* What an answer depends on: the array of Input of a reply. */
char *cmd_render_depends_on(const json_t *depends_on, unsigned width);
/* An error with all its findings: the place, the rule and the fix of each, a line each. */
char *cmd_render_error(const GError *error);

#endif
