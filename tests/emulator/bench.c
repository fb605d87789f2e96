/* bench: see bench.h. */
#include "bench.h"

static const MdlDeviceType probe_type = {.name = "probe", .doc = "", .bus = "system"};

typedef struct Probe {
    unsigned n_edges[64];
} Probe;

static void probe_input(EmuDevice *device, unsigned line, bool level)
{
    Probe *probe = emu_device_state(device);
    probe->n_edges[line] += level;
}

static const EmuDriver probe_driver = {
    .type = &probe_type, .state_size = sizeof(Probe), .input = probe_input};

static int64_t bench_now(void *context)
{
    return ((Bench *)context)->now;
}

static int64_t bench_wall(void *context)
{
    return ((Bench *)context)->now + BENCH_EPOCH;
}

static void bench_attention(void *context)
{
    ((Bench *)context)->n_attention++;
}

static void bench_log(void *context, const char *device, const char *text)
{
    g_ptr_array_add(((Bench *)context)->logged, g_strdup_printf("%s: %s", device, text));
}

static MdlBus *bus_new(const char *id, const MdlBusType *type, MdlDevice *owner)
{
    MdlBus *bus = g_new0(MdlBus, 1);
    bus->id = id;
    bus->type = type;
    bus->owner = owner;
    bus->devices = g_ptr_array_new();
    return bus;
}

static void bus_free(gpointer data)
{
    MdlBus *bus = data;
    g_ptr_array_free(bus->devices, TRUE);
    g_free(bus);
}

static void device_free(gpointer data)
{
    MdlDevice *device = data;
    g_free(device->properties);
    g_free(device->regions);
    g_array_free(device->wires, TRUE);
    g_free(device->buses);
    g_free(device);
}

Bench *bench_new(void)
{
    Bench *bench = g_new0(Bench, 1);
    bench->time = (EmuTimeSource){bench_now, bench_wall, bench};
    bench->drivers = g_ptr_array_new();
    bench->logged = g_ptr_array_new_with_free_func(g_free);
    bench->hardware.devices = g_ptr_array_new_with_free_func(device_free);
    bench->hardware.buses = g_ptr_array_new_with_free_func(bus_free);
    g_ptr_array_add(bench->hardware.buses, bus_new("system", mdl_bus_type_find("system"), NULL));
    bench->config = (EmuMachineConfig){.accel = &emu_accel_none,
                                       .time = &bench->time,
                                       .attention = bench_attention,
                                       .log = bench_log,
                                       .context = bench};
    bench->probe = bench_add(bench, &probe_driver, "probe", 0, NULL, 0);
    bench->probe->n_inputs = 64;
    return bench;
}

void bench_free(Bench *bench)
{
    emu_machine_free(bench->machine);
    g_ptr_array_free(bench->hardware.devices, TRUE);
    g_ptr_array_free(bench->hardware.buses, TRUE);
    g_ptr_array_free(bench->drivers, TRUE);
    g_ptr_array_free(bench->logged, TRUE);
    g_free(bench);
}

MdlDevice *bench_add(Bench *bench, const EmuDriver *driver, const char *id, uint64_t base,
                     const uint64_t *sizes, size_t n_sizes)
{
    const MdlDeviceType *type = driver->type;
    MdlDevice *device =
        bench_add_on(bench, g_ptr_array_index(bench->hardware.buses, 0), driver, id);
    for (size_t i = 0; i < type->n_regions; i++) {
        device->regions[i].base = base;
        device->regions[i].size = i < n_sizes ? sizes[i] : 0;
        base += device->regions[i].size;
    }
    return device;
}

MdlDevice *bench_add_on(Bench *bench, MdlBus *bus, const EmuDriver *driver, const char *id)
{
    const MdlDeviceType *type = driver->type;
    MdlDevice *device = g_new0(MdlDevice, 1);
    device->id = id;
    device->type = type;
    device->bus = bus;
    device->properties = g_new0(MdlValue, type->n_properties);
    for (size_t i = 0; i < type->n_properties; i++)
        device->properties[i] = type->properties[i].default_value;
    device->regions = g_new0(MdlPlacedRegion, type->n_regions);
    for (size_t i = 0; i < type->n_regions; i++)
        device->regions[i].region = &type->regions[i];
    device->wires = g_array_new(FALSE, FALSE, sizeof(MdlWire));
    device->buses = g_new0(MdlBus *, type->n_buses);
    for (size_t i = 0; i < type->n_buses; i++) {
        const MdlBusType *bus_type = mdl_bus_type_find(type->buses[i].type);
        device->buses[i] = bus_new(type->buses[i].name, bus_type, device);
        g_ptr_array_add(bench->hardware.buses, device->buses[i]);
    }
    g_ptr_array_add(bus->devices, device);
    g_ptr_array_add(bench->hardware.devices, device);
    g_ptr_array_add(bench->drivers, (gpointer)driver);
    return device;
}

static MdlValue *property(MdlDevice *device, const char *name)
{
    for (size_t i = 0; i < device->type->n_properties; i++)
        if (!strcmp(device->type->properties[i].name, name)) {
            device->properties[i].kind = device->type->properties[i].kind;
            return &device->properties[i];
        }
    fail_msg("%s declares no property %s", device->type->name, name);
    return NULL;
}

void bench_set(MdlDevice *device, const char *name, uint64_t number)
{
    property(device, name)->number = number;
}

void bench_set_text(MdlDevice *device, const char *name, const char *text)
{
    property(device, name)->text = text;
}

void bench_wire(MdlDevice *from, unsigned irq, unsigned output, MdlDevice *to, unsigned line)
{
    MdlWire wire = {&from->type->irqs[irq], output, to, line};
    g_array_append_val(from->wires, wire);
}

bool bench_try_build(Bench *bench, GError **error)
{
    g_ptr_array_add(bench->drivers, NULL);
    bench->config.drivers = (const EmuDriver *const *)bench->drivers->pdata;
    return emu_machine_build(&bench->hardware, &bench->config, &bench->machine, error);
}

void bench_build(Bench *bench)
{
    GError *error = NULL;
    if (!bench_try_build(bench, &error))
        fail_msg("%s", error->message);
}

EmuPowerRequest bench_advance(Bench *bench, int64_t nanoseconds)
{
    EmuPowerRequest request;
    bench->now += nanoseconds;
    emu_machine_run(bench->machine, &request);
    return request;
}

EmuDevice *bench_device(Bench *bench, const char *id)
{
    EmuDevice *device = emu_machine_device(bench->machine, id);
    assert_non_null(device);
    return device;
}

bool bench_level(Bench *bench, unsigned probe_line)
{
    return emu_device_input_level(bench_device(bench, "probe"), probe_line);
}

uint64_t bench_read(Bench *bench, uint64_t address, unsigned size)
{
    uint64_t value = 0;
    assert_true(emu_machine_read(bench->machine, address, size, &value));
    return value;
}

void bench_write(Bench *bench, uint64_t address, unsigned size, uint64_t value)
{
    assert_true(emu_machine_write(bench->machine, address, size, value));
}

uint64_t bench_errors(Bench *bench, const char *id)
{
    return emu_device_n_guest_errors(bench_device(bench, id));
}

unsigned bench_edges(Bench *bench, unsigned probe_line)
{
    Probe *probe = emu_device_state(bench_device(bench, "probe"));
    return probe->n_edges[probe_line];
}
