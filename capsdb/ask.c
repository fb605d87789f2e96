/* ask: one question, answered from the store or by the emulator (collect.h).
 *
 * Nothing is written while an emulator runs; what it said goes in with one transaction, and only if
 * the emulator on disk still is the one that was asked. */
#include "asking.h"

#include "declared.h"
#include "flight.h"
#include "host.h"
#include "launch.h"
#include "learning.h"
#include "wire.h"

#include <string.h>

CapsPolicy caps_policy_default(void)
{
    return (CapsPolicy){.may_probe = true, .limits = prb_limits_default};
}

static int64_t now_seconds(void)
{
    return g_get_real_time() / G_USEC_PER_SEC;
}

/* ---- one question ---------------------------------------------------------------------------- */

/* The arguments of a question to one of ours: the target is one of them. */
static json_t *arguments_with_target(const CapsQuestion *question)
{
    json_t *arguments = question->arguments ? json_copy(question->arguments) : json_object();
    if (question->target) {
        json_object_set(arguments, "target", question->target);
    }
    return arguments;
}

PrbConversation *caps_recording_open(const CapsIdentity *identity, GError **error)
{
    g_autofree char *text = NULL;
    gsize length;

    if (!g_file_get_contents(identity->file, &text, &length, error)) {
        return NULL;
    }
    PrbConversation *conversation = prb_conversation_replay(text, length, error);
    if (!conversation) {
        g_prefix_error(error, "%s: ", identity->path);
    }
    return conversation;
}

static const char *const kinds[] = {[PRB_QEMU] = "qemu", [PRB_VITRINE] = "vitrine"};

/* What one layer knows it for; false: nothing. */
static bool kind_in(CapsStore *store, const CapsAsking *asking, PrbKind *ret_kind)
{
    sqlite3_stmt *row =
        caps_store_prepare(store, "SELECT kind FROM identity WHERE hash = ? AND kind NOTNULL", NULL,
                           "h", asking->identity->hash);
    bool known = row && caps_store_step(store, row, NULL) == 1;
    if (known) {
        const char *kind = (const char *)sqlite3_column_text(row, 0);
        *ret_kind = g_strcmp0(kind, kinds[PRB_VITRINE]) == 0 ? PRB_VITRINE : PRB_QEMU;
    }
    if (row) {
        sqlite3_reset(row);
    }
    return known;
}

bool caps_asking_kind(const CapsAsking *asking, PrbKind *ret_kind)
{
    for (size_t i = 0; i < caps_layers_count(asking->layers); i++) {
        CapsStore *store = caps_layers_store(asking->layers, i);
        if (store && kind_in(store, asking, ret_kind)) {
            return true;
        }
    }
    return false;
}

static bool is_known_qemu(const CapsAsking *asking)
{
    PrbKind kind;
    return caps_asking_kind(asking, &kind) && kind == PRB_QEMU;
}

/* A QEMU takes the target on its command line. What refuses to start there is an emulator all the
 * same: it started before. */
static PrbConversation *open_for_target(const CapsAsking *asking, GError **error)
{
    g_autoptr(GError) problem = NULL;
    PrbConversation *conversation =
        caps_launch(asking->identity->file, asking->question, &asking->policy->limits, &problem);

    if (problem && problem->code == PRB_ERROR_NOT_AN_EMULATOR) {
        problem->code = PRB_ERROR_REFUSED;
    }
    caps_pass_error(&problem, error);
    return conversation;
}

/* Which of the two an emulator is, its greeting tells; one that is new is launched bare for that.
 */
static PrbConversation *open_conversation(const CapsAsking *asking, GError **error)
{
    bool has_target = asking->question->target != NULL;

    if (asking->identity->recording) {
        return caps_recording_open(asking->identity, error);
    }
    if (has_target && is_known_qemu(asking)) {
        return open_for_target(asking, error);
    }
    PrbConversation *conversation =
        prb_conversation_open(asking->identity->file, NULL, NULL, &asking->policy->limits, error);
    if (conversation && has_target && prb_conversation_kind(conversation) == PRB_QEMU &&
        !caps_learned_command(asking->question->command)) {
        prb_conversation_close(conversation);
        return open_for_target(asking, error);
    }
    return conversation;
}

