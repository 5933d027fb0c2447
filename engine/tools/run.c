/* Runs: beginning, moving on, ending. The machine's table (common/base/workflow_run.c) has the last
 * word about every step. */
#include "engine/tools/run.h"

#include "common/sys/json_read.h"

static struct err run_step(struct arena *arena, struct run *run, enum run_event event)
{
    int next;
    TRY(fsm_step(&fsm_workflow_run, (int)run->state, (int)event, arena, &next));
    run->state = (enum run_state)next;
    return OK;
}

/* ---- beginning ---- */

static struct err conflict(struct arena *arena, const char *key, const char *holder)
{
    return err_fmt(arena, ERR_CONFLICT, NULL,
                   "run %s works on %s now; wait for it (recon://runs/%s) or cancel it", holder,
                   key, holder);
}

struct err run_may_begin(struct call *c, struct tx *tx, const struct run_place *place)
{
    const char *holder;
    TRY(lock_holder(tx, c->arena, place->lock_key, place->lock_parent, NULL, &holder));
    return holder == NULL ? OK : conflict(c->arena, place->lock_key, holder);
}

struct err run_begin(struct call *c, struct tx *tx, const struct run_place *place, struct run *run)
{
    const char *holder;
    *run = (struct run){.run_id = tx_new_id(tx, "run"),
                        .kind = c->tool->name,
                        .entity_id = place->entity_id,
                        .lock_key = place->lock_key,
                        .state = (enum run_state)fsm_workflow_run.initial,
                        .started_by = c->actor.id,
                        .principal_id = c->actor.principal,
                        .on_behalf_of = c->actor.on_behalf_of,
                        .request_id = c->request_id};
    ENSURE(run->run_id != NULL, ERR_LIMIT, "out of memory");
    TRY(lock_take(tx, c->arena, place->lock_key, place->lock_parent, run->run_id, lock_owner(),
                  &holder));
    if (holder != NULL)
        return conflict(c->arena, place->lock_key, holder);
    c->run_id = c->batch_id = run->run_id;
    return OK;
}

/* ---- moving on ---- */

struct err run_advance(struct arena *arena, struct run *run, int64_t rows)
{
    if (run->state == RUN_QUEUED)
        TRY(run_step(arena, run, RUN_EVENT_START));
    run->chunks++;
    run->rows += rows;
    return OK;
}

struct err run_chunk(struct call *c, struct tx *tx, int64_t rows)
{
    struct run run;
    if (c->run_id == NULL)
        return OK;
    TRY(run_load(tx, c->arena, c->run_id, &run));
    TRY(run_advance(c->arena, &run, rows));
    return run_save(tx, &run);
}

struct err run_is_live(struct call *c, struct tx *tx)
{
    enum run_state state;
    if (c->run_id == NULL)
        return OK;
    TRY(run_state_load(tx, c->run_id, &state));
    ENSURE(state < RUN_STATES, ERR_STORE, "a run has a state that the engine does not know");
    if (!fsm_workflow_run.terminal[state])
        return OK;
    return err_fmt(c->arena, ERR_CONFLICT, NULL, "run %s has ended: %s", c->run_id,
                   fsm_state_name(&fsm_workflow_run, (int)state));
}

/* ---- ending ---- */

struct err run_finish(struct tx *tx, struct run *run, enum run_event event, const char *text)
{
    if (event == RUN_EVENT_SUCCEED && run->state == RUN_QUEUED) /* it had nothing to write */
        TRY(run_step(tx->arena, run, RUN_EVENT_START));
    TRY(run_step(tx->arena, run, event));
    if (event == RUN_EVENT_SUCCEED)
        run->result = text;
    else
        run->error = text;
    TRY(locks_free(tx, run->run_id));
    return run_save(tx, run);
}

static struct err end_record(struct call *c, struct tx *tx, const struct run *run,
                             enum run_state from, int64_t version)
{
    struct json *result = NULL, *detail = json_object_new(c->arena);
    json_put_int(c->arena, detail, "chunks", run->chunks);
    json_put_int(c->arena, detail, "rows", run->rows);
    if (run->result != NULL) {
        TRY(json_read(c->arena, str_of(run->result), NULL, &result));
        json_put(c->arena, detail, "result", result);
    }
    json_put_known(c->arena, detail, "error", run->error);
    const struct event event = {
        .type = "RUN_ENDED",
        .actor = &c->actor,
        .tool = run->kind,
        .policy_version = c->policy->digest,
        .object_type = "run",
        .object_id = run->run_id,
        .object_version = version,
        .state_from = fsm_state_name(&fsm_workflow_run, (int)from),
        .state_to = fsm_state_name(&fsm_workflow_run, (int)run->state),
        .entity_id = run->entity_id,
        .batch_id = run->run_id,
        .request_id = c->request_id,
        .caused_by = c->caused_by,
        .detail = detail,
    };
    TRY(audit_append(tx, &event));
    c->seq = tx->event_seq;
    return OK;
}

/* Settles by itself: the engine says what is so, as at its start; there is nothing to decide, and
 * no freeze may keep a lock from being given back. */
static struct err end_plan(struct call *c, struct tx *tx)
{
    const struct run_end *end = c->args;
    struct run run;
    TRY(run_load(tx, c->arena, end->run_id, &run));
    c->outcome = CALL_OK;
    c->result = json_object_new(c->arena);
    if (fsm_workflow_run.terminal[run.state])
        return arena_check(c->arena);
    const enum run_state from = run.state;
    const int64_t version = run.version;
    TRY(run_finish(tx, &run, end->event, end->text));
    return end_record(c, tx, &run, from, version);
}

const struct tool tool_run_end = {
    .name = "run_end",
    .title = "The end of a run",
    .summary = "Records how a workflow run ended and gives its lock back.",
    .tier = TIER_T0,
    .run = TOOL_CHANGE,
    .when_held = true, /* it says what is so, and gives the lock back */
    .plan = end_plan,
};
