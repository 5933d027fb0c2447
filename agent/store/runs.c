/* The tables agent_runs and agent_run_items. */
#include "agent/store/runs.h"

#include "agent/store/agent_db_own.h"
#include "common/base/id.h"
#include "common/base/str.h"
#include "common/sys/crypt.h"

enum { RUN_ADD, RUN_LOAD, RUNS_NEWEST, RUN_MOVE, ITEM_ADD, ITEMS_OF, ITEM_SAVE };

#define SELECT                                                                                     \
    "SELECT run_id, workflow, principal_id, actor, entity_id, period, state, why, version, "       \
    "items_n, created_us, updated_us FROM agent_runs "

const struct db_sql runs_sql[] = {
    [RUN_ADD] = {"run_add",
                 "INSERT INTO agent_runs (run_id, workflow, principal_id, actor, entity_id, "
                 "period, state, version, items_n, created_us, updated_us) VALUES (?1, ?2, ?3, "
                 "?4, ?5, ?6, ?7, 0, ?8, ?9, ?9)"},
    [RUN_LOAD] = {"run_load", SELECT "WHERE run_id = ?1"},
    [RUNS_NEWEST] = {"runs_newest", SELECT "ORDER BY created_us DESC, run_id DESC LIMIT ?1"},
    [RUN_MOVE] = {"run_move",
                  "UPDATE agent_runs SET state = ?4, why = ?5, version = version + 1, updated_us = "
                  "max(updated_us, ?6) WHERE run_id = ?1 AND version = ?2 AND state = ?3"},
    [ITEM_ADD] = {"run_item_add", "INSERT INTO agent_run_items (run_id, n, object, title, prompt, "
                                  "state) VALUES (?1, ?2, ?3, ?4, ?5, 'OPEN')"},
    [ITEMS_OF] = {"run_items_of",
                  "SELECT n, object, title, prompt, state, session_id, outcome, pending FROM "
                  "agent_run_items WHERE run_id = ?1 ORDER BY n"},
    [ITEM_SAVE] = {"run_item_save",
                   "UPDATE agent_run_items SET state = ?3, session_id = ?4, outcome = ?5, pending "
                   "= ?6 WHERE run_id = ?1 AND n = ?2"},
};
const size_t runs_sql_n = sizeof runs_sql / sizeof runs_sql[0];

static const char *const item_states[] = {"OPEN", "STARTED", "DONE"};

const char *run_item_state_name(enum run_item_state state)
{
    return item_states[state];
}

static struct stmt *statement(struct agent_db *db, size_t number)
{
    return agent_stmt(db, SET_RUNS, number);
}

/* ---- reading ---- */

static struct err run_read(struct stmt *q, struct arena *arena, struct agent_run *run)
{
    int state;
    *run = (struct agent_run){
        .run_id = stmt_text(q, 0, arena),
        .workflow = stmt_text(q, 1, arena),
        .principal_id = stmt_text(q, 2, arena),
        .actor = stmt_text(q, 3, arena),
        .entity_id = stmt_text(q, 4, arena),
        .period = stmt_text(q, 5, arena),
        .why = stmt_text(q, 7, arena),
        .version = stmt_int(q, 8),
        .items_n = stmt_int(q, 9),
        .created_us = stmt_int(q, 10),
        .updated_us = stmt_int(q, 11),
    };
    const char *name = stmt_text(q, 6, arena);
    TRY(arena_check(arena));
    TRY(fsm_state_parse(&fsm_workflow_run, name, arena, &state));
    run->state = (enum run_state)state;
    return OK;
}

struct err run_load(struct agent_db *db, struct arena *arena, const char *run_id,
                    struct agent_run *run)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, RUN_LOAD);
    bool row;
    stmt_bind_text(q, 1, run_id);
    TRY(stmt_step(q, &row));
    ENSURE(row, ERR_MISSING, "there is no such run");
    return run_read(q, arena, run);
}

struct err runs_list(struct agent_db *db, struct arena *arena, size_t max, struct agent_run **out,
                     size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, RUNS_NEWEST);
    *out = ARENA_ARRAY(arena, max, struct agent_run);
    TRY(arena_check(arena));
    stmt_bind_int(q, 1, (int64_t)max);
    for (*n = 0; *n < max; *n += 1) {
        bool row;
        TRY(stmt_step(q, &row));
        if (!row)
            break;
        TRY(run_read(q, arena, &(*out)[*n]));
    }
    return OK;
}

static struct err item_read(struct stmt *q, struct arena *arena, struct run_item *item)
{
    *item = (struct run_item){
        .n = stmt_int(q, 0),
        .object = stmt_text(q, 1, arena),
        .title = stmt_text(q, 2, arena),
        .prompt = stmt_text(q, 3, arena),
        .session_id = stmt_text(q, 5, arena),
        .outcome = stmt_text(q, 6, arena),
        .pending = stmt_int(q, 7),
    };
    const char *name = stmt_text(q, 4, arena);
    TRY(arena_check(arena));
    for (size_t i = 0; i < sizeof item_states / sizeof item_states[0]; i++)
        if (text_eq(name, item_states[i])) {
            item->state = (enum run_item_state)i;
            return OK;
        }
    return err_new(ERR_STORE, "an item of a run has a state that is none");
}

