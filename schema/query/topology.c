/* topology: builds the picture (topology.h) and folds it; topology_print.c and topology_page.c show
 * it. */
#include "topology.h"

#include "text.h"
#include "wire.h"

#include <string.h>

#define MAX_DEPTH 64 /* of buses within buses */
#define MIN_FOLD  3  /* alike items that become one */

typedef struct Reply {
    GHashTable *devices;   /* id -> json_t * */
    GHashTable *buses;     /* id -> json_t * */
    GHashTable *on_bus;    /* bus id -> GPtrArray of json_t *, devices in tree order */
    GHashTable *slots;     /* bus id -> GPtrArray of json_t *, sets in order */
    GHashTable *has_shown; /* ids of devices: a circle of buses would show one again */
} Reply;

static const char *text_of(const json_t *object, const char *member)
{
    const char *text = json_string_value(json_object_get(object, member));
    return text ? text : "";
}

static void free_item(gpointer item)
{
    cmd_topology_free(item);
}

void cmd_topology_free(CmdTopology *topology)
{
    if (!topology) {
        return;
    }
    g_ptr_array_unref(topology->names);
    g_ptr_array_unref(topology->addresses);
    g_ptr_array_unref(topology->children);
    g_free(topology->type);
    g_free(topology->note);
    g_free(topology);
}

static CmdTopology *item_new(CmdTopologyKind kind, const char *name, const char *type)
{
    CmdTopology *item = g_new0(CmdTopology, 1);
    item->kind = kind;
    item->names = g_ptr_array_new_with_free_func(g_free);
    item->addresses = g_ptr_array_new_with_free_func(g_free);
    item->children = g_ptr_array_new_with_free_func(free_item);
    item->type = cmd_text_safe(type);
    item->note = g_strdup("");
    g_ptr_array_add(item->names, cmd_text_safe(name));
    return item;
}

static void set_note(CmdTopology *item, char *note)
{
    g_free(item->note);
    item->note = note;
}

/* ---- the two replies, to be looked up in ----------------------------------------------------- */

static void free_list(gpointer list)
{
    g_ptr_array_unref(list);
}

static GHashTable *group_by(const json_t *array, const char *member)
{
    GHashTable *groups = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, free_list);
    for (size_t i = 0; i < json_array_size(array); i++) {
        json_t *row = json_array_get(array, i);
        const char *key = text_of(row, member);
        GPtrArray *list = g_hash_table_lookup(groups, key);
        if (!list) {
            list = g_ptr_array_new();
            g_hash_table_insert(groups, (gpointer)key, list);
        }
        g_ptr_array_add(list, row);
    }
    return groups;
}

static GHashTable *index_by_id(const json_t *array)
{
    GHashTable *index = g_hash_table_new(g_str_hash, g_str_equal);
    for (size_t i = 0; i < json_array_size(array); i++) {
        json_t *row = json_array_get(array, i);
        g_hash_table_insert(index, (gpointer)text_of(row, "id"), row);
    }
    return index;
}

/* ---- folding --------------------------------------------------------------------------------- */

static bool alike(const CmdTopology *a, const CmdTopology *b)
{
    if (a->kind != b->kind || a->hot_plug != b->hot_plug || strcmp(a->type, b->type) != 0 ||
        strcmp(a->note, b->note) != 0 || a->children->len != b->children->len) {
        return false;
    }
    for (size_t i = 0; i < a->children->len; i++) {
        if (!alike(g_ptr_array_index(a->children, i), g_ptr_array_index(b->children, i))) {
            return false;
        }
    }
    return true;
}

static void take_all(GPtrArray *to, const GPtrArray *from)
{
    for (size_t i = 0; i < from->len; i++) {
        g_ptr_array_add(to, g_strdup(g_ptr_array_index(from, i)));
    }
}

static void merge(CmdTopology *into, const CmdTopology *other)
{
    take_all(into->names, other->names);
    take_all(into->addresses, other->addresses);
    for (size_t i = 0; i < into->children->len; i++) {
        merge(g_ptr_array_index(into->children, i), g_ptr_array_index(other->children, i));
    }
}

/* Runs of alike devices or buses become one item each. */
static void fold(GPtrArray *items)
{
    for (guint at = 0; at < items->len; at++) {
        CmdTopology *first = g_ptr_array_index(items, at);
        guint end = at + 1;
        bool folds = first->kind == CMD_TOPOLOGY_DEVICE || first->kind == CMD_TOPOLOGY_BUS;
        while (folds && end < items->len && alike(first, g_ptr_array_index(items, end))) {
            end++;
        }
        if (end - at < MIN_FOLD) {
            continue;
        }
        for (guint i = at + 1; i < end; i++) {
            merge(first, g_ptr_array_index(items, i));
        }
        g_ptr_array_remove_range(items, at + 1, end - at - 1);
    }
}

