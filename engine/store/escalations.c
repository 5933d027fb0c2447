/* Escalations and their parties. */
#include "engine/store/escalations.h"

#include <string.h>

#include "engine/store/sql.h"
#include "engine/store/tables.h"

enum {
    ESCALATION_LOAD,
    ESCALATION_OPEN,
    ESCALATION_OBJECT,
    ESCALATIONS_OBJECT,
    ESCALATION_ASKED,
    ESCALATION_INSERT,
    ESCALATION_MOVE,
    PARTY_ADD,
    PARTIES_LOAD,
    ESCALATIONS_LIST,
    ESCALATIONS_LIST_OF,
    ESCALATIONS_WAITING
};

#define COLUMNS                                                                                    \
    "escalation_id, code, key_sha256, digest, bound, tool, args, object_type, object_id,"          \
    " object_version, entity_id, amount_minor, currency, policy_version, reason, clause, pointer," \
    " requester, requester_principal, requester_obo, created_at, expires_at, state, decided_by,"   \
    " decided_rationale, result, version, seq"
#define OPEN_STATES "state IN ('PENDING', 'STAGE_APPROVED', 'INFO_REQUESTED')"

const struct db_sql escalations_sql[] = {
    [ESCALATION_LOAD] = {"escalation_load",
                         "SELECT " COLUMNS " FROM escalations WHERE escalation_id = ?1"},
    [ESCALATION_OPEN] = {"escalation_open", "SELECT " COLUMNS " FROM escalations"
                                            " WHERE key_sha256 = ?1 AND " OPEN_STATES},
    [ESCALATION_OBJECT] = {"escalation_object",
                           "SELECT " COLUMNS " FROM escalations WHERE object_id = ?1"
                           " AND tool = ?2 AND " OPEN_STATES},
    [ESCALATIONS_OBJECT] = {"escalations_of_object",
                            "SELECT " COLUMNS " FROM escalations WHERE object_id = ?1"
                            " AND " OPEN_STATES " ORDER BY escalation_id"},
    [ESCALATION_ASKED] = {"escalation_asked", "SELECT 1 FROM escalations WHERE key_sha256 = ?1"
                                              " AND policy_version = ?2 LIMIT 1"},
    [ESCALATION_INSERT] = {"escalation_insert",
                           "INSERT INTO escalations (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6,"
                           " ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20,"
                           " ?21, ?22, 'PENDING', NULL, NULL, NULL, 1, ?23)"},
    [ESCALATION_MOVE] = {"escalation_move",
                         "UPDATE escalations SET state = ?2, decided_by = ?3,"
                         " decided_rationale = ?4, result = ?5, version = version + 1, seq = ?6"
                         " WHERE escalation_id = ?1 AND version = ?7"},
    [PARTY_ADD] = {"party_add",
                   "INSERT INTO escalation_parties (party_id, escalation_id, role, actor,"
                   " principal_id, version, seq) VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6)"
                   " ON CONFLICT (party_id) DO NOTHING"},
    [PARTIES_LOAD] = {"parties_load", "SELECT role, actor, principal_id FROM escalation_parties"
                                      " WHERE escalation_id = ?1 ORDER BY party_id"},
    [ESCALATIONS_LIST] = {"escalations_list",
                          "SELECT " COLUMNS " FROM escalations INDEXED BY escalations_queue"
                          " WHERE " OPEN_STATES " AND escalation_id > ?2"
                          " AND (?1 IS NULL OR entity_id = ?1)"
                          " ORDER BY escalation_id LIMIT ?3"},
    [ESCALATIONS_LIST_OF] = {"escalations_list_of",
                             "SELECT " COLUMNS " FROM escalations INDEXED BY escalations_listed_of"
                             " WHERE " OPEN_STATES " AND entity_id = ?1 AND escalation_id > ?2"
                             " ORDER BY escalation_id LIMIT ?3"},
    [ESCALATIONS_WAITING] = {"escalations_waiting",
                             "SELECT state, count(*) FROM escalations INDEXED BY escalations_queue"
                             " WHERE " OPEN_STATES " AND escalation_id > '' GROUP BY state"},
};
const size_t escalations_sql_n = sizeof escalations_sql / sizeof escalations_sql[0];

static const char *const state_names[] = {"NONE",           "PENDING",  "STAGE_APPROVED",
                                          "INFO_REQUESTED", "APPROVED", "REJECTED",
                                          "WITHDRAWN",      "EXPIRED",  "STALE"};
static const char *const role_names[] = {"requester", "agent", "approver"};

const char *escalation_state_name(enum escalation_state state)
{
    return state_names[state <= ESCALATION_STALE ? state : ESCALATION_NONE];
}

static enum escalation_state state_find(struct str name)
{
    for (unsigned s = ESCALATION_PENDING; s <= ESCALATION_STALE; s++) {
        if (str_is(name, state_names[s]))
            return (enum escalation_state)s;
    }
    return ESCALATION_NONE;
}

bool escalation_is_open(enum escalation_state state)
{
    return state == ESCALATION_PENDING || state == ESCALATION_STAGE_APPROVED ||
           state == ESCALATION_INFO_REQUESTED;
}

