/* ns16550a: the 16550A UART (National Semiconductor PC16550D data sheet, June 1995).
 *
 * Registers are bytes, one after the other. Sending takes no time; receiving takes what the FIFO
 * has room for, so that the line never overruns it (loopback can). */
#include "driver.h"
#include "types/ns16550a.h"

#define FIFO_SIZE 16

enum {               /* offsets (data sheet, 8.0) */
       REG_DATA = 0, /* RBR, THR; DLL with DLAB */
       REG_IER = 1,  /* DLM with DLAB */
       REG_IIR = 2,  /* write: FCR */
       REG_LCR = 3,
       REG_MCR = 4,
       REG_LSR = 5,
       REG_MSR = 6,
       REG_SCR = 7,
};

enum {
    IER_DATA = 1 << 0,
    IER_THRE = 1 << 1,
    IER_LINE = 1 << 2,
    IER_MODEM = 1 << 3,
    IER_MASK = 0x0f,

    IIR_NONE = 0x01,
    IIR_MODEM = 0x00,
    IIR_THRE = 0x02,
    IIR_DATA = 0x04,
    IIR_LINE = 0x06,
    IIR_TIMEOUT = 0x0c,
    IIR_FIFOS = 0xc0,

    FCR_ENABLE = 1 << 0,
    FCR_RESET_RECEIVER = 1 << 1,

    LCR_STOP = 1 << 2,
    LCR_PARITY = 1 << 3,
    LCR_DLAB = 1 << 7,

    MCR_DTR = 1 << 0,
    MCR_RTS = 1 << 1,
    MCR_OUT1 = 1 << 2,
    MCR_OUT2 = 1 << 3,
    MCR_LOOP = 1 << 4,
    MCR_MASK = 0x1f,

    LSR_DATA = 1 << 0,
    LSR_OVERRUN = 1 << 1,
    LSR_BREAK = 1 << 4,
    LSR_ERRORS_OF_BYTE = 0x1c, /* parity, framing, break: they travel with their byte */
    LSR_THRE = 1 << 5,
    LSR_TEMT = 1 << 6,
    LSR_FIFO_ERROR = 1 << 7,

    MSR_CTS = 1 << 4,
    MSR_DSR = 1 << 5,
    MSR_RI = 1 << 6,
    MSR_DCD = 1 << 7,
    MSR_DELTA_RI = 1 << 2, /* trailing edge only */
};

typedef struct Received {
    uint8_t byte;
    uint8_t errors; /* of LSR_ERRORS_OF_BYTE */
} Received;

typedef struct Uart {
    uint64_t clock_frequency; /* Hz */
    EmuChar *chr;
    EmuTimer *timeout; /* four characters' time after the last change of the FIFO */
    Received fifo[FIFO_SIZE];
    unsigned first, count;
    uint16_t divisor;
    uint8_t ier, fcr, lcr, mcr, msr, scr;
    bool overrun;
    bool thre_pending; /* the transmitter became empty and nobody has looked */
    bool timed_out;    /* the FIFO was left alone with something in it */
    bool seen_lsr;     /* the error bits of the first byte were read already */
} Uart;

static unsigned fifo_size(const Uart *uart)
{
    return uart->fcr & FCR_ENABLE ? FIFO_SIZE : 1;
}

static unsigned trigger_level(const Uart *uart)
{
    static const uint8_t levels[] = {1, 4, 8, 14};
    return uart->fcr & FCR_ENABLE ? levels[uart->fcr >> 6] : 1;
}

/* ---- status and interrupts ------------------------------------------------------------------- */

static uint8_t line_status(const Uart *uart)
{
    uint8_t status = LSR_THRE | LSR_TEMT;
    if (uart->overrun)
        status |= LSR_OVERRUN;
    if (uart->count) {
        status |= LSR_DATA;
        if (!uart->seen_lsr)
            status |= uart->fifo[uart->first].errors;
    }
    for (unsigned i = 0; i < uart->count && (uart->fcr & FCR_ENABLE); i++)
        if (uart->fifo[(uart->first + i) % FIFO_SIZE].errors && (i || !uart->seen_lsr))
            status |= LSR_FIFO_ERROR;
    return status;
}

/* The highest of the enabled conditions (data sheet, table IV). */
static uint8_t interrupt_id(const Uart *uart)
{
    if ((uart->ier & IER_LINE) && (line_status(uart) & (LSR_OVERRUN | LSR_ERRORS_OF_BYTE)))
        return IIR_LINE;
    if ((uart->ier & IER_DATA) && uart->count >= trigger_level(uart))
        return IIR_DATA;
    if ((uart->ier & IER_DATA) && uart->timed_out)
        return IIR_TIMEOUT;
    if ((uart->ier & IER_THRE) && uart->thre_pending)
        return IIR_THRE;
    if ((uart->ier & IER_MODEM) && (uart->msr & 0x0f))
        return IIR_MODEM;
    return IIR_NONE;
}

