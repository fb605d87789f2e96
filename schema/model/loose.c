/* loose: the devices that a person adds to a machine: type and properties, the place if the person
 * cares. Each goes to the first bus that takes it and has a free place, in the order given. */
#include "build.h"

#include <string.h>

/* "virtio-net-pci.0": a type's name and the first number that is free. */
static const char *make_id(MdlBuild *build, const MdlLooseDevice *loose)
{
    for (unsigned n = 0;; n++) {
        g_autofree char *id = g_strdup_printf("%s.%u", loose->type, n);
        if (!mdl_hardware_device(build->hardware, id)) {
            return mdl_arena_strdup(build->arena, id);
        }
    }
}

static const MdlDeviceType *find_type(MdlBuild *build, const MdlLooseDevice *loose,
                                      const MdlPlace *place)
{
    const MdlDeviceType *type = mdl_device_type_find(loose->type);
    if (!type) {
        mdl_find(build->findings, MDL_CHECK_LOOSE_TYPE, place, NULL,
                 "there is no device type \"%s\"", loose->type);
        return NULL;
    }
    return type;
}

static MdlPart *make_part(MdlBuild *build, const MdlLooseDevice *loose)
{
    g_autoptr(GPtrArray) pairs = g_ptr_array_new();
    g_ptr_array_extend(pairs, loose->properties, NULL, NULL);
    g_ptr_array_add(pairs, NULL);
    return mdl_build_make_part(build, (const char *const *)pairs->pdata);
}

static void add_address(MdlBuild *build, MdlPart *part, const char *address)
{
    MdlSetting *setting = mdl_arena_new0(build->arena, MdlSetting);
    setting->key = "address";
    setting->value = mdl_arena_strdup(build->arena, address);
    g_ptr_array_add(part->settings, setting);
}

static void add_one(MdlBuild *build, const MdlLooseDevice *loose, size_t index)
{
    g_autofree char *what = g_strdup_printf("devices[%zu]", index);
    MdlPlace place = {.what = what};
    size_t before = mdl_findings_count(build->findings);
    if (loose->id && mdl_hardware_device(build->hardware, loose->id)) {
        mdl_find(build->findings, MDL_CHECK_LOOSE_ID, &place, "choose another id",
                 "there is a device \"%s\" already", loose->id);
    }
    const MdlDeviceType *type = find_type(build, loose, &place);
    if (!type) {
        return;
    }
    MdlPart *part = make_part(build, loose);
    mdl_build_check_given(build, what, MDL_CHECK_LOOSE_PROPERTY, type, part);
    if (!type->user_creatable) {
        mdl_find(build->findings, MDL_CHECK_LOOSE_CREATABLE, &place, NULL,
                 "a %s is part of machines and cannot be added", type->name);
    }
    if (mdl_findings_count(build->findings) > before) {
        return;
    }
    if (loose->address) {
        add_address(build, part, loose->address);
    }
    MdlOrigin origin = {.part = part,
                        .type = type,
                        .bus = loose->bus,
                        .id = loose->id ? mdl_arena_strdup(build->arena, loose->id)
                                        : make_id(build, loose),
                        .made = MDL_MADE_LOOSE};
    MdlDevice *device = mdl_build_add(build, &origin);
    if (device->bus) {
        mdl_place_device(build, device, part);
    }
}

static void put_piece(GString *text, const char *before, const char *piece)
{
    if (piece) {
        g_string_append_printf(text, "%s%zu:%s", before, strlen(piece), piece);
    }
}

/* The list as one text, so that it is one input. Lists that differ give texts that differ: a piece
 * that a person chose is preceded by its length. */
static char *print_devices(const GPtrArray *devices)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < devices->len; i++) {
        const MdlLooseDevice *loose = g_ptr_array_index(devices, i);
        put_piece(text, i ? "; " : "", loose->type);
        put_piece(text, " id=", loose->id);
        put_piece(text, " bus=", loose->bus);
        put_piece(text, " address=", loose->address);
        for (size_t p = 0; p + 1 < loose->properties->len; p += 2) {
            put_piece(text, " ", g_ptr_array_index(loose->properties, p));
            put_piece(text, "=", g_ptr_array_index(loose->properties, p + 1));
        }
    }
    return g_string_free(text, FALSE);
}

void mdl_build_add_loose(MdlBuild *build)
{
    const GPtrArray *devices = build->resolved.target->devices;
    if (!devices->len) {
        mdl_trace_read(build->resolved.trace, "devices", NULL, "");
        return;
    }
    g_autofree char *text = print_devices(devices);
    mdl_trace_read(build->resolved.trace, "devices", text, text);
    for (size_t i = 0; i < devices->len; i++) {
        add_one(build, g_ptr_array_index(devices, i), i);
    }
}
