/* Surveys: what is kept when the emulator dies on the way, recordings, and a real QEMU. */
#include "probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <string.h>

typedef struct Facts {
    GHashTable *values; /* question -> canonical reply */
    GPtrArray *quarantined;
    unsigned refused;
    const char *skip; /* a typename that is known to kill */
} Facts;

static char *question(const char *command, json_t *arguments)
{
    g_autofree char *text = arguments ? wire_json_print(arguments, WIRE_JSON_CANONICAL) : NULL;
    return g_strconcat(command, " ", text, NULL);
}

static bool take(void *context, const PrbFact *fact, GError **error)
{
    (void)error;
    Facts *facts = context;
    char *asked = question(fact->command, fact->arguments);

    if (fact->quarantine) {
        g_ptr_array_add(facts->quarantined, g_strdup(asked));
    }
    if (fact->value) {
        g_hash_table_insert(facts->values, asked,
                            wire_json_print(fact->value, WIRE_JSON_CANONICAL));
    } else {
        facts->refused += fact->error->code == PRB_ERROR_REFUSED;
        g_free(asked);
    }
    return true;
}

static bool is_known_killer(void *context, const char *command, json_t *arguments)
{
    (void)command;
    Facts *facts = context;
    const char *type = json_string_value(json_object_get(arguments, "typename"));
    return facts->skip && g_strcmp0(type, facts->skip) == 0;
}

static const PrbSurveyOps ops = {.fact = take, .is_quarantined = is_known_killer};

static Facts facts_new(void)
{
    return (Facts){g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free),
                   g_ptr_array_new_with_free_func(g_free), 0, NULL};
}

static void facts_free(Facts *facts)
{
    g_hash_table_unref(facts->values);
    g_ptr_array_unref(facts->quarantined);
}

static Facts survey(const char *name, const char *known_killer, PrbSurvey *ret_survey)
{
    g_autofree char *path = g_build_filename(VITRINE_TESTS "/hostile", name, NULL);
    PrbLimits limits = prb_limits_default;
    Facts facts = facts_new();
    g_autoptr(GError) error = NULL;

    limits.command_ms = 500;
    facts.skip = known_killer;
    if (!prb_survey_run(path, &limits, &ops, &facts, ret_survey, &error)) {
        fail_msg("%s", error->message);
    }
    return facts;
}

static const char properties_of[] = "device-list-properties {\"typename\":\"%s\"}";

static void assert_known(Facts *facts, const char *type, bool known)
{
    g_autofree char *asked = g_strdup_printf(properties_of, type);
    assert_int_equal(g_hash_table_contains(facts->values, asked), known);
}

static void test_a_deadly_item_is_quarantined(void **state)
{
    (void)state;
    static const char *const names[] = {"dies-on-item", "hangs-on-item"};
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        g_auto(PrbSurvey) told = {0};
        Facts facts = survey(names[i], NULL, &told);
        assert_int_equal(facts.quarantined->len, 1);
        assert_string_equal(g_ptr_array_index(facts.quarantined, 0),
                            "device-list-properties {\"typename\":\"net\"}");
        assert_known(&facts, "disk", true);
        assert_known(&facts, "net", false);
        assert_known(&facts, "serial", true); /* after the death */
        facts_free(&facts);
    }
}

static void test_what_is_quarantined_is_not_asked(void **state)
{
    (void)state;
    g_auto(PrbSurvey) told = {0};
    Facts facts = survey("dies-on-item", "net", &told);
    assert_int_equal(told.launches, 1);
    assert_int_equal(told.deaths, 0);
    assert_int_equal(facts.quarantined->len, 0);
    facts_free(&facts);
}

static void test_death_of_company_costs_nothing(void **state)
{
    (void)state;
    g_auto(PrbSurvey) told = {0};
    Facts facts = survey("dies-of-company", NULL, &told);
    assert_true(told.deaths > 0);
    assert_int_equal(facts.quarantined->len, 0);
    assert_known(&facts, "disk", true);
    assert_known(&facts, "net", true);
    assert_known(&facts, "serial", true);
    facts_free(&facts);
}

