/* render_hardware: a machine as the tree it is. */
#ifndef VITRINE_QUERY_RENDER_HARDWARE_H
#define VITRINE_QUERY_RENDER_HARDWARE_H

#include "api.h"

/* Appends a Hardware object: the machine, then each root bus with the devices on it, and below each
 * the buses it provides. */
void cmd_render_hardware(GString *out, const json_t *hardware, unsigned width);

#endif