struct err run_items(struct agent_db *db, struct arena *arena, const char *run_id,
                     struct run_item **out, size_t *n)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, ITEMS_OF);
    *out = ARENA_ARRAY(arena, RUN_ITEMS_MAX, struct run_item);
    TRY(arena_check(arena));
    stmt_bind_text(q, 1, run_id);
    for (*n = 0; *n < RUN_ITEMS_MAX; *n += 1) {
        bool row;
        TRY(stmt_step(q, &row));
        if (!row)
            break;
        TRY(item_read(q, arena, &(*out)[*n]));
    }
    return OK;
}

/* ---- writing ---- */

static const char *new_id(struct arena *arena, int64_t now_us)
{
    unsigned char random[ID_RANDOM_LEN];
    char id[ID_TEXT_MAX];
    crypt_random(random, sizeof random);
    id_print("wfr", now_us / 1000, random, id);
    return arena_strdup(arena, id);
}

static struct err item_add(struct agent_db *db, const char *run_id, const struct run_item *item)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, ITEM_ADD);
    stmt_bind_text(q, 1, run_id);
    stmt_bind_int(q, 2, item->n);
    stmt_bind_text(q, 3, item->object);
    stmt_bind_text(q, 4, item->title);
    stmt_bind_text(q, 5, item->prompt);
    return stmt_run(q);
}

static struct err row_add(struct agent_db *db, const struct agent_run *run)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, RUN_ADD);
    stmt_bind_text(q, 1, run->run_id);
    stmt_bind_text(q, 2, run->workflow);
    stmt_bind_text(q, 3, run->principal_id);
    stmt_bind_text(q, 4, run->actor);
    stmt_bind_text(q, 5, run->entity_id);
    stmt_bind_text(q, 6, run->period);
    stmt_bind_text(q, 7, fsm_state_name(&fsm_workflow_run, (int)run->state));
    stmt_bind_int(q, 8, run->items_n);
    stmt_bind_int(q, 9, run->created_us);
    return stmt_run(q);
}

struct err run_add(struct agent_db *db, struct arena *arena, struct agent_run *run,
                   struct run_item *items, size_t n, int64_t now_us)
{
    ENSURE(n <= RUN_ITEMS_MAX, ERR_LIMIT, "a run has more than 1000 items");
    run->run_id = new_id(arena, now_us);
    run->state = (enum run_state)fsm_workflow_run.initial;
    run->why = NULL;
    run->version = 0;
    run->items_n = (int64_t)n;
    run->created_us = run->updated_us = now_us;
    TRY(arena_check(arena));
    TRY(row_add(db, run));
    for (size_t i = 0; i < n; i++) {
        items[i].n = (int64_t)i;
        TRY(item_add(db, run->run_id, &items[i]));
    }
    return OK;
}

/* The row becomes `next`, if it still is what *run says. */
static struct err move(struct agent_db *db, struct agent_run *run, enum run_state next,
                       const char *why, int64_t now_us)
{
    CLEANUP(stmt_reset) struct stmt *q = statement(db, RUN_MOVE);
    stmt_bind_text(q, 1, run->run_id);
    stmt_bind_int(q, 2, run->version);
    stmt_bind_text(q, 3, fsm_state_name(&fsm_workflow_run, (int)run->state));
    stmt_bind_text(q, 4, fsm_state_name(&fsm_workflow_run, (int)next));
    stmt_bind_text(q, 5, why);
    stmt_bind_int(q, 6, now_us);
    TRY(stmt_run(q));
    ENSURE(db_changes(db->db) == 1, ERR_CONFLICT, "another process works on this run");
    run->state = next;
    run->why = why;
    run->version++;
    run->updated_us = now_us > run->updated_us ? now_us : run->updated_us;
    return OK;
}

struct err run_move(struct agent_db *db, struct arena *arena, struct agent_run *run,
                    enum run_event event, const char *why, int64_t now_us)
{
    int next;
    TRY(fsm_step(&fsm_workflow_run, (int)run->state, (int)event, arena, &next));
    return move(db, run, (enum run_state)next, why, now_us);
}

struct err run_item_save(struct agent_db *db, struct agent_run *run, const struct run_item *item,
                         int64_t now_us)
{
    ENSURE(run->state == RUN_RUNNING, ERR_CONFLICT, "the run is not under way");
    TRY(move(db, run, run->state, run->why, now_us));
    CLEANUP(stmt_reset) struct stmt *q = statement(db, ITEM_SAVE);
    stmt_bind_text(q, 1, run->run_id);
    stmt_bind_int(q, 2, item->n);
    stmt_bind_text(q, 3, item_states[item->state]);
    stmt_bind_text(q, 4, item->session_id);
    stmt_bind_text(q, 5, item->outcome);
    stmt_bind_int(q, 6, item->pending);
    TRY(stmt_run(q));
    ENSURE(db_changes(db->db) == 1, ERR_MISSING, "the run has no such item");
    return OK;
}
