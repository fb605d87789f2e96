/* views: the documentation of what people may ask in SQL (views.h). */
#include "views.h"

#include <stddef.h>

/* What every view about something of an emulator begins with. */
#define OF_EMULATOR(view)                                                                          \
    {view, "emulator", "path of the emulator, as it was first named"},                             \
        {view, "version", "version of the emulator, as it told it; NULL: it was not asked"},       \
    {                                                                                              \
        view, "identity", "number of the emulator in this file; joins the views"                   \
    }

const CapsViewDoc caps_view_docs[] = {
    {"emulators", NULL, "Every emulator of which something is stored."},
    {"emulators", "identity", "number of the emulator in this file; joins the views"},
    {"emulators", "emulator", "path of the emulator, as it was first named"},
    {"emulators", "kind", "qemu or vitrine; NULL: it never answered"},
    {"emulators", "version", "as it told it; NULL: it was not asked"},
    {"emulators", "hash", "SHA-256 of all that makes it this emulator"},
    {"emulators", "first_seen", "when it was first named, UTC"},

    {"answers", NULL, "Every stored answer, be it a refusal."},
    OF_EMULATOR("answers"),
    {"answers", "command", "what was asked"},
    {"answers", "arguments", "JSON object: with which arguments"},
    {"answers", "inputs", "JSON object: what the answer read, and its value"},
    {"answers", "reason", "one word; NULL: it is an answer"},
    {"answers", "message", "why there is none, in words; NULL: it is an answer"},
    {"answers", "asked", "when the emulator said it, UTC"},
    {"answers", "expires", "until when it is believed, UTC; NULL: while the inputs are the same"},
    {"answers", "reply_bytes", "length of the reply as JSON"},
    {"answers", "value", "the reply, JSON; NULL: there is a reason"},

    {"quarantined", NULL, "Questions that kill an emulator, and are not asked again."},
    OF_EMULATOR("quarantined"),
    {"quarantined", "command", "the question"},
    {"quarantined", "arguments", "JSON object: its arguments"},
    {"quarantined", "reason", "how it died, in one word"},
    {"quarantined", "evidence", "its last words"},
    {"quarantined", "seen", "when, UTC"},

    {"items", NULL,
     "The elements of every reply that is a list of objects; other views are of it."},
    OF_EMULATOR("items"),
    {"items", "command", "what was asked"},
    {"items", "arguments", "JSON object: with which arguments"},
    {"items", "inputs", "JSON object: what the answer read, and its value"},
    {"items", "item", "one element, JSON"},

    {"machines", NULL, "Machine types."},
    OF_EMULATOR("machines"),
    {"machines", "name", "of the machine"},
    {"machines", "alias", "another name for it, or NULL"},
    {"machines", "is_default", "1: it is taken when none is named"},
    {"machines", "deprecated", "1: it is to go"},
    {"machines", "cpu_max", "the most CPUs it can have"},
    {"machines", "hotpluggable_cpus", "1: CPUs can be plugged while it runs"},
    {"machines", "default_cpu", "CPU type it has when none is named, or NULL"},

    {"device_types", NULL, "Types of devices."},
    OF_EMULATOR("device_types"),
    {"device_types", "name", "of the type"},
    {"device_types", "parent", "the type it is made from; NULL of a vitrine"},
    {"device_types", "doc", "what it is; NULL of a QEMU"},

    {"cpu_models", NULL, "Models of CPUs."},
    OF_EMULATOR("cpu_models"),
    {"cpu_models", "name", "of the model"},
    {"cpu_models", "type", "its device type, or NULL"},
    {"cpu_models", "alias_of", "the model that it is another name of, or NULL"},
    {"cpu_models", "deprecated", "1: it is to go"},
    {"cpu_models", "migration_safe", "1: it is the same on every host"},

    {"accelerators", NULL,
     "Accelerators that are built in; whether they can be used is another "
     "question."},
    OF_EMULATOR("accelerators"),
    {"accelerators", "name", "of the accelerator"},

    {"bus_types", NULL, "Types of buses, of a QEMU."},
    OF_EMULATOR("bus_types"),
    {"bus_types", "name", "of the type"},
    {"bus_types", "parent", "the type it is made from"},

    {"commands", NULL, "QMP commands."},
    OF_EMULATOR("commands"),
    {"commands", "name", "of the command"},

    {"options", NULL, "Options of the command line that a QEMU tells, a row for each parameter."},
    OF_EMULATOR("options"),
    {"options", "name", "of the option, without its dash"},
    {"options", "parameter", "of the option"},
    {"options", "type", "of the parameter"},
    {"options", "default_value", "JSON, or NULL"},
    {"options", "doc", "what it is for, or NULL"},

    {"properties", NULL, "Properties of device types, with the defaults of the type."},
    OF_EMULATOR("properties"),
    {"properties", "device_type", "the type that has it"},
    {"properties", "name", "of the property"},
    {"properties", "type", "as the emulator names it"},
    {"properties", "default_value", "JSON, or NULL; a machine may have another"},
    {"properties", "doc", "what it is for, or NULL"},

    {"machine_options", NULL, "Options of machines (-machine NAME,option=value)."},
    OF_EMULATOR("machine_options"),
    {"machine_options", "machine", "the machine that has it"},
    {"machine_options", "name", "of the option"},
    {"machine_options", "type", "as the emulator names it"},
    {"machine_options", "default_value", "JSON, or NULL"},
    {"machine_options", "doc", "what it is for, or NULL"},

    {"slots", NULL,
     "Places for devices on the buses of machines, a row for each set of places that are alike; of "
     "the machines that were asked for (capsdb update --machines asks for all)."},
    OF_EMULATOR("slots"),
    {"slots", "machine", "the machine that has it"},
    {"slots", "inputs", "JSON object: what the answer read, options of the machine among it"},
    {"slots", "bus", "id of the bus"},
    {"slots", "bus_type", "its type"},
    {"slots", "places", "the set in text, as 01-1f.0-7"},
    {"slots", "count", "how many places it has"},
    {"slots", "state", "free, taken or reserved"},
    {"slots", "device", "the device that is there, or NULL"},
    {"slots", "hot_plug", "yes, no or unknown: whether a device can go there while it runs"},
    {"slots", "cold_plug", "the same before it runs"},

    {"cpu_slots", NULL, "Places for CPUs of machines, of those that were asked for."},
    OF_EMULATOR("cpu_slots"),
    {"cpu_slots", "machine", "the machine that has it"},
    {"cpu_slots", "inputs", "JSON object: what the answer read"},
    {"cpu_slots", "slot", "number of the place, from 0"},
    {"cpu_slots", "type", "the CPU type that goes there"},
    {"cpu_slots", "socket", "where it is, or NULL; so the next"},
    {"cpu_slots", "die", "in the socket"},
    {"cpu_slots", "cluster", "in the die"},
    {"cpu_slots", "core", "in the cluster"},
    {"cpu_slots", "thread", "in the core"},
    {"cpu_slots", "state", "free or taken"},
    {"cpu_slots", "hot_plug", "yes or no: whether a CPU can go there while it runs"},

    {"machine_devices", NULL, "Devices that machines have by themselves, of those asked for."},
    OF_EMULATOR("machine_devices"),
    {"machine_devices", "machine", "the machine that has it"},
    {"machine_devices", "inputs", "JSON object: what the answer read"},
    {"machine_devices", "id", "its id"},
    {"machine_devices", "type", "its type"},
    {"machine_devices", "bus", "id of the bus it sits on"},
    {"machine_devices", "address", "its address there; empty on a bus without addresses"},

    {"machine_buses", NULL, "Buses of machines, of those asked for."},
    OF_EMULATOR("machine_buses"),
    {"machine_buses", "machine", "the machine that has it"},
    {"machine_buses", "inputs", "JSON object: what the answer read"},
    {"machine_buses", "id", "its id"},
    {"machine_buses", "type", "its type"},
    {"machine_buses", "owner", "the device that provides it, or NULL"},

    {NULL, NULL, NULL},
};
