/* char_mux: several users on one backend, as QEMU's multiplexer does it: ^A and a letter. */
#include "host/char_internal.h"

#include <string.h>

#define ESCAPE    1    /* ^A */
#define KEPT_MOST 1024 /* bytes typed for one user that does not take them */

struct EmuCharMux {
    EmuCharBackend *self, *base; /* base NULL: it has gone */
    GPtrArray
        *ends;   /* EmuCharBackend *, owned, one for each user; queue is what was typed for it */
    guint focus; /* of ends */
    bool is_open, is_escaped;
    void (*quit)(void *context);
    void *context;
};

static const char help[] = "\r\n^A h  this text\r\n^A x  end the program\r\n"
                           "^A c  the next one that reads from here\r\n^A ^A  a ^A\r\n";

static EmuCharBackend *end_at(const EmuCharMux *mux, guint index)
{
    return g_ptr_array_index(mux->ends, index);
}

static void end_free(void *data)
{
    EmuCharBackend *end = data;
    g_byte_array_free(end->queue, TRUE);
    g_free(end);
}

/* ---- the users ------------------------------------------------------------------------------- */

static void focus(EmuCharMux *mux, guint index)
{
    mux->focus = index;
    const EmuCharUser *user = &end_at(mux, index)->user;
    if (user->focused)
        user->focused(user->context);
    emu_char_mux_poll(mux);
}

EmuCharBackend *emu_char_mux_attach(EmuCharMux *mux, const EmuCharUser *user)
{
    EmuCharBackend *end = g_new0(EmuCharBackend, 1);
    end->mux = mux;
    end->user = *user;
    end->is_new_user = true;
    end->queue = g_byte_array_new();
    g_ptr_array_add(mux->ends, end);
    mux->focus = mux->ends->len - 1;
    emu_char_mux_poll(mux);
    return end;
}

void emu_char_mux_detach(EmuCharMux *mux, EmuCharBackend *end)
{
    g_ptr_array_remove(mux->ends, end);
    mux->focus = 0;
}

bool emu_char_mux_is_attached(const EmuCharMux *mux)
{
    return mux->ends->len > 0;
}

EmuCharBackend *emu_char_mux_base(EmuCharMux *mux)
{
    return mux->base;
}

void emu_char_mux_poll(EmuCharMux *mux)
{
    g_source_set_ready_time(mux->self->source, 0);
}

static void tell_new_users(EmuCharMux *mux)
{
    for (guint i = 0; mux->is_open && i < mux->ends->len; i++) {
        EmuCharBackend *end = end_at(mux, i);
        if (end->is_new_user && end->user.opened)
            end->user.opened(end->user.context);
        end->is_new_user = false;
    }
}

/* As much of what was typed for a user as it takes. */
static void hand_over(EmuCharBackend *end)
{
    const EmuCharUser *user = &end->user;
    size_t room;
    while (end->queue->len && (room = user->can_receive(user->context))) {
        uint8_t bytes[KEPT_MOST];
        guint n = (guint)MIN(MIN(room, sizeof(bytes)), end->queue->len);
        memcpy(bytes, end->queue->data, n);
        g_byte_array_remove_range(end->queue, 0, n);
        user->receive(user->context, bytes, n);
    }
}

void emu_char_mux_deliver(EmuCharMux *mux)
{
    tell_new_users(mux);
    for (guint i = 0; i < mux->ends->len; i++)
        hand_over(end_at(mux, i));
    if (mux->base)
        emu_char_backend_poll(mux->base);
}

/* ---- the base -------------------------------------------------------------------------------- */

static size_t can_receive(void *context)
{
    const EmuCharMux *mux = context;
    size_t kept = mux->ends->len ? end_at(mux, mux->focus)->queue->len : 0;
    return KEPT_MOST - MIN(kept, KEPT_MOST);
}

static void obey(EmuCharMux *mux, uint8_t letter)
{
    if (letter == 'h' || letter == '?')
        emu_char_backend_send(mux->base, (const uint8_t *)help, strlen(help));
    else if (letter == 'x' && mux->quit)
        mux->quit(mux->context);
    else if (letter == 'c' && mux->ends->len > 1)
        focus(mux, (mux->focus + 1) % mux->ends->len);
}

static void receive(void *context, const uint8_t *bytes, size_t size)
{
    EmuCharMux *mux = context;
    for (size_t i = 0; i < size; i++) {
        bool was_escaped = mux->is_escaped;
        mux->is_escaped = !was_escaped && bytes[i] == ESCAPE;
        if (was_escaped && bytes[i] != ESCAPE)
            obey(mux, bytes[i]);
        else if (!mux->is_escaped && mux->ends->len)
            g_byte_array_append(end_at(mux, mux->focus)->queue, &bytes[i], 1);
    }
    emu_char_mux_deliver(mux);
}

static void opened(void *context)
{
    EmuCharMux *mux = context;
    mux->is_open = true;
    emu_char_mux_deliver(mux);
}

static void closed(void *context)
{
    EmuCharMux *mux = context;
    mux->is_open = mux->is_escaped = false;
    for (guint i = 0; i < mux->ends->len; i++) {
        EmuCharBackend *end = end_at(mux, i);
        end->is_new_user = true;
        g_byte_array_set_size(end->queue, 0);
        if (end->user.closed)
            end->user.closed(end->user.context);
    }
}

static void base_goes(void *context)
{
    EmuCharMux *mux = context;
    mux->base = NULL;
}

EmuCharBackend *emu_char_mux(EmuCharBackend *base, void (*quit)(void *context), void *context)
{
    EmuCharMux *mux = g_new0(EmuCharMux, 1);
    EmuCharUser user = {.can_receive = can_receive,
                        .receive = receive,
                        .opened = opened,
                        .closed = closed,
                        .queue_limit = 1024 * 1024,
                        .context = mux,
                        .free = base_goes};
    mux->base = emu_char_backend_attach(base, &user);
    if (!mux->base) {
        g_free(mux);
        return NULL;
    }
    mux->quit = quit;
    mux->context = context;
    mux->ends = g_ptr_array_new_with_free_func(end_free);
    mux->self = emu_char_backend_new();
    mux->self->mux = mux;
    return mux->self;
}

void emu_char_mux_free(EmuCharMux *mux)
{
    for (guint i = 0; i < mux->ends->len; i++) {
        const EmuCharUser *user = &end_at(mux, i)->user;
        if (user->free)
            user->free(user->context);
    }
    if (mux->base)
        emu_char_backend_detach(mux->base);
    mux->self->mux = NULL;
    g_ptr_array_free(mux->ends, TRUE);
    g_free(mux);
}
