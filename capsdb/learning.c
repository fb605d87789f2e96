/* learning: see learning.h. What of the facts is the same for all machines was stored when the
 * emulator was added; a machine's own are asked once per target. */
#include "learning.h"

#include "declared.h"
#include "learned.h"
#include "render.h"
#include "wire.h"

#include <string.h>

typedef struct Learning {
    CapsAsking *asking;
    const CapsQuestion *question;
    CapsAnswer *answer; /* of the whole: the latest, and whether all of it was stored */
    bool added;         /* the emulator was asked all about itself, for this question */
} Learning;

/* ---- one fact -------------------------------------------------------------------------------- */

static bool fetch_stored(Learning *learning, const CapsQuestion *question, CapsAnswer *ret_answer,
                         GError **error)
{
    const CapsPolicy *policy = learning->asking->policy;
    CapsPolicy stored = *policy;
    stored.may_probe = stored.again = false;
    learning->asking->policy = &stored;
    bool ok = caps_asking_ask(learning->asking, question, ret_answer, error);
    learning->asking->policy = policy;
    return ok;
}

/* Asks the emulator all about itself, once. */
static bool add_emulator(Learning *learning, GError **error)
{
    CapsAsking *asking = learning->asking;
    g_auto(CapsAdded) added = {0};
    CapsPolicy policy = *asking->policy;
    policy.again = false;
    learning->added = true;
    return caps_add(asking->layers, asking->identity->path, &policy, &added, error);
}

/* What depends on the emulator alone. NULL: it is not known; error says why, and is not set for
 * what the emulator refused to tell. */
static json_t *fetch_common(Learning *learning, const char *command, json_t *arguments,
                            GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_auto(CapsAnswer) answer = {0};
    CapsQuestion question = {command, arguments, NULL};
    bool ok = fetch_stored(learning, &question, &answer, &problem);

    if (!ok && learning->asking->policy->may_probe && !learning->added) {
        g_clear_error(&problem);
        ok = add_emulator(learning, &problem) &&
             fetch_stored(learning, &question, &answer, &problem);
    }
    if (!ok && learning->asking->policy->may_probe) { /* it was added when less was asked */
        g_clear_error(&problem);
        ok = caps_asking_ask(learning->asking, &question, &answer, &problem);
    }
    if (!ok) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return NULL;
    }
    learning->answer->stored &= answer.stored;
    return json_incref(answer.value);
}

/* ---- the facts of a machine ------------------------------------------------------------------ */

static bool add_common(Learning *learning, json_t *facts, GError **error)
{
    for (const CmdLearnedQuestion *row = cmd_learned_questions; row->member; row++) {
        json_t *arguments = cmd_learned_arguments(row);
        json_t *value = fetch_common(learning, row->command, arguments, error);
        json_t *holder = facts;
        json_decref(arguments);
        if (!value) {
            if (error && *error) {
                return false;
            }
            continue; /* what is missing is named when the facts are read */
        }
        if (row->key) {
            holder = json_object_get(facts, row->member);
            if (!holder) {
                json_object_set_new(facts, row->member, holder = json_object());
            }
        }
        json_object_set_new(holder, row->key ? row->key : row->member, value);
    }
    json_t *arch = json_object_get(json_object_get(facts, "arch"), "arch");
    return json_object_set(facts, "arch", arch ? arch : json_null()) == 0;
}

/* What is not stored, since nothing can be kept here, is asked at once. */
static json_t *fetch_properties(Learning *learning, const char *type, GError **error)
{
    g_auto(CapsAnswer) answer = {0};
    json_t *arguments = json_pack("{s:s}", "typename", type);
    CapsQuestion question = {"device-list-properties", arguments, NULL};
    bool ok = fetch_stored(learning, &question, &answer, NULL) ||
              caps_asking_ask(learning->asking, &question, &answer, error);
    json_decref(arguments);
    return ok && answer.value ? json_incref(answer.value) : NULL;
}

/* The properties of the types that matter, of those that there are; of some the emulator dies. */
static bool add_properties(Learning *learning, const json_t *arguments, json_t *facts,
                           GError **error)
{
    g_autoptr(GHashTable) types = cmd_learned_types(facts, arguments);
    json_t *properties = json_object(), *type;
    size_t i;
    json_object_set_new(facts, "properties", properties);
    json_array_foreach(json_object_get(facts, "types"), i, type)
    {
        g_autoptr(GError) problem = NULL;
        const char *name = json_string_value(json_object_get(type, "name"));
        if (!name || json_is_true(json_object_get(type, "abstract")) ||
            !g_hash_table_contains(types, name)) {
            continue;
        }
        json_t *list = fetch_properties(learning, name, &problem);
        if (problem) {
            g_propagate_error(error, g_steal_pointer(&problem));
            return false;
        }
        if (list) {
            json_object_set_new(properties, name, list);
        }
    }
    return true;
}

