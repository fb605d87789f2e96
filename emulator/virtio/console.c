/* console: ports of a console device, each on a character backend, and the control queues by which
 * guest and host tell each other of them (virtio 1.2, 5.3.6). */
#include "virtio/console.h"

#include "types/virtio_console.h"
#include "types/virtio_port.h"

#include <string.h>

enum { MULTIPORT = 1, EMERG_WRITE = 2 }; /* feature bits (5.3.3) */

enum { QUEUE_CONTROL_RX = 2, QUEUE_CONTROL_TX = 3 }; /* 5.3.2 */

#define QUEUE_SIZE   128
#define MAX_PORTS    31
#define MAX_MESSAGES 512 /* that wait for the guest to take them */

typedef struct Config { /* 5.3.4 */
    uint16_t columns, rows;
    uint32_t max_ports, emergency;
} Config;

enum {
    DEVICE_READY = 0,
    PORT_ADD = 1,
    PORT_REMOVE = 2,
    PORT_READY = 3,
    CONSOLE_PORT = 4,
    PORT_OPEN = 6,
    PORT_NAME = 7,
};

typedef struct Message { /* 5.3.6.2 */
    uint32_t port;
    uint16_t event, value;
} Message;

typedef struct Console {
    EmuVirtioPort *ports[MAX_PORTS];
    unsigned max_ports;
    bool driver_ready; /* it wants to be told of ports */
    GQueue messages;   /* GBytes *, for the guest */
} Console;

/* Port 0 has queues 0 and 1, 2 and 3 are of control, port 1 has 4 and 5 … */
static EmuVirtqueue *queue_of(const EmuVirtioPort *port, bool to_host)
{
    unsigned first = port->number == 0 ? 0 : 2 + 2 * port->number;
    return port->virtio ? emu_virtio_queue(port->virtio, first + to_host) : NULL;
}

static EmuVirtioPort *port_at(Console *console, uint32_t number)
{
    return number < console->max_ports ? console->ports[number] : NULL;
}

/* ---- messages to the guest ------------------------------------------------------------------- */

static void send_messages(EmuVirtio *virtio)
{
    Console *console = emu_virtio_state(virtio);
    EmuVirtqueue *queue = emu_virtio_queue(virtio, QUEUE_CONTROL_RX);
    EmuVirtioBuffer *buffer;
    while (!g_queue_is_empty(&console->messages) && (buffer = emu_virtqueue_pop(queue))) {
        g_autoptr(GBytes) message = g_queue_pop_head(&console->messages);
        gsize size;
        const void *bytes = g_bytes_get_data(message, &size);
        emu_virtqueue_push(queue, buffer, emu_virtio_buffer_write(buffer, 0, bytes, size));
    }
    emu_virtqueue_flush(queue);
}

/* text: what follows the message, or NULL. */
static void tell(const EmuVirtioPort *port, uint16_t event, uint16_t value, const char *text)
{
    Console *console = emu_virtio_state(port->virtio);
    if (!console->driver_ready || !emu_virtio_has(port->virtio, MULTIPORT))
        return;
    if (console->messages.length >= MAX_MESSAGES) {
        emu_device_guest_error(emu_virtio_device(port->virtio),
                               "control messages are not taken; one is dropped");
        return;
    }
    GByteArray *bytes = g_byte_array_new();
    Message message = {port->number, event, value};
    g_byte_array_append(bytes, (const guint8 *)&message, sizeof(message));
    if (text)
        g_byte_array_append(bytes, (const guint8 *)text, (guint)strlen(text));
    g_queue_push_tail(&console->messages, g_byte_array_free_to_bytes(bytes));
    send_messages(port->virtio);
}

static void introduce(const EmuVirtioPort *port)
{
    if (port->is_console)
        tell(port, CONSOLE_PORT, 1, NULL);
    if (port->name && *port->name)
        tell(port, PORT_NAME, 1, port->name);
    if (port->host_is_open)
        tell(port, PORT_OPEN, 1, NULL);
}

/* ---- messages from the guest ----------------------------------------------------------------- */

static void handle_device_ready(Console *console, const Message *message)
{
    console->driver_ready = message->value;
    for (unsigned i = 0; i < console->max_ports; i++)
        if (console->ports[i])
            tell(console->ports[i], PORT_ADD, 1, NULL);
}

