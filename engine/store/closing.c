/* Sums for a close summary. */
#include "engine/store/closing.h"

#include "common/sys/jcs.h"

#include "engine/store/reconciling_sql.h"
#include "engine/store/rows.h"
#include "engine/store/sql.h"

enum { DECISIONS, PEOPLE, POLICIES, WAITING, ENTRIES, EXCEPTIONS };

/* ?1 entity, ?2 from, ?3 to, ?4 the entities that may be seen as JSON (NULL: all): an event that
 * tells of others is passed over, as query_audit does. */
#define EVENTS                                                                                     \
    " FROM audit_events a INDEXED BY audit_by_entity"                                              \
    " WHERE a.entity_id = ?1 AND a.seq >= ?2 AND a.seq < ?3"                                       \
    " AND json_extract(a.event, '$.decision') IS NOT NULL"                                         \
    " AND (?4 IS NULL OR NOT EXISTS (SELECT 1 FROM json_each(a.event, '$.gate_input.entities') j"  \
    "      WHERE j.value NOT IN (SELECT value FROM json_each(?4))))"

const struct db_sql closing_sql[] = {
    [DECISIONS] = {"closing_decisions",
                   "SELECT json_extract(a.event, '$.decision'),"
                   " substr(a.actor_id, 1, instr(a.actor_id, ':') - 1),"
                   " json_extract(a.event, '$.action'), json_extract(a.event, '$.object.type'),"
                   " json_extract(a.event, '$.state_from'), json_extract(a.event, '$.state_to'),"
                   " json_extract(a.event, '$.gate_input.match_type'),"
                   " json_extract(a.event, '$.source'),"
                   " a.match_id IS NOT NULL AND"
                   " (json_extract(a.event, '$.gate_input.ambiguous') IS 1"
                   " OR json_extract(a.event, '$.gate_input.sure') IS 0) AS unsure,"
                   " json_extract(a.event, '$.currency'), count(*),"
                   " sum(CAST(json_extract(a.event, '$.amount_minor') AS INTEGER))" EVENTS
                   " GROUP BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10"
                   " ORDER BY 1, 2, 3, 4, 5, 6, 7, 8, 9, 10"},
    [PEOPLE] =
        {"closing_people",
         "SELECT json_extract(a.event, '$.principal_id') AS who,"
         " (SELECT name FROM principals p"
         "   WHERE p.principal_id = json_extract(a.event, '$.principal_id')), count(*)" EVENTS
         " AND a.actor_id LIKE 'human:%'"
         " AND json_extract(a.event, '$.principal_id') IS NOT NULL"
         " GROUP BY who ORDER BY who"},
    [POLICIES] = {"closing_policies",
                  "SELECT policy_version, timestamp_utc, seq FROM (SELECT * FROM audit_events"
                  " INDEXED BY audit_by_type WHERE event_type = 'POLICY_LOADED' AND seq < ?1"
                  " ORDER BY seq DESC LIMIT 100) ORDER BY seq"},
    [WAITING] = {"closing_waiting",
                 "SELECT currency, count(*), sum(amount_minor), min(created_at) FROM escalations"
                 " INDEXED BY escalations_waiting"
                 " WHERE state IN ('PENDING', 'STAGE_APPROVED', 'INFO_REQUESTED')"
                 " AND entity_id = ?1 GROUP BY currency ORDER BY currency"},
    [ENTRIES] = {"closing_entries",
                 "SELECT k.side, CASE WHEN k.match_id IS NULL THEN"
                 "  CASE WHEN EXISTS (SELECT 1 FROM exceptions x WHERE x.entry_id = k.entry_id)"
                 "   THEN 3 ELSE 0 END"
                 " WHEN s.state = 'CONFIRMED' THEN 2 ELSE 1 END, count(*), sum(k.minor)"
                 " FROM" PIECES " LEFT JOIN match_states s ON s.match_id = k.match_id"
                 " WHERE k.date >= ?5 GROUP BY 1, 2 ORDER BY 1, 2"},
    [EXCEPTIONS] = {"closing_exceptions",
                    "SELECT x.class, coalesce(s.state, 'OPEN'),"
                    " (e.date < ?3) + (e.date < ?4) + (e.date < ?5) + (e.date < ?6), e.currency,"
                    " count(*), sum(e.amount_minor) FROM exceptions x"
                    " LEFT JOIN exception_states s ON s.exception_id = x.exception_id"
                    " JOIN entries e ON e.entry_id = x.entry_id"
                    " WHERE x.entity_id = ?1 AND e.date <= ?2"
                    " AND (s.state IS NULL OR s.state NOT IN ('RESOLVED', 'WRITTEN_OFF'))"
                    " AND NOT EXISTS (SELECT 1 FROM live_legs l WHERE l.entry_id = x.entry_id)"
                    " AND NOT EXISTS (SELECT 1 FROM exceptions later"
                    "                 WHERE later.entry_id = x.entry_id AND later.seq > x.seq)"
                    " AND NOT EXISTS (SELECT 1 FROM entries n WHERE n.entry_id = e.entry_id"
                    "                 AND n.version > e.version)"
                    " GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"},
};
const size_t closing_sql_n = sizeof closing_sql / sizeof closing_sql[0];

