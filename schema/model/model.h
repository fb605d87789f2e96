/* model: declarations, the target of a question, and the hardware tree built for it.
 *
 * Types of devices and buses are constant C tables, generated from schema/devices and schema/buses
 * by the same reader that loads machines at run time (cfg.h). This layer must not know JSON
 * commands, the emulator, files of the host, or the clock: it is given text, and answers with
 * trees. */
#ifndef VITRINE_MODEL_H
#define VITRINE_MODEL_H

#include <glib.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

/* ---- values ---------------------------------------------------------------------------------- */

typedef enum {
    MDL_BOOL, /* on | off */
    MDL_UINT, /* 0 … 2^64-1, within the declared range */
    MDL_SIZE, /* bytes, written with K M G T */
    MDL_ENUM, /* one of the declared words */
    MDL_STR,  /* any text */
} MdlKind;

/* One value. number for BOOL (0, 1), UINT and SIZE; text for ENUM and STR. A STR without a value
 * has text NULL. Text in constant tables is static; in trees it is owned by the tree. */
typedef struct MdlValue {
    MdlKind kind;
    uint64_t number;
    const char *text;
} MdlValue;

const char *mdl_kind_name(MdlKind kind); /* "bool", "uint", … as written in `type =` */
/* The canonical text of a value: on/off, decimal, 128M, the word. Free with g_free. */
char *mdl_value_print(const MdlValue *value);
/* The value as JSON: boolean, integer, string or null. New reference. */
json_t *mdl_value_json(const MdlValue *value);

/* ---- types: constant after the build --------------------------------------------------------- */

typedef enum { MDL_SIDE_GUEST, MDL_SIDE_BACKEND } MdlSide;

/* A property of a device type, or an option of a machine: they are declared alike. */
typedef struct MdlProperty {
    const char *name;
    const char *doc;
    MdlKind kind;
    bool has_default;
    MdlValue default_value;
    uint64_t minimum, maximum; /* of UINT and SIZE, inclusive */
    const char *const *values; /* of ENUM; NULL-terminated */
    MdlSide side;
    bool required; /* must be set by the machine or the person */
} MdlProperty;

typedef enum {
    MDL_REGION_MMIO,   /* the driver answers reads and writes */
    MDL_REGION_RAM,    /* memory the guest may read, write and run */
    MDL_REGION_WINDOW, /* the addresses belong to a bus the device provides */
} MdlRegionKind;

typedef struct MdlRegion {
    const char *name;
    const char *doc;
    MdlRegionKind kind;
    const char *size; /* expression over the device's properties */
} MdlRegion;

typedef struct MdlIrq { /* an interrupt output */
    const char *name;
    const char *doc;
    bool many;   /* one output for each element of the repeated device it is wired to */
    bool shared; /* the line may be one that others, declared alike, use too */
} MdlIrq;

typedef struct MdlProvidedBus {
    const char *name; /* "pcie": the instance is "pcie.0", the next one "pcie.1" */
    const char *type;
    const char *doc;
    const char
        *named; /* what it is called where a person names the owner, "{id}"; NULL: as above */
    bool root;  /* it stands beside the root buses, not below that of its owner */
} MdlProvidedBus;

typedef struct MdlNodeProperty {
    const char *name;  /* of the device-tree property */
    const char *value; /* in the notation of schema/README.md */
    const char *file;  /* where a machine declares it; NULL: part of a type */
    unsigned line;
} MdlNodeProperty;

/* A device-tree node that a device brings. The first of a type is the device's own. */
typedef struct MdlNode {
    const char *path; /* "serial": under the bus's node; "/poweroff": at the root */
    const MdlNodeProperty *properties;
    size_t n_properties;
} MdlNode;

typedef struct MdlDeviceType {
    const char *name;
    const char *doc;
    const char *bus;           /* the family of the bus it sits on */
    const char *const *traits; /* what a bus may accept or reach by; NULL-terminated */
    bool user_creatable;       /* a person may add it; else only machines have it */
    bool hotplug;
    const char *irq_inputs; /* expression over the properties: how many lines; NULL: none */
    const MdlProperty *properties;
    size_t n_properties;
    const MdlRegion *regions;
    size_t n_regions;
    const MdlIrq *irqs;
    size_t n_irqs;
    const MdlProvidedBus *buses;
    size_t n_buses;
    const MdlNode *nodes;
    size_t n_nodes;
} MdlDeviceType;