/* A machine as it is started: without the devices that the question is about. */
static json_t *bare_target(const CapsQuestion *question)
{
    json_t *target = json_copy(question->target);
    json_object_del(target, "devices");
    return target;
}

/* NULL without error: the emulator would not start it, and the answer says so. */
static json_t *gather(Learning *learning, json_t *target, const json_t *arguments, GError **error)
{
    g_auto(CapsAnswer) machine = {0};
    CapsQuestion question = {PRB_LEARN_MACHINE, NULL, target};
    json_t *facts = json_object();

    if (!add_common(learning, facts, error) ||
        !caps_asking_ask(learning->asking, &question, &machine, error)) {
        json_decref(facts);
        return NULL;
    }
    machine.stored &= learning->answer->stored;
    if (!machine.value) {
        caps_answer_done(learning->answer);
        *learning->answer = machine;
        machine = (CapsAnswer){0};
        json_decref(facts);
        return NULL;
    }
    json_object_update(facts, machine.value);
    json_object_set(facts, "machine", json_object_get(target, "machine"));
    if (!add_properties(learning, arguments, facts, error)) {
        json_decref(facts);
        return NULL;
    }
    learning->answer->stored = machine.stored;
    learning->answer->layer = machine.layer;
    learning->answer->asked = machine.asked;
    json_decref(learning->answer->inputs);
    learning->answer->inputs = json_incref(machine.inputs);
    return facts;
}

static CmdLearned *learn(Learning *learning, json_t *target, const json_t *arguments,
                         GError **error)
{
    json_t *facts = gather(learning, target, arguments, error);
    CmdLearned *learned = facts ? cmd_learned_read(facts, error) : NULL;
    json_decref(facts);
    return learned;
}

/* ---- the answer ------------------------------------------------------------------------------ */

/* The engine's own words, as those of a refusal. */
static void refuse(CapsAnswer *answer, const GError *problem)
{
    g_autofree char *findings = cmd_render_error(problem);
    answer->reason = g_strdup(prb_error_reason(PRB_ERROR_REFUSED));
    answer->message = g_strdup(g_strchomp(findings));
}

static json_t *run(const CmdLearned *learned, const char *command, json_t *arguments,
                   GError **error)
{
    g_autoptr(MdlCatalog) catalog = mdl_catalog_new();
    g_autoptr(CmdContext) context = cmd_context_new(catalog);
    WireReply reply = {0};
    cmd_context_set_learned(context, learned);
    bool ok = cmd_execute(context, command, arguments, &reply, error);
    json_decref(reply.depends_on);
    return ok ? reply.value : NULL;
}

/* Another machine of this emulator, given as a target, is given whole. False without error: it is
 * refused, and the answer says so. */
static bool replace_with(Learning *learning, json_t *arguments, json_t *first, GError **error)
{
    json_t *with = json_object_get(arguments, "with");
    if (!json_is_object(with)) {
        return true;
    }
    json_t *target = json_copy(with);
    if (!json_object_get(target, "machine")) {
        json_object_set(target, "machine", json_object_get(first, "machine"));
    }
    CapsQuestion other = {"query-hardware", NULL, target};
    json_t *bare = bare_target(&other);
    json_t *question = json_pack("{s:O}", "target", target);
    g_autoptr(CmdLearned) learned = learn(learning, bare, question, error);
    g_autoptr(GError) problem = NULL;
    json_t *export = learned ? run(learned, other.command, question, &problem) : NULL;
    if (export) {
        json_object_del(arguments, "with");
        json_object_set(arguments, "hardware", json_object_get(export, "hardware"));
    } else if (problem) {
        refuse(learning->answer, problem);
    }
    bool ok = export != NULL;
    json_decref(export);
    json_decref(question);
    json_decref(bare);
    json_decref(target);
    return ok;
}

/* False without error: the answer is a refusal. */
static bool answer(Learning *learning, json_t *target, json_t *arguments, GError **error)
{
    g_autoptr(GError) problem = NULL;
    if (!replace_with(learning, arguments, target, error)) {
        return false;
    }
    g_autoptr(CmdLearned) learned = learn(learning, target, arguments, error);
    if (!learned) {
        return false;
    }
    learning->answer->value = run(learned, learning->question->command, arguments, &problem);
    if (problem) {
        refuse(learning->answer, problem);
    }
    return true;
}

