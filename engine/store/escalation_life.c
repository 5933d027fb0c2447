/* Rows beside escalations. Each kind is written once under a key that says what it is. */
#include "engine/store/escalation_life.h"

#include <inttypes.h>

#include "engine/store/rows.h"
#include "engine/store/sql.h"
#include "engine/store/tables.h"

enum {
    ASKER_ADD,
    ASKERS_LOAD,
    SEAT_ADD,
    SEATS_LOAD,
    ADDRESSEE_ADD,
    ADDRESSEES_LOAD,
    NOTE_ADD,
    NOTES_LOAD,
    MARK_ADD,
    MARKS_LOAD,
    EXPIRED,
    UNMARKED,
    UNMARKED_OF,
    DELIVERY_FIND,
    DELIVERY_ADD,
    DELIVERIES_LOAD
};

enum { PEOPLE_MAX = 256, NOTES_MAX = 100, DELIVERIES_SHOWN = 100 };

#define OPEN_STATES "state IN ('PENDING', 'STAGE_APPROVED', 'INFO_REQUESTED')"
#define DELIVERY_COLUMNS                                                                           \
    "SELECT escalation_id, channel, status, attempts, detail, at FROM deliveries"

const struct db_sql escalation_life_sql[] = {
    [ASKER_ADD] = {"asker_add", "INSERT INTO askers (asker_id, object_id, object_version, tool,"
                                " role, principal_id, actor, seq)"
                                " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
                                " ON CONFLICT (asker_id) DO NOTHING"},
    [ASKERS_LOAD] = {"askers_load",
                     "SELECT role, principal_id, actor FROM askers WHERE object_id = ?1"
                     " AND object_version = ?2 AND tool = ?3 LIMIT 257"},
    [SEAT_ADD] = {"escalation_seat_add",
                  "INSERT INTO escalation_seats (seat_id, escalation_id, role, principal_id,"
                  " lender, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (seat_id) DO NOTHING"},
    [SEATS_LOAD] = {"escalation_seats", "SELECT role, principal_id, lender FROM escalation_seats"
                                        " WHERE escalation_id = ?1 ORDER BY seat_id LIMIT 257"},
    [ADDRESSEE_ADD] = {"escalation_address",
                       "INSERT INTO escalation_addressees (addressee_id, escalation_id, kind, who,"
                       " actor, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
                       " ON CONFLICT (addressee_id) DO NOTHING"},
    [ADDRESSEES_LOAD] = {"escalation_addressees",
                         "SELECT kind, who, actor FROM escalation_addressees"
                         " WHERE escalation_id = ?1 ORDER BY addressee_id LIMIT 257"},
    [NOTE_ADD] = {"escalation_note_add",
                  "INSERT INTO escalation_notes (note_id, escalation_id, kind, actor,"
                  " principal_id, body, at, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"},
    [NOTES_LOAD] = {"escalation_notes", "SELECT kind, actor, principal_id, body, at"
                                        " FROM escalation_notes WHERE escalation_id = ?1"
                                        " ORDER BY note_id LIMIT 101"},
    [MARK_ADD] = {"escalation_mark_add",
                  "INSERT INTO escalation_marks (mark_id, escalation_id, kind, number, made_at,"
                  " waiting_hours, at, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"},
    [MARKS_LOAD] = {"escalation_marks",
                    "SELECT kind, number, waiting_hours, at FROM escalation_marks"
                    " WHERE escalation_id = ?1 ORDER BY seq, mark_id LIMIT 257"},
    [EXPIRED] = {"escalations_expired",
                 "SELECT escalation_id FROM escalations"
                 " WHERE expires_at <= ?1 AND " OPEN_STATES " ORDER BY expires_at LIMIT ?2"},
    [UNMARKED] = {"escalations_unmarked",
                  "SELECT escalation_id FROM escalations WHERE " OPEN_STATES
                  " AND created_at > max(?3, coalesce((SELECT max(made_at) FROM escalation_marks"
                  " WHERE kind = ?1 AND number = ?2), '')) AND created_at <= ?4"
                  " ORDER BY created_at LIMIT ?5"},
    [UNMARKED_OF] = {"escalations_unmarked_of",
                     "SELECT escalation_id FROM escalations e WHERE " OPEN_STATES
                     " AND entity_id IS ?6 AND created_at > ?3 AND created_at <= ?4"
                     " AND NOT EXISTS (SELECT 1 FROM escalation_marks m WHERE m.escalation_id ="
                     " e.escalation_id AND m.kind = ?1 AND m.number = ?2)"
                     " ORDER BY created_at LIMIT ?5"},
    [DELIVERY_FIND] = {"delivery_find", DELIVERY_COLUMNS " WHERE delivery_id = ?1"},
    [DELIVERY_ADD] = {"delivery_add",
                      "INSERT INTO deliveries (delivery_id, escalation_id, channel, status,"
                      " attempts, detail, at, seq) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"},
    [DELIVERIES_LOAD] = {"deliveries_of", DELIVERY_COLUMNS " WHERE escalation_id = ?1"
                                                           " ORDER BY delivery_id LIMIT ?2"},
};
const size_t escalation_life_sql_n = sizeof escalation_life_sql / sizeof escalation_life_sql[0];

