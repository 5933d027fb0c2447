/* Asking the statements of pbc_sql.c. */
#include "engine/store/pbc.h"

#include "engine/store/sql.h"

enum { COLUMNS_MAX = 40 };

static void ask_bind(struct stmt *q, const struct pbc_ask *ask)
{
    const int n = stmt_params(q);
    if (n >= 1)
        stmt_bind_int(q, 1, ask->first);
    if (n >= 2)
        stmt_bind_int(q, 2, ask->last);
    if (n >= 3)
        stmt_bind_text(q, 3, ask->entities);
    if (n >= 4)
        stmt_bind_text(q, 4, ask->until);
    if (n >= 5)
        stmt_bind_text(q, 5, ask->id);
}

static void cells_read(struct stmt *q, struct pbc_cell *cells, int n)
{
    for (int i = 0; i < n; i++) {
        const enum stmt_kind kind = stmt_kind(q, i);
        cells[i].is_null = kind == STMT_NULL;
        cells[i].is_number = kind == STMT_INT;
        cells[i].number = kind == STMT_INT ? stmt_int(q, i) : 0;
        cells[i].text = stmt_peek(q, i);
    }
}

struct err pbc_ask(struct tx *tx, enum pbc_query query, const struct pbc_ask *ask,
                   pbc_row_fn *columns, pbc_row_fn *fn, void *arg)
{
    struct pbc_cell cells[COLUMNS_MAX] = {{.column = NULL}};
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_PBC, query);
    const int n = stmt_columns(q);
    ENSURE(n <= COLUMNS_MAX, ERR_BUG, "a question has more columns than are read");
    for (int i = 0; i < n; i++)
        cells[i].column = stmt_column(q, i);
    if (columns != NULL)
        TRY(columns(arg, cells, (size_t)n));
    ask_bind(q, ask);
    for (;;) {
        TRY(stmt_step(q, &row));
        if (!row)
            return OK;
        cells_read(q, cells, n);
        TRY(fn(arg, cells, (size_t)n));
    }
}

struct err pbc_log(struct tx *tx, const struct pbc_ask *ask, pbc_event_fn *fn, void *arg)
{
    int64_t next = ask->first;
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_PBC, PBC_LOG);
    ask_bind(q, ask);
    for (;; next++) {
        TRY(stmt_step(q, &row));
        if (!row)
            break;
        const struct pbc_event event = {.seq = stmt_int(q, 0),
                                        .event = stmt_peek(q, 1),
                                        .hash_prev = stmt_peek(q, 2),
                                        .hash_self = stmt_peek(q, 3),
                                        .shown = stmt_bool(q, 4)};
        ENSURE(event.seq == next, ERR_STORE, "an event is missing; run audit verify");
        ENSURE(event.hash_prev.len == 32 && event.hash_self.len == 32, ERR_STORE,
               "an event's hash has a wrong length; run audit verify");
        TRY(fn(arg, &event));
    }
    ENSURE(next == ask->last + 1, ERR_STORE, "an event is missing; run audit verify");
    return OK;
}

struct err pbc_last(struct tx *tx, int64_t before, int64_t *seq)
{
    const struct pbc_ask ask = {.last = before - 1};
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_PBC, PBC_LAST);
    ask_bind(q, &ask);
    TRY(stmt_step(q, &row));
    *seq = row ? stmt_int(q, 0) : 0;
    return OK;
}
