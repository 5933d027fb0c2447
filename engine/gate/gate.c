/* The policy gate: the published matrix (DESIGN §4) as a table, read from the top.
 *
 * A row is {actions, predicate, ruling, reason}. The first whose predicate holds decides; past the
 * last row the answer is no. Predicates only read the policy and the ask. A limit that cannot be
 * compared, because a rate is missing or stale, never counts as kept: see `over`. docs/adr/0004
 * says which row speaks first then. */
#include "engine/gate/gate.h"

#include <string.h>

#include "engine/gate/compare.h"

/* A comparison with a limit has three answers, and not knowing is one of them. */
enum over { OVER_NO, OVER_YES, OVER_UNKNOWN };

/* The clause that a row found more telling than its reason's own; NULL until it does. */
typedef const struct policy_clause *clause_ptr;

typedef bool predicate(const struct policy *p, const struct ask *a, clause_ptr *clause);

struct row {
    const char *label;
    uint64_t actions;
    predicate *holds;
    enum ruling ruling;
    enum reason reason;
    const char *meaning;
    const char *facts;
};

/* ---- limits ---- */

/* The amount in the limit's currency; NULL when the plan did not value it there. */
static const struct ask_value *value_in(const struct ask *a, const struct policy_limit *limit)
{
    if (!a->has_amount || limit->cur_index >= a->values_n)
        return NULL;
    const struct ask_value *v = &a->values[limit->cur_index];
    return memcmp(v->cur, limit->cur, sizeof v->cur) == 0 ? v : NULL;
}

static enum over over(const struct ask *a, const struct policy_limit *limit)
{
    const struct ask_value *v = value_in(a, limit);
    if (v == NULL || v->status != FX_KNOWN)
        return OVER_UNKNOWN;
    static const struct decimal nothing = {.coef = 0};
    return sum_exceeds(nothing, v->value, limit->max) ? OVER_YES : OVER_NO;
}

/* Acts on money always have an amount, known or not; a comment or a file may have none at all. */
static bool weighs_nothing(const struct ask *a)
{
    return !a->has_amount && a->action != ACTION_CONFIRM && a->action != ACTION_POST_ENTRY;
}

static enum over worse(enum over a, enum over b)
{
    if (a == OVER_YES || b == OVER_YES)
        return OVER_YES;
    return a == OVER_UNKNOWN ? a : b;
}

static const struct policy_override *override_of(const struct policy *p, const char *entity)
{
    for (size_t i = 0; i < p->overrides_n; i++) {
        if (same_text(p->overrides[i].entity, entity))
            return &p->overrides[i];
    }
    return NULL;
}

/* Against the threshold of each entity concerned: one that is passed is enough. */
static enum over over_materiality(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    enum over worst = a->entities_n == 0 ? over(a, &p->materiality) : OVER_NO;
    for (size_t i = 0; i < a->entities_n; i++) {
        const struct policy_override *o = override_of(p, a->entities[i]);
        enum over here = over(a, o == NULL ? &p->materiality : &o->limit);
        if (here == OVER_YES && o != NULL)
            *clause = &o->clause;
        worst = worse(worst, here);
    }
    return worst;
}

/* ---- a to e: what stops any change ---- */

static bool is_frozen(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return a->frozen;
}

static bool has_prefix(const char *text, const char *prefix)
{
    if (text == NULL || prefix == NULL)
        return false;
    while (*prefix != '\0' && *text == *prefix)
        text++, prefix++;
    return *prefix == '\0';
}

static bool any_account(const struct ask *a, const char *id, const char *prefix)
{
    for (size_t i = 0; i < a->accounts_n; i++) {
        const char *account = a->accounts[i].id;
        if (id != NULL ? same_text(account, id) : has_prefix(account, prefix))
            return true;
    }
    return false;
}

static bool any_text(const char *const *texts, size_t n, const char *wanted)
{
    for (size_t i = 0; i < n; i++) {
        if (same_text(texts[i], wanted))
            return true;
    }
    return false;
}