static const char *role_name(enum party_role role)
{
    return role == PARTY_AGENT ? "agent" : role == PARTY_APPROVER ? "approver" : "requester";
}

static enum party_role role_of(struct str name)
{
    return str_is(name, "agent")      ? PARTY_AGENT
           : str_is(name, "approver") ? PARTY_APPROVER
                                      : PARTY_REQUESTER; /* the one that bars most */
}

/* Binds the key and its texts from 1 on, then the seq. */
static struct err insert(struct tx *tx, struct stmt *q, const char *const *texts, int n)
{
    TRY(arena_check(tx->arena));
    for (int i = 0; i < n; i++)
        stmt_bind_text(q, i + 1, texts[i]);
    stmt_bind_int(q, n + 1, tx_seq(tx));
    return stmt_run(q);
}

/* The effect of a row that may have been there already. */
static struct err added(struct tx *tx, enum table table, const char *id)
{
    return db_changes(tx->db) == 1 ? effect_row(tx, table, id) : OK;
}

/* The people around one thing: never more than a team has. */
static struct err people_read(struct stmt *q, struct arena *arena, size_t size, row_read_fn read,
                              void **rows, size_t *n)
{
    TRY(rows_read(q, arena, size, read, rows, n));
    ENSURE(*n <= PEOPLE_MAX, ERR_LIMIT, "too many people asked for the same thing");
    return OK;
}

/* ---- askers ---- */

static struct err asker_insert(struct tx *tx, const char *id, const struct asked *what,
                               const struct asker *who)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ESCALATION_LIFE, ASKER_ADD);
    stmt_bind_text(q, 1, id);
    stmt_bind_text(q, 2, what->object_id);
    stmt_bind_int(q, 3, what->object_version);
    stmt_bind_text(q, 4, what->tool);
    stmt_bind_text(q, 5, role_name(who->role));
    stmt_bind_text(q, 6, who->principal_id);
    stmt_bind_text(q, 7, who->actor);
    stmt_bind_int(q, 8, tx_seq(tx));
    return stmt_run(q);
}

struct err asker_add(struct tx *tx, const struct asked *what, const struct asker *who)
{
    const char *id =
        arena_fmt(tx->arena, "%s|%" PRId64 "|%s|%s|%s", what->object_id, what->object_version,
                  what->tool, role_name(who->role), who->principal_id);
    ENSURE(id != NULL, ERR_LIMIT, "out of memory");
    TRY(asker_insert(tx, id, what, who));
    return added(tx, TABLE_ASKERS, id);
}

static void asker_read(struct stmt *q, struct arena *arena, void *row)
{
    *(struct asker *)row = (struct asker){.role = role_of(stmt_peek(q, 0)),
                                          .principal_id = stmt_text(q, 1, arena),
                                          .actor = stmt_text(q, 2, arena)};
}

struct err askers_load(struct tx *tx, struct arena *arena, const struct asked *what,
                       struct asker **list, size_t *n)
{
    void *rows;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ESCALATION_LIFE, ASKERS_LOAD);
    stmt_bind_text(q, 1, what->object_id);
    stmt_bind_int(q, 2, what->object_version);
    stmt_bind_text(q, 3, what->tool);
    TRY(people_read(q, arena, sizeof **list, asker_read, &rows, n));
    *list = rows;
    return OK;
}

/* ---- seats ---- */

struct err escalation_seat_add(struct tx *tx, const char *escalation_id, const struct seat *seat)
{
    const char *id = arena_fmt(tx->arena, "%s|%s|%s|%s", escalation_id, role_name(seat->role),
                               seat->principal_id, seat->lender);
    {
        CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ESCALATION_LIFE, SEAT_ADD);
        const char *const texts[] = {id, escalation_id, role_name(seat->role), seat->principal_id,
                                     seat->lender};
        TRY(insert(tx, q, texts, 5));
    }
    return added(tx, TABLE_ESCALATION_SEATS, id);
}

static void seat_read(struct stmt *q, struct arena *arena, void *row)
{
    *(struct seat *)row = (struct seat){.role = role_of(stmt_peek(q, 0)),
                                        .principal_id = stmt_text(q, 1, arena),
                                        .lender = stmt_text(q, 2, arena)};
}

