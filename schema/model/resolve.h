/* resolve: a target with everything that was left out filled in, and every name of an expression
 * given its value. Reading a value records it. */
#ifndef VITRINE_MODEL_RESOLVE_H
#define VITRINE_MODEL_RESOLVE_H

#include "machine.h"

typedef struct MdlTopology {
    uint64_t cpus, sockets, clusters, cores, threads, max_cpus;
} MdlTopology;

typedef struct MdlResolved {
    MdlArena *arena; /* of the hardware; borrowed */
    const MdlTarget *target;
    const MdlMachine *machine;
    const MdlAccelerator *accel;
    const MdlValue *accel_options; /* by accel->options */
    const MdlDeviceType *cpu;
    const char *cpu_properties; /* "a=b,c=d", or NULL */
    MdlTopology topology;
    uint64_t memory;
    MdlTrace *trace; /* may be NULL */
    uint64_t index;  /* of the repeated device that is being built */
    unsigned depth;  /* of conditions that ask for other devices */
} MdlResolved;

/* False: findings say every thing that is wrong with the target. */
bool mdl_resolve(MdlArena *arena, const MdlCatalog *catalog, const MdlTarget *target,
                 MdlTrace *trace, MdlFindings *findings, MdlResolved *ret_resolved);
/* The scope in which the machine's expressions are evaluated. */
MdlScope mdl_resolved_scope(MdlResolved *resolved);
/* Reading without an expression. */
const MdlAccelerator *mdl_resolved_accel(MdlResolved *resolved);
const MdlTopology *mdl_resolved_topology(MdlResolved *resolved);
uint64_t mdl_resolved_memory(MdlResolved *resolved);
const MdlDeviceType *mdl_resolved_cpu(MdlResolved *resolved);
/* Whether the part takes part: its layer stays, and its `when` holds. False with ret_why set: the
 * condition cannot be evaluated. */
bool mdl_resolved_present(MdlResolved *resolved, const MdlPart *part, char **ret_why);

#endif
