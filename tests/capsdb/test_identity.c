/* The staleness table: each input of an identity changed alone. Never fresh when it should be
 * stale; stale when it could be fresh only in the rows that say why. */
#include "identity.h"
#include "probe.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

/* bin/emulator (an ELF file that names lib/qemu and share/qemu), bin/wrapper (a script that names
 * it), with the interpreter bin/shell, bin/link, lib/qemu/a.so, share/qemu/firmware/1.json */
typedef struct Tree {
    char *root, *emulator, *other, *wrapper, *shell, *link, *modules, *module, *data, *descriptor,
        *file;
    CapsStore *store;
} Tree;

/* The clock of this program, which can be set. */
static time_t clock_set_by;

int clock_gettime(clockid_t clock, struct timespec *ret_time)
{
    int result = (int)syscall(SYS_clock_gettime, clock, ret_time);
    ret_time->tv_sec += clock == CLOCK_REALTIME ? clock_set_by : 0;
    return result;
}

static void write_file(const char *path, const char *text, mode_t mode)
{
    assert_true(g_file_set_contents(path, text, -1, NULL));
    g_chmod(path, mode);
}

/* Bytes that look like a program to us: no "#!", and the name of a folder in them. */
static void write_program(const Tree *tree, const char *path, char version)
{
    g_autoptr(GString) bytes = g_string_new("\x7f"
                                            "ELF");
    g_string_append_c(bytes, version);
    g_string_append_c(bytes, '\0');
    g_string_append(bytes, tree->modules);
    g_string_append_c(bytes, '\0');
    g_string_append(bytes, tree->data);
    g_string_append_c(bytes, '\0');
    assert_true(g_file_set_contents(path, bytes->str, (gssize)bytes->len, NULL));
    g_chmod(path, 0755);
}

static int set_up(void **state)
{
    Tree *tree = g_new0(Tree, 1);
    tree->root = g_dir_make_tmp("capsdb-id-XXXXXX", NULL);
    tree->emulator = g_build_filename(tree->root, "bin", "emulator", NULL);
    tree->other = g_build_filename(tree->root, "bin", "other", NULL);
    tree->wrapper = g_build_filename(tree->root, "bin", "wrapper", NULL);
    tree->link = g_build_filename(tree->root, "bin", "link", NULL);
    tree->modules = g_build_filename(tree->root, "lib", "qemu", NULL);
    tree->module = g_build_filename(tree->modules, "a.so", NULL);
    tree->shell = g_build_filename(tree->root, "bin", "shell", NULL);
    tree->data = g_build_filename(tree->root, "share", "qemu", NULL);
    tree->descriptor = g_build_filename(tree->data, "firmware", "1.json", NULL);
    tree->file = g_build_filename(tree->root, "capsdb.db", NULL);
    clock_set_by = 0;
    g_autofree char *bin = g_path_get_dirname(tree->emulator);
    g_mkdir_with_parents(bin, 0755);
    g_autofree char *descriptors = g_path_get_dirname(tree->descriptor);
    g_mkdir_with_parents(tree->modules, 0755);
    g_mkdir_with_parents(descriptors, 0755);
    write_file(tree->descriptor, "{}", 0644);
    write_program(tree, tree->shell, 's');
    write_program(tree, tree->emulator, '1');
    write_program(tree, tree->other, '9');
    g_autofree char *script =
        g_strdup_printf("#!%s\nexec %s \"$@\"\n", tree->shell, tree->emulator);
    write_file(tree->wrapper, script, 0755);
    write_file(tree->module, "module", 0644);
    assert_int_equal(symlink("emulator", tree->link), 0);
    tree->store = caps_store_open(tree->file, CAPS_STORE_WRITE, NULL);
    *state = tree;
    return tree->store ? 0 : -1;
}

static int tear_down(void **state)
{
    Tree *tree = *state;
    g_autofree char *remove = g_strdup_printf("rm -rf '%s'", tree->root);
    caps_store_close(tree->store);
    int status = system(remove);
    char *all[] = {tree->root,       tree->emulator, tree->other,  tree->wrapper,
                   tree->link,       tree->modules,  tree->module, tree->data,
                   tree->descriptor, tree->shell,    tree->file};
    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
        g_free(all[i]);
    }
    g_free(tree);
    return status;
}

