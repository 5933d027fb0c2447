/* recon_request asks the gate whether the requester may have a pass, and is the event that the
 * chunks follow from. It begins the pass's run: two passes over one account never work at once. */
#include "engine/tools/recon_request.h"

#include "engine/store/master.h"
#include "engine/tools/run.h"

static struct err account_check(struct call *c, struct tx *tx, const struct run_recon_pass *args)
{
    struct account *rows;
    size_t n;
    bool found = false;
    TRY(accounts_list(tx, c->arena, args->entity_id, &rows, &n));
    for (size_t i = 0; i < n; i++)
        found |= rows[i].reconciled &&
                 (args->account == NULL || text_eq(rows[i].account_id, args->account));
    if (!found)
        return err_at(ERR_MISSING, "/account", "the entity has no such reconciled account");
    return OK;
}

static struct err plan(struct call *c, struct tx *tx)
{
    const struct run_recon_pass *args = c->args;
    const char **entity = ARENA_ARRAY(c->arena, 1, const char *);
    struct run_place *place = ARENA_NEW(c->arena, struct run_place);
    struct entity row;
    ENSURE(entity != NULL && place != NULL, ERR_LIMIT, "out of memory");
    TRY(entity_load(tx, c->arena, args->entity_id, &row));
    TRY(account_check(c, tx, args));
    entity[0] = args->entity_id;
    c->ask.entities = entity;
    c->ask.entities_n = 1;
    c->ask.state_valid = true;
    c->entity_id = args->entity_id;
    place->entity_id = args->entity_id;
    place->lock_key = arena_fmt(c->arena, "recon:%s", args->entity_id);
    if (args->account != NULL) {
        place->lock_parent = place->lock_key;
        place->lock_key = arena_fmt(c->arena, "recon:%s/%s", args->entity_id, args->account);
    }
    c->planned = place;
    TRY(arena_check(c->arena));
    return run_may_begin(c, tx, place);
}

static struct err apply(struct call *c, struct tx *tx)
{
    struct run run;
    TRY(run_begin(c, tx, c->planned, &run));
    c->object_type = "run";
    c->object_id = run.run_id;
    c->state_to = fsm_state_name(&fsm_workflow_run, (int)run.state);
    c->result = json_object_new(c->arena);
    TRY(run_save(tx, &run));
    return arena_check(c->arena);
}

const struct tool tool_recon_request = {
    .name = "run_recon_pass",
    .title = "A reconciliation pass",
    .summary = "The request for a pass, judged in the requester's name.",
    .tier = TIER_T0,
    .action = ACTION_PROPOSE,
    .run = TOOL_CHANGE,
    .plan = plan,
    .apply = apply,
};
