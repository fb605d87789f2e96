/* cli: what the files of the program capsdb share.
 *
 * The program is a client of libcapsdb as any other: it reads words, calls the library, and shows
 * what comes. It must not know how anything is stored or asked. */
#ifndef VITRINE_CAPSDB_CLI_H
#define VITRINE_CAPSDB_CLI_H

#include "vitrine/capsdb.h"

#include "target_args.h"

#include <stdbool.h>

/* ---- the words ------------------------------------------------------------------------------- */

typedef enum {
    CLI_PEOPLE, /* tables, and names with values */
    CLI_JSON,   /* one document */
    CLI_JSONL,  /* a line for each item */
} CliFormat;

/* The words after the verb, read. */
typedef struct Cli {
    CliFormat format;
    char *database;     /* or NULL: the person's own */
    char *emulator;     /* or NULL */
    char *root;         /* or NULL */
    char **rest;        /* what is no option */
    json_t *target;     /* or NULL */
    json_t *arguments;  /* or NULL */
    unsigned flags;     /* CAPSDB_… of the calls */
    bool usr;           /* makes a static layer */
    unsigned deadline;  /* in milliseconds; 0: not given */
    bool dot, page;     /* a picture for Graphviz, for a browser */
    unsigned long rows; /* of a statement, at most */
} Cli;

/* The options that a verb takes, a bit each; the rows are in options.c. */
typedef enum {
    CLI_TAKES_FORMAT = 1 << 0,   /* --json, --jsonl */
    CLI_TAKES_DATABASE = 1 << 1, /* --db */
    CLI_TAKES_DEADLINE = 1 << 2,
    CLI_TAKES_QUESTION = 1 << 3, /* --emulator, --arg, --no-probe, and those of a target */
    CLI_TAKES_AGAIN = 1 << 4,
    CLI_TAKES_ROOT = 1 << 5,
    CLI_TAKES_SYSTEM = 1 << 6,
    CLI_TAKES_PICTURE = 1 << 7, /* --dot, --html */
    CLI_TAKES_USR = 1 << 8,
    CLI_TAKES_ROWS = 1 << 9,
    CLI_TAKES_MACHINES = 1 << 10,
    CLI_TAKES_EMULATORS = 1 << 15, /* its words are paths of emulators */
} CliTakes;

/* A member of the JSON that a verb prints. */
typedef struct CliMember {
    const char *name, *type, *doc;
} CliMember;

typedef enum {
    CLI_PRINTS_REPLY,   /* the command's reply, as the emulator gave it */
    CLI_PRINTS_PICTURE, /* text for people or another program */
    CLI_PRINTS_OBJECT,  /* one object */
    CLI_PRINTS_ITEMS,   /* --json: an array of objects; --jsonl: an object a line */
} CliPrints;

/* All that is known of a verb. The help, completion and the manual are made of it. */
typedef struct CliVerb {
    const char *name;
    const char *words; /* what it wants that is no option, for people */
    const char *help;  /* a few words; no full stop */
    const char *doc;   /* sentences; an empty line parts paragraphs */
    unsigned takes;    /* CliTakes */
    CliPrints prints;
    const CliMember *members; /* of the object; the last has no name; NULL: the person's own */
    int (*run)(const Cli *cli);
} CliVerb;

/* verbs.c: all verbs; the last has no name. */
extern const CliVerb cli_verbs[];

/* help.c: the usage of all verbs, of one, to be freed with g_free; and all of it as JSON. */
char *cli_help_text(void);
char *cli_verb_help_text(const CliVerb *verb);
int cli_help(const Cli *cli);

/* options.c: an option and the verbs that have it; NULL after the last. */
const CmdOption *cli_option(size_t i, unsigned *ret_takes);
/* Reads the words after the verb, NULL-terminated. False: told what is wrong with them. */
bool cli_parse(Cli *ret_cli, const CliVerb *verb, const char *const *words);
/* Frees what it holds; the struct is the caller's. */
void cli_done(Cli *cli);
/* The emulator that a word means: a name without a folder is looked for as a shell does, but a file
 * that is there is meant first. Free with g_free. */
char *cli_emulator_path(const char *word);

/* ---- output (main.c): answers on stdout, all else on stderr ---------------------------------- */

void cli_say(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* A line on stderr that begins with the program's name. */
void cli_tell(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* How far something is, where stderr is a terminal; what is printed next takes its place. A
 * capsdb_progress. */
void cli_progress(void *context, const char *what, unsigned long done, unsigned long all);
/* Takes the line of progress away. */
void cli_clear_progress(void);
/* Columns of the terminal on stdout; 0: it is none. */
unsigned cli_width(void);
/* Whether to print in colour: on a terminal, unless NO_COLOR is set (no-color.org). */
bool cli_has_colour(void);

/* A wrong command line. Returns CAPSDB_USAGE. */
int cli_usage(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* Shows an error, and frees it. Returns its code. */
int cli_fail(const Cli *cli, capsdb_error *error);

/* Of what the library hands over. */
extern const WireLimits cli_limits;

/* ---- items (items.c) ------------------------------------------------------------------------- */

typedef struct CliItems CliItems;
typedef void CliShow(const CliItems *items, json_t *item);

/* Where the items of a call go. */
struct CliItems {
    const Cli *cli;
    CliShow *show;       /* what people see of one as it comes; NULL: a table of all at the end */
    const char *counted; /* the member whose values are counted; or NULL */
    bool data;           /* the members are the person's own words: no reason is read in them */
    size_t count;
    json_t *counts;    /* value of that member to how many */
    json_t *all;       /* array of those that are shown at the end */
    capsdb_code worst; /* of the reasons of the items */
};

void cli_items_init(CliItems *items, const Cli *cli, CliShow *show);
/* A capsdb_item; context: a CliItems. */
int cli_items_take(void *context, const char *json);
/* Shows what is not shown yet, frees what it holds, and shows the error, if there is one and no
 * item said it. Returns the code of what came. */
int cli_items_done(CliItems *items, capsdb_error *error);

/* A value as JSON text; free with g_free. And as a line of output. */
char *cli_print(json_t *value);
void cli_print_json(json_t *value);
/* A member as text; "" if there is none. */
const char *cli_text(json_t *item, const char *name);
long long cli_number(json_t *item, const char *name);
/* An object as names and values, with its lists of objects as tables below. */
void cli_print_object(json_t *object);
/* Objects with the same members as a table, its titles in bold where that can be seen. */
void cli_print_rows(json_t *rows);

/* ---- verbs ----------------------------------------------------------------------------------- */

/* The database of the command line. Closing says what there is to say about it. */
bool cli_open(const Cli *cli, unsigned flags, capsdb **ret_db, int *ret_code);
void cli_close(capsdb *db);
/* Which of two codes a verb ends with. */
int cli_worse(int one, int other);

int cli_ask(const Cli *cli);
int cli_why(const Cli *cli);
int cli_topology(const Cli *cli);
int cli_add(const Cli *cli);
int cli_import(const Cli *cli);
int cli_update(const Cli *cli);
int cli_record(const Cli *cli);
int cli_list(const Cli *cli);
int cli_gc(const Cli *cli);
int cli_show(const Cli *cli);
int cli_sql(const Cli *cli);
int cli_verify(const Cli *cli);

#endif