static bool work_out(Learning *learning, GError **error)
{
    const CapsQuestion *question = learning->question;
    g_autoptr(GError) problem = NULL;
    json_t *target = bare_target(question);
    json_t *arguments = question->arguments ? json_copy(question->arguments) : json_object();
    json_object_set(arguments, "target", question->target);
    *learning->answer = (CapsAnswer){.stored = true};
    answer(learning, target, arguments, &problem);
    json_decref(arguments);
    json_decref(target);
    if (g_error_matches(problem, CAPS_ERROR, CAPS_ERROR_UNKNOWN)) {
        g_clear_error(&problem);
        g_set_error(&problem, CAPS_ERROR, CAPS_ERROR_UNKNOWN,
                    "%s: machine %s is unknown so far, and may not be asked about now; "
                    "\"capsdb update --machines\" learns all, the same question without "
                    "--no-probe this one",
                    learning->asking->identity->path,
                    json_string_value(json_object_get(question->target, "machine")));
    }
    if (problem) {
        caps_answer_done(learning->answer);
        caps_pass_error(&problem, error);
        return false;
    }
    return true;
}

/* ---- keeping it ------------------------------------------------------------------------------ */

/* What is asked of a machine as it is comes again, and makes rows; lists of devices do not end. */
static bool is_kept(const CapsQuestion *question)
{
    return !json_object_size(question->arguments) && !json_object_get(question->target, "devices");
}

/* Answers are as good if they cannot be kept. */
static void keep(Learning *learning)
{
    CapsAsking *asking = learning->asking;
    const CapsQuestion machine = {PRB_LEARN_MACHINE, NULL, learning->question->target};
    const char *declared[8] = {CAPS_INPUT_ENGINE};
    const char *const *more = caps_declared_inputs(&machine);
    CapsAnswer answer = *learning->answer;
    answer.inputs = NULL;

    for (size_t i = 0; more[i] && i + 2 < G_N_ELEMENTS(declared); i++) {
        declared[i + 1] = more[i];
    }
    if (caps_asking_begin_saving(asking, NULL)) {
        bool ok = caps_answer_save(asking->store, asking->identity, learning->question, NULL,
                                   declared, asking->host, &answer, NULL);
        ok = caps_store_end(asking->store, ok, NULL);
        if (ok) {
            json_decref(learning->answer->inputs);
            learning->answer->inputs = json_incref(answer.inputs);
        }
        json_decref(answer.inputs);
    }
}

bool caps_learned_ask(CapsAsking *asking, const CapsQuestion *question, CapsAnswer *ret_answer,
                      GError **error)
{
    Learning learning = {.asking = asking, .question = question, .answer = ret_answer};
    if (!json_is_string(json_object_get(question->target, "machine"))) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_USAGE,
                    "%s is about a machine, and none is named (target.machine)", question->command);
        return false;
    }
    if (is_kept(question) && !asking->policy->again &&
        fetch_stored(&learning, question, ret_answer, NULL)) {
        return true;
    }
    if (!work_out(&learning, error)) {
        return false;
    }
    if (is_kept(question) && ret_answer->value) {
        keep(&learning);
    }
    return true;
}

/* ---- a machine as it is ---------------------------------------------------------------------- */

/* What makes the rows of a machine. */
static const char *const about_machine[] = {"query-device-slots", "query-cpu-slots",
                                            "query-hardware"};

static bool all_stored(Learning *learning, json_t *target)
{
    for (size_t i = 0; i < G_N_ELEMENTS(about_machine); i++) {
        CapsQuestion question = {about_machine[i], NULL, target};
        g_auto(CapsAnswer) answer = {0};
        if (!fetch_stored(learning, &question, &answer, NULL)) {
            return false;
        }
    }
    return true;
}

/* A refusal is kept too: it is what the engine has to say. */
static void answer_and_keep(Learning *learning, const CmdLearned *learned, const char *command,
                            json_t *target)
{
    CapsQuestion question = {command, NULL, target};
    CapsAnswer answer = {.asked = learning->answer->asked};
    Learning one = {learning->asking, &question, &answer, true};
    json_t *arguments = json_pack("{s:O}", "target", target);
    g_autoptr(GError) problem = NULL;
    answer.value = run(learned, command, arguments, &problem);
    if (problem) {
        refuse(&answer, problem);
    }
    keep(&one);
    json_decref(arguments);
    caps_answer_done(&answer);
}

bool caps_learn(CapsAsking *asking, json_t *target, CapsAnswer *ret_answer, GError **error)
{
    *ret_answer = (CapsAnswer){.stored = true};
    Learning learning = {.asking = asking, .answer = ret_answer};
    g_autoptr(GError) problem = NULL;
    if (!asking->policy->again && all_stored(&learning, target)) {
        return true;
    }
    json_t *question = json_pack("{s:O}", "target", target);
    g_autoptr(CmdLearned) learned = learn(&learning, target, question, &problem);
    json_decref(question);
    if (problem) {
        caps_pass_error(&problem, error);
        return false;
    }
    for (size_t i = 0; learned && i < G_N_ELEMENTS(about_machine); i++) {
        answer_and_keep(&learning, learned, about_machine[i], target);
    }
    return true;
}

bool caps_learned_command(const char *name)
{
    const ApiCommandInfo *command = api_command_find(name);
    return command && command->learned;
}