static void handle_message(EmuVirtio *virtio, const Message *message)
{
    Console *console = emu_virtio_state(virtio);
    EmuVirtioPort *port = port_at(console, message->port);
    if (message->event == DEVICE_READY)
        handle_device_ready(console, message);
    else if (!port || (message->event != PORT_READY && message->event != PORT_OPEN))
        emu_device_guest_error(emu_virtio_device(virtio), "control message %u for port %u",
                               message->event, message->port);
    else if (message->event == PORT_READY && message->value)
        introduce(port);
    else if (message->event == PORT_OPEN) {
        port->guest_is_open = message->value;
        emu_char_accept_input(port->chr);
    }
}

static void take_messages(EmuVirtio *virtio, EmuVirtqueue *queue)
{
    EmuVirtioBuffer *buffer;
    while ((buffer = emu_virtqueue_pop(queue))) {
        Message message;
        bool whole =
            emu_virtio_buffer_read(buffer, 0, &message, sizeof(message)) == sizeof(message);
        emu_virtqueue_push(queue, buffer, 0);
        if (whole)
            handle_message(virtio, &message);
        else
            emu_device_guest_error(emu_virtio_device(virtio), "a control message cut short");
    }
    emu_virtqueue_flush(queue);
}

/* ---- data ------------------------------------------------------------------------------------ */

static void take_data(EmuVirtioPort *port, EmuVirtqueue *queue)
{
    EmuVirtioBuffer *buffer;
    while ((buffer = emu_virtqueue_pop(queue))) {
        for (unsigned i = 0; port && i < buffer->n_readable; i++)
            emu_char_write(port->chr, buffer->readable[i].iov_base, buffer->readable[i].iov_len);
        emu_virtqueue_push(queue, buffer, 0);
    }
    emu_virtqueue_flush(queue);
}

/* Without MULTIPORT there is no open: the one port is. */
static bool takes_input(const EmuVirtioPort *port)
{
    return port->virtio && emu_virtio_is_running(port->virtio) &&
           (port->guest_is_open || (port->number == 0 && !emu_virtio_has(port->virtio, MULTIPORT)));
}

/* As much as the next buffer holds. */
static size_t can_receive(EmuDevice *device)
{
    EmuVirtioPort *port = emu_device_state(device);
    EmuVirtqueue *queue = queue_of(port, false);
    EmuVirtioBuffer *buffer = takes_input(port) ? emu_virtqueue_pop(queue) : NULL;
    if (!buffer)
        return 0;
    size_t size = buffer->writable_size;
    if (size)
        emu_virtqueue_unpop(queue, buffer);
    else
        emu_virtqueue_push(queue, buffer, 0); /* of no use, and not to be met again */
    return size;
}

static void receive(EmuDevice *device, const uint8_t *bytes, size_t size)
{
    EmuVirtioPort *port = emu_device_state(device);
    EmuVirtqueue *queue = queue_of(port, false);
    EmuVirtioBuffer *buffer;
    while (size > 0 && takes_input(port) && (buffer = emu_virtqueue_pop(queue))) {
        size_t written = emu_virtio_buffer_write(buffer, 0, bytes, size);
        emu_virtqueue_push(queue, buffer, written);
        bytes += written;
        size -= written;
    }
    if (queue)
        emu_virtqueue_flush(queue);
}

static void event(EmuDevice *device, EmuCharEvent event)
{
    EmuVirtioPort *port = emu_device_state(device);
    if (event == EMU_CHAR_BREAK)
        return;
    port->host_is_open = event == EMU_CHAR_OPENED;
    if (port->virtio)
        tell(port, PORT_OPEN, port->host_is_open, NULL);
}

/* ---- the console device ---------------------------------------------------------------------- */

static void notified(EmuVirtio *virtio, EmuVirtqueue *queue)
{
    Console *console = emu_virtio_state(virtio);
    unsigned index = emu_virtqueue_index(queue);
    if (index == QUEUE_CONTROL_RX) {
        send_messages(virtio);
    } else if (index == QUEUE_CONTROL_TX) {
        take_messages(virtio, queue);
    } else {
        EmuVirtioPort *port = port_at(console, index < 2 ? 0 : index / 2 - 1);
        if (index % 2)
            take_data(port, queue);
        else if (port)
            emu_char_accept_input(port->chr);
    }
}