/* ---- events ---- */

static const char *entities_text(struct arena *arena, const struct closing *of)
{
    struct json *list = json_array_new(arena);
    struct str text = {.at = NULL};
    for (size_t i = 0; i < of->entities_n; i++)
        json_push(arena, list, json_text_new(arena, of->entities[i]));
    return jcs_text(arena, list, &text).kind == ERR_NONE ? text.at : "[]";
}

static struct stmt *events_of(struct tx *tx, struct arena *arena, size_t number,
                              const struct closing *of)
{
    struct stmt *q = db_stmt(tx->db, SQL_CLOSING, number);
    stmt_bind_text(q, 1, of->entity_id);
    stmt_bind_int(q, 2, of->from_seq);
    stmt_bind_int(q, 3, of->to_seq);
    stmt_bind_text(q, 4, of->scoped ? entities_text(arena, of) : NULL);
    return q;
}

static void decision_read(struct stmt *q, struct arena *arena, void *row)
{
    *(struct closing_decision *)row =
        (struct closing_decision){.decision = stmt_text(q, 0, arena),
                                  .actor_kind = stmt_text(q, 1, arena),
                                  .action = stmt_text(q, 2, arena),
                                  .object_type = stmt_text(q, 3, arena),
                                  .state_from = stmt_text(q, 4, arena),
                                  .state_to = stmt_text(q, 5, arena),
                                  .match_type = stmt_text(q, 6, arena),
                                  .source = stmt_text(q, 7, arena),
                                  .unsure = stmt_bool(q, 8),
                                  .currency = stmt_text(q, 9, arena),
                                  .count = stmt_int(q, 10),
                                  .sum_minor = stmt_int(q, 11)};
}

struct err closing_decisions(struct tx *tx, struct arena *arena, const struct closing *of,
                             struct closing_decision **rows, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = events_of(tx, arena, DECISIONS, of);
    void *all;
    TRY(rows_read(q, arena, sizeof **rows, decision_read, &all, n));
    *rows = all;
    return OK;
}

static void person_read(struct stmt *q, struct arena *arena, void *row)
{
    *(struct closing_person *)row = (struct closing_person){.principal_id = stmt_text(q, 0, arena),
                                                            .name = stmt_text(q, 1, arena),
                                                            .count = stmt_int(q, 2)};
}

struct err closing_people(struct tx *tx, struct arena *arena, const struct closing *of,
                          struct closing_person **rows, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = events_of(tx, arena, PEOPLE, of);
    void *all;
    TRY(rows_read(q, arena, sizeof **rows, person_read, &all, n));
    *rows = all;
    return OK;
}

