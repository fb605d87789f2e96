/* suggest: the word that was probably meant. */
#ifndef VITRINE_QUERY_SUGGEST_H
#define VITRINE_QUERY_SUGGEST_H

/* The word nearest to what was typed, if it is near enough for a slip of the keys: one change in
 * three letters at most. NULL: none is. known ends with NULL. */
const char *cmd_suggest(const char *typed, const char *const *known);

#endif