/* The value as it will come out of the store: a caller sees no difference between the two. */
static json_t *canonical(json_t *value)
{
    g_autofree char *text = wire_json_print(value, WIRE_JSON_CANONICAL);
    static const WireLimits limits = {.max_bytes = SIZE_MAX / 2, .max_depth = 1024};

    json_decref(value);
    return wire_json_parse(text, strlen(text), &limits, NULL);
}

static void ask_emulator(CapsAsking *asking, CapsAnswer *answer, GError **error)
{
    const CapsQuestion *question = asking->question;
    g_autoptr(PrbConversation) conversation = open_conversation(asking, error);

    if (!conversation) {
        return;
    }
    asking->greeted = true;
    asking->tells = prb_conversation_kind(conversation) == PRB_VITRINE;
    if (!asking->tells &&
        (caps_learned_command(question->command) || !caps_declared_may_ask(question))) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_USAGE,
                    "%s is not a question: it may change things", question->command);
        return;
    }
    json_t *arguments =
        asking->tells ? arguments_with_target(question) : json_incref(question->arguments);
    json_t *value;
    if (prb_ask_any(conversation, question->command, arguments, &value, &asking->depends_on,
                    error)) {
        answer->value = canonical(value);
    }
    json_decref(arguments);
}

/* Is this about the emulator's answer, or about us? */
static bool is_answer(const GError *problem)
{
    return problem->domain == PRB_ERROR && problem->code != PRB_ERROR_SYSTEM &&
           problem->code != PRB_ERROR_NOT_RECORDED && problem->code != PRB_ERROR_NOT_FOUND &&
           problem->code != PRB_ERROR_NOT_EXECUTABLE;
}

bool caps_asking_quarantine(const CapsAsking *asking, const CapsAnswer *answer, GError **error)
{
    int64_t id = caps_identity_row(asking->store, asking->identity, true, error);
    int64_t row = id ? caps_question_row(asking->store, asking->question, true, error) : 0;

    if (row && answer->value) {
        return caps_store_run(asking->store,
                              "DELETE FROM quarantine WHERE question = ? AND identity = ?", error,
                              "ii", row, id);
    }
    return row &&
           caps_store_run(asking->store, "INSERT OR REPLACE INTO quarantine VALUES (?, ?, ?, ?, ?)",
                          error, "iitti", row, id, answer->reason, answer->message, answer->asked);
}

/* False with error: another emulator is at that path by now. Packages are upgraded while we ask. */
static bool is_still_there(const CapsAsking *asking, GError **error)
{
    const CapsIdentity *identity = asking->identity;
    g_autoptr(CapsIdentity) now = caps_layers_identify(asking->layers, identity->path, error);

    if (now && !g_str_equal(now->hash, identity->hash)) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_REPLACED,
                    "%s was replaced while it was asked; ask again", identity->path);
        return false;
    }
    return now != NULL;
}

bool caps_asking_has_layer(CapsAsking *asking, GError **error)
{
    asking->store = caps_layers_own(asking->layers);
    if (!asking->store) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_READ_ONLY, "%s: there is no layer to keep it in",
                    asking->identity->path);
    }
    return asking->store != NULL;
}

bool caps_asking_begin_saving(CapsAsking *asking, GError **error)
{
    return is_still_there(asking, error) && caps_asking_has_layer(asking, error) &&
           caps_store_begin(asking->store, error);
}

char *caps_version_text(json_t *reply)
{
    json_t *triple = json_object_get(reply, "qemu");
    const char *package = json_string_value(json_object_get(reply, "package"));
    bool packaged = package && *package;
    json_int_t part[] = {json_integer_value(json_object_get(triple, "major")),
                         json_integer_value(json_object_get(triple, "minor")),
                         json_integer_value(json_object_get(triple, "micro"))};

    return g_strdup_printf("%lld.%lld.%lld%s%s%s", (long long)part[0], (long long)part[1],
                           (long long)part[2], packaged ? " (" : "", packaged ? package : "",
                           packaged ? ")" : "");
}

