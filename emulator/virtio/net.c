/* net: the network device (virtio 1.2, 5.1): one pair of queues, checksums filled in for the guest,
 * and the control queue with its receive filter. What does not fit or is not wanted is dropped, as
 * on a wire. */
#include "virtio/net.h"

#include "types/virtio_net.h"

#include <string.h>

#include <wire.h>

enum { /* feature bits (5.1.3) */
       CSUM = 0,
       GUEST_CSUM = 1,
       MTU = 3,
       MAC = 5,
       MRG_RXBUF = 15,
       STATUS = 16,
       CTRL_VQ = 17,
       CTRL_RX = 18,
       CTRL_VLAN = 19,
       CTRL_RX_EXTRA = 20,
       CTRL_MAC_ADDR = 23,
};

enum { QUEUE_RX, QUEUE_TX, QUEUE_CONTROL };

#define FEATURE      EMU_VIRTIO_FEATURE
#define MAC_SIZE     6
#define ETHER_HEADER 14
#define MAX_FRAME    65536
#define MAX_MACS     64 /* of each table; more mean all */
#define CONTROL_SIZE 64
#define STATUS_LINK  1

typedef struct Config { /* 5.1.4 */
    uint8_t mac[MAC_SIZE];
    uint16_t status, max_pairs, mtu;
} Config;

typedef struct Header { /* 5.1.6 */
    uint8_t flags, gso_type;
    uint16_t header_size, gso_size, csum_start, csum_offset, n_buffers;
} Header;

#define HEADER_NEEDS_CSUM 1

typedef struct MacTable {
    unsigned n;
    bool overflow; /* the guest gave more: all pass */
    uint8_t macs[MAX_MACS][MAC_SIZE];
} MacTable;

/* What the guest wants to receive (5.1.6.5); reset to everything for it. */
typedef struct Filter {
    bool modes[6]; /* by command of class RX */
    MacTable unicast, multicast;
    uint8_t mac[MAC_SIZE];
    uint32_t vlans[4096 / 32];
} Filter;

typedef struct Net {
    EmuNet *net;
    uint8_t mac[MAC_SIZE]; /* as configured */
    Filter filter;
    uint64_t n_dropped;
} Net;

static Config *config_of(EmuVirtio *virtio)
{
    return (Config *)emu_virtio_config(virtio);
}

/* ---- sending --------------------------------------------------------------------------------- */

/* The Internet checksum (RFC 1071) from start on, into its place. */
static void fill_checksum(uint8_t *frame, size_t size, size_t start, size_t offset)
{
    uint32_t sum = 0;
    for (size_t i = start; i < size; i++)
        sum += (i - start) % 2 ? frame[i] : (uint32_t)frame[i] << 8;
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    uint16_t checksum = (uint16_t)~sum ? (uint16_t)~sum : 0xffff;
    frame[start + offset] = (uint8_t)(checksum >> 8);
    frame[start + offset + 1] = (uint8_t)checksum;
}

/* Why the frame cannot be sent, or NULL: it was. */
static const char *send_frame(EmuVirtio *virtio, const EmuVirtioBuffer *buffer)
{
    Net *net = emu_virtio_state(virtio);
    Header header;
    if (emu_virtio_buffer_read(buffer, 0, &header, sizeof(header)) < sizeof(header))
        return "a frame without its header";
    size_t size = buffer->readable_size - sizeof(header);
    if (size < ETHER_HEADER || size > MAX_FRAME)
        return "a frame too short or too long";
    if (header.gso_type != 0)
        return "a frame to be segmented, which was not negotiated";

    if (!(header.flags & HEADER_NEEDS_CSUM)) {
        struct iovec parts[EMU_VIRTIO_MAX_DESCRIPTORS];
        unsigned n =
            emu_iovec_slice(buffer->readable, buffer->n_readable, sizeof(header), size, parts);
        emu_net_send(net->net, parts, n);
        return NULL;
    }
    if (!emu_virtio_has(virtio, CSUM))
        return "a frame without its checksum, which was not negotiated";
    if ((size_t)header.csum_start + header.csum_offset + 2 > size)
        return "a checksum beyond the frame";
    g_autofree uint8_t *frame = g_malloc(size);
    size = emu_virtio_buffer_read(buffer, sizeof(header), frame, size);
    fill_checksum(frame, size, header.csum_start, header.csum_offset);
    emu_net_send(net->net, &(struct iovec){frame, size}, 1);
    return NULL;
}

static void send_frames(EmuVirtio *virtio, EmuVirtqueue *queue)
{
    EmuVirtioBuffer *buffer;
    while ((buffer = emu_virtqueue_pop(queue))) {
        const char *why = send_frame(virtio, buffer);
        if (why)
            emu_device_guest_error(emu_virtio_device(virtio), "%s", why);
        emu_virtqueue_push(queue, buffer, 0);
    }
    emu_virtqueue_flush(queue);
}