/* Asks a few questions of the emulator while recording; the recording answers the same. */
static void test_a_recording_answers_as_the_emulator_did(void **state)
{
    (void)state;
    g_autoptr(GString) text = g_string_new(NULL);
    g_autoptr(PrbConversation) live = prb_conversation_open(VITRINE_TESTS "/hostile/dies-on-item",
                                                            NULL, NULL, &prb_limits_default, NULL);
    json_t *value, *again;
    assert_non_null(live);
    prb_conversation_record(live, text);
    assert_true(prb_ask(live, "query-machines", NULL, &value, NULL, NULL));
    assert_false(prb_ask(live, "query-version", NULL, &again, NULL, NULL));

    g_autoptr(PrbConversation) paper = prb_conversation_replay(text->str, text->len, NULL);
    g_autoptr(GError) error = NULL;
    assert_non_null(paper);
    assert_true(prb_ask(paper, "query-machines", NULL, &again, NULL, NULL));
    assert_true(json_equal(value, again));
    json_decref(value);
    json_decref(again);
    assert_false(prb_ask(paper, "query-version", NULL, &again, NULL, &error));
    assert_string_equal(error->message, "no version");
    g_clear_error(&error);
    assert_false(prb_ask(paper, "query-target", NULL, &again, NULL, &error));
    assert_int_equal(error->code, PRB_ERROR_NOT_RECORDED);
}

static void test_recordings_that_are_none(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
    } rows[] = {
        {"{\"return\": {}}", "document 1: line 1: a request was due, an object with \"execute\""},
        {"\n\n{\"execute\": 5}",
         "document 1: line 3: a request was due, an object with \"execute\""},
        {"{\"execute\": \"a\", \"arguments\": 5}",
         "document 1: line 1: \"arguments\" are an object"},
        {"{\"execute\": \"a\"}\n\n{\"execute\": \"b\"}",
         "document 2: line 3: a reply was due, an object with either \"return\" or \"error\""},
        {"{\"execute\": \"a\"}\n\n{\"return\": 1, \"error\": {}}",
         "document 2: line 3: a reply was due, an object with either \"return\" or \"error\""},
        {"{\"execute\": \"a\"}\n\n{\"error\": {\"desc\": \"b\"}}",
         "document 2: line 3: an \"error\" has \"class\" and \"desc\""},
        {"{\"execute\": \"a\"}\n\n{\n \"return\": [\n 1, ]\n}", "document 2: line 5"},
        {"{\"execute\": \"a\"}\n\n{\"return\":\n [}", "document 2: line 3"},
        {"{\"execute\": \"a\"}", "document 1: line 1: the conversation stops in the middle"},
        {"{\"execute\": \"a\"}\n\n{\"return\":",
         "document 1: line 3: the conversation stops in the middle"},
        {"\n", "document 0: line 1: there is nothing in it"},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        assert_null(prb_conversation_replay(rows[i].text, strlen(rows[i].text), &error));
        g_autofree char *begin = g_strconcat("recorded conversation: ", rows[i].message, NULL);
        assert_memory_equal(error->message, begin, strlen(begin));
    }
}

/* ---- real emulators that die ----------------------------------------------------------------- */

#define X86     "/usr/bin/qemu-system-x86_64"
#define RISCV   "/usr/bin/qemu-system-riscv64"
#define AARCH64 "/usr/bin/qemu-system-aarch64"

/* What kills Debian 12's QEMU 7.2, out of what a survey asks. */
static const struct {
    const char *path, *question;
    const char *unless; /* there is this module, which Debian has in a package of its own */
} deadly[] = {
    {X86, "device-list-properties {\"typename\":\"virtio-gpu-gl-pci\"}",
     "hw-display-virtio-gpu-gl.so"},
    {X86, "device-list-properties {\"typename\":\"virtio-vga-gl\"}", "hw-display-virtio-gpu-gl.so"},
    {X86, "qom-list-properties {\"typename\":\"colo-compare\"}", NULL},
    {X86, "qom-list-properties {\"typename\":\"x-remote-object\"}", NULL},
    {X86, "qom-list-properties {\"typename\":\"microvm-machine\"}", NULL},
    {RISCV, "device-list-properties {\"typename\":\"virtio-gpu-gl-pci\"}",
     "hw-display-virtio-gpu-gl.so"},
    {RISCV, "device-list-properties {\"typename\":\"virtio-vga-gl\"}",
     "hw-display-virtio-gpu-gl.so"},
    {RISCV, "device-list-properties {\"typename\":\"x-rv128-riscv-cpu\"}", NULL},
    {RISCV, "qom-list-properties {\"typename\":\"colo-compare\"}", NULL},
};

static bool has_module(const char *name)
{
    g_autoptr(GDir) libraries = g_dir_open("/usr/lib", 0, NULL);
    const char *folder;
    bool found = false;

    while (libraries && !found && (folder = g_dir_read_name(libraries))) {
        g_autofree char *path = g_build_filename("/usr/lib", folder, "qemu", name, NULL);
        found = g_file_test(path, G_FILE_TEST_EXISTS);
    }
    return found;
}

