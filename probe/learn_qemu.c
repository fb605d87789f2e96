/* learn_qemu: what a QEMU's machine is made of, by questions that every release since 2.12 answers.
 *
 * The tree of buses and devices is the text of `info qtree`: QOM has the same things, yet not which
 * of two buses is looked at first. Which buses take devices at run time only QOM tells. What it
 * says is not judged here (schema/query/learned.c). */
#include "learned.h"
#include "probe.h"

#include <string.h>

#define MAX_OBJECTS 20000 /* of one machine */

typedef struct Walk {
    PrbConversation *conversation;
    GPtrArray *paths;           /* char *: objects, those still to be looked at last */
    GHashTable *buses;          /* char *: names of those that take devices */
    GHashTable *wanted, *flags; /* const char *: properties that matter, and those that are on */
} Walk;

/* qom-get, or without a property qom-list. */
static json_t *ask_path(PrbConversation *conversation, const char *path, const char *property,
                        GError **error)
{
    json_t *arguments = json_pack("{s:s, s:s*}", "path", path, "property", property);
    json_t *value = NULL;
    prb_ask(conversation, property ? "qom-get" : "qom-list", arguments, &value, NULL, error);
    json_decref(arguments);
    return value;
}

static void add_child(Walk *walk, const char *path, const json_t *member)
{
    const char *name = json_string_value(json_object_get(member, "name"));
    const char *type = json_string_value(json_object_get(member, "type"));
    if (name && type && g_str_has_prefix(type, "child<") && walk->paths->len < MAX_OBJECTS) {
        g_ptr_array_add(walk->paths, g_strconcat(path, "/", name, NULL));
    }
}

static bool has_member(const json_t *members, const char *wanted)
{
    size_t i;
    json_t *member;
    json_array_foreach(members, i, member)
    {
        if (g_strcmp0(json_string_value(json_object_get(member, "name")), wanted) == 0) {
            return true;
        }
    }
    return false;
}

/* A bus and a device both have a link hotplug-handler; that of a bus is set if it takes devices. */
static bool look_at_handler(Walk *walk, const char *path, GError **error)
{
    json_t *value = ask_path(walk->conversation, path, "hotplug-handler", error);
    const char *handler = json_string_value(value);
    bool ok = value != NULL;
    if (handler && *handler) {
        g_hash_table_add(walk->buses, g_strdup(strrchr(path, '/') + 1));
    }
    json_decref(value);
    return ok;
}

static bool look_at_flag(Walk *walk, const char *path, const json_t *member, GError **error)
{
    const char *name = json_string_value(json_object_get(member, "name"));
    gpointer wanted;
    if (!name || !g_hash_table_lookup_extended(walk->wanted, name, &wanted, NULL)) {
        return true;
    }
    json_t *value = ask_path(walk->conversation, path, name, error);
    bool ok = value != NULL;
    if (json_is_true(value)) {
        g_hash_table_add(walk->flags, wanted);
    }
    json_decref(value);
    return ok;
}

static bool look_at(Walk *walk, const char *path, GError **error)
{
    json_t *members = ask_path(walk->conversation, path, NULL, error);
    bool ok = members != NULL;
    bool is_bus = has_member(members, "hotplug-handler") && has_member(members, "realized");
    size_t i;
    json_t *member;
    json_array_foreach(members, i, member)
    {
        add_child(walk, path, member);
        ok = ok && look_at_flag(walk, path, member, error);
    }
    if (ok && is_bus && walk->paths->len > 1) {
        ok = look_at_handler(walk, path, error);
    }
    json_decref(members);
    return ok;
}

/* Of an object that went meanwhile nothing is lost. */
static bool is_bearable(const GError *problem)
{
    return problem->code == PRB_ERROR_REFUSED;
}

static json_t *sorted_names(GHashTable *set)
{
    g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(set), (GCompareFunc)strcmp);
    json_t *list = json_array();
    for (GList *at = names; at; at = at->next) {
        json_array_append_new(list, json_string(at->data));
    }
    return list;
}

