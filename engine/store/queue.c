/* Queues of escalations. */
#include "engine/store/queue.h"

#include <string.h>

#include "engine/store/rows.h"
#include "engine/store/sql.h"

enum { QUEUE_WALK, QUEUE_ADDRESSED, QUEUE_ASKED, QUEUE_DECIDED };

#define OPEN_STATES "state IN ('PENDING', 'STAGE_APPROVED', 'INFO_REQUESTED')"

/* The row itself is visited only where what was bound is asked for (?1). */
const struct db_sql queue_sql[] = {
    [QUEUE_WALK] = {"queue_walk",
                    "SELECT escalation_id, entity_id, tool, reason, currency, amount_minor,"
                    " created_at, code, CASE WHEN ?1 THEN bound END"
                    " FROM escalations INDEXED BY escalations_queue WHERE " OPEN_STATES
                    " AND escalation_id > '' ORDER BY escalation_id"},
    [QUEUE_ADDRESSED] = {"queue_addressed",
                         "SELECT a.escalation_id FROM escalation_addressees a"
                         " INDEXED BY escalation_addressees_who"
                         " JOIN escalations e ON e.escalation_id = a.escalation_id"
                         " WHERE a.who = ?1 AND e." OPEN_STATES
                         " AND NOT EXISTS (SELECT 1 FROM assignments s WHERE s.object ="
                         " 'escalation:' || a.escalation_id AND s.assignee IS NOT NULL)"
                         " UNION SELECT e.escalation_id FROM assignments s"
                         " INDEXED BY assignments_of JOIN escalations e ON e.escalation_id ="
                         " substr(s.object, length('escalation:') + 1)"
                         " WHERE s.assignee IN (?1, 'role:' || ?1)"
                         " AND s.object > 'escalation:' AND s.object < 'escalation;'"
                         " AND e." OPEN_STATES " ORDER BY 1"},
    [QUEUE_ASKED] = {"queue_asked", "SELECT DISTINCT escalation_id FROM escalation_parties"
                                    " INDEXED BY escalation_parties_who WHERE principal_id = ?1"
                                    " AND (?2 = '' OR escalation_id < ?2) AND role <> 'approver'"
                                    " ORDER BY escalation_id DESC LIMIT ?3"},
    [QUEUE_DECIDED] = {"queue_decided",
                       "SELECT escalation_id FROM escalations INDEXED BY escalations_decided"
                       " WHERE decided_by = ?4 AND (?2 = '' OR escalation_id < ?2)"
                       " UNION SELECT escalation_id FROM escalation_parties"
                       " INDEXED BY escalation_parties_who WHERE principal_id = ?1"
                       " AND (?2 = '' OR escalation_id < ?2) AND role = 'approver'"
                       " ORDER BY escalation_id DESC LIMIT ?3"},
};
const size_t queue_sql_n = sizeof queue_sql / sizeof queue_sql[0];

static struct err row_of(struct stmt *q, struct queue_row *row)
{
    char currency[4] = "";
    struct str text = stmt_peek(q, 4);
    *row = (struct queue_row){.escalation_id = stmt_peek(q, 0),
                              .entity_id = stmt_peek(q, 1),
                              .tool = stmt_peek(q, 2),
                              .reason = stmt_peek(q, 3),
                              .created_at = stmt_peek(q, 6),
                              .code = stmt_peek(q, 7),
                              .bound = stmt_peek(q, 8),
                              .has_amount = !stmt_is_null(q, 5)};
    if (!row->has_amount)
        return OK;
    ENSURE(text.len == 3, ERR_STORE, "an escalation's amount has no currency");
    memcpy(currency, text.at, 3);
    return money_make(stmt_int(q, 5), currency, &row->amount);
}

struct err queue_walk(struct tx *tx, bool with_bound, queue_row_fn fn, void *arg)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_QUEUE, QUEUE_WALK);
    stmt_bind_bool(q, 1, with_bound);
    for (;;) {
        struct queue_row row;
        bool found;
        TRY(stmt_step(q, &found));
        if (!found)
            return OK;
        TRY(row_of(q, &row));
        TRY(fn(arg, &row));
    }
}

static void id_read(struct stmt *q, struct arena *arena, void *row)
{
    *(const char **)row = stmt_text(q, 0, arena);
}

static struct err ids_read(struct stmt *q, struct arena *arena, const char ***ids, size_t *n)
{
    void *rows;
    TRY(rows_read(q, arena, sizeof **ids, id_read, &rows, n));
    *ids = rows;
    return OK;
}

struct err queue_addressed(struct tx *tx, struct arena *arena, const char *who, const char ***ids,
                           size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_QUEUE, QUEUE_ADDRESSED);
    stmt_bind_text(q, 1, who);
    return ids_read(q, arena, ids, n);
}

struct err queue_asked(struct tx *tx, struct arena *arena, const char *principal,
                       const char *before, int64_t limit, const char ***ids, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_QUEUE, QUEUE_ASKED);
    stmt_bind_text(q, 1, principal);
    stmt_bind_text(q, 2, before);
    stmt_bind_int(q, 3, limit);
    return ids_read(q, arena, ids, n);
}

struct err queue_decided(struct tx *tx, struct arena *arena, const char *actor,
                         const char *principal, const char *before, int64_t limit,
                         const char ***ids, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_QUEUE, QUEUE_DECIDED);
    stmt_bind_text(q, 1, principal);
    stmt_bind_text(q, 2, before);
    stmt_bind_int(q, 3, limit);
    stmt_bind_text(q, 4, actor);
    return ids_read(q, arena, ids, n);
}
