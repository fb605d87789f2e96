/* Block backends over NBD, beside Debian's nbdkit: requests, and servers that go, come and change.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/block.h"

#define SIZE (4 << 20)

typedef struct Server {
    char *folder, *path;
    GPid pid; /* 0: none runs */
} Server;

static int setup(void **state)
{
    Server *server = g_new0(Server, 1);
    server->folder = g_dir_make_tmp("vitrine-XXXXXX", NULL);
    server->path = g_build_filename(server->folder, "nbd", NULL);
    *state = server;
    return 0;
}

static void stop(Server *server)
{
    if (server->pid) {
        kill(server->pid, SIGKILL);
        waitpid(server->pid, NULL, 0);
    }
    server->pid = 0;
    unlink(server->path);
}

static int teardown(void **state)
{
    Server *server = *state;
    stop(server);
    assert_int_equal(rmdir(server->folder), 0);
    g_free(server->path);
    g_free(server->folder);
    g_free(server);
    return 0;
}

/* words: more arguments of nbdkit, separated by blanks. */
/* The file is there a moment before anybody listens. */
static bool is_listening(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    g_strlcpy(address.sun_path, path, sizeof address.sun_path);
    bool listening = connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return listening;
}

static void serve(Server *server, const char *words)
{
    g_autofree char *line =
        g_strdup_printf("nbdkit --foreground --exit-with-parent -U %s %s", server->path, words);
    g_auto(GStrv) command = g_strsplit(line, " ", 0);
    GError *error = NULL;
    if (!g_spawn_async(NULL, command, NULL,
                       G_SPAWN_SEARCH_PATH | G_SPAWN_DO_NOT_REAP_CHILD | G_SPAWN_STDERR_TO_DEV_NULL,
                       NULL, NULL, &server->pid, &error))
        fail_msg("%s", error->message);
    for (unsigned i = 0; !is_listening(server->path); i++) {
        if (i > 6000)
            fail_msg("%s does not listen", line);
        g_usleep(10000);
    }
}

static EmuBlockBackend *opened(Server *server, EmuBlockNbd options)
{
    GError *error = NULL;
    options.path = server->path;
    EmuBlockBackend *backend = emu_block_open_nbd(&options, &error);
    if (!backend)
        fail_msg("%s", error->message);
    return backend;
}

static void expect_refusal(Server *server, const char *why)
{
    GError *error = NULL;
    EmuBlockNbd options = {.path = server->path};
    assert_null(emu_block_open_nbd(&options, &error));
    if (!strstr(error->message, why) || !strstr(error->message, server->path))
        fail_msg("'%s' and not '%s'", error->message, why);
    g_error_free(error);
}

static int read_at(EmuBlockBackend *backend, uint64_t offset, void *bytes, size_t size)
{
    struct iovec part = {bytes, size};
    return emu_block_backend_read(backend, offset, &part, 1);
}

static void test_requests(void **state)
{
    Server *server = *state;
    serve(server, "memory 4M");
    EmuBlockBackend *backend = opened(server, (EmuBlockNbd){0});
    assert_int_equal(emu_block_backend_size(backend), SIZE);
    g_autofree uint8_t *bytes = g_malloc(SIZE), *back = g_malloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        bytes[i] = (uint8_t)(i / 4096 + i * 7);
    /* Pieces of all sizes, more than a request of the protocol takes. */
    struct iovec out[] = {{bytes, 512},
                          {bytes + 512, 0},
                          {bytes + 512, 3 << 20},
                          {bytes + (3 << 20) + 512, SIZE - (3 << 20) - 512}};
    struct iovec in[] = {{back, 4096}, {back + 4096, SIZE - 4096 - 512}, {back + SIZE - 512, 512}};
    assert_int_equal(emu_block_backend_write(backend, 0, out, 4), 0);
    assert_int_equal(emu_block_backend_flush(backend), 0);
    assert_int_equal(emu_block_backend_read(backend, 0, in, 3), 0);
    assert_memory_equal(back, bytes, SIZE);

    assert_int_equal(emu_block_backend_write_zeroes(backend, 4096, 8192, true), 0);
    assert_int_equal(emu_block_backend_write_zeroes(backend, 65536, 512, false), 0);
    assert_int_equal(emu_block_backend_discard(backend, 1 << 20, 1 << 20), 0);
    memset(bytes + 4096, 0, 8192);
    memset(bytes + 65536, 0, 512);
    assert_int_equal(read_at(backend, 0, back, 1 << 20), 0);
    assert_memory_equal(back, bytes, 1 << 20);
    emu_block_backend_free(backend);
}

