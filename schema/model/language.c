/* language: the tables of the declaration language: kinds of file, groups and keys. See declare.h
 * for what they mean and declare.c for how a file is held against them. */
#include "declare.h"

#define END                                                                                        \
    {                                                                                              \
        NULL, 0, false, NULL                                                                       \
    }

#define PROPERTY_KEYS(needs_default, default_doc)                                                  \
    {"type", MDL_KEY_KIND, true, "Kind of value"},                                                 \
        {"default", MDL_KEY_TEXT, needs_default, default_doc},                                     \
        {"range", MDL_KEY_RANGE, false, "Smallest and largest value of a uint or size"},           \
        {"values", MDL_KEY_NAMES, false, "The words of an enum"},                                  \
    {                                                                                              \
        "doc", MDL_KEY_TEXT, true, "What it means, with its unit"                                  \
    }

static const MdlKeySpec device_type_keys[] = {
    {"doc", MDL_KEY_TEXT, true, "What the device is"},
    {"bus", MDL_KEY_NAME, true, "Family of the bus it sits on"},
    {"traits", MDL_KEY_NAMES, false, "Words by which a bus accepts and reaches it"},
    {"user-creatable", MDL_KEY_YES_NO, false, "A person may add it to a machine (no)"},
    {"hotplug", MDL_KEY_YES_NO, false, "May come and go while the machine runs (no)"},
    {"properties", MDL_KEY_NAMES, false, "Sets of properties it has before its own"},
    {"inputs", MDL_KEY_EXPRESSION, false, "Number of interrupt lines it takes (0)"},
    END,
};
static const MdlKeySpec property_set_keys[] = {
    {"doc", MDL_KEY_TEXT, true, "What the properties are about"},
    END,
};
static const MdlKeySpec property_keys[] = {
    PROPERTY_KEYS(false, "Value when none is given; without it, none"),
    {"side", MDL_KEY_SIDE, false, "Seen by the guest, or a matter of the host (guest)"},
    {"required", MDL_KEY_YES_NO, false, "Must be set (no)"},
    END,
};
static const MdlKeySpec region_keys[] = {
    {"doc", MDL_KEY_TEXT, true, "What lies there"},
    {"size", MDL_KEY_EXPRESSION, true, "Bytes, computed from the properties"},
    {"kind", MDL_KEY_REGION, false, "Registers, memory, or addresses of a bus it provides (mmio)"},
    END,
};
static const MdlKeySpec irq_keys[] = {
    {"doc", MDL_KEY_TEXT, true, "When it is raised"},
    {"many", MDL_KEY_YES_NO, false, "One output for each element of what it is wired to (no)"},
    {"shared", MDL_KEY_YES_NO, false, "Its line may have other shared users (no)"},
    END,
};
static const MdlKeySpec provided_bus_keys[] = {
    {"type", MDL_KEY_NAME, true, "Type of the bus"},
    {"doc", MDL_KEY_TEXT, true, "What it leads to"},
    {"named", MDL_KEY_TEXT, false,
     "Its id where a person names the device, with {id}; without it, NAME.0, NAME.1, …"},
    END,
};
static const MdlKeySpec no_keys[] = {END};

