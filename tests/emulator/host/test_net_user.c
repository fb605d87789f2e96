/* The network behind libslirp: what its router answers, what is forwarded, and what is refused. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/net.h"

typedef struct Guest {
    unsigned n_frames;
    uint8_t frame[EMU_NET_MAX_FRAME]; /* the last one of the kind that is waited for */
    size_t size;
    uint16_t wanted; /* EtherType */
    bool found;
} Guest;

static bool can_receive(void *context)
{
    (void)context;
    return true;
}

static void receive(void *context, const uint8_t *frame, size_t size)
{
    Guest *guest = context;
    guest->n_frames++;
    if (size < 14 || (frame[12] << 8 | frame[13]) != guest->wanted)
        return;
    guest->found = true;
    memcpy(guest->frame, frame, size);
    guest->size = size;
}

static void link_changed(void *context, bool up)
{
    (void)context, (void)up;
}

static EmuNetBackend *opened(EmuNetUserOptions options, Guest *guest)
{
    GError *error = NULL;
    EmuNetBackend *backend = emu_net_user(&options, &error);
    if (!backend)
        fail_msg("%s", error->message);
    *guest = (Guest){0};
    assert_true(
        emu_net_backend_attach(backend, &(EmuNetUser){can_receive, receive, link_changed, guest}));
    return backend;
}

/* Runs the main context until such a frame has come. */
static void wait_for(Guest *guest, uint16_t type)
{
    gint64 end = g_get_monotonic_time() + 60 * G_USEC_PER_SEC;
    guest->wanted = type;
    for (guest->found = false; !guest->found;) {
        assert_true(g_get_monotonic_time() < end);
        if (!g_main_context_iteration(NULL, FALSE))
            g_usleep(1000);
    }
}

static void send_arp_request(EmuNetBackend *backend, const char *who)
{
    uint8_t frame[42] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x52, 0x54, 0, 0x12, 0x34,
                         0x56, 8,    6,    0,    1,    8,    0,    6,    4, 0,    1,
                         0x52, 0x54, 0,    0x12, 0x34, 0x56, 10,   0,    2, 15};
    assert_int_equal(inet_pton(AF_INET, who, frame + 38), 1);
    struct iovec part = {frame, sizeof frame};
    emu_net_backend_send(backend, &part, 1);
}

static void test_the_router_answers(void **state)
{
    (void)state;
    static Guest guest;
    EmuNetBackend *backend = opened((EmuNetUserOptions){0}, &guest);
    assert_true(emu_net_backend_is_up(backend));
    send_arp_request(backend, "10.0.2.2");
    wait_for(&guest, 0x0806);
    assert_int_equal(guest.frame[21], 2); /* a reply, from the address that was asked for */
    assert_memory_equal(guest.frame + 28, ((uint8_t[]){10, 0, 2, 2}), 4);
    emu_net_backend_free(backend);
}

static void test_another_network(void **state)
{
    (void)state;
    static Guest guest;
    EmuNetBackend *backend =
        opened((EmuNetUserOptions){.net = "192.168.76.9/24", .host = "192.168.76.5"}, &guest);
    send_arp_request(backend, "192.168.76.5");
    wait_for(&guest, 0x0806);
    assert_memory_equal(guest.frame + 28, ((uint8_t[]){192, 168, 76, 5}), 4);
    emu_net_backend_free(backend);
}

static int port_of(int fd)
{
    struct sockaddr_in address;
    socklen_t size = sizeof address;
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    return ntohs(address.sin_port);
}

static int loopback_socket(int port, bool server)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
                                  .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server) {
        assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
        assert_int_equal(listen(fd, 1), 0);
    } else {
        assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    }
    return fd;
}

/* Somebody connects to the host's port: the guest is asked for, at its first address. */
static void test_forwarded_ports(void **state)
{
    (void)state;
    static Guest guest;
    int taken = loopback_socket(0, true), port = port_of(taken);
    close(taken);
    g_autofree char *rule = g_strdup_printf("tcp:127.0.0.1:%d-:22", port);
    const char *rules[] = {rule, "udp:127.0.0.1:0-10.0.2.15:53", NULL};
    EmuNetBackend *backend = opened((EmuNetUserOptions){.forwards = rules}, &guest);
    int client = loopback_socket(port, false);
    wait_for(&guest, 0x0806); /* who has 10.0.2.15? */
    assert_int_equal(guest.frame[21], 1);
    assert_memory_equal(guest.frame + 38, ((uint8_t[]){10, 0, 2, 15}), 4);
    close(client);
    emu_net_backend_free(backend);
}

/* Whatever a guest sends; and what it does not take holds nobody back at the end. */
static void test_any_frames(void **state)
{
    (void)state;
    static Guest guest;
    g_autoptr(GRand) random = g_rand_new_with_seed(1);
    EmuNetBackend *backend = opened((EmuNetUserOptions){0}, &guest);
    uint8_t frame[1514];
    for (unsigned i = 0; i < 3000; i++) {
        for (size_t at = 0; at < sizeof frame; at++)
            frame[at] = (uint8_t)g_rand_int(random);
        frame[12] = i & 1 ? 8 : 0x86;
        frame[13] = i & 1 ? 0 : 0xdd;
        frame[14] = i & 1 ? 0x45 : 0x60;
        struct iovec part = {frame, 1 + (size_t)g_rand_int_range(random, 0, sizeof frame)};
        emu_net_backend_send(backend, &part, 1);
        send_arp_request(backend, "10.0.2.2");
    }
    emu_net_backend_free(backend);
}

static void expect_refusal(EmuNetUserOptions options, const char *why)
{
    GError *error = NULL;
    assert_null(emu_net_user(&options, &error));
    if (!strstr(error->message, why))
        fail_msg("'%s' and not '%s'", error->message, why);
    g_error_free(error);
}

static void test_refused(void **state)
{
    (void)state;
    expect_refusal((EmuNetUserOptions){.net = "10.0.2"}, "net is an IPv4 address");
    expect_refusal((EmuNetUserOptions){.net = "10.0.2.0/31"}, "net is ADDRESS/BITS");
    expect_refusal((EmuNetUserOptions){.host = "10.0.3.2"}, "host does not lie in the network");
    expect_refusal((EmuNetUserOptions){.dns = "dns"}, "dns is an IPv4 address");
    static const char *const bad[] = {"",         "tcp",        "tcp::1",        "tcp::1-",
                                      "tcp::1-x", "icmp::1-:2", "tcp::70000-:1", "tcp:x:1-:1",
                                      "tcp::1-:0"};
    for (size_t i = 0; i < G_N_ELEMENTS(bad); i++)
        expect_refusal((EmuNetUserOptions){.forwards = (const char *[]){bad[i], NULL}},
                       "hostfwd is tcp:");
    int taken = loopback_socket(0, true);
    g_autofree char *rule = g_strdup_printf("tcp:127.0.0.1:%d-:22", port_of(taken));
    expect_refusal((EmuNetUserOptions){.forwards = (const char *[]){rule, NULL}},
                   "cannot be taken: Address already in use");
    close(taken);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_router_answers),
        cmocka_unit_test(test_another_network),
        cmocka_unit_test(test_forwarded_ports),
        cmocka_unit_test(test_any_frames),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
