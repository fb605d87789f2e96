/* text: see text.h. */
#include "text.h"

#include <string.h>

#define GAP       2  /* spaces between columns */
#define MIN_SPACE 10 /* a column of text is not squeezed below this */

/* The length of the run of plain ASCII, one column a byte, that a text begins with. Nearly every
 * cell is plain from end to end, and Unicode's tables are slow. */
static size_t plain_length(const char *text)
{
    size_t n = 0;
    while (text[n] >= 0x20 && text[n] < 0x7f) {
        n++;
    }
    return n;
}

size_t cmd_text_width(const char *text)
{
    size_t width = plain_length(text);
    text += width;
    for (const char *at = text; *at; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        width += g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
    }
    return width;
}

char *cmd_text_safe(const char *text)
{
    if (text[plain_length(text)] == '\0') {
        return g_strdup(text);
    }
    g_autofree char *valid = g_utf8_make_valid(text, -1);
    GString *out = g_string_new(NULL);
    for (const char *at = valid; *at; at = g_utf8_next_char(at)) {
        gunichar c = g_utf8_get_char(at);
        if (c == '\n' || c == '\t') {
            g_string_append(out, c == '\n' ? "\\n" : "\\t");
        } else if (g_unichar_iscntrl(c) || g_unichar_type(c) == G_UNICODE_FORMAT) {
            g_string_append_printf(out, "\\x%02x", c);
        } else {
            g_string_append_unichar(out, c);
        }
    }
    return g_string_free(out, FALSE);
}

char *cmd_text_number(uint64_t number)
{
    static const struct {
        unsigned shift;
        char unit;
    } units[] = {{40, 'T'}, {30, 'G'}, {20, 'M'}};
    for (size_t i = 0; i < G_N_ELEMENTS(units); i++) {
        uint64_t one = UINT64_C(1) << units[i].shift;
        if (number >= one && number % one == 0) {
            return g_strdup_printf("%" G_GUINT64_FORMAT "%c", number / one, units[i].unit);
        }
    }
    return g_strdup_printf("%" G_GUINT64_FORMAT, number);
}

/* How many bytes of text fit the width; at least one character. */
static size_t fitting(const char *text, size_t width)
{
    size_t used = 0;
    const char *at = text;
    while (*at) {
        gunichar c = g_utf8_get_char(at);
        used += g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
        if (used > width && at > text) {
            break;
        }
        at = g_utf8_next_char(at);
    }
    return (size_t)(at - text);
}

GPtrArray *cmd_text_wrap(const char *text, size_t width)
{
    GPtrArray *lines = g_ptr_array_new_with_free_func(g_free);
    while (width && cmd_text_width(text) > width) {
        size_t length = fitting(text, width);
        size_t cut = length;
        while (cut > 0 && text[cut] != ' ') {
            cut--;
        }
        cut = cut ? cut : length;
        g_ptr_array_add(lines, g_strndup(text, cut));
        text += cut + strspn(text + cut, " ");
    }
    if (*text || !lines->len) {
        g_ptr_array_add(lines, g_strdup(text));
    }
    return lines;
}

void cmd_text_pad(GString *out, const char *text, size_t width)
{
    size_t used = cmd_text_width(text);
    g_string_append(out, text);
    for (; used < width; used++) {
        g_string_append_c(out, ' ');
    }
}

/* ---- tables ---------------------------------------------------------------------------------- */

struct CmdTable {
    GPtrArray *titles; /* char * */
    bool headings;
    GPtrArray *rows; /* GPtrArray of char *; with one cell too many for a heading */
};

CmdTable *cmd_table_new(void)
{
    CmdTable *table = g_new0(CmdTable, 1);
    table->titles = g_ptr_array_new_with_free_func(g_free);
    table->rows = g_ptr_array_new_with_free_func((GDestroyNotify)g_ptr_array_unref);
    return table;
}

void cmd_table_free(CmdTable *table)
{
    if (!table) {
        return;
    }
    g_ptr_array_unref(table->titles);
    g_ptr_array_unref(table->rows);
    g_free(table);
}

void cmd_table_add_column(CmdTable *table, const char *title)
{
    g_ptr_array_add(table->titles, g_ascii_strup(title, -1));
}

void cmd_table_add_row(CmdTable *table, GPtrArray *cells)
{
    g_assert(cells->len == table->titles->len);
    g_ptr_array_add(table->rows, cells);
}

void cmd_table_add_heading(CmdTable *table, const char *text)
{
    GPtrArray *cells = g_ptr_array_new_full(table->titles->len + 1, g_free);
    for (size_t i = 0; i < table->titles->len; i++) {
        g_ptr_array_add(cells, g_strdup(""));
    }
    g_ptr_array_add(cells, g_strdup(text));
    g_ptr_array_add(table->rows, cells);
    table->headings = true;
}

static const char *cell_at(const CmdTable *table, size_t row, size_t column)
{
    const GPtrArray *cells = g_ptr_array_index(table->rows, row);
    return g_ptr_array_index(cells, column);
}