struct err escalation_seats(struct tx *tx, struct arena *arena, const char *escalation_id,
                            struct seat **list, size_t *n)
{
    void *rows;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ESCALATION_LIFE, SEATS_LOAD);
    stmt_bind_text(q, 1, escalation_id);
    TRY(people_read(q, arena, sizeof **list, seat_read, &rows, n));
    *list = rows;
    return OK;
}

/* ---- addressees ---- */

struct err escalation_address(struct tx *tx, const char *escalation_id, const struct addressee *to)
{
    const char *kind = to->is_role ? "role" : "principal";
    const char *id = arena_fmt(tx->arena, "%s|%s|%s", escalation_id, kind, to->who);
    {
        CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ESCALATION_LIFE, ADDRESSEE_ADD);
        const char *const texts[] = {id, escalation_id, kind, to->who, to->actor};
        TRY(insert(tx, q, texts, 5));
    }
    return added(tx, TABLE_ESCALATION_ADDRESSEES, id);
}

static void addressee_read(struct stmt *q, struct arena *arena, void *row)
{
    *(struct addressee *)row = (struct addressee){.is_role = str_is(stmt_peek(q, 0), "role"),
                                                  .who = stmt_text(q, 1, arena),
                                                  .actor = stmt_text(q, 2, arena)};
}

struct err escalation_addressees(struct tx *tx, struct arena *arena, const char *escalation_id,
                                 struct addressee **list, size_t *n)
{
    void *rows;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ESCALATION_LIFE, ADDRESSEES_LOAD);
    stmt_bind_text(q, 1, escalation_id);
    TRY(people_read(q, arena, sizeof **list, addressee_read, &rows, n));
    *list = rows;
    return OK;
}

/* ---- notes ---- */

struct err escalation_note_add(struct tx *tx, const char *escalation_id,
                               const struct escalation_note *note)
{
    struct escalation_note *before;
    size_t n;
    const char *id = tx_new_id(tx, "nte");
    TRY(escalation_notes(tx, tx->arena, escalation_id, &before, &n));
    ENSURE(n < NOTES_MAX, ERR_LIMIT, "too many questions and answers: decide it, or talk");
    {
        CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ESCALATION_LIFE, NOTE_ADD);
        const char *const texts[] = {id,
                                     escalation_id,
                                     note->is_answer ? "answer" : "question",
                                     note->actor,
                                     note->principal_id,
                                     note->body,
                                     tx_now_text(tx)};
        TRY(insert(tx, q, texts, 7));
    }
    return effect_row(tx, TABLE_ESCALATION_NOTES, id);
}

static void note_read(struct stmt *q, struct arena *arena, void *row)
{
    *(struct escalation_note *)row =
        (struct escalation_note){.is_answer = str_is(stmt_peek(q, 0), "answer"),
                                 .actor = stmt_text(q, 1, arena),
                                 .principal_id = stmt_text(q, 2, arena),
                                 .body = stmt_text(q, 3, arena),
                                 .at = stmt_text(q, 4, arena)};
}

struct err escalation_notes(struct tx *tx, struct arena *arena, const char *escalation_id,
                            struct escalation_note **list, size_t *n)
{
    void *rows;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ESCALATION_LIFE, NOTES_LOAD);
    stmt_bind_text(q, 1, escalation_id);
    TRY(rows_read(q, arena, sizeof **list, note_read, &rows, n));
    *list = rows;
    return OK;
}

/* ---- marks ---- */

static const char *mark_kind(const struct escalation_mark *mark)
{
    return mark->is_sla ? "sla" : "reminder";
}

struct err escalation_mark_add(struct tx *tx, const struct escalation *e,
                               const struct escalation_mark *mark)
{
    const char *id =
        arena_fmt(tx->arena, "%s|%s|%" PRId64, e->escalation_id, mark_kind(mark), mark->number);
    ENSURE(id != NULL, ERR_LIMIT, "out of memory");
    {
        CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ESCALATION_LIFE, MARK_ADD);
        stmt_bind_text(q, 1, id);
        stmt_bind_text(q, 2, e->escalation_id);
        stmt_bind_text(q, 3, mark_kind(mark));
        stmt_bind_int(q, 4, mark->number);
        stmt_bind_text(q, 5, e->created_at);
        stmt_bind_int(q, 6, mark->waiting_hours);
        stmt_bind_text(q, 7, tx_now_text(tx));
        stmt_bind_int(q, 8, tx_seq(tx));
        TRY(stmt_run(q));
    }
    return effect_row(tx, TABLE_ESCALATION_MARKS, id);
}