/* 5.3.4: a byte for whoever has nothing else yet, before DRIVER_OK too. */
static void config_written(EmuVirtio *virtio, unsigned offset, unsigned size, uint64_t value)
{
    Console *console = emu_virtio_state(virtio);
    uint8_t byte = (uint8_t)value;
    if (offset == offsetof(Config, emergency) && size == 4 && console->ports[0])
        emu_char_write(console->ports[0]->chr, &byte, 1);
    else
        emu_device_guest_error(emu_virtio_device(virtio), "configuration at 0x%x cannot be written",
                               offset);
}

static void reset(EmuVirtio *virtio)
{
    Console *console = emu_virtio_state(virtio);
    console->driver_ready = false;
    for (unsigned i = 0; i < console->max_ports; i++)
        if (console->ports[i])
            console->ports[i]->guest_is_open = false;
    g_queue_clear_full(&console->messages, (GDestroyNotify)g_bytes_unref);
}

static bool init(EmuVirtio *virtio, GError **error)
{
    (void)error;
    Console *console = emu_virtio_state(virtio);
    struct virtio_console_props props;
    virtio_console_props_read(emu_device_model(emu_virtio_device(virtio)), &props);
    console->max_ports = (unsigned)props.max_ports;
    g_queue_init(&console->messages);
    for (unsigned i = 0; i < 2 * (console->max_ports + 1); i++)
        emu_virtio_add_queue(virtio, QUEUE_SIZE);
    *(Config *)emu_virtio_config(virtio) = (Config){.max_ports = console->max_ports};
    emu_virtio_offer(virtio, EMU_VIRTIO_FEATURE(MULTIPORT) | EMU_VIRTIO_FEATURE(EMERG_WRITE));
    return true;
}

const EmuVirtioClass emu_virtio_console = {
    .id = 3,
    .pci_class = 0x078000,
    .state_size = sizeof(Console),
    .config_size = sizeof(Config),
    .init = init,
    .reset = reset,
    .done = reset,
    .notified = notified,
    .config_written = config_written,
};

/* The first member of the state of every driver of a virtio device. */
static EmuVirtio *virtio_of(EmuDevice *device)
{
    return *(EmuVirtio **)emu_device_state(device);
}

void emu_virtio_console_plugged(EmuDevice *device, unsigned bus, EmuDevice *child)
{
    (void)bus;
    EmuVirtio *virtio = virtio_of(device);
    Console *console = emu_virtio_state(virtio);
    EmuVirtioPort *port = emu_device_bus_side(child);
    uint64_t number = emu_device_model(child)->address.fields[0];
    if (number >= console->max_ports)
        return; /* it stays unplugged: the guest has no queues for it */
    port->virtio = virtio;
    port->number = (unsigned)number;
    console->ports[number] = port;
    tell(port, PORT_ADD, 1, NULL);
}

void emu_virtio_console_unplugged(EmuDevice *device, unsigned bus, EmuDevice *child)
{
    (void)bus;
    Console *console = emu_virtio_state(virtio_of(device));
    EmuVirtioPort *port = emu_device_bus_side(child);
    if (!port->virtio)
        return;
    tell(port, PORT_REMOVE, 1, NULL);
    console->ports[port->number] = NULL;
    port->virtio = NULL;
}

/* ---- ports ----------------------------------------------------------------------------------- */

bool emu_virtio_port_init(EmuDevice *device, GError **error)
{
    static const EmuCharOps ops = {can_receive, receive, event};
    EmuVirtioPort *port = emu_device_state(device);
    struct virtio_port_props props;
    virtio_port_props_read(emu_device_model(device), &props);
    port->device = device;
    port->is_console = GPOINTER_TO_INT(emu_device_shared(device));
    port->name = props.name;
    emu_device_set_bus_side(device, port);
    return emu_device_char(device, "chardev", &ops, &port->chr, error);
}

void emu_virtio_port_reset(EmuDevice *device)
{
    EmuVirtioPort *port = emu_device_state(device);
    port->guest_is_open = false;
}