/* The widest cell of a column, its title among them. */
static size_t natural_width(const CmdTable *table, size_t column)
{
    size_t width = cmd_text_width(g_ptr_array_index(table->titles, column));
    for (size_t i = 0; i < table->rows->len; i++) {
        width = MAX(width, cmd_text_width(cell_at(table, i, column)));
    }
    return width;
}

/* The widest word of a text: what wrapping cannot make narrower. */
static size_t widest_word(const char *text)
{
    size_t width = 0;
    if (text[plain_length(text)] == '\0') {
        for (; *text; text += strspn(text, " ")) {
            size_t length = strcspn(text, " ");
            width = MAX(width, length);
            text += length;
        }
        return width;
    }
    g_auto(GStrv) words = g_strsplit(text, " ", -1);
    for (size_t i = 0; words[i]; i++) {
        width = MAX(width, cmd_text_width(words[i]));
    }
    return width;
}

/* What a column cannot go below: its widest word, and for text of several words some room. */
static size_t least_width(const CmdTable *table, size_t column)
{
    size_t least = cmd_text_width(g_ptr_array_index(table->titles, column));
    for (size_t i = 0; i < table->rows->len; i++) {
        least = MAX(least, widest_word(cell_at(table, i, column)));
    }
    return MAX(least, MIN(natural_width(table, column), MIN_SPACE));
}

/* The widths of all columns: as they are, the widest made narrower until all fit. False: they do
 * not fit at their least. */
static bool choose_widths(const CmdTable *table, size_t space, size_t *widths)
{
    size_t n = table->titles->len;
    size_t total = n ? (n - 1) * GAP : 0;
    g_autofree size_t *least = g_new(size_t, n + 1);
    for (size_t i = 0; i < n; i++) {
        widths[i] = natural_width(table, i);
        least[i] = least_width(table, i);
        total += widths[i];
    }
    while (space && total > space) {
        size_t widest = n;
        for (size_t i = 0; i < n; i++) {
            if (widths[i] > least[i] && (widest == n || widths[i] > widths[widest])) {
                widest = i;
            }
        }
        if (widest == n) {
            return false;
        }
        widths[widest]--;
        total--;
    }
    return true;
}

/* What stands before rows, beside the indent of the table. */
static const char *row_indent(const CmdTable *table)
{
    return table->headings ? "  " : "";
}

size_t cmd_table_width(const CmdTable *table)
{
    size_t total = strlen(row_indent(table));
    for (size_t i = 0; i < table->titles->len; i++) {
        total += natural_width(table, i) + (i ? GAP : 0);
    }
    return total;
}

bool cmd_table_fits(const CmdTable *table, unsigned width)
{
    size_t margin = strlen(row_indent(table));
    g_autofree size_t *widths = g_new(size_t, table->titles->len + 1);
    return choose_widths(table, width > margin ? width - margin : width, widths);
}

static void print_line(GString *out, const char *indent, GPtrArray **cells, size_t line, size_t n,
                       const size_t *widths)
{
    size_t start = out->len;
    g_string_append(out, indent);
    for (size_t i = 0; i < n; i++) {
        const char *text = line < cells[i]->len ? g_ptr_array_index(cells[i], line) : "";
        cmd_text_pad(out, text, i + 1 < n ? widths[i] + GAP : 0);
    }
    while (out->len > start && out->str[out->len - 1] == ' ') {
        g_string_truncate(out, out->len - 1);
    }
    g_string_append_c(out, '\n');
}

static void print_row(GString *out, const char *indent, const GPtrArray *row, const size_t *widths)
{
    size_t lines = 1;
    g_autofree GPtrArray **cells = g_new(GPtrArray *, row->len + 1);
    for (size_t i = 0; i < row->len; i++) {
        cells[i] = cmd_text_wrap(g_ptr_array_index(row, i), widths[i]);
        lines = MAX(lines, cells[i]->len);
    }
    for (size_t line = 0; line < lines; line++) {
        print_line(out, indent, cells, line, row->len, widths);
    }
    for (size_t i = 0; i < row->len; i++) {
        g_ptr_array_unref(cells[i]);
    }
}

void cmd_table_print(const CmdTable *table, GString *out, const char *indent, unsigned width)
{
    g_autofree char *before = g_strconcat(indent, row_indent(table), NULL);
    size_t margin = cmd_text_width(before);
    g_autofree size_t *widths = g_new(size_t, table->titles->len + 1);
    choose_widths(table, width > margin ? width - margin : width, widths);
    print_row(out, before, table->titles, widths);
    for (size_t i = 0; i < table->rows->len; i++) {
        const GPtrArray *row = g_ptr_array_index(table->rows, i);
        if (row->len > table->titles->len) {
            g_string_append_printf(out, "%s%s\n", indent, cell_at(table, i, row->len - 1));
        } else {
            print_row(out, before, row, widths);
        }
    }
}