typedef enum { MDL_RADIX_DECIMAL = 10, MDL_RADIX_HEX = 16 } MdlRadix;

typedef struct MdlField { /* one part of an address */
    const char *name;
    const char *doc;
    MdlRadix radix;
    unsigned digits; /* the text is padded with zeros to this many */
    bool exact;      /* and has to be written with exactly so many */
    uint64_t minimum, maximum;
    uint64_t reach_minimum, reach_maximum; /* what a guest looks at; the rest it cannot use */
    const char *count;    /* expression over the owner's properties: how many values; NULL: all */
    const char *property; /* of the device, by which a person may give this field; NULL: none */
    unsigned bits;        /* of this field where an address is one number; 0: it never is */
    const char *needs;    /* a property that the device at the smallest value must have for others
                             to be beside it; NULL: they are independent */
    uint64_t first;       /* where counting begins */
    bool after_devices;   /* counting begins at the number of devices, not at the smallest value */
} MdlField;

typedef struct MdlReserved {
    const char *address; /* in the bus's text form; a part may be * */
    const char *reason;
    const char *when; /* a property of the provider without which it is not, if that has it; NULL */
    bool blind;       /* it is not seen when a place is looked for, but refused then */
    const char *const *except; /* traits of devices that may have it all the same; NULL: none */
} MdlReserved;

/* What the device must be like that provides a bus of some type. */
typedef struct MdlOwnerRule {
    const char *property;
    uint64_t minimum, maximum;
    const char *reason;
} MdlOwnerRule;

/* Devices that open places below their own: an address goes one field deeper. */
typedef struct MdlHub {
    const char *trait; /* which devices do */
    uint64_t places;
    const char *adds; /* type of such a device that is put into the last free place before anything
                         else can take it; NULL: none */
} MdlHub;

typedef struct MdlBusType {
    const char *name;
    const char *family; /* what devices call it: "pci" for every kind of PCI bus */
    const char *doc;
    const char *separator; /* between the fields of an address in text: "." in 02.0 */
    const char *prefix;    /* before the first: "0x" */
    const MdlField *fields;
    size_t n_fields;
    const MdlReserved *reserved;
    size_t n_reserved;
    const char *const *accepts; /* traits; a device without one of them is refused; empty: all */
    const char *const *refuses; /* traits of devices it does not take, whatever else they are */
    const char *const *reaches; /* traits a guest can use here; empty: all that is accepted */
    const char *const *hides;   /* traits a guest cannot use here, whatever else they are */
    bool hotplug;
    const char *const *order; /* for a device without a full address, the first of these fields that
                                 is not given is counted up; empty: all must be given */
    const char *property;     /* of the device, by which a person may give the address */
    const char *shown;        /* property that shows the address; NULL: the one above */
    uint64_t max_devices;     /* 0: as many as there are addresses */
    bool ranges;  /* an address is a range of bytes (the system bus), so slots are free ranges */
    bool link;    /* the other end of a port: one device, at the smallest address */
    bool inner;   /* it joins the two halves of one device: nobody adds to it */
    bool express; /* devices talk PCI Express here, not conventional PCI */
    const char *const *unique; /* properties of owners, together used once among such buses */
    const char *const *unique_devices; /* properties of devices of which no value is used twice */
    const MdlOwnerRule *owner_rules;
    size_t n_owner_rules;
    const MdlHub *hubs;
    size_t n_hubs;
} MdlBusType;

/* What is known of the kinds of devices and buses of another emulator and cannot be asked of it. A
 * kind is a name of that emulator's; what derives from it is of the kind too. */
typedef struct MdlKindProvides {
    const char *const *by; /* kinds of devices */
    const char *bus, *name, *named;
    uint64_t count;
    bool root;
    /* Properties that are on, and types of devices that are there; empty: always. */
    const char *const *where, *const *unless;
} MdlKindProvides;

typedef struct MdlKindWords { /* words that belong to a kind */
    const char *kind;
    const char *const *words;
} MdlKindWords;

/* What machines with a device of some kind refuse, wherever it would go. */
typedef struct MdlBoard {
    const char *kind;
    const char *const *refuses; /* traits */
    const char *const *off;     /* properties that may not be on */
    const char *reason;
} MdlBoard;