static char *hash_of(const Tree *tree, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CapsIdentity) identity = caps_identity_new(NULL, path, tree->store, &error);
    if (!identity) {
        fail_msg("%s", error->message);
    }
    return g_strdup(identity->hash);
}

/* ---- the changes ----------------------------------------------------------------------------- */

static void nothing(const Tree *tree)
{
    (void)tree;
}

static void content(const Tree *tree)
{
    write_program(tree, tree->emulator, '2');
}

/* The same size, and the time stamps set back: only ctime tells. */
static void content_in_place(const Tree *tree)
{
    struct stat before;
    assert_int_equal(stat(tree->emulator, &before), 0);
    int fd = open(tree->emulator, O_WRONLY);
    assert_int_equal(pwrite(fd, "2", 1, 4), 1);
    struct timespec times[] = {before.st_atim, before.st_mtim};
    assert_int_equal(futimens(fd, times), 0);
    close(fd);
}

static void time_stamps(const Tree *tree)
{
    struct timespec times[] = {{.tv_sec = 1}, {.tv_sec = 1}};
    assert_int_equal(utimensat(AT_FDCWD, tree->emulator, times, 0), 0);
}

static void mode(const Tree *tree)
{
    g_chmod(tree->emulator, 0750);
}

static void hard_link(const Tree *tree)
{
    g_autofree char *path = g_build_filename(tree->root, "bin", "hard", NULL);
    assert_int_equal(link(tree->emulator, path), 0);
}

/* A copy put in its place: another inode, the same bytes. */
static void copy(const Tree *tree)
{
    write_program(tree, tree->emulator, '1');
}

static void module_added(const Tree *tree)
{
    g_autofree char *path = g_build_filename(tree->modules, "b.so", NULL);
    write_file(path, "module", 0644);
}

static void module_removed(const Tree *tree)
{
    g_remove(tree->module);
}

static void module_overwritten(const Tree *tree)
{
    struct stat before;
    assert_int_equal(stat(tree->module, &before), 0);
    write_file(tree->module, "mODULE", 0644);
    struct timespec times[] = {before.st_atim, before.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, tree->module, times, 0), 0);
}

static void module_renamed(const Tree *tree)
{
    g_autofree char *path = g_build_filename(tree->modules, "c.so", NULL);
    assert_int_equal(rename(tree->module, path), 0);
}

static void machine_file_added(const Tree *tree)
{
    g_autofree char *path = g_build_filename(tree->modules, "board.cfg", NULL);
    write_file(path, "[machine]\n", 0644);
}

static void other_file_added(const Tree *tree)
{
    g_autofree char *path = g_build_filename(tree->modules, "README", NULL);
    write_file(path, "hello", 0644);
}

static void neighbour_changed(const Tree *tree)
{
    write_program(tree, tree->other, '8');
}

static void descriptor_added(const Tree *tree)
{
    g_autofree char *path = g_build_filename(tree->data, "firmware", "2.json", NULL);
    write_file(path, "{}", 0644);
}

static void descriptor_changed(const Tree *tree)
{
    write_file(tree->descriptor, "[]", 0644);
}

static void descriptor_removed(const Tree *tree)
{
    g_remove(tree->descriptor);
}

static void firmware_changed(const Tree *tree)
{
    g_autofree char *path = g_build_filename(tree->data, "bios.bin", NULL);
    write_file(path, "code", 0644);
}

static void machine_file_of_the_data(const Tree *tree)
{
    g_autofree char *path = g_build_filename(tree->data, "board.cfg", NULL);
    write_file(path, "[machine]\n", 0644);
}

static void clock_back(const Tree *tree)
{
    (void)tree;
    clock_set_by = -24 * 60 * 60;
}

/* What was remembered before is of another ctime; what is hashed now is not remembered. */
static void clock_back_and_content(const Tree *tree)
{
    clock_set_by = -24 * 60 * 60;
    content_in_place(tree);
}

