/* machine: builds a machine from the hardware tree, and carries it through its states. */
#include "engine/internal.h"

#include <stdatomic.h>
#include <sys/mman.h>

#include <wire.h>

/* ---- building, one step of each device
 * ----------------------------------------------------------- */

static const EmuDriver *driver_of(const EmuMachineConfig *config, const MdlDeviceType *type)
{
    for (const EmuDriver *const *driver = config->drivers; *driver; driver++)
        if (!strcmp((*driver)->type->name, type->name))
            return *driver;
    return NULL;
}

static EmuDevice *device_new(EmuMachine *machine, const MdlDevice *model, const EmuDriver *driver)
{
    EmuDevice *device = g_new0(EmuDevice, 1);
    device->machine = machine;
    device->model = model;
    device->driver = driver;
    device->state = g_malloc0(driver->state_size);
    device->n_inputs = (unsigned)model->n_inputs;
    device->inputs = g_new0(EmuLine, device->n_inputs);
    device->rams = g_new0(void *, model->type->n_regions);
    device->chars = g_ptr_array_new_with_free_func((GDestroyNotify)emu_device_char_free);
    device->blocks = g_ptr_array_new_with_free_func((GDestroyNotify)emu_device_block_free);
    device->nets = g_ptr_array_new_with_free_func((GDestroyNotify)emu_device_net_free);
    device->pci_buses = g_new0(EmuPciBus *, model->type->n_buses);
    return device;
}

/* Tells the owner of the device's bus that it came or goes. */
static void tell_owner(EmuDevice *device, bool came)
{
    EmuDevice *owner = emu_device_bus_owner(device);
    if (!owner)
        return;
    void (*tell)(EmuDevice *, unsigned, EmuDevice *) =
        came ? owner->driver->plugged : owner->driver->unplugged;
    for (unsigned i = 0; tell && i < owner->model->type->n_buses; i++)
        if (owner->model->buses[i] == device->model->bus)
            tell(owner, i, device);
}

static void device_free(EmuDevice *device)
{
    const MdlDeviceType *type = device->model->type;
    if (device->alive) {
        emu_device_wait_jobs(device);
        tell_owner(device, false);
        if (device->driver->done)
            device->driver->done(device);
    }
    emu_balloon_forget(device);
    g_ptr_array_free(device->chars, TRUE);
    g_ptr_array_free(device->blocks, TRUE);
    g_ptr_array_free(device->nets, TRUE);
    emu_pci_function_free(device->pci);
    emu_msix_free(device->msix);
    for (size_t i = 0; i < type->n_buses; i++)
        emu_pci_bus_free(device->pci_buses[i]);
    for (size_t i = 0; i < type->n_regions; i++)
        if (device->rams[i])
            munmap(device->rams[i], device->model->regions[i].size);
    g_free(device->pci_buses);
    g_free(device->rams);
    g_free(device->inputs);
    g_free(device->outputs);
    g_free(device->first_outputs);
    g_free(device->state);
    g_free(device);
}

/* Guest memory is taken from the host page by page, when it is first touched. */
static bool map_ram(EmuDevice *device, size_t region, GError **error)
{
    uint64_t size = device->model->regions[region].size;
    void *ram = mmap(NULL, size, PROT_READ | PROT_WRITE,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (ram == MAP_FAILED) {
        g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED,
                    "device %s: the host cannot give %" G_GUINT64_FORMAT
                    " bytes of guest memory (%s); ask for less with -m",
                    device->model->id, size, g_strerror(errno));
        return false;
    }
    /* A guest walks through memory as it likes: fewer misses of the host's own translation. */
    madvise(ram, size, MADV_HUGEPAGE);
    device->rams[region] = ram;
    return true;
}

static bool place_regions(EmuDevice *device, GError **error)
{
    const MdlDeviceType *type = device->model->type;
    for (size_t i = 0; i < type->n_regions; i++) {
        const MdlPlacedRegion *placed = &device->model->regions[i];
        if (placed->size == 0)
            continue;
        if (placed->region->kind == MDL_REGION_RAM && !map_ram(device, i, error))
            return false;

        EmuRange range = {placed->base, placed->size, device, (unsigned)i, device->rams[i]};
        const EmuRange *other;
        if (!emu_space_add(device->machine->space, &range, &other)) {
            g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED,
                        "device %s: region %s at 0x%" G_GINT64_MODIFIER "x %s%s", device->model->id,
                        placed->region->name, placed->base,
                        other ? "overlaps device " : "ends beyond the last address",
                        other ? other->device->model->id : "");
            return false;
        }
    }
    return true;
}

