/* views: what the views of the database say, in words. The statements that make them are in
 * migrations.c; a test holds the two against each other. */
#ifndef VITRINE_CAPSDB_VIEWS_H
#define VITRINE_CAPSDB_VIEWS_H

/* A column, or with column NULL a view; the columns of a view follow it, in their order. The last
 * has no view. */
typedef struct CapsViewDoc {
    const char *view, *column, *doc;
} CapsViewDoc;

extern const CapsViewDoc caps_view_docs[];

#endif
