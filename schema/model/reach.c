/* reach: what an emulator accepts and a guest cannot use: a device where nothing looks for it. */
#include "build.h"

#include <string.h>

static void tell(MdlBuild *build, MdlFindings *unusable, MdlCheckId check, const MdlDevice *device,
                 const char *suggestion, const char *format, ...) G_GNUC_PRINTF(6, 7);

static void tell(MdlBuild *build, MdlFindings *unusable, MdlCheckId check, const MdlDevice *device,
                 const char *suggestion, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    MdlFindings *refused = build->findings;
    build->findings = build->hardware->placement->strict ? refused : unusable;
    if (build->findings) {
        mdl_build_find(build, check, device, NULL, suggestion, "%s", message);
    }
    build->findings = refused;
}

/* A field of one number that its smallest value has to be taken for. */
static void check_alone(MdlBuild *build, MdlFindings *unusable, const MdlDevice *device, size_t at)
{
    const MdlBus *bus = device->bus;
    for (size_t i = 0; i < bus->devices->len; i++) {
        const MdlDevice *other = g_ptr_array_index(bus->devices, i);
        MdlAddress first = device->address;
        first.fields[at] = bus->type->fields[at].minimum;
        if (memcmp(other->address.fields, first.fields,
                   bus->type->n_fields * sizeof(first.fields[0])) == 0) {
            return;
        }
    }
    g_autofree char *text = mdl_address_print(bus->type, &device->address);
    const MdlField *field = &bus->type->fields[at];
    tell(build, unusable, MDL_CHECK_ADDRESS_ALONE, device, NULL,
         "address %s on bus %s is not looked at while no device has %s %" G_GUINT64_FORMAT
         " beside it",
         text, bus->id, field->name, field->minimum);
}

static void check_device(MdlBuild *build, MdlFindings *unusable, const MdlDevice *device)
{
    const MdlBus *bus = device->bus;
    if (!mdl_bus_reaches(bus, device->type)) {
        g_autofree char *words = g_strjoinv(", ", (char **)bus->type->reaches);
        tell(build, unusable, MDL_CHECK_BUS_REACHES, device, NULL,
             "a guest cannot use a %s on bus %s, of type %s%s%s", device->type->name, bus->id,
             bus->type->name, *words ? ", where it finds what is " : "", words);
    }
    for (size_t i = 0; i < bus->type->n_fields; i++) {
        const MdlField *field = &bus->type->fields[i];
        uint64_t value = device->address.fields[i];
        if (value < field->reach_minimum || value > field->reach_maximum) {
            tell(build, unusable, MDL_CHECK_ADDRESS_REACHED, device, NULL,
                 "a guest looks on bus %s only at %s %" G_GUINT64_FORMAT " to %" G_GUINT64_FORMAT,
                 bus->id, field->name, field->reach_minimum, field->reach_maximum);
        }
        if (field->needs && value != field->minimum) {
            check_alone(build, unusable, device, i);
        }
    }
}

void mdl_check_reach(MdlBuild *build, MdlFindings *unusable)
{
    const MdlHardware *hardware = build->hardware;
    if (mdl_findings_count(build->findings) > build->before) {
        return; /* what is alone may be so because of what was refused */
    }
    for (size_t i = 0; i < hardware->devices->len; i++) {
        const MdlDevice *device = g_ptr_array_index(hardware->devices, i);
        bool asked = hardware->placement->strict || device->made == MDL_MADE_LOOSE;
        if (device->bus && !device->bus->type->ranges && asked) {
            check_device(build, unusable, device);
        }
    }
}