static void interpreter(const Tree *tree)
{
    write_program(tree, tree->shell, 't');
}

/* Another file under the same name, moved there: no time stamp of it is new. */
static void moved_into_place(const Tree *tree)
{
    assert_int_equal(rename(tree->other, tree->emulator), 0);
}

static void wrapper_text(const Tree *tree)
{
    g_autofree char *script =
        g_strdup_printf("#!%s\nexec %s  \"$@\"\n", tree->shell, tree->emulator);
    write_file(tree->wrapper, script, 0755);
}

static void wrapper_target(const Tree *tree)
{
    content(tree);
}

static void link_retargeted(const Tree *tree)
{
    g_remove(tree->link);
    assert_int_equal(symlink("other", tree->link), 0);
}

typedef enum { EMULATOR, WRAPPER, LINK } Asked;

static const struct {
    const char *name;
    Asked asked;
    void (*change)(const Tree *tree);
    bool stale;
} rows[] = {
    {"nothing", EMULATOR, nothing, false},
    {"content of the program", EMULATOR, content, true},
    {"content, with size and mtime kept", EMULATOR, content_in_place, true},
    {"time stamps", EMULATOR, time_stamps, false},
    {"permissions", EMULATOR, mode, false},
    {"a hard link to it", EMULATOR, hard_link, false},
    {"replaced by a copy", EMULATOR, copy, false},
    {"a module added", EMULATOR, module_added, true},
    {"a module removed", EMULATOR, module_removed, true},
    {"a module overwritten, size and mtime kept", EMULATOR, module_overwritten, true},
    /* Modules are loaded by their names. */
    {"a module renamed", EMULATOR, module_renamed, true},
    {"a machine file added", EMULATOR, machine_file_added, true},
    {"a file that is never loaded", EMULATOR, other_file_added, false},
    {"another program beside it", EMULATOR, neighbour_changed, false},
    {"an older file moved into its place", EMULATOR, moved_into_place, true},
    {"the clock set back", EMULATOR, clock_back, false},
    {"content in place, with the clock set back", EMULATOR, clock_back_and_content, true},
    /* QEMU does not read them; who asks what it can do looks at both, and wants them of one time.
     */
    {"a descriptor of firmware added", EMULATOR, descriptor_added, true},
    {"a descriptor of firmware changed", EMULATOR, descriptor_changed, true},
    {"a descriptor of firmware removed", EMULATOR, descriptor_removed, true},
    {"a machine file among its data", EMULATOR, machine_file_of_the_data, true},
    {"firmware itself, which guests run", EMULATOR, firmware_changed, false},
    {"nothing, through a wrapper", WRAPPER, nothing, false},
    /* What a script does cannot be told from its text: a blank more is another script. */
    {"text of a wrapper", WRAPPER, wrapper_text, true},
    {"target of a wrapper", WRAPPER, wrapper_target, true},
    {"interpreter of a wrapper", WRAPPER, interpreter, true},
    {"the interpreter of a wrapper, asked directly", EMULATOR, interpreter, false},
    {"a module of a wrapper's target", WRAPPER, module_added, true},
    {"nothing, through a link", LINK, nothing, false},
    {"content behind a link", LINK, content, true},
    {"a link that points elsewhere", LINK, link_retargeted, true},
};

static int64_t count_memos(const Tree *tree)
{
    sqlite3_stmt *row = caps_store_prepare(tree->store, "SELECT count(*) FROM file_memo", NULL, "");
    assert_int_equal(caps_store_step(tree->store, row, NULL), 1);
    int64_t count = sqlite3_column_int64(row, 0);
    sqlite3_reset(row);
    return count;
}

