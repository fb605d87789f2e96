/* Asking: every answer from the database is the one the emulator gives, and asking is rare. */
#include "collect.h"
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#define TELLER  VITRINE_TESTS "/capsdb/emulators/teller"
#define HOSTILE VITRINE_TESTS "/hostile/"

typedef struct Place {
    char *folder, *file;
    CapsLayers *layers;
    CapsStore *store; /* of layers */
} Place;

static CapsLayers *open_layers(const char *file)
{
    const CapsPlace place = {.file = file};
    return caps_layers_open(&place, NULL);
}

static int set_up(void **state)
{
    Place *place = g_new0(Place, 1);
    place->folder = g_dir_make_tmp("capsdb-ask-XXXXXX", NULL);
    place->file = g_build_filename(place->folder, "capsdb.db", NULL);
    place->layers = open_layers(place->file);
    *state = place;
    if (!place->layers) {
        return -1;
    }
    place->store = caps_layers_own(place->layers);
    return 0;
}

static int tear_down(void **state)
{
    Place *place = *state;
    g_autofree char *remove = g_strdup_printf("rm -rf '%s'", place->folder);
    caps_layers_close(place->layers);
    int status = system(remove);
    g_free(place->folder);
    g_free(place->file);
    g_free(place);
    return status;
}

static json_t *parse(const char *text)
{
    json_t *value = text ? wire_json_parse(text, strlen(text), &wire_limits_request, NULL) : NULL;
    assert_true(!text || value);
    return value;
}

/* The answer as text: the value, or the reason and message. ret_stored: it was in the store. */
static char *ask(CapsLayers *layers, const char *path, const char *command, const char *target,
                 bool again, bool *ret_stored)
{
    CapsPolicy policy = caps_policy_default();
    CapsQuestion question = {.command = command, .target = parse(target)};
    g_auto(CapsAnswer) answer = {0};
    g_autoptr(GError) error = NULL;

    policy.again = again;
    if (!caps_ask(layers, path, &question, &policy, &answer, &error)) {
        fail_msg("%s", error->message);
    }
    json_decref(question.target);
    *ret_stored = answer.stored;
    return answer.value ? wire_json_print(answer.value, WIRE_JSON_CANONICAL)
                        : g_strdup_printf("%s: %s", answer.reason, answer.message);
}

static int64_t count(CapsStore *store, const char *table)
{
    g_autofree char *sql = g_strconcat("SELECT count(*) FROM ", table, NULL);
    sqlite3_stmt *row = caps_store_prepare(store, sql, NULL, "");
    assert_int_equal(caps_store_step(store, row, NULL), 1);
    int64_t number = sqlite3_column_int64(row, 0);
    sqlite3_reset(row);
    return number;
}

/* Every combination of words, each way to say them: what comes from the store is what a fresh
 * launch says, and the rows are as few as the answers. */
static void test_every_combination(void **state)
{
    const Place *place = *state;
    static const char *const machines[] = {"board", "board-1.0"};
    static const char *const accels[] = {"", ",\"accel\":\"tcg\""};
    static const char *const options[] = {
        "", ",\"options\":{\"a\":\"on\"}", ",\"options\":{\"a\":\"true\",\"b\":\"on\"}",
        ",\"options\":{\"b\":\"off\"}", ",\"options\":{\"bogus\":\"on\"}"};
    static const char *const memories[] = {"", ",\"memory\":\"131072K\"", ",\"memory\":\"1G\""};
    static const char *const layers[] = {"", ",\"nodefaults\":true"};
    unsigned combinations = 0, launched = 0, refused = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(machines) * G_N_ELEMENTS(accels) * G_N_ELEMENTS(options) *
                               G_N_ELEMENTS(memories) * G_N_ELEMENTS(layers);
         i++) {
        size_t n = i;
#define PICK(list) list[n % G_N_ELEMENTS(list)]
#define NEXT(list) n /= G_N_ELEMENTS(list)
        GString *target = g_string_new(NULL);
        const char *layer = PICK(layers);
        NEXT(layers);
        const char *memory = PICK(memories);
        NEXT(memories);
        const char *option = PICK(options);
        NEXT(options);
        const char *accel = PICK(accels);
        NEXT(accels);
        g_string_printf(target, "{\"machine\":\"%s\"%s%s%s%s}", PICK(machines), accel, option,
                        memory, layer);
        bool stored, again;
        g_autofree char *got =
            ask(place->layers, TELLER, "query-hardware", target->str, false, &stored);
        if (stored) { /* what was launched for is fresh */
            g_autofree char *fresh =
                ask(place->layers, TELLER, "query-hardware", target->str, true, &again);
            if (strcmp(got, fresh)) {
                fail_msg("%s: %s, fresh %s", target->str, got, fresh);
            }
        }
        combinations++;
        launched += !stored;
        refused += g_str_has_prefix(got, "Refused");
        g_string_free(target, TRUE);
    }
    sqlite3_stmt *row = caps_store_prepare(
        place->store, "SELECT count(*) FROM answer WHERE reason ISNULL", NULL, "");
    assert_int_equal(caps_store_step(place->store, row, NULL), 1);
    /* a off; a on with 128M or 1G; each with and without nodefaults. */
    assert_int_equal(sqlite3_column_int(row, 0), 6);
    sqlite3_reset(row);
    print_message("%u combinations, 6 rows of replies, %u launches\n", combinations, launched);
    assert_true(launched - refused < 20);
}

