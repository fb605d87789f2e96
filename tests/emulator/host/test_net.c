/* Network backends: frames over a stream, whole and in pieces, ends that come and go. */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "host/net.h"

typedef struct User {
    unsigned n_frames, n_up, n_down;
    size_t size; /* of the last frame */
    uint8_t first, last;
    bool closed; /* can_receive says no */
} User;

static bool can_receive(void *context)
{
    return !((User *)context)->closed;
}

static void receive(void *context, const uint8_t *frame, size_t size)
{
    User *user = context;
    user->n_frames++;
    user->size = size;
    user->first = frame[0];
    user->last = frame[size - 1];
}

static void link_changed(void *context, bool up)
{
    User *user = context;
    if (up)
        user->n_up++;
    else
        user->n_down++;
}

static void attach(EmuNetBackend *backend, User *user)
{
    *user = (User){0};
    assert_true(
        emu_net_backend_attach(backend, &(EmuNetUser){can_receive, receive, link_changed, user}));
    assert_false(
        emu_net_backend_attach(backend, &(EmuNetUser){can_receive, receive, link_changed, user}));
}

static void run(void)
{
    for (unsigned quiet = 0; quiet < 3;)
        quiet = g_main_context_iteration(NULL, FALSE) ? 0 : quiet + 1;
}

static void send_in(EmuNetBackend *backend, const uint8_t *bytes, size_t size)
{
    const struct iovec parts[] = {{(void *)bytes, size / 2},
                                  {(void *)(bytes + size / 2), size - size / 2}};
    emu_net_backend_send(backend, parts, 2);
}

static void test_stream(void **state)
{
    (void)state;
    g_autofree char *folder = g_dir_make_tmp("vitrine-XXXXXX", NULL);
    g_autofree char *path = g_build_filename(folder, "net", NULL);
    EmuNetBackend *server = emu_net_stream(path, true, NULL);
    User at_server, at_client;
    uint8_t bytes[65536];
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i + 1);
    attach(server, &at_server);
    assert_false(emu_net_backend_is_up(server));
    send_in(server, bytes, 100); /* nobody is there */
    for (unsigned round = 1; round <= 3; round++) {
        EmuNetBackend *client = emu_net_stream(path, false, NULL);
        attach(client, &at_client);
        run();
        assert_int_equal(at_server.n_up, round);
        for (size_t size = 1; size <= sizeof(bytes); size = size * 2 + 1) {
            unsigned before = at_server.n_frames;
            send_in(client, bytes, size);
            send_in(server, bytes, size);
            run();
            assert_int_equal(at_server.n_frames, before + 1);
            assert_int_equal(at_server.size, size);
            assert_int_equal(at_client.size, size);
            assert_int_equal(at_client.last, bytes[size - 1]);
        }
        emu_net_backend_free(client);
        run();
        assert_int_equal(at_server.n_down, round);
    }
    emu_net_backend_free(server);
    assert_int_equal(access(path, F_OK), -1);
    assert_int_equal(rmdir(folder), 0);
}

static void test_pieces(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    EmuNetBackend *backend = emu_net_fd(fds[0], NULL);
    User user;
    attach(backend, &user);
    const uint8_t two[] = {0, 0, 0, 3, 7, 8, 9, 0, 0, 0, 1, 5};
    for (size_t i = 0; i < sizeof(two); i++) {
        assert_int_equal(write(fds[1], two + i, 1), 1);
        run();
    }
    assert_int_equal(user.n_frames, 2);
    assert_int_equal(user.first, 5);
    user.closed = true;
    assert_int_equal(write(fds[1], two, sizeof(two)), sizeof(two));
    run();
    assert_int_equal(user.n_frames, 2);
    user.closed = false;
    emu_net_backend_poll(backend);
    run();
    assert_int_equal(user.n_frames, 4);
    const uint8_t nonsense[] = {0, 1, 0, 1};
    assert_int_equal(write(fds[1], nonsense, 4), 4);
    run();
    assert_int_equal(user.n_down, 1); /* longer than a frame may be: hung up */
    send_in(backend, two, 4);
    emu_net_backend_free(backend);
    close(fds[1]);
}

/* An end that does not read costs a bounded queue and no more. */
static void test_slow_reader(void **state)
{
    (void)state;
    int fds[2];
    static uint8_t bytes[60000];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    EmuNetBackend *backend = emu_net_fd(fds[0], NULL);
    User user;
    attach(backend, &user);
    for (unsigned i = 0; i < 1000; i++)
        send_in(backend, bytes, sizeof(bytes));
    run();
    size_t total = 0;
    for (;;) { /* whole frames come out, and not 1000 of them */
        ssize_t n = recv(fds[1], bytes, sizeof(bytes), MSG_DONTWAIT);
        if (n <= 0)
            break;
        total += (size_t)n;
        run();
    }
    assert_int_equal(total % (sizeof(bytes) + 4), 0);
    assert_true(total >= sizeof(bytes) + 4 && total < 200 * sizeof(bytes));
    assert_int_equal(user.n_down, 0);
    emu_net_backend_free(backend);
    close(fds[1]);
}

static void test_datagrams(void **state)
{
    (void)state;
    g_autofree char *folder = g_dir_make_tmp("vitrine-XXXXXX", NULL);
    g_autofree char *a_path = g_build_filename(folder, "a", NULL);
    g_autofree char *b_path = g_build_filename(folder, "b", NULL);
    EmuNetBackend *a = emu_net_dgram(a_path, b_path, NULL);
    User at_a, at_b;
    attach(a, &at_a);
    send_in(a, (const uint8_t *)"lost", 4);
    EmuNetBackend *b = emu_net_dgram(b_path, a_path, NULL);
    attach(b, &at_b);
    send_in(a, (const uint8_t *)"frame", 5);
    send_in(b, (const uint8_t *)"answer", 6);
    run();
    assert_int_equal(at_b.n_frames, 1);
    assert_int_equal(at_b.size, 5);
    assert_int_equal(at_a.size, 6);
    emu_net_backend_free(a);
    emu_net_backend_free(b);
    assert_int_equal(rmdir(folder), 0);
}

static void expect_refusal(EmuNetBackend *backend, GError **error, const char *message)
{
    assert_null(backend);
    assert_string_equal((*error)->message, message);
    g_clear_error(error);
}

static void test_refused(void **state)
{
    (void)state;
    GError *error = NULL;
    char longest[200];
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    expect_refusal(emu_net_stream("/nonexistent/net", false, &error), &error,
                   "cannot connect to '/nonexistent/net': No such file or directory");
    expect_refusal(emu_net_stream("/nonexistent/net", true, &error), &error,
                   "cannot listen at '/nonexistent/net': No such file or directory");
    expect_refusal(emu_net_dgram("/nonexistent/a", "/nonexistent/b", &error), &error,
                   "cannot receive at '/nonexistent/a': No such file or directory");
    expect_refusal(emu_net_fd(-1, &error), &error,
                   "not a socket: file descriptor '-1': Bad file descriptor");
    assert_null(emu_net_stream(longest, true, &error));
    assert_non_null(strstr(error->message, "File name too long"));
    g_clear_error(&error);
    assert_null(emu_net_tap("a-name-far-too-long-for-one", &error));
    assert_non_null(strstr(error->message, "File name too long"));
    g_clear_error(&error);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_stream),      cmocka_unit_test(test_pieces),
        cmocka_unit_test(test_slow_reader), cmocka_unit_test(test_datagrams),
        cmocka_unit_test(test_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