static struct err escalation_read(struct stmt *q, struct arena *arena, struct escalation *e)
{
    *e = (struct escalation){
        .escalation_id = stmt_text(q, 0, arena),
        .code = stmt_text(q, 1, arena),
        .key_sha256 = stmt_text(q, 2, arena),
        .digest = stmt_text(q, 3, arena),
        .bound = stmt_text(q, 4, arena),
        .tool = stmt_text(q, 5, arena),
        .args = stmt_text(q, 6, arena),
        .object_type = stmt_text(q, 7, arena),
        .object_id = stmt_text(q, 8, arena),
        .object_version = stmt_int(q, 9),
        .entity_id = stmt_text(q, 10, arena),
        .has_amount = !stmt_is_null(q, 11),
        .policy_version = stmt_text(q, 13, arena),
        .reason = stmt_text(q, 14, arena),
        .clause = stmt_text(q, 15, arena),
        .pointer = stmt_text(q, 16, arena),
        .requester = stmt_text(q, 17, arena),
        .requester_principal = stmt_text(q, 18, arena),
        .requester_obo = stmt_text(q, 19, arena),
        .created_at = stmt_text(q, 20, arena),
        .expires_at = stmt_text(q, 21, arena),
        .state = state_find(stmt_peek(q, 22)),
        .decided_by = stmt_text(q, 23, arena),
        .decided_rationale = stmt_text(q, 24, arena),
        .result = stmt_text(q, 25, arena),
        .version = stmt_int(q, 26),
        .seq = stmt_int(q, 27),
    };
    const char *currency = stmt_text(q, 12, arena);
    TRY(arena_check(arena));
    ENSURE(e->state != ESCALATION_NONE, ERR_STORE, "an escalation has a state that is none");
    return e->has_amount ? money_make(stmt_int(q, 11), currency, &e->amount) : OK;
}

static struct err read_one(struct stmt *q, struct arena *arena, bool *found, struct escalation *e)
{
    TRY(stmt_step(q, found));
    return *found ? escalation_read(q, arena, e) : OK;
}

struct err escalation_load(struct tx *tx, struct arena *arena, const char *id, struct escalation *e)
{
    bool found;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ESCALATIONS, ESCALATION_LOAD);
    stmt_bind_text(q, 1, id);
    TRY(read_one(q, arena, &found, e));
    ENSURE(found, ERR_MISSING, "there is no such escalation");
    return OK;
}

struct err escalation_open_find(struct tx *tx, struct arena *arena, const char *key_sha256,
                                bool *found, struct escalation *e)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ESCALATIONS, ESCALATION_OPEN);
    stmt_bind_text(q, 1, key_sha256);
    return read_one(q, arena, found, e);
}

struct err escalation_of_object(struct tx *tx, struct arena *arena, const char *tool,
                                const char *object_id, bool *found, struct escalation *e)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ESCALATIONS, ESCALATION_OBJECT);
    stmt_bind_text(q, 1, object_id);
    stmt_bind_text(q, 2, tool);
    return read_one(q, arena, found, e);
}

struct err escalation_was_asked(struct tx *tx, const char *key_sha256, const char *policy_version,
                                bool *yes)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ESCALATIONS, ESCALATION_ASKED);
    stmt_bind_text(q, 1, key_sha256);
    stmt_bind_text(q, 2, policy_version);
    return stmt_step(q, yes);
}

struct err escalation_insert(struct tx *tx, const struct escalation *e)
{
    {
        CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ESCALATIONS, ESCALATION_INSERT);
        const char *const head[] = {e->escalation_id, e->code,        e->key_sha256,
                                    e->digest,        e->bound,       e->tool,
                                    e->args,          e->object_type, e->object_id};
        for (int i = 0; i < 9; i++)
            stmt_bind_text(q, i + 1, head[i]);
        stmt_bind_int(q, 10, e->object_version);
        stmt_bind_text(q, 11, e->entity_id);
        if (e->has_amount) {
            stmt_bind_int(q, 12, e->amount.minor);
            stmt_bind_text(q, 13, e->amount.cur);
        }
        const char *const tail[] = {e->policy_version, e->reason,     e->clause,
                                    e->pointer,        e->requester,  e->requester_principal,
                                    e->requester_obo,  e->created_at, e->expires_at};
        for (int i = 0; i < 9; i++)
            stmt_bind_text(q, i + 14, tail[i]);
        stmt_bind_int(q, 23, tx_seq(tx));
        TRY(stmt_run(q));
    }
    return effect_row(tx, TABLE_ESCALATIONS, e->escalation_id);
}