/* Words that mean two things prove nothing: the default of memory hangs on cpu, which is not told.
 */
static void test_words_that_mean_two_things(void **state)
{
    const Place *place = *state;
    static const char *const targets[] = {
        "{\"machine\":\"board-2.0\"}",
        "{\"machine\":\"board-2.0\",\"cpu\":\"big\"}",
        "{\"machine\":\"board-2.0\",\"cpu\":\"small\"}",
    };
    bool stored;
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < G_N_ELEMENTS(targets); i++) {
            g_autofree char *got =
                ask(place->layers, TELLER, "query-hardware", targets[i], false, &stored);
            assert_string_equal(got, i == 1 ? "{\"a\":\"off\",\"machine\":\"board-2.0\","
                                              "\"memory\":\"256M\"}"
                                            : "{\"a\":\"off\",\"machine\":\"board-2.0\","
                                              "\"memory\":\"128M\"}");
        }
    }
}

static void test_the_second_time_nothing_is_launched(void **state)
{
    const Place *place = *state;
    bool first, second, third;
    g_autofree char *one = ask(place->layers, TELLER, "query-version", NULL, false, &first);
    g_autofree char *two = ask(place->layers, TELLER, "query-version", NULL, false, &second);
    assert_false(first);
    assert_true(second);
    assert_string_equal(one, two);
    g_free(ask(place->layers, TELLER, "query-version", NULL, true, &third));
    assert_false(third);
    assert_int_equal(count(place->store, "answer"), 1);
}

static void test_inputs_that_cannot_be_compared_are_not_stored(void **state)
{
    const Place *place = *state;
    bool stored;
    g_free(ask(place->layers, TELLER, "query-file", NULL, false, &stored));
    g_free(ask(place->layers, TELLER, "query-file", NULL, false, &stored));
    assert_false(stored);
    assert_int_equal(count(place->store, "answer"), 0);
}

static void test_a_refusal_is_kept_with_its_words(void **state)
{
    const Place *place = *state;
    bool stored;
    for (int i = 0; i < 2; i++) {
        g_autofree char *got =
            ask(place->layers, TELLER, "query-hardware", "{\"machine\":\"x\"}", false, &stored);
        assert_string_equal(got, "Refused: there is no machine x");
        assert_int_equal(stored, i);
    }
}

/* A failure is believed for a while, longer each time, and then tried again. */
static void test_failures_expire(void **state)
{
    const Place *place = *state;
    const char *path = HOSTILE "not-json";
    CapsQuestion question = {.command = "query-version"};
    g_autoptr(CapsIdentity) identity = caps_identity_new(NULL, path, place->store, NULL);
    int64_t last = 0;

    for (int attempt = 1; attempt <= 3; attempt++) {
        bool stored;
        g_autofree char *got = ask(place->layers, path, "query-version", NULL, true, &stored);
        g_autofree char *kept = ask(place->layers, path, "query-version", NULL, false, &stored);
        assert_true(stored);
        assert_string_equal(got, kept);
        assert_true(g_str_has_prefix(got, "Malformed: "));
        g_auto(CapsAnswer) answer = {0};
        assert_int_equal(caps_answer_find(place->store, identity, &question, "", &answer, NULL), 1);
        assert_int_equal(answer.attempts, attempt);
        assert_true(answer.expires - answer.asked > last);
        last = answer.expires - answer.asked;
    }
}

