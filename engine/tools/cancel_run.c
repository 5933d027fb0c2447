/* cancel_run: a workflow run that is queued, working or waiting goes no further. What it has
 * recorded stands; the job hears of it at its next chunk. */
#include "engine/tools/run.h"
#include "engine/tools/scope.h"

struct cancel_run {
    const char *run_id, *rationale;
};

static const struct json_field fields[] = {
    JSON_TEXT(struct cancel_run, run_id, .required = true, .max = 64, .help = "the run to cancel"),
    JSON_TEXT(struct cancel_run, rationale, .max = 2000, .help = "why"),
};

struct cancelled {
    const char *run_id, *state;
    int64_t chunks, rows;
};

static const struct json_field result[] = {
    JSON_TEXT(struct cancelled, run_id, .required = true, .help = "the run"),
    JSON_TEXT(struct cancelled, state, .required = true, .help = "its state now"),
    JSON_INT(struct cancelled, chunks, .help = "chunks it had committed; they stand"),
    JSON_INT(struct cancelled, rows, .help = "rows written by them"),
};

/* Whoever started it: in person, through their agent, or the agent itself. */
static bool started_it(const struct call *c, const struct run *r)
{
    const char *self = c->actor.principal != NULL ? c->actor.principal : c->actor.on_behalf_of;
    return text_eq(r->started_by, c->actor.id) ||
           (self != NULL && (text_eq(r->principal_id, self) || text_eq(r->on_behalf_of, self)));
}

static struct err plan(struct call *c, struct tx *tx)
{
    const struct cancel_run *args = c->args;
    const char **entity = ARENA_ARRAY(c->arena, 1, const char *);
    struct run *r = ARENA_NEW(c->arena, struct run);
    struct scope scope;
    ENSURE(entity != NULL && r != NULL, ERR_LIMIT, "out of memory");
    TRY(run_load(tx, c->arena, args->run_id, r));
    TRY(scope_load(c, tx, &scope));
    if (!scope_has(&scope, r->entity_id))
        return err_fmt(c->arena, ERR_MISSING, NULL, "there is no run %s", args->run_id);
    entity[0] = r->entity_id;
    c->ask.entities = entity;
    c->ask.entities_n = r->entity_id == NULL ? 0 : 1;
    c->ask.object_type = c->object_type = "run";
    c->ask.object_id = c->object_id = r->run_id;
    c->ask.object_version = r->version;
    c->ask.state_valid = fsm_find(&fsm_workflow_run, (int)r->state, RUN_EVENT_CANCEL) != NULL &&
                         (started_it(c, r) || c->actor.kind == ACTOR_HUMAN);
    c->entity_id = r->entity_id;
    c->batch_id = r->run_id;
    c->state_from = fsm_state_name(&fsm_workflow_run, (int)r->state);
    c->planned = r;
    return OK;
}

static struct err apply(struct call *c, struct tx *tx)
{
    struct run *r = c->planned;
    const char *why = text_empty(c->rationale)
                          ? arena_fmt(c->arena, "cancelled by %s", c->actor.id)
                          : arena_fmt(c->arena, "cancelled by %s: %s", c->actor.id, c->rationale);
    ENSURE(why != NULL, ERR_LIMIT, "out of memory");
    TRY(run_finish(tx, r, RUN_EVENT_CANCEL, why));
    c->state_to = fsm_state_name(&fsm_workflow_run, (int)r->state);
    const struct cancelled out = {
        .run_id = r->run_id, .state = c->state_to, .chunks = r->chunks, .rows = r->rows};
    return json_unbind(c->arena, JSON_FIELDS(result), &out, &c->result);
}

const struct tool tool_cancel_run = {
    .name = "cancel_run",
    .title = "Cancel a run",
    .summary = "Stops a reconciliation pass or the loading of a file at its next step. What it has "
               "recorded stands; repeating the run later goes on from there.",
    .tier = TIER_T1,
    .action = ACTION_WITHDRAW,
    .run = TOOL_CHANGE,
    .offer = OFFER_MCP | OFFER_SOCKET,
    .destructive = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct cancel_run),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .plan = plan,
    .apply = apply,
};
