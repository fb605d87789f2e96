/* topology_print: the picture of a machine's buses as a tree in columns, and for Graphviz. */
#include "topology.h"

#include "text.h"

#include <string.h>

/* ---- a tree in columns ----------------------------------------------------------------------- */

static const char *state_of(const CmdTopology *item)
{
    static const char *const words[] = {[CMD_TOPOLOGY_MACHINE] = "",
                                        [CMD_TOPOLOGY_BUS] = "",
                                        [CMD_TOPOLOGY_DEVICE] = "taken",
                                        [CMD_TOPOLOGY_FREE] = "free",
                                        [CMD_TOPOLOGY_RESERVED] = "kept free"};
    return words[item->kind];
}

static void add_row(CmdTable *table, const CmdTopology *item, const char *guide)
{
    GPtrArray *cells = g_ptr_array_new_with_free_func(g_free);
    bool is_place = item->kind == CMD_TOPOLOGY_FREE || item->kind == CMD_TOPOLOGY_RESERVED;
    g_autofree char *name = cmd_topology_label(item->names);
    g_ptr_array_add(cells, g_strconcat(guide, item->kind == CMD_TOPOLOGY_BUS ? "bus " : "",
                                       is_place ? "·" : name, NULL));
    g_ptr_array_add(cells, g_strdup(item->type));
    g_ptr_array_add(cells, is_place               ? g_strdup(name)
                           : item->addresses->len ? cmd_topology_label(item->addresses)
                                                  : g_strdup(""));
    g_ptr_array_add(cells, g_strdup(state_of(item)));
    g_ptr_array_add(cells, g_strdup(item->hot_plug ? "hot-plug" : ""));
    g_ptr_array_add(cells, g_strdup(item->note));
    cmd_table_add_row(table, cells);
}

static void add_rows(CmdTable *table, const CmdTopology *item, const char *indent, bool last)
{
    bool top = item->kind == CMD_TOPOLOGY_MACHINE;
    g_autofree char *guide = g_strconcat(indent, top ? "" : last ? "└─ " : "├─ ", NULL);
    g_autofree char *below = g_strconcat(indent, top ? "" : last ? "   " : "│  ", NULL);
    add_row(table, item, guide);
    for (size_t i = 0; i < item->children->len; i++) {
        add_rows(table, g_ptr_array_index(item->children, i), below, i + 1 == item->children->len);
    }
}

char *cmd_topology_print(const CmdTopology *topology)
{
    static const char *const columns[] = {"NAME", "TYPE", "PLACE", "STATE", "HOT-PLUG", "NOTE"};
    g_autoptr(CmdTable) table = cmd_table_new();
    GString *out = g_string_new(NULL);
    for (size_t i = 0; i < G_N_ELEMENTS(columns); i++) {
        cmd_table_add_column(table, columns[i]);
    }
    add_rows(table, topology, "", true);
    cmd_table_print(table, out, "", 0);
    return g_string_free(out, FALSE);
}

/* ---- Graphviz -------------------------------------------------------------------------------- */

/* In quotes; what stands between them is text, whatever it is. */
static void add_quoted(GString *out, const char *text)
{
    g_string_append_c(out, '"');
    for (; *text; text++) {
        if (*text == '"' || *text == '\\') {
            g_string_append_c(out, '\\');
        }
        g_string_append_c(out, *text);
    }
    g_string_append_c(out, '"');
}

static void add_node(GString *out, const CmdTopology *item, unsigned number)
{
    static const char *const looks[] = {
        [CMD_TOPOLOGY_MACHINE] = "shape=box, style=bold",
        [CMD_TOPOLOGY_BUS] = "shape=cds, style=filled, fillcolor=\"#dbe7f5\"",
        [CMD_TOPOLOGY_DEVICE] = "shape=box, style=filled, fillcolor=\"#f2f2f2\"",
        [CMD_TOPOLOGY_FREE] = "shape=box, style=dashed, color=\"#2e7d32\"",
        [CMD_TOPOLOGY_RESERVED] = "shape=box, style=dotted, color=\"#8a6d00\""};
    g_autofree char *name = cmd_topology_label(item->names);
    g_autofree char *place =
        item->addresses->len ? cmd_topology_label(item->addresses) : g_strdup("");
    const char *parts[] = {item->type, place, item->note,
                           item->hot_plug ? "also while it runs" : ""};
    g_autoptr(GString) label = g_string_new(name);
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (*parts[i]) {
            g_string_append_printf(label, "\n%s", parts[i]);
        }
    }
    g_string_append_printf(out, "  n%u [%s, label=", number, looks[item->kind]);
    add_quoted(out, label->str);
    g_string_append(out, "];\n");
}

static void add_graph(GString *out, const CmdTopology *item, unsigned *next)
{
    unsigned own = (*next)++;
    add_node(out, item, own);
    for (size_t i = 0; i < item->children->len; i++) {
        g_string_append_printf(out, "  n%u -> n%u;\n", own, *next);
        add_graph(out, g_ptr_array_index(item->children, i), next);
    }
}

char *cmd_topology_dot(const CmdTopology *topology)
{
    GString *out = g_string_new("digraph topology {\n  rankdir=LR;\n"
                                "  node [fontname=\"sans-serif\", fontsize=10];\n"
                                "  edge [arrowhead=none, color=\"#888888\"];\n");
    unsigned next = 0;
    add_graph(out, topology, &next);
    g_string_append(out, "}\n");
    return g_string_free(out, FALSE);
}
