/* A guest that does anything at all: accesses of any kind to the registers of each device, rings
 * and buffers of any content, PCI configuration space and BARs, in any order.
 *
 * The input is a list of steps, a byte each that says which, then its arguments. Some steps are
 * what an honest driver does, so that the others find a device that runs.
 *
 * Properties: the host survives and the sanitizers are content; the disk keeps its size; the
 * machine can be reset and still answers. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench.h"
#include "fuzz.h"

extern const EmuDriver emu_driver_ram, emu_driver_virtio_mmio, emu_driver_gpex_pcihost,
    emu_driver_ns16550a, emu_driver_virtio_blk_device, emu_driver_virtio_net_device,
    emu_driver_virtio_serial_device, emu_driver_virtio_rng_device, emu_driver_virtconsole,
    emu_driver_virtserialport, emu_driver_virtio_rng_pci, emu_driver_virtio_net_pci;

#define RAM          UINT64_C(0x80000000)
#define RAM_SIZE     0x40000u
#define ECAM         UINT64_C(0x30000000)
#define PIO          UINT64_C(0x3000000)
#define WINDOW       UINT64_C(0x40000000)
#define TRANSPORT    UINT64_C(0x10001000)
#define N_TRANSPORTS 4
#define SERIAL       UINT64_C(0x10000000)
#define N_QUEUES     4
#define QUEUE_SIZE   8
#define DISK_SIZE    65536
#define MAX_STEPS    256

typedef struct Host {
    Bench *bench;
    EmuBackends *backends;
    EmuBinding bindings[4];
    int disk, peers[2]; /* of the network and of the console */
} Host;

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

static void add_backends(Host *host)
{
    int net[2], console[2];
    host->disk = memfd_create("disk", MFD_CLOEXEC);
    FUZZ_HOLDS(host->disk >= 0 && ftruncate(host->disk, DISK_SIZE) == 0);
    FUZZ_HOLDS(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, net) == 0);
    FUZZ_HOLDS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, console) == 0);
    host->peers[0] = net[0];
    host->peers[1] = console[0];
    g_autofree char *path = g_strdup_printf("/proc/self/fd/%d", host->disk);
    host->backends = emu_backends_new();
    EmuBlockFile file = {.path = path};
    emu_backends_add_block(host->backends, "disk", emu_block_open_file(&file, NULL), NULL, NULL);
    emu_backends_add_net(host->backends, "net", emu_net_fd(net[1], NULL), NULL, NULL);
    emu_backends_add_char(host->backends, "chr", emu_char_fd(console[1], false, NULL), NULL, NULL);
    emu_backends_add_char(host->backends, "uart", emu_char_null(), NULL, NULL);
    host->bindings[0] = (EmuBinding){"blk", "drive", "disk"};
    host->bindings[1] = (EmuBinding){"net", "netdev", "net"};
    host->bindings[2] = (EmuBinding){"port", "chardev", "chr"};
    host->bindings[3] = (EmuBinding){"serial", "chardev", "uart"};
}

static void add_devices(Host *host, uint8_t choice)
{
    static const EmuDriver *const drivers[N_TRANSPORTS] = {
        &emu_driver_virtio_blk_device, &emu_driver_virtio_net_device,
        &emu_driver_virtio_serial_device, &emu_driver_virtio_rng_device};
    static const char *const ids[N_TRANSPORTS] = {"blk", "net", "console", "rng"};
    static const char *const transports[N_TRANSPORTS] = {"t0", "t1", "t2", "t3"};
    Bench *bench = host->bench;
    bench_add(bench, &emu_driver_ram, "ram", RAM, (uint64_t[]){RAM_SIZE}, 1);
    bench_add(bench, &emu_driver_ns16550a, "serial", SERIAL, (uint64_t[]){0x100}, 1);
    for (unsigned i = 0; i < N_TRANSPORTS; i++) {
        MdlDevice *transport = bench_add(bench, &emu_driver_virtio_mmio, transports[i],
                                         TRANSPORT + 0x1000 * i, (uint64_t[]){0x1000}, 1);
        bench_wire(transport, 0, 0, bench->probe, i);
        MdlDevice *device = bench_add_on(bench, transport->buses[0], drivers[i], ids[i]);
        bench_set(device, "packed", choice >> i & 1);
        if (i == 2) {
            bench_add_on(bench, device->buses[0], &emu_driver_virtconsole, "port");
            bench_add_on(bench, device->buses[0], &emu_driver_virtserialport, "channel")
                ->address.fields[0] = 1;
        }
    }
    MdlDevice *bridge = bench_add(bench, &emu_driver_gpex_pcihost, "host", ECAM,
                                  (uint64_t[]){0x10000000, 0x10000, 0x10000000}, 3);
    bridge->regions[1].base = PIO;
    bridge->regions[2].base = WINDOW;
    bench_add_on(bench, bridge->buses[0], &emu_driver_virtio_rng_pci, "rng-pci")
        ->address.fields[0] = 1;
    bench_add_on(bench, bridge->buses[0], &emu_driver_virtio_net_pci, "net-pci")
        ->address.fields[0] = 2;
}

