/* What a real QEMU replied (qemu-7.2.json) is read leniently by our types: the commands that have
 * QEMU's names reply in QEMU's types, and what we added to them is not missed. */
#include "api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static int load_replies(void **state)
{
    char *text;
    size_t length;

    if (!g_file_get_contents(VITRINE_TESTS "/schema/api/qemu-7.2.json", &text, &length, NULL)) {
        return -1;
    }
    *state = wire_json_parse(text, length, &wire_limits_reply, NULL);
    g_free(text);
    return *state != NULL ? 0 : -1;
}

static int free_replies(void **state)
{
    json_decref(*state);
    return 0;
}

static void *read_one(const char *command, const ApiTypeInfo *type, const json_t *json)
{
    g_autoptr(GError) error = NULL;
    void *value = api_struct_read(type, json, WIRE_LENIENT, &error);

    if (value == NULL) {
        fail_msg("%s: %s", command, error->message);
    }
    return value;
}

/* Every reply that was recorded, element by element. */
static void test_every_reply(void **state)
{
    json_t *replies = json_object_get(*state, "replies");
    const char *name;
    json_t *reply;

    assert_true(json_object_size(replies) >= 7);
    json_object_foreach(replies, name, reply)
    {
        const ApiCommandInfo *command = api_command_find(name);

        assert_non_null(command);
        assert_int_equal(command->returns_shape == API_SHAPE_LIST, json_is_array(reply));
        if (command->returns_shape == API_SHAPE_ONE) {
            api_struct_free(command->returns, read_one(name, command->returns, reply));
        }
        for (size_t i = 0; i < json_array_size(reply); i++) {
            const json_t *element = json_array_get(reply, i);

            api_struct_free(command->returns, read_one(name, command->returns, element));
        }
    }
}

static void test_a_machine(void **state)
{
    const json_t *machines = json_object_get(json_object_get(*state, "replies"), "query-machines");
    const json_t *json = json_array_get(machines, 0);
    g_autoptr(ApiMachineInfo) machine = read_one("query-machines", &api_type_machine_info, json);
    g_autoptr(GError) error = NULL;

    assert_string_equal(machine->name, "isapc");
    assert_int_equal(machine->cpu_max, 1);
    assert_true(machine->hotpluggable_cpus);
    assert_false(machine->has_is_default);
    assert_string_equal(machine->default_cpu_type, "486-x86_64-cpu");
    assert_null(machine->arch);
    assert_null(machine->accelerators);
    assert_null(api_machine_info_read(json, WIRE_STRICT, &error));
    assert_string_equal(wire_error_reason(error), "MissingMember");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_reply),
        cmocka_unit_test(test_a_machine),
    };

    return cmocka_run_group_tests(tests, load_replies, free_replies);
}
