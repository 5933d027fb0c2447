/* propose_rule: what a confirmed match teaches the matcher. One bank line and one ledger entry show
 * which names are one party, how far apart the two lie, and what fee stands between them. A change
 * of master data: an agent's waits for a human, and in prod a human's for another. What a learned
 * rule finds is proposed, and never confirmed by a machine. */
#include <string.h>

#include "engine/store/escalations.h"
#include "engine/store/matches.h"
#include "engine/tools/learned.h"
#include "engine/tools/recon_inputs.h"
#include "engine/tools/scope.h"

struct propose_rule {
    const char *match_id, *rationale;
    int fee; /* enum recon_learned_fee */
};

static const char *const fees[] = {"", "fixed", "percentage", NULL};

static const struct json_field fields[] = {
    JSON_TEXT(struct propose_rule, match_id, .required = true, .max = 64,
              .help = "a confirmed match of one bank line and one ledger entry"),
    JSON_ENUM(struct propose_rule, fee, fees,
              .help = "how the difference of its sides is to be read, when there is one"),
    JSON_TEXT(struct propose_rule, rationale, .max = 2000, .help = "why it holds for others, too"),
};

/* The bank line, then the ledger entry. */
static struct err pair_of(struct call *c, struct tx *tx, const struct match *m,
                          struct entry pair[2])
{
    size_t bank = m->legs[0].side == SIDE_BANK ? 0 : 1;
    ENSURE(m->legs_n == 2 && m->legs[bank].side == SIDE_BANK &&
               m->legs[1 - bank].side != SIDE_BANK && !m->legs[0].part && !m->legs[1].part,
           ERR_INPUT, "a rule is learned from one whole bank line and one whole ledger entry");
    TRY(entry_load(tx, c->arena, m->legs[bank].entry_id, &pair[0]));
    return entry_load(tx, c->arena, m->legs[1 - bank].entry_id, &pair[1]);
}

static struct recon_entry side_of(const struct entry *e)
{
    struct recon_entry side = {.id = e->entry_id,
                               .text = e->memo,
                               .counterparty = e->counterparty,
                               .amount_minor = e->amount.minor,
                               .day = e->date.days,
                               .side = e->side == SIDE_BANK ? RECON_BANK : RECON_BOOK};
    memcpy(side.cur, e->amount.cur, sizeof side.cur);
    return side;
}

static struct err learn(struct call *c, struct tx *tx, const struct match *m,
                        struct matching_rule *rule)
{
    static const enum rule_fee fee_of[] = {
        [RECON_LEARNED_NO_FEE] = RULE_FEE_NONE,
        [RECON_LEARNED_FIXED] = RULE_FEE_FIXED,
        [RECON_LEARNED_PERCENTAGE] = RULE_FEE_PERCENTAGE,
    };
    const struct propose_rule *args = c->args;
    struct entry pair[2];
    struct recon_params params;
    struct recon_learned learned;
    struct entity entity;
    TRY(pair_of(c, tx, m, pair));
    TRY(entity_load(tx, c->arena, m->entity_id, &entity));
    struct recon_entry sides[2] = {side_of(&pair[0]), side_of(&pair[1])};
    const struct open_account open = {.entries = sides, .n = 2};
    TRY(recon_params_of(c->arena, c->policy, &entity, &open, &params));
    struct err e = recon_learn(&sides[0], &sides[1], (enum recon_learned_fee)args->fee, &params,
                               c->arena, &learned);
    if (e.kind == ERR_INPUT)
        return err_at(ERR_INPUT, args->fee == 0 ? "/match_id" : "/fee", e.msg);
    TRY(e);
    rule->bank_name = learned.bank_name;
    rule->book_name = learned.book_name;
    rule->lag_days = learned.lag_days;
    rule->fee = fee_of[learned.fee];
    rule->fee_minor = learned.fee_minor;
    rule->fee_ppm = learned.fee_ppm;
    return OK;
}

/* The rule as it would stand; a match that taught one before teaches its next version. */
static struct err rule_of(struct call *c, struct tx *tx, const struct match *m,
                          struct matching_rule *rule, bool *stands)
{
    const char *rule_id;
    TRY(rule_id_of(c->arena, m->match_id, &rule_id));
    struct err e = matching_rule_load(tx, c->arena, rule_id, rule);
    *stands = e.kind == ERR_NONE && rule->state == RULE_ACTIVE;
    if (e.kind == ERR_MISSING)
        *rule = (struct matching_rule){.rule_id = rule_id};
    else
        TRY(e);
    rule->entity_id = m->entity_id;
    rule->account_id = m->account_id;
    memcpy(rule->currency, m->amount.cur, sizeof rule->currency);
    rule->source_match = m->match_id;
    rule->difference_account = m->difference_account;
    rule->author = rule->approver = rule->rationale = NULL; /* of before */
    return learn(c, tx, m, rule);
}