static Host *host_new(uint8_t choice)
{
    Host *host = g_new0(Host, 1);
    host->bench = bench_new();
    add_backends(host);
    add_devices(host, choice);
    host->bench->config.backends = host->backends;
    host->bench->config.bindings = host->bindings;
    host->bench->config.n_bindings = G_N_ELEMENTS(host->bindings);
    FUZZ_HOLDS(bench_try_build(host->bench, NULL));
    emu_machine_start(host->bench->machine);
    return host;
}

static void host_free(Host *host)
{
    bench_free(host->bench);
    emu_backends_free(host->backends);
    close(host->disk);
    close(host->peers[0]);
    close(host->peers[1]);
    g_free(host);
}

/* ---- steps ----------------------------------------------------------------------------------- */

static void put(Host *host, uint64_t address, unsigned size, uint64_t value)
{
    emu_machine_write(host->bench->machine, address, size, value);
}

static uint64_t get(Host *host, uint64_t address, unsigned size)
{
    uint64_t value = 0;
    emu_machine_read(host->bench->machine, address, size, &value);
    return value;
}

static uint8_t *memory_at(Host *host, uint64_t address)
{
    return emu_machine_ram(host->bench->machine, address, 1);
}

static void step_access(Host *host, Input *input)
{
    static const uint64_t bases[] = {TRANSPORT,
                                     TRANSPORT + 0x1000,
                                     TRANSPORT + 0x2000,
                                     TRANSPORT + 0x3000,
                                     SERIAL,
                                     ECAM + (1 << 15),
                                     ECAM + (2 << 15),
                                     ECAM,
                                     WINDOW,
                                     WINDOW + 0x10000,
                                     PIO};
    uint64_t kind = next(input, 1);
    uint64_t address = bases[(kind >> 3) % G_N_ELEMENTS(bases)] + next(input, 2);
    unsigned size = 1u << (kind & 3);
    if (kind & 4)
        put(host, address, size, next(input, size));
    else
        get(host, address, size);
}

static void step_memory(Host *host, Input *input)
{
    uint64_t offset = next(input, 2), n = next(input, 1);
    for (uint64_t i = 0; i < n && input->at < input->end; i++)
        *memory_at(host, RAM + offset + i) = (uint8_t)next(input, 1);
}

static uint64_t area_of(unsigned transport, unsigned queue, unsigned area)
{
    return RAM + 0x10000 + 0x1000 * (transport * N_QUEUES + queue) + 0x400 * area;
}

static void step_boot(Host *host, Input *input)
{
    unsigned transport = next(input, 1) % N_TRANSPORTS;
    uint64_t base = TRANSPORT + 0x1000 * transport, refused = next(input, 4);
    put(host, base + 0x70, 4, 0);
    put(host, base + 0x70, 4, 3);
    for (unsigned half = 0; half < 2; half++) {
        put(host, base + 0x14, 4, half);
        put(host, base + 0x24, 4, half);
        put(host, base + 0x20, 4, get(host, base + 0x10, 4) & (half ? UINT32_MAX : ~refused));
    }
    put(host, base + 0x70, 4, 11);
    for (unsigned queue = 0; queue < N_QUEUES; queue++) {
        put(host, base + 0x30, 4, queue);
        put(host, base + 0x38, 4, QUEUE_SIZE);
        for (unsigned area = 0; area < 3; area++) {
            memset(memory_at(host, area_of(transport, queue, area)), 0, 0x400);
            put(host, base + 0x80 + 0x10 * area, 4, area_of(transport, queue, area));
        }
        put(host, base + 0x44, 4, 1);
    }
    put(host, base + 0x70, 4, 15);
}

