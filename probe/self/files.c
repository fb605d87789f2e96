/* files: a person's declaration files: checked, or added to what is known. */
#include "self.h"

#include "cfg.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* A byte more than any file may have, so that one that is too large is seen to be. */
#define MAX_READ  (MDL_CFG_MAX_FILE + 1)
#define MAX_FACTS (64 << 20)

static char *read_all(int fd, size_t most, size_t *ret_length)
{
    g_autoptr(GString) text = g_string_new(NULL);
    char buffer[1 << 14];
    while (text->len < most) {
        ssize_t length = read(fd, buffer, MIN(sizeof(buffer), most - text->len));
        if (length < 0 && errno == EINTR) {
            continue;
        }
        if (length < 0) {
            return NULL;
        }
        if (length == 0) {
            break;
        }
        g_string_append_len(text, buffer, length);
    }
    *ret_length = text->len;
    return g_string_free(g_steal_pointer(&text), FALSE);
}

/* All files, or NULL when one cannot be read. */
static GArray *read_files(const char *const *files)
{
    g_autoptr(GArray) sources = g_array_new(FALSE, TRUE, sizeof(MdlSource));
    bool ok = true;
    for (size_t i = 0; files[i]; i++) {
        MdlSource source = {.file = files[i]};
        int fd = open(files[i], O_RDONLY | O_CLOEXEC);
        char *text = fd >= 0 ? read_all(fd, MAX_READ, &source.length) : NULL;
        if (!text) {
            prb_complain("%s: %s", files[i], g_strerror(errno));
            ok = false;
        }
        if (fd >= 0) {
            close(fd);
        }
        source.text = text;
        g_array_append_val(sources, source);
    }
    return ok ? g_steal_pointer(&sources) : NULL;
}

static void free_files(GArray *sources)
{
    for (size_t i = 0; i < sources->len; i++) {
        g_free((char *)g_array_index(sources, MdlSource, i).text);
    }
    g_array_unref(sources);
}

static void print_findings(const MdlFindings *findings)
{
    g_autofree char *text = mdl_findings_print(findings);
    prb_write(STDERR_FILENO, text, strlen(text));
}

PrbExit prb_add_files(MdlCatalog *catalog, const char *const *files)
{
    GArray *sources = read_files(files);
    if (!sources) {
        return PRB_UNKNOWN;
    }
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    bool ok = mdl_catalog_add(catalog, (const MdlSource *)sources->data, sources->len, findings);
    print_findings(findings);
    free_files(sources);
    return ok ? PRB_YES : PRB_NO;
}

PrbExit prb_check_files(const char *const *files)
{
    GArray *sources = read_files(files);
    if (!sources) {
        return PRB_UNKNOWN;
    }
    g_autoptr(MdlFindings) findings = mdl_findings_new();
    bool ok = mdl_catalog_check((const MdlSource *)sources->data, sources->len, findings);
    print_findings(findings);
    free_files(sources);
    return ok ? PRB_YES : PRB_NO;
}

CmdLearned *prb_read_facts(const char *file)
{
    g_autoptr(GError) error = NULL;
    size_t length = 0;
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    g_autofree char *text = fd >= 0 ? read_all(fd, MAX_FACTS, &length) : NULL;
    if (!text) {
        prb_complain("%s: %s", file, g_strerror(errno));
    }
    if (fd >= 0) {
        close(fd);
    }
    json_t *facts = text ? wire_json_parse(text, length, &wire_limits_reply, &error) : NULL;
    CmdLearned *learned = facts ? cmd_learned_read(facts, &error) : NULL;
    if (text && !learned) {
        prb_complain("%s: %s", file, error->message);
    }
    json_decref(facts);
    return learned;
}
