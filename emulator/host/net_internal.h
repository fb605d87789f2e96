/* net_internal: what net.c and net_user.c share. For host/ only. */
#ifndef VITRINE_EMULATOR_NET_INTERNAL_H
#define VITRINE_EMULATOR_NET_INTERNAL_H

#include "host/net.h"

typedef struct EmuNetRouter EmuNetRouter; /* what is at the other end of a backend's socket */

/* Ends its thread. Accepts NULL. */
void emu_net_router_free(EmuNetRouter *router);
/* Takes the router over. */
void emu_net_backend_set_router(EmuNetBackend *backend, EmuNetRouter *router);

#endif
