/* Input sets: for all combinations of machine, accelerator and options of our own emulator, each
 * answer that the database gives is the one that the emulator gives; and the rows are few.
 *
 * What can be combined the emulator tells itself: its machines, their aliases and accelerators, and
 * the options of each with their values. Up to ten thousand combinations all are taken, of more
 * that many at random. With an argument NUMBER more commands are asked, and so many combinations
 * are taken at random where CPUs and memory vary too. */
#include "answer.h"
#include "probe.h"
#include "wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#define VITRINE    VITRINE_BIN "/vitrine"
#define EXHAUSTIVE 10000
#define MAX_NUMBERS                                                                                \
    16 /* values of an option that are all taken; of more the ends and the middle                  \
        */

static unsigned at_random = 300;
static bool thorough;

typedef struct Place {
    char *folder;
    CapsStore *store;
    CapsIdentity *identity; /* NULL: there is no vitrine */
    PrbConversation *conversation;
} Place;

/* What one launch may say is bounded. */
static void launch(Place *place)
{
    PrbLimits limits = prb_limits_default;

    limits.probe_ms = 600 * 1000;
    prb_conversation_close(place->conversation);
    place->conversation = prb_conversation_open(VITRINE, NULL, NULL, &limits, NULL);
    assert_non_null(place->conversation);
}

static int set_up(void **state)
{
    Place *place = g_new0(Place, 1);
    place->folder = g_dir_make_tmp("capsdb-sets-XXXXXX", NULL);
    g_autofree char *file = g_build_filename(place->folder, "capsdb.db", NULL);

    place->store = caps_store_open(file, CAPS_STORE_WRITE, NULL);
    *state = place;
    if (g_file_test(VITRINE, G_FILE_TEST_IS_EXECUTABLE)) {
        place->identity = caps_identity_new(NULL, VITRINE, NULL, NULL);
        launch(place);
    }
    return place->store ? 0 : -1;
}

static int tear_down(void **state)
{
    Place *place = *state;
    g_autofree char *remove = g_strdup_printf("rm -rf '%s'", place->folder);
    caps_store_close(place->store);
    caps_identity_free(place->identity);
    prb_conversation_close(place->conversation);
    int status = system(remove);
    g_free(place->folder);
    g_free(place);
    return status;
}

/* The answer: the value, or the words of a refusal as a text. */
static json_t *ask(const Place *place, const char *command, json_t *target, json_t **ret_depends_on)
{
    json_t *arguments = target ? json_pack("{s:O}", "target", target) : json_object();
    g_autoptr(GError) error = NULL;
    json_t *value = NULL;

    *ret_depends_on = NULL;
    if (!prb_ask(place->conversation, command, arguments, &value, ret_depends_on, &error)) {
        if (error->code != PRB_ERROR_REFUSED) {
            fail_msg("%s", error->message);
        }
        value = json_string(error->message);
    }
    json_decref(arguments);
    return value;
}

static json_t *list(const Place *place, const char *command, json_t *target)
{
    json_t *depends_on;
    json_t *value = ask(place, command, target, &depends_on);

    json_decref(depends_on);
    assert_true(json_is_array(value));
    return value;
}

/* ---- what can be combined -------------------------------------------------------------------- */

/* A thing that a caller may say: its place in a target, and its values; json null: not said. */
typedef struct Choice {
    char *member, *option; /* option: of member "options" */
    json_t *values;        /* array */
} Choice;

typedef struct Choices {
    Choice all[16];
    size_t count;
} Choices;

static Choice *add_choice(Choices *choices, const char *member, const char *option)
{
    Choice *choice = &choices->all[choices->count++];
    assert_true(choices->count <= G_N_ELEMENTS(choices->all));
    *choice = (Choice){g_strdup(member), g_strdup(option), json_pack("[n]")};
    return choice;
}

static void add_value(Choice *choice, json_t *value)
{
    json_array_append_new(choice->values, value);
}

static void add_numbers(Choice *choice, json_t *option)
{
    json_int_t least = json_integer_value(json_object_get(option, "minimum"));
    json_int_t most = json_integer_value(json_object_get(option, "maximum"));

    if (most - least < MAX_NUMBERS) {
        for (json_int_t i = least; i <= most; i++) {
            add_value(choice, json_integer(i));
        }
    } else {
        add_value(choice, json_integer(least));
        add_value(choice, json_integer(least + (most - least) / 2));
        add_value(choice, json_integer(most));
    }
}

static void add_option(Choices *choices, json_t *option)
{
    Choice *choice =
        add_choice(choices, "options", json_string_value(json_object_get(option, "name")));
    json_t *value;
    size_t i;

    if (json_object_get(option, "values")) {
        json_array_foreach(json_object_get(option, "values"), i, value)
        {
            add_value(choice, json_incref(value));
        }
    } else if (json_object_get(option, "maximum")) {
        add_numbers(choice, option);
    } else {
        add_value(choice, json_string("on"));
        add_value(choice, json_string("off"));
    }
}