/* A chain of descriptors of any kind, at the place where the split or packed ring begins, made
 * available by the index or by the flags. */
static void step_buffer(Host *host, Input *input)
{
    unsigned kind = (unsigned)next(input, 1), transport = kind % 4, queue = (kind >> 2) % 4;
    unsigned n = 1 + (kind >> 4) % 8;
    uint8_t *table = memory_at(host, area_of(transport, queue, 0));
    for (unsigned i = 0; i < n; i++) {
        uint64_t address = RAM + next(input, 2), size = next(input, 2);
        uint64_t flags = next(input, 1), more = next(input, 1);
        uint16_t words[2] = {(uint16_t)flags, (uint16_t)more};
        memcpy(table + 16 * i, &address, 8);
        memcpy(table + 16 * i + 8, &size, 4);
        memcpy(table + 16 * i + 12, words, 4);
    }
    uint16_t *available = (uint16_t *)memory_at(host, area_of(transport, queue, 1));
    available[2 + available[1] % QUEUE_SIZE] = 0;
    available[1]++;
    put(host, TRANSPORT + 0x1000 * transport + 0x50, 4, queue);
}

static void step_notify(Host *host, Input *input)
{
    uint64_t kind = next(input, 1);
    put(host, TRANSPORT + 0x1000 * (kind % N_TRANSPORTS) + 0x50, 4, kind >> 2);
}

static void step_host(Host *host, Input *input)
{
    uint64_t kind = next(input, 1);
    size_t size = MIN((size_t)(input->end - input->at), kind >> 1);
    if (send(host->peers[kind & 1], input->at, size, MSG_NOSIGNAL) >= 0)
        input->at += size;
    for (unsigned i = 0; i < 16 && g_main_context_iteration(NULL, FALSE); i++) {
    }
    bench_advance(host->bench, 1000);
}

static void step_reset(Host *host, Input *input)
{
    if (next(input, 1) & 1)
        emu_machine_reset(host->bench->machine);
    else
        put(host, TRANSPORT + 0x1000 * (next(input, 1) % N_TRANSPORTS) + 0x70, 4, 0);
}

/* BARs where the windows are, and everything enabled. */
static void step_enable(Host *host, Input *input)
{
    uint64_t config = ECAM + ((1 + (next(input, 1) & 1)) << 15);
    put(host, config + 0x14, 4, WINDOW);
    put(host, config + 0x20, 4, WINDOW + 0x10000);
    put(host, config + 0x24, 4, 0);
    put(host, config + 0x04, 2, next(input, 2) | 6);
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void check_after(Host *host)
{
    struct stat info;
    emu_machine_reset(host->bench->machine);
    FUZZ_HOLDS(fstat(host->disk, &info) == 0 && info.st_size == DISK_SIZE);
    for (unsigned i = 0; i < N_TRANSPORTS; i++) {
        FUZZ_HOLDS(get(host, TRANSPORT + 0x1000 * i, 4) == 0x74726976);
        FUZZ_HOLDS(get(host, TRANSPORT + 0x1000 * i + 0x70, 4) == 0);
    }
    FUZZ_HOLDS(get(host, ECAM + (1 << 15), 4) == 0x10441af4);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const steps[])(Host *, Input *) = {step_access, step_memory, step_boot,
                                                     step_buffer, step_notify, step_host,
                                                     step_reset,  step_enable};
    Input input = {data, data + size};
    Host *host = host_new((uint8_t)next(&input, 1));
    for (unsigned i = 0; i < MAX_STEPS && input.at < input.end; i++)
        steps[next(&input, 1) % G_N_ELEMENTS(steps)](host, &input);
    check_after(host);
    host_free(host);
    return 0;
}
