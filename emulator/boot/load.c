/* load: a plan becomes the memory of a machine and the beginning of its harts. */
#include "boot/internal.h"

#include <string.h>

#include "engine/machine.h"

static void copy_blob(const EmuBootBlob *blob, EmuMachine *machine)
{
    uint8_t *ram = emu_machine_ram(machine, blob->address, blob->size);
    g_assert(ram); /* the plan was made for this machine's hardware */
    memcpy(ram, (const uint8_t *)g_bytes_get_data(blob->data, NULL) + blob->offset, blob->length);
    memset(ram + blob->length, 0, blob->size - blob->length);
}

void emu_boot_load(EmuBootPlan *plan, EmuMachine *machine)
{
    for (guint i = 0; i < plan->blobs->len; i++)
        copy_blob(&g_array_index(plan->blobs, EmuBootBlob, i), machine);
    emu_boot_fdt_set_seeds(emu_machine_ram(machine, plan->entry.device_tree, 1));

    for (size_t i = 0; i < emu_machine_n_devices(machine); i++) {
        EmuDevice *device = emu_machine_device_at(machine, i);
        const MdlDevice *model = emu_device_model(device);
        EmuCpuEntry entry = {plan->entry.pc,
                             {model->index, plan->entry.device_tree, plan->entry.fw_dynamic_info}};
        if (model->made == MDL_MADE_CPU)
            emu_device_enter(device, &entry);
    }
}
