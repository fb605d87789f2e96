/* aclint: software interrupts and the machine timer, as the ACLINT's devices and the older CLINT
 * share them (RISC-V ACLINT 1.0-rc4). A part of a driver's state; knows no device type. */
#ifndef VITRINE_DEVICES_ACLINT_H
#define VITRINE_DEVICES_ACLINT_H

#include "driver.h"

/* -- MSWI: one 32-bit register a hart, of which bit 0 is its machine software interrupt -- */

typedef struct EmuMswi {
    unsigned irq; /* the driver's output, one a hart */
    unsigned n_harts;
} EmuMswi;

void emu_mswi_init(EmuMswi *mswi, EmuDevice *device, unsigned irq);
void emu_mswi_reset(EmuMswi *mswi, EmuDevice *device);
/* offset: in bytes from the first register; a multiple of 4. */
uint32_t emu_mswi_read(const EmuMswi *mswi, EmuDevice *device, uint64_t offset);
void emu_mswi_write(EmuMswi *mswi, EmuDevice *device, uint64_t offset, uint32_t value);

/* -- MTIMER: mtime, and a 64-bit mtimecmp a hart; the interrupt is high while mtime >= mtimecmp --
 */

typedef struct EmuMtimer {
    unsigned irq;
    unsigned n_harts;
    uint64_t frequency; /* Hz */
    uint64_t offset;    /* mtime - ticks of virtual time */
    uint64_t *compare;
    EmuTimer **timers;
} EmuMtimer;

void emu_mtimer_init(EmuMtimer *mtimer, EmuDevice *device, unsigned irq, uint64_t frequency,
                     void (*expired)(EmuDevice *device, unsigned hart));
void emu_mtimer_done(EmuMtimer *mtimer);
void emu_mtimer_reset(EmuMtimer *mtimer, EmuDevice *device); /* mtime to 0, no interrupt pending */
/* What expired() has to call. */
void emu_mtimer_update(EmuMtimer *mtimer, EmuDevice *device, unsigned hart);

/* size: 4 or 8. offset: from mtime, or from the first mtimecmp. */
uint64_t emu_mtimer_read_time(const EmuMtimer *mtimer, EmuDevice *device, uint64_t offset,
                              unsigned size);
void emu_mtimer_write_time(EmuMtimer *mtimer, EmuDevice *device, uint64_t offset, unsigned size,
                           uint64_t value);
uint64_t emu_mtimer_read_compare(const EmuMtimer *mtimer, EmuDevice *device, uint64_t offset,
                                 unsigned size);
void emu_mtimer_write_compare(EmuMtimer *mtimer, EmuDevice *device, uint64_t offset, unsigned size,
                              uint64_t value);

#endif
