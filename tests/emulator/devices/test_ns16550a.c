/* The UART, register by register, with a socket for its line. */
#include "bench.h"

#include <sys/socket.h>
#include <unistd.h>

#include "types/ns16550a.h"

extern const EmuDriver emu_driver_ns16550a;

#define BASE 0x10000000
enum { RBR, IER, IIR, LCR, MCR, LSR, MSR, SCR, FCR = IIR };

typedef struct Line {
    Bench *bench;
    EmuBackends *backends;
    int fd; /* the other end */
} Line;

static int setup(void **state)
{
    Line *line = g_new0(Line, 1);
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    line->fd = fds[1];
    line->backends = emu_backends_new();
    EmuCharBackend *backend = emu_char_fd(fds[0], false, NULL);
    assert_true(emu_backends_add_char(line->backends, "line", backend, NULL, NULL));
    line->bench = bench_new();
    line->bench->config.backends = line->backends;
    MdlDevice *uart =
        bench_add(line->bench, &emu_driver_ns16550a, "serial0", BASE, (uint64_t[]){0x100}, 1);
    bench_set_text(uart, "chardev", "line");
    bench_wire(uart, NS16550A_IRQ_IRQ, 0, line->bench->probe, 0);
    bench_build(line->bench);
    emu_machine_start(line->bench->machine);
    *state = line;
    return 0;
}

static int teardown(void **state)
{
    Line *line = *state;
    bench_free(line->bench);
    emu_backends_free(line->backends);
    close(line->fd);
    g_free(line);
    return 0;
}

static uint8_t get(Line *line, unsigned reg)
{
    return (uint8_t)bench_read(line->bench, BASE + reg, 1);
}

static void put(Line *line, unsigned reg, uint8_t value)
{
    bench_write(line->bench, BASE + reg, 1, value);
}

static bool irq(Line *line)
{
    return bench_level(line->bench, 0);
}

static void turn(void)
{
    for (unsigned i = 0; i < 50; i++)
        g_main_context_iteration(NULL, FALSE);
}

static void send_text(Line *line, const char *text)
{
    assert_int_equal(write(line->fd, text, strlen(text)), strlen(text));
    turn();
}

static void test_reset_values(void **state)
{
    Line *line = *state;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(get(line, IER), 0x00);
        assert_int_equal(get(line, IIR), 0x01);
        assert_int_equal(get(line, LCR), 0x00);
        assert_int_equal(get(line, MCR), 0x00);
        assert_int_equal(get(line, LSR), 0x60);
        assert_int_equal(get(line, MSR), 0xb0);
        assert_int_equal(get(line, RBR), 0x00);
        assert_false(irq(line));
        put(line, IER, 0x0f);
        put(line, LCR, 0x83);
        put(line, MCR, 0x1f);
        emu_machine_reset(line->bench->machine);
    }
}

static void test_masks(void **state)
{
    Line *line = *state;
    put(line, IER, 0xf0);
    assert_int_equal(get(line, IER), 0x00);
    put(line, MCR, 0xe0);
    assert_int_equal(get(line, MCR), 0x00);
    put(line, SCR, 0xa5);
    assert_int_equal(get(line, SCR), 0xa5);
    put(line, LSR, 0xff); /* read-only */
    put(line, MSR, 0xff);
    assert_int_equal(get(line, LSR), 0x60);
    assert_int_equal(get(line, MSR), 0xb0);
    for (unsigned offset = 8; offset < 0x100; offset++) {
        put(line, offset, 0xff);
        assert_int_equal(get(line, offset), 0);
    }
    assert_int_equal(bench_errors(line->bench, "serial0"), 0);
    assert_int_equal(bench_read(line->bench, BASE + 4, 4), 0); /* bytes only */
    assert_int_equal(bench_errors(line->bench, "serial0"), 1);
}

static void test_divisor(void **state)
{
    Line *line = *state;
    put(line, IER, 0x02);
    put(line, LCR, 0x80);
    put(line, RBR, 0x34);
    put(line, IER, 0x12);
    assert_int_equal(get(line, RBR), 0x34);
    assert_int_equal(get(line, IER), 0x12);
    put(line, LCR, 0x03);
    assert_int_equal(get(line, IER), 0x02);
    assert_int_equal(get(line, RBR), 0x00);
    uint8_t byte;
    assert_int_equal(read(line->fd, &byte, 1), -1); /* the divisor was not sent */
}

