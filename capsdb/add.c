/* add: all that an emulator tells of itself, stored in one transaction (collect.h). */
#include "asking.h"

#include "declared.h"
#include "flight.h"
#include "host.h"
#include "wire.h"

typedef struct Kept { /* one fact, until the transaction */
    CapsQuestion question;
    char *command;
    json_t *depends_on;
    CapsAnswer answer;
    bool quarantine;
} Kept;

typedef struct Adding {
    CapsAsking asking;
    GPtrArray *facts;        /* Kept * */
    GHashTable *quarantined; /* texts of questions */
} Adding;

static void free_kept(gpointer data)
{
    Kept *kept = data;
    g_free(kept->command);
    json_decref(kept->question.arguments);
    json_decref(kept->question.target);
    json_decref(kept->depends_on);
    caps_answer_done(&kept->answer);
    g_free(kept);
}

/* The arguments without the target, which is an input of its own here. */
static void split_target(json_t *arguments, CapsQuestion *ret_question)
{
    ret_question->arguments = arguments ? json_copy(arguments) : NULL;
    ret_question->target = json_incref(json_object_get(arguments, "target"));
    json_object_del(ret_question->arguments, "target");
    if (ret_question->arguments && !json_object_size(ret_question->arguments)) {
        g_clear_pointer(&ret_question->arguments, json_decref);
    }
}

static bool keep_fact(void *context, const PrbFact *fact, GError **error)
{
    (void)error;
    Adding *adding = context;
    Kept *kept = g_new0(Kept, 1);

    kept->command = g_strdup(fact->command);
    kept->question.command = kept->command;
    split_target(fact->arguments, &kept->question);
    kept->depends_on = json_incref(fact->depends_on);
    kept->answer = (CapsAnswer){.value = json_incref(fact->value),
                                .asked = g_get_real_time() / G_USEC_PER_SEC};
    kept->quarantine = fact->quarantine;
    if (fact->error) {
        caps_asking_describe(&adding->asking, &kept->answer, fact->error);
        kept->answer.transient = false; /* asked alone, it died again */
    }
    g_ptr_array_add(adding->facts, kept);
    return true;
}

static char *question_text(const char *command, json_t *arguments)
{
    g_autofree char *text = wire_json_print(arguments, WIRE_JSON_CANONICAL);
    return g_strjoin(" ", command, text, NULL);
}

/* What an admin forbids is not asked, whatever is known. */
static bool is_pinned(const Adding *adding, const char *command, json_t *arguments)
{
    CapsQuestion question = {.command = command};
    g_auto(CapsAnswer) answer = {0};

    split_target(arguments, &question);
    bool pinned = caps_pins_find(caps_layers_pins(adding->asking.layers), adding->asking.identity,
                                 &question, &answer);
    json_decref(question.arguments);
    json_decref(question.target);
    return pinned && answer.reason;
}

static bool is_quarantined(void *context, const char *command, json_t *arguments)
{
    Adding *adding = context;
    json_t *none = arguments ? NULL : json_object();
    g_autofree char *text = question_text(command, arguments ? arguments : none);

    json_decref(none);
    return is_pinned(adding, command, arguments) ||
           (!adding->asking.policy->again && g_hash_table_contains(adding->quarantined, text));
}

static void report_progress(void *context, size_t asked, size_t known)
{
    const CapsPolicy *policy = ((Adding *)context)->asking.policy;
    if (policy->progress) {
        policy->progress(policy->context, asked, known);
    }
}

/* What killed it before; 0 rows for an emulator that is new. */
static int load_quarantine(Adding *adding, CapsStore *store, GError **error)
{
    sqlite3_stmt *row = caps_store_prepare(
        store,
        "SELECT name, arguments FROM quarantine JOIN question ON question.id = question "
        "JOIN command ON command.id = command JOIN identity ON identity.id = identity "
        "WHERE identity.hash = ?",
        error, "h", adding->asking.identity->hash);
    int found = -1;

    while (row && (found = caps_store_step(store, row, error)) == 1) {
        g_hash_table_add(adding->quarantined,
                         g_strjoin(" ", (const char *)sqlite3_column_text(row, 0),
                                   (const char *)sqlite3_column_text(row, 1), NULL));
    }
    return found;
}

