/* The console device: bytes both ways through a port, and the control messages about ports. */
#include "guest.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

extern const EmuDriver emu_driver_virtio_serial_device, emu_driver_virtconsole,
    emu_driver_virtserialport;

#define MULTIPORT EMU_VIRTIO_FEATURE(1)

typedef struct Serial {
    Guest *guest;
    GuestQueue rx, tx, control_rx, control_tx, port1_rx;
    EmuBackends *backends;
    EmuBinding bindings[2];
    int peers[2];
    uint64_t data, message;
} Serial;

static Serial *serial_new(void)
{
    Serial *serial = g_new0(Serial, 1);
    serial->backends = emu_backends_new();
    Guest *guest = serial->guest = guest_new(&emu_driver_virtio_serial_device);
    guest->indirect = false;
    static const char *const names[] = {"chr0", "chr1"}, *const ids[] = {"console", "channel"};
    const EmuDriver *drivers[] = {&emu_driver_virtconsole, &emu_driver_virtserialport};
    for (unsigned i = 0; i < 2; i++) {
        int fds[2];
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
        serial->peers[i] = fds[0];
        assert_true(emu_backends_add_char(serial->backends, names[i],
                                          emu_char_fd(fds[1], false, NULL), NULL, NULL));
        serial->bindings[i] = (EmuBinding){ids[i], "chardev", names[i]};
        MdlDevice *port = bench_add_on(guest->bench, guest->model->buses[0], drivers[i], ids[i]);
        port->address.fields[0] = i;
        if (i == 1)
            bench_set_text(port, "name", "org.example.agent");
    }
    bench_set(guest->model, "max_ports", 4);
    guest->bench->config.backends = serial->backends;
    guest->bench->config.bindings = serial->bindings;
    guest->bench->config.n_bindings = 2;
    return serial;
}

static void run_host(void)
{
    while (g_main_context_iteration(NULL, FALSE))
        ;
}

static Serial *serial_booted(uint64_t features)
{
    Serial *serial = serial_new();
    Guest *guest = serial->guest;
    guest_negotiate(guest, features);
    guest_queue(guest, &serial->rx, 0, 16);
    guest_queue(guest, &serial->tx, 1, 16);
    guest_queue(guest, &serial->control_rx, 2, 16);
    guest_queue(guest, &serial->control_tx, 3, 16);
    guest_queue(guest, &serial->port1_rx, 4, 16);
    guest_go(guest);
    run_host(); /* backends tell that they are open */
    serial->data = guest_alloc(guest, 4096);
    serial->message = guest_alloc(guest, 64);
    return serial;
}

static void serial_free(Serial *serial)
{
    guest_free(serial->guest);
    emu_backends_free(serial->backends);
    close(serial->peers[0]);
    close(serial->peers[1]);
    g_free(serial);
}

static void expect_at_peer(Serial *serial, unsigned port, const char *text)
{
    char got[4096];
    ssize_t n = read(serial->peers[port], got, sizeof(got));
    assert_int_equal(n, *text ? (ssize_t)strlen(text) : -1);
    assert_memory_equal(got, text, strlen(text));
}

static void say(Serial *serial, uint32_t port, uint16_t event, uint16_t value)
{
    uint8_t *bytes = guest_at(serial->guest, serial->message);
    memcpy(bytes, &port, 4);
    memcpy(bytes + 4, &event, 2);
    memcpy(bytes + 6, &value, 2);
    guest_do(serial->guest, &serial->control_tx, &(GuestPart){serial->message, 8, false}, 1);
}

/* Takes the next control message and checks it; text: what follows it. */
static void expect_message(Serial *serial, uint32_t port, uint16_t event, const char *text)
{
    Guest *guest = serial->guest;
    uint64_t place = guest_alloc(guest, 64);
    uint16_t id;
    uint32_t size;
    guest_add(guest, &serial->control_rx, &(GuestPart){place, 64, true}, 1);
    guest_notify(guest, &serial->control_rx);
    assert_true(guest_used(guest, &serial->control_rx, &id, &size));
    const uint8_t *bytes = guest_at(guest, place);
    assert_int_equal(*(const uint32_t *)bytes, port);
    assert_int_equal(*(const uint16_t *)(bytes + 4), event);
    assert_int_equal(*(const uint16_t *)(bytes + 6), 1);
    assert_int_equal(size, 8 + strlen(text));
    assert_memory_equal(bytes + 8, text, strlen(text));
}