static bool block_holds(const struct policy_block *b, const struct ask *a)
{
    if (b->action != ACTION_NONE && b->action != a->action)
        return false;
    if (b->actor_kind != ACTOR_NONE && b->actor_kind != a->actor_kind)
        return false;
    if (b->actor != NULL && !same_text(b->actor, a->actor))
        return false;
    if (b->tool != NULL && !same_text(b->tool, a->tool))
        return false;
    if (b->entity != NULL && !any_text(a->entities, a->entities_n, b->entity))
        return false;
    if (b->counterparty != NULL && !same_text(b->counterparty, a->counterparty))
        return false;
    if (b->account != NULL && !any_account(a, b->account, NULL))
        return false;
    if (b->account_prefix != NULL && !any_account(a, NULL, b->account_prefix))
        return false;
    return !b->has_over || (!weighs_nothing(a) && over(a, &b->over) != OVER_NO);
}

static bool is_blocked(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    for (size_t i = 0; i < p->blocked_n; i++) {
        if (block_holds(&p->blocked[i], a)) {
            *clause = &p->blocked[i].clause;
            return true;
        }
    }
    return false;
}

/* The actor holds the grant's role where it counts: in this entity, or everywhere. An act that
 * names no entity concerns the whole book, which a role in one entity does not reach. */
static bool holds_role(const struct ask *a, const char *role, const char *entity)
{
    if (a->actor_kind == ACTOR_ENGINE)
        return same_text(role, "engine");
    if (same_text(role, "engine"))
        return false;
    for (size_t i = 0; i < a->roles_n; i++) {
        if (!same_text(a->roles[i].role, role))
            continue;
        if (a->roles[i].entity == NULL || same_text(a->roles[i].entity, entity))
            return true;
    }
    return false;
}

enum alone { ALONE_OR_NOT, ALONE };

static bool grant_covers(const struct policy_authority *g, const struct ask *a, const char *entity,
                         enum alone alone)
{
    if ((g->actions & (UINT64_C(1) << a->action)) == 0 || !holds_role(a, g->role, entity))
        return false;
    if (g->entities_n > 0 && !any_text(g->entities, g->entities_n, entity))
        return false;
    if (weighs_nothing(a))
        return true;
    if (g->has_max && over(a, &g->max) != OVER_NO)
        return false;
    return alone != ALONE || !g->has_single_max || over(a, &g->single_max) == OVER_NO;
}

static bool authorised_in(const struct policy *p, const struct ask *a, const char *entity,
                          enum alone alone)
{
    for (size_t i = 0; i < p->authority_n; i++) {
        if (grant_covers(&p->authority[i], a, entity, alone))
            return true;
    }
    return false;
}

static bool authorised(const struct policy *p, const struct ask *a, enum alone alone)
{
    if (a->entities_n == 0)
        return authorised_in(p, a, NULL, alone);
    for (size_t i = 0; i < a->entities_n; i++) {
        if (!authorised_in(p, a, a->entities[i], alone))
            return false;
    }
    return true;
}

static bool lacks_authority(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)clause;
    return !authorised(p, a, ALONE_OR_NOT);
}

/* A confirmation is T2 at least, whatever tool carries it. */
static enum tier tier_of(const struct ask *a)
{
    return a->action == ACTION_CONFIRM && a->tier < TIER_T2 ? TIER_T2 : a->tier;
}

static bool channel_refused(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)clause;
    enum tier tier = tier_of(a);
    if (a->actor_kind != ACTOR_HUMAN || tier == TIER_T0)
        return false;
    if (tier == TIER_T3 && a->channel != CHANNEL_WEB)
        return true;
    return (p->channels[tier] & (1u << a->channel)) == 0;
}

static bool login_too_old(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)clause;
    int64_t age_max_s = p->login_age_max_s[tier_of(a)];
    if (a->actor_kind != ACTOR_HUMAN || age_max_s == 0)
        return false;
    return a->auth_age_s < 0 || a->auth_age_s > age_max_s;
}

