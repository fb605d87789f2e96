/* chars: a device's end of a character backend. */
#include "engine/internal.h"

#include <wire.h>

struct EmuChar {
    EmuDevice *device;
    const EmuCharOps *ops;
    EmuCharBackend *backend;
};

const char *emu_device_backend_name(const EmuDevice *device, const char *property)
{
    const EmuMachineConfig *config = &device->machine->config;
    for (size_t i = 0; i < config->n_bindings; i++)
        if (!strcmp(config->bindings[i].device, device->model->id) &&
            !strcmp(config->bindings[i].property, property))
            return config->bindings[i].value;
    const MdlDeviceType *type = device->model->type;
    for (size_t i = 0; i < type->n_properties; i++)
        if (!strcmp(type->properties[i].name, property))
            return device->model->properties[i].text;
    return NULL;
}

static size_t can_receive(void *context)
{
    EmuChar *chr = context;
    emu_device_lock(chr->device);
    size_t room = chr->ops->can_receive(chr->device);
    emu_device_unlock(chr->device);
    return room;
}

static void receive(void *context, const uint8_t *bytes, size_t size)
{
    EmuChar *chr = context;
    emu_device_lock(chr->device);
    chr->ops->receive(chr->device, bytes, size);
    emu_device_unlock(chr->device);
}

static void event(EmuChar *chr, EmuCharEvent event)
{
    if (!chr->ops->event)
        return;
    emu_device_lock(chr->device);
    chr->ops->event(chr->device, event);
    emu_device_unlock(chr->device);
}

static void opened(void *context)
{
    event(context, EMU_CHAR_OPENED);
}

static void closed(void *context)
{
    event(context, EMU_CHAR_CLOSED);
}

bool emu_device_char(EmuDevice *device, const char *property, const EmuCharOps *ops,
                     EmuChar **ret_char, GError **error)
{
    EmuBackends *backends = device->machine->config.backends;
    const char *name = emu_device_backend_name(device, property);
    if (!name) {
        *ret_char = NULL;
        return true;
    }
    EmuCharBackend *backend = backends ? emu_backends_char(backends, name) : NULL;
    if (!backend) {
        g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED,
                    "%s '%s' does not exist; add one with -chardev …,id=%s", property, name, name);
        return false;
    }
    EmuChar *chr = g_new0(EmuChar, 1);
    *chr = (EmuChar){device, ops, NULL};
    EmuCharUser user = {.can_receive = can_receive,
                        .receive = receive,
                        .opened = opened,
                        .closed = closed,
                        .queue_limit = 1024 * 1024,
                        .context = chr};
    chr->backend = emu_char_backend_attach(backend, &user);
    if (!chr->backend) {
        g_free(chr);
        g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED,
                    "%s '%s' is in use by somebody else; give each its own", property, name);
        return false;
    }
    g_ptr_array_add(device->chars, chr);
    *ret_char = chr;
    return true;
}

void emu_device_char_free(EmuChar *chr)
{
    emu_char_backend_detach(chr->backend);
    g_free(chr);
}

void emu_char_write(EmuChar *chr, const uint8_t *bytes, size_t size)
{
    if (chr)
        emu_char_backend_send(chr->backend, bytes, size);
}

void emu_char_accept_input(EmuChar *chr)
{
    if (chr)
        emu_char_backend_poll(chr->backend);
}
