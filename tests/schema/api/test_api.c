/* The structs of the interface: what is read is what was written, everything wrong is named. */
#include "api.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

static json_t *parse(const char *text)
{
    GError *error = NULL;
    json_t *json = wire_json_parse(text, strlen(text), &wire_limits_request, &error);

    if (json == NULL) {
        fail_msg("%s: %s", text, error->message);
    }
    return json;
}

/* Strictly reads text as type, and expects to write the very same members in the same order. */
static void expect_round_trip(const ApiTypeInfo *type, const char *text)
{
    json_t *json = parse(text);
    GError *error = NULL;
    void *value = api_struct_read(type, json, WIRE_STRICT, &error);

    if (value == NULL) {
        fail_msg("%s: %s", text, error->message);
    }
    json_t *again = api_struct_write(type, value);
    g_autofree char *expected = wire_json_print(json, WIRE_JSON_COMPACT);
    g_autofree char *printed = wire_json_print(again, WIRE_JSON_COMPACT);

    assert_string_equal(printed, expected);
    json_decref(again);
    json_decref(json);
    api_struct_free(type, value);
}

static void test_round_trips(void **state)
{
    (void)state;
    expect_round_trip(&api_type_target, "{}");
    expect_round_trip(&api_type_target,
                      "{\"machine\":\"virt\",\"options\":{\"a\":true,\"b\":[null],\"c\":\"on\"},"
                      "\"smp\":{\"cpus\":4},\"memory\":18446744073709551615,\"nodefaults\":false}");
    expect_round_trip(&api_type_hardware_region,
                      "{\"name\":\"r\",\"kind\":\"mmio\",\"base\":\"0x0\","
                      "\"size\":\"0xffffffffffffffff\"}");
    expect_round_trip(&api_type_version_triple,
                      "{\"major\":-9223372036854775808,\"minor\":9223372036854775807,\"micro\":0}");
    expect_round_trip(&api_type_memory_slot,
                      "{\"index\":0,\"doc\":\"\",\"base\":\"0x80000000\","
                      "\"size\":18446744073709551615,\"alignment\":4096,\"state\":\"taken\","
                      "\"hot-plug\":{\"answer\":\"no\",\"reason\":\"NotHotpluggable\"},"
                      "\"by\":\"ram\"}");
    expect_round_trip(&api_type_schema_member, "{\"name\":\"x\",\"default\":null}");
}

static void test_c_values(void **state)
{
    (void)state;
    json_t *json = parse("{\"memory\":\"1G\",\"nodefaults\":true,\"smp\":{\"cores\":0}}");
    g_autoptr(ApiTarget) target = api_target_read(json, WIRE_STRICT, NULL);

    json_decref(json);
    assert_non_null(target);
    assert_null(target->machine);
    assert_null(target->options);
    assert_true(target->has_nodefaults && target->nodefaults);
    assert_true(target->smp->has_cores);
    assert_int_equal(target->smp->cores, 0);
    assert_false(target->smp->has_cpus);
    assert_string_equal(json_string_value(target->memory), "1G");

    ApiAnswer answer = API_ANSWER_YES;
    assert_true(api_answer_parse("unknown", &answer));
    assert_int_equal(answer, API_ANSWER_UNKNOWN);
    assert_false(api_answer_parse("maybe", &answer));
    assert_string_equal(api_answer_name(API_ANSWER_NO), "no");
}

/* A reply of a newer emulator says more than we know; a client may not. */
static void test_strict_and_lenient(void **state)
{
    (void)state;
    json_t *json = parse("{\"name\":\"quit\",\"phase\":\"session\",\"colour\":3}");
    g_autoptr(ApiCommandEntry) lenient = api_command_entry_read(json, WIRE_LENIENT, NULL);
    g_autoptr(GError) error = NULL;

    assert_non_null(lenient);
    assert_int_equal(lenient->phase, API_PHASE_SESSION);
    assert_null(api_command_entry_read(json, WIRE_STRICT, &error));
    assert_string_equal(wire_error_reason(error), "UnknownMember");
    json_decref(json);
}

/* Each problem of a reader, alone: text, reason, path. The reasons are those that the schema
 * declares for every command, all of them. */
