/* topology: the buses of an emulator's machine as a picture, drawn of two answers. */
#include "cli.h"

#include "topology.h"
#include "wire.h"

#include <string.h>

/* The answer to a command without arguments; NULL: told why, and ret_code is what to end with. */
static json_t *ask(const Cli *cli, capsdb *db, const char *command, const char *target,
                   int *ret_code)
{
    capsdb_answer *answer = NULL;
    capsdb_error *error = NULL;
    json_t *value = NULL;

    if (capsdb_ask(db, cli->emulator, command, NULL, target, cli->flags, &answer, &error) == 0) {
        const char *json = capsdb_answer_json(answer);
        value = wire_json_parse(json, strlen(json), &cli_limits, NULL);
    } else {
        *ret_code = cli_fail(cli, error);
    }
    capsdb_answer_free(answer);
    return value;
}

static void draw(const Cli *cli, const json_t *hardware, const json_t *slots)
{
    g_autoptr(CmdTopology) picture = cmd_topology_new(json_object_get(hardware, "hardware"), slots);
    g_autofree char *text = cli->page  ? cmd_topology_page(picture)
                            : cli->dot ? cmd_topology_dot(picture)
                                       : cmd_topology_print(picture);
    cli_say("%s", text);
}

int cli_topology(const Cli *cli)
{
    capsdb *db;
    int code;

    if (cli->rest[0] || !cli->emulator || !cli->target) {
        return cli_usage("wanted: --emulator PATH --machine MACHINE");
    }
    if (!cli_open(cli, 0, &db, &code)) {
        return code;
    }
    g_autofree char *target = wire_json_print(cli->target, WIRE_JSON_COMPACT);
    json_t *hardware = ask(cli, db, "query-hardware", target, &code);
    json_t *slots = hardware ? ask(cli, db, "query-device-slots", target, &code) : NULL;
    if (slots) {
        draw(cli, hardware, slots);
    }
    json_decref(hardware);
    json_decref(slots);
    cli_close(db);
    return code;
}
