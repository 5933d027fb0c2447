/* Exceptions of the matcher. */
#include "engine/store/exceptions.h"

#include "common/base/str.h"
#include "engine/store/rows.h"
#include "engine/store/sql.h"

enum { EXCEPTION_LATEST, EXCEPTION_INSERT, EXCEPTIONS_LIST, EXCEPTIONS_COUNT };

/* The latest row of each entry that is in no live match. */
#define STANDING                                                                                   \
    " FROM exceptions e WHERE e.entity_id = ?1"                                                    \
    " AND NOT EXISTS (SELECT 1 FROM live_legs l WHERE l.entry_id = e.entry_id)"                    \
    " AND NOT EXISTS (SELECT 1 FROM exceptions later WHERE later.entry_id = e.entry_id"            \
    "                 AND later.seq > e.seq)"

const struct db_sql exceptions_sql[] = {
    [EXCEPTION_LATEST] = {"exception_latest",
                          "SELECT class, seq, (SELECT coalesce(max(seq), 0) FROM files)"
                          " FROM exceptions WHERE entry_id = ?1"
                          " ORDER BY seq DESC LIMIT 1"},
    [EXCEPTION_INSERT] = {"exception_insert",
                          "INSERT INTO exceptions (exception_id, entry_id, entity_id, account_id,"
                          " class, detail, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"},
    [EXCEPTIONS_LIST] = {"exceptions_list",
                         "SELECT e.exception_id, e.entry_id, e.entity_id, e.account_id, e.class,"
                         " e.detail" STANDING " AND e.entry_id > ?2 ORDER BY e.entry_id LIMIT ?3"},
    [EXCEPTIONS_COUNT] = {"exceptions_count",
                          "SELECT e.class, count(*)" STANDING " GROUP BY e.class ORDER BY e.class"},
};
const size_t exceptions_sql_n = sizeof exceptions_sql / sizeof exceptions_sql[0];

struct err exception_stands(struct tx *tx, const struct exception_row *row, bool *stands)
{
    bool found;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_EXCEPTIONS, EXCEPTION_LATEST);
    stmt_bind_text(q, 1, row->entry_id);
    TRY(stmt_step(q, &found));
    *stands = found && (str_is(stmt_peek(q, 0), row->class_) ||
                        str_is(stmt_peek(q, 0), "DUPLICATE") || stmt_int(q, 1) > stmt_int(q, 2));
    return OK;
}

struct err exception_insert(struct tx *tx, const struct exception_row *row, bool *added)
{
    bool stands;
    TRY(exception_stands(tx, row, &stands));
    *added = !stands;
    if (stands)
        return OK;
    const char *id = tx_new_id(tx, "exc");
    ENSURE(id != NULL, ERR_LIMIT, "out of memory");
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_EXCEPTIONS, EXCEPTION_INSERT);
    stmt_bind_text(q, 1, id);
    stmt_bind_text(q, 2, row->entry_id);
    stmt_bind_text(q, 3, row->entity_id);
    stmt_bind_text(q, 4, row->account_id);
    stmt_bind_text(q, 5, row->class_);
    stmt_bind_text(q, 6, row->detail);
    stmt_bind_int(q, 7, tx_seq(tx));
    return stmt_run(q);
}

static void exception_read(struct stmt *q, struct arena *arena, void *row)
{
    *(struct exception_row *)row = (struct exception_row){.exception_id = stmt_text(q, 0, arena),
                                                          .entry_id = stmt_text(q, 1, arena),
                                                          .entity_id = stmt_text(q, 2, arena),
                                                          .account_id = stmt_text(q, 3, arena),
                                                          .class_ = stmt_text(q, 4, arena),
                                                          .detail = stmt_text(q, 5, arena)};
}

struct err exceptions_list(struct tx *tx, struct arena *arena, const char *entity_id,
                           const char *after, int64_t limit, struct exception_row **rows, size_t *n)
{
    void *all;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_EXCEPTIONS, EXCEPTIONS_LIST);
    stmt_bind_text(q, 1, entity_id);
    stmt_bind_text(q, 2, after == NULL ? "" : after);
    stmt_bind_int(q, 3, limit);
    TRY(rows_read(q, arena, sizeof **rows, exception_read, &all, n));
    *rows = all;
    return OK;
}

static void count_read(struct stmt *q, struct arena *arena, void *row)
{
    *(struct exception_count *)row =
        (struct exception_count){.class_ = stmt_text(q, 0, arena), .count = stmt_int(q, 1)};
}

struct err exceptions_count(struct tx *tx, struct arena *arena, const char *entity_id,
                            struct exception_count **rows, size_t *n)
{
    void *all;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_EXCEPTIONS, EXCEPTIONS_COUNT);
    stmt_bind_text(q, 1, entity_id);
    TRY(rows_read(q, arena, sizeof **rows, count_read, &all, n));
    *rows = all;
    return OK;
}