static void test_problems(void **state)
{
    (void)state;
    static const struct {
        const ApiTypeInfo *type;
        const char *text, *reason, *path;
    } cases[] = {
        {&api_type_target, "[]", "WrongType", NULL},
        {&api_type_target, "null", "WrongType", NULL},
        {&api_type_target, "{\"machine\":1}", "WrongType", "machine"},
        {&api_type_target, "{\"machine\":null}", "WrongType", "machine"},
        {&api_type_target, "{\"nodefaults\":\"on\"}", "WrongType", "nodefaults"},
        {&api_type_target, "{\"nodefaults\":18446744073709551615}", "WrongType", "nodefaults"},
        {&api_type_target, "{\"machine\":18446744073709551615}", "WrongType", "machine"},
        {&api_type_target, "{\"options\":[]}", "WrongType", "options"},
        {&api_type_target, "{\"smp\":4}", "WrongType", "smp"},
        {&api_type_target, "{\"smp\":{\"cpus\":-1}}", "OutOfRange", "smp.cpus"},
        {&api_type_target, "{\"smp\":{\"cpus\":1.5}}", "WrongType", "smp.cpus"},
        {&api_type_target, "{\"smp\":{\"cpus\":\"4\"}}", "WrongType", "smp.cpus"},
        {&api_type_target, "{\"smp\":{\"cpu\":4}}", "UnknownMember", "smp"},
        {&api_type_version_triple, "{\"major\":9223372036854775808,\"minor\":0,\"micro\":0}",
         "OutOfRange", "major"},
        {&api_type_version_triple, "{\"major\":0,\"micro\":0}", "MissingMember", "minor"},
        {&api_type_register_value, "{\"value\":16}", "WrongType", "value"},
        {&api_type_register_value, "{\"value\":\"\"}", "WrongForm", "value"},
        {&api_type_register_value, "{\"value\":\"0x\"}", "WrongForm", "value"},
        {&api_type_register_value, "{\"value\":\"16\"}", "WrongForm", "value"},
        {&api_type_register_value, "{\"value\":\"0x1 \"}", "WrongForm", "value"},
        {&api_type_register_value, "{\"value\":\"0x-1\"}", "WrongForm", "value"},
        {&api_type_register_value, "{\"value\":\"0x10000000000000000\"}", "WrongForm", "value"},
        {&api_type_verdict, "{\"answer\":\"perhaps\"}", "UnknownValue", "answer"},
        {&api_type_verdict, "{\"answer\":true}", "WrongType", "answer"},
        {&api_type_check_result, "{\"ok\":true,\"findings\":{}}", "WrongType", "findings"},
        {&api_type_check_result, "{\"ok\":true,\"findings\":[0]}", "WrongType", "findings[0]"},
        {&api_type_build_info, "{\"features\":[\"a\",2]}", "MissingMember", "version"},
    };

    g_autoptr(GHashTable) reasons = g_hash_table_new(g_str_hash, g_str_equal);

    for (size_t i = 0; i < G_N_ELEMENTS(cases); i++) {
        json_t *json = parse(cases[i].text);
        g_autoptr(GError) error = NULL;
        void *value = api_struct_read(cases[i].type, json, WIRE_STRICT, &error);

        if (value != NULL) {
            fail_msg("%s was accepted", cases[i].text);
        }
        assert_string_equal(wire_error_reason(error), cases[i].reason);
        if (cases[i].path == NULL) {
            assert_null(wire_error_path(error));
        } else {
            assert_string_equal(wire_error_path(error), cases[i].path);
        }
        g_hash_table_add(reasons, (char *)cases[i].reason);
        json_decref(json);
    }
    json_t *schema = json_loads(api_schema_json(), 0, NULL);
    const json_t *declared = json_object_get(schema, "errors");

    assert_int_equal(json_array_size(declared), g_hash_table_size(reasons));
    for (size_t i = 0; i < json_array_size(declared); i++) {
        const json_t *reason = json_object_get(json_array_get(declared, i), "reason");

        assert_true(g_hash_table_contains(reasons, json_string_value(reason)));
    }
    json_decref(schema);
}

/* Everything wrong is reported, and a finding is of the type that the schema says. */
static void test_all_problems(void **state)
{
    (void)state;
    json_t *json = parse("{\"ok\":1,\"findings\":[{\"class\":2,\"place\":\"p\",\"rule\":\"r\"}]}");
    g_autoptr(GError) error = NULL;

    assert_null(api_check_result_read(json, WIRE_STRICT, &error));
    json_t *findings = wire_error_findings(error);

    assert_int_equal(json_array_size(findings), 3);
    static const char *const places[] = {"ok", "findings[0].class", "findings[0].message"};
    for (size_t i = 0; i < G_N_ELEMENTS(places); i++) {
        g_autoptr(ApiFinding) finding =
            api_finding_read(json_array_get(findings, i), WIRE_STRICT, NULL);

        assert_non_null(finding);
        assert_string_equal(finding->place, places[i]);
    }
    json_decref(json);
}

/* A client's text is repeated in a message only in part, and as UTF-8 even when cut. */
static void test_long_names(void **state)
{
    (void)state;
    g_autofree char *name = g_strnfill(100000, 'x');
    memcpy(name + 58, "\303\251\303\251", 4);
    json_t *json = json_object();
    json_object_set_new(json, name, json_true());
    g_autoptr(GError) error = NULL;

    assert_null(api_target_read(json, WIRE_STRICT, &error));
    assert_true(strlen(error->message) < 600);
    assert_true(g_utf8_validate(error->message, -1, NULL));
    json_decref(json);
}

