/* launch: the members of a target as QEMU's options: -machine, -cpu, -smp, -m, -nodefaults. */
#include "launch.h"

#include "wire.h"

/* QEMU separates by commas, and reads two of them as one that separates nothing. */
static char *escape(const char *word)
{
    g_auto(GStrv) parts = g_strsplit(word, ",", -1);
    return g_strjoinv(",,", parts);
}

/* A value as on a command line. Free with g_free. */
static char *print_value(json_t *value)
{
    if (wire_json_is_string(value)) {
        return escape(json_string_value(value));
    }
    return json_is_boolean(value) ? g_strdup(json_is_true(value) ? "on" : "off")
                                  : wire_json_print(value, WIRE_JSON_COMPACT);
}

/* ",NAME=VALUE" for each member. */
static void append_members(GString *text, json_t *object)
{
    const char *name;
    json_t *value;

    json_object_foreach(object, name, value)
    {
        g_autofree char *key = escape(name);
        g_autofree char *word = print_value(value);
        g_string_append_printf(text, "%s%s=%s", text->len ? "," : "", key, word);
    }
}

static char *print_machine(json_t *target)
{
    const char *machine = json_string_value(json_object_get(target, "machine"));
    const char *accel = json_string_value(json_object_get(target, "accel"));

    if (!machine && !accel) {
        return NULL;
    }
    g_autofree char *name = escape(machine ? machine : "none");
    GString *text = g_string_new(name);
    if (accel) {
        g_autofree char *word = escape(accel);
        g_string_append_printf(text, ",accel=%s", word);
    }
    append_members(text, json_object_get(target, "options"));
    return g_string_free(text, FALSE);
}

CapsLaunch caps_launch_new(json_t *target, const char *sample)
{
    GPtrArray *more = g_ptr_array_new();
    const char *cpu = json_string_value(json_object_get(target, "cpu"));
    json_t *memory = json_object_get(target, "memory");
    json_t *smp = json_object_get(target, "smp");

    if (cpu) {
        g_ptr_array_add(more, g_strdup("-cpu"));
        g_ptr_array_add(more, g_strdup(cpu));
    }
    if (json_object_size(smp)) {
        GString *text = g_string_new(NULL);
        append_members(text, smp);
        g_ptr_array_add(more, g_strdup("-smp"));
        g_ptr_array_add(more, g_string_free(text, FALSE));
    }
    if (memory) {
        g_autofree char *word = print_value(memory);
        g_ptr_array_add(more, g_strdup("-m"));
        g_ptr_array_add(more, json_is_integer(memory) ? g_strconcat(word, "B", NULL)
                                                      : g_steal_pointer(&word));
    }
    if (json_is_true(json_object_get(target, "nodefaults"))) {
        g_ptr_array_add(more, g_strdup("-nodefaults"));
    }
    if (sample) {
        g_autofree char *type = escape(sample);
        g_ptr_array_add(more, g_strdup("-device"));
        g_ptr_array_add(more, g_strdup_printf("driver=%s,id=%s", type, PRB_SAMPLE));
    }
    g_ptr_array_add(more, NULL);
    return (CapsLaunch){print_machine(target), (char **)g_ptr_array_free(more, FALSE)};
}

void caps_launch_done(CapsLaunch *launch)
{
    g_clear_pointer(&launch->machine, g_free);
    g_clear_pointer(&launch->more, g_strfreev);
}

static PrbConversation *start(const char *file, json_t *target, const char *sample,
                              const PrbLimits *limits, GError **error)
{
    g_auto(CapsLaunch) launch = caps_launch_new(target, sample);
    return prb_conversation_open(file, launch.machine, (const char *const *)launch.more, limits,
                                 error);
}

const char *caps_launch_sample(const CapsQuestion *question)
{
    bool lists = json_object_get(question->target, "machine") &&
                 g_str_equal(question->command, "device-list-properties");
    return lists ? json_string_value(json_object_get(question->arguments, "typename")) : NULL;
}

PrbConversation *caps_launch(const char *file, const CapsQuestion *question,
                             const PrbLimits *limits, GError **error)
{
    const char *sample = caps_launch_sample(question);
    PrbConversation *conversation =
        sample ? start(file, question->target, sample, limits, NULL) : NULL;
    return conversation ? conversation : start(file, question->target, NULL, limits, error);
}
