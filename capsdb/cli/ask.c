/* ask, why: one question. */
#include "cli.h"

#include "render.h"
#include "wire.h"

#include <string.h>

typedef struct Question {
    const char *command;
    char *arguments, *target; /* JSON text, or NULL */
} Question;

static char *print_object(json_t *object)
{
    return object ? wire_json_print(object, WIRE_JSON_COMPACT) : NULL;
}

static bool read_question(const Cli *cli, Question *ret_question)
{
    if (!cli->rest[0] || cli->rest[1] || !cli->emulator) {
        cli_usage("wanted: COMMAND --emulator PATH");
        return false;
    }
    *ret_question =
        (Question){cli->rest[0], print_object(cli->arguments), print_object(cli->target)};
    return true;
}

static void free_question(Question *question)
{
    g_free(question->arguments);
    g_free(question->target);
}

/* A reply of a type we know is shown as such. */
static void print_reply(const Cli *cli, const char *command, const char *json)
{
    const ApiCommandInfo *known = api_command_find(command);

    if (cli->format != CLI_PEOPLE) {
        cli_say("%s\n", json);
        return;
    }
    static const WireLimits limits = {.max_bytes = SIZE_MAX / 2, .max_depth = 1024};
    json_t *value = wire_json_parse(json, strlen(json), &limits, NULL);
    g_autofree char *text = known && known->returns ? cmd_render(known, value, cli_width())
                                                    : wire_json_print(value, WIRE_JSON_INDENTED);
    cli_say(known && known->returns ? "%s" : "%s\n", text);
    json_decref(value);
}

int cli_ask(const Cli *cli)
{
    Question question;
    capsdb *db;
    capsdb_answer *answer = NULL;
    capsdb_error *error = NULL;
    int code;

    if (!read_question(cli, &question)) {
        return CAPSDB_USAGE;
    }
    if (cli_open(cli, 0, &db, &code)) {
        if (capsdb_ask(db, cli->emulator, question.command, question.arguments, question.target,
                       cli->flags, &answer, &error) == 0) {
            if (capsdb_answer_unsaved(answer)) {
                cli_tell("not stored: %s", capsdb_answer_unsaved(answer));
            }
            print_reply(cli, question.command, capsdb_answer_json(answer));
        } else {
            code = cli_fail(cli, error);
        }
        capsdb_answer_free(answer);
        cli_close(db);
    }
    free_question(&question);
    return code;
}

static int show_evidence(void *context, const char *json)
{
    const Cli *cli = context;
    json_t *item = wire_json_parse(json, strlen(json), &wire_limits_request, NULL);

    if (cli->format == CLI_PEOPLE) {
        cli_print_object(item);
    } else {
        cli_say("%s\n", json);
    }
    json_decref(item);
    return 0;
}

int cli_why(const Cli *cli)
{
    Question question;
    capsdb *db;
    capsdb_error *error = NULL;
    int code;

    if (!read_question(cli, &question)) {
        return CAPSDB_USAGE;
    }
    if (cli_open(cli, 0, &db, &code)) {
        if (capsdb_why(db, cli->emulator, question.command, question.arguments, question.target,
                       cli->flags, show_evidence, (void *)cli, &error) != 0) {
            code = cli_fail(cli, error);
        }
        cli_close(db);
    }
    free_question(&question);
    return code;
}