/* ---- receiving ------------------------------------------------------------------------------- */

enum { RX_PROMISC, RX_ALLMULTI, RX_ALLUNI, RX_NOMULTI, RX_NOUNI, RX_NOBCAST };

static bool is_in_table(const MacTable *table, const uint8_t *mac)
{
    bool found = table->overflow;
    for (unsigned i = 0; i < table->n && !found; i++)
        found = memcmp(table->macs[i], mac, MAC_SIZE) == 0;
    return found;
}

static bool is_wanted(EmuVirtio *virtio, const Filter *filter, const uint8_t *frame, size_t size)
{
    static const uint8_t broadcast[MAC_SIZE] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    bool tagged = size >= ETHER_HEADER + 4 && frame[12] == 0x81 && frame[13] == 0x00;
    unsigned vlan = tagged ? (frame[14] & 0x0fu) << 8 | frame[15] : 0;
    if (filter->modes[RX_PROMISC])
        return true;
    if (tagged && emu_virtio_has(virtio, CTRL_VLAN) &&
        !(filter->vlans[vlan / 32] & 1u << vlan % 32))
        return false;
    if (memcmp(frame, broadcast, MAC_SIZE) == 0)
        return !filter->modes[RX_NOBCAST];
    if (frame[0] & 1)
        return !filter->modes[RX_NOMULTI] &&
               (filter->modes[RX_ALLMULTI] || is_in_table(&filter->multicast, frame));
    return !filter->modes[RX_NOUNI] &&
           (filter->modes[RX_ALLUNI] || memcmp(frame, filter->mac, MAC_SIZE) == 0 ||
            is_in_table(&filter->unicast, frame));
}

/* Takes buffers for that many bytes; 0 when there are not enough, and they are put back. */
static unsigned take_buffers(EmuVirtio *virtio, EmuVirtqueue *queue, size_t size,
                             EmuVirtioBuffer **ret_buffers)
{
    unsigned n = 0, most = emu_virtio_has(virtio, MRG_RXBUF) ? EMU_VIRTQUEUE_MAX_SIZE : 1;
    size_t room = 0;
    while (room < size && n < most && (ret_buffers[n] = emu_virtqueue_pop(queue)))
        room += ret_buffers[n++]->writable_size;
    if (room >= size && ret_buffers[0]->writable_size >= sizeof(Header))
        return n;
    while (n > 0)
        emu_virtqueue_unpop(queue, ret_buffers[--n]);
    return 0;
}

static bool deliver(EmuVirtio *virtio, const uint8_t *frame, size_t size)
{
    EmuVirtioBuffer *buffers[EMU_VIRTQUEUE_MAX_SIZE];
    EmuVirtqueue *queue = emu_virtio_queue(virtio, QUEUE_RX);
    unsigned n = take_buffers(virtio, queue, sizeof(Header) + size, buffers);
    Header header = {.n_buffers = (uint16_t)n};
    for (unsigned i = 0; i < n; i++) {
        size_t skip = i == 0 ? emu_virtio_buffer_write(buffers[0], 0, &header, sizeof(header)) : 0;
        size_t written = emu_virtio_buffer_write(buffers[i], skip, frame, size);
        frame += written;
        size -= written;
        emu_virtqueue_push(queue, buffers[i], skip + written);
    }
    emu_virtqueue_flush(queue);
    return n > 0;
}

static void receive(EmuDevice *device, const uint8_t *frame, size_t size)
{
    EmuVirtio *virtio = *(EmuVirtio **)emu_device_state(device);
    Net *net = emu_virtio_state(virtio);
    if (!emu_virtio_is_running(virtio) || size < ETHER_HEADER || size > MAX_FRAME ||
        !is_wanted(virtio, &net->filter, frame, size) || !deliver(virtio, frame, size))
        net->n_dropped++;
}

/* Before the guest's driver runs, frames are lost and not kept. */
static bool can_receive(EmuDevice *device)
{
    EmuVirtio *virtio = *(EmuVirtio **)emu_device_state(device);
    return !emu_virtio_is_running(virtio) ||
           !emu_virtqueue_is_empty(emu_virtio_queue(virtio, QUEUE_RX));
}

static void set_link(EmuVirtio *virtio, bool up)
{
    Config *config = config_of(virtio);
    uint16_t status = up ? STATUS_LINK : 0;
    if (config->status == status)
        return;
    config->status = status;
    emu_virtio_config_changed(virtio);
}