/* query-schema describes itself: its own reply is of its own type, and names every table. */
static void test_schema_text(void **state)
{
    (void)state;
    json_t *json =
        wire_json_parse(api_schema_json(), strlen(api_schema_json()), &wire_limits_reply, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(ApiSchema) schema = api_schema_read(json, WIRE_STRICT, &error);

    assert_null(error);
    json_t *again = api_schema_write(schema);
    assert_true(json_equal(json, again));
    json_decref(again);
    json_decref(json);
    for (guint i = 0; i < schema->commands->len; i++) {
        const ApiSchemaCommand *command = schema->commands->pdata[i];
        const ApiCommandInfo *info = api_command_find(command->name);

        assert_non_null(info);
        assert_string_equal(info->phase, api_phase_name(command->phase));
        if (command->arguments_type) /* the members of a union's variants are listed there */
            assert_string_equal(info->arguments->name, command->arguments_type);
        else
            assert_int_equal(info->arguments->n_members, command->arguments->len);
        assert_ptr_equal(info, api_commands[i]);
    }
    assert_null(api_commands[schema->commands->len]);
    for (guint i = 0; i < schema->events->len; i++) {
        const ApiSchemaEvent *event = schema->events->pdata[i];
        const ApiEventInfo *info = api_events[i];

        assert_string_equal(info->name, event->name);
        assert_int_equal(info->data != NULL ? info->data->n_members : 0, event->data->len);
    }
    assert_null(api_events[schema->events->len]);
    for (guint i = 0; i < schema->types->len; i++) {
        const ApiSchemaType *type = schema->types->pdata[i];

        assert_string_equal(api_type_find(type->name)->doc, type->doc);
    }
    assert_null(api_type_find("Nothing"));
    assert_null(api_command_find("nothing"));
    assert_ptr_equal(api_type_find("hex"), &api_type_hex);
    assert_int_equal(strlen(api_schema_hash()), 64);
}

/* Every name that an entity refers to is an entity: what QEMU's clients rely on. */
static void test_qmp_schema(void **state)
{
    (void)state;
    json_t *json = wire_json_parse(api_qmp_schema_json(), strlen(api_qmp_schema_json()),
                                   &wire_limits_reply, NULL);
    g_autoptr(GHashTable) names = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GPtrArray) entities = api_list_new(&api_type_schema_info);

    for (size_t i = 0; i < json_array_size(json); i++) {
        ApiSchemaInfo *entity = api_schema_info_read(json_array_get(json, i), WIRE_STRICT, NULL);

        assert_non_null(entity);
        g_ptr_array_add(entities, entity);
        assert_true(g_hash_table_add(names, entity->name));
    }
    for (guint i = 0; i < entities->len; i++) {
        const ApiSchemaInfo *entity = entities->pdata[i];
        bool is_command = entity->meta_type == API_SCHEMA_META_TYPE_COMMAND;
        bool is_event = entity->meta_type == API_SCHEMA_META_TYPE_EVENT;

        assert_int_equal(is_command || is_event, entity->arg_type != NULL);
        assert_int_equal(is_command, entity->ret_type != NULL);
        assert_true(!entity->arg_type || g_hash_table_contains(names, entity->arg_type));
        assert_true(!entity->ret_type || g_hash_table_contains(names, entity->ret_type));
        assert_true(entity->element_type == NULL ||
                    g_hash_table_contains(names, entity->element_type));
        for (guint j = 0; entity->members != NULL && j < entity->members->len; j++) {
            const ApiSchemaMember *member = entity->members->pdata[j];

            assert_true(member->type == NULL || g_hash_table_contains(names, member->type));
        }
    }
    json_decref(json);
}

/* Optional is told by the tables, so a printer can show any reply. */
static void test_tables(void **state)
{
    (void)state;
    const ApiCommandInfo *command = api_command_find("query-device-slots");

    assert_ptr_equal(command->returns, &api_type_slot_set);
    assert_int_equal(command->returns_shape, API_SHAPE_LIST);
    assert_string_equal(command->arguments->members[0].name, "bus");
    assert_true(command->arguments->members[0].optional);
    assert_ptr_equal(command->arguments->members[1].type, &api_type_target);
    for (const ApiTypeInfo *const *type = api_types; *type != NULL; type++) {
        assert_true((*type)->doc[0] != '\0');
        assert_ptr_equal(api_type_find((*type)->name), *type);
    }
}

/* A handler's reply becomes JSON and is freed; without a reply the JSON is an empty object. */
static void test_reply_take(void **state)
{
    (void)state;
    GPtrArray *reply = api_list_new(&api_type_command_entry);
    ApiCommandEntry *entry = api_command_entry_new();

    entry->name = g_strdup("quit");
    entry->phase = API_PHASE_SESSION;
    g_ptr_array_add(reply, entry);
    json_t *json = api_reply_take(&api_command_query_commands, &reply);
    json_t *expected = parse("[{\"name\":\"quit\",\"phase\":\"session\"}]");
    json_t *nothing = api_reply_take(&api_command_quit, NULL);

    assert_true(json_equal(json, expected));
    assert_int_equal(json_object_size(nothing), 0);
    json_decref(nothing);
    json_decref(expected);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trips),
        cmocka_unit_test(test_c_values),
        cmocka_unit_test(test_strict_and_lenient),
        cmocka_unit_test(test_problems),
        cmocka_unit_test(test_all_problems),
        cmocka_unit_test(test_long_names),
        cmocka_unit_test(test_schema_text),
        cmocka_unit_test(test_qmp_schema),
        cmocka_unit_test(test_tables),
        cmocka_unit_test(test_reply_take),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
