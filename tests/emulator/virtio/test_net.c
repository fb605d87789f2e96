/* The network device: frames both ways over a socket pair, checksums, the receive filter, and what
 * must be dropped. */
#include "guest.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

extern const EmuDriver emu_driver_virtio_net_device;

#define FEATURE EMU_VIRTIO_FEATURE
#define CONTROL (FEATURE(17) | FEATURE(18) | FEATURE(19) | FEATURE(20) | FEATURE(23))

typedef struct Nic {
    Guest *guest;
    GuestQueue rx, tx, control;
    EmuBackends *backends;
    EmuBinding binding;
    int peer; /* the other end: a frame a datagram */
    uint64_t header, data;
} Nic;

static Nic *nic_new(void)
{
    Nic *nic = g_new0(Nic, 1);
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, fds), 0);
    nic->peer = fds[0];
    nic->backends = emu_backends_new();
    assert_true(emu_backends_add_net(nic->backends, "net0", emu_net_fd(fds[1], NULL), NULL, NULL));
    Guest *guest = nic->guest = guest_new(&emu_driver_virtio_net_device);
    bench_set_text(guest->model, "mac", "52:54:00:12:34:56");
    nic->binding = (EmuBinding){"dut", "netdev", "net0"};
    guest->bench->config.backends = nic->backends;
    guest->bench->config.bindings = &nic->binding;
    guest->bench->config.n_bindings = 1;
    return nic;
}

static Nic *nic_booted(uint64_t features)
{
    Nic *nic = nic_new();
    Guest *guest = nic->guest;
    guest_negotiate(guest, features);
    guest_queue(guest, &nic->rx, 0, 16);
    guest_queue(guest, &nic->tx, 1, 16);
    if (features & FEATURE(17))
        guest_queue(guest, &nic->control, 2, 16);
    guest_go(guest);
    nic->header = guest_alloc(guest, 16);
    nic->data = guest_alloc(guest, 0x11000);
    return nic;
}

static void nic_free(Nic *nic)
{
    guest_free(nic->guest);
    emu_backends_free(nic->backends);
    close(nic->peer);
    g_free(nic);
}