static bool save_facts(Adding *adding, CapsAdded *added, GError **error)
{
    CapsAsking *asking = &adding->asking;
    bool ok = true;

    for (guint i = 0; i < adding->facts->len && ok; i++) {
        Kept *kept = g_ptr_array_index(adding->facts, i);
        const char *const *declared = caps_declared_inputs(&kept->question);
        asking->question = &kept->question;
        ok = caps_answer_save(asking->store, asking->identity, &kept->question, kept->depends_on,
                              declared, asking->host, &kept->answer, error) &&
             (!kept->quarantine || caps_asking_quarantine(asking, &kept->answer, error));
        added->facts++;
        added->quarantined += kept->quarantine;
    }
    return ok;
}

/* As it was told; NULL: it was not. Free with g_free. */
static char *version_text(GPtrArray *facts)
{
    for (guint i = 0; i < facts->len; i++) {
        const Kept *kept = g_ptr_array_index(facts, i);
        if (kept->answer.value && g_str_equal(kept->command, CAPS_VERSION_COMMAND)) {
            return caps_version_text(kept->answer.value);
        }
    }
    return NULL;
}

static bool save_probe(Adding *adding, const CapsAdded *added, int64_t began, const GError *problem,
                       GError **error)
{
    CapsStore *store = adding->asking.store;
    int64_t id = caps_identity_row(store, adding->asking.identity, true, error);
    g_autofree char *version = version_text(adding->facts);
    g_autofree char *missing =
        added->survey.missing ? g_strjoinv("\n", added->survey.missing) : g_strdup("");

    return id &&
           caps_store_run(store,
                          "INSERT INTO probe (identity, began, took_ms, launches, facts, complete, "
                          "missing, reason, message, expires) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, "
                          /* a minute, then two, four, … up to a day; NULL if all went well */
                          "CASE WHEN ?8 NOTNULL THEN unixepoch() + min(86400, 60 << min(20, "
                          "(SELECT count(*) FROM probe WHERE identity = ?1 AND reason NOTNULL))) "
                          "END)",
                          error, "iiiiiittt", id, began / G_USEC_PER_SEC,
                          (g_get_real_time() - began) / 1000, (int64_t)added->survey.launches,
                          (int64_t)adding->facts->len, (int64_t)(problem == NULL), missing,
                          problem ? prb_error_reason(problem->code) : NULL,
                          problem ? problem->message : NULL) &&
           (!adding->facts->len ||
            caps_asking_note_kind(&adding->asking, added->survey.kind, version, error));
}

static bool save_all(Adding *adding, CapsAdded *added, int64_t began, const GError *problem,
                     GError **error)
{
    if (!caps_asking_begin_saving(&adding->asking, error)) {
        return false;
    }
    bool ok = save_facts(adding, added, error) && save_probe(adding, added, began, problem, error);
    return caps_store_end(adding->asking.store, ok, error);
}

/* An emulator that told nothing is believed to be so for a while, longer each time, as a single
 * answer is. False: error is what was said then. */
static bool may_try(const Adding *adding, GError **error)
{
    CapsStore *store = adding->asking.store;

    if (adding->asking.policy->again) {
        return true;
    }
    sqlite3_stmt *row = caps_store_prepare(
        store,
        "SELECT reason, message FROM probe JOIN identity ON identity.id = identity "
        "WHERE hash = ? AND expires > unixepoch() ORDER BY probe.id DESC LIMIT 1",
        error, "h", adding->asking.identity->hash);
    int found = row ? caps_store_step(store, row, error) : -1;

    if (found == 1) {
        prb_error_set(error, (const char *)sqlite3_column_text(row, 0),
                      (const char *)sqlite3_column_text(row, 1));
        sqlite3_reset(row);
    }
    return found == 0;
}

