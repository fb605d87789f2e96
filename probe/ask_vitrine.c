/* ask_vitrine: what to ask another vitrine about itself.
 *
 * Only what needs no target, and for each machine its options: everything else is asked when
 * somebody wants it, and says what it depended on. It must not know how a question is put. */
#include "plan.h"

void prb_plan_begin_vitrine(PrbPlan *plan)
{
    static const char *const commands[] = {
        "query-version", "query-build",        "query-machines",      "query-accelerators",
        "query-schema",  "query-device-types", "query-address-rules",
    };
    for (size_t i = 0; i < G_N_ELEMENTS(commands); i++) {
        prb_plan_add(plan, commands[i], NULL);
    }
}

void prb_plan_grow_vitrine(PrbPlan *plan, const PrbFact *fact)
{
    json_t *row;
    size_t i;

    if (g_str_equal(fact->command, "query-device-types")) {
        prb_plan_add_each(plan, "device-list-properties", "typename", fact->value, "name");
    } else if (g_str_equal(fact->command, "query-machines")) {
        json_array_foreach(fact->value, i, row)
        {
            json_t *name = json_object_get(row, "name");
            if (json_is_string(name)) {
                prb_plan_add(plan, "query-machine-options",
                             json_pack("{s:{s:O}}", "target", "machine", name));
            }
        }
    }
}