static void run_host(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

/* Sends from the guest; returns the size at the other end, 0 when nothing came. */
static size_t transmit(Nic *nic, const uint8_t *header, const void *frame, uint32_t size, void *got)
{
    Guest *guest = nic->guest;
    memset(guest_at(guest, nic->header), 0, 12);
    if (header)
        memcpy(guest_at(guest, nic->header), header, 12);
    memcpy(guest_at(guest, nic->data), frame, size);
    uint32_t first = size / 2;
    GuestPart parts[] = {{nic->header, 12, false},
                         {nic->data, first, false},
                         {nic->data + first, size - first, false}};
    assert_int_equal(guest_do(guest, &nic->tx, parts, 3), 0);
    ssize_t n = recv(nic->peer, got, 65536, 0);
    assert_true(n >= 0 || errno == EAGAIN);
    return n > 0 ? (size_t)n : 0;
}

static void make_frame(uint8_t *frame, const char *to, size_t size)
{
    static const uint8_t any[6] = {0x52, 0x54, 0, 9, 9, 9};
    for (size_t i = 0; i < size; i++)
        frame[i] = (uint8_t)(i * 3);
    for (unsigned i = 0; i < 6; i++)
        frame[i] = (uint8_t)strtoul(to + 3 * i, NULL, 16);
    memcpy(frame + 6, any, 6);
    frame[12] = 0x08;
    frame[13] = 0x00;
}

#define OURS "52:54:00:12:34:56"

static void offer_buffer(Nic *nic, uint32_t size)
{
    guest_add(nic->guest, &nic->rx, &(GuestPart){nic->data, size, true}, 1);
    guest_notify(nic->guest, &nic->rx);
}

/* A frame from the other end; returns what the guest's one buffer got, 0 for nothing. */
static uint32_t arrive(Nic *nic, const void *frame, size_t size)
{
    uint16_t id;
    uint32_t written;
    assert_int_equal(send(nic->peer, frame, size, 0), size);
    run_host();
    return guest_used(nic->guest, &nic->rx, &id, &written) ? written : 0;
}

static void test_config(void **state)
{
    (void)state;
    Nic *nic = nic_new();
    bench_set(nic->guest->model, "host_mtu", 1400);
    guest_build(nic->guest);
    assert_int_equal(guest_read(nic->guest, 0x08), 1);
    assert_int_equal(guest_config(nic->guest, 0, 4), 0x12005452);
    assert_int_equal(guest_config(nic->guest, 4, 2), 0x5634);
    assert_int_equal(guest_config(nic->guest, 6, 2), 1); /* the link is up */
    assert_int_equal(guest_config(nic->guest, 10, 2), 1400);
    assert_int_equal(guest_offered(nic->guest) & 0xffffff, CONTROL | FEATURE(0) | FEATURE(1) |
                                                               FEATURE(3) | FEATURE(5) |
                                                               FEATURE(15) | FEATURE(16));
    nic_free(nic);
}

static void test_transmit(void **state)
{
    (void)state;
    Nic *nic = nic_booted(0);
    uint8_t frame[1514], got[65536];
    make_frame(frame, "ff:ff:ff:ff:ff:ff", sizeof(frame));
    for (unsigned i = 0; i < 50; i++) {
        assert_int_equal(transmit(nic, NULL, frame, sizeof(frame), got), sizeof(frame));
        assert_memory_equal(got, frame, sizeof(frame));
    }
    assert_int_equal(transmit(nic, NULL, frame, 14, got), 14);
    assert_int_equal(guest_errors(nic->guest), 0);
    assert_int_equal(transmit(nic, NULL, frame, 13, got), 0); /* no whole header */
    const uint8_t segment[12] = {0, 1};
    assert_int_equal(transmit(nic, segment, frame, 100, got), 0); /* was not negotiated */
    const uint8_t checksum[12] = {1, 0, 0, 0, 0, 0, 14, 0, 2, 0};
    assert_int_equal(transmit(nic, checksum, frame, 100, got), 0);
    assert_int_equal(guest_errors(nic->guest), 3);
    guest_do(nic->guest, &nic->tx, &(GuestPart){nic->header, 11, false}, 1);
    guest_do(nic->guest, &nic->tx, &(GuestPart){nic->header, 12, true}, 1);
    assert_int_equal(guest_errors(nic->guest), 5);
    assert_false(guest_needs_reset(nic->guest));
    nic_free(nic);
}

static void test_checksum(void **state)
{
    (void)state;
    Nic *nic = nic_booted(FEATURE(0));
    uint8_t frame[64] = {0}, got[65536];
    memcpy(frame + 14, "\x00\x01\xf2\x03\xf4\xf5\xf6\xf7", 8); /* the example of RFC 1071, 3 */
    const uint8_t header[12] = {1, 0, 0, 0, 0, 0, 14, 0, 8, 0};
    assert_int_equal(transmit(nic, header, frame, 64, got), 64);
    assert_int_equal(got[22] << 8 | got[23], 0x220d);
    const uint8_t odd[12] = {1, 0, 0, 0, 0, 0, 14, 0, 7, 0}; /* an odd number of bytes */
    assert_int_equal(transmit(nic, odd, frame, 63, got), 63);
    static const uint16_t places[][2] = {{63, 0}, {0, 63}, {0xffff, 0xffff}, {64, 0}};
    for (unsigned i = 0; i < G_N_ELEMENTS(places); i++) {
        uint8_t beyond[12] = {1};
        memcpy(beyond + 6, places[i], 4);
        assert_int_equal(transmit(nic, beyond, frame, 64, got), 0);
        assert_int_equal(guest_errors(nic->guest), i + 1);
    }
    nic_free(nic);
}

static void test_receive(void **state)
{
    (void)state;
    Nic *nic = nic_booted(0);
    uint8_t frame[1514];
    make_frame(frame, OURS, sizeof(frame));
    for (unsigned i = 0; i < 50; i++) {
        offer_buffer(nic, 1526);
        assert_int_equal(arrive(nic, frame, sizeof(frame)), 1526);
        const uint8_t *data = guest_at(nic->guest, nic->data);
        assert_memory_equal(data + 12, frame, sizeof(frame));
        assert_int_equal(data[10], 1); /* number of buffers */
    }
    assert_int_equal(arrive(nic, frame, 60), 0); /* no buffer: it waits */
    offer_buffer(nic, 1526);
    run_host();
    uint16_t id;
    uint32_t size;
    assert_true(guest_used(nic->guest, &nic->rx, &id, &size));
    assert_int_equal(size, 72);
    offer_buffer(nic, 72);
    assert_int_equal(arrive(nic, frame, 61), 0); /* a byte too long: lost */
    assert_int_equal(arrive(nic, frame, 60), 72);
    offer_buffer(nic, 1526);
    assert_int_equal(arrive(nic, frame, 13), 0); /* no whole header: lost */
    assert_int_equal(arrive(nic, frame, 14), 26);
    nic_free(nic);
}

static void test_merged_buffers(void **state)
{
    (void)state;
    Nic *nic = nic_booted(FEATURE(15));
    Guest *guest = nic->guest;
    uint8_t frame[300];
    uint32_t size;
    uint16_t id;
    make_frame(frame, OURS, sizeof(frame));
    for (unsigned i = 0; i < 4; i++)
        guest_add(guest, &nic->rx, &(GuestPart){nic->data + 100 * i, 100, true}, 1);
    guest_notify(guest, &nic->rx);
    assert_int_equal(arrive(nic, frame, 300), 100);
    assert_true(guest_used(guest, &nic->rx, &id, &size));
    assert_int_equal(size, 100);
    assert_true(guest_used(guest, &nic->rx, &id, &size));
    assert_int_equal(size, 100);
    assert_true(guest_used(guest, &nic->rx, &id, &size));
    assert_int_equal(size, 12);
    const uint8_t *data = guest_at(guest, nic->data);
    assert_memory_equal(data + 12, frame, 300);
    assert_int_equal(data[10], 4);
    offer_buffer(nic, 100); /* not enough: none of them is used */
    offer_buffer(nic, 100);
    assert_int_equal(arrive(nic, frame, 300), 0);
    assert_int_equal(arrive(nic, frame, 180), 100);
    nic_free(nic);
}

static int command(Nic *nic, uint8_t class, uint8_t command, const void *data, uint32_t size)
{
    Guest *guest = nic->guest;
    uint8_t *bytes = guest_at(guest, nic->data);
    bytes[0] = class;
    bytes[1] = command;
    memcpy(bytes + 2, data, size);
    uint8_t *ack = guest_at(guest, nic->header);
    *ack = 0xff;
    GuestPart parts[] = {{nic->data, 2 + size, false}, {nic->header, 1, true}};
    assert_int_equal(guest_do(guest, &nic->control, parts, 2), 1);
    return *ack;
}

static bool arrives(Nic *nic, const char *to, unsigned vlan)
{
    uint8_t frame[64];
    make_frame(frame, to, sizeof(frame));
    if (vlan) {
        frame[12] = 0x81;
        frame[14] = (uint8_t)(0xe0 | vlan >> 8); /* with a priority */
        frame[15] = (uint8_t)vlan;
    }
    return arrive(nic, frame, sizeof(frame)) > 0;
}

static void test_filter(void **state)
{
    (void)state;
    Nic *nic = nic_booted(CONTROL);
    for (unsigned i = 0; i < 12; i++)
        offer_buffer(nic, 128);
    const char *all = "ff:ff:ff:ff:ff:ff", *group = "01:00:5e:00:00:01",
               *other = "52:54:00:00:00:01";
    assert_true(arrives(nic, OURS, 0));
    assert_true(arrives(nic, all, 0));
    assert_false(arrives(nic, other, 0));
    assert_false(arrives(nic, group, 0));

    const uint8_t tables[] = "\1\0\0\0\x52\x54\0\0\0\1\1\0\0\0\1\0\x5e\0\0\1";
    assert_int_equal(command(nic, 1, 0, tables, 20), 0);
    assert_true(arrives(nic, other, 0));
    assert_true(arrives(nic, group, 0));
    assert_int_equal(command(nic, 1, 0, "\0\0\0\0\0\0\0", 8), 0);
    assert_false(arrives(nic, other, 0));
    assert_int_equal(command(nic, 0, 2, "\1", 1), 0); /* all unicast */
    assert_true(arrives(nic, other, 0));
    assert_int_equal(command(nic, 0, 4, "\1", 1), 0); /* no unicast */
    assert_false(arrives(nic, OURS, 0));
    assert_int_equal(command(nic, 0, 4, "\0", 1), 0);
    assert_int_equal(command(nic, 0, 5, "\1", 1), 0); /* no broadcast */
    assert_false(arrives(nic, all, 0));
    assert_int_equal(command(nic, 1, 1, "\x52\x54\0\0\0\7", 6), 0);
    assert_int_equal(command(nic, 0, 2, "\0", 1), 0);
    assert_true(arrives(nic, "52:54:00:00:00:07", 0));
    assert_false(arrives(nic, OURS, 0));

    assert_false(arrives(nic, "52:54:00:00:00:07", 0x123));
    assert_int_equal(command(nic, 2, 0, "\x23\x01", 2), 0);
    assert_true(arrives(nic, "52:54:00:00:00:07", 0x123));
    assert_int_equal(command(nic, 2, 1, "\x23\x01", 2), 0);
    assert_false(arrives(nic, "52:54:00:00:00:07", 0x123));
    assert_int_equal(command(nic, 0, 0, "\1", 1), 0); /* promiscuous */
    assert_true(arrives(nic, other, 0x123));
    nic_free(nic);
}

static void test_bad_commands(void **state)
{
    (void)state;
    Nic *nic = nic_booted(CONTROL);
    const uint8_t many[] = "\xff\xff\xff\xff\x52\x54\0\0\0\1";
    assert_int_equal(command(nic, 0, 6, "\1", 1), 1);
    assert_int_equal(command(nic, 0, 0, "", 0), 1);
    assert_int_equal(command(nic, 0, 0, "\1\1", 2), 1);
    assert_int_equal(command(nic, 1, 0, many, 10), 1);
    assert_int_equal(command(nic, 1, 0, "\0\0\0\0", 4), 1);
    assert_int_equal(command(nic, 1, 0, "\0\0\0\0\0\0\0\0\0", 9), 1);
    assert_int_equal(command(nic, 1, 1, "\1\2\3\4\5", 5), 1);
    assert_int_equal(command(nic, 1, 2, "", 0), 1);
    assert_int_equal(command(nic, 2, 0, "\x00\x10", 2), 1); /* VLAN 4096 */
    assert_int_equal(command(nic, 2, 2, "\0\0", 2), 1);
    assert_int_equal(command(nic, 3, 0, "", 0), 1);
    assert_int_equal(command(nic, 255, 255, "", 0), 1);
    assert_int_equal(guest_errors(nic->guest), 0);
    nic_free(nic);

    nic = nic_booted(FEATURE(17)); /* a queue, and nothing it is for */
    assert_int_equal(command(nic, 0, 0, "\1", 1), 1);
    assert_int_equal(command(nic, 1, 1, "\x52\x54\0\0\0\7", 6), 1);
    assert_int_equal(command(nic, 2, 0, "\1\0", 2), 1);
    nic_free(nic);
}

static void test_before_the_driver(void **state)
{
    (void)state;
    Nic *nic = nic_new();
    guest_build(nic->guest);
    uint8_t frame[64];
    make_frame(frame, OURS, sizeof(frame));
    assert_int_equal(send(nic->peer, frame, sizeof(frame), 0), sizeof(frame));
    run_host();
    guest_negotiate(nic->guest, 0);
    guest_queue(nic->guest, &nic->rx, 0, 16);
    nic->data = guest_alloc(nic->guest, 2048);
    guest_add(nic->guest, &nic->rx, &(GuestPart){nic->data, 2048, true}, 1);
    guest_go(nic->guest);
    run_host();
    uint16_t id;
    uint32_t size;
    assert_false(guest_used(nic->guest, &nic->rx, &id, &size)); /* it was lost, as on a wire */
    assert_int_equal(arrive(nic, frame, 60), 72);
    nic_free(nic);
}

static void test_wrong_setup(void **state)
{
    (void)state;
    static const char *const macs[] = {"52:54:00:12:34", "52:54:00:12:34:5g", "53:54:00:12:34:56",
                                       "52:54:00:12:34:56:78", "x"};
    for (unsigned i = 0; i < G_N_ELEMENTS(macs); i++) {
        Nic *nic = nic_new();
        GError *error = NULL;
        bench_set_text(nic->guest->model, "mac", macs[i]);
        assert_false(bench_try_build(nic->guest->bench, &error));
        assert_non_null(strstr(error->message, "is not the address of one station"));
        g_error_free(error);
        nic_free(nic);
    }
    Nic *nic = nic_new(); /* without a backend it has no link, and its own address */
    nic->guest->bench->config.n_bindings = 0;
    bench_set_text(nic->guest->model, "mac", "");
    guest_build(nic->guest);
    assert_int_equal(guest_config(nic->guest, 6, 2), 0);
    assert_int_equal(guest_config(nic->guest, 0, 2), 0x5452);
    nic_free(nic);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_config),         cmocka_unit_test(test_transmit),
        cmocka_unit_test(test_checksum),       cmocka_unit_test(test_receive),
        cmocka_unit_test(test_merged_buffers), cmocka_unit_test(test_filter),
        cmocka_unit_test(test_bad_commands),   cmocka_unit_test(test_before_the_driver),
        cmocka_unit_test(test_wrong_setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
