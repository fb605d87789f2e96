/* render_hardware: see render_hardware.h. Devices that differ only in their numbers and stand side
 * by side, as CPUs and transports do, are not folded: the tree is complete. */
#include "render_hardware.h"

#include "text.h"

#include <string.h>

#define MAX_DEPTH 64 /* of buses within buses, in a reply from elsewhere */

typedef struct Tree {
    GString *out;
    const json_t *devices, *buses;
    unsigned width;
    size_t ids, types; /* widths of columns */
    size_t left;       /* devices not yet shown; a circle of buses would show one again */
} Tree;

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "";
}

static uint64_t hex_of(const json_t *object, const char *member)
{
    return g_ascii_strtoull(text_of(object, member), NULL, 16);
}

/* ---- one device in words --------------------------------------------------------------------- */

static void append_region(GString *text, const json_t *region, bool named)
{
    uint64_t base = hex_of(region, "base"), size = hex_of(region, "size");
    g_string_append_printf(text, "%s%s%s0x%" G_GINT64_MODIFIER "x-0x%" G_GINT64_MODIFIER "x",
                           text->len ? ", " : "", named ? text_of(region, "name") : "",
                           named ? " " : "", base, base + size - 1);
}

/* "irq plic:10", or how many there are. */
static void append_irqs(GString *text, const json_t *irqs)
{
    size_t count = json_array_size(irqs);
    for (size_t i = 0; i < count && count <= 4; i++) {
        const json_t *irq = json_array_get(irqs, i);
        g_string_append_printf(text, "%s%s:%" JSON_INTEGER_FORMAT,
                               i           ? ", "
                               : text->len ? ", irq "
                                           : "irq ",
                               text_of(irq, "to"),
                               json_integer_value(json_object_get(irq, "line")));
    }
    if (count > 4) {
        g_string_append_printf(text, "%s%zu interrupts", text->len ? ", " : "", count);
    }
}

static char *words_of(const json_t *value)
{
    uint64_t number;
    if (wire_json_get_uint(value, &number)) {
        return cmd_text_number(number);
    }
    return wire_json_is_string(value) ? g_strdup(json_string_value(value))
           : json_is_boolean(value)   ? g_strdup(json_is_true(value) ? "on" : "off")
                                      : wire_json_print(value, WIRE_JSON_COMPACT);
}

static void append_properties(GString *text, const json_t *properties)
{
    for (size_t i = 0; i < json_array_size(properties); i++) {
        const json_t *property = json_array_get(properties, i);
        const json_t *value = json_object_get(property, "value");
        if (json_is_null(value)) {
            continue;
        }
        g_autofree char *words = words_of(value);
        g_string_append_printf(text, "%s%s=%s", text->len ? ", " : "", text_of(property, "name"),
                               words);
    }
}

static char *describe(const json_t *device)
{
    GString *text = g_string_new(NULL);
    const json_t *regions = json_object_get(device, "regions");
    for (size_t i = 0; i < json_array_size(regions); i++) {
        append_region(text, json_array_get(regions, i), json_array_size(regions) > 1);
    }
    if (!text->len) {
        g_string_append(text, text_of(device, "address"));
    }
    append_irqs(text, json_object_get(device, "irqs"));
    append_properties(text, json_object_get(device, "properties"));
    char *safe = cmd_text_safe(text->str);
    g_string_free(text, TRUE);
    return safe;
}

/* ---- the tree -------------------------------------------------------------------------------- */

static void add_bus(Tree *tree, const json_t *bus, const char *indent, bool last, unsigned depth);

/* What stands before the lines below a node. */
static char *below(const char *indent, bool last)
{
    return g_strconcat(indent, last ? "   " : "│  ", NULL);
}