static const MdlKeySpec bus_type_keys[] = {
    {"doc", MDL_KEY_TEXT, true, "What the bus is"},
    {"family", MDL_KEY_NAME, false, "What devices call it; without it, its own name"},
    {"prefix", MDL_KEY_TEXT, false, "Text before an address"},
    {"separator", MDL_KEY_TEXT, false, "Text between the fields of an address"},
    {"accepts", MDL_KEY_NAMES, false, "Traits of devices it takes; without it, all"},
    {"refuses", MDL_KEY_NAMES, false, "Traits of devices it does not take, whatever else they are"},
    {"reaches", MDL_KEY_NAMES, false, "Traits of devices a guest can use here; without it, all"},
    {"hides", MDL_KEY_NAMES, false, "Traits of devices a guest cannot use here, whatever else"},
    {"hotplug", MDL_KEY_YES_NO, false, "Devices may come and go (no)"},
    {"order", MDL_KEY_NAMES, false,
     "Fields of which the first that is not given is counted up; without it, all must be given"},
    {"property", MDL_KEY_NAME, false, "Property of a device by which its address may be given"},
    {"devices", MDL_KEY_NUMBER, false, "Most devices; without it, as many as addresses"},
    {"ranges", MDL_KEY_YES_NO, false, "An address is a range of bytes (no)"},
    {"inner", MDL_KEY_YES_NO, false, "It joins the two halves of one device (no)"},
    {"shown", MDL_KEY_NAME, false,
     "Property of a running device that shows its address; without it, the same"},
    {"link", MDL_KEY_YES_NO, false, "It is the other end of a port, with one device (no)"},
    {"express", MDL_KEY_YES_NO, false, "Devices talk PCI Express on it (no)"},
    {"unique-devices", MDL_KEY_NAMES, false,
     "Properties of devices on such buses of which no value is used twice"},
    {"unique", MDL_KEY_NAMES, false,
     "Properties of the devices that provide such buses, together used once"},
    END,
};
static const MdlKeySpec field_keys[] = {
    {"doc", MDL_KEY_TEXT, true, "What it counts"},
    {"range", MDL_KEY_RANGE, true, "Smallest and largest value"},
    {"radix", MDL_KEY_RADIX, false, "How it is written (decimal)"},
    {"digits", MDL_KEY_DIGITS, false, "Written with at least so many digits (1)"},
    {"exact", MDL_KEY_YES_NO, false, "With exactly so many (no)"},
    {"reach", MDL_KEY_RANGE, false, "What a guest looks at; without it, the range"},
    {"count", MDL_KEY_EXPRESSION, false,
     "How many values there are, from properties of the device that provides the bus"},
    {"property", MDL_KEY_NAME, false, "Property of a device by which this field may be given"},
    {"bits", MDL_KEY_DIGITS, false, "Its bits where an address is given as one number"},
    {"needs", MDL_KEY_NAME, false,
     "Property that the device at the smallest value must have for others to be beside it"},
    {"first", MDL_KEY_NUMBER, false, "Where counting begins; without it, at the smallest value"},
    {"after-devices", MDL_KEY_YES_NO, false,
     "It is counted from the number of devices that share the fields before it (no)"},
    END,
};
static const MdlKeySpec reserved_keys[] = {
    {"reason", MDL_KEY_TEXT, true, "Why nothing can go there"},
    {"except", MDL_KEY_NAMES, false, "Traits of devices that can"},
    {"when", MDL_KEY_NAME, false,
     "Only where this property of the device that provides the bus is on, if it has it"},
    {"blind", MDL_KEY_YES_NO, false,
     "It is not passed over where a place is looked for, but refused then (no)"},
    END,
};
static const MdlKeySpec owner_keys[] = {
    {"range", MDL_KEY_RANGE, true, "Smallest and largest value it may have"},
    {"reason", MDL_KEY_TEXT, true, "Why"},
    END,
};
static const MdlKeySpec hub_keys[] = {
    {"doc", MDL_KEY_TEXT, true, "What such a device does"},
    {"places", MDL_KEY_NUMBER, true, "Places below it: the next field counts them from 1"},
    {"adds", MDL_KEY_NAME, false, "Type of such a device that takes the last free place by itself"},
    END,
};

static const MdlKeySpec placement_keys[] = {
    {"doc", MDL_KEY_TEXT, true, "Which emulators do so"},
    {"newest-first", MDL_KEY_YES_NO, false,
     "Of several buses the one that came last is looked at first (no)"},
    {"fitting", MDL_KEY_YES_NO, false,
     "A device goes to the first bus that takes it and has a place; else to the first of its "
     "family that has not as many devices as it may (no)"},
    {"adds", MDL_KEY_NAMES, false,
     "Types that policy managed adds to make room, the first that helps"},
    {"strict", MDL_KEY_YES_NO, false, "What a guest could not use is refused (no)"},
    END,
};