static void mark_read(struct stmt *q, struct arena *arena, void *row)
{
    *(struct escalation_mark *)row =
        (struct escalation_mark){.is_sla = str_is(stmt_peek(q, 0), "sla"),
                                 .number = stmt_int(q, 1),
                                 .waiting_hours = stmt_int(q, 2),
                                 .at = stmt_text(q, 3, arena)};
}

struct err escalation_marks(struct tx *tx, struct arena *arena, const char *escalation_id,
                            struct escalation_mark **list, size_t *n)
{
    void *rows;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ESCALATION_LIFE, MARKS_LOAD);
    stmt_bind_text(q, 1, escalation_id);
    TRY(rows_read(q, arena, sizeof **list, mark_read, &rows, n));
    *list = rows;
    return OK;
}

static void id_read(struct stmt *q, struct arena *arena, void *row)
{
    *(const char **)row = stmt_text(q, 0, arena);
}

struct err escalations_expired(struct tx *tx, struct arena *arena, const char *now, int64_t limit,
                               const char ***ids, size_t *n)
{
    void *rows;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ESCALATION_LIFE, EXPIRED);
    stmt_bind_text(q, 1, now);
    stmt_bind_int(q, 2, limit);
    TRY(rows_read(q, arena, sizeof **ids, id_read, &rows, n));
    *ids = rows;
    return OK;
}

struct err escalations_unmarked(struct tx *tx, struct arena *arena,
                                const struct escalation_mark *mark, const struct made_between *made,
                                int64_t limit, struct made_found *found)
{
    void *rows;
    const size_t which = made->of_entity ? UNMARKED_OF : UNMARKED;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ESCALATION_LIFE, which);
    stmt_bind_text(q, 1, mark_kind(mark));
    stmt_bind_int(q, 2, mark->number);
    stmt_bind_text(q, 3, made->after == NULL ? "" : made->after);
    stmt_bind_text(q, 4, made->until);
    stmt_bind_int(q, 5, limit);
    if (made->of_entity)
        stmt_bind_text(q, 6, made->entity_id);
    TRY(rows_read(q, arena, sizeof *found->ids, id_read, &rows, &found->n));
    found->ids = rows;
    return OK;
}

/* ---- deliveries ---- */

static const char *delivery_id(struct arena *arena, const struct delivery *d)
{
    return arena_fmt(arena, "%s|%s|%" PRId64, d->escalation_id, d->channel, d->attempts);
}

static void delivery_read(struct stmt *q, struct arena *arena, void *row)
{
    *(struct delivery *)row = (struct delivery){.escalation_id = stmt_text(q, 0, arena),
                                                .channel = stmt_text(q, 1, arena),
                                                .status = stmt_text(q, 2, arena),
                                                .attempts = stmt_int(q, 3),
                                                .detail = stmt_text(q, 4, arena),
                                                .at = stmt_text(q, 5, arena)};
}

struct err delivery_find(struct tx *tx, struct arena *arena, const struct delivery *key,
                         bool *found, struct delivery *d)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ESCALATION_LIFE, DELIVERY_FIND);
    const char *id = delivery_id(arena, key);
    ENSURE(id != NULL, ERR_LIMIT, "out of memory");
    stmt_bind_text(q, 1, id);
    TRY(stmt_step(q, found));
    if (*found)
        delivery_read(q, arena, d);
    return arena_check(arena);
}

struct err delivery_add(struct tx *tx, const struct delivery *d)
{
    const char *id = delivery_id(tx->arena, d);
    ENSURE(id != NULL, ERR_LIMIT, "out of memory");
    {
        CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ESCALATION_LIFE, DELIVERY_ADD);
        stmt_bind_text(q, 1, id);
        stmt_bind_text(q, 2, d->escalation_id);
        stmt_bind_text(q, 3, d->channel);
        stmt_bind_text(q, 4, d->status);
        stmt_bind_int(q, 5, d->attempts);
        stmt_bind_text(q, 6, d->detail);
        stmt_bind_text(q, 7, tx_now_text(tx));
        stmt_bind_int(q, 8, tx_seq(tx));
        TRY(stmt_run(q));
    }
    return effect_row(tx, TABLE_DELIVERIES, id);
}

struct err deliveries_of(struct tx *tx, struct arena *arena, const char *escalation_id,
                         struct delivery **list, size_t *n)
{
    void *rows;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ESCALATION_LIFE, DELIVERIES_LOAD);
    stmt_bind_text(q, 1, escalation_id);
    stmt_bind_int(q, 2, DELIVERIES_SHOWN);
    TRY(rows_read(q, arena, sizeof **list, delivery_read, &rows, n));
    *list = rows;
    return OK;
}