static void add_device(Tree *tree, const json_t *device, const char *indent, bool last,
                       unsigned depth)
{
    g_autofree char *details = describe(device);
    g_autofree char *id = cmd_text_safe(text_of(device, "id"));
    g_autofree char *type = cmd_text_safe(text_of(device, "type"));
    g_autofree char *rest = below(indent, last);
    size_t margin = cmd_text_width(indent) + 3 + tree->ids + 2 + tree->types + 2;
    g_autoptr(GPtrArray) lines =
        cmd_text_wrap(details, tree->width > margin + 20 ? tree->width - margin : 0);
    const json_t *buses = json_object_get(device, "buses");
    for (size_t i = 0; i < lines->len; i++) {
        if (i == 0) {
            g_string_append_printf(tree->out, "%s%s", indent, last ? "└─ " : "├─ ");
        } else {
            g_string_append(tree->out, rest);
        }
        cmd_text_pad(tree->out, i ? (json_array_size(buses) ? "│" : "") : id, tree->ids + 2);
        cmd_text_pad(tree->out, i ? "" : type, tree->types + 2);
        g_string_append_printf(tree->out, "%s\n", (const char *)g_ptr_array_index(lines, i));
    }
    for (size_t i = 0; i < json_array_size(buses); i++) {
        const char *provided = json_string_value(json_array_get(buses, i));
        for (size_t b = 0; provided && b < json_array_size(tree->buses); b++) {
            const json_t *bus = json_array_get(tree->buses, b);
            if (strcmp(text_of(bus, "id"), provided) == 0) {
                add_bus(tree, bus, rest, i + 1 == json_array_size(buses), depth + 1);
            }
        }
    }
}

static void add_devices_of(Tree *tree, const json_t *bus, const char *indent, unsigned depth)
{
    g_autoptr(GPtrArray) children = g_ptr_array_new();
    for (size_t i = 0; i < json_array_size(tree->devices); i++) {
        json_t *device = json_array_get(tree->devices, i);
        if (strcmp(text_of(device, "bus"), text_of(bus, "id")) == 0) {
            g_ptr_array_add(children, device);
        }
    }
    for (size_t i = 0; i < children->len && depth < MAX_DEPTH && tree->left; i++) {
        tree->left--;
        add_device(tree, g_ptr_array_index(children, i), indent, i + 1 == children->len, depth);
    }
}

static void add_bus(Tree *tree, const json_t *bus, const char *indent, bool last, unsigned depth)
{
    g_autofree char *id = cmd_text_safe(text_of(bus, "id"));
    g_autofree char *type = cmd_text_safe(text_of(bus, "type"));
    g_autofree char *rest = depth ? below(indent, last) : g_strdup(indent);
    g_string_append_printf(tree->out, "%s%sbus %s (%s)\n", indent,
                           !depth ? ""
                           : last ? "└─ "
                                  : "├─ ",
                           id, type);
    add_devices_of(tree, bus, rest, depth);
}

static void add_head(GString *out, const json_t *hardware)
{
    const json_t *smp = json_object_get(hardware, "smp");
    json_int_t cpus = json_integer_value(json_object_get(smp, "cpus"));
    g_autofree char *machine = cmd_text_safe(text_of(hardware, "machine"));
    g_autofree char *cpu = cmd_text_safe(text_of(hardware, "cpu"));
    uint64_t memory = 0;
    wire_json_get_uint(json_object_get(hardware, "memory"), &memory);
    g_autofree char *size = cmd_text_number(memory);
    g_autofree char *arch = cmd_text_safe(text_of(hardware, "arch"));
    g_autofree char *accel = cmd_text_safe(text_of(hardware, "accel"));
    g_string_append_printf(out,
                           "%s, %s, accelerator %s, %" JSON_INTEGER_FORMAT " x %s, memory %s\n",
                           machine, arch, accel, cpus, cpu, size);
}

static size_t widest(const json_t *list, const char *member)
{
    size_t width = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        g_autofree char *text = cmd_text_safe(text_of(json_array_get(list, i), member));
        width = MAX(width, cmd_text_width(text));
    }
    return width;
}

void cmd_render_hardware(GString *out, const json_t *hardware, unsigned width)
{
    Tree tree = {.out = out,
                 .devices = json_object_get(hardware, "devices"),
                 .buses = json_object_get(hardware, "buses"),
                 .width = width};
    tree.left = json_array_size(tree.devices);
    tree.ids = widest(tree.devices, "id");
    tree.types = widest(tree.devices, "type");
    add_head(out, hardware);
    for (size_t i = 0; i < json_array_size(tree.buses); i++) {
        const json_t *bus = json_array_get(tree.buses, i);
        if (!json_object_get(bus, "owner")) {
            add_bus(&tree, bus, "", true, 0);
        }
    }
}
