/* confirm_match: a proposed match becomes CONFIRMED. The act the whole house exists for: who may do
 * it, on which amounts, with whose eyes, is the gate's; here is only what is read and what changes.
 */
#include "engine/store/escalations.h"
#include "engine/store/limits.h"
#include "engine/tools/proposal.h"
#include "engine/tools/settle.h"
#include "engine/tools/transition.h"

struct confirm_match {
    const char *match_id, *rationale;
};

static const struct json_field fields[] = {
    JSON_TEXT(struct confirm_match, match_id, .required = true, .max = 64,
              .help = "the proposal to confirm"),
    JSON_TEXT(struct confirm_match, rationale, .max = 2000,
              .help = "why; needed above materiality"),
};

/* What somebody has put before a human is a human's to decide: the engine stays away, and asks
 * nothing. What it opened itself it may join, or overtake when policy lets it. */
static struct err leave_to_humans(struct call *c, struct tx *tx)
{
    struct escalation *e = ARENA_NEW(c->arena, struct escalation);
    bool found;
    ENSURE(e != NULL, ERR_LIMIT, "out of memory");
    TRY(escalation_of_object(tx, c->arena, "confirm_match", c->match_id, &found, e));
    if (!found || text_eq(e->requester, c->actor.id))
        return OK;
    c->escalation_id = e->escalation_id;
    c->outcome = CALL_PENDING;
    c->result = settled_outcome(c->arena, e);
    return arena_check(c->arena);
}

static struct err plan(struct call *c, struct tx *tx)
{
    const struct confirm_match *args = c->args;
    TRY(proposal_plan(c, tx, args->match_id));
    bool somebody_asked = c->ask.proposers_n > 0 || c->ask.own_agents_of_n > 0;
    return c->actor.kind == ACTOR_ENGINE && somebody_asked ? leave_to_humans(c, tx) : OK;
}

/* What no human looked at counts towards the limits of what no human looks at. */
static struct err count_unreviewed(struct call *c, struct tx *tx, const struct match *m)
{
    const char *account = arena_fmt(c->arena, "%s/%s", m->entity_id, m->account_id);
    ENSURE(account != NULL, ERR_LIMIT, "out of memory");
    TRY(auto_confirmed_add(tx, "book", "", m->amount));
    TRY(auto_confirmed_add(tx, "entity", m->entity_id, m->amount));
    TRY(auto_confirmed_add(tx, "account", account, m->amount));
    return auto_confirmed_add(tx, "counterparty",
                              c->ask.counterparty == NULL ? "" : c->ask.counterparty, m->amount);
}

static struct err apply(struct call *c, struct tx *tx)
{
    struct match m = *(const struct match *)c->planned;
    TRY(settle_direct(c, tx, m.match_id, ESCALATION_APPROVED));
    TRY(transition_match(c, tx, &m, MATCH_EVENT_CONFIRM));
    if (c->actor.kind != ACTOR_HUMAN)
        TRY(count_unreviewed(c, tx, &m));
    return match_moved(c, &m);
}

const struct tool tool_confirm_match = {
    .name = "confirm_match",
    .title = "Confirm a match",
    .summary =
        "Confirms a proposed match, so that its entries count as reconciled. Policy may reserve "
        "it for a human: then the answer is pending_approval with the escalation's id.",
    .tier = TIER_T2,
    .action = ACTION_CONFIRM,
    .run = TOOL_CHANGE,
    .offer = OFFER_MCP,
    .destructive = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct confirm_match),
    .result = match_moved_fields,
    .result_n = MATCH_MOVED_FIELDS,
    .plan = plan,
    .apply = apply,
};