bool caps_asking_note_kind(const CapsAsking *asking, PrbKind kind, const char *version,
                           GError **error)
{
    return caps_store_run(asking->store,
                          "UPDATE identity SET kind = ?, version = COALESCE(?, version) "
                          "WHERE hash = ?",
                          error, "tth", kinds[kind], version, asking->identity->hash);
}

static bool save_answer(CapsAsking *asking, CapsAnswer *answer, GError **error)
{
    /* A refused target was not checked by anybody who tells inputs: all of it is one. */
    const char *const all[] = {CAPS_INPUT_TARGET, NULL};
    const char *const *declared =
        asking->tells && asking->question->target ? all : caps_declared_inputs(asking->question);
    json_t *depends_on = answer->value && asking->tells ? asking->depends_on : NULL;

    if (!caps_asking_begin_saving(asking, error)) {
        return false;
    }
    bool ok = caps_answer_save(asking->store, asking->identity, asking->question, depends_on,
                               declared, asking->host, answer, error);
    if (ok &&
        (answer->value || g_strcmp0(answer->reason, prb_error_reason(PRB_ERROR_CRASHED)) == 0)) {
        ok = caps_asking_quarantine(asking, answer, error);
    }
    if (ok && asking->greeted) {
        bool told = answer->value && g_str_equal(asking->question->command, CAPS_VERSION_COMMAND);
        g_autofree char *version = told ? caps_version_text(answer->value) : NULL;
        ok = caps_asking_note_kind(asking, asking->tells ? PRB_VITRINE : PRB_QEMU, version, error);
    }
    return caps_store_end(asking->store, ok, error);
}

void caps_asking_describe(const CapsAsking *asking, CapsAnswer *answer, const GError *problem)
{
    const CapsIdentity *identity = asking->identity;
    g_autofree char *valid = g_utf8_make_valid(problem->message, -1);
    g_autoptr(GString) message = g_string_new(valid);

    g_string_replace(message, identity->file, identity->path, 0);
    answer->reason = g_strdup(prb_error_reason(problem->code));
    answer->message = g_strdup(message->str);
    answer->transient = problem->code != PRB_ERROR_REFUSED && problem->code != PRB_ERROR_CRASHED;
}

/* The answer is as good if it cannot be kept: a full disk, a writer that takes its time. */
static bool is_only_unsaved(const GError *problem)
{
    return problem->domain == CAPS_ERROR &&
           (problem->code == CAPS_ERROR_FAILED || problem->code == CAPS_ERROR_UNUSABLE ||
            problem->code == CAPS_ERROR_LOCKED || problem->code == CAPS_ERROR_READ_ONLY ||
            problem->code == CAPS_ERROR_DAMAGED);
}

/* What is found damaged while it is written is not asked of again. */
static void leave_damaged(CapsAsking *asking, GError **problem)
{
    if (asking->store && g_error_matches(*problem, CAPS_ERROR, CAPS_ERROR_DAMAGED)) {
        caps_layers_blame(asking->layers, asking->store, problem);
        asking->store = caps_layers_own(asking->layers);
    }
}