static void test_simple_console(void **state)
{
    (void)state;
    Serial *serial = serial_booted(0);
    Guest *guest = serial->guest;
    assert_int_equal(guest_read(guest, 0x08), 3);
    assert_int_equal(guest_config(guest, 4, 4), 4);
    strcpy(guest_at(guest, serial->data), "hello, world");
    GuestPart parts[] = {{serial->data, 5, false}, {serial->data + 5, 7, false}};
    guest_do(guest, &serial->tx, parts, 2);
    expect_at_peer(serial, 0, "hello, world");

    guest_add(guest, &serial->rx, &(GuestPart){serial->data, 4, true}, 1);
    guest_notify(guest, &serial->rx);
    assert_int_equal(write(serial->peers[0], "abcdefgh", 8), 8);
    run_host();
    uint16_t id;
    uint32_t size;
    assert_true(guest_used(guest, &serial->rx, &id, &size));
    assert_int_equal(size, 4);
    assert_memory_equal(guest_at(guest, serial->data), "abcd", 4);
    assert_false(guest_used(guest, &serial->rx, &id, &size)); /* the rest waits for room */
    guest_add(guest, &serial->rx, &(GuestPart){serial->data, 100, true}, 1);
    guest_notify(guest, &serial->rx);
    run_host();
    assert_true(guest_used(guest, &serial->rx, &id, &size));
    assert_memory_equal(guest_at(guest, serial->data), "efgh", 4);
    assert_int_equal(guest_errors(guest), 0);
    serial_free(serial);
}

static void test_ports(void **state)
{
    (void)state;
    Serial *serial = serial_booted(MULTIPORT);
    Guest *guest = serial->guest;
    say(serial, 0, 0, 1); /* DEVICE_READY */
    expect_message(serial, 0, 1, "");
    expect_message(serial, 1, 1, "");
    say(serial, 1, 3, 1); /* PORT_READY */
    expect_message(serial, 1, 7, "org.example.agent");
    expect_message(serial, 1, 6, "");
    say(serial, 0, 3, 1);
    expect_message(serial, 0, 4, ""); /* a console */
    expect_message(serial, 0, 6, "");

    guest_add(guest, &serial->port1_rx, &(GuestPart){serial->data, 100, true}, 1);
    guest_notify(guest, &serial->port1_rx);
    assert_int_equal(write(serial->peers[1], "early", 5), 5);
    run_host();
    uint16_t id;
    uint32_t size;
    assert_false(guest_used(guest, &serial->port1_rx, &id, &size)); /* nobody has opened it */
    say(serial, 1, 6, 1);
    run_host();
    assert_true(guest_used(guest, &serial->port1_rx, &id, &size));
    assert_int_equal(size, 5);
    assert_int_equal(guest_errors(guest), 0);
    serial_free(serial);
}

static void test_wrong_messages(void **state)
{
    (void)state;
    Serial *serial = serial_booted(MULTIPORT);
    Guest *guest = serial->guest;
    say(serial, 2, 3, 1); /* an empty place */
    say(serial, 99, 3, 1);
    say(serial, UINT32_MAX, 6, 1);
    say(serial, 0, 1, 1); /* what only a device says */
    say(serial, 0, 0xffff, 1);
    guest_do(guest, &serial->control_tx, &(GuestPart){serial->message, 7, false}, 1);
    assert_int_equal(guest_errors(guest), 6);
    for (unsigned i = 0; i < 400; i++) /* without taking any: kept up to a limit */
        say(serial, 0, 0, 1);
    assert_int_equal(guest_errors(guest), 6 + 800 - 512);
    assert_false(guest_needs_reset(guest));
    serial_free(serial);
}

static void test_emergency(void **state)
{
    (void)state;
    Serial *serial = serial_new();
    guest_build(serial->guest);
    bench_write(serial->guest->bench, GUEST_MMIO + 0x100 + 8, 4, '!'); /* before any driver */
    expect_at_peer(serial, 0, "!");
    bench_write(serial->guest->bench, GUEST_MMIO + 0x100 + 4, 4, 9);
    assert_int_equal(guest_errors(serial->guest), 1);
    serial_free(serial);
}

static void test_nobody_there(void **state)
{
    (void)state;
    Serial *serial = serial_new();
    Guest *guest = serial->guest;
    guest->bench->config.n_bindings = 0;
    guest_boot(guest, 0, &serial->rx, 16);
    guest_write(guest, 0x70, 0);
    guest_negotiate(guest, 0);
    guest_queue(guest, &serial->tx, 1, 16);
    guest_go(guest);
    assert_int_equal(guest_do(guest, &serial->tx, &(GuestPart){GUEST_RAM, 100, false}, 1), 0);
    expect_at_peer(serial, 0, "");
    serial_free(serial);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_simple_console), cmocka_unit_test(test_ports),
        cmocka_unit_test(test_wrong_messages), cmocka_unit_test(test_emergency),
        cmocka_unit_test(test_nobody_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
