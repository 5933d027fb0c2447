/* Workflow runs and advisory locks. */
#include "engine/store/runs.h"

#include <pthread.h>
#include <unistd.h>

#include "common/base/civil.h"
#include "common/sys/crypt.h"
#include "engine/store/rows.h"
#include "engine/store/sql.h"
#include "engine/store/tables.h"

enum {
    RUN_LOAD,
    RUN_STATE,
    RUN_INSERT,
    RUN_MOVE,
    RUNS_LIST,
    RUNS_LIVE,
    RUNS_ORPHANED,
    RUNS_FAILED,
    LOCK_HOLDER,
    LOCK_TAKE,
    LOCKS_FREE,
    LOCKS_DEAD,
    LOCKS_FREE_DEAD
};

#define COLUMNS                                                                                    \
    "run_id, kind, entity_id, lock_key, state, started_by, principal_id, on_behalf_of,"            \
    " request_id, started_at, moved_at, chunks, rows, result, error, version, seq"
#define LIVE_STATES "state IN ('QUEUED', 'RUNNING', 'WAITING_HUMAN')"

const struct db_sql runs_sql[] = {
    [RUN_LOAD] = {"run_load", "SELECT " COLUMNS " FROM workflow_runs WHERE run_id = ?1"},
    [RUN_STATE] = {"run_state", "SELECT state FROM workflow_runs WHERE run_id = ?1"},
    [RUN_INSERT] = {"run_insert",
                    "INSERT INTO workflow_runs (" COLUMNS ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7,"
                    " ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, 1, ?16)"},
    [RUN_MOVE] = {"run_move",
                  "UPDATE workflow_runs SET state = ?2, moved_at = ?3, chunks = ?4, rows = ?5,"
                  " result = ?6, error = ?7, version = version + 1, seq = ?8"
                  " WHERE run_id = ?1 AND version = ?9"},
    [RUNS_LIST] = {"runs_list", "SELECT " COLUMNS " FROM workflow_runs"
                                " WHERE run_id < ?1 ORDER BY run_id DESC LIMIT ?2"},
    [RUNS_LIVE] = {"runs_live", "SELECT " COLUMNS " FROM workflow_runs"
                                " WHERE " LIVE_STATES " ORDER BY run_id"},
    [RUNS_ORPHANED] = {"runs_orphaned",
                       "SELECT " COLUMNS " FROM workflow_runs r WHERE " LIVE_STATES
                       " AND state <> 'WAITING_HUMAN' AND NOT EXISTS (SELECT 1 FROM advisory_locks"
                       " l WHERE l.run_id = r.run_id AND l.owner = ?1) ORDER BY run_id LIMIT ?2"},
    [RUNS_FAILED] = {"runs_failed", "SELECT count(*) FROM workflow_runs"
                                    " WHERE state = 'FAILED' AND moved_at >= ?1"},
    /* '0' follows '/': what lies between is below the key */
    [LOCK_HOLDER] = {"lock_holder",
                     "SELECT run_id FROM advisory_locks WHERE (lock_key IN (?1, ?2)"
                     " OR (lock_key > ?1 || '/' AND lock_key < ?1 || '0')) AND run_id IS NOT ?3"
                     " LIMIT 1"},
    [LOCK_TAKE] = {"lock_take", "INSERT INTO advisory_locks (lock_key, run_id, owner, acquired_us)"
                                " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (lock_key) DO NOTHING"},
    [LOCKS_FREE] = {"locks_free", "DELETE FROM advisory_locks WHERE run_id = ?1"},
    [LOCKS_DEAD] = {"locks_dead", "SELECT count(*) FROM advisory_locks WHERE owner <> ?1"},
    [LOCKS_FREE_DEAD] = {"locks_free_dead", "DELETE FROM advisory_locks WHERE owner <> ?1"},
};
const size_t runs_sql_n = sizeof runs_sql / sizeof runs_sql[0];

/* ---- runs ---- */

/* A state that the machine does not know keeps its number out of range: run_check says so. */
static enum run_state state_find(struct str name)
{
    int s = 0;
    while (s < RUN_STATES && !str_is(name, fsm_state_name(&fsm_workflow_run, s)))
        s++;
    return (enum run_state)s;
}