/* remembered: the clock is put on, so that the files are old enough for the memo. */
static void test_row(void **state, size_t i, bool remembered)
{
    tear_down(state);
    assert_int_equal(set_up(state), 0);
    const Tree *tree = *state;
    const char *const paths[] = {tree->emulator, tree->wrapper, tree->link};
    clock_set_by = remembered ? 10 : 0;
    g_autofree char *before = hash_of(tree, paths[rows[i].asked]);
    assert_int_equal(count_memos(tree) > 0, remembered);
    g_usleep(remembered ? 20 * 1000 : 0); /* more than the grain of time stamps */
    rows[i].change(tree);
    g_autofree char *after = hash_of(tree, paths[rows[i].asked]);
    if (g_str_equal(before, after) == rows[i].stale) {
        fail_msg("%s%s: %s", rows[i].name, remembered ? ", with a memo" : "",
                 rows[i].stale ? "fresh, and is stale" : "stale");
    }
}

static void test_the_staleness_table(void **state)
{
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        test_row(state, i, false);
        test_row(state, i, true);
    }
    print_message("%zu inputs, each changed alone, hashed anew and remembered\n",
                  G_N_ELEMENTS(rows));
}

/* A file is remembered once its ctime is well in the past, and forgotten when it is written. */
static void test_the_memo(void **state)
{
    const Tree *tree = *state;
    g_autofree char *first = hash_of(tree, tree->emulator);
    assert_int_equal(count_memos(tree), 0);
    g_usleep(2100 * 1000);
    g_autofree char *second = hash_of(tree, tree->emulator);
    assert_int_equal(count_memos(tree), 3);
    g_autofree char *third = hash_of(tree, tree->emulator);
    assert_string_equal(first, second);
    assert_string_equal(second, third);
    content_in_place(tree);
    g_autofree char *after = hash_of(tree, tree->emulator);
    assert_string_not_equal(third, after);
    /* The memo is only that: an edited one is found out, not believed. */
    assert_true(caps_store_run(tree->store, "UPDATE file_memo SET hash = 'x' || hash", NULL, ""));
    g_autoptr(GError) error = NULL;
    assert_null(caps_identity_new(NULL, tree->link, tree->store, &error));
    assert_true(g_error_matches(error, CAPS_ERROR, CAPS_ERROR_DAMAGED));
}

static void test_two_paths_with_one_content(void **state)
{
    const Tree *tree = *state;
    write_program(tree, tree->other, '1');
    g_autofree char *one = hash_of(tree, tree->emulator);
    g_autofree char *two = hash_of(tree, tree->other);
    assert_string_equal(one, two);
}

/* One that was moved does not find the modules that it names: it is another emulator. */
static void test_one_that_was_moved(void **state)
{
    const Tree *tree = *state;
    g_autofree char *folder = g_build_filename(tree->root, "moved", "bin", NULL);
    g_autofree char *path = g_build_filename(folder, "emulator", NULL);
    g_autofree char *elsewhere = g_build_filename(tree->root, "moved", "there", NULL);
    g_autofree char *other = g_build_filename(elsewhere, "emulator", NULL);

    g_mkdir_with_parents(folder, 0755);
    g_mkdir_with_parents(elsewhere, 0755);
    write_program(tree, path, '1');
    write_program(tree, other, '1');
    g_autofree char *installed = hash_of(tree, tree->emulator);
    g_autofree char *moved = hash_of(tree, path);
    g_autofree char *moved_again = hash_of(tree, other);
    assert_string_not_equal(installed, moved);
    assert_string_equal(moved, moved_again);
}

/* Of its name only one thing counts: a QEMU that is called …kvm prefers that accelerator. */
static void test_the_name_that_counts(void **state)
{
    const Tree *tree = *state;
    g_autofree char *path = g_build_filename(tree->root, "bin", "qemu-kvm", NULL);
    assert_int_equal(link(tree->emulator, path), 0);
    g_autofree char *one = hash_of(tree, tree->emulator);
    g_autofree char *two = hash_of(tree, path);
    assert_string_not_equal(one, two);
}

static void test_paths_without_an_identity(void **state)
{
    const Tree *tree = *state;
    g_autoptr(GError) error = NULL;
    assert_null(caps_identity_new(NULL, "/nonexistent/emulator", tree->store, &error));
    assert_true(g_error_matches(error, PRB_ERROR, PRB_ERROR_NOT_FOUND));
    g_clear_error(&error);
    assert_null(caps_identity_new(NULL, tree->root, tree->store, &error));
    assert_true(g_error_matches(error, PRB_ERROR, PRB_ERROR_NOT_EXECUTABLE));
    g_clear_error(&error);
    assert_null(caps_identity_new(NULL, tree->module, tree->store, &error));
    assert_true(g_error_matches(error, PRB_ERROR, PRB_ERROR_NOT_EXECUTABLE));
}