static void test_send(void **state)
{
    Line *line = *state;
    put(line, RBR, 'h');
    put(line, RBR, 'i');
    char text[8] = "";
    assert_int_equal(read(line->fd, text, sizeof(text)), 2);
    assert_string_equal(text, "hi");
    assert_int_equal(get(line, LSR), 0x60);
}

static void test_receive_without_fifo(void **state)
{
    Line *line = *state;
    put(line, IER, 0x01);
    send_text(line, "abc");
    assert_true(irq(line));
    assert_int_equal(get(line, IIR), 0x04);
    assert_int_equal(get(line, LSR), 0x61); /* one byte, no overrun: the line waits */
    assert_int_equal(get(line, RBR), 'a');
    assert_false(irq(line));
    turn();
    assert_int_equal(get(line, RBR), 'b');
    turn();
    assert_int_equal(get(line, RBR), 'c');
    assert_int_equal(get(line, LSR), 0x60);
    assert_int_equal(get(line, RBR), 0);
}

static void test_fifo_and_trigger(void **state)
{
    Line *line = *state;
    static const struct {
        uint8_t fcr;
        unsigned level;
    } cases[] = {{0x01, 1}, {0x41, 4}, {0x81, 8}, {0xc1, 14}};

    put(line, IER, 0x01);
    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        put(line, FCR, cases[i].fcr | 0x06);
        assert_int_equal(get(line, IIR), 0xc1);
        for (unsigned n = 1; n < cases[i].level; n++) {
            send_text(line, "x");
            assert_false(irq(line));
        }
        send_text(line, "x");
        assert_true(irq(line));
        assert_int_equal(get(line, IIR), 0xc4);
        get(line, RBR);
        assert_false(irq(line)); /* below the trigger again */
    }
    put(line, FCR, 0x03);
    send_text(line, "0123456789abcdefghij"); /* four more than it holds */
    for (const char *c = "0123456789abcdefghij"; *c; c++) {
        assert_int_equal(get(line, LSR), 0x61);
        assert_int_equal(get(line, RBR), *c);
        turn();
    }
    assert_int_equal(get(line, LSR), 0x60);
    send_text(line, "xyz");
    put(line, FCR, 0x00); /* switching the FIFOs empties them */
    assert_int_equal(get(line, LSR), 0x60);
    put(line, FCR, 0xc2); /* nothing is programmed without the enable bit */
    assert_int_equal(get(line, IIR), 0x01);
}

static void test_timeout(void **state)
{
    Line *line = *state;
    put(line, LCR, 0x83);
    put(line, RBR, 2); /* 115200 baud: four characters of 10 bits are 347222 ns */
    put(line, LCR, 0x03);
    put(line, IER, 0x01);
    put(line, FCR, 0xc1);
    send_text(line, "ab");
    bench_advance(line->bench, 347221);
    assert_false(irq(line));
    bench_advance(line->bench, 1);
    assert_true(irq(line));
    assert_int_equal(get(line, IIR), 0xcc);
    assert_int_equal(get(line, RBR), 'a'); /* a read starts it anew */
    assert_false(irq(line));
    bench_advance(line->bench, 347222);
    assert_int_equal(get(line, IIR), 0xcc);
    assert_int_equal(get(line, RBR), 'b');
    bench_advance(line->bench, 1000000);
    assert_false(irq(line));
}

static void test_transmitter_interrupt(void **state)
{
    Line *line = *state;
    put(line, IER, 0x02);
    assert_true(irq(line));
    assert_int_equal(get(line, IIR), 0x02);
    assert_int_equal(get(line, IIR), 0x01); /* reading it as the source clears it */
    assert_false(irq(line));
    put(line, RBR, 'x');
    assert_true(irq(line));
    put(line, IER, 0x00);
    assert_false(irq(line));
    put(line, IER, 0x02);
    assert_int_equal(get(line, IIR), 0x02);
}