static void update_irq(EmuDevice *device)
{
    const Uart *uart = emu_device_state(device);
    emu_device_set_irq(device, NS16550A_IRQ_IRQ, 0, interrupt_id(uart) != IIR_NONE);
}

/* ---- receiving ------------------------------------------------------------------------------- */

/* Start bit, 5 to 8 data bits, parity, stop bits; a divisor of 0 counts through all 65536. */
static int64_t four_characters(const Uart *uart)
{
    uint64_t bits =
        1 + 5 + (uart->lcr & 3) + !!(uart->lcr & LCR_PARITY) + 1 + !!(uart->lcr & LCR_STOP);
    uint64_t divisor = uart->divisor ? uart->divisor : 65536;
    return (int64_t)(4 * bits * 16 * divisor * 1000000000 / uart->clock_frequency);
}

/* The FIFO was read or written: the time-out begins anew. */
static void restart_timeout(EmuDevice *device)
{
    Uart *uart = emu_device_state(device);
    uart->timed_out = false;
    if (uart->count && (uart->fcr & FCR_ENABLE))
        emu_timer_set(uart->timeout, emu_device_now(device) + four_characters(uart));
    else
        emu_timer_unset(uart->timeout);
}

static void timeout_expired(EmuDevice *device, unsigned index)
{
    (void)index;
    Uart *uart = emu_device_state(device);
    uart->timed_out = uart->count > 0;
    update_irq(device);
}

static void fifo_clear(EmuDevice *device)
{
    Uart *uart = emu_device_state(device);
    uart->count = 0;
    uart->seen_lsr = false;
    restart_timeout(device);
    emu_char_accept_input(uart->chr);
}

/* A full FIFO keeps what it has; the single holding register takes the newer byte. */
static void fifo_put(EmuDevice *device, uint8_t byte, uint8_t errors)
{
    Uart *uart = emu_device_state(device);
    if (uart->count == fifo_size(uart)) {
        uart->overrun = true;
        if (uart->fcr & FCR_ENABLE)
            return;
        uart->count = 0;
    }
    if (uart->count == 0)
        uart->seen_lsr = false;
    uart->fifo[(uart->first + uart->count++) % FIFO_SIZE] = (Received){byte, errors};
    restart_timeout(device);
}

static uint8_t fifo_take(EmuDevice *device)
{
    Uart *uart = emu_device_state(device);
    if (uart->count == 0)
        return 0;
    uint8_t byte = uart->fifo[uart->first].byte;
    uart->first = (uart->first + 1) % FIFO_SIZE;
    uart->count--;
    uart->seen_lsr = false;
    restart_timeout(device);
    emu_char_accept_input(uart->chr);
    return byte;
}

static size_t can_receive(EmuDevice *device)
{
    const Uart *uart = emu_device_state(device);
    return uart->mcr & MCR_LOOP ? 0 : fifo_size(uart) - uart->count;
}

static void receive(EmuDevice *device, const uint8_t *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        fifo_put(device, bytes[i], 0);
    update_irq(device);
}

static void line_event(EmuDevice *device, EmuCharEvent event)
{
    const Uart *uart = emu_device_state(device);
    if (event != EMU_CHAR_BREAK || (uart->mcr & MCR_LOOP))
        return;
    fifo_put(device, 0, LSR_BREAK);
    update_irq(device);
}

/* ---- modem lines ----------------------------------------------------------------------------- */

/* The inputs: what the outputs are in loopback, else a line that is always ready. */
static uint8_t modem_inputs(const Uart *uart)
{
    if (!(uart->mcr & MCR_LOOP))
        return MSR_CTS | MSR_DSR | MSR_DCD;
    return (uint8_t)((uart->mcr & MCR_RTS ? MSR_CTS : 0) | (uart->mcr & MCR_DTR ? MSR_DSR : 0) |
                     (uart->mcr & MCR_OUT1 ? MSR_RI : 0) | (uart->mcr & MCR_OUT2 ? MSR_DCD : 0));
}

static void update_modem(Uart *uart)
{
    uint8_t inputs = modem_inputs(uart), changed = (inputs ^ uart->msr) & 0xf0;
    uint8_t deltas = changed >> 4;
    if (inputs & MSR_RI)
        deltas &= (uint8_t)~MSR_DELTA_RI;
    uart->msr = (uint8_t)(inputs | (uart->msr & 0x0f) | deltas);
}

