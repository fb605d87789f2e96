/* pci: PCI functions and the bus they sit on, between a host bridge's driver and theirs.
 *
 * Configuration space with its masks, BAR decoding and INTx routing (PCI local bus 3.0, 6). Common
 * to every machine with a PCI host bridge; knows no device type. */
#ifndef VITRINE_EMULATOR_PCI_H
#define VITRINE_EMULATOR_PCI_H

#include "driver.h"

typedef struct EmuPciFunction EmuPciFunction;
typedef struct EmuPciBus EmuPciBus;

EmuPciBus *emu_pci_bus_new(EmuDevice *host);
void emu_pci_bus_free(EmuPciBus *bus);

void emu_pci_function_free(EmuPciFunction *function);
/* The function, initialised, answers on its bus from now on. devfn: device 7:3, function 2:0. */
void emu_pci_function_plug(EmuPciFunction *function, EmuPciBus *bus, unsigned devfn);
void emu_pci_function_reset(EmuPciFunction *function);
/* Whether it may reach guest memory: its command register's bus-master bit. */
bool emu_pci_function_is_master(const EmuPciFunction *function);

#endif