static const MdlKeySpec accelerator_keys[] = {
    {"doc", MDL_KEY_TEXT, true, "What it is"},
    {"runs", MDL_KEY_YES_NO, true, "CPUs execute"},
    {"archs", MDL_KEY_NAMES, false, "Architectures it runs; without it, every one"},
    {"max-cpus", MDL_KEY_NUMBER, true, "Most CPUs"},
    END,
};

static const MdlKeySpec provides_keys[] = {
    {"by", MDL_KEY_NAMES, true, "Kinds of devices that provide it"},
    {"bus", MDL_KEY_NAME, true, "Type of the bus"},
    {"name", MDL_KEY_NAME, true, "The bus is NAME.0, the next one NAME.1"},
    {"named", MDL_KEY_TEXT, false, "Its id where a person names the device, with {id} and {n}"},
    {"count", MDL_KEY_NUMBER, false, "So many of them (1)"},
    {"where", MDL_KEY_NAMES, false,
     "Only on machines with a device that has one of these properties on, or is of one of these "
     "types"},
    {"unless", MDL_KEY_NAMES, false, "Only on machines without such a device"},
    {"root", MDL_KEY_YES_NO, false, "It stands beside the root buses (no)"},
    END,
};
static const MdlKeySpec kind_keys[] = {
    {"bus", MDL_KEY_NAME, true,
     "Type that a bus of this kind has where nothing that is known "
     "provides it; its family is that of the kind"},
    END,
};
static const MdlKeySpec trait_keys[] = {
    {"gives", MDL_KEY_NAMES, true, "Traits that devices of the kind have"},
    END,
};
static const MdlKeySpec replaces_keys[] = {
    {"by", MDL_KEY_NAMES, true, "Types that a person adds in place of it"},
    END,
};
static const MdlKeySpec board_keys[] = {
    {"refuses", MDL_KEY_NAMES, false, "Traits of devices that are refused on every bus"},
    {"off", MDL_KEY_NAMES, false, "Properties of devices that may not be on"},
    {"reason", MDL_KEY_TEXT, true, "Why"},
    END,
};
static const MdlKeySpec limit_keys[] = {
    {"most", MDL_KEY_NUMBER, true, "So many, those that the machine has by itself among them"},
    END,
};
static const MdlKeySpec requires_keys[] = {
    {"properties", MDL_KEY_NAMES, true, "Properties without which the emulator refuses it"},
    END,
};

