/* console: the console device with several ports (virtio 1.2, 5.3); a port is a device on the bus
 * it provides. */
#ifndef VITRINE_EMULATOR_VIRTIO_CONSOLE_H
#define VITRINE_EMULATOR_VIRTIO_CONSOLE_H

#include "virtio/virtio.h"

extern const EmuVirtioClass emu_virtio_console;

/* .plugged and .unplugged of the drivers of console devices. */
void emu_virtio_console_plugged(EmuDevice *device, unsigned bus, EmuDevice *child);
void emu_virtio_console_unplugged(EmuDevice *device, unsigned bus, EmuDevice *child);

/* What a port shows to the owner of its bus; the state of the drivers of ports. */
typedef struct EmuVirtioPort {
    EmuDevice *device;
    EmuChar *chr;       /* NULL: nobody is at the other end */
    bool is_console;    /* the guest makes a terminal of it */
    const char *name;   /* empty: none */
    EmuVirtio *virtio;  /* the console device; NULL: not plugged */
    unsigned number;    /* of the port there */
    bool host_is_open;  /* somebody is at the other end */
    bool guest_is_open; /* as the guest said last */
} EmuVirtioPort;

bool emu_virtio_port_init(EmuDevice *device, GError **error);
void emu_virtio_port_reset(EmuDevice *device);

#define EMU_VIRTIO_PORT_DRIVER(type_name, console)                                                 \
    {                                                                                              \
        .type = &mdl_type_##type_name, .shared = GINT_TO_POINTER(console),                         \
        .state_size = sizeof(EmuVirtioPort), .init = emu_virtio_port_init,                         \
        .reset = emu_virtio_port_reset                                                             \
    }

#endif