static bool period_closed(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return a->posting && a->period_closed;
}

/* ---- 1 to 9: the published rows ---- */

static bool not_proposed(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return a->state != MATCH_PROPOSED;
}

static bool state_invalid(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return !a->state_valid || a->entry_taken;
}

static enum over account_forces_human(const struct policy *p, const struct ask *a,
                                      clause_ptr *clause);

static bool own_agent_forbidden(const struct policy *p, const struct ask *a)
{
    clause_ptr ignored = NULL;
    switch (p->own_agent) {
    case OWN_AGENT_DENY:
        return true;
    case OWN_AGENT_BELOW_MATERIALITY:
        return a->tier == TIER_T3 || over_materiality(p, a, &ignored) != OVER_NO ||
               account_forces_human(p, a, &ignored) != OVER_NO;
    case OWN_AGENT_ALLOW:
        return a->tier == TIER_T3 || account_forces_human(p, a, &ignored) != OVER_NO;
    }
    return true;
}

static bool same_eyes(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)clause;
    if (a->actor_kind != ACTOR_HUMAN)
        return false;
    if (a->principal == NULL || any_text(a->proposers, a->proposers_n, a->principal))
        return true;
    return any_text(a->own_agents_of, a->own_agents_of_n, a->principal) &&
           own_agent_forbidden(p, a);
}

static bool llm_confirms_llm(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return a->source == SOURCE_LLM && a->actor_kind == ACTOR_LLM;
}

static bool rule_names_account(const struct policy_account *r, const struct ask_account *account)
{
    if (account->reconciled && !r->legs_all)
        return false;
    if (r->id != NULL)
        return same_text(account->id, r->id);
    if (r->prefix != NULL)
        return has_prefix(account->id, r->prefix);
    return r->class_ != NULL && same_text(account->class_, r->class_);
}

static bool rule_holds(const struct policy_account *r, const struct ask *a)
{
    if (r->event != NULL)
        return any_text(a->events, a->events_n, r->event);
    for (size_t i = 0; i < a->accounts_n; i++) {
        if (rule_names_account(r, &a->accounts[i]))
            return true;
    }
    return false;
}

/* YES: a rule names one of them. UNKNOWN: the chart or the contra side does not say what it is, or
 * nobody looked. */
static enum over account_forces_human(const struct policy *p, const struct ask *a,
                                      clause_ptr *clause)
{
    for (size_t i = 0; i < p->accounts_n; i++) {
        if (rule_holds(&p->accounts[i], a)) {
            *clause = &p->accounts[i].clause;
            return OVER_YES;
        }
    }
    for (size_t i = 0; i < a->accounts_n; i++) {
        if (!a->accounts[i].known || a->accounts[i].id == NULL)
            return OVER_UNKNOWN;
    }
    return a->accounts_n == 0 ? OVER_UNKNOWN : OVER_NO;
}

static bool account_forced(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    return a->actor_kind != ACTOR_HUMAN && account_forces_human(p, a, clause) != OVER_NO;
}

static bool engine_over_materiality(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    if (a->actor_kind != ACTOR_ENGINE)
        return false;
    *clause = p->materiality_clause.text == NULL ? NULL : &p->materiality_clause;
    return over_materiality(p, a, clause) == OVER_YES;
}

static bool engine_strategy(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    if (a->actor_kind != ACTOR_ENGINE)
        return false;
    for (size_t i = 0; i < p->match_types_n; i++) {
        if (same_text(p->match_types[i].name, a->match_type)) {
            *clause = &p->match_types[i].clause;
            return true;
        }
    }
    return false;
}

static bool rationale_missing(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    clause_ptr ignored = NULL;
    (void)clause;
    return !a->has_rationale && over_materiality(p, a, &ignored) != OVER_NO;
}