static void test_what_kills_is_quarantined(void **state)
{
    const Place *place = *state;
    CapsPolicy policy = caps_policy_default();
    g_auto(CapsAdded) first = {0};
    g_auto(CapsAdded) second = {0};
    g_auto(CapsAdded) third = {0};
    assert_true(caps_add(place->layers, HOSTILE "dies-on-item", &policy, &first, NULL));
    assert_int_equal(first.quarantined, 1);
    assert_int_equal(count(place->store, "quarantine"), 1);
    assert_true(caps_add(place->layers, HOSTILE "dies-on-item", &policy, &second, NULL));
    assert_true(second.known);
    assert_int_equal(second.survey.launches, 0);
    /* As if interrupted: asked again, but not what killed it. */
    assert_true(caps_store_run(place->store, "DELETE FROM probe", NULL, ""));
    assert_true(caps_add(place->layers, HOSTILE "dies-on-item", &policy, &third, NULL));
    assert_int_equal(third.survey.deaths, 0);
    assert_int_equal(third.survey.launches, 1);
}

static void test_without_leave_nothing_is_launched(void **state)
{
    const Place *place = *state;
    CapsPolicy policy = caps_policy_default();
    CapsQuestion question = {.command = "query-version"};
    g_auto(CapsAnswer) answer = {0};
    g_autoptr(GError) error = NULL;
    policy.may_probe = false;
    assert_false(caps_ask(place->layers, TELLER, &question, &policy, &answer, &error));
    assert_true(g_error_matches(error, CAPS_ERROR, CAPS_ERROR_UNKNOWN));
}

/* What cannot be stored is answered all the same; who only reads does not wait for a writer. */
static void test_a_store_that_takes_nothing(void **state)
{
    const Place *place = *state;
    g_autoptr(CapsStore) writer = caps_store_open(place->file, CAPS_STORE_WRITE, NULL);
    CapsPolicy policy = caps_policy_default();
    CapsQuestion question = {.command = "query-version"};
    g_auto(CapsAnswer) locked = {0};
    g_auto(CapsAnswer) full = {0};
    bool stored;

    assert_true(caps_store_begin(writer, NULL));
    caps_store_set_patience(place->store, false);
    assert_true(caps_ask(place->layers, TELLER, &question, &policy, &locked, NULL));
    assert_non_null(locked.value);
    assert_non_null(strstr(locked.unsaved, "another process holds it"));
    assert_false(caps_store_end(writer, false, NULL)); /* rolled back */

    assert_int_equal(sqlite3_exec(caps_store_sqlite(place->store), "PRAGMA max_page_count = 1",
                                  NULL, NULL, NULL),
                     SQLITE_OK);
    g_autofree char *huge = g_strnfill(200000, 'x');
    question.arguments = json_pack("{s:s}", "name", huge);
    assert_true(caps_ask(place->layers, TELLER, &question, &policy, &full, NULL));
    json_decref(question.arguments);
    assert_non_null(strstr(full.unsaved, "full"));
    assert_int_equal(count(place->store, "answer"), 0); /* nor half of it */
    assert_int_equal(sqlite3_exec(caps_store_sqlite(place->store),
                                  "PRAGMA max_page_count = 1000000", NULL, NULL, NULL),
                     SQLITE_OK);
    g_free(ask(place->layers, TELLER, "query-version", NULL, false, &stored));
    assert_true(caps_store_begin(writer, NULL));
    g_free(ask(place->layers, TELLER, "query-version", NULL, false, &stored));
    assert_true(stored);                               /* while the other one writes */
    assert_false(caps_store_end(writer, false, NULL)); /* rolled back */
}

/* An emulator that tells nothing costs one deadline, not one for each who wants it. */
static void test_what_cannot_be_added_is_not_tried_at_once(void **state)
{
    const Place *place = *state;
    CapsPolicy policy = caps_policy_default();
    policy.limits.probe_ms = policy.limits.command_ms = 300;
    for (int i = 0; i < 2; i++) {
        g_auto(CapsAdded) added = {0};
        g_autoptr(GError) error = NULL;
        assert_false(caps_add(place->layers, HOSTILE "silent", &policy, &added, &error));
        assert_true(g_error_matches(error, PRB_ERROR, PRB_ERROR_SILENT));
        assert_int_equal(count(place->store, "probe"), 1);
    }
    g_auto(CapsAdded) added = {0};
    policy.again = true;
    assert_false(caps_add(place->layers, HOSTILE "silent", &policy, &added, NULL));
    assert_int_equal(count(place->store, "probe"), 2);
    assert_int_equal(count(place->store, "probe WHERE expires - began > 100"), 1);
}