static struct err twin_refused(struct call *c, struct tx *tx, const struct matching_rule *rule)
{
    const char *twin;
    TRY(matching_rule_twin(tx, c->arena, rule, &twin));
    if (twin != NULL && !text_eq(twin, rule->rule_id))
        return err_fmt(c->arena, ERR_CONFLICT, NULL, "%s says the same already", twin);
    return OK;
}

/* A pass takes so many; more would stop it. */
static struct err room_check(struct call *c, struct tx *tx, const struct matching_rule *rule)
{
    struct matching_rule *rules;
    size_t n;
    TRY(matching_rules_list(tx, c->arena, rule->entity_id, rule->account_id, true, &rules, &n));
    ENSURE(n < RECON_LEARNED_MAX, ERR_LIMIT,
           "the account has as many rules as a pass takes: retire some");
    return OK;
}

/* What cannot be learned from is told in words about both entries: only to who may see them. */
static struct err seen(struct call *c, struct tx *tx, const struct match *m)
{
    struct scope scope;
    bool yes;
    TRY(scope_load(c, tx, &scope));
    TRY(scope_has_match(&scope, c, tx, m, &yes));
    ENSURE(yes, ERR_MISSING, "there is no such match");
    return OK;
}

static struct err plan(struct call *c, struct tx *tx)
{
    const struct propose_rule *args = c->args;
    struct match *m = ARENA_NEW(c->arena, struct match);
    struct matching_rule *rule = ARENA_NEW(c->arena, struct matching_rule);
    bool stands;
    ENSURE(m != NULL && rule != NULL, ERR_LIMIT, "out of memory");
    TRY(match_load(tx, c->arena, args->match_id, m));
    TRY(seen(c, tx, m));
    TRY(rule_of(c, tx, m, rule, &stands));
    ENSURE(rule->fee == RULE_FEE_NONE || rule->difference_account != NULL, ERR_INPUT,
           "the match does not say which account its difference goes to");
    TRY(twin_refused(c, tx, rule));
    TRY(room_check(c, tx, rule));
    /* Both versions only rise: a change of either makes what a human was shown stale. */
    TRY(rule_facts(c, rule, m->version + rule->version));
    c->ask.state_valid = m->state == MATCH_CONFIRMED && !stands;
    c->state_from = rule->version == 0 ? NULL : rule_state_name(rule->state);
    c->planned = rule;
    return OK;
}

/* Whoever asked first is the author; whose act this is approves. */
static struct err people(struct call *c, struct tx *tx, struct matching_rule *rule)
{
    struct escalation e;
    rule->approver = rule->author = c->actor.id;
    rule->rationale = c->rationale;
    if (c->escalation_id == NULL)
        return OK;
    TRY(escalation_load(tx, c->arena, c->escalation_id, &e));
    rule->author = e.requester;
    return OK;
}

static struct err apply(struct call *c, struct tx *tx)
{
    struct matching_rule *rule = c->planned;
    if (rule->version > 0)
        TRY(rule_step(c, rule, MATCHING_RULE_EVENT_RENEW));
    rule->version++;
    TRY(people(c, tx, rule));
    return rule_move(c, tx, rule);
}

const struct tool tool_propose_rule = {
    .name = "propose_rule",
    .title = "Propose a matching rule",
    .summary = "Proposes that what a confirmed match shows (which names are one party, and what "
               "fee stands between them) holds for other entries of its account, too. Once "
               "approved, the next pass proposes by it; people confirm what it finds.",
    .tier = TIER_T1,
    .action = ACTION_CHANGE_MASTER_DATA,
    .run = TOOL_CHANGE,
    .offer = OFFER_MCP,
    .fields = fields,
    .fields_n = sizeof fields / sizeof fields[0],
    .args_size = sizeof(struct propose_rule),
    .result = rule_moved_fields,
    .result_n = RULE_MOVED_FIELDS,
    .plan = plan,
    .apply = apply,
};