/* 1: a complete survey of this identity is stored. */
static int is_known(Adding *adding, CapsStore *store, GError **error)
{
    sqlite3_stmt *row =
        caps_store_prepare(store,
                           "SELECT 1 FROM probe JOIN identity ON identity.id = identity "
                           "WHERE hash = ? AND complete LIMIT 1",
                           error, "h", adding->asking.identity->hash);
    int found = row ? caps_store_step(store, row, error) : -1;

    if (row) {
        sqlite3_reset(row);
    }
    return adding->asking.policy->again ? MIN(found, 0) : found;
}

/* True: one of the layers says so. One that cannot be read is left out. */
static bool in_some_layer(Adding *adding, int (*look)(Adding *, CapsStore *, GError **))
{
    CapsLayers *layers = adding->asking.layers;
    int found = 0;

    for (size_t i = 0; i < caps_layers_count(layers) && found != 1; i++) {
        g_autoptr(GError) problem = NULL;
        CapsStore *store = caps_layers_store(layers, i);
        found = store ? look(adding, store, &problem) : 0;
        if (found < 0) {
            caps_layers_blame(layers, store, &problem);
        }
    }
    return found == 1;
}

static void run_survey(Adding *adding, const PrbSurveyOps *ops, CapsAdded *added, GError **error)
{
    const CapsIdentity *identity = adding->asking.identity;
    g_autofree char *text = NULL;
    gsize length;

    if (!identity->recording) {
        prb_survey_run(identity->file, &adding->asking.policy->limits, ops, adding, &added->survey,
                       error);
    } else if (g_file_get_contents(identity->file, &text, &length, error)) {
        prb_survey_replay(text, length, ops, adding, &added->survey, error);
        g_prefix_error(error, "%s: ", identity->path);
    }
}

static bool survey(Adding *adding, CapsAdded *added, GError **error)
{
    const CapsPolicy *policy = adding->asking.policy;
    const PrbSurveyOps ops = {keep_fact, is_quarantined, report_progress, policy->record};

    g_autoptr(GError) problem = NULL;
    g_autoptr(GError) trouble = NULL;
    int64_t began = g_get_real_time();

    run_survey(adding, &ops, added, &problem);
    if (!problem || problem->code != PRB_ERROR_SYSTEM) {
        save_all(adding, added, began, problem, &trouble);
    }
    if (trouble || problem) {
        g_propagate_error(error, trouble ? g_steal_pointer(&trouble) : g_steal_pointer(&problem));
        return false;
    }
    return true;
}

static bool add_unknown(Adding *adding, CapsAdded *added, GError **error)
{
    if (!caps_asking_has_layer(&adding->asking, error) || !may_try(adding, error)) {
        return false;
    }
    in_some_layer(adding, load_quarantine);
    return survey(adding, added, error);
}

bool caps_add(CapsLayers *layers, const char *path, const CapsPolicy *policy, CapsAdded *ret_added,
              GError **error)
{
    g_autoptr(GError) problem = NULL;
    Adding adding = {0};

    *ret_added = (CapsAdded){0};
    if (!caps_asking_begin(&adding.asking, layers, path, policy, error)) {
        return false;
    }
    adding.facts = g_ptr_array_new_with_free_func(free_kept);
    adding.quarantined = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    int flight = caps_flight_begin(adding.asking.store, adding.asking.identity->hash,
                                   3 * policy->limits.probe_ms, &problem);
    ret_added->known = !problem && in_some_layer(&adding, is_known);
    bool ok = !problem && (ret_added->known || add_unknown(&adding, ret_added, &problem));
    caps_flight_end(flight);
    g_ptr_array_unref(adding.facts);
    g_hash_table_unref(adding.quarantined);
    caps_asking_end(&adding.asking);
    caps_pass_error(&problem, error);
    return ok;
}

void caps_added_done(CapsAdded *added)
{
    prb_survey_done(&added->survey);
}
