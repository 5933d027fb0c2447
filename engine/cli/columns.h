/* A table for people: columns as wide as their widest cell, two spaces between. Control characters
 * in what the book holds are printed as '?', so that a memo cannot drive the terminal. */
#ifndef ENGINE_CLI_COLUMNS_H
#define ENGINE_CLI_COLUMNS_H

#include <stdio.h>

#include "common/base/arena.h"
#include "common/base/err.h"

#define COLUMNS_MAX 16

struct column {
    const char *head;
    bool right; /* numbers */
};

struct columns {
    struct arena *arena;
    const struct column *columns; /* columns_n of them, at most COLUMNS_MAX */
    size_t columns_n;
    const char **cells; /* row after row; NULL is printed as "-" */
    size_t cells_n, cells_cap;
};

/* One cell, left to right, row after row; the text must live until the table is printed. */
MUST_CHECK struct err columns_add(struct columns *c, const char *text);
void columns_print(const struct columns *c, const char *indent, FILE *to);

/* Text of the book as it may go to a terminal: control characters become '?'. */
const char *plain_text(struct arena *arena, const char *text);

/* Prose, broken at spaces so that a line keeps within 100 columns, each line behind `indent`. */
void text_wrap(struct arena *arena, const char *indent, const char *text, FILE *to);

#endif