static const MdlKeySpec machine_keys[] = {
    {"name", MDL_KEY_NAME, true, "Family; an alias of its newest version"},
    {"version", MDL_KEY_NAME, true, "The full name is NAME-VERSION"},
    {"arch", MDL_KEY_NAME, false, "Architecture; inherited when the layer extends another"},
    {"doc", MDL_KEY_TEXT, true, "What the machine is"},
    {"extends", MDL_KEY_NAME, false, "Full name of the machine this is a layer over"},
    {"minimal", MDL_KEY_YES_NO, false, "The layer that nodefaults leaves (no)"},
    {"deprecated", MDL_KEY_TEXT, false, "Why it should no longer be used, and what instead"},
    {"accel", MDL_KEY_NAME, false, "Accelerator when none is given"},
    END,
};
static const MdlKeySpec option_keys[] = {
    PROPERTY_KEYS(true, "Value when none is given"),
    END,
};
static const MdlKeySpec cpus_keys[] = {
    {"types", MDL_KEY_NAMES, false, "CPU types it takes, the first by default; one layer must say"},
    {"default", MDL_KEY_NUMBER, false, "CPUs when none are asked for (1)"},
    {"max", MDL_KEY_NUMBER, false, "Most CPUs; one layer must say"},
    {"sockets", MDL_KEY_NUMBER, false, "Sockets when no topology is asked for"},
    {"clusters", MDL_KEY_NUMBER, false, "Clusters of a socket, likewise"},
    {"cores", MDL_KEY_NUMBER, false, "Cores of a cluster, likewise"},
    {"threads", MDL_KEY_NUMBER, false, "Threads of a core, likewise"},
    {"bus", MDL_KEY_NAME, false, "Bus on which they sit"},
    END,
};
static const MdlKeySpec memory_keys[] = {
    {"type", MDL_KEY_NAME, false,
     "Device type with a property size, which is set; one layer must say"},
    {"base", MDL_KEY_EXPRESSION, false, "Address of the first byte; one layer must say"},
    {"default", MDL_KEY_SIZE, false, "Bytes when none are asked for; one layer must say"},
    {"range", MDL_KEY_RANGE, false, "Smallest and largest size"},
    {"align", MDL_KEY_SIZE, false, "The size is a multiple of this"},
    END,
};
static const MdlKeySpec root_bus_keys[] = {
    {"type", MDL_KEY_NAME, false, "Type of the bus; where it first stands"},
    {"node", MDL_KEY_TEXT, false, "Device-tree path of its node"},
    END,
};
static const MdlKeySpec device_keys[] = {
    {"type", MDL_KEY_NAME, false, "Device type; only where the device first stands"},
    {"bus", MDL_KEY_NAME, false, "Bus it sits on; without it, the first of the right type"},
    {"address", MDL_KEY_TEXT, false, "Where on the bus; of the first region on the system bus"},
    {"region.*", MDL_KEY_EXPRESSION, false, "Address of that region"},
    {"irq", MDL_KEY_WIRE, false, "Where its one interrupt leads"},
    {"irq.*", MDL_KEY_WIRE, false,
     "Where that interrupt leads; cpu.*:11: output i to line 11 of cpu.i"},
    {"count", MDL_KEY_EXPRESSION, false, "So many of it, named ID.0 on, with index 0 on"},
    {"when", MDL_KEY_EXPRESSION, false, "There only if this holds"},
    {"stands-for", MDL_KEY_NAME, false,
     "Id of a device whose wires lead here when it is not there"},
    END,
};
static const MdlKeySpec remove_keys[] = {
    {"reason", MDL_KEY_TEXT, true, "Why the layer leaves it out"},
    END,
};
static const MdlKeySpec slot_keys[] = {
    {"bus", MDL_KEY_NAME, true, "Bus"},
    {"reason", MDL_KEY_TEXT, true, "Why the place is kept free"},
    END,
};
static const MdlKeySpec vm_keys[] = {
    {"name", MDL_KEY_NAME, true, "Name of the virtual machine"},
    {"machine", MDL_KEY_NAME, true, "Machine it is a layer over"},
    {"doc", MDL_KEY_TEXT, false, "What it is for"},
    {"accel", MDL_KEY_TEXT, false, "Accelerator and its options"},
    {"cpu", MDL_KEY_TEXT, false, "CPU type and its properties"},
    {"cpus", MDL_KEY_NUMBER, false, "Number of CPUs"},
    {"memory", MDL_KEY_SIZE, false, "Size of the memory"},
    {"nodefaults", MDL_KEY_YES_NO, false, "Only the minimal layer (no)"},
    END,
};

/* What of the host a VM is run with. It is no part of the hardware: the emulator reads it, and says
 * what is wrong with the keys. */