/* False, and said so: there is no such emulator, or none of the version that these facts are of. */
static bool is_known_qemu(const char *path)
{
    g_autoptr(PrbConversation) conversation = NULL;
    json_t *version = NULL;

    if (!g_file_test(path, G_FILE_TEST_IS_EXECUTABLE)) {
        print_message("left out: there is no %s\n", path);
        return false;
    }
    conversation = prb_conversation_open(path, NULL, NULL, &prb_limits_default, NULL);
    assert_non_null(conversation);
    assert_int_equal(prb_conversation_kind(conversation), PRB_QEMU);
    version = prb_conversation_version(conversation);
    const char *package = json_string_value(json_object_get(version, "package"));
    if (!package || !strstr(package, "7.2+dfsg")) {
        print_message("left out: %s is of another version: %s\n", path, package ? package : "");
        return false;
    }
    return true;
}

static bool is_quarantined(const Facts *facts, const char *question)
{
    return g_ptr_array_find_with_equal_func(facts->quarantined, question, g_str_equal, NULL);
}

/* All that kills it is found, by itself, and costs nothing else. */
static void survey_real(const char *path, const char *known)
{
    Facts facts = facts_new();
    g_auto(PrbSurvey) told = {0};
    g_autoptr(GError) error = NULL;
    PrbLimits limits = prb_limits_default;
    guint expected = 0;

    limits.probe_ms = 60000;
    if (!prb_survey_run(path, &limits, &ops, &facts, &told, &error)) {
        fail_msg("%s", error->message);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(deadly); i++) {
        if (g_str_equal(deadly[i].path, path)) {
            bool dies = !deadly[i].unless || !has_module(deadly[i].unless);
            if (is_quarantined(&facts, deadly[i].question) != dies) {
                fail_msg("%s: %s: %s", path, deadly[i].question, dies ? "answered" : "died");
            }
            expected += dies;
        }
    }
    assert_int_equal(facts.quarantined->len, expected);
    assert_true(told.deaths >= expected);
    assert_true(g_hash_table_size(facts.values) > 350);
    assert_known(&facts, known, true);
    facts_free(&facts);
}

static void test_real_emulators_that_die_of_questions(void **state)
{
    (void)state;
    if (is_known_qemu(X86)) {
        survey_real(X86, "virtio-net-pci");
    }
    if (is_known_qemu(RISCV)) {
        survey_real(RISCV, "virtio-net-pci");
    }
}

/* It closes its standard input, which is not what it is asked through. */
static void test_a_real_emulator_that_closes_its_input(void **state)
{
    (void)state;
    json_t *arguments = json_pack("{s:s}", "typename", "filter-dump");
    json_t *value = NULL;

    if (!is_known_qemu(X86)) {
        json_decref(arguments);
        skip();
    }
    g_autoptr(PrbConversation) conversation =
        prb_conversation_open(X86, NULL, NULL, &prb_limits_default, NULL);
    assert_true(prb_ask(conversation, "qom-list-properties", arguments, &value, NULL, NULL));
    json_decref(value);
    json_decref(arguments);
    assert_true(prb_ask(conversation, "query-version", NULL, &value, NULL, NULL));
    json_decref(value);
}

static void test_real_emulators_that_die_of_their_arguments(void **state)
{
    (void)state;
    const char *const serial[] = {"-device", "isa-serial,irq=16", NULL};
    const struct {
        const char *path, *machine;
        const char *const *more;
    } rows[] = {{AARCH64, "virt,accel=tcg,ras=on", NULL}, {X86, "pc,accel=tcg", serial}};

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        g_autoptr(GError) error = NULL;
        if (!is_known_qemu(rows[i].path)) {
            continue;
        }
        assert_null(prb_conversation_open(rows[i].path, rows[i].machine, rows[i].more,
                                          &prb_limits_default, &error));
        assert_non_null(strstr(error->message, "was killed by signal 6"));
        assert_int_equal(error->code, PRB_ERROR_CRASHED);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_deadly_item_is_quarantined),
        cmocka_unit_test(test_what_is_quarantined_is_not_asked),
        cmocka_unit_test(test_death_of_company_costs_nothing),
        cmocka_unit_test(test_a_recording_answers_as_the_emulator_did),
        cmocka_unit_test(test_recordings_that_are_none),
        cmocka_unit_test(test_real_emulators_that_die_of_questions),
        cmocka_unit_test(test_a_real_emulator_that_closes_its_input),
        cmocka_unit_test(test_real_emulators_that_die_of_their_arguments),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
