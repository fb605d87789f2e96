/* host: what of this computer can shape an emulator's answers. */
#ifndef VITRINE_CAPSDB_HOST_H
#define VITRINE_CAPSDB_HOST_H

#include <jansson.h>

/* Kernel, processor and KVM as an object of texts. New reference. */
json_t *caps_host_facts(void);
/* SHA-256 of the facts, in hex. Free with g_free. */
char *caps_host_hash(void);

#endif