static const MdlKeySpec boot_keys[] = {
    {"bios", MDL_KEY_TEXT, false, "Firmware file, or none"},
    {"kernel", MDL_KEY_TEXT, false, "Kernel file"},
    {"initrd", MDL_KEY_TEXT, false, "File of the kernel's initial memory disk"},
    {"append", MDL_KEY_TEXT, false, "The kernel's command line"},
    {"dtb", MDL_KEY_TEXT, false, "File of a device tree in place of the machine's own"},
    END,
};
static const MdlKeySpec serial_keys[] = {
    {"chardev", MDL_KEY_NAME, true, "Character backend that it is connected to, or none"},
    END,
};
static const MdlKeySpec monitor_keys[] = {
    {"chardev", MDL_KEY_NAME, true, "Character backend that it is served on"},
    {"mode", MDL_KEY_NAME, true, "What is spoken: control (QMP), readline or gdb"},
    END,
};

#define RUN_GROUPS                                                                                 \
    {MDL_FILE_VM, "chardev",                                                                       \
     "ID",        "A character backend of the host",                                               \
     no_keys,     "as in the option -chardev; backend is its kind"},                               \
        {MDL_FILE_VM, "blockdev",                                                                  \
         "ID",        "A block backend of the host",                                               \
         no_keys,     "as in the option -blockdev"},                                               \
        {MDL_FILE_VM, "netdev",                                                                    \
         "ID",        "A network backend of the host",                                             \
         no_keys,     "as in the option -netdev"},                                                 \
        {MDL_FILE_VM, "serial", "N", "The next serial port, in the order of the file",             \
         serial_keys, NULL},                                                                       \
        {MDL_FILE_VM, "monitor", "N", "A monitor", monitor_keys, NULL},                            \
    {                                                                                              \
        MDL_FILE_VM, "boot", NULL, "What the machine starts from", boot_keys, NULL                 \
    }

#define LAYER_GROUPS(file)                                                                         \
    {file, "options", NULL, "Values of options in this layer", no_keys, "an option = its value"},  \
        {file,        "device",                                                                    \
         "ID",        "A device, or changes to one of a lower layer",                              \
         device_keys, "a property of the type"},                                                   \
        {file, "remove", "ID", "A device of a lower layer that is left out", remove_keys, NULL},   \
        {file,    "default",                                                                       \
         "TYPE",  "Property values for all devices of a type",                                     \
         no_keys, "a property of the type"},                                                       \
    {                                                                                              \
        file, "slot", "ADDRESS", "A place that is kept free", slot_keys, NULL                      \
    }

