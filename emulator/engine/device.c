/* device: the services of driver.h that need no more than the machine itself. */
#include "engine/internal.h"

#include <wire.h>

void *emu_device_state(EmuDevice *device)
{
    return device->state;
}

const MdlDevice *emu_device_model(const EmuDevice *device)
{
    return device->model;
}

EmuMachine *emu_device_machine(const EmuDevice *device)
{
    return device->machine;
}

const void *emu_device_shared(const EmuDevice *device)
{
    return device->driver->shared;
}

void emu_device_set_bus_side(EmuDevice *device, void *object)
{
    device->bus_side = object;
}

void *emu_device_bus_side(const EmuDevice *device)
{
    return device->bus_side;
}

EmuDevice *emu_device_bus_owner(const EmuDevice *device)
{
    const MdlBus *bus = device->model->bus;
    return bus && bus->owner ? g_hash_table_lookup(device->machine->by_model, bus->owner) : NULL;
}

uint64_t emu_device_region_base(const EmuDevice *device, unsigned region)
{
    return device->model->regions[region].base;
}

void emu_device_lock(EmuDevice *device)
{
    emu_machine_lock(device->machine);
}

void emu_device_unlock(EmuDevice *device)
{
    emu_machine_unlock(device->machine);
}

/* ---- interrupt lines ------------------------------------------------------------------------- */

static EmuOutput *output_at(const EmuDevice *device, unsigned irq, unsigned output)
{
    unsigned index = device->first_outputs[irq] + output;
    return index < device->first_outputs[irq + 1] ? &device->outputs[index] : NULL;
}

void emu_device_set_irq(EmuDevice *device, unsigned irq, unsigned output, bool level)
{
    EmuOutput *from = output_at(device, irq, output);
    if (!from || from->level == level)
        return;
    from->level = level;
    device->stats.counts[EMU_STAT_DEVICE_INTERRUPTS] += level;
    if (!from->to)
        return;
    EmuLine *line = &from->to->inputs[from->line];
    bool was = line->n_high > 0;
    line->n_high += level ? 1 : -1;
    bool is = line->n_high > 0;
    if (was != is && from->to->driver->input)
        from->to->driver->input(from->to, from->line, is);
}

bool emu_device_irq_level(const EmuDevice *device, unsigned irq, unsigned output)
{
    const EmuOutput *from = output_at(device, irq, output);
    return from && from->level;
}

unsigned emu_device_n_outputs(const EmuDevice *device, unsigned irq)
{
    return device->first_outputs[irq + 1] - device->first_outputs[irq];
}

unsigned emu_device_n_inputs(const EmuDevice *device)
{
    return device->n_inputs;
}

bool emu_device_input_level(const EmuDevice *device, unsigned line)
{
    return line < device->n_inputs && device->inputs[line].n_high > 0;
}

/* ---- time ------------------------------------------------------------------------------------ */

int64_t emu_device_now(const EmuDevice *device)
{
    return emu_clock_now(device->machine->clock);
}

int64_t emu_device_wall_clock(const EmuDevice *device)
{
    const EmuTimeSource *time = device->machine->config.time;
    return time && time->wall ? time->wall(time->context) : g_get_real_time() * 1000;
}

EmuTimer *emu_device_timer_new(EmuDevice *device,
                               void (*expired)(EmuDevice *device, unsigned index), unsigned index)
{
    return emu_clock_timer_new(device->machine->clock, device, expired, index);
}

void emu_device_set_timebase(EmuDevice *device, uint64_t frequency, uint64_t offset)
{
    EmuMachine *machine = device->machine;
    if (machine->config.accel->timebase)
        machine->config.accel->timebase(machine->accel_state, frequency, offset);
}

/* ---- CPUs ------------------------------------------------------------------------------------ */

bool emu_cpu_init(EmuDevice *device, GError **error)
{
    EmuMachine *machine = device->machine;
    return machine->config.accel->cpu_init(machine->accel_state, device, &device->cpu, error);
}

void emu_cpu_reset(EmuDevice *device)
{
    const EmuAccel *accel = device->machine->config.accel;
    if (accel->cpu_reset)
        accel->cpu_reset(device->cpu);
}

void emu_device_enter(EmuDevice *device, const EmuCpuEntry *entry)
{
    const EmuAccel *accel = device->machine->config.accel;
    emu_machine_lock(device->machine);
    if (accel->cpu_enter)
        accel->cpu_enter(device->cpu, entry);
    emu_machine_unlock(device->machine);
}

void emu_cpu_input(EmuDevice *device, unsigned line, bool level)
{
    const EmuAccel *accel = device->machine->config.accel;
    if (accel->cpu_input)
        accel->cpu_input(device->cpu, line, level);
}

void emu_cpu_done(EmuDevice *device)
{
    const EmuAccel *accel = device->machine->config.accel;
    if (accel->cpu_done)
        accel->cpu_done(device->cpu);
}

void emu_device_offer_files(EmuDevice *device, bool machine_level)
{
    EmuMachine *machine = device->machine;
    if (machine->config.accel->interrupt_files)
        machine->config.accel->interrupt_files(machine->accel_state, device, machine_level);
}

uint64_t emu_device_access_file(EmuDevice *device, unsigned hart, unsigned reg,
                                const EmuFileChange *change)
{
    emu_device_lock(device);
    uint64_t value = device->driver->file(device, hart, reg, change);
    emu_device_unlock(device);
    return value;
}

void *emu_device_cpu(const EmuDevice *device)
{
    return device->cpu;
}

/* ---- power and guest errors ------------------------------------------------------------------ */

void emu_device_request_power(EmuDevice *device, EmuPower power, unsigned code)
{
    EmuMachine *machine = device->machine;
    if (machine->power.pending)
        return; /* the first one wins: the guest was to stop there */
    machine->power = (EmuPowerRequest){true, power, code, device->model->id};
    if (machine->config.accel->kick)
        machine->config.accel->kick(machine->accel_state);
    if (machine->config.attention)
        machine->config.attention(machine->config.context);
}

/* The first four, then at each power of two: a guest that errs without end fills no disk. */
static bool is_worth_logging(uint64_t n)
{
    return n <= 4 || (n & (n - 1)) == 0;
}

void emu_device_guest_error(EmuDevice *device, const char *format, ...)
{
    const EmuMachineConfig *config = &device->machine->config;
    uint64_t n = ++device->stats.counts[EMU_STAT_DEVICE_GUEST_ERRORS];
    bool traced = emu_machine_traces(device->machine, EMU_TRACE_GUEST_ERRORS);
    if (!traced && (!config->log || !is_worth_logging(n)))
        return;
    va_list arguments;
    va_start(arguments, format);
    g_autofree char *text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    if (traced) {
        emu_machine_trace(device->machine, "guest error: %s: %s", device->model->id, text);
        return;
    }
    g_autofree char *line = n <= 4 ? g_strdup_printf("guest error: %s", text)
                                   : g_strdup_printf("guest error: %s (number %" G_GUINT64_FORMAT
                                                     "; few of them are shown)",
                                                     text, n);
    config->log(config->context, device->model->id, line);
}

uint64_t emu_device_n_guest_errors(const EmuDevice *device)
{
    return device->stats.counts[EMU_STAT_DEVICE_GUEST_ERRORS];
}
