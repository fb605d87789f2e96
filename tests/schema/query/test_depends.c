/* What an answer says it depends on, held against the answers themselves: over all combinations of
 * machine, options, nodefaults, CPUs and memory, targets whose read inputs are equal have equal
 * answers, and each input that was read does make a difference somewhere. */
#include "ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

/* ---- all targets ----------------------------------------------------------------------------- */

/* A value that is not the default. */
static char *other_value(const MdlProperty *property)
{
    switch (property->kind) {
    case MDL_BOOL:
        return g_strdup(property->default_value.number ? "off" : "on");
    case MDL_ENUM: { /* the last word, or the one before it */
        size_t last = g_strv_length((char **)property->values) - 1;
        bool is_default = strcmp(property->values[last], property->default_value.text) == 0;
        return g_strdup(property->values[last - is_default]);
    }
    case MDL_UINT:
    case MDL_SIZE:
        return g_strdup_printf("%" G_GUINT64_FORMAT,
                               property->minimum == property->default_value.number
                                   ? property->maximum
                                   : property->minimum);
    case MDL_STR:
        return g_strdup("other");
    }
    g_assert_not_reached();
}

/* Each of the targets so far, as it is and with a member more. */
static void vary(GPtrArray *targets, const char *member, json_t *value)
{
    size_t n = targets->len;
    for (size_t i = 0; i < n; i++) {
        json_t *changed = json_deep_copy(g_ptr_array_index(targets, i));
        if (strchr(member, '.')) {
            json_t *options = json_object_get(changed, "options");
            if (!options) {
                options = json_object();
                json_object_set_new(changed, "options", options);
            }
            json_object_set(options, strchr(member, '.') + 1, value);
        } else {
            json_object_set(changed, member, value);
        }
        g_ptr_array_add(targets, changed);
    }
    json_decref(value);
}

static GPtrArray *all_targets(const MdlCatalog *catalog)
{
    GPtrArray *all = g_ptr_array_new_with_free_func((GDestroyNotify)json_decref);
    const char *const *names = mdl_catalog_names(catalog);
    for (size_t m = 0; names[m]; m++) {
        GPtrArray *targets = g_ptr_array_new();
        g_ptr_array_add(targets, json_pack("{s:s}", "machine", names[m]));
        const MdlMachine *machine = mdl_catalog_find(catalog, names[m]);
        for (size_t i = 0; i < mdl_machine_n_options(machine); i++) {
            const MdlProperty *property = mdl_machine_option_at(machine, i).property;
            g_autofree char *member = g_strconcat("options.", property->name, NULL);
            g_autofree char *value = other_value(property);
            vary(targets, member, json_string(value));
        }
        vary(targets, "nodefaults", json_true());
        vary(targets, "memory", json_string("1G"));
        vary(targets, "smp", json_pack("{s:i, s:i}", "cpus", 2, "maxcpus", 4));
        vary(targets, "cpu", json_string("rv64,mmu=sv39"));
        g_ptr_array_extend_and_steal(all, targets);
    }
    return all;
}

/* ---- answers --------------------------------------------------------------------------------- */

typedef struct Answer {
    char *text;           /* of a target that is refused: "refused" */
    json_t *inputs;       /* the value of each input that was read, by name; NULL: refused */
    const json_t *target; /* borrowed */
} Answer;

static void answer_free(gpointer data)
{
    Answer *answer = data;
    g_free(answer->text);
    json_decref(answer->inputs);
    g_free(answer);
}

static json_t *read_inputs(const json_t *depends_on)
{
    json_t *inputs = json_object();
    for (size_t i = 0; i < json_array_size(depends_on); i++) {
        const json_t *input = json_array_get(depends_on, i);
        if (json_is_true(json_object_get(input, "read"))) {
            json_object_set(inputs, ask_text(input, "name"), json_object_get(input, "value"));
        }
    }
    return inputs;
}

static Answer *answer_of(Asker *asker, const char *command, json_t *target)
{
    json_t *arguments = json_pack("{s:O}", "target", target);
    if (strcmp(command, "device-list-properties") == 0) {
        json_object_set_new(arguments, "typename", json_string("rv64"));
    }
    WireReply reply = {0};
    Answer *answer = g_new0(Answer, 1);
    answer->target = target;
    if (cmd_execute(asker->context, command, arguments, &reply, NULL)) {
        answer->text = wire_json_print(reply.value, WIRE_JSON_CANONICAL);
        answer->inputs = read_inputs(reply.depends_on);
    } else {
        answer->text = g_strdup("refused"); /* as an option is that nodefaults leaves out */
    }
    json_decref(arguments);
    json_decref(reply.value);
    json_decref(reply.depends_on);
    return answer;
}

