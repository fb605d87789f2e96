/* pins: reading the admin's files, and what holds for a question (pins.h). */
#include "pins.h"

#include "errors.h"
#include "folder.h"
#include "path.h"
#include "wire.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <string.h>
#include <unistd.h>

#define SUFFIX   ".pins"
#define MAX_FILE (16 << 20) /* bytes */
#define MAX_PINS 4096

typedef struct Pin {
    json_t *object; /* as it was written, checked; owned */
    char *file;     /* owned */
    int64_t written;
} Pin;

struct CapsPins {
    GArray *pins; /* Pin */
};

/* ---- reading --------------------------------------------------------------------------------- */

static const struct {
    const char *name;
    json_type type;
} members[] = {
    {"emulator", JSON_STRING},  {"identity", JSON_STRING}, {"command", JSON_STRING},
    {"arguments", JSON_OBJECT}, {"target", JSON_OBJECT},   {"quarantine", JSON_STRING},
};

static json_type type_of(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(members); i++) {
        if (g_str_equal(members[i].name, name)) {
            return members[i].type;
        }
    }
    return g_str_equal(name, "value") ? JSON_NULL : JSON_TRUE; /* any; none */
}

/* NULL: it is a pin. Else what is wrong with it; free with g_free. */
static char *check_pin(json_t *pin)
{
    const char *name;
    json_t *value;

    json_object_foreach(pin, name, value)
    {
        json_type type = type_of(name);
        if (type == JSON_TRUE) {
            return g_strdup_printf("there is no member \"%s\" in a pin", name);
        }
        if (type != JSON_NULL &&
            !(type == JSON_STRING ? wire_json_is_string(value) : json_is_object(value))) {
            return g_strdup_printf("\"%s\" is not %s", name,
                                   type == JSON_STRING ? "a text" : "an object");
        }
    }
    if (!json_is_object(pin) || !json_object_get(pin, "command") ||
        !json_object_get(pin, "emulator") == !json_object_get(pin, "identity") ||
        !json_object_get(pin, "value") == !json_object_get(pin, "quarantine")) {
        return g_strdup("a pin is an object with emulator or identity, command, and value or "
                        "quarantine");
    }
    return NULL;
}

static void take_pins(CapsPins *pins, const char *path, json_t *list, GPtrArray *notes)
{
    struct stat found;
    json_t *pin;
    size_t i;

    json_array_foreach(list, i, pin)
    {
        g_autofree char *wrong =
            pins->pins->len == MAX_PINS ? g_strdup("there are too many") : check_pin(pin);
        if (wrong) {
            g_ptr_array_add(notes,
                            g_strdup_printf("%s: pin %zu: %s; left out", path, i + 1, wrong));
            continue;
        }
        Pin made = {json_incref(pin), g_strdup(path),
                    stat(path, &found) == 0 ? found.st_mtim.tv_sec : 0};
        g_array_append_val(pins->pins, made);
    }
}

static void read_file(CapsPins *pins, const char *path, GPtrArray *notes)
{
    const WireLimits limits = {.max_bytes = MAX_FILE, .max_depth = 64};
    g_autoptr(GError) problem = NULL;
    g_autofree char *text = NULL;
    gsize length;
    json_t *list = NULL;

    if (caps_path_is_trusted(NULL, path, geteuid(), &problem) &&
        g_file_get_contents(path, &text, &length, &problem)) {
        list = wire_json_parse(text, length, &limits, &problem);
    }
    if (list && !json_is_array(list)) {
        g_set_error(&problem, CAPS_ERROR, CAPS_ERROR_USAGE, "not a JSON array of pins");
    }
    if (problem) {
        g_ptr_array_add(notes, g_strdup_printf("%s: %s; left out", path, problem->message));
    } else {
        take_pins(pins, path, list, notes);
    }
    json_decref(list);
}

static void clear_pin(gpointer data)
{
    Pin *pin = data;
    json_decref(pin->object);
    g_free(pin->file);
}

CapsPins *caps_pins_new(const char *folder, GPtrArray *notes)
{
    CapsPins *pins = g_new0(CapsPins, 1);
    g_autoptr(GPtrArray) paths = caps_folder_list(folder, SUFFIX);

    pins->pins = g_array_new(FALSE, FALSE, sizeof(Pin));
    g_array_set_clear_func(pins->pins, clear_pin);
    for (guint i = 0; i < paths->len; i++) {
        read_file(pins, g_ptr_array_index(paths, i), notes);
    }
    return pins;
}

void caps_pins_free(CapsPins *pins)
{
    if (pins) {
        g_array_unref(pins->pins);
        g_free(pins);
    }
}

/* ---- finding --------------------------------------------------------------------------------- */

static bool is_same_path(const char *one, const char *other)
{
    g_autofree char *real = realpath(one, NULL);
    g_autofree char *real_other = realpath(other, NULL);

    return g_str_equal(one, other) || (real && g_strcmp0(real, real_other) == 0);
}

static bool is_same_object(json_t *one, json_t *other)
{
    return (!json_object_size(one) && !json_object_size(other)) || json_equal(one, other);
}

static bool holds(json_t *pin, const CapsIdentity *identity, const CapsQuestion *question)
{
    const char *emulator = json_string_value(json_object_get(pin, "emulator"));
    const char *hash = json_string_value(json_object_get(pin, "identity"));
    json_t *target = json_object_get(pin, "target");

    return g_strcmp0(json_string_value(json_object_get(pin, "command")), question->command) == 0 &&
           is_same_object(json_object_get(pin, "arguments"), question->arguments) &&
           (!target || is_same_object(target, question->target)) &&
           (hash ? g_str_equal(hash, identity->hash) : is_same_path(emulator, identity->path));
}

bool caps_pins_find(const CapsPins *pins, const CapsIdentity *identity,
                    const CapsQuestion *question, CapsAnswer *ret_answer)
{
    for (guint i = 0; pins && i < pins->pins->len; i++) {
        const Pin *pin = &g_array_index(pins->pins, Pin, i);
        if (holds(pin->object, identity, question)) {
            const char *why = json_string_value(json_object_get(pin->object, "quarantine"));
            *ret_answer = (CapsAnswer){
                .value = json_incref(json_object_get(pin->object, "value")),
                .reason = g_strdup(why ? CAPS_REASON_QUARANTINED : NULL),
                .message = why ? g_strdup_printf("%s: %s", pin->file, why) : NULL,
                .file = g_strdup(pin->file),
                .inputs = json_object(),
                .asked = pin->written,
                .stored = true,
            };
            return true;
        }
    }
    return false;
}