static void test_scripts_that_name_each_other(void **state)
{
    const Tree *tree = *state;
    g_autofree char *a = g_build_filename(tree->root, "bin", "a", NULL);
    g_autofree char *b = g_build_filename(tree->root, "bin", "b", NULL);
    g_autofree char *text_a = g_strdup_printf("#!/bin/sh\nexec %s\n", b);
    g_autofree char *text_b = g_strdup_printf("#!/bin/sh\nexec %s\n", a);
    write_file(a, text_a, 0755);
    write_file(b, text_b, 0755);
    g_autofree char *hash = hash_of(tree, a);
    assert_int_equal(strlen(hash), 64);
}

/* ---- within a root --------------------------------------------------------------------------- */

/* bin/emulator within the tree, as a system has it that has the tree as its root. */
static char *hash_within(const Tree *tree, const char *path)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(CapsIdentity) identity = caps_identity_new(tree->root, path, tree->store, &error);
    if (!identity) {
        fail_msg("%s", error->message);
    }
    assert_string_equal(identity->path, path);
    for (guint i = 0; i < identity->parts->len; i++) {
        const CapsPart *part = g_ptr_array_index(identity->parts, i);
        assert_false(g_str_has_prefix(part->path, tree->root));
    }
    return g_strdup(identity->hash);
}

static void test_an_identity_within_a_root(void **state)
{
    const Tree *tree = *state;
    static const char bytes[] = "\x7f"
                                "ELF\0/lib/qemu\0/etc/qemu/qemu.conf\0/etc/other\0";
    g_autofree char *folder = g_build_filename(tree->root, "etc", "qemu", "firmware", NULL);
    g_autofree char *descriptor = g_build_filename(folder, "1.json", NULL);
    g_autofree char *absolute = g_build_filename(tree->root, "bin", "absolute", NULL);

    assert_true(g_file_set_contents(tree->emulator, bytes, sizeof(bytes), NULL));
    g_chmod(tree->emulator, 0755);
    assert_int_equal(symlink("/bin/emulator", absolute), 0);
    g_autofree char *before = hash_within(tree, "/bin/emulator");
    g_autofree char *linked = hash_within(tree, "/bin/absolute");
    assert_string_equal(before, linked);
    /* The module is that of the root, though the name is absolute. */
    module_overwritten(tree);
    g_autofree char *after = hash_within(tree, "/bin/emulator");
    assert_string_not_equal(before, after);
    /* Beside the settings that it names. */
    g_mkdir_with_parents(folder, 0755);
    write_file(descriptor, "{}", 0644);
    g_autofree char *described = hash_within(tree, "/bin/emulator");
    assert_string_not_equal(after, described);
}

static void test_a_root_is_not_left(void **state)
{
    const Tree *tree = *state;
    g_autoptr(GError) error = NULL;
    g_autofree char *out = g_build_filename(tree->root, "bin", "out", NULL);

    assert_int_equal(symlink("../../../../../../../bin/sh", out), 0);
    assert_null(caps_identity_new(tree->root, "/bin/out", tree->store, &error));
    assert_true(g_error_matches(error, PRB_ERROR, PRB_ERROR_NOT_FOUND));
    g_clear_error(&error);
    assert_null(caps_identity_new(tree->root, "/../../../bin/sh", tree->store, &error));
    assert_true(g_error_matches(error, PRB_ERROR, PRB_ERROR_NOT_FOUND));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(test_the_staleness_table),          TEST(test_the_memo),
        TEST(test_two_paths_with_one_content),   TEST(test_the_name_that_counts),
        TEST(test_one_that_was_moved),           TEST(test_paths_without_an_identity),
        TEST(test_scripts_that_name_each_other), TEST(test_an_identity_within_a_root),
        TEST(test_a_root_is_not_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
