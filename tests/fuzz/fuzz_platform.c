/* A guest that does anything at all with interrupt controllers, the clock and bridges: accesses of
 * any kind to their registers, interrupt files and configuration spaces, while lines change. The
 * devices that move data are in fuzz_devices.
 *
 * The input is a list of steps, a byte each that says which, then its arguments.
 *
 * Properties: the host survives and the sanitizers are content; after a reset no line to a hart is
 * high, and what is behind bridges is out of reach. */
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "fuzz.h"

#include "types/riscv_aplic.h"
#include "types/riscv_imsic.h"
#include "types/sifive_plic.h"

extern const EmuDriver emu_driver_ram, emu_driver_sifive_plic, emu_driver_riscv_aplic,
    emu_driver_riscv_imsic, emu_driver_goldfish_rtc, emu_driver_gpex_pcihost,
    emu_driver_pcie_root_port, emu_driver_pcie_pci_bridge, emu_driver_virtio_rng_pci;

#define RAM       UINT64_C(0x80000000)
#define RAM_SIZE  0x10000u
#define RTC       UINT64_C(0x101000)
#define PIO       UINT64_C(0x3000000)
#define PLIC      UINT64_C(0xc000000)
#define APLIC     UINT64_C(0xd000000)
#define IMSIC     UINT64_C(0x28000000)
#define ECAM      UINT64_C(0x30000000)
#define WINDOW    UINT64_C(0x40000000)
#define N_HARTS   2
#define N_SOURCES 97
#define N_LINES   (4 * N_HARTS) /* of the probe: to harts */
#define ID_RNG    0x10441af4
#define MAX_STEPS 512

/* A device whose outputs are the sources of a controller. */
static const MdlIrq source_irqs[] = {{.name = "sources", .many = true}};
static const MdlDeviceType source_type = {.name = "source", .irqs = source_irqs, .n_irqs = 1};
static const EmuDriver source_driver = {.type = &source_type};

typedef struct Input {
    const uint8_t *at, *end;
} Input;

static uint64_t next(Input *input, unsigned size)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < size && input->at < input->end; i++)
        value |= (uint64_t)*input->at++ << 8 * i;
    return value;
}

/* ---- the machine ----------------------------------------------------------------------------- */

static void add_source(Bench *bench, const char *id, MdlDevice *controller)
{
    MdlDevice *source = bench_add(bench, &source_driver, id, 0, NULL, 0);
    for (unsigned line = 0; line < N_SOURCES; line++)
        bench_wire(source, 0, line, controller, line);
}

static void add_controllers(Bench *bench, bool messages)
{
    MdlDevice *plic =
        bench_add(bench, &emu_driver_sifive_plic, "plic", PLIC, (uint64_t[]){0x600000}, 1);
    MdlDevice *aplic =
        bench_add(bench, &emu_driver_riscv_aplic, "aplic", APLIC, (uint64_t[]){0x8000, 0x8000}, 2);
    MdlDevice *imsic =
        bench_add(bench, &emu_driver_riscv_imsic, "imsic", IMSIC, (uint64_t[]){0x2000}, 1);
    plic->n_inputs = aplic->n_inputs = N_SOURCES;
    bench_set_text(aplic, "machine-msi", messages ? "elsewhere" : "");
    bench_set_text(imsic, "level", "supervisor");
    bench_set(imsic, "harts", N_HARTS);
    for (unsigned hart = 0; hart < N_HARTS; hart++) {
        bench_wire(plic, SIFIVE_PLIC_IRQ_MACHINE, hart, bench->probe, hart);
        bench_wire(plic, SIFIVE_PLIC_IRQ_SUPERVISOR, hart, bench->probe, N_HARTS + hart);
        if (!messages)
            bench_wire(aplic, RISCV_APLIC_IRQ_MACHINE, hart, bench->probe, 2 * N_HARTS + hart);
        bench_wire(imsic, RISCV_IMSIC_IRQ_EXTERNAL, hart, bench->probe, 3 * N_HARTS + hart);
    }
    add_source(bench, "to-plic", plic);
    add_source(bench, "to-aplic", aplic);
}

/* Slot 2: a root port with a device; slot 3: a bridge with one in slot 5 and, in slot 6, a bridge
 * with one in slot 7. */
static void add_bridges(Bench *bench)
{
    MdlDevice *host = bench_add(bench, &emu_driver_gpex_pcihost, "host", ECAM,
                                (uint64_t[]){0x10000000, 0x10000, 0x10000000}, 3);
    host->regions[1].base = PIO;
    host->regions[2].base = WINDOW;
    MdlDevice *port = bench_add_on(bench, host->buses[0], &emu_driver_pcie_root_port, "port");
    MdlDevice *bridge = bench_add_on(bench, host->buses[0], &emu_driver_pcie_pci_bridge, "bridge");
    MdlDevice *inner = bench_add_on(bench, bridge->buses[0], &emu_driver_pcie_pci_bridge, "inner");
    port->address.fields[0] = 2;
    bridge->address.fields[0] = 3;
    inner->address.fields[0] = 6;
    bench_add_on(bench, port->buses[0], &emu_driver_virtio_rng_pci, "in-slot");
    bench_add_on(bench, bridge->buses[0], &emu_driver_virtio_rng_pci, "behind")->address.fields[0] =
        5;
    bench_add_on(bench, inner->buses[0], &emu_driver_virtio_rng_pci, "far")->address.fields[0] = 7;
}

