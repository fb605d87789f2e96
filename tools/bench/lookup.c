/* lookup: what it takes to find an answer in the store, beside a bare prepared SELECT of the same
 * row, for tools/bench/capsdb.
 *
 *   lookup FOLDER ROUNDS ANSWERS...
 *
 * For each number of answers a database of so many is made in FOLDER, unless it is there: 400
 * questions to as many identities as it takes. Then answers are found at random, in turn with the
 * SELECT. A line for each: answers, nanoseconds of the lookup, and of the SELECT (medians). What an
 * emulator is, the identity, is known here already. */
#include "answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define QUESTIONS 400
#define REPLIES   1000

static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * INT64_C(1000000000) + time.tv_nsec;
}

static void stop(const GError *error)
{
    fprintf(stderr, "lookup: %s\n", error ? error->message : "an answer is not there");
    exit(1);
}

static char *hash_of(int identity)
{
    g_autofree char *text = g_strdup_printf("emulator %d", identity);
    return caps_hash(text, strlen(text));
}

static char *command_of(int question)
{
    return g_strdup_printf("query-something-%d", question);
}

/* Some forty members, as properties of a device are. */
static json_t *make_reply(int number)
{
    json_t *list = json_array();
    for (int i = 0; i < 40; i++) {
        g_autofree char *name = g_strdup_printf("property-%d", (i * 7 + number) % 300);
        json_array_append_new(list, json_pack("{s:s, s:s, s:s}", "name", name, "type", "uint32",
                                              "description", "on/off"));
    }
    return list;
}

static void save(CapsStore *store, const CapsIdentity *identity, int question, int number,
                 GError **error)
{
    static const char *const nothing[] = {NULL};
    g_autofree char *command = command_of(question);
    const CapsQuestion asked = {.command = command};
    CapsAnswer answer = {.value = make_reply(number % REPLIES), .asked = 1000};
    if (!caps_answer_save(store, identity, &asked, NULL, nothing, "host", &answer, error)) {
        stop(*error);
    }
    caps_answer_done(&answer);
}

static void fill(CapsStore *store, int answers)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GPtrArray) parts = g_ptr_array_new();

    for (int n = 0; n < answers; n += QUESTIONS) {
        g_autofree char *hash = hash_of(n / QUESTIONS);
        const CapsIdentity identity = {.hash = hash, .path = (char *)"/usr/bin/e", .parts = parts};
        if (!caps_store_begin(store, &error)) {
            stop(error);
        }
        for (int q = 0; q < QUESTIONS && n + q < answers; q++) {
            save(store, &identity, q, n + q, &error);
        }
        if (!caps_store_end(store, true, &error)) {
            stop(error);
        }
    }
}

static CapsStore *open_filled(const char *folder, int answers)
{
    g_autofree char *path = g_strdup_printf("%s/%d.db", folder, answers);
    g_autoptr(GError) error = NULL;
    bool there = g_file_test(path, G_FILE_TEST_EXISTS);
    CapsStore *store = caps_store_open(path, CAPS_STORE_WRITE, &error);

    if (!store) {
        stop(error);
    }
    if (!there) {
        fill(store, answers);
    }
    return store;
}

static int64_t time_lookup(CapsStore *store, const char *hash, const char *command)
{
    const CapsIdentity identity = {.hash = (char *)hash, .path = (char *)"/usr/bin/e"};
    const CapsQuestion question = {.command = command};
    g_auto(CapsAnswer) answer = {0};
    g_autoptr(GError) error = NULL;
    int64_t begin = now();
    int found = caps_answer_find(store, &identity, &question, "host", &answer, &error);
    int64_t end = now();
    if (found != 1) {
        stop(error);
    }
    return end - begin;
}

static int64_t time_select(CapsStore *store, const char *hash, const char *command)
{
    static const char sql[] =
        "SELECT body FROM command JOIN question ON question.command = command.id "
        "JOIN answer ON question = question.id JOIN identity ON identity.id = identity "
        "JOIN reply ON reply.id = reply "
        "WHERE name = ? AND arguments = '{}' AND identity.hash = ? AND inputs = '{}'";
    int64_t begin = now();
    sqlite3_stmt *row = caps_store_prepare(store, sql, NULL, "th", command, hash);
    if (!row || caps_store_step(store, row, NULL) != 1 || !sqlite3_column_blob(row, 0)) {
        stop(NULL);
    }
    sqlite3_reset(row);
    return now() - begin;
}

static int compare(const void *a, const void *b)
{
    int64_t one = *(const int64_t *)a, other = *(const int64_t *)b;
    return one < other ? -1 : one > other;
}

static void measure(const char *folder, int rounds, int answers)
{
    g_autoptr(CapsStore) store = open_filled(folder, answers);
    g_autoptr(GRand) chance = g_rand_new_with_seed(5);
    g_autofree int64_t *lookups = g_new(int64_t, rounds), *selects = g_new(int64_t, rounds);

    for (int i = -rounds / 4; i < rounds; i++) { /* the first of them warm the caches */
        int n = g_rand_int_range(chance, 0, answers);
        g_autofree char *hash = hash_of(n / QUESTIONS), *command = command_of(n % QUESTIONS);
        int64_t selected = time_select(store, hash, command);
        int64_t found = time_lookup(store, hash, command);
        if (i >= 0) {
            lookups[i] = found;
            selects[i] = selected;
        }
    }
    qsort(lookups, (size_t)rounds, sizeof(*lookups), compare);
    qsort(selects, (size_t)rounds, sizeof(*selects), compare);
    printf("%d %" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n", answers, lookups[rounds / 2],
           selects[rounds / 2]);
}

int main(int argc, char **argv)
{
    if (argc < 4 || atoi(argv[2]) < 1) {
        fprintf(stderr, "usage: lookup FOLDER ROUNDS ANSWERS...\n");
        return 2;
    }
    for (int i = 3; i < argc; i++) {
        measure(argv[1], atoi(argv[2]), atoi(argv[i]));
    }
    return 0;
}
