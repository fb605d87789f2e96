/* cli: what the verbs of the command line share. Internal to the program. */
#ifndef VITRINE_CAPSDB_CLI_H
#define VITRINE_CAPSDB_CLI_H

#include "collect.h"
#include "errors.h"

/* The words after the verb, read. */
typedef struct CapsCli {
    CapsPlace place; /* its texts are owned */
    bool json;
    char *emulator;
    char **rest;       /* what is no option */
    json_t *target;    /* or NULL */
    json_t *arguments; /* or NULL */
    CapsPolicy policy;
} CapsCli;

/* Reads the words after the verb, NULL-terminated. False: error is CAPS_ERROR_USAGE. */
bool caps_cli_parse(CapsCli *ret_cli, const char *const *words, GError **error);
/* Frees what it holds; the struct is the caller's. */
void caps_cli_done(CapsCli *cli);

/* The layers that the words name. Closing tells what there is to tell about them. */
CapsLayers *caps_cli_open(const CapsCli *cli, CapsStoreMode mode, GError **error);
void caps_cli_close(CapsLayers **layers);

/* What the program prints: answers on stdout, all else on stderr. Printing is main.c's alone. */
void caps_cli_say(const char *format, ...) G_GNUC_PRINTF(1, 2);
void caps_cli_tell(const char *format, ...) G_GNUC_PRINTF(1, 2);

/* Columns of the terminal on stdout; 0: it is none. */
unsigned caps_cli_width(void);

/* Prints a value: JSON, on one line with --json, else indented. */
void caps_cli_print(const CapsCli *cli, json_t *value);
/* Prints a reply to command: with --json as such, else for people where its type is known. */
void caps_cli_print_reply(const CapsCli *cli, const char *command, json_t *value);

/* For a variable: its layers are told about and closed at the end of the scope. */
#define CAPS_CLI_LAYERS __attribute__((cleanup(caps_cli_close))) CapsLayers *

/* The verbs. Each returns an exit code, or -1 with error. */
int caps_cli_ask(const CapsCli *cli, GError **error);
int caps_cli_why(const CapsCli *cli, GError **error);
int caps_cli_add(const CapsCli *cli, GError **error);
int caps_cli_list(const CapsCli *cli, GError **error);
int caps_cli_show(const CapsCli *cli, GError **error);
int caps_cli_update(const CapsCli *cli, GError **error);
int caps_cli_record(const CapsCli *cli, GError **error);
int caps_cli_sql(const CapsCli *cli, GError **error);
int caps_cli_verify(const CapsCli *cli, GError **error);

#endif