/* Of some devices a machine takes only so many. */
typedef struct MdlLimit {
    const char *trait;
    uint64_t most;
} MdlLimit;

/* How an emulator goes about placing devices. */
typedef struct MdlPlacement {
    const char *name;
    const char *doc;
    bool newest_first; /* which of several buses is looked at first */
    bool fitting;      /* a device goes to a bus that takes it and has a place; else to the first of
                          its family that has not as many devices as it may */
    bool strict;       /* what a guest could not use is refused */
    const char *const *adds; /* types that a manager adds to make room, the first that helps */
    const MdlKindProvides *provides;
    size_t n_provides;
    const MdlKindWords *kinds; /* of buses: one word, our type */
    size_t n_kinds;
    const MdlKindWords *traits; /* of devices */
    size_t n_traits;
    const MdlKindWords *requires; /* properties of devices */
    size_t n_requires;
    const MdlKindWords *replaces; /* a default device of the type makes way for these */
    size_t n_replaces;
    const MdlBoard *boards;
    size_t n_boards;
    const MdlLimit *limits;
    size_t n_limits;
} MdlPlacement;

typedef struct MdlAccelerator {
    const char *name;
    const char *doc;
    bool runs;                /* CPUs execute */
    const char *const *archs; /* empty: every one */
    uint64_t max_cpus;
    const MdlProperty *options;
    size_t n_options;
} MdlAccelerator;

/* The tables generated from schema/, NULL-terminated and sorted by name. */
extern const MdlDeviceType *const mdl_device_types[];
extern const MdlBusType *const mdl_bus_types[];
extern const MdlAccelerator *const mdl_accelerators[];
extern const MdlPlacement *const mdl_placements[];

/* A set of device types that is known only at run time: another emulator's. */
typedef struct MdlTypes MdlTypes;
MdlTypes *mdl_types_new(void);
void mdl_types_free(MdlTypes *types);
/* Adds a copy; what it points to must be in static memory or from mdl_types_strdup and
 * mdl_types_alloc. A second type of one name is ignored. */
void mdl_types_add(MdlTypes *types, const MdlDeviceType *type);
char *mdl_types_strdup(MdlTypes *types, const char *text);
void *mdl_types_alloc(MdlTypes *types, size_t size);
const MdlDeviceType *mdl_types_find(const MdlTypes *types, const char *name); /* NULL: none such */
size_t mdl_types_count(const MdlTypes *types);
const MdlDeviceType *mdl_types_at(const MdlTypes *types, size_t index); /* as they were added */

const MdlDeviceType *mdl_device_type_find(const char *name); /* NULL: none such */
const MdlBusType *mdl_bus_type_find(const char *name);
const MdlAccelerator *mdl_accelerator_find(const char *name);
const MdlPlacement *mdl_placement_find(const char *name);
bool mdl_device_type_has_trait(const MdlDeviceType *type, const char *trait);

/* ---- findings -------------------------------------------------------------------------------- */

/* One thing wrong with a declaration or a target. Everything found is reported, in order. */
typedef struct MdlFinding {
    const char *class_name; /* "SlotTaken", "OutOfRange", …: the class of the check, static */
    char *rule;             /* name of the check that fired */
    char *place;            /* "virt-1.0: device serial0", "options.aclint" */
    char *file;             /* of the declaration at fault, or NULL */
    unsigned line;          /* 0: none */
    char *message;
    char *suggestion; /* or NULL */
} MdlFinding;

typedef struct MdlFindings MdlFindings;
MdlFindings *mdl_findings_new(void);
void mdl_findings_free(MdlFindings *findings);
size_t mdl_findings_count(const MdlFindings *findings);
const MdlFinding *mdl_findings_at(const MdlFindings *findings, size_t index);
/* "file:line: place: message (rule); suggestion", a line each. Free with g_free. */
char *mdl_findings_print(const MdlFindings *findings);

/* ---- what a question is about ---------------------------------------------------------------- */

/* A device that a person adds: everything but the type may be left open. */
typedef struct MdlLooseDevice {
    char *type;
    char *id;              /* NULL: one is made up */
    char *bus;             /* NULL: the first that fits and has a free place */
    char *address;         /* NULL: the first free one */
    GPtrArray *properties; /* char *: name, value, name, value, … */
    bool added;            /* by a planner, not by a person */
    bool numeric_address;  /* a property that is an address was given as a number, not as text */
} MdlLooseDevice;