static bool device_build(EmuMachine *machine, const MdlDevice *model, GError **error)
{
    const EmuDriver *driver = driver_of(&machine->config, model->type);
    if (!driver) {
        g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED,
                    "device %s: this build has no driver for %s", model->id, model->type->name);
        return false;
    }
    EmuDevice *device = device_new(machine, model, driver);
    machine->devices[machine->n_devices++] = device;
    g_hash_table_insert(machine->by_model, (gpointer)model, device);

    if (driver->pci && (driver->pci->intx || driver->pci->is_bridge))
        for (size_t i = 0; i < model->type->n_buses; i++)
            device->pci_buses[i] = emu_pci_bus_new(device);
    if (!place_regions(device, error))
        return false;
    return true;
}

/* ---- interrupt lines
 * ------------------------------------------------------------------------------- */

static unsigned n_outputs_of(const MdlDevice *model, size_t irq)
{
    unsigned n = model->type->irqs[irq].many ? 0 : 1;
    for (size_t i = 0; i < model->wires->len; i++) {
        const MdlWire *wire = &g_array_index(model->wires, MdlWire, i);
        if (wire->irq == &model->type->irqs[irq])
            n = MAX(n, wire->output + 1);
    }
    return n;
}

static bool wire_device(EmuDevice *device, GError **error)
{
    const MdlDevice *model = device->model;
    size_t n_irqs = model->type->n_irqs;
    device->first_outputs = g_new0(unsigned, n_irqs + 1);
    for (size_t i = 0; i < n_irqs; i++)
        device->first_outputs[i + 1] = device->first_outputs[i] + n_outputs_of(model, i);
    device->outputs = g_new0(EmuOutput, device->first_outputs[n_irqs]);

    for (size_t i = 0; i < model->wires->len; i++) {
        const MdlWire *wire = &g_array_index(model->wires, MdlWire, i);
        EmuDevice *to = g_hash_table_lookup(device->machine->by_model, wire->to);
        if (!to || wire->line >= to->n_inputs) {
            g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED,
                        "device %s: interrupt %s leads to line %u of %s, which does not exist",
                        model->id, wire->irq->name, wire->line,
                        wire->to ? wire->to->id : "nothing");
            return false;
        }
        size_t irq = wire->irq - model->type->irqs;
        device->outputs[device->first_outputs[irq] + wire->output] =
            (EmuOutput){.to = to, .line = wire->line};
    }
    return true;
}

/* ---- the whole
 * ---------------------------------------------------------------------------------------- */

static bool init_device(EmuDevice *device, GError **error)
{
    if (device->driver->init && !device->driver->init(device, error)) {
        g_prefix_error(error, "device %s: ", device->model->id);
        return false;
    }
    device->alive = true;

    EmuDevice *host = emu_device_bus_owner(device);
    if (device->pci && host) {
        for (size_t i = 0; i < host->model->type->n_buses; i++)
            if (host->model->buses[i] == device->model->bus)
                emu_pci_function_plug(device->pci, host->pci_buses[i],
                                      (unsigned)(device->model->address.fields[0] << 3 |
                                                 device->model->address.fields[1]));
    }
    tell_owner(device, true);
    return true;
}

static void reset_device(EmuDevice *device)
{
    if (device->pci)
        emu_pci_function_reset(device->pci);
    if (device->driver->reset)
        device->driver->reset(device);
}

bool emu_machine_add_device(EmuMachine *machine, const MdlDevice *model, GError **error)
{
    if (!device_build(machine, model, error))
        return false;
    EmuDevice *device = machine->devices[machine->n_devices - 1];
    if (!wire_device(device, error) || !init_device(device, error))
        return false;
    reset_device(device);
    return true;
}

