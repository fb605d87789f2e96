/* findings: the list of what is wrong, each under the named check that found it. */
#include "check.h"

#include <string.h>

struct MdlFindings {
    GPtrArray *all;
};

static const MdlCheckInfo checks[] = {
#define MDL_CHECK(id, class, doc) {#id, class, doc},
#include "checks.def"
#undef MDL_CHECK
};

static void finding_free(gpointer data)
{
    MdlFinding *finding = data;
    g_free(finding->rule);
    g_free(finding->place);
    g_free(finding->file);
    g_free(finding->message);
    g_free(finding->suggestion);
    g_free(finding);
}

MdlFindings *mdl_findings_new(void)
{
    MdlFindings *findings = g_new0(MdlFindings, 1);
    findings->all = g_ptr_array_new_with_free_func(finding_free);
    return findings;
}

void mdl_findings_free(MdlFindings *findings)
{
    if (!findings) {
        return;
    }
    g_ptr_array_unref(findings->all);
    g_free(findings);
}

size_t mdl_findings_count(const MdlFindings *findings)
{
    return findings->all->len;
}

const MdlFinding *mdl_findings_at(const MdlFindings *findings, size_t index)
{
    return g_ptr_array_index(findings->all, index);
}

char *mdl_check_name(MdlCheckId check)
{
    char *name = g_ascii_strdown(checks[check].identifier, -1);
    return g_strdelimit(name, "_", '-');
}

const MdlCheckInfo *mdl_check_info(MdlCheckId check)
{
    return &checks[check];
}

void mdl_find(MdlFindings *findings, MdlCheckId check, const MdlPlace *place,
              const char *suggestion, const char *format, ...)
{
    MdlFinding *finding = g_new0(MdlFinding, 1);
    finding->class_name = checks[check].class_name;
    finding->rule = mdl_check_name(check);
    finding->place = g_strdup(place->what ? place->what : "");
    finding->file = g_strdup(place->file);
    finding->line = place->line;
    finding->suggestion = g_strdup(suggestion);
    va_list arguments;
    va_start(arguments, format);
    finding->message = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    g_ptr_array_add(findings->all, finding);
}

typedef struct Ranked {
    MdlFinding *finding;
    unsigned file;
} Ranked;

static int compare_ranked(gconstpointer a, gconstpointer b)
{
    const Ranked *left = a, *right = b;
    if (left->file != right->file) {
        return left->file < right->file ? -1 : 1;
    }
    return (left->finding->line > right->finding->line) -
           (left->finding->line < right->finding->line);
}

void mdl_findings_sort(MdlFindings *findings, size_t from)
{
    g_autoptr(GHashTable) files = g_hash_table_new(g_str_hash, g_str_equal);
    g_autoptr(GArray) all = g_array_new(FALSE, FALSE, sizeof(Ranked));
    for (size_t i = from; i < findings->all->len; i++) {
        MdlFinding *finding = g_ptr_array_index(findings->all, i);
        const char *file = finding->file ? finding->file : "";
        if (!g_hash_table_contains(files, file)) {
            unsigned rank = g_hash_table_size(files);
            g_hash_table_insert(files, (gpointer)file, GUINT_TO_POINTER(rank));
        }
        Ranked one = {finding, GPOINTER_TO_UINT(g_hash_table_lookup(files, file))};
        g_array_append_val(all, one);
    }
    g_array_sort(all, compare_ranked); /* stable */
    for (size_t i = 0; i < all->len; i++) {
        g_ptr_array_index(findings->all, from + i) = g_array_index(all, Ranked, i).finding;
    }
}

char *mdl_findings_print(const MdlFindings *findings)
{
    GString *text = g_string_new(NULL);
    for (size_t i = 0; i < findings->all->len; i++) {
        const MdlFinding *finding = mdl_findings_at(findings, i);
        if (finding->file && finding->line) {
            g_string_append_printf(text, "%s:%u: ", finding->file, finding->line);
        } else if (finding->file) {
            g_string_append_printf(text, "%s: ", finding->file);
        }
        if (*finding->place) {
            g_string_append_printf(text, "%s: ", finding->place);
        }
        g_string_append_printf(text, "%s (%s)", finding->message, finding->rule);
        if (finding->suggestion) {
            g_string_append_printf(text, "; %s", finding->suggestion);
        }
        g_string_append_c(text, '\n');
    }
    return g_string_free(text, FALSE);
}
