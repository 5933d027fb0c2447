/* reject_match: a proposed match becomes REJECTED and its entries are free again. */
#include "engine/tools/match_facts.h"
#include "engine/tools/settle.h"
#include "engine/tools/transition.h"

struct reject_match {
    const char *match_id, *rationale;
};

static const struct json_field fields[] = {
    JSON_TEXT(struct reject_match, match_id, .required = true, .max = 64,
              .help = "the proposal to reject"),
    JSON_TEXT(struct reject_match, rationale, .max = 2000,
              .help = "why; needed when the engine proposed it"),
};

struct rejected {
    const char *match_id, *state;
    int64_t version;
};

static const struct json_field result[] = {
    JSON_TEXT(struct rejected, match_id, .help = "the match"),
    JSON_TEXT(struct rejected, state, .help = "REJECTED"),
    JSON_INT(struct rejected, version, .help = "of the match, after this"),
};

static struct err plan(struct call *c, struct tx *tx)
{
    const struct reject_match *args = c->args;
    struct match *m = ARENA_NEW(c->arena, struct match);
    ENSURE(m != NULL, ERR_LIMIT, "out of memory");
    TRY(match_load(tx, c->arena, args->match_id, m));
    TRY(match_facts(c, tx, m));
    c->ask.state_valid = m->state == MATCH_PROPOSED;
    c->planned = m;
    return OK;
}

static struct err apply(struct call *c, struct tx *tx)
{
    struct match m = *(const struct match *)c->planned;
    TRY(settle_direct(c, tx, m.match_id, ESCALATION_REJECTED));
    TRY(transition_match(c, tx, &m, MATCH_EVENT_REJECT));
    c->state_to = match_state_name(m.state);
    const struct rejected done = {
        .match_id = m.match_id, .state = c->state_to, .version = m.version};
    return json_unbind(c->arena, JSON_FIELDS(result), &done, &c->result);
}

const struct tool tool_reject_match = {
    .name = "reject_match",
    .title = "Reject a match",
    .summary =
        "Rejects a proposed match; its entries can be matched again. The same proposal is not "
        "made a second time.",
    .tier = TIER_T1,
    .action = ACTION_REJECT,
    .run = TOOL_CHANGE,
    .offer = OFFER_MCP,
    .destructive = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct reject_match),
    .result = result,
    .result_n = sizeof result / sizeof result[0],
    .plan = plan,
    .apply = apply,
};
