/* machine: a machine as its layers, laid over each other, give it.
 *
 * Layers are merged key by key: a group of the same kind and name in a higher layer changes the
 * keys it gives and leaves the others. Each value keeps the file and line it came from. */
#ifndef VITRINE_MODEL_MACHINE_H
#define VITRINE_MODEL_MACHINE_H

#include "arena.h"
#include "cfg.h"
#include "expr.h"

typedef struct MdlSetting { /* one key with its origin */
    const char *key, *value;
    const MdlExpr *expr; /* where the key wants an expression; else NULL */
    const char *file;
    unsigned line;
} MdlSetting;

typedef struct MdlPart { /* one merged group */
    const char *kind, *name;
    const char *layer; /* full name of the machine that brought it */
    const char *file;
    unsigned line;
    bool minimal;        /* stays with nodefaults */
    GPtrArray *settings; /* const MdlSetting *, lower layers first, each key once */
} MdlPart;

typedef struct MdlOption {
    MdlProperty property; /* with this machine's default */
    const char *layer;
    bool minimal;
} MdlOption;

struct MdlMachine {
    MdlArena *arena;
    char *full_name;  /* "virt-1.0" */
    const char *file; /* where its head stands */
    unsigned line;
    const char *name, *version, *arch, *doc, *deprecated, *accel;
    const char *cpu; /* a VM's defaults; NULL and 0: none */
    uint64_t cpus, memory;
    bool nodefaults;
    bool vm;
    const char *hash;       /* SHA-256 of a person's own files in the chain; NULL: embedded only */
    const MdlMachine *base; /* what it extends, or NULL */
    bool is_minimal, has_minimal;
    GPtrArray *parts;   /* MdlPart *, owned here */
    GPtrArray *options; /* const MdlOption *, in declared order */
    GArray *nodes;      /* MdlNode of the machine itself */
};

/* Names of expressions that every machine has; options and devices come on top. */
typedef struct MdlCommonName {
    const char *name;
    MdlKind kind;
    const char *doc;
} MdlCommonName;

extern const MdlCommonName mdl_common_names[]; /* ends with name NULL */

/* Reads the head and merges the layer over its base, which the catalog has found. NULL: findings
 * say why. */
MdlMachine *mdl_machine_read(const MdlCfg *cfg, const MdlMachine *base, bool vm, const char *hash,
                             MdlFindings *findings);
void mdl_machine_free(MdlMachine *machine);

/* Adds machines and VMs. replace: one may take the place of an embedded one, and those that are
 * right stay when others are not; else all are taken or none. names: full names of what was taken
 * (g_free), or NULL. */
bool mdl_catalog_take(MdlCatalog *catalog, const MdlSource *sources, size_t n_sources, bool replace,
                      GPtrArray *names, MdlFindings *findings);

const MdlOption *mdl_machine_option(const MdlMachine *machine, const char *name);
/* The part of that kind and name (NULL for groups without one). NULL: there is none. */
const MdlPart *mdl_machine_part(const MdlMachine *machine, const char *kind, const char *name);
const MdlSetting *mdl_part_setting(const MdlPart *part, const char *key);
const char *mdl_part_value(const MdlPart *part, const char *key); /* part may be NULL */
uint64_t mdl_part_number(const MdlPart *part, const char *key, uint64_t fallback);

/* What kind of thing a name in this machine's expressions is. False: it names nothing. */
bool mdl_machine_describe(const MdlMachine *machine, const char *name, MdlNameInfo *ret_info);

#endif