/* A server without the means: zeroes are written, a discard is a hint. */
static void test_poor_server(void **state)
{
    Server *server = *state;
    serve(server, "--filter=nozero memory 4M");
    EmuBlockBackend *backend = opened(server, (EmuBlockNbd){0});
    uint8_t bytes[512];
    memset(bytes, 1, sizeof bytes);
    struct iovec part = {bytes, sizeof bytes};
    assert_int_equal(emu_block_backend_write(backend, 512, &part, 1), 0);
    assert_int_equal(emu_block_backend_write_zeroes(backend, 512, 512, true), 0);
    assert_int_equal(read_at(backend, 512, bytes, sizeof bytes), 0);
    for (size_t i = 0; i < sizeof bytes; i++)
        assert_int_equal(bytes[i], 0);
    emu_block_backend_free(backend);
}

static void test_errors_of_the_server(void **state)
{
    Server *server = *state;
    serve(server, "--filter=error memory 4M error-pread=EIO error-pwrite=ENOSPC error-rate=100%");
    EmuBlockBackend *backend = opened(server, (EmuBlockNbd){0});
    uint8_t bytes[512] = {0};
    struct iovec part = {bytes, sizeof bytes};
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(read_at(backend, 0, bytes, sizeof bytes), EIO);
        assert_int_equal(emu_block_backend_write(backend, 0, &part, 1), ENOSPC);
    }
    assert_int_equal(emu_block_backend_flush(backend), 0); /* the connection is as good as before */
    emu_block_backend_free(backend);
}

static void test_a_server_that_goes(void **state)
{
    Server *server = *state;
    uint8_t bytes[512];
    serve(server, "memory 4M");
    EmuBlockBackend *backend = opened(server, (EmuBlockNbd){0});
    assert_int_equal(read_at(backend, 0, bytes, sizeof bytes), 0);
    stop(server);
    for (unsigned i = 0; i < 2; i++)
        assert_int_not_equal(read_at(backend, 0, bytes, sizeof bytes), 0);
    serve(server, "memory 1M"); /* is not what it was */
    assert_int_not_equal(read_at(backend, 0, bytes, sizeof bytes), 0);
    stop(server);
    serve(server, "memory 4M");
    assert_int_equal(read_at(backend, 0, bytes, sizeof bytes), 0);
    stop(server);
    serve(server, "memory 4M"); /* while nobody asked */
    assert_int_equal(read_at(backend, 0, bytes, sizeof bytes), 0);
    emu_block_backend_free(backend);
}

static gpointer read_first(gpointer backend)
{
    uint8_t bytes[512];
    return GINT_TO_POINTER(read_at(backend, 0, bytes, sizeof bytes));
}

static void test_waiting_for_a_server(void **state)
{
    Server *server = *state;
    serve(server, "memory 4M");
    EmuBlockBackend *backend = opened(server, (EmuBlockNbd){.reconnect_delay = 60});
    stop(server);
    GThread *thread = g_thread_new("reader", read_first, backend);
    g_usleep(200000);
    serve(server, "memory 4M");
    assert_int_equal(GPOINTER_TO_INT(g_thread_join(thread)), 0);
    emu_block_backend_free(backend);
}

static void test_refused(void **state)
{
    Server *server = *state;
    expect_refusal(server, "cannot be reached: ");
    serve(server, "-r memory 4M");
    expect_refusal(server, "add read-only=on");
    EmuBlockBackend *backend = opened(server, (EmuBlockNbd){.read_only = true});
    assert_true(emu_block_backend_is_read_only(backend));
    emu_block_backend_free(backend);
    stop(server);
    serve(server, "memory 1000");
    expect_refusal(server, "multiple of 512");
    stop(server);
    serve(server, "-e name memory 4M"); /* other names are refused by the server or not at all */
    backend = opened(server, (EmuBlockNbd){.export_name = "name"});
    emu_block_backend_free(backend);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_requests, setup, teardown),
        cmocka_unit_test_setup_teardown(test_poor_server, setup, teardown),
        cmocka_unit_test_setup_teardown(test_errors_of_the_server, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_server_that_goes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_waiting_for_a_server, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
