/* help: what can be asked, from the schema. */
#include "self.h"

#include "render.h"
#include "target_args.h"
#include "text.h"

#include <string.h>

static const char usage[] =
    "usage: vitrine-probe COMMAND [OPTION]...    ask about a machine before there is one\n"
    "       vitrine-probe check FILE...          check machine, VM and type files\n"
    "       vitrine-probe topology [--dot|--html] draw the buses, what is there and what is free\n"
    "       vitrine-probe --qmp                  answer QMP on stdin and stdout\n"
    "       vitrine-probe COMMAND --help         what a command answers\n"
    "       vitrine-probe --help | --version\n";

static const char common[] =
    "How it is answered:\n"
    "  --json                as JSON\n"
    "  --trace               with what the answer depends on\n"
    "  --facts FILE          what another emulator said of a machine, which questions about places "
    "are\n"
    "                        about then\n"
    "  --machine-file FILE   a machine or VM file of your own; may be repeated\n";

static const char endings[] = "Ends with 0: there is an answer; 1: the answer is no; 2: wrong "
                              "usage; 3: refused, or unknown.\n";

/* The first sentence of a doc. */
static char *first_sentence(const char *doc)
{
    const char *end = strstr(doc, ". ");
    const char *paragraph = strstr(doc, "\n\n");
    const char *stop = end && (!paragraph || end < paragraph) ? end + 1 : paragraph;
    return stop ? g_strndup(doc, (size_t)(stop - doc)) : g_strdup(doc);
}

static void add_target(GString *out)
{
    const CmdOption *option;
    g_string_append(out, "What the question is about:\n");
    for (size_t i = 0; (option = cmd_target_option(i)); i++) {
        g_autofree char *words =
            g_strconcat(option->name, option->value ? " " : "", option->value, NULL);
        g_autoptr(GPtrArray) lines = cmd_text_wrap(option->help, 70);
        bool wide = cmd_text_width(words) > 20;
        if (wide) {
            g_string_append_printf(out, "  %s\n", words);
        }
        for (size_t l = 0; l < lines->len; l++) {
            g_string_append(out, "  ");
            cmd_text_pad(out, l || wide ? "" : words, 22);
            g_string_append_printf(out, "%s\n", (const char *)g_ptr_array_index(lines, l));
        }
    }
    g_string_append_c(out, '\n');
}

char *prb_help(void)
{
    GString *out = g_string_new(usage);
    g_string_append(out, "\nCommands:\n");
    for (const CmdCommand *command = cmd_model_commands; command->name; command++) {
        g_autofree char *doc = first_sentence(api_command_find(command->name)->doc);
        g_autoptr(GPtrArray) lines = cmd_text_wrap(doc, 70);
        for (size_t i = 0; i < lines->len; i++) {
            g_string_append(out, "  ");
            cmd_text_pad(out, i ? "" : command->name, 26);
            g_string_append_printf(out, "%s\n", (const char *)g_ptr_array_index(lines, i));
        }
    }
    g_string_append_c(out, '\n');
    add_target(out);
    g_string_append_printf(out, "%s\n%s", common, endings);
    return g_string_free(out, FALSE);
}

static void add_text(GString *out, const char *indent, const char *text, unsigned width)
{
    g_auto(GStrv) paragraphs = g_strsplit(text, "\n\n", -1);
    for (size_t p = 0; paragraphs[p]; p++) {
        g_autoptr(GPtrArray) lines = cmd_text_wrap(paragraphs[p], width);
        for (size_t i = 0; i < lines->len; i++) {
            g_string_append_printf(out, "%s%s\n", indent,
                                   (const char *)g_ptr_array_index(lines, i));
        }
    }
}

static const char *shape_words(ApiShape shape)
{
    static const char *const words[] = {
        [API_SHAPE_ONE] = "", [API_SHAPE_LIST] = "list of ", [API_SHAPE_MAP] = "by name: "};
    return words[shape];
}

static void add_member(GString *out, const char *prefix, const ApiMemberInfo *member,
                       unsigned width)
{
    g_string_append_printf(out, "  %s%s  (%s%s%s)\n", prefix, member->name,
                           shape_words(member->shape), member->type->name,
                           member->optional ? ", optional" : "");
    add_text(out, "      ", member->doc, width > 26 ? width - 6 : 0);
    for (size_t i = 0; i < member->type->n_values; i++) {
        g_string_append_printf(out, "      %s: %s\n", member->type->values[i].name,
                               member->type->values[i].doc);
    }
}

static void add_reply(GString *out, const ApiCommandInfo *command, unsigned width)
{
    g_string_append_printf(out, "\nReplies: %s%s\n", shape_words(command->returns_shape),
                           command->returns->name);
    for (size_t i = 0; i < command->returns->n_members; i++) {
        add_member(out, "", &command->returns->members[i], width);
    }
}

char *prb_help_command(const ApiCommandInfo *command, unsigned width)
{
    GString *out = g_string_new(NULL);
    bool has_target = false;
    g_string_append_printf(out, "usage: vitrine-probe %s [OPTION]...\n\n", command->name);
    add_text(out, "", command->doc, width);
    g_string_append(out, "\nArguments of its own:\n");
    size_t own = 0;
    for (size_t i = 0; i < command->arguments->n_members; i++) {
        const ApiMemberInfo *member = &command->arguments->members[i];
        if (strcmp(member->name, "target") == 0) {
            has_target = true;
        } else {
            add_member(out, "--", member, width);
            own++;
        }
    }
    g_string_append(out, own ? "" : "  (none)\n");
    if (command->returns) {
        add_reply(out, command, width);
    }
    if (command->n_errors) {
        g_string_append(out, "\nCan be refused because:\n");
    }
    for (size_t i = 0; i < command->n_errors; i++) {
        g_string_append_printf(out, "  %s: %s\n", command->errors[i].name, command->errors[i].doc);
    }
    g_string_append_c(out, '\n');
    if (has_target) {
        add_target(out);
    }
    g_string_append(out, common);
    return g_string_free(out, FALSE);
}