const MdlGroupSpec mdl_group_specs[] = {
    {MDL_FILE_DEVICE, "device", "TYPE", "The device type", device_type_keys, NULL},
    {MDL_FILE_DEVICE, "property", "NAME", "A property", property_keys, NULL},
    {MDL_FILE_DEVICE, "region", "NAME", "A range of addresses", region_keys, NULL},
    {MDL_FILE_DEVICE, "irq", "NAME", "An interrupt output", irq_keys, NULL},
    {MDL_FILE_DEVICE, "bus", "NAME", "A bus it provides", provided_bus_keys, NULL},
    {MDL_FILE_DEVICE, "node", "PATH", "A device-tree node; the first one is the device's own",
     no_keys, "a device-tree property"},

    {MDL_FILE_PROPERTIES, "properties", "NAME", "The set", property_set_keys, NULL},
    {MDL_FILE_PROPERTIES, "property", "NAME", "A property", property_keys, NULL},

    {MDL_FILE_BUS, "bus", "TYPE", "The bus type", bus_type_keys, NULL},
    {MDL_FILE_BUS, "field", "NAME", "A part of an address, in the order written", field_keys, NULL},
    {MDL_FILE_BUS, "reserved", "ADDRESS", "An address nothing can have; a field may be *",
     reserved_keys, NULL},
    {MDL_FILE_BUS, "owner", "PROPERTY", "What the device that provides such a bus must have set",
     owner_keys, NULL},
    {MDL_FILE_BUS, "hub", "TRAIT", "Devices that open places below their own", hub_keys, NULL},

    {MDL_FILE_ACCELERATOR, "accelerator", "NAME", "The accelerator", accelerator_keys, NULL},
    {MDL_FILE_ACCELERATOR, "option", "NAME", "An option of it, which changes no hardware",
     option_keys, NULL},

    {MDL_FILE_PLACEMENT, "placement", "NAME", "How devices find their places", placement_keys,
     NULL},
    {MDL_FILE_PLACEMENT, "provides", "NAME", "A bus that devices of the emulator provide",
     provides_keys, NULL},
    {MDL_FILE_PLACEMENT, "kind", "KIND", "A kind of bus of the emulator", kind_keys, NULL},
    {MDL_FILE_PLACEMENT, "trait", "KIND", "What a kind of device of the emulator is to buses",
     trait_keys, NULL},
    {MDL_FILE_PLACEMENT, "replaces", "TYPE",
     "A default device that makes way for one that is added", replaces_keys, NULL},
    {MDL_FILE_PLACEMENT, "board", "KIND", "What machines that have such a device refuse",
     board_keys, NULL},
    {MDL_FILE_PLACEMENT, "limit", "TRAIT", "How many devices with a trait a machine takes",
     limit_keys, NULL},
    {MDL_FILE_PLACEMENT, "requires", "KIND", "What a kind of device cannot do without",
     requires_keys, NULL},

    {MDL_FILE_MACHINE, "machine", NULL, "The machine, or a layer of one", machine_keys, NULL},
    {MDL_FILE_MACHINE, "option", "NAME", "An option", option_keys, NULL},
    {MDL_FILE_MACHINE, "cpus", NULL, "The CPUs: devices cpu.0 on", cpus_keys, NULL},
    {MDL_FILE_MACHINE, "memory", NULL, "The memory: device ram", memory_keys, NULL},
    {MDL_FILE_MACHINE, "bus", "ID", "A bus that no device provides", root_bus_keys, NULL},
    {MDL_FILE_MACHINE, "node", "PATH", "A device-tree node of the machine itself", no_keys,
     "a device-tree property"},
    LAYER_GROUPS(MDL_FILE_MACHINE),

    {MDL_FILE_VM, "vm", NULL, "A virtual machine: one more layer over a machine", vm_keys, NULL},
    LAYER_GROUPS(MDL_FILE_VM),
    RUN_GROUPS,
    {MDL_N_FILES, NULL, NULL, NULL, NULL, NULL},
};

const char *mdl_key_form_name(MdlKeyForm form)
{
    static const char *const names[MDL_N_KEY_FORMS] = {
        [MDL_KEY_TEXT] = "text",
        [MDL_KEY_NAME] = "name",
        [MDL_KEY_NAMES] = "names",
        [MDL_KEY_YES_NO] = "yes or no",
        [MDL_KEY_NUMBER] = "number",
        [MDL_KEY_DIGITS] = "number from 1 to 20",
        [MDL_KEY_SIZE] = "size",
        [MDL_KEY_RANGE] = "range",
        [MDL_KEY_EXPRESSION] = "expression",
        [MDL_KEY_KIND] = "kind",
        [MDL_KEY_SIDE] = "guest or backend",
        [MDL_KEY_REGION] = "mmio, ram or window",
        [MDL_KEY_RADIX] = "decimal or hex",
        [MDL_KEY_WIRE] = "device:line",
    };
    return names[form];
}

const char *mdl_file_kind_name(MdlFileKind kind)
{
    static const char *const names[MDL_N_FILES] = {
        [MDL_FILE_DEVICE] = "device",
        [MDL_FILE_PROPERTIES] = "properties",
        [MDL_FILE_BUS] = "bus",
        [MDL_FILE_ACCELERATOR] = "accelerator",
        [MDL_FILE_MACHINE] = "machine",
        [MDL_FILE_VM] = "vm",
        [MDL_FILE_PLACEMENT] = "placement",
    };
    return names[kind];
}
