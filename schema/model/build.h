/* build: what the parts of the builder of a hardware tree share. */
#ifndef VITRINE_MODEL_BUILD_H
#define VITRINE_MODEL_BUILD_H

#include "arena.h"
#include "check.h"
#include "resolve.h"

/* A tree while it is built, or added to. */
typedef struct MdlBuild {
    MdlArena *arena;
    MdlResolved resolved; /* its machine is NULL where devices are added to a tree that is there */
    MdlHardware *hardware;
    MdlFindings *findings;
    size_t before;         /* findings before this build */
    bool whole;            /* every device is made, so a reference to none is wrong */
    MdlPlaceWhen when;     /* of devices that a person adds */
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

/* Where a device is wanted: what is not given is found. */
typedef struct MdlWish {
    bool any; /* something is given */
    bool given[MDL_MAX_FIELDS];
    MdlAddress address;
    const char *text; /* as it was given, for findings */
    const MdlSetting *setting;
} MdlWish;

/* A device with its properties and the sizes of its regions, not yet part of the tree. */
MdlDevice *mdl_build_make(MdlBuild *build, const MdlOrigin *origin);
/* Makes a device part of the tree, with the buses it provides. */
void mdl_build_adopt(MdlBuild *build, MdlDevice *device);
/* The same for a device on the bus that its origin names, or the first that it fits; its bus is
 * NULL, with a finding, when there is none. It has no place yet. */
MdlDevice *mdl_build_add(MdlBuild *build, const MdlOrigin *origin);
/* A part that no file has, for what the target gives: name, value, name, value, …, NULL. */
MdlPart *mdl_build_make_part(MdlBuild *build, const char *const *pairs);
/* That a made-up part holds only properties of the type, and values that fit them. */
bool mdl_build_check_given(MdlBuild *build, const char *what, MdlCheckId check,
                           const MdlDeviceType *type, const MdlPart *part);

/* loose.c: the devices that the target adds, in its order. */
void mdl_build_add_loose(MdlBuild *build);
/* The same for any list. */
void mdl_build_place_loose(MdlBuild *build, const GPtrArray *devices);
/* A device of a type, by itself, as one that nobody asked for. */
void mdl_build_add_type(MdlBuild *build, const char *type, const char *bus);
/* "add a pcie-root-port": what would bring a bus for the type. NULL: nothing known. g_free. */
char *mdl_build_suggest_owner(const MdlBuild *build, const MdlDeviceType *type);

/* tree.c: an empty tree, and the memory that lives as long as it. */
MdlHardware *mdl_hardware_new(MdlArena **ret_arena);
MdlArena *mdl_hardware_arena(MdlHardware *hardware);
/* A copy that shares only types, the accelerator and the machine with the other; without one device
 * and its buses, or NULL for all, and without what makes way for devices that will be added (of
 * MdlLooseDevice, or NULL). */
MdlHardware *mdl_hardware_copy(const MdlHardware *base, const MdlDevice *without,
                               const GPtrArray *instead, MdlArena **ret_arena);

/* devices.c */
MdlBus *mdl_build_make_bus(MdlBuild *build, const char *id, const MdlBusType *type,
                           MdlDevice *owner); /* not yet part of the tree */
MdlBus *mdl_build_add_bus(MdlBuild *build, const char *id, const char *type, MdlDevice *owner);
/* What a bus is called that a device brings; the same until the device is adopted. */
const char *mdl_build_bus_id(MdlBuild *build, const MdlDevice *owner,
                             const MdlProvidedBus *provided);
/* The value of an expression over the properties of a device. */
uint64_t mdl_build_own_number(MdlBuild *build, MdlDevice *device, const char *text);
/* A finding at a device, at the line of one of its keys (NULL: of the device). */
void mdl_build_find(MdlBuild *build, MdlCheckId check, const MdlDevice *device,
                    const MdlSetting *setting, const char *suggestion, const char *format, ...)
    G_GNUC_PRINTF(6, 7);

/* The [device] group that brought a device; NULL: CPUs, memory and what a person adds. */
const MdlPart *mdl_build_part(const MdlBuild *build, const MdlDevice *device);

/* place.c: the bus for a device, by name or the first; NULL: a finding says why. */
MdlBus *mdl_place_bus(MdlBuild *build, const MdlDevice *device, const MdlSetting *setting,
                      const char *name, const MdlWish *wish);
/* The address as it is written in a setting. */
bool mdl_place_parse(MdlBuild *build, const MdlDevice *device, const MdlSetting *setting,
                     MdlWish *ret_wish);
/* Gives a device that has a bus, and is not yet on it, its address. False: a finding says why. */
bool mdl_place_address(MdlBuild *build, MdlDevice *device, const MdlWish *wish);
/* Regions or address of a device, from its part. */
void mdl_place_device(MdlBuild *build, MdlDevice *device, const MdlPart *part);
/* The first free address of a bus for a device, as the type of the bus orders it. wish may be NULL.
 * False: there is none. */
bool mdl_place_free(const MdlBus *bus, const MdlDeviceType *type, const MdlWish *wish,
                    MdlAddress *ret_address);
/* Why a device may not be put at an address, or NULL. */
const char *mdl_place_reserved(const MdlBus *bus, const MdlDeviceType *type,
                               const MdlAddress *address);

/* wires.c: where the interrupts of one device lead, from its part. */
void mdl_wire_device(MdlBuild *build, MdlDevice *device, const MdlPart *part);

/* check.c: every check of the finished tree that its prerequisites allow. */
void mdl_check_hardware(MdlBuild *build);
/* reach.c: what is accepted and cannot be used by a guest. A strict placement refuses it; else it
 * is reported in unusable, which may be NULL, for devices that a person added. */
void mdl_check_reach(MdlBuild *build, MdlFindings *unusable);

#endif
