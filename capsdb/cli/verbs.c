/* verbs: the one table of them: what each is for, what it takes, what it prints, what it calls. */
#include "cli.h"

#define COMMON (CLI_TAKES_FORMAT | CLI_TAKES_DATABASE | CLI_TAKES_ROOT | CLI_TAKES_SYSTEM)
#define ASKS   (CLI_TAKES_QUESTION | CLI_TAKES_DEADLINE)

#define MEMBER_EMULATOR                                                                            \
    {                                                                                              \
        "emulator", "text", "path of the emulator"                                                 \
    }
#define MEMBER_LAYER                                                                               \
    {                                                                                              \
        "layer", "text", "where it is stored: pins, user, host, static, or file"                   \
    }
#define MEMBER_ARGUMENTS                                                                           \
    {                                                                                              \
        "arguments", "object", "with which arguments"                                              \
    }
#define MEMBER_TARGET                                                                              \
    {                                                                                              \
        "target", "object", "about which machine"                                                  \
    }
#define MEMBER_REASON                                                                              \
    {                                                                                              \
        "reason", "text", "one word that says why there is none; not there if there is one"        \
    }
#define MEMBER_MESSAGE                                                                             \
    {                                                                                              \
        "message", "text", "the same in words, the emulator's own where it spoke"                  \
    }
#define LAST                                                                                       \
    {                                                                                              \
        NULL, NULL, NULL                                                                           \
    }

static const CliMember evidence[] = {
    {"command", "text", "what was asked"},
    MEMBER_ARGUMENTS,
    MEMBER_TARGET,
    MEMBER_EMULATOR,
    {"asked", "text", "when the emulator said it, UTC"},
    {"stored", "boolean", "it was in the database before; false: it was asked for this"},
    MEMBER_LAYER,
    {"file", "text", "the database that it is in; or the admin's file that says it"},
    MEMBER_REASON,
    MEMBER_MESSAGE,
    {"expires", "text", "until when a failure is believed, UTC"},
    {"not-kept", "text", "why the answer could not be stored; not there if it was"},
    {"inputs", "object",
     "what the answer read, and the value it had then; the answer holds for every question with "
     "these values"},
    {"host", "object",
     "the facts of this host that are the input host; another one makes the answer stale"},
    {"identity", "text", "which emulator this is by content, a SHA-256"},
    {"stale-when-changed", "list of objects",
     "the files that make the identity, each with role, path and hash; another content of one of "
     "them makes the answer stale"},
    LAST,
};

#define MEMBERS_ADDED                                                                              \
    {"facts", "number", "answers that were stored"},                                               \
        {"quarantined", "number", "questions that kill this emulator; they are not asked again"},  \
        {"launches", "number", "how often it was started"},                                        \
        {"not-in-the-jail", "list of text",                                                        \
         "what of the prober's jail this system did not allow"},                                   \
        MEMBER_REASON, MEMBER_MESSAGE, LAST

static const CliMember added[] = {
    MEMBER_EMULATOR,
    {"outcome", "text", "added, known (nothing was launched), or failed"},
    MEMBERS_ADDED,
};

static const CliMember updated[] = {
    MEMBER_EMULATOR,
    {"machine", "text", "the machine that it is about; not there for the emulator itself"},
    {"outcome", "text",
     "added, known (nothing was launched), or failed; of a machine also learned, or refused: it "
     "does not start"},
    MEMBERS_ADDED,
};

static const CliMember listed[] = {
    MEMBER_EMULATOR,
    {"identity", "text", "which emulator this is by content, a SHA-256"},
    {"kind", "text", "qemu or vitrine; null: it never answered"},
    {"version", "text", "as it told it; null: it was not asked"},
    {"answers", "number", "how many are stored"},
    MEMBER_LAYER,
    LAST,
};

static const CliMember shown[] = {
    {"path", "text", "path of the emulator"},
    {"identity", "text", "which emulator this is by content, a SHA-256"},
    {"parts", "list of objects", "the files that make the identity: role, path, hash"},
    {"emulator", "list of objects", "what it is: kind, version, first_path, first_seen, layer"},
    {"probes", "list of objects",
     "each time all was asked: began, took_ms, launches, facts, complete, missing, reason, "
     "message, layer"},
    {"answers", "list of objects", "how many: command, answers, refused, layer"},
    {"quarantine", "list of objects",
     "questions that kill it: command, arguments, reason, evidence, layer"},
    LAST,
};

static const CliMember compared[] = {
    MEMBER_EMULATOR,
    {"command", "text", "what was asked"},
    MEMBER_ARGUMENTS,
    MEMBER_TARGET,
    {"verdict", "text", "same, different, or untold: the emulator did not answer now"},
    {"stored", "any", "the reply in the database; only if it differs"},
    {"fresh", "any", "the reply of now; only if it differs"},
    MEMBER_REASON,
    MEMBER_MESSAGE,
    LAST,
};

static const CliMember removed[] = {
    {"emulators", "number", "that are not at their path any more"},
    {"answers", "number", "theirs, and failures that expired"},
    {"replies", "number", "that no answer points to"},
    {"damaged-files", "number", "databases that had been moved aside"},
    {"bytes", "number", "that the database is smaller by"},
    LAST,
};

static const CliMember itself[] = {
    {"version", "text", "of the program"},
    {"verbs", "list of objects",
     "each with name, words, help, doc, prints (reply, picture, object or items), members (name, "
     "type, "
     "doc) and options (name, value, help)"},
    {"codes", "list of objects", "what it ends with: code, doc"},
    LAST,
};

