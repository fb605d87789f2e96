/* bench: a machine put together by hand around the device under test: no declarations are read, the
 * clock is turned by hand, and interrupt outputs end in a probe whose input levels can be read. */
#ifndef VITRINE_TESTS_BENCH_H
#define VITRINE_TESTS_BENCH_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "engine/machine.h"

/* The time of day when the host's clock, bench->now, is 0. */
#define BENCH_EPOCH INT64_C(1700000000123456789)

typedef struct Bench {
    MdlHardware hardware;
    EmuMachineConfig config;
    EmuTimeSource time;
    int64_t now;          /* of the time source, in nanoseconds */
    GPtrArray *drivers;   /* const EmuDriver * */
    MdlDevice *probe;     /* 64 inputs; outputs of the device under test lead to them */
    unsigned n_attention; /* times the engine asked for emu_machine_run() */
    GPtrArray *logged;    /* char * */
    EmuMachine *machine;  /* after bench_build */
} Bench;

Bench *bench_new(void);
void bench_free(Bench *bench);

/* Adds a device with its properties at their defaults; its regions lie one after the other from
 * base, of the sizes given (0 where fewer are given). */
MdlDevice *bench_add(Bench *bench, const EmuDriver *driver, const char *id, uint64_t base,
                     const uint64_t *sizes, size_t n_sizes);
/* Same, on a bus that another device provides. */
MdlDevice *bench_add_on(Bench *bench, MdlBus *bus, const EmuDriver *driver, const char *id);
void bench_set(MdlDevice *device, const char *property, uint64_t number);
void bench_set_text(MdlDevice *device, const char *property, const char *text);
void bench_wire(MdlDevice *from, unsigned irq, unsigned output, MdlDevice *to, unsigned line);

void bench_build(Bench *bench); /* asserts that it works */
bool bench_try_build(Bench *bench, GError **error);
/* Moves the host's time on and runs what is due; returns what the guest asked for. */
EmuPowerRequest bench_advance(Bench *bench, int64_t nanoseconds);
bool bench_level(Bench *bench, unsigned probe_line);
unsigned bench_edges(Bench *bench, unsigned probe_line); /* times it went high */
EmuDevice *bench_device(Bench *bench, const char *id);

uint64_t bench_read(Bench *bench, uint64_t address, unsigned size);
void bench_write(Bench *bench, uint64_t address, unsigned size, uint64_t value);
uint64_t bench_errors(Bench *bench, const char *id); /* of the guest */

#endif
