/* topology_page: the picture of a machine's buses as one page: nothing is fetched, nothing is run.
 *
 * A bus is a rail with its places side by side; a device that provides buses is a box around them.
 * The look is the style sheet below, in the reader's choice of light or dark. */
#include "topology.h"

#include <string.h>

static const char style[] =
    ":root{color-scheme:light dark;--page:#fbfbfa;--ink:#1d1f21;--soft:#5f6670;--line:#c9ced6;"
    "--bus:#e8eef7;--device:#fff;--free:#2e7d32;--kept:#8a6d00;--hot:#1565c0}\n"
    "@media(prefers-color-scheme:dark){:root{--page:#16181b;--ink:#e8e8e6;--soft:#9aa3ad;"
    "--line:#3d444d;--bus:#1f2731;--device:#262b31;--free:#81c784;--kept:#e0c15a;--hot:#64b5f6}}\n"
    "*{box-sizing:border-box}\n"
    "body{margin:0;padding:1.5rem;background:var(--page);color:var(--ink);"
    "font:14px/1.4 system-ui,sans-serif}\n"
    "h1{font-size:1.5rem;margin:0 0 .25rem}\n"
    ".legend,.sub{color:var(--soft);margin:0 0 1rem}\n"
    ".legend b{font-weight:500;border-radius:4px;padding:.1rem .5rem;margin-right:.5rem;"
    "color:var(--ink);border:1px solid var(--line);background:var(--device)}\n"
    ".legend b.free,.legend b.kept,.free,.kept{background:none}\n"
    ".bus{background:var(--bus);border-radius:8px;padding:.5rem .6rem .6rem;margin:.5rem 0;"
    "border-left:4px solid var(--line)}\n"
    ".bus.hot{border-left-color:var(--hot)}\n"
    ".bus>header{display:flex;flex-wrap:wrap;gap:.1rem .6rem;align-items:baseline}\n"
    ".name{font-weight:600;overflow-wrap:anywhere}\n"
    ".type,.at,.note{color:var(--soft);overflow-wrap:anywhere}\n"
    ".at{font-family:ui-monospace,monospace;font-size:.86em}\n"
    ".places{display:flex;flex-wrap:wrap;gap:.5rem;margin-top:.5rem;align-items:flex-start}\n"
    ".device,.free,.kept{border:1px solid var(--line);border-radius:6px;padding:.35rem .55rem;"
    "background:var(--device);min-width:8.5rem;max-width:100%}\n"
    ".device.wide{flex:1 1 100%}\n"
    ".legend b.free,.free{border:1px dashed var(--free)}\n"
    ".legend b.kept,.kept{border:1px dotted var(--kept)}\n"
    ".hotplug{color:var(--hot);font-weight:500}\n"
    "details{color:var(--soft)}summary{cursor:pointer}\n"
    "details ul{margin:.2rem 0;padding-left:1.1rem;columns:12rem}\n"
    "@media print{body{padding:0}}\n";

static void add_text(GString *out, const char *text)
{
    g_autofree char *escaped = g_markup_escape_text(text, -1);
    g_string_append(out, escaped);
}

static void add_span(GString *out, const char *look, const char *text)
{
    if (*text) {
        g_string_append_printf(out, "<div class=\"%s\">", look);
        add_text(out, text);
        g_string_append(out, "</div>");
    }
}

/* All the names of items that were folded, for who wants to see them. */
static void add_names(GString *out, const CmdTopology *item)
{
    if (item->names->len < 2 || item->kind == CMD_TOPOLOGY_FREE) {
        return;
    }
    g_string_append_printf(out, "<details><summary>all %u</summary><ul>", item->names->len);
    for (size_t i = 0; i < item->names->len; i++) {
        g_string_append(out, "<li>");
        add_text(out, g_ptr_array_index(item->names, i));
        if (i < item->addresses->len) {
            g_string_append(out, " <span class=\"at\">");
            add_text(out, g_ptr_array_index(item->addresses, i));
            g_string_append(out, "</span>");
        }
        g_string_append(out, "</li>");
    }
    g_string_append(out, "</ul></details>");
}

static void add_item(GString *out, const CmdTopology *item);

static void add_children(GString *out, const CmdTopology *item)
{
    for (size_t i = 0; i < item->children->len; i++) {
        add_item(out, g_ptr_array_index(item->children, i));
    }
}

static void add_bus(GString *out, const CmdTopology *item)
{
    g_autofree char *name = cmd_topology_label(item->names);
    g_string_append_printf(out, "<section class=\"bus%s\"><header>", item->hot_plug ? " hot" : "");
    add_span(out, "name", name);
    add_span(out, "type", item->type);
    add_span(out, "hotplug", item->hot_plug ? "hot-plug" : "");
    add_span(out, "note", item->children->len ? "" : "takes nothing that can be added");
    g_string_append(out, "</header>");
    add_names(out, item);
    if (item->children->len) {
        g_string_append(out, "<div class=\"places\">");
        add_children(out, item);
        g_string_append(out, "</div>");
    }
    g_string_append(out, "</section>\n");
}

static void add_place(GString *out, const CmdTopology *item, const char *look)
{
    g_autofree char *name = cmd_topology_label(item->names);
    g_autofree char *at = item->addresses->len ? cmd_topology_label(item->addresses) : NULL;
    bool is_device = item->kind == CMD_TOPOLOGY_DEVICE;
    g_string_append_printf(out, "<div class=\"%s%s\">", look, item->children->len ? " wide" : "");
    add_span(out, is_device ? "name" : "at", name);
    add_span(out, "type", item->type);
    add_span(out, "at", at ? at : "");
    add_span(out, "note", item->note);
    add_span(out, "hotplug", item->hot_plug ? "hot-plug" : "");
    add_names(out, item);
    add_children(out, item);
    g_string_append(out, "</div>\n");
}

static void add_item(GString *out, const CmdTopology *item)
{
    switch (item->kind) {
    case CMD_TOPOLOGY_MACHINE:
        add_children(out, item);
        break;
    case CMD_TOPOLOGY_BUS:
        add_bus(out, item);
        break;
    case CMD_TOPOLOGY_DEVICE:
        add_place(out, item, "device");
        break;
    case CMD_TOPOLOGY_FREE:
        add_place(out, item, "free");
        break;
    case CMD_TOPOLOGY_RESERVED:
        add_place(out, item, "kept");
        break;
    }
}

char *cmd_topology_page(const CmdTopology *topology)
{
    g_autofree char *name = cmd_topology_label(topology->names);
    g_autofree char *title = g_markup_escape_text(name, -1);
    GString *out = g_string_new(NULL);
    g_string_append_printf(out,
                           "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                           "<meta name=\"viewport\" content=\"width=device-width\">"
                           "<title>%s</title>\n<style>\n%s</style></head>\n<body><h1>%s</h1>"
                           "<p class=\"sub\">",
                           title, style, title);
    add_text(out, topology->type);
    g_string_append(out, "</p>\n<p class=\"legend\"><b>taken</b><b class=\"free\">free</b>"
                         "<b class=\"kept\">kept free</b><span class=\"hotplug\">hot-plug</span>: "
                         "also while it runs</p>\n");
    add_item(out, topology);
    g_string_append(out, "</body></html>\n");
    return g_string_free(out, FALSE);
}
