/* context: runs a command and says what its answer depended on. */
#include "context.h"

#include <string.h>

CmdContext *cmd_context_new(const MdlCatalog *catalog)
{
    CmdContext *context = g_new0(CmdContext, 1);
    context->catalog = catalog;
    return context;
}

void cmd_context_free(CmdContext *context)
{
    if (!context) {
        return;
    }
    mdl_target_free(context->target);
    g_free(context);
}

void cmd_context_set_target(CmdContext *context, const MdlTarget *target)
{
    MdlTarget *copy = target ? mdl_target_copy(target) : NULL;
    mdl_target_free(context->target);
    context->target = copy;
}

void cmd_context_set_hardware(CmdContext *context, const MdlHardware *hardware)
{
    context->hardware = hardware;
}

void cmd_context_set_learned(CmdContext *context, const CmdLearned *learned)
{
    context->learned = learned;
}

const CmdCommand *cmd_command_find(const char *name)
{
    for (const CmdCommand *command = cmd_model_commands; command->name; command++) {
        if (strcmp(command->name, name) == 0) {
            return command;
        }
    }
    return NULL;
}

static json_t *write_trace(const MdlTrace *trace)
{
    json_t *inputs = json_array();
    for (size_t i = 0; i < mdl_trace_count(trace); i++) {
        const MdlInput *input = mdl_trace_at(trace, i);
        ApiInput api = {
            .name = input->name, .given = input->given, .value = input->value, .read = input->read};
        json_array_append_new(inputs, api_input_write(&api));
    }
    return inputs;
}

bool cmd_execute(CmdContext *context, const char *command, json_t *arguments, WireReply *ret_reply,
                 GError **error)
{
    const CmdCommand *found = cmd_command_find(command);
    if (!found) {
        g_propagate_error(error, wire_error_new(WIRE_ERROR_FAILED, "CommandNotFound", NULL, NULL,
                                                "there is no command \"%s\"", command));
        return false;
    }
    if (context->learned && !api_command_find(command)->learned) {
        g_propagate_error(error, wire_error_new(WIRE_ERROR_FAILED, "NotLearned", NULL, NULL,
                                                "%s cannot be asked about another emulator's "
                                                "machine",
                                                command));
        return false;
    }
    json_t *none = arguments ? NULL : json_object();
    context->trace = mdl_trace_new();
    json_t *value = found->run(context, arguments ? arguments : none, error);
    if (value) {
        *ret_reply = (WireReply){.value = value, .depends_on = write_trace(context->trace)};
    }
    g_clear_pointer(&context->trace, mdl_trace_free);
    json_decref(none);
    return value != NULL;
}
