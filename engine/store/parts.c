/* Taking parts of entries and letting them go. */
#include "engine/store/parts.h"

#include "engine/store/rows.h"
#include "engine/store/sql.h"

enum {
    ENTRY_UNSETTLED,
    PARTS_ANY,
    PARTS_HELD,
    PART_TAKE,
    PART_CLOSE,
    PARTS_REOPEN,
    PARTS_RELEASE,
    ENTRY_MATCHES
};

const struct db_sql parts_sql[] = {
    [ENTRY_UNSETTLED] = {"entry_unsettled", "INSERT INTO unsettled (entity_id, account_id,"
                                            " entry_id) VALUES (?1, ?2, ?3)"
                                            " ON CONFLICT DO NOTHING"},
    [PARTS_ANY] = {"parts_any", "SELECT EXISTS (SELECT 1 FROM live_parts)"},
    [PARTS_HELD] = {"parts_held", "SELECT EXISTS (SELECT 1 FROM live_legs WHERE entry_id = ?1),"
                                  " coalesce(sum(minor), 0) FROM live_parts WHERE entry_id = ?1"},
    [PART_TAKE] = {"part_take", "INSERT INTO live_parts (entry_id, match_id, entity_id, minor)"
                                " VALUES (?1, ?2, ?3, ?4)"},
    /* Nothing is left of it: the entry is taken. */
    [PART_CLOSE] = {"part_close",
                    "INSERT INTO live_legs (entry_id, match_id) SELECT ?1, ?2 FROM entries e"
                    " WHERE e.entry_id = ?1 AND NOT EXISTS (SELECT 1 FROM entries n"
                    " WHERE n.entry_id = e.entry_id AND n.version > e.version)"
                    " AND e.amount_minor = (SELECT sum(p.minor) FROM live_parts p"
                    " WHERE p.entry_id = ?1)"},
    [PARTS_REOPEN] = {"parts_reopen", "DELETE FROM live_legs WHERE entry_id IN"
                                      " (SELECT entry_id FROM live_parts WHERE match_id = ?1)"},
    [PARTS_RELEASE] = {"parts_release", "DELETE FROM live_parts WHERE match_id = ?1"},
    [ENTRY_MATCHES] = {"entry_matches", "SELECT match_id FROM live_legs WHERE entry_id = ?1"
                                        " UNION SELECT match_id FROM live_parts"
                                        " WHERE entry_id = ?1 ORDER BY 1"},
};
const size_t parts_sql_n = sizeof parts_sql / sizeof parts_sql[0];

struct err entry_unsettled(struct tx *tx, const struct entry *e)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_PARTS, ENTRY_UNSETTLED);
    stmt_bind_text(q, 1, e->entity_id);
    stmt_bind_text(q, 2, e->account_id);
    stmt_bind_text(q, 3, e->entry_id);
    return stmt_run(q);
}

struct err entry_open(struct tx *tx, const struct entry *entry, struct money *open)
{
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_PARTS, PARTS_HELD);
    *open = entry->amount;
    stmt_bind_text(q, 1, entry->entry_id);
    TRY(stmt_step(q, &row));
    if (stmt_bool(q, 0))
        open->minor = 0;
    else
        ENSURE(!__builtin_sub_overflow(open->minor, stmt_int(q, 1), &open->minor), ERR_STORE,
               "the parts of an entry exceed it");
    return OK;
}

struct err parts_any(struct tx *tx, bool *any)
{
    bool row;
    if (tx->parts == PARTS_UNKNOWN) {
        CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_PARTS, PARTS_ANY);
        TRY(stmt_step(q, &row));
        tx->parts = stmt_bool(q, 0) ? PARTS_SOME : PARTS_NONE;
    }
    *any = tx->parts == PARTS_SOME;
    return OK;
}

static struct err part_close(struct tx *tx, const struct match *m, const struct leg *leg)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_PARTS, PART_CLOSE);
    stmt_bind_text(q, 1, leg->entry_id);
    stmt_bind_text(q, 2, m->match_id);
    return stmt_run(q);
}

struct err part_take(struct tx *tx, const struct match *m, const struct leg *leg)
{
    {
        CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_PARTS, PART_TAKE);
        stmt_bind_text(q, 1, leg->entry_id);
        stmt_bind_text(q, 2, m->match_id);
        stmt_bind_text(q, 3, m->entity_id);
        stmt_bind_int(q, 4, leg->amount_minor);
        struct err e = stmt_run(q);
        ENSURE(e.kind != ERR_CONFLICT, ERR_CONFLICT,
               "a part is more than what is open of its entry");
        TRY(e);
    }
    tx->parts = PARTS_SOME;
    return part_close(tx, m, leg);
}

static struct err run_of(struct tx *tx, size_t statement, const char *match_id)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_PARTS, statement);
    stmt_bind_text(q, 1, match_id);
    return stmt_run(q);
}

struct err parts_release(struct tx *tx, const char *match_id)
{
    TRY(run_of(tx, PARTS_REOPEN, match_id));
    return run_of(tx, PARTS_RELEASE, match_id);
}

static void match_id_read(struct stmt *q, struct arena *arena, void *row)
{
    *(const char **)row = stmt_text(q, 0, arena);
}

struct err entry_matches(struct tx *tx, struct arena *arena, const char *entry_id,
                         const char ***match_ids, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_PARTS, ENTRY_MATCHES);
    void *all;
    stmt_bind_text(q, 1, entry_id);
    TRY(rows_read(q, arena, sizeof **match_ids, match_id_read, &all, n));
    *match_ids = all;
    return OK;
}