/* All machines and their accelerators; and the options of the first, which has them all. */
static void list_choices(const Place *place, Choices *choices)
{
    json_t *machines = list(place, "query-machines", NULL), *machine, *item;
    Choice *names = add_choice(choices, "machine", NULL);
    Choice *accels = add_choice(choices, "accel", NULL);
    size_t i, j;

    json_array_remove(names->values, 0); /* a machine is always said */
    json_array_foreach(machines, i, machine)
    {
        add_value(names, json_incref(json_object_get(machine, "name")));
        if (json_object_get(machine, "alias")) {
            add_value(names, json_incref(json_object_get(machine, "alias")));
        }
    }
    machine = json_array_get(machines, 0);
    json_array_foreach(json_object_get(machine, "accelerators"), j, item)
    {
        add_value(accels, json_incref(json_object_get(item, "name")));
    }
    add_value(add_choice(choices, "nodefaults", NULL), json_true());
    json_t *target = json_pack("{s:O}", "machine", json_object_get(machine, "name"));
    json_t *options = list(place, "query-machine-options", target);
    json_array_foreach(options, j, item)
    {
        add_option(choices, item);
    }
    json_decref(options);
    json_decref(target);
    json_decref(machines);
}

static void free_choices(Choices *choices)
{
    for (size_t i = 0; i < choices->count; i++) {
        g_free(choices->all[i].member);
        g_free(choices->all[i].option);
        json_decref(choices->all[i].values);
    }
}

static uint64_t count_combinations(const Choices *choices)
{
    uint64_t count = 1;
    for (size_t i = 0; i < choices->count; i++) {
        count *= json_array_size(choices->all[i].values);
    }
    return count;
}

static json_t *combine(const Choices *choices, uint64_t number)
{
    json_t *target = json_object(), *options = json_object();

    for (size_t i = 0; i < choices->count; i++) {
        const Choice *choice = &choices->all[i];
        json_t *value = json_array_get(choice->values, number % json_array_size(choice->values));
        number /= json_array_size(choice->values);
        if (!json_is_null(value)) {
            json_object_set(choice->option ? options : target,
                            choice->option ? choice->option : choice->member, value);
        }
    }
    if (json_object_size(options)) {
        json_object_set(target, "options", options);
    }
    json_decref(options);
    return target;
}

/* ---- comparing ------------------------------------------------------------------------------- */

typedef struct Figures {
    unsigned asked, found, refused;
} Figures;

/* What is stored as capsdb stores it: an answer under what it read, a refusal under all words. */
static void save(const Place *place, const CapsQuestion *question, json_t *value,
                 json_t *depends_on)
{
    const char *const all[] = {CAPS_INPUT_TARGET, NULL};
    bool refused = json_is_string(value);
    g_auto(CapsAnswer)
        answer = {.value = refused ? NULL : json_incref(value),
                  .reason = g_strdup(refused ? prb_error_reason(PRB_ERROR_REFUSED) : NULL),
                  .message = g_strdup(json_string_value(value)),
                  .asked = 1};
    g_autoptr(GError) error = NULL;

    if (!caps_answer_save(place->store, place->identity, question, refused ? NULL : depends_on, all,
                          "host", &answer, &error)) {
        fail_msg("%s", error->message);
    }
}

/* The text of what is stored; NULL: nothing. */
static char *look_up(const Place *place, const CapsQuestion *question)
{
    g_auto(CapsAnswer) answer = {0};
    g_autoptr(GError) error = NULL;
    int found = caps_answer_find(place->store, place->identity, question, "host", &answer, &error);

    assert_true(found >= 0);
    return !found         ? NULL
           : answer.value ? wire_json_print(answer.value, WIRE_JSON_CANONICAL)
                          : g_strdup(answer.message);
}

/* Asks, and stores what is not known. The text of the fresh answer. */
static char *ask_and_compare(const Place *place, const CapsQuestion *question, Figures *figures)
{
    json_t *depends_on;
    json_t *fresh = ask(place, question->command, question->target, &depends_on);
    char *text = json_is_string(fresh) ? g_strdup(json_string_value(fresh))
                                       : wire_json_print(fresh, WIRE_JSON_CANONICAL);
    g_autofree char *stored = look_up(place, question);

    if (!stored) {
        save(place, question, fresh, depends_on);
    } else if (strcmp(stored, text)) {
        g_autofree char *about = wire_json_print(question->target, WIRE_JSON_COMPACT);
        fail_msg("%s %s: the stored answer is not the fresh one", question->command, about);
    }
    figures->asked++;
    figures->found += stored != NULL;
    figures->refused += json_is_string(fresh);
    json_decref(fresh);
    json_decref(depends_on);
    return text;
}

