/* declare: which groups and keys each kind of declaration file has, and the types read from them.
 *
 * The tables here are the language; schema/README.md is held against them by a test. */
#ifndef VITRINE_MODEL_DECLARE_H
#define VITRINE_MODEL_DECLARE_H

#include "arena.h"
#include "cfg.h"

typedef enum {
    MDL_FILE_DEVICE,      /* [device "TYPE"]: a device type */
    MDL_FILE_PROPERTIES,  /* [properties "NAME"]: properties that several device types have */
    MDL_FILE_BUS,         /* [bus "TYPE"]: a bus type */
    MDL_FILE_ACCELERATOR, /* [accelerator "NAME"] */
    MDL_FILE_PLACEMENT,   /* [placement "NAME"]: how an emulator places devices */
    MDL_FILE_MACHINE,     /* [machine] */
    MDL_FILE_VM,          /* [vm]: a person's layer over a machine */
    MDL_N_FILES
} MdlFileKind;

typedef enum {
    MDL_KEY_TEXT,
    MDL_KEY_NAME,  /* letters, digits and - _ . */
    MDL_KEY_NAMES, /* several, with commas */
    MDL_KEY_YES_NO,
    MDL_KEY_NUMBER,
    MDL_KEY_DIGITS, /* 1 to 20 */
    MDL_KEY_SIZE,   /* a number with K, M, G or T */
    MDL_KEY_RANGE,  /* number..number */
    MDL_KEY_EXPRESSION,
    MDL_KEY_KIND,   /* bool, uint, size, enum or str */
    MDL_KEY_SIDE,   /* guest or backend */
    MDL_KEY_REGION, /* mmio, ram or window */
    MDL_KEY_RADIX,  /* decimal or hex */
    MDL_KEY_WIRE,   /* DEVICE:LINE */
    MDL_N_KEY_FORMS
} MdlKeyForm;

typedef struct MdlKeySpec {
    const char *name; /* "irq.*": any key that begins so */
    MdlKeyForm form;
    bool required;
    const char *doc;
} MdlKeySpec;

typedef struct MdlGroupSpec {
    MdlFileKind file;
    const char *kind;
    const char *name; /* what the quoted name is ("TYPE"); NULL: the group has none */
    const char *doc;
    const MdlKeySpec *keys; /* ends with name NULL */
    const char *free_keys;  /* what any other key is ("a property of the type"); NULL: an error */
} MdlGroupSpec;

extern const MdlGroupSpec
    mdl_group_specs[]; /* ends with kind NULL; first of a file kind: its head */
const char *mdl_key_form_name(MdlKeyForm form);
const char *mdl_file_kind_name(MdlFileKind kind);

/* The kind of a file by its first group; the head groups [device] and [bus] are told from those of
 * machines by standing first. */
bool mdl_declare_kind(const MdlCfg *cfg, MdlFileKind *ret_kind, MdlFindings *findings);
/* Holds each group and key against the tables. False: findings were added. */
bool mdl_declare_check(const MdlCfg *cfg, MdlFileKind kind, MdlFindings *findings);

/* Reads a file, tells its kind and holds it against the tables. NULL: findings were added. */
MdlCfg *mdl_declare_read(const MdlSource *source, MdlFileKind *ret_kind, MdlFindings *findings);

/* Types, from a file that has passed mdl_declare_check. NULL: findings were added. All is owned by
 * the arena. */
const MdlDeviceType *mdl_declare_device(MdlArena *arena, const MdlCfg *cfg, MdlFindings *findings);
/* The properties of a file: a device type's own, or those of a set. */
const MdlProperty *mdl_declare_properties(MdlArena *arena, const MdlCfg *cfg, size_t *ret_n,
                                          MdlFindings *findings);
const MdlBusType *mdl_declare_bus(MdlArena *arena, const MdlCfg *cfg, MdlFindings *findings);
const MdlAccelerator *mdl_declare_accelerator(MdlArena *arena, const MdlCfg *cfg,
                                              MdlFindings *findings);
const MdlPlacement *mdl_declare_placement(MdlArena *arena, const MdlCfg *cfg);
/* What a type must hold beyond the form of its keys; a bus type is checked when it is read. buses:
 * all bus types, NULL-terminated. */
void mdl_declare_check_device(const MdlCfg *cfg, const MdlDeviceType *type,
                              const MdlBusType *const *buses, MdlFindings *findings);
void mdl_declare_check_bus(const MdlCfg *cfg, const MdlBusType *type, MdlFindings *findings);
/* One property or option from its group. False: a finding was added. */
bool mdl_declare_property(MdlArena *arena, const char *file, const MdlCfgGroup *group,
                          MdlProperty *ret_property, MdlFindings *findings);
/* file: where a machine declares it, not copied; NULL: the node is part of a type. */
MdlNode mdl_declare_node(MdlArena *arena, const char *file, const MdlCfgGroup *group);

#endif
