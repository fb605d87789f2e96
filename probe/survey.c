/* survey: all the facts of a binary, whatever it dies of on the way.
 *
 * The questions are asked one at a time, so a death has one question to blame. That question is
 * then asked alone, of a new process: some emulators die only of the company a question kept. Dead
 * again, the question is quarantined and the rest goes on after it. It must not know what the
 * questions mean (plan.h) nor where the facts go. */
#include "jail.h"
#include "plan.h"

#define MAX_DEATHS 32 /* of one survey: an emulator that dies of everything is given up */

typedef struct Run {
    const char *path; /* NULL: a replay */
    const PrbLimits *limits;
    int64_t deadline;
    const PrbSurveyOps *ops;
    void *context;
    PrbConversation *conversation;
    PrbPlan *plan;
    PrbSurvey *survey;
} Run;

/* ---- the plan -------------------------------------------------------------------------------- */

static void free_question(gpointer data)
{
    PrbQuestion *question = data;
    g_free(question->command);
    json_decref(question->arguments);
    g_free(question);
}

PrbPlan *prb_plan_new(void)
{
    PrbPlan *plan = g_new0(PrbPlan, 1);
    plan->questions = g_ptr_array_new_with_free_func(free_question);
    plan->planned = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    return plan;
}

void prb_plan_free(PrbPlan *plan)
{
    g_ptr_array_unref(plan->questions);
    g_hash_table_unref(plan->planned);
    g_free(plan);
}

void prb_plan_add(PrbPlan *plan, const char *command, json_t *arguments)
{
    g_autofree char *words = arguments ? wire_json_print(arguments, WIRE_JSON_CANONICAL) : NULL;
    char *text = g_strconcat(command, words ? " " : "", words, NULL);

    if (!g_hash_table_add(plan->planned, text)) {
        json_decref(arguments);
        return;
    }
    PrbQuestion *question = g_new(PrbQuestion, 1);
    *question = (PrbQuestion){g_strdup(command), arguments};
    g_ptr_array_add(plan->questions, question);
}

void prb_plan_add_each(PrbPlan *plan, const char *command, const char *argument, json_t *list,
                       const char *member)
{
    json_t *row;
    size_t i;

    json_array_foreach(list, i, row)
    {
        json_t *name = json_object_get(row, member);
        if (wire_json_is_string(name)) {
            prb_plan_add(plan, command, json_pack("{s:O}", argument, name));
        }
    }
}

static void begin(Run *run)
{
    if (run->survey->kind == PRB_VITRINE) {
        prb_plan_begin_vitrine(run->plan);
    } else {
        prb_plan_begin_qemu(run->plan);
    }
}

static void grow(Run *run, const PrbFact *fact)
{
    if (run->survey->kind == PRB_VITRINE) {
        prb_plan_grow_vitrine(run->plan, fact);
    } else {
        prb_plan_grow_qemu(run->plan, fact);
    }
}

/* ---- launching ------------------------------------------------------------------------------- */

static bool launch(Run *run, GError **error)
{
    PrbLimits limits = *run->limits;
    int64_t left = run->deadline - g_get_monotonic_time();

    if (left <= 0) {
        g_set_error(error, PRB_ERROR, PRB_ERROR_SILENT,
                    "%s: the time for all its facts is up; ask again with a longer deadline",
                    run->path);
        return false;
    }
    limits.probe_ms = (unsigned)(left / 1000) + 1;
    prb_conversation_close(run->conversation);
    run->conversation = prb_conversation_open(run->path, NULL, NULL, &limits, error);
    if (!run->conversation) {
        return false;
    }
    run->survey->launches++;
    prb_conversation_record(run->conversation, run->ops->record);
    g_strfreev(run->survey->missing);
    run->survey->missing = g_strdupv((char **)prb_conversation_missing(run->conversation));
    return true;
}

/* ---- asking ---------------------------------------------------------------------------------- */

static void fact_done(PrbFact *fact, GError *problem)
{
    json_decref(fact->value);
    json_decref(fact->depends_on);
    g_clear_error(&problem);
}

