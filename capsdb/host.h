/* host: what of this computer can shape an emulator's answers. */
#ifndef VITRINE_CAPSDB_HOST_H
#define VITRINE_CAPSDB_HOST_H

#include <jansson.h>

/* Kernel, processor, KVM and the parameters of its modules as an object of texts. root: the folder
 * in which /proc, /sys and /dev are; NULL: they are where they are. New reference. */
json_t *caps_host_facts(const char *root);
/* SHA-256 of the facts, in hex. Free with g_free. */
char *caps_host_hash(const char *root);

#endif
