/* escalate_match: puts a proposal before a human. What is opened is bound to confirm_match, exactly
 * as if the caller had tried to confirm it: an agent's own proposal has no other way to a person.
 * To whom it is addressed says whose attention is asked for, and gives nobody any authority. */
#include "engine/store/escalation_life.h"
#include "engine/tools/escalation_view.h"
#include "engine/tools/opening.h"
#include "engine/tools/proposal.h"
#include "engine/tools/settle.h"

extern const struct tool tool_confirm_match;

struct escalate_match {
    const char *match_id, *to, *rationale;
};

static const struct json_field fields[] = {
    JSON_TEXT(struct escalate_match, match_id, .required = true, .max = 64,
              .help = "the proposal to put before a human"),
    JSON_TEXT(struct escalate_match, to, .max = 136,
              .help = "whose attention: human:NAME, a principal id or a role"),
    JSON_TEXT(struct escalate_match, rationale, .required = true, .max = 2000,
              .help = "why a human should look"),
};

struct asked_human {
    const char *status, *escalation_id, *code, *match_id;
};

static const struct json_field result[] = {
    JSON_TEXT(struct asked_human, status, .help = "pending_approval"),
    JSON_TEXT(struct asked_human, escalation_id, .help = "where it waits"),
    JSON_TEXT(struct asked_human, code, .help = "the short code people compare"),
    JSON_TEXT(struct asked_human, match_id, .help = "the match"),
};

struct planned {
    struct addressee to;
    bool addressed;
};

static struct err plan(struct call *c, struct tx *tx)
{
    const struct escalate_match *args = c->args;
    struct planned *p = ARENA_NEW(c->arena, struct planned);
    ENSURE(p != NULL, ERR_LIMIT, "out of memory");
    p->addressed = args->to != NULL;
    if (p->addressed)
        TRY(addressee_parse(c, tx, args->to, "/to", &p->to));
    TRY(proposal_plan(c, tx, args->match_id));
    c->planned = p;
    return OK;
}

/* The human who asks is barred from the moment they do, and the ruling says so. */
static struct err with_self(struct call *c, struct ask *ask)
{
    const char **all = ARENA_ARRAY(c->arena, ask->proposers_n + 1, const char *);
    ENSURE(all != NULL, ERR_LIMIT, "out of memory");
    for (size_t i = 0; i < ask->proposers_n; i++)
        all[i] = ask->proposers[i];
    all[ask->proposers_n] = c->actor.principal;
    ask->proposers = all;
    ask->proposers_n += c->actor.kind == ACTOR_HUMAN;
    return OK;
}

/* Why this caller cannot confirm it; one that could asks for another person's eyes. */
static struct verdict ruling_of(const struct call *c, const struct ask *ask)
{
    struct verdict v = gate_decide(c->policy, ask);
    if (v.ruling != RULING_ALLOW)
        return v;
    const struct policy_clause *clause = &c->policy->clauses[REASON_TIER_REQUIRES_HUMAN];
    v.ruling = RULING_HUMAN;
    v.reason = REASON_TIER_REQUIRES_HUMAN;
    v.clause = clause->text == NULL ? "" : clause->text;
    v.pointer = clause->pointer == NULL ? "" : clause->pointer;
    return v;
}

/* The confirmation this asks for, by the same caller. */
static struct err confirmation_of(struct call *c, struct call *inner)
{
    struct json *args = json_object_new(c->arena);
    json_put_text(c->arena, args, "match_id", c->match_id);
    *inner = *c;
    inner->tool = &tool_confirm_match;
    inner->args_tree = args;
    inner->ask.action = ACTION_CONFIRM;
    inner->ask.tier = TIER_T2;
    inner->ask.tool = inner->tool->name;
    TRY(with_self(c, &inner->ask));
    inner->verdict = ruling_of(c, &inner->ask);
    return arena_check(c->arena);
}

static struct err apply(struct call *c, struct tx *tx)
{
    const struct planned *p = c->planned;
    struct call *inner = ARENA_NEW(c->arena, struct call);
    struct escalation e;
    ENSURE(inner != NULL, ERR_LIMIT, "out of memory");
    TRY(confirmation_of(c, inner));
    TRY(escalation_ask(inner, tx, &e));
    enum party_role role = c->actor.kind == ACTOR_LLM ? PARTY_AGENT : PARTY_REQUESTER;
    if (c->actor.kind != ACTOR_ENGINE)
        TRY(escalation_join(inner, tx, &e, role, &c->ask));
    if (p->addressed)
        TRY(escalation_address(tx, e.escalation_id, &p->to));
    c->escalation_id = e.escalation_id;
    c->event_type = "ESCALATION_PENDING";
    c->result = settled_outcome(c->arena, &e);
    return arena_check(c->arena);
}

const struct tool tool_escalate_match = {
    .name = "escalate_match",
    .title = "Put a match before a human",
    .summary =
        "Opens, or joins, what waits for a human's confirmation of a proposed match. Whoever "
        "asks may not confirm it.",
    .tier = TIER_T1,
    .action = ACTION_ESCALATE,
    .run = TOOL_CHANGE,
    .offer = OFFER_MCP,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct escalate_match),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .plan = plan,
    .apply = apply,
};
