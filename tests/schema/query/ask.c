/* ask: see ask.h. */
#include "ask.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

#include <string.h>

int asker_open(void **state)
{
    Asker *asker = g_new0(Asker, 1);
    asker->catalog = mdl_catalog_new();
    asker->context = cmd_context_new(asker->catalog);
    *state = asker;
    return 0;
}

int asker_close(void **state)
{
    Asker *asker = *state;
    cmd_context_free(asker->context);
    mdl_catalog_free(asker->catalog);
    g_free(asker);
    return 0;
}

json_t *ask_json(const char *text)
{
    g_autoptr(GError) error = NULL;
    json_t *json = wire_json_parse(text, strlen(text), &wire_limits_request, &error);
    if (!json) {
        fail_msg("%s: %s", text, error->message);
    }
    return json;
}

json_t *ask_depends(Asker *asker, const char *command, const char *arguments,
                    json_t **ret_depends_on)
{
    g_autoptr(GError) error = NULL;
    json_t *json = arguments ? ask_json(arguments) : NULL;
    WireReply reply = {0};
    if (!cmd_execute(asker->context, command, json, &reply, &error)) {
        fail_msg("%s %s: %s", command, arguments ? arguments : "", error->message);
    }
    json_decref(json);
    *ret_depends_on = reply.depends_on;
    return reply.value;
}

json_t *ask(Asker *asker, const char *command, const char *arguments)
{
    json_t *depends_on;
    json_t *value = ask_depends(asker, command, arguments, &depends_on);
    json_decref(depends_on);
    return value;
}

GError *ask_refused(Asker *asker, const char *command, const char *arguments)
{
    GError *error = NULL;
    json_t *json = arguments ? ask_json(arguments) : NULL;
    WireReply reply = {0};
    if (cmd_execute(asker->context, command, json, &reply, &error)) {
        fail_msg("%s %s: expected an error, got an answer", command, arguments ? arguments : "");
    }
    json_decref(json);
    assert_null(reply.value);
    return error;
}

void ask_expect_error(Asker *asker, const char *command, const char *arguments, const char *reason,
                      const char *path)
{
    g_autoptr(GError) error = ask_refused(asker, command, arguments);
    if (g_strcmp0(wire_error_reason(error), reason) != 0 ||
        g_strcmp0(wire_error_path(error), path) != 0) {
        fail_msg("%s %s:\nexpected %s at %s\ngot      %s at %s: %s", command, arguments, reason,
                 path, wire_error_reason(error), wire_error_path(error), error->message);
    }
}

json_t *ask_find(const json_t *array, const char *member, const char *text)
{
    for (size_t i = 0; i < json_array_size(array); i++) {
        json_t *element = json_array_get(array, i);
        if (g_strcmp0(ask_text(element, member), text) == 0) {
            return element;
        }
    }
    fail_msg("no element has %s = %s", member, text);
    return NULL;
}

const char *ask_text(const json_t *object, const char *member)
{
    return json_string_value(json_object_get(object, member));
}

bool ask_has_read(const json_t *depends_on, const char *name)
{
    for (size_t i = 0; i < json_array_size(depends_on); i++) {
        const json_t *input = json_array_get(depends_on, i);
        if (strcmp(ask_text(input, "name"), name) == 0) {
            return json_is_true(json_object_get(input, "read"));
        }
    }
    return false;
}
