/* An array that doubles while rows come in; the smaller ones stay behind in the arena. */
#include "engine/store/rows.h"

#include <string.h>

#define ROWS_FIRST 16

struct err rows_read(struct stmt *q, struct arena *arena, size_t size, row_read_fn read,
                     void **rows, size_t *n)
{
    size_t cap = ROWS_FIRST, count = 0;
    char *at = arena_array(arena, cap, size);
    bool more;
    TRY(stmt_step(q, &more));
    while (more && at != NULL) {
        if (count == cap) {
            char *bigger = arena_array(arena, cap * 2, size);
            if (bigger != NULL)
                memcpy(bigger, at, count * size);
            at = bigger;
            cap *= 2;
            continue;
        }
        read(q, arena, at + count * size);
        count++;
        TRY(stmt_step(q, &more));
    }
    TRY(arena_check(arena));
    *rows = at;
    *n = count;
    return OK;
}
