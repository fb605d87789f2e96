/* The facts of the host: each changed alone, in files of a host that we make. What does not shape
 * an answer changes nothing. */
#include "answer.h"
#include "host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

typedef struct Place {
    char *root; /* in which /proc, /sys and /dev are */
} Place;

static int set_up(void **state)
{
    Place *place = g_new0(Place, 1);
    place->root = g_dir_make_tmp("capsdb-host-XXXXXX", NULL);
    *state = place;
    return place->root ? 0 : -1;
}

static int tear_down(void **state)
{
    Place *place = *state;
    g_autofree char *remove = g_strdup_printf("rm -rf '%s'", place->root);
    int status = system(remove);
    g_free(place->root);
    g_free(place);
    return status;
}

#define CPU(vendor, family, model, stepping, microcode, flags, mhz)                                \
    "processor : 0\nvendor_id : " vendor "\ncpu family : " family "\nmodel : " model               \
    "\nstepping : " stepping "\nmicrocode : " microcode "\nflags : " flags "\ncpu MHz : " mhz      \
    "\n\nprocessor : 1\nflags : other\n"
#define SOME_CPU CPU("V", "6", "7", "1", "0x1", "fpu vmx", "1000")

/* Files that a host begins with; a row changes one of them, or makes another. */
static const char *const host_files[][2] = {
    {"proc/sys/kernel/osrelease", "6.1.0\n"},
    {"proc/sys/kernel/version", "#1 SMP\n"},
    {"proc/cpuinfo", SOME_CPU},
    {"proc/meminfo", "MemTotal: 1 kB\n"},
    {"sys/module/kvm_intel/parameters/nested", "Y\n"},
};

static const struct {
    const char *name, *path, *text; /* text NULL: removed */
    bool stale;
} host_rows[] = {
    {"nothing", "proc/cpuinfo", SOME_CPU, false},
    {"a kernel", "proc/sys/kernel/osrelease", "6.1.1\n", true},
    {"a build of the same kernel", "proc/sys/kernel/version", "#2 SMP\n", true},
    {"another vendor", "proc/cpuinfo", CPU("W", "6", "7", "1", "0x1", "fpu vmx", "1000"), true},
    {"another family", "proc/cpuinfo", CPU("V", "7", "7", "1", "0x1", "fpu vmx", "1000"), true},
    {"another model", "proc/cpuinfo", CPU("V", "6", "8", "1", "0x1", "fpu vmx", "1000"), true},
    {"another stepping", "proc/cpuinfo", CPU("V", "6", "7", "2", "0x1", "fpu vmx", "1000"), true},
    {"microcode", "proc/cpuinfo", CPU("V", "6", "7", "1", "0x2", "fpu vmx", "1000"), true},
    {"a flag", "proc/cpuinfo", CPU("V", "6", "7", "1", "0x1", "fpu", "1000"), true},
    {"the clock of the CPU", "proc/cpuinfo", CPU("V", "6", "7", "1", "0x1", "fpu vmx", "1700"),
     false},
    {"memory", "proc/meminfo", "MemTotal: 2 kB\n", false},
    {"nesting", "sys/module/kvm_intel/parameters/nested", "N\n", true},
    {"a parameter that is new", "sys/module/kvm/parameters/halt_poll_ns", "1\n", true},
    {"KVM unloaded", "sys/module/kvm_intel/parameters/nested", NULL, true},
    {"/dev/kvm", "dev/kvm", "", true},
};

static void write_below(const Place *place, const char *path, const char *text)
{
    g_autofree char *file = g_build_filename(place->root, path, NULL);
    g_autofree char *folder = g_path_get_dirname(file);

    g_mkdir_with_parents(folder, 0755);
    if (text) {
        assert_true(g_file_set_contents(file, text, -1, NULL));
    } else {
        g_remove(file);
    }
}

