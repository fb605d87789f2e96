/* nets: a device's end of a network backend. */
#include "engine/internal.h"

#include <wire.h>

struct EmuNet {
    EmuDevice *device;
    const EmuNetOps *ops;
    EmuNetBackend *backend;
};

static bool can_receive(void *context)
{
    EmuNet *net = context;
    emu_device_lock(net->device);
    bool can = net->ops->can_receive(net->device);
    emu_device_unlock(net->device);
    return can;
}

static void receive(void *context, const uint8_t *frame, size_t size)
{
    EmuNet *net = context;
    emu_device_lock(net->device);
    net->ops->receive(net->device, frame, size);
    emu_device_unlock(net->device);
}

static void link_changed(void *context, bool up)
{
    EmuNet *net = context;
    emu_device_lock(net->device);
    net->ops->link(net->device, up);
    emu_device_unlock(net->device);
}

bool emu_device_net(EmuDevice *device, const char *property, const EmuNetOps *ops, EmuNet **ret_net,
                    GError **error)
{
    EmuBackends *backends = device->machine->config.backends;
    const char *name = emu_device_backend_name(device, property);
    if (!name) {
        *ret_net = NULL;
        return true;
    }
    EmuNetBackend *backend = backends ? emu_backends_net(backends, name) : NULL;
    if (!backend) {
        g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED,
                    "%s '%s' does not exist; add one with -netdev …,id=%s", property, name, name);
        return false;
    }
    EmuNet *net = g_new0(EmuNet, 1);
    *net = (EmuNet){device, ops, backend};
    EmuNetUser user = {can_receive, receive, link_changed, net};
    if (!emu_net_backend_attach(backend, &user)) {
        g_free(net);
        g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED,
                    "%s '%s' is in use by another device; give each its own", property, name);
        return false;
    }
    g_ptr_array_add(device->nets, net);
    *ret_net = net;
    return true;
}

void emu_device_net_free(EmuNet *net)
{
    emu_net_backend_detach(net->backend);
    g_free(net);
}

void emu_net_send(EmuNet *net, const struct iovec *parts, unsigned n)
{
    if (net)
        emu_net_backend_send(net->backend, parts, n);
}

void emu_net_accept_input(EmuNet *net)
{
    if (net)
        emu_net_backend_poll(net->backend);
}

bool emu_net_is_up(const EmuNet *net)
{
    return net && emu_net_backend_is_up(net->backend);
}
