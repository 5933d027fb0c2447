/* sweep_runs: what a dead process left behind. One process serves a book, so a lock of another
 * owner than this process is a dead one's, and a run that is queued or working without a lock of
 * ours will not go on: it fails visibly, with what to do about it. Runs at every start, before the
 * first caller is heard, and with the other housekeeping. One event for all of them. */
#include "engine/tools/run.h"

#define RUNS_MAX 100

struct left_behind {
    struct run *runs;
    size_t n;
    int64_t locks;
};

static struct err plan(struct call *c, struct tx *tx)
{
    struct left_behind *l = ARENA_NEW(c->arena, struct left_behind);
    ENSURE(l != NULL, ERR_LIMIT, "out of memory");
    TRY(runs_orphaned(tx, c->arena, lock_owner(), RUNS_MAX, &l->runs, &l->n));
    TRY(locks_dead(tx, lock_owner(), &l->locks));
    c->planned = l;
    c->ask.state_valid = true;
    c->object_type = "book";
    c->event_type = "RECOVERY_SWEEP";
    c->result = json_object_new(c->arena);
    if (l->n == 0 && l->locks == 0)
        c->outcome = CALL_OK;
    return arena_check(c->arena);
}

/* Every kind of run may be repeated: what it wrote stands, and is not written a second time. */
static const char *hint(const struct run *r)
{
    return text_eq(r->kind, "ingest_file")
               ? "the engine stopped while it ran; load the same file again to go on"
               : "the engine stopped while it ran; what it recorded stands, run it again";
}

static struct err run_sweep(struct call *c, struct tx *tx, struct run *r, struct json *list)
{
    struct json *o = json_object_new(c->arena);
    json_put_text(c->arena, o, "run_id", r->run_id);
    json_put_text(c->arena, o, "kind", r->kind);
    json_put_text(c->arena, o, "state_from", fsm_state_name(&fsm_workflow_run, (int)r->state));
    json_push(c->arena, list, o);
    return run_finish(tx, r, RUN_EVENT_FAIL, hint(r));
}

static struct err apply(struct call *c, struct tx *tx)
{
    struct left_behind *l = c->planned;
    struct json *detail = json_object_new(c->arena), *list = json_array_new(c->arena);
    for (size_t i = 0; i < l->n; i++)
        TRY(run_sweep(c, tx, &l->runs[i], list));
    TRY(locks_free_dead(tx, lock_owner()));
    json_put_int(c->arena, detail, "runs_failed", (int64_t)l->n);
    json_put_int(c->arena, detail, "locks_freed", l->locks);
    json_put(c->arena, detail, "runs", list);
    c->detail = detail;
    json_put_bool(c->arena, c->result, "more", l->n == RUNS_MAX);
    return arena_check(c->arena);
}

const struct tool tool_sweep_runs = {
    .name = "sweep_runs",
    .title = "What a dead process left behind",
    .summary = "Fails the runs of a process that died and frees their locks.",
    .tier = TIER_T0,
    .action = ACTION_SWEEP,
    .run = TOOL_CHANGE,
    .plan = plan,
    .apply = apply,
};