/* Adds what only a walk through the objects tells. */
static bool walk_objects(PrbConversation *conversation, json_t *learned, GError **error)
{
    g_autoptr(GPtrArray) paths = g_ptr_array_new_with_free_func(g_free);
    g_autoptr(GHashTable) buses = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    g_autoptr(GHashTable) wanted = cmd_learned_flags();
    g_autoptr(GHashTable) flags = g_hash_table_new(g_str_hash, g_str_equal);
    Walk walk = {conversation, paths, buses, wanted, flags};

    g_ptr_array_add(paths, g_strdup("/machine"));
    for (size_t i = 0; i < paths->len; i++) {
        g_autoptr(GError) problem = NULL;
        if (!look_at(&walk, g_ptr_array_index(paths, i), &problem) && !is_bearable(problem)) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return false;
        }
    }
    json_object_set_new(learned, "hotplug-buses", sorted_names(buses));
    json_object_set_new(learned, "flags", sorted_names(flags));
    return true;
}

/* Asks, and takes a refusal for null. */
static json_t *ask_or_null(PrbConversation *conversation, const char *command, GError **error)
{
    g_autoptr(GError) problem = NULL;
    json_t *value = NULL;
    if (prb_ask(conversation, command, NULL, &value, NULL, &problem)) {
        return value;
    }
    if (is_bearable(problem)) {
        return json_null();
    }
    g_propagate_error(error, g_steal_pointer(&problem));
    return NULL;
}

static json_t *ask_monitor(PrbConversation *conversation, const char *line, GError **error)
{
    json_t *arguments = json_pack("{s:s}", "command-line", line);
    json_t *text = NULL;
    prb_ask(conversation, "human-monitor-command", arguments, &text, NULL, error);
    json_decref(arguments);
    return text;
}

static json_t *learn_machine(PrbConversation *conversation, GError **error)
{
    json_t *learned = json_object();
    json_t *tree = ask_monitor(conversation, "info qtree", error);
    json_t *cpus = tree && walk_objects(conversation, learned, error)
                       ? ask_or_null(conversation, "query-hotpluggable-cpus", error)
                       : NULL;
    bool ok = tree && cpus;
    if (ok) {
        json_object_set(learned, "qtree", tree);
        json_object_set(learned, "cpus", cpus);
    } else {
        g_clear_pointer(&learned, json_decref);
    }
    json_decref(tree);
    json_decref(cpus);
    return learned;
}

/* ---- values that a machine gives ------------------------------------------------------------- */

/* Adds the sample's values to the rows of device-list-properties. False: the conversation is over.
 */
static bool add_values(PrbConversation *conversation, json_t *rows, GError **error)
{
    static const char sample[] = "/machine/peripheral/" PRB_SAMPLE;
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        g_autoptr(GError) problem = NULL;
        const char *name = json_string_value(json_object_get(row, "name"));
        if (!name || !json_object_get(row, "default-value")) {
            continue;
        }
        json_t *value = ask_path(conversation, sample, name, &problem);
        if (problem && !is_bearable(problem)) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return false;
        }
        if (value) {
            json_object_set_new(row, "machine-value", value);
        }
    }
    return true;
}

static bool has_sample(PrbConversation *conversation)
{
    json_t *peripherals = ask_path(conversation, "/machine/peripheral", NULL, NULL);
    bool has = has_member(peripherals, PRB_SAMPLE);
    json_decref(peripherals);
    return has;
}

static bool list_properties(PrbConversation *conversation, json_t *arguments, json_t **ret_value,
                            GError **error)
{
    json_t *rows = NULL;
    bool ok = prb_ask(conversation, "device-list-properties", arguments, &rows, NULL, error) &&
              (!has_sample(conversation) || add_values(conversation, rows, error));
    if (ok) {
        *ret_value = rows;
    } else {
        json_decref(rows);
    }
    return ok;
}

/* ---- all of them ----------------------------------------------------------------------------- */

bool prb_ask_any(PrbConversation *conversation, const char *command, json_t *arguments,
                 json_t **ret_value, json_t **ret_depends_on, GError **error)
{
    bool learns = strcmp(command, PRB_LEARN_MACHINE) == 0;
    bool lists = strcmp(command, "device-list-properties") == 0;
    if (prb_conversation_kind(conversation) != PRB_QEMU || (!learns && !lists)) {
        return prb_ask(conversation, command, arguments, ret_value, ret_depends_on, error);
    }
    if (ret_depends_on) {
        *ret_depends_on = NULL;
    }
    if (lists) {
        return list_properties(conversation, arguments, ret_value, error);
    }
    *ret_value = learn_machine(conversation, error);
    return *ret_value != NULL;
}