void emu_machine_remove_last(EmuMachine *machine)
{
    EmuDevice *device = machine->devices[--machine->n_devices];
    emu_clock_forget(machine->clock, device);
    device_free(device);
}

static bool build_devices(EmuMachine *machine, GError **error)
{
    const MdlHardware *hardware = machine->hardware;
    machine->devices = g_new0(EmuDevice *, hardware->devices->len);
    for (size_t i = 0; i < hardware->devices->len; i++)
        if (!device_build(machine, g_ptr_array_index(hardware->devices, i), error))
            return false;
    for (size_t i = 0; i < machine->n_devices; i++)
        if (!wire_device(machine->devices[i], error))
            return false;
    for (size_t i = 0; i < machine->n_devices; i++)
        if (!init_device(machine->devices[i], error))
            return false;
    return true;
}

/* With the lock held and no CPU running. */
static void reset_devices(EmuMachine *machine)
{
    for (size_t i = 0; i < machine->n_devices; i++)
        emu_device_wait_jobs(machine->devices[i]);
    emu_clock_unset_all(machine->clock);
    machine->power = (EmuPowerRequest){0};
    for (size_t i = 0; i < machine->n_devices; i++)
        reset_device(machine->devices[i]);
}

static void load(EmuMachine *machine)
{
    if (machine->config.load)
        machine->config.load(machine->config.context, machine);
}

static void need_attention(void *context)
{
    EmuMachine *machine = context;
    if (machine->config.attention)
        machine->config.attention(machine->config.context);
}

void emu_machine_need_attention(EmuMachine *machine)
{
    need_attention(machine);
}

bool emu_machine_build(const MdlHardware *hardware, const EmuMachineConfig *config,
                       EmuMachine **ret_machine, GError **error)
{
    g_autoptr(EmuMachine) machine = g_new0(EmuMachine, 1);
    machine->hardware = hardware;
    machine->config = *config;
    g_mutex_init(&machine->lock);
    machine->space = emu_space_new();
    machine->jobs = emu_jobs_new(machine);
    machine->by_model = g_hash_table_new(NULL, NULL);

    if (!config->accel->init(machine, &machine->accel_state, error))
        return false;
    const EmuTimeSource *own =
        config->accel->time ? config->accel->time(machine->accel_state) : NULL;
    machine->is_paced = own;
    machine->config.time = own ? own : config->time;
    machine->clock = emu_clock_new(machine->config.time, need_attention, machine);
    emu_machine_lock(machine);
    bool built = build_devices(machine, error);
    if (built)
        reset_devices(machine);
    emu_machine_unlock(machine);
    if (!built)
        return false;
    load(machine);
    *ret_machine = g_steal_pointer(&machine);
    return true;
}

void emu_machine_free(EmuMachine *machine)
{
    if (!machine)
        return;
    emu_machine_stop(machine);
    emu_machine_lock(machine);
    while (machine->n_devices)
        device_free(machine->devices[--machine->n_devices]);
    emu_machine_unlock(machine);
    emu_jobs_free(machine->jobs);
    if (machine->config.accel->done)
        machine->config.accel->done(machine->accel_state);
    g_free(machine->devices);
    g_hash_table_unref(machine->by_model);
    emu_space_free(machine->space);
    emu_clock_free(machine->clock);
    g_mutex_clear(&machine->lock);
    g_free(machine);
}

/* ---- states
 * ---------------------------------------------------------------------------------------------- */

const char *emu_machine_state_name(EmuMachineState state)
{
    static const char *const names[] = {
        [EMU_MACHINE_BUILT] = "prelaunch",
        [EMU_MACHINE_PAUSED] = "paused",
        [EMU_MACHINE_RUNNING] = "running",
        [EMU_MACHINE_SHUTDOWN] = "shutdown",
    };
    return names[state];
}

EmuMachineState emu_machine_state(const EmuMachine *machine)
{
    return machine->state;
}

static void halt(EmuMachine *machine, EmuMachineState state)
{
    if (machine->state == EMU_MACHINE_RUNNING) {
        if (machine->config.accel->stop)
            machine->config.accel->stop(machine->accel_state);
        emu_machine_lock(machine);
        emu_clock_stop(machine->clock);
        emu_machine_unlock(machine);
    }
    machine->state = state;
}

