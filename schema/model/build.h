/* build: what the parts of the builder of a hardware tree share. */
#ifndef VITRINE_MODEL_BUILD_H
#define VITRINE_MODEL_BUILD_H

#include "arena.h"
#include "check.h"
#include "resolve.h"

/* A tree while it is built. */
typedef struct MdlBuild {
    MdlArena *arena;
    MdlResolved resolved;
    MdlHardware *hardware;
    MdlFindings *findings;
    size_t before;         /* findings before this build */
    bool whole;            /* every device is made, so a reference to none is wrong */
    GPtrArray *made_parts; /* settings of made-up parts, freed with the build */
    GHashTable *parts;     /* MdlDevice * -> the MdlPart of the machine that brought it */
} MdlBuild;

/* What a device is made from. */
typedef struct MdlOrigin {
    const MdlPart *part; /* its keys */
    const MdlDeviceType *type;
    const char *bus; /* NULL: the first of the right family */
    const char *id;  /* lives as long as the tree */
    unsigned index;
    MdlMade made;
} MdlOrigin;

/* Adds a device with its properties, the sizes of its regions and the buses it provides; it has no
 * place yet. Its bus is NULL, with a finding, when there is none. */
MdlDevice *mdl_build_add(MdlBuild *build, const MdlOrigin *origin);
/* A part that no file has, for what the target gives: name, value, name, value, …, NULL. */
MdlPart *mdl_build_make_part(MdlBuild *build, const char *const *pairs);
/* That a made-up part holds only properties of the type, and values that fit them. */
bool mdl_build_check_given(MdlBuild *build, const char *what, MdlCheckId check,
                           const MdlDeviceType *type, const MdlPart *part);

/* loose.c: the devices that the target adds, in its order. */
void mdl_build_add_loose(MdlBuild *build);

/* tree.c: an empty tree, and the memory that lives as long as it. */
MdlHardware *mdl_hardware_new(MdlArena **ret_arena);

/* devices.c */
MdlBus *mdl_build_add_bus(MdlBuild *build, const char *id, const char *type, MdlDevice *owner);
/* A finding at a device, at the line of one of its keys (NULL: of the device). */
void mdl_build_find(MdlBuild *build, MdlCheckId check, const MdlDevice *device,
                    const MdlSetting *setting, const char *suggestion, const char *format, ...)
    G_GNUC_PRINTF(6, 7);

/* The [device] group that brought a device; NULL: CPUs, memory and what a person adds. */
const MdlPart *mdl_build_part(const MdlBuild *build, const MdlDevice *device);

/* place.c: regions and addresses of one device, from its part. */
void mdl_place_device(MdlBuild *build, MdlDevice *device, const MdlPart *part);
/* The first free address of a bus as its type orders it. False: there is none. */
bool mdl_place_free(const MdlBus *bus, MdlAddress *ret_address);
/* Why nothing may be put at an address, or NULL. */
const char *mdl_place_reserved(const MdlBus *bus, const MdlAddress *address);

/* wires.c: where the interrupts of one device lead, from its part. */
void mdl_wire_device(MdlBuild *build, MdlDevice *device, const MdlPart *part);

/* check.c: every check of the finished tree that its prerequisites allow. */
void mdl_check_hardware(MdlBuild *build);

#endif
