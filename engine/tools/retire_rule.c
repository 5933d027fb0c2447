/* retire_rule: a learned rule is no longer in force. The matches it led to stay as they are. */
#include "engine/tools/learned.h"

struct retire_rule {
    const char *rule_id, *rationale;
};

static const struct json_field fields[] = {
    JSON_TEXT(struct retire_rule, rule_id, .required = true, .max = 64,
              .help = "the rule, of recon://rules"),
    JSON_TEXT(struct retire_rule, rationale, .required = true, .max = 2000,
              .help = "what is wrong with it"),
};

static struct err plan(struct call *c, struct tx *tx)
{
    const struct retire_rule *args = c->args;
    struct matching_rule *rule = ARENA_NEW(c->arena, struct matching_rule);
    ENSURE(rule != NULL, ERR_LIMIT, "out of memory");
    TRY(matching_rule_load(tx, c->arena, args->rule_id, rule));
    TRY(rule_facts(c, rule, rule->version));
    c->ask.state_valid = rule->state == RULE_ACTIVE;
    c->state_from = rule_state_name(rule->state);
    c->planned = rule;
    return OK;
}

static struct err apply(struct call *c, struct tx *tx)
{
    const struct retire_rule *args = c->args;
    struct matching_rule *rule = c->planned;
    TRY(rule_step(c, rule, MATCHING_RULE_EVENT_RETIRE));
    rule->version++;
    rule->approver = c->actor.id;
    rule->rationale = args->rationale;
    return rule_move(c, tx, rule);
}

const struct tool tool_retire_rule = {
    .name = "retire_rule",
    .title = "Retire a matching rule",
    .summary = "Takes a learned rule out of force; the next pass does without it.",
    .tier = TIER_T1,
    .action = ACTION_CHANGE_MASTER_DATA,
    .run = TOOL_CHANGE,
    .offer = OFFER_MCP,
    .destructive = true,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct retire_rule),
    .result = rule_moved_fields,
    .result_n = RULE_MOVED_FIELDS,
    .plan = plan,
    .apply = apply,
};