/* What nobody is known to have proposed counts as the engine's. */
static bool matcher_made_no_rationale(const struct policy *p, const struct ask *a,
                                      clause_ptr *clause)
{
    (void)p, (void)clause;
    return (a->source == SOURCE_MATCHER || a->source == SOURCE_NONE) && !a->has_rationale;
}

static bool always(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)a, (void)clause;
    return true;
}

/* ---- 10: what no machine confirms ---- */

static bool machine(const struct ask *a)
{
    return a->actor_kind != ACTOR_HUMAN;
}

static bool source_not_matcher(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return machine(a) && a->source != SOURCE_MATCHER;
}

static bool is_ambiguous(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return machine(a) && a->ambiguous;
}

static bool wrong_entity(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return machine(a) && a->entity_mismatch;
}

static bool unpaired(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return machine(a) && a->intercompany && !a->intercompany_paired;
}

/* `before` plus this act's amount passes the limit. A window that could not be valued counts as
 * full; an act that cannot be valued is for the rows on rates, which say so more clearly. */
static bool passes(const struct ask *a, const struct ask_cumulative *before,
                   const struct policy_limit *limit)
{
    const struct ask_value *v = value_in(a, limit);
    if (!before->known)
        return true;
    if (v == NULL || v->status != FX_KNOWN)
        return false;
    return sum_exceeds(before->sum, v->value, limit->max);
}

static bool cumulative_passed(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    static const struct ask_cumulative unknown = {.known = false};
    for (size_t i = 0; machine(a) && i < p->cumulative_n; i++) {
        const struct ask_cumulative *before = i < a->cumulative_n ? &a->cumulative[i] : &unknown;
        if (passes(a, before, &p->cumulative[i].limit)) {
            *clause = &p->cumulative[i].clause;
            return true;
        }
    }
    return false;
}

static bool cap_reached(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    const struct policy_auto_confirm *cap = &p->auto_confirm;
    (void)clause;
    if (!machine(a))
        return false;
    if (a->actor_kind == ACTOR_ENGINE && !cap->enabled)
        return true;
    if (cap->has_cap_count && a->auto_confirmed_n >= cap->cap_count)
        return true;
    return cap->has_cap_amount && passes(a, &a->auto_confirmed, &cap->cap_amount);
}

static bool unvalued(const struct ask *a, const struct policy_limit *limit, enum fx_status why)
{
    const struct ask_value *v = value_in(a, limit);
    return (v == NULL ? FX_MISSING : v->status) == why;
}

/* Some limit that a machine must keep cannot be compared, for this reason. */
static bool limit_unvalued(const struct policy *p, const struct ask *a, enum fx_status why)
{
    if (a->entities_n == 0 && unvalued(a, &p->materiality, why))
        return true;
    for (size_t i = 0; i < a->entities_n; i++) {
        const struct policy_override *o = override_of(p, a->entities[i]);
        if (unvalued(a, o == NULL ? &p->materiality : &o->limit, why))
            return true;
    }
    for (size_t i = 0; i < p->cumulative_n; i++) {
        if (unvalued(a, &p->cumulative[i].limit, why))
            return true;
    }
    return p->auto_confirm.has_cap_amount && unvalued(a, &p->auto_confirm.cap_amount, why);
}

static bool rate_missing(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)clause;
    return machine(a) && limit_unvalued(p, a, FX_MISSING);
}

static bool rate_stale(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)clause;
    return machine(a) && limit_unvalued(p, a, FX_STALE);
}

static bool matcher_unsure(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)clause;
    return a->actor_kind == ACTOR_ENGINE && (!a->sure || a->score_bp < p->matching.high_bp);
}

static bool by_llm(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return a->actor_kind == ACTOR_LLM;
}

/* ---- 11 to 14 ---- */

static bool needs_second_approver(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)clause;
    return a->actor_kind == ACTOR_HUMAN && a->approvers_n < 1 && !authorised(p, a, ALONE);
}

static bool llm_resolves_confirm(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return a->actor_kind == ACTOR_LLM && a->decision == DECISION_CONFIRM;
}

