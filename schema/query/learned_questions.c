/* learned_questions: what has to be asked of another emulator for the facts that learned.h
 * describes.
 */
#include "learned.h"

#include <string.h>

const CmdLearnedQuestion cmd_learned_questions[] = {
    {"arch", NULL, "query-target", {NULL}},
    {"qdm", NULL, "human-monitor-command", {"command-line", "info qdm"}},
    {"types", NULL, "qom-list-types", {"implements", "device", "abstract", "true"}},
    {"interfaces", "pci-express-device", "qom-list-types", {"implements", "pci-express-device"}},
    {"interfaces",
     "conventional-pci-device",
     "qom-list-types",
     {"implements", "conventional-pci-device"}},
    {NULL, NULL, NULL, {NULL}},
};

json_t *cmd_learned_arguments(const CmdLearnedQuestion *question)
{
    json_t *arguments = question->arguments[0] ? json_object() : NULL;
    for (size_t i = 0; i + 1 < G_N_ELEMENTS(question->arguments) && question->arguments[i];
         i += 2) {
        const char *text = question->arguments[i + 1];
        json_object_set_new(arguments, question->arguments[i],
                            strcmp(text, "true") == 0 ? json_true() : json_string(text));
    }
    return arguments;
}

/* "dev: TYPE," in each line that has a device. */
static void find_types_in_tree(const char *qtree, GHashTable *types)
{
    static const char mark[] = "dev: ";
    for (const char *at = qtree; at && (at = strstr(at, mark));) {
        at += strlen(mark);
        g_hash_table_add(types, g_strndup(at, strcspn(at, ",\r\n")));
    }
}

static void find_types_in_list(const json_t *devices, GHashTable *types)
{
    size_t i;
    json_t *device;
    json_array_foreach(devices, i, device)
    {
        const char *type = json_string_value(json_object_get(device, "type"));
        if (type) {
            g_hash_table_add(types, g_strdup(type));
        }
    }
}

GHashTable *cmd_learned_types(const json_t *facts, const json_t *arguments)
{
    GHashTable *types = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    const char *const *adds = mdl_placement_find("qemu")->adds;
    find_types_in_tree(json_string_value(json_object_get(facts, "qtree")), types);
    find_types_in_list(json_object_get(json_object_get(arguments, "target"), "devices"), types);
    find_types_in_list(json_object_get(arguments, "devices"), types);
    for (size_t i = 0; adds && adds[i]; i++) {
        g_hash_table_add(types, g_strdup(adds[i]));
    }
    return types;
}

GHashTable *cmd_learned_flags(void)
{
    const MdlPlacement *placement = mdl_placement_find("qemu");
    GHashTable *flags = g_hash_table_new(g_str_hash, g_str_equal);
    for (size_t i = 0; i < placement->n_provides; i++) {
        const char *const *const lists[] = {placement->provides[i].where,
                                            placement->provides[i].unless};
        for (size_t l = 0; l < G_N_ELEMENTS(lists); l++) {
            for (size_t n = 0; lists[l][n]; n++) {
                g_hash_table_add(flags, (gpointer)lists[l][n]);
            }
        }
    }
    return flags;
}