static void run_read(struct stmt *q, struct arena *arena, void *row)
{
    struct run *r = row;
    *r = (struct run){.run_id = stmt_text(q, 0, arena),
                      .kind = stmt_text(q, 1, arena),
                      .entity_id = stmt_text(q, 2, arena),
                      .lock_key = stmt_text(q, 3, arena),
                      .state = state_find(stmt_peek(q, 4)),
                      .started_by = stmt_text(q, 5, arena),
                      .principal_id = stmt_text(q, 6, arena),
                      .on_behalf_of = stmt_text(q, 7, arena),
                      .request_id = stmt_text(q, 8, arena),
                      .started_at = stmt_text(q, 9, arena),
                      .moved_at = stmt_text(q, 10, arena),
                      .chunks = stmt_int(q, 11),
                      .rows = stmt_int(q, 12),
                      .result = stmt_text(q, 13, arena),
                      .error = stmt_text(q, 14, arena),
                      .version = stmt_int(q, 15),
                      .seq = stmt_int(q, 16)};
}

struct err run_load(struct tx *tx, struct arena *arena, const char *run_id, struct run *run)
{
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_RUNS, RUN_LOAD);
    stmt_bind_text(q, 1, run_id);
    TRY(stmt_step(q, &row));
    if (!row)
        return err_fmt(arena, ERR_MISSING, NULL, "there is no run %s", run_id);
    run_read(q, arena, run);
    ENSURE(run->state < RUN_STATES, ERR_STORE, "a run has a state that the engine does not know");
    return arena_check(arena);
}

struct err run_state_load(struct tx *tx, const char *run_id, enum run_state *state)
{
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_RUNS, RUN_STATE);
    stmt_bind_text(q, 1, run_id);
    TRY(stmt_step(q, &row));
    ENSURE(row, ERR_MISSING, "there is no such run");
    *state = state_find(stmt_peek(q, 0));
    return OK;
}

static struct err run_insert(struct tx *tx, struct run *r)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_RUNS, RUN_INSERT);
    stmt_bind_text(q, 1, r->run_id);
    stmt_bind_text(q, 2, r->kind);
    stmt_bind_text(q, 3, r->entity_id);
    stmt_bind_text(q, 4, r->lock_key);
    stmt_bind_text(q, 5, fsm_state_name(&fsm_workflow_run, (int)r->state));
    stmt_bind_text(q, 6, r->started_by);
    stmt_bind_text(q, 7, r->principal_id);
    stmt_bind_text(q, 8, r->on_behalf_of);
    stmt_bind_text(q, 9, r->request_id);
    stmt_bind_text(q, 10, r->started_at);
    stmt_bind_text(q, 11, r->moved_at);
    stmt_bind_int(q, 12, r->chunks);
    stmt_bind_int(q, 13, r->rows);
    stmt_bind_text(q, 14, r->result);
    stmt_bind_text(q, 15, r->error);
    stmt_bind_int(q, 16, tx_seq(tx));
    return stmt_run(q);
}

static struct err run_move(struct tx *tx, const struct run *r)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_RUNS, RUN_MOVE);
    stmt_bind_text(q, 1, r->run_id);
    stmt_bind_text(q, 2, fsm_state_name(&fsm_workflow_run, (int)r->state));
    stmt_bind_text(q, 3, r->moved_at);
    stmt_bind_int(q, 4, r->chunks);
    stmt_bind_int(q, 5, r->rows);
    stmt_bind_text(q, 6, r->result);
    stmt_bind_text(q, 7, r->error);
    stmt_bind_int(q, 8, tx_seq(tx));
    stmt_bind_int(q, 9, r->version);
    TRY(stmt_run(q));
    ENSURE(db_changes(tx->db) == 1, ERR_CONFLICT, "the run has moved on in the meantime");
    return OK;
}

struct err run_save(struct tx *tx, struct run *run)
{
    run->moved_at = tx_now_text(tx);
    if (run->version == 0)
        run->started_at = run->moved_at;
    TRY(arena_check(tx->arena));
    TRY(run->version == 0 ? run_insert(tx, run) : run_move(tx, run));
    run->version++;
    run->seq = tx_seq(tx);
    return effect_row(tx, TABLE_WORKFLOW_RUNS, run->run_id);
}