static bool lends_anothers_seat(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return !a->own_seat || a->channel != CHANNEL_WEB;
}

static bool not_the_delivery_service(const struct policy *p, const struct ask *a,
                                     clause_ptr *clause)
{
    (void)p, (void)clause;
    return !a->delivery_service;
}

/* Who the books belong to and how they are read is changed by a human in dev, by two in prod. */
static bool needs_another_human(const struct policy *p, const struct ask *a, clause_ptr *clause)
{
    (void)p, (void)clause;
    return machine(a) || (a->prod && a->approvers_n < 1);
}

#define BIT(name) (UINT64_C(1) << ACTION_##name)
#define ANY       (~UINT64_C(0) & ~BIT(NONE))
#define ADMIN     (BIT(CHANGE_MASTER_DATA) | BIT(CHANGE_POLICY) | BIT(CHANGE_REGISTRY))
#define LISTED                                                                                     \
    (BIT(CONFIRM) | BIT(REJECT) | BIT(FLAG) | BIT(ESCALATE) | BIT(RESOLVE) | BIT(WITHDRAW) |       \
     BIT(ASSIGN) | BIT(COMMENT) | BIT(ATTACH) | BIT(RESOLVE_EXCEPTION) | BIT(SET_DELEGATION) |     \
     BIT(RECORD_DELIVERY) | BIT(INGEST) | ADMIN)