static void test_priorities(void **state)
{
    Line *line = *state;
    put(line, FCR, 0x01);
    put(line, MCR, 0x10); /* loopback: the modem lines drop, which is a change */
    for (unsigned i = 0; i < 17; i++)
        put(line, RBR, (uint8_t)i); /* one too many */
    put(line, IER, 0x0f);
    assert_int_equal(get(line, IIR), 0xc6);
    assert_int_equal(get(line, LSR), 0x63);
    assert_int_equal(get(line, LSR), 0x61); /* the error is read once */
    assert_int_equal(get(line, IIR), 0xc4);
    for (unsigned i = 0; i < 16; i++)
        assert_int_equal(get(line, RBR), i); /* the FIFO kept what it had */
    assert_int_equal(get(line, IIR), 0xc2);
    assert_int_equal(get(line, IIR), 0xc0);
    assert_true(irq(line));
    assert_int_equal(get(line, MSR), 0x0b);
    assert_int_equal(get(line, IIR), 0xc1);
    assert_false(irq(line));
}

static void test_loopback(void **state)
{
    Line *line = *state;
    put(line, MCR, 0x10);
    get(line, MSR);
    static const struct {
        uint8_t mcr, msr;
    } lines[] = {{0x11, 0x22}, {0x12, 0x13}, {0x14, 0x42}, {0x18, 0x8c}};
    uint8_t before = 0x10;
    for (size_t i = 0; i < G_N_ELEMENTS(lines); i++) {
        put(line, MCR, lines[i].mcr);
        assert_int_equal(get(line, MSR) & 0xf0, lines[i].msr & 0xf0);
        assert_int_equal(get(line, MSR) & 0x0f, 0);
        before = lines[i].mcr;
    }
    assert_int_equal(get(line, MCR), before);
    put(line, MCR, 0x14);
    get(line, MSR);
    put(line, MCR, 0x10); /* RI has gone: the trailing edge */
    assert_int_equal(get(line, MSR), 0x04);
    put(line, MCR, 0x14);
    assert_int_equal(get(line, MSR), 0x40); /* its rise is not told */

    put(line, RBR, 'L');
    assert_int_equal(get(line, RBR), 'L');
    put(line, RBR, '1');
    put(line, RBR, '2'); /* without FIFOs the newer byte stays */
    assert_int_equal(get(line, LSR), 0x63);
    assert_int_equal(get(line, RBR), '2');
    char byte;
    assert_int_equal(read(line->fd, &byte, 1), -1);
    send_text(line, "w"); /* and the line waits */
    assert_int_equal(get(line, LSR), 0x60);
    put(line, MCR, 0x00);
    turn();
    assert_int_equal(get(line, RBR), 'w');
}

static void test_without_a_line(void **state)
{
    (void)state;
    Bench *bench = bench_new();
    bench_add(bench, &emu_driver_ns16550a, "serial0", BASE, (uint64_t[]){0x100}, 1);
    bench_build(bench);
    bench_write(bench, BASE, 1, 'x');
    assert_int_equal(bench_read(bench, BASE + LSR, 1), 0x60);
    assert_int_equal(bench_read(bench, BASE, 1), 0);
    bench_free(bench);

    bench = bench_new();
    MdlDevice *uart =
        bench_add(bench, &emu_driver_ns16550a, "serial0", BASE, (uint64_t[]){0x100}, 1);
    bench_set_text(uart, "chardev", "nowhere");
    GError *error = NULL;
    assert_false(bench_try_build(bench, &error));
    assert_string_equal(error->message, "device serial0: chardev 'nowhere' does not exist; add one "
                                        "with -chardev …,id=nowhere");
    g_error_free(error);
    bench_free(bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_reset_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_masks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_divisor, setup, teardown),
        cmocka_unit_test_setup_teardown(test_send, setup, teardown),
        cmocka_unit_test_setup_teardown(test_receive_without_fifo, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fifo_and_trigger, setup, teardown),
        cmocka_unit_test_setup_teardown(test_timeout, setup, teardown),
        cmocka_unit_test_setup_teardown(test_transmitter_interrupt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_priorities, setup, teardown),
        cmocka_unit_test_setup_teardown(test_loopback, setup, teardown),
        cmocka_unit_test(test_without_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
