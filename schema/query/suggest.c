/* suggest: see suggest.h. */
#include "suggest.h"

#include <glib.h>
#include <string.h>

#define MAX_WORD 64

/* Least number of letters to insert, delete, change or swap with their neighbour (the restricted
 * Damerau-Levenshtein distance). Both words are at most MAX_WORD long. */
static size_t distance(const char *a, const char *b)
{
    size_t n = strlen(a), m = strlen(b);
    size_t rows[3][MAX_WORD + 1]; /* of the last letter but one, the last, this one */
    size_t *before = rows[0], *last = rows[1], *now = rows[2];
    for (size_t j = 0; j <= m; j++) {
        last[j] = j;
    }
    for (size_t i = 1; i <= n; i++) {
        now[0] = i;
        for (size_t j = 1; j <= m; j++) {
            size_t change = last[j - 1] + (a[i - 1] != b[j - 1]);
            now[j] = MIN(change, MIN(last[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                now[j] = MIN(now[j], before[j - 2] + 1);
            }
        }
        size_t *oldest = before;
        before = last;
        last = now;
        now = oldest;
    }
    return last[m];
}

const char *cmd_suggest(const char *typed, const char *const *known)
{
    const char *best = NULL;
    size_t length = strlen(typed);
    size_t least = MAX(length / 3, 1) + 1;
    for (size_t i = 0; length <= MAX_WORD && known[i]; i++) {
        size_t changes = strlen(known[i]) <= MAX_WORD ? distance(typed, known[i]) : least;
        if (changes < least) {
            least = changes;
            best = known[i];
        }
    }
    return best;
}