struct err escalation_move(struct tx *tx, struct escalation *e, enum escalation_state state,
                           const char *decided_by, const char *rationale, const char *result)
{
    {
        CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ESCALATIONS, ESCALATION_MOVE);
        stmt_bind_text(q, 1, e->escalation_id);
        stmt_bind_text(q, 2, escalation_state_name(state));
        stmt_bind_text(q, 3, decided_by);
        stmt_bind_text(q, 4, rationale);
        stmt_bind_text(q, 5, result);
        stmt_bind_int(q, 6, tx_seq(tx));
        stmt_bind_int(q, 7, e->version);
        TRY(stmt_run(q));
    }
    ENSURE(db_changes(tx->db) == 1, ERR_CONFLICT, "the escalation has moved on in the meantime");
    e->state = state;
    e->version++;
    e->decided_by = decided_by;
    e->decided_rationale = rationale;
    e->result = result;
    return effect_row(tx, TABLE_ESCALATIONS, e->escalation_id);
}

/* ---- parties ---- */

struct err escalation_party_add(struct tx *tx, const char *escalation_id, const struct party *party)
{
    const char *who = party->principal_id != NULL ? party->principal_id : party->actor;
    const char *id = arena_fmt(tx->arena, "%s|%s|%s", escalation_id, role_names[party->role], who);
    ENSURE(id != NULL, ERR_LIMIT, "out of memory");
    {
        CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ESCALATIONS, PARTY_ADD);
        stmt_bind_text(q, 1, id);
        stmt_bind_text(q, 2, escalation_id);
        stmt_bind_text(q, 3, role_names[party->role]);
        stmt_bind_text(q, 4, party->actor);
        stmt_bind_text(q, 5, party->principal_id);
        stmt_bind_int(q, 6, tx_seq(tx));
        TRY(stmt_run(q));
    }
    return db_changes(tx->db) == 1 ? effect_row(tx, TABLE_ESCALATION_PARTIES, id) : OK;
}

static enum party_role role_find(struct str name)
{
    for (unsigned r = PARTY_AGENT; r <= PARTY_APPROVER; r++) {
        if (str_is(name, role_names[r]))
            return (enum party_role)r;
    }
    return PARTY_REQUESTER; /* the one that bars most */
}

struct err escalation_parties(struct tx *tx, struct arena *arena, const char *escalation_id,
                              struct party **parties, size_t *n)
{
    enum { PARTIES_MAX = 256 };
    struct party *list = ARENA_ARRAY(arena, PARTIES_MAX, struct party);
    ENSURE(list != NULL, ERR_LIMIT, "out of memory");
    *n = 0;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ESCALATIONS, PARTIES_LOAD);
    stmt_bind_text(q, 1, escalation_id);
    for (;;) {
        bool row;
        TRY(stmt_step(q, &row));
        if (!row)
            break;
        ENSURE(*n < PARTIES_MAX, ERR_LIMIT, "too many people asked for the same thing");
        list[(*n)++] = (struct party){.role = role_find(stmt_peek(q, 0)),
                                      .actor = stmt_text(q, 1, arena),
                                      .principal_id = stmt_text(q, 2, arena)};
    }
    *parties = list;
    return arena_check(arena);
}

struct err escalations_of_object(struct tx *tx, struct arena *arena, const char *object_id,
                                 struct escalation **rows, size_t *n)
{
    enum { OPEN_MAX = 64 };
    struct escalation *list = NULL; /* of most there is none */
    *n = 0;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ESCALATIONS, ESCALATIONS_OBJECT);
    stmt_bind_text(q, 1, object_id);
    for (;;) {
        bool row;
        TRY(stmt_step(q, &row));
        if (!row)
            break;
        ENSURE(*n < OPEN_MAX, ERR_LIMIT, "too much waits for a decision about this");
        if (list == NULL)
            list = ARENA_ARRAY(arena, OPEN_MAX, struct escalation);
        ENSURE(list != NULL, ERR_LIMIT, "out of memory");
        TRY(escalation_read(q, arena, &list[(*n)++]));
    }
    *rows = list;
    return OK;
}

static size_t list_sql(const struct escalation_filter *f)
{
    return f->entity_id != NULL ? ESCALATIONS_LIST_OF : ESCALATIONS_LIST;
}

struct err escalations_list(struct tx *tx, struct arena *arena, const struct escalation_filter *f,
                            struct escalation **rows, size_t *n)
{
    struct escalation *list = ARENA_ARRAY(arena, (size_t)f->limit, struct escalation);
    ENSURE(list != NULL, ERR_LIMIT, "out of memory");
    *n = 0;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ESCALATIONS, list_sql(f));
    stmt_bind_text(q, 1, f->entity_id);
    stmt_bind_text(q, 2, f->after == NULL ? "" : f->after);
    stmt_bind_int(q, 3, f->limit);
    while (*n < (size_t)f->limit) {
        bool row;
        TRY(stmt_step(q, &row));
        if (!row)
            break;
        TRY(escalation_read(q, arena, &list[(*n)++]));
    }
    *rows = list;
    return OK;
}

struct err escalations_waiting(struct tx *tx, int64_t by_state[ESCALATION_STALE + 1])
{
    bool row = true;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_ESCALATIONS, ESCALATIONS_WAITING);
    for (unsigned s = 0; s <= ESCALATION_STALE; s++)
        by_state[s] = 0;
    while (row) {
        TRY(stmt_step(q, &row));
        if (row)
            by_state[state_find(stmt_peek(q, 0))] = stmt_int(q, 1);
    }
    return OK;
}