static bool ask_and_save(CapsAsking *asking, CapsAnswer *ret_answer, GError **error)
{
    g_auto(CapsAnswer) answer = {.asked = now_seconds()};
    g_autoptr(GError) problem = NULL;

    ask_emulator(asking, &answer, &problem);
    if (problem && !is_answer(problem)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    if (problem) {
        caps_asking_describe(asking, &answer, problem);
        g_clear_error(&problem);
    }
    bool ok = save_answer(asking, &answer, &problem);
    g_clear_pointer(&asking->depends_on, json_decref);
    if (!ok && !is_only_unsaved(problem)) {
        g_propagate_error(error, g_steal_pointer(&problem));
        return false;
    }
    if (!ok) {
        answer.unsaved = g_strdup(problem->message);
        leave_damaged(asking, &problem);
    }
    *ret_answer = answer;
    answer = (CapsAnswer){0};
    return true;
}

static char *flight_key(const CapsAsking *asking)
{
    json_t *arguments = arguments_with_target(asking->question);
    g_autofree char *text = wire_json_print(arguments, WIRE_JSON_CANONICAL);

    json_decref(arguments);
    return g_strjoin(" ", asking->identity->hash, asking->question->command, text, NULL);
}

static bool find(const CapsAsking *asking, CapsAnswer *ret_answer)
{
    return !asking->policy->again && caps_layers_find(asking->layers, asking->identity,
                                                      asking->question, asking->host, ret_answer);
}

/* What an admin forbids is not asked by --again either. */
static bool is_pinned(const CapsAsking *asking, CapsAnswer *ret_answer)
{
    return asking->policy->again && caps_pins_find(caps_layers_pins(asking->layers),
                                                   asking->identity, asking->question, ret_answer);
}

/* Asks, or waits for the one who does and takes what that one learned. */
static bool ask_once(CapsAsking *asking, CapsAnswer *ret_answer, GError **error)
{
    g_autoptr(GError) problem = NULL;
    g_autofree char *key = flight_key(asking);
    const PrbLimits *limits = &asking->policy->limits;
    asking->store = caps_layers_own(asking->layers);
    int flight = caps_flight_begin(asking->store, key, 3 * limits->probe_ms, &problem);
    bool ok = !problem && (find(asking, ret_answer) || ask_and_save(asking, ret_answer, &problem));

    caps_flight_end(flight);
    caps_pass_error(&problem, error);
    return ok;
}

bool caps_asking_begin(CapsAsking *asking, CapsLayers *layers, const char *path,
                       const CapsPolicy *policy, GError **error)
{
    *asking = (CapsAsking){.layers = layers, .policy = policy};
    asking->identity = caps_layers_identify(layers, path, error);
    if (!asking->identity || !caps_layers_may_hold(layers, asking->identity, error)) {
        caps_asking_end(asking);
        return false;
    }
    asking->store = caps_layers_own(layers);
    asking->host = caps_host_hash(NULL);
    return true;
}

void caps_asking_end(CapsAsking *asking)
{
    g_clear_pointer(&asking->identity, caps_identity_free);
    g_clear_pointer(&asking->host, g_free);
}

bool caps_asking_ask(CapsAsking *asking, const CapsQuestion *question, CapsAnswer *ret_answer,
                     GError **error)
{
    asking->question = question;
    if (find(asking, ret_answer) || is_pinned(asking, ret_answer)) {
        return true;
    }
    if (!asking->policy->may_probe) {
        g_set_error(error, CAPS_ERROR, CAPS_ERROR_UNKNOWN,
                    "%s: nothing is stored that answers %s, and it may not be asked",
                    asking->identity->path, question->command);
        return false;
    }
    return ask_once(asking, ret_answer, error);
}

bool caps_ask(CapsLayers *layers, const char *path, const CapsQuestion *question,
              const CapsPolicy *policy, CapsAnswer *ret_answer, GError **error)
{
    CapsAsking asking;

    if (!caps_asking_begin(&asking, layers, path, policy, error)) {
        return false;
    }
    g_autoptr(GError) problem = NULL;
    bool may_be_learned = caps_learned_command(question->command);
    bool learned = may_be_learned && is_known_qemu(&asking);
    bool ok = !learned && caps_asking_ask(&asking, question, ret_answer, &problem);
    if (!ok && !learned && may_be_learned && asking.greeted && !asking.tells) {
        learned = true; /* that is what it turned out to be */
        g_clear_error(&problem);
    }
    ok = learned ? caps_learned_ask(&asking, question, ret_answer, &problem) : ok;
    caps_asking_end(&asking);
    caps_pass_error(&problem, error);
    return ok;
}