static void link_changed(EmuDevice *device, bool up)
{
    EmuVirtio *virtio = *(EmuVirtio **)emu_device_state(device);
    set_link(virtio, up);
}

/* ---- the control queue (5.1.6.5) ------------------------------------------------------------- */

enum { CLASS_RX = 0, CLASS_MAC = 1, CLASS_VLAN = 2 };
enum { MAC_TABLE_SET = 0, MAC_ADDR_SET = 1, VLAN_ADD = 0, VLAN_DEL = 1 };
enum { ACK_OK = 0, ACK_ERR = 1 };

static bool set_mode(EmuVirtio *virtio, Filter *filter, uint8_t command,
                     const EmuVirtioBuffer *buffer)
{
    uint8_t on;
    unsigned feature = command > RX_ALLMULTI ? CTRL_RX_EXTRA : CTRL_RX;
    if (command > RX_NOBCAST || !emu_virtio_has(virtio, feature) || buffer->readable_size != 3 ||
        emu_virtio_buffer_read(buffer, 2, &on, 1) != 1)
        return false;
    filter->modes[command] = on;
    return true;
}

static bool read_table(const EmuVirtioBuffer *buffer, size_t *offset, MacTable *ret_table)
{
    uint32_t n;
    if (emu_virtio_buffer_read(buffer, *offset, &n, sizeof(n)) != sizeof(n))
        return false;
    *offset += sizeof(n);
    if (n > (buffer->readable_size - *offset) / MAC_SIZE)
        return false;
    ret_table->overflow = n > MAX_MACS;
    ret_table->n = MIN(n, MAX_MACS);
    emu_virtio_buffer_read(buffer, *offset, ret_table->macs, ret_table->n * MAC_SIZE);
    *offset += (size_t)n * MAC_SIZE;
    return true;
}

static bool set_mac(EmuVirtio *virtio, Filter *filter, uint8_t command,
                    const EmuVirtioBuffer *buffer)
{
    size_t offset = 2;
    if (command == MAC_ADDR_SET)
        return emu_virtio_has(virtio, CTRL_MAC_ADDR) && buffer->readable_size == 2 + MAC_SIZE &&
               emu_virtio_buffer_read(buffer, offset, filter->mac, MAC_SIZE) == MAC_SIZE;
    MacTable unicast, multicast;
    if (command != MAC_TABLE_SET || !emu_virtio_has(virtio, CTRL_RX) ||
        !read_table(buffer, &offset, &unicast) || !read_table(buffer, &offset, &multicast) ||
        offset != buffer->readable_size)
        return false;
    filter->unicast = unicast;
    filter->multicast = multicast;
    return true;
}

static bool set_vlan(EmuVirtio *virtio, Filter *filter, uint8_t command,
                     const EmuVirtioBuffer *buffer)
{
    uint16_t vlan;
    if (command > VLAN_DEL || !emu_virtio_has(virtio, CTRL_VLAN) || buffer->readable_size != 4 ||
        emu_virtio_buffer_read(buffer, 2, &vlan, sizeof(vlan)) != sizeof(vlan) || vlan > 4095)
        return false;
    uint32_t bit = 1u << vlan % 32, *word = &filter->vlans[vlan / 32];
    *word = command == VLAN_ADD ? *word | bit : *word & ~bit;
    return true;
}

static bool handle_command(EmuVirtio *virtio, const EmuVirtioBuffer *buffer)
{
    static bool (*const handlers[])(EmuVirtio *, Filter *, uint8_t, const EmuVirtioBuffer *) = {
        [CLASS_RX] = set_mode, [CLASS_MAC] = set_mac, [CLASS_VLAN] = set_vlan};
    Net *net = emu_virtio_state(virtio);
    uint8_t head[2]; /* class, command */
    return emu_virtio_buffer_read(buffer, 0, head, 2) == 2 && head[0] < G_N_ELEMENTS(handlers) &&
           handlers[head[0]](virtio, &net->filter, head[1], buffer);
}

static void take_commands(EmuVirtio *virtio, EmuVirtqueue *queue)
{
    EmuVirtioBuffer *buffer;
    while ((buffer = emu_virtqueue_pop(queue))) {
        uint8_t ack = handle_command(virtio, buffer) ? ACK_OK : ACK_ERR;
        if (buffer->writable_size == 0)
            emu_device_guest_error(emu_virtio_device(virtio), "a command without room for its end");
        emu_virtqueue_push(queue, buffer, emu_virtio_buffer_write(buffer, 0, &ack, 1));
    }
    emu_virtqueue_flush(queue);
}

/* ---- life ------------------------------------------------------------------------------------ */