MdlLooseDevice *mdl_loose_device_new(const char *type);
MdlLooseDevice *mdl_loose_device_copy(const MdlLooseDevice *device);
void mdl_loose_device_free(MdlLooseDevice *device);

/* As the person gave it: an absent member takes the machine's default. */
typedef struct MdlTarget {
    char *machine;       /* NULL: the machine-independent answer */
    char *accel;         /* NULL: the default */
    GHashTable *options; /* name -> text, in the words given (char * -> char *) */
    char *cpu;           /* "rv64" or "rv64,property=value" */
    uint64_t cpus, sockets, clusters, cores, threads, max_cpus; /* 0: not given */
    char *memory;                                               /* "512M" */
    bool nodefaults, nodefaults_given;
    GPtrArray *devices; /* MdlLooseDevice *, placed in this order after the machine's own */
} MdlTarget;

MdlTarget *mdl_target_new(void);
MdlTarget *mdl_target_copy(const MdlTarget *target);
void mdl_target_free(MdlTarget *target);
/* The numbers of CPUs that are given, as one text: "cpus=4,sockets=2". NULL: none. g_free. */
char *mdl_target_smp(const MdlTarget *target);

/* Records the devices that a target adds. */
typedef struct MdlTrace MdlTrace;
void mdl_target_read_devices(const MdlTarget *target, MdlTrace *trace);

/* An input of an answer. value: after defaults and aliases, canonical. given: the words of the
 * caller, NULL when the default was used. read: it was looked at; one that was given, found valid
 * and not read cannot change the answer. */
typedef struct MdlInput {
    char
        *name; /* "machine", "machine.file", "accel", "options.aclint", "cpu", "smp", "memory", … */
    char *given;
    char *value;
    bool read;
} MdlInput;

/* The record of what was read: what an answer depends on. */
MdlTrace *mdl_trace_new(void);
void mdl_trace_free(MdlTrace *trace);
/* Records once per name; accept without read is overruled by a read. trace may be NULL. */
void mdl_trace_read(MdlTrace *trace, const char *name, const char *given, const char *value);
void mdl_trace_accept(MdlTrace *trace, const char *name, const char *given, const char *value);
size_t mdl_trace_count(const MdlTrace *trace);
const MdlInput *mdl_trace_at(const MdlTrace *trace, size_t index); /* sorted by name */

/* ---- machines -------------------------------------------------------------------------------- */

typedef struct MdlCatalog MdlCatalog; /* all machines that are known, embedded and a person's own */
typedef struct MdlMachine
    MdlMachine; /* one, its layers laid over each other; owned by the catalog */

/* The embedded machines. Never fails: the build has checked them. */
MdlCatalog *mdl_catalog_new(void);
void mdl_catalog_free(MdlCatalog *catalog);

/* The text of a declaration file; file is what findings call it. Borrowed. */
typedef struct MdlSource {
    const char *file;
    const char *text;
    size_t length;
} MdlSource;

/* Adds machine and VM files, which may extend each other in any order. False: findings say why, and
 * the catalog is as it was. */
bool mdl_catalog_add(MdlCatalog *catalog, const MdlSource *sources, size_t n_sources,
                     MdlFindings *findings);
/* Checks one file of any kind: [device], [bus] and [accelerator] types by themselves, machines and
 * VMs with the hardware they make of their defaults. False: findings say what is wrong. */
bool mdl_catalog_check(const MdlSource *sources, size_t n_sources, MdlFindings *findings);
/* By full name ("virt-1.0") or by alias ("virt": its newest version). NULL: none such. */
const MdlMachine *mdl_catalog_find(const MdlCatalog *catalog, const char *name);
/* The full names of all machines, sorted, NULL-terminated; borrowed until something is added. */
const char *const *mdl_catalog_names(const MdlCatalog *catalog);

/* What a machine says of itself without a target. All borrowed. */
typedef struct MdlMachineInfo {
    const char *full_name, *name, *version, *arch, *doc;
    const char *deprecated;       /* why, or NULL */
    bool alias;                   /* name means this version */
    bool vm;                      /* a person's own, over another machine */
    const char *accel;            /* default accelerator */
    const char *const *cpu_types; /* the first is the default */
    uint64_t default_cpus, max_cpus;
    uint64_t default_memory, min_memory, max_memory, memory_align;
    const char *const *layers; /* full names, lowest first, itself last */
    const char *minimal_layer; /* what nodefaults leaves, or NULL: no difference */
    const char *hash;          /* SHA-256 of a person's own files; NULL: embedded */
} MdlMachineInfo;

