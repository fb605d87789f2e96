/* ask_qemu: what to ask a QEMU about itself.
 *
 * Launched with -machine none, so that what is said depends on the binary, and at the end a few
 * questions about what the binary can do on this host. It must not know how a question is put, nor
 * what becomes of the answers. */
#include "learned.h"
#include "plan.h"

static void add_types(PrbPlan *plan, const char *implements)
{
    prb_plan_add(plan, "qom-list-types",
                 json_pack("{s:s, s:b}", "implements", implements, "abstract", 0));
}

void prb_plan_begin_qemu(PrbPlan *plan)
{
    prb_plan_add(plan, "query-version", NULL);
    prb_plan_add(plan, "query-target", NULL);
    prb_plan_add(plan, "query-machines", NULL);
    prb_plan_add(plan, "query-machines", json_pack("{s:b}", "compat-props", 1)); /* since 9.1 */
    add_types(plan, "device");
    add_types(plan, "accel");
    add_types(plan, "bus");
    prb_plan_add(plan, "query-cpu-definitions", NULL);
    prb_plan_add(plan, "query-qmp-schema", NULL);
    prb_plan_add(plan, "query-commands", NULL);
    prb_plan_add(plan, "query-command-line-options", NULL);
    prb_plan_add(plan, "query-tpm-models", NULL);
    prb_plan_add(plan, "query-tpm-types", NULL);
    add_types(plan, "machine");
    add_types(plan, "user-creatable");
    for (const CmdLearnedQuestion *row = cmd_learned_questions; row->member; row++) {
        prb_plan_add(plan, row->command, cmd_learned_arguments(row));
    }
    prb_plan_add(plan, "query-kvm", NULL);
    prb_plan_add(plan, "query-gic-capabilities", NULL);
    prb_plan_add(plan, "query-sev", NULL);
    prb_plan_add(plan, "query-sev-capabilities", NULL);
    prb_plan_add(plan, "query-sgx-capabilities", NULL);
}

/* What is asked of each type: of devices what -device takes, of the rest all that QOM lists. */
static void grow_types(PrbPlan *plan, const PrbFact *fact)
{
    const char *implements = json_string_value(json_object_get(fact->arguments, "implements"));
    static const struct {
        const char *implements;
        const char *command;
    } rows[] = {
        {"device", "device-list-properties"},
        {"machine", "qom-list-properties"},
        {"user-creatable", "qom-list-properties"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (g_strcmp0(implements, rows[i].implements) == 0) {
            prb_plan_add_each(plan, rows[i].command, "typename", fact->value, "name");
        }
    }
}

static void add_expansion(PrbPlan *plan, const char *type, const char *model)
{
    prb_plan_add(plan, "query-cpu-model-expansion",
                 json_pack("{s:s, s:{s:s}}", "type", type, "model", "name", model));
}

static void grow_models(PrbPlan *plan, const PrbFact *fact)
{
    json_t *row;
    size_t i;

    json_array_foreach(fact->value, i, row)
    {
        const char *name = json_string_value(json_object_get(row, "name"));
        if (name) {
            add_expansion(plan, "static", name);
        }
    }
}

/* Arm knows only the full expansion, and says so by refusing the other. */
static void grow_expansion(PrbPlan *plan, const PrbFact *fact)
{
    const char *type = json_string_value(json_object_get(fact->arguments, "type"));
    json_t *model = json_object_get(fact->arguments, "model");

    if (fact->error && g_error_matches(fact->error, PRB_ERROR, PRB_ERROR_REFUSED) &&
        g_strcmp0(type, "static") == 0 && strstr(fact->error->message, "not supported")) {
        add_expansion(plan, "full", json_string_value(json_object_get(model, "name")));
    }
}

void prb_plan_grow_qemu(PrbPlan *plan, const PrbFact *fact)
{
    static const struct {
        const char *command;
        void (*grow)(PrbPlan *plan, const PrbFact *fact);
    } rows[] = {
        {"qom-list-types", grow_types},
        {"query-cpu-definitions", grow_models},
        {"query-cpu-model-expansion", grow_expansion},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        if (g_str_equal(fact->command, rows[i].command)) {
            rows[i].grow(plan, fact);
        }
    }
}