/* clang-format off */
static const struct row rows[] = {
    {"a",  ANY, is_frozen,       RULING_DENY, REASON_FROZEN,
     "the actor, the tool or the kind of actor is frozen", "frozen"},
    {"b",  ANY, is_blocked,      RULING_DENY, REASON_POLICY_BLOCK,
     "a blocked rule of the policy matches", "action,actor_kind,actor,tool,entities,counterparty,accounts,values"},
    {"c",  ANY, lacks_authority, RULING_DENY, REASON_NOT_AUTHORISED,
     "no role of the principal covers this action, entity and amount", "action,roles,entities,values"},
    {"d.1", ANY, channel_refused, RULING_DENY, REASON_CHANNEL_NOT_ALLOWED,
     "a human decides this tier on a channel the policy does not allow", "actor_kind,action,tier,channel"},
    {"d.2", ANY, login_too_old,  RULING_DENY, REASON_AUTH_TOO_OLD,
     "the person's login is older than the policy allows for this tier", "actor_kind,action,tier,auth_age_s"},
    {"e",  ANY, period_closed,   RULING_DENY, REASON_PERIOD_CLOSED,
     "it posts into a closed period", "posting,period_closed"},
    {"1",  BIT(CONFIRM), not_proposed, RULING_DENY, REASON_STATE_INVALID,
     "the match is not PROPOSED_MATCH", "state"},
    {"1b", BIT(REJECT) | BIT(FLAG) | BIT(PROPOSE), state_invalid, RULING_DENY, REASON_STATE_INVALID,
     "wrong state, or an entry is already in a live match", "state_valid,entry_taken"},
    {"1c", ANY & ~(BIT(CONFIRM) | BIT(REJECT) | BIT(FLAG) | BIT(PROPOSE)), state_invalid, RULING_DENY, REASON_STATE_INVALID,
     "the object's state does not allow it", "state_valid,entry_taken"},
    {"2",  BIT(CONFIRM), same_eyes, RULING_DENY, REASON_SOD_SAME_ACTOR,
     "this principal proposed it or asked for it, or its own agent did and sod.own_agent forbids", "actor_kind,principal,proposers,own_agents_of,tier,entities,values,accounts,events"},
    {"3",  BIT(CONFIRM), llm_confirms_llm, RULING_DENY, REASON_SOD_SAME_ACTOR,
     "an llm proposed it and an llm confirms it", "source,actor_kind"},
    {"4",  BIT(CONFIRM), account_forced, RULING_HUMAN, REASON_ACCOUNT_FORCED_HUMAN,
     "an account or event kind is in always_human_accounts, or unknown, and the actor is not human", "actor_kind,accounts,events"},
    {"5",  BIT(CONFIRM), engine_over_materiality, RULING_HUMAN, REASON_MATERIALITY_OVER_THRESHOLD,
     "the engine confirms more than materiality", "actor_kind,entities,amount,values"},
    {"6",  BIT(CONFIRM), engine_strategy, RULING_HUMAN, REASON_STRATEGY_REQUIRES_HUMAN,
     "the engine confirms a match type in no_auto_confirm_match_types", "actor_kind,match_type"},
    {"7",  BIT(CONFIRM), rationale_missing, RULING_DENY, REASON_MISSING_RATIONALE,
     "more than materiality, or no rate, and no rationale of the deciding actor", "entities,values,has_rationale"},
    {"8",  BIT(REJECT), matcher_made_no_rationale, RULING_DENY, REASON_MISSING_RATIONALE,
     "the engine proposed it and the rejection gives no rationale", "source,has_rationale"},
    {"9",  BIT(PROPOSE), always, RULING_ALLOW, REASON_ALLOWED,
     "anybody may propose", ""},
    {"10.1", BIT(CONFIRM), source_not_matcher, RULING_HUMAN, REASON_SOURCE_REQUIRES_HUMAN,
     "a machine confirms what engine:matcher did not propose", "actor_kind,source"},
    {"10.2", BIT(CONFIRM), is_ambiguous, RULING_HUMAN, REASON_AMBIGUOUS_MATCH,
     "a machine confirms an ambiguous match", "actor_kind,ambiguous"},
    {"10.3", BIT(CONFIRM), wrong_entity, RULING_HUMAN, REASON_ENTITY_MISMATCH,
     "a machine confirms legs of different entities", "actor_kind,entity_mismatch"},
    {"10.4", BIT(CONFIRM), unpaired, RULING_HUMAN, REASON_INTERCOMPANY_UNPAIRED,
     "a machine confirms an intercompany match without an explicit pair rule", "actor_kind,intercompany,intercompany_paired"},
    {"10.5", BIT(CONFIRM), cumulative_passed, RULING_HUMAN, REASON_CUMULATIVE_OVER_THRESHOLD,
     "a machine would pass a cumulative limit", "actor_kind,cumulative,values"},
    {"10.6", BIT(CONFIRM), cap_reached, RULING_HUMAN, REASON_AUTO_CONFIRM_CAP,
     "the auto-confirm cap of this account and period is reached, or auto_confirm is off", "actor_kind,auto_confirmed,auto_confirmed_n,values"},
    {"10.7", BIT(CONFIRM), rate_missing, RULING_HUMAN, REASON_FX_RATE_MISSING,
     "a machine confirms an amount that a limit's currency has no rate for", "actor_kind,entities,values"},
    {"10.8", BIT(CONFIRM), rate_stale, RULING_HUMAN, REASON_FX_RATE_STALE,
     "a machine confirms an amount whose rate is too old", "actor_kind,entities,values"},
    {"10.9", BIT(CONFIRM), matcher_unsure, RULING_HUMAN, REASON_STRATEGY_REQUIRES_HUMAN,
     "the engine confirms a match that the matcher does not stand by, or scored below matching.high", "actor_kind,sure,score_bp"},
    {"10.10", BIT(CONFIRM), by_llm, RULING_HUMAN, REASON_TIER_REQUIRES_HUMAN,
     "any other confirmation by an llm", "actor_kind"},
    {"11", BIT(CONFIRM), needs_second_approver, RULING_HUMAN, REASON_SECOND_APPROVER_REQUIRED,
     "above single_max of the human's authority, and nobody else has approved", "actor_kind,roles,entities,values,approvers_n"},
    {"12.1", BIT(RESOLVE), llm_resolves_confirm, RULING_DENY, REASON_TIER_REQUIRES_HUMAN,
     "an llm confirms an escalation", "actor_kind,decision"},
    {"12.2", BIT(RESOLVE_EXCEPTION) | BIT(SET_DELEGATION) | BIT(RESOLVE), by_llm, RULING_HUMAN, REASON_TIER_REQUIRES_HUMAN,
     "an llm resolves, or lends a seat", "actor_kind"},
    {"12.3", BIT(SET_DELEGATION), lends_anothers_seat, RULING_DENY, REASON_NOT_AUTHORISED,
     "a seat that is not one's own, or not on the web", "own_seat,channel"},
    {"12.4", BIT(RECORD_DELIVERY), not_the_delivery_service, RULING_DENY, REASON_NOT_AUTHORISED,
     "only the workspace's service client records deliveries", "delivery_service"},
    {"12.5", BIT(INGEST), by_llm, RULING_HUMAN, REASON_TIER_REQUIRES_HUMAN,
     "an llm loads a file", "actor_kind"},
    {"12.6", ADMIN, needs_another_human, RULING_HUMAN, REASON_TIER_REQUIRES_HUMAN,
     "a machine changes master data, registry or policy, or prod asks for a second human", "actor_kind,prod,approvers_n"},
    {"13", LISTED, always, RULING_ALLOW, REASON_ALLOWED,
     "otherwise", ""},
};
/* clang-format on */

