/* cfg: the text of a declaration file, cut into groups and keys with their lines.
 *
 * Knows the notation and nothing of what the groups mean (declare.h does). */
#ifndef VITRINE_MODEL_CFG_H
#define VITRINE_MODEL_CFG_H

#include "check.h"

#define MDL_CFG_MAX_FILE (1024 * 1024)
#define MDL_CFG_MAX_LINE (8 * 1024)
/* Groups are looked up one by one: these keep a hostile file from costing more than milliseconds.
 */
#define MDL_CFG_MAX_GROUPS 1024
#define MDL_CFG_MAX_KEYS   256

typedef struct MdlCfgKey {
    char *name;
    char *value; /* NULL: a key that stands alone */
    unsigned line;
} MdlCfgKey;

typedef struct MdlCfgGroup {
    char *kind; /* "device" */
    char *name; /* "serial0", or NULL */
    unsigned line;
    GPtrArray *keys; /* MdlCfgKey * in file order, each name once */
} MdlCfgGroup;

typedef struct MdlCfg {
    char *file;        /* what findings call it */
    GPtrArray *groups; /* MdlCfgGroup * in file order */
} MdlCfg;

/* NULL exactly when findings were added; the whole file is read before giving up, unless a limit is
 * reached. */
MdlCfg *mdl_cfg_read(const char *file, const char *text, size_t length, MdlFindings *findings);
void mdl_cfg_free(MdlCfg *cfg);

/* Whether a word can be written without quotes at the beginning of a line. */
bool mdl_cfg_is_bare(const char *word);

/* The key of that name; NULL: not there. */
const MdlCfgKey *mdl_cfg_key(const MdlCfgGroup *group, const char *name);
/* Its value; NULL: not there. */
const char *mdl_cfg_value(const MdlCfgGroup *group, const char *name);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MdlCfg, mdl_cfg_free)

#endif
