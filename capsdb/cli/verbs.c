/* verbs: the one table of them, for the parser, the help, completion and the manual. */
#include "cli.h"

#define COMMON (CLI_TAKES_FORMAT | CLI_TAKES_DATABASE | CLI_TAKES_ROOT | CLI_TAKES_SYSTEM)

const CliVerb cli_verbs[] = {
    {"ask", "COMMAND", "answers a question, from the database if it can",
     COMMON | CLI_TAKES_QUESTION | CLI_TAKES_AGAIN | CLI_TAKES_DEADLINE, cli_ask},
    {"why", "COMMAND", "says what an answer depends on, and where it is from",
     COMMON | CLI_TAKES_QUESTION | CLI_TAKES_DEADLINE, cli_why},
    {"topology", "", "draws the buses of a machine: what is where, and what is free",
     CLI_TAKES_DATABASE | CLI_TAKES_ROOT | CLI_TAKES_SYSTEM | CLI_TAKES_QUESTION |
         CLI_TAKES_DEADLINE | CLI_TAKES_PICTURE,
     cli_topology},
    {"add", "PATH...", "asks emulators, or recordings of them, all that depends on them alone",
     COMMON | CLI_TAKES_AGAIN | CLI_TAKES_DEADLINE, cli_add},
    {"update", "", "adds every emulator of the system",
     COMMON | CLI_TAKES_AGAIN | CLI_TAKES_DEADLINE | CLI_TAKES_USR, cli_update},
    {"record", "PATH FILE.replies", "records what add asks, to be added in place of the binary",
     COMMON | CLI_TAKES_DEADLINE, cli_record},
    {"list", "", "lists the emulators in the database", COMMON, cli_list},
    {"gc", "", "removes what can be no answer any more", COMMON, cli_gc},
    {"show", "PATH...", "shows what is known of emulators", COMMON, cli_show},
    {"sql", "[SELECT]", "runs a statement over the views; without one, lists them",
     COMMON | CLI_TAKES_DEADLINE, cli_sql},
    {"verify", "[PATH...]", "asks again what is stored, and compares", COMMON | CLI_TAKES_DEADLINE,
     cli_verify},
    {NULL, NULL, NULL, 0, NULL},
};