static void test_the_table_of_the_host(void **state)
{
    for (size_t i = 0; i < G_N_ELEMENTS(host_rows); i++) {
        tear_down(state);
        assert_int_equal(set_up(state), 0);
        const Place *place = *state;
        for (size_t j = 0; j < G_N_ELEMENTS(host_files); j++) {
            write_below(place, host_files[j][0], host_files[j][1]);
        }
        g_autofree char *before = caps_host_hash(place->root);
        write_below(place, host_rows[i].path, host_rows[i].text);
        g_autofree char *after = caps_host_hash(place->root);
        if (g_str_equal(before, after) == host_rows[i].stale) {
            fail_msg("%s: %s", host_rows[i].name,
                     host_rows[i].stale ? "fresh, and is stale" : "stale");
        }
    }
}

/* Whether KVM may be used is another fact for each user. */
static void test_the_permission_of_kvm(void **state)
{
    const Place *place = *state;
    g_autofree char *device = g_build_filename(place->root, "dev", "kvm", NULL);
    int status;

    if (geteuid() != 0) {
        print_message("skipped: only root can be two users\n");
        skip();
    }
    write_below(place, "dev/kvm", "");
    g_chmod(place->root, 0755);
    g_chmod(device, 0600);
    g_autofree char *ours = caps_host_hash(place->root);
    if (fork() == 0) {
        bool other = setuid(4242) == 0;
        g_autofree char *theirs = caps_host_hash(place->root);
        _exit(other && !g_str_equal(ours, theirs) ? 0 : 1);
    }
    wait(&status);
    assert_int_equal(status, 0);
}

static void test_host_facts(void **state)
{
    (void)state;
    json_t *facts = caps_host_facts(NULL);
    assert_true(json_is_string(json_object_get(facts, "kernel.release")));
    assert_true(json_is_string(json_object_get(facts, "kvm.usable")));
    json_decref(facts);
    g_autofree char *one = caps_host_hash(NULL);
    g_autofree char *two = caps_host_hash(NULL);
    assert_string_equal(one, two);
}

/* A host that changed makes stale what read it, and nothing else. */
static void test_a_host_stales_only_what_read_it(void **state)
{
    const Place *place = *state;
    static const char *const nothing[] = {NULL}, *const host[] = {CAPS_INPUT_HOST, NULL};
    g_autofree char *file = g_build_filename(place->root, "capsdb.db", NULL);
    g_autoptr(CapsStore) store = caps_store_open(file, CAPS_STORE_WRITE, NULL);
    g_autoptr(CapsIdentity) identity = caps_identity_new(NULL, "/bin/true", NULL, NULL);
    CapsQuestion of_binary = {.command = "query-version"}, of_host = {.command = "query-kvm"};
    g_auto(CapsAnswer) first = {.value = json_true(), .asked = 1};
    g_auto(CapsAnswer) second = {.value = json_true(), .asked = 1};

    assert_true(
        caps_answer_save(store, identity, &of_binary, NULL, nothing, "before", &first, NULL));
    assert_true(caps_answer_save(store, identity, &of_host, NULL, host, "before", &second, NULL));
    static const struct {
        const char *host;
        int binary, of_host;
    } rows_of[] = {{"before", 1, 1}, {"after", 1, 0}};
    for (size_t i = 0; i < G_N_ELEMENTS(rows_of); i++) {
        g_auto(CapsAnswer) one = {0};
        g_auto(CapsAnswer) two = {0};
        assert_int_equal(caps_answer_find(store, identity, &of_binary, rows_of[i].host, &one, NULL),
                         rows_of[i].binary);
        assert_int_equal(caps_answer_find(store, identity, &of_host, rows_of[i].host, &two, NULL),
                         rows_of[i].of_host);
    }
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_the_table_of_the_host),
        TEST(test_the_permission_of_kvm),
        cmocka_unit_test(test_host_facts),
        TEST(test_a_host_stales_only_what_read_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
