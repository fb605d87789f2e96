/* place: see place.h. */
#include "place.h"

#include <glib/gstdio.h>

int place_set_up(void **state)
{
    Place *place = g_new0(Place, 1);
    place->folder = g_dir_make_tmp("capsdb-test-XXXXXX", NULL);
    place->file = g_build_filename(place->folder, "capsdb.db", NULL);
    *state = place;
    return place->folder ? 0 : -1;
}

void place_clear(const Place *place)
{
    g_autoptr(GDir) listing = g_dir_open(place->folder, 0, NULL);
    const char *name;

    while (listing && (name = g_dir_read_name(listing))) {
        g_autofree char *path = g_build_filename(place->folder, name, NULL);
        g_chmod(path, 0700);
        if (g_remove(path) < 0) {
            g_rmdir(path);
        }
    }
}

int place_tear_down(void **state)
{
    Place *place = *state;

    place_clear(place);
    g_rmdir(place->folder);
    g_free(place->folder);
    g_free(place->file);
    g_free(place);
    return 0;
}

CapsStore *place_open(const Place *place)
{
    g_autoptr(GError) error = NULL;
    CapsStore *store = caps_store_open(place->file, CAPS_STORE_WRITE, &error);

    if (!store) {
        fail_msg("%s", error->message);
    }
    return store;
}

CapsIdentity place_identity = {
    .hash = (char *)"0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
    .path = (char *)"/usr/bin/emulator",
};

static bool is_refusal(int i)
{
    return i % 5 == 4;
}

static char *make_text(int i)
{
    return g_strnfill(200 + (gsize)(i % 100) * 7, (char)('a' + i % 26));
}

static CapsAnswer make_answer(int i)
{
    CapsAnswer answer = {.asked = 1000 + i};
    char *text = make_text(i);

    if (is_refusal(i)) {
        answer.reason = g_strdup("Refused");
        answer.message = text;
    } else {
        answer.value = json_pack("{s:i, s:s}", "number", i, "text", text);
        g_free(text);
    }
    return answer;
}

static bool save(CapsStore *store, int i, GError **error)
{
    const char *const nothing[] = {NULL};
    g_autofree char *command = g_strdup_printf("query-%d", i);
    CapsQuestion question = {.command = command};
    CapsAnswer answer = make_answer(i);
    bool ok =
        caps_answer_save(store, &place_identity, &question, NULL, nothing, "host", &answer, error);
    caps_answer_done(&answer);
    return ok;
}

bool place_fill(CapsStore *store, int from, int below, GError **error)
{
    place_identity.parts = g_ptr_array_new();
    bool ok = caps_store_begin(store, error);
    if (ok) {
        for (int i = from; i < below && ok; i++) {
            ok = save(store, i, error);
        }
        ok = caps_store_end(store, ok, error);
    }
    g_ptr_array_unref(place_identity.parts);
    return ok;
}

int place_find(CapsStore *store, int i, GError **error)
{
    g_autofree char *command = g_strdup_printf("query-%d", i);
    g_autofree char *text = make_text(i);
    CapsQuestion question = {.command = command};
    g_auto(CapsAnswer) answer = {0};
    int found = caps_answer_find(store, &place_identity, &question, "host", &answer, error);

    if (found == 1) {
        assert_int_equal(answer.asked, 1000 + i);
        if (is_refusal(i)) {
            assert_string_equal(answer.reason, "Refused");
            assert_string_equal(answer.message, text);
        } else {
            assert_int_equal(json_integer_value(json_object_get(answer.value, "number")), i);
            assert_string_equal(json_string_value(json_object_get(answer.value, "text")), text);
        }
    }
    return found;
}

int place_count(CapsStore *store, int below, GError **error)
{
    int right = 0;

    for (int i = 0; i < below; i++) {
        g_autoptr(GError) problem = NULL;
        right += place_find(store, i, &problem) == 1;
        if (problem) {
            g_clear_error(error);
            g_propagate_error(error, g_steal_pointer(&problem));
        }
    }
    return right;
}