/* What there is to say of a machine; the parts are the catalog's. */
MdlMachineInfo mdl_machine_info(const MdlCatalog *catalog, const MdlMachine *machine);

/* An option as the machine has it. changes: ids of devices whose presence, number, place or
 * properties name it in an expression; NULL-terminated. */
typedef struct MdlOptionInfo {
    const MdlProperty *property;
    const char *layer;
    bool minimal; /* still there with nodefaults */
    const char *const *changes;
} MdlOptionInfo;

/* The options in the order of their declaration, those of the lowest layer first. */
size_t mdl_machine_n_options(const MdlMachine *machine);
MdlOptionInfo mdl_machine_option_at(const MdlMachine *machine, size_t index);

/* Whether the minimal layer alone is asked for; a VM's file may say so too. Recorded as read. */
bool mdl_target_nodefaults(const MdlMachine *machine, const MdlTarget *target, MdlTrace *trace);

/* ---- the hardware tree ----------------------------------------------------------------------- */

typedef struct MdlDevice MdlDevice;
typedef struct MdlBus MdlBus;

#define MDL_MAX_FIELDS 6

typedef struct MdlAddress {
    uint64_t fields[MDL_MAX_FIELDS]; /* as the bus type declares them */
} MdlAddress;

typedef struct MdlSpan { /* all integers from first to last */
    uint64_t first, last;
} MdlSpan;

struct MdlBus {
    const char *id; /* "system", "cpus", "pcie.0" */
    const MdlBusType *type;
    MdlDevice *owner;               /* NULL: a root bus */
    MdlSpan fields[MDL_MAX_FIELDS]; /* the values each field of an address has here */
    bool hotplug;                   /* devices may come and go: the type's word, or what was seen */
    const MdlReserved *reserved;    /* the type's, then those of the machine */
    size_t n_reserved;
    GPtrArray *devices; /* MdlDevice *, in tree order */
    const char *node;   /* device-tree path of its node, for root buses; NULL: the owner's */
};

typedef struct MdlPlacedRegion {
    const MdlRegion *region;
    uint64_t base, size; /* bytes on the system bus */
} MdlPlacedRegion;

typedef struct MdlWire { /* one interrupt output and where it leads */
    const MdlIrq *irq;
    unsigned output; /* 0, or the element of a `many` output */
    MdlDevice *to;
    unsigned line;
} MdlWire;

/* What brought a device: a [device] group, the machine's [cpus] or [memory], or the person. */
typedef enum { MDL_MADE_DEVICE, MDL_MADE_CPU, MDL_MADE_MEMORY, MDL_MADE_LOOSE } MdlMade;

struct MdlDevice {
    const char *id;
    bool named; /* a person chose the id */
    bool added; /* nobody asked for it: a hub, or what a planner puts in */
    MdlMade made;
    const MdlDeviceType *type;
    MdlBus *bus; /* where it sits */
    MdlAddress address;
    unsigned index;           /* of a repeated device; else 0 */
    MdlValue *properties;     /* one for each of type->properties, in that order */
    MdlPlacedRegion *regions; /* one for each of type->regions */
    GArray *wires;            /* MdlWire, outputs in declared order */
    uint64_t n_inputs;        /* interrupt input lines */
    MdlBus **buses;           /* one for each of type->buses */
    const char *file;         /* where it is declared */
    unsigned line;
    const char *layer; /* the machine layer that brought it */
};

/* What a machine's version pins for all devices of a type. */
typedef struct MdlTypeDefault {
    const char *type, *property, *value;
    const char *file; /* where it is declared */
    unsigned line;
} MdlTypeDefault;

typedef struct MdlKeptSlot {
    const char *bus, *address, *reason;
    const char *file;
    unsigned line;
} MdlKeptSlot;

/* The precise hardware of one target: everything resolved, nothing to look up elsewhere. Constant
 * once built. */
