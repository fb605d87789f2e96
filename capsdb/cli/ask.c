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

/* Shows a reply; one of a type we know is shown as such. Returns what it comes to. */
static int print_reply(const Cli *cli, const char *command, const char *json)
{
    const ApiCommandInfo *known = api_command_find(command);
    bool typed = known && known->returns;

    if (cli->format != CLI_PEOPLE) {
        cli_say("%s\n", json);
    }
    if (cli->format != CLI_PEOPLE && !typed) {
        return CAPSDB_YES; /* as it is: the quick way */
    }
    json_t *value = wire_json_parse(json, strlen(json), &cli_limits, NULL);
    int code = typed && cmd_reply_is_no(known, value) ? CAPSDB_NO : CAPSDB_YES;
    if (cli->format == CLI_PEOPLE) {
        g_autofree char *text = typed ? cmd_render(known, value, cli_width())
                                      : wire_json_print(value, WIRE_JSON_INDENTED);
        cli_say(typed ? "%s" : "%s\n", text);
    }
    json_decref(value);
    return code;
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
            code = print_reply(cli, question.command, capsdb_answer_json(answer));
        } else {
            code = cli_fail(cli, error);
        }
        capsdb_answer_free(answer);
        cli_close(db);
    }
    free_question(&question);
    return code;
}

/* What a verb that prints one object does with it. */
typedef struct Evidence {
    const Cli *cli;
    int code; /* of the answer it is about */
} Evidence;

static int show_evidence(void *context, const char *json)
{
    Evidence *evidence = context;
    const Cli *cli = evidence->cli;
    json_t *item = wire_json_parse(json, strlen(json), &cli_limits, NULL);

    if (*cli_text(item, "reason")) {
        evidence->code = (int)capsdb_reason_code(cli_text(item, "reason"));
    }
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
        Evidence evidence = {cli, CAPSDB_YES};
        bool ok = capsdb_why(db, cli->emulator, question.command, question.arguments,
                             question.target, cli->flags, show_evidence, &evidence, &error) == 0;
        code = ok ? evidence.code : cli_fail(cli, error);
        cli_close(db);
    }
    free_question(&question);
    return code;
}