static void policy_read(struct stmt *q, struct arena *arena, void *row)
{
    *(struct closing_policy *)row = (struct closing_policy){.digest = stmt_text(q, 0, arena),
                                                            .from_utc = stmt_text(q, 1, arena),
                                                            .seq = stmt_int(q, 2)};
}

struct err closing_policies(struct tx *tx, struct arena *arena, int64_t to_seq,
                            struct closing_policy **rows, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_CLOSING, POLICIES);
    void *all;
    stmt_bind_int(q, 1, to_seq);
    TRY(rows_read(q, arena, sizeof **rows, policy_read, &all, n));
    *rows = all;
    return OK;
}

/* ---- what stands ---- */

static void waiting_read(struct stmt *q, struct arena *arena, void *row)
{
    *(struct closing_waiting *)row = (struct closing_waiting){.currency = stmt_text(q, 0, arena),
                                                              .count = stmt_int(q, 1),
                                                              .sum_minor = stmt_int(q, 2),
                                                              .oldest_utc = stmt_text(q, 3, arena)};
}

struct err closing_waiting(struct tx *tx, struct arena *arena, const char *entity_id,
                           struct closing_waiting **rows, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_CLOSING, WAITING);
    void *all;
    stmt_bind_text(q, 1, entity_id);
    TRY(rows_read(q, arena, sizeof **rows, waiting_read, &all, n));
    *rows = all;
    return OK;
}

static void entries_read(struct stmt *q, struct arena *arena, void *row)
{
    struct closing_entries *e = row;
    (void)side_find(stmt_text(q, 0, arena), &e->side);
    e->state = (enum entry_state)stmt_int(q, 1);
    e->count = stmt_int(q, 2);
    e->sum_minor = stmt_int(q, 3);
}

struct err closing_entries(struct tx *tx, struct arena *arena, const struct reconciling *of,
                           struct date from, struct closing_entries **rows, size_t *n)
{
    char day[DATE_TEXT_MAX], first[DATE_TEXT_MAX];
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_CLOSING, ENTRIES);
    void *all;
    date_print(of->day, day);
    date_print(from, first);
    stmt_bind_text(q, 1, of->entity_id);
    stmt_bind_text(q, 2, of->account_id);
    stmt_bind_text(q, 3, of->currency);
    stmt_bind_text(q, 4, day);
    stmt_bind_text(q, 5, first);
    TRY(rows_read(q, arena, sizeof **rows, entries_read, &all, n));
    *rows = all;
    return OK;
}

static void exception_read(struct stmt *q, struct arena *arena, void *row)
{
    *(struct closing_exception *)row =
        (struct closing_exception){.class_ = stmt_text(q, 0, arena),
                                   .state = stmt_text(q, 1, arena),
                                   .age = stmt_int(q, 2),
                                   .currency = stmt_text(q, 3, arena),
                                   .count = stmt_int(q, 4),
                                   .sum_minor = stmt_int(q, 5)};
}

struct err closing_exceptions(struct tx *tx, struct arena *arena, const char *entity_id,
                              struct date until, struct closing_exception **rows, size_t *n)
{
    static const int32_t ages[CLOSING_AGES - 1] = {30, 60, 90, 120};
    char day[DATE_TEXT_MAX], days[CLOSING_AGES - 1][DATE_TEXT_MAX];
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_CLOSING, EXCEPTIONS);
    void *all;
    date_print(until, day);
    stmt_bind_text(q, 1, entity_id);
    stmt_bind_text(q, 2, day);
    for (int i = 0; i < CLOSING_AGES - 1; i++) {
        date_print((struct date){until.days - ages[i]}, days[i]);
        stmt_bind_text(q, 3 + i, days[i]);
    }
    TRY(rows_read(q, arena, sizeof **rows, exception_read, &all, n));
    *rows = all;
    return OK;
}