typedef struct MdlHardware {
    const char *machine; /* full name */
    const char *arch;
    const MdlBoard *const *boards;  /* those that hold; NULL-terminated, or NULL: none */
    const MdlTypes *types;          /* what may be added; NULL: what is compiled in */
    const MdlPlacement *placement;  /* how devices that are added find their places */
    const MdlTypeDefault *defaults; /* what this machine says of types' properties */
    size_t n_defaults;
    const MdlKeptSlot *slots; /* places that this machine keeps free */
    size_t n_slots;
    const MdlAccelerator *accel;
    const MdlValue *accel_options; /* by accel->options; no hardware depends on them */
    const char *cpu_type;
    uint64_t cpus, sockets, clusters, cores, threads, max_cpus;
    uint64_t memory;       /* bytes */
    GPtrArray *root_buses; /* MdlBus * */
    GPtrArray *devices;    /* MdlDevice *, in tree order: an owner before what sits on its buses */
    GPtrArray *buses;      /* MdlBus *, in the order in which they are looked at for a place */
    GHashTable *by_id;     /* id -> the first MdlDevice of it */
    const MdlNode *nodes;  /* of the machine itself: "/", "/soc" */
    size_t n_nodes;
} MdlHardware;

/* Builds the hardware of a target. Every check runs that its prerequisites allow, every finding is
 * reported; NULL exactly when a finding was. trace: what was read (may be NULL). The tree keeps no
 * pointer into target; it does keep pointers into the catalog, which must outlive it. */
MdlHardware *mdl_hardware_build(const MdlCatalog *catalog, const MdlTarget *target, MdlTrace *trace,
                                MdlFindings *findings);

/* What of the hardware a question looks at; the rest is not built, and what only the rest depends
 * on is not read. A target that adds devices is always built whole. */
typedef enum {
    MDL_NEED_NOTHING = 0, /* the target is checked, and there are the root buses */
    MDL_NEED_CPUS = 1 << 0,
    MDL_NEED_MEMORY = 1 << 1,
    MDL_NEED_DEVICES = 1 << 2, /* they are wired to CPUs: only with the two above */
    MDL_NEED_HEAD = 1 << 3,    /* accel, cpu_type, memory and the numbers of CPUs are read */
    MDL_NEED_TREE =
        MDL_NEED_CPUS | MDL_NEED_MEMORY | MDL_NEED_DEVICES, /* every device, every bus */
    MDL_NEED_ALL = MDL_NEED_TREE | MDL_NEED_HEAD,
} MdlNeed;

/* Builds a part of the hardware of a target, as mdl_hardware_build does the tree. */
MdlHardware *mdl_hardware_build_part(const MdlCatalog *catalog, const MdlTarget *target,
                                     unsigned needs, MdlTrace *trace, MdlFindings *findings);
void mdl_hardware_free(MdlHardware *hardware);

/* Says which rules of boards hold: NULL-terminated, memory of the types. */
void mdl_import_boards(MdlHardware *hardware, const MdlBoard *const *boards);

/* The types that may be added to the hardware, by name or one after the other; NULL: none, no more.
 */
const MdlDeviceType *mdl_hardware_type(const MdlHardware *hardware, const char *name);
const MdlDeviceType *mdl_hardware_type_at(const MdlHardware *hardware, size_t index);

/* A tree of another emulator, from what is known of it. Its names are copied; types must outlive
 * it. Buses in the order in which that emulator looks at them. */
MdlHardware *mdl_hardware_import(const char *machine, const char *arch,
                                 const MdlPlacement *placement, const MdlTypes *types);
/* owner: NULL for a root bus. fields: NULL: as the type and the owner say. */
MdlBus *mdl_import_bus(MdlHardware *hardware, const char *id, const MdlBusType *type,
                       MdlDevice *owner);
/* address may be NULL: the bus has none, or it is not known. number: of a property that counts. */
MdlDevice *mdl_import_device(MdlHardware *hardware, const char *id, const MdlDeviceType *type,
                             MdlBus *bus, const MdlAddress *address);
/* Sets a property of an imported device from text; what does not fit is left at the default. */
void mdl_import_property(MdlHardware *hardware, MdlDevice *device, const char *name,
                         const char *text);

/* How devices are added to a tree that is there. */
typedef enum {
    MDL_PLACE_COLD, /* before the machine starts */
    MDL_PLACE_HOT,  /* while it runs: types and buses must allow it */
} MdlPlaceWhen;