static int64_t count_rows(const Place *place, const char *command)
{
    sqlite3_stmt *row = caps_store_prepare(
        place->store,
        "SELECT count(*) FROM answer JOIN question ON question.id = question JOIN command ON "
        "command.id = command WHERE name = ? AND reason ISNULL",
        NULL, "t", command);
    assert_int_equal(caps_store_step(place->store, row, NULL), 1);
    int64_t count = sqlite3_column_int64(row, 0);
    sqlite3_reset(row);
    return count;
}

/* Tries every combination, or limit of them at random; and looks each up once more when all is
 * stored, since what was learned last must not have made an earlier answer wrong. */
static void check_all(Place *place, const Choices *choices, const char *command, uint64_t limit)
{
    uint64_t count = count_combinations(choices), tried = MIN(count, limit);
    g_autoptr(GRand) chance = g_rand_new_with_seed(11);
    g_autoptr(GPtrArray) hashes = g_ptr_array_new_with_free_func(g_free);
    g_autofree uint64_t *numbers = g_new(uint64_t, tried);
    Figures figures = {0};

    launch(place);
    assert_true(caps_store_begin(place->store, NULL));
    for (uint64_t i = 0; i < tried; i++) {
        numbers[i] = count <= limit ? i : (uint64_t)g_rand_double_range(chance, 0, (double)count);
        CapsQuestion question = {.command = command, .target = combine(choices, numbers[i])};
        g_autofree char *fresh = ask_and_compare(place, &question, &figures);
        g_ptr_array_add(hashes, caps_hash(fresh, strlen(fresh)));
        json_decref(question.target);
    }
    for (uint64_t i = 0; i < tried; i++) {
        CapsQuestion question = {.command = command, .target = combine(choices, numbers[i])};
        g_autofree char *stored = look_up(place, &question);
        g_autofree char *hash = stored ? caps_hash(stored, strlen(stored)) : NULL;
        assert_string_equal(hash ? hash : "nothing", g_ptr_array_index(hashes, i));
        json_decref(question.target);
    }
    assert_true(caps_store_end(place->store, true, NULL));
    print_message("%s: %" G_GUINT64_FORMAT " of %" G_GUINT64_FORMAT
                  " combinations, %u of them refused: %" G_GINT64_FORMAT
                  " rows of replies, from %u launches and one for each that is refused\n",
                  command, tried, count, figures.refused, (gint64)count_rows(place, command),
                  figures.asked - figures.found - figures.refused);
    assert_true(count_rows(place, command) * 2 < (int64_t)(tried - figures.refused) ||
                tried < count);
}

static bool is_here(const Place *place)
{
    if (!place->identity) {
        print_message("skipped: there is no vitrine here\n");
    }
    return place->identity != NULL;
}

static void test_machine_accelerator_and_options(void **state)
{
    Place *place = *state;
    static const char *const commands[] = {"query-hardware", "query-device-slots",
                                           "query-cpu-slots", "query-memory-slots"};
    Choices choices = {0};

    if (!is_here(place)) {
        skip();
    }
    list_choices(place, &choices);
    for (size_t i = 0; i < (thorough ? G_N_ELEMENTS(commands) : 1); i++) {
        check_all(place, &choices, commands[i], EXHAUSTIVE);
    }
    free_choices(&choices);
}

static void test_cpus_and_memory_too(void **state)
{
    Place *place = *state;
    static const char *const cpus[] = {"1", "{\"cpus\":2}", "{\"sockets\":2}",
                                       "{\"cpus\":4,\"cores\":2}", "{\"cpus\":4,\"threads\":3}"};
    Choices choices = {0};

    if (!is_here(place)) {
        skip();
    }
    list_choices(place, &choices);
    Choice *memory = add_choice(&choices, "memory", NULL);
    add_value(memory, json_string("128M"));
    add_value(memory, json_integer(1 << 27));
    add_value(memory, json_string("1G"));
    add_value(memory, json_string("1"));
    Choice *smp = add_choice(&choices, "smp", NULL);
    for (size_t i = 1; i < G_N_ELEMENTS(cpus); i++) {
        add_value(smp, wire_json_parse(cpus[i], strlen(cpus[i]), &wire_limits_request, NULL));
    }
    check_all(place, &choices, "query-hardware", at_random);
    free_choices(&choices);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_machine_accelerator_and_options),
        TEST(test_cpus_and_memory_too),
    };
    if (argc > 1) {
        at_random = (unsigned)strtoul(argv[1], NULL, 10);
        thorough = true;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
