/* socket: what all kinds of backends do alike with the sockets of the host. */
#ifndef VITRINE_EMULATOR_SOCKET_H
#define VITRINE_EMULATOR_SOCKET_H

#include <stdbool.h>
#include <sys/un.h>

/* False: the path is too long; errno says so. */
bool emu_host_unix_address(const char *path, struct sockaddr_un *ret_address);

/* Makes room at the path of a socket that a process left behind; anything else that is there is
 * kept. */
void emu_host_remove_stale_socket(const char *path);

#endif