/* Eight processes want the same at once: one launches. Told by the answers: one is not stored. */
static void test_one_asker_asks(void **state)
{
    const Place *place = *state;
    int told[2], fresh = 0, answers = 0;
    char stored;

    assert_int_equal(pipe(told), 0);
    for (int i = 0; i < 8; i++) {
        if (fork() == 0) {
            CapsLayers *layers = open_layers(place->file);
            bool was;
            g_autofree char *got =
                ask(layers, TELLER, "query-hardware", "{\"machine\":\"board\"}", false, &was);
            stored = was;
            (void)!write(told[1], &stored, 1);
            _exit(got ? 0 : 1);
        }
    }
    close(told[1]);
    while (read(told[0], &stored, 1) == 1) {
        fresh += !stored;
        answers++;
    }
    while (wait(NULL) > 0) {
    }
    assert_int_equal(answers, 8);
    assert_int_equal(fresh, 1);
}

/* Killed while it asks, an asker blocks nobody. */
static void test_a_dead_asker_blocks_nobody(void **state)
{
    const Place *place = *state;
    bool stored;
    pid_t pid = fork();
    if (pid == 0) {
        CapsLayers *layers = open_layers(place->file);
        g_free(ask(layers, HOSTILE "silent", "query-version", NULL, false, &stored));
        _exit(0);
    }
    g_usleep(300 * 1000);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    CapsPolicy policy = caps_policy_default();
    policy.limits.probe_ms = policy.limits.command_ms = 300;
    CapsQuestion question = {.command = "query-version"};
    g_auto(CapsAnswer) answer = {0};
    assert_true(caps_ask(place->layers, HOSTILE "silent", &question, &policy, &answer, NULL));
    assert_string_equal(answer.reason, "Silent");
}

/* Our own emulator, random words for every option: what is stored is what a fresh launch says, and
 * the rows are fewer than the combinations. */
static void test_combinations_of_our_own_machine(void **state)
{
    const Place *place = *state;
    static const char *const commands[] = {"query-cpu-slots", "query-memory-slots",
                                           "query-device-slots"};
    static const char *const machines[] = {"virt", "virt-1.0", "virt-minimal"};
    static const char *const aclint[] = {"", ",\"aclint\":\"on\"", ",\"aclint\":\"off\""};
    static const char *const transports[] = {"", ",\"virtio-transports\":\"4\""};
    static const char *const memories[] = {"", ",\"memory\":\"1G\"", ",\"memory\":\"1024M\""};
    static const char *const topologies[] = {"", ",\"smp\":{\"cpus\":2}"};
    g_autoptr(GRand) chance = g_rand_new_with_seed(11);
    unsigned found = 0, rounds = 60;

    if (!g_file_test(VITRINE_BIN "/vitrine", G_FILE_TEST_IS_EXECUTABLE)) {
        print_message("skipped: there is no vitrine here\n");
        skip();
    }
#define ANY(list) list[g_rand_int_range(chance, 0, G_N_ELEMENTS(list))]
    for (unsigned i = 0; i < rounds; i++) {
        bool stored, again;
        const char *command = ANY(commands);
        g_autofree char *target =
            g_strdup_printf("{\"machine\":\"%s\",\"options\":{\"pcie\":\"%s\"%s%s}%s%s}",
                            ANY(machines), g_rand_boolean(chance) ? "on" : "off", ANY(aclint),
                            ANY(transports), ANY(memories), ANY(topologies));
        g_autofree char *got =
            ask(place->layers, VITRINE_BIN "/vitrine", command, target, false, &stored);
        if (stored) {
            g_autofree char *fresh =
                ask(place->layers, VITRINE_BIN "/vitrine", command, target, true, &again);
            if (strcmp(got, fresh)) {
                fail_msg("%s %s: stored %s, fresh %s", command, target, got, fresh);
            }
            found++;
        }
    }
    print_message("%u of %u found, %d rows of replies\n", found, rounds,
                  (int)count(place->store, "answer WHERE reply NOTNULL"));
    assert_true(found > 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_every_combination),
        TEST(test_combinations_of_our_own_machine),
        TEST(test_words_that_mean_two_things),
        TEST(test_the_second_time_nothing_is_launched),
        TEST(test_inputs_that_cannot_be_compared_are_not_stored),
        TEST(test_a_refusal_is_kept_with_its_words),
        TEST(test_failures_expire),
        TEST(test_what_kills_is_quarantined),
        TEST(test_without_leave_nothing_is_launched),
        TEST(test_a_store_that_takes_nothing),
        TEST(test_what_cannot_be_added_is_not_tried_at_once),
        TEST(test_one_asker_asks),
        TEST(test_a_dead_asker_blocks_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
