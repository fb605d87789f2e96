/* wires: where the interrupt outputs of a device lead.
 *
 *   irq = plic:10            output to line 10 of device plic
 *   irq.machine = cpu.*:11   output i to line 11 of device cpu.i, for all of them
 *   irq = plic:1 + index     the line is an expression
 *
 * Where there is no plic, a device with stands-for = plic is meant. */
#include "build.h"

#include "value.h"

#include <string.h>

static bool read_line(MdlBuild *build, MdlDevice *device, const MdlSetting *setting,
                      const char *text, unsigned *ret_line)
{
    MdlScope scope = mdl_resolved_scope(&build->resolved);
    g_autofree char *why = NULL;
    MdlKind kind;
    MdlValue value;
    const MdlExpr *expr = mdl_expr_parse(build->arena, text, &why);
    if (!expr || !mdl_expr_check(expr, &scope, &kind, &why) ||
        !mdl_expr_eval(expr, &scope, &value, &why)) {
        mdl_build_find(build, MDL_CHECK_IRQ_FORM, device, setting, NULL, "line \"%s\": %s", text,
                       why);
        return false;
    }
    if (kind != MDL_UINT && kind != MDL_SIZE) {
        mdl_build_find(build, MDL_CHECK_IRQ_FORM, device, setting, NULL,
                       "line \"%s\" must be a number", text);
        return false;
    }
    *ret_line = (unsigned)MIN(value.number, UINT32_MAX);
    return true;
}

static void add_wire(MdlDevice *device, const MdlIrq *irq, unsigned output, const MdlDevice *to,
                     unsigned line)
{
    MdlWire wire = {.irq = irq, .output = output, .to = (MdlDevice *)to, .line = line};
    g_array_append_val(device->wires, wire);
}

/* One output for each element ID.0, ID.1, … that there is. */
static void wire_many(MdlBuild *build, MdlDevice *device, const MdlIrq *irq,
                      const MdlSetting *setting, const char *id, unsigned line)
{
    for (unsigned n = 0;; n++) {
        g_autofree char *element = g_strdup_printf("%s.%u", id, n);
        const MdlDevice *to = mdl_hardware_device(build->hardware, element);
        if (!to) {
            if (n == 0) {
                mdl_build_find(build, MDL_CHECK_IRQ_TARGET, device, setting, NULL,
                               "interrupt \"%s\" leads to \"%s\", which is not there", irq->name,
                               element);
            }
            return;
        }
        add_wire(device, irq, n, to, line);
    }
}

/* The device of that id, or else the one that stands for it. */
static const MdlDevice *find_target(const MdlBuild *build, const char *id)
{
    const MdlDevice *named = mdl_hardware_device(build->hardware, id);
    for (size_t i = 0; !named && i < build->hardware->devices->len; i++) {
        const MdlDevice *device = g_ptr_array_index(build->hardware->devices, i);
        const char *other = mdl_part_value(mdl_build_part(build, device), "stands-for");
        if (other && strcmp(other, id) == 0) {
            return device;
        }
    }
    return named;
}

static void wire_irq(MdlBuild *build, MdlDevice *device, const MdlIrq *irq,
                     const MdlSetting *setting)
{
    const char *colon = strrchr(setting->value, ':');
    g_autofree char *id = g_strndup(setting->value, (size_t)(colon - setting->value));
    g_strchomp(id);
    unsigned line;
    if (!read_line(build, device, setting, colon + 1, &line)) {
        return;
    }
    bool star = g_str_has_suffix(id, ".*");
    if (star != irq->many) {
        mdl_build_find(build, MDL_CHECK_IRQ_FORM, device, setting, NULL,
                       irq->many ? "interrupt \"%s\" has many outputs: write DEVICE.*:LINE"
                                 : "interrupt \"%s\" has one output: write DEVICE:LINE",
                       irq->name);
        return;
    }
    if (star) {
        id[strlen(id) - 2] = '\0';
        wire_many(build, device, irq, setting, id, line);
        return;
    }
    const MdlDevice *to = find_target(build, id);
    if (!to) {
        mdl_build_find(build, MDL_CHECK_IRQ_TARGET, device, setting, NULL,
                       "interrupt \"%s\" leads to \"%s\", which is not there", irq->name, id);
        return;
    }
    add_wire(device, irq, 0, to, line);
}

void mdl_wire_device(MdlBuild *build, MdlDevice *device, const MdlPart *part)
{
    for (size_t i = 0; i < device->type->n_irqs; i++) {
        const MdlIrq *irq = &device->type->irqs[i];
        g_autofree char *key = g_strconcat("irq.", irq->name, NULL);
        const MdlSetting *setting = mdl_part_setting(part, key);
        if (!setting && device->type->n_irqs == 1) {
            setting = mdl_part_setting(part, "irq");
        }
        if (setting) {
            wire_irq(build, device, irq, setting);
        }
    }
    const MdlSetting *lone = mdl_part_setting(part, "irq");
    if (lone && device->type->n_irqs != 1) {
        mdl_build_find(build, MDL_CHECK_IRQ_FORM, device, lone, NULL,
                       "device type %s has %zu interrupts: write irq.NAME", device->type->name,
                       device->type->n_irqs);
    }
}
