/* balloon: memory that a guest gives back: who asks for it, and how much has come. */
#include "engine/internal.h"

#include <sys/mman.h>
#include <unistd.h>
#include <wire.h>

bool emu_device_offer_balloon(EmuDevice *device, void (*target)(void *data, uint64_t bytes),
                              void *data, GError **error)
{
    EmuBalloon *balloon = &device->machine->balloon;
    if (balloon->device) {
        g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED,
                    "device %s is a balloon already; a machine has one",
                    balloon->device->model->id);
        return false;
    }
    *balloon = (EmuBalloon){.device = device, .target = target, .data = data};
    return true;
}

void emu_balloon_forget(EmuDevice *device)
{
    if (device->machine->balloon.device == device)
        device->machine->balloon = (EmuBalloon){0};
}

void emu_device_set_balloon(EmuDevice *device, uint64_t bytes)
{
    EmuBalloon *balloon = &device->machine->balloon;
    if (balloon->bytes == bytes)
        return;
    balloon->bytes = bytes;
    balloon->is_news = true;
    emu_machine_need_attention(device->machine);
}

void emu_device_discard_memory(EmuDevice *device, uint64_t address, uint64_t size)
{
    uint8_t *ram = emu_device_dma_map(device, address, size);
    if (!ram) {
        emu_device_guest_error(device, "0x%" G_GINT64_MODIFIER "x given back, which is no memory",
                               address);
        return;
    }
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t first = ((uintptr_t)ram + page - 1) & ~(page - 1);
    uintptr_t end = ((uintptr_t)ram + size) & ~(page - 1);
    if (first < end)
        madvise((void *)first, end - first, MADV_DONTNEED);
}

/* ---- the host's side ------------------------------------------------------------------------- */

static uint64_t left_of(const EmuMachine *machine)
{
    uint64_t memory = machine->hardware->memory;
    return memory - MIN(memory, machine->balloon.bytes);
}

bool emu_machine_balloon(EmuMachine *machine, uint64_t *ret_bytes)
{
    emu_machine_lock(machine);
    bool is_there = machine->balloon.device;
    *ret_bytes = left_of(machine);
    emu_machine_unlock(machine);
    return is_there;
}

bool emu_machine_set_balloon(EmuMachine *machine, uint64_t bytes)
{
    emu_machine_lock(machine);
    const EmuBalloon *balloon = &machine->balloon;
    uint64_t memory = machine->hardware->memory;
    bool is_there = balloon->device;
    if (is_there)
        balloon->target(balloon->data, memory - MIN(memory, bytes));
    emu_machine_unlock(machine);
    return is_there;
}

bool emu_machine_take_balloon_news(EmuMachine *machine, uint64_t *ret_bytes)
{
    emu_machine_lock(machine);
    bool is_news = machine->balloon.is_news;
    machine->balloon.is_news = false;
    *ret_bytes = left_of(machine);
    emu_machine_unlock(machine);
    return is_news;
}