static Bench *bench_of(uint8_t choice)
{
    Bench *bench = bench_new();
    bench_add(bench, &emu_driver_ram, "ram", RAM, (uint64_t[]){RAM_SIZE}, 1);
    bench_add(bench, &emu_driver_goldfish_rtc, "rtc", RTC, (uint64_t[]){0x1000}, 1);
    add_controllers(bench, choice & 1);
    add_bridges(bench);
    FUZZ_HOLDS(bench_try_build(bench, NULL));
    emu_machine_start(bench->machine);
    return bench;
}

/* ---- steps ----------------------------------------------------------------------------------- */

static uint64_t place(unsigned bus, unsigned slot)
{
    return ECAM + (bus << 20) + (slot << 15);
}

static uint64_t get(Bench *bench, uint64_t address, unsigned size)
{
    uint64_t value = 0;
    emu_machine_read(bench->machine, address, size, &value);
    return value;
}

static void step_access(Bench *bench, Input *input)
{
    static const uint64_t bases[] = {PLIC,
                                     PLIC + 0x200000,
                                     APLIC,
                                     APLIC + 0x8000,
                                     IMSIC,
                                     RTC,
                                     ECAM + (2 << 15),
                                     ECAM + (3 << 15),
                                     ECAM + (1 << 20),
                                     ECAM + (2 << 20) + (5 << 15),
                                     ECAM + (2 << 20) + (6 << 15),
                                     ECAM + (3 << 20) + (7 << 15),
                                     ECAM,
                                     WINDOW,
                                     PIO};
    uint64_t kind = next(input, 1);
    uint64_t address = bases[(kind >> 3) % G_N_ELEMENTS(bases)] + next(input, 2);
    unsigned size = 1u << (kind & 3);
    if (kind & 4)
        emu_machine_write(bench->machine, address, size, next(input, size));
    else
        get(bench, address, size);
}

static void step_line(Bench *bench, Input *input)
{
    uint64_t kind = next(input, 1);
    EmuDevice *source = bench_device(bench, kind & 2 ? "to-plic" : "to-aplic");
    emu_device_lock(source);
    emu_device_set_irq(source, 0, (unsigned)next(input, 1), kind & 1);
    emu_device_unlock(source);
}

/* As a hart does by its CSRs. */
static void step_file(Bench *bench, Input *input)
{
    uint64_t kind = next(input, 1);
    EmuFileChange change = {next(input, 8), next(input, 8)};
    emu_device_access_file(bench_device(bench, "imsic"), kind & 1, (unsigned)next(input, 2) & 0x1ff,
                           kind & 2 ? &change : NULL);
}

/* As firmware does: port 1, bridge 2 to 3, inner 3; windows and commands as the input says. */
static void step_number(Bench *bench, Input *input)
{
    const uint64_t places[] = {place(0, 2), place(0, 3), place(2, 6)};
    static const uint32_t numbers[] = {0x00010100, 0x00030200, 0x00030302};
    for (unsigned i = 0; i < G_N_ELEMENTS(places); i++) {
        emu_machine_write(bench->machine, places[i] + 0x18, 4, numbers[i]);
        emu_machine_write(bench->machine, places[i] + 0x20, 4, 0x40f04000);
        emu_machine_write(bench->machine, places[i] + 0x04, 2, next(input, 1));
    }
}

static void step_time(Bench *bench, Input *input)
{
    bench_advance(bench, (int64_t)next(input, 4));
}

static void step_reset(Bench *bench, Input *input)
{
    (void)input;
    emu_machine_reset(bench->machine);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void check_after(Bench *bench)
{
    emu_machine_reset(bench->machine);
    for (unsigned line = 0; line < N_LINES; line++)
        FUZZ_HOLDS(!bench_level(bench, line));
    FUZZ_HOLDS(get(bench, place(1, 0), 4) == UINT32_MAX);
    emu_machine_write(bench->machine, place(0, 2) + 0x18, 4, 0x00010100);
    FUZZ_HOLDS(get(bench, place(1, 0), 4) == ID_RNG);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const steps[])(Bench *, Input *) = {step_access, step_line, step_file,
                                                      step_number, step_time, step_reset};
    Input input = {data, data + size};
    Bench *bench = bench_of((uint8_t)next(&input, 1));
    for (unsigned i = 0; i < MAX_STEPS && input.at < input.end; i++)
        steps[next(&input, 1) % G_N_ELEMENTS(steps)](bench, &input);
    check_after(bench);
    bench_free(bench);
    return 0;
}
