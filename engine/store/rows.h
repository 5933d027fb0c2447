/* Private to engine/store: the rows of a query as an array in an arena. */
#ifndef ENGINE_STORE_ROWS_H
#define ENGINE_STORE_ROWS_H

#include "common/base/arena.h"
#include "common/sys/db.h"

/* Fills the element at `row` (zeroed, of the size given) from the statement's current row. */
typedef void (*row_read_fn)(struct stmt *q, struct arena *arena, void *row);

/* Steps the bound statement to its end. *rows is never NULL on success, also when *n is 0. */
MUST_CHECK struct err rows_read(struct stmt *q, struct arena *arena, size_t size, row_read_fn read,
                                void **rows, size_t *n);

#endif