static void ask_once(Run *run, const PrbQuestion *question, PrbFact *ret_fact, GError **ret_problem)
{
    *ret_fact = (PrbFact){.command = question->command, .arguments = question->arguments};
    g_clear_error(ret_problem);
    prb_ask(run->conversation, question->command, question->arguments, &ret_fact->value,
            &ret_fact->depends_on, ret_problem);
    ret_fact->error = *ret_problem;
}

/* After a death: the same question alone. True: the survey goes on; the fact says how. */
static bool ask_again(Run *run, const PrbQuestion *question, PrbFact *fact, GError **problem,
                      GError **error)
{
    /* Asking a second time what was not answered in time would cost that time again. */
    bool alone = (*problem)->code == PRB_ERROR_SILENT;

    if (!alone) {
        if (!launch(run, error)) {
            return false;
        }
        ask_once(run, question, fact, problem);
        alone = *problem && prb_error_is_end(*problem);
    }
    fact->quarantine = alone;
    return true;
}

/* The time that is up is the survey's, not the question's. */
static bool is_out_of_time(const Run *run, const GError *problem)
{
    return problem->code == PRB_ERROR_SILENT && g_get_monotonic_time() >= run->deadline;
}

static bool ask(Run *run, const PrbQuestion *question, GError **error)
{
    PrbFact fact;
    GError *problem = NULL;
    bool ok = true;

    ask_once(run, question, &fact, &problem);
    if (problem && problem->code == PRB_ERROR_NOT_RECORDED) {
        g_error_free(problem); /* a recording need not have all */
        return true;
    }
    if (problem && prb_error_is_end(problem)) {
        if (!run->path || is_out_of_time(run, problem)) {
            g_propagate_error(error, problem);
            return false;
        }
        run->survey->deaths++;
        ok = ask_again(run, question, &fact, &problem, error);
    }
    ok = ok && run->ops->fact(run->context, &fact, error);
    if (ok) {
        grow(run, &fact);
    }
    bool relaunch = fact.quarantine;
    fact_done(&fact, problem);
    if (ok && relaunch && run->survey->deaths >= MAX_DEATHS) {
        g_set_error(error, PRB_ERROR, PRB_ERROR_CRASHED, "%s: gave up after it died %u times",
                    run->path, run->survey->deaths);
        return false;
    }
    return ok && (!relaunch || launch(run, error));
}

static bool ask_all(Run *run, GError **error)
{
    begin(run);
    for (size_t i = 0; i < run->plan->questions->len; i++) {
        const PrbQuestion *question = g_ptr_array_index(run->plan->questions, i);
        if (run->ops->is_quarantined &&
            run->ops->is_quarantined(run->context, question->command, question->arguments)) {
            continue;
        }
        if (!ask(run, question, error)) {
            return false;
        }
        if (run->ops->progress) {
            run->ops->progress(run->context, i + 1, run->plan->questions->len);
        }
    }
    return true;
}

static bool finish(Run *run, bool started, GError **error)
{
    bool ok = false;

    if (started) {
        run->survey->kind = prb_conversation_kind(run->conversation);
        ok = ask_all(run, error);
    }
    prb_conversation_close(run->conversation);
    prb_plan_free(run->plan);
    return ok;
}

bool prb_survey_run(const char *path, const PrbLimits *limits, const PrbSurveyOps *ops,
                    void *context, PrbSurvey *ret_survey, GError **error)
{
    *ret_survey = (PrbSurvey){0};
    Run run = {.path = path,
               .limits = limits,
               .ops = ops,
               .context = context,
               .plan = prb_plan_new(),
               .survey = ret_survey,
               .deadline = g_get_monotonic_time() + limits->probe_ms * 1000LL};
    return finish(&run, launch(&run, error), error);
}

bool prb_survey_replay(const char *text, size_t length, const PrbSurveyOps *ops, void *context,
                       PrbSurvey *ret_survey, GError **error)
{
    *ret_survey = (PrbSurvey){0};
    Run run = {.ops = ops, .context = context, .plan = prb_plan_new(), .survey = ret_survey};
    run.conversation = prb_conversation_replay(text, length, error);
    return finish(&run, run.conversation != NULL, error);
}

void prb_survey_done(PrbSurvey *survey)
{
    g_clear_pointer(&survey->missing, g_strfreev);
}