void emu_machine_start(EmuMachine *machine)
{
    if (machine->state != EMU_MACHINE_BUILT && machine->state != EMU_MACHINE_PAUSED)
        return;
    machine->state = EMU_MACHINE_RUNNING;
    atomic_store(&machine->broken, NULL);
    emu_machine_lock(machine);
    emu_clock_start(machine->clock);
    emu_machine_unlock(machine);
    if (machine->config.accel->start)
        machine->config.accel->start(machine->accel_state);
}

void emu_machine_stop(EmuMachine *machine)
{
    if (machine->state == EMU_MACHINE_RUNNING)
        halt(machine, EMU_MACHINE_PAUSED);
}

void emu_machine_power_off(EmuMachine *machine)
{
    halt(machine, EMU_MACHINE_SHUTDOWN);
}

void emu_machine_reset(EmuMachine *machine)
{
    bool was_running = machine->state == EMU_MACHINE_RUNNING;
    bool was_built = machine->state == EMU_MACHINE_BUILT;
    halt(machine, was_built ? EMU_MACHINE_BUILT : EMU_MACHINE_PAUSED);
    emu_machine_lock(machine);
    reset_devices(machine);
    for (size_t i = 0; i < machine->n_devices; i++) /* the guest that was asked is no more */
        machine->devices[i]->is_let_go = machine->devices[i]->is_asked;
    emu_machine_unlock(machine);
    need_attention(machine);
    load(machine);
    if (was_running)
        emu_machine_start(machine);
}

bool emu_machine_break(EmuMachine *machine, EmuDevice *cpu)
{
    EmuDevice *none = NULL;
    bool first = atomic_compare_exchange_strong(&machine->broken, &none, cpu);
    need_attention(machine);
    return first;
}

EmuDevice *emu_machine_broken(const EmuMachine *machine)
{
    return atomic_load(&machine->broken);
}

int64_t emu_machine_run(EmuMachine *machine, EmuPowerRequest *ret_request)
{
    emu_machine_lock(machine);
    emu_jobs_run(machine->jobs);
    int64_t wait = machine->is_paced ? -1 : emu_clock_run(machine->clock);
    *ret_request = machine->power;
    machine->power = (EmuPowerRequest){0};
    emu_machine_unlock(machine);
    return wait;
}

int64_t emu_machine_run_timers(EmuMachine *machine)
{
    emu_machine_lock(machine);
    int64_t wait = emu_clock_run(machine->clock);
    emu_machine_unlock(machine);
    return wait;
}

bool emu_machine_is_at_work(EmuMachine *machine)
{
    return emu_jobs_is_at_work(machine->jobs);
}

/* ---- looking up
 * ------------------------------------------------------------------------------------------- */

const MdlHardware *emu_machine_hardware(const EmuMachine *machine)
{
    return machine->hardware;
}

bool emu_machine_traces(const EmuMachine *machine, EmuTrace what)
{
    return machine->config.traced & what;
}

void emu_machine_trace(const EmuMachine *machine, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *line = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    machine->config.trace(machine->config.context, line);
}

const EmuAccel *emu_machine_accel(const EmuMachine *machine)
{
    return machine->config.accel;
}

void *emu_machine_accel_state(const EmuMachine *machine)
{
    return machine->accel_state;
}

int64_t emu_machine_now(const EmuMachine *machine)
{
    return emu_clock_now(machine->clock);
}

void emu_machine_lock(EmuMachine *machine)
{
    g_mutex_lock(&machine->lock);
}

void emu_machine_unlock(EmuMachine *machine)
{
    g_mutex_unlock(&machine->lock);
}

const EmuSpace *emu_machine_space(const EmuMachine *machine)
{
    return machine->space;
}

size_t emu_machine_n_devices(const EmuMachine *machine)
{
    return machine->n_devices;
}

EmuDevice *emu_machine_device_at(const EmuMachine *machine, size_t index)
{
    return machine->devices[index];
}

EmuDevice *emu_machine_device(const EmuMachine *machine, const char *id)
{
    for (size_t i = 0; i < machine->n_devices; i++)
        if (!strcmp(machine->devices[i]->model->id, id))
            return machine->devices[i];
    return NULL;
}
