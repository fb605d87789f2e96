/* qmp: QMP on stdin and stdout. */
#include "self.h"

#include <errno.h>
#include <unistd.h>

typedef struct Peer {
    CmdContext *context;
    bool gone; /* nobody takes what is sent */
} Peer;

static bool execute(void *context, const char *command, json_t *arguments, WireReply *ret_reply,
                    GError **error)
{
    Peer *peer = context;
    return cmd_execute(peer->context, command, arguments, ret_reply, error);
}

static bool has_command(void *context, const char *command)
{
    (void)context;
    return cmd_command_find(command) != NULL;
}

static void send_text(void *context, const char *text, size_t length)
{
    Peer *peer = context;
    peer->gone = peer->gone || !prb_write(STDOUT_FILENO, text, length);
}

PrbExit prb_converse(CmdContext *context)
{
    static const WireSessionOps ops = {
        .execute = execute, .has_command = has_command, .send = send_text};
    Peer peer = {.context = context};
    json_t *version = cmd_version();
    g_autoptr(WireSession) session = wire_session_new(&ops, &peer, version);
    json_decref(version);
    wire_session_start(session);
    char buffer[1 << 16];
    while (!peer.gone) {
        ssize_t length = read(STDIN_FILENO, buffer, sizeof(buffer));
        if (length > 0) {
            wire_session_feed(session, buffer, (size_t)length);
        } else if (length == 0) {
            return PRB_YES;
        } else if (errno != EINTR) {
            prb_complain("reading stdin: %s", g_strerror(errno));
            return PRB_UNKNOWN;
        }
    }
    return PRB_UNKNOWN;
}
