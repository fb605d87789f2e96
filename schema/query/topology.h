/* topology: the buses of a machine as a picture: what is where, and what can still go where.
 *
 * Made of two replies, query-hardware and query-device-slots, whoever gave them: of our machines or
 * of another emulator's. What is alike and side by side is one item with all its names. */
#ifndef VITRINE_QUERY_TOPOLOGY_H
#define VITRINE_QUERY_TOPOLOGY_H

#include "api.h"

typedef enum {
    CMD_TOPOLOGY_MACHINE,
    CMD_TOPOLOGY_BUS,
    CMD_TOPOLOGY_DEVICE,
    CMD_TOPOLOGY_FREE,     /* places where a device can be put */
    CMD_TOPOLOGY_RESERVED, /* places that are kept free */
} CmdTopologyKind;

/* An item of the picture. Text of a foreign reply has no control characters in it. */
typedef struct CmdTopology {
    CmdTopologyKind kind;
    GPtrArray *names;     /* char *: ids, or the places; several where items are folded into one */
    GPtrArray *addresses; /* char *, of devices: one for each name */
    char *type;           /* of device or bus; "" */
    char *note;           /* why places are kept, how many there are, … ; "" */
    bool hot_plug;        /* of free places, and of buses that have such: also while it runs */
    GPtrArray *children;  /* CmdTopology * */
} CmdTopology;

/* hardware: a Hardware object; slots: an array of SlotSet. Of a reply that is not well formed what
 * makes sense is shown. */
CmdTopology *cmd_topology_new(const json_t *hardware, const json_t *slots);
void cmd_topology_free(CmdTopology *topology);

/* "virtio-mmio.0 … virtio-mmio.7 (8)". Free with g_free. */
char *cmd_topology_label(const GPtrArray *names);

/* As a tree in columns; no line is broken. Free with g_free, as all of these. */
char *cmd_topology_print(const CmdTopology *topology);
/* In the language of Graphviz. */
char *cmd_topology_dot(const CmdTopology *topology);
/* As one page of HTML that needs nothing else. */
char *cmd_topology_page(const CmdTopology *topology);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmdTopology, cmd_topology_free)

#endif