static void notified(EmuVirtio *virtio, EmuVirtqueue *queue)
{
    Net *net = emu_virtio_state(virtio);
    switch (emu_virtqueue_index(queue)) {
    case QUEUE_RX:
        emu_net_accept_input(net->net);
        break;
    case QUEUE_TX:
        send_frames(virtio, queue);
        break;
    case QUEUE_CONTROL:
        take_commands(virtio, queue);
        break;
    }
}

/* 5.1.6.5.1: without the control queue nothing can be chosen, so all is wanted. */
static void started(EmuVirtio *virtio)
{
    Net *net = emu_virtio_state(virtio);
    net->filter.modes[RX_PROMISC] = !emu_virtio_has(virtio, CTRL_RX);
    emu_net_accept_input(net->net);
}

static void reset(EmuVirtio *virtio)
{
    Net *net = emu_virtio_state(virtio);
    net->filter = (Filter){0};
    memcpy(net->filter.mac, net->mac, MAC_SIZE);
}

/* Without one given, an address of the device's own: its id decides, so that it stays the same. */
static bool choose_mac(EmuDevice *device, const char *text, uint8_t *ret_mac, GError **error)
{
    static const uint8_t vendor[] = {0x52, 0x54, 0x00};
    if (!*text) {
        guint32 hash = g_str_hash(emu_device_model(device)->id);
        memcpy(ret_mac, vendor, sizeof(vendor));
        for (unsigned i = 0; i < 3; i++)
            ret_mac[3 + i] = (uint8_t)(hash >> 8 * i);
        return true;
    }
    g_auto(GStrv) parts = g_strsplit(text, ":", -1);
    bool ok = g_strv_length(parts) == MAC_SIZE;
    for (unsigned i = 0; ok && i < MAC_SIZE; i++) {
        guint64 byte;
        ok = g_ascii_string_to_unsigned(parts[i], 16, 0, 0xff, &byte, NULL);
        ret_mac[i] = (uint8_t)byte;
    }
    if (!ok || ret_mac[0] & 1) {
        g_set_error(error, WIRE_ERROR, WIRE_ERROR_FAILED,
                    "mac '%s' is not the address of one station; write it as 52:54:00:12:34:56",
                    text);
        return false;
    }
    return true;
}

static uint64_t features(const struct virtio_net_props *props)
{
    uint64_t control = FEATURE(CTRL_VQ) | FEATURE(CTRL_RX) | FEATURE(CTRL_RX_EXTRA) |
                       FEATURE(CTRL_VLAN) | FEATURE(CTRL_MAC_ADDR);
    return FEATURE(MAC) | FEATURE(STATUS) | (props->csum ? FEATURE(CSUM) : 0) |
           (props->guest_csum ? FEATURE(GUEST_CSUM) : 0) |
           (props->mrg_rxbuf ? FEATURE(MRG_RXBUF) : 0) | (props->ctrl_vq ? control : 0) |
           (props->host_mtu ? FEATURE(MTU) : 0);
}

static bool init(EmuVirtio *virtio, GError **error)
{
    static const EmuNetOps ops = {can_receive, receive, link_changed};
    Net *net = emu_virtio_state(virtio);
    EmuDevice *device = emu_virtio_device(virtio);
    struct virtio_net_props props;
    virtio_net_props_read(emu_device_model(device), &props);
    if ((props.rx_queue_size | props.tx_queue_size) == 0 ||
        props.rx_queue_size & (props.rx_queue_size - 1) ||
        props.tx_queue_size & (props.tx_queue_size - 1)) {
        g_set_error_literal(error, WIRE_ERROR, WIRE_ERROR_FAILED,
                            "rx_queue_size and tx_queue_size must be powers of two");
        return false;
    }
    if (!choose_mac(device, props.mac, net->mac, error) ||
        !emu_device_net(device, "netdev", &ops, &net->net, error))
        return false;
    emu_virtio_add_queue(virtio, (unsigned)props.rx_queue_size);
    emu_virtio_add_queue(virtio, (unsigned)props.tx_queue_size);
    if (props.ctrl_vq)
        emu_virtio_add_queue(virtio, CONTROL_SIZE);
    emu_virtio_offer(virtio, features(&props));
    *config_of(virtio) = (Config){.status = emu_net_is_up(net->net) ? STATUS_LINK : 0,
                                  .max_pairs = 1,
                                  .mtu = (uint16_t)props.host_mtu};
    memcpy(config_of(virtio)->mac, net->mac, MAC_SIZE);
    return true;
}

const EmuVirtioClass emu_virtio_net = {
    .id = 1,
    .pci_class = 0x020000,
    .state_size = sizeof(Net),
    .config_size = sizeof(Config),
    .init = init,
    .reset = reset,
    .started = started,
    .notified = notified,
};
