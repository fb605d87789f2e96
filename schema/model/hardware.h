/* hardware: what the builder, the placement and the checks of a hardware tree share. */
#ifndef VITRINE_MODEL_HARDWARE_H
#define VITRINE_MODEL_HARDWARE_H

#include "arena.h"
#include "check.h"
#include "resolve.h"

/* A tree while it is built. */
typedef struct MdlBuild {
    MdlArena *arena;
    MdlResolved resolved;
    MdlHardware *hardware;
    MdlFindings *findings;
    size_t before; /* findings before this build */
} MdlBuild;

/* A finding at a device, at the line of one of its keys (NULL: of the device). */
void mdl_build_find(MdlBuild *build, MdlCheckId check, const MdlDevice *device,
                    const MdlSetting *setting, const char *suggestion, const char *format, ...)
    G_GNUC_PRINTF(6, 7);

/* The part of the machine that brought a device, or NULL for one that no part names. */
const MdlPart *mdl_build_part(const MdlBuild *build, const MdlDevice *device);

/* place.c: regions and addresses of one device, from its part. */
void mdl_place_device(MdlBuild *build, MdlDevice *device, const MdlPart *part);
/* The first free address of a bus as its type orders it. False: there is none. */
bool mdl_place_free(const MdlBuild *build, const MdlBus *bus, MdlAddress *ret_address);
/* Why nothing may be put at an address, or NULL. */
const char *mdl_place_reserved(const MdlBuild *build, const MdlBus *bus, const MdlAddress *address);

/* wires.c: where the interrupts of one device lead, from its part. */
void mdl_wire_device(MdlBuild *build, MdlDevice *device, const MdlPart *part);

/* check.c: every check of the finished tree that its prerequisites allow. */
void mdl_check_hardware(MdlBuild *build);

#endif
