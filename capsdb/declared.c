/* declared: the conservative inputs of an answer of an emulator that does not tell its own.
 *
 * Without a target the emulator was launched with -machine none, and what it says depends on the
 * binary; the exceptions look at the host. With a target everything the caller said is an input,
 * and so is the host unless the accelerator is known not to read it. This file must not know how a
 * question is put. */
#include "declared.h"

#include "probe.h"

#include <string.h>

static const char *const nothing[] = {NULL};
static const char *const target[] = {CAPS_INPUT_TARGET, NULL};
static const char *const host[] = {CAPS_INPUT_HOST, NULL};
static const char *const both[] = {CAPS_INPUT_HOST, CAPS_INPUT_TARGET, NULL};

/* Commands that only tell and do not begin with query-. */
static const char *const telling[] = {"qom-list-types", "qom-list-properties",
                                      "device-list-properties", "qom-list", PRB_LEARN_MACHINE};

/* Commands whose answers come from this computer even with -machine none. */
static const char *const of_host[] = {"query-kvm",
                                      "query-sev",
                                      "query-sev-capabilities",
                                      "query-sgx",
                                      "query-sgx-capabilities",
                                      "query-gic-capabilities",
                                      "query-hv-balloon-status-report",
                                      "query-current-machine"};

static bool contains(const char *const *list, size_t count, const char *word)
{
    for (size_t i = 0; i < count; i++) {
        if (g_str_equal(list[i], word)) {
            return true;
        }
    }
    return false;
}

/* Of the human monitor only "info" is for asking. */
static bool is_info(const CapsQuestion *question)
{
    const char *line = json_string_value(json_object_get(question->arguments, "command-line"));
    return g_str_equal(question->command, "human-monitor-command") && line &&
           g_str_has_prefix(line, "info ");
}

bool caps_declared_may_ask(const CapsQuestion *question)
{
    return g_str_has_prefix(question->command, "query-") || is_info(question) ||
           contains(telling, G_N_ELEMENTS(telling), question->command);
}

const char *const *caps_declared_inputs(const CapsQuestion *question)
{
    bool reads_host = contains(of_host, G_N_ELEMENTS(of_host), question->command);
    const char *accel = json_string_value(json_object_get(question->target, "accel"));

    if (!question->target) {
        return reads_host ? host : nothing;
    }
    return reads_host || g_strcmp0(accel, "tcg") != 0 ? both : target;
}
