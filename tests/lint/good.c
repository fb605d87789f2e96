/* What the rules let pass: words in comments (printf, virt-1.0) and in strings, tables, prototypes,
 * types, and a line that says why it may. */
#include <stdio.h>

G_DEFINE_QUARK(mdl-error, mdl_error)

struct MdlPlace;
struct MdlPlace {
    int x;
};
enum { MDL_ONE, MDL_TWO };
typedef struct MdlPlace MdlPlace;
extern const int mdl_table[];

static const char *const names[] = {"printf(", "exit", "}"};
static const MdlPlace places[2] = {{.x = 1}, {2}};
static int (*const calls[])(void) = {NULL};
static const MdlPlace *const first = &places[0];
/* lint: mutable-global: filled once, before the first thread */
static int known;

bool mdl_find(const char *const *words, char **ret_word, GError **error);
static void call(void (*back)(int), int value);

static void call(void (*back)(int), int value)
{
    static const char format[] = "%d";
    const char quote = '"';
    char text[8];
    snprintf(text, sizeof(text), format, value + quote);
    MdlOps *ops = mdl_ops();
    ops->exit(value);
    back(value);
}
