/* unmatch: a confirmed match is taken back. It becomes REVERSED, what it held of its entries is
 * free again, and a difference it left is no longer to be booked. What was confirmed without a
 * human still counts in the windows of that: taking something back makes no room for more. The
 * matcher does not propose the same entries together again; people and agents may. */
#include "engine/tools/proposal.h"
#include "engine/tools/settle.h"
#include "engine/tools/transition.h"

struct unmatch {
    const char *match_id, *rationale;
};

static const struct json_field fields[] = {
    JSON_TEXT(struct unmatch, match_id, .required = true, .max = 64,
              .help = "the confirmed match to take back"),
    JSON_TEXT(struct unmatch, rationale, .max = 2000, .help = "why; needed above materiality"),
};

static struct err plan(struct call *c, struct tx *tx)
{
    const struct unmatch *args = c->args;
    TRY(proposal_plan(c, tx, args->match_id));
    const struct match *m = c->planned;
    c->ask.state_valid = m->state == MATCH_CONFIRMED;
    return OK;
}

static struct err apply(struct call *c, struct tx *tx)
{
    struct match m = *(const struct match *)c->planned;
    TRY(settle_direct(c, tx, m.match_id, ESCALATION_STALE));
    TRY(transition_match(c, tx, &m, MATCH_EVENT_UNMATCH));
    return match_moved(c, &m);
}

const struct tool tool_unmatch = {
    .name = "unmatch",
    .title = "Take a match back",
    .summary = "Takes a confirmed match back: it becomes REVERSED and its entries are open again. "
               "For people; what an agent asks for waits for one.",
    .tier = TIER_T2,
    .action = ACTION_UNMATCH,
    .run = TOOL_CHANGE,
    .offer = OFFER_MCP,
    .destructive = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct unmatch),
    .result = match_moved_fields,
    .result_n = MATCH_MOVED_FIELDS,
    .plan = plan,
    .apply = apply,
};