const CliVerb cli_verbs[] = {
    {"ask", "COMMAND", "answers a question, from the database if it can",
     "Puts a QMP command that only asks to an emulator. If what the answer depended on is "
     "unchanged it comes from the database, and nothing is launched. Else the emulator is "
     "launched in a jail and asked, and the answer is kept.\n\nWith --machine and the other "
     "options of a target the question is about that machine: a QEMU is launched with it, a "
     "vitrine is told it.",
     COMMON | ASKS | CLI_TAKES_AGAIN, CLI_PRINTS_REPLY, NULL, cli_ask},
    {"why", "COMMAND", "says what an answer depends on, and where it is from",
     "Takes the words of ask, and prints the evidence of the answer: when it was said and by "
     "which emulator, which inputs it read and their values, the layer that holds it, and the "
     "files whose change makes it stale. A refusal and a failure have evidence too; they end "
     "as those of ask.",
     COMMON | ASKS, CLI_PRINTS_OBJECT, evidence, cli_why},
    {"topology", "", "draws the buses of a machine: what is where, and what is free",
     "Draws the buses of an emulator's machine with what is plugged where, and what is free: "
     "for people, for Graphviz (--dot), or as one page for a browser (--html). It asks "
     "query-hardware and query-device-slots, and keeps the answers.",
     CLI_TAKES_DATABASE | CLI_TAKES_ROOT | CLI_TAKES_SYSTEM | CLI_TAKES_QUESTION |
         CLI_TAKES_DEADLINE | CLI_TAKES_PICTURE,
     CLI_PRINTS_PICTURE, NULL, cli_topology},
    {"add", "PATH...", "asks emulators, or recordings of them, all that depends on them alone",
     "Asks each emulator everything that does not depend on a machine or on this computer, so "
     "that later questions launch nothing. What was asked before is not asked again. A "
     "question that kills the emulator is found, set aside with its evidence, and the rest is "
     "kept.",
     COMMON | CLI_TAKES_AGAIN | CLI_TAKES_DEADLINE | CLI_TAKES_EMULATORS, CLI_PRINTS_ITEMS, added,
     cli_add},
    {"update", "[PATH...]", "adds every emulator of the system",
     "Adds the programs qemu-system-*, qemu-kvm and vitrine of the folders where programs are "
     "installed, and what files /etc/capsdb.d/NAME.emulators name, a path a line. As many are "
     "asked at once as there are processors; one that was interrupted goes on where it "
     "stopped.\n\nWith --usr it makes a static layer to be shipped with the emulators "
     "instead, from all of them or the paths that are given, and keeps nothing here. DESTDIR "
     "and SOURCE_DATE_EPOCH are heeded: the same emulators and date give the same bytes.\n\n"
     "With --machines every machine of every QEMU is learned as well, as it is without any "
     "option: its buses, devices and places. That one does not start is kept too. What is known "
     "is not asked again.",
     COMMON | CLI_TAKES_AGAIN | CLI_TAKES_DEADLINE | CLI_TAKES_USR | CLI_TAKES_MACHINES,
     CLI_PRINTS_ITEMS, updated, cli_update},
    {"list", "", "lists the emulators in the database", "Lists the emulators in all layers.",
     COMMON, CLI_PRINTS_ITEMS, listed, cli_list},
    {"show", "PATH...", "shows what is known of emulators",
     "Shows, for each emulator, the files that make it what it is, how often it was asked, "
     "how many answers there are to which command, and what kills it. Nothing is launched.",
     COMMON | CLI_TAKES_EMULATORS, CLI_PRINTS_ITEMS, shown, cli_show},
    {"sql", "[SELECT]", "runs a statement over the views; without one, lists them",
     "Runs one statement that reads, with a deadline and a limit on rows. Whatever would "
     "write, attach or set something is refused. The views are described in capsdb-sql(7); "
     "without a statement they are listed.",
     COMMON | CLI_TAKES_DEADLINE | CLI_TAKES_ROWS, CLI_PRINTS_ITEMS, NULL, cli_sql},
    {"verify", "[PATH...]", "asks again what is stored, and compares",
     "Asks emulators (all of the database, if none is given) every stored question again, and "
     "sets the reply beside the stored one, fact by fact. Nothing is stored. Ends with 1 if "
     "one differs.",
     COMMON | CLI_TAKES_DEADLINE | CLI_TAKES_EMULATORS, CLI_PRINTS_ITEMS, compared, cli_verify},
    {"record", "PATH FILE.replies", "records what add asks, to be added in place of the binary",
     "Asks what add asks, and writes the conversation: JSON documents, request and reply in "
     "turn, a blank line after each. The database learns it too.",
     COMMON | CLI_TAKES_DEADLINE | CLI_TAKES_EMULATORS, CLI_PRINTS_ITEMS, added, cli_record},
    {"import", "FILE.replies...", "adds recorded conversations, in place of the binaries",
     "Adds what recorded conversations say. Afterwards the path of the recording is an "
     "emulator: it can be given to ask, which answers what was recorded and nothing else.",
     COMMON | CLI_TAKES_AGAIN, CLI_PRINTS_ITEMS, added, cli_import},
    {"gc", "", "removes what can be no answer any more",
     "Removes from this user's layer, or with --system from the host's, what is of emulators that "
     "are not at their path any more, failures that expired a week ago, and databases that were "
     "moved aside as damaged; then gives the room back.",
     COMMON, CLI_PRINTS_ITEMS, removed, cli_gc},
    {"help", "", "lists the verbs; with --json all about them, for programs",
     "Prints what capsdb --help prints. With --json it prints the table that the parser, the "
     "manual and the completions are made of.",
     CLI_TAKES_FORMAT, CLI_PRINTS_OBJECT, itself, cli_help},
    {NULL, NULL, NULL, NULL, 0, CLI_PRINTS_REPLY, NULL, NULL},
};
