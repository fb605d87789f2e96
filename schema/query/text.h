/* text: laying out text in columns of a terminal. Knows widths, not what is said. */
#ifndef VITRINE_QUERY_TEXT_H
#define VITRINE_QUERY_TEXT_H

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Columns that text takes: wide characters take two, combining ones none. */
size_t cmd_text_width(const char *text);
/* A copy in which control characters are written as \n, \t or \x1b. */
char *cmd_text_safe(const char *text);
/* A number in few digits: of whole MiB, GiB or TiB it is most likely a size. Free with g_free. */
char *cmd_text_number(uint64_t number);
/* The lines of text broken at spaces to fit, or inside a word that is wider. 0: one line. */
GPtrArray *cmd_text_wrap(const char *text, size_t width);
/* Appends text, and spaces up to that width. */
void cmd_text_pad(GString *out, const char *text, size_t width);

/* ---- tables: a header, rows of cells, all columns to the left but numbers -------------------- */

typedef struct CmdTable CmdTable;

CmdTable *cmd_table_new(void);
void cmd_table_free(CmdTable *table);
void cmd_table_add_column(CmdTable *table, const char *title);
/* Cells of the next row, one for each column; taken over. */
void cmd_table_add_row(CmdTable *table, GPtrArray *cells);
/* A line between rows, over all columns; rows stand a little to the right of it. */
void cmd_table_add_heading(CmdTable *table, const char *text);
/* The columns it takes as it is. */
size_t cmd_table_width(const CmdTable *table);
/* Whether the table can be read at that width: no column is squeezed below a word. */
bool cmd_table_fits(const CmdTable *table, unsigned width);
void cmd_table_print(const CmdTable *table, GString *out, const char *indent, unsigned width);

G_DEFINE_AUTOPTR_CLEANUP_FUNC(CmdTable, cmd_table_free)

#endif