static struct err rows_of(struct stmt *q, struct arena *arena, struct run **rows, size_t *n)
{
    void *at;
    TRY(rows_read(q, arena, sizeof(struct run), run_read, &at, n));
    *rows = at;
    for (size_t i = 0; i < *n; i++)
        ENSURE((*rows)[i].state < RUN_STATES, ERR_STORE,
               "a run has a state that the engine does not know");
    return OK;
}

struct err runs_list(struct tx *tx, struct arena *arena, const char *before, int64_t limit,
                     struct run **rows, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_RUNS, RUNS_LIST);
    stmt_bind_text(q, 1, before == NULL ? "run_~" : before); /* ids are letters and digits */
    stmt_bind_int(q, 2, limit);
    return rows_of(q, arena, rows, n);
}

struct err runs_live(struct tx *tx, struct arena *arena, struct run **rows, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_RUNS, RUNS_LIVE);
    return rows_of(q, arena, rows, n);
}

struct err runs_orphaned(struct tx *tx, struct arena *arena, const char *owner, int64_t limit,
                         struct run **rows, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_RUNS, RUNS_ORPHANED);
    stmt_bind_text(q, 1, owner);
    stmt_bind_int(q, 2, limit);
    return rows_of(q, arena, rows, n);
}

struct err runs_failed_since(struct tx *tx, int64_t since_us, int64_t *n)
{
    char since[INSTANT_TEXT_MAX];
    bool row;
    instant_print(since_us, since);
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_RUNS, RUNS_FAILED);
    stmt_bind_text(q, 1, since);
    TRY(stmt_step(q, &row));
    *n = row ? stmt_int(q, 0) : 0;
    return OK;
}

/* ---- advisory locks ---- */

static char owner_text[40];
static pthread_once_t owner_once = PTHREAD_ONCE_INIT;

static void owner_make(void)
{
    unsigned char random[16];
    crypt_random(random, sizeof random);
    hex_print(random, sizeof random, owner_text);
}

const char *lock_owner(void)
{
    (void)pthread_once(&owner_once, owner_make);
    return owner_text;
}

struct err lock_holder(struct tx *tx, struct arena *arena, const char *key, const char *parent,
                       const char *run_id, const char **holder)
{
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_RUNS, LOCK_HOLDER);
    stmt_bind_text(q, 1, key);
    stmt_bind_text(q, 2, parent);
    stmt_bind_text(q, 3, run_id);
    TRY(stmt_step(q, &row));
    *holder = row ? stmt_text(q, 0, arena) : NULL;
    return arena_check(arena);
}

struct err lock_take(struct tx *tx, struct arena *arena, const char *key, const char *parent,
                     const char *run_id, const char *owner, const char **holder)
{
    TRY(lock_holder(tx, arena, key, parent, run_id, holder));
    if (*holder != NULL)
        return OK;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_RUNS, LOCK_TAKE);
    stmt_bind_text(q, 1, key);
    stmt_bind_text(q, 2, run_id);
    stmt_bind_text(q, 3, owner);
    stmt_bind_int(q, 4, tx->now_us);
    return stmt_run(q);
}

struct err locks_free(struct tx *tx, const char *run_id)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_RUNS, LOCKS_FREE);
    stmt_bind_text(q, 1, run_id);
    return stmt_run(q);
}

struct err locks_dead(struct tx *tx, const char *owner, int64_t *n)
{
    bool row;
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_RUNS, LOCKS_DEAD);
    stmt_bind_text(q, 1, owner);
    TRY(stmt_step(q, &row));
    *n = row ? stmt_int(q, 0) : 0;
    return OK;
}

struct err locks_free_dead(struct tx *tx, const char *owner)
{
    CLEANUP(stmt_reset) struct stmt *q = db_stmt(tx->db, SQL_RUNS, LOCKS_FREE_DEAD);
    stmt_bind_text(q, 1, owner);
    return stmt_run(q);
}