static GPtrArray *all_answers(Asker *asker, const char *command, const GPtrArray *targets)
{
    GPtrArray *answers = g_ptr_array_new_with_free_func(answer_free);
    for (size_t i = 0; i < targets->len; i++) {
        g_ptr_array_add(answers, answer_of(asker, command, g_ptr_array_index(targets, i)));
    }
    return answers;
}

/* ---- what must hold -------------------------------------------------------------------------- */

/* Remembers the text under the key, which it takes. False: another text was there. */
static bool agrees(GHashTable *texts, char *key, char *text)
{
    const char *known = g_hash_table_lookup(texts, key);
    bool same = !known || strcmp(known, text) == 0;
    g_hash_table_replace(texts, key, text);
    return same;
}

static void hold_sound(const char *command, const GPtrArray *answers)
{
    g_autoptr(GHashTable) texts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (size_t i = 0; i < answers->len; i++) {
        const Answer *answer = g_ptr_array_index(answers, i);
        char *key = answer->inputs ? wire_json_print(answer->inputs, WIRE_JSON_CANONICAL) : NULL;
        if (key && !agrees(texts, key, answer->text)) {
            fail_msg("%s: targets with equal inputs have different answers: %s", command, key);
        }
    }
}

/* The target without one of its inputs. */
static char *print_without(const json_t *target, const char *input)
{
    json_t *rest = json_deep_copy(target);
    if (g_str_has_prefix(input, "options.")) {
        json_t *options = json_object_get(rest, "options");
        json_object_del(options, input + strlen("options."));
        if (json_object_size(options) == 0) {
            json_object_del(rest, "options");
        }
    } else {
        json_object_del(rest, input);
    }
    char *text = wire_json_print(rest, WIRE_JSON_CANONICAL);
    json_decref(rest);
    return text;
}

/* Whether two targets that differ in that input alone have different answers. */
static bool matters(const GPtrArray *answers, const char *input)
{
    g_autoptr(GHashTable) texts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (size_t i = 0; i < answers->len; i++) {
        const Answer *answer = g_ptr_array_index(answers, i);
        if (!agrees(texts, print_without(answer->target, input), answer->text)) {
            return true;
        }
    }
    return false;
}

/* What may be read though it makes no difference here. */
static bool may_be_idle(const char *command, const char *input)
{
    static const char *const idle[] = {
        "* machine",                  /* every word of a target is held against it */
        "* devices",                  /* no target here adds any */
        "* accel",                    /* there may be one alone */
        "plan-devices *",             /* no target here adds devices whose places are asked for */
        "check-target *",             /* one target is as right as the other */
        "query-address-rules memory", /* the whole tree is built, and could have findings */
        "query-address-rules cpu",
        "query-device-slots cpu",
        "query-cpu-slots cpu", /* the CPU's properties, which come with its type */
        NULL,
    };
    g_autofree char *both = g_strdup_printf("%s %s", command, input);
    for (size_t i = 0; idle[i]; i++) {
        if (g_pattern_match_simple(idle[i], both)) {
            return true;
        }
    }
    return false;
}

static void hold_minimal(const char *command, const GPtrArray *answers)
{
    g_autoptr(GHashTable) seen = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    for (size_t i = 0; i < answers->len; i++) {
        const Answer *answer = g_ptr_array_index(answers, i);
        const char *name;
        json_t *value;
        json_object_foreach(answer->inputs, name, value)
        {
            if (g_hash_table_add(seen, g_strdup(name)) && !may_be_idle(command, name) &&
                !matters(answers, name)) {
                fail_msg("%s reads %s, and its answer is the same whatever it is", command, name);
            }
        }
    }
}

static void test_depends_on(void **state)
{
    Asker *asker = *state;
    g_autoptr(GPtrArray) targets = all_targets(asker->catalog);
    assert_true(targets->len > 100);
    for (const CmdCommand *command = cmd_model_commands; command->name; command++) {
        if (strcmp(command->name, "query-host") == 0) {
            continue; /* the memory that is free changes under the test */
        }
        g_autoptr(GPtrArray) answers = all_answers(asker, command->name, targets);
        hold_sound(command->name, answers);
        hold_minimal(command->name, answers);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_depends_on, asker_open, asker_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
