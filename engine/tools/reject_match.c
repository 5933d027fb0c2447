/* reject_match: a proposed match becomes REJECTED and its entries are free again. */
#include "engine/tools/proposal.h"
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

static struct err plan(struct call *c, struct tx *tx)
{
    const struct reject_match *args = c->args;
    return proposal_plan(c, tx, args->match_id);
}

static struct err apply(struct call *c, struct tx *tx)
{
    struct match m = *(const struct match *)c->planned;
    TRY(settle_direct(c, tx, m.match_id, ESCALATION_REJECTED));
    TRY(transition_match(c, tx, &m, MATCH_EVENT_REJECT));
    return match_moved(c, &m);
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
    .result = match_moved_fields,
    .result_n = MATCH_MOVED_FIELDS,
    .plan = plan,
    .apply = apply,
};