char *cmd_topology_label(const GPtrArray *names)
{
    const char *first = names->len ? g_ptr_array_index(names, 0) : "";
    const char *last = names->len ? g_ptr_array_index(names, names->len - 1) : "";
    return strcmp(first, last) == 0 ? g_strdup(first)
                                    : g_strdup_printf("%s … %s (%u)", first, last, names->len);
}

/* ---- buses and devices ----------------------------------------------------------------------- */

static CmdTopology *make_bus(Reply *reply, const json_t *bus, unsigned depth);

static CmdTopology *make_device(Reply *reply, const json_t *device, unsigned depth)
{
    CmdTopology *item =
        item_new(CMD_TOPOLOGY_DEVICE, text_of(device, "id"), text_of(device, "type"));
    const json_t *buses = json_object_get(device, "buses");
    g_ptr_array_add(item->addresses, cmd_text_safe(text_of(device, "address")));
    for (size_t i = 0; i < json_array_size(buses) && depth < MAX_DEPTH; i++) {
        const char *id = json_string_value(json_array_get(buses, i));
        const json_t *bus = id ? g_hash_table_lookup(reply->buses, id) : NULL;
        if (bus) {
            g_ptr_array_add(item->children, make_bus(reply, bus, depth + 1));
        }
    }
    fold(item->children);
    return item;
}

static void add_device(Reply *reply, CmdTopology *bus, const json_t *device, unsigned depth)
{
    if (device && g_hash_table_add(reply->has_shown, (gpointer)text_of(device, "id"))) {
        g_ptr_array_add(bus->children, make_device(reply, device, depth));
    }
}

static bool says_yes(const json_t *set, const char *member)
{
    return strcmp(text_of(json_object_get(set, member), "answer"), "yes") == 0;
}

/* Places that no type can be put at are none to whoever looks for one. */
static void add_places(CmdTopology *bus, const json_t *set, CmdTopologyKind kind)
{
    const json_t *types = json_object_get(set, "device-types");
    if (kind == CMD_TOPOLOGY_FREE && types && json_array_size(types) == 0) {
        return;
    }
    const char *places = text_of(set, "places");
    CmdTopology *item = item_new(kind, *places ? places : "one place", "");
    uint64_t count = 0;
    if (kind == CMD_TOPOLOGY_RESERVED) {
        set_note(item, cmd_text_safe(text_of(set, "reason")));
    } else if (wire_json_get_uint(json_object_get(set, "count"), &count) && count != 1) {
        g_autofree char *number = cmd_text_number(count);
        set_note(item, g_strdup_printf("%s places", number));
    }
    item->hot_plug = kind == CMD_TOPOLOGY_FREE && says_yes(set, "hot-plug");
    bus->hot_plug = bus->hot_plug || item->hot_plug;
    g_ptr_array_add(bus->children, item);
}

static void add_set(Reply *reply, CmdTopology *bus, const json_t *set, unsigned depth)
{
    const char *state = text_of(set, "state");
    if (strcmp(state, "taken") == 0) {
        add_device(reply, bus, g_hash_table_lookup(reply->devices, text_of(set, "by")), depth);
    } else {
        add_places(bus, set,
                   strcmp(state, "free") == 0 ? CMD_TOPOLOGY_FREE : CMD_TOPOLOGY_RESERVED);
    }
}

static CmdTopology *make_bus(Reply *reply, const json_t *bus, unsigned depth)
{
    CmdTopology *item = item_new(CMD_TOPOLOGY_BUS, text_of(bus, "id"), text_of(bus, "type"));
    const GPtrArray *sets = g_hash_table_lookup(reply->slots, text_of(bus, "id"));
    const GPtrArray *devices = g_hash_table_lookup(reply->on_bus, text_of(bus, "id"));
    for (size_t i = 0; sets && i < sets->len; i++) {
        add_set(reply, item, g_ptr_array_index(sets, i), depth);
    }
    for (size_t i = 0; devices && i < devices->len; i++) { /* those without a place of their own */
        add_device(reply, item, g_ptr_array_index(devices, i), depth);
    }
    fold(item->children);
    return item;
}

CmdTopology *cmd_topology_new(const json_t *hardware, const json_t *slots)
{
    const json_t *devices = json_object_get(hardware, "devices");
    const json_t *buses = json_object_get(hardware, "buses");
    Reply reply = {index_by_id(devices), index_by_id(buses), group_by(devices, "bus"),
                   group_by(slots, "bus"), g_hash_table_new(g_str_hash, g_str_equal)};
    CmdTopology *machine =
        item_new(CMD_TOPOLOGY_MACHINE, text_of(hardware, "machine"), text_of(hardware, "arch"));
    for (size_t i = 0; i < json_array_size(buses); i++) {
        const json_t *bus = json_array_get(buses, i);
        if (!json_object_get(bus, "owner")) {
            g_ptr_array_add(machine->children, make_bus(&reply, bus, 0));
        }
    }
    g_hash_table_unref(reply.devices);
    g_hash_table_unref(reply.buses);
    g_hash_table_unref(reply.on_bus);
    g_hash_table_unref(reply.slots);
    g_hash_table_unref(reply.has_shown);
    return machine;
}