/* ---- registers ------------------------------------------------------------------------------- */

static uint64_t uart_read(EmuDevice *device, unsigned region, uint64_t offset, unsigned size)
{
    (void)region, (void)size;
    Uart *uart = emu_device_state(device);
    bool dlab = uart->lcr & LCR_DLAB;
    uint8_t value = 0;

    switch (offset) {
    case REG_DATA:
        value = dlab ? uart->divisor & 0xff : fifo_take(device);
        break;
    case REG_IER:
        value = dlab ? uart->divisor >> 8 : uart->ier;
        break;
    case REG_IIR:
        value = interrupt_id(uart);
        if (value == IIR_THRE)
            uart->thre_pending = false;
        value |= uart->fcr & FCR_ENABLE ? IIR_FIFOS : 0;
        break;
    case REG_LCR:
        value = uart->lcr;
        break;
    case REG_MCR:
        value = uart->mcr;
        break;
    case REG_LSR:
        value = line_status(uart);
        uart->overrun = false;
        uart->seen_lsr = true;
        break;
    case REG_MSR:
        value = uart->msr;
        uart->msr &= 0xf0;
        break;
    case REG_SCR:
        value = uart->scr;
        break;
    }
    update_irq(device);
    return value;
}

static void write_data(EmuDevice *device, uint8_t byte)
{
    Uart *uart = emu_device_state(device);
    if (uart->mcr & MCR_LOOP)
        fifo_put(device, byte, 0);
    else
        emu_char_write(uart->chr, &byte, 1);
    uart->thre_pending = true; /* sent at once */
}

static void write_fcr(EmuDevice *device, uint8_t value)
{
    Uart *uart = emu_device_state(device);
    bool toggled = (uart->fcr ^ value) & FCR_ENABLE;
    /* Without the enable bit the others are not programmed (data sheet, 8.5). */
    uart->fcr = value & FCR_ENABLE ? value & 0xc9 : 0;
    if (toggled || (value & FCR_ENABLE && value & FCR_RESET_RECEIVER))
        fifo_clear(device);
}

static void uart_write(EmuDevice *device, unsigned region, uint64_t offset, unsigned size,
                       uint64_t value64)
{
    (void)region, (void)size;
    Uart *uart = emu_device_state(device);
    bool dlab = uart->lcr & LCR_DLAB;
    uint8_t value = (uint8_t)value64;

    switch (offset) {
    case REG_DATA:
        if (dlab)
            uart->divisor = (uint16_t)((uart->divisor & 0xff00) | value);
        else
            write_data(device, value);
        break;
    case REG_IER:
        if (dlab) {
            uart->divisor = (uint16_t)((uart->divisor & 0x00ff) | value << 8);
        } else {
            if (value & ~uart->ier & IER_THRE)
                uart->thre_pending = true; /* enabled while empty: says so at once */
            uart->ier = value & IER_MASK;
        }
        break;
    case REG_IIR:
        write_fcr(device, value);
        break;
    case REG_LCR:
        uart->lcr = value;
        break;
    case REG_MCR:
        uart->mcr = value & MCR_MASK;
        update_modem(uart);
        emu_char_accept_input(uart->chr);
        break;
    case REG_SCR:
        uart->scr = value;
        break;
    }
    update_irq(device);
}

/* ---- life ------------------------------------------------------------------------------------ */

static bool uart_init(EmuDevice *device, GError **error)
{
    static const EmuCharOps ops = {can_receive, receive, line_event};
    Uart *uart = emu_device_state(device);
    struct ns16550a_props props;
    ns16550a_props_read(emu_device_model(device), &props);
    uart->clock_frequency = props.clock_frequency;
    uart->timeout = emu_device_timer_new(device, timeout_expired, 0);
    return emu_device_char(device, "chardev", &ops, &uart->chr, error);
}

static void uart_reset(EmuDevice *device)
{
    Uart *uart = emu_device_state(device);
    *uart = (Uart){
        .clock_frequency = uart->clock_frequency,
        .chr = uart->chr,
        .timeout = uart->timeout,
        .divisor = 1,
        .thre_pending = true,
    };
    uart->msr = modem_inputs(uart);
    emu_char_accept_input(uart->chr);
    update_irq(device);
}

const EmuDriver emu_driver_ns16550a = {
    .type = &mdl_type_ns16550a,
    .state_size = sizeof(Uart),
    .init = uart_init,
    .reset = uart_reset,
    .access_sizes = EMU_ACCESS_1,
    .read = uart_read,
    .write = uart_write,
};
