/* export: the hardware tree in the forms that leave the model. */
#ifndef VITRINE_MODEL_EXPORT_H
#define VITRINE_MODEL_EXPORT_H

#include "check.h"
#include "node.h"

/* The device tree a guest is given, without what is known only at boot (/chosen and seeds). The
 * phandle of a node is set when another refers to it. NULL: findings say which value is wrong. */
MdlTreeNode *mdl_hardware_guest_tree(const MdlHardware *hardware, MdlFindings *findings);
/* The same, flattened. The values of a built tree are right, so it does not fail. */
GBytes *mdl_hardware_to_guest_fdt(const MdlHardware *hardware);
/* Everything of the tree, backend side included, as a flattened device tree of its own binding
 * (compatible "vitrine,hardware"): one node a bus under /buses, one a device under /devices. */
GBytes *mdl_hardware_to_fdt(const MdlHardware *hardware);
/* A machine file without options or conditions that builds the same tree. Free with g_free. */
char *mdl_hardware_to_cfg(const MdlHardware *hardware);

#endif