/* What the rows speak of: every action here changes something, so an ask that says it does not is
 * not one of ours. */
static bool listed(const struct ask *a)
{
    return a->change && a->action > ACTION_NONE && a->action < ACTION_COUNT &&
           (a->actor_kind == ACTOR_HUMAN || a->actor_kind == ACTOR_LLM ||
            a->actor_kind == ACTOR_ENGINE) &&
           a->tier <= TIER_T3 && a->channel <= CHANNEL_CLI;
}

static struct verdict verdict_of(const struct policy *p, const struct row *r, clause_ptr clause)
{
    struct verdict v = {
        .ruling = r->ruling, .reason = r->reason, .row = r->label, .clause = "", .pointer = ""};
    if (r->reason == REASON_ALLOWED)
        return v;
    if (clause == NULL)
        clause = &p->clauses[r->reason];
    v.clause = clause->text == NULL ? "" : clause->text;
    v.pointer = clause->pointer == NULL ? "" : clause->pointer;
    return v;
}

static struct verdict unlisted(const struct policy *p)
{
    static const struct row none = {.label = "-", .ruling = RULING_DENY, .reason = REASON_UNLISTED};
    return verdict_of(p, &none, NULL);
}

struct verdict gate_decide(const struct policy *policy, const struct ask *ask)
{
    if (!listed(ask))
        return unlisted(policy);
    uint64_t action = UINT64_C(1) << ask->action;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        clause_ptr clause = NULL;
        if ((rows[i].actions & action) != 0 && rows[i].holds(policy, ask, &clause))
            return verdict_of(policy, &rows[i], clause);
    }
    return unlisted(policy);
}

size_t gate_trace(const struct policy *policy, const struct ask *ask, struct gate_step *steps,
                  size_t max, struct verdict *verdict)
{
    size_t n = 0;
    *verdict = unlisted(policy);
    if (!listed(ask))
        return 0;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const struct row *r = &rows[i];
        clause_ptr clause = NULL;
        if ((r->actions & (UINT64_C(1) << ask->action)) == 0)
            continue;
        bool held = r->holds(policy, ask, &clause);
        if (n++ < max)
            steps[n - 1] = (struct gate_step){.row = r->label,
                                              .meaning = r->meaning,
                                              .facts = r->facts,
                                              .ruling = r->ruling,
                                              .reason = r->reason,
                                              .held = held};
        if (held) {
            *verdict = verdict_of(policy, r, clause);
            break;
        }
    }
    return n;
}

const char *ruling_name(enum ruling ruling)
{
    switch (ruling) {
    case RULING_DENY:
        return "deny";
    case RULING_HUMAN:
        return "human";
    case RULING_ALLOW:
        return "allow";
    }
    return "deny";
}