/* Adds devices (MdlLooseDevice) to a copy of a tree, each at the place that the tree's placement
 * gives it, in their order. Every finding is reported; NULL exactly when one was. unusable: what is
 * accepted but cannot be used by a guest, where the placement accepts such; may be NULL. The copy
 * needs of the base only what that itself needs: the catalog, and the types. */
MdlHardware *mdl_hardware_place(const MdlHardware *base, const GPtrArray *devices,
                                MdlPlaceWhen when, MdlFindings *findings, MdlFindings *unusable);
/* A copy without one device, which provides no bus that others are on. */
MdlHardware *mdl_hardware_without(const MdlHardware *base, const char *id);

/* The list as a manager would give it: devices that can be plugged are put where they can come and
 * go, and ports and controllers that are missing before them; then ports until there are so many
 * free places for devices of a type, or if that is NULL like the first that can. Of MdlLooseDevice;
 * free with g_ptr_array_unref. What cannot be helped is as it was. */
GPtrArray *mdl_devices_manage(const MdlHardware *base, const GPtrArray *devices, uint64_t reserve,
                              const MdlDeviceType *like);
/* How many more devices of a type fit on a bus that takes them, at most `most`. */
uint64_t mdl_bus_room(const MdlHardware *hardware, const MdlBus *bus, const MdlDeviceType *type,
                      uint64_t most);
/* The type that a manager adds for one bus more that takes devices of a type. NULL: none known. */
const char *mdl_hardware_provider(const MdlHardware *hardware, const MdlDeviceType *type,
                                  bool hotplug);

/* What a property is on a machine before a device says otherwise. */
typedef struct MdlDefault {
    MdlValue value;
    bool set; /* there is one */
} MdlDefault;

/* The default of each property of a device type as the machine of the target has it, in the order
 * of type->properties. NULL: findings say why. Text is borrowed from the catalog and the
 * declarations; free the array with g_free. */
MdlDefault *mdl_machine_defaults(const MdlCatalog *catalog, const MdlTarget *target,
                                 const MdlDeviceType *type, MdlTrace *trace, MdlFindings *findings);

/* The value of an option of the accelerator, which is an enum or a text; NULL: it has none such. */
const char *mdl_hardware_accel_option(const MdlHardware *hardware, const char *name);
/* A device or a bus of the tree by its id; NULL: none such. */
const MdlDevice *mdl_hardware_device(const MdlHardware *hardware, const char *id);
const MdlBus *mdl_hardware_bus(const MdlHardware *hardware, const char *id);
/* A property by name; asserts that the type declares it. */
const MdlValue *mdl_device_property(const MdlDevice *device, const char *name);

/* Whether a bool property is declared and on. */
bool mdl_device_has(const MdlDevice *device, const char *name);
bool mdl_device_lacks(const MdlDevice *device, const char *name); /* declared and off */

/* Whether the bus takes devices of the type, and whether a guest can use them there; by traits. */
bool mdl_bus_accepts(const MdlBus *bus, const MdlDeviceType *type);
bool mdl_bus_reaches(const MdlBus *bus, const MdlDeviceType *type);
/* Whether it has as many devices as it may. */
bool mdl_bus_is_full(const MdlBus *bus);

/* Address to text and back, as the bus type says ("02.0"). Free with g_free. */
char *mdl_field_print(const MdlField *field, uint64_t value); /* one of its numbers */
char *mdl_address_print(const MdlBusType *type, const MdlAddress *address);
bool mdl_address_parse(const MdlBusType *type, const char *text, MdlAddress *ret_address,
                       char **ret_why);
/* A pattern is an address in which a field may be *, as reserved addresses are written. Whether it
 * is well formed (ret_why with g_free), and whether an address is one that it means. */
bool mdl_address_check(const MdlBusType *type, const char *pattern, char **ret_why);
bool mdl_address_matches(const MdlBusType *type, const char *pattern, const MdlAddress *address);
/* Its fields, and which of them are *; room for MDL_MAX_FIELDS. False: it is not well formed. */
bool mdl_address_pattern(const MdlBusType *type, const char *pattern, MdlAddress *ret_address,
                         bool *ret_any);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(MdlFindings, mdl_findings_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MdlTarget, mdl_target_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MdlLooseDevice, mdl_loose_device_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MdlTrace, mdl_trace_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MdlCatalog, mdl_catalog_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MdlHardware, mdl_hardware_free)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(MdlTypes, mdl_types_free)

#endif
